//! `softwareupdate`, and what Apple offers (docs/mac-facts.md#softwareupdate-list, #softwareupdate-install).

use std::{fmt::Write, time::Duration};

use camino::Utf8Path;
use serde::{Deserialize, Serialize};

use super::{command_line_tools as tools, pkgutil, unix::reason};
use crate::{
    machine::Output,
    sim::{Caller, Content, Fault, Mac, Running, running::Print},
};

/// While this file is there, the Command Line Tools are offered (docs/mac-facts.md#clt-placeholder).
const PLACEHOLDER: &str = "/tmp/.com.apple.dt.CommandLineTools.installondemand.in-progress";

/// Bytes of the package, by its size in the listing.
const KIB: u64 = 745_661;

/// Where the package lies while it is fetched and installed.
const PACKAGE: &str = "/Library/Updates/072-44426/CLTools_Executables.pkg";

/// Asking Apple takes from 10 to 60 s.
const ASKING: (u64, u64) = (12, 24);

/// In how many parts the package is fetched, so that others can act in between.
const PARTS: u64 = 20;

/// Installing the package takes minutes, here in two stages.
const INSTALLING: Duration = Duration::from_secs(210);

const GREETING: &str = "Software Update Tool\n\nFinding available software\n";
const NO_ROOM: &str = "The volume does not have enough space for this update.\n";

/// What Apple's update server offers this Mac.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Updates {
    /// The newest release of the Command Line Tools for its macOS.
    pub tools: String,
    /// A newer macOS, as version and build.
    pub macos: Option<(String, String)>,
}

impl Updates {
    /// What is offered to a release of macOS.
    pub fn of(macos: &str) -> Self {
        let (tools, newest, build) = if macos.split('.').next() == Some("15") {
            ("16.4", "15.6.1", "24G90")
        } else {
            ("26.2", "26.2", "25C56")
        };
        let newer = crate::machine::tool::softwareupdate::by_version(macos, newest).is_lt();
        Self { tools: tools.to_owned(), macos: newer.then(|| (newest.to_owned(), build.to_owned())) }
    }
}

/// `softwareupdate -l`, `-i LABEL… [--verbose]`.
pub(super) fn run(mac: &mut Mac, caller: Caller, arguments: &[String]) -> Running {
    let is = |names: &[&str]| arguments.iter().any(|word| names.contains(&word.as_str()));
    let labels: Vec<String> = arguments.iter().filter(|word| !word.starts_with('-')).cloned().collect();
    if is(&["-l", "--list"]) {
        return list(mac);
    }
    if !is(&["-i", "--install"]) || labels.is_empty() {
        return Running::failed(
            64,
            "usage: softwareupdate <cmd> [<args> ...]\n\n** Manage Updates:\n\t-l | --list\t\tList all appropriate update labels\n\t-i | --install\t\tInstall\n",
        );
    }
    if caller.uid != 0 {
        return Running::failed(1, "softwareupdate: Must be run as root to install updates.\n");
    }
    install(mac, &labels, is(&["--verbose"]))
}

fn list(mac: &mut Mac) -> Running {
    let noise = mac.state.faults.has(Fault::UpdatesNoise);
    let greeting = if noise { format!("{}{GREETING}", log_line(mac)) } else { GREETING.to_owned() };
    Running::printed(greeting).then(asking(mac), move |mac, output| {
        let nothing = mac.state.faults.take(Fault::UpdatesNothing);
        let offers = if nothing { vec![] } else { offers(mac) };
        if offers.is_empty() {
            output.stderr += "No new software available.\n";
            return;
        }
        output.stdout += "\nSoftware Update found the following new or updated software:\n";
        for Offer { label, title, version, kib, action } in offers {
            output.out(format!("* Label: {label}\n"));
            if noise {
                output.out(log_line(mac));
            }
            output.out(format!(
                "\tTitle: {title}, Version: {version}, Size: {kib}KiB, Recommended: YES, {action}\n"
            ));
        }
    })
}

