use std::ops::Range;

use serde_json::Value;

use super::super::{reading::Tree, words::dotted};

/// A value of a Compose file and the way that leads to it.
#[derive(Clone, Debug)]
pub(super) struct Node<'t> {
    tree: &'t Tree,
    place: Range<usize>,
    path: Vec<String>,
}

impl<'t> Node<'t> {
    /// The whole file.
    pub(super) fn root(tree: &'t Tree) -> Self {
        Self { tree, place: tree.place(&[]), path: vec![] }
    }

    /// Its bytes where it is a single value, else those of its key.
    pub(super) fn place(&self) -> Range<usize> {
        self.tree.own_place().unwrap_or_else(|| self.place.clone())
    }

    /// The bytes of its key, or of the item of a list that it is.
    pub(super) fn key_place(&self) -> Range<usize> {
        self.place.clone()
    }

    /// Its path in backticks: `services.web.ports[0]`.
    pub(super) fn name(&self) -> String {
        dotted(&self.path)
    }

    /// The last step of its path.
    pub(super) fn key(&self) -> &str {
        self.path.last().map_or("", String::as_str)
    }

    /// Whether it is the whole file.
    pub(super) fn is_root(&self) -> bool {
        self.path.is_empty()
    }

    /// The single value that it is.
    pub(super) fn scalar(&self) -> Option<&'t Value> {
        self.tree.scalar()
    }

    /// Whether nothing stands there.
    pub(super) fn is_empty(&self) -> bool {
        self.scalar().is_some_and(Value::is_null)
    }

    /// The items of the list that it is.
    pub(super) fn items(&self) -> Option<Vec<Self>> {
        let items = self.tree.items()?.iter().enumerate();
        Some(items.map(|(at, tree)| self.step(at.to_string(), tree, tree.own_place())).collect())
    }

    /// The values of the map that it is.
    pub(super) fn entries(&self) -> Option<Vec<Self>> {
        let entries = self.tree.entries()?;
        Some(entries.map(|(key, place, tree)| self.step(key.to_owned(), tree, Some(place))).collect())
    }

    /// What it is, to follow the word *found*.
    pub(super) fn value(&self) -> Value {
        self.tree.value()
    }

    fn step(&self, step: String, tree: &'t Tree, place: Option<Range<usize>>) -> Self {
        let path = self.path.iter().cloned().chain([step]).collect();
        Self { tree, place: place.unwrap_or_else(|| tree.place(&[])), path }
    }
}
