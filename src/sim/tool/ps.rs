use std::fmt::Write;

use super::unix::flags;
use crate::{
    machine::tool::ps::vis,
    sim::{Caller, Mac, Process, Running},
};

/// `ps [-A] [-E] [-ww] [-o COLUMN=…] [-p PID]` (docs/mac-facts.md#ps-environment, #ps-vis, #ps-missing). Of the columns `pid`, `ppid`, `uid`,
/// `user`, `comm`, `command` and `args` are known.
pub(super) fn run(mac: &mut Mac, caller: Caller, arguments: &[String]) -> Running {
    let usage = || {
        Running::failed(
            1,
            "usage: ps [-AaCcEefhjlMmrSTvwXx] [-O fmt | -o fmt] [-G gid[,gid...]] [-u] [-p pid[,pid...]]\n",
        )
    };
    let Some((flags, _)) = flags(arguments, "op") else { return usage() };
    let has = |letters: &str| flags.iter().any(|(flag, _)| letters.contains(*flag));
    let mut wanted: Vec<u32> = vec![];
    for (_, value) in flags.iter().filter(|(flag, _)| *flag == 'p') {
        for pid in value.split(',') {
            match pid.parse() {
                Ok(pid) => wanted.push(pid),
                Err(_) => return Running::failed(1, format!("ps: Invalid process id: {pid}\n")),
            }
        }
    }
    let mut columns: Vec<(&str, Option<&str>)> = vec![];
    for (_, value) in flags.iter().filter(|(flag, _)| *flag == 'o') {
        columns.extend(value.split(',').map(|column| match column.split_once('=') {
            Some((name, heading)) => (name, Some(heading)),
            None => (column, None),
        }));
    }
    if columns.is_empty() {
        columns = vec![("pid", None), ("command", None)];
    }
    let chosen: Vec<&Process> = mac
        .state
        .processes
        .values()
        .filter(|process| {
            if wanted.is_empty() {
                has("Aaex") || process.uid == caller.uid
            } else {
                wanted.contains(&process.pid)
            }
        })
        .collect();
    let mut running = Running::default();
    let headings: Vec<String> = columns
        .iter()
        .map(|(name, heading)| heading.map_or_else(|| name.to_uppercase(), str::to_owned))
        .collect();
    if headings.iter().any(|heading| !heading.is_empty()) {
        running.output.stdout += &(headings.join(" ") + "\n");
    }
    for process in &chosen {
        let mut cells = vec![];
        for (name, _) in &columns {
            match cell(mac, caller, process, name, has("E")) {
                Some(cell) => cells.push(cell),
                None => return Running::failed(1, format!("ps: {name}: keyword not found\n")),
            }
        }
        running.output.stdout += &(cells.join(" ") + "\n");
    }
    running.output.code = i32::from(chosen.is_empty());
    running
}

fn cell(mac: &Mac, caller: Caller, process: &Process, column: &str, environment: bool) -> Option<String> {
    Some(match column {
        "pid" => process.pid.to_string(),
        "ppid" => "1".to_owned(),
        "uid" => process.uid.to_string(),
        "user" => mac.user_name(process.uid),
        "comm" => vis(process.argv.first().map_or("", String::as_str)),
        "command" | "args" => {
            let mut text = process.argv.join(" ");
            let shown = environment && !is_apples(process) && (caller.uid == 0 || caller.uid == process.uid);
            for (name, value) in process.environment.iter().filter(|_| shown) {
                let _ = write!(text, " {name}={value}");
            }
            vis(&text)
        }
        _ => return None,
    })
}

/// Apple's own programs are restricted: their environment is hidden.
fn is_apples(process: &Process) -> bool {
    let program = process.argv.first().map_or("", String::as_str);
    ["/System/", "/usr/bin/", "/usr/libexec/", "/usr/sbin/", "/bin/", "/sbin/"]
        .iter()
        .any(|top| program.starts_with(top))
}

#[cfg(test)]
mod tests {
    use crate::sim::{
        Program,
        testing::{exec, sim},
    };

    #[test]
    fn command_and_environment_of_an_own_process_are_shown() {
        let sim = sim();
        let (own, other) = sim.with_mac(|mac| {
            let argv = vec!["/opt/homebrew/bin/ollama".to_owned(), "serve".to_owned()];
            let environment = [("HOME".to_owned(), "/Users/Zoë Lab".to_owned())];
            let mut start =
                |uid| mac.spawn_process(uid, argv.clone(), environment.clone().into(), Program::Idle);
            (start(501), start(0))
        });
        let command = "/opt/homebrew/bin/ollama serve";
        assert_eq!(
            exec(&sim, &format!("ps -E -ww -o command= -p {own}")).stdout,
            format!("{command} HOME=/Users/ZoM-CM-+ Lab\n")
        );
        assert_eq!(exec(&sim, &format!("ps -E -ww -o command= -p {other}")).stdout, format!("{command}\n"));
        assert_eq!(exec(&sim, &format!("ps -ww -o comm= -p {own}")).stdout, "/opt/homebrew/bin/ollama\n");
        let output = exec(&sim, "ps -ww -o comm= -p 99999");
        assert_eq!((output.code, output.stdout.as_str()), (1, ""));
        assert_eq!(exec(&sim, "ps -p 99999").stdout, "PID COMMAND\n");
    }
}
