//! What is known of a Mac before anything is planned.

use anyhow::{Result, bail};
use camino::Utf8Path;
use forgectl::{
    machine::{
        Answer, Look, Query, Tool, Wait,
        facts::{Facts, gather},
    },
    sim::{Content, Mac, Node, Sim},
};
use jiff::Timestamp;

use crate::support::{fresh, sim, spine};

fn on(tamper: impl FnOnce(&mut Mac)) -> Facts {
    let mac = sim(fresh(&spine()));
    mac.with_mac(tamper);
    gather(&mac).unwrap()
}

fn put(mac: &mut Mac, path: &str) {
    let now = mac.state.now;
    let disk = mac.disk.memory_mut().unwrap();
    disk.put(path, Node::file(Content::Bytes(vec![]), 0o644, 0, 0, now));
}

#[test]
fn every_sign_of_a_device_manager_counts() {
    let fresh = on(|_| {});
    assert!(!fresh.managed && !fresh.managed_preferences);
    for mark in [".cloudConfigProfileInstalled", ".cloudConfigRecordFound", ".profilesAreInstalled"] {
        let path = format!("/private/var/db/ConfigurationProfiles/Settings/{mark}");
        assert!(on(|mac| put(mac, &path)).managed, "{mark}");
    }
    let folder = |mac: &mut Mac| {
        let now = mac.state.now;
        mac.disk.make_dir(0, Utf8Path::new("/Library/Managed Preferences"), 0o755, now).unwrap();
    };
    assert!(!on(folder).managed_preferences, "left empty when management ended");
    let held = on(|mac| {
        folder(mac);
        put(mac, "/Library/Managed Preferences/com.apple.dock.plist");
    });
    assert!(held.managed_preferences && !held.managed);
}

#[test]
fn the_start_of_the_mac_is_a_time() {
    let mac = sim(fresh(&spine()));
    assert_eq!(gather(&mac).unwrap().boot, Some(mac.with_mac(|mac| mac.state.boot)));
}

/// A Mac of which some things cannot be found out.
struct Dim(Sim);

impl Look for Dim {
    fn look(&self, query: &Query) -> Result<Answer> {
        match query {
            Query::Space(_) | Query::Stat(_) | Query::List(_) | Query::Read(_) | Query::Tool(Tool::Gpu) => {
                bail!("not to be found out")
            }
            _ => self.0.look(query),
        }
    }

    fn now(&self) -> Timestamp {
        self.0.now()
    }

    fn wait(&self, time: std::time::Duration, how: Wait) -> Result<()> {
        self.0.wait(time, how)
    }
}

#[test]
fn what_cannot_be_found_out_is_left_open() {
    let facts = gather(&Dim(sim(fresh(&spine())))).unwrap();
    assert_eq!((facts.disk_free, facts.gpu_cores, facts.macos), (None, None, None));
    assert!(facts.apple_silicon && facts.chip.is_some());
}
