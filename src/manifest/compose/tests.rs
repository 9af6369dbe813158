use std::time::Duration;

use super::*;
use crate::value::{Healthcheck, Mount, Protocol, PublishedPort, Restart};

fn values() -> BTreeMap<String, Text> {
    let secret = Text::secret("my-app-token".parse().unwrap());
    [("PORT", Text::from("3000")), ("TOKEN", secret)].map(|(name, value)| (name.to_owned(), value)).into()
}

fn read_it(text: &str) -> Result<Project, Problems> {
    let open = |path: &Utf8Path| match path.as_str() {
        "lab/app.env" => Ok(Some(Source::new("app.env", "A=file\nB=of ${PORT:?}\nT=${TOKEN}\n"))),
        "lab/bad.env" => Ok(Some(Source::new("bad.env", "A=1\nno variable\nC=${NONE:?}\n"))),
        _ => Ok(None),
    };
    read(
        &Source::new("app.yaml", text),
        &values(),
        &Beside { folder: "/lab".into(), typed: "lab".into(), open: &open },
    )
}

fn service(body: &str) -> Service {
    let text = format!(
        "services:\n  web:\n    image: nginx:1.29\n{body}\nvolumes: {{data: }}\nnetworks: {{back: {{}}}}\n"
    );
    let project = read_it(&text).unwrap_or_else(|problems| panic!("{body}: {:#?}", problems.0));
    project.services["web"].clone()
}

/// Each fault as `line:column what`.
fn told(text: &str) -> Vec<String> {
    let problems = read_it(text).map(|_| ()).unwrap_err().0;
    let place = |problem: &Problem| {
        let span = problem.span.as_ref().unwrap();
        format!("{}:{} {}", span.line(), span.column(), problem.what)
    };
    problems.iter().map(place).collect()
}

/// The one fault of a service that says `body`.
fn fault(body: &str) -> Problem {
    let text = format!("services:\n  web:\n    image: nginx:1.29\n{body}\n");
    let mut problems = read_it(&text).map(|_| ()).unwrap_err().0;
    assert_eq!(problems.len(), 1, "{body}: {problems:#?}");
    problems.remove(0)
}

#[test]
fn every_key_is_read_as_compose_means_it() {
    let spec = service(
        r#"
    command: serve --port 80 "a b"
    entrypoint: ["/init", "x y"]
    environment: {A: text, B: 5, C: true, URL: "http://me:${TOKEN:?}@db"}
    ports: ["127.0.0.1:${PORT:?}:80", {target: 53, published: "5353", host_ip: 127.0.0.1, protocol: udp}]
    volumes: ["data:/data", "./conf:/conf:ro", {type: bind, source: ~/x, target: /x, read_only: true}]
    networks: {back: {aliases: [api]}, default: }
    healthcheck: {test: curl -f localhost || exit 1, interval: 1m30s, timeout: 5s, retries: 3, start_period: 10s}
    restart: on-failure:3
    extra_hosts: ["host.docker.internal:host-gateway", "db=10.0.0.1"]
    labels: {tier: front, n: 1}
    user: "101:101"
    working_dir: /srv
    mem_limit: 512m
    cpus: 1.5
    ulimits: {nofile: {soft: 1024, hard: 2048}, nproc: 65535, memlock: -1}
    shm_size: 64mb
    read_only: true
    tmpfs: [/run, "/tmp:size=64m"]
    cap_drop: [ALL]
    security_opt: ["no-new-privileges:true"]
    stop_grace_period: 20s
    init: true"#,
    )
    .spec;
    let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    assert_eq!(spec.image, "docker.io/library/nginx:1.29");
    assert_eq!(spec.command.unwrap(), ["serve", "--port", "80", "a b"]);
    assert_eq!(spec.entrypoint.unwrap(), ["/init", "x y"]);
    let shown: Vec<_> = spec.environment.iter().map(|(name, value)| format!("{name}={value}")).collect();
    assert_eq!(shown, ["A=text", "B=5", "C=true", "URL=http://me:[hidden]@db"]);
    let address = [127, 0, 0, 1].into();
    assert_eq!(
        spec.ports,
        [
            PublishedPort { address, published: 3000, target: 80, protocol: Protocol::Tcp },
            PublishedPort { address, published: 5353, target: 53, protocol: Protocol::Udp },
        ]
    );
    let mount = |source, target: &str, read_only| Mount { source, target: target.to_owned(), read_only };
    assert_eq!(
        spec.mounts,
        [
            mount(MountSource::Volume("data".into()), "/data", false),
            mount(MountSource::Bind("/lab/conf".into()), "/conf", true),
            mount(MountSource::Bind("~/x".into()), "/x", true),
        ]
    );
    assert_eq!(spec.networks["back"], ["web", "api"]);
    assert_eq!(spec.networks["default"], ["web"]);
    assert_eq!(
        spec.healthcheck.unwrap(),
        Healthcheck {
            test: texts(&["CMD-SHELL", "curl -f localhost || exit 1"]),
            interval: Some(Duration::from_secs(90)),
            timeout: Some(Duration::from_secs(5)),
            retries: Some(3),
            start_period: Some(Duration::from_secs(10)),
        }
    );
    assert_eq!(spec.restart, Restart::OnFailure(Some(3)));
    assert_eq!(spec.extra_hosts, ["db:10.0.0.1", "host.docker.internal:host-gateway"]);
    assert_eq!(spec.labels, [("n".into(), "1".into()), ("tier".into(), "front".into())].into());
    assert_eq!((spec.user.as_deref(), spec.working_dir.as_deref()), (Some("101:101"), Some("/srv")));
    assert_eq!(
        (spec.mem_limit, spec.nano_cpus, spec.shm_size),
        (Some(512 << 20), Some(1_500_000_000), Some(64 << 20))
    );
    assert_eq!(
        spec.ulimits,
        [("memlock".into(), (-1, -1)), ("nofile".into(), (1024, 2048)), ("nproc".into(), (65535, 65535))]
            .into()
    );
    assert!(spec.read_only && spec.init);
    assert_eq!(spec.tmpfs, [("/run".into(), String::new()), ("/tmp".into(), "size=64m".into())].into());
    assert_eq!((spec.cap_drop, spec.security_opt), (texts(&["ALL"]), texts(&["no-new-privileges:true"])));
    assert_eq!(spec.stop_grace_period, Some(Duration::from_secs(20)));
}

