use anyhow::Result;
use camino::{Utf8Path, Utf8PathBuf};

use super::{EngineOf, judge};
use crate::{
    blueprint::{Blueprint, Site, casks},
    machine::Looking,
    manifest::{EngineKind, Package},
    resource::Engine,
    step::{AppStart, EngineStart},
    value::{Id, Problem, Span},
};

/// What is known of an application that brings an engine.
struct App {
    name: &'static str,
    /// Homebrew's cask of it, and the name of its resource.
    token: &'static str,
    path: &'static str,
    /// Its socket below the home folder.
    socket: &'static str,
}

const DOCKER_DESKTOP: App = App {
    name: "Docker Desktop",
    token: "docker-desktop",
    path: "/Applications/Docker.app",
    socket: ".docker/run/docker.sock",
};

const ORBSTACK: App = App {
    name: "OrbStack",
    token: "orbstack",
    path: "/Applications/OrbStack.app",
    socket: ".orbstack/run/docker.sock",
};

/// An engine that comes with an application: Homebrew's cask of it unless the application is there already, and opened.
pub(super) fn app(
    site: &Site,
    kind: EngineKind,
    blueprint: &mut Blueprint,
    origin: &Span,
) -> Result<EngineOf> {
    let app = if kind == EngineKind::Orbstack { ORBSTACK } else { DOCKER_DESKTOP };
    let socket = site.identity.home.join(app.socket);
    let version = match site.look.resolve(&socket)? {
        Some(_) => site.look.engine_version(&socket)?.ok(),
        None => None,
    };
    let mut needs = vec![];
    let ours = site.receipts.contains_key(&Id::new("brew-cask", app.token));
    if ours || site.look.stat(Utf8Path::new(app.path))?.is_none() {
        let cask = Package { name: app.token.into(), version: None };
        needs.push(casks::cask(site, blueprint, &cask, origin)?);
    }
    if version.is_none() && !site.facts.at_screen {
        let problem = Problem::mac(format!("{} needs a graphical session, and you have none", app.name))
            .why("it is an application, and runs while its user is logged in at the screen")
            .hint("log in at the Mac's screen (or by screen sharing), then apply again");
        blueprint.refusals.push(problem.at(Some(origin)));
    }
    let start = AppStart {
        name: app.name,
        path: app.path.into(),
        user: site.identity.user.clone(),
        licence: kind == EngineKind::DockerDesktop && !is_accepted(site),
    };
    let start = Some(EngineStart::App(start));
    let engine = Engine { name: app.token.into(), socket: socket.clone(), start };
    let id = blueprint.add(engine, needs, origin.clone());
    judge::version(version.as_ref(), &id, blueprint, origin);
    if version.is_some() {
        judge::foreign_memory(site, &socket, kind, blueprint, origin)?;
    }
    Ok(EngineOf::new(id, kind, socket, version.as_ref()))
}

/// Whether its user has accepted Docker's licence, as far as its settings can be read (docs/service-facts.md#docker-desktop).
fn is_accepted(site: &Site) -> bool {
    let settings: Utf8PathBuf =
        site.identity.home.join("Library/Group Containers/group.com.docker/settings-store.json");
    let text = site.look.read_text(&settings).ok().flatten().unwrap_or_default();
    text.contains("\"LicenseTermsVersion\"")
}
