use camino::Utf8PathBuf;
use plist::{Dictionary, Value};

use super::{DomainTarget, Refusal, bootstrap, control::set_enabled};
use crate::sim::{Caller, Content, Mac, USER};

/// `brew services start ollama`, as it leaves a Mac: a property list of Homebrew's own in the user's `LaunchAgents`, and
/// the job loaded. `label` is of either style (docs/mac-facts.md#brew-ollama-job, #brew-label-styles).
pub fn with_brew_ollama(mac: &mut Mac, label: &str) -> anyhow::Result<Utf8PathBuf> {
    let now = mac.state.now;
    let home = mac.home();
    let folder = home.join("Library/LaunchAgents");
    if mac.disk.node(&folder).is_none() {
        mac.disk.make_dir(USER, &folder, 0o755, now)?;
    }
    let path = folder.join(format!("{label}.plist"));
    mac.disk.write(USER, &path, Content::Bytes(property_list(label)?), 0o644, now)?;
    let (caller, domain) = (Caller::user(false), DomainTarget::Gui(USER));
    let refused = |refusal: Refusal| anyhow::anyhow!("launchd refused `{label}`: {refusal}");
    set_enabled(mac, caller, domain, label, true).map_err(refused)?;
    bootstrap(mac, caller, domain, &path).map_err(refused)?;
    Ok(path)
}

fn property_list(label: &str) -> anyhow::Result<Vec<u8>> {
    let texts = |texts: &[&str]| Value::Array(texts.iter().map(|&text| text.into()).collect());
    let mut environment = Dictionary::new();
    environment.insert("OLLAMA_FLASH_ATTENTION".into(), "1".into());
    environment.insert("OLLAMA_KV_CACHE_TYPE".into(), "q8_0".into());
    let log: Value = "/opt/homebrew/var/log/ollama.log".into();
    let mut keys = Dictionary::new();
    keys.insert("EnvironmentVariables".into(), environment.into());
    keys.insert("KeepAlive".into(), true.into());
    keys.insert("Label".into(), label.into());
    keys.insert(
        "LimitLoadToSessionType".into(),
        texts(&["Aqua", "Background", "LoginWindow", "StandardIO", "System"]),
    );
    keys.insert("ProgramArguments".into(), texts(&["/opt/homebrew/opt/ollama/bin/ollama", "serve"]));
    keys.insert("RunAtLoad".into(), true.into());
    keys.insert("StandardErrorPath".into(), log.clone());
    keys.insert("StandardOutPath".into(), log);
    keys.insert("WorkingDirectory".into(), "/opt/homebrew/var".into());
    let mut bytes = vec![];
    Value::from(keys).to_writer_xml(&mut bytes)?;
    Ok(bytes)
}
