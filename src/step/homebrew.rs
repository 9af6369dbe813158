use std::time::Duration;

use anyhow::Result;
use camino::{Utf8Path, Utf8PathBuf};

use super::{About, Step, brew::wait_for};
use crate::{
    machine::{Changing, Command, Looking, Machine, Tell, tool::brew},
    value::Problem,
};

/// Homebrew's installer at one commit, and what its bytes must be (docs/mac-facts.md#homebrew-installer).
const INSTALLER: &str =
    "https://raw.githubusercontent.com/Homebrew/install/ca0130bd52235f2fcb2bf23cfdda004bc5d250c1/install.sh";
const SHA256: &str = "8ff338091a5e10bb5fc040b38316648110f42feff057ecf9feaab51fd0a13ef9";

/// What tells every login shell of Homebrew's folders; the installer writes it as root.
pub const PATHS: &str = "/etc/paths.d/homebrew";

const SUDO: &str = "Homebrew";

/// Fetches Homebrew's installer, checks it, and runs it without anybody at the screen. Safe to repeat: the installer goes on
/// from whatever a broken run left.
#[derive(Debug)]
pub struct InstallHomebrew {
    /// Where the script is kept meanwhile.
    pub script: Utf8PathBuf,
}

impl InstallHomebrew {
    fn command(&self) -> Command {
        Command::new(&["/bin/bash", self.script.as_str()])
            .with([("HOMEBREW_NO_ANALYTICS", "1"), ("LC_ALL", "en_US.UTF-8"), ("NONINTERACTIVE", "1")])
            .limit(Duration::from_hours(1))
    }
}

impl Step for InstallHomebrew {
    fn about(&self) -> About {
        About {
            words: "install Homebrew".into(),
            why: "formulae come with it".into(),
            commands: vec![
                format!("fetch {INSTALLER}"),
                format!("refuse it unless its SHA-256 is {SHA256}"),
                self.command().to_string(),
            ],
            undo: "removed by destroy --all-data: other tools use it too".into(),
            sudo: Some(SUDO.into()),
            long: true,
            brew: true,
            ..About::default()
        }
    }

    fn run(&self, machine: &dyn Machine, tell: &dyn Tell) -> Result<()> {
        // Two of them at once would stand in each other's way.
        wait_for(machine, &[self.script.as_str()], tell)?;
        machine.fetch(INSTALLER, SHA256, &self.script, tell).map_err(|error| {
            if crate::machine::Halt::of(&error).is_some() {
                return error;
            }
            Problem::mac("Homebrew's installer could not be fetched")
                .why(format!("{error:#}"))
                .why("nothing of it was run")
                .hint("see whether it can be reached; a proxy is named by HTTPS_PROXY:")
                .remedy(format!("curl -fsSLO {INSTALLER}"))
                .into()
        })?;
        let command = self.command();
        let output = machine.run(&command, tell)?;
        machine.forget(&self.script)?;
        if output.ok() && machine.resolve(Utf8Path::new(brew::BREW))?.is_some() {
            return Ok(());
        }
        Err(Problem::mac("Homebrew was not installed")
            .why(format!("`{command}` answered: {}", output.said()))
            .hint("the next apply goes on from there; see whether sudo, the network and the disk are well:")
            .remedy("sudo -v && curl -fsSI https://github.com && df -h /")
            .into())
    }
}

/// Removes Homebrew, of which nobody uses anything any more. What is in its folder goes as the user; root takes only the
/// empty folder and the file beside it.
#[derive(Debug)]
pub struct RemoveHomebrew {
    /// Whether the file that tells shells of it goes too.
    pub paths: bool,
    /// The script that brought it: one that is still at work would bring it back.
    pub script: Utf8PathBuf,
}

impl RemoveHomebrew {
    fn as_root(&self) -> Command {
        let paths = self.paths.then_some(PATHS);
        let words: Vec<&str> = ["/bin/rm", "-fd", brew::PREFIX].into_iter().chain(paths).collect();
        Command::new(&words).as_root()
    }
}

impl Step for RemoveHomebrew {
    fn about(&self) -> About {
        About {
            words: "remove Homebrew".into(),
            why: "forgectl brought it, nothing else is installed with it, and --all-data was given".into(),
            commands: vec![format!("/bin/rm -rf {}/*", brew::PREFIX), self.as_root().to_string()],
            undo: "installed again by apply".into(),
            sudo: Some(SUDO.into()),
            ..About::default()
        }
    }

    fn run(&self, machine: &dyn Machine, tell: &dyn Tell) -> Result<()> {
        let scripts = [self.script.as_str()];
        wait_for(machine, &[&scripts[..], &brew::RUNNING].concat(), tell)?;
        let prefix = Utf8Path::new(brew::PREFIX);
        let inside = machine.list(prefix)?.unwrap_or_default();
        if !inside.is_empty() {
            let paths: Vec<String> = inside.iter().map(|name| prefix.join(name).into_string()).collect();
            let words: Vec<&str> =
                ["/bin/rm", "-rf"].into_iter().chain(paths.iter().map(String::as_str)).collect();
            machine.run_ok(&Command::new(&words).limit(Duration::from_mins(10)), tell)?;
        }
        machine.run_ok(&self.as_root(), tell).map(|_| ())
    }
}
