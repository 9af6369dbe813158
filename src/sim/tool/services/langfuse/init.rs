use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{super::Around, super::reply::hashed, web::database};

/// What is known of the project that the environment names: one of them is all that is imitated.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Known {
    organization: String,
    organization_name: String,
    pub(super) project: String,
    project_name: String,
    /// The hashed secret of each public key.
    keys: std::collections::BTreeMap<String, String>,
    /// Hashed passwords by e-mail address.
    users: std::collections::BTreeMap<String, String>,
}

impl Known {
    pub(super) fn listed(&self) -> Value {
        json!({ "data": [{
            "id": self.project, "name": self.project_name, "metadata": {},
            "organization": { "id": self.organization, "name": self.organization_name },
        }] })
    }

    pub(super) fn has_key(&self, around: &dyn Around, public: &str, secret: &str) -> bool {
        self.keys.get(public).is_some_and(|hash| *hash == hashed(&salt(around), secret))
    }
}

fn salt(around: &dyn Around) -> String {
    around.variable("SALT").unwrap_or_default()
}

pub(super) fn known(around: &mut dyn Around) -> Result<Option<Known>, String> {
    let row = database(around, "GET projects")?;
    Ok(serde_json::from_str(&row).ok())
}

/// Makes organisation, project, keys and user as the environment says; what is there already is left as it is, its secrets and
/// passwords too (docs/service-facts.md#langfuse-init).
pub(super) fn init(around: &mut dyn Around, log: &mut Vec<String>) -> Result<(), String> {
    let variable = |around: &dyn Around, name: &str| {
        around.variable(&format!("LANGFUSE_INIT_{name}")).filter(|value| !value.is_empty())
    };
    let Some(organization) = variable(around, "ORG_ID") else {
        if variable(around, "PROJECT_ID").is_some() || variable(around, "USER_EMAIL").is_some() {
            log.push(
                "[Langfuse Init] LANGFUSE_INIT_ORG_ID is not set but other LANGFUSE_INIT_* variables are"
                    .to_owned(),
            );
        }
        return Ok(());
    };
    let mut known = known(around)?.unwrap_or_default();
    if known.organization.is_empty() {
        known.organization_name =
            variable(around, "ORG_NAME").unwrap_or_else(|| "Provisioned Org".to_owned());
        known.organization = organization;
    }
    if let Some(project) = variable(around, "PROJECT_ID") {
        if known.project.is_empty() {
            known.project_name =
                variable(around, "PROJECT_NAME").unwrap_or_else(|| "Provisioned Project".to_owned());
            known.project = project;
        }
        let keys = variable(around, "PROJECT_PUBLIC_KEY").zip(variable(around, "PROJECT_SECRET_KEY"));
        if let Some((public, secret)) = keys {
            let hash = hashed(&salt(around), &secret);
            known.keys.entry(public).or_insert(hash);
        }
    }
    if let Some((email, password)) = variable(around, "USER_EMAIL").zip(variable(around, "USER_PASSWORD")) {
        known.users.entry(email).or_insert_with_key(|email| hashed(email, &password));
    }
    let row = serde_json::to_string(&known).map_err(|error| error.to_string())?;
    database(around, &format!("PUT projects {row}")).map(|_| ())
}
