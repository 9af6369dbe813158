use std::time::Duration;

use anyhow::{Context, Result};
use camino::Utf8Path;

use super::{About, Step, brew::wait_for};
use crate::{
    machine::{
        Changing, Command, Kind, Looking, Machine, Patience, Tell, Tool, Wait,
        tool::softwareupdate::command_line_tools,
    },
    value::Problem,
};

/// Where the Command Line Tools live.
pub const TOOLS: &str = "/Library/Developer/CommandLineTools";

/// While this file is there, Apple's update server offers the Command Line Tools (docs/mac-facts.md#clt-placeholder).
pub const PLACEHOLDER: &str = "/private/tmp/.com.apple.dt.CommandLineTools.installondemand.in-progress";

const SUDO: &str = "CLT";

/// The exit code of what SIGTERM ended.
const TERMINATED: i32 = 128 + 15;

fn switch(folder: &str) -> Command {
    Command::new(&["/usr/bin/xcode-select", "--switch", folder]).as_root()
}

fn remove_as_root() -> Command {
    Command::new(&["/bin/rm", "-f", PLACEHOLDER]).as_root()
}

fn install(label: &str) -> Command {
    let mut command = Command::new(&["/usr/sbin/softwareupdate", "-i", label, "--verbose"]).as_root();
    command.limit = Duration::from_hours(2);
    // It can stay alive after its work is done (docs/mac-facts.md#softwareupdate-hang).
    command.done_mark = Some("Done.");
    command
}

/// Installs the Command Line Tools without anybody at the screen: placeholder, list, install
/// (docs/mac-facts.md#clt-placeholder). Never runs a stub such as `/usr/bin/git`, which would open a dialog.
#[derive(Debug)]
pub struct InstallCommandLineTools;

impl InstallCommandLineTools {
    /// The newest label on offer; asked again each minute for a quarter of an hour, since the list is often empty at first
    /// (docs/mac-facts.md#softwareupdate-flaky).
    fn label(machine: &dyn Machine) -> Result<String> {
        let patience =
            Patience { every: Duration::from_mins(1), limit: Duration::from_mins(15), how: Wait::Poll };
        machine.until("Apple to offer the Command Line Tools", patience, || {
            let output = match machine.tool(Tool::Updates) {
                Ok(output) => output,
                Err(error) if crate::machine::Halt::of(&error).is_some() => return Err(error),
                Err(error) => return Ok(Err(format!("{error:#}"))),
            };
            // What it says stands on either stream (docs/mac-facts.md#softwareupdate-list).
            let text = format!("{}\n{}", output.stdout, output.stderr);
            Ok(command_line_tools(&text).into_iter().next().ok_or_else(|| output.said()))
        })
    }

    fn bring(machine: &dyn Machine, tell: &dyn Tell) -> Result<()> {
        let label = Self::label(machine).map_err(|error| {
            if crate::machine::Halt::of(&error).is_some() {
                return error;
            }
            Problem::mac("the Command Line Tools are not on offer")
                .why(error.to_string())
                .hint("a profile or a proxy may keep Apple's update server away; see what it offers:")
                .remedy("softwareupdate -l")
                .hint(
                    "or install the package by hand from developer.apple.com/download/all, then apply again",
                )
                .into()
        })?;
        let command = install(&label);
        let output = machine.run(&command, tell)?;
        // A label that is not known ends with 0 too: the files decide (docs/mac-facts.md#softwareupdate-wrong-label).
        if machine.stat(&Utf8Path::new(TOOLS).join("usr/bin/git"))?.is_none() {
            let mut problem = Problem::mac("the Command Line Tools were not installed")
                .why(format!("`{command}` answered: {}", output.said()));
            if output.code == TERMINATED {
                let hours = command.limit.as_secs() / 3600;
                problem = problem.why(format!("it had not ended after {hours} h, and was ended"));
            }
            return Err(problem
                .why(format!("{TOOLS}/usr/bin/git is not there"))
                .hint("see what Apple's update server offers, then apply again:")
                .remedy("softwareupdate -l")
                .into());
        }
        Ok(())
    }
}

impl Step for InstallCommandLineTools {
    fn about(&self) -> About {
        About {
            words: "install the Command Line Tools".into(),
            why: "git, clang and python3 on a fresh Mac are stubs that open a dialog".into(),
            commands: vec![
                format!("touch {PLACEHOLDER}"),
                "/usr/sbin/softwareupdate -l".into(),
                install("LABEL").to_string(),
                format!("rm -f {PLACEHOLDER}"),
            ],
            undo: "removed by destroy --all-data: other tools use them too".into(),
            sudo: Some(SUDO.into()),
            long: true,
            ..About::default()
        }
    }

