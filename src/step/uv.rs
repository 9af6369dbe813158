use std::time::Duration;

use anyhow::Result;
use camino::Utf8Path;

use super::brew::wait_for;
use crate::{
    machine::{Command, Machine, Output, Tell, tool::uv::ENVIRONMENT},
    value::Problem,
};

/// How long one call may take: gigabytes come over a thin line.
const LIMIT: Duration = Duration::from_hours(2);

pub(super) fn command(uv: &Utf8Path, words: &[&str]) -> Command {
    let argv: Vec<&str> = [uv.as_str()].iter().chain(words).copied().collect();
    Command::new(&argv).with(ENVIRONMENT).limit(LIMIT)
}

/// Our calls of it as `ps` shows them, wherever it is.
const RUNNING: [&str; 2] = ["/uv venv ", "/uv pip "];

/// Waits until none is at work that a run of ours left behind.
pub(super) fn wait(machine: &dyn Machine, tell: &dyn Tell) -> Result<()> {
    wait_for(machine, &RUNNING, tell)
}

/// The program of the environment in `path`.
pub(super) fn python(path: &Utf8Path) -> String {
    path.join("bin/python").into_string()
}

/// That `doing` failed, with all that `uv` said of it. Its exit codes tell the sorts apart: 1 is an answer to what was asked,
/// 2 that it could not be found out (docs/mac-facts.md#uv-exit-codes).
pub(super) fn failed(what: impl Into<String>, command: &Command, output: &Output) -> Problem {
    let verb: Vec<&str> =
        command.argv.iter().skip(1).map(String::as_str).take_while(|word| !word.starts_with('-')).collect();
    let problem = Problem::mac(what).why(format!("`uv {}` ended with {}", words(&verb), output.code));
    // The chain of causes is told as one, whose links need no name.
    let link = |line: &str| {
        let cause = line.strip_prefix("error: ").or_else(|| line.strip_prefix("cause: "));
        cause.or_else(|| line.starts_with("hint: ").then_some(line)).map(str::to_owned)
    };
    let mut told: Vec<String> = output.stderr.lines().filter_map(|line| link(line.trim())).take(6).collect();
    if told.is_empty() {
        let lines = output.stderr.lines().map(str::trim).filter(|line| !line.is_empty());
        told = lines.map(str::to_owned).collect();
        told = told.split_off(told.len().saturating_sub(3));
    }
    told.into_iter().fold(problem, Problem::why)
}

/// The command itself, without what it is given.
fn words(verb: &[&str]) -> String {
    let nested = verb.first().is_some_and(|&first| first == "pip" || first == "python");
    verb.iter().take(if nested { 2 } else { 1 }).copied().collect::<Vec<_>>().join(" ")
}
