use camino::{Utf8Path, Utf8PathBuf};

use crate::{machine::local::Files, value::Problem};

/// The longest path of a Mac is 1023 bytes; so much is kept for what lies under its folder.
const LONGEST: usize = 511;

/// Where everything of a Mac in a folder lies.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    folder: Utf8PathBuf,
}

impl Layout {
    /// Of the Mac in `folder`, an absolute path without links.
    pub(super) fn of(folder: &Utf8Path) -> Result<Self, Problem> {
        if !folder.is_absolute() {
            return Err(Problem::bug(format!("`{folder}` is no absolute path")));
        }
        let length = folder.as_str().len();
        if length > LONGEST {
            let what =
                format!("the path of a Mac in a folder is too long: {length} bytes, {LONGEST} at most");
            return Err(Problem::mac(what).why(format!("`{folder}`")).hint("choose a shorter path"));
        }
        Ok(Self { folder: folder.to_owned() })
    }

    pub(super) fn folder(&self) -> &Utf8Path {
        &self.folder
    }

    /// `/` of the Mac.
    pub(super) fn root(&self) -> Utf8PathBuf {
        self.folder.join("root")
    }

    /// All of its state but the files.
    pub(super) fn state(&self) -> Utf8PathBuf {
        self.folder.join("mac.json")
    }

    /// Held by whoever works with the state.
    pub(super) fn lock(&self) -> Utf8PathBuf {
        self.folder.join("mac.lock")
    }

    /// There, and held by the maker, while a Mac is made: one that nobody holds is left of a maker that was killed.
    pub(super) fn making(&self) -> Utf8PathBuf {
        self.folder.join("mac.making")
    }

    /// What is noted of running processes.
    pub(super) fn jobs(&self) -> Utf8PathBuf {
        self.folder.join("jobs")
    }

    /// Held as long as a process lives, by its supervisor.
    pub(super) fn alive(&self, pid: u32) -> Utf8PathBuf {
        self.jobs().join(format!("{pid}.lock"))
    }

    /// The process that looks after a process.
    pub(super) fn supervisor(&self, pid: u32) -> Utf8PathBuf {
        self.jobs().join(format!("{pid}.supervisor"))
    }

    /// When a process began: another one with its id began at another time.
    pub(super) fn began(&self, pid: u32) -> Utf8PathBuf {
        self.jobs().join(format!("{pid}.began"))
    }

    /// How a process ended: its exit code, or minus the signal.
    pub(super) fn ended(&self, pid: u32) -> Utf8PathBuf {
        self.jobs().join(format!("{pid}.ended"))
    }

    /// All that is noted of a process.
    pub(super) fn notes(&self, pid: u32) -> [Utf8PathBuf; 4] {
        [self.ended(pid), self.began(pid), self.alive(pid), self.supervisor(pid)]
    }

    /// Held by the process that lets launchd act when something is due.
    pub(super) fn keeper(&self) -> Utf8PathBuf {
        self.jobs().join("keeper.lock")
    }

    /// The files of the Mac.
    pub(super) fn files(&self) -> Files {
        Files::under(&self.root())
    }
}
