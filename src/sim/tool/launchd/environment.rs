use std::collections::BTreeMap;

use super::{Definition, DomainTarget};
use crate::sim::{Mac, USER};

const PATH: &str = "/usr/bin:/bin:/usr/sbin:/sbin";

/// Where an agent's temporary files go.
const TMPDIR: &str = "/var/folders/zz/zyxvpxvq6csfxvn_n0000000000000/T/";

/// The socket of the session's `ssh-agent`.
pub(in crate::sim::tool) const SSH_AUTH_SOCK: &str = "/private/tmp/com.apple.launchd.Yx3QkR0vTe/Listeners";

/// The whole environment of a job's process: an agent has a home, a daemon has none, not even with `UserName`
/// (docs/mac-facts.md#launchd-job-environment).
pub(super) fn of(mac: &Mac, domain: DomainTarget, definition: &Definition) -> BTreeMap<String, String> {
    let mut variables = BTreeMap::new();
    let mut set = |name: &str, value: &str| variables.insert(name.to_owned(), value.to_owned());
    set("PATH", PATH);
    if domain != DomainTarget::System {
        let user = mac.state.spec.user.as_str();
        set("HOME", mac.home().as_str());
        set("USER", user);
        set("LOGNAME", user);
        set("SHELL", "/bin/zsh");
        set("TMPDIR", TMPDIR);
        set("SSH_AUTH_SOCK", SSH_AUTH_SOCK);
    }
    set("XPC_FLAGS", "0x0");
    let session = mac.state.launchd.environment.get(&domain);
    variables.extend(session.into_iter().flatten().map(|(name, value)| (name.clone(), value.clone())));
    variables.extend(definition.environment.clone());
    variables.insert("XPC_SERVICE_NAME".to_owned(), definition.label.clone());
    variables
}

/// The user that a job's process runs as.
pub(super) fn uid(mac: &Mac, domain: DomainTarget, definition: &Definition) -> u32 {
    match (domain, definition.user.as_deref()) {
        (DomainTarget::System, Some("daemon")) => 1,
        (DomainTarget::System, Some("_www")) => 70,
        (DomainTarget::System, Some("nobody")) => u32::MAX - 1,
        (DomainTarget::System, Some(user)) if user == mac.state.spec.user => USER,
        _ => domain.uid(),
    }
}
