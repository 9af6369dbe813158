use std::str::FromStr;

use crate::value::{Id, Upgrade};

/// The flag that asks for the newest.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Newest {
    /// Bring formulae and casks to their newest versions, though those that are there would do: all of the stack, or this one
    /// (`brew-formula/jq`), which may be given again. It stands behind the manifest
    #[arg(
        long,
        value_name = "ID",
        num_args = 0..=1,
        default_missing_value = "all",
        env = "FORGECTL_UPGRADE"
    )]
    upgrade: Vec<Which>,
}

/// All of them, or one.
#[derive(Clone, Debug)]
enum Which {
    All,
    One(Id),
}

impl FromStr for Which {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "all" {
            Ok(Self::All)
        } else {
            text.parse().map(Self::One).map_err(|why: String| format!("{why}; the manifest stands before it"))
        }
    }
}

impl Newest {
    /// What was asked for.
    pub(super) fn asked(&self) -> Upgrade {
        let ones = self.upgrade.iter().map(|which| match which {
            Which::All => None,
            Which::One(id) => Some(id.clone()),
        });
        match ones.collect::<Option<Vec<Id>>>() {
            None => Upgrade::All,
            Some(ids) if ids.is_empty() => Upgrade::Nothing,
            Some(ids) => Upgrade::These(ids),
        }
    }
}
