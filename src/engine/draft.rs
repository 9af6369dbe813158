use std::collections::BTreeMap;

use anyhow::{Error, Result};
use serde::Serialize;

use super::{
    plan::{Item, Plan},
    survey::survey,
};
use crate::{
    blueprint,
    machine::{Halt, Look},
    manifest::{self, Stack},
    value::{Problem, Problems, Source, Span},
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

/// A section that was left out, or a part of one.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct LeftOut {
    /// Its key, `ollama`, or `tools.homebrew` for one key of a section.
    pub key: String,
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

    /// Makes a section, or one key of it as in `tools.homebrew`, a comment below the reason.
    pub(super) fn leave_out(&mut self, key: &str, why: &str) {
        let why = one_line(why);
        let (section, child) = key.split_once('.').map_or((key, None), |(section, key)| (section, Some(key)));
        let begins = |line: &str, indent: &str, key: &str| {
            let rest = line.strip_prefix(indent).and_then(|rest| rest.strip_prefix(key));
            rest.is_some_and(|rest| rest.starts_with(':'))
        };
        let mut lines: Vec<String> = vec![];
        let (mut in_section, mut in_child, mut head) = (false, false, None);
        for line in self.text.lines() {
            if begins(line, "", section) {
                in_section = true;
                head = Some(lines.len());
            } else {
                in_section &= line.starts_with(' ');
            }
            let first = match child {
                None => begins(line, "", section),
                Some(child) => in_section && begins(line, "  ", child),
            };
            in_child = first || in_child && in_section && (child.is_none() || line.starts_with("   "));
            let indent = if child.is_some() { "  " } else { "" };
            if first {
                lines.push(format!("{indent}# Left out: {why}"));
            }
            let text = line.strip_prefix(indent).unwrap_or(line);
            lines.push(if in_child { format!("{indent}# {text}") } else { line.to_owned() });
        }
        // A section of which nothing is left is none.
        if let (Some(head), Some(_)) = (head, child) {
            let within = lines.iter().skip(head + 1).take_while(|line| line.starts_with(' '));
            if within.filter(|line| !line.trim_start().starts_with('#')).count() == 0 {
                lines[head] = format!("# {}", lines[head]);
            }
        }
        self.text = lines.join("\n") + "\n";
        self.left_out.push(LeftOut { key: key.to_owned(), why });
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
            let plan = match survey(look, &stack) {
                Ok(plan) => plan,
                Err(error) => {
                    let Some((key, why)) = hidden(&stack, &error) else { return Err(error) };
                    self.leave_out(&key, &why);
                    continue;
                }
            };
            let blamed = blamed(&stack, &plan, aim);
            if blamed.is_empty() {
                return if plan.refusals.is_empty() {
                    Ok((self, plan))
                } else {
                    Err(Problems(plan.refusals).into())
                };
            }
            for (key, why) in blamed {
                self.leave_out(&key, &why);
            }
        }
    }
}

/// Sections whose keys are each wanted by itself: what speaks against one speaks against no other.
const LISTS: [&str; 1] = ["tools"];

/// The key of a manifest that `span` is in, if that can be left out.
fn key(stack: &Stack, span: &Span) -> Option<String> {
    match stack.keys(span).as_slice() {
        [section, key] if LISTS.contains(section) => Some(format!("{section}.{key}")),
        [section, ..] if !manifest::OF_ALL.contains(section) => Some((*section).to_owned()),
        _ => None,
    }
}

/// The key that asks for what cannot even be looked at, and why.
fn hidden(stack: &Stack, error: &Error) -> Option<(String, String)> {
    if Halt::of(error).is_some() {
        return None;
    }
    let problem = Problem::from_error(error);
    Some((key(stack, problem.span.as_deref()?)?, reason(&problem)))
}

/// What a problem is, and its first cause.
fn reason(problem: &Problem) -> String {
    std::iter::once(&problem.what).chain(problem.why.first()).cloned().collect::<Vec<_>>().join("; ")
}

/// The keys that keep `plan` from its aim, and why.
fn blamed(stack: &Stack, plan: &Plan, aim: Aim) -> BTreeMap<String, String> {
    let mut blamed = BTreeMap::new();
    let mut blame = |span: Option<&Span>, why: String| {
        if let Some(key) = span.and_then(|span| key(stack, span)) {
            blamed.entry(key).or_insert(why);
        }
    };
    let of_item = |item: &Item| item.origin.clone();
    for refusal in &plan.refusals {
        let of_resource = || {
            let item = plan.items.iter().find(|item| Some(&item.id) == refusal.resource.as_ref());
            item.and_then(of_item)
        };
        let span = refusal.span.as_deref().cloned().or_else(of_resource);
        blame(span.as_ref(), reason(refusal));
    }
    for item in plan.changes() {
        let root = item.steps.iter().any(|step| step.sudo.is_some());
        if root && !plan.node.admin {
            blame(
                item.origin.as_ref(),
                format!("it needs root, and `{}` is no administrator", plan.node.user),
            );
        }
        if aim == Aim::Empty {
            blame(item.origin.as_ref(), format!("its plan would not be empty: {}: {}", item.id, item.reason));
        }
    }
    if let Some(shortage) = blueprint::disk_shortage(plan.counts().disk, plan.node.disk_free) {
        let large = plan.changes().filter(|item| item.quote.disk.max(item.quote.download) > Some(0));
        large.for_each(|item| blame(item.origin.as_ref(), shortage.what.clone()));
    }
    blamed
}

/// What stands in a comment, whatever somebody called a file.
pub(super) fn one_line(text: &str) -> String {
    text.split(|c: char| c.is_whitespace() || c.is_control()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn without(text: &str, key: &str) -> String {
        let mut draft = Draft::new("lab", text.to_owned());
        draft.leave_out(key, "it is\nnot there");
        draft.text
    }

    #[test]
    fn a_section_that_is_left_out_is_a_comment_and_nothing_else_is() {
        let text = "forge: 1\n# Of tools.\ntools:\n  a: 1 # x\n  b: 2\n\ntoolset: 1\n";
        let left = "forge: 1\n# Of tools.\n# Left out: it is not there\n# tools:\n#   a: 1 # x\n#   b: 2\n\ntoolset: 1\n";
        assert_eq!(without(text, "tools"), left);
    }

    #[test]
    fn a_key_is_left_out_by_itself_and_the_last_one_with_its_section() {
        let text = "tools:\n  a:\n    - x\n  b: 2\nother:\n  a: 1\n";
        let without_a = without(text, "tools.a");
        assert_eq!(
            without_a,
            "tools:\n  # Left out: it is not there\n  # a:\n  #   - x\n  b: 2\nother:\n  a: 1\n"
        );
        let without_both = without(&without_a, "tools.b");
        assert!(
            without_both.starts_with("# tools:\n") && without_both.ends_with("\n  # b: 2\nother:\n  a: 1\n")
        );
    }
}
