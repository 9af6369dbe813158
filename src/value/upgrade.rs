use serde::{Deserialize, Serialize};

use super::Id;

/// What is to be brought to its newest version, though the one that is there would do.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Upgrade {
    /// Nothing.
    #[default]
    Nothing,
    /// All of a stack that can be.
    All,
    /// These resources.
    These(Vec<Id>),
}

impl Upgrade {
    /// Whether that is meant.
    pub fn wants(&self, id: &Id) -> bool {
        match self {
            Self::Nothing => false,
            Self::All => true,
            Self::These(ids) => ids.contains(id),
        }
    }

    /// The flags that say so, as they would be typed.
    pub fn flags(&self) -> Vec<String> {
        match self {
            Self::Nothing => vec![],
            Self::All => vec!["--upgrade".to_owned()],
            Self::These(ids) => ids.iter().map(|id| format!("--upgrade={id}")).collect(),
        }
    }
}
