use anyhow::{Context, Result};
use camino::{Utf8Path, Utf8PathBuf};

use super::{About, Step, uv};
use crate::{
    machine::{
        Changing, Command, Looking, Machine, Tell,
        tool::{uv as tool, venv},
    },
    value::{Id, Problem, count, human_bytes},
};

/// Where the packages of one environment are told, in forgectl's own folder.
#[derive(Clone, Debug)]
pub struct Told {
    /// What is asked for.
    pub asked: Utf8PathBuf,
    /// What that comes to: every package with its version and the hashes of its files.
    pub resolved: Utf8PathBuf,
}

/// Puts a file of ours where `uv` may have written one by itself, with whatever mode the umask left.
fn put(machine: &dyn Machine, path: &Utf8Path, content: &[u8]) -> Result<()> {
    machine.forget(path)?;
    machine.keep(path, content)
}

/// Finds out which versions of which packages fit together, and the hashes of their files. Nothing is installed.
#[derive(Debug)]
pub struct ResolvePackages {
    /// `uv`.
    pub uv: Utf8PathBuf,
    /// The environment.
    pub path: Utf8PathBuf,
    /// What is asked for, a line each.
    pub wanted: Vec<String>,
    /// Lines of an earlier resolution, which are kept as far as they still fit.
    pub preferred: Vec<String>,
    /// Where it is told.
    pub told: Told,
}

impl ResolvePackages {
    fn command(&self) -> Command {
        let python = uv::python(&self.path);
        let words = [
            "pip",
            "compile",
            "-q",
            "-p",
            &python,
            "--generate-hashes",
            "--no-header",
            "--no-annotate",
            "-o",
        ];
        let files = [self.told.resolved.as_str(), self.told.asked.as_str()];
        uv::command(&self.uv, &[&words[..], &files].concat())
    }
}

impl Step for ResolvePackages {
    fn about(&self) -> About {
        About {
            words: format!("find the versions of {} and of what they need", self.wanted.join(", ")),
            why: "they are installed by version and hash, and so can be had again".into(),
            commands: vec![self.command().to_string()],
            undo: "none needed: nothing is installed by this".into(),
            long: true,
            ..About::default()
        }
    }

    fn run(&self, machine: &dyn Machine, tell: &dyn Tell) -> Result<()> {
        uv::wait(machine, tell)?;
        machine.keep(&self.told.asked, lines(&self.wanted).as_bytes())?;
        let resolved = &self.told.resolved;
        // A file that is there tells `uv` which versions to prefer (docs/mac-facts.md#uv-compile-preferences).
        if self.preferred.is_empty() {
            machine.forget(resolved)?;
        } else {
            put(machine, resolved, lines(&self.preferred).as_bytes())?;
        }
        let command = self.command();
        let output = machine.run(&command, tell)?;
        if output.ok() {
            let text = machine.read(resolved)?.with_context(|| format!("`uv` wrote no `{resolved}`"))?;
            return put(machine, resolved, &text);
        }
        let problem = uv::failed("no set of packages could be found", &command, &output);
        Err(if output.code == 1 {
            problem.hint(
                "a name may be another, or versions exclude each other; what the registry has of a name:",
            )
        } else {
            problem.hint("see whether the registry can be reached; a proxy is named by HTTPS_PROXY:")
        }
        .remedy(match (output.code, self.wanted.first()) {
            (1, Some(first)) => format!("curl -fsSI https://pypi.org/simple/{}/", bare(first)),
            _ => "curl -fsSI https://pypi.org/simple/".to_owned(),
        })
        .into())
    }
}

/// What tells in an environment of packages that are not whole, and is cleared away before they are installed.
#[derive(Debug, Default)]
pub struct LeftOver {
    /// Folders with which `uv` installs nothing (docs/mac-facts.md#uv-torn-package).
    pub torn: Vec<Utf8PathBuf>,
    /// Folders that `uv` takes for a package which is there; only those of packages that are to be installed go.
    pub unsigned: Vec<Utf8PathBuf>,
}

/// Installs packages by version and hash, and leaves all others as they are.
#[derive(Debug)]
pub struct InstallPackages {
    /// The environment's resource.
    pub id: Id,
    /// `uv`.
    pub uv: Utf8PathBuf,
    /// The environment.
    pub path: Utf8PathBuf,
    /// What is asked for, a line each.
    pub wanted: Vec<String>,
    /// What the lock keeps, a line each; without it, what was resolved just before.
    pub locked: Option<Vec<String>>,
    /// Packages that are installed anew although their version is right.
    pub again: Vec<String>,
    /// What a broken-off installation has left in the way.
    pub left_over: LeftOver,
    /// Where it is told what to install.
    pub told: Told,
}

impl InstallPackages {
    fn command(&self) -> Command {
        let python = uv::python(&self.path);
        let again: Vec<&str> = self.again.iter().flat_map(|name| ["--reinstall-package", name]).collect();
        let words = ["pip", "install", "-p", &python, "--require-hashes"];
        let file = ["-r", self.told.resolved.as_str()];
        uv::command(&self.uv, &[&words[..], &again, &file].concat())
    }
}

