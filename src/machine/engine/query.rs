use std::fmt;

use jiff::Timestamp;
use thiserror::Error;

use super::{
    ContainerLine, ContainerView, EngineInfo, EngineVersion, ImageLine, ImageView, NetworkView,
    UpstreamImage, VolumeView,
};

/// One question to a container engine. Closed; none of them changes anything. Each is one request of the Engine API.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub enum EngineQuery {
    /// Whether it answers, and which versions of the API it speaks.
    Version,
    /// What its machine is.
    Info,
    /// All containers, those that do not run too.
    Containers,
    /// One container by name or id.
    Container(String),
    /// All images.
    Images,
    /// One image by reference or id.
    Image(String),
    /// All networks.
    Networks,
    /// All volumes.
    Volumes,
    /// What the registry has under a reference, asked by the engine; nothing is fetched.
    Upstream(String),
    /// What a container has written last, both streams in order.
    Logs {
        /// Its name or id.
        container: String,
        /// How many lines.
        lines: u32,
        /// Nothing before this.
        since: Option<Timestamp>,
    },
}

impl fmt::Display for EngineQuery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Version => f.write_str("GET /version"),
            Self::Info => f.write_str("GET /info"),
            Self::Containers => f.write_str("GET /containers/json?all=1"),
            Self::Container(name) => write!(f, "GET /containers/{name}/json"),
            Self::Images => f.write_str("GET /images/json"),
            Self::Image(reference) => write!(f, "GET /images/{reference}/json"),
            Self::Networks => f.write_str("GET /networks"),
            Self::Volumes => f.write_str("GET /volumes"),
            Self::Upstream(reference) => write!(f, "GET /distribution/{reference}/json"),
            Self::Logs { container, lines, .. } => write!(f, "GET /containers/{container}/logs?tail={lines}"),
        }
    }
}

/// What an engine answered; callers use the methods of [`crate::machine::Looking`] and never open it.
#[derive(Clone, Debug)]
pub enum EngineAnswer {
    /// It answers.
    Version(EngineVersion),
    /// Its machine.
    Info(EngineInfo),
    /// Containers.
    Containers(Vec<ContainerLine>),
    /// A container, if there is one.
    Container(Option<Box<ContainerView>>),
    /// Images.
    Images(Vec<ImageLine>),
    /// An image, if there is one.
    Image(Option<Box<ImageView>>),
    /// Networks.
    Networks(Vec<NetworkView>),
    /// Volumes.
    Volumes(Vec<VolumeView>),
    /// What a registry has, if it has it.
    Upstream(Option<UpstreamImage>),
    /// Lines that a container has written.
    Logs(Vec<LogLine>),
}

/// A line that a container has written.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct LogLine {
    /// When, on the engine's clock.
    pub at: Timestamp,
    /// What, without the line's end.
    pub text: String,
}

/// Why an engine did not do what it was asked.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum EngineFault {
    /// None answers at that socket; the reason.
    #[error("{0}")]
    Unreachable(String),
    /// It said no.
    #[error("{status}: {message}")]
    Refused {
        /// The status of HTTP; 200 where an answer that had begun broke off with an error in it.
        status: u16,
        /// What it said.
        message: String,
    },
}
