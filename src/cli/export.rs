use anyhow::Result;
use camino::Utf8PathBuf;

use super::{
    context::Context,
    draft::{self, Kept},
    node::{Node, Use},
};
use crate::engine;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The file to write; `-` for standard output
    #[arg(value_name = "FILE", default_value = "-")]
    file: Utf8PathBuf,
    #[command(flatten)]
    kept: Kept,
}

pub(super) fn run(args: &Args, context: &Context) -> Result<u8> {
    let node = Node::open(context, None, Use::Look)?;
    let draft = node.work(context, false, |machine| engine::export(machine))?;
    draft::tell(&draft, &args.file, args.kept, context)
}
