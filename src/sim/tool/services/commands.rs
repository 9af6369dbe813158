use std::time::Duration;

use super::{Around, Asked, Kind, reply::good, service::AT_ONCE, shell};
use crate::{
    machine::{Output, Reply},
    value::basic_authorization,
};

/// What a command left that went well.
fn said(stdout: impl Into<String>) -> Output {
    Output { code: 0, stdout: stdout.into(), stderr: String::new() }
}

/// What one left that did not.
fn failed(code: i32, stderr: impl Into<String>) -> Output {
    Output { code, stdout: String::new(), stderr: stderr.into() }
}

/// Runs a command in the container that `around` is of, with `input` on its standard input; `kind` says which its image has.
pub fn run(kind: Option<Kind>, around: &mut dyn Around, argv: &[String], input: &str) -> (Output, Duration) {
    let Some((program, arguments)) = argv.split_first() else { return (said(""), Duration::ZERO) };
    let name = program.rsplit('/').next().unwrap_or(program);
    let plain =
        ["sh", "true", "false", "echo", "grep", "cat", "test", "sleep", "printenv", "printf"].contains(&name);
    if !plain && !kind.is_some_and(|kind| kind.commands().contains(&name)) {
        return (failed(127, format!("sh: {name}: not found\n")), AT_ONCE);
    }
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let ran = match (name, words.as_slice()) {
        ("sh" | "bash", ["-c" | "-ec" | "-lc", line, ..]) => return shell::run(kind, around, line),
        ("true", _) => said(""),
        ("false", _) => failed(1, ""),
        ("echo", ["-n", words @ ..]) => said(words.join(" ")),
        ("echo", words) => said(format!("{}\n", words.join(" "))),
        ("printf", [format, words @ ..]) => said(printed(format, words)),
        ("printenv", [name]) => match around.variable(name) {
            Some(value) => said(format!("{value}\n")),
            None => failed(1, ""),
        },
        ("grep", [flags @ .., pattern]) => grep(flags, pattern, input),
        ("jq", _) if input.trim().is_empty() => failed(4, ""),
        ("cat", []) | ("jq", _) => said(input),
        ("cat", [path]) => match around.read(path) {
            Some(content) => said(String::from_utf8_lossy(&content)),
            None => failed(1, format!("cat: can't open '{path}': No such file or directory\n")),
        },
        ("test", ["-f" | "-e" | "-s", path]) => failed(i32::from(around.read(path).is_none()), ""),
        ("sleep", [seconds]) => {
            return (said(""), Duration::from_secs(seconds.parse().unwrap_or(0)));
        }
        ("curl" | "wget", words) => return fetch(kind, around, name, words),
        ("pg_isready", words) => pg_isready(around, words),
        ("psql", words) => psql(around, words, input),
        ("redis-cli" | "valkey-cli", words) => redis_cli(around, words),
        ("clickhouse-client", words) => clickhouse_client(around, words),
        ("mc", ["ready", "local"]) => match own(around, "9000/minio/health/ready", None, "").1 {
            Ok(_) => said("The cluster is ready\n"),
            Err(why) => failed(1, format!("mc: <ERROR> {why}\n")),
        },
        ("mc", [.., "ls", place]) => mc_ls(around, place),
        _ => failed(2, format!("{name}: this use of it is not imitated\n")),
    };
    (ran, AT_ONCE)
}

/// What `printf` makes of a format with `%s` and `\n` in it.
fn printed(format: &str, words: &[&str]) -> String {
    let mut words = words.iter();
    let (mut text, mut rest) = (String::new(), format.chars());
    while let Some(c) = rest.next() {
        match c {
            '%' => match rest.next() {
                Some('s') => text.push_str(words.next().unwrap_or(&"")),
                other => text.extend(other),
            },
            '\\' => match rest.next() {
                Some('n') => text.push('\n'),
                other => text.extend(other),
            },
            c => text.push(c),
        }
    }
    text
}

fn grep(flags: &[&str], pattern: &str, input: &str) -> Output {
    let quiet = flags.iter().any(|flag| flag.starts_with('-') && flag.contains('q'));
    let whole = flags.iter().any(|flag| flag.starts_with('-') && flag.contains('x'));
    let (start, end) = (pattern.starts_with('^'), pattern.ends_with('$'));
    let bare = pattern.trim_start_matches('^').trim_end_matches('$');
    let fits = |line: &&str| match (whole || (start && end), start, end) {
        (true, ..) => *line == bare,
        (_, true, _) => line.starts_with(bare),
        (_, _, true) => line.ends_with(bare),
        _ => line.contains(bare),
    };
    let found: Vec<&str> = input.lines().filter(fits).collect();
    let stdout = if quiet || found.is_empty() { String::new() } else { found.join("\n") + "\n" };
    Output { code: i32::from(found.is_empty()), stdout, stderr: String::new() }
}

