//! A Mac in a folder: the real adapter, real executables, real processes and a real HTTP server.
#![expect(clippy::disallowed_methods, reason = "real processes are looked at from outside")]

use std::{
    collections::BTreeMap,
    fs,
    net::{TcpListener, TcpStream},
    os::unix::process::CommandExt,
    process::{Child, Command as Process, Stdio},
    time::Duration,
};

use camino::{Utf8Path, Utf8PathBuf};
use forgectl::{
    machine::{
        Changing, Command, Looking, Patience, Quiet, Wait,
        local::{Local, offspring},
        tool::launchctl::Printed,
    },
    sim::{
        self, Session, Spec, SudoMode,
        folder::{self, Asker, Opened},
    },
    value::{Domain, PowerSource},
};
use tempfile::TempDir;

use crate::processes::{alive, free_port};

pub(crate) const FORGECTL: &str = env!("CARGO_BIN_EXE_forgectl");
const GUI: Domain = Domain::Gui(501);
const LABEL: &str = "dev.test.ollama";
const PLIST: &str = "/Users/lab/Library/LaunchAgents/dev.test.ollama.plist";

/// A Mac in a folder with Homebrew's ollama on it. Whatever runs there ends with the test.
pub(crate) struct Folder {
    pub(crate) place: TempDir,
    local: Local,
}

impl Folder {
    pub(crate) fn new() -> Self {
        Self::with(SudoMode::Nopasswd)
    }

    fn with(sudo: SudoMode) -> Self {
        Self::of(&spec(sudo))
    }

    fn of(spec: &Spec) -> Self {
        let place = TempDir::new().unwrap();
        let path = Utf8Path::from_path(place.path()).unwrap().join("it's a Mac");
        folder::create(&path, spec, 0, Utf8Path::new(FORGECTL)).unwrap();
        let local = Local::under(&folder::root(&path).unwrap()).unwrap();
        Self { place, local }
    }

    pub(crate) fn path(&self) -> Utf8PathBuf {
        Utf8Path::from_path(self.place.path()).unwrap().join("it's a Mac")
    }

    /// Where a path of the Mac really is.
    fn real(&self, path: &str) -> Utf8PathBuf {
        self.path().join("root").join(path.trim_start_matches('/'))
    }

    fn run(&self, argv: &[&str]) -> forgectl::machine::Output {
        self.local.run(&Command::new(argv), &Quiet).unwrap()
    }

    fn well(&self, argv: &[&str]) -> String {
        let output = self.run(argv);
        assert!(output.ok(), "{argv:?}: {output:?}");
        output.stdout
    }

    /// Lets the Mac's clock go on without waiting.
    fn pass(&self, seconds: u64) {
        self.well(&["/usr/bin/caffeinate", "-t", &seconds.to_string()]);
    }

    /// Loads a job that serves Ollama on `port`.
    pub(crate) fn load(&self, port: u16, keys: &str) {
        let plist = format!(
            r#"<?xml version="1.0" encoding="UTF-8"?>
            <plist version="1.0"><dict>
              <key>Label</key><string>{LABEL}</string>
              <key>ProgramArguments</key>
              <array><string>/opt/homebrew/opt/ollama/bin/ollama</string><string>serve</string></array>
              <key>EnvironmentVariables</key><dict>
                <key>OLLAMA_HOST</key><string>127.0.0.1:{port}</string>
                <key>FORGE_MARK</key><string>it is mine</string>
              </dict>
              <key>StandardErrorPath</key><string>/Users/lab/Library/Logs/ollama.log</string>
              <key>RunAtLoad</key><true/>{keys}
            </dict></plist>"#
        );
        self.local.make_dir(Utf8Path::new("/Users/lab/Library/LaunchAgents"), 0o755).unwrap();
        self.local.write(Utf8Path::new(PLIST), plist.as_bytes(), 0o644).unwrap();
        self.well(&["/bin/launchctl", "bootstrap", "gui/501", PLIST]);
    }

    /// A server that somebody started in a terminal.
    pub(crate) fn serve_by_hand(&self, port: u16) -> Child {
        let host = format!("127.0.0.1:{port}");
        Process::new(self.real("/opt/homebrew/bin/ollama"))
            .arg("serve")
            .env_clear()
            .envs([("HOME", "/Users/lab"), ("OLLAMA_HOST", &host)])
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .unwrap()
    }

