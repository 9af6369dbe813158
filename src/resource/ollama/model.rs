use std::{collections::BTreeSet, time::Duration};

use anyhow::Result;
use camino::{Utf8Path, Utf8PathBuf};
use sha2::{Digest, Sha256};

use super::{
    models::{self, Model},
    server::Server,
};
use crate::{
    catalog,
    journal::Receipt,
    machine::{Look, Looking, Machine, tool::ollama},
    resource::{Evidence, Leaving, Loads, Newest, Quote, Removal, Resource, Upstream},
    step::{DeleteModel, PullModel, Step},
    value::{
        Delta, Deltas, Id, ModelName, Pin, Place, Problem, State, Value, Want, Wanted, hex, human_bytes,
    },
};

/// A model in the store of an Ollama server of ours.
#[derive(Debug)]
pub struct OllamaModel {
    /// Its name.
    pub name: ModelName,
    /// What it is for, in a word.
    pub role: Option<String>,
    /// The digest that an earlier apply resolved, which it has to have.
    pub pinned: Option<String>,
    /// The server that has it.
    pub server: ModelServer,
}

/// A server of ours, as its models see it.
#[derive(Clone, Debug)]
pub struct ModelServer {
    /// Where it is asked, `http://127.0.0.1:11434`.
    pub url: String,
    /// Where it logs.
    pub log: Utf8PathBuf,
    /// Where it keeps models, `$OLLAMA_MODELS`.
    pub store: Utf8PathBuf,
    /// The context length that it gives to a model that has none of its own.
    pub num_ctx: u64,
    /// How many models it keeps in memory at a time.
    pub most: u32,
    /// Bytes of the Mac's memory, if known.
    pub memory: Option<u64>,
    /// Whether it is started before its models are pulled, and then deletes what old interrupted pulls left.
    pub starts: bool,
}

/// What the registry says of a model.
enum Published {
    So(ollama::Manifest),
    /// It has no such model.
    Unknown,
    /// It did not say, and why.
    Unsaid(String),
}

fn pin(manifest: ollama::Manifest) -> Pin {
    Pin { bytes: Some(manifest.size()), digest: Some(manifest.digest), ..Pin::default() }
}

/// What is seen of a model all of whose parts are there.
const COMPLETE: &str = "complete";

impl Resource for OllamaModel {
    fn id(&self) -> Id {
        Id::new("ollama-model", &self.name)
    }

    fn place(&self) -> Place {
        Place::Model { store: self.server.store.clone(), name: self.name.clone() }
    }

    fn wanted(&self) -> Wanted {
        let digest = self.pinned.as_deref().map_or(Want::Present, |digest| Want::Is(digest.into()));
        Wanted::from([("digest".into(), digest), ("parts".into(), Want::Is(COMPLETE.into()))])
    }

    fn reason(&self, found: &State, deltas: &[Delta]) -> String {
        let wrong = |field: &str| deltas.iter().any(|delta| delta.field.as_str() == field);
        let what = if !found.present {
            "pull".to_owned()
        } else if wrong("parts") {
            format!("pull what is not here: {}", found.get("parts"))
        } else {
            "pull what the lock names: another is here".to_owned()
        };
        match &self.role {
            Some(role) => format!("{what} · {role}"),
            None => what,
        }
    }

    fn quote(&self, look: &dyn Look) -> Result<Quote> {
        let Published::So(manifest) = self.published(look)? else { return Ok(Quote::default()) };
        let ModelServer { store, starts, .. } = &self.server;
        let mut parts = manifest.parts();
        for layer in &manifest.layers {
            parts.insert(layer.digest.clone(), ollama::remaining(look, store, layer, *starts)?);
        }
        parts.retain(|_, bytes| *bytes > 0);
        // What comes is put together where it stays.
        Ok(Quote { download: Some(parts.values().sum()), disk: Some(0), parts })
    }

    fn upstream(&self, look: &dyn Look, _: &State, _: &Deltas) -> Result<Upstream> {
        let name = &self.name;
        Ok(match self.published(look)? {
            Published::So(manifest) => match &self.pinned {
                Some(pinned) if *pinned != manifest.digest => {
                    Upstream::missing(moved(&self.id(), name, pinned, &manifest.digest))
                }
                _ => Upstream::default(),
            },
            Published::Unknown => Upstream::missing(no_such(name)),
            Published::Unsaid(why) => Upstream::unsaid(
                Problem::mac(format!("how large the model is, nobody says: `{name}`"))
                    .why(why)
                    .hint("it is pulled all the same, and fails by itself if the registry goes on so"),
            ),
        })
    }

    fn is_held_to(&self, pin: &Pin) -> bool {
        self.pinned.is_some() && self.pinned == pin.digest
    }

    fn pin(&self, look: &dyn Look) -> Result<Option<Pin>> {
        Ok(ollama::manifest(look, &self.server.store, &self.name)?.map(pin))
    }

