//! What is told when forgectl cannot keep its books.

use anyhow::Error;

use crate::{
    machine::Identity,
    value::{Problem, shell_word},
};

/// `problem` with the cause, and what can be done about that.
pub(super) fn unkept(problem: Problem, error: &Error, identity: &Identity) -> Problem {
    let cause = format!("{error:#}");
    let (home, state) = (shell_word(identity.home.as_str()), shell_word(identity.state.as_str()));
    let is_full = cause.contains("No space left on device");
    let problem = problem.why(cause);
    let known = Problem::from_error(error);
    if !known.remedy.is_empty() {
        problem.advised_by(&known)
    } else if is_full {
        problem.hint("make room on the disk, then try again; what is left:").remedy(format!("df -h {home}"))
    } else {
        problem
            .hint("forgectl's folder has to be yours, and writable:")
            .remedy(format!("ls -ld {home} {state}"))
    }
}
