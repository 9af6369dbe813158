//! `sudo` and its tickets.

use std::{collections::BTreeMap, time::Duration};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::find;
use crate::sim::{Caller, Fault, Mac, Running, SudoMode};

/// How long a ticket lasts from its last use (docs/mac-facts.md#sudo-ticket).
const LASTS: SignedDuration = SignedDuration::from_mins(5);

const PASSWORD: &str = "sudo: a password is required\n";

/// sudo's tickets: for each session when its own was last used.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
pub struct Tickets {
    last_used: BTreeMap<u32, Timestamp>,
}

impl Tickets {
    /// Whether that session has a ticket.
    pub fn holds(&self, session: u32, now: Timestamp) -> bool {
        self.last_used.get(&session).is_some_and(|&used| now.duration_since(used) < LASTS)
    }

    /// Starts the five minutes anew, unless that was done later already.
    pub fn renew(&mut self, session: u32, now: Timestamp) {
        let used = self.last_used.entry(session).or_insert(now);
        *used = now.max(*used);
    }

    /// Lets no ticket age by `time`.
    pub fn put_off(&mut self, time: Duration) {
        for used in self.last_used.values_mut() {
            *used = used.checked_add(time).unwrap_or(*used);
        }
    }

    /// Drops the ticket of that session.
    pub fn drop_ticket(&mut self, session: u32) {
        self.last_used.remove(&session);
    }
}

/// What is asked of sudo beside a command.
#[derive(Default)]
struct Flags {
    letters: String,
    user: Option<String>,
}

impl Flags {
    fn has(&self, letter: char) -> bool {
        self.letters.contains(letter)
    }
}

/// `sudo [-n] [-v | -k | -l] [-u USER] [COMMAND…]` (docs/mac-facts.md#sudo-n, #sudo-denied, #sudo-nopasswd). A person at
/// the terminal types the right password.
pub(super) fn run(mac: &mut Mac, caller: Caller, arguments: &[String]) -> Running {
    let (flags, command) = match parse(arguments) {
        Ok(parsed) => parsed,
        Err(wrong) => return wrong,
    };
    if flags.has('k') && !command.is_empty() {
        // The ticket counts for nothing this once, and is left as it is.
        let kept = mac.state.sudo.clone();
        mac.state.sudo.drop_ticket(caller.session);
        let letters: Vec<String> = arguments.iter().filter(|word| *word != "-k").cloned().collect();
        let running = run(mac, caller, &letters);
        mac.state.sudo = kept;
        return running;
    }
    if flags.has('k') {
        mac.state.sudo.drop_ticket(caller.session);
        if command.is_empty() && !flags.has('v') {
            return Running::printed("");
        }
    }
    if command.is_empty() && !flags.has('v') && !flags.has('l') {
        return usage();
    }
    let target = match flags.user.as_deref() {
        None | Some("root" | "#0") => caller.root(),
        Some(user) if user == mac.state.spec.user => Caller { uid: crate::sim::USER, ..caller },
        Some(user) => return Running::failed(1, format!("sudo: unknown user {user}\n")),
    };
    if let Err(refused) = authenticate(mac, caller, flags.has('n')) {
        return refused;
    }
    if flags.has('l') {
        return list(mac, target, command);
    }
    let Some(program) = command.first() else { return Running::printed("") };
    match find(mac, target, program) {
        Ok(_) => super::run(mac, target, command),
        Err(_) => Running::failed(1, format!("sudo: {program}: command not found\n")),
    }
}

fn parse(arguments: &[String]) -> Result<(Flags, &[String]), Running> {
    let mut flags = Flags::default();
    let mut rest = arguments;
    while let Some((word, after)) = rest.split_first() {
        let Some(letters) = word.strip_prefix('-') else { break };
        rest = after;
        match letters {
            "-" => break,
            "-reset-timestamp" => flags.letters.push('k'),
            "-non-interactive" => flags.letters.push('n'),
            "-validate" => flags.letters.push('v'),
            // What it asks with is for a person's eyes.
            "p" => rest = rest.get(1..).ok_or_else(usage)?,
            "u" => {
                let (user, after) = rest.split_first().ok_or_else(usage)?;
                flags.user = Some(user.clone());
                rest = after;
            }
            // HOME is kept whatever `-E` and `-H` say, and no askpass program is modelled.
            _ if letters.chars().all(|letter| "nvlkKAEHS".contains(letter)) => {
                flags.letters += &letters.replace('K', "k");
            }
            _ => return Err(usage()),
        }
    }
    Ok((flags, rest))
}

fn authenticate(mac: &mut Mac, caller: Caller, quiet: bool) -> Result<(), Running> {
    if mac.state.faults.take(Fault::SudoTicketLost) {
        mac.state.sudo.drop_ticket(caller.session);
    }
    if caller.uid == 0 || mac.state.spec.sudo == SudoMode::Nopasswd {
        return Ok(());
    }
    let now = mac.state.now;
    let denied = mac.state.spec.sudo == SudoMode::Denied;
    if !denied && mac.state.sudo.holds(caller.session, now) {
        mac.state.sudo.renew(caller.session, now);
        return Ok(());
    }
    if quiet {
        return Err(Running::failed(1, PASSWORD));
    }
    if !caller.terminal {
        let text = "sudo: a terminal is required to read the password; either use the -S option to read from \
                    standard input or configure an askpass helper\n";
        return Err(Running::failed(1, format!("{text}{PASSWORD}")));
    }
    mac.state.meter.sudo_questions += 1;
    if denied {
        let user = mac.user_name(caller.uid);
        return Err(Running::failed(1, format!("{user} is not in the sudoers file.\n")));
    }
    mac.state.sudo.renew(caller.session, now);
    Ok(())
}

