//! What is YAML, but no manifest.

use super::{LEAST, fault, good, read, told};

#[test]
fn every_fault_is_told_at_once_each_at_its_place() {
    let text = "\
forge: 1
stack: My Lab
node:
  memori: 16GB
  chip: [M4 Pro, Apple m3-max]
  macos: 15
olama:
  port: 1
power:
tools: {command_line_tools: yes}
ollama:
  listen: studio.local
  port: \"11434\"
  num_ctx: 3
  keep_alive: forever
  start: bott
  environment: [a]
";
    assert_eq!(
        told(text),
        [
            "2:8 My Lab: wrong value of `stack`: `My Lab`",
            "4:3 memori: unknown key of `node`: `memori`",
            "5:18 Apple m3-max: wrong value of `node.chip[1]`: `Apple m3-max`",
            "6:10 15: wrong value of `node.macos`: `15`",
            "7:1 olama: unknown key: `olama`",
            "9:1 power: `power` is empty",
            "10:29 yes: wrong value of `tools.command_line_tools`: `yes`",
            "12:11 studio.local: wrong value of `ollama.listen`: `studio.local`",
            "13:9 \"11434\": wrong value of `ollama.port`: `11434`",
            "14:12 3: wrong value of `ollama.num_ctx`: `3`",
            "15:15 forever: wrong value of `ollama.keep_alive`: `forever`",
            "16:10 bott: wrong value of `ollama.start`: `bott`",
            "17:3 environment: wrong value of `ollama.environment`: a list",
        ]
    );
    let hints: Vec<_> = read(text).unwrap_err().into_iter().map(|problem| problem.hints.concat()).collect();
    for (at, hint) in [
        (0, "`my-lab`"),
        (1, "`memory`"),
        (2, "`M3 Max`"),
        (4, "`ollama`"),
        (6, "`true`"),
        (7, "address"),
        (8, "without quotes"),
        (10, "`-1`"),
        (11, "`boot`"),
    ] {
        assert!(hints[at].contains(hint), "{at}: {}", hints[at]);
    }
}

#[test]
fn an_empty_manifest_is_told_one_that_is_good() {
    for text in ["", "\n\n", "# later\n", "---\n", "just words\n"] {
        let hint = fault(text).hints.concat();
        let lines: Vec<&str> = hint.split('`').skip(1).step_by(2).collect();
        good(&lines.join("\n"));
    }
    assert_eq!(fault("").what, "the manifest is empty: `stack.yaml`");
}

#[test]
fn with_a_missing_section_what_it_must_have_is_told_too() {
    let problem = fault("forge: 1\nstack: lab\n");
    assert_eq!(problem.what, "missing key: `node`");
    let memory = problem.why.iter().find(|why| why.starts_with("`node.memory` is required too"));
    assert!(memory.is_some_and(|why| why.contains("`16GB`")), "{:?}", problem.why);
}

#[test]
fn memory_that_every_mac_has_and_a_port_that_needs_root_are_warned_of() {
    let warned = |text: &str| -> Vec<String> { good(text).warnings.iter().map(super::line_of).collect() };
    let memory = |size: &str| warned(&format!("forge: 1\nstack: lab\nnode: {{memory: {size}}}\n"));
    assert_eq!(memory("4GB"), ["3:16 4GB: every Mac has that much memory: `4GB`"]);
    assert_eq!(memory("8GB"), Vec::<String>::new());
    let ollama = |keys: &str| warned(&format!("{LEAST}ollama: {{{keys}}}\n"));
    assert_eq!(ollama("port: 80"), ["5:16 80: port that only root can take: `80`"]);
    assert_eq!(ollama("port: 1023, listen: 192.168.1.20").len(), 1);
    assert_eq!(ollama("port: 80, listen: lan"), Vec::<String>::new());
    assert_eq!(ollama("port: 1024"), Vec::<String>::new());
}

#[test]
fn missing_keys_are_told_once_at_their_map_with_what_they_are() {
    assert_eq!(told("ollama: {}\n"), ["1:1 : missing keys: `forge`, `stack` and `node`"]);
    let problem = fault("forge: 1\nstack: lab\nnode:\n  chip: any\n");
    assert_eq!(super::line_of(&problem), "3:1 node: missing key of `node`: `memory`");
    assert!(problem.why[0].starts_with("`memory` is a size of memory such as `16GB`"), "{:?}", problem.why);
}

