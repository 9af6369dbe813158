use std::time::Duration;

use anyhow::Result;
use camino::{Utf8Path, Utf8PathBuf};

use super::{Evidence, Removal, Resource};
use crate::{
    journal::Receipt,
    machine::{Look, Looking, tool::launchctl::Printed},
    step::{PutBackJob, SetAsideJob, Step},
    value::{Delta, Deltas, Domain, Id, Place, Problem, State, Value, Want, Wanted},
};

/// Another tool's job that holds what a job of ours needs: stopped, and its property list put aside.
#[derive(Debug)]
pub struct Rival {
    /// The launchd domain.
    pub domain: Domain,
    /// Its label.
    pub label: String,
    /// Its property list.
    pub plist: Utf8PathBuf,
    /// Where that is kept.
    pub aside: Utf8PathBuf,
    /// Where it fetches models to.
    pub store: Utf8PathBuf,
    /// Who brought it, for people: `Homebrew services`.
    pub owner: &'static str,
}

impl Rival {
    /// Where the property list of `label` is put aside.
    pub fn aside(state_folder: &Utf8Path, label: &str) -> Utf8PathBuf {
        state_folder.join("aside").join(format!("{label}.plist"))
    }
}

impl Resource for Rival {
    fn id(&self) -> Id {
        Id::new("rival-job", &self.label)
    }

    fn place(&self) -> Place {
        Place::Rival { domain: self.domain, label: self.label.clone(), plist: self.plist.clone() }
    }

    fn wanted(&self) -> Wanted {
        Wanted::from([
            ("loaded".into(), Want::Is(false.into())),
            ("going".into(), Want::Is(false.into())),
            ("file".into(), Want::Is(Value::Absent)),
        ])
    }

    fn reason(&self, _: &State, _: &[Delta]) -> String {
        format!("stop and put aside: {} runs it on the port of this stack", self.owner)
    }

    fn steps(&self, _: &State, _: &Deltas) -> Vec<Box<dyn Step>> {
        vec![Box::new(SetAsideJob {
            domain: self.domain,
            label: self.label.clone(),
            plist: self.plist.clone(),
            aside: self.aside.clone(),
            store: self.store.clone(),
        })]
    }

    fn check(&self, look: &dyn Look, _: Duration) -> Result<Evidence> {
        let found = observe(look, self.domain, &self.label, &self.plist)?;
        if crate::value::differences(&self.wanted(), &found).is_empty() {
            return Ok(vec![format!("{} is not loaded; its property list is aside", self.label)]);
        }
        Err(Problem::mac(format!("`{}` is back", self.label))
            .why(format!("{} started it again", self.owner))
            .remedy(format!("launchctl bootout {}/{}", self.domain, self.label))
            .into())
    }
}

pub(super) fn observe(look: &dyn Look, domain: Domain, label: &str, plist: &Utf8Path) -> Result<State> {
    // The list shows the caller's own domain alone, and does not tell one that goes down from one that runs.
    let job = look.loaded_job(domain, label)?;
    let file = look.digest(plist)?;
    let going = job.as_ref().is_some_and(Printed::is_going);
    Ok(State { present: job.is_some() || file.is_some(), ..State::default() }
        .with("loaded", job.is_some())
        .with("going", going)
        .with("running", !going && job.is_some_and(|job| job.pid().is_some()))
        .with("domain", domain.to_string())
        .with("file", file))
}

pub(super) fn removal(
    domain: Domain,
    label: &str,
    plist: &Utf8Path,
    receipt: &Receipt,
    found: &State,
    state_folder: &Utf8Path,
) -> Removal {
    let former = &receipt.former;
    let going = *found.get("going") == Value::Bool(true);
    if !going && found.get("loaded") == former.get("loaded") && found.get("file") == former.get("file") {
        return Removal::default();
    }
    if *found.get("file") != Value::Absent && found.get("file") != former.get("file") {
        return Removal::kept(format!("{plist} was written anew by another tool since; it stays"));
    }
    Removal::of(PutBackJob {
        domain,
        label: label.to_owned(),
        plist: plist.to_owned(),
        aside: Rival::aside(state_folder, label),
        load: *former.get("loaded") == Value::Bool(true),
        running: *former.get("running") == Value::Bool(true),
    })
}