#[test]
fn lists_stand_for_maps_where_compose_has_both() {
    let spec = service(
        "    environment: [A=b=c, E=]\n    labels: [tier=front]\n    tmpfs: /run\n    networks: [back]",
    )
    .spec;
    assert_eq!(spec.environment, [("A".into(), "b=c".into()), ("E".into(), "".into())].into());
    assert_eq!(spec.labels["tier"], "front");
    assert_eq!(spec.networks.keys().collect::<Vec<_>>(), ["back"]);
    assert_eq!(spec.tmpfs.keys().collect::<Vec<_>>(), ["/run"]);
    let spec = service("    healthcheck: {test: [CMD, wget, -q, x]}\n    extra_hosts: {db: 10.0.0.1}").spec;
    assert_eq!(spec.healthcheck.unwrap().test, ["CMD", "wget", "-q", "x"]);
    assert_eq!(spec.extra_hosts, ["db:10.0.0.1"]);
    assert_eq!(service("    healthcheck: {disable: true}").spec.healthcheck.unwrap().test, ["NONE"]);
}

#[test]
fn a_service_without_networks_is_in_the_default_one() {
    assert_eq!(service("").spec.networks, [("default".into(), vec!["web".into()])].into());
}

#[test]
fn files_of_variables_stand_below_the_environment() {
    let spec =
        service("    env_file: [app.env, {path: gone.env, required: false}]\n    environment: {A: here}")
            .spec;
    let shown: Vec<_> = spec.environment.iter().map(|(name, value)| format!("{name}={value}")).collect();
    assert_eq!(shown, ["A=here", "B=of 3000", "T=[hidden]"]);
    assert_eq!(
        told("services:\n  web:\n    image: a\n    env_file: [bad.env, gone.env]\n"),
        [
            "4:25 wrong value of `services.web.env_file[1]`: `gone.env`",
            "2:1 line that is no variable",
            "3:1 missing value: `NONE`",
        ]
    );
}

#[test]
fn services_wait_for_others_as_they_say() {
    let project = read_it(
        "services:\n  a: {image: a, depends_on: [b]}\n  b: {image: b, depends_on: {c: {condition: service_healthy}}}\n  c: {image: c}\n",
    )
    .unwrap();
    assert_eq!(project.services["a"].depends_on, [("b".into(), Condition::Started)].into());
    assert_eq!(project.services["b"].depends_on, [("c".into(), Condition::Healthy)].into());
    assert_eq!(project.services["b"].origin.to_string(), "app.yaml:3:3");
}

