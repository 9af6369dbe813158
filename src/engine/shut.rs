//! Folders that the user may not look into, or not write to.

use anyhow::{Error, Result};
use camino::Utf8Path;

use super::plan::Action;
use crate::{
    machine::{Halt, Identity, Look, Looking},
    value::{Id, Place, Problem, Span},
};

/// A look at the resource `id` that failed, with what it was about; what the person asked for stays that.
pub(super) fn unseen(error: Error, id: &Id, place: &Place, origin: Option<&Span>) -> Error {
    if Halt::of(&error).is_some() {
        return error;
    }
    let mut problem = Problem::from_error(&error);
    if problem.hints.is_empty() && problem.remedy.is_empty() {
        problem = Problem::mac(format!("`{id}` cannot be looked at")).why(format!("{error:#}"));
        problem = match place.user_file().and_then(Utf8Path::parent) {
            Some(folder) => problem
                .hint("let your user look into the folders above it; whose they are:")
                .remedy(ls(folder.ancestors().filter(|above| above.parent().is_some()))),
            None => problem.hint("put right what is told here, and run it again"),
        };
    }
    problem.at(origin).of(id).into()
}

/// Why what is to be done to `place` as the user cannot be: the folder above it is there, and not theirs to write.
pub(super) fn hinders(
    look: &dyn Look,
    identity: &Identity,
    place: &Place,
    action: Action,
) -> Result<Option<Problem>> {
    let changes = !matches!(action, Action::Keep);
    let Some(folder) = place.user_file().filter(|_| changes).and_then(Utf8Path::parent) else {
        return Ok(None);
    };
    let Some(real) = look.resolve(folder)? else { return Ok(None) };
    let Some(stat) = look.stat(&real)?.filter(|stat| !identity.may_write(stat)) else { return Ok(None) };
    Ok(Some(
        Problem::mac(format!("this folder is not yours to write: `{folder}`"))
            .why(format!("it belongs to uid {}, its mode is {:04o}", stat.uid, stat.mode))
            .hint("make it yours, then apply again; whose it is:")
            .remedy(ls(std::iter::once(folder))),
    ))
}

fn ls<'p>(paths: impl Iterator<Item = &'p Utf8Path>) -> String {
    let paths: Vec<String> = paths.map(|path| crate::value::shell_word(path.as_str()).into_owned()).collect();
    format!("ls -ld {}", paths.join(" "))
}
