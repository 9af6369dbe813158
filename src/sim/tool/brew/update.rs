use std::time::Duration;

use super::{PREFIX, casks, catalogue, prefix};
use crate::sim::{Content, Fault, Mac, Running, USER, running::Print};

/// What fetching the lists of formulae and casks takes.
pub(super) const TAKES: Duration = Duration::from_secs(4);

/// What it says while another one is at work.
pub(super) const BUSY: &str = "Error: Another `brew update` process is already running.\nPlease wait for it to finish or \
                               terminate it to continue.\n";

/// `brew update` (docs/mac-facts.md#brew-update).
pub(super) fn update(mac: &mut Mac) -> Running {
    if mac.state.faults.take(Fault::BrewUpdating) {
        return Running::failed(1, BUSY);
    }
    Running::default().then(TAKES, |mac, output| match learn(mac) {
        Ok(()) => output.out("Already up-to-date.\n"),
        Err(why) => {
            output.code = 1;
            output.err(why);
        }
    })
}

/// Learns of all releases that there are.
pub(super) fn learn(mac: &mut Mac) -> Result<(), String> {
    if mac.state.faults.take(Fault::NetworkGone) {
        return Err("Error: Fetching /opt/homebrew failed!\nfatal: unable to access \
                    'https://github.com/Homebrew/brew/': Could not resolve host: github.com\n"
            .to_owned());
    }
    mac.state.brew.known = mac.state.brew.offers.clone();
    let now = mac.state.now;
    let names = catalogue::all().filter(|formula| formula.tap == catalogue::CORE);
    let names: String = names.map(|formula| formula.name.to_owned() + "\n").collect();
    let cache = mac.home().join("Library/Caches/Homebrew");
    for folder in [cache.clone(), cache.join("api")] {
        if mac.disk.node(&folder).is_none() {
            mac.disk.make_dir(USER, &folder, 0o755, now).map_err(|error| format!("Error: {error}\n"))?;
        }
    }
    let tokens: String = casks::all().map(|cask| cask.token.to_owned() + "\n").collect();
    for (file, names) in [("formula_names.txt", names), ("cask_names.txt", tokens)] {
        let names = Content::Bytes(names.into_bytes());
        mac.disk
            .write(USER, &cache.join("api").join(file), names, 0o644, now)
            .map_err(|error| format!("Error: {error} @ {PREFIX}\n"))?;
    }
    Ok(())
}

/// The file by which one `brew` locks something; it stays (docs/mac-facts.md#brew-lock).
pub(super) fn lock_file(mac: &mut Mac, name: &str) {
    let now = mac.state.now;
    // A lock that cannot be made is told by what follows.
    let _ = prefix::put(
        &mut *mac.disk,
        &format!("var/homebrew/locks/{name}"),
        Content::Bytes(vec![]),
        0o644,
        now,
    );
}
