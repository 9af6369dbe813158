use anyhow::{Context, Result};
use camino::{Utf8Path, Utf8PathBuf};
use jiff::{SignedDuration, Timestamp};

use super::{
    disk::FolderDisk,
    kept::{FIRST_UNREAL, Opened},
    layout::Layout,
    programs::Programs,
};
use crate::{
    machine::local::{Files, offspring},
    sim::{Disk, Mac, Spec, USER, permission},
    value::Problem,
};

/// How long a fresh Mac has been up.
const UP: SignedDuration = SignedDuration::from_mins(10);

/// Makes a fresh Mac in a folder, which must be empty or not there; its parent folder must be. `forgectl` is the program
/// that its tools hand over to.
pub fn create(folder: &Utf8Path, spec: &Spec, seed: u64, forgectl: &Utf8Path) -> Result<()> {
    let layout = Layout::of(&place(folder)?)?;
    let here = Files::here();
    for made in [layout.folder(), &layout.root(), &layout.jobs()] {
        if here.stat(made).with_context(|| format!("looking at `{made}`"))?.is_none() {
            here.make_dir(made, 0o700).with_context(|| format!("making the folder `{made}`"))?;
        }
    }
    let lock = offspring::lock(&layout.lock())?;
    let mut mac = Mac::new(spec, seed);
    begin_now(&mut mac, offspring::real_time());
    let memory = mac.disk.memory().context("a fresh Mac's files are in memory")?;
    let programs = Programs { forgectl: forgectl.to_owned(), folder: layout.folder().to_owned() };
    let disk = FolderDisk::new(layout.files(), programs);
    disk.lay_out(memory).with_context(|| format!("laying out `{}`", layout.root()))?;
    let (groups, space) = (permission::groups(USER, mac.is_admin()), memory.space());
    let held = disk.held();
    disk.note(|table| {
        table.groups = groups;
        table.room = Some((space.free.saturating_add(held), space.total));
    })?;
    Opened::with(layout, forgectl.to_owned(), mac.state, lock).close()
}

/// Where a new Mac goes; refuses a folder that holds anything.
fn place(folder: &Utf8Path) -> Result<Utf8PathBuf> {
    let files = Files::here();
    let absolute = camino::absolute_utf8(folder).with_context(|| format!("the path `{folder}`"))?;
    match files.list(&absolute) {
        Ok(names) if names.is_empty() => {}
        Ok(_) => {
            let what = format!("the folder `{folder}` is not empty");
            return Err(Problem::mac(what)
                .hint("a new Mac needs an empty folder, or the path of a new one")
                .into());
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(error).with_context(|| format!("looking into `{folder}`")),
    }
    let (parent, name) = (absolute.parent(), absolute.file_name());
    let (parent, name) = parent.zip(name).with_context(|| format!("`{folder}` is no path of a folder"))?;
    let looking = || format!("looking for the folder `{parent}`");
    let parent = files.resolve(parent).with_context(looking)?;
    Ok(parent.with_context(|| format!("{}: there is none", looking()))?.join(name))
}

/// Lets the Mac begin at the present, since real programs look at its files with a real clock; and keeps the ids of
/// processes that are none apart from those of real ones.
fn begin_now(mac: &mut Mac, now: Timestamp) {
    let state = &mut mac.state;
    state.now = now;
    state.boot = now.checked_sub(UP).unwrap_or(now);
    state.processes = std::mem::take(&mut state.processes)
        .into_values()
        .map(|process| crate::sim::Process {
            started: state.boot,
            pid: process.pid + FIRST_UNREAL,
            ..process
        })
        .map(|process| (process.pid, process))
        .collect();
    state.next_pid += FIRST_UNREAL;
}
