//! Colima as the engine of a stack: a machine of our own, kept up by a job, proved by an answer on its socket alone.

use std::time::Duration;

use camino::Utf8Path;
use forgectl::{
    desk::Nobody,
    engine::{self, plan::Action},
    manifest::Stack,
    sim::{Caller, Mac, Sim},
};

use crate::support::{Ears, apply, apply_well, destroy_well, fresh, sim, stack, yes};

const HEAD: &str = "forge: 1\nstack: lab\nnode: {memory: 32GB, chip: M4 Pro}\n";

fn with(containers: &str) -> Stack {
    stack(&format!("{HEAD}containers: {containers}\n"))
}

fn applied(stack: &Stack) -> Sim {
    let sim = sim(fresh(stack));
    apply_well(&sim, stack);
    sim
}

fn run(sim: &Sim, line: &str) -> forgectl::machine::Output {
    let argv: Vec<String> = line.split(' ').map(str::to_owned).collect();
    sim.exec(Caller::user(true), &argv)
}

/// What a plan says of one resource.
fn said(sim: &Sim, stack: &Stack, id: &str) -> (Action, String) {
    let plan = engine::survey(sim, stack).unwrap();
    assert!(plan.refusals.is_empty(), "{:?}", plan.refusals);
    let item = plan.items.into_iter().find(|item| item.id.to_string() == id).unwrap();
    (item.action, item.reason)
}

fn refused(mac: Mac, stack: &Stack) -> String {
    let sim = sim(mac);
    let plan = engine::survey(&sim, stack).unwrap();
    let before = sim.with_mac(|mac| mac.state.meter.effects);
    assert!(apply(&sim, stack).is_err());
    assert_eq!(sim.with_mac(|mac| mac.state.meter.effects), before, "nothing was changed");
    plan.refusals.iter().map(|problem| format!("{problem:?}")).collect::<Vec<_>>().join("\n")
}

fn agent(sim: &Sim) -> u32 {
    sim.with_mac(|mac| {
        let mut all = mac.state.processes.values();
        all.find(|process| process.command() == "limactl").map(|process| process.pid).unwrap()
    })
}

#[test]
fn it_comes_up_answers_and_is_left_alone_the_second_time() {
    let stack = with("{engine: colima, memory: 8GB, cpus: 6, disk: 80GB}");
    let sim = applied(&stack);
    let list = run(&sim, "colima list").stdout;
    assert!(list.contains("forge      Running    aarch64    6       8GiB      75GiB"), "{list}");
    assert!(engine::survey(&sim, &stack).unwrap().is_empty());
    sim.with_mac(|mac| {
        assert!(
            mac.disk.node(Utf8Path::new("/Users/lab/.docker")).is_none(),
            "docker's contexts are the user's"
        );
        assert!(mac.disk.node(Utf8Path::new("/Users/lab/.ssh")).is_none());
    });
}

#[test]
fn another_size_is_a_restart_that_the_plan_shows_and_the_machine_gets_it() {
    let sim = applied(&with("{memory: 4GB}"));
    let larger = with("{memory: 8GB, disk: 100GB}");
    let (action, reason) = said(&sim, &larger, "launchd-job/dev.forge.colima");
    assert_eq!(action, Action::Change);
    assert!(reason.contains("--memory 4") && reason.contains("--memory 8"), "{reason}");
    apply_well(&sim, &larger);
    let list = run(&sim, "colima list").stdout;
    assert!(list.contains("8GiB      94GiB"), "{list}");
}

#[test]
fn a_machine_that_somebody_stopped_comes_back() {
    let stack = with("{}");
    let sim = applied(&stack);
    assert!(run(&sim, "colima stop forge").ok());
    let (action, _) = said(&sim, &stack, "engine/colima");
    assert_eq!(action, Action::Add, "its socket is gone");
    apply_well(&sim, &stack);
    assert!(run(&sim, "colima list").stdout.contains("Running"));
    assert!(engine::survey(&sim, &stack).unwrap().is_empty());
}

