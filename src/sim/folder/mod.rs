//! A Mac in a folder: real files, real executables that hand over to the simulated tools, real processes of launchd and a
//! real HTTP server in Ollama's place. Its state lies beside its files and has one user at a time.

mod create;
mod disk;
mod exec;
mod host;
mod kept;
mod layout;
mod programs;
mod serve;
mod supervise;

use anyhow::Result;
use camino::{Utf8Path, Utf8PathBuf};

pub use create::create;
pub use exec::{Asker, exec};
pub use kept::Opened;
pub use supervise::{end_all, keep, supervise};

/// The folder that is `/` of the Mac in `folder`, for [`crate::machine::local::Local::under`].
pub fn root(folder: &Utf8Path) -> Result<Utf8PathBuf> {
    Ok(kept::find(folder)?.root())
}

/// The Mac in `folder` as it is now, in memory and on its own from here on.
pub fn copy(folder: &Utf8Path) -> Result<super::Mac> {
    let opened = Opened::open(folder)?;
    let copy = opened.copy();
    opened.close()?;
    copy
}
