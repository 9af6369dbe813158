//! How the real processes of a Mac in a folder end.
#![expect(clippy::disallowed_methods, reason = "real processes are looked at from outside")]

use std::{
    fs,
    process::{Child, Command as Process},
};

use crate::{
    folder_mac::{FORGECTL, Folder},
    processes::free_port,
};

/// The processes of this machine whose command line holds `word`.
fn commands_with(word: &str) -> Vec<String> {
    let shown = Process::new("ps").args(["-eww", "-o", "command="]).output().unwrap();
    let shown = String::from_utf8_lossy(&shown.stdout).into_owned();
    shown.lines().filter(|line| line.contains(word)).map(str::to_owned).collect()
}

/// A Mac whose launchd keeps a server on the first port, with one that was started by hand on the second.
fn running() -> (Folder, [u16; 2], Child) {
    let mac = Folder::new();
    let (port, by_hand) = (free_port(), free_port());
    mac.load(port, "<key>KeepAlive</key><true/>");
    mac.until("an answer", || mac.version(port));
    let child = mac.serve_by_hand(by_hand);
    mac.until("an answer", || mac.version(by_hand));
    (mac, [port, by_hand], child)
}

/// A new user removed the folder of a running Mac, and its supervisor and server went on for ever.
#[test]
fn all_processes_end_when_the_folder_is_removed() {
    let (mac, _, mut child) = running();
    let place = mac.place.path().to_str().unwrap().to_owned();
    assert!(commands_with(&place).len() >= 3, "a supervisor and two servers");

    // A process may put one more file into it meanwhile.
    mac.until("it to be removed", || {
        let _ = fs::remove_dir_all(mac.path());
        (!mac.path().exists()).then_some(())
    });
    mac.until("all to end", || commands_with(&place).is_empty().then_some(()));
    assert!(!mac.path().exists(), "nobody made it again");
    assert!(child.wait().unwrap().success());
}

#[test]
fn sim_stop_ends_all_processes_and_leaves_the_folder() {
    let (mac, [port, by_hand], mut child) = running();
    let stopped = Process::new(FORGECTL).args(["sim", "stop", mac.path().as_str()]).output().unwrap();
    assert!(stopped.status.success(), "{stopped:?}");
    child.wait().unwrap();
    assert_eq!(commands_with(mac.place.path().to_str().unwrap()), [] as [&str; 0]);
    assert_eq!((mac.version(port), mac.version(by_hand)), (None, None));
    assert!(mac.path().exists());
}
