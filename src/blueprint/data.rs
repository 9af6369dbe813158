use anyhow::Result;
use camino::{Utf8Path, Utf8PathBuf};

use super::{
    Blueprint, Site,
    guarded::{self, Guarded},
    tilde,
};
use crate::{
    machine::{Kind, Looking},
    manifest,
    resource::Folder,
    value::{Id, Problem, Span, shell_word},
};

/// The variable that moves the store of models (docs/mac-facts.md#ollama-files).
const MODELS: &str = "OLLAMA_MODELS";

/// The folders that the server fills: its home folder, and the store of models where that is elsewhere.
pub(super) fn folders(
    site: &Site,
    section: &manifest::Ollama,
    blueprint: &mut Blueprint,
    origin: &Span,
) -> Result<Vec<Id>> {
    let home = &site.identity.home;
    let folder = |path: Utf8PathBuf| Folder { name: tilde(home, &path), path, mode: 0o755, data: true };
    let own = home.join(".ollama");
    blueprint.refusals.extend(not_yours(site, &own, origin)?);
    let mut ids = vec![blueprint.add(folder(own.clone()), vec![], origin.clone())];
    let Some(models) = elsewhere(section).filter(|models| *models != own) else { return Ok(ids) };
    let parent = models.parent().unwrap_or(&models).to_owned();
    let refused = match kept_from_launchd(site, &models)? {
        None => no_store(site, &models, &parent)?,
        refused => refused,
    };
    blueprint.refusals.extend(refused);
    let above = if parent.starts_with(&own) {
        blueprint.add_folders(&own, &parent, 0o755, ids.clone(), origin)
    } else if parent.starts_with(home) {
        blueprint.add_folders(home, &parent, 0o755, vec![], origin)
    } else {
        vec![]
    };
    ids.push(blueprint.add(folder(models), above, origin.clone()));
    Ok(ids)
}

/// Why the server could not keep its key and its models in `own`: it is there, and another's.
fn not_yours(site: &Site, own: &Utf8Path, origin: &Span) -> Result<Option<Problem>> {
    let Some(real) = site.look.resolve(own)? else { return Ok(None) };
    let stat =
        site.look.stat(&real)?.filter(|stat| stat.kind == Kind::Folder && !site.identity.may_write(stat));
    Ok(stat.map(|stat| {
        Problem::mac(format!("the server could not write to its own folder: `{own}`"))
            .at(Some(origin))
            .why(format!("it belongs to uid {}, its mode is {:04o}", stat.uid, stat.mode))
            .hint("a server that root started may have made it; make it yours:")
            .remedy(format!("sudo chown -R \"$USER\" {}", shell_word(real.as_str())))
    }))
}

fn elsewhere(section: &manifest::Ollama) -> Option<Utf8PathBuf> {
    section.environment.get(MODELS).filter(|path| !path.is_empty()).map(Utf8PathBuf::from)
}

/// Why a server that launchd starts could not use `path`: macOS keeps it out of a user's own documents, wherever a link hides
/// them (docs/mac-facts.md#tcc-folders).
fn kept_from_launchd(site: &Site, path: &Utf8Path) -> Result<Option<Problem>> {
    let Some(Guarded { folder, real }) = guarded::folder(site, path)? else { return Ok(None) };
    let mut problem = Problem::mac(format!("no folder to keep models in: `{path}`"))
        .at(Some(&site.stack.span(&["ollama", "environment", MODELS])))
        .why(format!("macOS keeps what launchd starts out of ~/{folder}, and asks nobody"));
    if real != path {
        problem = problem.why(format!("it leads to {real}"));
    }
    Ok(Some(problem.hint(
        "name a folder outside Documents, Desktop, Downloads and iCloud Drive, such as ~/Models in full",
    )))
}

/// Why no models can be kept at `path`: its disk is not connected, or it is not the user's to write. Outside the home folder
/// nothing is made but the store itself.
fn no_store(site: &Site, path: &Utf8Path, parent: &Utf8Path) -> Result<Option<Problem>> {
    let place = site.stack.span(&["ollama", "environment", MODELS]);
    let problem = || Problem::mac(format!("no folder to keep models in: `{path}`")).at(Some(&place));
    let (folder, real) = match site.look.resolve(path)? {
        Some(real) => (path, Some(real)),
        // Folders that miss in the home folder are made.
        None if path.starts_with(&site.identity.home) => return Ok(None),
        None => (parent, site.look.resolve(parent)?),
    };
    let Some(stat) = real.map(|real| site.look.stat(&real)).transpose()?.flatten() else {
        let problem = problem().why(format!("{folder} is not there"));
        return Ok(Some(
            problem.hint("connect the disk, or name another folder; what is there:").remedy("ls /Volumes"),
        ));
    };
    Ok((!site.identity.may_write(&stat)).then(|| {
        let problem = problem()
            .why(format!("{folder} is not yours to write: uid {}, mode {:04o}", stat.uid, stat.mode));
        problem.hint("make it yours, or name another folder:").remedy(format!("ls -ld '{folder}'"))
    }))
}

/// Where the server keeps models.
pub(super) fn store(home: &Utf8Path, section: &manifest::Ollama) -> Utf8PathBuf {
    elsewhere(section).unwrap_or_else(|| home.join(".ollama/models"))
}

/// Whether there are models in a store, as far as that can be seen.
pub(super) fn has_models(site: &Site, store: &Utf8Path) -> bool {
    let names = site.look.list(&store.join("manifests")).ok().flatten();
    names.is_some_and(|names| !names.is_empty())
}
