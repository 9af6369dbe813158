//! Ollama: not there, its port taken, others who serve it, and what of it others can reach.

use forgectl::sim::{
    Program, Session, Spec,
    tool::{launchd::with_brew_ollama, ollama::desktop::with_desktop_app},
};

use super::{meddler::Meddler, *};
use crate::support::{SPINE, own_spec, spine_with, stack};

const BREW: [&str; 2] = ["homebrew.mxcl.ollama", "sh.brew.ollama"];

/// What Homebrew's server writes into its own log while it runs is its own affair.
#[track_caller]
fn same_but_its_log(what: &str, left: &Mac, right: &Mac) {
    let mut found = differences(left, right, false);
    found.retain(|found| found.what != "/opt/homebrew/var/log/ollama.log: content");
    assert!(found.is_empty(), "{what}:\n{found:#?}");
}

/// Somebody who listens on the port.
fn listener(mac: &mut Mac, uid: u32, program: &str) -> u32 {
    let what = Program::Listener { address: "127.0.0.1".into(), port: 11434 };
    mac.spawn_process(uid, vec![program.into()], [].into(), what)
}

#[test]
fn not_installed() {
    let mac = Mac::new(&Spec { ollama: false, ..own_spec(&spine()) }, 0);
    says(
        &refused(mac, &spine()),
        &[
            "Ollama is not installed",
            "/opt/homebrew/opt/ollama/bin/ollama is not there",
            "set `homebrew: true` in `tools`",
            "brew install ollama",
            "stack.yaml:12:1",
        ],
    );
}

#[test]
fn a_port_that_a_process_of_ours_holds_is_told_with_its_name_and_number() {
    let mut mac = fresh(&spine());
    let pid = listener(&mut mac, USER, "/usr/local/bin/other-llm");
    says(
        &refused(mac, &spine()),
        &[
            &format!("port 11434 is held by `other-llm` (pid {pid})"),
            "it listens on 127.0.0.1:11434",
            &format!("ps -ww -o user=,lstart=,command= -p {pid}"),
            "stack.yaml:14:",
        ],
    );
}

#[test]
fn a_port_that_another_user_holds_is_told_without_a_name() {
    let mut mac = fresh(&spine());
    listener(&mut mac, 502, "/usr/local/bin/other-llm");
    let text = refused(mac, &spine());
    says(
        &text,
        &["port 11434 is held by a process of another user", "sudo lsof -nP -iTCP:11434 -sTCP:LISTEN"],
    );
    assert!(!text.contains("other-llm"), "that cannot be known");
}

#[test]
fn another_port_is_a_way_out() {
    let mut mac = fresh(&spine());
    listener(&mut mac, USER, "/usr/local/bin/other-llm");
    let stack = spine_with("port: 11434", "port: 11500");
    let sim = sim(mac);
    apply_well(&sim, &stack);
    nothing_to_do(&sim, &stack);
}

/// Between the plan and the load: the server cannot bind, and the failure says whose the port is.
#[test]
fn a_port_that_is_taken_while_applying_is_told() {
    let sim = sim(fresh(&spine()));
    let meddler = Meddler::new(&sim, |sim, change| {
        if writes_agent(change) {
            sim.with_mac(|mac| listener(mac, USER, "/usr/local/bin/other-llm"));
        }
    });
    let text = told(&meddler, &spine()).failure(JOB);
    says(
        &text,
        &[
            "the job does not run: `dev.forge.ollama`",
            "last exit code",
            "address already in use",
            "port 11434 is held by `other-llm` (pid ",
            "launchctl print gui/501/dev.forge.ollama",
        ],
    );
    sim.with_mac(|mac| {
        let pid = mac.sockets(11434).iter().find(|socket| socket.command == "other-llm").unwrap().pid;
        mac.kill_process(pid, 9);
    });
    healed(&sim, &spine());
}

