use anyhow::Result;
use camino::Utf8PathBuf;

use super::{About, Step};
use crate::machine::{Changing, Looking, Machine, Tell};

/// What makes a login shell find Homebrew (docs/mac-facts.md#brew-shellenv).
pub const SHELLENV: &str = r#"eval "$(/opt/homebrew/bin/brew shellenv zsh)""#;

/// Adds that line to the end of a profile; the rest stays as it is.
#[derive(Debug)]
pub struct AddProfileLine {
    /// The profile.
    pub path: Utf8PathBuf,
}

impl Step for AddProfileLine {
    fn about(&self) -> About {
        About {
            words: format!("add a line to {}", self.path),
            why: "else a new shell does not find brew and what it installs".into(),
            commands: vec![format!("echo '{SHELLENV}' >> {}", self.path)],
            undo: "the line is taken out by destroy; the rest of the file stays".into(),
            ..About::default()
        }
    }

    fn run(&self, machine: &dyn Machine, _: &dyn Tell) -> Result<()> {
        let mut text = machine.read(&self.path)?.unwrap_or_default();
        if lines(&text).any(is_ours) {
            return Ok(());
        }
        if text.last().is_some_and(|&last| last != b'\n') {
            text.push(b'\n');
        }
        text.extend_from_slice(SHELLENV.as_bytes());
        text.push(b'\n');
        machine.write(&self.path, &text, 0o644)
    }
}

/// Takes that line out of a profile again.
#[derive(Debug)]
pub struct TakeProfileLine {
    /// The profile.
    pub path: Utf8PathBuf,
    /// Whether there was a file before.
    pub file: bool,
    /// Whether that ended with a line's end.
    pub ended: bool,
}

impl Step for TakeProfileLine {
    fn about(&self) -> About {
        About {
            words: format!("take our line out of {}", self.path),
            why: "forgectl added it".into(),
            commands: vec![format!("sed -i '' '\\|brew shellenv zsh|d' {}", self.path)],
            undo: "added again by apply".into(),
            ..About::default()
        }
    }

    fn run(&self, machine: &dyn Machine, _: &dyn Tell) -> Result<()> {
        let Some(text) = machine.read(&self.path)? else { return Ok(()) };
        let Some(at) = lines(&text).position(is_ours) else { return Ok(()) };
        let last = at + 1 == lines(&text).count();
        let kept = text.split_inclusive(|&byte| byte == b'\n').enumerate().filter(|(nth, _)| *nth != at);
        let mut rest: Vec<u8> = kept.flat_map(|(_, line)| line.to_vec()).collect();
        if rest.is_empty() && !self.file {
            return machine.remove(&self.path);
        }
        if last && !self.ended && rest.last() == Some(&b'\n') {
            rest.pop();
        }
        machine.write(&self.path, &rest, 0o644)
    }
}

fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split_inclusive(|&byte| byte == b'\n')
}

fn is_ours(line: &[u8]) -> bool {
    line.trim_ascii() == SHELLENV.as_bytes()
}
