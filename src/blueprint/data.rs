use anyhow::Result;
use camino::{Utf8Path, Utf8PathBuf};

use super::{Blueprint, Site, tilde};
use crate::{
    machine::Looking,
    manifest,
    resource::Folder,
    value::{Id, Problem, Span},
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
    let mut ids = vec![blueprint.add(folder(own.clone()), vec![], origin.clone())];
    let Some(models) = elsewhere(section).filter(|models| *models != own) else { return Ok(ids) };
    let parent = models.parent().unwrap_or(&models).to_owned();
    let above = if parent.starts_with(&own) {
        blueprint.add_folders(&own, &parent, 0o755, ids.clone(), origin)
    } else if parent.starts_with(home) {
        blueprint.add_folders(home, &parent, 0o755, vec![], origin)
    } else {
        blueprint.refusals.extend(missing(site, &parent)?);
        vec![]
    };
    ids.push(blueprint.add(folder(models), above, origin.clone()));
    Ok(ids)
}

fn elsewhere(section: &manifest::Ollama) -> Option<Utf8PathBuf> {
    section.environment.get(MODELS).filter(|path| !path.is_empty()).map(Utf8PathBuf::from)
}

/// Outside the home folder nothing is made but the store itself: what is missing there may be a disk.
fn missing(site: &Site, parent: &Utf8Path) -> Result<Option<Problem>> {
    if site.look.resolve(parent)?.is_some() {
        return Ok(None);
    }
    let problem = Problem::mac(format!("the folder that is to hold the models' is not there: `{parent}`"))
        .why(format!("`{MODELS}` lies in it, and outside your home folder forgectl makes no folder above it"))
        .at(Some(&site.stack.span(&["ollama", "environment", MODELS])));
    let problem = if parent.starts_with("/Volumes") {
        problem.hint("connect that disk, then apply again; what is connected:").remedy("ls /Volumes")
    } else {
        let command = format!("sudo install -d -o {} '{parent}'", site.identity.user);
        problem.hint("make it, then apply again:").remedy(command)
    };
    Ok(Some(problem))
}

/// Whether there are models in the store.
pub(super) fn has_models(site: &Site, section: &manifest::Ollama) -> Result<bool> {
    let store = elsewhere(section).unwrap_or_else(|| site.identity.home.join(".ollama/models"));
    Ok(site.look.list(&store.join("manifests"))?.is_some_and(|names| !names.is_empty()))
}
