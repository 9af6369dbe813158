//! The section `services`: services that come with forgectl, and those of the user's own with their Compose files.

use std::{collections::BTreeMap, sync::Arc};

use camino::Utf8Path;
use forgectl::{
    manifest::{Stack, compose::Beside},
    value::{MountSource, Problem, Problems, Source},
};

use super::{LEAST, fault, good, told};

const APP: &str = "services:\n  web:\n    image: nginx:1.29\n    env_file: app.env\n    environment: {PASSWORD: \"${DB_PASSWORD:?}\"}\n    ports: [\"127.0.0.1:${PORT:?}:80\"]\n    volumes: [\"./data:/data\", \"~/x:/x\"]\n";

fn with(section: &str) -> String {
    format!("{LEAST}services:\n{section}")
}

/// What becomes of a manifest in `lab/` beside which `files` lie.
fn beside(section: &str, files: &[(&str, &str)]) -> Result<Stack, Vec<Problem>> {
    let files: BTreeMap<&str, &str> = files.iter().copied().collect();
    let open = |path: &Utf8Path| {
        let text = files.get(path.as_str());
        Ok(text.map(|text| -> Arc<Source> { Source::new(path.as_str(), *text) }))
    };
    let beside = Beside { folder: "/Users/me/lab".into(), typed: "lab".into(), open: &open };
    good(&with(section)).with_services(&beside).map_err(|Problems(faults)| faults)
}

fn faults(section: &str, files: &[(&str, &str)]) -> Vec<String> {
    let faults = beside(section, files).expect_err("it should be refused");
    let told = |problem: &Problem| format!("{} {}", problem.span.as_ref().unwrap(), problem.what);
    faults.iter().map(told).collect()
}

#[test]
fn services_that_come_along_have_good_defaults() {
    let services = good(&with("  open-webui: {}\n  langfuse: {version: \"4.60.1\", listen: lan}\n"))
        .manifest
        .services
        .unwrap();
    let (webui, langfuse) = (services.open_webui.unwrap(), services.langfuse.unwrap());
    assert_eq!((webui.port, webui.listen.address().to_string()), (3000, "127.0.0.1".to_owned()));
    assert_eq!((langfuse.port, langfuse.version.as_str()), (3001, "4.60.1"));
    assert!(langfuse.listen.address().is_unspecified());
    assert_eq!(webui.admin.email, "admin@forge.local");
}

#[test]
fn every_fault_is_told_at_its_place() {
    assert_eq!(
        told(&with(
            "  open-webui: {prot: 3000, version: v0.12.4, admin: {email: me}}\n  langfuse: {port: 0, version: 4.59}\n  My_App: {compose: a.yaml}\n  other: {compse: a.yaml}\n  app: {compose: a.yaml, values: {port: 1}, secrets: [db-password]}\n"
        )),
        [
            "6:16 prot: unknown key of `services.open-webui`: `prot`",
            "6:37 v0.12.4: wrong value of `services.open-webui.version`: `v0.12.4`",
            "6:61 me: wrong value of `services.open-webui.admin.email`: `me`",
            "7:20 0: wrong value of `services.langfuse.port`: `0`",
            "7:32 4.59: wrong value of `services.langfuse.version`: `4.59`",
            "8:3 My_App: wrong key of `services`: `My_App`",
            "9:11 compse: unknown key of `services.other`: `compse`",
            "10:35 port: wrong key of `services.app.values`: `port`",
            // What stands below a key of this name is never told: it might be a secret itself.
            "10:55 db-password: wrong value of `services.app.secrets[hidden]`: `[hidden]`",
        ]
    );
}

#[test]
fn a_version_that_nobody_knows_how_to_bring_up_is_refused() {
    let old = fault(&with("  langfuse: {version: \"3.90.1\"}\n"));
    assert_eq!(old.what, "Langfuse that forgectl does not know: `3.90.1`");
    assert!(fault(&with("  open-webui: {version: \"0.6.5\"}\n")).what.contains("Open WebUI"));
    let stack = good(&with("  langfuse: {version: \"4.30.0\"}\n"));
    assert!(stack.warnings[0].what.contains("today's clients cannot use"), "{:?}", stack.warnings);
}

