use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    ops::Range,
    sync::Arc,
};

use camino::Utf8Path;
use serde_json::Value;

use super::{
    super::{
        types::Wrong,
        words::{described, is_hidden, listed, nearest, quoted, quoted_at},
    },
    Beside,
    interpolate::{self, Fault},
    node::Node,
};
use crate::value::{Problem, Source, Span, Text};

/// A Compose file that is being read: what is found wrong is remembered, and reading goes on.
pub(super) struct Reading<'r> {
    source: &'r Arc<Source>,
    values: &'r BTreeMap<String, Text>,
    beside: &'r Beside<'r>,
    faults: RefCell<Vec<Problem>>,
    warnings: RefCell<Vec<Problem>>,
    seen: RefCell<BTreeSet<String>>,
}

/// What was found beside what was read.
pub(super) struct Found {
    pub(super) faults: Vec<Problem>,
    pub(super) warnings: Vec<Problem>,
    /// Names whose values the file asks for.
    pub(super) seen: BTreeSet<String>,
}

impl<'r> Reading<'r> {
    pub(super) fn new(
        source: &'r Arc<Source>,
        values: &'r BTreeMap<String, Text>,
        beside: &'r Beside<'r>,
    ) -> Self {
        let (faults, warnings, seen) = <_>::default();
        Self { source, values, beside, faults, warnings, seen }
    }

    /// Everything that was found, in the order of the text.
    pub(super) fn into_found(self) -> Found {
        let sorted = |mut problems: Vec<Problem>| {
            // Those of other files, which have been asked for here, come last.
            let here = |span: &Span| (span.name() != self.source.name(), span.line(), span.column());
            problems.sort_by_key(|problem| problem.span.as_deref().map(here));
            problems
        };
        Found {
            faults: sorted(self.faults.into_inner()),
            warnings: sorted(self.warnings.into_inner()),
            seen: self.seen.into_inner(),
        }
    }

    /// The folder that paths in the file are relative to.
    pub(super) fn folder(&self) -> &Utf8Path {
        self.beside.folder
    }

    /// A file that it names; `None` of one that is not there.
    pub(super) fn open(&self, path: &Utf8Path) -> anyhow::Result<Option<Arc<Source>>> {
        (self.beside.open)(&self.beside.typed.join(path))
    }

    pub(super) fn at(&self, place: Range<usize>) -> Span {
        self.source.span(place.start, place.len())
    }

    pub(super) fn span(&self, node: &Node<'_>) -> Span {
        self.at(node.place())
    }

    /// Remembers a fault.
    pub(super) fn fault(&self, problem: Problem, span: &Span) {
        self.faults.borrow_mut().push(problem.at(Some(span)));
    }

    /// Remembers what is no fault, but probably not meant.
    pub(super) fn warn(&self, problem: Problem, span: &Span) {
        self.warnings.borrow_mut().push(problem.at(Some(span)));
    }

    /// Remembers that the value of `node` is wrong.
    pub(super) fn wrong(&self, node: &Node<'_>, wrong: Wrong) {
        let span = self.span(node);
        let value = node.value();
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let problem = match &value {
            Value::Null => Problem::manifest(format!("{} is empty", node.name())),
            Value::Array(_) | Value::Object(_) => {
                Problem::manifest(format!("wrong value of {}: {}", node.name(), described(&value)))
            }
            _ => Problem::manifest(format!("wrong value of {}: {}", node.name(), quoted_at(&span, &text))),
        };
        // Why and hint may hold the text in other words.
        let hidden = node.scalar().is_some() && is_hidden(&span, &text);
        let problem = if hidden {
            problem.why("it is not of the form that stands here")
        } else {
            problem.why(wrong.why)
        };
        let problem = match wrong.hint {
            Some(hint) if !hidden => problem.hint(hint),
            _ => problem,
        };
        self.fault(problem, &span);
    }

