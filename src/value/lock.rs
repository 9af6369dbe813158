use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};

use super::{Id, count};

/// What an apply resolved of one resource that its manifest leaves open, so that another apply brings the same. All of it
/// was fetched and checked, never guessed.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Pin {
    /// Its version, as its own tool writes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// SHA-256 in lower-case hex.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// Bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// Packages of an environment, a requirement each, with the hashes of all files that will do:
    /// `mlx==0.32.4 --hash=sha256:…`. Sorted by name.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub packages: Vec<String>,
}

impl fmt::Display for Pin {
    /// What tells it from another, in a few words: `1.8.1`, `4c27e0f5b5ad`, `3.11.13, 41 packages`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let packages = (!self.packages.is_empty()).then(|| count(self.packages.len(), "package", "packages"));
        let digest = self.digest.as_ref().map(|digest| digest.chars().take(12).collect());
        let parts = [self.version.clone(), digest, packages];
        f.write_str(&parts.into_iter().flatten().collect::<Vec<String>>().join(", "))
    }
}

/// What is resolved of a stack, by resource.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Lock(BTreeMap<Id, Pin>);

impl Lock {
    /// What is resolved of `id`, if anything.
    pub fn pin(&self, id: &Id) -> Option<&Pin> {
        self.0.get(id)
    }

    /// Sets what is resolved of `id`.
    pub fn set(&mut self, id: Id, pin: Pin) {
        self.0.insert(id, pin);
    }

    /// Forgets what was resolved of `id`.
    pub fn remove(&mut self, id: &Id) -> Option<Pin> {
        self.0.remove(id)
    }

    /// All of it, in the order of the ids.
    pub fn iter(&self) -> impl Iterator<Item = (&Id, &Pin)> {
        self.0.iter()
    }

    /// Whether nothing is resolved.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pin_is_told_by_what_tells_it_from_another() {
        let digest = Some("4c27e0f5b5adf02ac956c7322bd2ee76".to_owned());
        let model = Pin { digest, bytes: Some(9_600_000_000), ..Pin::default() };
        assert_eq!(model.to_string(), "4c27e0f5b5ad");
        let packages = vec!["a==1".to_owned(), "b==2".to_owned()];
        let python = Pin { version: Some("3.11.13".into()), packages, ..Pin::default() };
        assert_eq!(python.to_string(), "3.11.13, 2 packages");
    }
}
