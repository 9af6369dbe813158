use anyhow::Result;
use camino::{Utf8Path, Utf8PathBuf};

use super::{Blueprint, Site, guarded, tools};
use crate::{
    machine::{
        Looking,
        tool::uv::{self, locked},
    },
    manifest::{self, Environment},
    resource::{self, PythonEnvironment},
    step::Told,
    value::{Id, Pin, Problem, Span},
};

/// Homebrew's formula of `uv`.
const FORMULA: &str = "uv";

/// Where `uv` keeps what is its own (docs/mac-facts.md#uv-python-folder), below the home folder.
const OWN: &str = ".local/share/uv";

/// The environments, with the `uv` that makes them.
pub(super) fn environments(
    site: &Site,
    section: &manifest::Environments,
    blueprint: &mut Blueprint,
) -> Result<()> {
    let origin = site.stack.span(&["python"]);
    let home = &site.identity.home;
    let (program, mut needs) = uv(site, blueprint, &origin)?;
    let own = home.join(OWN);
    let folders = blueprint.add_folders(&home.join(".local"), &own, 0o755, vec![], &origin);
    let notes = blueprint.add(resource::uv_notes(own.clone()), folders, origin.clone());
    // All of them are looked at before the first environment makes `uv` fetch one.
    for environment in section.0.values() {
        let interpreters = resource::interpreters(own.clone(), environment.version.minor().to_owned());
        needs.push(blueprint.add(interpreters, vec![notes.clone()], origin.clone()));
    }
    needs.sort();
    needs.dedup();
    let mut placed: Vec<(&String, Utf8PathBuf)> = vec![];
    for (name, environment) in &section.0 {
        let origin = site.stack.key_span(&["python", name]);
        let place = site.stack.span(&["python", name, "path"]);
        let path = absolute(home, &environment.path);
        let refused = refusal(site, &path, &placed)?;
        let id = Id::new("python-environment", name);
        blueprint.refusals.extend(refused.map(|problem| problem.at(Some(&place)).of(&id)));
        let Some(versions) = environment.version.range() else { continue };
        let parent = path.parent().unwrap_or(home).to_owned();
        let mut needs = needs.clone();
        if parent.starts_with(home) {
            needs.extend(blueprint.add_folders(home, &parent, 0o755, vec![], &place));
        }
        let told = told(&site.identity.state, name);
        let pin = site.stack.lock.pin(&id);
        let lock = pin.filter(|pin| covers(pin, environment)).cloned();
        let preferred = pin.filter(|_| lock.is_none()).map(|pin| pin.packages.clone()).unwrap_or_default();
        let environment = PythonEnvironment {
            name: name.clone(),
            path: path.clone(),
            uv: program.clone(),
            uid: site.identity.uid,
            version: environment.version.as_str().to_owned(),
            versions,
            packages: environment.packages.clone(),
            lock,
            preferred,
            told,
        };
        blueprint.add(environment, needs, origin);
        placed.push((name, path));
    }
    Ok(())
}

/// Where it is told what an environment is asked for and comes to, below forgectl's own folder.
pub(super) fn told(state: &Utf8Path, name: &str) -> Told {
    let folder = state.join("python");
    Told { asked: folder.join(format!("{name}.in")), resolved: folder.join(format!("{name}.txt")) }
}

/// Homebrew's where the stack wants Homebrew or has brought `uv` with it before, and where nothing else gives one; else the one
/// that is there, as it is.
fn uv(site: &Site, blueprint: &mut Blueprint, origin: &Span) -> Result<(Utf8PathBuf, Vec<Id>)> {
    let wanted = site.stack.manifest.tools.as_ref().is_some_and(manifest::Tools::wants_homebrew);
    let ours = site.receipts.contains_key(&Id::new("brew-formula", FORMULA));
    if !wanted
        && !ours
        && let Some(program) = uv::program(site.look, &site.identity.home)?
    {
        return Ok((program, vec![]));
    }
    let formula = tools::formula(site, blueprint, FORMULA, None, origin)?;
    Ok((uv::HOMEBREW.into(), vec![formula]))
}

/// A path as the manifest has it, with the home folder for `~` and without what says nothing.
fn absolute(home: &Utf8Path, path: &Utf8Path) -> Utf8PathBuf {
    let path = path.strip_prefix("~").map_or_else(|_| path.to_owned(), |inside| home.join(inside));
    path.components().collect()
}

/// Whether a lock tells of all that is asked for, and of nothing that it excludes.
fn covers(pin: &Pin, environment: &Environment) -> bool {
    let version = match (&pin.version, environment.version.range()) {
        (Some(version), Some(range)) => range.allows(version),
        _ => false,
    };
    let told = |wanted: &crate::value::Requirement| {
        let line = pin.packages.iter().filter_map(|line| locked(line)).find(|(name, _)| *name == wanted.name);
        line.is_some_and(|(_, version)| wanted.versions.allows(version))
    };
    version && environment.packages.iter().all(told)
}

/// Why no environment can be at `path`.
fn refusal(site: &Site, path: &Utf8Path, placed: &[(&String, Utf8PathBuf)]) -> Result<Option<Problem>> {
    let home = &site.identity.home;
    let problem = || Problem::mac(format!("no place for a Python environment: `{path}`"));
    if let Some((other, _)) =
        placed.iter().find(|(_, other)| path.starts_with(other) || other.starts_with(path))
    {
        return Ok(Some(
            problem()
                .why(format!("the environment `{other}` is there too"))
                .hint("give each a folder of its own, none inside another"),
        ));
    }
    if path == home || !path.starts_with(home) {
        let problem = problem().why(format!("it is not below your home folder, {home}"));
        return Ok(Some(problem.hint("name a folder there, such as ~/forge/lab/.venv")));
    }
    if let Some(guarded) = guarded::folder(site, path)? {
        let problem = problem().why(guarded::why(&guarded, path));
        return Ok(Some(problem.hint(guarded::HINT)));
    }
    for above in path.ancestors().skip(1).take_while(|above| above.starts_with(home)) {
        let Some(real) = site.look.resolve(above)? else { continue };
        let Some(stat) = site.look.stat(&real)? else { continue };
        if site.identity.may_write(&stat) {
            break;
        }
        let problem =
            problem().why(format!("{above} is not yours to write: uid {}, mode {:04o}", stat.uid, stat.mode));
        return Ok(Some(
            problem.hint("make it yours, or name another folder:").remedy(format!("ls -ld '{above}'")),
        ));
    }
    Ok(None)
}
