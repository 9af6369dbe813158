use std::{collections::BTreeMap, time::Duration};

use camino::{Utf8Path, Utf8PathBuf};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{boot, files};
use crate::sim::{Mac, Program, State, clock::after, tool::docker};

/// The machines of a Mac, by profile.
pub type Machines = BTreeMap<String, Vm>;

/// What stopping one takes, docker and its containers first.
pub(super) const STOPPING: Duration = Duration::from_secs(9);

/// How large a machine is.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Size {
    /// Processors.
    pub cpus: u32,
    /// MiB of memory.
    pub memory: u32,
    /// GiB of disk.
    pub disk: u32,
}

/// A virtual machine.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Vm {
    /// Colima's folder.
    pub home: Utf8PathBuf,
    /// Where docker's contexts are told.
    pub docker: Utf8PathBuf,
    /// Its user.
    pub uid: u32,
    /// What it was last started as.
    pub size: Size,
    /// How far it is.
    pub stage: Stage,
}

/// How far a machine is.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// It does not run.
    Down,
    /// It comes up.
    Booting {
        /// What happens next.
        next: boot::Phase,
        /// When.
        at: Timestamp,
        /// Lima's own process, once it is there.
        agent: Option<u32>,
        /// Where what Colima says goes, as long as its process lives.
        says: Option<(u32, Option<Utf8PathBuf>)>,
    },
    /// It runs.
    Up {
        /// Lima's own process.
        agent: u32,
    },
    /// It goes down.
    Stopping {
        /// When it is down.
        at: Timestamp,
        /// Lima's own process.
        agent: u32,
    },
    /// Its processes were killed, and its disk is still marked as in use (docs/service-facts.md#colima-broken).
    Broken,
}

impl Vm {
    /// Where its engine listens.
    pub fn socket(&self, profile: &str) -> Utf8PathBuf {
        self.home.join(profile).join("docker.sock")
    }

    /// Lima's own process.
    pub(super) fn agent(&self) -> Option<u32> {
        match self.stage {
            Stage::Up { agent } | Stage::Stopping { agent, .. } => Some(agent),
            Stage::Booting { agent, .. } => agent,
            Stage::Down | Stage::Broken => None,
        }
    }

    /// Whether Lima calls it running: it does as soon as its own process is there.
    pub(super) fn runs(&self) -> bool {
        self.agent().is_some()
    }
}

/// When something is due of a machine, and of which.
pub(in crate::sim) fn due(state: &State) -> Option<(Timestamp, String)> {
    let dues = state.machines.iter().filter_map(|(profile, vm)| match &vm.stage {
        Stage::Booting { at, .. } | Stage::Stopping { at, .. } => Some((*at, profile.clone())),
        Stage::Down | Stage::Up { .. } | Stage::Broken => None,
    });
    dues.min()
}

/// What was due happens.
pub(in crate::sim) fn happen(mac: &mut Mac, profile: &str) {
    match mac.state.machines.get(profile).map(|vm| vm.stage.clone()) {
        Some(Stage::Booting { next, agent, says, .. }) => boot::go_on(mac, profile, next, agent, says),
        Some(Stage::Stopping { .. }) => down(mac, profile),
        _ => {}
    }
}

/// A machine whose own process was killed is broken: its engine is gone, its socket and its marks stay behind.
pub(in crate::sim) fn look_after(mac: &mut Mac) {
    let gone: Vec<String> = mac
        .state
        .machines
        .iter()
        .filter(|(_, vm)| vm.agent().is_some_and(|agent| !mac.state.processes.contains_key(&agent)))
        .map(|(profile, _)| profile.clone())
        .collect();
    for profile in gone {
        let now = mac.state.now;
        if let Some(vm) = mac.state.machines.get_mut(&profile) {
            vm.stage = Stage::Broken;
            let socket = vm.socket(&profile);
            engine_stops(mac, &socket, now);
        }
    }
}

/// Whether the engine at `socket` is one of Colima's whose disk is gone, and with it all that it kept.
pub(in crate::sim) fn is_lost(mac: &Mac, socket: &Utf8Path) -> bool {
    let folder = socket.parent().unwrap_or(socket);
    let (home, profile) = (folder.parent().unwrap_or(folder), folder.file_name().unwrap_or_default());
    let engine = mac.state.engines.get(socket);
    engine.is_some_and(|engine| engine.machine.name == files::instance_name(profile))
        && !files::has_data(mac, home, profile)
}

fn engine_stops(mac: &mut Mac, socket: &Utf8PathBuf, now: Timestamp) {
    if let Some(engine) = mac.state.engines.get_mut(socket) {
        engine.stop(now);
    }
}

/// It begins to go down; says when it will be.
pub(super) fn stop(mac: &mut Mac, profile: &str) -> Option<Timestamp> {
    let at = after(mac.state.now, STOPPING);
    let vm = mac.state.machines.get_mut(profile)?;
    let agent = vm.agent()?;
    vm.stage = Stage::Stopping { at, agent };
    Some(at)
}

/// It is down, whatever it was before.
pub(super) fn down(mac: &mut Mac, profile: &str) {
    let now = mac.state.now;
    let Some(vm) = mac.state.machines.get_mut(profile) else { return };
    let agent = vm.agent();
    vm.stage = Stage::Down;
    let vm = vm.clone();
    if let Some(agent) = agent {
        mac.state.processes.remove(&agent);
    }
    engine_stops(mac, &vm.socket(profile), now);
    files::down(mac, profile, &vm);
}

/// The Mac goes down, and every machine with it, in good order.
pub(in crate::sim) fn shut_down(mac: &mut Mac) {
    let up: Vec<String> =
        mac.state.machines.iter().filter(|(_, vm)| vm.runs()).map(|(name, _)| name.clone()).collect();
    for profile in up {
        down(mac, &profile);
    }
    // What was only fetched so far is fetched anew.
    for vm in mac.state.machines.values_mut() {
        if matches!(vm.stage, Stage::Booting { .. }) {
            vm.stage = Stage::Down;
        }
    }
}

/// Its engine answers from now on.
pub(super) fn up(mac: &mut Mac, profile: &str, agent: u32) {
    let now = mac.state.now;
    let Some(vm) = mac.state.machines.get_mut(profile) else { return };
    vm.stage = Stage::Up { agent };
    let vm = vm.clone();
    let machine = docker::Machine {
        name: files::instance_name(profile),
        system: "Ubuntu 24.04.3 LTS".to_owned(),
        // The kernel keeps some for itself.
        memory: (u64::from(vm.size.memory) << 20) / 1000 * 971,
        cpus: vm.size.cpus,
    };
    let engine =
        mac.state.engines.entry(vm.socket(profile)).or_insert_with(|| docker::Engine::new(machine.clone()));
    engine.machine = machine;
    engine.start(now);
    files::up(mac, profile, &vm);
}

/// Lima's own process for a machine.
pub(super) fn agent(mac: &mut Mac, profile: &str) -> u32 {
    let Some(vm) = mac.state.machines.get(profile).cloned() else { return 0 };
    let folder = files::instance(&vm.home, profile);
    let words = [
        "/opt/homebrew/bin/limactl".to_owned(),
        "hostagent".to_owned(),
        "--pidfile".to_owned(),
        folder.join("ha.pid").into_string(),
        "--socket".to_owned(),
        folder.join("ha.sock").into_string(),
        files::instance_name(profile),
    ];
    let agent = mac.spawn_process(vm.uid, words.into(), BTreeMap::new(), Program::Idle);
    files::agent(mac, profile, &vm, agent);
    agent
}
