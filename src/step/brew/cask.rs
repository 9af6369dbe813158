use anyhow::Result;
use camino::Utf8PathBuf;

use super::{About, Step, about, failed, run, run_ok, wait_for};
use crate::machine::{Changing, Command, Looking, Machine, Tell, tool::brew};

/// Why root is needed for a cask.
fn root(token: &str, needed: bool) -> Option<String> {
    needed.then(|| format!("the cask {token}"))
}

fn there(machine: &dyn Machine, names: &[String]) -> Result<Option<brew::Cask>> {
    let mut casks = names.iter().filter_map(|name| brew::installed_cask(machine, name).transpose());
    casks.next().transpose()
}

/// Installs a cask.
#[derive(Debug)]
pub struct InstallCask {
    /// Its name.
    pub token: String,
    /// The names under which it is looked for then.
    pub names: Vec<String>,
    /// Its apps that are there already, and the same: they are taken over as they are.
    pub adopts: Vec<Utf8PathBuf>,
    /// Whether it asks for root.
    pub root: bool,
}

impl InstallCask {
    fn words(&self) -> Vec<&str> {
        let adopt = (!self.adopts.is_empty()).then_some("--adopt");
        ["install", "--cask"].into_iter().chain(adopt).chain([self.token.as_str()]).collect()
    }
}

impl Step for InstallCask {
    fn about(&self) -> About {
        let adopted: Vec<&str> = self.adopts.iter().map(|app| app.as_str()).collect();
        let (words, undo) = if adopted.is_empty() {
            (
                format!("install the cask {}", self.token),
                "uninstalled by destroy, without what its user keeps",
            )
        } else {
            (
                format!("let Homebrew take over {}", adopted.join(", ")),
                "destroy lets Homebrew forget it; the app stays as it is",
            )
        };
        let sudo = root(&self.token, self.root);
        About { words, why: "it is not there".into(), undo: undo.into(), sudo, ..about(&self.words()) }
    }

    fn run(&self, machine: &dyn Machine, tell: &dyn Tell) -> Result<()> {
        // Two at the same cask do not wait for each other.
        wait_for(machine, &brew::RUNNING, tell)?;
        let words = self.words();
        let mut output = run(machine, &words, tell)?;
        let known = brew::known_names(machine, brew::Sort::Cask)?;
        let news = !self.token.contains('/') && !known.iter().any(|known| self.names.contains(known));
        if there(machine, &self.names)?.is_none() && news {
            run_ok(machine, &["update"], tell)?;
            output = run(machine, &words, tell)?;
        }
        if there(machine, &self.names)?.is_some() && output.ok() {
            return Ok(());
        }
        Err(failed(&words, &output)
            .hint("see what Homebrew knows of it; the network, the disk and an app in its place are the usual reasons:")
            .remedy(format!("brew info --cask {}", self.token))
            .into())
    }
}

/// Upgrades a cask, or installs it anew where its app is gone.
#[derive(Debug)]
pub struct RenewCask {
    /// Its name.
    pub token: String,
    /// Whether the version that it has will do, and only its app is gone.
    pub same: bool,
    /// Why, in a few words.
    pub why: String,
    /// Whether it asks for root.
    pub root: bool,
}

impl RenewCask {
    fn words(&self) -> [&str; 3] {
        [if self.same { "reinstall" } else { "upgrade" }, "--cask", &self.token]
    }
}

impl Step for RenewCask {
    fn about(&self) -> About {
        let mut about = about(&["update"]);
        about.commands.extend(super::about(&self.words()).commands);
        let verb = if self.same { "install anew" } else { "upgrade" };
        About {
            words: format!("{verb} the cask {}", self.token),
            why: self.why.clone(),
            undo: "not undone: Homebrew keeps no former version of an app".into(),
            sudo: root(&self.token, self.root),
            ..about
        }
    }

    fn run(&self, machine: &dyn Machine, tell: &dyn Tell) -> Result<()> {
        wait_for(machine, &brew::RUNNING, tell)?;
        run_ok(machine, &["update"], tell)?;
        run_ok(machine, &self.words(), tell)
    }
}

/// Uninstalls a cask of ours; never what its user keeps.
#[derive(Debug)]
pub struct UninstallCask {
    /// Its name.
    pub token: String,
    /// Whether it asks for root.
    pub root: bool,
}

impl UninstallCask {
    fn words(&self) -> [&str; 4] {
        ["uninstall", "--cask", "--force", &self.token]
    }
}

impl Step for UninstallCask {
    fn about(&self) -> About {
        About {
            words: format!("uninstall the cask {}", self.token),
            why: "forgectl brought it".into(),
            undo: "installed again by apply".into(),
            sudo: root(&self.token, self.root),
            ..about(&self.words())
        }
    }

    fn run(&self, machine: &dyn Machine, tell: &dyn Tell) -> Result<()> {
        wait_for(machine, &brew::RUNNING, tell)?;
        if !brew::has_remains(machine, &self.token)? {
            return Ok(());
        }
        let output = run(machine, &self.words(), tell)?;
        if !brew::has_remains(machine, &self.token)? {
            return Ok(());
        }
        Err(failed(&self.words(), &output)
            .hint("see what of it is left:")
            .remedy(format!("brew list --cask {}", self.token))
            .into())
    }
}

/// Lets Homebrew forget a cask whose apps were there before it: they are put aside meanwhile, since it would take them away.
#[derive(Debug)]
pub struct ForgetCask {
    /// Its name.
    pub token: String,
    /// The apps that stay.
    pub apps: Vec<Utf8PathBuf>,
}

impl ForgetCask {
    /// Beside the app, so that nothing has to be copied.
    fn aside(app: &Utf8PathBuf) -> Utf8PathBuf {
        Utf8PathBuf::from(format!("{app}.kept-by-forgectl"))
    }

    fn moved(from: &Utf8PathBuf, to: &Utf8PathBuf) -> Command {
        Command::new(&["/bin/mv", "-n", from.as_str(), to.as_str()])
    }
}

impl Step for ForgetCask {
    fn about(&self) -> About {
        let own = UninstallCask { token: self.token.clone(), root: false };
        let out = self.apps.iter().map(|app| Self::moved(app, &Self::aside(app)).to_string());
        let back = self.apps.iter().map(|app| Self::moved(&Self::aside(app), app).to_string());
        let about = about(&own.words());
        About {
            words: format!("let Homebrew forget the cask {}", self.token),
            why: "its app was there before forgectl came, and stays".into(),
            commands: out.chain(about.commands.clone()).chain(back).collect(),
            undo: "taken over again by apply".into(),
            ..about
        }
    }

    fn run(&self, machine: &dyn Machine, tell: &dyn Tell) -> Result<()> {
        let own = UninstallCask { token: self.token.clone(), root: false };
        if brew::has_remains(machine, &self.token)? {
            for app in &self.apps {
                if machine.stat(app)?.is_some() && machine.stat(&Self::aside(app))?.is_none() {
                    machine.run_ok(&Self::moved(app, &Self::aside(app)), tell)?;
                }
            }
        }
        own.run(machine, tell)?;
        for app in &self.apps {
            if machine.stat(app)?.is_none() && machine.stat(&Self::aside(app))?.is_some() {
                machine.run_ok(&Self::moved(&Self::aside(app), app), tell)?;
            }
        }
        Ok(())
    }
}
