use std::{
    error::Error,
    fmt,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use anyhow::Result;
use camino::Utf8PathBuf;

use crate::{
    machine::{
        Change, Changing, Halt, Looking, Machine, Outcome, Tell, Wait,
        engine::{EngineChange, EngineFault},
    },
    step::{About, Step},
    value::{Problem, full_image_name, image_repository},
};

/// How long to wait before each new try after a break without any progress.
const PAUSES: [Duration; 3] = [Duration::from_secs(2), Duration::from_secs(10), Duration::from_secs(30)];

/// How often a pull is begun anew in all, however much comes each time.
const MOST_TRIES: usize = 30;

/// Has the engine fetch an image. Layers that came whole stay when it breaks off, and the next try goes on from there; of one
/// that came in part nothing does (docs/service-facts.md#engine-pull-stream).
#[derive(Debug)]
pub struct PullImage {
    /// The engine's socket.
    pub socket: Utf8PathBuf,
    /// Where it is fetched from, with a tag or a digest.
    pub source: String,
    /// The name that it gets.
    pub reference: String,
    /// For which platform.
    pub platform: String,
}

impl Step for PullImage {
    fn about(&self) -> About {
        let mut commands = vec![format!("docker pull --platform {} {}", self.platform, self.source)];
        if self.source != self.reference {
            commands.push(format!("docker tag {} {}", self.source, self.reference));
        }
        About {
            words: format!("pull {}", self.reference),
            why: "the engine runs containers of it; it checks every layer by its digest".into(),
            commands,
            undo: "removed by destroy".into(),
            long: true,
            download: true,
            ..About::default()
        }
    }

    fn run(&self, machine: &dyn Machine, tell: &dyn Tell) -> Result<()> {
        let progress = Progress { tell, most: AtomicU64::new(0) };
        let (mut tries, mut fruitless) = (0, 0);
        loop {
            let before = progress.most.load(Ordering::Relaxed);
            let Some(fault) = self.attempt(machine, &progress)? else { break };
            tries += 1;
            fruitless = if progress.most.load(Ordering::Relaxed) > before { 0 } else { fruitless + 1 };
            let pause = if is_final(&fault) || tries >= MOST_TRIES { None } else { PAUSES.get(fruitless) };
            let Some(pause) = pause else { return Err(self.failed(&fault, tries).into()) };
            let seconds = pause.as_secs();
            tell.line(&format!(
                "the pull broke off: {fault}; once more in {seconds} s, layers that are whole stay"
            ));
            machine.wait(*pause, Wait::Poll)?;
        }
        self.arrived(machine)?;
        if self.source == self.reference {
            return Ok(());
        }
        let tag = EngineChange::Tag { image: self.source.clone(), reference: self.reference.clone() };
        machine.engine(&self.socket, tag, tell)
    }
}

impl PullImage {
    /// Asks once; `None` when it is all there.
    fn attempt(&self, machine: &dyn Machine, tell: &dyn Tell) -> Result<Option<EngineFault>> {
        let (reference, platform) = (self.source.clone(), self.platform.clone());
        let pull = Change::Engine(self.socket.clone(), EngineChange::Pull { reference, platform });
        match machine.change(&pull, tell) {
            Ok(Outcome::Engine(Ok(_))) => Ok(None),
            Ok(Outcome::Engine(Err(fault))) => Ok(Some(fault)),
            Ok(_) => Err(Problem::bug("a pull was answered with something else").into()),
            Err(error) => {
                if Halt::of(&error) == Some(Halt::Interrupted) {
                    tell.line("stopped; layers that are whole stay, and the next apply goes on from there");
                }
                Err(error)
            }
        }
    }

    /// What the engine says is not taken on trust: it fetches an image for another platform all the same
    /// (docs/service-facts.md#engine-pull-platform).
    fn arrived(&self, machine: &dyn Machine) -> Result<()> {
        let view = machine.image(&self.socket, &self.source)?.map_err(|fault| self.failed(&fault, 1))?;
        let Some(view) = view else {
            let what = format!("the image did not arrive: `{}`", self.source);
            return Err(Problem::mac(what)
                .why("the engine says that it pulled it, and does not have it")
                .into());
        };
        if view.platform == self.platform {
            return Ok(());
        }
        let what = format!("the image `{}` has nothing for {}", self.source, self.platform);
        Err(Problem::manifest(what)
            .why(format!("the engine fetched the one for {}", view.platform))
            .hint("take another tag or another image, one that is built for it")
            .into())
    }

    fn failed(&self, fault: &EngineFault, tries: usize) -> Problem {
        let times = if tries > 1 { format!(", {tries} times") } else { String::new() };
        let problem = Problem::mac(format!("the image cannot be pulled: `{}`", self.source))
            .why(format!("`docker pull {}` answered{times}: {fault}", self.source));
        let said = fault.to_string();
        if said.contains("no space left") {
            return problem
                .hint("the disk of the engine's machine is full; what could go there:")
                .remedy(format!("docker --host unix://{} system df", self.socket));
        }
        problem
            .hint("layers that are whole stay, and the next apply goes on from there; what the engine itself says:")
            .remedy(format!("docker --host unix://{} pull {}", self.socket, self.source))
    }
}

/// Whether another try would be answered the same.
fn is_final(fault: &EngineFault) -> bool {
    let said = fault.to_string().to_lowercase();
    let said = |words: &str| said.contains(words);
    match fault {
        EngineFault::Unreachable(_) => false,
        EngineFault::Refused { status: 400 | 401 | 403 | 404, .. } => true,
        EngineFault::Refused { .. } => {
            ["manifest unknown", "no matching manifest", "denied", "unauthorized", "no space left"]
                .into_iter()
                .any(said)
        }
    }
}

/// Tells on, and keeps how far a pull has come at most.
struct Progress<'t> {
    tell: &'t dyn Tell,
    most: AtomicU64,
}

