use std::{collections::BTreeMap, time::Duration};

use camino::Utf8PathBuf;

use super::{
    super::{
        PLATFORM, changing,
        pull::{self, keep},
        reference::Reference,
        refusal::{no_image, refused},
    },
    Done,
    arguments::{Arguments, Flags},
    table::table,
    usage,
};
use crate::sim::{Mac, Running, running::Print};

/// Runs a command about volumes, networks or images.
pub(super) fn run(
    mac: &mut Mac,
    socket: &Utf8PathBuf,
    (kind, command): (&str, &str),
    given: Arguments,
) -> Done {
    let (flags, names) = given.with(&["--label", "--driver", "-d", "--platform"]).all();
    let mut running = Running::default();
    match (kind, command) {
        ("volume", "ls") => return volumes(mac, socket, &flags),
        ("network", "ls") => return networks(mac, socket, &flags),
        ("image", "ls") => return images(mac, socket, &flags),
        ("image", "tag") => {
            let [image, name] = names.as_slice() else {
                return Err(usage("\"docker tag\" requires exactly 2 arguments."));
            };
            changing::tag(mac, socket, image, name)?;
        }
        ("image", "pull") => {
            let name = names.first().cloned().unwrap_or_default();
            return fetch(mac, socket, name);
        }
        (_, "create") => {
            let labels: BTreeMap<String, String> = labels(&flags);
            let name = names.first().cloned().unwrap_or_default();
            if kind == "network" && changing::engine(mac, socket)?.networks.contains_key(&name) {
                return Err(refused(409, format!("network with name {name} already exists")));
            }
            match kind {
                "volume" => changing::create_volume(mac, socket, &name, &labels)?,
                _ => changing::create_network(mac, socket, &name, &labels)?,
            }
            running.output.out(name + "\n");
        }
        (_, "rm") => {
            for name in names {
                match kind {
                    "volume" => changing::remove_volume(mac, socket, &name)?,
                    "network" => changing::remove_network(mac, socket, &name)?,
                    _ => changing::remove_image(mac, socket, &name)?,
                }
                let words = if kind == "image" { format!("Untagged: {name}\n") } else { name + "\n" };
                running.output.out(words);
            }
        }
        _ => return Err(usage(&format!("docker: 'docker {kind} {command}' is not a docker command."))),
    }
    Ok(running)
}

pub(super) fn labels(flags: &Flags) -> BTreeMap<String, String> {
    let pair = |text: &str| {
        let (name, value) = text.split_once('=').unwrap_or((text, ""));
        (name.to_owned(), value.to_owned())
    };
    flags.values("-l", "--label").map(pair).collect()
}

fn volumes(mac: &mut Mac, socket: &Utf8PathBuf, flags: &Flags) -> Done {
    let engine = changing::engine(mac, socket)?;
    if flags.has("-q", "--quiet") {
        return Ok(Running::printed(
            engine.volumes.keys().map(|name| name.clone() + "\n").collect::<String>(),
        ));
    }
    let rows = engine.volumes.keys().map(|name| ["local".to_owned(), name.clone()]);
    Ok(Running::printed(table(["DRIVER", "VOLUME NAME"], rows)))
}

fn networks(mac: &mut Mac, socket: &Utf8PathBuf, flags: &Flags) -> Done {
    let engine = changing::engine(mac, socket)?;
    let short = |id: &str| id.chars().take(12).collect::<String>();
    if flags.has("-q", "--quiet") {
        let ids = engine.networks.values().map(|network| short(&network.id) + "\n");
        return Ok(Running::printed(ids.collect::<String>()));
    }
    let rows = engine.networks.iter().map(|(name, network)| {
        [short(&network.id), name.clone(), network.driver.clone(), "local".to_owned()]
    });
    Ok(Running::printed(table(["NETWORK ID", "NAME", "DRIVER", "SCOPE"], rows)))
}

fn images(mac: &mut Mac, socket: &Utf8PathBuf, flags: &Flags) -> Done {
    let engine = changing::engine(mac, socket)?;
    let short = |id: &str| id.trim_start_matches("sha256:").chars().take(12).collect::<String>();
    if flags.has("-q", "--quiet") {
        return Ok(Running::printed(engine.images.keys().map(|id| short(id) + "\n").collect::<String>()));
    }
    let mut rows = vec![];
    for image in engine.images.values() {
        let line = image.line();
        let size = format!("{}MB", line.size / 1_000_000);
        for tag in &image.tags {
            let reference = Reference::read(tag);
            let name = Reference::familiar(&reference.name);
            rows.push([name, reference.tag.unwrap_or_default(), short(&image.id), size.clone()]);
        }
        if image.tags.is_empty() {
            rows.push(["<none>".to_owned(), "<none>".to_owned(), short(&image.id), size]);
        }
    }
    Ok(Running::printed(table(["REPOSITORY", "TAG", "IMAGE ID", "SIZE"], rows)))
}

/// Fetches an image, all at once when its time has passed.
fn fetch(mac: &mut Mac, socket: &Utf8PathBuf, name: String) -> Done {
    let reference = Reference::read(&name);
    let published = pull::find(mac, socket, &reference, PLATFORM).map_err(|fault| match fault {
        crate::machine::engine::EngineFault::Refused { status, message } => refused(status, message),
        crate::machine::engine::EngineFault::Unreachable(why) => refused(500, why),
    })?;
    let bytes: u64 =
        pull::missing(mac, socket, published.layers(PLATFORM)).iter().map(|(layer, _)| layer.size).sum();
    let time = Duration::from_millis(bytes * 8_000 / mac.state.bandwidth.max(1));
    let socket = socket.clone();
    Ok(Running::default().then(time, move |mac, output| {
        mac.state.meter.downloaded += bytes;
        if keep(mac, &socket, &reference, &published, PLATFORM) {
            output.out(format!("Status: Downloaded newer image for {reference}\n"));
        } else {
            output.code = 1;
            output.err(format!("Error response from daemon: {}\n", no_image(&name).message));
        }
    }))
}
