#![expect(
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "real programs are looked for and run from outside"
)]

use std::{
    env, fs,
    process::{Command, Stdio},
    sync::{
        Mutex, OnceLock,
        atomic::{AtomicU32, Ordering},
    },
};

use camino::{Utf8Path, Utf8PathBuf};

/// A container engine and a registry.
#[derive(Clone, Debug)]
pub(crate) struct Rig {
    /// The engine's socket.
    pub(crate) socket: Utf8PathBuf,
    /// Where the registry listens.
    pub(crate) registry: String,
}

/// Those of this run; `None` when there are none, which is said.
pub(crate) fn rig() -> Option<Rig> {
    let named = |name| env::var(name).ok().filter(|value| !value.is_empty());
    let found = named("FORGE_DOCKER").zip(named("FORGE_REGISTRY"));
    if found.is_none() {
        let why = "FORGE_DOCKER and FORGE_REGISTRY name none; tests/docker.sh starts them";
        assert!(env::var_os("FORGE_STRICT").is_none(), "no real container engine was asked: {why}");
        eprintln!("NOT TESTED: no real container engine was asked: {why}");
    }
    found.map(|(socket, registry)| Rig { socket: socket.into(), registry })
}

/// A word that no other test of this machine has used.
pub(crate) fn fresh(word: &str) -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    format!("{word}{}x{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}

impl Rig {
    /// What Docker's own client says.
    pub(crate) fn docker(&self, args: &[&str]) -> String {
        let (ok, said) = self.try_docker(args);
        assert!(ok, "docker {args:?}: {said}");
        said
    }

    /// Whether Docker's own client did it, and what it said.
    pub(crate) fn try_docker(&self, args: &[&str]) -> (bool, String) {
        let mut docker = Command::new("/usr/bin/docker");
        docker.args(["--host", &format!("unix://{}", self.socket)]).args(args).stdin(Stdio::null());
        let output = docker.env("DOCKER_BUILDKIT", "0").output().unwrap();
        let text = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8_lossy(&text).trim().to_owned())
    }

    /// Puts an image into the registry that the engine has to fetch: a shell and more `lines` of a Dockerfile. Answers with its
    /// reference.
    pub(crate) fn published(&self, name: &str, lines: &str) -> String {
        let reference = format!("{}/{name}", self.registry);
        self.built(&reference, lines);
        self.docker(&["push", "--quiet", &reference]);
        self.docker(&["rmi", &reference]);
        reference
    }

    /// Puts a small image into the registry: a shell, and all that busybox brings.
    pub(crate) fn serve(&self, name: &str) {
        static BUILT: OnceLock<String> = OnceLock::new();
        // Another engine than that of this run has it not.
        let base = if rig().is_some_and(|rig| rig.socket == self.socket) {
            BUILT.get_or_init(|| self.base()).clone()
        } else {
            self.base()
        };
        let reference = format!("{}/{name}", self.registry);
        self.docker(&["tag", &base, &reference]);
        self.docker(&["push", "--quiet", &reference]);
        self.docker(&["rmi", &reference]);
    }

    fn base(&self) -> String {
        let name = fresh("base");
        self.built(
            &name,
            "ENV OF_IMAGE=yes\nLABEL of.image=yes\nVOLUME /nameless\nCMD [\"sleep\", \"1000\"]",
        );
        name
    }

    /// Puts an image into the registry that is for a platform nobody here has.
    pub(crate) fn alien(&self, name: &str) {
        let reference = format!("{}/{name}:1", self.registry);
        self.built(&reference, "");
        let folder = tempfile::tempdir().unwrap();
        let archive = Utf8Path::from_path(folder.path()).unwrap().join("image.tar");
        self.docker(&["save", "--output", archive.as_str(), &reference]);
        self.docker(&["rmi", &reference]);
        let script = "tar -xf image.tar && rm image.tar && \
            sed -i 's/\"architecture\":\"[a-z0-9]*\"/\"architecture\":\"s390x\"/' *.json && tar -cf ../image.tar . && mv ../image.tar .";
        let inner = folder.path().join("inside");
        fs::create_dir(&inner).unwrap();
        fs::rename(&archive, inner.join("image.tar")).unwrap();
        let ended = Command::new("sh").args(["-c", script]).current_dir(&inner).status().unwrap();
        assert!(ended.success());
        let made = Utf8PathBuf::from_path_buf(inner.join("image.tar")).unwrap();
        self.docker(&["load", "--input", made.as_str()]);
        self.docker(&["push", "--quiet", &reference]);
        self.docker(&["rmi", &reference]);
    }

    /// Builds an image on the engine.
    pub(crate) fn built(&self, reference: &str, lines: &str) {
        // Two builds at once of the same layers, one of which is removed meanwhile, disturb each other.
        static BUILDING: Mutex<()> = Mutex::new(());
        let _building = BUILDING.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let folder = tempfile::tempdir().unwrap();
        let path = Utf8Path::from_path(folder.path()).unwrap();
        fs::copy("/usr/bin/busybox", path.join("busybox")).unwrap();
        // Nobody else has this layer, and it cannot be made smaller.
        let mut salt = vec![0; 300_000];
        std::io::Read::read_exact(&mut fs::File::open("/dev/urandom").unwrap(), &mut salt).unwrap();
        fs::write(path.join("salt"), salt).unwrap();
        let base = "FROM scratch\nCOPY busybox /bin/busybox\nRUN [\"/bin/busybox\", \"--install\", \"-s\", \"/bin\"]\nENV PATH=/bin\nCOPY salt /salt\n";
        fs::write(path.join("Dockerfile"), format!("{base}{lines}\n")).unwrap();
        self.docker(&[
            "build",
            "--quiet",
            "--no-cache",
            "--network",
            "none",
            "--tag",
            reference,
            path.as_str(),
        ]);
    }
}
