//! Python environments: what fails and heals, what is replaced only when it was shown, and what of others stays.

use forgectl::{
    engine::plan::Action,
    manifest,
    value::{Id, Lock, Pin, Source},
};

use super::{meddler::Meddler, *};
use crate::support::{apply, stack};

const LAB: &str = "python-environment/lab";
const ENVIRONMENT: &str = "/Users/lab/forge/lab/.venv";
const SITE: &str = "/Users/lab/forge/lab/.venv/lib/python3.11/site-packages";
const UV: &str = "/Users/lab/.local/bin/uv";

pub(super) fn text(version: &str, packages: &str) -> String {
    format!(
        "forge: 1\nstack: lab\nnode: {{memory: 16GB}}\npython:\n  lab:\n    path: ~/forge/lab/.venv\n    version: \"{version}\"\n    packages: [{packages}]\n"
    )
}

fn lab() -> Stack {
    stack(&text("3.11", "six, packaging, idna"))
}

/// A Mac on which somebody has put `uv` where its own installer does.
pub(super) fn with_uv() -> Mac {
    let mut mac = fresh(&lab());
    let (uv, now) = (Utf8Path::new(UV), mac.state.now);
    mac.disk.make_dirs(USER, uv.parent().unwrap(), 0o755, now).unwrap();
    mac.disk.write(USER, uv, Content::Made { size: 52_000_000, seed: 1 }, 0o755, now).unwrap();
    mac
}

fn there(sim: &Sim, path: &str) -> bool {
    sim.with_mac(|mac| mac.disk.node(path.into()).is_some())
}

/// Runs `uv` as somebody who sits at the Mac.
#[track_caller]
pub(super) fn uv(sim: &Sim, words: &str) -> Output {
    well(sim, &format!("{UV} {words}"))
}

/// What the next apply brings is what an undisturbed run brings, and destroy gives the Mac back.
#[track_caller]
fn mends(sim: &Sim, stack: &Stack) {
    apply_well(sim, stack);
    nothing_to_do(sim, stack);
    let undisturbed = crate::support::sim(with_uv());
    apply_well(&undisturbed, stack);
    same("healed", &undisturbed.into_mac(), &still(sim));
    destroy_well(sim, stack);
    same("destroyed", &with_uv(), &still(sim));
}

/// A Mac on which the environment was brought.
fn brought() -> Sim {
    let sim = sim(with_uv());
    apply_well(&sim, &lab());
    sim
}

fn lines(sim: &Sim) -> Vec<String> {
    sim.with_mac(|mac| read(mac, "/Users/lab/.local/state/forgectl/python/lab.txt"))
        .replace("\\\n", "")
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect()
}

const LOCK: &str = "/Users/lab/.local/state/forgectl/locks/lab.lock";

/// Puts a lock that says this onto the Mac.
fn lock(sim: &Sim, packages: &[String]) {
    let mut lock = Lock::default();
    let pin = Pin { version: Some("3.11.18".into()), packages: packages.to_vec(), ..Pin::default() };
    lock.set(Id::new("python-environment", "lab"), pin);
    let text = manifest::lock_text(&lock, "stack.yaml").unwrap();
    sim.with_mac(|mac| {
        let (folder, now) = (Utf8Path::new(LOCK).parent().unwrap(), mac.state.now);
        mac.disk.make_dirs(USER, folder, 0o700, now).unwrap();
        mac.disk.write(USER, LOCK.into(), Content::Bytes(text.into_bytes()), 0o600, now).unwrap();
    });
}

/// What the lock says of the environment.
fn locked(sim: &Sim) -> Pin {
    let text = sim.with_mac(|mac| read(mac, LOCK));
    let lock = manifest::read_lock(&Source::new("lab.lock", text)).unwrap();
    lock.pin(&Id::new("python-environment", "lab")).unwrap().clone()
}

fn without_lock(sim: &Sim) {
    well(sim, &format!("rm {LOCK}"));
}

