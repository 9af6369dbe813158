//! No password that upstream's own files come with is left anywhere in what forgectl brings up.

use forgectl::{machine::Looking, value::looks_secret};

use crate::support::{apply_well, fresh, sim, stack};

/// Passwords and keys of upstream's files, and the usual ones.
const UPSTREAM: [&str; 14] = [
    "postgres",
    "mysecret",
    "mysalt",
    "clickhouse",
    "myredissecret",
    "miniosecret",
    "minio",
    "minioadmin",
    "langfuse",
    "password",
    "changeme",
    "admin",
    "t0p-s3cr3t",
    "0000000000000000000000000000000000000000000000000000000000000000",
];

/// What a program would take for a password in a text: the words of a line, behind `=` too, and what stands in a URL before its `@`.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| c.is_whitespace() || "=,;'\"@".contains(c))
        .filter_map(|word| word.rsplit("//").next())
        .flat_map(|word| {
            let password = word.split_once(':').map(|(_, password)| password);
            [Some(word), password].into_iter().flatten()
        })
}

#[test]
fn no_default_password_of_any_upstream_file_survives_in_a_running_stack() {
    let stack = stack(include_str!("../../stacks/node-zero.yaml"));
    let sim = sim(fresh(&stack));
    apply_well(&sim, &stack);
    let socket = sim.with_mac(|mac| mac.state.engines.keys().next().unwrap().clone());
    let lines = sim.containers(&socket).unwrap().unwrap();
    assert_eq!(lines.len(), 7, "Open WebUI, and the six of Langfuse");
    let mut passwords = vec![];
    for line in lines {
        let view = sim.container(&socket, &line.name).unwrap().unwrap().unwrap();
        for (name, value) in &view.spec.environment {
            let value = value.plain().unwrap();
            assert!(!UPSTREAM.contains(&value), "{}: {name}={value}", line.name);
            if let Some((_, behind)) = value.split_once("://")
                && let Some((who, _)) = behind.split_once('@')
            {
                let password = who.split_once(':').unwrap().1;
                assert!(password.len() >= 24 && !UPSTREAM.contains(&password), "{}: {name}", line.name);
            }
            if looks_secret(name) && !name.ends_with("KEY_ID") {
                assert!(value.len() >= 24, "{}: {name} is too short to be one of ours", line.name);
                passwords.push(value.to_owned());
            }
        }
        let spec = &view.spec;
        let run = spec.command.iter().chain(&spec.entrypoint).flatten();
        let test = spec.healthcheck.iter().flat_map(|check| &check.test);
        for text in run.chain(test) {
            for word in words(text) {
                // The programs of these names are no passwords.
                assert!(
                    ["minio", "postgres"].contains(&word) || !UPSTREAM.contains(&word),
                    "{}: {word}",
                    line.name
                );
            }
            assert!(
                !passwords.iter().any(|password| text.contains(password.as_str())),
                "{}: {text}",
                line.name
            );
        }
    }
    assert!(passwords.len() >= 10, "{}", passwords.len());
}
