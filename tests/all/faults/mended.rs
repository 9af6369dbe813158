//! What once went unseen or was told wrongly.

use forgectl::{
    machine::{Answer, Change, Looking, Query, Tool},
    sim::{
        Kill, Node, Program, Session, Spec,
        tool::{
            launchd::with_brew_ollama,
            ollama::{Weights, desktop::with_desktop_app, store_embedder, store_model, store_remote},
        },
    },
    value::Domain,
};

use super::{meddler::Meddler, *};
use crate::support::{own_spec, spine_with};

fn over_ssh() -> Mac {
    Mac::new(&Spec { session: Session::Ssh, ..own_spec(&spine()) }, 0)
}

/// `ps` spells out what is no ASCII, and quotes nothing.
#[test]
fn a_user_with_a_name_beyond_ascii_gets_a_server_that_is_seen_to_be_as_declared() {
    let sim = sim(Mac::new(&Spec { user: "Zoë Lab".into(), ..own_spec(&spine()) }, 0));
    apply_well(&sim, &spine());
    nothing_to_do(&sim, &spine());
    destroy_well(&sim, &spine());
}

/// What a user switched off at the screen is switched off over SSH too: not to know it is not to say that it is on.
#[test]
fn what_is_switched_off_is_seen_without_a_graphical_session() {
    let sim = sim(over_ssh());
    well(&sim, &format!("launchctl disable user/501/{LABEL}"));
    assert_eq!(sim.disabled_labels(Domain::Gui(USER)).unwrap(), [LABEL]);
    assert!(sim.disabled_labels(Domain::Gui(777)).is_err(), "a domain that is not there tells nothing");
}

#[test]
fn a_file_vault_that_tells_nothing_is_not_taken_to_be_off() {
    let sim = sim(fresh(&spine()));
    let deaf = Meddler::answering(&sim, |query| match query {
        Query::Tool(Tool::FileVault) => {
            Some(Answer::Ran(Output { code: 1, stdout: String::new(), stderr: "Error: no daemon\n".into() }))
        }
        _ => None,
    });
    let stack = spine_with("start: login", "start: boot");
    let plan = engine::survey(&deaf, &stack).unwrap();
    let warnings: String = plan.warnings.iter().map(text).collect();
    says(
        &warnings,
        &["it is not known whether FileVault is on", "exit 1: Error: no daemon", "fdesetup status"],
    );
}

const SMALL: Weights = Weights { bytes: 300_000_000, train_context: 8192, num_ctx: None };

/// A converged Mac with models in its store.
fn with_models(store: impl FnOnce(&mut Mac, &Utf8Path)) -> Sim {
    let sim = applied();
    sim.with_mac(|mac| {
        let models = mac.home().join(".ollama/models");
        store(mac, &models);
    });
    sim
}

fn embedder(mac: &mut Mac, models: &Utf8Path) {
    store_embedder(mac.disk.as_mut(), USER, models, "nomic-embed-text", SMALL, mac.state.now).unwrap();
}

fn remote(mac: &mut Mac, models: &Utf8Path) {
    store_remote(mac.disk.as_mut(), USER, models, "kimi-k2.6:cloud", mac.state.now).unwrap();
}

fn model(mac: &mut Mac, models: &Utf8Path, name: &str, weights: Weights) {
    store_model(mac.disk.as_mut(), USER, models, name, weights, mac.state.now).unwrap();
}

/// What a status by use shows of the server, which has to be well; and what it said beforehand.
#[track_caller]
fn used(sim: &Sim) -> (String, Vec<String>) {
    let mut said = vec![];
    let status = engine::status_by_use(sim, &spine(), &mut |text| said.push(text.to_owned())).unwrap();
    let row = status.rows.iter().find(|row| row.id.to_string() == JOB).unwrap();
    assert!(status.ok(), "{row:#?}");
    (row.evidence.join("\n"), said)
}

fn loaded_now(sim: &Sim) -> String {
    let reply = sim.get("http://127.0.0.1:11434/api/ps").unwrap().unwrap();
    String::from_utf8(reply.body).unwrap()
}