    fn job(&self) -> Option<Printed> {
        self.local.loaded_job(GUI, LABEL).unwrap()
    }

    /// Waits until the job has another process than `former`.
    fn running(&self, former: Option<u32>) -> u32 {
        self.until("a process", || self.job().and_then(|job| job.pid()).filter(|pid| Some(*pid) != former))
    }

    pub(crate) fn until<T>(&self, what: &str, probe: impl Fn() -> Option<T>) -> T {
        let patience =
            Patience { every: Duration::from_millis(20), limit: Duration::from_secs(20), how: Wait::Poll };
        self.local.until(what, patience, || Ok(probe().ok_or("not yet"))).unwrap()
    }

    pub(crate) fn version(&self, port: u16) -> Option<String> {
        let reply = self.local.get(&format!("http://127.0.0.1:{port}/api/version")).unwrap();
        reply.ok().map(|reply| String::from_utf8(reply.body).unwrap())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if self.path().exists() {
            folder::end_all(&self.path()).unwrap();
        }
    }
}

fn spec(sudo: SudoMode) -> Spec {
    Spec {
        chip: "M4".into(),
        memory: 16 << 30,
        macos: "15.5".into(),
        disk_free: 460_000_000_000,
        sudo,
        session: Session::Gui,
        ollama: true,
        user: "lab".into(),
    }
}

#[test]
fn its_tools_are_executables_that_know_the_mac() {
    let mac = Folder::new();
    let found = mac.local.sysctl(&["hw.memsize", "machdep.cpu.brand_string"]).unwrap();
    assert_eq!(found["hw.memsize"], (16_u64 << 30).to_string());
    assert_eq!(found["machdep.cpu.brand_string"], "Apple M4");
    let direct = Process::new(mac.real("/usr/sbin/sysctl")).args(["-n", "hw.memsize"]).output().unwrap();
    assert_eq!(String::from_utf8(direct.stdout).unwrap(), format!("{}\n", 16_u64 << 30));
    let none = mac.run(&["/usr/bin/xcode-select", "-p"]);
    assert_eq!(none.code, 2, "{none:?}");
}

#[test]
fn a_home_with_a_space_and_an_umlaut_is_a_home() {
    let mac = Folder::of(&Spec { user: "Zoë Lab".into(), ..spec(SudoMode::Nopasswd) });
    let who = mac.local.identity().unwrap();
    assert_eq!((who.user.as_str(), who.home.as_str()), ("Zoë Lab", "/Users/Zoë Lab"));
    let journal = who.state.join("journal");
    mac.local.append(&journal, "line".to_owned()).unwrap();
    assert_eq!(mac.local.read_text(&journal).unwrap().as_deref(), Some("line\n"));
    mac.well(&["/bin/mkdir", "/Users/Zoë Lab/a folder"]);
    assert_eq!(mac.local.stat(Utf8Path::new("/Users/Zoë Lab/a folder")).unwrap().unwrap().uid, 501);
}

#[test]
fn a_setting_is_roots_to_change_and_stays_changed() {
    let mac = Folder::new();
    let argv = ["/usr/bin/pmset", "-c", "sleep", "0"];
    assert!(mac.run(&argv).stdout.contains("must be run as root"));
    let settings = mac.local.power_settings().unwrap();
    assert_eq!(settings[&PowerSource::Ac]["sleep"], "1");
    mac.local.run_ok(&Command::new(&argv).as_root(), &Quiet).unwrap();
    let settings = mac.local.power_settings().unwrap();
    assert_eq!(settings[&PowerSource::Ac]["sleep"], "0");
}

#[test]
fn what_root_makes_is_roots_for_everybody() {
    let mac = Folder::new();
    let path = Utf8Path::new("/Library/LaunchDaemons/dev.test.plist");
    mac.local.run_ok(&Command::new(&["/usr/bin/touch", path.as_str()]).as_root(), &Quiet).unwrap();
    let stat = mac.local.stat(path).unwrap().unwrap();
    assert_eq!((stat.uid, stat.gid), (0, 0));
    mac.local.write(path, b"mine", 0o644).unwrap_err();
    mac.local.run_ok(&Command::new(&["/bin/rm", path.as_str()]).as_root(), &Quiet).unwrap();
    assert_eq!(mac.local.stat(path).unwrap(), None);
}

