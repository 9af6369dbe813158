use std::io::{self, BufRead, IsTerminal, Write};

use anyhow::Result;

/// Somebody who can be asked while a command runs.
pub trait Person: Send + Sync {
    /// Whether there is anybody; a question without is refused by the one who would ask.
    fn can_answer(&self) -> bool;

    /// Asks a question that is answered with yes or no; no answer is no.
    fn confirm(&self, question: &str) -> Result<bool>;

    /// Asks for the password of a simulated Mac's sudo, saying what it is for; whether one was given.
    fn password(&self, reasons: &[String]) -> Result<bool>;
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

    fn password(&self, _: &[String]) -> Result<bool> {
        Ok(false)
    }
}

/// What is drawn on the terminal while a person is asked.
pub trait Aside: Send + Sync {
    /// Takes everything that moves off the terminal, does `work`, and puts it back.
    fn aside(&self, work: &mut dyn FnMut());

    /// What the person is told who answers with `e`; nothing when there is nothing to explain.
    fn explain(&self) -> String;
}

/// The person at the terminal. Questions go to standard error, answers come from standard input.
pub struct AtTerminal<'a> {
    view: &'a dyn Aside,
}

impl<'a> AtTerminal<'a> {
    /// The person who watches `view`.
    pub fn new(view: &'a dyn Aside) -> Self {
        Self { view }
    }

    fn ask(&self, talk: impl Fn(&mut dyn BufRead, &mut dyn Write) -> io::Result<bool>) -> Result<bool> {
        let mut answer = Ok(false);
        self.view.aside(&mut || answer = talk(&mut io::stdin().lock(), &mut io::stderr().lock()));
        Ok(answer?)
    }
}

impl Person for AtTerminal<'_> {
    fn can_answer(&self) -> bool {
        io::stdin().is_terminal() && io::stderr().is_terminal()
    }

    fn confirm(&self, question: &str) -> Result<bool> {
        self.ask(|answers, paper| confirm(question, &|| self.view.explain(), answers, paper))
    }

    fn password(&self, reasons: &[String]) -> Result<bool> {
        self.ask(|answers, paper| {
            writeln!(paper, "sudo on the simulated Mac asks for a password, for: {}", reasons.join(", "))?;
            write!(paper, "Password (any will do; none refuses): ")?;
            paper.flush()?;
            Ok(line(answers)?.is_some_and(|line| !line.is_empty()))
        })
    }
}

/// Asks until the answer can be understood; the end of all answers is no.
fn confirm(
    question: &str,
    explain: &dyn Fn() -> String,
    answers: &mut dyn BufRead,
    paper: &mut dyn Write,
) -> io::Result<bool> {
    loop {
        write!(paper, "{question} ")?;
        paper.flush()?;
        let Some(answer) = line(answers)? else {
            writeln!(paper)?;
            return Ok(false);
        };
        match answer.to_lowercase().as_str() {
            "y" | "yes" => return Ok(true),
            "" | "n" | "no" => return Ok(false),
            "e" | "explain" => paper.write_all(explain().as_bytes())?,
            _ => writeln!(paper, "Please type y, n or e.")?,
        }
    }
}

fn line(answers: &mut dyn BufRead) -> io::Result<Option<String>> {
    let mut line = String::new();
    Ok((answers.read_line(&mut line)? > 0).then(|| line.trim().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(answers: &str) -> (bool, String) {
        let mut paper = vec![];
        let explain = || "because\n".to_owned();
        let yes = confirm("Apply? [y/N/e(xplain)]", &explain, &mut answers.as_bytes(), &mut paper).unwrap();
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
}
