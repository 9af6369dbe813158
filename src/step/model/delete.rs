use std::{net::SocketAddr, time::Duration};

use anyhow::Result;
use camino::Utf8PathBuf;

use crate::{
    machine::{Changing, Looking, Machine, Method, Request, Tell, tool::ollama},
    step::{About, Step},
    value::{Domain, ModelName, Problem},
};

/// A server of ours.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct OwnServer {
    /// Where it is asked, `http://127.0.0.1:11434`.
    pub url: String,
    /// The launchd domain of its job.
    pub domain: Domain,
    /// The label of its job.
    pub label: String,
}

/// Deletes a model, with all that no other model shares: by the server that has it, which forgets it then, or where that is gone
/// from its store.
#[derive(Debug)]
pub struct DeleteModel {
    /// Its name.
    pub name: ModelName,
    /// The server that may have it, if there is one.
    pub server: Option<OwnServer>,
    /// Where it is kept.
    pub store: Utf8PathBuf,
    /// Files that a pull of ours left unfinished.
    pub leftovers: Vec<Utf8PathBuf>,
}

impl Step for DeleteModel {
    fn about(&self) -> About {
        let manifest = self.store.join(self.name.manifest());
        let mut commands = vec![match &self.server {
            Some(OwnServer { url, .. }) => format!("curl -X DELETE {url}/api/delete -d '{}'", self.body()),
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
        self.leftovers.iter().try_for_each(|path| machine.remove(path))?;
        self.fold(machine)
    }
}

impl DeleteModel {
    fn body(&self) -> String {
        serde_json::json!({ "model": self.name.to_string() }).to_string()
    }

    /// Whether our server deleted it; none that answers is no failure.
    fn by_server(&self, machine: &dyn Machine, tell: &dyn Tell) -> Result<bool> {
        let Some(server) = &self.server else { return Ok(false) };
        if !self.is_of(machine, server)? {
            return Ok(false);
        }
        let request = Request {
            method: Method::Delete,
            url: format!("{}/api/delete", server.url),
            body: self.body(),
            limit: Duration::from_mins(1),
            lines: false,
        };
        match machine.send(request, tell)? {
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

    /// Whether it is our job's process that answers there, and has its models in this store: any other would delete a model of its
    /// own that has the same name.
    fn is_of(&self, machine: &dyn Machine, server: &OwnServer) -> Result<bool> {
        let Some(job) = machine.loaded_job(server.domain, &server.label)? else { return Ok(false) };
        let (Some(pid), Some(socket)) = (job.pid(), socket(&server.url)) else { return Ok(false) };
        let listeners = machine.listeners(socket)?;
        let alone = !listeners.is_empty() && listeners.iter().all(|listener| listener.pid == Some(pid));
        Ok(alone && ollama::store(&job.environment) == Some(self.store.clone()))
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
        machine.remove(&path)
    }

    /// Removes the folders above its manifest that are empty now, as the server does.
    fn fold(&self, machine: &dyn Machine) -> Result<()> {
        let (path, top) = (self.store.join(self.name.manifest()), self.store.join("manifests"));
        for folder in path.ancestors().skip(1).take_while(|folder| **folder != top) {
            match machine.list(folder)? {
                Some(names) if names.is_empty() => machine.remove(folder)?,
                Some(_) => break,
                None => {}
            }
        }
        Ok(())
    }
}

/// Where `http://ADDRESS:PORT` connects to.
fn socket(url: &str) -> Option<SocketAddr> {
    url.strip_prefix("http://")?.parse().ok()
}
