use std::{borrow::Cow, collections::BTreeMap};

use camino::Utf8PathBuf;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::{Grammar, Listen, OwnService, Wrong};

/// Services in containers, by name.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Services {
    /// Open WebUI, wired to the Ollama server of this stack.
    #[serde(rename = "open-webui", skip_serializing_if = "Option::is_none")]
    pub open_webui: Option<OpenWebUi>,
    /// Langfuse: web, worker, and what they keep their data in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub langfuse: Option<Langfuse>,
    /// Services of the user's own, in Compose's format, by name.
    #[serde(flatten)]
    pub own: BTreeMap<String, OwnService>,
}

/// Open WebUI (docs/service-facts.md#open-webui-settings): what it says wins over what its database remembers.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct OpenWebUi {
    /// The TCP port on this Mac.
    #[schemars(range(min = 1))]
    pub port: u16,
    /// Who can reach it: `loopback`, this Mac alone; `lan`, every network that it is in; or one of its own addresses.
    pub listen: Listen,
    /// Its version in quotes: `"0.12.4"`.
    #[schemars(schema_with = "open_webui_version")]
    pub version: String,
    /// Its first account, whose password `forgectl output --reveal` tells.
    pub admin: Admin,
}

/// Langfuse (docs/service-facts.md#langfuse-version).
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Langfuse {
    /// The TCP port on this Mac.
    #[schemars(range(min = 1))]
    pub port: u16,
    /// Who can reach it: `loopback`, this Mac alone; `lan`, every network that it is in; or one of its own addresses.
    pub listen: Listen,
    /// Its version in quotes: `"4.59.0"`.
    #[schemars(schema_with = "langfuse_version")]
    pub version: String,
    /// Its first account, whose password `forgectl output --reveal` tells.
    pub admin: Admin,
}

/// Who administers a service.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Admin {
    /// The address that the account goes by. Nothing is sent to it. It is read when the service makes its first account, and
    /// never again.
    #[schemars(schema_with = "email")]
    pub email: String,
}

impl Default for OpenWebUi {
    fn default() -> Self {
        Self { port: 3000, listen: Listen::default(), version: "0.12.4".to_owned(), admin: Admin::default() }
    }
}

impl Default for Langfuse {
    fn default() -> Self {
        Self { port: 3001, listen: Listen::default(), version: "4.59.0".to_owned(), admin: Admin::default() }
    }
}

impl Default for Admin {
    fn default() -> Self {
        Self { email: "admin@forge.local".to_owned() }
    }
}

/// A name that the containers, volumes and secrets of a service are known by.
pub(super) const NAME: Grammar = Grammar {
    format: "service-name",
    expected: "a name of lower-case letters, digits and hyphens such as `my-app`",
    pattern: "^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$",
    judge: name,
};

pub(super) const VERSION: Grammar = Grammar {
    format: "service-version",
    expected: "a version in quotes such as `\"1.2.3\"`",
    pattern: "^[0-9]+\\.[0-9]+\\.[0-9]+",
    judge: version,
};

pub(super) const EMAIL: Grammar = Grammar {
    format: "service-email",
    expected: "an address such as `me@example.com`",
    pattern: "^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$",
    judge: |text| address(text),
};

fn name(text: &str) -> Result<(), Wrong> {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let ends = text.starts_with('-') || text.ends_with('-');
    if (1..=40).contains(&text.len()) && text.chars().all(fits) && !ends {
        return Ok(());
    }
    let wrong = Wrong::new(
        "a service's name is 1 to 40 lower-case letters, digits and hyphens, with no hyphen at either end",
    );
    let near = text.to_ascii_lowercase().replace(['_', ' ', '.'], "-");
    Err(if near != text && name(&near).is_ok() { wrong.meant(near) } else { wrong })
}

fn version(text: &str) -> Result<(), Wrong> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    let numbers = text.splitn(3, '.').collect::<Vec<_>>();
    let whole = |part: &str| (1..=6).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
    if let [major, minor, rest] = numbers.as_slice()
        && whole(major)
        && whole(minor)
        && rest.starts_with(|c: char| c.is_ascii_digit())
        && rest.chars().all(fits)
        && text.len() <= 60
    {
        return Ok(());
    }
    let wrong = Wrong::new("one version is three numbers, so that it stays the same one until you change it");
    let near = text.trim_start_matches(['v', 'V']);
    Err(if near != text && version(near).is_ok() { wrong.meant(format!("\"{near}\"")) } else { wrong })
}

