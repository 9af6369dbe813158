use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use anyhow::Result;
use camino::{Utf8Path, Utf8PathBuf};

use super::{Evidence, Leaving, Newest, Quote, Removal, Resource, Upstream, owned};
use crate::{
    journal::Receipt,
    machine::{
        Look, Looking, Machine,
        engine::{EngineFault, ImageLine, UpstreamImage},
    },
    step::{PullImage, RemoveImage, Step},
    value::{
        Delta, Deltas, Id, Pin, Place, Problem, State, Value, Want, Wanted, full_image_name, image_repository,
    },
};

/// An image of a container engine's.
#[derive(Debug)]
pub struct Image {
    /// Its whole name, with a tag or a digest: `docker.io/library/redis:8`.
    pub reference: String,
    /// The digest that an earlier apply resolved, which it has to have: `sha256:…`.
    pub pinned: Option<String>,
    /// For which platform: `linux/arm64`.
    pub platform: String,
    /// Its engine's socket.
    pub engine: Utf8PathBuf,
    /// Registries of which images are fetched from elsewhere.
    pub mirrors: BTreeMap<String, String>,
    /// Whether the engine answers now, and can be asked what its registry has.
    pub answers: bool,
}

/// What a registry says.
enum Published {
    So(UpstreamImage),
    /// It has no such image, or shows it to nobody without a login.
    Unknown(String),
    /// It did not say, and why.
    Unsaid(String),
}

impl Image {
    /// The id of the image of this whole name.
    pub fn id_of(reference: &str) -> Id {
        Id::new("image", reference)
    }

    /// Where it is fetched from, with a tag or the digest that it has to have.
    fn source(&self) -> String {
        let source = source(&self.reference, &self.mirrors);
        match &self.pinned {
            Some(digest) => format!("{}@{digest}", image_repository(&source)),
            None => source,
        }
    }

    /// What the registry says of `source`, asked by the engine.
    fn published(&self, look: &dyn Look, source: &str) -> Result<Published> {
        Ok(match look.upstream_image(&self.engine, source)? {
            Ok(Some(found)) => Published::So(found),
            Ok(None) => Published::Unknown("the registry answers that it has none".into()),
            Err(EngineFault::Refused { status, message })
                if ["denied", "unauthorized"].iter().any(|word| message.to_lowercase().contains(word)) =>
            {
                let why = format!("{status}: {message}");
                Published::Unknown(format!(
                    "{why}; a registry says so too of what needs a login, and forgectl has none"
                ))
            }
            Err(fault) => Published::Unsaid(fault.to_string()),
        })
    }

    fn unknown(&self, source: &str, why: String) -> Problem {
        let what = match &self.pinned {
            Some(_) => format!("the registry has the image of the lock no more: `{source}`"),
            None => format!("no such image: `{source}`"),
        };
        let problem = Problem::manifest(what).why(why);
        match &self.pinned {
            Some(_) => problem
                .hint("to take what its tag stands for now:")
                .remedy(format!("forgectl lock --update {}", self.id())),
            None => problem
                .hint("look at its name and its tag; what the engine finds:")
                .remedy(format!("docker --host unix://{} manifest inspect {source}", self.engine)),
        }
    }

    fn not_for(&self, source: &str, platforms: &BTreeSet<String>) -> Problem {
        let platforms: Vec<&str> = platforms.iter().map(String::as_str).collect();
        Problem::manifest(format!("the image `{source}` has nothing for {}", self.platform))
            .why(format!(
                "the engine runs {}; the registry has it for {}",
                self.platform,
                platforms.join(", ")
            ))
            .hint("take another tag or another image, one that is built for it")
    }
}

impl Resource for Image {
    fn id(&self) -> Id {
        Self::id_of(&self.reference)
    }

    fn place(&self) -> Place {
        Place::Image { engine: self.engine.clone(), reference: self.reference.clone() }
    }

    fn wanted(&self) -> Wanted {
        let digest = self.pinned.as_deref().map_or(Want::Present, |digest| Want::Is(digest.into()));
        Wanted::from([
            ("digest".into(), digest),
            ("platform".into(), Want::Is(self.platform.as_str().into())),
        ])
    }

