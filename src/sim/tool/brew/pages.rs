use std::collections::BTreeMap;

use serde_json::json;

use super::{
    casks,
    catalogue::{self, Formula},
};
use crate::sim::{Mac, Page};

const FORMULAE: &str = "https://formulae.brew.sh/api/formula/";
const CASKS: &str = "https://formulae.brew.sh/api/cask/";
const SOURCES: &str = "https://raw.githubusercontent.com/Homebrew/";

/// What Homebrew's own servers answer a GET request of `url` with; `None` where it is none of theirs
/// (docs/mac-facts.md#brew-pages).
pub(in crate::sim) fn page(mac: &Mac, url: &str) -> Option<Page> {
    let json = |found: Option<serde_json::Value>| match found {
        Some(value) => Page { status: 200, body: format!("{value}\n") },
        None => Page { status: 404, body: "<!DOCTYPE html>\n".to_owned() },
    };
    let name = |folder: &str| url.strip_prefix(folder)?.strip_suffix(".json");
    if let Some(name) = name(FORMULAE) {
        let exact = catalogue::all().find(|formula| formula.name == name && formula.tap == catalogue::CORE);
        return Some(json(exact.map(|formula| describe(mac, formula))));
    }
    if let Some(token) = name(CASKS) {
        let exact = casks::all().find(|cask| cask.token == token);
        return Some(json(exact.map(|cask| describe_cask(mac, cask))));
    }
    let file = url.strip_prefix(SOURCES)?;
    if file == "homebrew-cask/HEAD/cask_renames.json" {
        let renames: BTreeMap<&str, &str> =
            casks::all().flat_map(|cask| cask.old_tokens.iter().map(|old| (*old, cask.token))).collect();
        return Some(json(Some(json!(renames))));
    }
    if file == "homebrew-core/HEAD/formula_renames.json" {
        let renames: BTreeMap<&str, &str> = catalogue::all()
            .flat_map(|formula| formula.old_names.iter().map(|old| (*old, formula.name)))
            .collect();
        return Some(json(Some(json!(renames))));
    }
    let alias = file.strip_prefix("homebrew-core/HEAD/Aliases/")?;
    let formula = catalogue::all().find(|formula| formula.aliases.contains(&alias));
    Some(match formula {
        Some(Formula { name, .. }) => {
            Page { status: 200, body: format!("../Formula/{}/{name}.rb", &name[..1]) }
        }
        None => Page { status: 404, body: "404: Not Found".to_owned() },
    })
}

fn describe_cask(mac: &Mac, cask: &casks::Cask) -> serde_json::Value {
    let offered = mac.state.brew.offers.get(&casks::key(cask.token)).cloned();
    json!({
        "token": cask.token,
        "full_token": cask.token,
        "old_tokens": cask.old_tokens,
        "tap": "homebrew/cask",
        "version": offered.unwrap_or_else(|| cask.version.to_owned()),
        "auto_updates": cask.auto_updates.then_some(true),
        "artifacts": casks::artifacts(cask),
        "conflicts_with": (!cask.conflicts.is_empty()).then(|| json!({"formula": cask.conflicts})),
        "deprecated": false,
        "disabled": false,
        "variations": {},
    })
}

fn describe(mac: &Mac, formula: &Formula) -> serde_json::Value {
    let newest = catalogue::newest(&mac.state.brew, formula);
    let (stable, revision) = newest.split_once('_').unwrap_or((&newest, "0"));
    json!({
        "name": formula.name,
        "full_name": formula.name,
        "tap": formula.tap,
        "oldnames": formula.old_names,
        "aliases": formula.aliases,
        "versions": {"stable": stable, "head": null, "bottle": true},
        "revision": revision.parse().unwrap_or(0),
        "keg_only": formula.keg_only,
        "dependencies": formula.needs,
        "deprecated": false,
        "disabled": false,
    })
}
