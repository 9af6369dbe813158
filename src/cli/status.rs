use anyhow::Result;

use super::{
    context::Context,
    node::{Node, Use},
    stack::Manifest,
    switch::switch,
};
use crate::{
    engine,
    report::{self, StatusView},
};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    manifest: Manifest,
    /// Prove it by use too: this loads what it says beforehand
    #[arg(long = "use", env = "FORGECTL_USE", value_parser = switch)]
    by_use: bool,
    /// Tell every folder, and every field that is not as declared
    #[arg(long, short, env = "FORGECTL_VERBOSE", value_parser = switch)]
    verbose: bool,
    /// Print every look at the Mac with its time
    #[arg(long, env = "FORGECTL_TRACE", value_parser = switch)]
    trace: bool,
}

pub(super) fn run(args: &Args, context: &Context) -> Result<u8> {
    let stack = args.manifest.read(context)?;
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
    let apply = args.manifest.command("apply", &[], context);
    let view = StatusView { verbose: args.verbose, apply: &apply };
    context.print(
        || report::status_json(&status),
        |screen| report::status(&status, view, screen),
        |screen| report::status_short(&status, screen),
    )?;
    if context.quiet() {
        let wrong = status.rows.iter().filter_map(|row| row.problem.as_ref()).chain(&status.refusals);
        let wrong: Vec<_> = wrong.cloned().collect();
        context.tell_problems(&wrong);
    }
    Ok(if status.ok() { 0 } else { 2 })
}