#[test]
fn services_that_wait_for_each_other_are_refused_once_with_the_way_round() {
    let text = "services:\n  a: {image: a, depends_on: [b]}\n  b: {image: b, depends_on: [c]}\n  c: {image: c, depends_on: [a]}\n  d: {image: d, depends_on: [a]}\n";
    assert_eq!(told(text), ["2:30 services that wait for each other: `a` → `b` → `c` → `a`"]);
    assert_eq!(
        told("services: {a: {image: a, depends_on: [a]}}\n"),
        ["1:39 services that wait for each other: `a` → `a`"]
    );
}

#[test]
fn a_key_that_is_not_taken_is_refused_by_name_with_its_place() {
    let text = "version: \"3\"\nservices:\n  web:\n    imag: a\n    build: .\n    x-note: 1\n    healthcheck: {start_interval: 1s}\nx-common: {}\n";
    assert_eq!(
        told(text),
        [
            "1:1 unknown key: `version`",
            "3:3 missing key of `services.web`: `image`",
            "4:5 unknown key of `services.web`: `imag`",
            "5:5 unknown key of `services.web`: `build`",
            "6:5 unknown key of `services.web`: `x-note`",
            "7:19 unknown key of `services.web.healthcheck`: `start_interval`",
            "8:1 unknown key: `x-common`",
        ]
    );
    assert_eq!(fault("    comand: a").hints, ["did you mean `command`?"]);
    assert!(fault("    container_name: a").hints[0].contains("names containers"));
    assert!(fault("    <<: {a: 1}").hints[0].contains("merge keys"));
}

#[test]
fn what_is_named_and_not_there_is_told_with_the_nearest() {
    let text = "services:\n  web: {image: a, depends_on: [dbb], volumes: [\"dat:/d\"], networks: [bak]}\n  db: {image: b}\nvolumes: {data: }\nnetworks: {back: }\n";
    assert_eq!(
        told(text),
        ["2:32 unknown service: `dbb`", "2:38 unknown volume: `dat`", "2:70 unknown network: `bak`"]
    );
}

#[test]
fn a_missing_value_is_told_with_its_place_and_where_to_give_it() {
    let problem = fault("    environment:\n      A: ${PROT:?the web port}");
    assert_eq!(problem.what, "missing value: `PROT`");
    assert_eq!(problem.span.as_ref().unwrap().to_string(), "app.yaml:5:10");
    assert_eq!(problem.why, ["`services.web.environment.A` needs it", "the file says of it: `the web port`"]);
    assert!(problem.hints[0].contains("`${PORT:?}`") && problem.hints[1].contains("`values` or `secrets`"));
    let problem = fault("    command: [\"${PORT:-3000}\"]");
    assert_eq!(problem.why, ["the form `${PORT:-…}` is not taken"]);
    assert_eq!(problem.hints, ["write `${PORT:?}`: every value is given in the manifest"]);
}

#[test]
fn a_secret_stands_in_a_variable_and_nowhere_else() {
    for body in [
        "    command: [\"--password\", \"${TOKEN:?}\"]",
        "    command: serve ${TOKEN}",
        "    labels: {a: \"${TOKEN}\"}",
        "    healthcheck: {test: \"curl -u ${TOKEN}\"}",
        "    user: \"${TOKEN}\"",
        "    volumes: [\"./${TOKEN}:/a\"]",
        "    tmpfs: [\"/${TOKEN}\"]",
        "    extra_hosts: [\"${TOKEN}:10.0.0.1\"]",
        "    entrypoint: [\"${TOKEN}\"]",
    ] {
        let problem = fault(body);
        let whole = format!("{} {:?}", problem.what, problem.why);
        assert!(whole.contains("secret"), "{body}: {problem:#?}");
    }
}

#[test]
fn a_secret_written_into_the_file_is_not_told() {
    for body in [
        "    environment: {API_TOKEN: \"${sk-4711\"}",
        "    environment: {API_KEY: 1.10}",
        "    environment:\n      - API_KEY=sk$4711",
    ] {
        let problem = fault(body);
        let told = format!("{} {:?} {:?}", problem.what, problem.why, problem.hints);
        assert!(!told.contains("4711") && !told.contains("1.1"), "{body}: {told}");
    }
}

