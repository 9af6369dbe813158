//! Casks: their pages, and what of them is on the disk (docs/mac-facts.md#brew-casks).

use std::collections::BTreeMap;

use anyhow::Result;
use camino::{Utf8Path, Utf8PathBuf};
use serde::Deserialize;
use serde_json::Value;

use super::{Asked, PREFIX, upstream};
use crate::{
    machine::{Kind, Look, Looking},
    value::order_of_versions,
};

/// A cask that is installed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Cask {
    /// Its name now; it may be asked for by a former one.
    pub token: String,
    /// The version that Homebrew has recorded. An app that updates itself may be another one by now.
    pub version: String,
    /// What its uninstall would take away or run, as its receipt has it.
    pub artifacts: Vec<Value>,
    /// The tap that it is from, where its receipt says so.
    pub tap: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Receipt {
    uninstall_artifacts: Option<Vec<Value>>,
    source: Source,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Source {
    tap: Option<String>,
}

fn room() -> Utf8PathBuf {
    Utf8Path::new(PREFIX).join("Caskroom")
}

/// The cask of this name: a former one is a link to it. One whose metadata is not there is what a crash left.
pub fn installed(look: &dyn Look, token: &str) -> Result<Option<Cask>> {
    let Some(real) = look.resolve(&room().join(token))? else { return Ok(None) };
    let Some(token) = real.strip_prefix(room()).ok().map(Utf8Path::as_str).filter(|name| !name.is_empty())
    else {
        return Ok(None);
    };
    let metadata = real.join(".metadata");
    let mut versions = vec![];
    for name in look.list(&metadata)?.unwrap_or_default() {
        let folder = look.stat(&metadata.join(&name))?.is_some_and(|stat| stat.kind == Kind::Folder);
        let going = name.ends_with(".upgrading");
        if folder && !going && look.list(&metadata.join(&name))?.is_some_and(|times| !times.is_empty()) {
            versions.push(name);
        }
    }
    versions.sort_by(|one, other| order_of_versions(one, other));
    let Some(version) = versions.pop() else { return Ok(None) };
    let text = look.read(&metadata.join("INSTALL_RECEIPT.json"))?.unwrap_or_default();
    let receipt: Receipt = serde_json::from_slice(&text).unwrap_or_default();
    let artifacts = receipt.uninstall_artifacts.unwrap_or_default();
    Ok(Some(Cask { token: token.to_owned(), version, artifacts, tap: receipt.source.tap }))
}

/// Whether anything lies in the Caskroom under this name, a whole cask or not.
pub fn has_remains(look: &dyn Look, token: &str) -> Result<bool> {
    let Some(real) = look.resolve(&room().join(token))? else { return Ok(false) };
    Ok(look.list(&real)?.is_some_and(|names| !names.is_empty()))
}

/// The casks that are installed; a renamed one leaves a link behind, which does not count.
pub fn casks(look: &dyn Look) -> Result<Vec<String>> {
    let mut casks = vec![];
    for name in look.list(&room())?.unwrap_or_default() {
        let folder = look.stat(&room().join(&name))?.is_some_and(|stat| stat.kind == Kind::Folder);
        if folder && installed(look, &name)?.is_some() {
            casks.push(name);
        }
    }
    Ok(casks)
}

/// A cask as its page has it.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(default)]
pub struct CaskPage {
    /// Its name.
    pub token: String,
    /// Names that it had.
    pub old_tokens: Vec<String>,
    /// The newest version.
    pub version: Option<String>,
    /// Whether the app updates itself.
    pub auto_updates: Option<bool>,
    /// What is put where, and what is run.
    pub artifacts: Vec<Value>,
    /// What cannot be there beside it.
    pub conflicts_with: Option<Conflicts>,
    /// Whether Homebrew does not install it any more.
    pub disabled: bool,
    /// What is different on other Macs, by their tag such as `arm64_sonoma`.
    variations: BTreeMap<String, Variation>,
}

/// What cannot be there beside a cask.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(default)]
pub struct Conflicts {
    /// Casks.
    pub cask: Vec<String>,
    /// Formulae.
    pub formula: Vec<String>,
}

#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(default)]
struct Variation {
    version: Option<String>,
}

impl CaskPage {
    /// The newest version for a Mac with this macOS, such as `15.5`.
    pub fn version_for(&self, macos: Option<&str>) -> Option<String> {
        let tag = macos.and_then(tag);
        let own =
            tag.and_then(|tag| self.variations.get(tag)).and_then(|variation| variation.version.clone());
        own.or_else(|| self.version.clone())
    }
}

/// Homebrew's tag of an Apple-silicon Mac with this macOS.
fn tag(macos: &str) -> Option<&'static str> {
    Some(match macos.split('.').next()? {
        "14" => "arm64_sonoma",
        "15" => "arm64_sequoia",
        "26" => "arm64_tahoe",
        _ => return None,
    })
}