fn log_line(mac: &Mac) -> String {
    let at = mac.state.now.strftime("%Y-%m-%d %H:%M:%S.000");
    format!("{at} softwareupdate[{}:5b1e] XPC connection interrupted\n", mac.state.next_pid)
}

fn asking(mac: &Mac) -> Duration {
    Duration::from_secs(ASKING.0 + (mac.state.seed ^ mac.state.now.as_second().unsigned_abs()) % ASKING.1)
}

struct Offer {
    label: String,
    title: String,
    version: String,
    kib: u64,
    action: &'static str,
}

impl Offer {
    fn tools(version: &str, beta: bool) -> Self {
        let name = if beta { "Command Line Tools beta 2 for Xcode" } else { "Command Line Tools for Xcode" };
        let (label, title) = (format!("{name}-{version}"), name.to_owned());
        Self { label, title, version: version.to_owned(), kib: KIB, action: "" }
    }
}

fn offers(mac: &Mac) -> Vec<Offer> {
    let mut offers = vec![];
    if offers_tools(mac) {
        if mac.state.faults.has(Fault::UpdatesSeveral) {
            // Out of order, and so that a plain sort takes the wrong one.
            offers.extend(["16.2", "16.1"].map(|version| Offer::tools(version, false)));
        }
        offers.push(Offer::tools(&mac.state.updates.tools, false));
        if mac.state.faults.has(Fault::UpdatesBeta) {
            offers.push(Offer::tools("26.9", true));
        }
    }
    if let Some((version, build)) = &mac.state.updates.macos {
        let name = if version.starts_with("15") { "Sequoia" } else { "Tahoe" };
        let title = format!("macOS {name} {version}");
        let (label, version) = (format!("{title}-{build}"), version.clone());
        offers.push(Offer { label, title, version, kib: 2_978_233, action: "Action: restart, " });
    }
    offers
}

/// With the placeholder the tools are offered unless they are there; without it only to update an older receipt.
fn offers_tools(mac: &Mac) -> bool {
    let receipt = pkgutil::version(mac, tools::RECEIPT);
    let older = receipt.as_deref().is_some_and(|version| !version.starts_with(&mac.state.updates.tools));
    let placeholder = mac.disk.resolve(Utf8Path::new(PLACEHOLDER)).is_some();
    older || (placeholder && !(receipt.is_some() && tools::are_there(mac)))
}

fn install(mac: &mut Mac, labels: &[String], verbose: bool) -> Running {
    let running = Running::printed(format!("{GREETING}\n"));
    if mac.state.faults.take(Fault::UpdatesHangBefore) {
        return running.hanging();
    }
    let unknown = mac.state.faults.take(Fault::UpdatesNoSuchLabel);
    let offers = if unknown { vec![] } else { offers(mac) };
    let mut text = String::new();
    let mut found = vec![];
    for label in labels {
        match offers.iter().find(|offer| offer.label == *label) {
            Some(offer) => found.push((offer.title.clone(), offer.version.clone())),
            None => {
                let _ = writeln!(text, "{label}: No such update");
            }
        }
    }
    if found.is_empty() {
        text += "No updates are available.\n";
    }
    // Of the other updates nothing is modelled: macOS itself is never updated here.
    let wanted = found.into_iter().find(|(title, _)| title.starts_with("Command Line Tools"));
    let running = running.then(asking(mac), move |_, output| output.stdout += &text);
    match wanted {
        Some((title, version)) => install_tools(mac, running, title, version, verbose),
        None => running,
    }
}

