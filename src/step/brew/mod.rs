//! How Homebrew is told to change what it keeps.

mod cask;
mod formula;
mod leaving;
mod tap;

use std::time::Duration;

use anyhow::{Error, Result};

use super::{About, Step};
use crate::{
    machine::{Changing, Command, Halt, Looking, Machine, Output, Patience, Tell, Tool, Wait, tool::brew},
    value::Problem,
};

pub use cask::{ForgetCask, InstallCask, RenewCask, UninstallCask};
pub use formula::{InstallFormula, LinkFormula, MarkFormula, UpgradeFormula};
pub use leaving::{ReturnFormula, UninstallFormula, UnlinkFormula};
pub use tap::{AddTap, RemoveTap};

/// What keeps `brew` to what it is told (docs/mac-facts.md#brew-environment): no update of its own, no upgrade, cleanup or
/// question, no word to anybody, and nothing that needs more than ASCII.
const ENVIRONMENT: [(&str, &str); 13] = [
    ("HOMEBREW_NO_ANALYTICS", "1"),
    ("HOMEBREW_NO_ASK", "1"),
    ("HOMEBREW_NO_AUTOREMOVE", "1"),
    ("HOMEBREW_NO_AUTO_UPDATE", "1"),
    ("HOMEBREW_NO_COLOR", "1"),
    ("HOMEBREW_NO_EMOJI", "1"),
    ("HOMEBREW_NO_ENV_HINTS", "1"),
    ("HOMEBREW_NO_INSTALL_CLEANUP", "1"),
    ("HOMEBREW_NO_INSTALL_UPGRADE", "1"),
    ("HOMEBREW_NO_UPGRADE_AUTO_UPDATES_CASKS", "1"),
    ("HOMEBREW_SERVICES_NO_DOMAIN_WARNING", "1"),
    ("LC_ALL", "en_US.UTF-8"),
    ("NONINTERACTIVE", "1"),
];

/// What it says while another one holds a lock (docs/mac-facts.md#brew-lock, #brew-update).
const LOCKED: [&str; 2] = ["has already locked", "process is already running"];

/// How long the other one is waited for.
const PATIENCE: Patience =
    Patience { every: Duration::from_secs(10), limit: Duration::from_mins(30), how: Wait::Poll };

fn command(words: &[&str]) -> Command {
    let argv: Vec<&str> = [brew::BREW].iter().chain(words).copied().collect();
    Command::new(&argv).with(ENVIRONMENT).limit(Duration::from_hours(2))
}

/// As it is told to people: without the variables.
fn told(words: &[&str]) -> String {
    format!("brew {}", words.join(" "))
}

/// Runs `brew`; one that holds a lock is waited for, also one that a killed run of ours left behind.
fn run(machine: &dyn Machine, words: &[&str], tell: &dyn Tell) -> Result<Output> {
    let mut waits = false;
    machine
        .until("another `brew` to end", PATIENCE, || {
            let output = machine.run(&command(words), tell)?;
            if output.ok() || !LOCKED.iter().any(|text| output.stderr.contains(text)) {
                return Ok(Ok(output));
            }
            if !std::mem::replace(&mut waits, true) {
                tell.line("another `brew` is at work; waiting for it to end");
            }
            Ok(Err(output.said()))
        })
        .map_err(endless)
}

/// Something was waited for that did not end.
fn endless(error: Error) -> Error {
    if Halt::of(&error).is_some() {
        return error;
    }
    let problem = Problem::from_error(&error);
    if !problem.remedy.is_empty() {
        return error;
    }
    problem.hint("let it end, or end it; what runs:").remedy("ps -axo pid,lstart,command").into()
}

/// The same; what it did not do is an error.
fn run_ok(machine: &dyn Machine, words: &[&str], tell: &dyn Tell) -> Result<()> {
    let output = run(machine, words, tell)?;
    if output.ok() { Ok(()) } else { Err(failed(words, &output).into()) }
}

fn failed(words: &[&str], output: &Output) -> Problem {
    let problem = Problem::mac(format!("`{}` failed", told(words)));
    problem.why(format!("it answered: {}", output.said()))
}

/// What lets `opt/LINK` lead to a keg: `brew link` does that only for what it has not noted as linked
/// (docs/mac-facts.md#brew-link).
fn lead(link: &str, name: &str, version: &str) -> Command {
    let (target, link) = (format!("../Cellar/{name}/{version}"), format!("{}/opt/{link}", brew::PREFIX));
    Command::new(&["/bin/ln", "-sfn", &target, &link])
}

/// What every step with `brew` says of itself.
fn about(words: &[&str]) -> About {
    About { commands: vec![command(words).to_string()], brew: true, long: true, ..About::default() }
}

/// Waits until none of the processes that show one of `texts` is left, whoever started it: what is taken away meanwhile would come
/// back, as by what a run of ours that was killed left at work.
pub(super) fn wait_for(machine: &dyn Machine, texts: &[&str], tell: &dyn Tell) -> Result<()> {
    let mut waits = false;
    machine
        .until("what works on Homebrew to end", PATIENCE, || {
            let shown = machine.tool(Tool::Processes)?.stdout;
            let Some(line) = shown.lines().find(|line| texts.iter().any(|text| line.contains(text))) else {
                return Ok(Ok(()));
            };
            if !std::mem::replace(&mut waits, true) {
                tell.line("something is at work on Homebrew already; waiting for it to end");
            }
            Ok(Err(format!("`ps` shows {}", line.trim())))
        })
        .map_err(endless)
}
