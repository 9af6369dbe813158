use std::{collections::BTreeMap, net::IpAddr, time::Duration};

use anyhow::{Context, Result, bail};
use camino::{Utf8Path, Utf8PathBuf};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Caller, Disk, Host, MemoryDisk, Process, Program, Spec, SudoMode, clock, permission, tool};
use crate::{machine::DockerVariables, value::PowerSource};

/// A simulated Mac: its state, its files, and where its processes run when they are real.
pub struct Mac {
    /// All that is kept between calls, but the files.
    pub state: State,
    /// Its files.
    pub disk: Box<dyn Disk>,
    /// Where launchd's processes run; `None`: in [`State::processes`] alone.
    pub host: Option<Box<dyn Host>>,
}

/// All that a simulated Mac keeps between calls, but its files.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct State {
    /// What it was made as.
    pub spec: Spec,
    /// Its virtual clock.
    pub now: Timestamp,
    /// When it was started.
    pub boot: Timestamp,
    /// The seed of all that is left to chance.
    pub seed: u64,
    /// How often forgectl's secrets were made, by file.
    #[serde(default)]
    pub secrets_made: BTreeMap<Utf8PathBuf, u32>,
    /// Bits per second of its line to the Internet.
    pub bandwidth: u64,
    /// Its addresses beside those of loopback; a server can listen on no other.
    #[serde(default)]
    pub addresses: Vec<IpAddr>,
    /// Power settings a source, in the order that `pmset` prints them.
    pub power: BTreeMap<PowerSource, Vec<(String, String)>>,
    /// `pmset`'s system-wide `SleepDisabled`, once it was set.
    pub sleep_disabled: Option<bool>,
    /// Running processes by id; those of a Mac in a folder that are real ones have their real ids.
    pub processes: BTreeMap<u32, Process>,
    /// The next process id.
    pub next_pid: u32,
    /// launchd: domains, jobs, overrides.
    pub launchd: tool::launchd::Launchd,
    /// What Apple's update server offers, and how it behaves.
    pub updates: tool::softwareupdate::Updates,
    /// What the Internet has for it.
    #[serde(default)]
    pub internet: super::Internet,
    /// What Homebrew offers, and what of it is at work.
    #[serde(default)]
    pub brew: tool::brew::Brew,
    /// What the Python registry has otherwise than usual.
    #[serde(default)]
    pub registry: tool::uv::Registry,
    /// Container engines.
    #[serde(default)]
    pub engines: tool::docker::Engines,
    /// Applications that bring a container engine.
    #[serde(default)]
    pub apps: tool::apps::Apps,
    /// Virtual machines of Colima's.
    #[serde(default)]
    pub machines: tool::colima::Machines,
    /// sudo's tickets.
    pub sudo: tool::sudo::Tickets,
    /// Dialogs that popped up on the screen: nobody is there to click.
    pub dialogs: Vec<String>,
    /// Whether FileVault is on.
    pub filevault: bool,
    /// `ZDOTDIR` as the user's shells have it.
    #[serde(default)]
    pub zdotdir: Option<Utf8PathBuf>,
    /// What the user's shells tell the docker CLI.
    #[serde(default)]
    pub docker: DockerVariables,
    /// The only way out of its network, a proxy, which forgectl's own environment names.
    #[serde(default)]
    pub proxy: Option<String>,
    /// Whether forgectl was started by root.
    #[serde(default)]
    pub root: bool,
    /// Whether forgectl, and what it starts, runs translated (docs/mac-facts.md#rosetta).
    #[serde(default)]
    pub translated: bool,
    /// What is to go wrong.
    pub faults: super::Faults,
    /// What was counted.
    pub meter: super::Meter,
}

/// A Mac as it is kept in a file.
#[derive(Serialize, Deserialize)]
struct Kept<S, D> {
    /// The shape of what follows.
    version: u32,
    state: S,
    disk: D,
}

const VERSION: u32 = 1;

/// A process that accepts connections.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Socket {
    /// Its process.
    pub pid: u32,
    /// That one's user.
    pub uid: u32,
    /// The name of its program.
    pub command: String,
    /// `127.0.0.1`, another address of this Mac, or `*`.
    pub address: String,
    /// TCP port.
    pub port: u16,
}