    /// Remembers that something else was expected there, which `what` names to follow that word.
    pub(super) fn expected(&self, node: &Node<'_>, what: &str) {
        let found = node.value();
        let wrong = match &found {
            Value::Null => {
                Wrong::new(format!("expected {what}")).hint("give it a value, or take the key away")
            }
            found => Wrong::new(format!("expected {what}, found {}", described(found))),
        };
        self.wrong(node, wrong);
    }

    /// The text of a single value, numbers and `true` as they are written, with its holes filled.
    pub(super) fn text(&self, node: &Node<'_>) -> Option<Text> {
        match node.scalar() {
            Some(Value::String(text)) => self.filled(text, node),
            Some(value @ (Value::Number(_) | Value::Bool(_))) => {
                let (text, span) = (value.to_string(), self.span(node));
                if span.text() == text {
                    return Some(text.into());
                }
                let why = format!("{} is read as {}", quoted(span.text()), quoted(&text));
                self.wrong(node, Wrong::new(why).hint(format!("write it in quotes: `\"{}\"`", span.text())));
                None
            }
            _ => {
                self.expected(node, "a text");
                None
            }
        }
    }

    /// The text that `node` is with its holes filled, where no secret may stand.
    pub(super) fn string(&self, node: &Node<'_>) -> Option<String> {
        let Some(Value::String(text)) = node.scalar() else {
            let hint = matches!(node.scalar(), Some(Value::Number(_) | Value::Bool(_)));
            let wrong = Wrong::new(format!("expected a text, found {}", described(&node.value())));
            if hint {
                self.wrong(node, wrong.hint("a text of this look stands in quotes"));
            } else {
                self.expected(node, "a text");
            }
            return None;
        };
        self.plain(&self.filled(text, node)?, node)
    }

    /// The same of a single value of any kind.
    pub(super) fn any(&self, node: &Node<'_>) -> Option<String> {
        self.plain(&self.text(node)?, node)
    }

    /// What `parse` makes of it.
    pub(super) fn parsed<T>(
        &self,
        node: &Node<'_>,
        parse: impl FnOnce(&str) -> Result<T, Wrong>,
    ) -> Option<T> {
        let text = self.string(node)?;
        parse(&text).map_err(|wrong| self.wrong(node, wrong)).ok()
    }

    /// The same of a single value of any kind.
    pub(super) fn parsed_any<T>(
        &self,
        node: &Node<'_>,
        parse: impl FnOnce(&str) -> Result<T, Wrong>,
    ) -> Option<T> {
        let text = self.any(node)?;
        parse(&text).map_err(|wrong| self.wrong(node, wrong)).ok()
    }

    /// `true` or `false`.
    pub(super) fn switch(&self, node: &Node<'_>) -> Option<bool> {
        self.parsed_any(node, |text| text.parse().map_err(|_| Wrong::new("expected `true` or `false`")))
    }