#[test]
fn a_key_that_was_misspelt_is_not_missing_too() {
    assert_eq!(told("forge: 1\nstack: lab\nNode: {memory: 16GB}\n"), ["3:1 Node: unknown key: `Node`"]);
}

#[test]
fn a_key_in_the_wrong_place_is_sent_home() {
    let problem = fault(&format!("{LEAST}num_ctx: 4096\n"));
    assert_eq!(problem.hints, ["`num_ctx` is a key of `ollama`: indent it below that"]);
    let problem = fault(&format!("{LEAST}gateway: {{}}\n"));
    assert!(problem.hints[0].starts_with("known keys are `forge`, "), "{:?}", problem.hints);
}

#[test]
fn every_key_given_twice_is_told_with_both_places_and_hides_no_other_fault() {
    let text = format!("{LEAST}power: {{never_sleep: true, never_sleep: maybe}}\nstack: b\nstak: c\n");
    assert_eq!(
        told(&text),
        [
            "5:28 never_sleep: key given twice: `never_sleep`",
            "5:41 maybe: wrong value of `power.never_sleep`: `maybe`",
            "6:1 stack: key given twice: `stack`",
            "7:1 stak: unknown key: `stak`",
        ]
    );
    let problems = read(&text).unwrap_err();
    assert_eq!(problems[2].why, ["the first one is at stack.yaml:2:1"]);
}

#[test]
fn an_empty_section_is_told_what_to_write_instead() {
    let hint = |text: &str| fault(&format!("{LEAST}{text}\n")).hints.concat();
    assert!(hint("ollama:").contains("`ollama: {}`"));
    assert_eq!(hint("power:"), "give it a value, or take the key away");
    assert_eq!(fault("forge: 1\nstack:\nnode: {memory: 8GB}\n").hints, ["give it a value"]);
    assert_eq!(told(&format!("{LEAST}tools: {{}}\n")), ["5:1 tools: wrong value of `tools`: an empty map"]);
}

#[test]
fn a_manifest_of_a_later_format_is_told_so_and_nothing_else() {
    assert_eq!(told("forge: 2\nstack: lab\nmodels: [a]\n"), ["1:8 2: unknown format of manifest: `2`"]);
    assert_eq!(told("forge: 1.5\n").len(), 1);
    assert_eq!(
        told("forge: one\nstack: lab\nnode: {memory: 8GB}\n"),
        ["1:8 one: wrong value of `forge`: `one`"]
    );
}

#[test]
fn a_size_in_the_wrong_spelling_is_told_the_right_one() {
    for (written, meant) in
        [("16gb", "`16GB`"), ("16", "`16GB`"), ("16 G", "`16GB`"), ("0.5TB", "such as `16GB`")]
    {
        let problem = fault(&format!("forge: 1\nstack: lab\nnode: {{memory: {written}}}\n"));
        assert_eq!(problem.span.as_ref().unwrap().text(), written);
        assert!(format!("{:?} {:?}", problem.why, problem.hints).contains(meant), "{problem:#?}");
    }
}

#[test]
fn numbers_are_bounded_and_may_be_written_in_any_way_yaml_has() {
    let port = |written: &str| {
        read(&format!("{LEAST}ollama: {{port: {written}}}\n"))
            .map(|stack| stack.manifest.ollama.unwrap().port)
    };
    assert_eq!(port("0x2CAA").unwrap(), 11434);
    assert_eq!(port("11434.0").unwrap(), 11434);
    for written in ["0", "65536", "-1", "1.5", "99999999999999999999", "1e400", ".nan", "true", "[1]"] {
        let problems = port(written).unwrap_err();
        assert_eq!(problems.len(), 1, "{written}");
        assert!(problems[0].why[0].starts_with("expected a whole number from 1 to 65535"), "{problems:?}");
    }
}

#[test]
fn nothing_that_was_written_steers_the_terminal() {
    let problems =
        read(&format!("{LEAST}\"\\e[2Jx\": 1\nollama: {{start: \"\\e]0;x\\a\\u202e\"}}\n")).unwrap_err();
    for problem in problems {
        let all = format!("{}{:?}{:?}", problem.what, problem.why, problem.hints);
        assert!(!all.contains(['\u{1b}', '\u{7}', '\u{202e}']), "{all:?}");
    }
}

