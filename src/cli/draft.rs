use anyhow::{Result, bail};
use camino::Utf8Path;

use super::{context::Context, switch::switch};
use crate::{desk, engine::Draft, report, value::Problem};

/// What becomes of a file that is there already.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(super) struct Kept {
    /// Replace a file that is there
    #[arg(long, env = "FORGECTL_FORCE", value_parser = switch)]
    force: bool,
}

/// Writes `draft` to `file`, or prints it where that is `-`, and says what was left out of it.
pub(super) fn tell(draft: &Draft, file: &Utf8Path, kept: Kept, context: &Context) -> Result<u8> {
    let printed = file == "-";
    if !printed && !desk::put_file(file, &draft.text, |_| kept.force)? {
        bail!(
            Problem::manifest(format!("something is there already: `{file}`"))
                .hint("take another name, or add `--force` to replace it")
        );
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
