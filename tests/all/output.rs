//! What a stack has on a Mac is told from that Mac's own journal.

use forgectl::{
    engine::{self, Output, Outputs},
    machine::Looking,
    sim::{Kill, Sim},
    value::{Place, Problem, Sort},
};

use crate::{
    scenarios,
    support::{apply, apply_well, destroy_well, fresh, sim, spine, spine_with, stack},
};

fn outputs(sim: &Sim, stack: Option<&str>) -> anyhow::Result<Outputs> {
    engine::outputs(sim, stack, "forgectl apply STACK", false)
}

fn fault(sim: &Sim, stack: Option<&str>) -> Problem {
    outputs(sim, stack).unwrap_err().downcast().unwrap()
}

#[test]
fn every_resource_of_an_applied_stack_has_a_place_and_every_url_answers() {
    for scenario in scenarios::all() {
        let sim = sim(scenario.fresh());
        apply_well(&sim, &scenario.stack);
        let outputs = outputs(&sim, None).unwrap();
        assert_eq!(outputs.stack, scenario.stack.manifest.stack.as_str());
        let plan = engine::survey(&sim, &scenario.stack).unwrap();
        for item in &plan.items {
            assert!(matches!(outputs.get(item.id.as_str(), ""), Ok(Output::Place(_))), "{}", item.id);
        }
        assert_eq!(outputs.places.len(), plan.items.len());
        for (name, url) in &outputs.urls {
            let answers = match (url.strip_prefix("unix://"), url.parse()) {
                (Some(socket), _) => sim.engine_version(socket.into()).unwrap().is_ok(),
                // What listens at a port of somebody's own container nobody knows.
                (None, Ok(socket)) => !sim.listeners(socket).unwrap().is_empty(),
                (None, Err(_)) => sim.get(url).unwrap().is_ok(),
            };
            assert!(answers, "{}: {name} at {url}", scenario.name);
        }
        destroy_well(&sim, &scenario.stack);
        assert!(fault(&sim, None).what.contains("no stack"));
    }
}

#[test]
fn a_url_follows_the_manifest() {
    let sim = sim(fresh(&spine()));
    let url = || match outputs(&sim, None).unwrap().get("OLLAMA", "") {
        Ok(Output::Url(url)) => url.to_owned(),
        other => panic!("{other:?}"),
    };
    apply_well(&sim, &spine());
    assert_eq!(url(), "http://127.0.0.1:11434");
    apply_well(&sim, &spine_with("port: 11434", "port: 8080"));
    assert_eq!(url(), "http://127.0.0.1:8080");
}

#[test]
fn what_was_not_finished_is_not_told() {
    let sim = sim(fresh(&spine()));
    sim.with_mac(|mac| mac.state.faults.kill = Some(Kill::Before(1)));
    let _ = apply(&sim, &spine());
    sim.revive();
    let outputs = outputs(&sim, Some("spine")).unwrap();
    assert!(
        outputs.urls.is_empty()
            && !outputs.places.iter().any(|(_, place)| matches!(place, Place::Job { .. }))
    );
}

#[test]
fn one_stack_of_several_has_to_be_named() {
    let other = stack("forge: 1\nstack: other\nnode: {memory: 16GB}\npower: {never_sleep: true}\n");
    let sim = sim(fresh(&spine()));
    apply_well(&sim, &spine());
    apply_well(&sim, &other);
    let several = fault(&sim, None);
    assert_eq!(
        (several.sort, several.what.as_str()),
        (Sort::Usage, "which stack? This Mac has `other`, `spine`")
    );
    let places = |stack| outputs(&sim, Some(stack)).unwrap().places.len();
    assert_eq!(places("other"), 1);
    assert!(places("spine") > 5);
    let unknown = fault(&sim, Some("third"));
    assert!(unknown.sort == Sort::Mac && unknown.what.contains("`third`"), "{unknown:?}");
}

#[test]
fn a_name_that_nothing_has_is_a_fault_of_usage_with_the_nearest() {
    let sim = sim(fresh(&spine()));
    apply_well(&sim, &spine());
    let fault: Problem = outputs(&sim, None).unwrap().get("olama", "").unwrap_err().downcast().unwrap();
    assert_eq!(fault.sort, Sort::Usage);
    assert!(fault.hints[0].contains("`Ollama`"), "{fault:?}");
    assert!(fault.hints[1].starts_with("all of them: `Ollama`, `data/~/.ollama`, "), "{fault:?}");
}

#[test]
fn no_variable_of_the_environment_tells_a_secret() {
    let shell = crate::cli::Shell::new();
    let help = shell.well("output --help");
    assert!(help.contains("--reveal") && !help.contains("FORGECTL_REVEAL"), "{help}");
}
