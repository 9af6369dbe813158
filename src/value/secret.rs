use std::{borrow::Cow, ops::Range};

/// What stands for a secret wherever the text around it is shown.
pub const HIDDEN: &str = "[hidden]";

/// Whether a key, a variable or another name is one that secrets are given under.
pub fn looks_secret(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    name.ends_with("KEY")
        || ["TOKEN", "PASSWORD", "PASSWD", "PASSPHRASE", "SECRET", "CREDENTIAL"]
            .iter()
            .any(|word| name.contains(word))
}

/// `text`, something that a person wrote, as it may be shown: whatever follows a name that looks secret is hidden.
pub fn masked(text: &str) -> Cow<'_, str> {
    let hidden = hidden(text);
    if hidden.is_empty() { Cow::Borrowed(text) } else { Cow::Owned(without(text, 0..text.len(), &hidden)) }
}

/// `text` without the user and the password that stand before the host of an address: all that is kept or shown of what was seen on a
/// Mac or said there.
pub fn without_credentials(text: &str) -> Cow<'_, str> {
    let hidden: Vec<_> = credentials(text).collect();
    if hidden.is_empty() { Cow::Borrowed(text) } else { Cow::Owned(without(text, 0..text.len(), &hidden)) }
}

/// The part `shown` of `text`, each of `hidden` in it as [`HIDDEN`].
pub(super) fn without(text: &str, shown: Range<usize>, hidden: &[Range<usize>]) -> String {
    let mut told = String::new();
    let mut from = shown.start;
    for range in hidden {
        let (start, end) = (range.start.max(from), range.end.min(shown.end));
        if start < end {
            told += text.get(from..start).unwrap_or_default();
            told += HIDDEN;
            from = end;
        }
    }
    told + text.get(from..shown.end).unwrap_or_default()
}

/// The parts of `text` that may hold secrets, rising and apart: from behind a name that looks secret to the end of the line
/// on which its value ends, and the value that an alias there stands for. It knows as much YAML as that takes, and what it
/// cannot tell it hides: the text may be no YAML at all.
pub(super) fn hidden(text: &str) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = vec![];
    for name in names(text) {
        let start = value_after(text, name.end);
        if found.last().is_some_and(|last| name.start < last.end) {
            continue;
        }
        let range = start..end_of_value(text, name.start, start);
        if range.start < range.end {
            found.push(range);
        }
    }
    let anchored: Vec<_> =
        found.iter().filter_map(|range| anchored(text, text.get(range.clone())?)).collect();
    found.extend(anchored);
    found.extend(credentials(text));
    found.sort_by_key(|range| range.start);
    let mut apart: Vec<Range<usize>> = vec![];
    for range in found {
        match apart.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => apart.push(range),
        }
    }
    apart
}

/// Who is named before the host of an address, and with which password.
fn credentials(text: &str) -> impl Iterator<Item = Range<usize>> {
    text.match_indices("://").filter_map(|(at, scheme)| {
        let start = at + scheme.len();
        let rest = text.get(start..)?;
        let end =
            rest.find(|c: char| c.is_whitespace() || matches!(c, '/' | '"' | '`')).unwrap_or(rest.len());
        Some(start..start + rest.get(..end)?.rfind('@')?)
    })
}

/// Where names that look secret stand.
fn names(text: &str) -> impl Iterator<Item = Range<usize>> {
    let of_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    text.split(move |c| !of_name(c))
        .filter(|word| looks_secret(word))
        .map(|word| word.as_ptr().addr() - text.as_ptr().addr())
        .map(move |start| {
            let rest = text.get(start..).unwrap_or_default();
            start..start + rest.find(|c| !of_name(c)).unwrap_or(rest.len())
        })
}

/// Where the value of a name that ends at `at` begins, or the line's end where it is on a later line.
fn value_after(text: &str, at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    let blank = [' ', '\t'];
    let behind = rest.trim_start_matches(['"', '\'']).trim_start_matches(blank);
    let behind = behind.strip_prefix([':', '=']).unwrap_or(behind).trim_start_matches(blank);
    at + rest.len() - behind.len()
}

/// The end of the line on which the value that begins at `start` ends; its name begins at `name`.
fn end_of_value(text: &str, name: usize, start: usize) -> usize {
    let before = text.get(..name).unwrap_or_default();
    let line = before.rsplit('\n').next().unwrap_or_default();
    let line_end = |from: usize| {
        let rest = text.get(from..).unwrap_or_default();
        from + rest.find('\n').unwrap_or(rest.len())
    };
    let remark = line.trim_start().starts_with('#') || line.contains(" #");
    if remark && !text.get(name..start).is_some_and(|head| head.contains([':', '='])) {
        return line_end(start);
    }
    let indent = line.len() - line.trim_start_matches([' ', '\t']).len();
    let flow = before.chars().fold(0_usize, |depth, c| match c {
        '{' | '[' => depth + 1,
        '}' | ']' => depth.saturating_sub(1),
        _ => depth,
    }) > 0;
    let begun = start + properties(text.get(start..).unwrap_or_default());
    let (mut quote, mut depth, mut ended, mut empty, mut former) = (None, 0_usize, false, true, ' ');
    for (at, c) in text.get(begun..).unwrap_or_default().char_indices() {
        match (quote, c) {
            (Some(mark), _) => quote = quote.filter(|_| mark != c),
            // Within a word it is an apostrophe.
            (None, '"' | '\'') if !former.is_alphanumeric() => quote = Some(c),
            (None, '{' | '[') => depth += 1,
            (None, '}' | ']') if depth > 0 => depth -= 1,
            (None, '}' | ']' | ',') if flow && depth == 0 => ended = true,
            (None, '\n') if depth == 0 && !empty => {
                let next = text.get(begun + at + 1..).unwrap_or_default();
                if ended || !flow && !is_deeper(next, indent) {
                    return begun + at;
                }
            }
            _ => {}
        }
        empty &= c.is_whitespace();
        former = c;
    }
    text.len()
}

