//! Colima: virtual machines with a container engine in each (docs/service-facts.md#colima-start and the sections after it).
//! What Lima does for it is told with it.

mod boot;
mod call;
mod commands;
mod files;
mod job;
mod machine;

pub use machine::{Machines, Stage, Vm};

pub(in crate::sim) use commands::{in_foreground, interrupted, is_at, run};
pub(in crate::sim) use job::{begin, ended, keeps_up, terminated};
pub(in crate::sim) use machine::{due, happen, is_lost, look_after, shut_down};

use crate::sim::Mac;

/// How logrus writes a line where nobody sits at a terminal.
fn line(mac: &Mac, level: &str, said: &str) -> String {
    let time = mac.state.now.strftime("%Y-%m-%dT%H:%M:%SZ");
    format!("time=\"{time}\" level={level} msg=\"{}\"", said.replace('"', "\\\""))
}
