//! The way back: what of a Mac is as a section of a manifest would have it.

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr, SocketAddr},
};

use anyhow::Result;
use camino::{Utf8Path, Utf8PathBuf};

use super::{data, ollama, power, python, tilde};
use crate::{
    journal::Receipts,
    machine::{
        Identity, Look, Looking,
        tool::{self, brew, venv},
    },
    manifest::{Environment, Listen, Ollama, PythonVersion, Start},
    step::TOOLS,
    value::{ModelName, Place, Requirement, Value, without_credentials},
};

/// How something stands on a Mac.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Standing<T> {
    /// So, and where that was seen.
    So(T, String),
    /// In a way that no manifest says, and in which.
    Otherwise(String),
}

/// Whether it never sleeps.
pub fn never_sleeps(look: &dyn Look) -> Result<Standing<()>> {
    let (mut right, mut wrong) = (vec![], vec![]);
    let sources = look.power_settings()?;
    for (source, has) in &sources {
        for (key, wanted) in power::SETTINGS {
            let Some(value) = has.get(key) else { continue };
            let those = if value == wanted { &mut right } else { &mut wrong };
            those.push(format!("{key} {value} on {}", source.heading()));
        }
    }
    Ok(if sources.is_empty() {
        Standing::Otherwise("`pmset -g custom` shows no power source".to_owned())
    } else if wrong.is_empty() {
        Standing::So((), format!("pmset -g custom: {}", right.join(", ")))
    } else {
        Standing::Otherwise(format!("`pmset -g custom` shows {}", wrong.join(", ")))
    })
}

/// Whether it has usable Command Line Tools.
pub fn has_command_line_tools(look: &dyn Look) -> Result<Standing<()>> {
    let found = Place::CommandLineTools.observe(look, None)?;
    let folder = found.get("selected").as_text().unwrap_or(TOOLS);
    Ok(if !found.present {
        Standing::Otherwise(format!("there are none that can be used in {folder}"))
    } else if *found.get("placeholder") == Value::Absent {
        Standing::So((), folder.to_owned())
    } else {
        Standing::Otherwise("an installation was begun and not finished".to_owned())
    })
}

/// Whether it has a Homebrew of this user's.
pub fn has_homebrew(look: &dyn Look, identity: &Identity) -> Result<Standing<()>> {
    let found = Place::Homebrew.observe(look, None)?;
    let prefix = brew::PREFIX;
    Ok(if !found.present {
        Standing::Otherwise(format!("there is none that can be used in {prefix}"))
    } else if *found.get("owner") == Value::from(i64::from(identity.uid)) {
        Standing::So((), prefix.to_owned())
    } else {
        Standing::Otherwise(format!("that in {prefix} belongs to another user"))
    })
}

/// The taps of others that are trusted, each with where it is.
pub fn taps(look: &dyn Look) -> Result<Vec<(String, String)>> {
    let taps = brew::trusted_taps(look)?.into_iter();
    Ok(taps.map(|name| (name.clone(), brew::tap_folder(&name).into_string())).collect())
}

/// The formulae that somebody asked for by name, each with where it is; none of a tap that nobody trusts.
pub fn formulae(look: &dyn Look, taps: &[(String, String)]) -> Result<Vec<(String, String)>> {
    let kegs = brew::kegs(look)?.into_iter().filter(|keg| keg.on_request);
    let named = kegs.filter_map(|keg| {
        let place = format!("{}/Cellar/{}/{}", brew::PREFIX, keg.name, keg.version);
        Some((whole(&keg.name, keg.tap.as_deref(), taps)?, place))
    });
    Ok(named.collect())
}

/// The casks, each with where it is; none of a tap that nobody trusts.
pub fn casks(look: &dyn Look, taps: &[(String, String)]) -> Result<Vec<(String, String)>> {
    let mut named = vec![];
    for token in brew::casks(look)? {
        let tap = brew::installed_cask(look, &token)?.and_then(|cask| cask.tap);
        let place = format!("{}/Caskroom/{token}", brew::PREFIX);
        named.extend(whole(&token, tap.as_deref(), taps).map(|name| (name, place)));
    }
    Ok(named)
}

/// The name by which a manifest has what is of a tap.
fn whole(name: &str, tap: Option<&str>, taps: &[(String, String)]) -> Option<String> {
    match tap.filter(|tap| !tap.starts_with("homebrew/")) {
        None => Some(name.to_owned()),
        Some(tap) => taps.iter().any(|(known, _)| known == tap).then(|| format!("{tap}/{name}")),
    }
}

