//! The door to a container engine: what is asked of one, what is changed on one, and what is seen. Everything goes over the Docker
//! Engine API on a socket of the Mac's.

mod change;
mod query;
mod view;

pub use change::{Alteration, EngineChange};
pub use query::{EngineAnswer, EngineFault, EngineQuery, LogLine};
pub use view::{
    ContainerLine, ContainerView, EngineInfo, EngineVersion, Health, HealthStatus, ImageLine, ImageView,
    NetworkView, Stage, UpstreamImage, VolumeView,
};
