use std::time::Duration;

use camino::Utf8PathBuf;
use serde_json::json;

use super::{
    super::{
        Inside, changing,
        container::Container,
        life,
        refusal::{no_container, refused},
        status::lasting,
    },
    Done,
    arguments::Arguments,
    made,
    table::table,
    usage,
};
use crate::{
    machine::engine::Stage,
    sim::{Mac, Running, running::Print},
    value::{PublishedPort, Restart},
};

/// Flags of these commands that have a value.
const VALUED: [&str; 10] =
    ["-t", "--time", "--restart", "-m", "--memory", "--cpus", "-n", "--tail", "-f", "--format"];

/// Runs a command about containers.
pub(super) fn run(mac: &mut Mac, socket: &Utf8PathBuf, command: &str, given: Arguments) -> Done {
    match command {
        "run" | "create" => return made::run(mac, socket, given, command == "run"),
        "exec" => return exec(mac, socket, given),
        _ => {}
    }
    let valued: &[&str] = match command {
        "rm" | "ps" | "ls" => &["--format", "--filter"],
        "logs" => &["-n", "--tail"],
        _ => &VALUED,
    };
    let (flags, names) = given.with(valued).all();
    match command {
        "ps" | "ls" => {
            let all = flags.has("-a", "--all");
            return Ok(Running::printed(list(mac, socket, all, flags.has("-q", "--quiet"))?));
        }
        "inspect" => return inspect(mac, socket, &names),
        "rename" => {
            let [name, new] = names.as_slice() else {
                return Err(usage("\"docker rename\" requires exactly 2 arguments."));
            };
            rename(mac, socket, name, new)?;
            return Ok(Running::default());
        }
        "stop" | "restart" => {
            let grace = flags.value("-t", "--time").and_then(|seconds| seconds.parse().ok());
            return stop(mac, socket, names, grace.map(Duration::from_secs), command == "restart");
        }
        _ => {}
    }
    let mut running = Running::default();
    for name in names {
        match command {
            "start" => changing::start(mac, socket, &name)?,
            "kill" => drop(changing::ask_to_stop(mac, socket, &name, Some(Duration::ZERO))?),
            "rm" => remove(mac, socket, &name, flags.has("-f", "--force"), flags.has("-v", "--volumes"))?,
            "pause" | "unpause" => pause(mac, socket, &name, command == "pause")?,
            "update" => update(
                mac,
                socket,
                &name,
                flags.value("", "--restart").map(made::restart).transpose()?,
                flags.value("-m", "--memory").map(made::bytes).transpose()?,
            )?,
            "logs" => {
                let found = find(mac, socket, &name)?;
                let tail = flags.value("-n", "--tail").and_then(|lines| lines.parse::<usize>().ok());
                let skipped = found.log.len().saturating_sub(tail.unwrap_or(usize::MAX));
                for (_, line) in found.log.iter().skip(skipped) {
                    running.output.out(line);
                    running.output.out("\n");
                }
                continue;
            }
            _ => {
                return Err(usage(&format!("docker: '{command}' is not a docker command.")));
            }
        }
        running.output.out(name + "\n");
    }
    Ok(running)
}

fn find<'m>(mac: &'m mut Mac, socket: &Utf8PathBuf, name: &str) -> Result<&'m Container, super::Refused> {
    changing::engine(mac, socket)?.find(name).ok_or_else(|| no_container(name))
}

fn list(mac: &mut Mac, socket: &Utf8PathBuf, all: bool, quiet: bool) -> Result<String, super::Refused> {
    let now = mac.state.now;
    let engine = changing::engine(mac, socket)?;
    let mut shown: Vec<&Container> = engine
        .containers
        .values()
        .filter(|it| all || matches!(it.stage, Stage::Running | Stage::Paused | Stage::Restarting))
        .collect();
    shown.sort_by_key(|container| std::cmp::Reverse(container.created));
    let short = |container: &Container| container.id.chars().take(12).collect::<String>();
    if quiet {
        return Ok(shown.into_iter().map(|container| short(container) + "\n").collect());
    }
    let rows = shown.into_iter().map(|container| {
        let line = container.line(now);
        let spec = &container.spec;
        let words: Vec<&str> =
            spec.entrypoint.iter().chain(&spec.command).flatten().map(String::as_str).collect();
        let command: String = words.join(" ").chars().take(20).collect();
        let age = lasting(super::super::container::since(container.created, now));
        let ports: Vec<String> = line.ports.iter().map(port).collect();
        let image = super::super::reference::Reference::familiar(&line.image);
        [
            short(container),
            image,
            format!("\"{command}\""),
            age + " ago",
            line.status,
            ports.join(", "),
            line.name,
        ]
    });
    Ok(table(["CONTAINER ID", "IMAGE", "COMMAND", "CREATED", "STATUS", "PORTS", "NAMES"], rows))
}

fn port(port: &PublishedPort) -> String {
    let at = std::net::SocketAddr::new(port.address, port.published);
    let protocol = if port.protocol == crate::value::Protocol::Udp { "udp" } else { "tcp" };
    format!("{at}->{}/{protocol}", port.target)
}

