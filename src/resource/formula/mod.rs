mod leaving;
mod seen;
mod upstream;

use std::time::Duration;

use anyhow::Result;

use super::{Evidence, Newest, Quote, Resource, Upstream, change};
use crate::{
    machine::{Look, tool::brew},
    step::{InstallFormula, LinkFormula, MarkFormula, Step, UpgradeFormula},
    value::{
        Delta, Deltas, Id, Pin, Place, Problem, State, Value, VersionRange, Want, Wanted, order_of_versions,
    },
};

pub use leaving::brought;
pub(super) use leaving::removal;
pub(super) use seen::observe;
pub use upstream::{excluded, untold};
pub(super) use upstream::{not_asked, unknown};

/// A formula of Homebrew's.
#[derive(Debug)]
pub struct Formula {
    /// Its name, with its tap where that is none of Homebrew's own.
    pub name: String,
    /// Another name that it has or had, under which it lies there.
    pub known_as: Option<String>,
    /// Which versions will do.
    pub version: Wish,
    /// The job of ours that runs it, when it is there.
    pub restarts: Option<String>,
}

/// Which versions of a formula or cask will do.
#[derive(Clone, Debug, Default)]
pub struct Wish {
    /// Those that the manifest names; any without.
    pub range: Option<VersionRange>,
    /// The one that an earlier apply left and the lock holds.
    pub locked: Option<String>,
    /// The newest one, which was asked for.
    pub newest: Option<String>,
}

impl Wish {
    pub(super) fn want(&self) -> Want {
        let one = self.newest.as_ref().or(self.locked.as_ref());
        one.map_or_else(
            || self.range.clone().map_or(Want::Present, Want::Within),
            |version| Want::Is(version.as_str().into()),
        )
    }

    pub(super) fn allows(&self, version: &str) -> bool {
        self.want().accepts(&version.into())
    }

    pub(super) fn told(&self) -> String {
        match self.want() {
            Want::Is(version) => version.to_string(),
            Want::Within(range) => range.to_string(),
            Want::Meets(specifiers) => specifiers.to_string(),
            Want::Present => "any".into(),
        }
    }
}

/// What the lock keeps of a formula of this version.
fn at(version: String) -> Pin {
    Pin { version: Some(version), ..Pin::default() }
}

impl Formula {
    /// The names under which it may lie there.
    fn names(&self) -> Vec<String> {
        let bare = brew::bare(&self.name).to_owned();
        [Some(bare), self.known_as.clone()].into_iter().flatten().collect()
    }
}

/// That what is found under this name is from another tap than the one that the name tells. `uninstall` is the command that lets
/// it go.
pub(super) fn of_another_tap(name: &str, found: &State, uninstall: &str) -> Option<Problem> {
    let ((tap, name), other) = (name.rsplit_once('/')?, found.get("tap").as_text()?);
    (tap != other).then(|| {
        Problem::mac(format!("`{name}` is there already, from the tap {other}"))
            .why(format!("wanted: the one from {tap}; Homebrew keeps one of a name"))
            .hint("take the one that is there into the manifest, or let it go:")
            .remedy(format!("{uninstall} {name}"))
    })
}

impl Resource for Formula {
    fn id(&self) -> Id {
        Id::new("brew-formula", &self.name)
    }

    fn place(&self) -> Place {
        Place::Formula { name: self.name.clone(), known_as: self.known_as.clone() }
    }

    fn wanted(&self) -> Wanted {
        let is = |value: bool| Want::Is(value.into());
        let mut wanted =
            Wanted::from([("version".into(), self.version.want()), ("requested".into(), is(true))]);
        wanted.insert("unlinked".into(), is(false));
        wanted
    }

    fn reason(&self, found: &State, deltas: &[Delta]) -> String {
        match deltas.iter().find(|delta| delta.field.as_str() == "version") {
            Some(_) if !found.present => match &self.known_as {
                Some(now) => format!("install; Homebrew calls it {now} now"),
                None => "install".into(),
            },
            Some(delta) => change(delta),
            None if deltas.iter().any(|delta| delta.field.as_str() == "unlinked") => {
                "link it: its programs are not found by their names".into()
            }
            None => "keep it when nothing else needs it".into(),
        }
    }

