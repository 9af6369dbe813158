use anyhow::Result;
use serde_json::json;

use super::{context::Context, stack::Manifest};
use crate::{desk::Screen, engine, manifest::LockPlace};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    manifest: Manifest,
}

pub(super) fn run(args: &Args, context: &Context) -> Result<u8> {
    let stack = args.manifest.judge()?;
    if let Some(lock) = args.manifest.lock_beside() {
        engine::locked_beside(&stack.clone().kept_in(LockPlace::File(lock)), &[])?;
    }
    let (name, manifest) = (stack.manifest.stack.as_str(), stack.source().name());
    let warnings = &stack.warnings;
    let document = json!({ "stack": name, "manifest": manifest, "problems": [], "warnings": warnings });
    let words = |screen: Screen| format!("{}\n", screen.fit(&format!("{manifest} is sound: stack `{name}`")));
    context.print(|| Ok(document.to_string() + "\n"), words, |_| String::new())?;
    if !context.quiet() {
        context.warn(warnings);
    }
    Ok(0)
}