fn inspect(mac: &mut Mac, socket: &Utf8PathBuf, names: &[String]) -> Done {
    let mut all = vec![];
    for name in names {
        let found = find(mac, socket, name).map_err(|_| refused(404, format!("No such object: {name}")))?;
        let environment: Vec<String> =
            found.spec.environment.iter().map(|(name, value)| format!("{name}={value}")).collect();
        all.push(json!({
            "Id": found.id,
            "Name": format!("/{}", found.name),
            "Image": found.image_id,
            "RestartCount": found.restarts,
            "State": {
                "Status": found.stage,
                "ExitCode": found.exit_code,
                "Error": found.error,
                "OOMKilled": found.out_of_memory,
                "Health": found.health.as_ref().map(|health| json!({
                    "Status": health.status,
                    "FailingStreak": health.failing,
                })),
            },
            "Config": {"Image": found.spec.image, "Env": environment, "Labels": found.spec.labels},
        }));
    }
    let text = serde_json::to_string_pretty(&all).unwrap_or_default();
    Ok(Running::printed(text + "\n"))
}

fn rename(mac: &mut Mac, socket: &Utf8PathBuf, name: &str, new: &str) -> Result<(), super::Refused> {
    let engine = changing::engine(mac, socket)?;
    let id = engine.find(name).map(|found| found.id.clone()).ok_or_else(|| no_container(name))?;
    if let Some(other) = engine.container(new) {
        let why = changing::taken(new, &other.id);
        return Err(refused(409, format!("Error when allocating new name: {why}")));
    }
    if let Some(container) = engine.containers.get_mut(&id) {
        new.clone_into(&mut container.name);
    }
    Ok(())
}

/// Stops containers one after the other, and starts them anew if that is meant.
fn stop(
    mac: &mut Mac,
    socket: &Utf8PathBuf,
    names: Vec<String>,
    grace: Option<Duration>,
    anew: bool,
) -> Done {
    let mut running = Running::default();
    for name in names {
        find(mac, socket, &name)?;
        let time = changing::ask_to_stop(mac, socket, &name, grace)?;
        let socket = socket.clone();
        running = running.then(time.unwrap_or_default(), move |mac, output| {
            let started = if anew { changing::start(mac, &socket, &name) } else { Ok(()) };
            match started {
                Ok(()) => output.out(name + "\n"),
                Err(why) => {
                    output.code = 1;
                    output.err(format!("Error response from daemon: {}\n", why.message));
                }
            }
        });
    }
    Ok(running)
}

fn remove(
    mac: &mut Mac,
    socket: &Utf8PathBuf,
    name: &str,
    force: bool,
    volumes: bool,
) -> Result<(), super::Refused> {
    let found = find(mac, socket, name)?;
    if !force && matches!(found.stage, Stage::Running | Stage::Paused | Stage::Restarting) {
        let why = format!(
            "cannot remove container \"/{name}\": container is running: stop the container before removing or force remove"
        );
        return Err(refused(409, why));
    }
    changing::remove(mac, socket, name, volumes)
}

fn pause(mac: &mut Mac, socket: &Utf8PathBuf, name: &str, pause: bool) -> Result<(), super::Refused> {
    let id = find(mac, socket, name)?.id.clone();
    let Some(container) = life::container(mac, socket, &id) else { return Ok(()) };
    match (container.stage, pause) {
        (Stage::Running, true) => container.stage = Stage::Paused,
        (Stage::Paused, false) => container.stage = Stage::Running,
        (Stage::Paused, true) => return Err(refused(409, format!("Container {id} is already paused"))),
        (_, true) => return Err(refused(409, format!("Container {id} is not running"))),
        (_, false) => return Err(refused(500, format!("Container {id} is not paused"))),
    }
    Ok(())
}

fn update(
    mac: &mut Mac,
    socket: &Utf8PathBuf,
    name: &str,
    restart: Option<Restart>,
    memory: Option<u64>,
) -> Result<(), super::Refused> {
    let id = find(mac, socket, name)?.id.clone();
    if let Some(container) = life::container(mac, socket, &id) {
        container.spec.restart = restart.unwrap_or(container.spec.restart);
        container.spec.mem_limit = memory.or(container.spec.mem_limit);
    }
    life::starve(mac, socket);
    Ok(())
}

fn exec(mac: &mut Mac, socket: &Utf8PathBuf, given: Arguments) -> Done {
    let mut given = given.with(&["-e", "--env", "-u", "--user", "-w", "--workdir"]);
    let _flags = given.until_word();
    let name = given.word().unwrap_or_default();
    let argv = given.rest();
    let found = find(mac, socket, &name)?;
    let (id, player) = (found.id.clone(), found.player);
    if found.stage != Stage::Running {
        return Err(refused(409, format!("container {id} is not running")));
    }
    let (output, took) = player.exec(&mut Inside::of(mac, socket, &id), &argv);
    let hangs = took == Duration::MAX;
    let running = Running { output, ..Running::default() };
    Ok(if hangs { running.hanging() } else { running.then(took, |_, _| {}) })
}
