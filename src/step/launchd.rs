//! What every step on a launchd job shares: how to load, unload and wait, with every race there is.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use anyhow::Result;
use camino::{Utf8Path, Utf8PathBuf};

use crate::{
    machine::{
        Changing, Command, Halt, Looking, Machine, Output, Patience, Tell, Wait,
        tool::launchctl::{JobView, Printed, meaning},
    },
    value::{Domain, Problem},
};

/// What launchd should have of a job once it is loaded.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Definition {
    /// Where its property list is.
    pub path: Utf8PathBuf,
    /// Program and arguments.
    pub arguments: Vec<String>,
    /// The environment that it declares.
    pub environment: BTreeMap<String, String>,
}

/// Whether `printed` is what `wanted` says. launchd adds variables of its own to the environment, which differ from release to
/// release (docs/mac-facts.md#launchd-print): of those that were not declared, only such count as share their first word
/// with one that was.
pub fn definition_matches(wanted: &Definition, printed: &Printed) -> bool {
    printed.get("path") == Some(wanted.path.as_str())
        && printed.arguments == wanted.arguments
        && declared_part(&printed.environment, wanted.environment.keys()) == wanted.environment
}

/// Of an environment that launchd shows, what was declared and what looks as if it had been.
pub fn declared_part<'n>(
    shown: &BTreeMap<String, String>,
    declared: impl Iterator<Item = &'n String>,
) -> BTreeMap<String, String> {
    let first_word = |name: &str| name.split('_').next().map(str::to_owned);
    let (names, words): (BTreeSet<&String>, BTreeSet<Option<String>>) =
        declared.map(|name| (name, first_word(name).filter(|word| word.len() < name.len()))).unzip();
    let kept = |name: &String| names.contains(name) || words.contains(&first_word(name));
    shown.iter().filter(|(name, _)| kept(name)).map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// One `launchctl VERB …`, as root for the system domain.
pub(super) fn launchctl(domain: Domain, words: &[&str]) -> Command {
    let argv: Vec<&str> = std::iter::once("/bin/launchctl").chain(words.iter().copied()).collect();
    let command = Command::new(&argv);
    if domain == Domain::System { command.as_root() } else { command }
}

pub(super) fn target(domain: Domain, label: &str) -> String {
    format!("{domain}/{label}")
}

/// An answer of launchctl that nothing can be done about, in words.
pub(super) fn refused(command: &Command, output: &Output) -> Problem {
    let problem = Problem::mac(format!("launchd refused: `{command}`")).why(format!(
        "it answered {} ({}): {}",
        output.code,
        meaning(output.code),
        output.said()
    ));
    // Of the commands here, `bootstrap` alone ends with a path.
    let plist = command.argv.last().map(Utf8Path::new).filter(|path| path.is_absolute());
    let folder = plist.and_then(Utf8Path::parent);
    let log = |problem: Problem| {
        problem
            .hint("launchd's own log says more:")
            .remedy("log show --last 5m --style compact --predicate 'process == \"launchd\"'")
    };
    match (output.code, plist, folder) {
        (112 | 125, _, _) => no_session(problem),
        (161, _, _) => problem.hint(LOGIN_ITEMS),
        // Up to Sequoia nothing but this code tells of Login Items.
        (5, Some(_), _) => log(problem.hint(format!("if it was switched off there: {LOGIN_ITEMS}"))),
        (122, Some(plist), Some(folder)) => problem
            .hint("others than its owner may write the property list or its folder; see which:")
            .remedy(format!("ls -leO@d '{folder}' '{plist}'")),
        (155, Some(plist), _) => problem
            .hint("the property list or its program is quarantined; see which:")
            .remedy(format!("xattr -l '{plist}'")),
        _ => log(problem),
    }
}

const LOGIN_ITEMS: &str = "switch it on again in System Settings, General, Login Items, then apply again";

/// Adds the two ways out of having no graphical session.
pub(super) fn no_session(problem: Problem) -> Problem {
    problem
        .hint("log in at the Mac's screen (or by screen sharing), then apply again")
        .hint("or let it start at boot, without anybody logged in: set `start: boot` in the manifest")
}

/// Unloads a job and waits until launchd has forgotten it: `bootout` answers before the process is gone, and a
/// `bootstrap` in between fails (docs/mac-facts.md#launchd-bootout-async).
pub(super) fn unload(machine: &dyn Machine, domain: Domain, label: &str, tell: &dyn Tell) -> Result<()> {
    let JobView::Loaded(printed) = machine.job(domain, label)? else { return Ok(()) };
    let command = launchctl(domain, &["bootout", &target(domain, label)]);
    let output = machine.run(&command, tell)?;
    // Gone already, still going, or the session is ending.
    if !matches!(output.code, 0 | 3 | 36 | 112 | 113 | 124 | 125) {
        return Err(refused(&command, &output).into());
    }
    gone(machine, domain, label, &printed)
}

/// Waits until launchd has forgotten a job that goes down.
fn gone(machine: &dyn Machine, domain: Domain, label: &str, printed: &Printed) -> Result<()> {
    let exit_timeout = printed.get("exit timeout").and_then(|text| text.parse().ok()).unwrap_or(20);
    let patience = Patience {
        every: Duration::from_millis(250),
        limit: Duration::from_secs(exit_timeout) + Duration::from_secs(10),
        how: Wait::Settle,
    };
    machine.until(&format!("`{label}` to go"), patience, || {
        Ok(match machine.job(domain, label)? {
            JobView::NotLoaded | JobView::NoDomain => Ok(()),
            JobView::Loaded(printed) => {
                Err(format!("launchd still has it, state {}", printed.get("state").unwrap_or("unknown")))
            }
        })
    })
}

/// Loads a job from its property list. Takes an override away first, and tries again while launchd settles; before
/// each new try it looks whether the job is there after all.
pub(super) fn load(
    machine: &dyn Machine,
    domain: Domain,
    label: &str,
    plist: &Utf8Path,
    is_it: impl Fn(&Printed) -> bool,
    tell: &dyn Tell,
) -> Result<()> {
    switch_on(machine, domain, label, tell)?;
    let command = launchctl(domain, &["bootstrap", &domain.to_string(), plist.as_str()]);
    let mut tries = 0;
    loop {
        let output = machine.run(&command, tell)?;
        if output.ok() {
            return Ok(());
        }
        tries += 1;
        match output.code {
            5 | 17 | 36 | 37 | 124 if tries <= 10 => {
                machine.wait(Duration::from_millis(500), Wait::Settle)?;
                match machine.loaded_job(domain, label)? {
                    // Another's is in the way, or one that goes down.
                    Some(printed) if printed.is_going() || !is_it(&printed) => {
                        unload(machine, domain, label, tell)?;
                    }
                    Some(_) => return Ok(()),
                    None => {}
                }
            }
            119 if tries <= 2 => enable(machine, domain, label, tell)?,
            _ => return Err(refused(&command, &output).into()),
        }
    }
}

/// Takes an override away that keeps a label switched off: it outlives its property list and refuses every load
/// (docs/mac-facts.md#launchd-override).
pub(super) fn switch_on(machine: &dyn Machine, domain: Domain, label: &str, tell: &dyn Tell) -> Result<()> {
    if machine.disabled_labels(domain)?.iter().any(|disabled| disabled == label) {
        enable(machine, domain, label, tell)?;
    }
    Ok(())
}

fn enable(machine: &dyn Machine, domain: Domain, label: &str, tell: &dyn Tell) -> Result<()> {
    machine.run_ok(&launchctl(domain, &["enable", &target(domain, label)]), tell).map(|_| ())
}

/// Waits until a loaded job has a process. One that launchd does not start by itself is started once
/// (docs/mac-facts.md#launchd-never-spawned).
pub(super) fn started(machine: &dyn Machine, domain: Domain, label: &str, tell: &dyn Tell) -> Result<()> {
    // A program that fails at its start lives for a moment: it has to be seen twice.
    let mut before = None;
    let mut probe = || {
        Ok(match machine.loaded_job(domain, label)? {
            Some(printed) if printed.pid().is_some() && !printed.is_going() => {
                if std::mem::replace(&mut before, printed.pid()) == printed.pid() {
                    Ok(())
                } else {
                    Err("it has just started".to_owned())
                }
            }
            Some(printed) => Err(format!(
                "state {}, started {} times, last exit code {}",
                printed.get("state").unwrap_or("unknown"),
                printed.runs(),
                printed.get("last exit code").unwrap_or("unknown"),
            )),
            None => Err("launchd does not have it".to_owned()),
        })
    };
    let what = format!("`{label}` to run");
    let mut patience =
        Patience { every: Duration::from_millis(250), limit: Duration::from_secs(3), how: Wait::Settle };
    let first: Result<()> = machine.until(&what, patience, &mut probe);
    if first.is_ok() {
        return Ok(());
    }
    if machine.loaded_job(domain, label)?.is_some_and(|printed| printed.runs() == 0) {
        let command = launchctl(domain, &["kickstart", &target(domain, label)]);
        let output = machine.run(&command, tell)?;
        // 37: it started in between.
        if !matches!(output.code, 0 | 37) {
            return Err(refused(&command, &output).into());
        }
    }
    // One that has just ended waits for its throttle, ten seconds (docs/mac-facts.md#launchd-throttle).
    patience.limit = Duration::from_secs(15);
    machine.until(&what, patience, probe).map_err(|error| {
        if Halt::of(&error).is_some() {
            return error;
        }
        Problem::mac(format!("the job does not run: `{label}`"))
            .why(format!("{error:#}"))
            .hint("see what launchd has of it:")
            .remedy(format!("launchctl print {}", target(domain, label)))
            .hint("launchd goes on starting it; to stop that:")
            .remedy(launchctl(domain, &["bootout", &target(domain, label)]).to_string())
            .into()
    })
}