/// The bytes of what may stand before a value: anchors, tags, the head of a block of text, a comment.
fn properties(text: &str) -> usize {
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches([' ', '\t']);
        let end = match rest.chars().next() {
            Some('&' | '!' | '|' | '>') => rest.find(char::is_whitespace),
            Some('#') => rest.find('\n'),
            _ => return text.len() - rest.len(),
        };
        rest = rest.get(end.unwrap_or(rest.len())..).unwrap_or_default();
    }
}

/// Whether the first line of `text` that is not blank is indented deeper than by `indent`.
fn is_deeper(text: &str, indent: usize) -> bool {
    let line = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    line.len() - line.trim_start_matches([' ', '\t']).len() > indent
}

/// Where what an alias stands for was written, if `value` is an alias.
fn anchored(text: &str, value: &str) -> Option<Range<usize>> {
    let ends = |c: char| c.is_whitespace() || matches!(c, ',' | '{' | '}' | '[' | ']');
    let alias = value.trim_start().strip_prefix('*')?.split(ends).next().filter(|name| !name.is_empty())?;
    let anchor = format!("&{alias}");
    let is_whole = |at: &usize| text.get(at + anchor.len()..).is_some_and(|rest| rest.starts_with(ends));
    let at = text.match_indices(&anchor).map(|(at, _)| at).find(is_whole)?;
    Some(at + anchor.len()..end_of_value(text, at, at + anchor.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_follows_a_name_that_looks_secret_is_hidden_to_the_end_of_the_line() {
        for (text, shown) in [
            ("OLLAMA_API_KEY: sk-4711", "OLLAMA_API_KEY: [hidden]"),
            ("a: {API_KEY: sk-4711, b: 1}", "a: {API_KEY: [hidden]"),
            ("\"api-key\" : 'sk-4711'", "\"api-key\" : [hidden]"),
            ("OLLAMA_API_KEY=sk-4711", "OLLAMA_API_KEY=[hidden]"),
            ("OLLAMA_API_KEY sk-4711", "OLLAMA_API_KEY [hidden]"),
            ("a: 1 # the password is sk-4711", "a: 1 # the password [hidden]"),
            ("proxy: http://me:sk-4711@proxy:3128/", "proxy: http://[hidden]@proxy:3128/"),
            ("\"http://sk@4711@proxy\", b", "\"http://[hidden]@proxy\", b"),
            ("Authorization_Token: Bearer sk-4711", "Authorization_Token: [hidden]"),
        ] {
            assert_eq!(masked(text), shown);
        }
        for text in [
            "http://a.example/@x",
            "a@b.example",
            "OLLAMA_API_KEY",
            "num_ctx: 4096",
            "ollama.environment.API_KEY",
            "keys: [a]",
            "",
        ] {
            let shown = masked(text);
            assert!(!shown.contains(HIDDEN), "{text}: {shown}");
        }
    }

    #[test]
    fn a_value_is_hidden_to_its_end_and_the_next_key_is_shown() {
        for value in [
            "sk-4711",
            "\n  sk-4711",
            "\nsk-4711",
            "|\n  sk\n\n  4711",
            "|\nsk-4711",
            "&a !!str\n  sk-4711",
            "\"sk\n4711\"",
            "'it''s\n4711'",
            "[a,\nsk-4711\n]",
            "# mine\n  sk-4711",
            "part\n   4711",
        ] {
            let text = format!("a: 1\nAPI_KEY: {value}\nnext: 2\n");
            let shown = masked(&text);
            assert!(!shown.contains("4711"), "{text}{shown}");
            assert!(
                shown.starts_with("a: 1\nAPI_KEY: ") && shown.ends_with("[hidden]\nnext: 2\n"),
                "{text}{shown}"
            );
        }
    }

    #[test]
    fn in_brackets_a_value_goes_on_to_a_comma_or_the_closing_one() {
        for value in ["sk\n4711, b: 1}", "\nsk-4711}", "{x:\nsk-4711},\nb: 1}", "\"}\nsk-4711\"}", "sk-4711"]
        {
            let text = format!("{{a: 1,\nAPI_KEY: {value}");
            assert!(!masked(&text).contains("4711"), "{text}");
        }
        assert_eq!(masked("{API_KEY: x,\nb: 1}"), "{API_KEY: [hidden]\nb: 1}");
    }

    #[test]
    fn of_an_address_only_who_asks_is_hidden() {
        for (text, shown) in [
            ("http://me:sk-4711@proxy:3128/x, https://h", "http://[hidden]@proxy:3128/x, https://h"),
            ("git clone https://sk-4711@github.com/a/b", "git clone https://[hidden]@github.com/a/b"),
            ("/Users/mickey/secret store/token", "/Users/mickey/secret store/token"),
        ] {
            assert_eq!(without_credentials(text), shown);
        }
    }

    #[test]
    fn what_an_alias_stands_for_is_hidden_too() {
        let text = "a: &mine sk-4711\nb: &mineral 1\nAPI_KEY: *mine\n";
        assert_eq!(masked(text), "a: &mine[hidden]\nb: &mineral 1\nAPI_KEY: [hidden]\n");
    }
}
