use anyhow::Result;
use camino::{Utf8Path, Utf8PathBuf};

use super::{
    context::Context,
    draft::{self, Kept},
    node::{Node, Use},
};
use crate::{engine, manifest::StackName};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The file to write; `-` for standard output
    #[arg(value_name = "FILE", default_value = "stack.yaml")]
    file: Utf8PathBuf,
    #[command(flatten)]
    kept: Kept,
}

pub(super) fn run(args: &Args, context: &Context) -> Result<u8> {
    let name = name(&args.file)?;
    let file = if args.file == "-" { Utf8Path::new("stack.yaml") } else { &args.file };
    let node = Node::open(context, None, Use::Look)?;
    let draft = node.work(context, false, |machine| engine::starter(machine, &name, file.as_str()))?;
    draft::tell(&draft, &args.file, args.kept, context)
}

/// The stack is called as its file, unless that says nothing.
fn name(file: &Utf8Path) -> Result<StackName> {
    let named = file.file_stem().filter(|stem| !["stack", "-"].contains(stem));
    let named = named.and_then(|stem| stem.parse().ok());
    named.map_or_else(|| "lab".parse().map_err(|wrong| anyhow::anyhow!("{wrong}")), Ok)
}
