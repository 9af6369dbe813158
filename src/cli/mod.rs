//! One file a command: flags in, one call of the library, a report out.

mod apply;
mod args;
mod complete;
mod completions;
mod context;
mod destroy;
mod draft;
mod examples;
mod export;
mod facts;
mod file;
mod init;
mod line;
mod lock;
mod logs;
mod node;
mod only;
mod output;
mod plan;
mod rehearse;
mod running;
mod schema;
mod secrets;
mod sim;
mod stack;
mod status;
mod switch;
mod target;
mod upgrade;
mod usage;
mod validate;

use std::ffi::OsString;

use clap::FromArgMatches;

use self::{
    args::{Args, Command},
    context::Context,
};
use crate::desk::Printer;

/// Runs the command line `args`, its first word the program's name, and answers with the exit code: 0 done or nothing
/// to do, 1 failed or refused, 2 changes pending or different, 64 wrong usage, 130 interrupted.
pub fn run(args: impl IntoIterator<Item = OsString>) -> u8 {
    let args: Vec<OsString> = args.into_iter().collect();
    if let [_, asked, rest @ ..] = args.as_slice()
        && asked == complete::ASKED
    {
        return complete::answer(rest);
    }
    let mut command = line::whole();
    let parsed = command.try_get_matches_from_mut(&args).and_then(|matches| Args::from_arg_matches(&matches));
    let Args { global, command } = match parsed.map_err(|error| error.format(&mut command)) {
        Ok(args) => args,
        Err(error) => return usage::tell(&error, usage::wants_json(&args)),
    };
    let context = Context::new(global);
    let done = match command {
        Command::Init(args) => init::run(&args, &context),
        Command::Export(args) => export::run(&args, &context),
        Command::Validate(args) => validate::run(&args, &context),
        Command::Schema(args) => schema::run(&args, &context),
        Command::Plan(args) => plan::run(&args, &context),
        Command::Apply(args) => apply::run(&args, &context),
        Command::Destroy(args) => destroy::run(&args, &context),
        Command::Status(args) => status::run(&args, &context),
        Command::Output(args) => output::run(&args, &context),
        Command::Logs(args) => logs::run(&args, &context),
        Command::Secrets(args) => secrets::run(&args, &context),
        Command::Lock(args) => lock::run(&args, &context),
        Command::Facts(args) => facts::run(&args, &context),
        Command::Rehearse(args) => rehearse::run(&args, &context),
        Command::Sim(args) => sim::run(&args, &context),
        Command::Completions(args) => completions::run(&args, &context),
    };
    match done.and_then(|code| Printer::unbroken().map(|()| code)) {
        Ok(code) => code,
        Err(error) => context.tell(&error),
    }
}
