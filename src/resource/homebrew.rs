use std::time::Duration;

use anyhow::{Context, Result};
use camino::{Utf8Path, Utf8PathBuf};

use super::{Evidence, Leaving, Quote, Removal, Resource};
use crate::{
    journal::Receipt,
    machine::{Kind, Look, Looking, Machine, Tool, tool::brew},
    step::{InstallHomebrew, PATHS, RemoveHomebrew, Step},
    value::{Delta, Deltas, Id, Place, Problem, State, Value, Want, Wanted},
};

/// Where Homebrew lies on an Intel Mac, and under Rosetta.
const INTEL: &str = "/usr/local/bin/brew";

/// Whose being there lets no installer begin; its text is the reason (docs/mac-facts.md#homebrew-installer).
const FORBIDDEN: &str = "/etc/homebrew/brew.no_install";

/// Where its installer is kept while it runs, in forgectl's own folder.
pub const SCRIPT: &str = "fetched/homebrew-install.sh";

/// Homebrew, in the one place where its bottles for Apple silicon work.
#[derive(Debug)]
pub struct Homebrew {
    /// The user who is to own it.
    pub uid: u32,
    /// Where its installer is kept while it runs.
    pub script: Utf8PathBuf,
}

impl Resource for Homebrew {
    fn id(&self) -> Id {
        Id::new("tool", "homebrew")
    }

    fn place(&self) -> Place {
        Place::Homebrew
    }

    fn wanted(&self) -> Wanted {
        Wanted::from([("usable".into(), Want::Is(true.into()))])
    }

    fn reason(&self, found: &State, _: &[Delta]) -> String {
        if *found.get("kind") == Value::Absent { "install" } else { "finish what a broken install left" }
            .into()
    }

    fn hindrance(&self, found: &State, known: bool) -> Option<Problem> {
        let owner = found.get("owner");
        let prefix = brew::PREFIX;
        if found.present {
            return (*owner != Value::from(i64::from(self.uid))).then(|| {
                Problem::mac("the Homebrew on this Mac belongs to another user")
                    .why(format!("{prefix} is owned by uid {owner}, you are uid {}", self.uid))
                    .why("what you install into it, that user could not change, and the other way round")
                    .hint("let that user apply, or have them remove it; whose it is:")
                    .remedy(format!("ls -ld {prefix}"))
            });
        }
        if *found.get("intel") == Value::Bool(true) {
            return Some(
                Problem::mac("the Homebrew on this Mac is one for Intel processors")
                    .why(format!("{INTEL} is there, and {} is not", brew::BREW))
                    .why("what it installs runs translated, without the GPU")
                    .hint("remove it, after you have seen what you still need of it:")
                    .remedy("arch -x86_64 /usr/local/bin/brew list"),
            );
        }
        if let Some(text) = found.get("forbidden").as_text() {
            return Some(
                Problem::mac("somebody keeps Homebrew away from this Mac")
                    .why(format!("{FORBIDDEN} says: {text}"))
                    .hint("ask whoever put that file there; it lets nobody install Homebrew:")
                    .remedy(format!("ls -l {FORBIDDEN}")),
            );
        }
        (*found.get("kind") != Value::Absent && !known).then(|| {
            Problem::mac(format!("something that is no Homebrew is where it belongs: `{prefix}`"))
                .why("forgectl did not put it there, and could not give it back as it was")
                .hint("look at it, and put it elsewhere if you need it:")
                .remedy(format!("ls -la {prefix}"))
        })
    }

    /// What it fetches nobody says beforehand.
    fn quote(&self, _: &dyn Look) -> Result<Quote> {
        Ok(Quote::default())
    }

    fn steps(&self, _: &State, _: &Deltas) -> Vec<Box<dyn Step>> {
        vec![Box::new(InstallHomebrew { script: self.script.clone() })]
    }

    fn check(&self, look: &dyn Look, _: Duration) -> Result<Evidence> {
        if observe(look, None)?.present {
            return Ok(vec![format!("Homebrew is in {}", brew::PREFIX)]);
        }
        Err(Problem::mac("Homebrew is not there").why(format!("{} cannot be run", brew::BREW)).into())
    }

