use anyhow::Result;
use camino::{Utf8Path, Utf8PathBuf};

use crate::{
    cli::{
        context::Context,
        lock,
        node::{Node, Use},
        running::{self, Flags},
        stack,
    },
    engine::{self, How},
};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Which, as `forgectl secrets list` names it
    #[arg(value_name = "SECRET")]
    name: String,
    /// The manifest of the stack; without it the one stack that this Mac has
    #[arg(long, value_name = "FILE", env = "FORGECTL_STACK")]
    stack: Option<Utf8PathBuf>,
    #[command(flatten)]
    flags: Flags,
}

pub(super) fn run(args: &Args, context: &Context) -> Result<u8> {
    let path: Utf8PathBuf = args.stack.clone().map_or_else(|| lock::known(context), Ok)?;
    let stack = stack::read(&path, context)?;
    let node = Node::open(context, Some(&stack), Use::Change("secrets rotate"))?;
    let flags: Vec<&str> =
        args.stack.as_deref().map(Utf8Path::as_str).into_iter().flat_map(|path| ["--stack", path]).collect();
    let command = context.typed(&["secrets", "rotate", &args.name], &flags);
    let how = How { command, ..How::default() };
    let code = node.work(context, args.flags.trace, |machine| {
        running::tell(&args.flags, context, machine, how, |how, person, sink| {
            engine::rotate_secret(machine, &stack, &args.name, how, person, sink)
        })
    });
    node.keep()?;
    if matches!(code, Ok(0)) && !context.json() {
        let apply = context.typed(&["apply", path.as_str()], &[]);
        context
            .say(format_args!("What has it still has the former value, until it is made anew:\n    {apply}"));
    }
    code
}