impl Tell for Progress<'_> {
    fn bytes(&self, done: u64, total: Option<u64>) {
        self.most.fetch_max(done, Ordering::Relaxed);
        self.tell.bytes(done, total);
    }

    fn line(&self, line: &str) {
        self.tell.line(line);
    }
}

/// Why something cannot be removed yet: others use it. It is no failure, and is tried again by a later run.
#[derive(Debug)]
pub struct StillUsed(pub String);

impl fmt::Display for StillUsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for StillUsed {}

/// Removes an image's names that came with us, and with its last one the image.
#[derive(Debug)]
pub struct RemoveImage {
    /// The engine's socket.
    pub socket: Utf8PathBuf,
    /// Its name.
    pub reference: String,
    /// What else it is called because it was pulled: by a mirror, by its digest. What a person calls it is not among these.
    pub beside: Vec<String>,
}

impl Step for RemoveImage {
    fn about(&self) -> About {
        About {
            words: format!("remove the image {}", self.reference),
            why: "forgectl had it pulled".into(),
            commands: vec![format!("docker rmi {}", self.reference)],
            undo: "the next apply pulls it again".into(),
            ..About::default()
        }
    }

    fn run(&self, machine: &dyn Machine, tell: &dyn Tell) -> Result<()> {
        let Ok(Some(view)) = machine.image(&self.socket, &self.reference)? else {
            return machine.engine(&self.socket, EngineChange::RemoveImage(self.reference.clone()), tell);
        };
        let tags: Vec<String> = view.line.tags.iter().map(|tag| full_image_name(tag)).collect();
        let ours = |name: &String| *name == self.reference || self.beside.contains(name);
        let stays = |digest: &String| {
            let repository = image_repository(digest);
            tags.iter().any(|tag| !ours(tag) && image_repository(tag) == repository)
        };
        // A digest goes with the last tag of its repository, and is told of the others until then.
        let (digests, others): (Vec<&String>, Vec<&String>) =
            self.beside.iter().partition(|name| name.contains('@'));
        let digests = digests.into_iter().filter(|digest| !stays(digest));
        for name in others.into_iter().chain(digests).chain([&self.reference]) {
            let remove = Change::Engine(self.socket.clone(), EngineChange::RemoveImage(name.clone()));
            match machine.change(&remove, tell)? {
                Outcome::Engine(Err(EngineFault::Refused { status: 409, message })) => {
                    return Err(StillUsed(format!("{name} stays: {message}")).into());
                }
                Outcome::Engine(Err(fault)) => {
                    return Err(anyhow::Error::from(fault).context(format!("removing the image `{name}`")));
                }
                _ => {}
            }
        }
        Ok(())
    }
}