    fn prove(&self, machine: &dyn Machine) -> Result<Evidence> {
        let output = machine.tool(Tool::HomebrewVersion)?;
        let version = output.stdout.lines().next().filter(|_| output.ok());
        let version = version.with_context(|| format!("`brew --version` answered: {}", output.said()))?;
        Ok(vec![format!("`brew --version` says {version}")])
    }
}

/// Files only: no `brew` is started. What others use of a Homebrew that we brought is looked for only then.
pub(super) fn observe(look: &dyn Look, receipt: Option<&Receipt>) -> Result<State> {
    let prefix = Utf8Path::new(brew::PREFIX);
    let program = look.resolve(Utf8Path::new(brew::BREW))?;
    let program = program.map(|real| look.stat(&real)).transpose()?.flatten();
    let runs = program.is_some_and(|stat| stat.kind == Kind::File && stat.mode & 0o111 != 0);
    let laid_out = runs && look.stat(&prefix.join("Library/Homebrew/brew.sh"))?.is_some();
    let stat = look.stat(prefix)?;
    let kind = stat.as_ref().map(|stat| if stat.kind == Kind::Folder { "folder" } else { "file" });
    let owner = stat.map(|stat| i64::from(stat.uid));
    let paths = look.stat(Utf8Path::new(PATHS))?.map(|_| true);
    // The installer puts that file in place when all else is laid out: without it, one of ours did not come to its end.
    let open = receipt.is_some_and(|receipt| receipt.created() && receipt.aim.is_some());
    let usable = laid_out && !(open && paths.is_none());
    let forbidden = if laid_out { None } else { look.read_text(Utf8Path::new(FORBIDDEN))? };
    let forbidden = forbidden
        .map(|text| if text.trim().is_empty() { "(nothing)".into() } else { text.trim().to_owned() });
    let packages = if receipt.is_some_and(Receipt::created) { asked_for(look)? } else { None };
    Ok(State { present: usable, ..State::default() }
        .with("usable", usable)
        .with("kind", kind)
        .with("owner", owner)
        .with("paths", paths)
        .with("intel", look.stat(Utf8Path::new(INTEL))?.is_some())
        .with("forbidden", forbidden)
        .with("packages", packages))
}

/// What somebody asked for by name.
fn asked_for(look: &dyn Look) -> Result<Option<String>> {
    let kegs = brew::kegs(look)?.into_iter().filter(|keg| keg.on_request).map(|keg| keg.name);
    let casks = brew::casks(look)?.into_iter().map(|token| format!("cask/{token}"));
    let names: Vec<String> = kegs.chain(casks).collect();
    Ok(Some(names.join(" ")).filter(|names| !names.is_empty()))
}

pub(super) fn removal(receipt: &Receipt, found: &State, leaving: &Leaving) -> Removal {
    let there = *found.get("kind") != Value::Absent;
    let paths = *receipt.former.get("paths") == Value::Absent;
    let paths_there = *found.get("paths") != Value::Absent && paths;
    // What a killed run had started may still bring it.
    let coming = receipt.aim.is_some();
    if !receipt.created() || *receipt.former.get("kind") != Value::Absent || !(there || paths_there || coming)
    {
        return Removal::default();
    }
    let packages = found.get("packages").as_text().unwrap_or_default();
    let others: Vec<&str> =
        packages.split_whitespace().filter(|name| !leaving.formulae.contains(*name)).collect();
    let others: Vec<&str> = others.into_iter().map(|name| name.trim_start_matches("cask/")).collect();
    if !others.is_empty() {
        return Removal::held(format!("Homebrew stays: others have installed {} with it", others.join(", ")));
    }
    if !leaving.all_data {
        return Removal::held("Homebrew stays, since other tools use it; `--all-data` removes it");
    }
    Removal::of(RemoveHomebrew { paths, script: leaving.state_folder.join(SCRIPT) })
}
