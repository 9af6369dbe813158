use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use camino::Utf8PathBuf;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Child, Definition, DomainTarget, Identity};
use crate::sim::{Session, USER};

/// launchd: its domains with their jobs, and what outlives them.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
pub struct Launchd {
    /// The domains of users that are there now.
    pub sessions: BTreeSet<DomainTarget>,
    /// Loaded jobs by domain and label.
    pub jobs: BTreeMap<DomainTarget, BTreeMap<String, Job>>,
    /// Overrides by owner and label: whether it is enabled. They outlive jobs, property lists and reboots.
    pub overrides: BTreeMap<String, BTreeMap<String, bool>>,
    /// Labels by owner that a person switched off under Login Items (docs/mac-facts.md#launchd-reload-notifies).
    pub switched_off: BTreeMap<String, BTreeSet<String>>,
    /// What `launchctl setenv` left, by domain; gone after a reboot (docs/mac-facts.md#launchd-job-environment).
    pub environment: BTreeMap<DomainTarget, BTreeMap<String, String>>,
    /// Whether the data volume waits for a password since the last start (docs/mac-facts.md#filevault-boot).
    pub locked: bool,
    /// Processes that a job's own process starts again whenever they end.
    pub children: Vec<Child>,
    /// How many jobs were ever loaded; numbers what `print` shows of them.
    pub loads: u64,
}

/// A loaded job.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Job {
    /// Its property list; `None` for one that an application submitted.
    pub plist: Option<Utf8PathBuf>,
    /// What was read from it.
    pub definition: Definition,
    /// The program as it was when the job was loaded or first started.
    pub identity: Option<Identity>,
    /// Whether a start failed since the program is another one now.
    pub identity_stale: bool,
    /// Its process.
    pub pid: Option<u32>,
    /// How often it was started.
    pub runs: u64,
    /// How the run before ended.
    pub last: Option<Exit>,
    /// When it was last started.
    pub started: Option<Timestamp>,
    /// When launchd starts it next.
    pub spawn_at: Option<Timestamp>,
    /// How and when its process will end by itself.
    pub ending: Option<Ending>,
    /// The last signal that launchd sent to its process.
    pub signalled: Option<i32>,
    /// When launchd sends SIGKILL.
    pub kill_at: Option<Timestamp>,
    /// Whether it was booted out and goes with its process (docs/mac-facts.md#launchd-bootout-async).
    pub leaving: bool,
    /// Its number among all loads.
    pub number: u64,
}

/// The end that awaits a process.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Ending {
    /// When.
    pub at: Timestamp,
    /// How.
    pub exit: Exit,
    /// What it says on standard error at that.
    pub says: String,
}

/// How a process ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Exit {
    /// With this code.
    Code(i32),
    /// By this signal.
    Signal(i32),
}

impl Exit {
    /// launchd could not start the program as its property list says (docs/mac-facts.md#launchd-plist-keys).
    pub const CONFIG: Self = Self::Code(78);

    /// From an exit code, or minus a signal.
    pub fn from_status(status: i32) -> Self {
        if status < 0 { Self::Signal(-status) } else { Self::Code(status) }
    }

    /// An exit code, or minus the signal.
    pub fn status(self) -> i32 {
        match self {
            Self::Code(code) => code,
            Self::Signal(signal) => -signal,
        }
    }

    /// As `wait` reports it: the code in the second byte, or the signal in the first.
    pub fn wait_status(self) -> i32 {
        match self {
            Self::Code(code) => code << 8,
            Self::Signal(signal) => signal,
        }
    }
}

/// The errno or number of launchd's own with which a request was refused (docs/mac-facts.md#launchd-exit-codes).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Refusal(pub i32);

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(super::text_of(self.0))
    }
}

impl Launchd {
    /// launchd of a Mac that is up, its user at the screen or connected over SSH.
    pub fn new(session: Session) -> Self {
        let mut launchd = Self::default();
        launchd.sessions.insert(DomainTarget::User(USER));
        if session == Session::Gui {
            launchd.sessions.insert(DomainTarget::Gui(USER));
        }
        launchd
    }

    /// Whether a domain is there.
    pub fn has(&self, domain: DomainTarget) -> bool {
        domain == DomainTarget::System || self.sessions.contains(&domain)
    }

    /// A loaded job.
    pub fn job(&self, domain: DomainTarget, label: &str) -> Option<&Job> {
        self.jobs.get(&domain)?.get(label)
    }

    /// The same, to change it.
    pub fn job_mut(&mut self, domain: DomainTarget, label: &str) -> Option<&mut Job> {
        self.jobs.get_mut(&domain)?.get_mut(label)
    }

    /// All loaded jobs with their domains.
    pub fn all_jobs(&self) -> impl Iterator<Item = (DomainTarget, &Job)> {
        self.jobs.iter().flat_map(|(domain, jobs)| jobs.values().map(move |job| (*domain, job)))
    }

    /// Whether an override, or without one the property list, keeps a label from being loaded.
    pub fn disabled(&self, domain: DomainTarget, definition: &Definition) -> bool {
        let set = self.overrides.get(&domain.owner()).and_then(|labels| labels.get(&definition.label));
        set.map_or(definition.disabled, |enabled| !enabled)
    }
}

impl Job {
    /// As `print` calls its state (docs/mac-facts.md#launchd-print-state).
    pub fn state(&self) -> &'static str {
        match (self.pid, self.signalled, self.spawn_at) {
            (Some(_), Some(9), _) => "SIGKILLed",
            (Some(_), Some(_), _) => "SIGTERMed",
            (Some(_), None, _) => "running",
            (None, _, Some(_)) => "spawn scheduled",
            (None, _, None) => "not running",
        }
    }
}