impl Step for InstallPackages {
    fn about(&self) -> About {
        let LeftOver { torn, unsigned } = &self.left_over;
        let clear = torn.iter().chain(unsigned).map(|folder| format!("rm -r {folder}"));
        About {
            words: match &self.locked {
                Some(lines) => format!("install {} by the lock", count(lines.len(), "package", "packages")),
                None => "install them with what they need, checked by hash".into(),
            },
            why: "not all of them are there as wanted".into(),
            commands: clear.chain([self.command().to_string()]).collect(),
            undo: "removed with the environment by destroy --all-data; uninstalled from one that was there before".into(),
            long: true,
            ..About::default()
        }
    }

    fn run(&self, machine: &dyn Machine, tell: &dyn Tell) -> Result<()> {
        uv::wait(machine, tell)?;
        if let Some(lines_of_lock) = &self.locked {
            machine.keep(&self.told.asked, lines(&self.wanted).as_bytes())?;
            put(machine, &self.told.resolved, lines(lines_of_lock).as_bytes())?;
        }
        let LeftOver { torn, unsigned } = &self.left_over;
        let text = machine.read_text(&self.told.resolved)?.unwrap_or_default();
        let coming = tool::requirements(&text);
        let comes = |folder: &&Utf8PathBuf| {
            let name = venv::package_of(folder);
            coming
                .iter()
                .any(|line| tool::locked(line).is_some_and(|(coming, _)| Some(coming) == name.as_deref()))
        };
        for folder in torn.iter().chain(unsigned.iter().filter(comes)) {
            machine.remove_tree(folder)?;
        }
        let command = self.command();
        let output = machine.run(&command, tell)?;
        if output.ok() {
            return Ok(());
        }
        let free = machine.space(&self.path).map(|space| human_bytes(space.free));
        let problem = uv::failed("the packages could not be installed", &command, &output);
        let problem = free.map_or_else(
            |_| problem.clone(),
            |free| problem.clone().why(format!("free on the disk: {free}")),
        );
        Err(match (&self.locked, output.code) {
            (Some(_), 1) => problem
                .hint("where the registry has no more what the lock asks for, resolve it anew:")
                .remedy(format!("forgectl lock --update {}", self.id)),
            _ => problem
                .hint("see whether the registry can be reached and the disk has room; then apply again:")
                .remedy("curl -fsSI https://pypi.org/simple/ && df -h ~"),
        }
        .into())
    }
}

/// Gives an environment that was there before us the packages back that it had.
#[derive(Debug)]
pub struct ReturnPackages {
    /// The environment.
    pub path: Utf8PathBuf,
    /// What we brought.
    pub uninstall: Vec<String>,
    /// What we changed, each with its former version: `six==1.16.0`.
    pub install: Vec<String>,
}

impl ReturnPackages {
    fn commands(&self, program: &Utf8Path) -> Vec<Command> {
        let python = uv::python(&self.path);
        let call = |words: &[&str], names: &[String]| {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            (!names.is_empty()).then(|| uv::command(program, &[words, &names].concat()))
        };
        let back = call(&["pip", "install", "-p", &python, "--no-deps"], &self.install);
        let away = call(&["pip", "uninstall", "-p", &python], &self.uninstall);
        back.into_iter().chain(away).collect()
    }
}

impl Step for ReturnPackages {
    fn about(&self) -> About {
        let commands = self.commands(tool::HOMEBREW.into());
        About {
            words: format!("give {} back the packages that it had", self.path),
            why: "the environment was there before forgectl".into(),
            commands: commands.iter().map(ToString::to_string).collect(),
            undo: "installed again by apply".into(),
            long: true,
            ..About::default()
        }
    }

    fn run(&self, machine: &dyn Machine, tell: &dyn Tell) -> Result<()> {
        uv::wait(machine, tell)?;
        let Some(program) = tool::program(machine, &machine.identity()?.home)? else {
            return Err(Problem::mac("there is no `uv` any more to give packages back with")
                .why(format!("what forgectl brought into `{}` is still there", self.path))
                .hint("install it, then destroy again:")
                .remedy("brew install uv")
                .into());
        };
        for command in self.commands(&program) {
            let output = machine.run(&command, tell)?;
            if !output.ok() {
                return Err(uv::failed(
                    "the packages that were there could not be given back",
                    &command,
                    &output,
                )
                .hint("see whether the registry can be reached, then destroy again:")
                .remedy("curl -fsSI https://pypi.org/simple/")
                .into());
            }
        }
        Ok(())
    }
}

fn lines(items: &[String]) -> String {
    items.iter().fold(String::new(), |text, line| text + line + "\n")
}

/// The name that a requirement begins with.
fn bare(requirement: &str) -> &str {
    requirement.split(|c: char| !c.is_ascii_alphanumeric() && c != '-').next().unwrap_or(requirement)
}
