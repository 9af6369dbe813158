use std::{net::IpAddr, time::Duration};

use camino::Utf8PathBuf;

use super::{
    super::{changing, refusal::refused},
    Done, Refused,
    arguments::{Arguments, Flags},
    others, usage,
};
use crate::{
    sim::{Mac, Running, running::Print},
    value::{ContainerSpec, Healthcheck, Mount, MountSource, Protocol, PublishedPort, Restart, Text},
};

/// Flags that have a value.
const VALUED: [&str; 26] = [
    "--name",
    "-e",
    "--env",
    "-p",
    "--publish",
    "-v",
    "--volume",
    "--network",
    "--net",
    "--network-alias",
    "--restart",
    "-l",
    "--label",
    "-m",
    "--memory",
    "--add-host",
    "-u",
    "--user",
    "--entrypoint",
    "--health-cmd",
    "--health-interval",
    "--health-retries",
    "--stop-timeout",
    "-w",
    "--workdir",
    "--platform",
];

/// `docker run -d` and `docker create`: an image that is not there is not fetched.
pub(super) fn run(mac: &mut Mac, socket: &Utf8PathBuf, given: Arguments, starts: bool) -> Done {
    let mut given = given.with(&VALUED);
    let flags = given.until_word();
    let Some(image) = given.word() else {
        return Err(usage("\"docker run\" requires at least 1 argument."));
    };
    let command = Some(given.rest()).filter(|words| !words.is_empty());
    let spec = spec(&flags, image, command)?;
    let name = flags.value("", "--name").map_or_else(|| "vigorous_hopper".to_owned(), str::to_owned);
    let id = changing::create(mac, socket, &name, spec)?;
    if starts {
        changing::start(mac, socket, &name).map_err(|why| Refused {
            status: super::USAGE,
            message: format!("docker: Error response from daemon: {}", why.message),
        })?;
    }
    let mut running = Running::default();
    running.output.out(id + "\n");
    Ok(running)
}

fn spec(flags: &Flags, image: String, command: Option<Vec<String>>) -> Result<ContainerSpec, Refused> {
    let variable = |text: &str| {
        let (name, value) = text.split_once('=').unwrap_or((text, ""));
        (name.to_owned(), Text::from(value))
    };
    let aliases: Vec<String> = flags.values("", "--network-alias").map(str::to_owned).collect();
    let network = flags.value("--net", "--network").map(|name| (name.to_owned(), aliases));
    let text = |short: &str, long: &str| flags.value(short, long).map(str::to_owned);
    Ok(ContainerSpec {
        image,
        command,
        entrypoint: text("", "--entrypoint").map(|program| vec![program]),
        environment: flags.values("-e", "--env").map(variable).collect(),
        ports: flags.values("-p", "--publish").map(port).collect::<Result<_, _>>()?,
        mounts: flags.values("-v", "--volume").map(mount).collect::<Result<_, _>>()?,
        networks: network.into_iter().collect(),
        healthcheck: healthcheck(flags),
        restart: flags.value("", "--restart").map(restart).transpose()?.unwrap_or_default(),
        extra_hosts: flags.values("", "--add-host").map(str::to_owned).collect(),
        labels: others::labels(flags),
        user: text("-u", "--user"),
        working_dir: text("-w", "--workdir"),
        mem_limit: flags.value("-m", "--memory").map(bytes).transpose()?,
        stop_grace_period: flags.value("", "--stop-timeout").and_then(seconds),
        read_only: flags.has("", "--read-only"),
        init: flags.has("", "--init"),
        ..ContainerSpec::default()
    })
}

fn healthcheck(flags: &Flags) -> Option<Healthcheck> {
    if flags.has("", "--no-healthcheck") {
        return Some(Healthcheck { test: vec!["NONE".to_owned()], ..Healthcheck::default() });
    }
    let command = flags.value("", "--health-cmd")?;
    Some(Healthcheck {
        test: vec!["CMD-SHELL".to_owned(), command.to_owned()],
        interval: flags.value("", "--health-interval").and_then(|text| seconds(text.trim_end_matches('s'))),
        retries: flags.value("", "--health-retries").and_then(|text| text.parse().ok()),
        ..Healthcheck::default()
    })
}

fn seconds(text: &str) -> Option<Duration> {
    text.parse().ok().map(Duration::from_secs)
}

/// `127.0.0.1:3000:8080/tcp`.
fn port(text: &str) -> Result<PublishedPort, Refused> {
    let wrong =
        || refused(400, format!("invalid publish opts format (should be name=value but got '{text}')"));
    let (rest, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
    let (rest, target) = rest.rsplit_once(':').ok_or_else(wrong)?;
    let (address, published) = match rest.rsplit_once(':') {
        Some((address, published)) => (address.parse().map_err(|_| wrong())?, published),
        None => (IpAddr::from([0, 0, 0, 0]), rest),
    };
    Ok(PublishedPort {
        address,
        published: published.parse().map_err(|_| wrong())?,
        target: target.parse().map_err(|_| wrong())?,
        protocol: if protocol == "udp" { Protocol::Udp } else { Protocol::Tcp },
    })
}

/// `data:/data:ro`, a path for a bind mount.
fn mount(text: &str) -> Result<Mount, Refused> {
    let mut parts = text.split(':');
    let (Some(source), Some(target)) = (parts.next(), parts.next()) else {
        return Err(refused(400, format!("invalid volume specification: '{text}'")));
    };
    let source = if source.starts_with('/') {
        MountSource::Bind(source.into())
    } else {
        MountSource::Volume(source.to_owned())
    };
    Ok(Mount { source, target: target.to_owned(), read_only: parts.next() == Some("ro") })
}

/// A restart policy by name.
pub(super) fn restart(text: &str) -> Result<Restart, Refused> {
    Ok(match text.split_once(':').unwrap_or((text, "")) {
        ("no", _) => Restart::No,
        ("always", _) => Restart::Always,
        ("unless-stopped", _) => Restart::UnlessStopped,
        ("on-failure", times) => Restart::OnFailure(times.parse().ok()),
        _ => return Err(refused(400, format!("invalid restart policy: unknown policy '{text}'"))),
    })
}

/// `512m`.
pub(super) fn bytes(text: &str) -> Result<u64, Refused> {
    let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let unit = match text[digits.len()..].to_ascii_lowercase().as_str() {
        "g" | "gb" => 1 << 30,
        "m" | "mb" => 1 << 20,
        "k" | "kb" => 1 << 10,
        _ => 1,
    };
    let wrong = |_| refused(400, format!("invalid size: '{text}'"));
    digits.parse::<u64>().map(|number| number * unit).map_err(wrong)
}
