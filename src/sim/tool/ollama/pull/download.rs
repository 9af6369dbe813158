use std::{io, time::Duration};

use camino::{Utf8Path, Utf8PathBuf};
use jiff::Timestamp;

use super::{
    super::said,
    part::Part,
    trouble::{Blow, Trouble},
};
use crate::sim::{Content, Disk, clock::after};

/// How many parts come at the same time.
const STREAMS: usize = 16;

/// How often a part is asked for until the pull fails.
pub(super) const TRIES: u32 = 6;

/// What a registry takes to say how large a blob is and where it lies.
const REDIRECTED: Duration = Duration::from_millis(50);

/// A blob on its way into a store, for all who wait for it (docs/mac-facts.md#ollama-pull-resume).
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Download {
    uid: u32,
    /// The registry's host.
    pub(super) host: String,
    /// Where it will be.
    pub(super) blob: Utf8PathBuf,
    /// What arrives.
    pub(super) content: Content,
    parts: Vec<Part>,
    /// Bytes of each part that have come, noted or not.
    done: Vec<u64>,
    /// Bytes of the partial file that are no hole.
    held: u64,
    /// No byte comes before that.
    pub(super) pause: Option<Timestamp>,
    /// What goes wrong when so many bytes are there.
    pub(super) trouble: Option<(u64, Trouble)>,
    /// What it fails of when its pause is over.
    pub(super) failing: Option<String>,
    /// How often it was asked for in vain.
    pub(super) tries: u32,
    /// What happens to forgectl at the next look at it.
    pub(super) blow: Option<Blow>,
    /// How it ended, once it has.
    pub(super) end: Option<Result<(), String>>,
    /// How many pulls wait for it.
    pub(super) users: u32,
}

impl Download {
    /// Begins one, or goes on with what an earlier one has left.
    pub(super) fn begin(
        disk: &mut dyn Disk,
        uid: u32,
        host: &str,
        (blob, content): (Utf8PathBuf, Content),
        now: Timestamp,
    ) -> io::Result<Self> {
        let left = left(disk, uid, &blob);
        let parts = if left.is_empty() { Part::cut(content.size()) } else { left };
        let done: Vec<u64> = parts.iter().map(|part| part.completed).collect();
        let before = match disk.read(uid, &partial(&blob)) {
            Ok(Content::Sparse { held, .. }) => held,
            _ => 0,
        };
        let held = before.max(done.iter().sum());
        let mut download = Self {
            uid,
            host: host.to_owned(),
            blob,
            content,
            parts,
            done,
            held,
            pause: Some(after(now, REDIRECTED)),
            trouble: None,
            failing: None,
            tries: 0,
            blow: None,
            end: None,
            users: 0,
        };
        if before == 0 {
            download.note_all(disk, now)?;
        }
        download.keep(disk, now)?;
        Ok(download)
    }

    /// Bytes in all, by what is noted of its parts.
    pub(super) fn total(&self) -> u64 {
        self.parts.iter().map(|part| part.size).sum()
    }

    /// Bytes that have come.
    pub(super) fn completed(&self) -> u64 {
        self.done.iter().sum()
    }

    /// Bytes that are missing until something happens to it.
    pub(super) fn until_event(&self) -> u64 {
        let end = self.trouble.map_or(self.total(), |(at, _)| at.min(self.total()));
        end.saturating_sub(self.completed())
    }

    /// Whether bytes come at `now`.
    pub(super) fn flows(&self, now: Timestamp) -> bool {
        self.end.is_none() && self.pause.is_none_or(|until| until <= now)
    }

