//! Order, consent, lanes, and what happens on failure.

mod apply;
mod consent;
mod converge;
mod draft;
pub mod event;
mod export;
mod free_disk;
mod graph;
mod ids;
mod lock;
mod log;
mod nearest;
mod only;
mod origin;
mod output;
pub mod plan;
pub mod rehearsal;
mod removal;
mod run;
pub mod saved;
mod shut;
mod starter;
pub mod status;
mod survey;

pub use apply::{apply, destroy};
pub use consent::How;
pub use draft::{Draft, LeftOut};
pub use export::export;
pub use ids::{ids, known_ids};
pub use lock::{LockUpdate, Locked, Moved, Moving, locked, locked_beside, update_lock};
pub use origin::manifest_of;
pub use output::{Output, Outputs, outputs};
pub use rehearsal::{own_node, rehearse};
pub use starter::starter;
pub use status::{status, status_by_use};
pub use survey::{survey, survey_only, wanted};