#[test]
fn an_own_service_is_its_file_with_the_values_of_the_manifest() {
    let stack = beside(
        "  my-app: {compose: ./apps/web.yaml, values: {PORT: 8080}, secrets: [DB_PASSWORD]}\n",
        &[("lab/apps/web.yaml", APP), ("lab/apps/app.env", "MODE=${PORT}\n")],
    )
    .unwrap();
    let project = stack.project("my-app", "/Users/you".into()).unwrap();
    let spec = &project.services["web"].spec;
    assert_eq!(spec.ports[0].published, 8080);
    assert_eq!(spec.environment["MODE"].plain(), Some("8080"));
    let secrets: Vec<_> = spec.environment["PASSWORD"].secrets().map(ToString::to_string).collect();
    assert_eq!(secrets, ["my-app-db-password"]);
    let sources: Vec<_> = spec.mounts.iter().map(|mount| mount.source.clone()).collect();
    assert_eq!(
        sources,
        [MountSource::Bind("/Users/me/lab/apps/data".into()), MountSource::Bind("/Users/you/x".into())]
    );
    assert!(stack.project("other", "/Users/you".into()).is_none());
}

#[test]
fn faults_of_all_files_are_told_at_once_each_in_its_own_file() {
    assert_eq!(
        faults(
            "  a: {compose: a.yaml}\n  b: {compose: gone.yaml}\n  c: {compose: c.yaml, values: {PROT: 1}}\n",
            &[
                ("lab/a.yaml", "services: {web: {imag: x}}\n"),
                ("lab/c.yaml", "services: {web: {image: \"x:${PORT:?}\"}}\n")
            ],
        ),
        [
            "lab/a.yaml:1:12 missing key of `services.web`: `image`",
            "lab/a.yaml:1:18 unknown key of `services.web`: `imag`",
            "stack.yaml:7:16 there is no Compose file: `lab/gone.yaml`",
            "lab/c.yaml:1:25 missing value: `PORT`",
        ]
    );
}

#[test]
fn a_value_that_nothing_asks_for_is_refused_as_the_misspelling_that_it_is() {
    let files = [("lab/a.yaml", "services: {web: {image: \"x:${TAG:?}\"}}\n")];
    assert_eq!(
        faults("  a: {compose: a.yaml, values: {TAG: 1, TGA: 2}, secrets: [OTHER]}\n", &files),
        [
            "stack.yaml:6:41 value that nothing asks for: `TGA`",
            "stack.yaml:6:60 value that nothing asks for: `OTHER`"
        ]
    );
}

#[test]
fn names_that_meet_are_told() {
    let twice = fault(&with("  a: {compose: a.yaml, values: {TOKEN: x}, secrets: [TOKEN]}\n"));
    assert_eq!(twice.what, "value and secret of one name: `TOKEN`");
    let meet = told(&with(
        "  a: {compose: a.yaml, secrets: [B_TOKEN]}\n  a-b: {compose: b.yaml, secrets: [TOKEN]}\n",
    ));
    assert_eq!(meet, ["7:36 TOKEN: two secrets of one name: `a-b-token`"]);
    let ours = fault(&with("  open: {compose: a.yaml, secrets: [WEBUI_SECRET_KEY]}\n"));
    assert_eq!(ours.what, "two secrets of one name: `open-webui-secret-key`");
    let plain = good(&with("  a: {compose: a.yaml, values: {DB_PASSWORD: hunter2}}\n"));
    assert_eq!(plain.warnings[0].what, "secret in the manifest: `DB_PASSWORD`");
    assert!(!format!("{:?}", plain.warnings).contains("hunter2"));
}
