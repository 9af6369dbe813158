use std::time::Duration;

use anyhow::Result;
use camino::Utf8PathBuf;

use super::{failure::Failure, progress::Progress};
use crate::{
    machine::{Changing, Halt, Looking, Machine, Method, Request, Tell, Wait, tool::ollama},
    step::{About, Step},
    value::{ModelName, Problem, shell_word},
};

/// How long the server may be silent: what has come is hashed in silence, gigabytes of it
/// (docs/mac-facts.md#ollama-pull).
const SILENCE: Duration = Duration::from_mins(5);

/// How long to wait before each new try after a break without any progress.
const PAUSES: [Duration; 3] = [Duration::from_secs(5), Duration::from_secs(20), Duration::from_mins(1)];

/// How often a pull is begun anew in all, however much comes each time.
const MOST_TRIES: usize = 50;

/// Has the server pull a model from its registry. What has come stays in the store when it breaks off, and the next pull goes
/// on from there (docs/mac-facts.md#ollama-pull-resume).
#[derive(Debug)]
pub struct PullModel {
    /// Its name.
    pub name: ModelName,
    /// The digest that it has to have, if that is known from before.
    pub digest: Option<String>,
    /// Where the server is asked.
    pub url: String,
    /// Where the server logs.
    pub log: Utf8PathBuf,
    /// Where the server keeps it.
    pub store: Utf8PathBuf,
}

impl Step for PullModel {
    fn about(&self) -> About {
        About {
            words: format!("pull {}", self.name),
            why: "it is not here, or not whole; the server checks every part by its digest".into(),
            commands: vec![format!("curl {}/api/pull -d {}", self.url, shell_word(&self.body()))],
            undo: "deleted by destroy --all-data, with what no other model shares".into(),
            long: true,
            download: true,
            ..About::default()
        }
    }

    fn run(&self, machine: &dyn Machine, tell: &dyn Tell) -> Result<()> {
        let progress = Progress::new(machine, tell);
        let (mut tries, mut fruitless, mut losses, mut cleaned) = (0, 0, 0, false);
        loop {
            let before = progress.done();
            let failure = match self.attempt(machine, &progress) {
                // The server takes whatever is under a part's name for that part.
                Ok(None) if !cleaned && self.clean(machine, tell)? => {
                    cleaned = true;
                    continue;
                }
                Ok(None) => return self.arrived(machine),
                Ok(Some(failure)) => failure,
                Err(error) => {
                    if Halt::of(&error) == Some(Halt::Interrupted) {
                        tell.line("stopped; what has come stays in the store, and the next apply goes on from there");
                    }
                    return Err(error);
                }
            };
            tries += 1;
            losses += usize::from(failure.is_loss());
            fruitless = if progress.done() > before { 0 } else { fruitless + 1 };
            let pause = PAUSES.get(if fruitless == 0 { 0 } else { fruitless - 1 });
            let Some(pause) = pause.filter(|_| failure.may_pass(losses) && tries < MOST_TRIES) else {
                return Err(failure.told(self, tries).into());
            };
            if let Some(digest) = failure.torn() {
                self.clear(machine, digest)?;
            }
            let seconds = pause.as_secs();
            tell.line(&format!(
                "the pull broke off: {failure}; it goes on in {seconds} s from where it stopped"
            ));
            machine.wait(*pause, Wait::Poll)?;
        }
    }
}

impl PullModel {
    fn body(&self) -> String {
        serde_json::json!({ "model": self.name.to_string() }).to_string()
    }

    /// Asks once; `None` when the server says that it is all there.
    fn attempt(&self, machine: &dyn Machine, progress: &Progress) -> Result<Option<Failure>> {
        let request = Request {
            method: Method::Post,
            authorization: None,
            url: format!("{}/api/pull", self.url),
            body: self.body(),
            limit: SILENCE,
            lines: true,
        };
        Ok(match machine.send(request, progress)? {
            Err(why) => Some(Failure::cut(why)),
            Ok(reply) => Failure::of_reply(reply.status, &String::from_utf8_lossy(&reply.body)),
        })
    }

    /// Removes what is left of a part that the server can neither end nor go on with.
    fn clear(&self, machine: &dyn Machine, digest: &str) -> Result<()> {
        let folder = self.store.join("blobs");
        let begins = format!("sha256-{digest}-partial");
        let names = machine.list(&folder)?.unwrap_or_default();
        names
            .iter()
            .filter(|name| name.starts_with(&begins))
            .try_for_each(|name| machine.remove(&folder.join(name)))
    }

    /// Removes parts that have another size than they should; says whether there were any.
    fn clean(&self, machine: &dyn Machine, tell: &dyn Tell) -> Result<bool> {
        let Some(manifest) = ollama::manifest(machine, &self.store, &self.name)? else { return Ok(false) };
        let mut any = false;
        for layer in ollama::missing(machine, &self.store, &manifest)? {
            let path = ollama::blob(&self.store, &layer.digest);
            if machine.stat(&path)?.is_some() {
                tell.line(&format!("{path} is damaged, and is fetched anew"));
                machine.remove(&path)?;
                any = true;
            }
        }
        Ok(any)
    }

    /// What the server says is not taken on trust: the manifest and all that it names have to be there.
    fn arrived(&self, machine: &dyn Machine) -> Result<()> {
        let not = |why: String| {
            Problem::mac(format!("the model did not arrive: `{}`", self.name))
                .why("the server says that it pulled it")
                .why(why)
                .hint("see where the server keeps its models:")
                .remedy(format!("grep 'server config' '{}'", self.log))
        };
        let Some(manifest) = ollama::manifest(machine, &self.store, &self.name)? else {
            return Err(not(format!("{} is not there", self.store.join(self.name.manifest()))).into());
        };
        if let Some(wanted) = self.digest.as_ref().filter(|wanted| **wanted != manifest.digest) {
            let id = format!("ollama-model/{}", self.name);
            return Err(Problem::mac(format!(
                "the registry has another `{}` than the lock names",
                self.name
            ))
            .why(format!("locked: {wanted}"))
            .why(format!("pulled: {}", manifest.digest))
            .hint("a tag was published anew; to take what it stands for now:")
            .remedy(format!("forgectl lock --update {id}"))
            .into());
        }
        match ollama::missing(machine, &self.store, &manifest)?.first() {
            Some(layer) => {
                Err(not(format!("{} is not there", ollama::blob(&self.store, &layer.digest))).into())
            }
            None => Ok(()),
        }
    }
}