#[test]
fn a_job_is_a_process_with_a_server_that_comes_back_and_goes() {
    let mac = Folder::new();
    let port = free_port();
    assert!(mac.local.listeners(([127, 0, 0, 1], port).into()).unwrap().is_empty());
    mac.load(port, "<key>KeepAlive</key><true/>");
    let version = mac.until("an answer", || mac.version(port));
    assert!(version.starts_with("{\"version\":"), "{version}");

    let pid = mac.running(None);
    assert!(alive(pid));
    let listeners = mac.local.listeners(([127, 0, 0, 1], port).into()).unwrap();
    assert_eq!(listeners.len(), 1);
    assert_eq!((listeners[0].pid, listeners[0].command.as_deref()), (Some(pid), Some("ollama")));
    let shown = mac.well(&["/bin/ps", "-E", "-ww", "-o", "command=", "-p", &pid.to_string()]);
    assert!(shown.contains("ollama serve") && shown.contains("FORGE_MARK=it is mine"), "{shown}");
    assert!(!shown.contains("SHLVL"), "only what launchd gave it: {shown}");
    let log = fs::read_to_string(mac.real("/Users/lab/Library/Logs/ollama.log")).unwrap();
    assert!(log.contains(&format!("Listening on 127.0.0.1:{port}")), "{log}");
    assert!(mac.real("/Users/lab/.ollama/id_ed25519").exists());

    // Killed from outside, launchd starts it again once the throttle lets it.
    nix::sys::signal::kill(
        nix::unistd::Pid::from_raw(i32::try_from(pid).unwrap()),
        nix::sys::signal::SIGKILL,
    )
    .unwrap();
    mac.until("its end", || (!alive(pid)).then_some(()));
    mac.pass(15);
    let next = mac.running(Some(pid));
    assert_eq!(mac.job().unwrap().runs(), 2);
    mac.until("an answer", || mac.version(port));

    mac.well(&["/bin/launchctl", "bootout", "gui/501/dev.test.ollama"]);
    mac.until("it to be gone", || mac.job().is_none().then_some(()));
    assert!(!alive(next));
    assert_eq!(mac.version(port), None);
    assert!(mac.local.listeners(([127, 0, 0, 1], port).into()).unwrap().is_empty());
}

#[test]
fn launchd_goes_on_though_nobody_looks() {
    let mac = Folder::new();
    let port = free_port();
    mac.load(port, "<key>KeepAlive</key><true/><key>ThrottleInterval</key><integer>1</integer>");
    mac.until("an answer", || mac.version(port));
    let pid = mac.running(None);
    // Past the throttle: what is left of it is waited for by nobody but the keeper.
    mac.pass(9);
    nix::sys::signal::kill(
        nix::unistd::Pid::from_raw(i32::try_from(pid).unwrap()),
        nix::sys::signal::SIGKILL,
    )
    .unwrap();
    mac.until("its end", || (!alive(pid)).then_some(()));
    mac.until("another server, asked by HTTP alone", || mac.version(port));
}

#[test]
fn a_port_in_use_ends_the_server_with_its_own_words() {
    let mac = Folder::new();
    let held = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = held.local_addr().unwrap().port();
    mac.load(port, "");
    let job = mac.until("its end", || mac.job().filter(|job| job.runs() == 1 && job.pid().is_none()));
    assert_eq!(job.get("last exit code"), Some("1"), "{job:?}");
    let log = fs::read_to_string(mac.real("/Users/lab/Library/Logs/ollama.log")).unwrap();
    assert!(
        log.contains(&format!("Error: listen tcp 127.0.0.1:{port}: bind: address already in use")),
        "{log}"
    );
    let listeners = mac.local.listeners(([127, 0, 0, 1], port).into()).unwrap();
    assert_eq!(listeners.len(), 1, "somebody outside this Mac, so nobody knows who");
    assert_eq!(listeners[0].pid, None);
}

