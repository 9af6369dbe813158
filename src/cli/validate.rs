use anyhow::Result;
use serde_json::json;

use super::{context::Context, stack::Manifest};
use crate::{
    desk::{Printer, Stream},
    report,
};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    manifest: Manifest,
}

pub(super) fn run(args: &Args, context: &Context) -> Result<u8> {
    let stack = args.manifest.read()?;
    let (name, manifest) = (stack.manifest.stack.as_str(), stack.source().name());
    let warnings = &stack.warnings;
    let document = || {
        let document = json!({ "stack": name, "manifest": manifest, "problems": [], "warnings": warnings });
        Ok(document.to_string() + "\n")
    };
    let words = |_| format!("{manifest} is sound: stack `{name}`\n");
    if !warnings.is_empty() && !context.quiet() {
        let screen = context.screen(Stream::Err);
        Printer.say(Stream::Err, &(report::problems("warning", warnings, screen) + "\n"));
    }
    context.print(document, words, |_| String::new())?;
    Ok(0)
}