#[test]
fn whatever_goes_wrong_is_told_and_mended_by_the_next_apply() {
    let name = "no Python 3.11 environment could be made";
    for (fault, after, words) in [
        (Fault::NetworkGone, "", &[name, "dns error", "uv python list 3.11"][..]),
        (Fault::DiskFull, "", &[name, "No space left on device"][..]),
        (Fault::UvKilled, "", &[name, "`uv venv` ended with 137"][..]),
        (
            Fault::NetworkGone,
            "compile",
            &["no set of packages could be found", "https://pypi.org/simple/six/", "HTTPS_PROXY"][..],
        ),
        (
            Fault::PythonRegistryDown,
            "compile",
            &["no set of packages could be found", "503 Service Unavailable"][..],
        ),
        (Fault::NetworkGone, "install", &["the packages could not be installed", "Failed to fetch"][..]),
        (
            Fault::PythonRegistryDown,
            "install",
            &["the packages could not be installed", "503 Service Unavailable"][..],
        ),
        (Fault::UvKilled, "install", &["the packages could not be installed", "ended with 137"][..]),
    ] {
        let sim = sim(with_uv());
        let meddler = Meddler::new(&sim, |sim, change| {
            let Change::Run(command) = change else { return };
            let verb = if after.is_empty() { "venv" } else { after };
            if command.argv.iter().any(|word| word == verb) {
                sim.with_mac(|mac| mac.state.faults.arm(fault, 1));
            }
        });
        let ran = told(&meddler, &lab());
        assert!(!ran.summary.ok(), "{fault:?} in {after}");
        says(&ran.failure(LAB), words);
        mends(&sim, &lab());
    }
}

#[test]
fn a_disk_that_fills_on_the_way_is_told_and_mended() {
    let sim = sim(with_uv());
    let room = sim.with_mac(|mac| mac.disk.space().free);
    let meddler = Meddler::new(&sim, |sim, change| {
        if matches!(change, Change::Run(command) if command.argv.iter().any(|word| word == "install")) {
            sim.with_mac(|mac| mac.disk.memory_mut().unwrap().set_free(400_000));
        }
    });
    let said = told(&meddler, &lab()).failure(LAB);
    says(
        &said,
        &["the packages could not be installed", "No space left on device", "free on the disk", "df -h"],
    );
    sim.with_mac(|mac| mac.disk.memory_mut().unwrap().set_free(room));
    mends(&sim, &lab());
}

#[test]
fn what_cannot_be_had_is_told_as_the_registry_tells_it() {
    for (version, packages, words) in [
        (
            "3.11",
            "six, nowhere-to-be-found",
            &[
                "no set of packages could be found",
                "nowhere-to-be-found was not found in the package registry",
            ][..],
        ),
        (
            "3.11",
            "\"six>=99\"",
            &["only six<=1.17.0 is available", "curl -fsSI https://pypi.org/simple/six/"][..],
        ),
        ("3.10", "mlx-lm", &["does not satisfy Python>=3.11"][..]),
        (
            "3.99",
            "six",
            &[
                "no Python 3.99 environment could be made",
                "No interpreter found for Python 3.99",
                "uv python list 3.99",
            ][..],
        ),
    ] {
        let sim = sim(with_uv());
        let stack = stack(&text(version, packages));
        says(&told(&sim, &stack).failure(LAB), words);
        destroy_well(&sim, &stack);
        same("destroyed", &with_uv(), &still(&sim));
    }
}

#[test]
fn packages_that_somebody_took_away_come_again_and_those_that_somebody_added_stay() {
    let sim = brought();
    uv(&sim, &format!("pip uninstall -p {ENVIRONMENT}/bin/python six"));
    uv(&sim, &format!("pip install -p {ENVIRONMENT}/bin/python sniffio"));
    let item = planned(&sim, &lab(), LAB);
    assert_eq!((item.action, item.reason.as_str()), (Action::Change, "install six"));
    apply_well(&sim, &lab());
    nothing_to_do(&sim, &lab());
    assert!(there(&sim, &format!("{SITE}/six.py")) && there(&sim, &format!("{SITE}/sniffio")));
    let told_of = || {
        let status = engine::status(&sim, &lab()).unwrap();
        assert!(status.ok());
        status.rows.iter().find(|row| row.id.as_str() == LAB).unwrap().evidence.join("\n")
    };
    says(&told_of(), &["beside what the lock has, and left as it is: sniffio"]);
    // Without a lock nobody can tell it from what came along.
    without_lock(&sim);
    assert!(!told_of().contains("sniffio"));
}

#[test]
fn half_a_package_is_cleared_away_first() {
    let sim = brought();
    well(&sim, &format!("rm {SITE}/six-1.17.0.dist-info/METADATA"));
    assert_eq!(planned(&sim, &lab(), LAB).reason, "install six");
    mends(&sim, &lab());
}

