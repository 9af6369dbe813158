use std::io;

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

/// Makes a fresh Mac in a folder, which must be empty, not there, or hold half of a Mac whose maker was killed; its
/// parent folder must be there. `forgectl` is the program
/// that its tools hand over to.
pub fn create(folder: &Utf8Path, spec: &Spec, seed: u64, forgectl: &Utf8Path) -> Result<()> {
    let layout = Layout::of(&place(folder)?)?;
    let here = Files::here();
    make_folder(&here, layout.folder())?;
    let marker = layout.making();
    let Some(making) = offspring::try_lock(&marker).with_context(|| format!("making `{marker}`"))? else {
        return Err(Problem::mac(format!("another forgectl is making a Mac in `{folder}`")).into());
    };
    clear(&here, &layout)?;
    for made in [&layout.root(), &layout.jobs()] {
        make_folder(&here, made)?;
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
    Opened::with(layout, forgectl.to_owned(), mac.state, lock).close()?;
    here.remove(&marker).with_context(|| format!("removing `{marker}`"))?;
    drop(making);
    Ok(())
}

fn make_folder(here: &Files, folder: &Utf8Path) -> Result<()> {
    match here.make_dir(folder, 0o700) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        made => made.with_context(|| format!("making the folder `{folder}`")),
    }
}

/// Takes away what another maker has left half made.
fn clear(here: &Files, layout: &Layout) -> Result<()> {
    let marker = layout.making();
    let left = here.list(layout.folder()).with_context(|| format!("looking into `{}`", layout.folder()))?;
    if !is_half(&left) {
        // Another maker has come to its end since the first look.
        return Err(taken(layout.folder()).into());
    }
    for path in left.iter().map(|name| layout.folder().join(name)).filter(|path| *path != marker) {
        here.remove_tree(&path).with_context(|| format!("removing `{path}`, half of a Mac"))?;
    }
    Ok(())
}

fn taken(folder: &Utf8Path) -> Problem {
    Problem::mac(format!("the folder `{folder}` is not empty"))
        .hint("a new Mac needs an empty folder, or the path of a new one")
}

/// Where a new Mac goes; refuses a folder that holds anything but half of a Mac.
fn place(folder: &Utf8Path) -> Result<Utf8PathBuf> {
    let files = Files::here();
    let absolute = camino::absolute_utf8(folder).with_context(|| format!("the path `{folder}`"))?;
    match files.list(&absolute) {
        Ok(names) if names.is_empty() || is_half(&names) => {}
        Ok(_) => return Err(taken(folder).into()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error).with_context(|| format!("looking into `{folder}`")),
    }
    let (parent, name) = (absolute.parent(), absolute.file_name());
    let (parent, name) = parent.zip(name).with_context(|| format!("`{folder}` is no path of a folder"))?;
    let looking = || format!("looking for the folder `{parent}`");
    let parent = files.resolve(parent).with_context(looking)?;
    Ok(parent.with_context(|| format!("{}: there is none", looking()))?.join(name))
}

/// Whether a folder with these names holds a Mac whose making was cut short, and nothing else.
fn is_half(names: &[String]) -> bool {
    const OURS: [&str; 8] = [
        "mac.making",
        "root",
        "jobs",
        "mac.lock",
        "owners.json",
        "owners.lock",
        ".owners.json.forgectl",
        ".mac.json.forgectl",
    ];
    names.iter().any(|name| name == "mac.making") && names.iter().all(|name| OURS.contains(&name.as_str()))
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
