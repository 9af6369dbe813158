use anyhow::{Result, bail};
use camino::Utf8Path;

use super::{context::Context, switch::switch};
use crate::{desk, engine::Draft, report, value::Problem};

/// What becomes of a file that is there already.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(super) struct Kept {
    /// Replace a manifest that is there
    #[arg(long, env = "FORGECTL_FORCE", value_parser = switch)]
    force: bool,
}

/// Writes `draft` to `file`, or prints it where that is `-`, and says what was left out of it.
pub(super) fn tell(draft: &Draft, file: &Utf8Path, kept: Kept, context: &Context) -> Result<u8> {
    let printed = file == "-";
    // Only a manifest is replaced: a wrong name costs nobody a file.
    let mut other = false;
    let may_replace = |content: &[u8]| {
        other = !is_manifest(content);
        kept.force && !other
    };
    if !printed && !desk::put_file(file, &draft.text, may_replace)? {
        let problem = Problem::manifest(format!("something is there already: `{file}`"));
        bail!(if other {
            problem.hint("it is no manifest, and stays as it is; take another name")
        } else {
            problem.hint("take another name, or add `--force` to replace it")
        });
    }
    let text = |_| if printed { draft.text.clone() } else { String::new() };
    context.print(|| report::json(draft), text, text)?;
    for left in &draft.left_out {
        context.say(format_args!("Left out: {}, since {}", left.key, left.why));
    }
    if !printed {
        let plan = context.typed(&["plan", file.as_str()], &[]);
        context.say(format_args!("Wrote {file}. To see what it would change:\n    {plan}"));
    }
    Ok(0)
}

/// Whether a file is one, or is to become one; what is wrong in it is no reason to keep it.
fn is_manifest(content: &[u8]) -> bool {
    let text = String::from_utf8_lossy(content);
    let key = |line: &str| {
        let rest = line.trim_start_matches(['{', '"', ' ']).strip_prefix("forge");
        rest.is_some_and(|rest| rest.trim_start_matches(['"', ' ']).starts_with(':'))
    };
    text.trim().is_empty() || text.lines().any(key)
}
