//! The `docker` command, as far as people use it who look after containers or meddle with them.

mod arguments;
mod containers;
mod endpoint;
mod made;
mod others;
mod table;

use camino::{Utf8Path, Utf8PathBuf};

use self::arguments::Arguments;
use super::{Refused, refusal::refused, unreachable};
use crate::sim::{Caller, Content, Mac, Running, USER, tool::Environment};

/// What comes of a command.
type Done = Result<Running, Refused>;

/// Whether a program is the docker command: Homebrew's, or where Docker Desktop puts its own.
pub(in crate::sim::tool) fn is_at(path: &Utf8Path) -> bool {
    let brewed = path.starts_with("/opt/homebrew/Cellar/docker") && path.file_name() == Some("docker");
    brewed || path == DESKTOP
}

const DESKTOP: &str = "/usr/local/bin/docker";

/// Puts the docker command where Docker Desktop has it.
pub fn with_docker(mac: &mut Mac) -> std::io::Result<()> {
    let now = mac.state.now;
    mac.disk.make_dirs(0, "/usr/local/bin".into(), 0o755, now)?;
    let program = Content::Made { size: 42_000_000, seed: 28 };
    mac.disk.write(0, DESKTOP.into(), program, 0o755, now)
}

/// Runs it.
pub(in crate::sim::tool) fn run(
    mac: &mut Mac,
    caller: Caller,
    words: &[String],
    environment: &Environment,
) -> Running {
    let mut given = Arguments::new(words, &["-H", "--host", "-c", "--context"]);
    let before = given.until_word();
    let context = before.value("-c", "--context");
    let host = before.value("-H", "--host");
    let socket = match endpoint::find(mac, host, context, environment) {
        Ok(socket) => socket,
        Err(why) => return Running::failed(1, why + "\n"),
    };
    let command = given.word();
    if (command.as_deref(), given.peek()) == (Some("context"), Some("ls")) {
        return endpoint::list(mac, environment);
    }
    match reach(mac, caller, &socket).and_then(|real| run_at(mac, &real, command.as_deref(), given)) {
        Ok(running) => running,
        Err(why) if why.status == NO_ENGINE => Running::failed(1, why.message + "\n"),
        Err(why) if why.status == USAGE => Running::failed(125, why.message + "\n"),
        Err(why) => Running::failed(1, format!("Error response from daemon: {}\n", why.message)),
    }
}

const NO_ENGINE: u16 = 0;
const USAGE: u16 = 1;

fn usage(why: &str) -> Refused {
    refused(USAGE, format!("{why}\nSee 'docker --help'."))
}

/// The engine's socket, if one answers there and `caller` may reach it.
fn reach(mac: &Mac, caller: Caller, socket: &Utf8Path) -> Result<Utf8PathBuf, Refused> {
    let none = |why: String| {
        refused(
            NO_ENGINE,
            format!(
                "Cannot connect to the Docker daemon at unix://{socket}. Is the docker daemon running? ({why})"
            ),
        )
    };
    let real = mac.disk.resolve(socket).unwrap_or_else(|| socket.to_owned());
    if mac.disk.node(&real).is_some_and(|node| caller.uid != 0 && node.uid != caller.uid && node.uid != USER)
    {
        return Err(none("permission denied".to_owned()));
    }
    match mac.state.engines.get(&real) {
        Some(engine) if engine.up.is_some() && mac.disk.node(&real).is_some() => Ok(real),
        engine => Err(none(unreachable(&real, engine).to_string())),
    }
}

fn run_at(mac: &mut Mac, socket: &Utf8PathBuf, command: Option<&str>, mut given: Arguments) -> Done {
    match command {
        Some("container") => {
            let command = given.word();
            containers::run(mac, socket, command.as_deref().unwrap_or_default(), given)
        }
        Some(kind @ ("volume" | "network" | "image")) => {
            let command = given.word();
            others::run(mac, socket, (kind, command.as_deref().unwrap_or_default()), given)
        }
        Some("images") => others::run(mac, socket, ("image", "ls"), given),
        Some("rmi") => others::run(mac, socket, ("image", "rm"), given),
        Some(command @ ("tag" | "pull")) => others::run(mac, socket, ("image", command), given),
        Some("version") => {
            let engine = super::changing::engine(mac, socket)?;
            Ok(Running::printed(format!("Server:\n Engine:\n  Version: {}\n", engine.version.0)))
        }
        Some(command) => containers::run(mac, socket, command, given),
        None => Ok(Running::printed("Usage:  docker [OPTIONS] COMMAND\n")),
    }
}
