//! What Homebrew offers: asked of its own pages, a file a formula or cask, and of the lists that it fetched itself
//! (docs/mac-facts.md#brew-pages).

use std::{
    collections::{BTreeMap, HashSet},
    fmt,
};

use anyhow::Result;
use serde::{Deserialize, de::DeserializeOwned};

use crate::machine::{Look, Looking};

const PAGES: &str = "https://formulae.brew.sh/api";
const SOURCES: &str = "https://raw.githubusercontent.com/Homebrew";

/// The two kinds of things that Homebrew installs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Sort {
    /// Programs and libraries in the Cellar.
    Formula,
    /// Apps, and whatever else comes from elsewhere as it is.
    Cask,
}

impl Sort {
    /// Its name in pages, flags and files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Formula => "formula",
            Self::Cask => "cask",
        }
    }

    /// The other one.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::Formula => Self::Cask,
            Self::Cask => Self::Formula,
        }
    }
}

impl fmt::Display for Sort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// What came of asking.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Asked<T> {
    /// This.
    Known(T),
    /// There is no such thing.
    None,
    /// It could not be found out, and why.
    Unknown(String),
}

impl<T> Asked<T> {
    /// What is known.
    pub fn known(self) -> Option<T> {
        match self {
            Self::Known(known) => Some(known),
            Self::None | Self::Unknown(_) => None,
        }
    }
}

/// A formula as its page has it.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(default)]
pub struct FormulaPage {
    /// Its name.
    pub name: String,
    /// Names that it has beside.
    pub aliases: Vec<String>,
    /// Names that it had.
    pub oldnames: Vec<String>,
    /// Its versions.
    pub versions: Versions,
    /// How often its bottle was made anew in this version; a part of the version then.
    pub revision: u64,
    /// What it stands on at run time.
    pub dependencies: Vec<String>,
    /// Whether Homebrew does not install it any more.
    pub disabled: bool,
    /// Whether Homebrew is about to.
    pub deprecated: bool,
}

/// The versions of a formula.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(default)]
pub struct Versions {
    /// The newest release.
    pub stable: Option<String>,
}

impl FormulaPage {
    /// The newest version, as the Cellar has it.
    pub fn version(&self) -> Option<String> {
        let stable = self.versions.stable.clone()?;
        Some(if self.revision == 0 { stable } else { format!("{stable}_{}", self.revision) })
    }
}

/// What Homebrew knows of a formula by its name of now.
pub fn formula(look: &dyn Look, name: &str) -> Result<Asked<FormulaPage>> {
    page(look, &format!("{PAGES}/formula/{name}.json"))
}

pub(super) fn page<T: DeserializeOwned>(look: &dyn Look, url: &str) -> Result<Asked<T>> {
    Ok(match look.get(url)? {
        Err(why) => Asked::Unknown(why),
        Ok(reply) if reply.status == 404 => Asked::None,
        Ok(reply) if reply.status != 200 => Asked::Unknown(format!("{url} answered {}", reply.status)),
        Ok(reply) => serde_json::from_slice(&reply.body)
            .map_or_else(|error| Asked::Unknown(format!("{url}: {error}")), Asked::Known),
    })
}

pub(super) fn cask_url(token: &str) -> String {
    format!("{PAGES}/cask/{token}.json")
}

/// What `name`, of which there is no page, is called now: its pages have no former names and no aliases.
pub fn renamed(look: &dyn Look, sort: Sort, name: &str) -> Result<Asked<String>> {
    let (repository, list) = match sort {
        Sort::Formula => ("homebrew-core", "formula_renames.json"),
        Sort::Cask => ("homebrew-cask", "cask_renames.json"),
    };
    let renames: BTreeMap<String, String> = match page(look, &format!("{SOURCES}/{repository}/HEAD/{list}"))?
    {
        Asked::Known(renames) => renames,
        Asked::None => return Ok(Asked::Unknown(format!("{list} is not where it was"))),
        Asked::Unknown(why) => return Ok(Asked::Unknown(why)),
    };
    let mut seen = HashSet::from([name]);
    let mut now = renames.get(name);
    // A name can be given more than once.
    while let Some(next) = now.and_then(|now| renames.get(now)).filter(|next| seen.insert(next.as_str())) {
        now = Some(next);
    }
    Ok(match now {
        Some(now) => Asked::Known(now.clone()),
        None if sort == Sort::Formula => alias(look, name)?,
        None => Asked::None,
    })
}

/// An alias is a link to the formula's file: what is served of it is where it leads.
fn alias(look: &dyn Look, name: &str) -> Result<Asked<String>> {
    Ok(match look.get(&format!("{SOURCES}/homebrew-core/HEAD/Aliases/{name}"))? {
        Err(why) => Asked::Unknown(why),
        Ok(reply) if reply.status == 404 => Asked::None,
        Ok(reply) if reply.status != 200 => Asked::Unknown(format!("its aliases: status {}", reply.status)),
        Ok(reply) => {
            let target = String::from_utf8_lossy(&reply.body).trim().to_owned();
            let file = target.rsplit('/').next().and_then(|file| file.strip_suffix(".rb"));
            file.map_or(Asked::None, |file| Asked::Known(file.to_owned()))
        }
    })
}

/// The names of all that this Homebrew knows of, as it was last updated; none where it never was.
pub fn known_names(look: &dyn Look, sort: Sort) -> Result<Vec<String>> {
    let list = look.identity()?.home.join(format!("Library/Caches/Homebrew/api/{sort}_names.txt"));
    let names = look.read_text(&list)?.unwrap_or_default();
    Ok(names.lines().map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect())
}

/// Those of the names that this Homebrew knows of that are most like `name`, the likest first.
pub fn near_names(look: &dyn Look, sort: Sort, name: &str) -> Result<Vec<String>> {
    let names = known_names(look, sort)?;
    let mut near: Vec<(f64, String)> = names
        .into_iter()
        .map(|known| (strsim::normalized_damerau_levenshtein(&known, name), known))
        .filter(|(likeness, _)| *likeness >= 0.6)
        .collect();
    near.sort_by(|(one, _), (other, _)| other.total_cmp(one));
    Ok(near.into_iter().take(3).map(|(_, name)| name).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_has_more_than_is_read_and_may_lack_what_is() {
        let text = r#"{"name":"jq","full_name":"jq","oldnames":[],"aliases":["j"],"versions":{"stable":"1.8.1",
            "head":"HEAD","bottle":true},"revision":2,"dependencies":["oniguruma"],"deprecated":false,
            "bottle":{"stable":{"files":{}}},"variations":{}}"#;
        let page: FormulaPage = serde_json::from_str(text).unwrap();
        assert_eq!(page.version().as_deref(), Some("1.8.1_2"));
        assert_eq!((page.dependencies, page.aliases), (vec!["oniguruma".to_owned()], vec!["j".to_owned()]));
        assert_eq!(serde_json::from_str::<FormulaPage>("{}").unwrap().version(), None);
    }
}