/// The value behind a flag, as `-U name`, `-Uname` or `--user=name`.
fn flag<'w>(words: &[&'w str], short: &str, long: &str) -> Option<&'w str> {
    words.iter().enumerate().find_map(|(nth, word)| {
        if *word == short || *word == long {
            return words.get(nth + 1).copied();
        }
        let rest = word.strip_prefix(long).filter(|_| !long.is_empty());
        let equal = rest.and_then(|rest| rest.strip_prefix('='));
        let behind = word.strip_prefix(short).filter(|rest| !short.is_empty() && !rest.is_empty());
        equal.or(behind.filter(|_| !word.starts_with("--")))
    })
}

/// Asks a server of this container's by loopback; says what came and, if it was no good, why.
fn own(around: &mut dyn Around, place: &str, by: Option<&str>, body: &str) -> (u16, Result<String, String>) {
    let url = if place.contains("://") { place.to_owned() } else { format!("http://127.0.0.1:{place}") };
    let method = if body.is_empty() { "GET" } else { "POST" };
    let asked = Asked { method, url: &url, authorization: by, body: body.as_bytes() };
    match around.ask(&asked).0 {
        Ok(reply) => (reply.status, good(Ok(reply))),
        Err(why) => (0, Err(why)),
    }
}

/// `curl` and `wget`. The busybox of Langfuse's images tries `localhost` as `::1`, where nobody listens
/// (docs/service-facts.md#langfuse-hostname).
fn fetch(kind: Option<Kind>, around: &mut dyn Around, name: &str, words: &[&str]) -> (Output, Duration) {
    let Some(url) = words.iter().find(|word| word.contains("://")) else {
        return (failed(2, format!("{name}: no URL specified\n")), AT_ONCE);
    };
    let limit = flag(words, "-m", "--max-time").or_else(|| flag(words, "-T", "--timeout"));
    let limit =
        limit.and_then(|seconds| seconds.parse().ok()).map_or(Duration::from_mins(2), Duration::from_secs);
    let busybox = matches!(kind, Some(Kind::LangfuseWeb | Kind::LangfuseWorker));
    if busybox && url.contains("://localhost") {
        return (failed(1, "wget: can't connect to remote host: Connection refused\n"), AT_ONCE);
    }
    let user = flag(words, "-u", "--user").and_then(|user| user.split_once(':'));
    let by = user.map(|(user, password)| basic_authorization(user, password));
    let body = flag(words, "-d", "--data").unwrap_or_default();
    let method = if body.is_empty() { "GET" } else { "POST" };
    let asked = Asked { method, url, authorization: by.as_deref(), body: body.as_bytes() };
    let (reply, took) = around.ask(&asked);
    let fails = name == "wget"
        || words.iter().any(|word| {
            *word == "--fail" || (word.starts_with('-') && !word.starts_with("--") && word.contains('f'))
        });
    let quiet = name == "wget" && words.contains(&"--spider");
    let ran = match reply {
        _ if took > limit => match name {
            "curl" => failed(28, "curl: (28) Operation timed out\n"),
            _ => failed(1, "wget: download timed out\n"),
        },
        Ok(Reply { status, .. }) if fails && status >= 400 => match name {
            "curl" => failed(22, format!("curl: (22) The requested URL returned error: {status}\n")),
            _ => failed(1, format!("wget: server returned error: HTTP/1.1 {status}\n")),
        },
        Ok(_) if quiet => said(""),
        Ok(Reply { body, .. }) => said(String::from_utf8_lossy(&body)),
        Err(why) if name == "curl" => {
            let code = if why.contains("resolve") || why.contains("no such host") { 6 } else { 7 };
            failed(code, format!("curl: ({code}) {why}\n"))
        }
        Err(why) => failed(1, format!("wget: {why}\n")),
    };
    (ran, took.min(limit))
}

fn pg_isready(around: &mut dyn Around, _: &[&str]) -> Output {
    match own(around, "5432/", None, "SELECT 1").0 {
        0 => Output { code: 2, ..said("/var/run/postgresql:5432 - no response\n") },
        _ => said("/var/run/postgresql:5432 - accepting connections\n"),
    }
}