    fn newest(&self, look: &dyn Look) -> Result<Newest> {
        match self.published(look)? {
            Published::So(manifest) => Ok(Newest::of(pin(manifest))),
            Published::Unknown => Err(no_such(&self.name).into()),
            Published::Unsaid(why) => {
                Err(Problem::mac(format!("the registry does not tell of `{}`", self.name))
                    .why(why)
                    .hint("whether it answers:")
                    .remedy(format!("curl -sSI {}", self.name.url()))
                    .into())
            }
        }
    }

    fn steps(&self, _: &State, _: &Deltas) -> Vec<Box<dyn Step>> {
        let ModelServer { url, log, store, .. } = self.server.clone();
        let (name, digest) = (self.name.clone(), self.pinned.clone());
        vec![Box::new(PullModel { name, digest, url, log, store })]
    }

    fn check(&self, look: &dyn Look, _: Duration) -> Result<Evidence> {
        let found = observe(look, &self.server.store, &self.name)?;
        let not = |why: String| Problem::mac(format!("the model is not here: `{}`", self.name)).why(why);
        if !found.present {
            return Err(not(format!("{} is not there", self.place())).into());
        }
        if found.get("parts").as_text() != Some(COMPLETE) {
            return Err(not(found.get("parts").to_string()).into());
        }
        let size = ollama::manifest(look, &self.server.store, &self.name)?.map_or(0, |found| found.size());
        let digest: String = found.get("digest").as_text().unwrap_or_default().chars().take(12).collect();
        Ok(vec![format!("`{}` is here, {}, digest {digest}", self.name, human_bytes(size))])
    }

    fn use_loads(&self, look: &dyn Look) -> Result<Option<Loads>> {
        Ok(self.triable(look, self.asked().models(look)?)?.ok().map(|model| model.loads()))
    }

    fn prove(&self, machine: &dyn Machine) -> Result<Evidence> {
        let mut evidence = self.check(machine, Duration::ZERO)?;
        let server = self.asked();
        match self.triable(machine, server.able_models(machine)?)? {
            Ok(model) => evidence.extend(server.try_out(machine, &model)?),
            Err(why) => evidence.push(why),
        }
        Ok(evidence)
    }
}

impl OllamaModel {
    fn asked(&self) -> Server<'_> {
        let ModelServer { url, log, num_ctx, .. } = &self.server;
        Server { url, log, num_ctx: *num_ctx }
    }

    fn published(&self, look: &dyn Look) -> Result<Published> {
        let url = self.name.url();
        Ok(match look.get(&url)? {
            Err(why) => Published::Unsaid(format!("`{url}` gave: {why}")),
            Ok(reply) if reply.status == 404 => Published::Unknown,
            Ok(reply) if reply.status == 200 => match ollama::Manifest::published(&reply.body) {
                Some(manifest) => Published::So(manifest),
                None => Published::Unsaid(format!("`{url}` gave no manifest of a model")),
            },
            Ok(reply) => Published::Unsaid(format!("`{url}` answered {}", reply.status)),
        })
    }

    /// It among `all` that the server has, if it can be tried out now without unloading others, or why not.
    fn triable(&self, look: &dyn Look, all: Vec<Model>) -> Result<Result<Model, String>> {
        let name = self.name.to_string();
        let Some(own) = all.iter().find(|model| model.name.eq_ignore_ascii_case(&name)).cloned() else {
            return Err(Problem::mac(format!("the server does not have the model: `{name}`"))
                .why(format!("{} is there", self.place()))
                .hint("see what it has, and where it looks:")
                .remedy(format!("curl -sS {}/api/tags", self.server.url))
                .remedy(format!("grep 'server config' '{}'", self.server.log))
                .into());
        };
        if !own.completes() {
            return Ok(Err(format!("`{name}` gives no text, so it was not loaded")));
        }
        let smallest = models::choose(all, self.server.memory).ok();
        if smallest.is_some_and(|smallest| smallest.name == own.name) {
            return Ok(Ok(own));
        }
        let loaded = self.asked().loaded(look)?;
        if loaded.iter().any(|loaded| loaded.name == own.name) {
            return Ok(Ok(own));
        }
        let taken = loaded.iter().map(|loaded| loaded.size).sum::<u64>();
        let budget = self.server.memory.map_or(0, models::for_models);
        let full = loaded.len() >= usize::try_from(self.server.most).unwrap_or(usize::MAX);
        let needs = models::in_memory(own.size);
        if full || taken.saturating_add(needs) > budget {
            let [needs, budget, taken] = [needs, budget, taken].map(human_bytes);
            return Ok(Err(format!(
                "`{name}` was not loaded: it would take about {needs}, and of {budget} for models {taken} are taken"
            )));
        }
        Ok(Ok(own))
    }
}

