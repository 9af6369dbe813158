use anyhow::Result;

use super::{
    context::Context,
    node::{Node, Use},
    running::{self, Flags},
    stack::Manifest,
};
use crate::engine;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    manifest: Manifest,
    #[command(flatten)]
    flags: Flags,
}

pub(super) fn run(args: &Args, context: &Context) -> Result<u8> {
    let stack = args.manifest.read()?;
    let node = Node::open(context, Some(&stack), Use::Change("apply"))?;
    let command = args.manifest.command("apply", context);
    let code = node.work(context, args.flags.trace, |machine| {
        running::tell(&args.flags, context, machine, command, |how, person, sink| {
            engine::apply(machine, &stack, how, person, sink)
        })
    });
    node.keep()?;
    code
}
