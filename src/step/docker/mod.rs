//! Images, networks, volumes and containers of a container engine.

mod container;
mod image;
mod stores;

pub use container::{MakeContainer, RemoveContainer, StartContainer};
pub use image::{PullImage, RemoveImage, StillUsed};
pub use stores::{MakeNetwork, MakeVolume, RemoveNetwork, RemoveVolume};
