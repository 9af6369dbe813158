use std::{
    collections::BTreeMap,
    io::ErrorKind,
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use anyhow::{Result, anyhow, bail};
use camino::Utf8Path;

use super::{Mac, Sim, Socket, converse, disk::LARGEST_READ, internet, machine::refused, permission, tool};
use crate::machine::{Answer, DockerVariables, Identity, Listener, Query, Quiet, tool::lsof};

/// What a call of the file system takes.
const FILE: Duration = Duration::from_micros(100);

/// What is read and hashed in a microsecond.
const HASHED: u64 = 2000;

/// What a connection on the machine itself takes.
pub(super) const CONNECT: Duration = Duration::from_millis(1);

/// What a server far away takes to answer.
pub(super) const FAR: Duration = Duration::from_millis(150);

/// Answers a query as forgectl's own user; nothing but the clock changes.
pub(super) fn answer(sim: &Sim, query: &Query) -> Result<Answer> {
    let uid = sim.caller().uid;
    if !matches!(query, Query::Tool(_) | Query::Engine(..) | Query::Get(_) | Query::Listeners(_)) {
        sim.pass(FILE);
    }
    Ok(match query {
        Query::Read(path) => Answer::Bytes(sim.with_mac(|mac| {
            let Some(content) = there(path, mac.disk.read(uid, path))? else { return Ok(None) };
            match content.bytes(LARGEST_READ) {
                Some(bytes) => Ok(Some(bytes.into_owned())),
                None => Err(anyhow!("`{path}`: {} bytes are too many to read", content.size())),
            }
        })?),
        Query::Part { path, from, most } => Answer::Bytes(sim.with_mac(|mac| {
            let Some(content) = there(path, mac.disk.read(uid, path))? else { return Ok(None) };
            let Some(bytes) = content.bytes(u64::MAX) else { bail!("`{path}`: no bytes of it are kept") };
            let from = usize::try_from(*from).unwrap_or(usize::MAX).min(bytes.len());
            let most = usize::try_from((*most).min(LARGEST_READ)).unwrap_or(usize::MAX);
            Ok(Some(bytes[from..bytes.len().min(from.saturating_add(most))].to_vec()))
        })?),
        Query::Stat(path) => Answer::Stat(sim.with_mac(|mac| {
            seen(mac, sim, path)?;
            Ok::<_, anyhow::Error>(mac.disk.node(path).map(super::Node::stat))
        })?),
        Query::List(path) => Answer::Names(sim.with_mac(|mac| there(path, mac.disk.list(uid, path)))?),
        Query::Resolve(path) => Answer::Path(sim.with_mac(|mac| {
            seen(mac, sim, path)?;
            Ok::<_, anyhow::Error>(mac.disk.resolve(path))
        })?),
        Query::Digest(path) => {
            let size = sim
                .with_mac(|mac| there(path, mac.disk.read(uid, path)))?
                .map_or(0, |content| content.size());
            sim.pass(Duration::from_micros(size / HASHED));
            Answer::Digest(sim.with_mac(|mac| there(path, mac.disk.digest(uid, path)))?)
        }
        Query::Space(_) => Answer::Space(sim.with_mac(|mac| mac.disk.space())),
        Query::Listeners(socket) => Answer::Listeners(listeners(sim, *socket)),
        Query::Identity => Answer::Identity(Box::new(identity(sim))),
        Query::Tool(tool) => {
            sim.with_mac(|mac| mac.state.meter.processes += 1);
            Answer::Ran(sim.execute(sim.caller(), &tool.argv(), &BTreeMap::new(), None, None, &Quiet))
        }
        Query::Engine(socket, query) => Answer::Engine(tool::docker::ask(sim, socket, query)?),
        Query::Get(url) if url.starts_with("https://") => {
            sim.with_mac(|mac| mac.state.meter.requests += 1);
            sim.pass(FAR);
            Answer::Reply(sim.with_mac(|mac| internet::get(mac, url)))
        }
        Query::Get(url) => Answer::Reply(converse::request(sim, &converse::Asked::get(url), &Quiet)?),
    })
}

/// Not being there is an answer; anything else that a file system says is an error.
fn there<T>(path: &Utf8Path, found: std::io::Result<T>) -> Result<Option<T>> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(None),
        Err(error) => Err(refused(path, &error)),
    }
}

/// Fails where forgectl's user may not see what is at `path`.
fn seen(mac: &Mac, sim: &Sim, path: &Utf8Path) -> Result<()> {
    if mac.reaches(sim.caller(), path) { Ok(()) } else { bail!("`{path}`: Permission denied") }
}

fn identity(sim: &Sim) -> Identity {
    let (uid, pid) = (sim.caller().uid, sim.life().pid);
    sim.with_mac(|mac| {
        let groups = permission::groups(uid, mac.is_admin());
        let home = if uid == 0 { "/var/root".into() } else { mac.home() };
        Identity {
            uid,
            gid: permission::STAFF,
            groups,
            user: mac.user_name(uid),
            state: home.join(".local/state/forgectl"),
            home,
            pid,
            can_ask: sim.can_ask,
            proxy: mac.state.proxy.clone(),
            docker: if uid == 0 { DockerVariables::default() } else { mac.state.docker.clone() },
            zdotdir: mac.state.zdotdir.clone().filter(|_| uid != 0),
        }
    })
}

/// A connection is tried first; `lsof` says whose it is, where that may be known (docs/mac-facts.md#lsof-others-hidden).
fn listeners(sim: &Sim, socket: SocketAddr) -> Vec<Listener> {
    sim.pass(CONNECT);
    let everywhere = socket.ip().is_unspecified();
    let tried = if everywhere { SocketAddr::new(Ipv4Addr::LOCALHOST.into(), socket.port()) } else { socket };
    let takes = |held: &Socket| {
        let address = format!("{}:{}", held.address, held.port);
        Listener { pid: None, command: None, address }.overlaps(tried)
    };
    let accepts = || sim.with_mac(|mac| mac.sockets(socket.port()).iter().any(takes));
    let accepted = accepts().then_some(tried);
    if accepted.is_none() && !everywhere {
        return vec![];
    }
    sim.with_mac(|mac| mac.state.meter.processes += 1);
    let argv = lsof::argv(socket.port());
    let output = sim.execute(sim.caller(), &argv, &BTreeMap::new(), None, None, &Quiet);
    lsof::in_the_way(&output.stdout, socket, accepted, |_| accepts())
}
