//! A real `uv` and a real Python on a Mac in a folder: environments of packages of the real registry. It is the `uv` that
//! `FORGE_UV` names, else the one along the path. Without one nothing of this is tested, and that is an error where
//! `FORGE_STRICT` is set.
#![expect(
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "real programs are looked for and run from outside"
)]

use std::{env, fs};

use camino::{Utf8Path, Utf8PathBuf};

use crate::cli::{Left, Shell};

const UV: &str = "/Users/lab/.local/bin/uv";
const ENVIRONMENT: &str = "/Users/lab/forge/lab/.venv";

/// `uv` of this machine; `None` when there is none, which is said.
fn real_uv() -> Option<Utf8PathBuf> {
    let named = env::var("FORGE_UV").ok().map(Utf8PathBuf::from);
    let path = env::var("PATH").unwrap_or_default();
    let found = named
        .or_else(|| path.split(':').map(|folder| Utf8Path::new(folder).join("uv")).find(|uv| uv.is_file()));
    if found.is_none() {
        not_tested("this machine has no `uv`; name one by FORGE_UV");
    }
    found
}

fn not_tested(why: &str) {
    assert!(env::var_os("FORGE_STRICT").is_none(), "no real Python environment was made: {why}");
    eprintln!("NOT TESTED: no real Python environment was made: {why}");
}

/// A Mac in a folder whose `uv` is the real one, and a manifest for it.
struct Lab {
    shell: Shell,
    /// The first two numbers of this machine's Python.
    minor: String,
}

impl Lab {
    fn new(packages: &str) -> Option<Self> {
        let uv = real_uv()?;
        let shell = Shell::new();
        shell.well(&format!("sim new dir:mac --chip M4 --memory 16GB --uv {uv}"));
        let told = shell
            .well(&format!("sim exec dir:mac -- {UV} python list --only-installed --output-format json"));
        let told: serde_json::Value = serde_json::from_str(&told).unwrap();
        let Some(version) = told[0]["version"].as_str() else {
            not_tested("this machine has no Python in /usr/bin");
            return None;
        };
        let minor = version.split('.').take(2).collect::<Vec<_>>().join(".");
        let lab = Self { shell, minor };
        lab.wants(&lab.minor, packages);
        Some(lab)
    }

    fn wants(&self, version: &str, packages: &str) {
        let text = format!(
            "forge: 1\nstack: lab\nnode: {{memory: 16GB}}\npython:\n  lab:\n    path: ~/forge/lab/.venv\n    version: \"{version}\"\n    packages: [{packages}]\n"
        );
        fs::write(self.shell.path("stack.yaml"), text).unwrap();
    }

    fn run(&self, line: &str) -> Left {
        self.shell.run(&format!("{line} --on dir:mac"))
    }

    #[track_caller]
    fn well(&self, line: &str) -> String {
        let left = self.run(line);
        assert_eq!(left.code, 0, "{line}: {left:?}");
        left.out
    }

    #[track_caller]
    fn uv(&self, words: &str) {
        let left = self
            .shell
            .run(&format!("sim exec dir:mac -- {UV} --system-certs {words} -p {ENVIRONMENT}/bin/python"));
        assert_eq!(left.code, 0, "{words}: {left:?}");
    }

    #[track_caller]
    fn nothing_to_do(&self) {
        let left = self.run("plan stack.yaml --detailed-exitcode");
        assert_eq!(left.code, 0, "{left:?}");
    }

    fn real(&self, path: &str) -> Utf8PathBuf {
        self.shell.path("mac/root").join(path.trim_start_matches('/'))
    }

    /// The packages that are there, with their versions.
    fn packages(&self) -> Vec<String> {
        let site = self.site();
        let names =
            fs::read_dir(site).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.filter(|name| name.ends_with(".dist-info")).collect();
        names.sort();
        names
    }

    fn site(&self) -> Utf8PathBuf {
        self.real(&format!("{ENVIRONMENT}/lib/python{}/site-packages", self.minor))
    }

    fn lock(&self) -> String {
        fs::read_to_string(self.real("/Users/lab/.local/state/forgectl/locks/lab.lock")).unwrap()
    }
}

