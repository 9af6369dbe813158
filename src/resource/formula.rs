use std::{collections::BTreeSet, time::Duration};

use anyhow::{Context, Error, Result, ensure};
use camino::Utf8Path;
use serde::Deserialize;

use super::{Evidence, Quote, Removal, Resource, change};
use crate::{
    journal::Receipt,
    machine::{Look, Looking, tool::brew},
    step::{InstallFormula, MarkFormula, ReturnFormula, Step, UninstallFormula, UpgradeFormula},
    value::{Delta, Deltas, Id, Pin, Place, Problem, State, Value, VersionRange, Want, Wanted},
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

/// What Homebrew's page of a formula says of its newest version, of which a revision that is not 0 is a part.
#[derive(Deserialize)]
struct Page {
    versions: Versions,
    #[serde(default)]
    revision: u64,
}

#[derive(Deserialize)]
struct Versions {
    stable: String,
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

    /// The version as seen: what it was poured from, Homebrew has checked.
    fn pin(&self, look: &dyn Look) -> Result<Option<Pin>> {
        let keg = brew::keg(look, &self.name)?;
        Ok(keg.map(|keg| Pin { version: Some(keg.version), ..Pin::default() }))
    }

    fn newest(&self, look: &dyn Look) -> Result<Option<Pin>> {
        let url = format!("https://formulae.brew.sh/api/formula/{}.json", self.name);
        let reply = look.get(&url)?.map_err(Error::msg)?;
        ensure!(reply.status == 200, "{url} answered {}", reply.status);
        let page: Page = serde_json::from_slice(&reply.body).with_context(|| url.clone())?;
        let stable = page.versions.stable;
        let version = if page.revision == 0 { stable } else { format!("{stable}_{}", page.revision) };
        Ok(Some(Pin { version: Some(version), ..Pin::default() }))
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
    let prefix = Utf8Path::new(brew::PREFIX);
    let cellar = brew::names(look)?.map(|names| names.join(" "));
    let kegs = look.list(&prefix.join("Cellar").join(name))?.map(|versions| versions.join(" "));
    let state = State::absent().with("cellar", cellar).with("kegs", kegs);
    let Some(keg) = brew::keg(look, name)? else { return Ok(state) };
    let pinned = look.stat(&prefix.join("var/homebrew/pinned").join(&keg.name))?.is_some();
    Ok(State { present: true, ..state }
        .with("version", keg.version)
        .with("requested", keg.on_request)
        .with("pinned", pinned))
}

pub(super) fn removal(name: &str, receipt: &Receipt, found: &State) -> Removal {
    let former = |field: &str| receipt.former.get(field);
    let name = name.to_owned();
    if receipt.created() {
        return if found.present {
            Removal::of(UninstallFormula { name, before: words(former("cellar")) })
        } else {
            Removal::default()
        };
    }
    let mut removal = Removal::default();
    let version = found.get("version");
    if let Some(before) = former("version").as_text().filter(|_| former("version") != version) {
        // A run that was killed on its way there, or back, did not write down what it left.
        let ours = !found.present || receipt.aim.is_some() || receipt.ours("version", version);
        if ours && words(found.get("kegs")).contains(before) {
            removal.steps.push(Box::new(ReturnFormula { name: name.clone(), version: before.to_owned() }));
        } else if found.present {
            let why = if ours { "is gone" } else { "somebody else has replaced since" };
            removal.kept.push(format!("{name} {version} stays: {before}, which was there before, {why}"));
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
