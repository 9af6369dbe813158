use std::io;

use camino::{Utf8Path, Utf8PathBuf};

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

    fn recorded(&self, pid: u32) -> Option<i32> {
        noted(&self.layout.ended(pid))?.parse().ok()
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
        let recorded = match self.recorded(pid) {
            Some(end) => Some(end),
            None if self.lives(pid) => return None,
            // It may have ended between the two looks.
            None => self.recorded(pid),
        };
        if recorded.is_none() {
            // Its supervisor was killed before it could say; nobody looks after the process any more.
            kill_own(&self.layout, pid);
        }
        for path in self.layout.notes(pid) {
            // What stays behind is taken for the rest of another process with this id, and does no harm.
            let _ = Files::here().remove(&path);
        }
        Some(recorded.unwrap_or(-9))
    }

    fn signal(&mut self, pid: u32, signal: i32) -> io::Result<()> {
        if self.recorded(pid).is_none() && self.lives(pid) && offspring::signal_group(pid, signal) {
            Ok(())
        } else {
            Err(io::ErrorKind::NotFound.into())
        }
    }
}

/// Kills a process that has lost its supervisor, with its group, if it is still the one that was started for the Mac. Its
/// id alone proves nothing: the system may have given it to somebody else's process since.
pub(super) fn kill_own(layout: &Layout, pid: u32) {
    let began = noted(&layout.began(pid));
    if began.is_some() && began == offspring::began(pid) {
        offspring::signal_group(pid, 9);
    }
}

fn noted(path: &Utf8Path) -> Option<String> {
    let text = String::from_utf8(Files::here().read(path).ok()?).ok()?;
    Some(text.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::local::offspring::{Begun, Start};

    fn place() -> (tempfile::TempDir, FolderHost) {
        let folder = tempfile::tempdir().expect("a folder");
        let layout = Layout::of(Utf8Path::from_path(folder.path()).expect("UTF-8")).expect("short");
        Files::here().make_dir(&layout.jobs(), 0o700).expect("made");
        (folder, FolderHost::new(layout, "/nowhere".into()))
    }

    fn process() -> Begun {
        let start = Start {
            program: "/bin/sleep".into(),
            arguments: vec!["60".into()],
            environment: std::collections::BTreeMap::new(),
            folder: "/".into(),
            outputs: [None, None],
        };
        start.begin().expect("started")
    }

    #[test]
    fn a_process_that_only_has_the_id_of_ours_is_left_alone() {
        let (_folder, mut host) = place();
        let stranger = process();
        let pid = stranger.pid();
        assert_eq!(host.ended(pid), Some(-9), "nothing is known of it");
        offspring::put(&host.layout.began(pid), b"Thu Jan  1 00:00:00 1970").expect("noted");
        assert_eq!(host.ended(pid), Some(-9), "ours was another");
        offspring::signal_group(pid, 15);
        assert_eq!(stranger.end().expect("ended"), -15, "by nobody but this test");
    }

    #[test]
    fn ours_that_has_lost_its_supervisor_is_killed() {
        let (_folder, mut host) = place();
        let ours = process();
        let began = offspring::began(ours.pid()).expect("it runs");
        offspring::put(&host.layout.began(ours.pid()), began.as_bytes()).expect("noted");
        assert_eq!(host.ended(ours.pid()), Some(-9));
        assert_eq!(ours.end().expect("ended"), -9);
    }
}
