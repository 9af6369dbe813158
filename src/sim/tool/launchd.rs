//! launchd itself: domains, jobs and overrides.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::sim::Mac;

/// launchd's memory.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Launchd {}

impl Launchd {
    /// What two Macs are compared by: jobs with their definitions and overrides that switch one off (a missing override
    /// and an enabled one are equal), without times, counts and process ids.
    pub fn describe(&self) -> BTreeMap<String, String> {
        BTreeMap::new()
    }
}

/// Brings launchd up to the Mac's clock.
pub fn settle(_: &mut Mac) {}
