use std::{
    collections::BTreeMap,
    io::Write,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use anyhow::Result;
use camino::Utf8Path;

use super::{handing, kept::Opened, serve};
use crate::{
    machine::local::offspring,
    sim::{Caller, Mac, Person, tool},
};

/// How often a program that never ends by itself looks whether anybody still waits for it.
const LOOK: Duration = Duration::from_millis(200);

/// Who runs a program of a Mac in a folder.
pub struct Asker {
    /// The environment that it was given.
    pub environment: BTreeMap<String, String>,
    /// Whether it has a terminal.
    pub terminal: bool,
    /// Who answers there when sudo asks.
    pub person: Box<dyn Person>,
}

/// Runs `argv`, a program of the Mac in `folder`, and writes what it has printed once the Mac is free for others: whoever
/// reads it may be slow. What takes the Mac time goes by at once: only its clock goes on. Answers with the exit code.
pub fn exec(
    folder: &Utf8Path,
    argv: &[String],
    asker: &mut Asker,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Result<i32> {
    let mut opened = Opened::open(folder)?;
    let caller = asker.caller(argv);
    if let Some(binary) = serve::asked_for(&opened.mac, caller, argv) {
        return serve::serve(opened, &binary, argv, &asker.environment, err);
    }
    if let Some(real) = handing::asked_for(&opened.mac, caller, argv) {
        return handing::run(opened, &real, argv, &asker.environment);
    }
    if !asker.answers_sudo(&opened.mac, caller, argv) {
        opened.close()?;
        let _ = writeln!(err, "sudo: 3 incorrect password attempts");
        return Ok(1);
    }
    let kept_up = tool::colima::in_foreground(&opened.mac, caller, argv, &asker.environment);
    let mac = &mut opened.mac;
    pass(mac, tool::takes(argv));
    let mut running = tool::run_in(mac, caller, argv, &asker.environment);
    while let Some((after, stage)) = running.stages.pop_front() {
        pass(mac, after);
        stage(mac, &mut running.output);
        mac.measure();
    }
    opened.close()?;
    tell(&running.output.stdout, out);
    tell(&running.output.stderr, err);
    if let Some(profile) = kept_up.filter(|_| running.hangs) {
        return keep_up(folder, &profile, err);
    }
    if running.hangs {
        let parent = nix::unistd::getppid();
        while nix::unistd::getppid() == parent {
            offspring::sleep(LOOK);
        }
    }
    Ok(running.output.code)
}

/// A program that keeps a machine up until it is told to end, and takes it down then.
fn keep_up(folder: &Utf8Path, profile: &str, err: &mut dyn Write) -> Result<i32> {
    let told = Arc::new(AtomicBool::new(false));
    let hears = told.clone();
    offspring::when_told_to_stop(move || hears.store(true, Ordering::SeqCst))?;
    let parent = nix::unistd::getppid();
    while !told.load(Ordering::SeqCst) {
        if nix::unistd::getppid() != parent {
            // Whoever started it is gone without a word, as after a kill: the machine is left to itself.
            return Ok(1);
        }
        offspring::sleep(LOOK);
    }
    let mut opened = Opened::open(folder)?;
    let said = tool::colima::interrupted(&mut opened.mac, profile);
    opened.close()?;
    tell(&said, err);
    Ok(0)
}

/// Lets the Mac's time pass without real time passing. Whoever renews sudo's tickets each minute cannot do so
/// meanwhile, so they do not age by it.
pub(super) fn pass(mac: &mut Mac, time: Duration) {
    mac.state.sudo.put_off(time);
    mac.advance(time);
}

/// Somebody who no longer listens does not make the tool fail.
fn tell(text: &str, to: &mut dyn Write) {
    let _ = to.write_all(text.as_bytes()).and_then(|()| to.flush());
}

impl Asker {
    /// A ticket of sudo's belongs to the terminal, or without one to the parent process; a helper that `-A` asks knows
    /// the password (docs/mac-facts.md#sudo-ticket, docs/mac-facts.md#sudo-n).
    fn caller(&self, argv: &[String]) -> Caller {
        let user = Caller::user(self.terminal);
        if self.terminal {
            return user;
        }
        let session = u32::try_from(nix::unistd::getppid().as_raw()).unwrap_or_default();
        let helper = self.environment.contains_key("SUDO_ASKPASS") && argv.iter().any(|word| word == "-A");
        Caller { session, terminal: helper, ..user }
    }

    /// Lets the person type a password where sudo asks for one; says whether they did, or did not have to.
    fn answers_sudo(&mut self, mac: &Mac, caller: Caller, argv: &[String]) -> bool {
        let Some((program, arguments)) = argv.split_first() else { return true };
        let sudo = tool::find(mac, caller, program).is_ok_and(|path| path == "/usr/bin/sudo");
        let mut flags = arguments.iter().take_while(|word| word.starts_with('-'));
        let quiet = flags.any(|word| !word.starts_with("--") && word.contains('n'));
        if !sudo || quiet || !self.terminal || !tool::sudo::would_ask(mac, caller) {
            return true;
        }
        let prompt = arguments.iter().skip_while(|word| *word != "-p").nth(1);
        let reason = prompt.and_then(|prompt| prompt.lines().next()).unwrap_or("sudo");
        self.person.password(&[reason.to_owned()])
    }
}
