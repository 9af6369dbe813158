use anyhow::Result;
use clap::builder::FalseyValueParser;

use super::{
    context::Context,
    node::{Node, Use},
    only::Only,
    stack::Manifest,
};
use crate::{engine, report};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    manifest: Manifest,
    #[command(flatten)]
    only: Only,
    /// Say why each step is needed, what it runs and how it is undone
    #[arg(long, env = "FORGECTL_EXPLAIN", value_parser = FalseyValueParser::new())]
    explain: bool,
    /// End with 2 when there is something to do
    #[arg(long, env = "FORGECTL_DETAILED_EXITCODE", value_parser = FalseyValueParser::new())]
    detailed_exitcode: bool,
    /// Print every look at the Mac with its time
    #[arg(long, env = "FORGECTL_TRACE", value_parser = FalseyValueParser::new())]
    trace: bool,
}

pub(super) fn run(args: &Args, context: &Context) -> Result<u8> {
    let stack = args.manifest.read()?;
    let node = Node::open(context, Some(&stack), Use::Look)?;
    let plan =
        node.work(context, args.trace, |machine| engine::survey_only(machine, &stack, &args.only.only))?;
    context.print(
        || report::plan_json(&plan),
        |screen| report::plan(&plan, screen, args.explain),
        |screen| report::plan_totals(&plan, screen),
    )?;
    if context.quiet() && !plan.refusals.is_empty() {
        context.tell_problems(&plan.refusals);
    }
    Ok(match () {
        () if !plan.refusals.is_empty() => 1,
        () if args.detailed_exitcode && !plan.is_empty() => 2,
        () => 0,
    })
}