    fn run(&self, machine: &dyn Machine, tell: &dyn Tell) -> Result<()> {
        let placeholder = Utf8Path::new(PLACEHOLDER);
        match machine.stat(placeholder)?.map(|stat| stat.kind) {
            // Anybody can put a link into this folder: it is not root who writes there.
            None => machine.write(placeholder, b"", 0o644)?,
            Some(Kind::File) => {}
            Some(_) => {
                return Err(Problem::mac(format!("something else is at `{PLACEHOLDER}`"))
                    .why("Apple's update server looks for an empty file there")
                    .hint("look at it, and remove it if you do not need it:")
                    .remedy(format!("ls -l {PLACEHOLDER}"))
                    .into());
            }
        }
        let brought = Self::bring(machine, tell);
        let cleared = clear(machine, tell);
        brought.and(cleared)
    }
}

/// Removes the placeholder as the user, unless it is another's.
fn clear(machine: &dyn Machine, tell: &dyn Tell) -> Result<()> {
    let placeholder = Utf8Path::new(PLACEHOLDER);
    let Some(stat) = machine.stat(placeholder)? else { return Ok(()) };
    let cleared = if stat.uid == machine.identity()?.uid {
        machine.remove(placeholder)
    } else {
        machine.run_ok(&remove_as_root(), tell).map(|_| ())
    };
    cleared.context("clearing the placeholder away")
}

/// Clears away a placeholder that a broken run left.
#[derive(Debug)]
pub struct ClearPlaceholder {
    /// Whether it is another's, so that root has to do it.
    pub root: bool,
}

impl Step for ClearPlaceholder {
    fn about(&self) -> About {
        About {
            words: "clear the leftover placeholder of an install".into(),
            why: "while it is there, Apple's update server takes the install for unfinished".into(),
            commands: vec![if self.root {
                remove_as_root().to_string()
            } else {
                format!("rm -f {PLACEHOLDER}")
            }],
            undo: "none needed".into(),
            sudo: self.root.then(|| SUDO.into()),
            ..About::default()
        }
    }

    fn run(&self, machine: &dyn Machine, tell: &dyn Tell) -> Result<()> {
        clear(machine, tell)
    }
}

/// Makes another folder the active developer folder, or none.
#[derive(Debug)]
pub struct SelectDeveloperFolder {
    /// Which; `None` forgets the choice.
    pub folder: Option<String>,
}

impl SelectDeveloperFolder {
    fn command(&self) -> Command {
        self.folder.as_ref().map_or_else(
            || Command::new(&["/usr/bin/xcode-select", "--reset"]).as_root(),
            |folder| switch(folder),
        )
    }
}

impl Step for SelectDeveloperFolder {
    fn about(&self) -> About {
        About {
            words: match &self.folder {
                Some(folder) => format!("select {folder} as developer folder"),
                None => "forget the choice of a developer folder".into(),
            },
            why: "the folder that is selected has no tools in it".into(),
            commands: vec![self.command().to_string()],
            undo: "the former choice is in the receipt; destroy --all-data puts it back".into(),
            sudo: Some(SUDO.into()),
            ..About::default()
        }
    }

    fn run(&self, machine: &dyn Machine, tell: &dyn Tell) -> Result<()> {
        machine.run_ok(&self.command(), tell).map(|_| ())
    }
}

/// Removes the Command Line Tools; the installer's receipt stays, as macOS keeps it (docs/mac-facts.md#clt-removal).
#[derive(Debug)]
pub struct RemoveCommandLineTools;

impl RemoveCommandLineTools {
    fn command() -> Command {
        Command::new(&["/bin/rm", "-rf", TOOLS]).as_root()
    }
}

impl Step for RemoveCommandLineTools {
    fn about(&self) -> About {
        About {
            words: "remove the Command Line Tools".into(),
            why: "forgectl brought them, and --all-data was given".into(),
            commands: vec![Self::command().to_string()],
            undo: "installed again by apply".into(),
            sudo: Some(SUDO.into()),
            ..About::default()
        }
    }

    fn run(&self, machine: &dyn Machine, tell: &dyn Tell) -> Result<()> {
        wait_for(machine, &["/usr/sbin/softwareupdate -i "], tell)?;
        machine.run_ok(&Self::command().limit(Duration::from_mins(5)), tell).map(|_| ())
    }
}
