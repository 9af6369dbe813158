//! A plan in a file: agreed to now, carried out later, and only if it is still the same.

mod moved;

use anyhow::Result;
use camino::{Utf8Path, Utf8PathBuf};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::plan::{Action, Plan};
use crate::{
    machine::facts::Facts,
    resource::Quote,
    step::About,
    value::{Delta, Id, Pin, Problem, Upgrade, hex},
};

/// The version of the form that this forgectl writes. It reads every earlier one.
pub const VERSION: u32 = 1;

/// A plan that was saved to be applied later. It names the manifest and holds what was to be done about each resource; it is
/// compared, never executed.
#[derive(Clone, Debug)]
pub struct SavedPlan {
    content: Content,
    /// The command that makes it anew, for who is told that it no longer holds.
    pub again: String,
}

/// A file as it lies there; the first key tells it from a manifest.
#[derive(Serialize, Deserialize)]
struct Document {
    forge_plan: u32,
    /// Of the compact text of `plan`: a file that somebody edited is told from a Mac that has moved.
    sha256: String,
    plan: Value,
}

/// The version of a file, whatever else it says.
#[derive(Deserialize)]
struct Versioned {
    forge_plan: u32,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Content {
    /// The version of the forgectl that made it.
    forgectl: String,
    stack: String,
    manifest: Manifest,
    /// The resources that it was narrowed to.
    only: Vec<Id>,
    /// What was to be brought to its newest version.
    #[serde(default)]
    upgrade: Upgrade,
    node: Node,
    exposed: Vec<String>,
    items: Vec<Item>,
}

/// The manifest that it was made of.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Manifest {
    path: Utf8PathBuf,
    sha256: String,
}

/// What of a Mac does not change from hour to hour.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
struct Node {
    chip: Option<String>,
    memory: Option<u64>,
    model: Option<String>,
    macos: Option<String>,
    build: Option<String>,
    user: String,
    home: String,
}

/// What was to be done about one resource.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
struct Item {
    id: Id,
    action: Action,
    reason: String,
    deltas: Vec<Delta>,
    steps: Vec<About>,
    quote: Quote,
    needs: Vec<Id>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    locked: Option<Pin>,
}

impl SavedPlan {
    /// `plan`, made of the manifest at `path`, an absolute path, which says `text`.
    pub fn of(plan: &Plan, path: &Utf8Path, text: &str) -> Self {
        let content = Content {
            forgectl: env!("CARGO_PKG_VERSION").to_owned(),
            stack: plan.stack.clone(),
            manifest: Manifest { path: path.to_owned(), sha256: digest(text) },
            only: plan.only.clone(),
            upgrade: plan.upgrade.clone(),
            node: Node::of(&plan.node),
            exposed: plan.exposed.clone(),
            items: items(plan),
        };
        Self { content, again: String::new() }
    }

    /// Whether a file that begins so is meant to be one: the first key of its JSON is `forge_plan`.
    pub fn begins(bytes: &[u8]) -> bool {
        let rest = bytes.trim_ascii_start().strip_prefix(b"{").map(<[u8]>::trim_ascii_start);
        rest.is_some_and(|rest| rest.starts_with(b"\"forge_plan\""))
    }

    /// Reads the text of the file called `name`; `again` is the command that makes such a file of a manifest.
    pub fn read(name: &str, text: &str, again: &str) -> Result<Self> {
        let wrong = |what: &str, why: String| {
            Problem::manifest(format!("{what}: `{name}`"))
                .why(why)
                .hint("nothing was changed; make the plan anew:")
                .remedy(again)
        };
        let damaged = |error: serde_json::Error| wrong("this saved plan is damaged", error.to_string());
        let Versioned { forge_plan } = serde_json::from_str(text).map_err(damaged)?;
        if forge_plan > VERSION {
            let problem = Problem::manifest(format!("this plan was saved by a newer forgectl: `{name}`"))
                .why(format!(
                    "its form has version {forge_plan}; this forgectl reads versions up to {VERSION}"
                ));
            return Err(problem.hint("apply it with that forgectl, or plan again with this one").into());
        }
        let document: Document = serde_json::from_str(text).map_err(damaged)?;
        if digest(&document.plan.to_string()) != document.sha256 {
            let why = "its content is not what its own digest says".to_owned();
            return Err(wrong("this saved plan was edited", why).into());
        }
        let content = serde_json::from_value(document.plan).map_err(damaged)?;
        Ok(Self { content, again: String::new() })
    }

    /// The text to save.
    pub fn to_json(&self) -> Result<String> {
        let plan = serde_json::to_value(&self.content)?;
        let sha256 = digest(&plan.to_string());
        Ok(serde_json::to_string_pretty(&Document { forge_plan: VERSION, sha256, plan })? + "\n")
    }

    /// The manifest that it was made of.
    pub fn manifest(&self) -> &Utf8Path {
        &self.content.manifest.path
    }

    /// What was to be brought to its newest version.
    pub fn upgrade(&self) -> &Upgrade {
        &self.content.upgrade
    }

    /// The resources that it was narrowed to; none for all.
    pub fn only(&self) -> &[Id] {
        &self.content.only
    }

    /// Fails when the manifest says `text` now and said something else when the plan was made.
    pub fn judge_manifest(&self, text: &str) -> Result<()> {
        if digest(text) == self.content.manifest.sha256 {
            return Ok(());
        }
        let problem = Problem::manifest(format!(
            "the manifest has changed since the plan was made: `{}`",
            self.manifest()
        ));
        Err(self.planned_anew(problem).into())
    }

    /// Fails when `plan`, made just now, is another one.
    pub(super) fn judge(&self, plan: &Plan) -> Result<()> {
        let moved = moved::moved(&self.content, plan);
        if moved.is_empty() {
            return Ok(());
        }
        let did = self.content.items.iter().any(|item| item.action != Action::Keep);
        let what = if did && plan.is_empty() && plan.upgrade == self.content.upgrade {
            "there is nothing left of this plan to do: all is as it was to be"
        } else if moved::lock_has_moved(&self.content, plan) {
            "this is not the plan that was saved: the lock has moved since"
        } else {
            "this is not the plan that was saved: the Mac has moved since"
        };
        let mut problem = Problem::mac(what);
        problem.why = moved;
        let version = env!("CARGO_PKG_VERSION");
        if self.content.forgectl != version {
            problem =
                problem.why(format!("forgectl {} made it, and this is {version}", self.content.forgectl));
        }
        Err(self.planned_anew(problem).into())
    }

    fn planned_anew(&self, problem: Problem) -> Problem {
        problem.hint("nothing was changed; look at what would be done now, and save it:").remedy(&self.again)
    }
}

impl Node {
    fn of(facts: &Facts) -> Self {
        Self {
            chip: facts.chip.clone(),
            memory: facts.memory,
            model: facts.model.clone(),
            macos: facts.macos.clone(),
            build: facts.build.clone(),
            user: facts.user.clone(),
            home: facts.home.clone(),
        }
    }
}

fn items(plan: &Plan) -> Vec<Item> {
    let item = |item: &super::plan::Item| Item {
        id: item.id.clone(),
        action: item.action,
        reason: item.reason.clone(),
        deltas: item.deltas.clone(),
        steps: item.steps.clone(),
        quote: item.quote.clone(),
        needs: item.needs.clone(),
        locked: item.locked.clone(),
    };
    plan.items.iter().map(item).collect()
}

fn digest(text: &str) -> String {
    hex(&Sha256::digest(text.as_bytes()))
}
