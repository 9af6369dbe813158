use std::{collections::BTreeMap, time::Duration};

use anyhow::{Result, anyhow, bail, ensure};
use camino::{Utf8Path, Utf8PathBuf};

use super::{
    Content, Fault, Mac, Program, Sim, USER, answering::FAR, converse, internet, machine::refused, secrets,
    tool,
};
use crate::machine::{Change, Command, Kind, Look, Outcome, Output, Quiet, Sudo, Tell, not_own};

/// What a change of the file system takes, and what one takes that is synced.
const FILE: Duration = Duration::from_micros(100);
const SYNCED: Duration = Duration::from_millis(5);

/// What a person takes to type a password.
const TYPING: Duration = Duration::from_secs(4);

/// Makes a change as forgectl's own user.
pub(super) fn perform(sim: &Sim, change: &Change, tell: &dyn Tell) -> Result<Outcome> {
    match change {
        Change::Write { path, content, mode } => file(sim, SYNCED, |mac| write(mac, path, content, *mode)),
        Change::Render { path, content, secrets: folder } => {
            file(sim, SYNCED, |mac| secrets::render(mac, path, content, folder))
        }
        Change::MakeDir { path, mode } => file(sim, FILE, |mac| make_dir(mac, path, *mode)),
        Change::Remove { path } => file(sim, FILE, |mac| match mac.disk.node(path) {
            Some(_) => remove(mac, path),
            None => Ok(()),
        }),
        Change::RemoveTree { path } => file(sim, FILE, |mac| match mac.disk.node(path) {
            Some(_) => remove_tree(mac, path),
            None => Ok(()),
        }),
        Change::Move { from, to } => file(sim, FILE, |mac| {
            if mac.disk.node(from).is_none() && mac.disk.node(to).is_some() {
                return Ok(());
            }
            own_file(mac, to)?;
            let now = mac.state.now;
            mac.disk.rename(USER, from, to, now).map_err(|error| refused(from, &error))
        }),
        Change::Run(command) | Change::Try(command) => Ok(Outcome::Ran(run(sim, command, tell))),
        Change::Send(order) | Change::Use(order) => {
            Ok(Outcome::Reply(converse::request(sim, &converse::Asked::of(order), tell)?))
        }
        Change::Engine(socket, change) => {
            Ok(Outcome::Engine(tool::docker::change(sim, socket, change, tell)?))
        }
        Change::Append { path, line } => file(sim, SYNCED, |mac| {
            let mut before = own_file(mac, path)?;
            if before.last().is_some_and(|&last| last != b'\n') {
                before.push(b'\n');
            }
            let text = [before.as_slice(), line.as_bytes(), b"\n"].concat();
            put(mac, path, text, 0o600)
        }),
        Change::Keep { path, content } => file(sim, SYNCED, |mac| {
            own_file(mac, path)?;
            put(mac, path, content.clone(), 0o600)
        }),
        Change::MakeSecret { path, shape } => file(sim, SYNCED, |mac| secrets::make(mac, path, shape)),
        Change::Supersede { from, to } => file(sim, SYNCED, |mac| secrets::supersede(mac, from, to)),
        Change::Fetch { url, sha256, path } => fetch(sim, url, sha256, path, tell),
        Change::Forget { path } => file(sim, FILE, |mac| match mac.disk.node(path) {
            Some(_) => remove(mac, path),
            None => Ok(()),
        }),
        Change::Lock { path, note } => lock(sim, path, note),
        Change::Sudo(Sudo::Ask { reasons }) => Ok(Outcome::Ran(ask(sim, reasons))),
        Change::Sudo(Sudo::Keep) => {
            let now = sim.now();
            sim.life().renewing.get_or_insert(now);
            Ok(Outcome::Done)
        }
        Change::Sudo(Sudo::Release) => {
            sim.life().renewing = None;
            Ok(Outcome::Done)
        }
        Change::Awake => Ok(awake(sim)),
    }
}

/// A change of files that takes so long. A forgectl that is killed meanwhile has not made it.
fn file(sim: &Sim, takes: Duration, act: impl FnOnce(&mut Mac) -> Result<()>) -> Result<Outcome> {
    sim.pass(takes);
    sim.alive()?;
    sim.with_mac(act)?;
    Ok(Outcome::Done)
}

fn fetch(sim: &Sim, url: &str, sha256: &str, path: &Utf8Path, tell: &dyn Tell) -> Result<Outcome> {
    sim.with_mac(|mac| mac.state.meter.requests += 1);
    sim.pass(FAR);
    sim.alive()?;
    let fetched = sim.with_mac(|mac| {
        own_file(mac, path)?;
        Ok::<_, anyhow::Error>(internet::fetch(mac, url))
    })?;
    let rate = sim.with_mac(|mac| mac.state.bandwidth.max(1));
    sim.pass(Duration::from_millis(fetched.bytes * 8 * 1000 / rate));
    sim.alive()?;
    sim.with_mac(|mac| mac.state.meter.downloaded += fetched.bytes);
    tell.bytes(fetched.bytes, fetched.total);
    let found = fetched.whole.map_err(|why| anyhow!("fetching `{url}`: {why}"))?;
    ensure!(found == sha256, "fetching `{url}`: its SHA-256 is {found}, and not {sha256}");
    sim.with_mac(|mac| {
        if mac.state.faults.take(Fault::DiskFull) {
            return Err(refused(path, &std::io::ErrorKind::StorageFull.into()));
        }
        internet::store(mac, path, fetched.bytes, sha256).map_err(|error| refused(path, &error))
    })?;
    Ok(Outcome::Done)
}

