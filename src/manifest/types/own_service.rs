use std::collections::BTreeMap;

use camino::Utf8PathBuf;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};

use super::{Grammar, Wrong};
use crate::value::{SecretName, Text};

/// A service of the user's own.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OwnService {
    /// Its Compose file: a path relative to the manifest.
    #[schemars(with = "String", length(min = 1))]
    pub compose: Utf8PathBuf,
    /// Values for the `${NAME:?}` of the file.
    #[serde(default, deserialize_with = "super::ollama::texts", skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(schema_with = "values_schema")]
    pub values: BTreeMap<String, String>,
    /// Further `${NAME:?}` of the file: secrets that forgectl makes, of 32 letters and digits each, and keeps on the Mac. They may
    /// stand in `environment` alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<SecretText>")]
    pub secrets: Vec<String>,
}

impl OwnService {
    /// The name by which forgectl keeps the secret `${NAME}` of the service `service`: `my-app-db-password`.
    pub fn secret_name(service: &str, name: &str) -> Option<SecretName> {
        format!("{service}-{}", name.to_ascii_lowercase().replace('_', "-")).parse().ok()
    }

    /// The values of its file, secrets as holes; it is known as `service`.
    pub fn texts(&self, service: &str) -> BTreeMap<String, Text> {
        let values = self.values.iter().map(|(name, value)| (name.clone(), Text::from(value.as_str())));
        let secret = |name: &String| Some((name.clone(), Text::secret(Self::secret_name(service, name)?)));
        values.chain(self.secrets.iter().filter_map(secret)).collect()
    }
}

/// Stands for the name of a secret in the schema.
struct SecretText;

/// A name between `${` and `}`.
pub(super) const NAME: Grammar = Grammar {
    format: "value-name",
    expected: "a name of capitals, digits and underscores such as `DB_PASSWORD`",
    pattern: "^[A-Z][A-Z0-9_]{0,39}$",
    judge: name,
};

fn name(text: &str) -> Result<(), Wrong> {
    let fits = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    // An underscore at the end would not be told from none in the names of secrets.
    let plain = !text.ends_with('_') && !text.contains("__");
    if (1..=40).contains(&text.len())
        && text.chars().all(fits)
        && text.starts_with(|c: char| c.is_ascii_uppercase())
        && plain
    {
        return Ok(());
    }
    let wrong = Wrong::new(
        "a name of a value is 1 to 40 capitals, digits and single underscores, and begins with a letter",
    );
    let near = text.trim_start_matches(['$', '{']).trim_end_matches(['}', '?', ':']);
    let near = near.to_ascii_uppercase().replace('-', "_");
    Err(if near != text && name(&near).is_ok() { wrong.meant(near) } else { wrong })
}

fn values_schema(_: &mut SchemaGenerator) -> Schema {
    schemars::json_schema!({
        "type": "object",
        "propertyNames": { "format": NAME.format, "pattern": NAME.pattern },
        "additionalProperties": { "type": ["string", "number", "boolean"] },
        "examples": [{ "PORT": 8080 }],
    })
}

impl JsonSchema for SecretText {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "SecretText".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        NAME.schema(&["DB_PASSWORD"])
    }
}
