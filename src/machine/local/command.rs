//! From a command of the door to a process of this machine.
#![expect(clippy::disallowed_methods, reason = "part of the real adapter")]

use std::{
    collections::BTreeMap,
    env,
    ffi::OsString,
    io,
    os::unix::process::CommandExt,
    process::{self, Stdio},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context, Result, anyhow};
use camino::{Utf8Path, Utf8PathBuf};

use super::{
    files::Files,
    process::{Limits, briefly, run as run_process},
    root::Last,
    signals::AsRoot,
    surroundings,
};
use crate::machine::{Command, Identity, Output, Quiet, Tell};

const SUDO: &str = "/usr/bin/sudo";
const CAFFEINATE: &str = "/usr/bin/caffeinate";

/// How long `sudo -n kill` may take.
const KILL: Duration = Duration::from_secs(5);

/// How a program of the machine is started: all but its arguments.
#[derive(Clone)]
pub(super) struct Start {
    program: Utf8PathBuf,
    /// What it is told that it was called by.
    name: Utf8PathBuf,
    environment: BTreeMap<&'static str, OsString>,
    folder: Utf8PathBuf,
}

impl Start {
    fn of(files: &Files, who: &Identity, program: &Utf8Path) -> Result<Self> {
        // Some programs ask what name they were called by: Python finds its environment so.
        let (program, name, temporary): (_, _, OsString) = match files.owners() {
            Some(_) => {
                let at =
                    |last| files.locate(program, last).with_context(|| format!("looking for `{program}`"));
                (files.host(&at(Last::Followed)?), files.host(&at(Last::Kept)?), "/tmp".into())
            }
            None => (program.to_owned(), program.to_owned(), env::temp_dir().into_os_string()),
        };
        Ok(Self {
            program,
            name,
            environment: surroundings::environment(who, temporary),
            folder: files.folder().to_owned(),
        })
    }

    pub(super) fn build(&self) -> process::Command {
        let mut command = process::Command::new(&self.program);
        command.arg0(&self.name).env_clear().envs(&self.environment).current_dir(&self.folder);
        command
    }
}

/// sudo: this Mac's own, or the one of the Mac in the folder.
pub(super) fn sudo(files: &Files, who: &Identity) -> Result<Start> {
    Start::of(files, who, Utf8Path::new(SUDO))
}

/// `caffeinate -i -w`, for as long as this process lives.
pub(super) fn caffeinate(files: &Files, who: &Identity) -> Result<process::Command> {
    let mut command = Start::of(files, who, Utf8Path::new(CAFFEINATE))?.build();
    command.args(["-i", "-w", &process::id().to_string()]);
    Ok(command)
}

/// `id -G` of this Mac, which needs no identity to run.
pub(super) fn groups() -> Result<Output> {
    let mut id = process::Command::new("/usr/bin/id");
    id.arg("-G").env_clear().stdin(Stdio::null());
    run_process(id, &Limits::of(Duration::from_secs(20)), &Quiet).context("running `id -G`")
}

/// `sudo -n kill`: root's processes take no signal of ours.
fn kill_as_root(sudo: Start) -> AsRoot {
    Arc::new(move |group, signal| {
        let mut kill = sudo.build();
        kill.args(["-n", "/bin/kill", &format!("-{}", signal as i32), "--", &format!("-{group}")]);
        matches!(briefly(kill, KILL), Ok(Some(status)) if status.success())
    })
}

/// Runs `command` to its end.
pub(super) fn run(files: &Files, who: &Identity, command: &Command, tell: &dyn Tell) -> Result<Output> {
    let argv = command.full_argv();
    let (program, arguments) = argv.split_first().ok_or_else(|| anyhow!("a command without a program"))?;
    let mut process = Start::of(files, who, Utf8Path::new(program))?.build();
    process.args(arguments).envs(&command.environment);
    let as_root =
        if command.root && files.owners().is_none() { Some(kill_as_root(sudo(files, who)?)) } else { None };
    let limits = Limits { done_mark: command.done_mark, as_root, ..Limits::of(command.limit) };
    run_process(process, &limits, tell).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => {
            anyhow!("`{program}` is not there").context(format!("running `{command}`"))
        }
        _ => anyhow!(error).context(format!("running `{command}`")),
    })
}
