//! How a machine is changed: one file a step. The only code that changes anything.

mod app;
mod brew;
mod clt;
mod colima;
mod docker;
mod engine;
mod environment;
mod file;
mod folder;
mod homebrew;
mod interpreters;
mod job;
mod launchd;
mod model;
mod packages;
mod power;
mod profile;
mod render;
mod rival;
mod rotation;
mod secret;
mod uv;

use std::fmt;

use anyhow::Result;
use serde::{Deserialize, Serialize};

use crate::machine::{Machine, Tell};

pub use app::{AcceptLicence, AppStart, OpenApp};
pub use brew::{
    AddTap, ForgetCask, InstallCask, InstallFormula, LinkFormula, MarkFormula, RemoveTap, RenewCask,
    ReturnFormula, UninstallCask, UninstallFormula, UnlinkFormula, UpgradeFormula,
};
pub use clt::{
    ClearPlaceholder, InstallCommandLineTools, PLACEHOLDER, RemoveCommandLineTools, SelectDeveloperFolder,
    TOOLS,
};
pub use colima::{COLIMA, ColimaStart, DeleteMachine, StopColima, colima_environment};
pub use docker::{
    MakeContainer, MakeNetwork, MakeVolume, PullImage, RemoveContainer, RemoveImage, RemoveNetwork,
    RemoveVolume, StartContainer, StillUsed,
};
pub use engine::{AwaitEngine, EngineStart};
pub use environment::{LinkInterpreter, MakeEnvironment, RemoveEnvironment};
pub use file::{CreateLog, RemoveFile, RestoreFile};
pub use folder::{MakeFolder, RemoveFolder, RemoveServed, RemoveTree};
pub use homebrew::{InstallHomebrew, PATHS, RemoveHomebrew};
pub use interpreters::RemoveInterpreters;
pub use job::{LoadJob, Loading, SwitchOff, UnloadJob};
pub use launchd::{Definition, declared_part, definition_matches};
pub use model::{DeleteModel, OwnServer, PullModel};
pub use packages::{InstallPackages, LeftOver, ResolvePackages, ReturnPackages, Told};
pub use power::SetPower;
pub use profile::{AddProfileLine, SHELLENV, TakeProfileLine};
pub use render::RenderFile;
pub use rival::{PutBackJob, SetAsideJob};
pub use rotation::RotateSecret;
pub use secret::{CloseFile, DescribeSecret, ForgetSecret, MakeSecret, Opened, SecretFiles, locked_out};

/// One step from what was found to what is wanted. It may look, wait and make several effects, and is safe
/// to repeat from any of them.
pub trait Step: fmt::Debug + Send + Sync {
    /// What it says of itself.
    fn about(&self) -> About;

    /// Does it.
    fn run(&self, machine: &dyn Machine, tell: &dyn Tell) -> Result<()>;
}

/// What a step says of itself before it runs.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct About {
    /// What it does: `install the Command Line Tools`.
    pub words: String,
    /// Why it is needed.
    pub why: String,
    /// The commands and changes that it makes, as they would be typed.
    pub commands: Vec<String>,
    /// How it is undone by destroy.
    pub undo: String,
    /// What it needs root for, in a word or two (`CLT`, `power`); `None` without root.
    pub sudo: Option<String>,
    /// The service that it restarts.
    pub restarts: Option<String>,
    /// Whether it may take minutes.
    pub long: bool,
    /// Whether it fetches gigabytes, of which two go at a time.
    pub download: bool,
    /// Whether it starts `brew`, of which one goes at a time, and which lets sudo's ticket go
    /// (docs/mac-facts.md#brew-drops-ticket).
    pub brew: bool,
}
