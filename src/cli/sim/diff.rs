use anyhow::Result;

use crate::{
    cli::{context::Context, node, switch::switch, target::Place},
    report,
    sim::{self, Mac, folder},
};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// One simulated Mac
    #[arg(value_name = "FILE")]
    left: Place,
    /// Another one, or the same later
    #[arg(value_name = "FILE")]
    right: Place,
    /// Also what is left out by rule: times, forgectl's own folders, caches, records that macOS keeps
    #[arg(long, env = "FORGECTL_ALL", value_parser = switch)]
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

fn open(place: &Place) -> Result<Mac> {
    match place {
        Place::File(path) => node::peek(path, None),
        Place::Folder(path) => folder::copy(path).map_err(|error| node::no_such_mac(&error, place, None)),
    }
}
