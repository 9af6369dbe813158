use anyhow::Result;
use clap::{ValueEnum, builder::FalseyValueParser};

use super::{
    context::Context,
    node::{Node, Use},
    only::Only,
    stack::Manifest,
};
use crate::{
    desk::{Printer, Stream},
    engine,
    report::{self, GraphForm},
};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    manifest: Manifest,
    #[command(flatten)]
    only: Only,
    /// Say why each step is needed, what it runs and how it is undone
    #[arg(long, env = "FORGECTL_EXPLAIN", value_parser = FalseyValueParser::new())]
    explain: bool,
    /// Print the plan as a graph instead, with an arrow from each resource to what needs it
    #[arg(
        long,
        value_enum,
        value_name = "LANGUAGE",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "mermaid",
        env = "FORGECTL_GRAPH"
    )]
    graph: Option<Graph>,
    /// End with 2 when there is something to do
    #[arg(long, env = "FORGECTL_DETAILED_EXITCODE", value_parser = FalseyValueParser::new())]
    detailed_exitcode: bool,
    /// Print every look at the Mac with its time
    #[arg(long, env = "FORGECTL_TRACE", value_parser = FalseyValueParser::new())]
    trace: bool,
}

/// The language of a graph.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Graph {
    /// Mermaid, as in Markdown.
    Mermaid,
    /// DOT of Graphviz.
    Dot,
}

impl From<Graph> for GraphForm {
    fn from(graph: Graph) -> Self {
        match graph {
            Graph::Mermaid => Self::Mermaid,
            Graph::Dot => Self::Dot,
        }
    }
}

pub(super) fn run(args: &Args, context: &Context) -> Result<u8> {
    let stack = args.manifest.read()?;
    let node = Node::open(context, Some(&stack), Use::Look)?;
    let plan =
        node.work(context, args.trace, |machine| engine::survey_only(machine, &stack, &args.only.only))?;
    if let Some(graph) = args.graph {
        Printer.write(Stream::Out, &report::plan_graph(&plan, graph.into()))?;
    } else {
        context.print(
            || report::plan_json(&plan),
            |screen| report::plan(&plan, screen, args.explain),
            |screen| report::plan_totals(&plan, screen),
        )?;
    }
    if (context.quiet() || args.graph.is_some()) && !plan.refusals.is_empty() {
        context.tell_problems(&plan.refusals);
    }
    Ok(match () {
        () if !plan.refusals.is_empty() => 1,
        () if args.detailed_exitcode && !plan.is_empty() => 2,
        () => 0,
    })
}
