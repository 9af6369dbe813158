use std::time::Duration;

use super::{Asked, Inside, Run};
use crate::{
    machine::{Output, Reply},
    sim::{clock::after, running::Print},
};

/// What a command of busybox takes.
const TAKES: Duration = Duration::from_millis(30);

/// What comes of commands.
enum Shell {
    /// All are over.
    Over(i32),
    /// The rest comes after so long.
    Sleeps(Duration, String),
    /// One goes on for ever, and listens there.
    Serves(Option<u16>),
}

/// Runs the container's own command.
pub(super) fn start(inside: &mut Inside) -> Run {
    let script = script(&inside.argv());
    run(inside, &script)
}

/// Goes on after a pause.
pub(super) fn wake(inside: &mut Inside, rest: &str) -> Run {
    run(inside, rest)
}

/// Whether busybox has the program: a container that is to run another one cannot be started.
pub(super) fn known(argv: &[String]) -> bool {
    const PROGRAMS: [&str; 16] = [
        "sh", "sleep", "true", "false", "echo", "test", "touch", "rm", "cat", "httpd", "wget", "env", "exit",
        "tail", "printenv", "nc",
    ];
    let program = argv.first().map_or("", String::as_str);
    PROGRAMS.contains(&program.rsplit('/').next().unwrap_or(program))
}

/// Runs a command beside the container's own.
pub(super) fn exec(inside: &mut Inside, argv: &[String]) -> (Output, Duration) {
    let mut output = Output::default();
    let takes = match shell(inside, &script(argv), &mut output) {
        Shell::Over(code) => {
            output.code = code;
            TAKES
        }
        Shell::Sleeps(time, rest) => {
            let mut time = time;
            let mut rest = rest;
            while let Shell::Sleeps(more, next) = shell(inside, &rest, &mut output) {
                time += more;
                rest = next;
            }
            time + TAKES
        }
        Shell::Serves(_) => Duration::MAX,
    };
    (output, takes)
}

/// What its web server says: files of the folder that it was given, by name.
pub(super) fn answer(inside: &mut Inside, asked: &Asked) -> (Result<Reply, String>, Duration) {
    let words: Vec<String> = script(&inside.argv()).split_whitespace().map(str::to_owned).collect();
    let folder = words.iter().position(|word| word == "-h").and_then(|at| words.get(at + 1)).cloned();
    let folder = folder.unwrap_or_else(|| "/".to_owned());
    let path = asked.path.split('?').next().unwrap_or_default();
    let path = if path.ends_with('/') { format!("{path}index.html") } else { path.to_owned() };
    let found = inside.read(&format!("{}{path}", folder.trim_end_matches('/')));
    let reply = match found {
        Some(text) => Reply { status: 200, body: text.into_bytes() },
        None => Reply { status: 404, body: b"<HTML><HEAD><TITLE>404 Not Found</TITLE></HEAD>".to_vec() },
    };
    (Ok(reply), Duration::from_millis(2))
}

/// A command as text for the shell.
fn script(argv: &[String]) -> String {
    match argv {
        [shell, flag, script, ..] if shell.rsplit('/').next() == Some("sh") && flag == "-c" => script.clone(),
        words => words.join(" "),
    }
}

fn run(inside: &mut Inside, script: &str) -> Run {
    let mut output = Output::default();
    let came = shell(inside, script, &mut output);
    for line in output.stdout.lines().chain(output.stderr.lines()) {
        inside.log(line);
    }
    let now = inside.now();
    match came {
        Shell::Over(code) => Run { ends: Some((now, code)), ..Run::idle() },
        Shell::Sleeps(time, rest) => Run { wakes: Some((after(now, time), rest)), ..Run::idle() },
        Shell::Serves(port) => {
            Run { listens: port.map(|port| (port, true)).into_iter().collect(), ..Run::idle() }
        }
    }
}