    fn reason(&self, found: &State, deltas: &[Delta]) -> String {
        let wrong = |field: &str| deltas.iter().any(|delta| delta.field.as_str() == field);
        if !found.present {
            "pull".into()
        } else if wrong("platform") {
            format!("pull it for {}: the one here is for {}", self.platform, found.get("platform"))
        } else {
            "pull what the lock names: another is here".into()
        }
    }

    /// How large it is no engine says beforehand.
    fn quote(&self, _: &dyn Look) -> Result<Quote> {
        Ok(Quote::default())
    }

    fn upstream(&self, look: &dyn Look, _: &State, _: &Deltas) -> Result<Upstream> {
        if !self.answers {
            return Ok(Upstream::default());
        }
        let source = self.source();
        Ok(match self.published(look, &source)? {
            Published::So(found)
                if !found.platforms.is_empty() && !found.platforms.contains(&self.platform) =>
            {
                Upstream::missing(self.not_for(&source, &found.platforms))
            }
            Published::So(_) => Upstream::default(),
            Published::Unknown(why) => Upstream::missing(self.unknown(&source, why)),
            Published::Unsaid(why) => Upstream::unsaid(
                Problem::mac(format!("whether the registry has the image, nobody says: `{source}`"))
                    .why(why)
                    .hint("it is pulled all the same, and fails by itself if the registry goes on so"),
            ),
        })
    }

    fn pin(&self, look: &dyn Look) -> Result<Option<Pin>> {
        let found = observe(look, &self.engine, &self.reference, None)?;
        Ok(found.get("digest").as_text().map(pinned))
    }

    fn newest(&self, look: &dyn Look) -> Result<Newest> {
        let source = source(&self.reference, &self.mirrors);
        let unpinned = |problem: Problem| Err(problem.into());
        match self.published(look, &source)? {
            Published::So(found) => Ok(Newest::of(pinned(&found.digest))),
            Published::Unknown(why) => unpinned(
                Problem::manifest(format!("no such image: `{source}`")).why(why).hint("look at its tag"),
            ),
            Published::Unsaid(why) => unpinned(
                Problem::mac(format!("the registry does not tell of `{source}`"))
                    .why(why)
                    .hint("whether the engine reaches it:")
                    .remedy(format!("docker --host unix://{} manifest inspect {source}", self.engine)),
            ),
        }
    }

    fn steps(&self, _: &State, _: &Deltas) -> Vec<Box<dyn Step>> {
        vec![Box::new(PullImage {
            socket: self.engine.clone(),
            source: self.source(),
            reference: self.reference.clone(),
            platform: self.platform.clone(),
        })]
    }

    fn check(&self, look: &dyn Look, _: Duration) -> Result<Evidence> {
        let found = observe(look, &self.engine, &self.reference, None)?;
        if found.present {
            return Ok(vec![format!("{} for {}", short(found.get("digest")), found.get("platform"))]);
        }
        Err(Problem::mac(format!("the image is not here: `{}`", self.reference)).into())
    }

    /// That it is there proves nothing of the stack.
    fn prove(&self, _: &dyn Machine) -> Result<Evidence> {
        Ok(vec![])
    }
}

/// Where an image of a whole name is fetched from, when some registries have a mirror.
fn source(name: &str, mirrors: &BTreeMap<String, String>) -> String {
    let found = name.split_once('/').and_then(|(registry, rest)| Some((mirrors.get(registry)?, rest)));
    found.map_or_else(|| name.to_owned(), |(mirror, rest)| format!("{mirror}/{rest}"))
}

fn pinned(digest: &str) -> Pin {
    Pin { digest: Some(digest.trim_start_matches("sha256:").to_owned()), ..Pin::default() }
}

/// `digest 4c27e0f5b5ad`.
fn short(digest: &Value) -> String {
    let digest = digest.as_text().unwrap_or_default().trim_start_matches("sha256:");
    format!("digest {}", digest.chars().take(12).collect::<String>())
}

/// What a registry calls an image under this name: the digest of its list of platforms where there is one. One that no registry
/// has is known by its own id.
pub(super) fn digest_of(line: &ImageLine, reference: &str) -> String {
    let digests = || line.digests.iter().filter_map(|name| name.split_once('@'));
    let wanted = image_repository(reference);
    let own = digests().find(|(repository, _)| full_image_name(repository) == wanted);
    let (_, digest) = own.or_else(|| digests().next()).unwrap_or(("", &line.id));
    digest.to_owned()
}

