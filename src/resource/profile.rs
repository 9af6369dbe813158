use std::time::Duration;

use anyhow::Result;
use camino::{Utf8Path, Utf8PathBuf};

use super::{Evidence, Removal, Resource, in_the_way};
use crate::{
    journal::Receipt,
    machine::{Kind, Look, Looking, Machine},
    step::{AddProfileLine, SHELLENV, Step, TakeProfileLine},
    value::{Delta, Deltas, Id, Place, Problem, State, Value, Want, Wanted},
};

/// The line in a shell's profile that finds Homebrew.
#[derive(Debug)]
pub struct ProfileLine {
    /// The profile as people write it, `~/.zprofile`.
    pub name: String,
    /// The profile.
    pub path: Utf8PathBuf,
}

impl Resource for ProfileLine {
    fn id(&self) -> Id {
        Id::new("profile-line", &self.name)
    }

    fn place(&self) -> Place {
        Place::ProfileLine { path: self.path.clone() }
    }

    fn wanted(&self) -> Wanted {
        Wanted::from([("line".into(), Want::Present)])
    }

    fn reason(&self, _: &State, _: &[Delta]) -> String {
        "add the line that finds Homebrew".into()
    }

    fn hindrance(&self, found: &State, _: bool) -> Option<Problem> {
        if *found.get("kind") == "dead link".into() {
            return Some(
                Problem::mac(format!(
                    "a link that leads nowhere is where a profile belongs: `{}`",
                    self.path
                ))
                .hint("put back what it leads to, or remove it:")
                .remedy(format!("ls -l '{}'", self.path)),
            );
        }
        let closed = found.get("closed").as_text().filter(|_| *found.get("line") == Value::Absent);
        closed.map_or_else(
            || in_the_way(&self.path, "file", found),
            |why| {
                Some(
                    Problem::mac(format!("a line cannot be added to `{}`", self.path))
                        .why(why)
                        .hint("make it yours, or write the line there yourself; whose it is:")
                        .remedy(format!(
                            "ls -ld '{}' '{}'",
                            self.path.parent().unwrap_or(&self.path),
                            self.path
                        )),
                )
            },
        )
    }

    fn steps(&self, _: &State, _: &Deltas) -> Vec<Box<dyn Step>> {
        vec![Box::new(AddProfileLine { path: self.path.clone() })]
    }

    fn check(&self, look: &dyn Look, _: Duration) -> Result<Evidence> {
        match observe(look, &self.path)?.get("line").as_text() {
            Some(line) => Ok(vec![format!("{} says {line}", self.path)]),
            None => Err(Problem::mac(format!("a new shell does not find Homebrew: `{}`", self.path)).into()),
        }
    }

    /// That it is there proves nothing of the stack.
    fn prove(&self, _: &dyn Machine) -> Result<Evidence> {
        Ok(vec![])
    }
}

/// Whether a line finds Homebrew: as its installer writes it today, or did before (docs/mac-facts.md#brew-shellenv), whatever
/// stands before or behind it. The installer takes one that is commented out for it too; a shell does not.
fn finds_homebrew(line: &str) -> bool {
    let mut parts = line.splitn(2, "eval \"$(/opt/homebrew/bin/brew shellenv");
    let (Some(before), Some(behind)) = (parts.next(), parts.next()) else { return false };
    let shell = behind.split_once(")\"").map(|(shell, _)| shell);
    !before.contains('#') && shell.is_some_and(|shell| !shell.contains(['"', '#']))
}

pub(super) fn observe(look: &dyn Look, path: &Utf8Path) -> Result<State> {
    let real = look.resolve(path)?;
    let closed = closed(look, real.as_deref().unwrap_or(path))?;
    let Some(stat) = look.stat(path)? else { return Ok(State::absent().with("closed", closed)) };
    let real = real.map(|real| look.stat(&real)).transpose()?.flatten();
    let kind = match real.map(|real| real.kind) {
        Some(Kind::File) => "file",
        Some(Kind::Folder) => "folder",
        _ if stat.kind == Kind::Link => "dead link",
        _ => "special file",
    };
    let state = State::present().with("kind", kind);
    if kind != "file" {
        return Ok(state);
    }
    let Ok(text) = look.read_text(path) else { return Ok(state.with("closed", "you may not read it")) };
    let text = text.unwrap_or_default();
    let state = state.with("closed", closed);
    let line = text.lines().find(|line| finds_homebrew(line)).map(|line| line.trim().to_owned());
    Ok(state.with("line", line).with("ended", text.is_empty() || text.ends_with('\n')))
}

/// Why the user may not write what is at `path`, which is written anew in its folder, if so.
fn closed(look: &dyn Look, path: &Utf8Path) -> Result<Option<String>> {
    let identity = look.identity()?;
    let folder = path.parent().unwrap_or(path);
    for path in [folder, path] {
        match look.stat(path)? {
            Some(stat) if !identity.may_write(&stat) => {
                let owner = stat.uid;
                return Ok(Some(format!(
                    "{path} is not yours to write: uid {owner}, mode {:04o}",
                    stat.mode
                )));
            }
            None if path == folder => return Ok(Some(format!("there is no folder {folder}"))),
            _ => {}
        }
    }
    Ok(None)
}

/// Our line goes where there was none; the rest is not ours.
pub(super) fn removal(path: &Utf8Path, receipt: &Receipt, found: &State) -> Removal {
    let ours = *receipt.former.get("line") == Value::Absent && found.get("line").as_text() == Some(SHELLENV);
    if !ours {
        return Removal::default();
    }
    Removal::of(TakeProfileLine {
        path: path.to_owned(),
        file: receipt.former.present,
        ended: *receipt.former.get("ended") != Value::Bool(false),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn either_form_of_the_line_is_known_and_no_other() {
        assert!(finds_homebrew(SHELLENV));
        assert!(finds_homebrew("  eval \"$(/opt/homebrew/bin/brew shellenv)\" "));
        assert!(finds_homebrew(
            "[ -x /opt/homebrew/bin/brew ] && eval \"$(/opt/homebrew/bin/brew shellenv)\" # brew"
        ));
        for other in [
            "# eval \"$(/opt/homebrew/bin/brew shellenv)\"",
            "export A=1 # eval \"$(/opt/homebrew/bin/brew shellenv)\"",
            "eval \"$(/opt/homebrew/bin/brew shellenv",
            "eval \"$(/usr/local/bin/brew shellenv)\"",
            "",
        ] {
            assert!(!finds_homebrew(other), "{other}");
        }
    }
}
