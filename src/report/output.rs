use serde_json::{Map, Value, json};

use super::layout::{self, Page};
use crate::{
    desk::Screen,
    engine::{Key, Output, Outputs},
    value::HIDDEN,
};

fn value(key: &Key) -> Option<&str> {
    key.value.as_deref()
}

/// What a stack has on a Mac, a line each: the name, and the URL, account, key or place.
pub fn outputs(outputs: &Outputs, screen: Screen) -> String {
    let mut page = Page::new(screen);
    let ink = page.ink;
    let urls = outputs.urls.iter().map(|(name, url)| (ink.plain(name), ink.bold(url)));
    let places =
        outputs.places.iter().map(|(id, place)| (ink.plain(id.as_str()), ink.plain(&place.to_string())));
    let accounts = outputs.accounts.iter().map(|(name, account)| (ink.plain(name), ink.bold(account)));
    let keys =
        outputs.keys.iter().map(|(name, key)| (ink.plain(name), ink.plain(value(key).unwrap_or(HIDDEN))));
    let rows: Vec<(String, String)> = urls.chain(accounts).chain(keys).chain(places).collect();
    let width = rows.iter().map(|(name, _)| console::measure_text_width(name)).max().unwrap_or(0);
    for (name, value) in rows {
        page.line(&format!("{}  {value}", layout::pad(&name, width)));
    }
    page.done()
}

/// The same for programs: `urls`, `accounts` and `keys` by name, `places` by id. A key that is not to be told is `null`.
pub fn outputs_json(outputs: &Outputs) -> anyhow::Result<String> {
    let urls: Map<String, Value> =
        outputs.urls.iter().map(|(name, url)| (name.clone(), Value::from(url.as_str()))).collect();
    let places = outputs.places.iter().map(|(id, place)| Ok((id.to_string(), serde_json::to_value(place)?)));
    let places: Map<String, Value> = places.collect::<anyhow::Result<_>>()?;
    let accounts: Map<String, Value> = outputs
        .accounts
        .iter()
        .map(|(name, account)| (name.clone(), Value::from(account.as_str())))
        .collect();
    let keys: Map<String, Value> =
        outputs.keys.iter().map(|(name, key)| (name.clone(), Value::from(value(key)))).collect();
    super::json(&json!({
        "stack": outputs.stack, "urls": urls, "accounts": accounts, "keys": keys, "places": places
    }))
}

/// One of them as it is, to be used in another command.
pub fn output(output: Output) -> String {
    match output {
        Output::Url(text) | Output::Account(text) => format!("{text}\n"),
        Output::Key(key) => format!("{}\n", value(key).unwrap_or(HIDDEN)),
        Output::Place(place) => format!("{place}\n"),
    }
}

/// One of them for programs.
pub fn output_json(output: Output) -> anyhow::Result<String> {
    match output {
        Output::Url(text) | Output::Account(text) => super::json(&text),
        Output::Key(key) => super::json(&value(key)),
        Output::Place(place) => super::json(place),
    }
}
