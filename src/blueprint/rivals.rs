use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr, SocketAddr},
};

use anyhow::Result;
use camino::Utf8Path;

use super::{Blueprint, Site};
use crate::{
    machine::{
        Listener, Looking, overlap,
        tool::launchctl::{JobView, Listed, Printed},
    },
    resource::Rival,
    value::{Domain, Id, Place, Problem, Span},
};

/// The labels under which Homebrew runs `ollama` (docs/mac-facts.md#brew-label-styles).
const HOMEBREW: [&str; 2] = ["homebrew.mxcl.ollama", "sh.brew.ollama"];

/// The labels of the desktop app and of its login item (docs/mac-facts.md#ollama-desktop-app).
const DESKTOP_APP: [&str; 2] = ["com.ollama.ollama", "application.com.electron.ollama"];

/// The variable that says where a server listens.
const HOST: &str = "OLLAMA_HOST";

/// Who else serves Ollama where ours is to listen, of whom `holders` do so now. Homebrew's own job is put aside; the desktop
/// app is never fought. Answers with the resources, and with the processes that need no further word.
///
/// `launchctl list` shows the caller's own domain alone, over SSH not that of the screen: each label is asked for by name, but
/// only where something hints at it, since that takes a process each (docs/mac-facts.md#launchd-list).
pub(super) fn of_ollama(
    site: &Site,
    socket: SocketAddr,
    holders: &[Listener],
    blueprint: &mut Blueprint,
    origin: &Span,
) -> Result<(Vec<Id>, Vec<u32>)> {
    let jobs = site.look.jobs()?;
    let (mut ids, mut leaving) = (vec![], vec![]);
    for label in HOMEBREW {
        let hinted = jobs.contains_key(label) || !holders.is_empty();
        if let Some((rival, pid)) = homebrew(site, socket, holders, hinted, label)? {
            leaving.extend(pid);
            ids.push(blueprint.add(rival, vec![], origin.clone()));
        }
    }
    let others: Vec<u32> = holders
        .iter()
        .filter(|holder| holder.command.as_ref().is_some_and(|name| name.eq_ignore_ascii_case("ollama")))
        .filter_map(|holder| holder.pid.filter(|pid| !leaving.contains(pid)))
        .collect();
    if let Some(problem) = desktop_app(site, socket, holders, &others, &jobs)? {
        blueprint.refusals.push(problem.at(Some(origin)));
        leaving.extend(others);
    }
    Ok((ids, leaving))
}

/// Homebrew's job of that label and its process, if it listens, or would listen, where ours is to.
fn homebrew(
    site: &Site,
    socket: SocketAddr,
    holders: &[Listener],
    hinted: bool,
    label: &'static str,
) -> Result<Option<(Rival, Option<u32>)>> {
    let plist = site.identity.home.join(format!("Library/LaunchAgents/{label}.plist"));
    let aside = Rival::aside(&site.identity.state, label);
    let known = match site.receipts.get(&Id::new("rival-job", label)).map(|receipt| &receipt.place) {
        Some(Place::Rival { domain, .. }) => Some(*domain),
        _ => None,
    };
    let rival = |domain| Rival {
        domain,
        label: label.into(),
        plist: plist.clone(),
        aside,
        store: site.identity.home.join(".ollama/models"),
        owner: "Homebrew services",
    };
    let file = declared(site, &plist)?;
    if !hinted && file.is_none() {
        // What was put aside stays there until destroy gives it back.
        return Ok(known.map(|domain| (rival(domain), None)));
    }
    // Homebrew loads into `user/UID` when it runs over SSH, into `gui/UID` otherwise.
    let uid = site.identity.uid;
    let mut loaded: Option<(Domain, Printed)> = None;
    for domain in [Domain::Gui(uid), Domain::User(uid)] {
        if let (None, JobView::Loaded(printed)) = (&loaded, site.look.job(domain, label)?) {
            loaded = Some((domain, *printed));
        }
    }
    let mut would: Vec<SocketAddr> = vec![];
    would.extend(loaded.as_ref().map(|(_, printed)| asked_for(printed.environment.get(HOST))));
    would.extend(file);
    if would.is_empty() {
        return Ok(known.map(|domain| (rival(domain), None)));
    }
    let pid = loaded.as_ref().and_then(|(_, printed)| printed.pid());
    let holds = pid.is_some_and(|pid| holders.iter().any(|holder| holder.pid == Some(pid)));
    if !holds && !would.into_iter().any(|would| overlap(would, socket)) {
        return Ok(None);
    }
    let found = loaded.map_or(Domain::Gui(uid), |(domain, _)| domain);
    let domain = known.unwrap_or(found);
    Ok(Some((rival(domain), pid.filter(|_| domain == found))))
}

