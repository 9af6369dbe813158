//! Under a real pseudo-terminal: the question, the password, lines that are drawn over, and Ctrl-C.
#![expect(clippy::disallowed_methods, reason = "the program is run from outside")]

use std::{
    fs::File,
    io::{Read, Write},
    process::{Child, Command, Stdio},
    sync::mpsc::{self, Receiver, RecvTimeoutError},
    thread,
    time::{Duration, Instant},
};

use nix::{
    pty::{Winsize, openpty},
    sys::signal::{Signal, kill},
    unistd::Pid,
};

use crate::cli::Shell;

/// No machine is so busy that an answer takes longer.
const PATIENCE: Duration = Duration::from_mins(1);

/// A command at a terminal of its own, and the person who sits there.
pub(crate) struct Sitting {
    child: Child,
    keys: File,
    screen: Receiver<Vec<u8>>,
    /// All that was shown so far.
    seen: String,
    /// How much of it was waited for already.
    read: usize,
}

impl Sitting {
    fn at(shell: &Shell, line: &str) -> Self {
        Self::with(shell.command(line))
    }

    pub(crate) fn with(mut command: Command) -> Self {
        let size = Winsize { ws_row: 40, ws_col: 100, ws_xpixel: 0, ws_ypixel: 0 };
        let pty = openpty(Some(&size), None).unwrap();
        let terminal = || Stdio::from(pty.slave.try_clone().unwrap());
        command.env("TERM", "xterm").stdin(terminal()).stdout(terminal()).stderr(terminal());
        let child = command.spawn().unwrap();
        // What is left of it here would keep the screen open after the command has ended.
        drop((command, pty.slave));
        let keys = File::from(pty.master);
        let mut from = keys.try_clone().unwrap();
        let (shown, screen) = mpsc::channel();
        thread::spawn(move || {
            let mut piece = [0; 4096];
            while let Ok(size @ 1..) = from.read(&mut piece) {
                if shown.send(piece[..size].to_vec()).is_err() {
                    break;
                }
            }
        });
        Self { child, keys, screen, seen: String::new(), read: 0 }
    }

    /// Waits until `text` is shown behind what was waited for before.
    #[track_caller]
    pub(crate) fn sees(&mut self, text: &str) {
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some(at) = self.seen[self.read..].find(text) {
                self.read += at + text.len();
                return;
            }
            match self.screen.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(piece) => self.seen += &String::from_utf8_lossy(&piece),
                Err(why) => panic!("`{text}` is not shown ({why}), but:\n{}", &self.seen[self.read..]),
            }
        }
    }

    pub(crate) fn types(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
    }

    fn presses_ctrl_c(&self) {
        kill(Pid::from_raw(i32::try_from(self.child.id()).unwrap()), Signal::SIGINT).unwrap();
    }

    /// Waits for the end: the exit code, and what was shown since it was last waited for.
    #[track_caller]
    fn ends(mut self) -> (i32, String) {
        let until = Instant::now() + PATIENCE;
        loop {
            match self.screen.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(piece) => self.seen += &String::from_utf8_lossy(&piece),
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => {
                    self.child.kill().unwrap();
                    panic!("it does not end:\n{}", self.seen);
                }
            }
        }
        (self.child.wait().unwrap().code().expect("no signal ended it"), self.seen[self.read..].to_owned())
    }
}

const APPLY: &str = "apply stack.yaml --on sim:mac.json";
const QUESTION: &str = "[y/N/e(xplain)] ";