/// `psql`: by its socket the image trusts whoever is in the container, and by loopback too unless it was told otherwise when it
/// made its database; others need the right password (docs/service-facts.md#postgres-local-trust).
fn psql(around: &mut dyn Around, words: &[&str], input: &str) -> Output {
    let fallback = around.variable("PGUSER").or_else(|| around.variable("POSTGRES_USER"));
    let user = flag(words, "-U", "--username").map(str::to_owned).or(fallback);
    let user = user.unwrap_or_else(|| "postgres".to_owned());
    let statement = flag(words, "-c", "--command").unwrap_or(input).to_owned();
    let host = flag(words, "-h", "--host").map(str::to_owned).or_else(|| around.variable("PGHOST"));
    let host = host.filter(|host| !host.starts_with('/'));
    let near = host.as_deref().is_some_and(|host| ["127.0.0.1", "localhost"].contains(&host));
    let password = around.variable("PGPASSWORD").unwrap_or_default();
    let basic = basic_authorization(&user, &password);
    let (place, by) = match host {
        None => ("5432/".to_owned(), format!("Peer {user}")),
        Some(_) if near => ("5432/".to_owned(), format!("Near {basic}")),
        Some(host) => (format!("http://{host}:5432/"), basic),
    };
    match own(around, &place, Some(&by), &statement) {
        (_, Ok(rows)) => said(format!("{rows}\n")),
        (0 | 401, Err(why)) => failed(2, format!("psql: error: connection to server failed: {why}\n")),
        (_, Err(why)) => failed(1, format!("{why}\n")),
    }
}

/// `redis-cli`, which ends with 0 whatever the server says, as long as one answers.
fn redis_cli(around: &mut dyn Around, words: &[&str]) -> Output {
    let password =
        flag(words, "-a", "--pass").map(str::to_owned).or_else(|| around.variable("REDISCLI_AUTH"));
    let by = password.map(|password| basic_authorization("default", &password));
    let command: Vec<&str> = {
        let mut rest = words;
        while let [word, more @ ..] = rest
            && word.starts_with('-')
        {
            let takes = ["-a", "--pass", "-h", "-p", "-n"].contains(word);
            rest = more.get(usize::from(takes)..).unwrap_or_default();
        }
        rest.to_vec()
    };
    match own(around, "6379/", by.as_deref(), &command.join(" ")) {
        (0, Err(_)) => failed(1, "Could not connect to Redis at 127.0.0.1:6379: Connection refused\n"),
        (_, Ok(answer) | Err(answer)) => said(format!("{answer}\n")),
    }
}

fn clickhouse_client(around: &mut dyn Around, words: &[&str]) -> Output {
    let user = flag(words, "-u", "--user").map(str::to_owned).or_else(|| around.variable("CLICKHOUSE_USER"));
    let password =
        flag(words, "", "--password").map(str::to_owned).or_else(|| around.variable("CLICKHOUSE_PASSWORD"));
    let by =
        basic_authorization(&user.unwrap_or_else(|| "default".to_owned()), &password.unwrap_or_default());
    let statement = flag(words, "-q", "--query").unwrap_or("SELECT 1");
    match own(around, "8123/", Some(&by), statement) {
        (_, Ok(rows)) => said(rows),
        (0, Err(why)) => {
            failed(210, format!("Code: 210. DB::NetException: {why} (localhost:9000). (NETWORK_ERROR)\n"))
        }
        (_, Err(why)) => failed(4, why),
    }
}

/// `mc ls ALIAS/BUCKET`, the alias as a variable has it: `MC_HOST_alias=http://user:password@host:port`.
fn mc_ls(around: &mut dyn Around, place: &str) -> Output {
    let (alias, bucket) = place.split_once('/').unwrap_or((place, ""));
    let known = around.variable(&format!("MC_HOST_{alias}"));
    let read = known.as_deref().and_then(|url| url.split_once("://")).and_then(|(_, rest)| {
        let (who, server) = rest.rsplit_once('@')?;
        let (user, password) = who.split_once(':')?;
        Some((basic_authorization(user, password), format!("http://{server}/{bucket}/")))
    });
    let Some((by, url)) = read else {
        return failed(
            1,
            format!("mc: <ERROR> Unable to list folder. Requested file `{place}` not found.\n"),
        );
    };
    match own(around, &url, Some(&by), "") {
        (_, Ok(_)) => said(""),
        (_, Err(why)) => failed(1, format!("mc: <ERROR> Unable to list folder. {why}\n")),
    }
}
