use serde::{Deserialize, Serialize};

/// What is to go wrong on a simulated Mac, and how often.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
pub struct Faults {
    /// Faults of its tools.
    #[serde(default)]
    armed: Vec<Armed>,
    /// When forgectl is killed.
    #[serde(default)]
    pub kill: Option<Kill>,
    /// The effects at whose start the person asks forgectl to stop, once for each entry.
    #[serde(default)]
    pub interrupts: Vec<u64>,
    /// The calls to container engines, counted by [`super::Meter`], at which the engine breaks down; it comes back after a while.
    #[serde(default)]
    pub engine_deaths: Vec<u64>,
}

#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
struct Armed {
    fault: Fault,
    /// How often still; `None`: always.
    left: Option<u32>,
}

/// When forgectl is killed, counted in effects of [`super::Meter`].
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kill {
    /// Before the effect of this number has begun.
    Before(u64),
    /// When the effect of this number is complete, before anybody hears of it.
    After(u64),
    /// While the command that is the effect of this number is at work: it goes on by itself, and ends when it would have ended.
    /// Another effect is complete.
    During(u64),
}

/// One thing that can go wrong; what is known of each stands where it is taken.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fault {
    /// `softwareupdate -l` offers nothing (docs/mac-facts.md#softwareupdate-list).
    UpdatesNothing,
    /// Log lines stand between the lines of `softwareupdate`.
    UpdatesNoise,
    /// A beta of the Command Line Tools is offered too.
    UpdatesBeta,
    /// Several versions of the Command Line Tools are offered.
    UpdatesSeveral,
    /// `softwareupdate -i` knows no label, and ends with 0 all the same.
    UpdatesNoSuchLabel,
    /// `softwareupdate -i` does not end after `Done.` (docs/mac-facts.md#softwareupdate-hang).
    UpdatesHangAfterDone,
    /// `softwareupdate -i` does nothing and does not end.
    UpdatesHangBefore,
    /// `pmset` accepts a write with exit 0 and does not keep it (docs/mac-facts.md#pmset-write).
    PowerWriteIgnored,
    /// sudo has lost its ticket when it is next asked.
    SudoTicketLost,
    /// The network is gone when it is next needed.
    NetworkGone,
    /// A server answers 404 to a download.
    FetchNotFound,
    /// A download breaks off after a third.
    FetchCut,
    /// A server sends something else than it should.
    FetchOther,
    /// Ollama's registry answers 429 to a request for a manifest (docs/mac-facts.md#ollama-registry).
    RegistryBusy,
    /// Ollama's registry answers 503 to a request for a manifest.
    RegistryDown,
    /// A pull of a model is cut a third on its way; Ollama tries six times in all (docs/mac-facts.md#ollama-pull-retries).
    PullCut,
    /// The network goes a third on the way of a pull, and stays away until that has failed.
    PullNetworkGone,
    /// No byte of a pull comes for half a minute (docs/mac-facts.md#ollama-pull-retries).
    PullStalls,
    /// A registry sends something else than the manifest says (docs/mac-facts.md#ollama-pull).
    PullOther,
    /// The server is killed in the middle of a pull.
    PullServerKilled,
    /// The person asks forgectl to stop in the middle of a pull.
    PullInterrupted,
    /// forgectl is killed in the middle of a pull.
    PullKilled,
    /// Another `brew` holds the lock of a formula (docs/mac-facts.md#brew-lock).
    BrewLocked,
    /// The Python registry answers 503 (docs/mac-facts.md#uv-exit-codes).
    PythonRegistryDown,
    /// Somebody kills `uv` half-way.
    UvKilled,
    /// Another `brew update` is at work (docs/mac-facts.md#brew-update).
    BrewUpdating,
    /// The data volume has no room for the next file.
    DiskFull,
    /// `launchctl bootstrap` fails with 5 and loads nothing (docs/mac-facts.md#launchd-exit-codes).
    BootstrapIo,
    /// `launchctl bootstrap` fails with 5, and has loaded the job all the same.
    BootstrapLoadsAndFails,
    /// `launchctl bootstrap` of a job that is going down fails with 37 instead of 5.
    BootstrapSettling,
    /// `launchctl bootstrap` fails with 124: the session is ending.
    BootstrapTearingDown,
    /// `launchctl bootstrap` says 5 whatever it dislikes: an override (119), a bad owner (122), and so on.
    BootstrapOnlyFive,
    /// `launchctl bootout` is accepted with 36 instead of 0.
    BootoutInProgress,
    /// The graphical domain answers as if nobody were at the screen (docs/mac-facts.md#launchd-no-gui).
    NoGraphicalSession,
    /// A job that is loaded is not started by itself (docs/mac-facts.md#launchd-never-spawned).
    NeverSpawned,
    /// A container engine does not answer a call.
    EngineSilent,
    /// The disk of a container engine's machine has no room for what is next to be put on it.
    EngineDiskFull,
    /// A container engine makes a container, and answers 500 all the same.
    CreateAnswers500,
    /// A registry of images answers 503.
    ImageRegistryDown,
    /// A registry of images has had too many requests (docs/service-facts.md#registry-refusals).
    ImageRegistryBusy,
    /// A pull of an image breaks off when two thirds of what is missing have come.
    ImagePullCut,
    /// What runs in a container that is started takes five minutes longer until it does anything.
    ContainerSlow,
    /// Every test of a container's health fails.
    HealthNever,
    /// A job's process ignores SIGTERM, until launchd kills it (docs/mac-facts.md#launchd-exit-timeout).
    IgnoresTerm,
}

impl Faults {
    /// Lets `fault` happen the next `times` times.
    pub fn arm(&mut self, fault: Fault, times: u32) {
        self.armed.push(Armed { fault, left: Some(times) });
    }

    /// Lets `fault` happen every time from now on.
    pub fn arm_always(&mut self, fault: Fault) {
        self.armed.push(Armed { fault, left: None });
    }

    /// Takes all of `fault` away.
    pub fn disarm(&mut self, fault: Fault) {
        self.armed.retain(|armed| armed.fault != fault);
    }

    /// Whether `fault` would happen; nothing is used up.
    pub fn has(&self, fault: Fault) -> bool {
        self.armed.iter().any(|armed| armed.fault == fault && armed.left != Some(0))
    }

    /// Whether `fault` happens now; uses up one of its times.
    pub fn take(&mut self, fault: Fault) -> bool {
        let Some(armed) = self.armed.iter_mut().find(|armed| armed.fault == fault && armed.left != Some(0))
        else {
            return false;
        };
        armed.left = armed.left.map(|left| left - 1);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_happens_as_often_as_armed() {
        let mut faults = Faults::default();
        faults.arm(Fault::DiskFull, 2);
        assert!(!faults.take(Fault::UpdatesBeta));
        assert!(faults.has(Fault::DiskFull));
        assert_eq!([(); 3].map(|()| faults.take(Fault::DiskFull)), [true, true, false]);
        faults.arm_always(Fault::UpdatesBeta);
        assert_eq!([(); 3].map(|()| faults.take(Fault::UpdatesBeta)), [true; 3]);
        faults.disarm(Fault::UpdatesBeta);
        assert!(!faults.has(Fault::UpdatesBeta));
    }
}
