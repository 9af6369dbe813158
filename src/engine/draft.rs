use std::collections::BTreeMap;

use anyhow::Result;
use serde::Serialize;

use super::{
    plan::{Item, Plan},
    survey::survey,
};
use crate::{
    blueprint,
    machine::Look,
    manifest::{self, Stack},
    value::{Problem, Problems, Source},
};

/// A manifest that forgectl writes for a Mac. Sections that do not go there stand in it as comments with the reason.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Draft {
    /// The stack's name.
    pub stack: String,
    /// The manifest.
    pub text: String,
    /// What stands in it as comments.
    pub left_out: Vec<LeftOut>,
}

/// A section that was left out.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct LeftOut {
    /// Its key.
    pub section: String,
    /// Why.
    pub why: String,
}

/// What the plan of a draft has to be.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Aim {
    /// One that can be applied.
    Applicable,
    /// That too, and there is nothing to do.
    Empty,
}

impl Draft {
    pub(super) fn new(stack: &str, text: String) -> Self {
        Self { stack: stack.to_owned(), text, left_out: vec![] }
    }

    /// Makes a section a comment below the reason.
    pub(super) fn leave_out(&mut self, section: &str, why: &str) {
        let why = one_line(why);
        let mut lines = vec![];
        let mut within = false;
        for line in self.text.lines() {
            let begins = line.strip_prefix(section).is_some_and(|rest| rest.starts_with(':'));
            within = begins || within && line.starts_with(' ');
            if begins {
                lines.push(format!("# Left out: {why}"));
            }
            lines.push(if within { format!("# {line}") } else { line.to_owned() });
        }
        self.text = lines.join("\n") + "\n";
        self.left_out.push(LeftOut { section: section.to_owned(), why });
    }

    /// Leaves out whatever keeps its plan from the Mac behind `look` from being what it has to be, and answers with that plan. Of
    /// an empty one only that is left which no section asks for. Fails with what no section can be blamed for.
    pub(super) fn settle(mut self, look: &dyn Look, aim: Aim) -> Result<(Self, Plan)> {
        loop {
            let source = Source::new("stack.yaml", self.text.clone());
            let stack = manifest::read(&source).map_err(|Problems(faults)| {
                let problem = Problem::bug("forgectl wrote a manifest that it does not read itself");
                faults.iter().fold(problem, |problem, fault| problem.why(fault.what.clone()))
            })?;
            let plan = survey(look, &stack)?;
            let blamed = blamed(&stack, &plan, aim);
            if blamed.is_empty() {
                return if plan.refusals.is_empty() {
                    Ok((self, plan))
                } else {
                    Err(Problems(plan.refusals).into())
                };
            }
            for (section, why) in blamed {
                self.leave_out(&section, &why);
            }
        }
    }
}

/// The sections that keep `plan` from its aim, and why.
fn blamed(stack: &Stack, plan: &Plan, aim: Aim) -> BTreeMap<String, String> {
    let mut blamed = BTreeMap::new();
    let mut blame = |section: Option<&str>, why: String| {
        if let Some(section) = section.filter(|section| !manifest::OF_ALL.contains(section)) {
            blamed.entry(section.to_owned()).or_insert(why);
        }
    };
    let of_item = |item: &Item| item.origin.as_ref().and_then(|origin| stack.section(origin));
    for refusal in &plan.refusals {
        let of_resource = || {
            let item = plan.items.iter().find(|item| Some(&item.id) == refusal.resource.as_ref());
            item.and_then(of_item)
        };
        let section = refusal.span.as_ref().and_then(|span| stack.section(span)).or_else(of_resource);
        let why = std::iter::once(&refusal.what).chain(refusal.why.first());
        blame(section, why.cloned().collect::<Vec<_>>().join("; "));
    }
    for item in plan.changes() {
        let root = item.steps.iter().any(|step| step.sudo.is_some());
        if root && !plan.node.admin {
            blame(of_item(item), format!("it needs root, and `{}` is no administrator", plan.node.user));
        }
        if aim == Aim::Empty {
            blame(of_item(item), format!("its plan would not be empty: {}: {}", item.id, item.reason));
        }
    }
    if let Some(shortage) = blueprint::disk_shortage(plan.counts().disk, plan.node.disk_free) {
        let large = plan.changes().filter(|item| item.quote.disk.max(item.quote.download) > Some(0));
        large.for_each(|item| blame(of_item(item), shortage.what.clone()));
    }
    blamed
}

fn one_line(text: &str) -> String {
    text.split(|c: char| c.is_whitespace() || c.is_control()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_that_is_left_out_is_a_comment_and_nothing_else_is() {
        let text = "forge: 1\n# Of tools.\ntools:\n  a: 1 # x\n\n  b: 2\ntoolset: 1\n";
        let mut draft = Draft::new("lab", text.to_owned());
        draft.leave_out("tools", "it is\nnot there");
        let left = "forge: 1\n# Of tools.\n# Left out: it is not there\n# tools:\n#   a: 1 # x\n\n  b: 2\ntoolset: 1\n";
        assert_eq!(draft.text, left, "an empty line ends a section");
    }
}
