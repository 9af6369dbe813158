//! `launchctl`, as far as anything here or in a test asks for it: verbs to launchd's requests, answers to its texts and
//! exit codes (docs/mac-facts.md#launchd-verbs). Exit codes and changes of state count; texts are for people.

mod list;
mod load;
mod print;
mod print_domain;
mod run_state;
mod session;
mod target;

#[cfg(test)]
mod tests;

use crate::sim::{
    Caller, Mac, Running,
    tool::launchd::{Refusal, settle, text_of},
};
use target::Target;

const USAGE: &str = "Usage: launchctl <subcommand> ... | help [subcommand]\n";

/// Runs it: `arguments` without the program.
pub fn run(mac: &mut Mac, caller: Caller, arguments: &[String]) -> Running {
    settle(mac);
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let Some((verb, rest)) = words.split_first() else { return Running::failed(64, USAGE) };
    match *verb {
        "bootstrap" => load::bootstrap(mac, caller, rest),
        "bootout" => load::bootout(mac, caller, rest),
        "load" | "unload" => load::legacy(mac, caller, verb, rest),
        "enable" | "disable" => run_state::enable(mac, caller, rest, *verb == "enable"),
        "kickstart" => run_state::kickstart(mac, caller, rest),
        "kill" => run_state::kill(mac, caller, rest),
        "print" => print::run(mac, rest),
        "print-disabled" => print_domain::disabled(mac, rest),
        "list" => list::run(mac, caller, rest),
        "managername" | "manageruid" => session::manager(mac, caller, verb),
        "setenv" | "getenv" | "unsetenv" => session::environment(mac, caller, verb, rest),
        "asuser" => session::as_user(mac, caller, rest),
        "error" => error(rest),
        "help" => Running::printed(USAGE),
        "version" => Running::printed("Darwin Bootstrapper Version 7.0.0\n"),
        other => Running::failed(1, format!("Unrecognized subcommand: {other}\n{USAGE}")),
    }
}

fn error(words: &[&str]) -> Running {
    match words.last().and_then(|code| code.parse::<i32>().ok()) {
        Some(code) => Running::printed(format!("{code}: {}\n", text_of(code))),
        None => Running::failed(64, "Usage: launchctl error [posix|mach|bootstrap] <code>\n"),
    }
}

/// `WHAT failed: N: text`, with the path in front where one is to blame, and a hint for whoever is not root.
fn failed(what: &str, refusal: Refusal, path: Option<&str>, caller: Caller) -> Running {
    let Refusal(code) = refusal;
    let blamed = matches!(code, 2 | 109..=111 | 114 | 115 | 119 | 122 | 134 | 155 | 161);
    let first = match path.filter(|_| blamed) {
        Some(path) => format!("{path}: {refusal}\n"),
        None => String::new(),
    };
    let hint = if code == 5 && caller.uid != 0 {
        "Try re-running the command as root for richer errors.\n"
    } else {
        ""
    };
    Running::failed(code, format!("{first}{what} failed: {code}: {refusal}\n{hint}"))
}
