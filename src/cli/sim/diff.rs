use anyhow::Result;
use camino::Utf8PathBuf;
use clap::builder::FalseyValueParser;

use crate::{
    cli::{context::Context, node, target::Target},
    desk::SimFile,
    report,
    sim::{self, Mac},
};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// One simulated Mac
    #[arg(value_name = "FILE")]
    left: String,
    /// Another one, or the same later
    #[arg(value_name = "FILE")]
    right: String,
    /// Also what is left out by rule: times, forgectl's own folders, caches, records that macOS keeps
    #[arg(long, env = "FORGECTL_ALL", value_parser = FalseyValueParser::new())]
    all: bool,
}

pub(super) fn run(args: &Args, context: &Context) -> Result<u8> {
    let found = sim::differences(&open(&args.left)?, &open(&args.right)?, args.all);
    context.print(
        || report::json(&found),
        |screen| report::differences(&found, screen),
        |screen| report::differences_total(&found, screen),
    )?;
    Ok(if found.is_empty() { 0 } else { 2 })
}

fn open(place: &str) -> Result<Mac> {
    let path = match place.parse() {
        Ok(Target::Folder(path)) => return sim::folder::copy(&path),
        Ok(Target::File(path)) => path,
        _ => Utf8PathBuf::from(place),
    };
    node::mac(&path, &SimFile::peek(&path)?)
}