#[test]
fn a_broken_machine_is_mended() {
    let stack = with("{}");
    let sim = applied(&stack);
    let agent = agent(&sim);
    assert!(
        run(&sim, &format!("kill -9 {agent}")).code != 0 || sim.with_mac(|mac| mac.kill_process(agent, 9))
    );
    sim.with_mac(|mac| {
        mac.kill_process(agent, 9);
        mac.advance(Duration::from_secs(5));
    });
    assert!(run(&sim, "colima list").stdout.contains("Broken"));
    let (action, _) = said(&sim, &stack, "engine/colima");
    assert_eq!(action, Action::Change);
    apply_well(&sim, &stack);
    assert!(run(&sim, "colima list").stdout.contains("Running"));
}

#[test]
fn a_machine_that_lost_its_colima_gets_one_again() {
    let stack = with("{}");
    let sim = applied(&stack);
    sim.with_mac(|mac| {
        let colima = mac.state.processes.values().find(|process| process.command() == "colima").unwrap().pid;
        mac.kill_process(colima, 9);
        // launchd tries again and again; each time the machine runs already.
        mac.advance(Duration::from_secs(110));
    });
    let (action, reason) = said(&sim, &stack, "launchd-job/dev.forge.colima");
    assert_eq!(action, Action::Change, "{reason}");
    apply_well(&sim, &stack);
    assert!(engine::survey(&sim, &stack).unwrap().is_empty());
    sim.with_mac(|mac| mac.advance(Duration::from_mins(2)));
    assert!(engine::survey(&sim, &stack).unwrap().is_empty(), "it stays so");
}

#[test]
fn it_is_back_after_a_restart_once_somebody_logs_in() {
    let stack = with("{}");
    let sim = applied(&stack);
    sim.with_mac(|mac| {
        forgectl::sim::tool::launchd::reboot(mac);
        mac.advance(Duration::from_mins(1));
        assert!(mac.state.machines.values().all(|vm| vm.stage == forgectl::sim::tool::colima::Stage::Down));
        forgectl::sim::tool::launchd::log_in(mac, forgectl::sim::Session::Gui);
        mac.advance(Duration::from_mins(1));
    });
    assert!(engine::survey(&sim, &stack).unwrap().is_empty());
}

#[test]
fn its_machine_stays_with_its_volumes_unless_all_data_goes() {
    let stack = with("{}");
    let sim = applied(&stack);
    let summary = engine::destroy(&sim, &stack, &yes(), false, &Nobody, &Ears::default()).unwrap();
    assert!(summary.ok(), "{summary:?}");
    assert!(!run(&sim, "colima list").ok(), "Colima itself is gone");
    let disk = Utf8Path::new("/Users/lab/.colima/_lima/_disks/colima-forge/datadisk");
    assert!(sim.with_mac(|mac| mac.disk.node(disk).is_some()));
    apply_well(&sim, &stack);
    destroy_well(&sim, &stack);
    sim.with_mac(|mac| assert!(mac.disk.node(Utf8Path::new("/Users/lab/.colima")).is_none()));
    let kept = engine::destroy(&sim, &stack, &yes(), true, &Nobody, &Ears::default()).unwrap().kept;
    assert!(kept.is_empty(), "{kept:?}");
}

#[test]
fn a_machine_of_the_users_own_is_never_touched() {
    let stack = with("{}");
    let sim = sim(fresh(&stack));
    apply_well(&sim, &stack_of_tools());
    assert!(run(&sim, "colima start").ok());
    apply_well(&sim, &stack);
    let list = run(&sim, "colima list").stdout;
    assert!(list.contains("default    Running") && list.contains("forge      Running"), "{list}");
    destroy_well(&sim, &stack);
    // Its formulae are wanted by the other stack still.
    let list = run(&sim, "colima list").stdout;
    assert!(list.contains("default    Running") && !list.contains("forge"), "{list}");
}

fn stack_of_tools() -> Stack {
    stack(&format!("{}tools: {{homebrew: true, formulae: [colima, docker]}}\n", HEAD.replace("lab", "tools")))
}