#[test]
fn a_server_that_ignores_sigterm_is_killed_after_the_exit_timeout() {
    let mac = Folder::new();
    let port = free_port();
    mac.load(port, "<key>ExitTimeOut</key><integer>3</integer>");
    mac.until("an answer", || mac.version(port));
    let pid = mac.running(None);
    let mut opened = Opened::open(&mac.path()).unwrap();
    opened.mac.state.faults.arm(sim::Fault::IgnoresTerm, 1);
    opened.close().unwrap();

    mac.well(&["/bin/launchctl", "bootout", "gui/501/dev.test.ollama"]);
    assert!(alive(pid) && mac.job().is_some(), "it ignores SIGTERM");
    // By nobody's looking, but the keeper's.
    mac.until("its end", || (!alive(pid)).then_some(()));
    mac.until("it to be gone", || mac.job().is_none().then_some(()));
}

#[test]
fn a_server_started_by_hand_is_known_until_it_is_killed() {
    let mac = Folder::new();
    let port = free_port();
    let mut child = mac.serve_by_hand(port);
    mac.until("an answer", || mac.version(port));
    assert_eq!(mac.local.listeners(([127, 0, 0, 1], port).into()).unwrap()[0].pid, Some(child.id()));
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(mac.local.listeners(([127, 0, 0, 1], port).into()).unwrap().is_empty());
    let shown = mac.run(&["/bin/ps", "-o", "command=", "-p", &child.id().to_string()]);
    assert_eq!((shown.code, shown.stdout.as_str()), (1, ""));
}

#[test]
fn a_server_goes_on_after_too_many_callers() {
    let mac = Folder::new();
    let port = free_port();
    let ollama = mac.real("/opt/homebrew/bin/ollama");
    let mut child = Process::new("/bin/sh")
        .args(["-c", "ulimit -n 32; exec \"$0\" serve", ollama.as_str()])
        .env_clear()
        .envs([("HOME", "/Users/lab"), ("OLLAMA_HOST", &format!("127.0.0.1:{port}"))])
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
        .unwrap();
    mac.until("an answer", || mac.version(port));
    let callers: Vec<_> = (0..40).map(|_| TcpStream::connect(("127.0.0.1", port)).unwrap()).collect();
    std::thread::sleep(Duration::from_millis(200));
    drop(callers);
    mac.until("an answer", || mac.version(port).filter(|said| said.contains("version")));
    child.kill().unwrap();
    child.wait().unwrap();
}

/// Writes nothing before somebody else has worked with the Mac.
struct Slow<'s>(&'s Folder);

impl std::io::Write for Slow<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let command = Command::new(&["/usr/bin/id", "-u"]).limit(Duration::from_secs(10));
        let output = self.0.local.run(&command, &Quiet).unwrap();
        assert!(output.ok(), "the Mac is held: {output:?}");
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_reader_that_is_slow_keeps_nobody_from_the_mac() {
    let mac = Folder::new();
    let mut asker = Asker { environment: BTreeMap::new(), terminal: false, person: Box::new(sim::Simulated) };
    let argv = ["/usr/bin/id".to_owned(), "-u".to_owned()];
    let code = folder::exec(&mac.path(), &argv, &mut asker, &mut Slow(&mac), &mut vec![]).unwrap();
    assert_eq!(code, 0);
}

/// Runs a tool as `sim exec` does, with nobody at a terminal.
fn exec(mac: &Folder, argv: &[&str], environment: &[(&str, &str)]) -> (i32, String, String) {
    let mut asker = Asker {
        environment: environment.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect(),
        terminal: false,
        person: Box::new(sim::Simulated),
    };
    let argv: Vec<String> = argv.iter().map(|word| (*word).to_owned()).collect();
    let (mut out, mut err) = (vec![], vec![]);
    let code = folder::exec(&mac.path(), &argv, &mut asker, &mut out, &mut err).unwrap();
    (code, String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap())
}