    fn hindrance(&self, found: &State, _: bool) -> Option<Problem> {
        let version = found.get("version").as_text()?;
        if let Some(problem) = of_another_tap(&self.name, found, "brew uninstall") {
            return Some(problem);
        }
        if self.version.allows(version) {
            return None;
        }
        if *found.get("pinned") == Value::Bool(true) {
            return Some(
                Problem::mac(format!("somebody has pinned `{}` to {version}", self.name))
                    .why(format!("wanted: {}", self.version.told()))
                    .hint("let the manifest take that version, or unpin it:")
                    .remedy(format!("brew unpin {}", self.name)),
            );
        }
        let locked = self.version.locked.as_ref().filter(|_| self.version.newest.is_none())?;
        order_of_versions(version, locked).is_gt().then(|| {
            Problem::mac(format!("`{}` {locked} is locked, and {version} is there", self.name))
                .why("Homebrew installs no version but its newest: there is no way back")
                .hint("take what is there into the lock:")
                .remedy(format!("forgectl lock --update brew-formula/{}", self.name))
        })
    }

    /// How large its bottles are Homebrew says only when it fetches them.
    fn quote(&self, _: &dyn Look) -> Result<Quote> {
        Ok(Quote::default())
    }

    fn upstream(&self, look: &dyn Look, found: &State, deltas: &Deltas) -> Result<Upstream> {
        upstream::upstream(self, look, found, deltas)
    }

    fn is_held_to(&self, pin: &Pin) -> bool {
        self.version.locked.is_some() && self.version.locked == pin.version
    }

    /// The version as seen: what it was poured from, Homebrew has checked.
    fn pin(&self, look: &dyn Look) -> Result<Option<Pin>> {
        for name in self.names() {
            if let Some(version) = brew::version(look, &name)? {
                return Ok(Some(at(version)));
            }
        }
        Ok(None)
    }

    fn newest(&self, look: &dyn Look) -> Result<Newest> {
        upstream::newest(self, look)
    }

    fn steps(&self, found: &State, deltas: &Deltas) -> Vec<Box<dyn Step>> {
        let wrong = |field: &str| deltas.iter().any(|delta| delta.field.as_str() == field);
        if !found.present {
            let install =
                InstallFormula { name: self.name.clone(), names: self.names(), wanted: self.version.want() };
            return vec![Box::new(install)];
        }
        let name = found.get("keg").as_text().unwrap_or(&self.name).to_owned();
        let mut steps: Vec<Box<dyn Step>> = vec![];
        if wrong("version") {
            let why = if self.version.newest.is_some() {
                "the newest was asked for"
            } else {
                "its version is not among those wanted"
            };
            let (why, restarts) = (why.to_owned(), self.restarts.clone());
            steps.push(Box::new(UpgradeFormula { name: name.clone(), why, restarts }));
        }
        if wrong("unlinked") {
            steps.push(Box::new(LinkFormula { name: name.clone() }));
        }
        if wrong("requested") {
            steps.push(Box::new(MarkFormula { name, on_request: true }));
        }
        steps
    }

    fn check(&self, look: &dyn Look, _: Duration) -> Result<Evidence> {
        for name in self.names() {
            let Some(keg) = brew::keg(look, &name)? else { continue };
            if self.version.allows(&keg.version) {
                return Ok(vec![format!("{} {} is in {}/opt/{name}", keg.name, keg.version, brew::PREFIX)]);
            }
            return Err(Problem::mac(format!("`{}` is of another version than wanted", self.name))
                .why(format!("found: {}, wanted: {}", keg.version, self.version.told()))
                .into());
        }
        Err(Problem::mac(format!("`{}` is not installed", self.name))
            .why(format!("{}/opt/{} is not there", brew::PREFIX, brew::bare(&self.name)))
            .into())
    }
}
