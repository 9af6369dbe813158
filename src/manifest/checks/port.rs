use super::{
    super::{stack::Stack, types::Ollama, words::quoted},
    Findings,
};
use crate::value::Problem;

/// The first port that anybody may take (docs/mac-facts.md#low-ports).
const FIRST_FREE: u16 = 1024;

/// Warns of a port that the server will not get: it runs as the user, at login and at boot alike.
pub(super) fn check(ollama: &Ollama, stack: &Stack, findings: &mut Findings) {
    if ollama.port >= FIRST_FREE || ollama.listen.address().is_unspecified() {
        return;
    }
    let problem = Problem::manifest(format!("port that only root can take: {}", quoted(&ollama.port.to_string())))
        .why(format!(
            "on one address macOS gives the ports below {FIRST_FREE} to root alone, and the server runs as the user"
        ))
        .hint(format!("take a port from {FIRST_FREE} on; 11434 is Ollama's own"));
    findings.warnings.push(problem.at(Some(&stack.span(&["ollama", "port"]))));
}
