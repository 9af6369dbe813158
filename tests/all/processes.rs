//! What the tests with real processes share.
#![expect(clippy::disallowed_methods, reason = "real processes are looked at from outside")]

use std::{
    net::TcpListener,
    process::Command,
    sync::atomic::{AtomicU32, Ordering},
};

/// Ports that no system gives away by itself (Linux from 32768 on, macOS from 49152 on).
const OURS: std::ops::Range<u32> = 20_000..32_000;

/// A port that nobody listens on, and that nobody will be given: each call answers with another.
pub(crate) fn free_port() -> u16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    loop {
        // Another run of the tests begins elsewhere.
        let number = std::process::id().wrapping_mul(97).wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed));
        let port = u16::try_from(OURS.start + number % (OURS.end - OURS.start)).unwrap();
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// Whether a process runs. One that has ended and that nobody has waited for does not.
pub(crate) fn alive(pid: u32) -> bool {
    let shown = Command::new("ps").args(["-o", "stat=", "-p", &pid.to_string()]).output().unwrap().stdout;
    let state = String::from_utf8(shown).unwrap();
    !state.trim().is_empty() && !state.trim_start().starts_with('Z')
}

#[test]
fn a_process_is_alive_until_it_has_ended() {
    let mut child = Command::new("/bin/sleep").arg("600").spawn().unwrap();
    assert!(alive(child.id()) && alive(std::process::id()));
    child.kill().unwrap();
    // Nobody has waited for it yet.
    while alive(child.id()) {}
    child.wait().unwrap();
    assert!(!alive(child.id()));
}

#[test]
fn no_port_is_given_twice() {
    let (one, other) = (free_port(), free_port());
    assert!(one != other && OURS.contains(&one.into()) && OURS.contains(&other.into()));
}
