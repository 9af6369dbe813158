use std::{fmt::Write, time::Duration};

use camino::Utf8Path;

use super::{
    boot::{self, Phase},
    call::Call,
    files, line,
    machine::{self, STOPPING, Stage},
};
use crate::sim::{
    Caller, Mac, Running,
    running::Print,
    tool::{self, Environment},
};

/// What every command takes that asks Lima.
const ASKS: Duration = Duration::from_millis(250);

/// From being told to end to the end of a machine that is not asked.
const FORCED: Duration = Duration::from_secs(2);

/// Whether a program of this path, which is without links, is Colima.
pub(in crate::sim) fn is_at(path: &Utf8Path) -> bool {
    path.starts_with("/opt/homebrew/Cellar/colima") && path.file_name() == Some("colima")
}

/// `colima COMMAND …`.
pub(in crate::sim) fn run(
    mac: &mut Mac,
    caller: Caller,
    arguments: &[String],
    environment: &Environment,
) -> Running {
    let mut environment = environment.clone();
    // Whoever has a shell has these; launchd's jobs do not come here.
    environment.entry("HOME".into()).or_insert_with(|| mac.home().into_string());
    environment
        .entry("PATH".into())
        .or_insert_with(|| "/opt/homebrew/bin:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin".into());
    let call = match Call::new(mac, caller.uid, arguments, &environment) {
        Ok(call) => call,
        Err(why) => return Running::failed(1, line(mac, "fatal", &why) + "\n"),
    };
    match call.command.as_str() {
        "start" => start(mac, &call),
        "stop" => stop(mac, &call),
        "delete" => delete(mac, &call),
        "list" | "ls" => list(mac),
        "status" => status(mac, &call),
        "version" => Running::printed("colima version 0.10.3\n"),
        other => Running::failed(
            1,
            format!("Error: unknown command \"{other}\" for \"colima\"\nRun 'colima --help' for usage.\n"),
        ),
    }
}

fn start(mac: &mut Mac, call: &Call) -> Running {
    match boot::begin(mac, call, None) {
        Err((code, says)) => Running::failed(code, says + "\n"),
        Ok(lines) => {
            let mut running = Running::default();
            running.output.err(lines.join("\n") + "\n");
            let (profile, foreground) =
                (call.profile.clone(), call.is_on("--foreground", call.is_on("-f", false)));
            let began = mac.state.now;
            for phase in [Phase::Fetch, Phase::Start, Phase::Provision, Phase::Engine] {
                let profile = profile.clone();
                running = running.then(Duration::ZERO, move |mac, output| wait(mac, output, &profile, phase));
            }
            let running = running.then(Duration::from_millis(100), move |mac, output| {
                let up =
                    matches!(mac.state.machines.get(&profile).map(|vm| &vm.stage), Some(Stage::Up { .. }));
                let said = if up { ("info", "done") } else { ("fatal", "error starting vm: exit status 1") };
                output.code = i32::from(!up);
                output.err(line(mac, said.0, said.1) + "\n");
                debug_assert!(mac.state.now >= began);
            });
            if foreground { running.hanging() } else { running }
        }
    }
}

/// Lets the time pass that a machine needs for what comes next of its start.
fn wait(mac: &mut Mac, _: &mut crate::machine::Output, profile: &str, phase: Phase) {
    let due = match mac.state.machines.get(profile).map(|vm| &vm.stage) {
        Some(Stage::Booting { next, at, .. }) if *next == phase => *at,
        _ => return,
    };
    mac.advance_to(due);
}

