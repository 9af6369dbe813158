use std::{collections::BTreeMap, net::SocketAddr, sync::Arc};

use anyhow::{Result, anyhow};

use super::{Building, container, given::Given, neighbour, ports};
use crate::{
    blueprint::project,
    manifest::{self, compose},
    resource::{self, ModelServer, Part, Proof, secrets_folder},
    value::{Credential, Declared, Id, Problem, Rotation, SecretShape},
};

/// Its key in the manifest, which all that belongs to it is named after.
const KEY: &str = "open-webui";

/// What people call it.
const NAME: &str = "Open WebUI";

/// The Ollama server of a stack, for a service in front of it.
pub(in crate::blueprint) struct Behind {
    /// What has to be there before the service: the server, and a model to chat with.
    pub(in crate::blueprint) needs: Vec<Id>,
    /// The server.
    pub(in crate::blueprint) server: ModelServer,
    /// Where it listens.
    pub(in crate::blueprint) socket: SocketAddr,
}

/// Open WebUI in front of the Ollama server of the stack.
pub(super) fn open_webui(
    building: &mut Building,
    section: &manifest::OpenWebUi,
    behind: Option<&Behind>,
) -> Result<()> {
    let origin = building.site.stack.span(&["services", KEY]);
    let Some(behind) = behind else {
        let problem = Problem::manifest("Open WebUI has no Ollama server behind it")
            .why("it is wired to the server of this stack, and this stack has none")
            .hint("let the stack have one: `ollama: {}`");
        building.blueprint.refusals.push(problem.at(Some(&origin)));
        return Ok(());
    };
    let mut given = Given::new(KEY, origin.clone());
    given.plain("VERSION", &section.version);
    given.plain("ADMIN_EMAIL", &section.admin.email);
    given.place(section.listen, section.port);
    let neighbour = neighbour::ollama(building, KEY, behind)?;
    given.plain("OLLAMA_URL", &neighbour.told);
    let key = Declared {
        purpose: "what signs the logins of Open WebUI".to_owned(),
        shape: SecretShape::alphanumeric(48),
        beside: vec![],
        rotation: Rotation::Restart,
        credential: None,
    };
    given.secret(building, "SECRET_KEY", key, &["data"])?;
    // (docs/service-facts.md#open-webui-admin)
    let password = Declared {
        purpose: "the password of Open WebUI's first account".to_owned(),
        shape: SecretShape::alphanumeric(24),
        beside: vec![],
        rotation: Rotation::Fixed("Open WebUI reads it only when it makes its first account".to_owned()),
        credential: Some(Credential::Password {
            service: NAME.to_owned(),
            account: section.admin.email.clone(),
        }),
    };
    let password = given.secret(building, "ADMIN_PASSWORD", password, &["data"])?;

    let project = compose::read(&compose::open_webui(), &given.values, &compose::Beside::nothing())
        .map_err(|problems| anyhow!("{problems}"))?;
    ports::judge(building, KEY, &project);
    let proof: Arc<dyn Proof> = Arc::new(resource::OpenWebUi {
        part: Part {
            name: NAME.to_owned(),
            engine: building.engine.socket.clone(),
            container: container(KEY, KEY),
            url: ports::asked_at(section.listen.address(), section.port),
            secrets: secrets_folder(&building.site.identity.state),
            knows: given.secrets,
        },
        email: section.admin.email.clone(),
        password,
        ollama: behind.server.clone(),
        neighbour,
    });
    let proofs = BTreeMap::from([(KEY.to_owned(), proof)]);
    let ids =
        project::containers(building.site, building.engine, KEY, &project, &proofs, building.blueprint)?;
    for id in ids.values() {
        building.blueprint.stand_on(id, &behind.needs);
    }
    Ok(())
}
