use serde::{Deserialize, Serialize};

/// Bytes of a part at least and at most, and into how many of them a blob is cut between these.
const SMALLEST: u64 = 100_000_000;
const LARGEST: u64 = 1_000_000_000;
const PARTS: u64 = 16;

/// A part of a blob that is being fetched, as it is noted beside the blob (docs/mac-facts.md#ollama-pull-resume).
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::sim) struct Part {
    /// Its number.
    pub(in crate::sim) n: usize,
    /// Where in the blob it begins.
    pub(in crate::sim) offset: u64,
    /// Bytes.
    pub(in crate::sim) size: u64,
    /// Bytes of it that are there, so far as was noted.
    pub(in crate::sim) completed: u64,
}

impl Part {
    /// Cuts a blob of so many bytes.
    pub(in crate::sim) fn cut(total: u64) -> Vec<Self> {
        let size = (total / PARTS).clamp(SMALLEST, LARGEST);
        let mut parts = vec![];
        let mut offset = 0;
        while offset < total {
            let size = size.min(total - offset);
            parts.push(Self { n: parts.len(), offset, size, completed: 0 });
            offset += size;
        }
        parts
    }

    /// Reads what is noted of one.
    pub(in crate::sim) fn read(note: &[u8]) -> Option<Self> {
        let part: Self = serde_json::from_slice(note).ok()?;
        (part.completed <= part.size).then_some(part)
    }

    /// What is noted of it.
    pub(in crate::sim) fn note(&self) -> Vec<u8> {
        let mut note = serde_json::to_vec(self).unwrap_or_default();
        note.push(b'\n');
        note
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blob_is_cut_into_sixteen_parts_within_bounds() {
        let sizes = |total| Part::cut(total).iter().map(|part| part.size).collect::<Vec<_>>();
        assert_eq!(sizes(47_593_600), [47_593_600]);
        assert_eq!(sizes(250_000_000), [100_000_000, 100_000_000, 50_000_000]);
        assert_eq!(sizes(8_000_000_000), [500_000_000; 16]);
        assert_eq!(sizes(19_900_000_000).len(), 20);
        let parts = Part::cut(19_900_000_000);
        assert_eq!(parts.last().map(|part| (part.n, part.offset + part.size)), Some((19, 19_900_000_000)));
    }

    #[test]
    fn its_note_is_read_again_and_nonsense_is_not() {
        let part = Part { n: 0, offset: 0, size: 47_593_600, completed: 7_667_712 };
        assert_eq!(part.note(), b"{\"N\":0,\"Offset\":0,\"Size\":47593600,\"Completed\":7667712}\n");
        assert_eq!(Part::read(&part.note()), Some(part));
        assert_eq!(Part::read(b"{\"N\":0,\"Offset\":0,\"Size\":5,\"Completed\":9}"), None);
        assert_eq!(Part::read(b"{\"N\":0"), None);
    }
}