/// Runs commands until one takes time.
fn shell(inside: &mut Inside, script: &str, output: &mut Output) -> Shell {
    let mut rest = script.trim();
    let mut code = 0;
    let mut runs = true;
    while !rest.is_empty() {
        let (command, link, after) = split(rest);
        rest = after;
        if runs {
            let words: Vec<&str> = command.split_whitespace().collect();
            let words = if words.first() == Some(&"exec") { &words[1..] } else { &words[..] };
            match words {
                ["sleep", time] => {
                    // A list goes on only with what the link to it allows.
                    let rest = if link == "||" { split(rest).2 } else { rest };
                    return Shell::Sleeps(seconds(time), rest.to_owned());
                }
                ["exit", number] => return Shell::Over(number.parse().unwrap_or(2)),
                ["httpd", flags @ ..] if flags.contains(&"-f") => {
                    let port = flags.iter().position(|flag| *flag == "-p").and_then(|at| flags.get(at + 1));
                    let port = port.and_then(|port| port.rsplit(':').next()?.parse().ok()).unwrap_or(80);
                    return Shell::Serves(Some(port));
                }
                ["tail", "-f", ..] => return Shell::Serves(None),
                words => code = command_of(inside, words, output),
            }
        }
        runs = match link {
            "&&" => code == 0,
            "||" => code != 0,
            _ => true,
        };
    }
    Shell::Over(code)
}

/// The first command of a list, what links it to the rest, and that.
fn split(list: &str) -> (&str, &str, &str) {
    let links = ["&&", "||", ";", "\n"];
    let found = links.iter().filter_map(|link| Some((list.find(link)?, *link))).min_by_key(|(at, _)| *at);
    match found {
        Some((at, link)) => (&list[..at], link, list[at + link.len()..].trim()),
        None => (list, "", ""),
    }
}

fn seconds(text: &str) -> Duration {
    if text == "infinity" {
        return Duration::from_hours(24 * 365 * 10);
    }
    text.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()).unwrap_or_default()
}

fn command_of(inside: &mut Inside, words: &[&str], output: &mut Output) -> i32 {
    let file = |path: &str| path.trim_matches(['"', '\'']).to_owned();
    match words {
        [] | ["true" | "sh"] => 0,
        ["false"] => 1,
        ["echo", words @ ..] => {
            let (words, target) = match words {
                [words @ .., ">", target] => (words, Some(*target)),
                words => (words, None),
            };
            let text = words.join(" ").trim_matches(['"', '\'']).to_owned() + "\n";
            if let Some(path) = target {
                i32::from(!inside.write(&file(path), text))
            } else {
                output.out(text);
                0
            }
        }
        ["test", "-e" | "-f", path] => i32::from(inside.read(&file(path)).is_none()),
        ["touch", path] => {
            let before = inside.read(&file(path)).unwrap_or_default();
            i32::from(!inside.write(&file(path), before))
        }
        ["rm", paths @ ..] => {
            paths.iter().filter(|path| !path.starts_with('-')).for_each(|path| inside.remove(&file(path)));
            0
        }
        ["cat", path] => {
            if let Some(text) = inside.read(&file(path)) {
                output.out(text);
                0
            } else {
                output.err(format!("cat: can't open '{path}': No such file or directory\n"));
                1
            }
        }
        ["printenv", name] => match inside.env(name) {
            Some(value) => {
                output.out(format!("{value}\n"));
                0
            }
            None => 1,
        },
        ["wget", flags @ .., url] => wget(inside, flags, url, output),
        [program, ..] => {
            output.err(format!("sh: {program}: not found\n"));
            127
        }
    }
}

fn wget(inside: &mut Inside, flags: &[&str], url: &str, output: &mut Output) -> i32 {
    let rest = url.trim_matches(['"', '\'']).trim_start_matches("http://");
    let (host, path) = rest.find('/').map_or((rest, "/"), |at| rest.split_at(at));
    let (name, port) = match host.split_once(':') {
        Some((name, port)) => (name, port.parse().unwrap_or(80)),
        None => (host, 80),
    };
    // busybox asks at ::1 first, where few listen (docs/service-facts.md#container-localhost).
    if name == "localhost" {
        output.stderr += "wget: can't connect to remote host: Connection refused\n";
        return 1;
    }
    let asked = Asked { port, method: "GET", path, authorization: None, body: b"" };
    match inside.ask(name, &asked).0 {
        Ok(reply) if reply.status < 400 => {
            if flags.iter().any(|flag| flag.contains("O-")) || flags.contains(&"-") {
                output.stdout += &String::from_utf8_lossy(&reply.body);
            }
            0
        }
        Ok(reply) => {
            output.err(format!("wget: server returned error: HTTP/1.1 {}\n", reply.status));
            1
        }
        Err(why) => {
            output.err(format!("wget: {why}\n"));
            1
        }
    }
}