#[test]
fn wrong_values_are_told_with_what_is_expected() {
    for (body, what, why) in [
        (
            "    ports: 8080",
            "wrong value of `services.web.ports`: `8080`",
            "expected a list, found the number `8080`",
        ),
        (
            "    ports: [\"80\"]",
            "wrong value of `services.web.ports[0]`: `80`",
            "takes another one at each start",
        ),
        (
            "    ports: [\"1:1\", \"127.0.0.1:1:2\"]",
            "wrong value of `services.web.ports[1]`: `127.0.0.1:1:2`",
            "published twice",
        ),
        (
            "    ports: [{target: 80}]",
            "wrong value of `services.web.ports[0]`: a map of keys",
            "`published` is missing",
        ),
        ("    environment: {A: }", "`services.web.environment.A` is empty", "from your shell"),
        (
            "    environment: [A]",
            "wrong value of `services.web.environment[0]`: `A`",
            "expected `NAME=VALUE`",
        ),
        (
            "    environment: {A: 1.10}",
            "wrong value of `services.web.environment.A`: `1.1`",
            "`1.10` is read as `1.1`",
        ),
        (
            "    environment: text",
            "wrong value of `services.web.environment`: `text`",
            "a list of `NAME=VALUE`",
        ),
        ("    user: 1000", "wrong value of `services.web.user`: `1000`", "expected a text"),
        ("    restart: sometimes", "wrong value of `services.web.restart`: `sometimes`", "unless-stopped"),
        ("    mem_limit: lots", "wrong value of `services.web.mem_limit`: `lots`", "amount of memory"),
        (
            "    stop_grace_period: 10",
            "wrong value of `services.web.stop_grace_period`: `10`",
            "expected a text",
        ),
        ("    init: yes", "wrong value of `services.web.init`: `yes`", "`true` or `false`"),
        (
            "    healthcheck: {test: [curl]}",
            "wrong value of `services.web.healthcheck.test`: a list",
            "begins with `CMD`",
        ),
        (
            "    ulimits: {nofiles: 1}",
            "wrong value of `services.web.ulimits.nofiles`: `1`",
            "no limit of this name",
        ),
        (
            "    ulimits: {nofile: {soft: 2, hard: 1}}",
            "wrong value of `services.web.ulimits.nofile`: a map of keys",
            "above the hard",
        ),
        (
            "    labels: {dev.forge.id: x}",
            "wrong value of `services.web.labels`: a map of keys",
            "not for others",
        ),
        ("    command: a && b", "wrong value of `services.web.command`: `a && b`", "no shell runs this"),
        (
            "    depends_on: {web: {condition: ready}}",
            "wrong value of `services.web.depends_on.web.condition`: `ready`",
            "service_healthy",
        ),
        (
            "    networks: {default: {ipv4_address: 1.2.3.4}}",
            "unknown key of `services.web.networks.default`: `ipv4_address`",
            "a part of Compose's format",
        ),
    ] {
        let problem = fault(body);
        assert_eq!(problem.what, what, "{body}");
        assert!(problem.why[0].contains(why), "{body}: {:?}", problem.why);
    }
}

#[test]
fn what_is_no_compose_file_is_told_so() {
    for text in ["", "hello", "[a]"] {
        assert_eq!(told(text), ["1:1 this is no Compose file: `app.yaml`"], "{text:?}");
    }
    assert_eq!(told("volumes: {}\n"), ["1:1 missing key: `services`"]);
    assert_eq!(told("services: {}\n"), ["1:1 wrong value of `services`: an empty map"]);
    assert_eq!(told("services:\n\tweb: 1\n"), ["2:2 the Compose file is not valid YAML"]);
    assert_eq!(told("services:\n  a: {image: a, image: b}\n"), ["2:17 key given twice: `image`"]);
    assert_eq!(told("services: {\"a b\": {image: a}}\n"), ["1:12 wrong name of a service: `a b`"]);
}

#[test]
fn what_is_probably_not_meant_is_a_warning() {
    let project = read_it("services:\n  web: {image: a, ports: [\"80:80\"]}\nvolumes: {data: }\n").unwrap();
    let told: Vec<_> = project.warnings.iter().map(|warning| warning.what.as_str()).collect();
    assert_eq!(told, ["port that every network can reach: `80`", "volume that no service uses: `data`"]);
    assert!(project.volumes.is_empty(), "what nobody uses is not made");
}

#[test]
fn the_names_that_a_file_asks_for_are_known() {
    let project =
        read_it("services: {web: {image: \"a:${PORT}\", environment: {A: \"$$X ${TOKEN:?}\"}}}\n").unwrap();
    assert_eq!(project.values.iter().collect::<Vec<_>>(), ["PORT", "TOKEN"]);
}
