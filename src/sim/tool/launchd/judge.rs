use camino::{Utf8Path, Utf8PathBuf};

use super::{Definition, DomainTarget, Refusal};
use crate::{
    machine::Kind,
    sim::{Content, Fault, Mac, Node},
};

/// Users and groups of a Mac beside the person's own, as far as jobs run as them.
const USERS: [&str; 4] = ["root", "daemon", "nobody", "_www"];
const GROUPS: [&str; 7] = ["wheel", "staff", "admin", "daemon", "nobody", "everyone", "_www"];

/// Bits that let group or others write.
const SHARED: u32 = 0o022;

/// Judges a property list for a domain as `bootstrap` does, and reads it (docs/mac-facts.md#launchd-plist-ownership).
pub(super) fn judge(mac: &mut Mac, domain: DomainTarget, path: &Utf8Path) -> Result<Definition, Refusal> {
    let real = mac.disk.resolve(path).ok_or(Refusal(2))?;
    let node = mac.disk.node(&real).filter(|node| node.kind == Kind::File).ok_or(Refusal(2))?;
    owned_well(mac, domain, &real, &node)?;
    if quarantined(mac, &node) {
        return Err(Refusal(155));
    }
    let Ok(Content::Bytes(bytes)) = mac.disk.read(0, &real) else { return Err(Refusal(109)) };
    let definition = Definition::read(&bytes)?;
    if let Some(loaded) = mac.state.launchd.job(domain, &definition.label) {
        return Err(Refusal(if loaded.leaving && mac.state.faults.take(Fault::BootstrapSettling) {
            37
        } else {
            5
        }));
    }
    known_user(mac, domain, &definition)?;
    if mac.state.launchd.switched_off.get(&domain.owner()).is_some_and(|off| off.contains(&definition.label))
    {
        return Err(Refusal(if super::release(mac) >= 26 { 161 } else { 5 }));
    }
    if mac.state.launchd.disabled(domain, &definition) {
        return Err(Refusal(119));
    }
    if !fits_session(domain, &definition) {
        return Err(Refusal(134));
    }
    let program = mac.disk.resolve(Utf8Path::new(&definition.program)).and_then(|path| mac.disk.node(&path));
    if program.is_some_and(|program| quarantined(mac, &program)) {
        return Err(Refusal(155));
    }
    Ok(definition)
}

/// An agent's property list belongs to its user or root, a daemon's to `root:wheel` in a folder of root's;
/// neither is open to others.
fn owned_well(mac: &Mac, domain: DomainTarget, path: &Utf8PathBuf, node: &Node) -> Result<(), Refusal> {
    let owner = node.uid == 0 || node.uid == domain.uid();
    let group = domain != DomainTarget::System || node.gid == 0;
    let folder = domain != DomainTarget::System
        || path
            .parent()
            .and_then(|folder| mac.disk.node(folder))
            .is_some_and(|folder| folder.uid == 0 && folder.mode & SHARED == 0);
    if owner && group && folder && node.mode & SHARED == 0 { Ok(()) } else { Err(Refusal(122)) }
}

/// Releases from 26 on refuse what a browser has marked (docs/mac-facts.md#xattr-quarantine).
fn quarantined(mac: &Mac, node: &Node) -> bool {
    super::release(mac) >= 26 && node.xattrs.contains_key("com.apple.quarantine")
}

/// `UserName` and `GroupName` count for daemons alone.
fn known_user(mac: &Mac, domain: DomainTarget, definition: &Definition) -> Result<(), Refusal> {
    if domain != DomainTarget::System {
        return Ok(());
    }
    let person = &mac.state.spec.user;
    if definition.user.as_ref().is_some_and(|user| user != person && !USERS.contains(&user.as_str())) {
        return Err(Refusal(114));
    }
    if definition.group.as_ref().is_some_and(|group| !GROUPS.contains(&group.as_str())) {
        return Err(Refusal(115));
    }
    Ok(())
}

/// `LimitLoadToSessionType`, which is `Aqua` for an agent that says nothing (docs/mac-facts.md#launchd-domains).
fn fits_session(domain: DomainTarget, definition: &Definition) -> bool {
    let (own, unsaid) = match domain {
        DomainTarget::System => ("System", true),
        DomainTarget::Gui(_) => ("Aqua", true),
        DomainTarget::User(_) => ("Background", false),
    };
    definition.sessions.as_ref().map_or(unsaid, |types| types.iter().any(|one| one == own))
}
