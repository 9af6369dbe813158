use std::fmt;

/// Which image is meant, with what Docker reads into a short name (docs/service-facts.md#image-names).
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct Reference {
    /// `docker.io/library/busybox`.
    pub(super) name: String,
    /// `1.36`.
    pub(super) tag: Option<String>,
    /// `sha256:` and 64 hexadecimal digits; it counts before a tag.
    pub(super) digest: Option<String>,
}

const HUB: &str = "docker.io";

impl Reference {
    /// Reads a name; without tag and digest the tag is `latest`.
    pub(super) fn read(text: &str) -> Self {
        let (rest, digest) = match text.split_once('@') {
            Some((rest, digest)) => (rest, Some(digest.to_owned())),
            None => (text, None),
        };
        let (path, tag) = match rest.rsplit_once(':').filter(|(_, tag)| !tag.contains('/')) {
            Some((path, tag)) => (path, Some(tag.to_owned())),
            None => (rest, None),
        };
        let tag = tag.or_else(|| digest.is_none().then(|| "latest".to_owned()));
        Self { name: full(path), tag, digest }
    }

    /// The name with its tag, if it has one.
    pub(super) fn tagged(&self) -> Option<String> {
        self.tag.as_ref().map(|tag| format!("{}:{tag}", self.name))
    }

    /// Its registry and the rest of its name.
    pub(super) fn host(&self) -> &str {
        self.name.split_once('/').map_or(HUB, |(host, _)| host)
    }

    /// As the engine writes a name: short for those of Docker Hub.
    pub(super) fn familiar(text: &str) -> String {
        let rest = text.strip_prefix("docker.io/").unwrap_or(text);
        if rest.len() == text.len() {
            return text.to_owned();
        }
        rest.strip_prefix("library/").unwrap_or(rest).to_owned()
    }
}

fn full(path: &str) -> String {
    let host = path.split_once('/').map(|(host, _)| host);
    let is_host = |host: &str| host.contains(['.', ':']) || host == "localhost";
    match host {
        Some(host) if is_host(host) => path.to_owned(),
        Some(_) => format!("{HUB}/{path}"),
        None => format!("{HUB}/library/{path}"),
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&Self::familiar(&self.name))?;
        match (&self.digest, &self.tag) {
            (Some(digest), _) => write!(f, "@{digest}"),
            (None, Some(tag)) => write!(f, ":{tag}"),
            (None, None) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_names_are_those_of_docker_hub() {
        for (text, name, tag, shown) in [
            ("busybox", "docker.io/library/busybox", "latest", "busybox:latest"),
            ("docker.io/library/busybox:1", "docker.io/library/busybox", "1", "busybox:1"),
            ("langfuse/langfuse:4", "docker.io/langfuse/langfuse", "4", "langfuse/langfuse:4"),
            ("127.0.0.1:5000/a/b:1", "127.0.0.1:5000/a/b", "1", "127.0.0.1:5000/a/b:1"),
            ("localhost/a", "localhost/a", "latest", "localhost/a:latest"),
        ] {
            let read = Reference::read(text);
            assert_eq!((read.name.as_str(), read.tag.as_deref()), (name, Some(tag)), "{text}");
            assert_eq!(read.to_string(), shown);
        }
        let both = Reference::read("ghcr.io/a/b:v1@sha256:12");
        assert_eq!(both.host(), "ghcr.io");
        assert_eq!(both.to_string(), "ghcr.io/a/b@sha256:12");
        assert_eq!(both.tagged().unwrap(), "ghcr.io/a/b:v1");
    }
}
