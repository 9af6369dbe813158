//! What Homebrew renamed, and what it cannot install beside each other.

use std::{collections::BTreeMap, sync::LazyLock};

use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Catalogue {
    renamed_casks: BTreeMap<String, String>,
    conflicts: BTreeMap<String, Vec<String>>,
}

#[expect(clippy::expect_used, reason = "embedded, and a test reads it")]
static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| {
    serde_saphyr::from_str(include_str!("homebrew.yaml")).expect("the embedded names of Homebrew")
});

/// What a cask is called now, as far as is known in advance (docs/mac-facts.md#brew-renames).
pub fn now(cask: &str) -> &str {
    CATALOGUE.renamed_casks.get(cask).map_or(cask, String::as_str)
}

/// What a cask was called before, as far as is known in advance.
pub fn before(cask: &str) -> Option<&'static str> {
    CATALOGUE.renamed_casks.iter().find(|(_, now)| *now == cask).map(|(before, _)| before.as_str())
}

/// The formulae that cannot be there beside a cask.
pub fn formulae_beside(cask: &str) -> &'static [String] {
    CATALOGUE.conflicts.get(now(cask)).map_or(&[], Vec::as_slice)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_renamed_cask_is_known_by_both_names() {
        assert_eq!((now("ollama"), now("stats")), ("ollama-app", "stats"));
        assert_eq!((before("docker-desktop"), before("docker")), (Some("docker"), None));
        assert_eq!(formulae_beside("ollama"), ["ollama"]);
    }
}