fn install_tools(
    mac: &mut Mac,
    mut running: Running,
    title: String,
    version: String,
    verbose: bool,
) -> Running {
    let bytes = KIB * 1024;
    let part = Duration::from_millis(bytes * 8 * 1000 / mac.state.bandwidth.max(1) / PARTS);
    let hangs = mac.state.faults.take(Fault::UpdatesHangAfterDone);
    let name = title.clone();
    running = running.then(Duration::ZERO, move |_, output| output.out(format!("Downloading {name}\n")));
    for nth in 1..=PARTS {
        running = running.then(part, move |mac, output| fetch(mac, output, nth, verbose));
    }
    let name = title.clone();
    running = running.then(Duration::ZERO, move |_, output| {
        if output.ok() {
            output.out(format!("Downloaded {name}\nInstalling {name}\n"));
        }
    });
    running = running.then(INSTALLING, move |mac, output| {
        if !output.ok() {
            return;
        }
        let installed = tools::install(mac, &version);
        let now = mac.state.now;
        let path = Utf8Path::new(PACKAGE);
        let removed = mac
            .disk
            .remove(0, path, now)
            .and_then(|()| path.parent().map_or(Ok(()), |folder| mac.disk.remove(0, folder, now)));
        match installed.and(removed) {
            Ok(()) => output.out(format!("Done with {title}\nDone.\n")),
            Err(error) => fail(output, &error),
        }
    });
    if hangs { running.hanging() } else { running }
}

/// Adds a part to the package.
fn fetch(mac: &mut Mac, output: &mut Output, nth: u64, verbose: bool) {
    if !output.ok() {
        return;
    }
    let (path, now) = (Utf8Path::new(PACKAGE), mac.state.now);
    let folder = path.parent().unwrap_or(path);
    let made = match mac.disk.node(folder) {
        Some(_) => Ok(()),
        None => mac.disk.make_dir(0, folder, 0o755, now),
    };
    let so_far = Content::Made { size: KIB * 1024 * nth / PARTS, seed: KIB };
    if let Err(error) = made.and_then(|()| mac.disk.write(0, path, so_far, 0o644, now)) {
        return fail(output, &error);
    }
    mac.state.meter.downloaded += KIB * 1024 * nth / PARTS - KIB * 1024 * (nth - 1) / PARTS;
    if verbose {
        output.out(format!("Downloading: {}.00%\n", nth * 100 / PARTS));
    }
}