/// Whether an image of a listing has this whole name.
fn is_named(line: &ImageLine, reference: &str) -> bool {
    line.tags.iter().any(|tag| full_image_name(tag) == reference)
        || line.digests.iter().any(|digest| full_image_name(digest) == untagged(reference))
}

/// A name with a digest needs no tag beside it.
fn untagged(reference: &str) -> String {
    match reference.split_once('@') {
        Some((_, digest)) => format!("{}@{digest}", image_repository(reference)),
        None => reference.to_owned(),
    }
}

/// The field that lists what else images are called that come from where this one does, or from a mirror of it: by the same tag, or
/// by a digest.
const NAMES: &str = "names";

fn names<'l>(lines: impl IntoIterator<Item = &'l ImageLine>, reference: &str) -> String {
    let tagged = reference.split_once('@').map_or(reference, |(tagged, _)| tagged);
    let below = |name: &str| name.split_once('/').map(|(_, path)| format!("/{path}")).unwrap_or_default();
    let (tail, path) = (below(tagged), below(image_repository(reference)));
    let like = |name: &String| match name.split_once('@') {
        Some((repository, _)) => repository.ends_with(&path),
        None => name.ends_with(&tail),
    };
    let all = lines.into_iter().flat_map(|line| line.tags.iter().chain(&line.digests));
    let names: BTreeSet<String> = all.map(|name| full_image_name(name)).filter(like).collect();
    names.into_iter().filter(|name| name != reference).collect::<Vec<_>>().join(" ")
}

/// Its platform is asked for only when it is another than what we left.
pub(super) fn observe(
    look: &dyn Look,
    socket: &Utf8Path,
    reference: &str,
    receipt: Option<&Receipt>,
) -> Result<State> {
    let images = match owned::heard(look.images(socket)?, "listing images")? {
        Ok(images) => images,
        Err(unseen) => return Ok(unseen),
    };
    let Some(line) = images.iter().find(|line| is_named(line, reference)) else {
        return Ok(State::absent().with(NAMES, names(&images, reference)));
    };
    let left = |field: &str| receipt.and_then(|receipt| receipt.left_value(field)).and_then(Value::as_text);
    let platform = if left("id") == Some(&line.id) { left("platform").map(str::to_owned) } else { None };
    let platform = match platform {
        Some(platform) => Some(platform),
        None => match owned::heard(look.image(socket, &line.id)?, "looking at an image")? {
            Ok(view) => view.map(|view| view.platform),
            Err(unseen) => return Ok(unseen),
        },
    };
    Ok(State::present()
        .with("digest", digest_of(line, reference))
        .with("id", line.id.clone())
        .with(NAMES, names([line], reference))
        .with("platform", platform))
}

pub(super) fn removal(
    socket: &Utf8Path,
    reference: &str,
    receipt: &Receipt,
    found: &State,
    leaving: &Leaving,
) -> Removal {
    if let Some(held) = owned::unheard(socket, found, leaving) {
        return held;
    }
    if !found.present || !receipt.created() {
        return Removal::default();
    }
    if receipt.left.is_some() && !receipt.ours("id", found.get("id")) {
        return Removal::kept(format!("somebody has pulled {reference} anew since forgectl did; it stays"));
    }
    let listed = |state: &State| -> BTreeSet<String> {
        let names = state.get(NAMES).as_text().unwrap_or_default();
        names.split(' ').filter(|name| !name.is_empty()).map(str::to_owned).collect()
    };
    // What was there before us stays, and so does what came after us.
    let left = receipt.left.as_ref().map_or_else(|| listed(found), listed);
    let beside = left.difference(&listed(&receipt.former)).cloned().collect();
    Removal::of(RemoveImage { socket: socket.to_owned(), reference: reference.to_owned(), beside })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mirror_stands_for_a_whole_registry() {
        let mirrors = [("ghcr.io".to_owned(), "mirror.lan:5000/ghcr".to_owned())].into();
        assert_eq!(source("ghcr.io/a/b:1", &mirrors), "mirror.lan:5000/ghcr/a/b:1");
        assert_eq!(source("docker.io/a/b:1", &mirrors), "docker.io/a/b:1");
    }
}