/// `brew services start ollama` came before us: stopped, put aside, and started again by destroy.
#[test]
fn the_job_of_homebrew_steps_aside_and_comes_back() {
    for label in BREW {
        let sim = sim(fresh(&spine()));
        let plist = sim.with_mac(|mac| with_brew_ollama(mac, label).unwrap());
        wait(&sim, 30);
        let before = still(&sim);
        let id = format!("rival-job/{label}");
        let item = planned(&sim, &spine(), &id);
        says(&item.reason, &["Homebrew services"]);
        says(
            &item.steps[0].commands.join("\n"),
            &[&format!("launchctl bootout gui/501/{label}"), plist.as_str()],
        );
        assert!(plan(&sim, &spine()).refusals.is_empty());
        apply_well(&sim, &spine());
        nothing_to_do(&sim, &spine());
        sim.with_mac(|mac| {
            assert!(mac.state.launchd.job(SCREEN, label).is_none());
            assert!(mac.disk.node(&plist).is_none());
        });
        destroy_well(&sim, &spine());
        wait(&sim, 30);
        assert!(sim.with_mac(|mac| mac.state.launchd.job(SCREEN, label).unwrap().pid.is_some()));
        same_but_its_log(label, &before, &still(&sim));
    }
}

/// Homebrew loads into `user/UID` over SSH.
#[test]
fn the_job_of_homebrew_in_a_session_without_a_screen() {
    let stack = spine_with("start: login", "start: boot");
    let sim = sim(Mac::new(&Spec { session: Session::Ssh, ..own_spec(&stack) }, 0));
    let label = BREW[0];
    sim.with_mac(|mac| {
        // `brew services` writes the file and picks the domain.
        mac.state.launchd.sessions.insert(SCREEN);
        let plist = with_brew_ollama(mac, label).unwrap();
        mac.state.launchd.jobs.remove(&SCREEN);
        mac.state.launchd.sessions.remove(&SCREEN);
        plist
    });
    let plist = sim.with_mac(|mac| mac.home().join(format!("Library/LaunchAgents/{label}.plist")));
    well(&sim, &format!("launchctl bootstrap user/501 {plist}"));
    wait(&sim, 30);
    let before = still(&sim);
    apply_well(&sim, &stack);
    nothing_to_do(&sim, &stack);
    destroy_well(&sim, &stack);
    wait(&sim, 30);
    same_but_its_log("given back", &before, &still(&sim));
}

/// The job is not loaded, its property list waits for the next login: it would take the port then.
#[test]
fn a_stopped_job_of_homebrew_is_put_aside_too() {
    let sim = sim(fresh(&spine()));
    sim.with_mac(|mac| with_brew_ollama(mac, BREW[0]).unwrap());
    well(&sim, &format!("launchctl bootout gui/501/{}", BREW[0]));
    wait(&sim, 30);
    let before = still(&sim);
    apply_well(&sim, &spine());
    nothing_to_do(&sim, &spine());
    destroy_well(&sim, &spine());
    same("given back", &before, &still(&sim));
}

/// Somebody runs `brew services start ollama` after us.
#[test]
fn a_job_of_homebrew_that_comes_back_is_put_aside_again() {
    let sim = applied();
    sim.with_mac(|mac| with_brew_ollama(mac, BREW[1]).unwrap());
    wait(&sim, 30);
    assert_eq!(planned(&sim, &spine(), "rival-job/sh.brew.ollama").action, Action::Change);
    apply_well(&sim, &spine());
    nothing_to_do(&sim, &spine());
    assert!(sim.with_mac(|mac| mac.state.launchd.job(SCREEN, BREW[1]).is_none()));
}

#[test]
fn the_desktop_app_is_never_fought() {
    let mut mac = fresh(&spine());
    with_desktop_app(&mut mac).unwrap();
    mac.advance(std::time::Duration::from_secs(5));
    says(
        &refused(mac, &spine()),
        &[
            "the Ollama desktop app runs here",
            "com.ollama.ollama",
            "quit Ollama from the menu bar",
            "System Settings, General, Login Items",
            "stack.yaml:12:1",
        ],
    );
}

#[test]
fn what_listens_beyond_this_mac_is_said_in_plain_words() {
    let stack = spine_with("listen: loopback ", "listen: lan ");
    let sim = sim(fresh(&stack));
    let exposed = plan(&sim, &stack).exposed;
    assert_eq!(exposed.len(), 1);
    says(&exposed[0], &["Ollama listens on 0.0.0.0:11434", "whoever reaches this Mac", "no password"]);
    apply_well(&sim, &stack);
    assert_eq!(sim.with_mac(|mac| mac.sockets(11434)[0].address.clone()), "*");
    nothing_to_do(&sim, &stack);
    let closed = planned(&sim, &spine(), JOB);
    says(&closed.reason, &["OLLAMA_HOST 0.0.0.0:11434 -> 127.0.0.1:11434"]);
    assert!(plan(&sim, &spine()).exposed.is_empty());
    healed(&sim, &spine());
}