fn address(text: &str) -> Result<(), Wrong> {
    let wrong =
        || Wrong::new("an address has one `@`, a name before it, and a domain with a point behind it");
    let (name, domain) = text.split_once('@').ok_or_else(wrong)?;
    let of_name = |c: char| c.is_ascii_alphanumeric() || "._%+-".contains(c);
    let of_label = |c: char| c.is_ascii_alphanumeric() || c == '-';
    let labels: Vec<&str> = domain.split('.').collect();
    let label = |label: &&str| {
        !label.is_empty() && label.chars().all(of_label) && !label.starts_with('-') && !label.ends_with('-')
    };
    let last =
        labels.last().is_some_and(|last| last.len() > 1 && last.chars().all(|c| c.is_ascii_alphabetic()));
    let dots = name.starts_with('.') || name.ends_with('.') || name.contains("..");
    let good = !name.is_empty() && name.chars().all(of_name) && !dots && labels.iter().all(label);
    if good && labels.len() > 1 && last && text.len() <= 200 { Ok(()) } else { Err(wrong()) }
}

fn open_webui_version(_: &mut SchemaGenerator) -> Schema {
    VERSION.schema(&["0.12.4"])
}

fn langfuse_version(_: &mut SchemaGenerator) -> Schema {
    VERSION.schema(&["4.59.0"])
}

fn email(_: &mut SchemaGenerator) -> Schema {
    EMAIL.schema(&["me@example.com"])
}

impl JsonSchema for Services {
    fn schema_name() -> Cow<'static, str> {
        "Services".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let (mut open_webui, mut langfuse) =
            (generator.subschema_for::<OpenWebUi>(), generator.subschema_for::<Langfuse>());
        for (schema, what) in [
            (
                &mut open_webui,
                "Open WebUI, wired to the Ollama server of this stack. `open-webui: {}` takes every default.",
            ),
            (
                &mut langfuse,
                "Langfuse: web, worker, and what they keep their data in. `langfuse: {}` takes every default.",
            ),
        ] {
            schema.insert("description".to_owned(), what.into());
        }
        json_schema!({
            "type": "object",
            "minProperties": 1,
            "propertyNames": { "format": NAME.format, "pattern": NAME.pattern },
            "properties": { "open-webui": open_webui, "langfuse": langfuse },
            "additionalProperties": generator.subschema_for::<OwnService>(),
            "examples": [{ "open-webui": { "port": 3000 }, "my-app": { "compose": "./my-app.yaml" } }],
        })
    }
}

impl Services {
    /// The Compose files of services of the user's own, as they are written, by the services' names.
    pub fn files(&self) -> impl Iterator<Item = (&str, &Utf8PathBuf)> {
        self.own.iter().map(|(name, service)| (name.as_str(), &service.compose))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_one_version() {
        for good in ["0.12.4", "4.59.0", "4.60.1-rc.2", "1.2.3.4"] {
            assert!(version(good).is_ok(), "{good}");
        }
        for wrong in ["", "latest", "main", "4", "4.59", "v0.12.4", "1.2.x", "1..2", "1.2.3 ", "1.2.3:x"] {
            assert!(version(wrong).is_err(), "{wrong}");
        }
        assert_eq!(version("v0.12.4").unwrap_err().hint.as_deref(), Some("did you mean `\"0.12.4\"`?"));
    }

    #[test]
    fn an_address_is_one_that_both_services_take() {
        for good in ["admin@forge.local", "a.b+c@x.example.com"] {
            assert!(address(good).is_ok(), "{good}");
        }
        for wrong in [
            "",
            "admin",
            "admin@localhost",
            "@a.de",
            "a@b@c.de",
            "a b@c.de",
            "a@-b.de",
            "a@b..de",
            ".a@b.de",
            "a@b.1",
        ] {
            assert!(address(wrong).is_err(), "{wrong}");
        }
    }
}