fn run(sim: &Sim, command: &Command, tell: &dyn Tell) -> Output {
    sim.with_mac(|mac| mac.state.meter.processes += 1);
    let mark = command.done_mark;
    let environment = command.environment.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
    let environment = environment.filter(|_| !command.root).collect();
    sim.execute(sim.caller(), &command.full_argv(), &environment, Some(command.limit), mark, tell)
}

pub(super) fn write(mac: &mut Mac, path: &Utf8Path, content: &[u8], mode: u32) -> Result<()> {
    let target = mac.disk.resolve(path).unwrap_or_else(|| path.to_owned());
    if let Some(node) = mac.disk.node(&target) {
        if node.acl {
            bail!("`{target}` has an access control list");
        }
        if node.immutable {
            bail!("`{target}` is immutable");
        }
    }
    put(mac, path, content.to_owned(), mode)
}

pub(super) fn put(mac: &mut Mac, path: &Utf8Path, content: Vec<u8>, mode: u32) -> Result<()> {
    if mac.state.faults.take(Fault::DiskFull) {
        return Err(refused(path, &std::io::ErrorKind::StorageFull.into()));
    }
    let now = mac.state.now;
    mac.disk.write(USER, path, Content::Bytes(content), mode, now).map_err(|error| refused(path, &error))
}

fn make_dir(mac: &mut Mac, path: &Utf8Path, mode: u32) -> Result<()> {
    let there = mac.disk.resolve(path).and_then(|real| mac.disk.node(&real));
    if there.is_some_and(|node| node.kind == Kind::Folder) {
        return Ok(());
    }
    let now = mac.state.now;
    mac.disk.make_dir(USER, path, mode, now).map_err(|error| refused(path, &error))
}

fn remove(mac: &mut Mac, path: &Utf8Path) -> Result<()> {
    let now = mac.state.now;
    mac.disk.remove(USER, path, now).map_err(|error| refused(path, &error))
}

fn remove_tree(mac: &mut Mac, path: &Utf8Path) -> Result<()> {
    if mac.disk.node(path).is_some_and(|node| node.kind == Kind::Folder) {
        for name in mac.disk.list(USER, path).map_err(|error| refused(path, &error))? {
            remove_tree(mac, &path.join(name))?;
        }
    }
    remove(mac, path)
}

/// Makes the folders (0700) of a file of forgectl's own, and refuses what is not its own to write; answers with the file's
/// content, if there is one.
pub(super) fn own_file(mac: &mut Mac, path: &Utf8Path) -> Result<Vec<u8>> {
    let mut missing: Vec<Utf8PathBuf> = vec![];
    for folder in path.ancestors().skip(1).take_while(|folder| mac.disk.resolve(folder).is_none()) {
        missing.push(folder.to_owned());
    }
    for folder in missing.iter().rev() {
        make_dir(mac, folder, 0o700)?;
    }
    let state = mac.home().join(".local/state/forgectl");
    let folder = path.parent().unwrap_or(path);
    for own in folder.ancestors().take_while(|above| *above == folder || above.starts_with(&state)) {
        judge(mac, own, Kind::Folder)?;
    }
    judge(mac, path, Kind::File)?;
    match mac.disk.read(USER, path) {
        Ok(content) => Ok(content.bytes(u64::MAX).unwrap_or_default().into_owned()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(vec![]),
        Err(error) => Err(refused(path, &error)),
    }
}

fn judge(mac: &Mac, path: &Utf8Path, kind: Kind) -> Result<()> {
    let Some(node) = mac.disk.node(path) else { return Ok(()) };
    ensure!(node.kind == kind, "`{path}` is not what forgectl keeps there");
    not_own(path, node.uid, USER, node.mode).map_or(Ok(()), |problem| Err(problem.into()))
}

fn lock(sim: &Sim, path: &Utf8Path, note: &str) -> Result<Outcome> {
    sim.pass(SYNCED);
    sim.alive()?;
    match sim.locks.take(path, note) {
        Err(holder) => Ok(Outcome::Busy(holder)),
        Ok(hold) => {
            sim.with_mac(|mac| {
                own_file(mac, path)?;
                put(mac, path, note.as_bytes().to_owned(), 0o600)
            })?;
            Ok(Outcome::Locked(hold))
        }
    }
}

/// `sudo -v`, which asks the person unless there is a ticket.
fn ask(sim: &Sim, reasons: &[String]) -> Output {
    let caller = sim.caller();
    sim.with_mac(|mac| mac.state.meter.processes += 1);
    let asks = sim.can_ask && sim.with_mac(|mac| tool::sudo::would_ask(mac, caller));
    if asks {
        sim.pass(TYPING);
        let right = sim.person.lock().is_ok_and(|mut person| person.password(reasons));
        if !right {
            sim.with_mac(|mac| mac.state.meter.sudo_questions += 1);
            let stderr = "sudo: 3 incorrect password attempts\n".to_owned();
            return Output { code: 1, stdout: String::new(), stderr };
        }
    }
    let argv = ["/usr/bin/sudo", "-v"].map(str::to_owned);
    let output = sim.execute(caller, &argv, &BTreeMap::new(), None, None, &Quiet);
    if output.ok() {
        let now = sim.now();
        sim.life().renewing.get_or_insert(now);
    }
    output
}

/// `caffeinate -i -w` on forgectl's own process.
fn awake(sim: &Sim) -> Outcome {
    let mut life = *sim.life();
    if life.awake.is_none() {
        sim.pass(tool::takes(&["/usr/bin/caffeinate".to_owned()]));
        let argv = ["/usr/bin/caffeinate", "-i", "-w", &life.pid.to_string()].map(str::to_owned).to_vec();
        life.awake = Some(sim.with_mac(|mac| {
            mac.state.meter.processes += 1;
            mac.spawn_process(USER, argv, [].into(), Program::Idle)
        }));
        sim.life().awake = life.awake;
    }
    Outcome::Done
}
