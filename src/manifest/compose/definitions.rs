use std::sync::Arc;

use crate::value::Source;

/// The Compose file of Open WebUI that comes with forgectl.
pub fn open_webui() -> Arc<Source> {
    Source::new("compose/open-webui.yaml", include_str!("../../../compose/open-webui.yaml"))
}

/// The Compose file of Langfuse that comes with forgectl.
pub fn langfuse() -> Arc<Source> {
    Source::new("compose/langfuse.yaml", include_str!("../../../compose/langfuse.yaml"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::{Beside, Project, read};
    use super::*;
    use crate::value::{Piece, Text, looks_secret};

    /// Passwords and keys that upstream's own files have, or tell people to change.
    const UPSTREAM: [&str; 12] = [
        "postgres",
        "mysecret",
        "mysalt",
        "clickhouse",
        "myredissecret",
        "miniosecret",
        "minio",
        "minioadmin",
        "langfuse",
        "password",
        "t0p-s3cr3t",
        "0000000000000000000000000000000000000000000000000000000000000000",
    ];

    const PLAIN: [(&str, &str); 6] = [
        ("VERSION", "1.2.3"),
        ("LISTEN", "127.0.0.1"),
        ("PORT", "3999"),
        ("URL", "http://localhost:3999"),
        ("ADMIN_EMAIL", "me@example.com"),
        ("OLLAMA_URL", "http://host.docker.internal:11434"),
    ];

    const SECRET: [&str; 11] = [
        "ADMIN_PASSWORD",
        "SECRET_KEY",
        "SALT",
        "ENCRYPTION_KEY",
        "NEXTAUTH_SECRET",
        "POSTGRES_PASSWORD",
        "CLICKHOUSE_PASSWORD",
        "REDIS_PASSWORD",
        "S3_PASSWORD",
        "PROJECT_PUBLIC_KEY",
        "PROJECT_SECRET_KEY",
    ];

    fn all() -> BTreeMap<String, Project> {
        let plain = PLAIN.map(|(name, value)| (name.to_owned(), Text::from(value)));
        let secret = |name: &str| Text::secret(name.to_lowercase().replace('_', "-").parse().unwrap());
        let values: BTreeMap<_, _> =
            plain.into_iter().chain(SECRET.map(|name| (name.to_owned(), secret(name)))).collect();
        let read = |source: &Arc<Source>| read(source, &values, &Beside::nothing()).unwrap();
        [open_webui(), langfuse()].map(|source| (source.name().to_owned(), read(&source))).into()
    }

    #[test]
    fn no_password_of_upstreams_is_left_in_any_of_them() {
        let mut passwords = 0;
        for service in all().values().flat_map(|project| project.services.values()) {
            for (name, value) in &service.spec.environment {
                assert!(value.plain().is_none_or(|plain| !UPSTREAM.contains(&plain)), "{name} {value}");
                if looks_secret(name) || ["SALT", "REDIS_AUTH", "REDISCLI_AUTH"].contains(&name.as_str()) {
                    // `sign in with this key`, and no more than a name.
                    let whole = matches!(value.pieces(), [Piece::Secret(_)]);
                    assert!(whole, "{name} {value}");
                    passwords += 1;
                }
                if let Some((_, who)) = value.to_string().split_once("://")
                    && let Some((who, _)) = who.split_once('@')
                {
                    assert_eq!(who, "forge:[hidden]", "{name}");
                    passwords += 1;
                }
            }
            let words = [&service.spec.command, &service.spec.entrypoint].into_iter().flatten().flatten();
            let test = service.spec.healthcheck.iter().flat_map(|check| &check.test);
            for word in words.chain(test).flat_map(|line| line.split_whitespace()) {
                let told = word.rsplit(['=', ':']).next().unwrap();
                assert!(word == "minio" || !UPSTREAM.contains(&told), "{word}");
            }
        }
        assert!(passwords > 20, "{passwords}");
    }

    /// For these the image runs its client with the password on a command line, against a server that is stopped again.
    #[test]
    fn the_image_of_clickhouse_is_given_nothing_to_start_a_server_of_a_moment_for() {
        let all = all();
        let clickhouse = &all.values().find_map(|project| project.services.get("clickhouse")).unwrap().spec;
        assert!(clickhouse.environment.contains_key("CLICKHOUSE_USER"));
        assert!(!clickhouse.environment.contains_key("CLICKHOUSE_DB"));
        assert!(clickhouse.mounts.iter().all(|mount| !mount.target.as_str().contains("initdb")));
    }

    #[test]
    fn only_the_two_pages_are_published_and_each_where_it_was_asked_for() {
        for (name, project) in all() {
            let ports = project.services.values().flat_map(|service| &service.spec.ports);
            let told: Vec<_> = ports.map(|port| format!("{}:{}", port.address, port.published)).collect();
            assert_eq!(told, ["127.0.0.1:3999"], "{name}");
            assert!(project.warnings.is_empty());
        }
    }

    #[test]
    fn every_service_has_a_test_of_its_own_and_nobody_waits_for_less() {
        for (name, service) in all().values().flat_map(|project| &project.services) {
            let check = service.spec.healthcheck.as_ref().unwrap();
            assert!(
                check.test.len() > 1 && check.interval.is_some() && check.start_period.is_some(),
                "{name}"
            );
            assert!(!check.test.iter().any(|word| word.contains("localhost")), "{name}");
            let waits = service.depends_on.values();
            assert!(
                waits.into_iter().all(|condition| *condition == super::super::Condition::Healthy),
                "{name}"
            );
            assert!(
                service.spec.image.rsplit(':').next().unwrap().len() > 4,
                "{name}: {}",
                service.spec.image
            );
        }
    }
}