#[test]
fn places_of_values_are_known_afterwards() {
    let stack = good(
        "# first\nforge: 1\nstack: lab\nnode:\n  memory: 16GB\n  chip:\n    - M4\n    - M4 Pro\nollama:\n  num_ctx: 4096\n",
    );
    let place = |path: &[&str]| stack.span(path).to_string();
    assert_eq!(place(&["ollama", "num_ctx"]), "stack.yaml:10:12");
    assert_eq!(stack.span(&["ollama", "num_ctx"]).text(), "4096");
    assert_eq!(stack.key_span(&["ollama", "num_ctx"]).text(), "num_ctx");
    assert_eq!(place(&["ollama"]), "stack.yaml:9:1");
    assert_eq!(place(&["ollama", "port"]), "stack.yaml:9:1");
    assert_eq!(place(&["ollama", "environment", "OLLAMA_DEBUG"]), "stack.yaml:9:1");
    assert_eq!(place(&["node", "chip"]), "stack.yaml:6:3");
    assert_eq!(place(&["node", "chip", "1"]), "stack.yaml:8:7");
    assert_eq!(place(&["power", "never_sleep"]), "stack.yaml:2:1");
}

#[test]
fn what_is_left_out_takes_its_default() {
    let stack = good(&format!("{LEAST}ollama: {{}}\n"));
    assert_eq!(stack.manifest.power, None);
    let ollama = stack.manifest.ollama.unwrap();
    assert_eq!(ollama.socket().to_string(), "127.0.0.1:11434");
    assert_eq!((ollama.num_ctx, ollama.keep_alive.to_string().as_str()), (32768, "30m"));
    assert!(!ollama.listen.beyond_this_mac());
    assert!(stack.manifest.node.macos.allows("15.0") && !stack.manifest.node.macos.allows("14.7"));
    assert!(stack.manifest.node.chip.allows("M1"));
}

#[test]
fn a_chip_that_nobody_knows_is_warned_of_at_its_place() {
    let warned = |chip: &str| -> Vec<String> {
        let stack = good(&format!("forge: 1\nstack: lab\nnode: {{memory: 16GB, chip: {chip}}}\n"));
        stack.warnings.iter().map(super::line_of).collect()
    };
    assert_eq!(warned("[M4 Pro, M4 Ultra]"), ["3:37 M4 Ultra: unknown chip: `M4 Ultra`"]);
    assert_eq!(warned("M99"), ["3:28 M99: unknown chip: `M99`"]);
    assert_eq!(warned("any"), Vec::<String>::new());
}

#[test]
fn a_model_is_named_as_ollama_names_it_and_once() {
    let models = |models: &str| format!("{LEAST}models:\n{models}\n");
    for (text, what, said) in [
        (
            "  - {ollama: \"gpt-oss:120b-cloud\"}",
            "wrong value of `models[0].ollama`",
            "does not run on this Mac",
        ),
        ("  - {ollama: \"a model\"}", "wrong value of `models[0].ollama`", "[HOST/][NAMESPACE/]MODEL[:TAG]"),
        (
            "  - {role: smoke}",
            "missing key of `models[0]`: `ollama`",
            "`ollama` is the name of a model such as `gemma4:e4b`: Its name",
        ),
        ("  - gemma4", "wrong value of `models[0]`: `gemma4`", "expected a map of keys"),
        (
            "  - {ollama: \"gemma4:e4b\", role: \"Edge Node\"}",
            "wrong value of `models[0].role`",
            "did you mean `edge-node`?",
        ),
        (
            "  - {ollama: gemma4}\n  - {ollama: \"library/Gemma4:latest\"}",
            "model named twice: `Gemma4:latest`",
            "stack.yaml:6:14",
        ),
    ] {
        let problem = fault(&models(text));
        let all = format!("{} {} {}", problem.what, problem.why.join(" "), problem.hints.join(" "));
        assert!(all.contains(what) && all.contains(said), "{text}: {problem:#?}");
    }
    let problem = fault("forge: 1\nstack: a\nnode: {memory: 8GB, free_disk: 120gb}\n");
    assert_eq!(problem.hints, ["did you mean `120GB`?"]);
}
