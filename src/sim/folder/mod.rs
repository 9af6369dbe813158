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

use super::{Content, Served};
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
    let reached = Outside { files, hosts: internet.hosts.clone(), engine: internet.engine.clone() };
    opened.close()?;
    Ok(reached)
}

/// Lets the Mac in `folder` find servers of other machines, by origin, at origins on this one.
pub fn reach(folder: &Utf8Path, hosts: BTreeMap<String, String>) -> Result<()> {
    let mut opened = Opened::open(folder)?;
    opened.mac.state.internet.hosts.extend(hosts);
    opened.close()
}

/// Where the docker CLI looks for an engine that nobody names (docs/service-facts.md#docker-endpoint).
const SOCKET: &str = "/private/var/run/docker.sock";

/// Lets the real container engine at the socket `real` of this machine stand for every engine of the Mac in `folder`, and one of
/// them run there, at `/var/run/docker.sock`. An engine of that Mac answers as long as something is at the path of its socket.
pub fn give_engine(folder: &Utf8Path, real: &Utf8Path) -> Result<()> {
    let mut opened = Opened::open(folder)?;
    let (mac, socket) = (&mut opened.mac, Utf8Path::new(SOCKET));
    let now = mac.state.now;
    mac.state.internet.engine = Some(real.to_owned());
    if let Some(above) = socket.parent() {
        mac.disk.make_dirs(0, above, 0o755, now)?;
    }
    mac.disk.write(0, socket, Content::Bytes(vec![]), 0o755, now)?;
    opened.close()
}

/// The Mac in `folder` as it is now, in memory and on its own from here on.
pub fn copy(folder: &Utf8Path) -> Result<super::Mac> {
    let opened = Opened::open(folder)?;
    let copy = opened.copy();
    opened.close()?;
    copy
}
