use std::collections::BTreeMap;

use crate::sim::{
    Caller, Mac, Running, Session, USER,
    tool::{self, launchd::DomainTarget},
};

/// The domain that a caller's own processes belong to.
pub(super) fn domain_of(mac: &Mac, caller: Caller) -> DomainTarget {
    let screen = DomainTarget::Gui(USER);
    match caller.uid {
        0 => DomainTarget::System,
        USER if mac.state.spec.session == Session::Gui && mac.state.launchd.has(screen) => screen,
        uid => DomainTarget::User(uid),
    }
}

/// `managername` and `manageruid` (docs/mac-facts.md#launchd-managername).
pub(super) fn manager(mac: &Mac, caller: Caller, verb: &str) -> Running {
    let domain = domain_of(mac, caller);
    Running::printed(match (verb, domain) {
        ("manageruid", domain) => format!("{}\n", domain.uid()),
        (_, DomainTarget::System) => "System\n".to_owned(),
        (_, DomainTarget::Gui(_)) => "Aqua\n".to_owned(),
        (_, DomainTarget::User(_)) => "Background\n".to_owned(),
    })
}

/// `setenv`, `getenv` and `unsetenv` of the caller's own domain: they reach what starts later, and go with the session
/// (docs/mac-facts.md#launchd-job-environment).
pub(super) fn environment(mac: &mut Mac, caller: Caller, verb: &str, words: &[&str]) -> Running {
    let domain = domain_of(mac, caller);
    let variables: &mut BTreeMap<String, String> = mac.state.launchd.environment.entry(domain).or_default();
    let answer = match (verb, words) {
        ("setenv", [name, value]) => {
            variables.insert((*name).to_owned(), (*value).to_owned());
            Running::default()
        }
        ("unsetenv", [name]) => {
            variables.remove(*name);
            Running::default()
        }
        ("getenv", [name]) => match variables.get(*name) {
            Some(value) => Running::printed(format!("{value}\n")),
            None => Running::failed(118, ""),
        },
        _ => Running::failed(64, format!("Usage: launchctl {verb} <key> [<value>]\n")),
    };
    if variables.is_empty() {
        mac.state.launchd.environment.remove(&domain);
    }
    answer
}

/// `asuser UID PROGRAM ARGUMENT…`, root's alone: the program stays root's.
pub(super) fn as_user(mac: &mut Mac, caller: Caller, words: &[&str]) -> Running {
    let Some((uid, argv)) = words.split_first().filter(|(_, argv)| !argv.is_empty()) else {
        return Running::failed(64, "Usage: launchctl asuser <UID> <command> [arguments...]\n");
    };
    let known = uid.parse().is_ok_and(|uid| mac.state.launchd.has(DomainTarget::User(uid)));
    if caller.uid != 0 || !known {
        let code = if caller.uid == 0 { 125 } else { 1 };
        let text = tool::launchd::text_of(code);
        return Running::failed(code, format!("Could not switch to audit session {uid}: {code}: {text}\n"));
    }
    let argv: Vec<String> = argv.iter().map(|&word| word.to_owned()).collect();
    tool::run(mac, caller, &argv)
}
