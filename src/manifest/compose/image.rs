use super::super::types::Wrong;

/// The registry of images whose name says none, and the folder there of those that have none.
const REGISTRY: &str = "docker.io";
const FOLDER: &str = "library";

/// The whole name of an image, as engines complete it: `redis:7.4` is `docker.io/library/redis:7.4`, and without a tag or a digest
/// it is the tag `latest` (docs/service-facts.md#image-names).
pub(super) fn image(text: &str) -> Result<String, Wrong> {
    let (named, digest) = match text.split_once('@') {
        Some((named, digest)) => (named, Some(digest)),
        None => (text, None),
    };
    if digest.is_some_and(|digest| !is_digest(digest)) {
        return Err(Wrong::new("behind the `@` of an image stands `sha256:` and 64 hexadecimal digits"));
    }
    // A colon before the last slash is that of a port.
    let (name, tag) = match named.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => (name, Some(tag)),
        _ => (named, None),
    };
    let of_tag = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
    if tag.is_some_and(|tag| {
        tag.is_empty() || tag.len() > 128 || !tag.chars().all(of_tag) || tag.starts_with(['.', '-'])
    }) {
        return Err(Wrong::new("the tag of an image is letters, digits, `_`, `.` and `-`"));
    }
    let (registry, path) = match name.split_once('/') {
        Some((first, rest)) if first.contains(['.', ':']) || first == "localhost" => (first, rest.to_owned()),
        Some(_) => (REGISTRY, name.to_owned()),
        None => (REGISTRY, format!("{FOLDER}/{name}")),
    };
    if !path.split('/').all(is_part) {
        let wrong =
            Wrong::new("the name of an image is lower-case letters, digits, `_`, `.`, `-` and slashes");
        let lower = text.to_ascii_lowercase();
        return Err(if lower == text { wrong } else { wrong.meant(lower) });
    }
    let of_host = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':');
    if !registry.chars().all(of_host) || registry.starts_with(':') {
        return Err(Wrong::new("before the first slash of an image stands the host of a registry"));
    }
    let tag = match (tag, digest) {
        (Some(tag), _) => format!(":{tag}"),
        (None, Some(_)) => String::new(),
        (None, None) => ":latest".to_owned(),
    };
    let digest = digest.map_or(String::new(), |digest| format!("@{digest}"));
    Ok(format!("{registry}/{path}{tag}{digest}"))
}

fn is_part(part: &str) -> bool {
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '.' | '-');
    let outer = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    part.starts_with(outer) && part.ends_with(outer) && part.chars().all(inner)
}

fn is_digest(digest: &str) -> bool {
    let hex = |c: char| c.is_ascii_digit() || matches!(c, 'a'..='f');
    digest.strip_prefix("sha256:").is_some_and(|digest| digest.len() == 64 && digest.chars().all(hex))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_completed_as_engines_do() {
        let digest = format!("sha256:{}", "0a".repeat(32));
        for (text, whole) in [
            ("redis", "docker.io/library/redis:latest"),
            ("redis:7.4", "docker.io/library/redis:7.4"),
            ("langfuse/langfuse:4.59.0", "docker.io/langfuse/langfuse:4.59.0"),
            ("ghcr.io/open-webui/open-webui:v0.12.4", "ghcr.io/open-webui/open-webui:v0.12.4"),
            ("localhost:5000/a/b:1", "localhost:5000/a/b:1"),
            ("localhost/a", "localhost/a:latest"),
        ] {
            assert_eq!(image(text).as_deref(), Ok(whole), "{text}");
        }
        assert_eq!(image(&format!("redis@{digest}")).unwrap(), format!("docker.io/library/redis@{digest}"));
        assert_eq!(
            image(&format!("redis:7@{digest}")).unwrap(),
            format!("docker.io/library/redis:7@{digest}")
        );
    }

    #[test]
    fn what_is_no_image_is_refused() {
        for text in
            ["", "Redis", "redis:", "redis:7 4", "a//b", "/a", "a/", "redis@sha256:12", "http://a.b/c", "-a"]
        {
            assert!(image(text).is_err(), "{text}");
        }
        assert_eq!(image("Redis:7").unwrap_err().hint.as_deref(), Some("did you mean `redis:7`?"));
    }
}
