use std::io;

use camino::Utf8PathBuf;

use super::layout::Layout;
use crate::{
    machine::local::{Files, offspring},
    sim::{Host, Spawn},
};

/// Starts the programs of launchd's jobs for real, each under a supervisor of its own.
pub(super) struct FolderHost {
    layout: Layout,
    forgectl: Utf8PathBuf,
}

impl FolderHost {
    pub(super) fn new(layout: Layout, forgectl: Utf8PathBuf) -> Self {
        Self { layout, forgectl }
    }

    /// Whether the process lives: its supervisor holds a lock as long.
    fn lives(&self, pid: u32) -> bool {
        let known = Files::here().stat(&self.layout.alive(pid)).is_ok_and(|stat| stat.is_some());
        known && matches!(offspring::try_lock(&self.layout.alive(pid)), Ok(None))
    }
}

impl Host for FolderHost {
    fn spawn(&mut self, spawn: &Spawn) -> io::Result<u32> {
        let target = format!("dir:{}", self.layout.folder());
        let arguments = ["sim", "supervise", &target, &spawn.label];
        let said = offspring::delegate(&self.forgectl, &arguments, &serde_json::to_vec(spawn)?)?;
        said.parse().map_err(|_| io::Error::other(format!("`{}`: {said}", spawn.label)))
    }

    fn ended(&mut self, pid: u32) -> Option<i32> {
        let files = Files::here();
        let record = self.layout.ended(pid);
        let recorded =
            files.read(&record).ok().and_then(|text| String::from_utf8(text).ok()?.trim().parse().ok());
        if recorded.is_none() && self.lives(pid) {
            return None;
        }
        if recorded.is_none() {
            // Its supervisor was killed before it could say; nobody looks after the process any more.
            offspring::signal_group(pid, 9);
        }
        for path in [record, self.layout.alive(pid), self.layout.supervisor(pid)] {
            // What stays behind is taken for the rest of another process with this id, and does no harm.
            let _ = files.remove(&path);
        }
        Some(recorded.unwrap_or(-9))
    }

    fn signal(&mut self, pid: u32, signal: i32) -> io::Result<()> {
        if self.lives(pid) && offspring::signal_group(pid, signal) {
            Ok(())
        } else {
            Err(io::ErrorKind::NotFound.into())
        }
    }
}