#[test]
fn a_real_environment_lives_from_apply_to_destroy() {
    let Some(lab) = Lab::new("six, packaging, idna") else { return };
    let before = lab.shell.run("sim diff dir:mac dir:mac");
    assert_eq!(before.code, 0, "{before:?}");
    let said = lab.well("apply stack.yaml --yes");
    assert!(said.contains("it imports six, packaging, idna"), "{said}");
    lab.nothing_to_do();
    assert!(lab.well("apply stack.yaml").contains("Nothing to do"));
    let packages = lab.packages();
    assert_eq!(packages.len(), 3, "{packages:?}");
    let lock = lab.lock();
    assert!(lock.matches("--hash=sha256:").count() >= 6 && lock.contains("six=="), "{lock}");
    let said = lab.well("status stack.yaml --use");
    assert!(!said.contains("error"), "{said}");

    // What somebody took away comes again; what somebody put in stays.
    lab.uv("pip uninstall six");
    lab.uv("pip install sniffio");
    let plan = lab.run("plan stack.yaml --detailed-exitcode");
    assert!(plan.code == 2 && plan.out.contains("install six"), "{plan:?}");
    lab.well("apply stack.yaml --yes");
    lab.nothing_to_do();
    assert_eq!(lab.packages().len(), 4);

    // Half a package, as a kill leaves it.
    let told = lab.packages().into_iter().find(|name| name.starts_with("idna-")).unwrap();
    for name in ["METADATA", "INSTALLER"] {
        fs::remove_file(lab.site().join(&told).join(name)).unwrap();
    }
    let said = lab.well("apply stack.yaml --yes");
    assert!(said.contains("it imports six, packaging, idna"), "{said}");

    // From nothing, by the lock alone.
    fs::remove_dir_all(lab.real(ENVIRONMENT)).unwrap();
    lab.well("apply stack.yaml --yes");
    assert_eq!((lab.packages(), lab.lock()), (packages, lock));

    let held = lab.run("destroy stack.yaml --yes");
    assert!(held.code == 0 && lab.site().exists(), "{held:?}");
    lab.well("destroy stack.yaml --all-data --yes");
    for gone in ["/Users/lab/forge", "/Users/lab/.local/share"] {
        assert!(!lab.real(gone).exists(), "{gone}: {:?}", fs::read_dir(lab.real(gone)).map(Iterator::count));
    }
}

#[test]
fn a_real_interpreter_that_cannot_be_had_is_told() {
    let Some(lab) = Lab::new("six") else { return };
    lab.wants("3.99", "six");
    let left = lab.run("apply stack.yaml --yes");
    assert_eq!(left.code, 1, "{left:?}");
    for word in [
        "no Python 3.99 environment could be made",
        "No interpreter found for Python 3.99",
        "uv python list 3.99",
    ] {
        assert!(left.err.contains(word), "{word}: {left:?}");
    }
    lab.wants(&lab.minor, "no-such-package-of-forgectl-3f9a");
    let left = lab.run("apply stack.yaml --yes");
    assert!(left.err.contains("was not found in"), "{left:?}");
    lab.wants(&lab.minor, "six");
    lab.well("apply stack.yaml --yes");
    lab.nothing_to_do();
}

#[test]
fn a_real_environment_of_somebody_elses_is_given_back() {
    let Some(lab) = Lab::new("six, idna") else { return };
    let made = lab.shell.run(&format!("sim exec dir:mac -- {UV} venv --python {} {ENVIRONMENT}", lab.minor));
    assert_eq!(made.code, 0, "{made:?}");
    lab.uv("pip install six==1.16.0");
    lab.wants(&lab.minor, "\"six>=1.17\", idna");
    let plan = lab.well("plan stack.yaml");
    assert!(plan.contains("six 1.16.0 -> >=1.17, install idna"), "{plan}");
    lab.well("apply stack.yaml --yes");
    assert_eq!(lab.packages().len(), 2);
    lab.well("destroy stack.yaml --all-data --yes");
    assert_eq!(lab.packages(), ["six-1.16.0.dist-info"]);
}

/// What `--uv` brings is there as if its own installer had put it: nothing else is wanted for it.
#[test]
fn a_mac_with_a_uv_of_this_machine_wants_no_homebrew_for_it() {
    use std::os::unix::fs::PermissionsExt;
    let shell = Shell::new();
    let uv = shell.path("uv");
    fs::write(&uv, "#!/bin/sh\necho '[]'\n").unwrap();
    fs::set_permissions(&uv, fs::Permissions::from_mode(0o755)).unwrap();
    shell.well("sim new dir:mac --chip M4 --memory 16GB --uv uv");
    let text = "forge: 1\nstack: lab\nnode: {memory: 16GB}\npython:\n  lab: {path: ~/lab/.venv, version: \"3.11\", packages: [six]}\n";
    fs::write(shell.path("stack.yaml"), text).unwrap();
    let plan = shell.well("plan stack.yaml --on dir:mac");
    assert!(plan.contains("python-environment") && !plan.contains("brew"), "{plan}");
}
