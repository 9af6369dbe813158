mod leaving;
mod seen;
mod upstream;

use std::time::Duration;

use anyhow::Result;
use camino::Utf8PathBuf;

use super::{Evidence, Quote, Resource, Upstream, Wish, change, formula::of_another_tap};
use crate::{
    machine::{Look, tool::brew},
    step::{InstallCask, RenewCask, Step},
    value::{Delta, Deltas, Id, Place, Problem, State, Value, Want, Wanted},
};

pub(super) use leaving::removal;
pub(super) use seen::observe;

/// A cask of Homebrew's.
#[derive(Debug)]
pub struct Cask {
    /// Its name, with its tap where that is none of Homebrew's own.
    pub token: String,
    /// Another name that it has or had, under which it lies there.
    pub known_as: Option<String>,
    /// Where its apps belong, as far as is known.
    pub apps: Vec<Utf8PathBuf>,
    /// Which versions will do.
    pub version: Wish,
    /// Those of its apps that are there without it, and are what it would bring.
    pub adopts: Vec<Utf8PathBuf>,
    /// Whether it asks for root.
    pub root: bool,
    /// The release of macOS, by which Homebrew tells versions apart.
    pub macos: Option<String>,
}

impl Cask {
    fn names(&self) -> Vec<String> {
        [Some(brew::bare(&self.token).to_owned()), self.known_as.clone()].into_iter().flatten().collect()
    }
}

impl Resource for Cask {
    fn id(&self) -> Id {
        Id::new("brew-cask", &self.token)
    }

    fn place(&self) -> Place {
        Place::Cask { token: self.token.clone(), known_as: self.known_as.clone(), apps: self.apps.clone() }
    }

    fn wanted(&self) -> Wanted {
        Wanted::from([("version".into(), self.version.want()), ("gone".into(), Want::Is(false.into()))])
    }

    fn reason(&self, found: &State, deltas: &[Delta]) -> String {
        let version = deltas.iter().find(|delta| delta.field.as_str() == "version");
        match version {
            Some(_) if !found.present && !self.adopts.is_empty() => {
                let apps: Vec<&str> = self.adopts.iter().map(|app| app.as_str()).collect();
                format!("take over {}, which is the same", apps.join(", "))
            }
            Some(_) if !found.present => match &self.known_as {
                Some(now) => format!("install; Homebrew calls it {now} now"),
                None => "install".into(),
            },
            Some(delta) => change(delta),
            None => "its app is gone".into(),
        }
    }

    fn hindrance(&self, found: &State, _: bool) -> Option<Problem> {
        of_another_tap(&self.token, found, "brew uninstall --cask")
    }

    /// How large it is Homebrew says only when it fetches it.
    fn quote(&self, _: &dyn Look) -> Result<Quote> {
        Ok(Quote::default())
    }

    fn upstream(&self, look: &dyn Look, found: &State, deltas: &Deltas) -> Result<Upstream> {
        upstream::upstream(self, look, found, deltas)
    }

    fn steps(&self, found: &State, deltas: &Deltas) -> Vec<Box<dyn Step>> {
        if !found.present {
            let (token, adopts) = (self.token.clone(), self.adopts.clone());
            return vec![Box::new(InstallCask { token, names: self.names(), adopts, root: self.root })];
        }
        let same = deltas.iter().all(|delta| delta.field.as_str() == "gone");
        let why = match () {
            () if same => "its app is gone",
            () if self.version.newest.is_some() => "the newest was asked for",
            () => "its version is not among those wanted",
        };
        let root = self.root || *found.get("root") == Value::Bool(true);
        let token = found.get("token").as_text().unwrap_or(&self.token).to_owned();
        vec![Box::new(RenewCask { token, same, why: why.into(), root })]
    }

    fn check(&self, look: &dyn Look, _: Duration) -> Result<Evidence> {
        let found = observe(look, &self.token, self.known_as.as_deref(), &self.apps)?;
        let version = found.get("version").as_text().unwrap_or_default();
        if !found.present {
            return Err(Problem::mac(format!("the cask `{}` is not installed", self.token))
                .why(format!("{}/Caskroom has nothing of it", brew::PREFIX))
                .into());
        }
        if *found.get("gone") == Value::Bool(true) {
            return Err(Problem::mac(format!("the app of the cask `{}` is gone", self.token))
                .why(format!("it belongs at {}", brew::told(&self.apps)))
                .into());
        }
        if !self.version.allows(version) {
            return Err(Problem::mac(format!("the cask `{}` is of another version than wanted", self.token))
                .why(format!("found: {version}, wanted: {}", self.version.told()))
                .into());
        }
        let place =
            if self.apps.is_empty() { format!("{}/Caskroom", brew::PREFIX) } else { brew::told(&self.apps) };
        Ok(vec![format!("{} {version} is in {place}", self.token)])
    }
}
