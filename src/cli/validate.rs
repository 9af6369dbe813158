use anyhow::Result;
use serde_json::json;

use super::{context::Context, stack::Manifest};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    manifest: Manifest,
}

pub(super) fn run(args: &Args, context: &Context) -> Result<u8> {
    let stack = args.manifest.read()?;
    let (name, manifest) = (stack.manifest.stack.as_str(), stack.source().name());
    let document = || Ok(json!({ "stack": name, "manifest": manifest, "problems": [] }).to_string() + "\n");
    let words = |_| format!("{manifest} is sound: stack `{name}`\n");
    context.print(document, words, |_| String::new())?;
    Ok(0)
}
