use anyhow::Result;

use super::{
    context::Context,
    node::{Node, Use},
    switch::switch,
};
use crate::{machine::facts, report};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Print every look at the Mac with its time
    #[arg(long, env = "FORGECTL_TRACE", value_parser = switch)]
    trace: bool,
}

pub(super) fn run(args: &Args, context: &Context) -> Result<u8> {
    let node = Node::open(context, None, Use::Look)?;
    let facts = node.work(context, args.trace, |machine| facts::gather(machine))?;
    let human = |screen| report::facts(&facts, screen);
    context.print(|| report::json(&facts), human, human)?;
    Ok(0)
}
