/// The whole name of an image that an engine calls by a short one: `redis:8` is `docker.io/library/redis:8`
/// (docs/service-facts.md#image-names).
pub fn full_image_name(name: &str) -> String {
    match name.split_once('/') {
        Some((host, _)) if host.contains(['.', ':']) || host == "localhost" => name.to_owned(),
        Some(_) => format!("docker.io/{name}"),
        None => format!("docker.io/library/{name}"),
    }
}

/// A whole name without its tag and digest; the port of a registry is no tag.
pub fn image_repository(name: &str) -> &str {
    let name = name.split_once('@').map_or(name, |(name, _)| name);
    match name.rsplit_once(':') {
        Some((repository, tag)) if !tag.contains('/') => repository,
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_names_are_those_of_docker_hub() {
        assert_eq!(full_image_name("redis:8"), "docker.io/library/redis:8");
        assert_eq!(full_image_name("langfuse/langfuse:4"), "docker.io/langfuse/langfuse:4");
        assert_eq!(
            full_image_name("ghcr.io/open-webui/open-webui:v0.12.4"),
            "ghcr.io/open-webui/open-webui:v0.12.4"
        );
        assert_eq!(full_image_name("127.0.0.1:5000/tool"), "127.0.0.1:5000/tool");
        assert_eq!(full_image_name("localhost/tool"), "localhost/tool");
    }

    #[test]
    fn the_port_of_a_registry_is_no_tag() {
        assert_eq!(image_repository("127.0.0.1:5000/tool"), "127.0.0.1:5000/tool");
        assert_eq!(image_repository("127.0.0.1:5000/tool:1@sha256:00"), "127.0.0.1:5000/tool");
    }
}