fn stop(mac: &mut Mac, call: &Call) -> Running {
    let force = call.is_on("--force", call.is_on("-f", false));
    let Some(vm) = mac.state.machines.get(&call.profile).cloned() else {
        let said = line(mac, "info", "not running");
        return if force {
            Running::failed(1, line(mac, "fatal", "error stopping vm: exit status 1") + "\n")
        } else {
            Running {
                output: crate::machine::Output { stderr: said + "\n", ..Default::default() },
                ..Running::default()
            }
        };
    };
    let profile = call.profile.clone();
    let mut running = Running::default();
    running.output.err(line(mac, "info", "stopping colima") + "\n");
    let takes = if force { FORCED } else { STOPPING };
    let stops = force || vm.runs();
    running.then(if stops { takes } else { ASKS }, move |mac, output| {
        if stops {
            machine::down(mac, &profile);
        }
        output.err(line(mac, "info", "done") + "\n");
    })
}

fn delete(mac: &mut Mac, call: &Call) -> Running {
    if !call.is_on("--force", call.is_on("-f", false)) {
        // It asks, and nobody is there to answer.
        return Running::default();
    }
    let (profile, data) = (call.profile.clone(), call.is_on("--data", call.is_on("-d", false)));
    let mut running = Running::default();
    running.output.err(line(mac, "info", "deleting colima") + "\n");
    let (home, docker, uid) = (call.home.clone(), call.docker.clone(), call.uid);
    running.then(FORCED + ASKS, move |mac, output| {
        machine::down(mac, &profile);
        let vm = mac.state.machines.remove(&profile).unwrap_or(machine::Vm {
            home,
            docker,
            uid,
            size: machine::Size { cpus: 2, memory: 2048, disk: 100 },
            stage: Stage::Down,
        });
        // Containers, images and volumes lie on the disk that goes or stays.
        if data {
            mac.state.engines.remove(&vm.socket(&profile));
        }
        files::delete(mac, &profile, &vm, data);
        output.err(line(mac, "info", "done") + "\n");
    })
}

fn list(mac: &Mac) -> Running {
    let mut text =
        "PROFILE    STATUS     ARCH       CPUS    MEMORY    DISK      RUNTIME    ADDRESS\n".to_owned();
    for (profile, vm) in &mac.state.machines {
        let status = match vm.stage {
            Stage::Broken => "Broken",
            _ if vm.runs() => "Running",
            _ => "Stopped",
        };
        let (memory, disk) = (format!("{}GiB", vm.size.memory / 1024), format!("{}GiB", vm.size.disk));
        let _ = writeln!(
            text,
            "{profile:<10} {status:<10} aarch64    {:<7} {memory:<9} {disk:<9} docker",
            vm.size.cpus
        );
    }
    Running::printed(text)
}

fn status(mac: &Mac, call: &Call) -> Running {
    let vm = mac.state.machines.get(&call.profile).filter(|vm| vm.runs());
    let Some(vm) = vm else {
        return Running::failed(1, line(mac, "fatal", "colima is not running") + "\n");
    };
    let said = [
        "colima is running using macOS Virtualization.Framework".to_owned(),
        "arch: aarch64".to_owned(),
        "runtime: docker".to_owned(),
        "mountType: virtiofs".to_owned(),
        format!("docker socket: unix://{}", vm.socket(&call.profile)),
    ];
    let stderr: String = said.iter().map(|said| line(mac, "info", said) + "\n").collect();
    Running { output: crate::machine::Output { stderr, ..Default::default() }, ..Running::default() }
}

/// The profile whose machine a program keeps up until it is told to end, if it does.
pub(in crate::sim) fn in_foreground(
    mac: &Mac,
    caller: Caller,
    argv: &[String],
    environment: &Environment,
) -> Option<String> {
    let (program, arguments) = argv.split_first()?;
    tool::find(mac, caller, program).ok().filter(|path| is_at(path))?;
    let call = Call::new(mac, caller.uid, arguments, environment).ok()?;
    (call.command == "start" && call.is_on("--foreground", call.is_on("-f", false))).then_some(call.profile)
}

/// A program that keeps a machine up was told to end: it takes the machine down. What it says.
pub(in crate::sim) fn interrupted(mac: &mut Mac, profile: &str) -> String {
    mac.advance(STOPPING);
    machine::down(mac, profile);
    line(mac, "info", "interrupted by: terminated") + "\n" + &line(mac, "info", "done") + "\n"
}
