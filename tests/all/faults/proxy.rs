//! A network from which a proxy is the only way out.

use forgectl::manifest;

use super::*;
use crate::support::{effects, stack};

const PROXY: &str = "http://proxy.example:3128";
const SMALL: &str = "ollama-model/gemma3:1b";

fn lab(more: &str) -> Stack {
    stack(&format!(
        "forge: 1\nstack: lab\nnode: {{memory: 16GB}}\nollama: {{num_ctx: 8192{more}}}\nmodels:\n  - ollama: \"gemma3:1b\"\n"
    ))
}

fn behind_a_proxy() -> Sim {
    let mut mac = fresh(&lab(""));
    mac.state.proxy = Some(PROXY.to_owned());
    sim(mac)
}

fn warned(sim: &Sim, stack: &Stack) -> bool {
    let plan = engine::survey(sim, stack).unwrap();
    plan.warnings.iter().any(|warning| warning.what.contains("without the proxy that HTTPS_PROXY names"))
}

/// launchd hands a job none of the shell's variables, so what forgectl reaches its server does not.
#[test]
fn a_server_without_the_proxy_pulls_nothing_and_the_plan_said_so() {
    let sim = behind_a_proxy();
    assert!(warned(&sim, &lab("")), "it is said before");
    let ran = told(&sim, &lab(""));
    assert!(ran.failure(SMALL).contains("i/o timeout"), "{}", ran.failure(SMALL));

    let declared = lab(&format!(", proxy: \"{PROXY}\""));
    assert!(!warned(&sim, &declared));
    apply_well(&sim, &declared);
    let environment = sim.with_mac(|mac| {
        let mut servers =
            mac.state.processes.values().filter(|it| it.argv.iter().any(|word| word == "serve"));
        servers.next().unwrap().environment.clone()
    });
    assert_eq!(environment.get("HTTPS_PROXY").map(String::as_str), Some(PROXY));
    assert!(!environment.keys().any(|name| name.to_uppercase() == "HTTP_PROXY"), "{environment:?}");
    assert_eq!(effects(&sim, || drop(apply_well(&sim, &declared))), 0);
    let draft = engine::export(&sim).unwrap();
    assert!(draft.text.contains(PROXY) && stack(&draft.text).manifest.ollama == declared.manifest.ollama);

    assert!(!warned(&sim, &lab("")), "nothing is to be pulled any more");
    apply_well(&sim, &lab(""));
    destroy_well(&sim, &lab(""));
}

/// The file of a job can be read by everybody on the Mac.
#[test]
fn a_proxy_with_a_password_is_refused_and_the_password_is_not_told() {
    let text = "forge: 1\nstack: lab\nnode: {memory: 16GB}\nollama: {proxy: \"http://me:zq4711@proxy.example:3128\"}\n";
    let problems = manifest::read(&forgectl::value::Source::new("stack.yaml", text)).unwrap_err();
    let said = problems.0[0].why.join("\n");
    assert!(said.contains("without user and password"), "{said}");
    for problem in &problems.0 {
        let shown = format!("{problem:?}{}", serde_json::to_value(problem).unwrap());
        assert!(!shown.contains("4711"), "{shown}");
    }
}
