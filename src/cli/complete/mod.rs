//! What can stand at the cursor of a line that is being typed. It is asked for by the functions in `templates/completions.*`
//! at each press of a key: nothing but the manifest and the simulated Mac named on that line are read, and forgectl's own
//! journal; whatever is wrong with them, there is nothing to offer and no error.

mod typed;
mod values;

use std::{collections::BTreeMap, ffi::OsString};

use clap_complete::engine::{self, CompletionCandidate};

use self::typed::Typed;
use super::line;
use crate::desk::{self, Printer, Stream};

/// What the functions call forgectl with, as the first word.
pub(super) const ASKED: &str = "__complete";

/// Answers the function of a shell, whose name and words are `args`; the exit code is always 0.
pub(super) fn answer(args: &[OsString]) -> u8 {
    Printer.say(Stream::Out, &offered(args, &desk::environment()).unwrap_or_default());
    0
}

fn offered(args: &[OsString], environment: &BTreeMap<String, String>) -> Option<String> {
    let (shell, words) = args.split_first()?;
    let in_bash = shell == "bash";
    let typed = if in_bash {
        let point = environment.get("COMP_POINT")?.parse().ok()?;
        Typed::in_bash(environment.get("COMP_LINE")?, point, words.get(1)?.to_str()?)
    } else {
        let (index, words) = words.split_first()?;
        Typed::of_words(words, index.to_str()?.parse().ok()?)
    }?;
    let lines = candidates(&typed)?.into_iter().filter_map(|candidate| {
        let value = candidate.get_value().to_str()?;
        if value.contains(char::is_control) {
            return None;
        }
        if in_bash {
            return typed.word_for_bash(value);
        }
        let help = candidate.get_help().map(ToString::to_string).unwrap_or_default();
        Some(format!("{value}\t{}", help.lines().next().unwrap_or_default().replace('\t', " ")))
    });
    Some(lines.map(|line| line + "\n").collect())
}

fn candidates(typed: &Typed) -> Option<Vec<CompletionCandidate>> {
    let mut command = values::completed(line::offered(), typed);
    let mut candidates = engine::complete(&mut command, typed.words.clone(), typed.index, None).ok()?;
    let is_flag = |candidate: &CompletionCandidate| candidate.get_value().to_string_lossy().starts_with('-');
    // Who has not begun a flag is asked for one only where nothing else can stand.
    if candidates.iter().any(|candidate| !is_flag(candidate)) {
        candidates.retain(|candidate| !is_flag(candidate));
    }
    Some(candidates)
}
