//! Simulated Macs in files and folders.

mod diff;
mod exec;
mod new;
mod stop;
mod supervise;

use anyhow::Result;
use clap::Subcommand;

use super::{context::Context, examples::examples};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a simulated Mac, right after its setup assistant
    #[command(after_help = examples(&[
        "forgectl sim new mac.json --for stack.yaml",
        "forgectl sim new dir:./mac --chip \"M4 Pro\" --memory 64GB --macos 15.5",
    ]))]
    New(new::Args),
    /// Run one of a simulated Mac's own tools on it
    #[command(after_help = examples(&[
        "forgectl sim exec mac.json -- launchctl print gui/501/dev.forge.ollama",
        "forgectl sim exec mac.json -- pmset -g custom",
    ]))]
    Exec(exec::Args),
    /// Compare two simulated Macs; ends with 2 when they differ
    #[command(after_help = examples(&[
        "forgectl sim diff before.json after.json",
        "forgectl sim diff before.json after.json --all",
    ]))]
    Diff(diff::Args),
    /// End the real processes of a Mac in a folder, so that the folder can be removed
    #[command(after_help = examples(&["forgectl sim stop dir:./mac", "forgectl sim stop ./mac"]))]
    Stop(stop::Args),
    #[command(hide = true)]
    Supervise(supervise::Args),
}

pub(super) fn run(args: &Args, context: &Context) -> Result<u8> {
    match &args.command {
        Command::New(args) => new::run(args, context),
        Command::Exec(args) => exec::run(args, context),
        Command::Diff(args) => diff::run(args, context),
        Command::Stop(args) => stop::run(args, context),
        Command::Supervise(args) => supervise::run(args, context),
    }
}