#[test]
fn the_lock_brings_the_same_versions_and_says_what_to_do_when_they_are_gone() {
    let first = brought();
    let pin = locked(&first);
    assert_eq!((pin.version.as_deref(), &pin.packages), (Some("3.11.18"), &lines(&first)));
    assert!(
        pin.packages.iter().all(|line| line.contains("==") && line.contains("--hash=sha256:")),
        "{pin:?}"
    );

    let second = sim(with_uv());
    second.with_mac(|mac| drop(mac.state.registry.further.insert("six".into(), vec!["1.18.0".into()])));
    lock(&second, &pin.packages);
    apply_well(&second, &lab());
    nothing_to_do(&second, &lab());
    assert!(there(&second, &format!("{SITE}/six-1.17.0.dist-info")));
    assert_eq!(locked(&second), pin);

    let third = sim(with_uv());
    assert!(third.with_mac(|mac| mac.state.registry.gone.insert("six==1.17.0".into())));
    lock(&third, &pin.packages);
    let said = told(&third, &lab()).failure(LAB);
    says(&said, &["there is no version of six==1.17.0", "forgectl lock --update python-environment/lab"]);

    let bare = |line: &String| line.split(" --hash").next().unwrap().to_owned();
    let wrong: Vec<String> =
        pin.packages.iter().map(|line| format!("{} --hash=sha256:{:064}", bare(line), 0)).collect();
    let fifth = sim(with_uv());
    lock(&fifth, &pin.packages);
    fifth.with_mac(|mac| edit(mac, LOCK, "3.11.18", "3.11.2"));
    let said = told(&fifth, &lab()).failure(LAB);
    says(&said, &["No interpreter found for Python 3.11.2", "forgectl lock --update python-environment/lab"]);

    let fourth = sim(with_uv());
    lock(&fourth, &wrong);
    says(&told(&fourth, &lab()).failure(LAB), &["Hash mismatch for", "forgectl lock --update"]);
}

#[test]
fn a_lock_that_is_not_enough_any_more_is_preferred_as_far_as_it_goes() {
    let sim = brought();
    sim.with_mac(|mac| drop(mac.state.registry.further.insert("six".into(), vec!["1.18.0".into()])));
    let wider = stack(&text("3.11", "six, packaging, idna, sniffio"));
    apply_well(&sim, &wider);
    nothing_to_do(&sim, &wider);
    assert!(there(&sim, &format!("{SITE}/six-1.17.0.dist-info")), "as locked");
    assert!(there(&sim, &format!("{SITE}/sniffio-1.3.1.dist-info")), "and what is new");
    assert_eq!(locked(&sim).packages.len(), 4);
}

/// An environment that somebody has made by hand, with `six` and `sniffio` in it.
fn by_hand(version: &str) -> Sim {
    let sim = sim(with_uv());
    uv(&sim, &format!("venv --python {version} {ENVIRONMENT}"));
    uv(&sim, &format!("pip install -p {ENVIRONMENT}/bin/python six sniffio"));
    sim
}

#[test]
fn an_environment_of_somebody_elses_is_filled_and_given_back_as_it_was() {
    let sim = by_hand("3.11");
    let before = still(&sim);
    let item = planned(&sim, &lab(), LAB);
    assert_eq!((item.action, item.reason.as_str()), (Action::Change, "install idna, packaging"));
    apply_well(&sim, &lab());
    nothing_to_do(&sim, &lab());
    assert!(there(&sim, &format!("{SITE}/sniffio")));
    destroy_well(&sim, &lab());
    same("destroyed", &before, &still(&sim));
}

#[test]
fn a_version_that_was_there_comes_back() {
    let sim = by_hand("3.11");
    let before = still(&sim);
    sim.with_mac(|mac| drop(mac.state.registry.further.insert("six".into(), vec!["1.18.0".into()])));
    let newer = stack(&text("3.11", "\"six>=1.18\""));
    assert_eq!(planned(&sim, &newer, LAB).reason, "six 1.17.0 -> >=1.18");
    apply_well(&sim, &newer);
    assert!(there(&sim, &format!("{SITE}/six-1.18.0.dist-info")));
    destroy_well(&sim, &newer);
    same("destroyed", &before, &still(&sim));
}