#[test]
fn sudo_asks_a_helper_and_keeps_the_ticket_for_the_same_parent() {
    let mac = Folder::with(SudoMode::Asks);
    let (code, _, said) = exec(&mac, &["/usr/bin/sudo", "-n", "/usr/bin/id", "-u"], &[]);
    assert_eq!((code, said.as_str()), (1, "sudo: a password is required\n"));
    let (code, _, said) = exec(&mac, &["/usr/bin/sudo", "-A", "-v"], &[("SUDO_ASKPASS", "/usr/bin/true")]);
    assert_eq!((code, said.as_str()), (0, ""));
    let (code, out, _) = exec(&mac, &["/usr/bin/sudo", "-n", "/usr/bin/id", "-u"], &[]);
    assert_eq!((code, out.as_str()), (0, "0\n"));
    // Time that only the Mac's clock passes does not age it, since nobody could renew it meanwhile.
    mac.pass(600);
    let (code, ..) = exec(&mac, &["/usr/bin/sudo", "-n", "/usr/bin/id", "-u"], &[]);
    assert_eq!(code, 0);
}

#[test]
fn a_folder_that_is_no_place_for_a_mac_is_refused_by_name() {
    let place = TempDir::new().unwrap();
    let path = Utf8Path::from_path(place.path()).unwrap();
    let make = |path: &Utf8Path| {
        let made = folder::create(path, &spec(SudoMode::Nopasswd), 0, Utf8Path::new(FORGECTL));
        format!("{:#}", made.unwrap_err())
    };
    fs::write(path.join("letter"), "dear").unwrap();
    assert!(make(path).contains(&format!("the folder `{path}` is not empty")));
    assert!(make(&path.join("letter")).contains("letter"));
    assert!(make(&path.join("a/b/c")).contains(&format!("{path}/a/b")));
    let deep = path.join("x".repeat(250)).join("y".repeat(250));
    fs::create_dir_all(deep.parent().unwrap()).unwrap();
    assert!(make(&deep).contains("too long"), "{}", make(&deep));
    let none = format!("{:#}", folder::root(path).unwrap_err());
    assert!(none.contains(&format!("there is no Mac in the folder `{path}`")), "{none}");
    let names: Vec<_> = fs::read_dir(path).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names.len(), 2, "nothing was left there: {names:?}");
}

#[test]
fn a_mac_whose_making_was_cut_short_is_made_anew_in_its_folder() {
    let place = TempDir::new().unwrap();
    let path = Utf8Path::from_path(place.path()).unwrap();
    let make = || folder::create(path, &spec(SudoMode::Nopasswd), 0, Utf8Path::new(FORGECTL));
    fs::create_dir_all(path.join("root/Users/stranger")).unwrap();
    assert!(
        format!("{:#}", make().unwrap_err()).contains("is not empty"),
        "nothing says that it is half of a Mac"
    );

    let marker = path.join("mac.making");
    let maker = offspring::try_lock(&marker).unwrap().expect("nobody has it");
    assert!(format!("{:#}", make().unwrap_err()).contains("another forgectl is making a Mac"));
    drop(maker);
    fs::write(path.join("owners.json"), "half of").unwrap();
    make().unwrap();
    assert!(!path.join("root/Users/stranger").exists() && path.join("root/Users/lab").exists());
    assert!(!marker.exists());
    folder::copy(path).unwrap();
    assert!(format!("{:#}", make().unwrap_err()).contains("is not empty"), "a whole one is kept");
}

#[test]
fn two_callers_take_turns_and_lose_nothing() {
    let mac = Folder::new();
    let bump = |number: usize| {
        let key = format!("mark{number}");
        mac.well(&["/bin/launchctl", "disable", &format!("gui/501/{key}")]);
        mac.local.write(Utf8Path::new(&format!("/Library/Caches/{key}")), b"", 0o4755).unwrap();
    };
    std::thread::scope(|scope| {
        for number in 0..8 {
            scope.spawn(move || bump(number));
        }
    });
    assert_eq!(mac.local.disabled_labels(GUI).unwrap().len(), 8);
    for number in 0..8 {
        let path = format!("/Library/Caches/mark{number}");
        assert_eq!(mac.local.stat(Utf8Path::new(&path)).unwrap().unwrap().mode, 0o4755, "{path}");
    }
}

