use std::sync::atomic::Ordering;

use anyhow::Result;

use super::{plan::Plan, run::Run, saved::SavedPlan};
use crate::{
    desk::Person,
    machine::{Change, Changing, Looking, Sudo, Tool},
    value::{Id, Problem, Problems, Span},
};

/// How a run was asked for.
#[derive(Clone, Debug, Default)]
pub struct How {
    /// Whether the person has agreed beforehand.
    pub yes: bool,
    /// The command as it was typed, for "type this again with --yes".
    pub command: String,
    /// The resources that an apply is narrowed to, with all that they need; none for all.
    pub only: Vec<Id>,
    /// The plan that the person agreed to before: it has to be the same still, and nothing is asked.
    pub saved: Option<SavedPlan>,
}

/// Whether the plan may be carried out: its refusals come first, then the person is asked.
pub(super) fn agreed(plan: &Plan, how: &How, question: &str, person: &dyn Person) -> Result<bool> {
    if !plan.refusals.is_empty() {
        return Err(Problems(plan.refusals.clone()).into());
    }
    if let Some(saved) = &how.saved {
        return saved.judge(plan).map(|()| true);
    }
    if how.yes {
        return Ok(true);
    }
    if !person.can_answer() {
        return Err(Problem::manifest("nobody is here to agree to the plan")
            .why("no terminal")
            .hint("read the plan, then agree beforehand:")
            .remedy(format!("{} --yes", how.command))
            .into());
    }
    person.confirm(question)
}

impl Run<'_> {
    /// Gets leave to run commands as root for these reasons, if there are any and sudo would ask; the first of them is `asked`
    /// for in the manifest.
    pub(super) fn get_sudo(&self, reasons: Vec<String>, asked: Option<&Span>) -> Result<()> {
        if reasons.is_empty() {
            return Ok(());
        }
        self.ticket.store(true, Ordering::SeqCst);
        if self.machine.tool(Tool::SudoReady)?.ok() {
            // A ticket from before would run out in the middle of a long step.
            return self.machine.done(&Change::Sudo(Sudo::Keep));
        }
        let problem = Problem::mac("sudo asks for a password, and got none")
            .why(format!("root is needed for: {}", reasons.join(", ")))
            .at(asked);
        if !self.identity.can_ask {
            return Err(problem
                .why("no terminal, and SUDO_ASKPASS names no executable")
                .hint("run it in a terminal, or name a program that answers:")
                .remedy("export SUDO_ASKPASS=/path/to/program")
                .into());
        }
        let output = self.machine.ask_sudo(reasons)?;
        if output.ok() {
            return Ok(());
        }
        // Who asked to stop instead of typing it has not typed a wrong one.
        self.go_on()?;
        Err(problem
            .why(format!("`sudo -v` answered: {}", output.said()))
            .hint("run it again, and type your own password; whether sudo takes it:")
            .remedy("sudo -v")
            .into())
    }
}
