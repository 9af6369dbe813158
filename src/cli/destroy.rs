use anyhow::Result;

use super::{
    context::Context,
    node::{Node, Use},
    running::{self, Flags},
    stack::Manifest,
    switch::switch,
};
use crate::engine::{self, How};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    manifest: Manifest,
    /// Take away data too: models, logs, and tools that others may use by now
    #[arg(long, env = "FORGECTL_ALL_DATA", value_parser = switch)]
    all_data: bool,
    #[command(flatten)]
    flags: Flags,
}

pub(super) fn run(args: &Args, context: &Context) -> Result<u8> {
    let stack = args.manifest.read(context)?;
    let node = Node::open(context, Some(&stack), Use::Change("destroy"))?;
    let all_data: &[&str] = if args.all_data { &["--all-data"] } else { &[] };
    let command = args.manifest.command("destroy", all_data, context);
    let how = How { command, ..How::default() };
    let code = node.work(context, args.flags.trace, |machine| {
        running::tell(&args.flags, context, machine, how, |how, person, sink| {
            engine::destroy(machine, &stack, how, args.all_data, person, sink)
        })
    });
    node.keep()?;
    code
}
