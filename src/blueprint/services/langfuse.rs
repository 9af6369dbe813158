use std::{collections::BTreeMap, sync::Arc};

use anyhow::{Result, anyhow};

use super::{Building, container, given::Given, ports};
use crate::{
    blueprint::{lab::Keys, project},
    manifest::{self, Listen, compose},
    resource::{self, LangfusePart, Part, Proof, secrets_folder},
    value::{Credential, DatabaseUser, Declared, Problem, Rotation, SecretShape},
};

/// Its key in the manifest, which all that belongs to it is named after.
const KEY: &str = "langfuse";

/// What people call it.
const NAME: &str = "Langfuse";

/// The project that its definition has it make at its start.
const PROJECT: &str = "lab";

/// The volume that all but what was observed is in.
const DATA: &[&str] = &["postgres-data"];

/// Langfuse: web, worker, and what they keep their data in. Answers with what its clients are given.
pub(super) fn langfuse(building: &mut Building, section: &manifest::Langfuse) -> Result<Keys> {
    let mut given = Given::new(KEY, building.site.stack.span(&["services", KEY]));
    given.plain("VERSION", &section.version);
    given.plain("ADMIN_EMAIL", &section.admin.email);
    given.place(section.listen, section.port);
    for (name, declared, opens) in inner(building) {
        given.secret(building, name, declared, opens)?;
    }
    let password = Declared {
        purpose: "the password of Langfuse's first account".to_owned(),
        shape: SecretShape::alphanumeric(24),
        beside: vec![],
        rotation: Rotation::Fixed("Langfuse reads it only when it makes that account".to_owned()),
        credential: Some(Credential::Password {
            service: NAME.to_owned(),
            account: section.admin.email.clone(),
        }),
    };
    given.secret(building, "ADMIN_PASSWORD", password, DATA)?;
    let public_key = given.secret(
        building,
        "PROJECT_PUBLIC_KEY",
        key("the public key of Langfuse's project", "pk-lf-", "LANGFUSE_PUBLIC_KEY"),
        DATA,
    )?;
    let secret_key = given.secret(
        building,
        "PROJECT_SECRET_KEY",
        key("the secret key of Langfuse's project", "sk-lf-", "LANGFUSE_SECRET_KEY"),
        DATA,
    )?;

    if section.listen == Listen::Lan {
        let problem =
            Problem::manifest("who logs in to Langfuse from another computer ends up on `localhost` there")
                .why("it sends a browser back to the one address that it knows itself by")
                .hint("give it one of this Mac's own addresses: `listen: 192.168.1.20`");
        let place = building.site.stack.span(&["services", KEY, "listen"]);
        building.blueprint.warnings.push(problem.at(Some(&place)));
    }
    let project = compose::read(&compose::langfuse(), &given.values, &compose::Beside::nothing())
        .map_err(|problems| anyhow!("{problems}"))?;
    ports::judge(building, KEY, &project);
    let part = |name: &str, part: &str| Part {
        name: name.to_owned(),
        engine: building.engine.socket.clone(),
        container: container(KEY, part),
        url: ports::asked_at(section.listen.address(), section.port),
        secrets: secrets_folder(&building.site.identity.state),
        knows: given.secrets.clone(),
    };
    let proof = |which| -> Arc<dyn Proof> {
        Arc::new(resource::Langfuse {
            which,
            web: part(NAME, "web"),
            worker: part("Langfuse's worker", "worker"),
            project: PROJECT.to_owned(),
            public_key: public_key.clone(),
            secret_key: secret_key.clone(),
        })
    };
    let proofs = BTreeMap::from([
        ("web".to_owned(), proof(LangfusePart::Web)),
        ("worker".to_owned(), proof(LangfusePart::Worker)),
    ]);
    project::containers(building.site, building.engine, KEY, &project, &proofs, building.blueprint)?;
    let url = ports::asked_at(section.listen.address(), section.port);
    Ok(Keys { url, public: public_key, secret: secret_key })
}

/// Secrets that only its own parts know (docs/service-facts.md#langfuse-start).
fn inner(building: &Building) -> Vec<(&'static str, Declared, &'static [&'static str])> {
    let of = |purpose: &str, rotation| Declared {
        purpose: purpose.to_owned(),
        shape: SecretShape::alphanumeric(32),
        beside: vec![],
        rotation,
        credential: None,
    };
    let fixed = |why: &str| Rotation::Fixed(why.to_owned());
    let user = DatabaseUser {
        engine: building.engine.socket.clone(),
        container: container(KEY, "postgres"),
        user: "forge".to_owned(),
        database: "forge".to_owned(),
    };
    let encryption = Declared {
        shape: SecretShape::hex(64),
        ..of("what Langfuse encrypts with", fixed("what was encrypted with it could not be read any more"))
    };
    vec![
        (
            "SALT",
            of("what Langfuse hashes its keys with", fixed("every key of every project would be refused")),
            DATA,
        ),
        ("ENCRYPTION_KEY", encryption, DATA),
        ("NEXTAUTH_SECRET", of("what signs the logins of Langfuse", Rotation::Restart), &[]),
        ("POSTGRES_PASSWORD", of("the password of Langfuse's database", Rotation::Statement(user)), DATA),
        (
            "CLICKHOUSE_PASSWORD",
            of("the password of Langfuse's ClickHouse", Rotation::Restart),
            &["clickhouse-data"],
        ),
        ("REDIS_PASSWORD", of("the password of Langfuse's Redis", Rotation::Restart), &[]),
        ("S3_PASSWORD", of("the password of Langfuse's object store", Rotation::Restart), &["minio-data"]),
    ]
}

fn key(purpose: &str, prefix: &str, variable: &str) -> Declared {
    Declared {
        purpose: purpose.to_owned(),
        shape: SecretShape::alphanumeric(32).behind(prefix),
        beside: vec![],
        rotation: Rotation::Fixed(
            "Langfuse makes its keys once, and keeps them whatever its environment says later".to_owned(),
        ),
        credential: Some(Credential::Key { service: NAME.to_owned(), variable: variable.to_owned() }),
    }
}