#[test]
fn another_version_of_python_is_a_replace_that_names_what_is_lost() {
    let sim = by_hand("3.12");
    let item = planned(&sim, &lab(), LAB);
    assert_eq!(
        (item.action, item.reason.as_str()),
        (Action::Replace, "made anew: Python 3.12.16 -> 3.11; lost with it: sniffio 1.3.1")
    );
    apply_well(&sim, &lab());
    nothing_to_do(&sim, &lab());
    assert!(there(&sim, SITE) && !there(&sim, &format!("{ENVIRONMENT}/lib/python3.12")));
    destroy_well(&sim, &lab());
    assert!(!there(&sim, ENVIRONMENT), "what was lost does not come back by what stands in its place");
}

#[test]
fn a_replace_that_the_plan_did_not_show_is_not_done() {
    let sim = sim(with_uv());
    let meddler = Meddler::new(&sim, |sim, change| {
        if matches!(change, Change::MakeDir { path, .. } if path == "/Users/lab/forge/lab") {
            run(sim, &format!("{UV} venv --python 3.12 {ENVIRONMENT}"));
        }
    });
    let said = told(&meddler, &lab()).failure(LAB);
    says(&said, &["would be replaced", "Python 3.12.16 -> 3.11", "plan again"]);
    assert!(there(&sim, &format!("{ENVIRONMENT}/lib/python3.12")));
}

#[test]
fn an_interpreter_that_is_gone_is_found_again_and_the_packages_stay() {
    let sim = brought();
    well(&sim, "rm -rf /Users/lab/.local/share/uv/python/cpython-3.11.18-macos-aarch64-none");
    let item = planned(&sim, &lab(), LAB);
    assert_eq!(
        (item.action, item.reason.as_str()),
        (Action::Change, "its interpreter is gone, Python 3.11.18")
    );
    assert!(!engine::status(&sim, &lab()).unwrap().ok());
    let born = sim.with_mac(|mac| mac.disk.node(SITE.into()).unwrap().born);
    apply_well(&sim, &lab());
    nothing_to_do(&sim, &lab());
    assert_eq!(sim.with_mac(|mac| mac.disk.node(SITE.into()).unwrap().born), born, "not made anew");
    destroy_well(&sim, &lab());
    same("destroyed", &with_uv(), &still(&sim));
}

#[test]
fn a_place_that_will_not_do_is_refused_before_anything_is_changed() {
    for (path, words) in [
        ("/Volumes/x/.venv", &["it is not below your home folder"][..]),
        ("~/Documents/.venv", &["macOS keeps programs out of ~/Documents", "outside Documents"][..]),
        ("~/Desktop", &["~/Desktop"][..]),
    ] {
        let stack = stack(&text("3.11", "six").replace("~/forge/lab/.venv", path));
        says(&refused(with_uv(), &stack), words);
    }
    let mut mac = with_uv();
    let now = mac.state.now;
    mac.disk.make_dirs(USER, ENVIRONMENT.into(), 0o755, now).unwrap();
    write(&mut mac, USER, format!("{ENVIRONMENT}/precious"), "x");
    says(&refused(mac, &lab()), &["no Python environment", "has no pyvenv.cfg", "ls -la"]);

    let mut mac = with_uv();
    mac.disk.make_dirs(USER, "/Users/lab/forge/lab".into(), 0o755, now).unwrap();
    write(&mut mac, USER, ENVIRONMENT, "x");
    says(&refused(mac, &lab()), &["a file is where a folder belongs"]);

    let mut mac = with_uv();
    mac.disk.make_dir(USER, "/Users/lab/forge".into(), 0o755, now).unwrap();
    mac.disk.chown(0, "/Users/lab/forge".into(), 502, 20).unwrap();
    says(&refused(mac, &lab()), &["/Users/lab/forge is not yours to write: uid 502, mode 0755"]);

    let sim = by_hand("3.11");
    sim.with_mac(|mac| mac.disk.chown(0, ENVIRONMENT.into(), 502, 20).unwrap());
    says(&refused(still(&sim), &lab()), &["belongs to another user", "uid 502, you are uid 501"]);
}

#[test]
fn an_environment_is_data_and_interpreters_of_others_stay() {
    let sim = sim(with_uv());
    uv(&sim, "python install 3.13");
    apply_well(&sim, &lab());
    let ears = Ears::default();
    let summary = engine::destroy(&sim, &lab(), &yes(), false, &forgectl::desk::Nobody, &ears).unwrap();
    assert!(summary.ok() && there(&sim, SITE), "{summary:?}");
    assert!(ears.told().concat().contains("destroy --all-data"));
    nothing_to_do(&sim, &lab());
    uv(&sim, "venv --python 3.12 /Users/lab/later");
    destroy_well(&sim, &lab());
    assert!(!there(&sim, ENVIRONMENT) && !there(&sim, "/Users/lab/forge"));
    let python = "/Users/lab/.local/share/uv/python";
    let name = |version: &str| format!("{python}/cpython-{version}-macos-aarch64-none");
    assert!(!there(&sim, &name("3.11.18")) && !there(&sim, &name("3.11")));
    assert!(there(&sim, &name("3.13.18")) && there(&sim, &name("3.12.16")) && there(&sim, &name("3.12")));
}