    /// What the map at `node` holds.
    pub(super) fn entries<'t>(&self, node: &Node<'t>) -> Vec<Node<'t>> {
        node.entries().unwrap_or_else(|| {
            self.expected(node, "a map of keys");
            vec![]
        })
    }

    /// What the list at `node` holds.
    pub(super) fn items<'t>(&self, node: &Node<'t>) -> Vec<Node<'t>> {
        node.items().unwrap_or_else(|| {
            self.expected(node, "a list");
            vec![]
        })
    }

    /// What the list at `node` holds, or the one text that stands in its place.
    pub(super) fn one_or_items<'t>(&self, node: &Node<'t>) -> Vec<Node<'t>> {
        if matches!(node.scalar(), Some(Value::String(_))) { vec![node.clone()] } else { self.items(node) }
    }

    /// The values of a map that has no keys but `known`; the others are told, with what `instead` knows of them.
    pub(super) fn keys<'t>(
        &self,
        node: &Node<'t>,
        known: &'static [&'static str],
        instead: impl Fn(&str) -> Option<&'static str>,
    ) -> BTreeMap<&'static str, Node<'t>> {
        let mut found = BTreeMap::new();
        for entry in self.entries(node) {
            match known.iter().find(|key| **key == entry.key()) {
                Some(key) => drop(found.insert(*key, entry)),
                None => self.unknown(node, &entry, known, instead(entry.key())),
            }
        }
        found
    }

    fn unknown(&self, node: &Node<'_>, entry: &Node<'_>, known: &[&str], instead: Option<&str>) {
        let span = self.at(entry.key_place());
        let of = if node.is_root() { String::new() } else { format!(" of {}", node.name()) };
        let problem = Problem::manifest(format!("unknown key{of}: {}", quoted_at(&span, entry.key())))
            .why("forgectl takes a part of Compose's format, and refuses the rest rather than ignoring it");
        let problem = if let Some(instead) = instead {
            problem.hint(instead)
        } else if let Some(near) = nearest(entry.key(), known.iter().copied()) {
            problem.hint(format!("did you mean `{near}`?"))
        } else if entry.key() == "<<" {
            problem.hint("merge keys are not taken: write the keys out")
        } else {
            let known: Vec<_> = known.iter().map(|name| format!("`{name}`")).collect();
            problem.hint(format!("known keys are {}", listed(&known, " and ")))
        };
        self.fault(problem, &span);
    }

    /// `text` with its holes filled; it stands at `node`.
    pub(super) fn filled(&self, text: &str, node: &Node<'_>) -> Option<Text> {
        let mut see = |name: &str| self.see(name);
        match interpolate::interpolate(text, self.values, &mut see) {
            Ok(text) => Some(text),
            Err(Fault::Form(wrong)) => {
                self.wrong(node, wrong);
                None
            }
            Err(Fault::Missing(missing)) => {
                self.missing(&missing, &self.span(node), &node.name());
                None
            }
        }
    }

    /// Fills the holes of a text of another file, which stands at `span` in it.
    pub(super) fn filled_at(&self, text: &str, span: &Span, name: &str) -> Option<Text> {
        let mut see = |name: &str| self.see(name);
        match interpolate::interpolate(text, self.values, &mut see) {
            Ok(text) => Some(text),
            Err(Fault::Form(wrong)) => {
                let problem = Problem::manifest(format!("wrong value of {name}")).why(wrong.why);
                self.fault(wrong.hint.into_iter().fold(problem, Problem::hint), span);
                None
            }
            Err(Fault::Missing(missing)) => {
                self.missing(&missing, span, name);
                None
            }
        }
    }

    fn see(&self, name: &str) {
        self.seen.borrow_mut().insert(name.to_owned());
    }

    fn missing(&self, missing: &interpolate::Missing, span: &Span, place: &str) {
        let name = quoted(&missing.name);
        let what = if missing.is_empty { "empty value" } else { "missing value" };
        let mut problem = Problem::manifest(format!("{what}: {name}")).why(format!("{place} needs it"));
        if !missing.message.is_empty() {
            problem = problem.why(format!("the file says of it: {}", quoted(&missing.message)));
        }
        if let Some(near) = nearest(&missing.name, self.values.keys().map(String::as_str)) {
            problem = problem.hint(format!("did you mean `${{{near}:?}}`?"));
        }
        let hint = format!("give {name} below `values` or `secrets` of the service in the manifest");
        self.fault(problem.hint(hint), span);
    }

    /// `text` where no secret may stand: what is no variable can be read by everybody who may ask the engine, and in lists of
    /// processes.
    fn plain(&self, text: &Text, node: &Node<'_>) -> Option<String> {
        let plain = text.plain().map(str::to_owned);
        if plain.is_none() {
            let names: Vec<_> = text.secrets().map(|name| format!("`{name}`")).collect();
            let problem = Problem::manifest(format!("secret outside of an environment: {}", listed(&names, " and ")))
                .why(format!("{} is shown to whoever asks for containers or processes", node.name()))
                .hint("give it to the container as a variable, below `environment`, and let what runs in it read that");
            self.fault(problem, &self.span(node));
        }
        plain
    }
}
