use std::{collections::BTreeMap, fmt, time::Duration};

use camino::Utf8PathBuf;

use crate::value::{ContainerSpec, Text, shell_word};

/// One change on a container engine. Closed. What it answers is in [`crate::machine::Outcome`].
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum EngineChange {
    /// Fetches an image; bytes are told over all layers while they come.
    Pull {
        /// Which, with a tag or a digest.
        reference: String,
        /// For which platform: `linux/arm64`.
        platform: String,
    },
    /// Gives an image that is there another name.
    Tag {
        /// Which.
        image: String,
        /// The name, with its tag.
        reference: String,
    },
    /// Removes a name of an image, and with its last one the image; one that a container uses is refused. None there is fine.
    RemoveImage(String),
    /// Makes a network; one of that name that is there already is left as it is.
    CreateNetwork {
        /// Its name.
        name: String,
        /// Its labels.
        labels: BTreeMap<String, String>,
    },
    /// Removes a network; none there is fine.
    RemoveNetwork(String),
    /// Makes a volume; one of that name that is there already is left as it is.
    CreateVolume {
        /// Its name.
        name: String,
        /// Its labels.
        labels: BTreeMap<String, String>,
    },
    /// Removes a volume with the data in it; none there is fine.
    RemoveVolume(String),
    /// Makes a container and does not start it. Secrets are put into its environment behind the door.
    Create {
        /// Its name.
        name: String,
        /// What it is.
        spec: Box<ContainerSpec>,
        /// The folder in which forgectl keeps secrets, a file each.
        secrets: Utf8PathBuf,
    },
    /// Starts a container; one that runs is left as it is.
    Start(String),
    /// Stops a container, which has its own grace period; one that does not run is left as it is.
    Stop(String),
    /// Removes a container, running or not; none there is fine.
    Remove {
        /// Its name.
        name: String,
        /// Whether the volumes without a name that came with it go too.
        volumes: bool,
    },
    /// Runs a command in a container, which proves something by use.
    Exec {
        /// Which container.
        container: String,
        /// The command.
        argv: Vec<String>,
        /// How long it may take.
        limit: Duration,
    },
    /// Runs a command in a container that changes what the container keeps.
    Alter(Box<Alteration>),
}

/// A command in a container that changes what the container keeps.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Alteration {
    /// Which container.
    pub container: String,
    /// The command.
    pub argv: Vec<String>,
    /// Its variables beside the container's. Secrets are put into them behind the door: unlike its words, only its own user in
    /// the container can see them.
    pub environment: BTreeMap<String, Text>,
    /// The folder in which these secrets lie, a file each.
    pub secrets: Utf8PathBuf,
    /// How long it may take.
    pub limit: Duration,
}

impl fmt::Display for EngineChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pull { reference, platform } => write!(f, "docker pull --platform {platform} {reference}"),
            Self::Tag { image, reference } => write!(f, "docker tag {image} {reference}"),
            Self::RemoveImage(reference) => write!(f, "docker rmi {reference}"),
            Self::CreateNetwork { name, .. } => write!(f, "docker network create {name}"),
            Self::RemoveNetwork(name) => write!(f, "docker network rm {name}"),
            Self::CreateVolume { name, .. } => write!(f, "docker volume create {name}"),
            Self::RemoveVolume(name) => write!(f, "docker volume rm {name}"),
            Self::Create { name, spec, .. } => write!(f, "docker create --name {name} {}", spec.image),
            Self::Start(name) => write!(f, "docker start {name}"),
            Self::Stop(name) => write!(f, "docker stop {name}"),
            Self::Remove { name, volumes: true } => write!(f, "docker rm --force --volumes {name}"),
            Self::Remove { name, volumes: false } => write!(f, "docker rm --force {name}"),
            Self::Exec { container, argv, .. } => words(f, container, argv),
            Self::Alter(alter) => words(f, &alter.container, &alter.argv),
        }
    }
}

fn words(f: &mut fmt::Formatter<'_>, container: &str, argv: &[String]) -> fmt::Result {
    write!(f, "docker exec {container}")?;
    argv.iter().try_for_each(|word| write!(f, " {}", shell_word(word)))
}
