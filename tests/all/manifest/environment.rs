//! The variables that a manifest gives to the Ollama server.

use super::{LEAST, fault, good, line_of, read};
use forgectl::value::Problem;

/// A manifest whose environment is `lines`.
fn with(lines: &[&str]) -> String {
    format!("{LEAST}ollama:\n  environment:\n    {}\n", lines.join("\n    "))
}

fn one(line: &str) -> Problem {
    fault(&with(&[line]))
}

#[test]
fn what_the_server_reads_is_passed_on_as_text() {
    let stack = good(&with(&[
        "OLLAMA_NUM_PARALLEL: 2",
        "OLLAMA_NO_CLOUD: true",
        "OLLAMA_LOAD_TIMEOUT: 10m",
        "OLLAMA_MODELS: /Volumes/Models/Zoë Lab",
        "OLLAMA_KV_CACHE_TYPE: q8_0",
        "OLLAMA_FLASH_ATTENTION: 1",
    ]));
    assert_eq!(stack.warnings, []);
    let environment = stack.manifest.ollama.unwrap().environment;
    assert_eq!(environment["OLLAMA_NUM_PARALLEL"], "2");
    assert_eq!(environment["OLLAMA_NO_CLOUD"], "true");
    assert_eq!(environment["OLLAMA_MODELS"], "/Volumes/Models/Zoë Lab");
}

#[test]
fn a_name_that_nearly_matches_is_refused_with_the_right_one() {
    for (name, meant) in [
        ("OLLAMA_FLASH_ATTN", "`OLLAMA_FLASH_ATTENTION`"),
        ("OLLAMA_NUM_PARALEL", "`OLLAMA_NUM_PARALLEL`"),
        ("OLLAMA_KV_CACHE", "`OLLAMA_KV_CACHE_TYPE`"),
        ("OLLAMA_MAX_LOADED", "`OLLAMA_MAX_LOADED_MODELS`"),
        ("OLLAMA_NO_PRUNE", "`OLLAMA_NOPRUNE`"),
        ("OLLAMA_MODEL", "`OLLAMA_MODELS`"),
        ("OLLAMA_CONTEXT_LEN", "`OLLAMA_CONTEXT_LENGTH`? The key `num_ctx` of `ollama` sets it"),
        ("ollama_debug", "`OLLAMA_DEBUG`"),
        ("FLASH_ATTENTION", "`OLLAMA_FLASH_ATTENTION`"),
    ] {
        let problem = one(&format!("{name}: 1"));
        assert_eq!(problem.span.as_ref().unwrap().text(), name);
        assert!(problem.hints.concat().contains(meant), "{problem:#?}");
    }
}

#[test]
fn a_name_that_is_like_no_other_is_warned_of_and_passed_on() {
    for name in ["OLLAMA_NEW_ENGINE", "OLLAMA_HOME", "OLLAMA_MAX_VRAM", "OLLAMA_TMPDIR"] {
        let stack = good(&with(&[&format!("{name}: 1")]));
        let warnings: Vec<_> = stack.warnings.iter().map(line_of).collect();
        assert_eq!(warnings, [format!("7:5 {name}: unknown variable of Ollama: `{name}`")]);
        assert_eq!(stack.manifest.ollama.unwrap().environment[name], "1");
    }
}

#[test]
fn a_server_that_every_web_page_may_use_is_warned_of() {
    for value in
        ["\"*\"", "\"http://localhost,*\"", "\"https://a.example, *\"", "\"https://*\"", "\"http://*:*\""]
    {
        let stack = good(&with(&[&format!("OLLAMA_ORIGINS: {value}")]));
        let [warning] = &stack.warnings[..] else { panic!("{value}: {:?}", stack.warnings) };
        assert_eq!(warning.what, "every web page may use this server: `OLLAMA_ORIGINS`");
        assert_eq!(warning.span.as_ref().unwrap().text(), value);
    }
    for value in ["https://lab.example", "\"http://*.lab.example\"", "\"chrome-extension://*\""] {
        assert_eq!(good(&with(&[&format!("OLLAMA_ORIGINS: {value}")])).warnings, [], "{value}");
    }
}

#[test]
fn only_variables_of_ollama_are_taken() {
    for name in ["PATH", "HTTPS_PROXY", "DYLD_INSERT_LIBRARIES", "OLLAMA_", "OLLAMA_é", "\"\"", "1"] {
        assert!(one(&format!("{name}: /x")).what.starts_with("not a variable of Ollama"), "{name}");
    }
}

