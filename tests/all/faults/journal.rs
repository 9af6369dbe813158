//! The journal and the state folder: torn, foreign, full, shared with another stack, and what is never in it.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicU32, Ordering},
};

use forgectl::{engine::event::Event, machine::Change};

use super::{meddler::Meddler, *};
use crate::support::{SPINE, spine_with, stack};

fn state(mac: &Mac) -> Utf8PathBuf {
    mac.home().join(".local/state/forgectl")
}

fn journal(mac: &Mac) -> Utf8PathBuf {
    state(mac).join("journal.jsonl")
}

/// Does something to the journal of a Mac on which the spine was applied.
fn tampered(tamper: impl FnOnce(String) -> String) -> Sim {
    let sim = applied();
    sim.with_mac(|mac| {
        let text = tamper(read(mac, journal(mac)));
        write(mac, USER, journal(mac), &text);
    });
    sim
}

/// A kill tore the last line, wherever: nothing of it counts, and what follows begins a line of its own.
#[test]
fn a_torn_last_line_is_left_out() {
    let whole = applied().with_mac(|mac| read(mac, journal(mac)));
    let last = whole.lines().last().unwrap();
    for length in (1..last.len()).step_by(7).chain([last.len() - 1]) {
        if !last.is_char_boundary(length) {
            continue;
        }
        let sim = tampered(|text| text[..text.len() - 1 - last.len() + length].to_owned());
        let ran = told(&sim, &spine());
        assert!(ran.summary.ok(), "torn after {length} bytes");
        let written = sim.with_mac(|mac| read(mac, journal(mac)));
        assert!(written.ends_with('\n') && written.lines().count() > whole.lines().count(), "{length}");
        nothing_to_do(&sim, &spine());
        if length % 10 == 1 {
            destroy_well(&sim, &spine());
            same("destroyed", &fresh(&spine()), &still(&sim));
        }
    }
}

#[test]
fn a_line_that_is_no_json_is_refused_with_its_place() {
    let sim = tampered(|text| text.replacen("{\"v\"", "rubbish {\"v\"", 2));
    let Err(error) = engine::survey(&sim, &spine()) else { panic!("read all the same") };
    says(
        &text_of(&error),
        &["the journal cannot be read", "/Users/lab/.local/state/forgectl/journal.jsonl:1", "from a backup"],
    );
    refused_on(&sim, &spine());
}

/// Somebody cut a line in the middle of it: what was done behind it was never begun, and nobody knows what was there before.
#[test]
fn a_line_that_is_cut_short_before_its_own_end_is_written_is_refused() {
    let whole = applied().with_mac(|mac| read(mac, journal(mac)));
    let first = whole.lines().next().unwrap();
    assert!(first.contains("\"intent\""), "{first}");
    let sim = tampered(|text| text.replacen(first, &first[..first.len() / 2], 1));
    says(
        &refused_on(&sim, &spine()),
        &["the journal cannot be read", "journal.jsonl:2", "was never begun", "from a backup"],
    );
}

/// It knows things that this forgectl does not.
#[test]
fn a_journal_of_a_newer_version_is_refused() {
    let sim = tampered(|text| {
        text + "{\"v\":7,\"at\":\"2031-01-01T00:00:00Z\",\"run\":\"x\",\"record\":\"woven\"}\n"
    });
    says(
        &refused_on(&sim, &spine()),
        &["the journal was written by a newer forgectl: version 7", "journal.jsonl:", "use that forgectl"],
    );
}

fn other() -> Stack {
    stack(&SPINE.replace("stack: spine", "stack: other"))
}

/// Both want all of it: the first to go leaves it to the other.
#[test]
fn what_another_stack_wants_too_stays() {
    let sim = applied();
    apply_well(&sim, &other());
    let running = pid(&sim);
    let ran = destroyed(&sim, &spine());
    assert!(ran.summary.ok());
    assert!(ran.summary.kept.iter().any(|(id, why)| id.to_string() == JOB && why.contains("wants it too")));
    assert_eq!(pid(&sim), running);
    nothing_to_do(&sim, &other());
    destroy_well(&sim, &other());
    same("both are gone", &fresh(&spine()), &still(&sim));
}

#[test]
fn what_another_stack_wants_in_another_place_is_refused() {
    let sim = applied();
    let boot = stack(&SPINE.replace("stack: spine", "stack: other").replace("start: login", "start: boot"));
    says(
        &refused_on(&sim, &boot),
        &[
            "the stack `spine` has `launchd-job/dev.forge.ollama` in another place: gui/501/dev.forge.ollama",
            "destroy that by its own manifest",
        ],
    );
    nothing_to_do(&sim, &spine());
    let mut known = spine();
    known.file = Some("/work/my lab.yaml".into());
    apply_well(&sim, &known);
    says(&refused_on(&sim, &boot), &["forgectl destroy '/work/my lab.yaml'"]);
}

