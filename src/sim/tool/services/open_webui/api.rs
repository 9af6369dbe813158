use std::time::Duration;

use serde_json::{Value, json};

use super::{
    super::{
        Around, Asked,
        reply::{hashed, json, text},
        service::AT_ONCE,
    },
    VERSION,
    kept::{self, Kept, Settings, User},
    models,
};
use crate::machine::Reply;

/// The server while it answers one request.
pub(super) struct Answering<'a> {
    pub(super) settings: &'a mut Settings,
    pub(super) key: &'a str,
    pub(super) ready: bool,
    pub(super) around: &'a mut dyn Around,
    pub(super) log: &'a mut Vec<String>,
}

fn detail(status: u16, said: &str) -> Reply {
    json(status, &json!({ "detail": said }))
}

impl Answering<'_> {
    pub(super) fn answer(&mut self, asked: &Asked<'_>) -> (Reply, Duration) {
        let good = json(200, &json!({ "status": true }));
        let reply = match (asked.method, asked.route()) {
            ("GET", "/health" | "/health/db") => good,
            ("GET", "/ready") if self.ready => good,
            ("GET", "/ready") => detail(503, "Startup not complete"),
            ("GET", "/api/version") => json(200, &json!({ "version": VERSION, "deployment_id": "" })),
            ("GET", "/api/config") => self.config(),
            ("POST", "/api/v1/auths/signin") => self.sign_in(asked.body),
            ("POST", "/api/v1/auths/signup") => self.sign_up(asked.body),
            (_, route) if route.starts_with("/api/") || route.starts_with("/ollama/") => {
                return match self.user(asked.authorization) {
                    Some(user) => self.inside(asked, &user),
                    None => (detail(401, "Not authenticated"), AT_ONCE),
                };
            }
            ("GET", "/") => text(200, "<!doctype html><title>Open WebUI</title>"),
            _ => detail(404, "Not Found"),
        };
        (reply, AT_ONCE)
    }

    /// What only who has signed in is answered.
    fn inside(&mut self, asked: &Asked<'_>, user: &User) -> (Reply, Duration) {
        let admin = user.role == "admin";
        let (settings, around) = (&*self.settings, &mut *self.around);
        match (asked.method, asked.route()) {
            ("GET", "/api/models") => models::list(settings, around),
            ("POST", "/api/chat/completions") => models::chat(settings, around, asked.body, self.log),
            ("POST", "/api/models/unload") if admin => models::unload(settings, around, asked.body),
            ("GET", "/ollama/api/version" | "/ollama/api/tags" | "/ollama/api/ps") => {
                models::pass_on(settings, around, asked.route())
            }
            ("GET", "/ollama/config") if admin => (self.ollama_config(), AT_ONCE),
            ("POST", "/ollama/config/update") if admin => (self.configure_ollama(asked.body), AT_ONCE),
            ("POST", "/api/v1/auths/update/password") => (self.change_password(asked.body, user), AT_ONCE),
            _ => (detail(404, "Not Found"), AT_ONCE),
        }
    }

    fn config(&self) -> Reply {
        let features = json!({
            "auth": kept::is_true(self.around, "WEBUI_AUTH", true),
            "enable_signup": self.settings.signup,
            "enable_login_form": true,
        });
        let config =
            json!({ "status": true, "name": "Open WebUI", "version": VERSION, "features": features });
        json(200, &config)
    }

    fn sign_in(&self, body: &[u8]) -> Reply {
        let kept = Kept::read(self.around);
        if !kept::is_true(self.around, "WEBUI_AUTH", true) && !kept.users.is_empty() {
            return detail(
                400,
                "You can't turn off authentication because there are existing users. If you want to disable WEBUI_AUTH, make sure your web interface doesn't have any existing users and is a fresh installation.",
            );
        }
        let [email, password] = fields(body, ["email", "password"]);
        match kept.signed_in(&email, &password) {
            Some(user) => json(200, &self.session(user)),
            None => detail(
                400,
                "The email or password provided is incorrect. Please check for typos and try logging in again.",
            ),
        }
    }

    /// Whoever is first becomes admin, and closes the door.
    fn sign_up(&mut self, body: &[u8]) -> Reply {
        if !self.settings.signup {
            return detail(
                403,
                "You do not have permission to access this resource. Please contact your administrator for assistance.",
            );
        }
        let mut kept = Kept::read(self.around);
        let [email, password, name] = fields(body, ["email", "password", "name"]);
        if kept.user(&email).is_some() {
            return detail(
                400,
                "Uh-oh! This email is already registered. Sign in with your existing account or choose another email to start anew.",
            );
        }
        let first = kept.users.is_empty();
        let role = self.around.variable("DEFAULT_USER_ROLE").unwrap_or_else(|| "pending".to_owned());
        kept.add(&email, &name, if first { "admin" } else { &role }, &password);
        if first {
            self.settings.signup = false;
        }
        match kept.write(self.around) {
            Ok(()) => kept
                .user(&email)
                .map_or_else(|| detail(500, "no user"), |user| json(200, &self.session(user))),
            Err(why) => detail(500, &why),
        }
    }

    fn session(&self, user: &User) -> Value {
        let User { email, name, role, .. } = user;
        json!({
            "id": hashed("id", email), "name": name, "role": role, "email": email,
            "token": self.token(email), "token_type": "Bearer", "profile_image_url": "/user.png",
        })
    }

    fn token(&self, email: &str) -> String {
        format!("eyJhbGciOiJIUzI1NiJ9.{}.{}", hashed("id", email), hashed(self.key, email))
    }

    fn user(&self, authorization: Option<&str>) -> Option<User> {
        let token = authorization?.strip_prefix("Bearer ")?;
        let kept = Kept::read(self.around);
        kept.users.into_iter().find(|user| self.token(&user.email) == token)
    }

    fn change_password(&mut self, body: &[u8], user: &User) -> Reply {
        let [old, new] = fields(body, ["password", "new_password"]);
        let mut kept = Kept::read(self.around);
        if !kept.change(&user.email, &old, &new) {
            return detail(400, "The password provided is incorrect. Please check for typos and try again.");
        }
        match kept.write(self.around) {
            Ok(()) => text(200, "true"),
            Err(why) => detail(500, &why),
        }
    }

    fn ollama_config(&self) -> Reply {
        let config = json!({
            "ENABLE_OLLAMA_API": self.settings.ollama,
            "OLLAMA_BASE_URLS": self.settings.ollama_urls,
            "OLLAMA_API_CONFIGS": {},
        });
        json(200, &config)
    }

    fn configure_ollama(&mut self, body: &[u8]) -> Reply {
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        let urls = body.get("OLLAMA_BASE_URLS").and_then(Value::as_array);
        let Some(urls) = urls else { return detail(422, "Field required: OLLAMA_BASE_URLS") };
        self.settings.ollama_urls = urls.iter().filter_map(Value::as_str).map(str::to_owned).collect();
        if let Some(on) = body.get("ENABLE_OLLAMA_API").and_then(Value::as_bool) {
            self.settings.ollama = on;
        }
        let mut kept = Kept::read(self.around);
        kept.store(self.around, self.settings);
        match kept.write(self.around) {
            Ok(()) => self.ollama_config(),
            Err(why) => detail(500, &why),
        }
    }
}

fn fields<const N: usize>(body: &[u8], names: [&str; N]) -> [String; N] {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    names.map(|name| body.get(name).and_then(Value::as_str).unwrap_or_default().to_owned())
}
