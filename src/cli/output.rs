use anyhow::Result;
use camino::{Utf8Path, Utf8PathBuf};

use super::{
    context::Context,
    node::{Node, Use},
    stack,
};
use crate::{engine, report};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Print this one alone: a place by the id of its resource, anything else by its name
    #[arg(value_name = "NAME")]
    name: Option<String>,
    /// The manifest of the stack; without it the one stack that this Mac has
    #[arg(long, value_name = "FILE", env = "FORGECTL_STACK")]
    stack: Option<Utf8PathBuf>,
    /// Print the values of passwords and keys too, to whoever reads the output
    // No variable stands for it: what tells a secret is typed each time.
    #[arg(long)]
    reveal: bool,
}

pub(super) fn run(args: &Args, context: &Context) -> Result<u8> {
    let stack = args.stack.as_deref().map(|path| stack::read(path, context)).transpose()?;
    let node = Node::open(context, stack.as_ref(), Use::Look)?;
    let name = stack.as_ref().map(|stack| stack.manifest.stack.as_str());
    let manifest = args.stack.as_deref().map_or("STACK", Utf8Path::as_str);
    let apply = context.typed(&["apply", manifest], &[]);
    let outputs = node.work(context, false, |machine| engine::outputs(machine, name, &apply, args.reveal))?;
    match &args.name {
        None => {
            let human = |screen| report::outputs(&outputs, screen);
            context.print(|| report::outputs_json(&outputs), human, human)?;
        }
        Some(name) => {
            let flags: Vec<&str> = args
                .stack
                .as_deref()
                .map(Utf8Path::as_str)
                .into_iter()
                .flat_map(|path| ["--stack", path])
                .collect();
            let reveal = context.typed(&["output", name], &[&flags[..], &["--reveal"]].concat());
            let output = outputs.get(name, &reveal)?;
            context.print(
                || report::output_json(output),
                |_| report::output(output),
                |_| report::output(output),
            )?;
        }
    }
    Ok(0)
}