#[test]
fn a_disk_never_shrinks() {
    let sim = applied(&with("{disk: 100GB}"));
    let said = refused(sim.into_mac(), &with("{disk: 60GB}"));
    assert!(said.contains("94 GiB") && said.contains("stack.yaml:4"), "{said}");
}

#[test]
fn without_anybody_at_the_screen_it_is_refused() {
    let stack = with("{}");
    let spec =
        forgectl::sim::Spec { session: forgectl::sim::Session::Ssh, ..crate::support::own_spec(&stack) };
    let said = refused(Mac::new(&spec, 0), &stack);
    assert!(said.contains("graphical session"), "{said}");
}

#[test]
fn a_machine_that_somebody_started_otherwise_is_started_anew() {
    let stack = with("{memory: 4GB}");
    let sim = applied(&stack);
    assert!(run(&sim, "colima stop forge").ok());
    assert!(run(&sim, "colima start forge --memory 2 --cpus 1").ok());
    let (action, reason) = said(&sim, &stack, "virtual-machine/forge");
    assert_eq!(action, Action::Change);
    assert!(reason.contains("memory 2 GiB -> 4 GiB") && reason.contains("cpus 1 -> 4"), "{reason}");
    apply_well(&sim, &stack);
    assert!(run(&sim, "colima list").stdout.contains("4       4GiB"));
    assert!(engine::survey(&sim, &stack).unwrap().is_empty());
}

#[test]
fn a_machine_that_its_stack_does_not_fit_into_is_refused_with_what_to_write() {
    let langfuse = stack(&format!("{HEAD}containers: {{memory: 2GB}}\nservices: {{langfuse: {{}}}}\n"));
    let said = refused(fresh(&langfuse), &langfuse);
    assert!(said.contains("too small: 2GB") && said.contains("memory: 4GB"), "{said}");
    let greedy = with("{memory: 30GB}");
    let said = refused(fresh(&greedy), &greedy);
    assert!(said.contains("too much of this Mac: 30GB"), "{said}");
}

fn warned(stack: &Stack) -> String {
    let plan = engine::survey(&sim(fresh(stack)), stack).unwrap();
    let said = plan.warnings.iter().map(|problem| format!("{} {:?}", problem.what, problem.hints));
    said.collect::<Vec<_>>().join("\n")
}

#[test]
fn the_plan_says_what_models_may_still_take_and_that_no_engine_starts_at_boot() {
    let said = warned(&with("{memory: 8GB}"));
    assert!(
        said.contains("takes 8GB of this Mac's 32GB") && said.contains("models may take 17.2 GB"),
        "{said}"
    );
    let boot =
        stack(&format!("{HEAD}tools: {{homebrew: true}}\nollama: {{start: boot}}\ncontainers: {{}}\n"));
    assert!(warned(&boot).contains("only once somebody has logged in"), "{}", warned(&boot));
}

#[test]
fn without_the_network_it_says_what_colima_said() {
    let stack = with("{}");
    let sim = sim(fresh(&stack));
    apply_well(&sim, &stack_of_tools());
    sim.with_mac(|mac| mac.state.faults.arm_always(forgectl::sim::Fault::NetworkGone));
    let ears = Ears::default();
    let summary = engine::apply(&sim, &stack, &yes(), &Nobody, &ears).unwrap();
    let said = ears.told().join("\n");
    assert!(!summary.ok() && said.contains("error starting vm"), "{said}");
    sim.with_mac(|mac| mac.state.faults.disarm(forgectl::sim::Fault::NetworkGone));
    apply_well(&sim, &stack);
}

#[test]
fn only_colimas_machine_has_a_size() {
    let text = format!("{HEAD}containers: {{engine: running, memory: 8GB}}\n");
    let problems = forgectl::manifest::read(&forgectl::value::Source::new("stack.yaml", &text)).unwrap_err();
    assert!(problems.to_string().contains("only Colima's machine has a size here: `memory`"), "{problems}");
}