#[test]
fn what_another_stack_wants_otherwise_is_warned_of() {
    let sim = applied();
    let other =
        stack(&SPINE.replace("stack: spine", "stack: other").replace("keep_alive: 30m", "keep_alive: 1m"));
    let warnings: String = plan(&sim, &other).warnings.iter().map(text).collect();
    says(&warnings, &["the stack `spine` wants `launchd-job/dev.forge.ollama` too", "will find it changed"]);
}

/// Whatever write meets it, the failure is told, and nothing is lost.
#[test]
fn a_disk_that_is_full_for_one_write_is_told_and_healed() {
    use forgectl::machine::Change::{Append, Keep, Write};
    for full in 1.. {
        let sim = sim(fresh(&spine()));
        let writes = AtomicU32::new(0);
        let meddler = Meddler::refusing(&sim, |_, change| match change {
            // A line of the run's log that is lost stops nothing.
            Append { path, .. } if path.as_str().contains("/runs/") => Ok(()),
            Append { path, .. } | Keep { path, .. } | Write { path, .. }
                if writes.fetch_add(1, Ordering::SeqCst) + 1 == full =>
            {
                anyhow::bail!("`{path}`: No space left on device")
            }
            _ => Ok(()),
        });
        let ran = told(&meddler, &spine());
        if writes.load(Ordering::SeqCst) < full {
            assert!(full > 20 && ran.summary.ok(), "{full}: {}", ran.text());
            return;
        }
        assert!(!ran.summary.ok(), "write {full}");
        says(&ran.text(), &["No space left on device"]);
        healed(&sim, &spine());
    }
}

/// Something else fills it while the Command Line Tools are fetched.
#[test]
fn a_disk_that_fills_up_during_the_download_is_told_and_healed() {
    let sim = sim(fresh(&spine()));
    let meddler = Meddler::new(&sim, |sim, change| {
        if matches!(change, Change::Run(command) if command.argv[0].ends_with("softwareupdate")) {
            sim.with_mac(|mac| {
                let size = mac.disk.space().free - 300_000_000;
                let (path, now) = (mac.home().join("Movies/holidays.mov"), mac.state.now);
                mac.disk.write(USER, &path, Content::Made { size, seed: 1 }, 0o644, now).unwrap();
            });
        }
    });
    let ran = told(&meddler, &spine());
    says(
        &ran.failure(CLT),
        &["the Command Line Tools were not installed", "not have enough space", "stack.yaml:11:23"],
    );
    sim.with_mac(|mac| {
        let (path, now) = (mac.home().join("Movies/holidays.mov"), mac.state.now);
        mac.disk.remove(USER, &path, now).unwrap();
    });
    healed(&sim, &spine());
}

#[test]
fn a_job_moves_from_login_to_boot_and_back() {
    let boot = spine_with("start: login", "start: boot");
    let sim = applied();
    let items = plan(&sim, &boot).items;
    let of_job: Vec<_> =
        items.iter().filter(|item| item.id.to_string() == JOB).map(|item| item.action).collect();
    assert_eq!(of_job, [Action::Remove, Action::Add]);
    apply_well(&sim, &boot);
    nothing_to_do(&sim, &boot);
    sim.with_mac(|mac| {
        assert!(mac.state.launchd.job(SCREEN, LABEL).is_none());
        assert!(mac.state.launchd.job(DomainTarget::System, LABEL).unwrap().pid.is_some());
        assert!(mac.disk.node(&agent(mac)).is_none());
    });
    healed(&sim, &spine());
}

/// The old place cannot be left: the new one is not taken, and the receipt of the old one is not lost.
#[test]
fn a_job_that_cannot_leave_its_old_place_is_not_loaded_in_the_new_one() {
    let boot = spine_with("start: login", "start: boot");
    let sim = applied();
    sim.with_mac(|mac| {
        let folder = agent(mac).parent().unwrap().to_owned();
        mac.disk.chmod(0, &folder, 0o500).unwrap();
    });
    let ears = Ears::default();
    let summary = engine::apply(&sim, &boot, &yes(), &forgectl::desk::Nobody, &ears).unwrap();
    assert!(summary.failed.iter().any(|id| id.to_string() == JOB), "{summary:?}");
    says(&ears.told().join("\n"), &["Permission denied", "dev.forge.ollama.plist"]);
    sim.with_mac(|mac| {
        assert!(mac.state.launchd.job(DomainTarget::System, LABEL).is_none());
        let folder = agent(mac).parent().unwrap().to_owned();
        mac.disk.chmod(0, &folder, 0o755).unwrap();
    });
    healed(&sim, &boot);
}