#[test]
fn a_server_listens_on_an_address_of_this_mac_and_another_is_told_in_its_own_words() {
    let own = spine_with("listen: loopback ", "listen: 192.168.64.10 ");
    let sim = sim(fresh(&own));
    apply_well(&sim, &own);
    assert_eq!(sim.with_mac(|mac| mac.sockets(11434)[0].address.clone()), "192.168.64.10");
    let foreign = spine_with("listen: loopback ", "listen: 192.168.64.11 ");
    let sim = crate::faults::sim(fresh(&foreign));
    says(
        &told(&sim, &foreign).failure(JOB),
        &["Error: listen tcp 192.168.64.11:11434: bind: can't assign requested address"],
    );
}

fn models_at(path: &str) -> Stack {
    stack(&SPINE.replace("environment: {}", &format!("environment: {{OLLAMA_MODELS: {path}}}")))
}

#[test]
fn models_may_lie_elsewhere_in_the_home_folder() {
    let stack = models_at("/Users/lab/Big/models");
    let sim = sim(fresh(&stack));
    apply_well(&sim, &stack);
    assert!(sim.with_mac(|mac| mac.disk.node(Utf8Path::new("/Users/lab/Big/models/blobs")).is_some()));
    let kept =
        engine::destroy(&sim, &stack, &yes(), false, &forgectl::desk::Nobody, &Ears::default()).unwrap().kept;
    says(
        &format!("{kept:?}"),
        &["/Users/lab/Big/models holds data; `forgectl destroy --all-data` removes it"],
    );
    destroy_well(&sim, &stack);
    same("destroyed", &fresh(&stack), &still(&sim));
}

#[test]
fn models_may_lie_on_another_disk() {
    let stack = models_at("/Volumes/Fast/models");
    let mut mac = fresh(&stack);
    let now = mac.state.now;
    mac.disk.memory_mut().unwrap().put("/Volumes/Fast", forgectl::sim::Node::folder(0o755, USER, 20, now));
    let before = copy(&mac);
    let sim = sim(mac);
    apply_well(&sim, &stack);
    nothing_to_do(&sim, &stack);
    destroy_well(&sim, &stack);
    same("destroyed", &before, &still(&sim));
}

#[test]
fn models_where_launchd_may_not_go_are_refused_wherever_a_link_hides_it() {
    for (path, why) in [
        ("/Users/lab/Documents/models", "~/Documents"),
        ("/Users/lab/Library/Mobile Documents/com~apple~CloudDocs/models", "~/Library/Mobile Documents"),
        ("/Users/lab/hidden/models", "it leads to /Users/lab/Desktop/models"),
    ] {
        let stack = models_at(&format!("\"{path}\""));
        let mut mac = fresh(&stack);
        let now = mac.state.now;
        mac.disk.link(USER, "/Users/lab/hidden".into(), "Desktop".into(), now).unwrap();
        says(
            &refused(mac, &stack),
            &[
                &format!("no folder to keep models in: `{path}`"),
                "macOS keeps what launchd starts out of",
                why,
                "stack.yaml:18:",
                "name a folder outside Documents",
            ],
        );
    }
}

/// The disk is not connected, or is somebody else's.
#[test]
fn a_folder_for_models_that_cannot_be_made_is_refused() {
    let stack = models_at("/Volumes/Fast/models");
    says(
        &refused(fresh(&stack), &stack),
        &[
            "no folder to keep models in: `/Volumes/Fast/models`",
            "/Volumes/Fast is not there",
            "stack.yaml:18:",
        ],
    );
    let mut mac = fresh(&stack);
    let now = mac.state.now;
    mac.disk.memory_mut().unwrap().put("/Volumes/Fast", forgectl::sim::Node::folder(0o755, 0, 0, now));
    says(&refused(mac, &stack), &["/Volumes/Fast", "not yours to write", "ls -ld '/Volumes/Fast'"]);
}