    /// Takes bytes that have come, as many for each open part; a part that is complete is noted.
    pub(super) fn take(&mut self, disk: &mut dyn Disk, mut bytes: u64, now: Timestamp) -> io::Result<()> {
        bytes = bytes.min(self.until_event());
        while bytes > 0 {
            let open: Vec<usize> = self.open().collect();
            let Some(least) = open.iter().map(|&nth| self.missing(nth)).min() else { break };
            let share = (bytes / open.len() as u64).max(1).min(least);
            for nth in open {
                let share = share.min(bytes);
                if let Some(done) = self.done.get_mut(nth) {
                    *done += share;
                    bytes -= share;
                }
                if self.missing(nth) == 0 {
                    self.note(disk, nth, now)?;
                }
            }
        }
        self.held = self.held.max(self.completed());
        self.keep(disk, now)
    }

    /// The parts that come at the same time.
    fn open(&self) -> impl Iterator<Item = usize> {
        (0..self.parts.len()).filter(|&nth| self.missing(nth) > 0).take(STREAMS)
    }

    fn missing(&self, nth: usize) -> u64 {
        self.parts.get(nth).zip(self.done.get(nth)).map_or(0, |(part, done)| part.size.saturating_sub(*done))
    }

    /// Notes of every part what has come of it.
    pub(super) fn note_all(&mut self, disk: &mut dyn Disk, now: Timestamp) -> io::Result<()> {
        (0..self.parts.len()).try_for_each(|nth| self.note(disk, nth, now))
    }

    fn note(&mut self, disk: &mut dyn Disk, nth: usize, now: Timestamp) -> io::Result<()> {
        let Some((part, done)) = self.parts.get_mut(nth).zip(self.done.get(nth)) else { return Ok(()) };
        part.completed = *done;
        let path = note_path(&self.blob, part.n);
        disk.write(self.uid, &path, Content::Bytes(part.note()), 0o644, now)
    }

    /// Ends it because it could not be written; what has come of parts since it was last noted counts for nothing.
    pub(super) fn cannot_write(&mut self, error: &io::Error) {
        self.done = self.parts.iter().map(|part| part.completed).collect();
        self.end = Some(Err(format!("write {}: {}", partial(&self.blob), said(error))));
    }

    /// The partial file as it is now.
    fn keep(&self, disk: &mut dyn Disk, now: Timestamp) -> io::Result<()> {
        let content = Content::Sparse { size: self.total(), held: self.held.min(self.total()) };
        disk.write(self.uid, &partial(&self.blob), content, 0o644, now)
    }

    /// Puts the whole in place. With notes missing it fails as the real one does, and at every further try.
    pub(super) fn finish(&self, disk: &mut dyn Disk, now: Timestamp) -> Result<(), String> {
        for nth in 0..self.parts.len() {
            let note = note_path(&self.blob, nth);
            disk.remove(self.uid, &note, now).map_err(|error| format!("remove {note}: {}", said(&error)))?;
        }
        let partial = partial(&self.blob);
        disk.remove(self.uid, &partial, now)
            .and_then(|()| disk.write(self.uid, &self.blob, self.content.clone(), 0o644, now))
            .map_err(|error| format!("rename {partial} {}: {}", self.blob, said(&error)))
    }
}

/// What an earlier download has noted of the parts of a blob, in the order of their names.
fn left(disk: &dyn Disk, uid: u32, blob: &Utf8Path) -> Vec<Part> {
    let (Some(folder), Some(name)) = (blob.parent(), blob.file_name()) else { return vec![] };
    let notes = format!("{name}-partial-");
    let names = disk.list(uid, folder).unwrap_or_default();
    let read = |name: &String| match disk.read(uid, &folder.join(name)) {
        Ok(Content::Bytes(bytes)) => Part::read(&bytes),
        _ => None,
    };
    names.iter().filter(|name| name.starts_with(&notes)).filter_map(read).collect()
}

/// Where the bytes of a blob are kept until it is whole.
pub(in crate::sim) fn partial(blob: &Utf8Path) -> Utf8PathBuf {
    format!("{blob}-partial").into()
}

/// Where it is noted how much of a part is there.
pub(in crate::sim) fn note_path(blob: &Utf8Path, number: usize) -> Utf8PathBuf {
    format!("{blob}-partial-{number}").into()
}