/// The Ollama server that forgectl's own job runs, if there is one, as its property list says.
pub fn ollama(look: &dyn Look, identity: &Identity) -> Result<Option<Standing<Ollama>>> {
    let mut found = vec![];
    for (start, path) in ollama_jobs(&identity.home) {
        if let Some(content) = look.read(&path)? {
            found.push((start, path, content));
        }
    }
    Ok(match found.as_slice() {
        [] => None,
        [(start, path, content)] => Some(match section(*start, content) {
            Ok(section) => Standing::So(section, path.to_string()),
            Err(why) => Standing::Otherwise(format!("{path}: {why}")),
        }),
        [(_, one, _), (_, other, _), ..] => {
            Some(Standing::Otherwise(format!("its job stands in two places: {one} and {other}")))
        }
    })
}

/// The models that such a server has whole, each with where its manifest is; those that run elsewhere are none.
pub fn models(
    look: &dyn Look,
    identity: &Identity,
    section: &Ollama,
) -> Result<Vec<(ModelName, Utf8PathBuf)>> {
    let store = data::store(&identity.home, section);
    let mut whole = vec![];
    for name in tool::ollama::names(look, &store)? {
        let manifest = tool::ollama::manifest(look, &store, &name).ok().flatten();
        let there = manifest.map(|manifest| {
            Ok::<_, anyhow::Error>(tool::ollama::missing(look, &store, &manifest)?.is_empty())
        });
        if !name.is_remote() && there.transpose()? == Some(true) {
            let path = store.join(name.manifest());
            whole.push((name, path));
        }
    }
    Ok(whole)
}

/// The Python environments that forgectl knows of, by name, as they were last asked for and as they are.
pub fn environments(
    look: &dyn Look,
    identity: &Identity,
    receipts: &Receipts,
) -> Result<BTreeMap<String, Environment>> {
    let mut found = BTreeMap::new();
    for (id, receipt) in receipts.iter().filter(|(_, receipt)| receipt.left.is_some() && !receipt.left_behind)
    {
        let Place::Environment { path } = &receipt.place else { continue };
        let Some(there) = venv::read(look, path)? else { continue };
        let minor: Vec<&str> = there.version.split('.').take(2).collect();
        let asked = look.read_text(&python::told(&identity.state, id.name()).asked)?.unwrap_or_default();
        let packages: Result<Vec<Requirement>, String> = asked.lines().map(str::parse).collect();
        if let (Ok(version), Ok(packages)) = (PythonVersion::try_from(minor.join(".")), packages) {
            let path = tilde(&identity.home, path).into();
            found.insert(id.name().to_owned(), Environment { path, version, packages });
        }
    }
    Ok(found)
}

/// Where the job's property list is for each start.
fn ollama_jobs(home: &Utf8Path) -> [(Start, Utf8PathBuf); 2] {
    [Start::Login, Start::Boot].map(|start| (start, ollama::property_list(home, start)))
}

fn section(start: Start, content: &[u8]) -> Result<Ollama, String> {
    let plist: plist::Dictionary = plist::from_bytes(content).map_err(|_| "no property list".to_owned())?;
    let declared = plist.get("EnvironmentVariables").and_then(plist::Value::as_dictionary);
    let texts = declared.into_iter().flatten().map(|(name, value)| {
        let value = value.as_string().ok_or_else(|| format!("`{name}` is no text"))?;
        // What is hidden is refused where the section is read.
        Ok((name.clone(), without_credentials(value).into_owned()))
    });
    let mut variables = texts.collect::<Result<BTreeMap<String, String>, String>>()?;
    let mut take = |name: &str| variables.remove(name).ok_or_else(|| format!("it has no {name}"));
    let host = take("OLLAMA_HOST")?;
    let socket: SocketAddr =
        host.parse().map_err(|_| format!("OLLAMA_HOST is no address with a port: {host}"))?;
    let context = take("OLLAMA_CONTEXT_LENGTH")?;
    let num_ctx = context.parse().map_err(|_| format!("OLLAMA_CONTEXT_LENGTH is no number: {context}"))?;
    let keep_alive =
        take("OLLAMA_KEEP_ALIVE")?.parse().map_err(|wrong| format!("OLLAMA_KEEP_ALIVE: {wrong}"))?;
    let most = variables.remove("OLLAMA_MAX_LOADED_MODELS");
    let wrong = |most: &String| format!("OLLAMA_MAX_LOADED_MODELS is no number: {most}");
    let max_loaded_models = most.map(|most| most.parse().map_err(|_| wrong(&most))).transpose()?;
    let proxy = variables.remove("HTTPS_PROXY");
    let proxy =
        proxy.map(|proxy| proxy.parse().map_err(|wrong| format!("HTTPS_PROXY: {wrong}"))).transpose()?;
    for ours in ["HOME", "PATH", "OLLAMA_NUM_CTX"] {
        variables.remove(ours);
    }
    let listen = match socket.ip() {
        IpAddr::V4(Ipv4Addr::LOCALHOST) => Listen::Loopback,
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => Listen::Lan,
        other => Listen::Address(other),
    };
    Ok(Ollama {
        listen,
        port: socket.port(),
        num_ctx,
        keep_alive,
        max_loaded_models,
        proxy,
        start,
        environment: variables,
    })
}
