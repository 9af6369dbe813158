use std::time::Duration;

use anyhow::Result;
use camino::{Utf8Path, Utf8PathBuf};

use crate::{
    machine::{Changing, Looking, Machine, Method, Request, Tell, tool::ollama},
    step::{About, Step},
    value::{ModelName, Problem},
};

/// Deletes a model, with all that no other model shares: by the server, which forgets it then, or where that is gone from its
/// store.
#[derive(Debug)]
pub struct DeleteModel {
    /// Its name.
    pub name: ModelName,
    /// Where the server is asked, if there is one.
    pub url: Option<String>,
    /// Where it is kept.
    pub store: Utf8PathBuf,
    /// Files that a pull of ours left unfinished.
    pub leftovers: Vec<Utf8PathBuf>,
}

impl Step for DeleteModel {
    fn about(&self) -> About {
        let manifest = self.store.join(self.name.manifest());
        let mut commands = vec![match &self.url {
            Some(url) => format!("curl -X DELETE {url}/api/delete -d '{}'", self.body()),
            None => format!("rm {manifest}"),
        }];
        commands.extend(self.leftovers.iter().map(|path| format!("rm {path}")));
        About {
            words: format!("delete {}", self.name),
            why: "forgectl pulled it, and --all-data was given".into(),
            commands,
            undo: "pulled again by apply".into(),
            ..About::default()
        }
    }

    fn run(&self, machine: &dyn Machine, tell: &dyn Tell) -> Result<()> {
        let there = machine.stat(&self.store.join(self.name.manifest()))?.is_some();
        if there && !self.by_server(machine, tell)? {
            self.by_hand(machine)?;
        }
        self.leftovers.iter().try_for_each(|path| machine.remove(path))
    }
}

impl DeleteModel {
    fn body(&self) -> String {
        serde_json::json!({ "model": self.name.to_string() }).to_string()
    }

    /// Whether a server deleted it; none that answers is no failure.
    fn by_server(&self, machine: &dyn Machine, tell: &dyn Tell) -> Result<bool> {
        let Some(url) = &self.url else { return Ok(false) };
        let request = Request {
            method: Method::Delete,
            authorization: None,
            url: format!("{url}/api/delete"),
            body: self.body(),
            limit: Duration::from_mins(1),
            lines: false,
        };
        match machine.send(request, tell)? {
            // One that keeps its models elsewhere does not know it.
            Ok(reply) if matches!(reply.status, 200 | 404) => {
                Ok(machine.stat(&self.store.join(self.name.manifest()))?.is_none())
            }
            Ok(reply) => Err(Problem::mac(format!("the server does not delete the model: `{}`", self.name))
                .why(format!("it answered {}: {}", reply.status, String::from_utf8_lossy(&reply.body)))
                .hint("delete it by hand, then destroy again:")
                .remedy(format!("ollama rm {}", self.name))
                .into()),
            Err(_) => Ok(false),
        }
    }

    /// The manifest goes last: what is killed before can still be told.
    fn by_hand(&self, machine: &dyn Machine) -> Result<()> {
        let path = self.store.join(self.name.manifest());
        let own = machine.read(&path)?.as_deref().and_then(ollama::Manifest::read);
        let mut shared = vec![];
        for other in ollama::names(machine, &self.store)?.iter().filter(|other| **other != self.name) {
            let other = ollama::manifest(machine, &self.store, other)?;
            shared.extend(other.into_iter().flat_map(|other| other.parts().into_keys()));
        }
        let parts = own.into_iter().flat_map(|own| own.parts().into_keys());
        for digest in parts.filter(|digest| !shared.contains(digest)) {
            machine.remove(&ollama::blob(&self.store, &digest))?;
        }
        machine.remove(&path)?;
        self.fold(machine, path.parent())
    }

    /// Removes the folders above that are empty now, as the server does.
    fn fold(&self, machine: &dyn Machine, above: Option<&Utf8Path>) -> Result<()> {
        let top = self.store.join("manifests");
        let folders = above.into_iter().flat_map(Utf8Path::ancestors).take_while(|folder| **folder != top);
        for folder in folders {
            if machine.list(folder)?.is_none_or(|names| !names.is_empty()) {
                break;
            }
            machine.remove(folder)?;
        }
        Ok(())
    }
}
