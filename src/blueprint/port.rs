use std::net::SocketAddr;

use anyhow::Result;

use super::Site;
use crate::{
    machine::{Listener, Looking, tool::launchctl::JobView},
    value::{Id, Place, Problem},
};

/// Who else stands where the job `label`, which launchd shows as `view`, is to listen.
pub(super) fn holders(site: &Site, socket: SocketAddr, label: &str, view: &JobView) -> Result<Vec<Listener>> {
    let mut ours: Vec<u32> = vec![];
    if let JobView::Loaded(printed) = view {
        ours.extend(printed.pid());
    }
    // A job of ours that moves between login and boot holds the port until it is taken down.
    if let Some(Place::Job { domain, label, .. }) =
        site.receipts.get(&Id::new("launchd-job", label)).map(|receipt| &receipt.place)
    {
        ours.extend(site.look.loaded_job(*domain, label)?.and_then(|printed| printed.pid()));
    }
    let mut listeners = site.look.listeners(socket)?;
    listeners.retain(|listener| listener.pid.is_none_or(|pid| !ours.contains(&pid)));
    Ok(listeners)
}

/// Why the port cannot be had, unless all who hold it are `leaving`.
pub(super) fn refusal(site: &Site, port: u16, holders: &[Listener], leaving: &[u32]) -> Option<Problem> {
    let holder = holders.iter().find(|holder| holder.pid.is_none_or(|pid| !leaving.contains(&pid)))?;
    let problem = Problem::mac(format!("port {port} is held by {}", holder.who()))
        .why(format!("it listens on {}", holder.address))
        .hint("stop it, or give this stack another `port`; who it is:")
        .at(Some(&site.of_server("port")));
    Some(match holder.pid {
        Some(pid) => problem.remedy(format!("ps -ww -o user=,lstart=,command= -p {pid}")),
        None => problem.remedy(format!("sudo lsof -nP -iTCP:{port} -sTCP:LISTEN")),
    })
}
