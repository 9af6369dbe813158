//! Secrets of a stack.

mod list;
mod rotate;

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
    /// Print what each secret is for, how it changes, and its fingerprint; never a value
    #[command(after_help = examples(&["forgectl secrets list", "forgectl secrets list --stack stack.yaml --output json"]))]
    List(list::Args),
    /// Give a secret another value; what has it is made anew by the next apply
    #[command(after_help = examples(&[
        "forgectl secrets rotate langfuse-postgres-password",
        "forgectl secrets rotate langfuse-redis-password --stack stack.yaml --yes",
    ]))]
    Rotate(rotate::Args),
}

pub(super) fn run(args: &Args, context: &Context) -> Result<u8> {
    match &args.command {
        Command::List(args) => list::run(args, context),
        Command::Rotate(args) => rotate::run(args, context),
    }
}
