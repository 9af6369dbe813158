use super::{super::types::Wrong, node::Node, reading::Reading};

/// What is run: a list of words, or a line that is split as a shell would, since Compose splits it so. Nothing is `None`.
pub(super) fn words(reading: &Reading<'_>, node: &Node<'_>) -> Option<Vec<String>> {
    if node.is_empty() {
        return None;
    }
    if node.items().is_some() {
        return Some(texts(reading, node));
    }
    reading.parsed(node, split)
}

/// The texts of a list.
pub(super) fn texts(reading: &Reading<'_>, node: &Node<'_>) -> Vec<String> {
    reading.items(node).iter().filter_map(|item| reading.string(item)).collect()
}

/// Splits a line into words. No shell runs it, so that whatever only a shell knows is refused; so is what Compose splits
/// otherwise than a shell (docs/service-facts.md#compose-command).
fn split(line: &str) -> Result<Vec<String>, Wrong> {
    let shell = || {
        Wrong::new("no shell runs this, and outside quotes this sign means something to a shell alone")
            .hint("write a list, or `[\"sh\", \"-c\", \"…\"]` where a shell is meant")
    };
    let mut quote = None;
    for c in line.chars() {
        match (quote, c) {
            (_, '\\') => {
                return Err(Wrong::new(
                    "a backslash is not taken here: Compose reads it otherwise than a shell",
                )
                .hint("write a list instead"));
            }
            (Some(open), _) if open == c => quote = None,
            (None, '"' | '\'') => quote = Some(c),
            (None, ';' | '&' | '|' | '<' | '>' | '(' | ')' | '`' | '#') => return Err(shell()),
            _ => {}
        }
    }
    shlex::split(line).ok_or_else(|| Wrong::new("a quotation mark is missing"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_split_into_words() {
        assert_eq!(split("redis-server --save 60 1").unwrap(), ["redis-server", "--save", "60", "1"]);
        assert_eq!(split(" -c 'a && b' \"c d\"e \n").unwrap(), ["-c", "a && b", "c de"]);
        assert!(split("").unwrap().is_empty());
    }

    #[test]
    fn what_only_a_shell_knows_is_refused() {
        for line in ["a && b", "a; b", "a | b", "a > b", "(a)", "a #b", "`a`", "a\\ b", "a 'b"] {
            assert!(split(line).is_err(), "{line}");
        }
    }
}
