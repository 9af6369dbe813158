//! The services that come along: how each is known to work.

mod langfuse;
mod neighbour;
mod open_webui;
mod part;

pub use langfuse::{Langfuse, LangfusePart};
pub use neighbour::Neighbour;
pub use open_webui::OpenWebUi;
pub use part::Part;