impl Mac {
    /// Whether the ordinary user is an administrator.
    pub fn is_admin(&self) -> bool {
        self.state.spec.sudo != SudoMode::Denied
    }

    /// The home folder of the ordinary user.
    pub fn home(&self) -> Utf8PathBuf {
        Utf8Path::new("/Users").join(&self.state.spec.user)
    }

    /// The name of a user.
    pub fn user_name(&self, uid: u32) -> String {
        match uid {
            0 => "root".to_owned(),
            super::USER => self.state.spec.user.clone(),
            other => other.to_string(),
        }
    }

    /// Lets time pass, and what happens in it happen.
    pub fn advance(&mut self, time: Duration) {
        self.advance_to(clock::pass(self.state.now, time));
    }

    /// Lets time pass until `now`; the clock never goes back.
    pub fn advance_to(&mut self, now: Timestamp) {
        tool::ollama::pull::flow(self, now);
        self.state.now = self.state.now.max(now);
        tool::launchd::settle(self);
        tool::docker::settle(self);
    }

    /// Starts a process in the table and answers with its id.
    pub fn spawn_process(
        &mut self,
        uid: u32,
        argv: Vec<String>,
        environment: BTreeMap<String, String>,
        program: Program,
    ) -> u32 {
        let pid = self.state.next_pid;
        self.state.next_pid += 1;
        let started = self.state.now;
        self.state.processes.insert(pid, Process { pid, uid, argv, environment, started, program });
        pid
    }

    /// Sends a signal that ends processes to one of the table; says whether there was one. launchd's own end, and come
    /// back, as launchd has it.
    pub fn kill_process(&mut self, pid: u32, signal: i32) -> bool {
        tool::launchd::signalled(self, pid, signal) || self.state.processes.remove(&pid).is_some()
    }

    /// All that accepts connections on `port`, by the process table.
    pub fn sockets(&self, port: u16) -> Vec<Socket> {
        self.state
            .processes
            .values()
            .flat_map(|process| {
                let command = process.command().to_owned();
                let socket = move |(address, port)| Socket {
                    pid: process.pid,
                    uid: process.uid,
                    command: command.clone(),
                    address,
                    port,
                };
                process.program.listens().into_iter().map(socket)
            })
            .filter(|socket| socket.port == port)
            .collect()
    }

    /// Pops a dialog up on the screen.
    pub fn dialog(&mut self, text: &str) {
        self.state.dialogs.push(text.to_owned());
        self.state.meter.dialogs += 1;
    }

    /// Whether `caller` may go through every folder above `path`.
    pub(super) fn reaches(&self, caller: Caller, path: &Utf8Path) -> bool {
        permission::reaches(&*self.disk, caller.uid, self.is_admin(), path)
    }

    /// The whole Mac as text; only one in memory can be told so.
    pub fn to_json(&self) -> Result<String> {
        let disk = self.disk.memory().context("the files of this Mac are not in memory")?;
        Ok(serde_json::to_string(&Kept { version: VERSION, state: &self.state, disk })?)
    }

    /// The Mac that [`Mac::to_json`] told.
    pub fn from_json(text: &str) -> Result<Self> {
        #[derive(Deserialize)]
        struct Versioned {
            version: u32,
        }
        let Versioned { version } = serde_json::from_str(text).context("this is no simulated Mac")?;
        if version != VERSION {
            bail!("a simulated Mac of version {version}; this forgectl reads version {VERSION}");
        }
        let Kept { state, disk, .. }: Kept<State, MemoryDisk> =
            serde_json::from_str(text).context("this simulated Mac is damaged")?;
        Ok(Self { state, disk: Box::new(disk), host: None })
    }

    /// The same Mac once more; only one in memory can be copied.
    pub fn copy(&self) -> Result<Self> {
        let disk = self.disk.memory().context("the files of this Mac are not in memory")?;
        Ok(Self { state: self.state.clone(), disk: Box::new(disk.clone()), host: None })
    }
}
