use anyhow::Result;

use super::{
    context::Context,
    node::{Node, Use},
    stack::Manifest,
    switch::switch,
};
use crate::{engine, report};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    manifest: Manifest,
    /// Prove it by use too: this loads what it says beforehand
    #[arg(long = "use", env = "FORGECTL_USE", value_parser = switch)]
    by_use: bool,
    /// Print every look at the Mac with its time
    #[arg(long, env = "FORGECTL_TRACE", value_parser = switch)]
    trace: bool,
}

pub(super) fn run(args: &Args, context: &Context) -> Result<u8> {
    let stack = args.manifest.read()?;
    let how = if args.by_use { Use::Change("status --use") } else { Use::Look };
    let node = Node::open(context, Some(&stack), how)?;
    let status = node.work(context, args.trace, |machine| {
        if args.by_use {
            engine::status_by_use(machine, &stack, &mut |loads| context.say(format_args!("Using {loads}")))
        } else {
            engine::status(machine, &stack)
        }
    });
    node.keep()?;
    let status = status?;
    context.print(
        || report::status_json(&status),
        |screen| report::status(&status, screen),
        |screen| report::status_totals(&status, screen),
    )?;
    if context.quiet() {
        let wrong: Vec<_> = status.rows.iter().filter_map(|row| row.problem.clone()).collect();
        context.tell_problems(&wrong);
    }
    Ok(if status.ok() { 0 } else { 2 })
}
