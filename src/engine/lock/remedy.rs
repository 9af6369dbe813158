use crate::value::{Problem, Typed};

/// What a resource says of moving its lock, and of another value of its secret.
const OF_ONE: [&str; 2] = ["forgectl lock --update ", "forgectl secrets rotate "];

/// What it says of its manifest.
const MANIFEST: &str = " STACK";

/// `problem` with the manifest and the target in each command that needs them: who has not applied it yet has to name it, and no
/// resource knows what it is called.
pub(in crate::engine) fn naming(mut problem: Problem, typed: &Typed) -> Problem {
    for command in &mut problem.remedy {
        if OF_ONE.iter().any(|said| command.starts_with(said)) {
            *command = format!("{command} {}", typed.flags());
        } else if let Some(said) = command.strip_suffix(MANIFEST) {
            *command = typed.command(said, &typed.manifest);
        }
    }
    problem
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_that_is_about_a_stack_names_it_and_others_stay() {
        let problem = Problem::mac("no")
            .remedy("brew info jq")
            .remedy("forgectl lock --update brew-formula/jq")
            .remedy("forgectl secrets rotate app-key")
            .remedy("forgectl apply STACK");
        let typed = Typed { manifest: "stack.yaml".into(), target: Some("sim:mac.json".into()) };
        let named = naming(problem, &typed);
        let moves = "forgectl lock --update brew-formula/jq --stack stack.yaml --on sim:mac.json";
        let rotates = "forgectl secrets rotate app-key --stack stack.yaml --on sim:mac.json";
        assert_eq!(
            named.remedy,
            ["brew info jq", moves, rotates, "forgectl apply stack.yaml --on sim:mac.json"]
        );
    }
}