#[test]
fn what_somebody_else_put_in_and_does_not_fit_fails_nothing() {
    let sim = brought();
    uv(&sim, &format!("pip install -p {ENVIRONMENT}/bin/python httpx2"));
    uv(&sim, &format!("pip uninstall -p {ENVIRONMENT}/bin/python h11"));
    uv(&sim, &format!("pip uninstall -p {ENVIRONMENT}/bin/python six"));
    let told = told(&sim, &lab());
    assert!(told.summary.ok(), "{:?}", told.summary);
    says(&told.text(), &["beside what is asked for: The package `httpcore2` requires `h11>=0.16`"]);
}

#[test]
fn a_package_from_elsewhere_is_not_the_one_of_the_lock() {
    let sim = brought();
    let told = format!("{SITE}/six-1.17.0.dist-info");
    sim.with_mac(|mac| {
        write(mac, USER, format!("{told}/direct_url.json"), "{}");
        edit(
            mac,
            format!("{told}/RECORD"),
            "six-1.17.0.dist-info/WHEEL,,\n",
            "six-1.17.0.dist-info/WHEEL,,\nsix-1.17.0.dist-info/direct_url.json,,\n",
        );
    });
    assert_eq!(planned(&sim, &lab(), LAB).reason, "six 1.17.0 from elsewhere -> 1.17.0");
    apply_well(&sim, &lab());
    nothing_to_do(&sim, &lab());
    assert!(!there(&sim, &format!("{told}/direct_url.json")));
}

#[test]
fn uv_comes_with_homebrew_where_nothing_else_gives_it_and_stays_the_one_that_was_brought() {
    let sim = sim(fresh(&lab()));
    assert_eq!(planned(&sim, &lab(), "brew-formula/uv").action, Action::Add);
    apply_well(&sim, &lab());
    // One that somebody installs later changes nothing.
    sim.with_mac(|mac| {
        let now = mac.state.now;
        mac.disk.make_dirs(USER, "/Users/lab/.local/bin".into(), 0o755, now).unwrap();
        write(mac, USER, UV, "x");
        mac.disk.chmod(USER, UV.into(), 0o755).unwrap();
    });
    nothing_to_do(&sim, &lab());
    assert_eq!(planned(&sim, &lab(), "brew-formula/uv").action, Action::Keep);

    let other = crate::support::sim(with_uv());
    assert!(plan(&other, &lab()).items.iter().all(|item| item.id.kind() != "brew-formula"));
    assert!(apply(&other, &lab()).unwrap().ok());
}

#[test]
fn the_lock_is_moved_to_what_the_registry_has_now_and_the_next_apply_follows() {
    let sim = brought();
    sim.with_mac(|mac| drop(mac.state.registry.further.insert("six".into(), vec!["1.18.0".into()])));
    nothing_to_do(&sim, &lab());
    let update = |stack: &Stack| engine::update_lock(&sim, stack, &[], true);
    let moved = update(&lab()).unwrap().moved;
    assert_eq!(moved.iter().map(|moved| moved.id.as_str()).collect::<Vec<_>>(), [LAB]);
    assert_eq!(planned(&sim, &lab(), LAB).reason, "six 1.17.0 -> 1.18.0");
    apply_well(&sim, &lab());
    nothing_to_do(&sim, &lab());
    assert!(there(&sim, &format!("{SITE}/six-1.18.0.dist-info")));
    assert!(update(&lab()).unwrap().moved.is_empty());

    sim.with_mac(|mac| mac.state.faults.arm(Fault::NetworkGone, 1));
    says(&text_of(&update(&lab()).unwrap_err()), &["the registry does not say", "dns error", "curl -fsSI"]);
    let fewer = stack(&text("3.11", "six, packaging"));
    says(
        &text_of(&update(&fewer).unwrap_err()),
        &["other packages are asked for now", "now: six, packaging"],
    );
}
