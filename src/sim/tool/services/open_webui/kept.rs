use serde::{Deserialize, Serialize};

use super::super::{Around, reply::hashed};

/// Its database.
const FILE: &str = "/app/backend/data/webui.db";

/// What it keeps in its volume.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct Kept {
    /// Accounts, the first of them an admin's.
    pub(super) users: Vec<User>,
    /// Settings as they were stored; the environment does not change them any more.
    settings: Option<Settings>,
    /// What its users made of models.
    #[serde(default)]
    pub(super) models: Vec<Made>,
}

/// A model as somebody made it there: with a base model one of its own, without one the settings of Ollama's of this name.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Made {
    pub(super) id: String,
    pub(super) base_model_id: Option<String>,
    pub(super) is_active: bool,
}

#[derive(Clone, Serialize, Deserialize)]
pub(super) struct User {
    pub(super) email: String,
    pub(super) name: String,
    pub(super) role: String,
    password: String,
}

/// What can be set by the environment and by its pages.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
pub(super) struct Settings {
    pub(super) ollama: bool,
    pub(super) ollama_urls: Vec<String>,
    pub(super) signup: bool,
}

/// A switch of the environment.
pub(super) fn is_true(around: &dyn Around, name: &str, otherwise: bool) -> bool {
    around
        .variable(name)
        .filter(|value| !value.is_empty())
        .map_or(otherwise, |value| value.to_lowercase() == "true")
}

impl Kept {
    pub(super) fn read(around: &dyn Around) -> Self {
        around.read(FILE).and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default()
    }

    pub(super) fn write(&self, around: &mut dyn Around) -> Result<(), String> {
        around.write(FILE, serde_json::to_vec(self).unwrap_or_default())
    }

    /// The settings that count from a start on: those of the environment at the first, and later the stored ones, unless it is
    /// told to keep none.
    pub(super) fn settings(&mut self, around: &dyn Around) -> Settings {
        let persists = is_true(around, "ENABLE_PERSISTENT_CONFIG", true);
        if is_true(around, "RESET_CONFIG_ON_START", false) {
            self.settings = None;
        }
        if let Some(stored) = self.settings.clone().filter(|_| persists) {
            return stored;
        }
        let one = around.variable("OLLAMA_BASE_URL").filter(|url| !url.is_empty());
        let all = around.variable("OLLAMA_BASE_URLS").filter(|urls| !urls.is_empty()).or(one);
        let all = all.unwrap_or_else(|| "http://host.docker.internal:11434".to_owned());
        let settings = Settings {
            ollama: is_true(around, "ENABLE_OLLAMA_API", true),
            ollama_urls: all.split(';').map(|url| url.trim_end_matches('/').to_owned()).collect(),
            signup: is_true(around, "ENABLE_SIGNUP", true),
        };
        if persists {
            self.settings = Some(settings.clone());
        }
        settings
    }

    /// Makes the admin that the environment names, if there is nobody yet; whoever comes later cannot sign up then.
    pub(super) fn bootstrap(&mut self, around: &dyn Around, settings: &mut Settings) {
        let given = |name: &str| around.variable(name).filter(|value| !value.is_empty());
        let account = given("WEBUI_ADMIN_EMAIL").zip(given("WEBUI_ADMIN_PASSWORD"));
        if let Some((email, password)) = account.filter(|_| self.users.is_empty()) {
            let name = given("WEBUI_ADMIN_NAME").unwrap_or_else(|| "Admin".to_owned());
            self.add(&email, &name, "admin", &password);
            settings.signup = false;
            if let Some(stored) = &mut self.settings {
                stored.signup = false;
            }
        }
    }

    /// What its pages set lasts, unless it is told to keep nothing.
    pub(super) fn store(&mut self, around: &dyn Around, settings: &Settings) {
        if is_true(around, "ENABLE_PERSISTENT_CONFIG", true) {
            self.settings = Some(settings.clone());
        }
    }

    pub(super) fn add(&mut self, email: &str, name: &str, role: &str, password: &str) {
        let email = email.to_lowercase();
        let (name, role) = (name.to_owned(), role.to_owned());
        let password = hashed(&email, password);
        self.users.push(User { email, name, role, password });
    }

    pub(super) fn user(&self, email: &str) -> Option<&User> {
        self.users.iter().find(|user| user.email == email.to_lowercase())
    }

    pub(super) fn signed_in(&self, email: &str, password: &str) -> Option<&User> {
        self.user(email).filter(|user| user.password == hashed(&user.email, password))
    }

    /// Gives a user another password, if the old one is right.
    pub(super) fn change(&mut self, email: &str, old: &str, new: &str) -> bool {
        let right = self.signed_in(email, old).is_some();
        let user = self.users.iter_mut().find(|user| right && user.email == email);
        match user {
            Some(user) => {
                user.password = hashed(&user.email, new);
                true
            }
            None => false,
        }
    }
}
