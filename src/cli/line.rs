//! The command line as a whole.

use clap::{Arg, Command, CommandFactory};

use super::args::Args;
use crate::desk;

/// The commands that are about no Mac, or name theirs otherwise.
const WITHOUT_TARGET: [&str; 4] = ["validate", "schema", "sim", "completions"];

/// All that is understood. `--on` is shown only where it says something, and a variable that is empty counts as none.
pub(super) fn whole() -> Command {
    let command = Args::command();
    let on = command.get_arguments().find(|arg| arg.get_id() == "on").cloned();
    // What a command has itself is not handed down to it.
    let hidden = on.map(|on| on.hide(true));
    let command = WITHOUT_TARGET.into_iter().fold(command, |command, name| {
        command.mut_subcommand(name, |subcommand| subcommand.args(hidden.clone()))
    });
    without_empty(command)
}

fn without_empty(command: Command) -> Command {
    let unset = |arg: Arg| match arg.get_env() {
        Some(name) if desk::is_empty(name) => arg.env(None::<&'static str>),
        _ => arg,
    };
    command.mut_args(unset).mut_subcommands(without_empty)
}

/// What is offered while a line is typed: nothing that is hidden.
pub(super) fn offered() -> Command {
    let mut whole = whole();
    whole.build();
    shown(&whole)
}

fn shown(command: &Command) -> Command {
    let made_anew = |id: &str| ["help", "version"].contains(&id);
    let args = command.get_arguments().filter(|arg| !arg.is_hide_set() && !made_anew(arg.get_id().as_str()));
    let commands = command.get_subcommands().filter(|sub| !sub.is_hide_set() && !made_anew(sub.get_name()));
    let mut shown = Command::new(command.get_name().to_owned())
        .args(args.map(|arg| arg.clone().global(false)))
        .subcommands(commands.map(shown))
        .visible_aliases(command.get_visible_aliases().map(str::to_owned).collect::<Vec<_>>());
    if let Some(about) = command.get_about() {
        shown = shown.about(about.clone());
    }
    if let Some(version) = command.get_version() {
        shown = shown.version(version.to_owned());
    }
    shown
}
