use std::{borrow::Cow, ffi::OsString};

/// A line that is being typed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Typed {
    /// Its words, the program's name first; that at the cursor ends there.
    pub(super) words: Vec<OsString>,
    /// Which of them is at the cursor.
    pub(super) index: usize,
    /// What of that word bash keeps, since it takes words apart at signs like `:` and `=`.
    kept: String,
    /// Whether that word is in quotes that are still open.
    quoted: bool,
}

impl Typed {
    /// That of a shell which says the words, and which of them is at the cursor.
    pub(super) fn of_words(words: &[OsString], index: usize) -> Option<Self> {
        let mut words = words.to_vec();
        if index == words.len() {
            words.push(OsString::new());
        }
        (index > 0 && index < words.len()).then_some(Self {
            words,
            index,
            kept: String::new(),
            quoted: false,
        })
    }

    /// That of bash, which says the `line`, how many bytes of it are before the cursor, and what it takes for the word there.
    pub(super) fn in_bash(line: &str, point: usize, word: &str) -> Option<Self> {
        let (before, after) = line.split_at_checked(point)?;
        let Split { mut words, last, open } = Split::of(before);
        let index = words.len().checked_sub(1).filter(|index| *index > 0)?;
        let rest_of_word = !after.starts_with(char::is_whitespace);
        words.extend(Split::of(after).words.into_iter().skip(rest_of_word.into()));
        let kept = last.strip_suffix(word).map(|kept| Split::of(kept).words.concat()).unwrap_or_default();
        let words = words.into_iter().map(OsString::from).collect();
        Some(Self { words, index, kept, quoted: open })
    }

    /// What bash is to put in the place of its word for `value`: with a space behind it unless it goes on.
    pub(super) fn word_for_bash(&self, value: &str) -> Option<String> {
        let rest = value.strip_prefix(&self.kept)?;
        if self.quoted {
            return Some(rest.to_owned());
        }
        let space = if value.ends_with(['/', ':', '=']) { "" } else { " " };
        Some(format!("{}{space}", escaped(rest)))
    }
}

/// With a backslash before each sign that means something to a shell.
fn escaped(text: &str) -> Cow<'_, str> {
    let plain = |c: char| c.is_alphanumeric() || "/._-=:+@%,~".contains(c);
    if text.chars().all(plain) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().flat_map(|c| (!plain(c)).then_some('\\').into_iter().chain([c])).collect())
}

/// A part of a line, taken apart as a shell does it.
struct Split {
    /// The last one is empty after a space.
    words: Vec<String>,
    /// The last one as it stands there.
    last: String,
    /// Whether the last one is in quotes that are still open.
    open: bool,
}

impl Split {
    fn of(text: &str) -> Self {
        let (mut words, mut last) = (vec![String::new()], String::new());
        let mut quote: Option<char> = None;
        let mut signs = text.chars();
        while let Some(sign) = signs.next() {
            if quote.is_none() && sign.is_whitespace() {
                if !last.is_empty() {
                    words.push(String::new());
                    last.clear();
                }
                continue;
            }
            last.push(sign);
            let taken = match (quote, sign) {
                (None, '\'' | '"') => {
                    quote = Some(sign);
                    None
                }
                (Some(open), _) if open == sign => {
                    quote = None;
                    None
                }
                (None | Some('"'), '\\') => {
                    let next = signs.next();
                    last.extend(next);
                    next
                }
                _ => Some(sign),
            };
            if let Some(word) = words.last_mut() {
                word.extend(taken);
            }
        }
        Self { words, last, open: quote.is_some() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(line: &str, word: &str) -> Typed {
        Typed::in_bash(line, line.len(), word).unwrap()
    }

    #[test]
    fn a_line_of_bash_is_taken_apart_as_bash_does_it() {
        let words = |line: &str| typed(line, "").words;
        assert_eq!(words("forgectl plan "), ["forgectl", "plan", ""]);
        assert_eq!(
            words(r#"forgectl  plan my\ lab.yaml 'x y' "a\"b"#),
            ["forgectl", "plan", "my lab.yaml", "x y", "a\"b"]
        );
        assert_eq!(
            Typed::in_bash("forge", 5, "forge"),
            None,
            "the program itself is not forgectl's to complete"
        );
        assert_eq!(Typed::in_bash("forgectl é", 10, ""), None, "in the middle of a sign");
    }

    #[test]
    fn what_stands_behind_the_cursor_counts_too() {
        let line = "forgectl plan --only po stack.yaml";
        let typed = Typed::in_bash(line, "forgectl plan --only po".len(), "po").unwrap();
        assert_eq!((typed.index, typed.words.len()), (3, 5));
        let inside = Typed::in_bash(line, "forgectl plan --only p".len(), "p").unwrap();
        assert_eq!(
            (inside.index, inside.words),
            (3, ["forgectl", "plan", "--only", "p", "stack.yaml"].map(Into::into).to_vec())
        );
    }

    #[test]
    fn bash_is_told_only_what_it_puts_in_the_place_of_its_own_word() {
        assert_eq!(
            typed("forgectl plan --on sim:ma", "ma").word_for_bash("sim:mac.json").unwrap(),
            "mac.json "
        );
        assert_eq!(typed("forgectl plan --on sim:", "").word_for_bash("sim:macs/").unwrap(), "macs/");
        assert_eq!(
            typed("forgectl plan my", "my").word_for_bash("my lab's.yaml").unwrap(),
            r"my\ lab\'s.yaml "
        );
        assert_eq!(
            typed("forgectl plan \"my l", "my l").word_for_bash("my lab.yaml").unwrap(),
            "my lab.yaml"
        );
        assert_eq!(
            typed(r"forgectl plan my\ l", r"my\ l").word_for_bash("my lab.yaml").unwrap(),
            r"my\ lab.yaml "
        );
    }

    #[test]
    fn a_word_that_is_not_begun_is_empty() {
        let words = ["forgectl", "plan"].map(OsString::from);
        assert_eq!(Typed::of_words(&words, 2).unwrap().words, ["forgectl", "plan", ""]);
        assert_eq!(Typed::of_words(&words, 3), None);
        assert_eq!(Typed::of_words(&words, 0), None);
    }
}