/// Whether sudo would ask this caller for a password.
pub(in crate::sim) fn would_ask(mac: &Mac, caller: Caller) -> bool {
    let ticket = mac.state.sudo.holds(caller.session, mac.state.now)
        && mac.state.spec.sudo != SudoMode::Denied
        && !mac.state.faults.has(Fault::SudoTicketLost);
    caller.uid != 0 && mac.state.spec.sudo != SudoMode::Nopasswd && !ticket
}

fn list(mac: &Mac, target: Caller, command: &[String]) -> Running {
    match command.first() {
        None => Running::printed(format!(
            "User {} may run the following commands on this host:\n    (ALL) {}ALL\n",
            mac.state.spec.user,
            if mac.state.spec.sudo == SudoMode::Nopasswd { "NOPASSWD: " } else { "" },
        )),
        Some(program) => match find(mac, target, program) {
            Ok(path) => Running::printed(format!("{path}\n")),
            Err(_) => Running::failed(1, ""),
        },
    }
}

fn usage() -> Running {
    Running::failed(
        1,
        "usage: sudo -h | -K | -k | -V\nusage: sudo -v [-ABkNnS] [-u user]\nusage: sudo -l [-ABkNnS] [-u user] [command]\nusage: sudo [-ABbEHkNnPS] [-u user] [command]\n",
    )
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::sim::{
        Mac, Options, Sim,
        testing::{exec, exec_as, mac, sim, spec},
    };

    fn mac_with(sudo: SudoMode) -> Sim {
        Sim::new(Mac::new(&crate::sim::Spec { sudo, ..spec() }, 1), Options::default())
    }

    #[test]
    fn without_a_ticket_it_refuses_when_it_may_not_ask() {
        let sim = sim();
        let output = exec(&sim, "sudo -n touch /Library/x");
        assert_eq!((output.code, output.stderr.as_str()), (1, "sudo: a password is required\n"));
        assert!(sim.with_mac(|mac| mac.disk.node("/Library/x".into()).is_none()));
        let output = exec_as(&sim, Caller::user(false), "sudo touch /Library/x");
        assert!(
            output.stderr.starts_with("sudo: a terminal is required to read the password; "),
            "{output:?}"
        );
        assert!(output.stderr.ends_with("\nsudo: a password is required\n"), "{output:?}");
        assert_eq!(output.code, 1);
    }

    #[test]
    fn a_ticket_lasts_five_minutes_from_its_last_use_in_its_own_session() {
        let sim = sim();
        assert!(exec(&sim, "sudo -v").ok());
        sim.with_mac(|mac| mac.advance(Duration::from_secs(290)));
        assert!(exec(&sim, "sudo -n true").ok());
        assert_eq!(exec_as(&sim, Caller::user(false), "sudo -n true").code, 1, "another session");
        sim.with_mac(|mac| mac.advance(Duration::from_secs(290)));
        assert!(exec(&sim, "sudo -nv").ok());
        sim.with_mac(|mac| mac.advance(Duration::from_secs(301)));
        assert_eq!(exec(&sim, "sudo -n true").code, 1);
        assert_eq!(sim.with_mac(|mac| mac.state.meter.sudo_questions), 1);
    }

    #[test]
    fn a_ticket_can_be_dropped_and_lost() {
        let sim = sim();
        assert!(exec(&sim, "sudo -v").ok());
        assert!(exec(&sim, "sudo --reset-timestamp").ok());
        assert_eq!(exec(&sim, "sudo -n true").code, 1);
        assert!(exec(&sim, "sudo -v").ok());
        sim.with_mac(|mac| mac.state.faults.arm(Fault::SudoTicketLost, 1));
        assert_eq!(exec(&sim, "sudo -n true").code, 1);
    }

    #[test]
    fn a_rule_lets_pass_without_a_question() {
        let sim = mac_with(SudoMode::Nopasswd);
        assert!(exec_as(&sim, Caller::user(false), "sudo -n /usr/bin/touch /Library/x").ok());
        let owner = sim.with_mac(|mac| mac.disk.node("/Library/x".into()).map(|node| node.uid));
        assert_eq!(owner, Some(0));
        assert_eq!(sim.with_mac(|mac| mac.state.meter.sudo_questions), 0);
    }

    #[test]
    fn who_is_no_administrator_is_told_so_after_a_password_only() {
        let sim = mac_with(SudoMode::Denied);
        assert_eq!(exec(&sim, "sudo -n true").stderr, "sudo: a password is required\n");
        let output = exec(&sim, "sudo true");
        assert_eq!((output.code, output.stderr.as_str()), (1, "lab is not in the sudoers file.\n"));
        assert!(!exec(&sim, "id -Gn").stdout.contains("admin"));
    }

    #[test]
    fn a_command_that_is_not_there_is_named() {
        let mut mac = mac();
        mac.state.spec.sudo = SudoMode::Nopasswd;
        let output = exec(&Sim::new(mac, Options::default()), "sudo -n nowhere");
        assert_eq!((output.code, output.stderr.as_str()), (1, "sudo: nowhere: command not found\n"));
    }
}
