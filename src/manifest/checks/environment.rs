use super::{
    super::{
        stack::Stack,
        types::{Ollama, Wrong},
        words::{is_hidden, nearest, quoted, quoted_at},
    },
    Findings, variable,
};
use crate::{
    catalog::variables::{self, Variable},
    value::{Problem, Span, looks_secret, without_credentials},
};

const PREFIX: &str = "OLLAMA_";

/// Checks the variables that are given to the Ollama server (docs/mac-facts.md#ollama-known-environment).
pub(super) fn check(ollama: &Ollama, stack: &Stack, findings: &mut Findings) {
    for (name, value) in &ollama.environment {
        let path = ["ollama", "environment", name];
        let (written, key) = (stack.span(&path), stack.key_span(&path));
        let of_value = |judged: Result<(), Wrong>| {
            if without_credentials(value) != value.as_str() {
                return Some(password(name, value, &written));
            }
            judged.err().map(|wrong| of(name, value, wrong, &written))
        };
        let any = variable::judge_any(value, written.text());
        match judge_name(name, &key) {
            Name::Refused(problem) => findings.faults.push(problem.at(Some(&key))),
            Name::Known(known) => {
                findings.faults.extend(of_value(any.and_then(|()| variable::judge(known, value))));
            }
            Name::Unknown(warning) => {
                findings.faults.extend(of_value(any));
                findings.warnings.push(warning.at(Some(&key)));
            }
        }
    }
    quantised_without_flash_attention(ollama, stack, findings);
}

fn password(name: &str, value: &str, written: &Span) -> Problem {
    Problem::manifest(format!("wrong value of {}: {}", quoted(name), quoted_at(written, value)))
        .why("it names a user or a password, and the job's file can be read by everybody on this Mac")
        .hint("name an address that asks nobody, such as one on this Mac that knows the password")
        .at(Some(written))
}

fn of(name: &str, value: &str, wrong: Wrong, written: &Span) -> Problem {
    let told = quoted_at(written, value);
    let problem = Problem::manifest(format!("wrong value of {}: {told}", quoted(name))).at(Some(written));
    match wrong {
        // The rest may hold the value in other words.
        _ if is_hidden(written, value) => problem.why("the server would not take it as it stands"),
        Wrong { why, hint: Some(hint) } => problem.why(why).hint(hint),
        Wrong { why, hint: None } => problem.why(why),
    }
}

enum Name {
    Known(&'static Variable),
    Unknown(Problem),
    Refused(Problem),
}

fn judge_name(name: &str, key: &Span) -> Name {
    let ours = name.strip_prefix(PREFIX).is_some_and(|rest| {
        !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
    });
    let refused = |what: &str| {
        Problem::manifest(format!("{what}: {}", if ours { quoted(name) } else { quoted_at(key, name) }))
    };
    if looks_secret(name) {
        return Name::Refused(
            refused("variable that looks like a secret")
                .why("a variable of the job lies in a file that everybody on this Mac can read")
                .hint("the server itself needs no secret; give it to the program that uses it"),
        );
    }
    let known = variables::find(name);
    if let Some(variable) = known {
        return match &variable.key {
            None => Name::Known(variable),
            Some(key) => Name::Refused(
                refused("variable that has a key of its own")
                    .why(format!("the key `{key}` of `ollama` sets it"))
                    .hint(format!("take it out and write `{key}:` in `ollama`")),
            ),
        };
    }
    let meant = near(name).map(|variable| match &variable.key {
        None => format!("did you mean `{}`?", variable.name),
        Some(key) => format!("did you mean `{}`? The key `{key}` of `ollama` sets it", variable.name),
    });
    match (ours, meant) {
        (true, Some(meant)) => Name::Refused(
            refused("unknown variable of Ollama")
                .why("the server ignores a name that it does not know, in silence")
                .hint(meant),
        ),
        (true, None) => Name::Unknown(
            refused("unknown variable of Ollama")
                .why("no release that forgectl knows reads it; it is passed on as it stands"),
        ),
        (false, meant) => {
            let problem = refused("not a variable of Ollama")
                .why("a name here is `OLLAMA_` with capitals, digits and underscores");
            Name::Refused(match meant {
                Some(meant) => problem.hint(meant),
                None => problem,
            })
        }
    }
}

/// The known variable that `name` was probably meant to be. What all names share is left out, since it would
/// make everything alike.
fn near(name: &str) -> Option<&'static Variable> {
    let upper = name.to_ascii_uppercase();
    let rest = upper.strip_prefix(PREFIX).unwrap_or(&upper);
    let known = || variables::all().iter();
    let tail = |variable: &'static Variable| variable.name.strip_prefix(PREFIX).unwrap_or(&variable.name);
    let exact = known().find(|variable| tail(variable) == rest);
    let longer = format!("{rest}_");
    let begun = known().find(|variable| rest.len() > 2 && tail(variable).starts_with(&longer));
    let alike =
        || nearest(rest, known().map(tail)).and_then(|near| known().find(|variable| tail(variable) == near));
    exact.or(begun).or_else(alike)
}

/// With a quantised context cache and no flash attention the server starts, and every load of a model fails
/// (docs/mac-facts.md#ollama-kv-cache).
fn quantised_without_flash_attention(ollama: &Ollama, stack: &Stack, findings: &mut Findings) {
    let value = |name: &str| ollama.environment.get(name).map(|value| variable::trimmed(value));
    let (Some(cache), Some(flash)) = (value("OLLAMA_KV_CACHE_TYPE"), value("OLLAMA_FLASH_ATTENTION")) else {
        return;
    };
    let plain = matches!(cache, "" | "f16" | "bf16" | "f32");
    if plain || variable::switch(flash) != Some(false) {
        return;
    }
    let flash_at = stack.span(&["ollama", "environment", "OLLAMA_FLASH_ATTENTION"]);
    findings.faults.push(
        Problem::manifest(format!("variables that do not go together: `OLLAMA_KV_CACHE_TYPE` {} and `OLLAMA_FLASH_ATTENTION` {}", quoted(cache), quoted(flash)))
            .why("a quantised context cache needs flash attention: the server would start, and every load of a model would fail")
            .why(format!("flash attention is switched off at {flash_at}"))
            .hint("take `OLLAMA_FLASH_ATTENTION` out, or the cache type")
            .at(Some(&stack.span(&["ollama", "environment", "OLLAMA_KV_CACHE_TYPE"]))),
    );
}
