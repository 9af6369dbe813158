use std::{io, rc::Rc, time::Duration};

use camino::Utf8PathBuf;
use tokio::{
    sync::watch,
    time::{sleep, timeout},
};

use super::{Come, registry::Registry};
use crate::{
    machine::local::{Files, Last, Sparse},
    sim::tool::ollama::{
        pull::{Part, note_path, partial},
        said,
    },
};

/// How often a part is asked for until the pull fails, and how long one may be silent until it is asked for anew
/// (docs/mac-facts.md#ollama-pull-retries).
const TRIES: u32 = 6;
const STALLED: Duration = Duration::from_secs(30);

/// A blob on its way.
pub(super) struct Blob {
    files: Files,
    registry: Rc<Registry>,
    digest: String,
    path: Utf8PathBuf,
    parts: Vec<Part>,
    /// The part that comes, and what has come of it since it was asked for.
    open: Option<(usize, u64)>,
}

/// Why a part did not come.
enum Broken {
    /// What has come counts, and the rest is asked for.
    Off,
    /// No byte came for long.
    Stalled,
    /// What has come counts for nothing.
    Failed(String),
    /// Nothing helps.
    Fatal(String),
}

impl Blob {
    pub(super) fn new(files: Files, registry: Rc<Registry>, digest: &str, path: Utf8PathBuf) -> Self {
        Self { files, registry, digest: digest.to_owned(), path, parts: vec![], open: None }
    }

    /// What is noted of its parts, in the order of the notes' names.
    fn left(&self) -> Vec<Part> {
        let (Some(folder), Some(name)) = (self.path.parent(), self.path.file_name()) else { return vec![] };
        let notes = format!("{name}-partial-");
        let names = self.files.list(folder).unwrap_or_default();
        let names = names.iter().filter(|name| name.starts_with(&notes));
        names.filter_map(|name| Part::read(&self.files.read(&folder.join(name)).ok()?)).collect()
    }

    /// How much of it has come.
    fn come(&self) -> Come {
        let noted: u64 = self.parts.iter().map(|part| part.completed).sum();
        let completed = noted + self.open.map_or(0, |(_, bytes)| bytes);
        Come { completed, total: self.parts.iter().map(|part| part.size).sum(), end: None }
    }

    /// Notes what has come of the part that comes, and what was noted of the others.
    pub(super) fn note_all(&mut self) {
        if let Some((nth, bytes)) = self.open.take()
            && let Some(part) = self.parts.get_mut(nth)
        {
            part.completed += bytes;
        }
        for part in &self.parts {
            // Where that cannot be written, the next one begins with what is noted.
            let _unnoted = self.note(part);
        }
    }

    fn note(&self, part: &Part) -> io::Result<()> {
        self.files.write(&note_path(&self.path, part.n), &part.note(), 0o644)
    }

    /// Fetches it, or what an earlier one has left to fetch, and puts the whole in place; `come` is told how far it is.
    pub(super) async fn fetch(&mut self, come: &watch::Sender<Come>) -> Result<(), String> {
        self.parts = self.left();
        if self.parts.is_empty() {
            self.parts = Part::cut(self.registry.size(&self.digest).await?);
            self.note_all();
        }
        come.send_replace(self.come());
        let written = |error: io::Error| format!("open {}: {}", partial(&self.path), said(&error));
        let file = self.sparse().map_err(written)?;
        let direct = self.registry.direct(&self.digest).await?;
        for nth in 0..self.parts.len() {
            self.part(nth, &direct, &file, come).await?;
        }
        drop(file);
        self.finish()
    }

    /// The partial file, as long as the whole.
    fn sparse(&self) -> io::Result<Sparse> {
        let path = partial(&self.path);
        if self.files.stat(&path)?.is_none() {
            self.files.write(&path, b"", 0o644)?;
        }
        let host = self.files.host(&self.files.locate(&path, Last::Followed)?);
        Sparse::open(&host, self.come().total)
    }

    async fn part(
        &mut self,
        nth: usize,
        direct: &str,
        file: &Sparse,
        come: &watch::Sender<Come>,
    ) -> Result<(), String> {
        let mut tries = 0;
        loop {
            if self.parts.get(nth).is_none_or(|part| part.completed == part.size) {
                return Ok(());
            }
            let broken = self.piece(nth, direct, file, come).await;
            let (kept, why) = match broken {
                Ok(()) | Err(Broken::Stalled) => (true, None),
                Err(Broken::Off) => (true, Some("unexpected EOF".to_owned())),
                Err(Broken::Failed(why)) => (false, Some(why)),
                Err(Broken::Fatal(why)) => return Err(why),
            };
            if kept {
                self.note_all();
            }
            self.open = None;
            if let Some(why) = why {
                sleep(Duration::from_secs(1 << tries)).await;
                tries += 1;
                if tries == TRIES {
                    return Err(format!("max retries exceeded: {why}"));
                }
            }
        }
    }

    /// Asks once for what is missing of a part.
    async fn piece(
        &mut self,
        nth: usize,
        direct: &str,
        file: &Sparse,
        come: &watch::Sender<Come>,
    ) -> Result<(), Broken> {
        let Some(part) = self.parts.get(nth) else { return Ok(()) };
        let (from, to) = (part.offset + part.completed, part.offset + part.size);
        let mut reply = self.registry.piece(direct, from, to).await.map_err(Broken::Failed)?;
        let mut at = from;
        self.open = Some((nth, 0));
        while at < to {
            let chunk = timeout(STALLED, reply.chunk()).await.map_err(|_| Broken::Stalled)?;
            let Some(chunk) = chunk.map_err(|_| Broken::Off)? else {
                return Err(Broken::Failed("EOF".to_owned()));
            };
            let wanted = usize::try_from(to - at).unwrap_or(usize::MAX).min(chunk.len());
            let bytes = chunk.get(..wanted).unwrap_or_default();
            file.fill(at, bytes)
                .map_err(|error| Broken::Fatal(format!("write {}: {}", partial(&self.path), said(&error))))?;
            at += bytes.len() as u64;
            self.open = Some((nth, at - from));
            come.send_replace(self.come());
        }
        Ok(())
    }

    fn finish(&self) -> Result<(), String> {
        for nth in 0..self.parts.len() {
            let note = note_path(&self.path, nth);
            self.files.remove(&note).map_err(|error| format!("remove {note}: {}", said(&error)))?;
        }
        let partial = partial(&self.path);
        self.files
            .rename(&partial, &self.path)
            .map_err(|error| format!("rename {partial} {}: {}", self.path, said(&error)))
    }
}
