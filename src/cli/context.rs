use std::fmt::Display;

use anyhow::Result;
use serde::Serialize;

use super::{
    args::{Global, Output},
    target::Target,
    usage::WRONG_USAGE,
};
use crate::{
    desk::{Printer, Screen, Stream},
    machine::{Command, Halt},
    report,
    value::{Problem, Sort},
};

/// What all commands share: the global flags, and the way out.
pub(super) struct Context {
    global: Global,
}

/// The exit code of what was interrupted.
pub(super) const INTERRUPTED: u8 = 130;

impl Context {
    pub(super) fn new(global: Global) -> Self {
        Self { global }
    }

    /// The Mac that the command is about.
    pub(super) fn target(&self) -> &Target {
        self.global.on.as_ref().unwrap_or(&Target::ThisMac)
    }

    /// Whether the target was named.
    pub(super) fn named_target(&self) -> Option<&Target> {
        self.global.on.as_ref()
    }

    /// `forgectl` with `words`, the target and `flags`, as it would be typed.
    pub(super) fn typed(&self, words: &[&str], flags: &[&str]) -> String {
        let target = self.named_target().map(Target::to_string);
        let target: Vec<&str> = target.iter().flat_map(|target| ["--on", target]).collect();
        Command::new(&[&["forgectl"], words, &target, flags].concat()).to_string()
    }

    /// Whether a program reads the output.
    pub(super) fn json(&self) -> bool {
        self.global.output == Output::Json
    }

    pub(super) fn quiet(&self) -> bool {
        self.global.quiet
    }

    pub(super) fn screen(&self, stream: Stream) -> Screen {
        Screen::of(stream, self.global.color.into())
    }

    /// Prints the result for whoever reads it; `short` is all that is left of it with `--quiet`.
    pub(super) fn print(
        &self,
        json: impl FnOnce() -> Result<String>,
        human: impl FnOnce(Screen) -> String,
        short: impl FnOnce(Screen) -> String,
    ) -> Result<()> {
        let screen = self.screen(Stream::Out);
        let text = match (self.json(), self.quiet()) {
            (true, _) => json()?,
            (false, false) => human(screen),
            (false, true) => short(screen),
        };
        Printer.write(Stream::Out, &text)
    }

    /// Prints `value` as JSON.
    pub(super) fn print_json(value: &impl Serialize) -> Result<()> {
        Printer.write(Stream::Out, &report::json(value)?)
    }

    /// Says something to the person beside the result, unless they want it quiet.
    pub(super) fn say(&self, text: impl Display) {
        if !self.quiet() {
            let screen = self.screen(Stream::Err);
            Printer.say(Stream::Err, &format!("{}\n", screen.fit(&text.to_string())));
        }
    }

    /// Tells what went wrong, and answers with the exit code.
    pub(super) fn tell(&self, error: &anyhow::Error) -> u8 {
        if Halt::of(error) == Some(Halt::Interrupted) {
            self.say("Stopped.");
            return INTERRUPTED;
        }
        if self.json() {
            Printer.say(Stream::Out, &report::problems_json(&Problem::all_of(error)));
        }
        self.tell_people(error)
    }

    /// The same to people alone, where programs have heard of it.
    pub(super) fn tell_people(&self, error: &anyhow::Error) -> u8 {
        if Halt::of(error) == Some(Halt::Interrupted) {
            self.say("Stopped.");
            return INTERRUPTED;
        }
        let problems = Problem::all_of(error);
        self.tell_problems(&problems);
        if problems.iter().any(|problem| problem.sort == Sort::Usage) { WRONG_USAGE } else { 1 }
    }

    /// Tells people what is no fault, but probably not meant.
    pub(super) fn warn(&self, warnings: &[Problem]) {
        Printer.say(Stream::Err, &report::problems("warning", warnings, self.screen(Stream::Err)));
    }

    /// Tells people what is wrong.
    pub(super) fn tell_problems(&self, problems: &[Problem]) {
        Printer.say(Stream::Err, &report::problems("error", problems, self.screen(Stream::Err)));
    }
}