fn fail(output: &mut Output, error: &std::io::Error) {
    output.code = 1;
    output.stderr += match error.kind() {
        std::io::ErrorKind::StorageFull => NO_ROOM,
        _ => "",
    };
    output.err(format!("Error installing updates: {}\n", reason(error)));
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::{
        machine::tool::softwareupdate::command_line_tools as offered,
        sim::{
            Sim,
            testing::{exec, exec_as, sim},
        },
    };

    const LABEL: &str = "Command Line Tools for Xcode-16.4";

    fn install_label(sim: &Sim, label: &str) -> Output {
        let argv = ["softwareupdate", "-i", label, "--verbose"].map(str::to_owned);
        sim.exec(Caller::user(true).root(), &argv)
    }

    fn place_holder(sim: &Sim) {
        assert!(exec(sim, &format!("touch {PLACEHOLDER}")).ok());
    }

    fn now(sim: &Sim) -> Timestamp {
        sim.with_mac(|mac| mac.state.now)
    }

    #[test]
    fn the_tools_are_offered_only_with_the_placeholder_and_after_some_time() {
        let sim = sim();
        assert_eq!(offered(&exec(&sim, "softwareupdate -l").stdout), [] as [&str; 0]);
        place_holder(&sim);
        let before = now(&sim);
        let output = exec(&sim, "softwareupdate -l");
        assert!(now(&sim).duration_since(before).as_secs() >= 10);
        assert_eq!(offered(&output.stdout), [LABEL]);
        let lines = "* Label: Command Line Tools for Xcode-16.4\n\tTitle: Command Line Tools for Xcode, Version: 16.4, \
                     Size: 745661KiB, Recommended: YES, \n";
        assert!(output.stdout.contains(lines), "{}", output.stdout);
        assert!(output.stdout.contains("* Label: macOS Sequoia 15.6.1-24G90\n"));
    }

    #[test]
    fn nothing_noise_betas_and_several_versions_can_come() {
        let sim = sim();
        place_holder(&sim);
        sim.with_mac(|mac| mac.state.faults.arm(Fault::UpdatesNothing, 1));
        let output = exec(&sim, "softwareupdate -l");
        assert_eq!((output.code, output.stderr.as_str()), (0, "No new software available.\n"));
        sim.with_mac(|mac| {
            for fault in [Fault::UpdatesNoise, Fault::UpdatesBeta, Fault::UpdatesSeveral] {
                mac.state.faults.arm_always(fault);
            }
        });
        let output = exec(&sim, "softwareupdate -l");
        assert!(output.stdout.contains(" beta "));
        assert!(output.stdout.contains(" softwareupdate["));
        assert_eq!(offered(&output.stdout).first().map(String::as_str), Some(LABEL));
        assert_eq!(offered(&output.stdout).len(), 3);
    }

    #[test]
    fn an_install_takes_download_and_minutes_and_leaves_tools_and_receipt() {
        let sim = sim();
        place_holder(&sim);
        let before = now(&sim);
        let output = install_label(&sim, LABEL);
        assert!(output.ok());
        assert!(output.stdout.ends_with(
            "Downloaded Command Line Tools for Xcode\nInstalling Command Line Tools for Xcode\nDone with Command Line Tools \
             for Xcode\nDone.\n"
        ));
        assert!(output.stdout.contains("\nDownloading: 50.00%\n"));
        let took = now(&sim).duration_since(before).as_secs();
        // 745661 KiB at 200 Mbit/s are 30.5 s.
        assert!((30 + 210..30 + 210 + 60).contains(&took), "{took}");
        assert_eq!(sim.with_mac(|mac| mac.state.meter.downloaded), 745_661 * 1024);
        assert_eq!(exec(&sim, "xcode-select -p").stdout, "/Library/Developer/CommandLineTools\n");
        assert_eq!(exec(&sim, "git --version").stdout, "git version 2.39.5 (Apple Git-154)\n");
        assert!(
            exec(&sim, "pkgutil --pkg-info=com.apple.pkg.CLTools_Executables")
                .stdout
                .contains("\nversion: 16.4.0.0.1.")
        );
        assert_eq!(sim.with_mac(|mac| mac.disk.list(0, "/Library/Updates".into()).unwrap().len()), 0);
    }

    #[test]
    fn a_wrong_label_ends_with_0_and_installs_nothing() {
        let sim = sim();
        place_holder(&sim);
        let output = install_label(&sim, "Label: Command Line Tools for Xcode-16.4");
        assert_eq!(output.code, 0);
        assert!(output.stdout.ends_with(
            "\nLabel: Command Line Tools for Xcode-16.4: No such update\nNo updates are available.\n"
        ));
        sim.with_mac(|mac| mac.state.faults.arm(Fault::UpdatesNoSuchLabel, 1));
        assert!(install_label(&sim, LABEL).stdout.contains("No such update"));
        assert!(sim.with_mac(|mac| !tools::are_there(mac)));
        let refused = exec_as(&sim, Caller::user(true), "softwareupdate -i x");
        assert_eq!(refused.code, 1, "{refused:?}");
    }

    #[test]
    fn it_can_hang_before_the_work_and_after_it() {
        let sim = sim();
        place_holder(&sim);
        sim.with_mac(|mac| mac.state.faults.arm(Fault::UpdatesHangBefore, 1));
        assert_eq!(install_label(&sim, LABEL).code, 130, "only Ctrl-C ends it");
        assert!(sim.with_mac(|mac| !tools::are_there(mac)));
        sim.with_mac(|mac| mac.state.faults.arm(Fault::UpdatesHangAfterDone, 1));
        let output = install_label(&sim, LABEL);
        assert!(output.code == 130 && output.stdout.ends_with("\nDone.\n"));
        assert!(sim.with_mac(|mac| tools::are_there(mac)));
    }

    #[test]
    fn a_full_disk_stops_it() {
        let sim = sim();
        place_holder(&sim);
        sim.with_mac(|mac| mac.disk.memory_mut().unwrap().set_free(400_000_000));
        let output = install_label(&sim, LABEL);
        assert_eq!(output.code, 1);
        assert!(output.stderr.contains("enough space"), "{output:?}");
        assert!(sim.with_mac(|mac| !tools::are_there(mac)));
    }
}
