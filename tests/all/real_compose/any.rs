//! Services that nobody thought of: whatever forgectl takes, Compose takes too, and reads alike.

use std::collections::BTreeMap;

use camino::Utf8Path;
use forgectl::{
    manifest::compose::{self, Beside},
    value::Source,
};
use proptest::{
    prelude::*,
    strategy::ValueTree,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};
use serde_json::{Value, json};

use super::{Lab, values};

/// A key and something that is near what it takes.
fn near() -> impl Strategy<Value = (&'static str, Value)> {
    let texts =
        |key: &'static str, pattern: &'static str| pattern.prop_map(move |text| (key, json!(text))).boxed();
    let lists = |key: &'static str, pattern: &'static str| {
        proptest::collection::vec(pattern, 0..3).prop_map(move |items| (key, json!(items))).boxed()
    };
    let maps = |key: &'static str, name: &'static str, value: &'static str| {
        proptest::collection::btree_map(name, value, 0..3).prop_map(move |map| (key, json!(map))).boxed()
    };
    proptest::strategy::Union::new([
        texts("command", "[a-c \"'$#=:,/\t{}~*%!-]{0,9}"),
        texts("entrypoint", "([a-z]{1,3}|\"[a-z $']{0,4}\"|'[a-z $\"]{0,4}'| |\\$\\$[A-Z]){0,6}"),
        lists("command", "[a-c \"'$\\\\#]{0,5}"),
        texts("image", "([a-z.-]{1,4}/)?([a-z0-9._-]{1,5}/)?[a-zA-Z0-9._-]{1,5}(:[0-9a-zA-Z._-]{1,5})?"),
        lists("environment", "[A-C]{1,2}=[a-c \"'$=#{}\\\\]{0,6}"),
        maps("environment", "[A-Z]{1,2}", "[a-c \"'$=#{}\\\\:~\n]{0,6}"),
        maps("labels", "[a-z.]{1,4}", "[a-c \"'$=#]{0,6}"),
        lists("labels", "[a-z.]{1,3}(=[a-c= ]{0,4})?"),
        lists(
            "ports",
            "((127\\.0\\.0\\.1|0\\.0\\.0\\.0|\\[::1\\]|::1|1\\.2\\.3):)?[0-9]{1,4}(-[0-9]{1,4})?:[0-9]{1,4}(-[0-9]{1,4})?(/(tcp|udp|sctp))?",
        ),
        lists(
            "volumes",
            "(data|\\./[a-c/.]{0,6}|\\.\\./[a-c.]{0,3}|/[a-c/.]{0,6}|~/[a-c]{0,2}|~):/[a-c/.]{0,6}(:(ro|rw|z))?",
        ),
        lists("tmpfs", "/[a-c/]{0,3}(:(size=[0-9]{1,2}m|mode=755))?"),
        texts("tmpfs", "/[a-c/]{0,3}"),
        texts("mem_limit", "[0-9]{1,3}(\\.[0-9]{1,2})? ?(b|k|kb|kib|m|MB|MiB|g|GB|t|)"),
        texts("shm_size", "[0-9]{1,2}(\\.[0-9]{1,3})?(k|m|g|Kb|mib)"),
        texts("cpus", "[0-9]{0,2}(\\.[0-9]{1,2})?"),
        texts("stop_grace_period", "([0-9]{1,3}(\\.[0-9]{1,2})?(h|m|s|ms|us|ns|d)){1,3}"),
        texts("restart", "(no|always|unless-stopped|on-failure|on-failure:[1-9]|never)"),
        texts("user", "[0-9a-z]{1,4}(:[0-9a-z]{1,3})?"),
        texts("working_dir", "/[a-c/]{0,4}"),
        lists("extra_hosts", "[a-c.]{1,4}[=:](10\\.0\\.0\\.[0-9]|host-gateway|\\[::1\\]|::1|x)"),
        maps("extra_hosts", "[a-c.]{1,4}", "(10\\.0\\.0\\.[0-9]|host-gateway|\\[::1\\]|::1)"),
        "[a-c \"'$|&;]{0,9}".prop_map(|test| ("healthcheck", json!({ "test": test }))).boxed(),
        "([0-9]{1,3}(\\.[0-9]{1,2})?(h|m|s|ms)){1,2}"
            .prop_map(|time| {
                (
                    "healthcheck",
                    json!({ "test": ["CMD", "a"], "interval": time, "timeout": time, "retries": 2 }),
                )
            })
            .boxed(),
        ("(nofile|nproc|core|memlock|x)", -2..3_i64, -2..3_i64)
            .prop_map(|(name, soft, hard)| ("ulimits", json!({ name: { "soft": soft, "hard": hard } })))
            .boxed(),
        ("[a-c$ {}A-C:?-]{0,9}")
            .prop_map(|text| ("environment", json!({ "HOLE": format!("${{{text}") })))
            .boxed(),
    ])
}

#[test]
fn whatever_is_taken_compose_takes_too_and_reads_alike() {
    let Some(lab) = Lab::new() else { return };
    let given = values(&[("A", "one"), ("B", "$two"), ("C", "3 \"x\"")]);
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let (mut services, mut taken) = (serde_json::Map::new(), BTreeMap::<&str, usize>::new());
    for at in 0..3000 {
        let (key, value) = near().new_tree(&mut runner).unwrap().current();
        let mut service = json!({ "image": "a" });
        service[key] = value;
        let volumes = json!({ "data": null });
        let text = json!({ "services": { "web": service.clone() }, "volumes": volumes }).to_string();
        let beside = Beside { folder: Utf8Path::new("/lab"), typed: "".into(), open: &|_| Ok(None) };
        if compose::read(&Source::new("app.yaml", text), &given, &beside).is_ok() {
            *taken.entry(key).or_default() += 1;
            services.insert(format!("web-{at}"), service);
        }
    }
    // Of each key enough is good for a comparison to mean something.
    assert!(taken.len() >= 18 && taken.values().all(|count| *count >= 8), "{taken:?}");
    let text = json!({ "services": services, "volumes": { "data": null } }).to_string();
    lab.both_read_alike(&text, &given);
}
