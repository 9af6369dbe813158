use std::{fmt, sync::Arc};

use serde::{Serialize, Serializer};

/// A text that a person wrote, with the name they know it by.
#[derive(Debug)]
pub struct Source {
    name: String,
    text: String,
    line_starts: Vec<usize>,
}

impl Source {
    /// Remembers `text` under `name`, as the person typed it (`stack.yaml`).
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Arc<Self> {
        let text = text.into();
        let line_starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Arc::new(Self { name: name.into(), text, line_starts })
    }

    /// The name it was given.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The whole text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The part that starts at byte `offset` and has `length` bytes; both are brought within the text
    /// and onto character boundaries.
    pub fn span(self: &Arc<Self>, offset: usize, length: usize) -> Span {
        let start = self.text.floor_char_boundary(offset.min(self.text.len()));
        let end = self.text.ceil_char_boundary(start.saturating_add(length).min(self.text.len()));
        Span { source: Arc::clone(self), start, end }
    }
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

    /// The whole line that it starts on, without the line end.
    pub fn line_text(&self) -> &str {
        self.source.text[self.line_start()..].lines().next().unwrap_or("")
    }

    /// How many characters of that line it covers; at least one.
    pub fn width(&self) -> usize {
        let line_end = self.line_start() + self.line_text().len();
        let end = self.end.min(line_end).max(self.start.min(line_end));
        self.source.text[self.start.min(end)..end].chars().count().max(1)
    }

    /// The text that it covers.
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
