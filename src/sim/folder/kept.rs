use anyhow::{Context, Result};
use camino::{Utf8Path, Utf8PathBuf};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{disk::FolderDisk, host::FolderHost, layout::Layout, programs::Programs};
use crate::{
    machine::{
        Kind, Space,
        local::{
            Files,
            offspring::{self, Locked},
        },
    },
    sim::{Mac, MemoryDisk, Program, State, tool::launchd},
    value::Problem,
};

/// What stands in `mac.json`.
#[derive(Serialize, Deserialize)]
struct Kept<S> {
    /// The shape of what follows.
    version: u32,
    /// When it was written, by the clock of this machine.
    at: Timestamp,
    /// The forgectl that its programs hand over to.
    forgectl: Utf8PathBuf,
    state: S,
}

const VERSION: u32 = 1;

/// Process ids from here on are those of processes that are none: real ones are smaller on every system.
pub(super) const FIRST_UNREAL: u32 = 5_000_000;

/// A Mac in a folder while somebody works with it; nobody else does meanwhile.
pub struct Opened {
    /// The Mac.
    pub mac: Mac,
    pub(super) layout: Layout,
    forgectl: Utf8PathBuf,
    lock: Locked,
}

impl Opened {
    /// Waits until nobody works with the Mac in `folder`, and brings it up to the present: its clock goes on with real time.
    pub fn open(folder: &Utf8Path) -> Result<Self> {
        // Before the lock is made: nothing is written into a folder of somebody else's.
        let layout = find(folder)?;
        let files = Files::here();
        let lock = offspring::lock(&layout.lock())
            .with_context(|| format!("waiting for the lock `{}`", layout.lock()))?;
        let bytes =
            files.read_all(&layout.state()).with_context(|| format!("reading `{}`", layout.state()))?;
        let Kept { at, forgectl, state, .. } =
            read(&bytes).with_context(|| format!("`{}`", layout.state()))?;
        let mut opened = Self::with(layout, forgectl, state, lock);
        opened.forget_ended_servers();
        let now = opened.mac.state.now;
        let passed = offspring::real_time().duration_since(at).max(jiff::SignedDuration::ZERO);
        let before = opened.pids();
        opened.mac.advance_to(now.checked_add(passed).unwrap_or(now));
        if opened.pids() != before {
            // Should this process be killed, the processes that were just started stay known.
            opened.save()?;
        }
        Ok(opened)
    }

    pub(super) fn with(layout: Layout, forgectl: Utf8PathBuf, state: State, lock: Locked) -> Self {
        let programs = Programs { forgectl: forgectl.clone(), folder: layout.folder().to_owned() };
        let disk = Box::new(FolderDisk::new(layout.files(), programs));
        let host = Box::new(FolderHost::new(layout.clone(), forgectl.clone()));
        Self { mac: Mac { state, disk, host: Some(host) }, layout, forgectl, lock }
    }

    /// Keeps what has become of it, for the next one, and lets somebody look after what launchd still has to do.
    pub fn close(self) -> Result<()> {
        let due = launchd::due(&self.mac.state).is_some();
        self.save()?;
        let Self { layout, forgectl, lock, .. } = self;
        drop(lock);
        if due { super::supervise::start_keeper(&layout, &forgectl) } else { Ok(()) }
    }

    /// The same Mac in memory, without its processes of launchd.
    pub fn copy(&self) -> Result<Mac> {
        let Space { free, total } = self.mac.disk.space();
        let mut disk = MemoryDisk::new(self.mac.is_admin(), free, total, self.mac.state.now);
        let mut paths = vec![Utf8PathBuf::from("/")];
        while let Some(path) = paths.pop() {
            let node = self.mac.disk.node(&path).with_context(|| format!("copying `{path}`"))?;
            if node.kind == Kind::Folder {
                let names = self.mac.disk.list(0, &path).with_context(|| format!("listing `{path}`"))?;
                paths.extend(names.into_iter().map(|name| path.join(name)));
            }
            disk.put(&path, node);
        }
        Ok(Mac { state: self.mac.state.clone(), disk: Box::new(disk), host: None })
    }

    pub(super) fn save(&self) -> Result<()> {
        let at = offspring::real_time();
        let kept = Kept { version: VERSION, at, forgectl: self.forgectl.clone(), state: &self.mac.state };
        let path = self.layout.state();
        offspring::put(&path, &serde_json::to_vec(&kept)?).with_context(|| format!("writing `{path}`"))
    }

    fn pids(&self) -> Vec<u32> {
        self.mac.state.launchd.all_jobs().filter_map(|(_, job)| job.pid).collect()
    }

    /// Servers that were killed could not take themselves off the table.
    fn forget_ended_servers(&mut self) {
        let layout = &self.layout;
        self.mac.state.processes.retain(|pid, process| {
            let real = *pid < FIRST_UNREAL && matches!(process.program, Program::Ollama(_));
            !real || matches!(offspring::try_lock(&layout.alive(*pid)), Ok(None))
        });
    }
}

/// Where everything of the Mac in `folder` lies, if there is one.
pub(super) fn find(folder: &Utf8Path) -> Result<Layout> {
    let files = Files::here();
    let real = camino::absolute_utf8(folder).and_then(|absolute| files.resolve(&absolute));
    let real = real.map_err(|error| none_there(folder).why(error.to_string()))?;
    let layout = Layout::of(&real.ok_or_else(|| none_there(folder))?)?;
    match files.stat(&layout.state()).context("looking for a Mac")? {
        Some(_) => Ok(layout),
        None => Err(none_there(folder).into()),
    }
}

fn read(bytes: &[u8]) -> Result<Kept<State>> {
    #[derive(Deserialize)]
    struct Versioned {
        version: u32,
    }
    let Versioned { version } = serde_json::from_slice(bytes).context("this is no Mac")?;
    anyhow::ensure!(version == VERSION, "a Mac of version {version}; this forgectl reads version {VERSION}");
    serde_json::from_slice(bytes).context("this Mac is damaged")
}

fn none_there(folder: &Utf8Path) -> Problem {
    Problem::manifest(format!("there is no Mac in the folder `{folder}`"))
}
