use std::{collections::BTreeSet, time::Duration};

use anyhow::Result;
use camino::Utf8Path;

use super::{Evidence, Quote, Removal, Resource, change};
use crate::{
    journal::Receipt,
    machine::{Look, Looking, tool::brew},
    step::{InstallFormula, MarkFormula, ReturnFormula, Step, UninstallFormula, UpgradeFormula},
    value::{Delta, Deltas, Id, Place, Problem, State, Value, VersionRange, Want, Wanted},
};

/// A formula of Homebrew's.
#[derive(Debug)]
pub struct Formula {
    /// Its name.
    pub name: String,
    /// Which versions will do; any without.
    pub version: Option<VersionRange>,
    /// The job of ours that runs it, when it is there.
    pub restarts: Option<String>,
}

impl Resource for Formula {
    fn id(&self) -> Id {
        Id::new("brew-formula", &self.name)
    }

    fn place(&self) -> Place {
        Place::Formula { name: self.name.clone() }
    }

    fn wanted(&self) -> Wanted {
        let version = self.version.clone().map_or(Want::Present, Want::Within);
        Wanted::from([("version".into(), version), ("requested".into(), Want::Is(true.into()))])
    }

    fn reason(&self, found: &State, deltas: &[Delta]) -> String {
        match deltas.iter().find(|delta| delta.field.as_str() == "version") {
            Some(_) if !found.present => "install".into(),
            Some(delta) => change(delta),
            None => "keep it when nothing else needs it".into(),
        }
    }

    fn hindrance(&self, found: &State, _: bool) -> Option<Problem> {
        let version = found.get("version").as_text()?;
        let wrong = self.version.as_ref().is_some_and(|range| !range.allows(version));
        (wrong && *found.get("pinned") == Value::Bool(true)).then(|| {
            Problem::mac(format!("somebody has pinned `{}` to {version}", self.name))
                .why(format!(
                    "wanted: {}",
                    self.version.as_ref().map(ToString::to_string).unwrap_or_default()
                ))
                .hint("let the manifest take that version, or unpin it:")
                .remedy(format!("brew unpin {}", self.name))
        })
    }

    /// What Homebrew fetches it says only when it does.
    fn quote(&self, _: &dyn Look) -> Result<Quote> {
        Ok(Quote::default())
    }

    fn steps(&self, found: &State, deltas: &Deltas) -> Vec<Box<dyn Step>> {
        let wrong = |field: &str| deltas.iter().any(|delta| delta.field.as_str() == field);
        let name = self.name.clone();
        if !found.present {
            return vec![Box::new(InstallFormula { name })];
        }
        let mut steps: Vec<Box<dyn Step>> = vec![];
        if wrong("version") {
            steps.push(Box::new(UpgradeFormula { name: name.clone(), restarts: self.restarts.clone() }));
        }
        if wrong("requested") {
            steps.push(Box::new(MarkFormula { name, on_request: true }));
        }
        steps
    }

    fn check(&self, look: &dyn Look, _: Duration) -> Result<Evidence> {
        let opt = format!("{}/opt/{}", brew::PREFIX, self.name);
        match brew::keg(look, &self.name)? {
            Some(keg) if self.version.as_ref().is_none_or(|range| range.allows(&keg.version)) => {
                Ok(vec![format!("{} {} is in {opt}", keg.name, keg.version)])
            }
            Some(keg) => Err(Problem::mac(format!("`{}` is of another version than wanted", self.name))
                .why(format!("found: {}", keg.version))
                .into()),
            None => Err(Problem::mac(format!("`{}` is not installed", self.name))
                .why(format!("{opt} is not there"))
                .into()),
        }
    }
}

pub(super) fn observe(look: &dyn Look, name: &str) -> Result<State> {
    let cellar = brew::names(look)?.map(|names| names.join(" "));
    let Some(keg) = brew::keg(look, name)? else { return Ok(State::absent().with("cellar", cellar)) };
    let pinned =
        look.stat(&Utf8Path::new(brew::PREFIX).join("var/homebrew/pinned").join(&keg.name))?.is_some();
    Ok(State::present()
        .with("version", keg.version)
        .with("requested", keg.on_request)
        .with("pinned", pinned)
        .with("cellar", cellar))
}

pub(super) fn removal(name: &str, receipt: &Receipt, found: &State) -> Removal {
    if !found.present {
        return Removal::default();
    }
    let former = |field: &str| receipt.former.get(field);
    let name = name.to_owned();
    if receipt.created() {
        return Removal::of(UninstallFormula { name, before: words(former("cellar")) });
    }
    let mut removal = Removal::default();
    let version = found.get("version");
    if former("version") != version {
        match former("version").as_text().filter(|_| receipt.ours("version", version)) {
            Some(version) => {
                let version = version.to_owned();
                removal.steps.push(Box::new(ReturnFormula { name: name.clone(), version }));
            }
            None => removal.kept.push(format!("{name} {version} came by somebody else; it stays")),
        }
    }
    let marked = *former("requested") == Value::Bool(false) && *found.get("requested") == Value::Bool(true);
    if marked {
        removal.steps.push(Box::new(MarkFormula { name, on_request: false }));
    }
    removal
}

/// Names with spaces between them.
pub(super) fn words(value: &Value) -> BTreeSet<String> {
    value.as_text().unwrap_or_default().split_whitespace().map(str::to_owned).collect()
}