/// Nobody has it under that name.
fn no_such(name: &ModelName) -> Problem {
    let problem =
        Problem::manifest(format!("no such model: `{name}`")).why(format!("`{}` answered 404", name.url()));
    catalog::did_you_mean(problem, name)
}

/// The registry has another than the lock names.
fn moved(id: &Id, name: &ModelName, pinned: &str, found: &str) -> Problem {
    Problem::mac(format!("the registry has another `{name}` than the lock names"))
        .why(format!("locked: {pinned}"))
        .why(format!("published now: {found}"))
        .hint("a tag was published anew; to take what it stands for now:")
        .remedy(format!("forgectl lock --update {id}"))
}

pub(in crate::resource) fn observe(look: &dyn Look, store: &Utf8Path, name: &ModelName) -> Result<State> {
    let loose = ollama::loose(look, store)?.join(" ");
    let state = State::absent().with("loose", Some(loose).filter(|loose| !loose.is_empty()));
    let path = store.join(name.manifest());
    let Some(bytes) = look.read(&path)? else {
        let folder = path.parent().map(|folder| look.list(folder)).transpose()?.flatten();
        return Ok(state.with("hollow", folder.is_some_and(|names| names.is_empty())));
    };
    let state = State { present: true, ..state }.with("digest", hex(&Sha256::digest(&bytes)));
    let Some(manifest) = ollama::Manifest::read(&bytes) else {
        return Ok(state.with("parts", "its manifest cannot be read"));
    };
    let missing = ollama::missing(look, store, &manifest)?.len();
    let parts = match missing {
        0 => COMPLETE.to_owned(),
        missing => format!("{missing} of {} parts are missing", manifest.layers.len()),
    };
    Ok(state.with("parts", parts))
}

/// The parts of it that are on the disk, with their bytes.
pub(in crate::resource) fn held(
    look: &dyn Look,
    store: &Utf8Path,
    name: &ModelName,
) -> Result<Vec<(String, u64)>> {
    let found = look.read(&store.join(name.manifest()))?;
    let manifest = match found.as_deref().and_then(ollama::Manifest::read) {
        Some(manifest) => manifest,
        // What of it has come already is known by what its registry says it consists of.
        None => match look.get(&name.url())? {
            Ok(reply) if reply.status == 200 => match ollama::Manifest::published(&reply.body) {
                Some(manifest) => manifest,
                None => return Ok(vec![]),
            },
            _ => return Ok(vec![]),
        },
    };
    let mut held = vec![];
    for layer in &manifest.layers {
        let here = layer.size.saturating_sub(ollama::remaining(look, store, layer, false)?);
        held.push((layer.digest.clone(), here));
    }
    Ok(held)
}

pub(in crate::resource) fn removal(
    store: &Utf8Path,
    name: &ModelName,
    receipt: &Receipt,
    found: &State,
    leaving: &Leaving,
) -> Removal {
    let words = |value: &Value| -> BTreeSet<String> {
        value
            .as_text()
            .unwrap_or_default()
            .split(' ')
            .filter(|word| !word.is_empty())
            .map(str::to_owned)
            .collect()
    };
    let loose = |state: &State| words(state.get("loose"));
    // Of a pull that was killed nobody wrote down what it left. Half a pull that was there when it began is not of it: an earlier
    // one of ours that was done left none.
    let mut before = loose(&receipt.former);
    before.extend(receipt.began.iter().flat_map(loose).filter(|file| file.contains("-partial")));
    let unfinished = receipt.aim.is_some();
    let begun: Vec<String> =
        if unfinished { loose(found).difference(&before).cloned().collect() } else { vec![] };
    if !receipt.created() {
        // What was half there is whole now, and its half cannot be told from the rest.
        let changed = found.present && receipt.former.get("digest") != found.get("digest");
        let made_whole =
            *found.get("parts") == COMPLETE.into() && receipt.former.get("parts") != found.get("parts");
        let ours = receipt.ours("digest", found.get("digest")) && (changed || made_whole);
        let why = || format!("{name} stays: a part of it was there before");
        return if ours { Removal::kept(why()) } else { Removal::default() };
    }
    // A removal that was killed at its last step left the folder of its manifest.
    let is_hollow = |state: &State| *state.get("hollow") == Value::Bool(true);
    let hollow = leaving.all_data && is_hollow(found) && !is_hollow(&receipt.former);
    if !found.present && begun.is_empty() && !hollow {
        return Removal::default();
    }
    if found.present && receipt.left.is_some() && !receipt.ours("digest", found.get("digest")) {
        return Removal::kept(format!("somebody has pulled {name} anew since forgectl did; it stays"));
    }
    if !leaving.all_data {
        return Removal::held_alone(format!("{name} is data; `forgectl destroy --all-data` removes it"));
    }
    let leftovers = begun.iter().map(|file| store.join("blobs").join(file)).collect();
    let (store, name, server) = (store.to_owned(), name.clone(), leaving.ollama.clone());
    Removal::of(DeleteModel { name, server, store, leftovers })
}
