use anyhow::Result;
use camino::Utf8PathBuf;
use jiff::Timestamp;

use crate::machine::{Look, Looking};

/// How much is read at once.
const PART: u64 = 1 << 16;

/// How far back lines are looked for.
const FARTHEST: u64 = 16 << 20;

/// A file that a service appends to, read on from where it was left. One that was put aside for a new one, or emptied, is read from
/// its beginning.
pub(super) struct FileTail {
    path: Utf8PathBuf,
    born: Option<Timestamp>,
    at: u64,
    /// What was read of a line that has not ended.
    begun: Vec<u8>,
}

impl FileTail {
    /// Stands before the last `lines` lines.
    pub(super) fn before(look: &dyn Look, path: Utf8PathBuf, lines: u32) -> Result<Self> {
        let stat = look.stat(&path)?;
        let size = stat.as_ref().map_or(0, |stat| stat.size);
        let born = stat.and_then(|stat| stat.born);
        let mut at = size;
        let (mut wanted, farthest) = (u64::from(lines), size.saturating_sub(FARTHEST));
        while at > farthest && wanted > 0 {
            let from = at.saturating_sub(PART).max(farthest);
            let part = look.read_part(&path, from, at - from)?.unwrap_or_default();
            let ends = part
                .iter()
                .enumerate()
                .rev()
                .filter(|(_, byte)| **byte == b'\n')
                .map(|(nth, _)| from + nth as u64 + 1);
            let mut found = None;
            // The end of the last line is the beginning of none.
            for beginning in ends.filter(|end| *end < size) {
                wanted -= 1;
                if wanted == 0 {
                    found = Some(beginning);
                    break;
                }
            }
            at = found.unwrap_or(from);
        }
        Ok(Self { path, born, at, begun: vec![] })
    }

    /// The whole lines that have come.
    pub(super) fn more(&mut self, look: &dyn Look) -> Result<Vec<String>> {
        let Some(stat) = look.stat(&self.path)? else { return Ok(vec![]) };
        if stat.size < self.at || stat.born != self.born {
            (self.at, self.born) = (0, stat.born);
            self.begun.clear();
        }
        while self.at < stat.size {
            let part =
                look.read_part(&self.path, self.at, (stat.size - self.at).min(PART))?.unwrap_or_default();
            if part.is_empty() {
                break;
            }
            self.at += part.len() as u64;
            self.begun.extend(part);
        }
        let end = self.begun.iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last + 1);
        let whole: Vec<u8> = self.begun.drain(..end).collect();
        Ok(String::from_utf8_lossy(&whole).lines().map(str::to_owned).collect())
    }

    /// What was read of a line that has not ended.
    pub(super) fn unended(&self) -> Option<String> {
        (!self.begun.is_empty()).then(|| String::from_utf8_lossy(&self.begun).into_owned())
    }
}