#[test]
fn what_a_key_of_the_section_sets_is_refused_here() {
    for (name, key) in [
        ("OLLAMA_HOST", "`listen`"),
        ("OLLAMA_CONTEXT_LENGTH", "`num_ctx`"),
        ("OLLAMA_NUM_CTX", "`num_ctx`"),
        ("OLLAMA_KEEP_ALIVE", "`keep_alive`"),
    ] {
        let problem = one(&format!("{name}: 5"));
        assert_eq!(problem.span.as_ref().unwrap().text(), name);
        assert!(problem.why[0].contains(key), "{problem:#?}");
    }
}

#[test]
fn a_secret_is_refused_and_shown_nowhere() {
    for name in ["OLLAMA_API_KEY", "OLLAMA_AUTH_TOKEN", "OLLAMA_PASSWORD", "MY_SECRET"] {
        let problem = one(&format!("{name}: sk-4711"));
        assert!(problem.what.starts_with("variable that looks like a secret"), "{problem:#?}");
        assert_eq!(problem.span.as_ref().unwrap().to_string(), "stack.yaml:7:5");
        assert!(!format!("{problem:?}").contains("4711"));
    }
}

/// The job's file can be read by everybody, and the plan shows what it will say: as of a proxy, no password is taken.
#[test]
fn a_password_in_an_address_is_refused_and_shown_nowhere() {
    for line in [
        "OLLAMA_REGISTRY: \"https://me:sk-4711@h\"",
        "OLLAMA_ORIGINS: \"https://a.example,https://sk-4711@b.example\"",
        "OLLAMA_EDITOR: http://me:sk-4711@h/x",
    ] {
        let problem = one(line);
        assert!(problem.what.starts_with("wrong value of `OLLAMA_"), "{problem:#?}");
        assert!(problem.why[0].contains("password") && problem.hints.len() == 1, "{problem:#?}");
        assert!(!format!("{problem:?}").contains("4711"));
    }
}

#[test]
fn a_value_that_the_server_would_take_otherwise_is_refused() {
    for (line, marked, said) in [
        ("OLLAMA_NO_CLOUD: no", "no", "`0`"),
        ("OLLAMA_NOPRUNE: \"yes\"", "\"yes\"", "`1`"),
        ("OLLAMA_NUM_PARALLEL: 2.5", "2.5", "whole number"),
        ("OLLAMA_MAX_QUEUE: -1", "-1", "whole number"),
        ("OLLAMA_LOAD_TIMEOUT: 5 min", "5 min", "`5m`"),
        ("OLLAMA_MODELS: ~/models", "~/models", "absolute path"),
        ("OLLAMA_MODELS: $HOME/models", "$HOME/models", "absolute path"),
        ("OLLAMA_MODELS: /Users/../etc", "/Users/../etc", "absolute path"),
        ("OLLAMA_MODELS: /Volumes/Models/", "/Volumes/Models/", "absolute path"),
        ("OLLAMA_MODELS: /", "/", "absolute path"),
        ("OLLAMA_MODELS: \" /x\"", "\" /x\"", "`/x`"),
        ("OLLAMA_KV_CACHE_TYPE: q8", "q8", "`q8_0`"),
        ("OLLAMA_DEBUG: verbose", "verbose", "`2`"),
        ("OLLAMA_GPU_OVERHEAD: 1e9", "1e9", "`\"1e9\"`"),
        ("OLLAMA_SOMETHING_ELSE: 1.10", "1.10", "`\"1.10\"`"),
        ("OLLAMA_EDITOR: \"a\\0b\"", "\"a\\0b\"", "control characters"),
    ] {
        let problem = one(line);
        assert_eq!(problem.span.as_ref().unwrap().text(), marked, "{line}");
        assert!(
            format!("{:?}{:?}", problem.why, problem.hints).replace('\\', "").contains(said),
            "{problem:#?}"
        );
    }
}

#[test]
fn a_quantised_cache_without_flash_attention_is_refused_since_every_load_would_fail() {
    let problem = fault(&with(&["OLLAMA_FLASH_ATTENTION: false", "OLLAMA_KV_CACHE_TYPE: q8_0"]));
    assert_eq!(problem.span.as_ref().unwrap().to_string(), "stack.yaml:8:27");
    assert!(problem.why.concat().contains("stack.yaml:7:29"), "{problem:#?}");
    good(&with(&["OLLAMA_FLASH_ATTENTION: 0", "OLLAMA_KV_CACHE_TYPE: f16"]));
    good(&with(&["OLLAMA_KV_CACHE_TYPE: q8_0"]));
}

#[test]
fn all_of_them_are_told_at_once() {
    let problems =
        read(&with(&["OLLAMA_HOST: a", "OLLAMA_FLASH_ATTN: 1", "OLLAMA_MODELS: models"])).unwrap_err();
    let lines: Vec<_> = problems.iter().map(|problem| problem.span.as_ref().unwrap().line()).collect();
    assert_eq!(lines, [7, 8, 9]);
}
