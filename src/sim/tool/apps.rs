//! Applications that bring a container engine, and `open` (docs/service-facts.md#docker-desktop, docs/service-facts.md#orbstack).

use std::{collections::BTreeMap, time::Duration};

use camino::{Utf8Path, Utf8PathBuf};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::docker;
use crate::sim::{
    Caller, Content, Mac, Program, Running, State, USER, clock::after, tool::launchd::DomainTarget,
};

/// From being opened to an engine that answers.
const RISES: Duration = Duration::from_secs(28);

/// Docker's own installer, which accepts the licence.
pub(in crate::sim) const INSTALLER: &str = "/Applications/Docker.app/Contents/MacOS/install";

/// The applications that were opened, by their paths.
pub type Apps = BTreeMap<Utf8PathBuf, App>;

/// An application that was opened at least once.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
pub struct App {
    /// Its process.
    pub pid: Option<u32>,
    /// When its engine answers.
    pub ready: Option<Timestamp>,
    /// Whether somebody has gone through its first windows.
    pub clicked: bool,
}

struct Known {
    path: &'static str,
    program: &'static str,
    socket: &'static str,
    machine: &'static str,
    system: &'static str,
}

const KNOWN: [Known; 2] = [
    Known {
        path: "/Applications/Docker.app",
        program: "Docker",
        socket: ".docker/run/docker.sock",
        machine: "docker-desktop",
        system: "Docker Desktop",
    },
    Known {
        path: "/Applications/OrbStack.app",
        program: "OrbStack",
        socket: ".orbstack/run/docker.sock",
        machine: "orbstack",
        system: "OrbStack",
    },
];

/// `open [-g] -a APPLICATION`.
pub(super) fn open(mac: &mut Mac, caller: Caller, arguments: &[String]) -> Running {
    let Some(named) = arguments.iter().skip_while(|word| *word != "-a").nth(1) else {
        return Running::failed(
            1,
            "Usage: open [-e] [-t] [-f] [-W] [-R] [-n] [-g] [-h] [-b <bundle identifier>] [-a <application>] [filenames]\n",
        );
    };
    let known = KNOWN.iter().find(|known| known.path == named || known.program == named);
    let Some(known) = known.filter(|known| mac.disk.resolve(Utf8Path::new(known.path)).is_some()) else {
        return Running::failed(1, format!("Unable to find application named '{named}'\n"));
    };
    if !mac.state.launchd.has(DomainTarget::Gui(caller.uid)) {
        return Running::failed(
            1,
            format!(
                "The application {} cannot be opened for an unexpected reason, error=Error Domain=NSOSStatusErrorDomain Code=-10810\n",
                known.path
            ),
        );
    }
    let path = Utf8PathBuf::from(known.path);
    if mac.state.apps.get(&path).is_some_and(|app| app.pid.is_some()) {
        return Running::default();
    }
    let program = format!("{path}/Contents/MacOS/{}", known.program);
    let pid = mac.spawn_process(caller.uid, vec![program], BTreeMap::new(), Program::Idle);
    let app = mac.state.apps.entry(path.clone()).or_default();
    app.pid = Some(pid);
    let clicked = app.clicked || (known.program == "Docker" && is_accepted(mac));
    if clicked {
        rise(mac, &path);
    } else {
        mac.dialog(&format!("{} wants its first windows to be gone through", known.program));
    }
    Running::default()
}

fn rise(mac: &mut Mac, path: &Utf8Path) {
    let ready = after(mac.state.now, RISES);
    if let Some(app) = mac.state.apps.get_mut(path) {
        app.ready = Some(ready);
    }
}

/// Somebody at the screen goes through the windows of an application that is open.
pub fn click(mac: &mut Mac, path: &Utf8Path) {
    if let Some(app) = mac.state.apps.get_mut(path) {
        app.clicked = true;
        rise(mac, path);
    }
}

fn settings(mac: &Mac) -> Utf8PathBuf {
    mac.home().join("Library/Group Containers/group.com.docker/settings-store.json")
}

fn is_accepted(mac: &Mac) -> bool {
    mac.disk.node(&settings(mac)).is_some()
}

/// `install --accept-license --user=USER`, as root.
pub(super) fn install(mac: &mut Mac, caller: Caller, arguments: &[String]) -> Running {
    if caller.uid != 0 {
        return Running::failed(1, "this command must be run as root\n");
    }
    let user = format!("--user={}", mac.user_name(USER));
    if !arguments.contains(&"--accept-license".to_owned()) || !arguments.contains(&user) {
        return Running::failed(1, "unknown user\n");
    }
    Running::default().then(Duration::from_secs(3), |mac, output| {
        let (path, now) = (settings(mac), mac.state.now);
        let text = Content::Bytes(b"{\n  \"LicenseTermsVersion\": 2\n}\n".to_vec());
        let made = mac.disk.make_dirs(USER, path.parent().unwrap_or(&path), 0o755, now);
        if made.and_then(|()| mac.disk.write(USER, &path, text, 0o644, now)).is_err() {
            output.code = 1;
        }
    })
}

/// When an engine is due, and whose.
pub(in crate::sim) fn due(state: &State) -> Option<(Timestamp, Utf8PathBuf)> {
    state.apps.iter().filter_map(|(path, app)| Some((app.ready?, path.clone()))).min()
}

/// The engine of an application answers.
pub(in crate::sim) fn happen(mac: &mut Mac, path: &Utf8Path) {
    let Some(known) = KNOWN.iter().find(|known| known.path == path) else { return };
    if let Some(app) = mac.state.apps.get_mut(path) {
        app.ready = None;
    }
    let (socket, now) = (mac.home().join(known.socket), mac.state.now);
    let machine = docker::Machine {
        name: known.machine.to_owned(),
        system: known.system.to_owned(),
        memory: mac.state.spec.memory / 2,
        cpus: 8,
    };
    let folder = mac.disk.make_dirs(USER, socket.parent().unwrap_or(&socket), 0o755, now);
    if folder.and_then(|()| mac.disk.write(USER, &socket, Content::Bytes(vec![]), 0o755, now)).is_err() {
        return;
    }
    mac.state.engines.entry(socket).or_insert_with(|| docker::Engine::new(machine)).start(now);
}

/// An application that was killed, or taken away, takes its engine along.
pub(in crate::sim) fn look_after(mac: &mut Mac) {
    let now = mac.state.now;
    for known in &KNOWN {
        let path = Utf8Path::new(known.path);
        let Some(pid) = mac.state.apps.get(path).and_then(|app| app.pid) else { continue };
        // Homebrew has it quit before it takes it away.
        let there = mac.disk.resolve(path).is_some();
        if there && mac.state.processes.contains_key(&pid) {
            continue;
        }
        mac.state.processes.remove(&pid);
        if let Some(app) = mac.state.apps.get_mut(path) {
            app.pid = None;
            app.ready = None;
        }
        let socket = mac.home().join(known.socket);
        if let Some(engine) = mac.state.engines.get_mut(&socket) {
            engine.stop(now);
        }
        let _absent = mac.disk.remove(USER, &socket, now);
    }
}
