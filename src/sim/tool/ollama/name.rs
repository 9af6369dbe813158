use std::fmt;

use camino::{Utf8Path, Utf8PathBuf};

use super::registry::HOST;

/// The name of a model: `[HOST/][NAMESPACE/]MODEL[:TAG]`.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(in crate::sim) struct ModelName {
    host: String,
    namespace: String,
    model: String,
    tag: String,
}

const NAMESPACE: &str = "library";

impl ModelName {
    /// Reads a name; `None` for one that names nothing.
    pub(super) fn read(text: &str) -> Option<Self> {
        let last = text.rsplit('/').next()?;
        let (last, tag) = last.split_once(':').unwrap_or((last, "latest"));
        let mut before: Vec<&str> = text.split('/').rev().skip(1).collect();
        before.reverse();
        let (host, namespace) = match before.as_slice() {
            [] => (HOST, NAMESPACE),
            [namespace] => (HOST, *namespace),
            [host, namespace] => (*host, *namespace),
            _ => return None,
        };
        let fine = |part: &str| {
            !part.is_empty()
                && !part.starts_with(['.', '-'])
                && part.chars().all(|c| c.is_ascii_alphanumeric() || "._-:".contains(c))
        };
        [host, namespace, last, tag].into_iter().all(fine).then(|| Self {
            host: host.to_owned(),
            namespace: namespace.to_owned(),
            model: last.to_owned(),
            tag: tag.to_owned(),
        })
    }

    /// The name whose manifest lies at `path` below the folder `manifests`.
    pub(super) fn of_manifest(path: &Utf8Path) -> Option<Self> {
        match path.as_str().split('/').collect::<Vec<_>>().as_slice() {
            [host, namespace, model, tag] => Some(Self {
                host: (*host).to_owned(),
                namespace: (*namespace).to_owned(),
                model: (*model).to_owned(),
                tag: (*tag).to_owned(),
            }),
            _ => None,
        }
    }

    /// Where its manifest lies below the store.
    pub(super) fn manifest(&self) -> Utf8PathBuf {
        ["manifests", &self.host, &self.namespace, &self.model, &self.tag].iter().collect()
    }

    /// Where a registry keeps its manifest.
    pub(in crate::sim) fn url(&self) -> String {
        format!("https://{}/v2/{}/{}/manifests/{}", self.host, self.namespace, self.model, self.tag)
    }

    /// The registry's host.
    pub(in crate::sim) fn host(&self) -> &str {
        &self.host
    }

    /// Whose it is in the registry.
    pub(in crate::sim) fn namespace(&self) -> &str {
        &self.namespace
    }

    /// What it is called without its tag.
    pub(in crate::sim) fn model(&self) -> &str {
        &self.model
    }

    /// Which of its builds.
    pub(super) fn tag(&self) -> &str {
        &self.tag
    }
}

impl fmt::Display for ModelName {
    /// As short as lists show it; the tag always.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host != HOST {
            write!(f, "{}/", self.host)?;
        }
        if self.host != HOST || self.namespace != NAMESPACE {
            write!(f, "{}/", self.namespace)?;
        }
        write!(f, "{}:{}", self.model, self.tag)
    }
}
