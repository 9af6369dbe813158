use anyhow::Result;

use super::{Blueprint, Site, engine::EngineOf};
use crate::{
    journal::Receipts,
    resource::{Secret, secrets_folder},
    step::{Opened, SecretFiles, locked_out},
    value::{Declared, Id, SecretName, Span},
};

/// A secret that a service wants.
pub(super) struct Wish {
    /// Its name.
    pub(super) name: SecretName,
    /// What is known of it.
    pub(super) declared: Declared,
    /// The volumes whose data nothing else opens, by their name on the engine and their id.
    pub(super) opens: Vec<(String, Id)>,
}

/// A secret of forgectl's own. What it opens stands on it, so that it goes last; where that is there without it, nothing is applied.
pub(super) fn secret(
    site: &Site,
    engine: &EngineOf,
    wish: Wish,
    blueprint: &mut Blueprint,
    origin: &Span,
) -> Result<Id> {
    let Wish { name, declared, opens } = wish;
    let files = SecretFiles { folder: secrets_folder(&site.identity.state), name };
    let opens: Vec<Opened> =
        opens.into_iter().map(|(volume, id)| Opened { engine: engine.socket.clone(), volume, id }).collect();
    let id = Secret::id_of(&files.name);
    blueprint.opened.extend(opens.iter().map(|opened| (opened.id.clone(), id.clone())));
    // Only an engine that answers can tell that none of the volumes is there yet.
    let needs = if opens.is_empty() { vec![] } else { vec![engine.id.clone()] };
    let opens: Vec<Opened> =
        opens.into_iter().filter(|opened| may_be_made_with(site.receipts, &opened.id, &id)).collect();
    let missing = locked_out(site.look, &files, &declared, &opens)?;
    blueprint.refusals.extend(missing.map(|problem| problem.at(Some(origin)).of(&id)));
    Ok(blueprint.add(Secret { files, declared, opens }, needs, origin.clone()))
}

/// Whether what is in a volume may have been made with a secret: not with one that came to its service after it.
fn may_be_made_with(receipts: &Receipts, volume: &Id, secret: &Id) -> bool {
    let made = receipts.get(secret).is_some_and(|receipt| receipt.left.is_some());
    made || receipts.get(volume).is_none_or(|receipt| receipt.needs.contains(secret))
}

impl Blueprint {
    /// Lets every volume stand on the secrets that open it.
    pub(super) fn bind_secrets(&mut self) {
        for (volume, secret) in std::mem::take(&mut self.opened) {
            let entry = self.entries.iter_mut().find(|entry| entry.resource.id() == volume);
            if let Some(entry) = entry.filter(|entry| !entry.needs.contains(&secret)) {
                entry.needs.push(secret);
            }
        }
        self.put_in_order();
    }
}
