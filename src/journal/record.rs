use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::value::{Id, Place, State};

/// The version that this forgectl writes. It reads every earlier one.
pub const VERSION: u32 = 1;

/// A line of the journal.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Entry {
    /// The version of its form.
    pub v: u32,
    /// When it was written, on the node's clock.
    pub at: Timestamp,
    /// The run that wrote it.
    pub run: String,
    /// What it says.
    #[serde(flatten)]
    pub record: Record,
}

/// What a line of the journal says.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "record", rename_all = "kebab-case")]
pub enum Record {
    /// A resource is about to be brought to what is wanted; synced before the first effect.
    Intent {
        /// The stack that wants it.
        stack: String,
        /// Which.
        id: Id,
        /// Where it is.
        place: Place,
        /// The place in the manifest that asked for it.
        origin: String,
        /// What it stands on.
        needs: Vec<Id>,
        /// What was found before: the wanted fields and what is needed to put them back.
        former: State,
        /// What the fields will hold.
        aim: State,
    },
    /// It is as wanted.
    Done {
        /// The stack that wanted it.
        stack: String,
        /// Which.
        id: Id,
        /// What was left.
        left: State,
        /// What can be opened since: names and URLs.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        urls: Vec<(String, String)>,
    },
    /// The stack has no more part in it: it was removed, given back, or is still wanted by another.
    Released {
        /// The stack.
        stack: String,
        /// Which.
        id: Id,
    },
}
