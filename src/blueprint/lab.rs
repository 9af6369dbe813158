//! What a person's own programs read: the addresses and keys of the services of a stack, and an example that uses them.

use camino::Utf8Path;

use super::{Blueprint, Site, tilde};
use crate::{
    resource::{Rendered, Secret, secrets_folder},
    value::{Id, Piece, SecretName, Span, Text},
};

/// The folder, below the home folder.
const FOLDER: &str = "forge/lab";

/// A traced call, with today's packages.
const EXAMPLE: &str = include_str!("../../templates/traced_inference.py");

/// Where the services of a stack are asked on this Mac.
pub(super) struct Lab {
    /// Ollama: `http://127.0.0.1:11434`.
    pub(super) ollama: Option<String>,
    /// Open WebUI.
    pub(super) open_webui: Option<String>,
    /// Langfuse.
    pub(super) langfuse: Option<Keys>,
}

/// Langfuse, with the keys of its project.
pub(super) struct Keys {
    /// Where it is asked.
    pub(super) url: String,
    /// The secret that is its public key.
    pub(super) public: SecretName,
    /// The secret that is its secret key.
    pub(super) secret: SecretName,
}

/// The files of the lab; answers with their ids.
pub(super) fn files(site: &Site, lab: &Lab, blueprint: &mut Blueprint, origin: &Span) -> Vec<Id> {
    let home = &site.identity.home;
    let folder = home.join(FOLDER);
    let above = blueprint.add_folders(home, &folder, 0o755, vec![], origin);
    let secrets = secrets_folder(&site.identity.state);
    let file = |path: &Utf8Path, content: Text, purpose: &str| Rendered {
        name: tilde(home, path),
        path: path.to_owned(),
        content,
        secrets: secrets.clone(),
        purpose: purpose.to_owned(),
    };
    let environment = environment(lab);
    let keys: Vec<Id> = environment.secrets().map(Secret::id_of).collect();
    let environment =
        file(&folder.join(".env"), environment, "programs of yours find the services and their keys in it");
    let mut files =
        vec![blueprint.add(environment, above.iter().cloned().chain(keys).collect(), origin.clone())];
    if lab.ollama.is_some() && lab.langfuse.is_some() {
        let example = file(
            &folder.join("traced_inference.py"),
            EXAMPLE.into(),
            "an example of a traced call, to build on",
        );
        files.push(blueprint.add(example, above, origin.clone()));
    }
    files
}

/// The variables that the packages of these services read (docs/service-facts.md#langfuse-sdk-environment).
fn environment(lab: &Lab) -> Text {
    let mut text =
        Text::from("# forgectl writes this file, and writes it anew when something of it changes.\n");
    let mut say = |name: &str, value: Piece| {
        for piece in [Piece::Plain(format!("{name}=")), value, Piece::Plain("\n".to_owned())] {
            text.push(piece);
        }
    };
    let plain = |value: &str| Piece::Plain(value.to_owned());
    if let Some(url) = &lab.ollama {
        say("OLLAMA_BASE_URL", plain(url));
        say("OPENAI_BASE_URL", plain(&format!("{url}/v1")));
        // Ollama asks for none, and the package insists on one.
        say("OPENAI_API_KEY", plain("ollama"));
    }
    if let Some(url) = &lab.open_webui {
        say("OPEN_WEBUI_URL", plain(url));
    }
    if let Some(Keys { url, public, secret }) = &lab.langfuse {
        say("LANGFUSE_BASE_URL", plain(url));
        // Its name in older packages.
        say("LANGFUSE_HOST", plain(url));
        say("LANGFUSE_PUBLIC_KEY", Piece::Secret(public.clone()));
        say("LANGFUSE_SECRET_KEY", Piece::Secret(secret.clone()));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_has_what_is_there_and_names_keys_by_their_secrets() {
        let keys = Keys {
            url: "http://127.0.0.1:3001".into(),
            public: "public".parse().unwrap(),
            secret: "secret".parse().unwrap(),
        };
        let mut lab =
            Lab { ollama: Some("http://127.0.0.1:11434".into()), open_webui: None, langfuse: Some(keys) };
        let told = environment(&lab).sealed();
        let lines: Vec<&str> = told.lines().skip(1).collect();
        assert_eq!(
            lines,
            [
                "OLLAMA_BASE_URL=http://127.0.0.1:11434",
                "OPENAI_BASE_URL=http://127.0.0.1:11434/v1",
                "OPENAI_API_KEY=ollama",
                "LANGFUSE_BASE_URL=http://127.0.0.1:3001",
                "LANGFUSE_HOST=http://127.0.0.1:3001",
                "LANGFUSE_PUBLIC_KEY=[secret public]",
                "LANGFUSE_SECRET_KEY=[secret secret]",
            ]
        );
        (lab.ollama, lab.langfuse, lab.open_webui) = (None, None, Some("http://127.0.0.1:3000".into()));
        assert!(environment(&lab).plain().unwrap().ends_with(".\nOPEN_WEBUI_URL=http://127.0.0.1:3000\n"));
    }
}
