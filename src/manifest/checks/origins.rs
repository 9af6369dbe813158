use super::{
    super::{stack::Stack, types::Ollama},
    Findings,
};
use crate::value::Problem;

/// Warns of origins that let every web page use the server (docs/mac-facts.md#ollama-origins).
pub(super) fn check(ollama: &Ollama, stack: &Stack, findings: &mut Findings) {
    const NAME: &str = "OLLAMA_ORIGINS";
    let Some(origins) = ollama.environment.get(NAME) else { return };
    if origins.split(',').any(|origin| is_any_page(origin.trim())) {
        let problem = Problem::manifest(format!("every web page may use this server: `{NAME}`"))
            .why("a page that is open in a browser on a Mac that reaches the server can load, ask and delete its models")
            .hint("name the pages that need it, with commas between them: `https://chat.example`");
        findings.warnings.push(problem.at(Some(&stack.span(&["ollama", "environment", NAME]))));
    }
}

/// `*`, `http://*`, `https://*:*`: any host of the web.
fn is_any_page(origin: &str) -> bool {
    let host = match origin.split_once("://") {
        None => origin,
        Some(("http" | "https" | "*", host)) => host,
        Some(_) => return false,
    };
    host == "*" || host.strip_prefix("*:").is_some()
}
