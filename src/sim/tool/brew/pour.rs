use std::time::Duration;

use super::{
    Call,
    catalogue::{self, Formula},
    cellar,
    install::{on_request, outdated, told},
    update,
};
use crate::{
    machine::Output,
    sim::{Fault, Mac, Running, running::Print},
};

/// In how many parts a bottle is fetched, so that others can act in between.
const PARTS: u64 = 4;

/// What pouring takes for every 10 MB, and at the least.
const POUR: Duration = Duration::from_millis(300);

/// Bottles that are to be fetched and poured, in their order.
#[derive(Default)]
pub(super) struct Pouring(Vec<Poured>);

struct Poured {
    formula: &'static Formula,
    version: String,
    on_request: bool,
    /// Whether nobody named it.
    along: bool,
}

impl Pouring {
    /// Adds a formula, and before it what it stands on: its bottle was built with the newest of these, so that what is older is
    /// upgraded along (docs/mac-facts.md#brew-along).
    pub(super) fn add(&mut self, mac: &Mac, formula: &'static Formula, on_request: bool) {
        let old = outdated(mac);
        for need in catalogue::runtime(formula) {
            let there = cellar::active(&*mac.disk, need.name).is_some();
            if !there
                || (old.iter().any(|name| name == need.name) && !cellar::is_pinned(&*mac.disk, need.name))
            {
                self.push(mac, need, there && self::on_request(mac, need), true);
            }
        }
        self.push(mac, formula, on_request, false);
    }

    fn push(&mut self, mac: &Mac, formula: &'static Formula, on_request: bool, along: bool) {
        if self.0.iter().all(|known| known.formula.name != formula.name) {
            let version = catalogue::offered(&mac.state.brew, formula);
            self.0.push(Poured { formula, version, on_request, along });
        }
    }

    /// Whether more comes than was named.
    pub(super) fn has_more(&self) -> bool {
        self.0.iter().any(|poured| poured.along)
    }

    /// Fetches all of them, then pours them.
    pub(super) fn start(self, mac: &mut Mac, mut running: Running, call: &Call) -> Running {
        if self.0.is_empty() {
            return running;
        }
        if !call.set("HOMEBREW_NO_AUTO_UPDATE") {
            running = running.then(update::TAKES, |_, output| output.out("==> Auto-updating Homebrew...\n"));
        }
        let keep = call.set("HOMEBREW_NO_INSTALL_CLEANUP");
        for Poured { formula, .. } in &self.0 {
            mac.state.brew.locked.insert(formula.name.to_owned());
            update::lock_file(mac, &format!("{}.formula.lock", formula.name));
            running = download(running, mac, formula);
        }
        for Poured { formula, version, on_request, .. } in self.0 {
            let takes = POUR * u32::try_from(1 + formula.poured / 10_000_000).unwrap_or(u32::MAX);
            running = running
                .then(takes, move |mac, output| pour(mac, output, formula, &version, on_request, keep));
        }
        running
    }
}

fn download(mut running: Running, mac: &Mac, formula: &'static Formula) -> Running {
    let part = Duration::from_millis(formula.bottle * 8 * 1000 / mac.state.bandwidth.max(1) / PARTS);
    running = running.then(Duration::from_millis(300), move |mac, output| {
        if !output.ok() {
            return;
        }
        output.out(format!("==> Fetching downloads for: {}\n", formula.name));
        if mac.state.faults.take(Fault::NetworkGone) {
            output.code = 1;
            output.err("curl: (6) Could not resolve host: ghcr.io\n");
            output.err(format!("Error: Failed to download resource \"{}\"\n", formula.name));
        }
    });
    for _ in 0..PARTS {
        running = running.then(part, move |mac, output| {
            if output.ok() {
                mac.state.meter.downloaded += formula.bottle / PARTS;
            }
        });
    }
    running
}

fn pour(mac: &mut Mac, output: &mut Output, formula: &Formula, version: &str, on_request: bool, keep: bool) {
    let name = formula.name;
    mac.state.brew.locked.remove(name);
    if !output.ok() {
        return;
    }
    output.out(format!("==> Pouring {name}--{version}.arm64_sequoia.bottle.tar.gz\n"));
    let (now, old) = (mac.state.now, cellar::versions(&*mac.disk, name));
    if mac.state.faults.take(Fault::DiskFull) {
        output.code = 1;
        return output.err("Error: No space left on device @ rb_sysopen\n");
    }
    let done = cellar::pour(&mut *mac.disk, formula, version, on_request, now);
    if done.is_err() {
        // What was unpacked until then it takes away itself.
        let _ = cellar::remove(&mut *mac.disk, name, version, now);
    }
    told(output, name, done);
    if !keep {
        for version in old.iter().filter(|old| *old != version) {
            told(output, name, cellar::remove(&mut *mac.disk, name, version, now));
        }
    }
    if output.ok() {
        let size = formula.poured / 1_000_000;
        output.out(format!("==> Summary\n/opt/homebrew/Cellar/{name}/{version}: 3 files, {size}MB\n"));
    }
}
