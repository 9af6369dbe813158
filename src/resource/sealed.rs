use std::fmt;

use anyhow::Result;

use super::secrets_folder;
use crate::{
    machine::{Look, Looking},
    value::{SecretName, seal},
};

/// The secrets that forgectl keeps on a node, to be known again where they stand in a text.
#[derive(Default)]
pub struct Seals(Vec<(SecretName, String)>);

impl Seals {
    /// Those of the node behind `look`.
    pub fn read(look: &dyn Look) -> Result<Self> {
        let folder = secrets_folder(&look.identity()?.state);
        let mut known = vec![];
        for name in look.list(&folder)?.unwrap_or_default() {
            let Ok(name) = name.parse::<SecretName>() else { continue };
            let path = folder.join(name.as_str());
            let is_file = look.stat(&path)?.is_some_and(|stat| stat.kind == crate::machine::Kind::File);
            let value = if is_file { look.read_text(&path)?.unwrap_or_default() } else { String::new() };
            if !value.is_empty() {
                known.push((name, value));
            }
        }
        // One that another begins with must not take the place of that.
        known.sort_by_key(|(_, value)| std::cmp::Reverse(value.len()));
        Ok(Self(known))
    }

    /// `text` with [`seal`]s in the places of secrets, as [`crate::value::Text::sealed`] writes what is wanted.
    pub fn sealed(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, (name, value)| text.replace(value, &seal(name)))
    }
}

/// As it may be shown: names alone.
impl fmt::Debug for Seals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}
