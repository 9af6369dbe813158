use std::{fmt, ops::Range, sync::Arc};

use serde::{Serialize, Serializer};

use super::secret::{self, HIDDEN};

/// A text that a person wrote, with the name they know it by.
#[derive(Debug)]
pub struct Source {
    name: String,
    text: String,
    line_starts: Vec<usize>,
    hidden: Vec<Range<usize>>,
}

impl Source {
    /// Remembers `text` under `name`, as the person typed it (`stack.yaml`).
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Arc<Self> {
        let text = text.into();
        let line_starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        let hidden = secret::hidden(&text);
        Arc::new(Self { name: name.into(), text, line_starts, hidden })
    }

    /// The name it was given.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The whole text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether `words`, which a parser may have taken from the text, tell a word of what is hidden in it.
    pub fn gives_away(&self, words: &str) -> bool {
        let apart = |c: char| !c.is_alphanumeric();
        let told: Vec<&str> = words.split(apart).filter(|word| !word.is_empty()).collect();
        let hidden = self.hidden.iter().filter_map(|range| self.text.get(range.clone()));
        hidden.flat_map(|part| part.split(apart)).any(|word| told.contains(&word))
    }

    /// The part that starts at byte `offset` and has `length` bytes; both are brought within the text
    /// and onto character boundaries.
    pub fn span(self: &Arc<Self>, offset: usize, length: usize) -> Span {
        let start = self.text.floor_char_boundary(offset.min(self.text.len()));
        let end = self.text.ceil_char_boundary(start.saturating_add(length).min(self.text.len()));
        Span { source: Arc::clone(self), start, end }
    }
}

/// A line of a [`Source`] as it may be shown, and the part of it that is meant, in characters.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Excerpt {
    /// The line.
    pub line: String,
    /// How many characters stand before the part.
    pub start: usize,
    /// How many characters it has on this line; at least one, even at the line's end.
    pub width: usize,
}

/// A part of a [`Source`]. Prints as `name:line:column`, both counted from one, the column in characters.
#[derive(Clone)]
pub struct Span {
    source: Arc<Source>,
    start: usize,
    end: usize,
}

impl Span {
    /// Its first byte in the text.
    pub fn start(&self) -> usize {
        self.start
    }

    /// Its line, counted from one.
    pub fn line(&self) -> usize {
        self.source.line_starts.partition_point(|&at| at <= self.start)
    }

    /// Its first column, counted in characters from one.
    pub fn column(&self) -> usize {
        self.source.text[self.line_start()..self.start].chars().count() + 1
    }

    /// The name of the source.
    pub fn name(&self) -> &str {
        self.source.name()
    }

    /// The line that it starts on, as it may be shown: without the line end, and with what may be a secret as [`HIDDEN`].
    pub fn excerpt(&self) -> Excerpt {
        let source = &*self.source;
        let line = self.line_start()..self.line_start() + self.line_text().len();
        let before = |at: usize| {
            let hiding = source.hidden.iter().find(|range| range.contains(&at));
            let at = hiding.map_or(at, |range| range.start).max(line.start);
            secret::without(&source.text, line.start..at, &source.hidden).chars().count()
        };
        let start = before(self.start.min(line.end));
        let last = self.end.min(line.end).max(self.start.min(line.end));
        let hidden_end = source.hidden.iter().any(|range| range.start < last && last < range.end);
        let end = before(last) + if hidden_end { HIDDEN.len() } else { 0 };
        Excerpt {
            line: secret::without(&source.text, line, &source.hidden),
            start,
            width: end.saturating_sub(start).max(1),
        }
    }

    /// Whether some of it may be a secret.
    pub fn is_hidden(&self) -> bool {
        self.source.hidden.iter().any(|range| range.start < self.end && self.start < range.end)
    }

    fn line_text(&self) -> &str {
        self.source.text[self.line_start()..].lines().next().unwrap_or("")
    }

    /// The text that it covers, to be judged; what is shown of it goes by [`Self::is_hidden`].
    pub fn text(&self) -> &str {
        &self.source.text[self.start..self.end]
    }

    /// `name:line`, as a plan prints it.
    pub fn short(&self) -> String {
        format!("{}:{}", self.name(), self.line())
    }

    fn line_start(&self) -> usize {
        self.source.line_starts[self.line() - 1]
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.name(), self.line(), self.column())
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl fmt::Debug for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl PartialEq for Span {
    fn eq(&self, other: &Self) -> bool {
        (self.name(), self.start, self.end) == (other.name(), other.start, other.end)
    }
}

impl Eq for Span {}
