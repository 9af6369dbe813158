use std::{collections::BTreeMap, time::Duration};

use jiff::Timestamp;

use super::{Around, Asked, Kind, commands};
use crate::machine::{Output, Reply};

/// Runs a line of shell in a container: commands with quotes, variables and pipes, behind each other by `;`, `&&` and `||`. Nothing
/// else of a shell is imitated.
pub fn run(kind: Option<Kind>, around: &mut dyn Around, line: &str) -> (Output, Duration) {
    let (mut last, mut took) = (nothing(), Duration::ZERO);
    let (mut out, mut err) = (String::new(), String::new());
    for (joint, pipeline) in pipelines(line) {
        let goes = match joint {
            Joint::Always => true,
            Joint::IfGood => last.code == 0,
            Joint::IfBad => last.code != 0,
        };
        if !goes {
            continue;
        }
        let mut input = String::new();
        for part in split(&pipeline, "|") {
            let words = words(&part, around);
            if let [exit, code, ..] = words.as_slice()
                && exit == "exit"
            {
                return (Output { code: code.parse().unwrap_or(2), stdout: out, stderr: err }, took);
            }
            let (ran, time) = simple(kind, around, words, &input);
            took += time;
            err.push_str(&ran.stderr);
            input.clone_from(&ran.stdout);
            last = ran;
        }
        out.push_str(&last.stdout);
    }
    (Output { code: last.code, stdout: out, stderr: err }, took)
}

fn nothing() -> Output {
    Output { code: 0, stdout: String::new(), stderr: String::new() }
}

/// One command, its variables before it and its output to nowhere behind it.
fn simple(
    kind: Option<Kind>,
    around: &mut dyn Around,
    words: Vec<String>,
    input: &str,
) -> (Output, Duration) {
    let mut words: Vec<String> = words;
    let quiet = |word: &String| [">/dev/null", "1>/dev/null", "&>/dev/null"].contains(&word.as_str());
    let silent = words.iter().any(quiet) || words.windows(2).any(|two| two == [">", "/dev/null"]);
    let joined = words.iter().any(|word| word == "2>&1");
    words.retain(|word| !quiet(word) && !["2>&1", "2>/dev/null", ">", "/dev/null"].contains(&word.as_str()));
    let inverted = words.first().is_some_and(|word| word == "!");
    words.drain(..usize::from(inverted));
    let mut variables = BTreeMap::new();
    while let Some((name, value)) = words.first().and_then(|word| assignment(word)) {
        variables.insert(name, value);
        words.remove(0);
    }
    let mut with = With { around, variables };
    let (mut ran, took) = commands::run(kind, &mut with, &words, input);
    if joined {
        ran.stdout.push_str(&std::mem::take(&mut ran.stderr));
    }
    if silent {
        ran.stdout.clear();
    }
    if inverted {
        ran.code = i32::from(ran.code == 0);
    }
    (ran, took)
}

fn assignment(word: &str) -> Option<(String, String)> {
    let (name, value) = word.split_once('=')?;
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    (!name.is_empty() && name.bytes().all(fits)).then(|| (name.to_owned(), value.to_owned()))
}

/// The same container with other variables.
struct With<'a> {
    around: &'a mut dyn Around,
    variables: BTreeMap<String, String>,
}

impl Around for With<'_> {
    fn now(&self) -> Timestamp {
        self.around.now()
    }
    fn variable(&self, name: &str) -> Option<String> {
        self.variables.get(name).cloned().or_else(|| self.around.variable(name))
    }
    fn argv(&self) -> Vec<String> {
        self.around.argv()
    }
    fn read(&self, path: &str) -> Option<Vec<u8>> {
        self.around.read(path)
    }
    fn has(&self, path: &str) -> bool {
        self.around.has(path)
    }
    fn write(&mut self, path: &str, content: Vec<u8>) -> Result<(), String> {
        self.around.write(path, content)
    }
    fn ask(&mut self, asked: &Asked<'_>) -> (Result<Reply, String>, Duration) {
        self.around.ask(asked)
    }
}

#[derive(Clone, Copy)]
enum Joint {
    Always,
    IfGood,
    IfBad,
}

fn pipelines(line: &str) -> Vec<(Joint, String)> {
    let mut all = vec![];
    for list in split(line, ";") {
        for (nth, chain) in split(&list, "||").into_iter().enumerate() {
            for (mth, part) in split(&chain, "&&").into_iter().enumerate() {
                let joint = match (nth, mth) {
                    (0, 0) => Joint::Always,
                    (_, 0) => Joint::IfBad,
                    _ => Joint::IfGood,
                };
                all.push((joint, part));
            }
        }
    }
    all
}

/// Splits at `mark` where it is not quoted; a single `|` not where two stand.
fn split(line: &str, mark: &str) -> Vec<String> {
    let (mut parts, mut part, mut quote) = (vec![], String::new(), None);
    let mut rest = line;
    while let Some(c) = rest.chars().next() {
        let doubled = mark == "|" && rest.starts_with("||");
        if quote.is_none() && rest.starts_with(mark) && !doubled {
            parts.push(std::mem::take(&mut part));
            rest = rest.get(mark.len()..).unwrap_or_default();
            continue;
        }
        if c == '\\' && quote != Some('\'') {
            let two: String = rest.chars().take(2).collect();
            rest = rest.get(two.len()..).unwrap_or_default();
            part.push_str(&two);
            continue;
        }
        match quote {
            Some(open) if open == c => quote = None,
            None if c == '"' || c == '\'' => quote = Some(c),
            _ => {}
        }
        part.push(c);
        rest = rest.get(c.len_utf8()..).unwrap_or_default();
    }
    parts.push(part);
    parts.retain(|part| !part.trim().is_empty());
    parts
}

/// The words of a command, quotes taken off and variables put in.
fn words(part: &str, around: &dyn Around) -> Vec<String> {
    let (mut words, mut word, mut quote) = (vec![], None::<String>, None);
    let mut rest = part.chars().peekable();
    while let Some(c) = rest.next() {
        match (quote, c) {
            (None, ' ' | '\t' | '\n') => words.extend(word.take()),
            (Some(open), c) if open == c => quote = None,
            (None, '"' | '\'') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (Some('\''), c) => word.get_or_insert_default().push(c),
            (None, '\\') => word.get_or_insert_default().extend(rest.next()),
            (_, '\\') => {
                // Between double quotes it means something before these alone.
                let next = rest.next_if(|next| matches!(next, '$' | '`' | '"' | '\\'));
                word.get_or_insert_default().push(next.unwrap_or('\\'));
            }
            (_, '$') => {
                let braced = rest.next_if_eq(&'{').is_some();
                let mut name = String::new();
                while let Some(c) = rest.next_if(|c| c.is_ascii_alphanumeric() || *c == '_') {
                    name.push(c);
                }
                if braced {
                    rest.next_if_eq(&'}');
                }
                let value =
                    if name.is_empty() { "$".to_owned() } else { around.variable(&name).unwrap_or_default() };
                word.get_or_insert_default().push_str(&value);
            }
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}
