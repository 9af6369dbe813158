use crate::value::Problem;

/// What a resource says of moving its lock.
const MOVES: &str = "forgectl lock --update ";

/// `problem` with the `flags` of its stack in each command that moves the lock: who has not applied it yet has to name it, and no
/// resource knows what it is called.
pub(in crate::engine) fn naming(mut problem: Problem, flags: &str) -> Problem {
    for command in problem.remedy.iter_mut().filter(|command| command.starts_with(MOVES)) {
        *command = format!("{command} {flags}");
    }
    problem
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_that_moves_a_lock_names_the_stack_and_others_stay() {
        let problem =
            Problem::mac("no").remedy("brew info jq").remedy("forgectl lock --update brew-formula/jq");
        let named = naming(problem, "--stack stack.yaml --on sim:mac.json");
        let moves = "forgectl lock --update brew-formula/jq --stack stack.yaml --on sim:mac.json";
        assert_eq!(named.remedy, ["brew info jq", moves]);
    }
}
