//! One file a command: flags in, one call of the library, a report out.

mod apply;
mod args;
mod completions;
mod context;
mod destroy;
mod examples;
mod facts;
mod node;
mod only;
mod output;
mod plan;
mod rehearse;
mod running;
mod schema;
mod sim;
mod stack;
mod status;
mod target;
mod validate;

use std::ffi::OsString;

use clap::Parser;

use self::{
    args::{Args, Command},
    context::{Context, WRONG_USAGE},
};

/// Runs the command line `args`, its first word the program's name, and answers with the exit code: 0 done or nothing
/// to do, 1 failed or refused, 2 changes pending or different, 64 wrong usage, 130 interrupted.
pub fn run(args: impl IntoIterator<Item = OsString>) -> u8 {
    let args = match Args::try_parse_from(args) {
        Ok(args) => args,
        Err(error) => {
            // Where it can be printed it is; a closed stream is no reason for another code.
            let _ = error.print();
            return if error.use_stderr() { WRONG_USAGE } else { 0 };
        }
    };
    let context = Context::new(args.global);
    let done = match args.command {
        Command::Validate(args) => validate::run(&args, &context),
        Command::Schema(args) => schema::run(&args, &context),
        Command::Plan(args) => plan::run(&args, &context),
        Command::Apply(args) => apply::run(&args, &context),
        Command::Destroy(args) => destroy::run(&args, &context),
        Command::Status(args) => status::run(&args, &context),
        Command::Output(args) => output::run(&args, &context),
        Command::Facts(args) => facts::run(&args, &context),
        Command::Rehearse(args) => rehearse::run(&args, &context),
        Command::Sim(args) => sim::run(&args, &context),
        Command::Completions(args) => completions::run(&args, &context),
    };
    done.unwrap_or_else(|error| context.tell(&error))
}
