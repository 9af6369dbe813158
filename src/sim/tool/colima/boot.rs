use std::time::Duration;

use camino::Utf8PathBuf;
use serde::{Deserialize, Serialize};

use super::{
    call::Call,
    files, line,
    machine::{self, Size, Stage, Vm},
};
use crate::sim::{Fault, Mac, clock::after, tool::launchd};

/// What happens while a machine comes up, in this order.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// The disk of the machine is fetched where it is not kept yet.
    Fetch,
    /// Lima starts it.
    Start,
    /// It has booted, and docker is set up in it.
    Provision,
    /// docker is started.
    Engine,
}

/// Bytes of the machine's own disk as it is fetched (docs/service-facts.md#colima-start).
const IMAGE: u64 = 390_000_000;

const SHORT: Duration = Duration::from_millis(400);
const FIRST_START: Duration = Duration::from_secs(34);
const START: Duration = Duration::from_secs(13);
const PROVISION: Duration = Duration::from_secs(3);
const ENGINE: Duration = Duration::from_secs(4);

/// Why a start fails before anything is done, with what it says: exit 1.
pub(super) fn hindrance(mac: &Mac, call: &Call) -> Option<String> {
    if !call.finds(mac, "limactl") {
        return Some(line(
            mac,
            "fatal",
            "dependency check failed for VM: lima not found, run 'brew install lima' to install",
        ));
    }
    if !call.finds(mac, "docker") {
        return Some(line(
            mac,
            "fatal",
            "dependency check failed for docker: docker not found, run 'brew install docker' to install",
        ));
    }
    None
}

/// A start begins: the flags are saved before anything else is looked at. `Err`: it ends at once, with what it says and its code.
pub(super) fn begin(
    mac: &mut Mac,
    call: &Call,
    says: Option<(u32, Option<Utf8PathBuf>)>,
) -> Result<Vec<String>, (i32, String)> {
    if let Some(why) = hindrance(mac, call) {
        return Err((1, why));
    }
    let profile = call.profile.as_str();
    let saved = files::saved(mac, &call.home, profile);
    let mut size = call.size(saved).map_err(|why| (1, line(mac, "fatal", &why)))?;
    files::save(mac, call, size);
    let known = mac.state.machines.get(profile).cloned();
    if known.as_ref().is_some_and(|vm| vm.runs() || matches!(vm.stage, Stage::Booting { .. })) {
        return Err((0, line(mac, "warning", "already running, ignoring")));
    }
    if known.as_ref().is_some_and(|vm| vm.stage == Stage::Broken) {
        let why = "error starting vm: error at 'starting': exit status 1";
        return Err((1, line(mac, "fatal", why)));
    }
    let name = if profile == "default" { "colima".to_owned() } else { format!("colima [profile={profile}]") };
    let mut lines =
        vec![line(mac, "info", &format!("starting {name}")), line(mac, "info", "runtime: docker")];
    // A machine of which nothing is left on the disk is none.
    let there = known.filter(|vm| files::is_made(mac, &vm.home, profile));
    if let Some(before) = there.as_ref().map(|vm| vm.size) {
        size = grown(mac, before, size, &mut lines);
    }
    let next = if there.is_some() { Phase::Start } else { Phase::Fetch };
    let at = after(mac.state.now, SHORT);
    let stage = Stage::Booting { next, at, agent: None, says };
    let (home, docker) = (call.home.clone(), call.docker.clone());
    let socket = home.join(profile).join("docker.sock");
    if machine::is_lost(mac, &socket) {
        mac.state.engines.remove(&socket);
    }
    mac.state.machines.insert(profile.to_owned(), Vm { home, docker, uid: call.uid, size, stage });
    Ok(lines)
}

/// The disk only grows (docs/service-facts.md#colima-files).
fn grown(mac: &Mac, before: Size, mut wanted: Size, lines: &mut Vec<String>) -> Size {
    if wanted.disk < before.disk {
        lines.push(line(mac, "warning", "disk size cannot be reduced, ignoring..."));
        wanted.disk = before.disk;
    } else if wanted.disk > before.disk {
        lines.push(line(mac, "info", &format!("resizing disk to {}GiB...", wanted.disk)));
    }
    wanted
}

/// One phase happens, and the next is due.
pub(super) fn go_on(
    mac: &mut Mac,
    profile: &str,
    phase: Phase,
    agent: Option<u32>,
    says: Option<(u32, Option<Utf8PathBuf>)>,
) {
    let Some(vm) = mac.state.machines.get(profile).cloned() else { return };
    let say = |mac: &mut Mac, said: &str| {
        let Some((pid, Some(path))) = &says else { return };
        if mac.state.processes.contains_key(pid) {
            let text = line(mac, "info", said);
            launchd::say(mac, vm.uid, Some(path), &[text]);
        }
    };
    let (next, takes, agent) = match phase {
        Phase::Fetch => {
            let mut takes = Duration::ZERO;
            if !files::image_is_kept(mac, vm.uid) {
                say(mac, "downloading disk image ...");
                if mac.state.faults.take(Fault::NetworkGone) {
                    return fail(mac, profile, says.map(|(pid, _)| pid));
                }
                takes = Duration::from_millis(IMAGE * 8 * 1000 / mac.state.bandwidth.max(1));
                mac.state.meter.downloaded += IMAGE;
            }
            (Phase::Start, takes, None)
        }
        Phase::Start => {
            let first = !files::is_made(mac, &vm.home, profile);
            say(mac, if first { "creating and starting ..." } else { "starting ..." });
            if files::make(mac, profile, &vm, IMAGE).is_err() {
                return fail(mac, profile, says.map(|(pid, _)| pid));
            }
            let agent = machine::agent(mac, profile);
            (Phase::Provision, if first { FIRST_START } else { START }, Some(agent))
        }
        Phase::Provision => {
            say(mac, "provisioning ...");
            (Phase::Engine, PROVISION, agent)
        }
        Phase::Engine => {
            say(mac, "starting ...");
            if let Some(agent) = agent {
                machine::up(mac, profile, agent);
            }
            say(mac, "done");
            say(mac, "keeping Colima in the foreground, press ctrl+c to exit...");
            return;
        }
    };
    let takes = if next == Phase::Engine { takes + ENGINE } else { takes };
    let at = after(mac.state.now, takes);
    if let Some(vm) = mac.state.machines.get_mut(profile) {
        vm.stage = Stage::Booting { next, at, agent, says };
    }
}

/// It does not come up: the process that brought it ends with 1.
fn fail(mac: &mut Mac, profile: &str, pid: Option<u32>) {
    machine::down(mac, profile);
    let why = "error starting vm: error at 'creating and starting': exit status 1";
    let said = line(mac, "fatal", why);
    if let Some(pid) = pid {
        super::ended(mac, pid, 1, &said);
    }
}
