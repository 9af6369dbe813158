//! `launchctl`: print, list, print-disabled, exit codes.

use std::collections::BTreeMap;

use anyhow::{Result, bail};

use crate::machine::Output;

/// What `launchctl print DOMAIN/LABEL` says.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum JobView {
    /// launchd has the job.
    Loaded(Box<Printed>),
    /// The domain is there, the job is not (113).
    NotLoaded,
    /// The domain is not there: no graphical session (112 or 125; docs/mac-facts.md#launchd-domains).
    NoDomain,
}

/// A loaded job: the lines of `launchctl print` with exactly one leading tab, and two of its blocks.
/// The format is no stable interface: whatever is missing is absent (docs/mac-facts.md#launchd-print).
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Printed {
    /// `key = value` lines of the job itself.
    pub values: BTreeMap<String, String>,
    /// Its arguments, the program first.
    pub arguments: Vec<String>,
    /// The environment that its plist declares, without launchd's own `XPC_SERVICE_NAME`.
    pub environment: BTreeMap<String, String>,
}

impl Printed {
    /// One of its values.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.values.get(key).map(String::as_str)
    }

    /// Its process, while it has one.
    pub fn pid(&self) -> Option<u32> {
        self.get("pid")?.parse().ok()
    }

    /// Whether its process was told to end: a job that was booted out stays registered until then
    /// (docs/mac-facts.md#launchd-bootout-async).
    pub fn is_going(&self) -> bool {
        matches!(self.get("state"), Some("SIGTERMed" | "SIGKILLed"))
    }

    /// How often launchd started it.
    pub fn runs(&self) -> u64 {
        self.get("runs").and_then(|runs| runs.parse().ok()).unwrap_or(0)
    }
}

/// One row of `launchctl list`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Listed {
    /// Its process, while it has one.
    pub pid: Option<u32>,
    /// Its last exit code, or minus the signal that ended it.
    pub status: i32,
}

/// Tells the three answers of `launchctl print` apart by exit code, never by text.
pub fn view(output: &Output) -> Result<JobView> {
    match output.code {
        0 => Ok(JobView::Loaded(Box::new(parse_print(&output.stdout)))),
        113 => Ok(JobView::NotLoaded),
        112 | 125 => Ok(JobView::NoDomain),
        _ => bail!("{}", output.said()),
    }
}

/// Reads `launchctl print`.
pub fn parse_print(text: &str) -> Printed {
    let mut printed = Printed::default();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let Some(line) = line.strip_prefix('\t').filter(|line| !line.starts_with('\t')) else { continue };
        let Some((key, value)) = line.split_once(" = ") else { continue };
        if value != "{" {
            printed.values.insert(key.to_owned(), value.to_owned());
            continue;
        }
        // A block ends with the brace that is indented as its head is; its lines are raw.
        let block =
            lines.by_ref().take_while(|line| *line != "\t}").filter_map(|line| line.strip_prefix("\t\t"));
        match key {
            "arguments" => printed.arguments = block.map(str::to_owned).collect(),
            "environment" => {
                printed.environment = block
                    .filter_map(|line| line.split_once(" => "))
                    .filter(|(name, _)| *name != "XPC_SERVICE_NAME")
                    .map(|(name, value)| (name.to_owned(), value.to_owned()))
                    .collect();
            }
            _ => block.for_each(drop),
        }
    }
    printed
}

/// Reads `launchctl list`: `PID`, `Status`, `Label` between tabs, after a heading (docs/mac-facts.md#launchd-list).
pub fn parse_list(text: &str) -> BTreeMap<String, Listed> {
    text.lines()
        .skip(1)
        .filter_map(|line| {
            let mut columns = line.splitn(3, '\t');
            let (pid, status, label) = (columns.next()?, columns.next()?, columns.next()?);
            Some((label.to_owned(), Listed { pid: pid.parse().ok(), status: status.parse().unwrap_or(0) }))
        })
        .collect()
}

/// The labels that `launchctl print-disabled` calls `disabled`, or `true` before Ventura (docs/mac-facts.md#launchd-override).
pub fn parse_disabled(text: &str) -> Vec<String> {
    text.lines()
        .filter_map(|line| line.trim().split_once("\" => "))
        .filter(|(_, value)| matches!(*value, "disabled" | "true"))
        .map(|(label, _)| label.trim_start_matches('"').to_owned())
        .collect()
}

/// What an exit code of launchctl means, for people (docs/mac-facts.md#launchd-exit-codes).
pub fn meaning(code: i32) -> &'static str {
    match code {
        2 => "no such file",
        3 => "no such job",
        5 => "still settling, already loaded, switched off or a bad property list",
        17 | 37 => "already loaded",
        36 => "still in progress",
        109 => "not a property list",
        112 => "no such domain",
        113 => "not loaded",
        119 => "switched off by an override",
        122 => "bad owner or mode of the property list",
        124 => "the session is ending",
        125 => "no graphical session",
        134 => "not for this kind of session",
        155 => "quarantined",
        161 => "switched off in System Settings, Login Items",
        _ => "see `launchctl error CODE`",
    }
}
