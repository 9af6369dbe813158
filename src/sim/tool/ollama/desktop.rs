//! Ollama's desktop app (docs/mac-facts.md#ollama-desktop-app).

use std::{collections::BTreeMap, io};

use camino::Utf8Path;

use crate::sim::{
    Content, Mac, USER,
    clock::after,
    tool::launchd::{Child, Definition, DomainTarget, KeepAlive, insert},
};

const PROGRAM: &str = "/Applications/Ollama.app/Contents/MacOS/Ollama";
const SERVER: &str = "/Applications/Ollama.app/Contents/Resources/ollama";

/// Its login item.
const LABEL: &str = "com.ollama.ollama";

/// Installs the app and opens it: it takes the port that its settings name, and comes back at every login.
pub fn with_desktop_app(mac: &mut Mac) -> io::Result<()> {
    let now = mac.state.now;
    for (program, size) in [(PROGRAM, 9_400_000), (SERVER, 34_000_000)] {
        let program = Utf8Path::new(program);
        mac.disk.make_dirs(0, program.parent().unwrap_or(program), 0o755, now)?;
        mac.disk.write(0, program, Content::Made { size, seed: size }, 0o755, now)?;
    }
    start_at_login(mac);
    Ok(())
}

/// What a graphical login does where the app is installed and not switched off.
pub(in crate::sim::tool) fn start_at_login(mac: &mut Mac) {
    let domain = DomainTarget::Gui(USER);
    let off = mac.state.launchd.switched_off.get(&domain.owner()).is_some_and(|off| off.contains(LABEL));
    let set = mac.state.launchd.overrides.get(&domain.owner()).and_then(|labels| labels.get(LABEL));
    if off || set == Some(&false) || mac.disk.resolve(Utf8Path::new(PROGRAM)).is_none() {
        return;
    }
    insert(mac, domain, None, definition());
    let own = [
        ("HOME", mac.home().to_string()),
        ("PATH", "/usr/bin:/bin:/usr/sbin:/sbin".to_owned()),
        ("USER", mac.state.spec.user.clone()),
        ("OLLAMA_NO_CLOUD", "false".to_owned()),
    ];
    // What `launchctl setenv` left reaches the app, which hands it down (docs/mac-facts.md#launchd-job-environment).
    let mut environment: BTreeMap<String, String> =
        mac.state.launchd.environment.get(&domain).cloned().unwrap_or_default();
    environment.extend(own.map(|(name, value)| (name.to_owned(), value)));
    mac.state.launchd.children.push(Child {
        label: LABEL.to_owned(),
        uid: USER,
        argv: vec![SERVER.to_owned(), "serve".to_owned()],
        environment,
        pid: None,
        restart_at: Some(after(mac.state.now, std::time::Duration::from_millis(600))),
    });
}

fn definition() -> Definition {
    Definition {
        label: LABEL.to_owned(),
        program: PROGRAM.to_owned(),
        inferred: false,
        arguments: vec![PROGRAM.to_owned()],
        environment: BTreeMap::new(),
        directory: None,
        stdout: None,
        stderr: None,
        run_at_load: true,
        keep_alive: KeepAlive::No,
        throttle: 10,
        exit_timeout: 5,
        process_type: Some("Interactive".to_owned()),
        user: None,
        group: None,
        sessions: None,
        umask: None,
        nice: None,
        disabled: false,
    }
}