/// What Homebrew knows of a cask by its name of now.
pub fn cask(look: &dyn Look, token: &str) -> Result<Asked<CaskPage>> {
    upstream::page(look, &upstream::cask_url(token))
}

/// Where a cask's apps are put: from `{"app": ["Name.app", {"target": …}]}`.
pub fn apps(artifacts: &[Value]) -> Vec<Utf8PathBuf> {
    let lists = artifacts.iter().filter_map(|artifact| artifact.get("app")?.as_array());
    lists
        .filter_map(|list| {
            let target = list.iter().find_map(|part| part.get("target")?.as_str());
            let name = target.or_else(|| list.first()?.as_str())?;
            let path = Utf8Path::new(name);
            Some(if path.is_absolute() { path.to_owned() } else { Utf8Path::new("/Applications").join(path) })
        })
        .collect()
}

/// Paths in a sentence.
pub fn told(paths: &[Utf8PathBuf]) -> String {
    paths.iter().map(|path| path.as_str()).collect::<Vec<_>>().join(", ")
}

/// The version that an app tells of itself.
pub fn app_version(look: &dyn Look, app: &Utf8Path) -> Result<Option<String>> {
    let Some(content) = look.read(&app.join("Contents/Info.plist"))? else { return Ok(None) };
    let told: plist::Dictionary = plist::from_bytes(&content).unwrap_or_default();
    let version = told.get("CFBundleShortVersionString").and_then(plist::Value::as_string);
    Ok(version.map(str::to_owned))
}

/// What of a cask's artifacts asks for root: a package, or what is put or removed where root alone may
/// (docs/mac-facts.md#brew-casks).
pub fn needs_root(artifacts: &[Value]) -> bool {
    let has = |key: &str| artifacts.iter().any(|artifact| artifact.get(key).is_some());
    let elsewhere = |artifact: &Value| {
        let list = artifact.get("binary").or_else(|| artifact.get("cli_plugin"))?.as_array()?;
        let target = list.iter().find_map(|part| part.get("target")?.as_str())?;
        Some(target.starts_with("/usr/local/"))
    };
    let uninstalls = artifacts.iter().filter_map(|artifact| artifact.get("uninstall")?.as_array()).flatten();
    let as_root = ["pkgutil", "launchctl", "kext", "delete", "script"];
    has("pkg")
        || has("installer")
        || artifacts.iter().any(|artifact| elsewhere(artifact) == Some(true))
        || uninstalls.into_iter().any(|uninstall| as_root.iter().any(|key| uninstall.get(key).is_some()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn apps_and_what_asks_for_root_are_read_from_a_page() {
        let text = r#"{"token":"x","version":"2","variations":{"arm64_sonoma":{"version":"1"},"sonoma":{"url":"u"}},
            "auto_updates":null,"conflicts_with":null,"artifacts":[{"app":["X.app"]},{"app":["Y.app",{"target":"Z.app"}]},
            {"uninstall":[{"quit":"x"}]},{"zap":[{"trash":"~/x"}]}]}"#;
        let page: CaskPage = serde_json::from_str(text).unwrap();
        assert_eq!(page.version_for(Some("14.7")).as_deref(), Some("1"));
        assert_eq!(page.version_for(Some("15.5")).as_deref(), Some("2"));
        assert_eq!(apps(&page.artifacts), ["/Applications/X.app", "/Applications/Z.app"]);
        assert!(!needs_root(&page.artifacts), "what `zap` says is never done");
        for artifact in [
            r#"{"pkg":["X.pkg"]}"#,
            r#"{"uninstall":[{"pkgutil":"x"}]}"#,
            r#"{"binary":["a/b",{"target":"/usr/local/bin/b"}]}"#,
        ] {
            assert!(needs_root(&[serde_json::from_str(artifact).unwrap()]), "{artifact}");
        }
    }
}