/// The program, its stack's server on a port of its own.
struct Run {
    mac: Folder,
    stack: Utf8PathBuf,
    port: u16,
}

impl Run {
    fn new() -> Self {
        let mac = Folder::new();
        let port = free_port();
        let stack = Utf8Path::from_path(mac.place.path()).unwrap().join("stack.yaml");
        let text = super::support::SPINE.replace("port: 11434", &format!("port: {port}"));
        assert!(text.contains(&port.to_string()));
        fs::write(&stack, text).unwrap();
        Self { mac, stack, port }
    }

    fn forgectl(&self, command: &str) -> Process {
        let mut process = Process::new(FORGECTL);
        process.args(command.split(' ')).arg(&self.stack).arg("--on").arg(format!("dir:{}", self.mac.path()));
        process.env_clear().stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        process
    }

    /// The same command, writing its events to a file.
    fn with_events(&self, command: &str) -> String {
        format!("{command} --events {}", self.stack.with_extension("jsonl"))
    }

    /// How many were written so far.
    fn events(&self) -> usize {
        let written = fs::read_to_string(self.stack.with_extension("jsonl")).unwrap_or_default();
        written.matches('\n').count()
    }

    fn well(&self, command: &str) -> String {
        let output = self.forgectl(command).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let why = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{command}: {said}\n{why}");
        said
    }

    fn differences(&self, before: &sim::Mac) -> Vec<String> {
        let after = folder::copy(&self.mac.path()).unwrap();
        let found = sim::differences(before, &after, false);
        found.into_iter().map(|one| format!("{}: {} -> {}", one.what, one.left, one.right)).collect()
    }
}

#[test]
fn the_spine_is_applied_proved_kept_and_destroyed_by_real_processes() {
    let run = Run::new();
    let before = folder::copy(&run.mac.path()).unwrap();
    run.well("apply --yes");
    assert!(run.mac.version(run.port).is_some());
    assert!(run.well("plan --detailed-exitcode").contains("Plan: 0 add, 0 change, 0 remove"));
    let pid = run.mac.local.listeners(([127, 0, 0, 1], run.port).into()).unwrap()[0].pid.unwrap();
    assert!(run.well("apply --yes").contains("Nothing to do"));
    assert!(alive(pid), "the second run left the server alone");
    run.well("status --use");
    run.well("destroy --yes --all-data");
    assert!(!alive(pid));
    assert_eq!(run.differences(&before), Vec::<String>::new());
}

#[test]
fn killed_anywhere_and_applied_again_it_is_the_same() {
    let undisturbed = Run::new();
    let before = folder::copy(&undisturbed.mac.path()).unwrap();
    undisturbed.well(&undisturbed.with_events("apply --yes"));
    let whole = undisturbed.events();
    assert!(whole > 20, "{whole} events");
    for part in 1..=5 {
        let (run, number) = (Run::new(), whole * part / 6);
        let mut process = run.forgectl(&run.with_events("apply --yes")).spawn().unwrap();
        while run.events() < number {
            assert_eq!(process.try_wait().unwrap(), None, "it ended before event {number} of {whole}");
            std::thread::sleep(Duration::from_millis(1));
        }
        process.kill().unwrap();
        let ended = process.wait().unwrap();
        assert_eq!(ended.code(), None, "it was not killed at event {number} of {whole}");
        run.well("apply --yes");
        assert!(run.mac.version(run.port).is_some(), "killed at event {number}");
        assert!(
            run.well("plan --detailed-exitcode").contains("Plan: 0 add, 0 change, 0 remove"),
            "killed at event {number}"
        );
        run.well("destroy --yes --all-data");
        assert_eq!(run.differences(&before), Vec::<String>::new(), "killed at event {number}");
    }
}

#[test]
fn a_copy_in_memory_is_the_same_mac() {
    let mac = Folder::new();
    let (copy, fresh) = (folder::copy(&mac.path()).unwrap(), sim::Mac::new(&spec(SudoMode::Nopasswd), 0));
    let found: BTreeMap<_, _> = sim::differences(&fresh, &copy, false)
        .into_iter()
        .map(|one| (one.what, (one.left, one.right)))
        .collect();
    assert!(found.is_empty(), "{found:?}");
}
