//! The environment that commands get: rebuilt, whatever forgectl's own holds.
#![expect(clippy::disallowed_methods, reason = "part of the real adapter")]

use std::{collections::BTreeMap, env, ffi::OsString};

use crate::machine::Identity;

/// Homebrew's folders first, as in a login shell of the Mac, then the system's.
const PATH: &str = "/opt/homebrew/bin:/opt/homebrew/sbin:/usr/bin:/bin:/usr/sbin:/sbin";

/// What is passed on as it is: the variables of a proxy, and who answers when a child calls sudo itself.
const PASSED: [&str; 9] = [
    "ALL_PROXY",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "NO_PROXY",
    "SUDO_ASKPASS",
    "all_proxy",
    "http_proxy",
    "https_proxy",
    "no_proxy",
];

/// What a command gets whose output is parsed. `temporary` is the Mac's own folder for passing files.
pub(super) fn environment(who: &Identity, temporary: OsString) -> BTreeMap<&'static str, OsString> {
    let mut all: BTreeMap<_, OsString> = [
        ("HOME", who.home.as_str()),
        ("USER", &who.user),
        ("LOGNAME", &who.user),
        ("PATH", PATH),
        ("LC_ALL", "C"),
    ]
    .into_iter()
    .map(|(name, value)| (name, value.into()))
    .collect();
    all.insert("TMPDIR", temporary);
    all.extend(PASSED.into_iter().filter_map(|name| Some((name, env::var_os(name)?))));
    all
}
