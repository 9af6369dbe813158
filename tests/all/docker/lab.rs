//! A Mac in a folder whose engine is a real one, with a stack of one service of the user's own.
#![expect(clippy::disallowed_methods, reason = "files are laid out from outside")]

use std::fs;

use camino::Utf8Path;
use serde_json::Value;

use super::{
    door::free_port,
    rig::{Rig, fresh, rig},
};
use crate::cli::{Left, Shell};

/// A stack on a Mac.
pub(crate) struct Lab {
    pub(crate) rig: Rig,
    pub(crate) shell: Shell,
    /// The key of the service.
    pub(crate) key: String,
    /// The name of its image, as the Compose file has it: the registry is a mirror.
    pub(crate) image: String,
    /// The port that it publishes.
    pub(crate) port: u16,
}

/// A page, and a health test that looks for it.
pub(crate) const WEB: &str = "  web:
    image: IMAGE
    command: [sh, -c, \"mkdir -p /www; echo hello > /www/index.html; exec httpd -f -p 8080 -h /www\"]
    init: true
    stop_grace_period: 1s
    ports: [\"127.0.0.1:PORT:8080\"]
    healthcheck: {test: [CMD, wget, -q, -O, /dev/null, \"http://127.0.0.1:8080/\"], interval: 500ms, timeout: 5s, retries: 4}
";

/// Something that keeps data, and is asked for by nobody.
pub(crate) const STORE: &str = "  store:
    image: IMAGE
    command: [sh, -c, \"date >> /data/starts; exec sleep 1000\"]
    init: true
    stop_grace_period: 1s
    environment: {PASSWORD: \"${DB_PASSWORD:?}\", PLAIN: two words}
    volumes: [\"data:/data\"]
";

impl Lab {
    /// A Mac with the engine of this run, and `services` of a Compose file; `None` without an engine.
    pub(crate) fn new(services: &str) -> Option<Self> {
        Some(Self::on(rig()?, services))
    }

    /// The same with another engine.
    pub(crate) fn on(rig: Rig, services: &str) -> Self {
        let (shell, key) = (Shell::new(), fresh("app"));
        shell.well(&format!("sim new dir:mac --chip M4 --memory 16GB --engine {}", rig.socket));
        rig.serve(&key);
        let lab = Self { image: format!("lab.example/{key}"), port: free_port(), rig, shell, key };
        lab.compose(services);
        lab.stack("stack.yaml", "lab");
        lab
    }

    /// Writes a manifest with the service in it.
    pub(crate) fn stack(&self, file: &str, name: &str) {
        let Self { key, rig, .. } = self;
        let text = format!(
            "forge: 1\nstack: {name}\nnode: {{memory: 16GB}}\ncontainers:\n  engine: running\n  mirrors: {{lab.example: \"{}\"}}\n\
             services:\n  {key}:\n    compose: ./{key}.yaml\n",
            rig.registry
        );
        fs::write(self.shell.path(file), text).unwrap();
    }

    /// Writes the Compose file.
    pub(crate) fn compose(&self, services: &str) {
        let text = services.replace("IMAGE", &self.image).replace("PORT", &self.port.to_string());
        let text = format!(
            "services:\n{text}{}",
            if text.contains("data:/") { "volumes: {data: {}}\n" } else { "" }
        );
        fs::write(self.shell.path(&format!("{}.yaml", self.key)), text).unwrap();
    }

    /// Lets forgectl make the secret that the Compose file asks for.
    pub(crate) fn with_secret(self) -> Self {
        let path = self.shell.path("stack.yaml");
        let text = fs::read_to_string(&path).unwrap() + "    secrets: [DB_PASSWORD]\n";
        fs::write(path, text).unwrap();
        self
    }

    /// Runs a command on the Mac.
    pub(crate) fn run(&self, line: &str) -> Left {
        self.shell.run(&format!("{line} --on dir:mac"))
    }

    /// Runs what must end with 0, and answers with all that it said.
    pub(crate) fn well(&self, line: &str) -> String {
        let left = self.run(line);
        assert_eq!(left.code, 0, "{line}: {}\n{}", left.out, left.err);
        left.out + &left.err
    }

    pub(crate) fn apply(&self) -> String {
        self.well("apply stack.yaml --yes")
    }

    /// What a run that fails says.
    pub(crate) fn fails(&self, line: &str) -> String {
        let left = self.run(line);
        assert_eq!(left.code, 1, "{line}: {}\n{}", left.out, left.err);
        unwrapped(&(left.out + &left.err))
    }

    /// The plan, as JSON.
    pub(crate) fn plan(&self) -> Value {
        serde_json::from_str(&self.run("plan stack.yaml --output json").out).unwrap()
    }

    /// The fields of a part of the service that the plan would change.
    pub(crate) fn changed(&self, part: &str) -> Vec<String> {
        let id = format!("container/{}/{part}", self.key);
        let plan = self.plan();
        let items = plan["items"].as_array().unwrap();
        let item = items.iter().find(|item| item["id"] == id.as_str()).unwrap_or_else(|| panic!("{plan}"));
        let deltas = item["deltas"].as_array().unwrap();
        deltas.iter().map(|delta| delta["field"].as_str().unwrap().to_owned()).collect()
    }

    /// The name of the container of a part.
    pub(crate) fn name(&self, part: &str) -> String {
        format!("forge-{}-{part}-1", self.key)
    }

    /// What `docker inspect` says of the container of a part.
    pub(crate) fn inspected(&self, part: &str, format: &str) -> String {
        self.rig.docker(&["inspect", "--format", format, &self.name(part)])
    }

    /// What a command in the container of a part prints.
    pub(crate) fn inside(&self, part: &str, script: &str) -> String {
        self.rig.docker(&["exec", &self.name(part), "sh", "-c", script])
    }

    /// All that the engine has of this service and its image.
    pub(crate) fn left_over(&self) -> Vec<String> {
        let lines = |args: &[&str]| self.rig.docker(args).lines().map(str::to_owned).collect::<Vec<_>>();
        let containers = lines(&["ps", "--all", "--format", "container {{.Names}}"]);
        let networks = lines(&["network", "ls", "--format", "network {{.Name}}"]);
        let volumes = lines(&["volume", "ls", "--format", "volume {{.Name}}"]);
        let images = lines(&["images", "--all", "--digests", "--format", "image {{.Repository}}:{{.Tag}}"]);
        let all = [containers, networks, volumes, images].concat();
        all.into_iter().filter(|line| line.contains(&self.key)).collect()
    }

    /// A file of the Mac.
    pub(crate) fn file(&self, path: &str) -> String {
        let path = self.shell.path("mac/root").join(Utf8Path::new(path).strip_prefix("/").unwrap());
        fs::read_to_string(path).unwrap()
    }
}

/// A message on one line, however it was wrapped.
pub(crate) fn unwrapped(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

impl Drop for Lab {
    fn drop(&mut self) {
        let project = format!("label=com.docker.compose.project=forge-{}", self.key);
        let list = |args: &[&str]| {
            let (_, said) = self.rig.try_docker(&[args, &["--quiet", "--filter", &project]].concat());
            said.lines().map(str::to_owned).collect::<Vec<_>>()
        };
        for (list, remove) in [
            (list(&["ps", "--all"]), ["rm", "--force", "--volumes"].as_slice()),
            (list(&["network", "ls"]), &["network", "rm"]),
            (list(&["volume", "ls"]), &["volume", "rm"]),
        ] {
            for name in list {
                self.rig.try_docker(&[remove, &[name.as_str()]].concat());
            }
        }
    }
}
