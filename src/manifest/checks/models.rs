use super::{super::stack::Stack, Findings};
use crate::value::{Problem, Span};

/// Refuses a model that is named twice, also by two spellings of one name: both would be the same files.
pub(super) fn check(stack: &Stack, findings: &mut Findings) {
    let models = &stack.manifest.models;
    let place = |at: usize| stack.span(&["models", &at.to_string(), "ollama"]);
    for (at, model) in models.iter().enumerate() {
        let same = |other: &super::super::types::Model| other.ollama.is_same_file(&model.ollama);
        if let Some(first) = models.iter().take(at).position(same) {
            let first: Span = place(first);
            let problem = Problem::manifest(format!("model named twice: `{}`", model.ollama));
            let problem = problem.why(format!("the first one is at {first}, `{}`", first.text()));
            findings.faults.push(problem.at(Some(&place(at))));
        }
    }
}