#[test]
fn a_store_without_a_model_that_gives_text_here_proves_what_it_can() {
    for (store, why) in [
        (embedder as fn(&mut Mac, &Utf8Path), "no model here gives text, so none was loaded"),
        (remote, "only models that run elsewhere are here, so none was loaded"),
    ] {
        let sim = with_models(store);
        let (evidence, said) = used(&sim);
        says(&evidence, &["answers at http://127.0.0.1:11434", why]);
        assert!(said.is_empty(), "{said:?}");
    }
}

#[test]
fn the_smallest_model_that_gives_text_proves_the_server() {
    let sim = with_models(|mac, models| {
        embedder(mac, models);
        remote(mac, models);
        model(
            mac,
            models,
            "llama3.2",
            Weights { bytes: 2_000_000_000, train_context: 131_072, num_ctx: None },
        );
        model(mac, models, "gemma3:270m", SMALL);
    });
    let (evidence, said) = used(&sim);
    says(&evidence, &["`gemma3:270m` gave a token with a context of 8192, all that it was trained for"]);
    assert_eq!(said.len(), 1);
    says(&said[0], &["`gemma3:270m`", "300 MB", "for one token"]);
    assert_eq!(loaded_now(&sim), r#"{"models":[]}"#);
}

#[test]
fn a_context_that_is_baked_into_the_model_is_no_fault_of_the_server() {
    for (own, context) in [(4096, "4096, its own"), (100_000, "8192, all that it was trained for")] {
        let sim = with_models(|mac, models| {
            model(mac, models, "baked", Weights { num_ctx: Some(own), ..SMALL });
        });
        says(&used(&sim).0, &["`baked:latest` gave a token with a context of", context]);
    }
}

/// The spine's Mac has 16 GB.
#[test]
fn a_model_that_memory_cannot_hold_is_not_loaded() {
    let giant = Weights { bytes: 40_000_000_000, train_context: 8192, num_ctx: None };
    let sim = with_models(|mac, models| model(mac, models, "giant", giant));
    let (evidence, said) = used(&sim);
    says(
        &evidence,
        &["`giant:latest` is the smallest model here, with 40.0 GB", "11.5 GB", "none was loaded"],
    );
    assert!(said.is_empty());
    assert_eq!(sim.with_mac(|mac| mac.state.meter.peak_model_memory), 0);
}

/// Whoever agrees to a plan knows what will be loaded.
#[test]
fn a_plan_that_will_load_a_model_says_so() {
    let sim = with_models(|mac, models| model(mac, models, "gemma3:270m", SMALL));
    let warnings = |sim: &Sim, stack: &Stack| plan(sim, stack).warnings.iter().map(text).collect::<String>();
    assert_eq!(warnings(&sim, &spine()), "", "nothing is to be done");
    let other = spine_with("keep_alive: 30m", "keep_alive: 5m");
    says(
        &warnings(&sim, &other),
        &["proved by use: `gemma3:270m` is loaded (300 MB on disk)", "stack.yaml:"],
    );
    well(&sim, &format!("launchctl bootout gui/501/{LABEL}"));
    wait(&sim, 10);
    says(&warnings(&sim, &spine()), &["proved by use: the smallest model that fits is loaded"]);
}

/// Somebody else's server on port 11434.
fn listener(mac: &mut Mac, uid: u32, address: &str) {
    let program = Program::Listener { address: address.into(), port: 11434 };
    mac.spawn_process(uid, vec!["/usr/local/bin/other".into()], [].into(), program);
}

fn on(listen: &str) -> Stack {
    spine_with("listen: loopback", &format!("listen: {listen}"))
}

#[track_caller]
fn held(stack: &Stack, uid: u32, address: &str) -> String {
    let mut mac = fresh(&spine());
    listener(&mut mac, uid, address);
    let plan = plan(&sim(mac), stack);
    plan.refusals.iter().map(text).collect()
}

#[test]
fn the_port_counts_where_the_server_is_to_listen() {
    let studio = "192.168.1.20";
    for (listen, uid, address) in [
        ("loopback", USER, "127.0.0.1"),
        ("loopback", 0, "127.0.0.1"),
        ("loopback", USER, "*"),
        (studio, USER, studio),
        (studio, 0, studio),
        (studio, 0, "*"),
        ("lan", USER, studio),
        ("lan", 0, "127.0.0.1"),
    ] {
        says(
            &held(&on(listen), uid, address),
            &["port 11434 is held by", "it listens on", "stack.yaml:14:9"],
        );
    }
    for (listen, address) in [("loopback", studio), (studio, "127.0.0.1"), (studio, "192.168.1.21")] {
        assert_eq!(held(&on(listen), USER, address), "", "{listen}, beside {address}");
        let mut mac = fresh(&spine());
        listener(&mut mac, USER, address);
        let sim = sim(mac);
        apply_well(&sim, &on(listen));
        nothing_to_do(&sim, &on(listen));
        assert!(engine::status(&sim, &on(listen)).unwrap().ok());
    }
}

const BREW: &str = "homebrew.mxcl.ollama";
const RIVAL: &str = "rival-job/homebrew.mxcl.ollama";

fn with_brew() -> Mac {
    let mut mac = fresh(&spine());
    with_brew_ollama(&mut mac, BREW).unwrap();
    mac.advance(std::time::Duration::from_secs(3));
    mac
}

fn ids(plan: &Plan) -> Vec<String> {
    plan.items.iter().map(|item| item.id.to_string()).collect()
}

/// `launchctl list` over SSH does not show what the screen's domain has.
#[test]
fn a_rival_at_the_screen_is_seen_over_ssh() {
    let mut mac = with_brew();
    mac.state.spec.session = Session::Ssh;
    let sim = sim(mac);
    assert!(!well(&sim, "launchctl list").stdout.contains(BREW));
    let seen = plan(&sim, &spine());
    assert!(seen.refusals.is_empty(), "{:?}", seen.refusals);
    assert!(ids(&seen).contains(&RIVAL.to_owned()));
    // Its property list gone, the port alone hints at it.
    sim.with_mac(|mac| {
        let (plist, now) = (mac.home().join(format!("Library/LaunchAgents/{BREW}.plist")), mac.state.now);
        mac.disk.remove(USER, &plist, now).unwrap();
    });
    let seen = plan(&sim, &spine());
    assert!(seen.refusals.is_empty(), "{:?}", seen.refusals);
    assert!(ids(&seen).contains(&RIVAL.to_owned()));
}

#[test]
fn the_desktop_app_at_the_screen_is_seen_over_ssh() {
    let mut mac = fresh(&spine());
    with_desktop_app(&mut mac).unwrap();
    mac.advance(std::time::Duration::from_secs(3));
    mac.state.spec.session = Session::Ssh;
    let refusals = plan(&sim(mac), &spine()).refusals;
    assert_eq!(refusals.len(), 1, "{refusals:#?}");
    says(&text(&refusals[0]), &["the Ollama desktop app runs here", "quit Ollama from the menu bar"]);
}

/// It serves on Ollama's own port, and this stack on another.
#[test]
fn who_serves_on_another_port_is_no_rival() {
    let elsewhere = spine_with("port: 11434", "port: 11500");
    let brew = sim(with_brew());
    assert!(!ids(&plan(&brew, &elsewhere)).contains(&RIVAL.to_owned()));
    apply_well(&brew, &elsewhere);
    assert!(well(&brew, &format!("launchctl print gui/501/{BREW}")).stdout.contains("state = running"));
    nothing_to_do(&brew, &elsewhere);
    let mut mac = fresh(&spine());
    with_desktop_app(&mut mac).unwrap();
    mac.advance(std::time::Duration::from_secs(3));
    let app = sim(mac);
    assert_eq!(plan(&app, &elsewhere).refusals, []);
    apply_well(&app, &elsewhere);
}

/// What was put aside for a port that this stack has left waits for destroy; started anew by its owner it is let be.
#[test]
fn a_rival_that_is_none_any_more_is_let_be() {
    let elsewhere = spine_with("port: 11434", "port: 11500");
    let sim = sim(with_brew());
    apply_well(&sim, &spine());
    nothing_to_do(&sim, &spine());
    apply_well(&sim, &elsewhere);
    nothing_to_do(&sim, &elsewhere);
    sim.with_mac(|mac| with_brew_ollama(mac, BREW).unwrap());
    wait(&sim, 3);
    apply_well(&sim, &elsewhere);
    nothing_to_do(&sim, &elsewhere);
    destroy_well(&sim, &elsewhere);
    assert!(well(&sim, &format!("launchctl print gui/501/{BREW}")).stdout.contains("state = running"));
}

fn models_at(path: &str) -> Stack {
    spine_with("environment: {}", &format!("environment: {{ OLLAMA_MODELS: {path} }}"))
}

#[test]
fn a_store_below_the_servers_own_folder_makes_one_resource_a_folder() {
    let stack = models_at("/Users/lab/.ollama/store/large");
    let sim = sim(fresh(&stack));
    let all = ids(&plan(&sim, &stack));
    let folders: Vec<&str> = all
        .iter()
        .filter(|id| id.contains(".ollama/") || id.ends_with(".ollama"))
        .map(String::as_str)
        .collect();
    assert_eq!(
        folders,
        [
            "data/~/.ollama",
            "folder/~/.ollama/store",
            "data/~/.ollama/store/large",
            "launchd-job/dev.forge.ollama"
        ]
    );
    apply_well(&sim, &stack);
    nothing_to_do(&sim, &stack);
    destroy_well(&sim, &stack);
    same("destroyed", &fresh(&stack), &still(&sim));
}

#[test]
fn a_store_on_a_disk_that_is_not_there_is_refused_before_any_change() {
    let text = refused(fresh(&spine()), &models_at("/Volumes/Models/ollama"));
    says(
        &text,
        &["`/Volumes/Models/ollama`", "/Volumes/Models is not there", "connect the disk", "stack.yaml:18:"],
    );
    let text = refused(fresh(&spine()), &models_at("/opt/models/ollama"));
    says(&text, &["/opt/models is not there", "name another folder"]);
}

#[test]
fn a_program_that_is_gone_while_its_job_is_loaded_is_refused() {
    let sim = applied();
    sim.with_mac(|mac| {
        let now = mac.state.now;
        mac.disk.remove(USER, Utf8Path::new("/opt/homebrew/opt/ollama"), now).unwrap();
    });
    let text = refused_on(&sim, &spine());
    says(
        &text,
        &[
            "Ollama is not installed",
            "launchd still has its job gui/501/dev.forge.ollama",
            "brew install ollama",
        ],
    );
}

#[test]
fn a_daemon_is_started_anew_by_root() {
    let stack = spine_with("start: login", "start: boot");
    let sim = sim(fresh(&stack));
    let deaf = Meddler::answering(&sim, |query| match query {
        Query::Get(_) => Some(Answer::Reply(Err("no answer within 5 s".into()))),
        _ => None,
    });
    let text = told(&deaf, &stack).failure(JOB);
    says(&text, &["sudo launchctl kickstart -k system/dev.forge.ollama"]);
}

const TOOLS: &str = "/Library/Developer/CommandLineTools";
const LINK: &str = "/private/var/db/xcode_select_link";
const PLACEHOLDER: &str = "/private/tmp/.com.apple.dt.CommandLineTools.installondemand.in-progress";

/// A Mac whose chosen Xcode is gone.
fn with_dead_choice() -> Mac {
    let mut mac = fresh(&spine());
    let dead = Node::link("/Applications/Xcode-beta.app/Contents/Developer", 0, 0, mac.state.now);
    mac.disk.memory_mut().unwrap().put(LINK, dead);
    mac
}

/// No choice may lead to tools that were taken away.
#[track_caller]
fn leads_somewhere(sim: &Sim, when: &str) {
    let (link, tools) = sim.with_mac(|mac| (mac.disk.node(LINK.into()), mac.disk.node(TOOLS.into())));
    let chosen = link.and_then(|link| link.target);
    assert!(chosen.is_none_or(|chosen| chosen != TOOLS || tools.is_some()), "{when}: {LINK} leads nowhere");
}

#[test]
fn a_choice_of_tools_that_destroy_removes_is_forgotten() {
    let sim = sim(with_dead_choice());
    apply_well(&sim, &spine());
    let ran = destroyed(&sim, &spine());
    assert!(ran.summary.ok(), "{}", ran.text());
    says(&format!("{:?}", ran.summary.kept), &["Xcode-beta.app", "not put back"]);
    leads_somewhere(&sim, "destroyed");
    assert_eq!(run(&sim, "xcode-select -p").code, 2);
}

#[test]
fn a_kill_between_a_choice_and_its_record_can_be_undone() {
    let whole = sim(with_dead_choice());
    let count = crate::support::effects(&whole, || drop(apply_well(&whole, &spine())));
    let mut met = 0;
    for number in 1..=count {
        for kill in [Kill::Before(number), Kill::After(number)] {
            let sim = sim(with_dead_choice());
            sim.with_mac(|mac| mac.state.faults.kill = Some(kill));
            let _ = apply(&sim, &spine());
            sim.revive();
            met += u32::from(well(&sim, "ls -l /private/var/db").stdout.contains(TOOLS));
            destroy_well(&sim, &spine());
            leads_somewhere(&sim, &format!("{kill:?}"));
        }
    }
    assert!(met > 0, "no kill came after the choice");
}

#[test]
fn tools_that_somebody_installed_anew_stay() {
    let sim = applied();
    run_as_root(&sim, &format!("rm -rf {TOOLS}"));
    sim.with_mac(|mac| mac.state.updates.tools = "16.10".into());
    well(&sim, &format!("touch {PLACEHOLDER}"));
    let installed = ["softwareupdate", "-i", "Command Line Tools for Xcode-16.10"].map(str::to_owned);
    let installed = sim.exec(Caller::user(true).root(), &installed);
    assert!(installed.ok(), "{installed:?}");
    well(&sim, &format!("rm -f {PLACEHOLDER}"));
    nothing_to_do(&sim, &spine());
    let ran = destroyed(&sim, &spine());
    assert!(ran.summary.ok(), "{}", ran.text());
    says(&format!("{:?}", ran.summary.kept), &["installed anew since forgectl brought them; they stay"]);
    assert!(sim.with_mac(|mac| mac.disk.node(&Utf8Path::new(TOOLS).join("usr/bin/git"))).is_some());
}

/// In a folder that everybody writes to, root would follow a link that somebody puts there in time.
#[test]
fn root_has_nothing_to_do_with_the_placeholder() {
    let sim = sim(fresh(&spine()));
    let meddler = Meddler::new(&sim, |_, change| {
        if let Change::Run(command) = change {
            assert!(!command.to_string().contains(PLACEHOLDER), "{command}");
        }
    });
    assert!(told(&meddler, &spine()).summary.ok());
    well(&sim, &format!("touch {PLACEHOLDER}"));
    let item = planned(&sim, &spine(), CLT);
    assert_eq!(item.reason, "clear a leftover placeholder away");
    assert!(item.steps.iter().all(|step| step.sudo.is_none()), "{:?}", item.steps);
    assert!(told(&meddler, &spine()).summary.ok());
    nothing_to_do(&sim, &spine());
    run_as_root(&sim, &format!("touch {PLACEHOLDER}"));
    let item = planned(&sim, &spine(), CLT);
    assert_eq!(item.steps[0].sudo.as_deref(), Some("CLT"), "another's in a sticky folder");
    apply_well(&sim, &spine());
}

#[test]
fn a_full_disk_is_refused_with_where_to_look() {
    let text = refused(Mac::new(&Spec { disk_free: 100_000_000, ..own_spec(&spine()) }, 0), &spine());
    says(&text, &["not enough room on the disk", "needed: 764 MB", "free: 100 MB", "make room", "du -xsh"]);
}