/// What the old place stands on stays as long as it does.
#[test]
fn what_cannot_be_destroyed_keeps_what_it_stands_on() {
    let sim = applied();
    sim.with_mac(|mac| {
        let folder = agent(mac).parent().unwrap().to_owned();
        mac.disk.chmod(0, &folder, 0o500).unwrap();
    });
    let ran = destroyed(&sim, &spine());
    let ids = |ids: &[forgectl::value::Id]| ids.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(ids(&ran.summary.failed), [JOB]);
    let skipped = ids(&ran.summary.skipped);
    for id in ["data/~/.ollama", "log/~/Library/Logs/forgectl/ollama.log", "folder/~/Library/Logs/forgectl"] {
        assert!(skipped.iter().any(|skipped| skipped == id), "{id}: {skipped:?}");
    }
    says(&ran.text(), &["launchd-job/dev.forge.ollama stands on it"]);
    sim.with_mac(|mac| {
        let folder = agent(mac).parent().unwrap().to_owned();
        mac.disk.chmod(0, &folder, 0o755).unwrap();
    });
    destroy_well(&sim, &spine());
    same("destroyed", &fresh(&spine()), &still(&sim));
}

/// The second says who holds the lock, and changes nothing.
#[test]
fn two_runs_at_once() {
    struct Second<'s>(&'s Sim, Arc<Mutex<Vec<String>>>);
    impl engine::event::Sink for Second<'_> {
        fn event(&self, event: &Event) {
            if matches!(event, Event::ResourceStarted { .. }) {
                for error in [
                    engine::apply(self.0, &spine(), &yes(), &forgectl::desk::Nobody, &Ears::default())
                        .unwrap_err(),
                    engine::destroy(
                        self.0,
                        &spine(),
                        &yes(),
                        true,
                        &forgectl::desk::Nobody,
                        &Ears::default(),
                    )
                    .unwrap_err(),
                ] {
                    self.1.lock().unwrap().push(text_of(&error));
                }
            }
        }
    }
    let sim = sim(fresh(&spine()));
    let heard = Arc::default();
    let second = Second(&sim, Arc::clone(&heard));
    assert!(engine::apply(&sim, &spine(), &yes(), &forgectl::desk::Nobody, &second).unwrap().ok());
    let alone = applied().with_mac(|mac| mac.state.meter.effects);
    assert_eq!(sim.with_mac(|mac| mac.state.meter.effects), alone, "the second made none");
    let heard = heard.lock().unwrap();
    assert!(heard.len() > 5);
    for text in heard.iter() {
        says(
            text,
            &[
                "another run is under way on this Mac",
                "the lock is held by `apply` of the stack `spine`, pid ",
                "since 2026-01-05T",
                "/Users/lab/.local/state/forgectl/lock",
            ],
        );
    }
    healed(&sim, &spine());
}

/// Property lists of others may hold secrets: none of it reaches the journal, the log or an event.
#[test]
fn nothing_that_others_wrote_into_a_property_list_is_written_down() {
    const SECRET: &str = "hf_s3cr3t";
    let sim = sim(fresh(&spine()));
    sim.with_mac(|mac| {
        let now = mac.state.now;
        let path = forgectl::sim::tool::launchd::with_brew_ollama(mac, "homebrew.mxcl.ollama").unwrap();
        edit(mac, &path, "q8_0", SECRET);
        let theirs = agent(mac);
        let text = read(mac, &path)
            .replace("homebrew.mxcl.ollama", LABEL)
            .replace("OLLAMA_KV_CACHE_TYPE", "HF_TOKEN");
        mac.disk.write(USER, &theirs, Content::Bytes(text.into_bytes()), 0o644, now).unwrap();
    });
    let ran = told(&sim, &spine());
    assert!(ran.summary.ok(), "{}", ran.text());
    sim.with_mac(|mac| {
        edit(
            mac,
            agent(mac),
            "<key>PATH</key>",
            &format!("<key>HF_TOKEN</key><string>{SECRET}</string><key>PATH</key>"),
        );
    });
    let again = told(&sim, &spine());
    let gone = destroyed(&sim, &spine());
    for told in [&ran, &again, &gone] {
        assert!(!told.text().contains(SECRET), "in an event");
    }
    sim.with_mac(|mac| {
        let written = read(mac, journal(mac));
        assert!(!written.contains(SECRET) && !written.contains("<plist"), "in the journal");
        // Nor the values of our own property list: the manifest has them. Where a service is asked is told apart from these.
        let written = written.replace("\"http://127.0.0.1:11434\"", "");
        assert!(!written.contains("OLLAMA_HOST") && !written.contains("127.0.0.1"), "{written}");
        let runs = state(mac).join("runs");
        for name in mac.disk.list(USER, &runs).unwrap() {
            assert!(!read(mac, runs.join(name)).contains(SECRET), "in a log");
        }
        for folder in ["", "/runs", "/backups"] {
            let node = mac.disk.node(&Utf8PathBuf::from(format!("{}{folder}", state(mac)))).unwrap();
            assert_eq!((node.mode, node.uid), (0o700, USER), "{folder}");
        }
        let backups = state(mac).join("backups");
        for name in mac.disk.list(USER, &backups).unwrap() {
            assert_eq!(mac.disk.node(&backups.join(name)).unwrap().mode, 0o600);
        }
        assert_eq!(mac.disk.node(&journal(mac)).unwrap().mode, 0o600);
    });
}
