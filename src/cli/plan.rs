use anyhow::{Result, bail};
use camino::{Utf8Path, Utf8PathBuf};
use clap::ValueEnum;

use super::{
    context::Context,
    file::own_file,
    node::{Node, Use},
    only::Only,
    stack::Manifest,
    switch::switch,
    upgrade::Newest,
};
use crate::{
    desk,
    engine::{self, plan::Plan, saved::SavedPlan},
    manifest::Stack,
    report::{self, GraphForm},
    value::Problem,
};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    manifest: Manifest,
    #[command(flatten)]
    only: Only,
    #[command(flatten)]
    newest: Newest,
    /// Say why each step is needed, what it runs and how it is undone
    #[arg(long, env = "FORGECTL_EXPLAIN", value_parser = switch)]
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
    /// Save the plan in this file, for `apply` to carry out if it is still the same then
    #[arg(long, value_parser = own_file, value_name = "FILE", env = "FORGECTL_OUT")]
    out: Option<Utf8PathBuf>,
    /// End with 2 when there is something to do
    #[arg(long, env = "FORGECTL_DETAILED_EXITCODE", value_parser = switch)]
    detailed_exitcode: bool,
    /// Print every look at the Mac with its time
    #[arg(long, env = "FORGECTL_TRACE", value_parser = switch)]
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
    let saves = args.out.as_deref().map(|file| Saves::new(args, file)).transpose()?;
    let mut stack = args.manifest.read(context)?;
    stack.upgrade = args.newest.asked();
    let node = Node::open(context, Some(&stack), Use::Look)?;
    let plan =
        node.work(context, args.trace, |machine| engine::survey_only(machine, &stack, &args.only.only))?;
    if let Some(graph) = args.graph {
        let text = |_| report::plan_graph(&plan, graph.into());
        context.print(|| report::plan_graph_json(&plan, graph.into()), text, text)?;
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
    if let Some(saves) = &saves {
        saves.save(&plan, &stack, context)?;
    }
    Ok(match () {
        () if !plan.refusals.is_empty() => 1,
        () if args.detailed_exitcode && !plan.is_empty() => 2,
        () => 0,
    })
}

/// Where a plan is to be saved, and the manifest that will be read again.
struct Saves<'a> {
    file: &'a Utf8Path,
    manifest: Utf8PathBuf,
}

impl<'a> Saves<'a> {
    fn new(args: &Args, file: &'a Utf8Path) -> Result<Self> {
        let path = args.manifest.path().ok_or_else(|| {
            Problem::usage("a plan of standard input cannot be saved")
                .hint("`apply` reads the manifest again: put it into a file")
        })?;
        Ok(Self { file, manifest: desk::absolute(path)? })
    }

    fn save(&self, plan: &Plan, stack: &Stack, context: &Context) -> Result<()> {
        let file = self.file;
        if !plan.refusals.is_empty() {
            context.say(format_args!("Not saved, since it cannot be applied: {file}"));
            return Ok(());
        }
        let saved = SavedPlan::of(plan, &self.manifest, stack.source().text());
        // Only what is one is replaced: a wrong name costs nobody a file.
        if !desk::put_file(file, &saved.to_json()?, SavedPlan::begins)? {
            bail!(
                Problem::manifest(format!("something is there already that is no saved plan: `{file}`"))
                    .hint("it stays as it is; save the plan under another name")
            );
        }
        let apply = context.typed(&["apply", file.as_str()], &[]);
        context.say(format_args!("Saved. To carry out this plan and no other:\n    {apply}"));
        Ok(())
    }
}
