//! A command line that cannot be read.

use std::ffi::OsString;

use crate::{
    desk::{self, Printer, Stream},
    report,
    value::Problem,
};

/// The command line is wrong (`EX_USAGE` of sysexits(3)).
pub(super) const WRONG_USAGE: u8 = 64;

/// Prints what was asked for instead of a command, as `--help`, or what is wrong; answers with the exit code.
pub(super) fn tell(error: &clap::Error, json: bool) -> u8 {
    if error.use_stderr() {
        if json {
            Printer.say(Stream::Out, &report::problems_json(&[problem(error)]));
        }
        // Where it can be printed it is; a closed stream is no reason for another code.
        let _ = error.print();
        return WRONG_USAGE;
    }
    let printed = error.print();
    u8::from(printed.is_err_and(|error| error.kind() != std::io::ErrorKind::BrokenPipe))
}

/// Whether a program reads the output of a command line that says so, though it cannot be read as a whole.
pub(super) fn wants_json(args: &[OsString]) -> bool {
    let words: Vec<_> = args.iter().take_while(|word| *word != "--").collect();
    let flag = words.windows(2).any(|pair| pair[0] == "--output" && pair[1] == "json");
    flag || words.iter().any(|word| *word == "--output=json")
        || desk::environment().get("FORGECTL_OUTPUT").is_some_and(|form| form == "json")
}

/// What is wrong as other errors are told: clap's first paragraph, its tips, and how it is used.
fn problem(error: &clap::Error) -> Problem {
    let text = error.to_string();
    let mut paragraphs = text.split("\n\n").map(str::trim).filter(|paragraph| !paragraph.is_empty());
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let what = paragraphs.next().unwrap_or_default();
    let mut problem = Problem::usage(words(what.trim_start_matches("error: ")));
    for paragraph in paragraphs {
        match paragraph.strip_prefix("tip: ") {
            Some(tip) => problem = problem.hint(words(tip)),
            None => problem = problem.why(words(paragraph)),
        }
    }
    problem
}
