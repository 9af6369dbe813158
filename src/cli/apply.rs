use anyhow::Result;

use super::{
    context::Context,
    node::{Node, Use},
    only::Only,
    running::{self, Flags},
    stack::Manifest,
};
use crate::engine::{self, How};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    manifest: Manifest,
    #[command(flatten)]
    only: Only,
    #[command(flatten)]
    flags: Flags,
}

pub(super) fn run(args: &Args, context: &Context) -> Result<u8> {
    let stack = args.manifest.read()?;
    let node = Node::open(context, Some(&stack), Use::Change("apply"))?;
    let command = args.manifest.command("apply", &args.only.words(), context);
    let how = How { command, only: args.only.only.clone(), ..How::default() };
    let code = node.work(context, args.flags.trace, |machine| {
        running::tell(&args.flags, context, machine, how, |how, person, sink| {
            engine::apply(machine, &stack, how, person, sink)
        })
    });
    node.keep()?;
    code
}
