//! A Mac in a folder: real files, real executables that hand over to the simulated tools, real processes of launchd and a
//! real HTTP server in Ollama's place. Its state lies beside its files and has one user at a time.

mod create;
mod disk;
mod exec;
mod handing;
mod host;
mod kept;
mod layout;
mod programs;
mod pull;
mod serve;
mod supervise;

use std::collections::BTreeMap;

use anyhow::Result;
use camino::{Utf8Path, Utf8PathBuf};

use super::Served;
use crate::machine::local::Outside;

pub use create::create;
pub use exec::{Asker, exec};
pub use handing::hand_over_uv;
pub use kept::Opened;
pub use supervise::{end_all, keep, supervise};

/// The folder that is `/` of the Mac in `folder`, for [`crate::machine::local::Local::under`].
pub fn root(folder: &Utf8Path) -> Result<Utf8PathBuf> {
    Ok(kept::find(folder)?.root())
}

/// Where the Mac in `folder` really finds what its Internet has, for [`crate::machine::local::Local::reaching_only`].
pub fn outside(folder: &Utf8Path) -> Result<Outside> {
    let opened = Opened::open(folder)?;
    let internet = &opened.mac.state.internet;
    let really =
        |(url, file): (&String, &Served)| Some((url.clone(), (file.really_at.clone()?, file.sha256.clone())));
    let files = internet.files.iter().filter_map(really).collect();
    let reached = Outside { files, hosts: internet.hosts.clone() };
    opened.close()?;
    Ok(reached)
}

/// Lets the Mac in `folder` find servers of other machines, by origin, at origins on this one.
pub fn reach(folder: &Utf8Path, hosts: BTreeMap<String, String>) -> Result<()> {
    let mut opened = Opened::open(folder)?;
    opened.mac.state.internet.hosts.extend(hosts);
    opened.close()
}

/// The Mac in `folder` as it is now, in memory and on its own from here on.
pub fn copy(folder: &Utf8Path) -> Result<super::Mac> {
    let opened = Opened::open(folder)?;
    let copy = opened.copy();
    opened.close()?;
    copy
}
