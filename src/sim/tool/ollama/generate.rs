use std::time::Duration;

use crate::sim::clock::after;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{
    Server,
    answer::{error, named, parsed, text},
    duration, fit,
    library::Library,
    settings::KeepAlive,
};
use crate::machine::Reply;

/// What the models of a simulated Mac say, a token each.
const WORDS: [&str; 12] =
    ["The", " model", " on", " this", " Mac", " says", " what", " it", " always", " says", ",", " calmly"];

/// How many tokens come when nobody sets a limit.
const UNLIMITED: u64 = 32;

/// Tokens of a prompt that are read in a second.
const PROMPT_SPEED: u64 = 400;

/// What a request for text asks for.
pub(super) struct Asked {
    pub(super) written: String,
    pub(super) stream: bool,
    /// `None` when nothing was said.
    pub(super) keep_alive: Option<KeepAlive>,
    pub(super) num_ctx: Option<u64>,
    /// Negative: no limit.
    pub(super) num_predict: i64,
    /// Characters of the prompt; 0 only loads or unloads.
    pub(super) prompt: u64,
    /// `generate` or `chat`.
    pub(super) verb: &'static str,
}

/// `POST /api/generate`.
pub(super) fn answer(
    server: &mut Server,
    library: &Library<'_>,
    body: &[u8],
    now: Timestamp,
) -> (Reply, Duration) {
    let asked = parsed(body).and_then(|body| {
        let prompt = body.get("prompt").and_then(Value::as_str).unwrap_or("").len();
        Asked::read(&body, prompt, "generate")
    });
    let wrap = |word: &str| json!({ "response": word });
    match asked {
        Ok(asked) => respond(server, library, body, &asked, &wrap, now),
        Err(refused) => (refused, Duration::from_millis(1)),
    }
}

impl Asked {
    /// Reads what generate and chat share.
    pub(super) fn read(body: &Value, prompt: usize, verb: &'static str) -> Result<Self, Reply> {
        let options = body.get("options").cloned().unwrap_or_default();
        let keep_alive = match body.get("keep_alive") {
            None | Some(Value::Null) => None,
            Some(Value::Number(seconds)) => {
                let whole = seconds.as_i64().map(|seconds| i128::from(seconds) * 1_000_000_000);
                whole.or_else(|| duration::parse(&format!("{seconds}s")).ok()).map(KeepAlive::of_nanoseconds)
            }
            Some(Value::String(text)) => {
                Some(KeepAlive::of_nanoseconds(duration::parse(text).map_err(|said| error(400, &said))?))
            }
            Some(_) => return Err(error(400, "Unsupported type for keep_alive")),
        };
        Ok(Self {
            written: body.get("model").and_then(Value::as_str).unwrap_or("").to_owned(),
            stream: body.get("stream").and_then(Value::as_bool).unwrap_or(true),
            keep_alive,
            num_ctx: options.get("num_ctx").and_then(Value::as_u64),
            num_predict: options.get("num_predict").and_then(Value::as_i64).unwrap_or(-1),
            prompt: prompt as u64,
            verb,
        })
    }
}

/// Loads, generates or unloads; `wrap` makes the part of an answer that holds a piece of text.
pub(super) fn respond(
    server: &mut Server,
    library: &Library<'_>,
    body: &[u8],
    asked: &Asked,
    wrap: &dyn Fn(&str) -> Value,
    now: Timestamp,
) -> (Reply, Duration) {
    let soon = Duration::from_millis(3);
    let name = match named(body, "model") {
        Ok((name, _)) => name,
        Err(refused) => return (refused, soon),
    };
    let Some(model) = library.find(&name) else {
        return (error(404, &format!("model '{}' not found", asked.written)), soon);
    };
    if let Some(refused) = model.refusal(asked.verb, server.settings.no_cloud) {
        return (refused, soon);
    }
    if asked.prompt == 0 && asked.keep_alive == Some(KeepAlive::For(Duration::ZERO)) {
        server.loaded.retain(|loaded| loaded.name != name.to_string());
        return (finished(asked, wrap, "unload", now, &[]), soon);
    }
    let (load, nth) = match server.load(&model, asked.num_ctx, now) {
        Ok(loaded) => loaded,
        Err(failed) => return (error(500, &failed.0), Duration::from_secs(1)),
    };
    let keep_alive = asked.keep_alive.unwrap_or(server.settings.keep_alive);
    let Some(loaded) = server.loaded.get_mut(nth) else { return (error(500, "model unloaded"), soon) };
    let load = load + soon;
    if asked.prompt == 0 {
        loaded.expires = keep_alive.until(after(now, load));
        return (finished(asked, wrap, "load", after(now, load), &[]), load);
    }
    let (tokens, reason) = match u64::try_from(asked.num_predict) {
        Ok(limit) if limit < UNLIMITED => (limit, "length"),
        _ => (UNLIMITED, "stop"),
    };
    let prompt_tokens = (asked.prompt / 4 + 10).min(loaded.context_length);
    let prompt = Duration::from_millis(prompt_tokens * 1000 / PROMPT_SPEED);
    let eval = fit::token_time(loaded.size, loaded.size_vram)
        .saturating_mul(u32::try_from(tokens).unwrap_or(u32::MAX));
    let took = load + prompt + eval;
    loaded.expires = keep_alive.until(after(now, took));
    let counts = [
        ("total_duration", nanoseconds(took)),
        ("load_duration", nanoseconds(load)),
        ("prompt_eval_count", prompt_tokens),
        ("prompt_eval_duration", nanoseconds(prompt)),
        ("eval_count", tokens),
        ("eval_duration", nanoseconds(eval)),
    ];
    let words: Vec<&str> =
        WORDS.iter().copied().cycle().take(usize::try_from(tokens).unwrap_or_default()).collect();
    let last = |said: &str| object(asked, wrap(said), after(now, took), Some(reason), &counts);
    if !asked.stream {
        return (text(200, &last(&words.concat()).to_string()), took);
    }
    let mut lines: Vec<String> =
        words.iter().map(|word| object(asked, wrap(word), after(now, took), None, &[]).to_string()).collect();
    lines.push(last("").to_string());
    (text(200, &(lines.join("\n") + "\n")), took)
}

fn finished(
    asked: &Asked,
    wrap: &dyn Fn(&str) -> Value,
    reason: &str,
    at: Timestamp,
    counts: &[(&str, u64)],
) -> Reply {
    let end = if asked.stream { "\n" } else { "" };
    text(200, &format!("{}{end}", object(asked, wrap(""), at, Some(reason), counts)))
}

/// One object of an answer; counts of zero are left out.
fn object(asked: &Asked, said: Value, at: Timestamp, reason: Option<&str>, counts: &[(&str, u64)]) -> Value {
    let mut object = Map::new();
    object.insert("model".into(), asked.written.clone().into());
    object.insert("created_at".into(), at.to_string().into());
    if let Value::Object(said) = said {
        object.extend(said);
    }
    object.insert("done".into(), reason.is_some().into());
    if let Some(reason) = reason {
        object.insert("done_reason".into(), reason.into());
    }
    for (name, count) in counts.iter().filter(|(_, count)| *count > 0) {
        object.insert((*name).into(), (*count).into());
    }
    Value::Object(object)
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
