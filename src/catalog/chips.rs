use std::sync::LazyLock;

use serde::Deserialize;

use crate::value::MemorySize;

/// One of Apple's chips.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Chip {
    /// `M4 Pro`.
    pub name: String,
    /// The most memory that it was sold with, where known.
    pub memory: Option<MemorySize>,
    /// Cores of the GPU, of every bin that was sold, rising.
    pub gpu_cores: Vec<u32>,
    /// Performance and efficiency cores of the largest bin, where known.
    pub cpu: Option<[u32; 2]>,
    /// The model identifier of a Mac that carries it, where known.
    pub model: Option<String>,
    /// What sort of Mac that is.
    pub body: Body,
}

/// What sort of Mac it is: with a battery or without.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum Body {
    /// Mains only, and starts again after a power cut if told to.
    Desktop,
    /// A battery too.
    Laptop,
}

#[expect(clippy::expect_used, reason = "embedded, and a test reads it")]
static CHIPS: LazyLock<Vec<Chip>> =
    LazyLock::new(|| serde_saphyr::from_str(include_str!("chips.yaml")).expect("the embedded list of chips"));

/// All that are known.
pub fn chips() -> &'static [Chip] {
    &CHIPS
}

/// The chip of that name, such as `M4 Pro`.
pub fn chip(name: &str) -> Option<&'static Chip> {
    CHIPS.iter().find(|chip| chip.name == name)
}

/// The most memory that a chip of that name was sold with; of one that is not known, the most of any.
pub fn most_memory(name: &str) -> MemorySize {
    let most = chips().iter().filter_map(|chip| chip.memory).max();
    chip(name).and_then(|chip| chip.memory).or(most).unwrap_or(MemorySize(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_data_file_reads() {
        assert!(chips().len() >= 18);
        let chip = chip("M4 Pro").unwrap();
        assert_eq!((chip.gpu_cores.as_slice(), chip.body), (&[16, 20][..], Body::Desktop));
        assert!(super::chip("M4 Ultra").is_none(), "never shipped");
    }

    #[test]
    fn of_a_chip_that_nobody_knows_any_memory_that_was_sold_is_believed() {
        assert_eq!(most_memory("M4 Pro"), MemorySize(64 << 30));
        assert_eq!(most_memory("M9"), MemorySize(512 << 30));
    }
}
