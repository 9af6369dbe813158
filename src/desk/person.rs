use std::{
    io::{self, BufRead, IsTerminal, Write},
    sync::mpsc::{self, RecvTimeoutError},
    thread,
    time::Duration,
};

use anyhow::Result;

/// Somebody who can be asked while a command runs.
pub trait Person: Send + Sync {
    /// Whether there is anybody; a question without is refused by the one who would ask.
    fn can_answer(&self) -> bool;

    /// Asks a question that is answered with yes or no; no answer is no.
    fn confirm(&self, question: &str) -> Result<bool>;
}

/// Nobody is there.
#[derive(Clone, Copy, Debug)]
pub struct Nobody;

impl Person for Nobody {
    fn can_answer(&self) -> bool {
        false
    }

    fn confirm(&self, _: &str) -> Result<bool> {
        Ok(false)
    }
}

/// What is on the terminal while a person is asked.
pub trait Aside: Send + Sync {
    /// Takes everything that moves off the terminal, does `work`, and puts it back.
    fn aside(&self, work: &mut dyn FnMut());

    /// What the person is told who answers with `e`.
    fn explain(&self) -> String;
}

/// The person at the terminal. Questions go to standard error, answers come from standard input.
pub struct AtTerminal<'a> {
    view: &'a dyn Aside,
    go_on: &'a GoOn<'a>,
}

impl<'a> AtTerminal<'a> {
    /// The person who watches `view`. `go_on` fails once they have asked to stop instead of answering.
    pub fn new(view: &'a dyn Aside, go_on: &'a GoOn<'a>) -> Self {
        Self { view, go_on }
    }
}

/// Whether the person wants to go on; fails once they have asked to stop.
pub type GoOn<'g> = dyn Fn() -> Result<()> + Send + Sync + 'g;

/// A line from the terminal. It is read by a thread of its own, since Ctrl-C does not end a read.
fn line(go_on: &GoOn) -> Result<Option<String>> {
    let (typed, line) = mpsc::channel();
    thread::spawn(move || typed.send(read_line(&mut io::stdin().lock())));
    loop {
        match line.recv_timeout(Duration::from_millis(50)) {
            Ok(line) => return Ok(line?),
            Err(RecvTimeoutError::Timeout) => go_on()?,
            Err(RecvTimeoutError::Disconnected) => return Ok(None),
        }
    }
}

impl Person for AtTerminal<'_> {
    fn can_answer(&self) -> bool {
        somebody_answers()
    }

    fn confirm(&self, question: &str) -> Result<bool> {
        let mut answer = Ok(false);
        self.view.aside(&mut || {
            answer =
                confirm(question, &|| self.view.explain(), &|| line(self.go_on), &mut io::stderr().lock());
        });
        answer
    }
}

/// Whether a question on the terminal would be seen and answered.
pub fn somebody_answers() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Asks at the terminal for the password of a simulated Mac's sudo, which is whatever is typed; nothing typed refuses.
pub fn ask_simulated_password(reasons: &[String], go_on: &GoOn) -> Result<bool> {
    let mut paper = io::stderr().lock();
    writeln!(paper, "sudo on the simulated Mac asks for a password, for: {}", reasons.join(", "))?;
    write!(paper, "Password (any will do, none refuses): ")?;
    paper.flush()?;
    let typed = line(go_on);
    if !matches!(typed, Ok(Some(_))) {
        writeln!(paper)?;
    }
    Ok(typed?.is_some_and(|line| !line.is_empty()))
}

/// Asks until the answer can be understood; the end of all answers is no.
fn confirm(
    question: &str,
    explain: &dyn Fn() -> String,
    line: &dyn Fn() -> Result<Option<String>>,
    paper: &mut dyn Write,
) -> Result<bool> {
    loop {
        write!(paper, "{question} ")?;
        paper.flush()?;
        let answer = line();
        if !matches!(answer, Ok(Some(_))) {
            writeln!(paper)?;
        }
        let Some(answer) = answer? else { return Ok(false) };
        match answer.to_lowercase().as_str() {
            "y" | "yes" => return Ok(true),
            "" | "n" | "no" => return Ok(false),
            "e" | "explain" => paper.write_all(explain().as_bytes())?,
            _ => writeln!(paper, "Please type y, n or e.")?,
        }
    }
}

fn read_line(answers: &mut dyn BufRead) -> io::Result<Option<String>> {
    let mut line = String::new();
    Ok((answers.read_line(&mut line)? > 0).then(|| line.trim().to_owned()))
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    fn asked(answers: &str) -> (bool, String) {
        let mut paper = vec![];
        let answers = Mutex::new(answers.as_bytes());
        let line = || Ok(read_line(&mut *answers.lock().unwrap())?);
        let yes = confirm("Apply? [y/N/e(xplain)]", &|| "because\n".to_owned(), &line, &mut paper).unwrap();
        (yes, String::from_utf8(paper).unwrap())
    }

    #[test]
    fn only_yes_is_yes() {
        assert!(asked("y\n").0 && asked("YES\n").0);
        for no in ["", "\n", "n\n", "No\n", "maybe\n"] {
            assert!(!asked(no).0, "{no:?}");
        }
    }

    #[test]
    fn e_explains_and_asks_again() {
        let (yes, paper) = asked("e\ny\n");
        assert!(yes);
        assert_eq!(paper, "Apply? [y/N/e(xplain)] because\nApply? [y/N/e(xplain)] ");
    }

    #[test]
    fn who_asks_to_stop_has_not_answered() {
        let stopped = || -> Result<Option<String>> { anyhow::bail!("interrupted") };
        assert!(confirm("Apply?", &String::new, &stopped, &mut vec![]).is_err());
    }
}