#[test]
fn the_question_is_explained_declined_and_agreed_to() {
    let shell = Shell::with_mac();
    std::fs::copy(shell.path("mac.json"), shell.path("fresh.json")).unwrap();
    let mut sitting = Sitting::at(&shell, APPLY);
    sitting.sees("Plan: ");
    sitting.sees(QUESTION);
    sitting.types("e\n");
    sitting.sees("softwareupdate -i ");
    sitting.sees(QUESTION);
    sitting.types("maybe\n");
    sitting.sees("Please type y, n or e.");
    sitting.sees(QUESTION);
    sitting.types("n\n");
    let (code, said) = sitting.ends();
    assert!(code == 1 && said.contains("Nothing was changed: the plan was not agreed to"), "{code}: {said}");
    assert_eq!(shell.run("sim diff fresh.json mac.json").code, 0);

    let mut sitting = Sitting::at(&shell, APPLY);
    sitting.sees(QUESTION);
    sitting.types("y\n");
    sitting.sees(" after ");
    assert_eq!(sitting.ends().0, 0);
    assert_eq!(shell.run("plan stack.yaml --detailed-exitcode --on sim:mac.json").code, 0);
}

#[test]
fn on_a_terminal_what_goes_on_is_drawn_over_and_gone_at_the_end() {
    let shell = Shell::with_mac();
    let (code, said) = Sitting::at(&shell, &format!("{APPLY} --yes")).ends();
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("\u{1b}[2K"), "no line is drawn over: {said:?}");
    let turns = |text: &str| text.contains(['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏']);
    let at_work = |line: &str| turns(line) && line.contains("load the job dev.forge.ollama");
    assert!(said.split(['\r', '\n']).any(at_work), "nothing is seen at work: {said:?}");
    // Behind the summary nothing is drawn any more.
    let (_, end) = said.rsplit_once(" after ").expect("a summary");
    assert!(!turns(end), "{end:?}");
    assert!(said.contains("\u{1b}[32mdone"), "what stays is in colour: {said:?}");
}

#[test]
fn sudo_on_a_simulated_mac_asks_at_the_terminal() {
    let shell = Shell::new();
    shell.well("sim new mac.json --for stack.yaml --sudo asks");
    let mut sitting = Sitting::at(&shell, APPLY);
    sitting.sees("sudo: 1 question");
    sitting.sees(QUESTION);
    sitting.types("y\n");
    sitting.sees("asks for a password, for: power, CLT");
    sitting.sees("Password");
    sitting.types("\n");
    let (code, said) = sitting.ends();
    assert!(code == 1 && said.contains("sudo asks for a password, and got none"), "{code}: {said}");

    let mut sitting = Sitting::at(&shell, &format!("{APPLY} --yes"));
    sitting.sees("Password");
    sitting.types("4711\n");
    sitting.sees(" after ");
    assert_eq!(sitting.ends().0, 0);
}

#[test]
fn ctrl_c_at_a_question_stops_it_with_130_and_leaves_no_lock() {
    let shell = Shell::new();
    shell.well("sim new mac.json --for stack.yaml --sudo asks");
    std::fs::copy(shell.path("mac.json"), shell.path("fresh.json")).unwrap();
    for (line, question) in [(APPLY, QUESTION), ("apply stack.yaml --yes --on sim:mac.json", "Password")] {
        let mut sitting = Sitting::at(&shell, line);
        sitting.sees(question);
        assert!(shell.path("mac.json.lock").exists());
        sitting.presses_ctrl_c();
        let (code, said) = sitting.ends();
        assert!(code == 130 && said.contains("Stopped."), "{line}: {code}: {said}");
        assert!(!shell.path("mac.json.lock").exists(), "{line}");
        assert_eq!(shell.run("sim diff fresh.json mac.json").code, 0, "{line}");
    }
}

/// The second one may come before the first was heeded, or after all has ended.
#[test]
fn two_ctrl_c_stop_it_too_and_leave_no_lock() {
    let shell = Shell::with_mac();
    let mut sitting = Sitting::at(&shell, APPLY);
    sitting.sees(QUESTION);
    sitting.presses_ctrl_c();
    thread::sleep(Duration::from_millis(2));
    sitting.presses_ctrl_c();
    let (code, said) = sitting.ends();
    assert_eq!(code, 130, "{said}");
    assert!(!shell.path("mac.json.lock").exists());
}
