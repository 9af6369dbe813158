//! What once went unseen or was told wrongly.

use forgectl::{
    machine::{Answer, Change, Looking, Query, Tool},
    sim::{Kill, Node, Session, Spec},
    value::Domain,
};

use super::{meddler::Meddler, rivals::ids, *};
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
const LINK: &str = "/private/var/select/developer_dir";
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
            met += u32::from(well(&sim, "ls -l /private/var/select").stdout.contains(TOOLS));
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
    says(&text, &["not enough room on the disk", "needed: 3.8 GB", "free: 100 MB", "make room", "du -xsh"]);
}
