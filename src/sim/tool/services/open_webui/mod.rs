//! Open WebUI: what it takes from its environment and when, whom it lets in, and how it hands on to Ollama
//! (docs/service-facts.md#open-webui-settings).

mod api;
mod kept;
mod models;

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use self::kept::{Kept, Settings};
use super::{Around, Asked, Life};
use crate::{machine::Reply, sim::clock::after};

/// What its start takes, and how much longer it is until all of it is ready (docs/service-facts.md#start-times).
const START: Duration = Duration::from_secs(21);
const READY: Duration = Duration::from_secs(1);

/// What fetching its model for embeddings takes, unless it is told not to.
const EMBEDDER: Duration = Duration::from_mins(2);

/// Where it notes that it has that model.
const CACHED: &str = "/app/backend/data/cache/embedding/models/all-MiniLM-L6-v2";

/// Where its start script keeps a key of its own when it is given none: not in its volume.
const OWN_KEY: &str = "/app/backend/.webui_secret_key";

/// Its version.
const VERSION: &str = "0.12.4";

/// Open WebUI while it runs.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
pub struct OpenWebUi {
    heard: Option<Timestamp>,
    ready: Option<Timestamp>,
    up: bool,
    settings: Settings,
    key: String,
}

impl OpenWebUi {
    pub(super) fn listens(&self) -> bool {
        self.up
    }

    pub(super) fn live(&mut self, around: &mut dyn Around, log: &mut Vec<String>) -> Life {
        let now = around.now();
        let Some((heard, ready)) = self.heard.zip(self.ready) else {
            return self.begin(around, log);
        };
        if now < heard {
            return Life::Runs(Some(heard));
        }
        if !self.up {
            self.up = true;
            log.push("INFO:     Uvicorn running on http://0.0.0.0:8080 (Press CTRL+C to quit)".to_owned());
        }
        if now < ready { Life::Runs(Some(ready)) } else { Life::Runs(None) }
    }

    fn begin(&mut self, around: &mut dyn Around, log: &mut Vec<String>) -> Life {
        let now = around.now();
        self.key = match secret_key(around) {
            Ok(key) => key,
            Err(said) => {
                log.push(said);
                return Life::Ended(1);
            }
        };
        let set = |name: &str| around.variable(name).is_some_and(|value| !value.is_empty());
        let offline = kept::is_true(around, "OFFLINE_MODE", false) || set("HF_HUB_OFFLINE");
        let fetches = !offline && !set("RAG_EMBEDDING_ENGINE") && around.read(CACHED).is_none();
        let mut kept = Kept::read(around);
        self.settings = kept.settings(around);
        kept.bootstrap(around, &mut self.settings);
        let written = kept
            .write(around)
            .and_then(|()| if fetches { around.write(CACHED, b"model".to_vec()) } else { Ok(()) });
        if let Err(why) = written {
            log.push(format!("sqlite3.OperationalError: {why}"));
            return Life::Ended(3);
        }
        let heard = after(now, if fetches { START + EMBEDDER } else { START });
        (self.heard, self.ready) = (Some(heard), Some(after(heard, READY)));
        Life::Runs(Some(heard))
    }

    pub(super) fn answer(
        &mut self,
        around: &mut dyn Around,
        asked: &Asked<'_>,
        log: &mut Vec<String>,
    ) -> (Reply, Duration) {
        let ready = self.ready.is_some_and(|ready| ready <= around.now());
        let mut answering =
            api::Answering { settings: &mut self.settings, key: &self.key, ready, around, log };
        answering.answer(asked)
    }
}

/// The key that signs logins: the one that it is given, else one that its start script has made for this container alone.
fn secret_key(around: &mut dyn Around) -> Result<String, String> {
    if let Some(key) = around.variable("WEBUI_SECRET_KEY").filter(|key| !key.is_empty()) {
        return Ok(key);
    }
    if let Some(key) = around.read(OWN_KEY) {
        return Ok(String::from_utf8_lossy(&key).into_owned());
    }
    let key = super::reply::hashed("key", &around.now().to_string());
    around.write(OWN_KEY, key.clone().into_bytes())?;
    Ok(key)
}
