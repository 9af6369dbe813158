use anyhow::Result;
use camino::{Utf8Path, Utf8PathBuf};

use crate::{
    cli::{
        context::Context,
        node::{Node, Use},
        stack,
    },
    engine, report,
};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The manifest of the stack; without it the one stack that this Mac has
    #[arg(long, value_name = "FILE", env = "FORGECTL_STACK")]
    stack: Option<Utf8PathBuf>,
}

pub(super) fn run(args: &Args, context: &Context) -> Result<u8> {
    let stack = args.stack.as_deref().map(|path| stack::read(path, context)).transpose()?;
    let node = Node::open(context, stack.as_ref(), Use::Look)?;
    let name = stack.as_ref().map(|stack| stack.manifest.stack.as_str());
    let apply = context.typed(&["apply", args.stack.as_deref().map_or("STACK", Utf8Path::as_str)], &[]);
    let secrets = node.work(context, false, |machine| engine::secrets(machine, name, &apply))?;
    let human = |screen| report::secrets(&secrets, screen);
    context.print(|| report::secrets_json(&secrets), human, human)?;
    if secrets.secrets.is_empty() && !context.json() {
        context.say(format_args!("The stack `{}` has no secrets.", secrets.stack));
    }
    Ok(0)
}
