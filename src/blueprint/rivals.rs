use anyhow::Result;

use super::{Blueprint, Site};
use crate::{
    machine::{Looking, tool::launchctl::JobView},
    resource::Rival,
    value::{Domain, Id, Place, Problem, Span},
};

/// The labels under which Homebrew runs `ollama` (docs/mac-facts.md#brew-label-styles).
const HOMEBREW: [&str; 2] = ["homebrew.mxcl.ollama", "sh.brew.ollama"];

/// The labels of the desktop app and of its login item (docs/mac-facts.md#ollama-desktop-app).
const DESKTOP_APP: [&str; 2] = ["com.ollama.ollama", "application.com.electron.ollama"];

/// Who else serves Ollama here. Homebrew's own job is put aside; the desktop app is never fought. Answers with the
/// resources, and with the processes that will be gone.
pub(super) fn of_ollama(
    site: &Site,
    blueprint: &mut Blueprint,
    origin: &Span,
) -> Result<(Vec<Id>, Vec<u32>)> {
    let jobs = site.look.jobs()?;
    let (mut ids, mut pids) = (vec![], vec![]);
    for label in HOMEBREW {
        let plist = site.identity.home.join(format!("Library/LaunchAgents/{label}.plist"));
        let known = site.receipts.get(&Id::new("rival-job", label)).map(|receipt| &receipt.place);
        let listed = jobs.get(label);
        let domain = match known {
            Some(Place::Rival { domain, .. }) => *domain,
            _ if listed.is_some() => domain_of(site, label)?,
            _ if site.look.stat(&plist)?.is_some() => Domain::Gui(site.identity.uid),
            _ => continue,
        };
        pids.extend(listed.and_then(|job| job.pid));
        let aside = Rival::aside(&site.identity.state, label);
        let rival = Rival { domain, label: label.into(), plist, aside, owner: "Homebrew services" };
        ids.push(blueprint.add(rival, vec![], origin.clone()));
    }
    let is_app = |label: &str| DESKTOP_APP.iter().any(|app| label.starts_with(app));
    if let Some((label, job)) = jobs.iter().find(|(label, _)| is_app(label)) {
        let pid = job.pid.map_or(String::new(), |pid| format!(", pid {pid}"));
        blueprint.refusals.push(
            Problem::mac("the Ollama desktop app runs here, and serves on its own terms")
                .why(format!("launchd has its job `{label}`{pid}"))
                .why("it starts its server again whenever that is stopped, with settings of its own")
                .hint("quit Ollama from the menu bar")
                .hint("switch it off in System Settings, General, Login Items; then apply again")
                .at(Some(origin)),
        );
        pids.extend(job.pid);
    }
    Ok((ids, pids))
}

/// Homebrew loads into `user/UID` when it runs over SSH, into `gui/UID` otherwise.
fn domain_of(site: &Site, label: &str) -> Result<Domain> {
    let gui = Domain::Gui(site.identity.uid);
    Ok(match site.look.job(gui, label)? {
        JobView::Loaded(_) => gui,
        JobView::NotLoaded | JobView::NoDomain => Domain::User(site.identity.uid),
    })
}
