use std::{collections::BTreeMap, time::Duration};

use camino::{Utf8Path, Utf8PathBuf};

use super::{Definition, DomainTarget, Ending, Exit, Identity, environment, outputs};
use crate::{
    machine::Kind,
    sim::{
        Mac, Process, Program, Spawn,
        clock::after,
        guarded::keeps_out,
        tool::{colima, ollama},
    },
};

/// How long a server lives that fails at its start.
const STILLBORN: Duration = Duration::from_millis(80);

/// Starts a job's process now, as the job was loaded.
pub(super) fn spawn(mac: &mut Mac, domain: DomainTarget, label: &str) {
    let now = mac.state.now;
    let Some(job) = mac.state.launchd.job_mut(domain, label) else { return };
    job.runs += 1;
    job.started = Some(now);
    job.spawn_at = None;
    job.ending = None;
    job.signalled = None;
    job.kill_at = None;
    let (definition, pinned) = (job.definition.clone(), job.identity.clone());
    if pinned.is_some_and(|pinned| !pinned.holds(mac.disk.as_ref(), &definition.program)) {
        // Which of the two ends a Mac reports differs between reports; the newer releases say 78.
        let exit = if super::release(mac) >= 26 { Exit::CONFIG } else { Exit::Signal(9) };
        if let Some(job) = mac.state.launchd.job_mut(domain, label) {
            job.identity_stale = true;
        }
        super::reap(mac, domain, label, exit);
        return;
    }
    match launch(mac, domain, &definition) {
        Ok((pid, ending)) => {
            let identity = Identity::of(mac.disk.as_ref(), &definition.program);
            if let Some(job) = mac.state.launchd.job_mut(domain, label) {
                job.pid = Some(pid);
                job.ending = ending;
                job.identity = job.identity.take().or(identity);
            }
        }
        Err(exit) => super::reap(mac, domain, label, exit),
    }
}

/// What `xpcproxy` does between launchd and the program: folder, outputs, then the program itself; whatever it
/// cannot do is a 78 (docs/mac-facts.md#launchd-plist-keys).
fn launch(
    mac: &mut Mac,
    domain: DomainTarget,
    definition: &Definition,
) -> Result<(u32, Option<Ending>), Exit> {
    let uid = environment::uid(mac, domain, definition);
    let folder_is_there = |mac: &Mac, path: &Utf8PathBuf| {
        mac.disk.resolve(path).and_then(|path| mac.disk.node(&path)).is_some_and(|it| it.kind == Kind::Folder)
    };
    if definition
        .directory
        .as_ref()
        .is_some_and(|path| keeps_out(&*mac.disk, path) || !folder_is_there(mac, path))
    {
        return Err(Exit::CONFIG);
    }
    for path in [&definition.stdout, &definition.stderr].into_iter().flatten() {
        if keeps_out(&*mac.disk, path) || !outputs::open(mac, domain, uid, path) {
            return Err(Exit::CONFIG);
        }
    }
    let real =
        mac.disk.resolve(Utf8Path::new(&definition.program)).filter(|real| !keeps_out(&*mac.disk, real));
    let real = real.filter(|real| {
        mac.disk.node(real).is_some_and(|node| node.kind == Kind::File && node.mode & 0o111 != 0)
    });
    let real = real.ok_or(Exit::CONFIG)?;
    let variables = environment::of(mac, domain, definition);
    if mac.host.is_some() {
        return real_process(mac, uid, definition, variables).map(|pid| (pid, None));
    }
    if colima::is_at(&real) {
        let (arguments, stderr) = (definition.arguments.clone(), definition.stderr.clone());
        let pid = mac.spawn_process(uid, arguments.clone(), variables.clone(), Program::Idle);
        let words = arguments.get(1..).unwrap_or_default();
        let (lines, ending) = colima::begin(mac, pid, uid, words, &variables, stderr.clone());
        outputs::say(mac, uid, stderr.as_deref(), &lines);
        return Ok((pid, ending));
    }
    let server =
        ollama::Binary::at(&real).filter(|_| definition.arguments.get(1).is_some_and(|it| it == "serve"));
    let (program, ending) = match server {
        None => (Program::Idle, None),
        Some(binary) => match ollama::launch(mac, uid, &variables, &binary, true) {
            Ok((server, lines)) => {
                outputs::say(mac, uid, definition.stderr.as_deref(), &lines);
                (Program::Ollama(Box::new(server)), None)
            }
            Err((code, says)) => {
                let at = after(mac.state.now, STILLBORN);
                (Program::Idle, Some(Ending { at, exit: Exit::Code(code), says }))
            }
        },
    };
    Ok((mac.spawn_process(uid, definition.arguments.clone(), variables, program), ending))
}

/// Starts it outside, on a Mac in a folder.
fn real_process(
    mac: &mut Mac,
    uid: u32,
    definition: &Definition,
    environment: BTreeMap<String, String>,
) -> Result<u32, Exit> {
    let mut argv = definition.arguments.clone();
    if let Some(first) = argv.first_mut() {
        first.clone_from(&definition.program);
    }
    let spawn = Spawn {
        label: definition.label.clone(),
        argv,
        environment,
        directory: definition.directory.clone(),
        stdout: definition.stdout.clone(),
        stderr: definition.stderr.clone(),
    };
    let pid = mac.host.as_mut().and_then(|host| host.spawn(&spawn).ok()).ok_or(Exit::CONFIG)?;
    let Spawn { environment, .. } = spawn;
    let (argv, started) = (definition.arguments.clone(), mac.state.now);
    let process = Process { pid, uid, argv, environment, started, program: Program::Idle };
    mac.state.processes.insert(pid, process);
    Ok(pid)
}
