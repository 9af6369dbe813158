//! Reading what the Mac's own tools print, or keep on its disk. Each file states the format and where it is known from.

pub mod brew;
pub mod colima;
pub mod docker;
pub mod launchctl;
pub mod lsof;
pub mod ollama;
pub mod pmset;
pub mod ps;
pub mod softwareupdate;
pub mod sysctl;
pub mod uv;
pub mod venv;