/// Why the desktop app forbids a server of ours. `servers` are those where ours is to listen whose job is not known: the app's
/// server is its child, and no job.
fn desktop_app(
    site: &Site,
    socket: SocketAddr,
    holders: &[Listener],
    servers: &[u32],
    jobs: &BTreeMap<String, Listed>,
) -> Result<Option<Problem>> {
    let is_app = |label: &str| DESKTOP_APP.iter().any(|app| label.starts_with(app));
    let listed = jobs.keys().find(|label| is_app(label)).map(String::as_str);
    let labels = match listed {
        Some(label) => vec![label],
        None if holders.is_empty() => return Ok(None),
        None => DESKTOP_APP.to_vec(),
    };
    let mut app = None;
    for label in labels {
        if let (None, Some(printed)) = (&app, site.look.loaded_job(Domain::Gui(site.identity.uid), label)?) {
            app = Some((label, printed));
        }
    }
    let Some((label, printed)) = app else { return Ok(None) };
    if servers.is_empty() && !overlap(asked_for(printed.environment.get(HOST)), socket) {
        return Ok(None);
    }
    let pid = printed.pid().map_or(String::new(), |pid| format!(", pid {pid}"));
    Ok(Some(
        Problem::mac("the Ollama desktop app runs here, and serves on its own terms")
            .why(format!("launchd has its job `{label}`{pid}"))
            .why("it starts its server again whenever that is stopped, with settings of its own")
            .hint("quit Ollama from the menu bar")
            .hint("switch it off in System Settings, General, Login Items; then apply again"),
    ))
}

/// Where the job of a property list listens, if there is one.
fn declared(site: &Site, plist: &Utf8Path) -> Result<Option<SocketAddr>> {
    let Some(content) = site.look.read(plist)? else { return Ok(None) };
    let keys: plist::Dictionary = plist::from_bytes(&content).unwrap_or_default();
    let environment = keys.get("EnvironmentVariables").and_then(plist::Value::as_dictionary);
    let host = environment.and_then(|environment| environment.get(HOST)?.as_string()).map(str::to_owned);
    Ok(Some(asked_for(host.as_ref())))
}

/// Where a server listens that is given this `OLLAMA_HOST` (docs/mac-facts.md#ollama-host); a name counts as every address.
fn asked_for(host: Option<&String>) -> SocketAddr {
    let value = host.map_or("", |host| host.trim_matches([' ', '"', '\'']));
    let (usual, rest) = match value.split_once("://") {
        Some(("http", rest)) => (80, rest),
        Some(("https", rest)) => (443, rest),
        Some((_, rest)) => (11434, rest),
        None => (11434, value),
    };
    let place = rest.split('/').next().unwrap_or("");
    let bare = |text: &str| text.trim_matches(['[', ']']).parse::<IpAddr>().ok();
    let (name, port) = match place.rsplit_once(':') {
        Some((name, port)) if bare(place).is_none() => (name, port.parse().unwrap_or(usual)),
        _ => (place, usual),
    };
    let address = match name {
        "" if place.is_empty() => Ipv4Addr::LOCALHOST.into(),
        "localhost" => Ipv4Addr::LOCALHOST.into(),
        name => bare(name).unwrap_or(Ipv4Addr::UNSPECIFIED.into()),
    };
    SocketAddr::new(address, port)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_ollama_host_is_read_as_the_server_reads_it() {
        for (host, socket) in [
            ("", "127.0.0.1:11434"),
            ("0.0.0.0", "0.0.0.0:11434"),
            ("http://0.0.0.0", "0.0.0.0:80"),
            (":11500", "0.0.0.0:11500"),
            ("http://127.0.0.1:11502/", "127.0.0.1:11502"),
            ("[::1]:11503", "[::1]:11503"),
            ("::1", "[::1]:11434"),
            ("localhost:11504", "127.0.0.1:11504"),
            ("127.0.0.1:70000", "127.0.0.1:11434"),
            ("studio.local", "0.0.0.0:11434"),
        ] {
            assert_eq!(asked_for(Some(&host.to_owned())).to_string(), socket, "{host}");
        }
        assert_eq!(asked_for(None).to_string(), "127.0.0.1:11434");
    }
}
