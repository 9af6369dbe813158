use std::collections::BTreeMap;

use anyhow::{Result, ensure};
use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value};

/// Renders the property list of a job and reads it back, so that its faults show before anything is changed.
pub(super) fn render(
    template: &str,
    values: Value,
    environment: &BTreeMap<String, String>,
) -> Result<Vec<u8>> {
    let mut templates = Environment::new();
    templates.set_undefined_behavior(UndefinedBehavior::Strict);
    templates.set_auto_escape_callback(|_| AutoEscape::Html);
    let text = templates.render_str(template, values)?;
    let read_back: plist::Dictionary = plist::from_bytes(text.as_bytes())?;
    let rendered = read_back.get("EnvironmentVariables").and_then(plist::Value::as_dictionary);
    let same = rendered.is_some_and(|rendered| {
        rendered.len() == environment.len()
            && environment
                .iter()
                .all(|(name, value)| rendered.get(name).and_then(plist::Value::as_string) == Some(value))
    });
    ensure!(same, "the environment does not survive a property list");
    Ok(text.into_bytes())
}
