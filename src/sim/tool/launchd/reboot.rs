use camino::{Utf8Path, Utf8PathBuf};

use super::{DomainTarget, judge::judge, load::insert};
use crate::{
    machine::Kind,
    sim::{
        Mac, Session, USER, fresh,
        permission::STAFF,
        tool::{colima, docker, ollama, sudo},
    },
};

/// The Mac starts anew: every process and domain is gone, `setenv`, sudo's tickets and what lay in `/tmp` too, overrides stay. Daemons are loaded unless
/// FileVault waits for a password; nobody is logged in (docs/mac-facts.md#launchd-boot).
pub fn reboot(mac: &mut Mac) {
    if let Some(host) = mac.host.as_mut() {
        for (_, job) in mac.state.launchd.all_jobs() {
            // One that is gone by now needs no signal.
            let _gone = job.pid.map(|pid| host.signal(pid, 9));
        }
    }
    colima::shut_down(mac);
    mac.state.processes.clear();
    docker::power_off(mac);
    mac.state.boot = mac.state.now;
    mac.state.sudo = sudo::Tickets::default();
    empty(mac, Utf8Path::new("/private/tmp"));
    fresh::start_daemons(mac);
    let launchd = &mut mac.state.launchd;
    launchd.jobs.clear();
    launchd.sessions.clear();
    launchd.environment.clear();
    launchd.children.clear();
    launchd.locked = mac.state.filevault;
    console(mac, 0);
    if !mac.state.launchd.locked {
        load_folder(mac, DomainTarget::System, Utf8Path::new("/Library/LaunchDaemons"));
    }
}

/// Somebody types the password that FileVault waits for.
pub fn unlock(mac: &mut Mac) {
    if std::mem::take(&mut mac.state.launchd.locked) {
        load_folder(mac, DomainTarget::System, Utf8Path::new("/Library/LaunchDaemons"));
    }
}

/// The user logs in, at the screen or over SSH: domains appear, agents are loaded into them.
pub fn log_in(mac: &mut Mac, session: Session) {
    unlock(mac);
    let background = DomainTarget::User(USER);
    if mac.state.launchd.sessions.insert(background) {
        load_agents(mac, background);
        fresh::start_session(mac, session);
    }
    let screen = DomainTarget::Gui(USER);
    if session == Session::Gui && mac.state.launchd.sessions.insert(screen) {
        console(mac, USER);
        load_agents(mac, screen);
        ollama::desktop::start_at_login(mac);
    }
}

/// The user logs out at the screen: the graphical domain ends with all its jobs.
pub fn log_out(mac: &mut Mac) {
    let screen = DomainTarget::Gui(USER);
    mac.state.launchd.sessions.remove(&screen);
    mac.state.launchd.environment.remove(&screen);
    for job in
        mac.state.launchd.jobs.remove(&screen).into_iter().flat_map(std::collections::BTreeMap::into_values)
    {
        let Some(pid) = job.pid else { continue };
        if let Some(profile) = colima::keeps_up(mac, pid) {
            let _at_leisure = colima::terminated(mac, &profile, 15);
        }
        mac.state.processes.remove(&pid);
        if let Some(host) = mac.host.as_mut() {
            let _gone = host.signal(pid, 9);
        }
    }
    console(mac, 0);
    super::child::orphaned(mac);
}

fn load_agents(mac: &mut Mac, domain: DomainTarget) {
    load_folder(mac, domain, Utf8Path::new("/Library/LaunchAgents"));
    let own = mac.home().join("Library/LaunchAgents");
    load_folder(mac, domain, &own);
}

/// Loads what a folder holds; what is refused is left out, and nobody hears of it.
fn load_folder(mac: &mut Mac, domain: DomainTarget, folder: &Utf8Path) {
    for plist in plists(mac, folder) {
        if let Ok(definition) = judge(mac, domain, &plist) {
            insert(mac, domain, Some(&plist), definition);
        }
    }
}

/// Removes all that is in a folder.
fn empty(mac: &mut Mac, folder: &Utf8Path) {
    let now = mac.state.now;
    for name in mac.disk.list(0, folder).unwrap_or_default() {
        let path = folder.join(name);
        if mac.disk.node(&path).is_some_and(|node| node.kind == Kind::Folder) {
            empty(mac, &path);
        }
        // What cannot be removed outlives the reboot, as what is immutable does.
        let _kept = mac.disk.remove(0, &path, now);
    }
}

/// The property lists in a folder, by name.
pub(in crate::sim::tool) fn plists(mac: &Mac, folder: &Utf8Path) -> Vec<Utf8PathBuf> {
    let names = mac.disk.list(0, folder).unwrap_or_default();
    names.iter().map(|name| folder.join(name)).filter(|path| path.extension() == Some("plist")).collect()
}

/// Who sits at the screen owns the console (docs/mac-facts.md#console-owner).
fn console(mac: &mut Mac, owner: u32) {
    // A Mac in a folder need not have the device.
    let group = if owner == USER { STAFF } else { 0 };
    let _absent = mac.disk.chown(0, Utf8Path::new("/dev/console"), owner, group);
}
