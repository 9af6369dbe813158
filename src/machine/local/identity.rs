//! Who forgectl is on the machine.
#![expect(clippy::disallowed_methods, reason = "part of the real adapter")]

use std::{env, process};

use anyhow::{Context, Result, ensure};
use camino::{Utf8Path, Utf8PathBuf};
use nix::unistd::{Uid, User};

use super::{far, files::Files, owners::USER, sudo};
use crate::machine::{DockerVariables, Identity, Kind, Output};

/// Who runs this process. `groups` is what `id -G` printed: nested groups are known to it alone.
pub(super) fn here(groups: &Output) -> Result<Identity> {
    let uid = Uid::effective();
    let user = User::from_uid(uid)
        .context("reading the user database")?
        .with_context(|| format!("the user {uid} has no entry in the user database"))?;
    ensure!(groups.ok(), "`id -G` answered: {}", groups.said());
    let home = match absolute("HOME") {
        Some(home) => home,
        None => Utf8PathBuf::try_from(user.dir).context("reading the path of the home folder")?,
    };
    let state = absolute("XDG_STATE_HOME").unwrap_or_else(|| home.join(".local/state"));
    Ok(Identity {
        uid: uid.as_raw(),
        gid: user.gid.as_raw(),
        groups: groups.stdout.split_whitespace().filter_map(|group| group.parse().ok()).collect(),
        user: user.name,
        state: state.join("forgectl"),
        home,
        zdotdir: absolute("ZDOTDIR"),
        docker: DockerVariables {
            host: set("DOCKER_HOST"),
            context: set("DOCKER_CONTEXT"),
            config: absolute("DOCKER_CONFIG"),
        },
        pid: process::id(),
        proxy: far::proxy(),
        can_ask: sudo::can_ask(),
    })
}

/// The ordinary user of the Mac in a folder: the owner of a folder in `/Users`. The real user's variables do not reach in.
pub(super) fn under(files: &Files) -> Result<Identity> {
    let users = Utf8Path::new("/Users");
    let names = files.list(users).context("reading `/Users`")?;
    let mut homes = names.iter().filter(|name| *name != "Shared" && !name.starts_with('.')).filter(|name| {
        let stat = files.stat(&users.join(name)).ok().flatten();
        stat.is_some_and(|stat| stat.kind == Kind::Folder && stat.uid == USER)
    });
    let user = homes.next().with_context(|| format!("no folder in `/Users` belongs to the user {USER}"))?;
    let home = users.join(user);
    let table =
        files.owners().map(super::owners::Owners::table).transpose().context("reading `owners.json`")?;
    let groups = table.map(|table| table.groups.clone()).unwrap_or_default();
    Ok(Identity {
        uid: USER,
        gid: groups.first().copied().unwrap_or(USER),
        groups,
        user: user.clone(),
        state: home.join(".local/state/forgectl"),
        home,
        zdotdir: None,
        docker: DockerVariables::default(),
        pid: process::id(),
        proxy: far::proxy(),
        can_ask: sudo::can_ask(),
    })
}

/// A variable that holds an absolute path; the XDG rules say that a relative one counts as not set.
fn absolute(name: &str) -> Option<Utf8PathBuf> {
    env::var(name).ok().map(Utf8PathBuf::from).filter(|path| path.is_absolute())
}

/// A variable that is set, and not empty.
fn set(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}
