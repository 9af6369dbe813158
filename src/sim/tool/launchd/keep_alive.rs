use std::collections::BTreeMap;

use camino::Utf8PathBuf;
use plist::Value;
use serde::{Deserialize, Serialize};

use super::Exit;
use crate::sim::Disk;

/// When launchd starts a job again by itself (docs/mac-facts.md#launchd-keepalive).
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeepAlive {
    /// Never.
    #[default]
    No,
    /// Whenever it has ended.
    Always,
    /// When one of these holds.
    When {
        /// `SuccessfulExit`: after exit 0 (true) or after anything else (false).
        successful_exit: Option<bool>,
        /// `Crashed`: after a signal (true) or after an exit (false).
        crashed: Option<bool>,
        /// `PathState`: while something is at the path (true) or nothing (false).
        paths: BTreeMap<Utf8PathBuf, bool>,
    },
}

impl KeepAlive {
    /// Reads the value of the key.
    pub fn read(value: &Value) -> Self {
        let Some(keys) = value.as_dictionary() else {
            return if value.as_boolean() == Some(true) { Self::Always } else { Self::No };
        };
        let switch = |key: &str| keys.get(key).and_then(Value::as_boolean);
        let paths = keys.get("PathState").and_then(Value::as_dictionary).into_iter().flatten();
        Self::When {
            successful_exit: switch("SuccessfulExit"),
            crashed: switch("Crashed"),
            paths: paths
                .filter_map(|(path, there)| Some((Utf8PathBuf::from(path), there.as_boolean()?)))
                .collect(),
        }
    }

    /// Whether it starts the job without a run before.
    pub fn starts_at_load(&self) -> bool {
        match self {
            Self::No => false,
            Self::Always => true,
            Self::When { successful_exit, .. } => successful_exit.is_some(),
        }
    }

    /// Whether a job that is not running, and whose last run ended like this, is to be started.
    pub fn wants(&self, last: Option<Exit>, disk: &dyn Disk) -> bool {
        match self {
            Self::No => false,
            Self::Always => true,
            Self::When { successful_exit, crashed, paths } => {
                let after_run = last.is_some_and(|last| {
                    *successful_exit == Some(last == Exit::Code(0))
                        || *crashed == Some(matches!(last, Exit::Signal(_)))
                });
                after_run || paths.iter().any(|(path, there)| disk.resolve(path).is_some() == *there)
            }
        }
    }

    /// Whether files decide about it.
    pub fn watches_paths(&self) -> bool {
        matches!(self, Self::When { paths, .. } if !paths.is_empty())
    }
}
