use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::layout::{self, Page};
use crate::{
    desk::Screen,
    engine::{KeptSecret, Secrets},
    value::{Credential, Rotation},
};

/// The secrets of a stack, three lines each: the name with its fingerprint, what it is for, and how it changes.
pub fn secrets(secrets: &Secrets, screen: Screen) -> String {
    let mut page = Page::new(screen);
    let names = secrets.secrets.iter().map(|secret| console::measure_text_width(secret.files.name.as_str()));
    let width = names.max().unwrap_or(0);
    for secret in &secrets.secrets {
        let name = page.ink.bold(secret.files.name.as_str());
        let told = page.ink.plain(&told(secret));
        page.line(&format!("{}  {told}", layout::pad(&name, width)));
        let (purpose, changes) = match &secret.declared {
            Some(declared) => (declared.purpose.clone(), declared.rotation.to_string()),
            None => (
                "what it is for is not known".to_owned(),
                "not known; the next apply writes it down".to_owned(),
            ),
        };
        page.hanging("  ", &page.ink.plain(&purpose));
        page.hanging("  ", &page.ink.plain(&format!("changes {changes}")));
        if secret.changing {
            page.hanging(
                "  ",
                &page
                    .ink
                    .plain("its change was begun and not finished: the next apply, or rotation, goes on"),
            );
        }
    }
    page.done()
}

fn told(secret: &KeptSecret) -> String {
    let Some(fingerprint) = &secret.fingerprint else { return "GONE: its file is not there".to_owned() };
    let since =
        secret.since.map(|since| since.to_zoned(TimeZone::system()).strftime("%Y-%m-%d %H:%M").to_string());
    since.map_or_else(|| fingerprint.clone(), |since| format!("{fingerprint}, since {since}"))
}

/// The same for programs; never a value.
pub fn secrets_json(secrets: &Secrets) -> anyhow::Result<String> {
    let all: Vec<Value> = secrets.secrets.iter().map(one).collect();
    super::json(&json!({ "stack": secrets.stack, "secrets": all }))
}

fn one(secret: &KeptSecret) -> Value {
    let declared = secret.declared.as_ref();
    let rotation = declared.map(|declared| &declared.rotation);
    let (changes, why) = match rotation {
        Some(Rotation::Restart) => (Some("restart"), None),
        Some(Rotation::Statement(_)) => (Some("statement"), None),
        Some(Rotation::Fixed(why)) => (Some("fixed"), Some(why)),
        None => (None, None),
    };
    let credential = declared.and_then(|declared| declared.credential.as_ref());
    let (service, account, variable) = match credential {
        Some(Credential::Password { service, account }) => (Some(service), Some(account), None),
        Some(Credential::Key { service, variable }) => (Some(service), None, Some(variable)),
        None => (None, None, None),
    };
    json!({
        "name": secret.files.name,
        "for": declared.map(|declared| &declared.purpose),
        "changes": changes,
        "fixed_because": why,
        "service": service,
        "account": account,
        "variable": variable,
        "fingerprint": secret.fingerprint.as_deref().and_then(|text| text.strip_prefix("fingerprint ")),
        "since": secret.since.map(|since| since.to_string()),
        "changing": secret.changing,
        "held_by": secret.held_by,
    })
}
