//! The door to a container engine, against a real one.
#![expect(clippy::disallowed_methods, reason = "files are laid out from outside, and waited for")]

use std::{
    collections::BTreeMap,
    sync::Mutex,
    time::{Duration, Instant},
};

use camino::{Utf8Path, Utf8PathBuf};
use forgectl::{
    machine::{
        Changing, Looking, Quiet, Tell,
        engine::{EngineChange, EngineFault, HealthStatus, Stage},
        local::{Local, Outside},
    },
    value::{ContainerSpec, Healthcheck, Mount, MountSource, Piece, Protocol, PublishedPort, Restart, Text},
};

use super::rig::{Rig, fresh, rig};

const SOCKET: &str = "/var/run/docker.sock";

/// A Mac in a folder on which the engine of the rig runs.
struct Mac {
    rig: Rig,
    local: Local,
    folder: tempfile::TempDir,
}

impl Mac {
    fn new() -> Option<Self> {
        let rig = rig()?;
        let folder = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(folder.path()).unwrap().join("root");
        std::fs::create_dir_all(root.join("var/run")).unwrap();
        std::fs::create_dir_all(root.join("secrets")).unwrap();
        std::fs::create_dir_all(root.join("Users/lab/data")).unwrap();
        std::fs::write(root.join("var/run/docker.sock"), "").unwrap();
        std::fs::write(root.join("secrets/salt"), "s3cr3t").unwrap();
        std::fs::write(root.join("Users/lab/data/here"), "of the Mac").unwrap();
        let outside = Outside { engine: Some(rig.socket.clone()), ..Outside::default() };
        let local = Local::under(&root).unwrap().reaching_only(outside);
        Some(Self { rig, local, folder })
    }

    fn root(&self) -> Utf8PathBuf {
        Utf8Path::from_path(self.folder.path()).unwrap().join("root")
    }

    fn change(&self, change: EngineChange) -> anyhow::Result<()> {
        self.local.engine(SOCKET.into(), change, &Quiet)
    }

    fn create(&self, name: &str, spec: ContainerSpec) -> anyhow::Result<()> {
        self.change(EngineChange::Create {
            name: name.into(),
            spec: Box::new(spec),
            secrets: "/secrets".into(),
        })
    }

    fn pull(&self, reference: &str, tell: &dyn Tell) -> anyhow::Result<()> {
        let pull = EngineChange::Pull { reference: reference.into(), platform: self.platform() };
        self.local.engine(SOCKET.into(), pull, tell)
    }

    fn platform(&self) -> String {
        self.local.engine_version(SOCKET.into()).unwrap().unwrap().platform
    }
}

/// Hears the bytes of a pull.
#[derive(Default)]
struct Bytes(Mutex<Vec<(u64, Option<u64>)>>);

impl Tell for Bytes {
    fn bytes(&self, done: u64, total: Option<u64>) {
        self.0.lock().unwrap().push((done, total));
    }

    fn line(&self, _: &str) {}
}

/// All that a container can be told at once.
fn full(image: &str, network: &str, other: &str, volume: &str) -> ContainerSpec {
    ContainerSpec {
        image: image.into(),
        command: Some(vec!["sh".into(), "-c".into(), "echo begun; echo $SALTED >&2; sleep 1000".into()]),
        entrypoint: Some(vec!["env".into(), "-u".into(), "NOTHING".into()]),
        environment: BTreeMap::from([
            ("PLAIN".into(), Text::from("two words")),
            (
                "SALTED".into(),
                Text::new([
                    Piece::Plain("salt:".into()),
                    Piece::Secret("salt".parse().unwrap()),
                    Piece::Plain("!".into()),
                ]),
            ),
        ]),
        ports: vec![PublishedPort {
            address: "127.0.0.1".parse().unwrap(),
            published: free_port(),
            target: 3000,
            protocol: Protocol::Tcp,
        }],
        mounts: vec![
            Mount { source: MountSource::Volume(volume.into()), target: "/data".into(), read_only: false },
            Mount {
                source: MountSource::Bind("/Users/lab/data".into()),
                target: "/mac".into(),
                read_only: true,
            },
        ],
        tmpfs: BTreeMap::from([("/scratch".into(), "size=1m".into())]),
        networks: BTreeMap::from([
            (network.into(), vec!["web".into()]),
            (other.into(), vec!["web".into(), "www".into()]),
        ]),
        healthcheck: Some(Healthcheck {
            test: vec!["CMD-SHELL".into(), "test -d /data".into()],
            interval: Some(Duration::from_millis(300)),
            timeout: Some(Duration::from_secs(5)),
            retries: Some(3),
            start_period: Some(Duration::from_secs(1)),
        }),
        restart: Restart::OnFailure(Some(4)),
        extra_hosts: vec!["host.docker.internal:host-gateway".into()],
        labels: BTreeMap::from([("dev.forge.id".into(), "container/app/web".into())]),
        user: Some("0:0".into()),
        working_dir: Some("/data".into()),
        mem_limit: Some(64 * 1024 * 1024),
        nano_cpus: Some(500_000_000),
        ulimits: BTreeMap::from([("nofile".into(), (1024, 2048))]),
        shm_size: Some(1024 * 1024),
        read_only: true,
        cap_drop: vec!["ALL".into()],
        security_opt: vec!["no-new-privileges:true".into()],
        stop_grace_period: Some(Duration::from_secs(1)),
        init: true,
    }
}

pub(crate) fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn until<T>(what: &str, mut probe: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + Duration::from_secs(20);
    loop {
        if let Some(found) = probe() {
            return found;
        }
        assert!(Instant::now() < end, "{what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_container_is_seen_as_it_was_asked_for_and_holds_the_secret_and_the_folder_of_the_mac() {
    let Some(mac) = Mac::new() else { return };
    let image = mac.rig.published(&fresh("full"), "ENV FROM_IMAGE=yes\nLABEL of.image=1");
    let (name, network, other, volume) = (fresh("app"), fresh("net-a"), fresh("net-b"), fresh("vol"));
    mac.pull(&image, &Quiet).unwrap();
    for network in [&network, &other] {
        let labels = BTreeMap::from([("a".into(), "b".into())]);
        let make = EngineChange::CreateNetwork { name: network.clone(), labels };
        mac.change(make.clone()).unwrap();
        mac.change(make).unwrap();
    }
    let labels = BTreeMap::from([("c".into(), "d".into())]);
    mac.change(EngineChange::CreateVolume { name: volume.clone(), labels }).unwrap();
    let spec = full(&image, &network, &other, &volume);
    mac.create(&name, spec.clone()).unwrap();
    mac.change(EngineChange::Start(name.clone())).unwrap();
    mac.change(EngineChange::Start(name.clone())).unwrap();

    let look = &mac.local;
    let view = until("it is never healthy", || {
        let view = look.container(SOCKET.into(), &name).unwrap().unwrap().unwrap();
        (view.health.as_ref()?.status == HealthStatus::Healthy).then_some(view)
    });
    let mut wanted = spec.clone();
    wanted.environment.insert("SALTED".into(), "salt:s3cr3t!".into());
    // What the image gives is in it too.
    wanted.environment.extend([("FROM_IMAGE".into(), "yes".into()), ("PATH".into(), "/bin".into())]);
    wanted.labels.insert("of.image".into(), "1".into());
    assert_eq!(view.spec, wanted);
    assert_eq!((view.stage, view.restarts, view.out_of_memory), (Stage::Running, 0, false));

    let line = look.containers(SOCKET.into()).unwrap().unwrap();
    let line = line.into_iter().find(|line| line.name == name).unwrap();
    assert_eq!((&line.id, &line.image_id, line.stage), (&view.id, &view.image_id, Stage::Running));
    assert_eq!(line.ports, spec.ports);
    assert_eq!(line.networks.iter().collect::<Vec<_>>(), [&network, &other]);
    assert!(line.volumes.contains(&volume), "{line:?}");
    let networks = look.networks(SOCKET.into()).unwrap().unwrap();
    let ours: Vec<_> = networks.iter().filter(|found| found.name == network).collect();
    assert_eq!((ours.len(), ours[0].labels["a"].as_str()), (1, "b"), "made once");
    let volumes = look.volumes(SOCKET.into()).unwrap().unwrap();
    assert_eq!(volumes.iter().find(|found| found.name == volume).unwrap().labels["c"], "d");

    let log = look.container_log(SOCKET.into(), &name, 10, None).unwrap().unwrap();
    let texts: Vec<&str> = log.iter().map(|line| line.text.as_str()).collect();
    assert!(texts.contains(&"begun") && texts.contains(&"salt:s3cr3t!"), "{log:?}");
    let last = log.last().unwrap();
    let again = look.container_log(SOCKET.into(), &name, 10, Some(last.at)).unwrap().unwrap();
    assert_eq!(again.first().map(|line| line.at), Some(last.at), "from that time on: {again:?}");
    let exec = |argv: &[&str], seconds| {
        mac.local.exec(SOCKET.into(), &name, argv, Duration::from_secs(seconds)).unwrap()
    };
    let told = exec(&["sh", "-c", "cat /mac/here; echo oh >&2; exit 3"], 20).unwrap();
    assert_eq!((told.code, told.stdout.as_str(), told.stderr.as_str()), (3, "of the Mac", "oh\n"));
    assert!(matches!(exec(&["sleep", "100"], 1), Err(EngineFault::Unreachable(why)) if why.contains("1 s")));

    let begun = Instant::now();
    mac.change(EngineChange::Stop(name.clone())).unwrap();
    assert!(begun.elapsed() < Duration::from_secs(8), "its own grace period is a second");
    mac.change(EngineChange::Stop(name.clone())).unwrap();
    assert_eq!(look.container(SOCKET.into(), &name).unwrap().unwrap().unwrap().stage, Stage::Exited);
    for _ in 0..2 {
        mac.change(EngineChange::Remove { name: name.clone(), volumes: true }).unwrap();
        mac.change(EngineChange::RemoveNetwork(network.clone())).unwrap();
        mac.change(EngineChange::RemoveNetwork(other.clone())).unwrap();
        mac.change(EngineChange::RemoveImage(image.clone())).unwrap();
    }
    let kept = look.volumes(SOCKET.into()).unwrap().unwrap();
    assert!(kept.iter().any(|found| found.name == volume), "a volume goes only when it is asked to");
    mac.change(EngineChange::RemoveVolume(volume.clone())).unwrap();
    mac.change(EngineChange::RemoveVolume(volume)).unwrap();
    assert_eq!(look.container(SOCKET.into(), &name).unwrap().unwrap(), None);
    assert_eq!(look.image(SOCKET.into(), &image).unwrap().unwrap(), None);
}

#[test]
fn a_pull_tells_its_bytes_and_what_the_registry_does_not_have_is_absent() {
    let Some(mac) = Mac::new() else { return };
    let image = mac.rig.published(&fresh("pulled"), "CMD [\"sleep\", \"1000\"]");
    let upstream = mac.local.upstream_image(SOCKET.into(), &image).unwrap().unwrap().unwrap();
    assert_eq!(upstream.platforms.into_iter().collect::<Vec<_>>(), [mac.platform()]);
    let heard = Bytes::default();
    mac.pull(&image, &heard).unwrap();
    let heard = heard.0.into_inner().unwrap();
    let (done, total) = *heard.last().unwrap();
    assert!(done > 100_000 && Some(done) == total, "{heard:?}");
    let view = mac.local.image(SOCKET.into(), &image).unwrap().unwrap().unwrap();
    assert_eq!(view.platform, mac.platform());
    assert_eq!(view.command, Some(vec!["sleep".to_owned(), "1000".to_owned()]));
    assert!(view.line.tags.contains(&format!("{image}:latest")), "{view:?}");
    assert!(view.line.digests.iter().any(|digest| digest.ends_with(&upstream.digest)), "{view:?}");
    let images = mac.local.images(SOCKET.into()).unwrap().unwrap();
    assert!(images.contains(&view.line), "the listing says the same");

    let absent = format!("{image}:nothere");
    assert_eq!(mac.local.upstream_image(SOCKET.into(), &absent).unwrap().unwrap(), None);
    let error = format!("{:#}", mac.pull(&absent, &Quiet).unwrap_err());
    assert!(error.contains("docker pull") && error.contains("manifest unknown"), "{error}");
    mac.change(EngineChange::RemoveImage(image)).unwrap();
}

#[test]
fn without_its_secret_no_container_is_made_and_without_its_network_none_is_started() {
    let Some(mac) = Mac::new() else { return };
    let (image, name) = (fresh("plain"), fresh("app"));
    mac.rig.built(&image, "CMD [\"sleep\", \"1000\"]");
    let environment = BTreeMap::from([("A".into(), Text::secret("pepper".parse().unwrap()))]);
    let spec = ContainerSpec { image: image.clone(), environment, ..ContainerSpec::default() };
    let error = format!("{:#}", mac.create(&name, spec).unwrap_err());
    assert!(error.contains("/secrets/pepper"), "{error}");
    let network = fresh("a-net");
    mac.change(EngineChange::CreateNetwork { name: network.clone(), labels: BTreeMap::new() }).unwrap();
    let networks = BTreeMap::from([(network.clone(), vec![]), (fresh("b-nowhere"), vec![])]);
    let spec = ContainerSpec { image: image.clone(), networks, ..ContainerSpec::default() };
    // An engine looks for the network only when it starts the container.
    let made = mac.create(&name, spec).and_then(|()| mac.change(EngineChange::Start(name.clone())));
    let error = format!("{:#}", made.unwrap_err());
    assert!(error.contains("b-nowhere"), "{error}");
    let view = mac.local.container(SOCKET.into(), &name).unwrap().unwrap();
    assert!(view.is_none_or(|view| view.stage == Stage::Created && view.error.contains("b-nowhere")));
    mac.change(EngineChange::Remove { name, volumes: true }).unwrap();
    mac.change(EngineChange::RemoveNetwork(network)).unwrap();
    mac.change(EngineChange::RemoveImage(image)).unwrap();
}

#[test]
fn an_engine_answers_as_long_as_its_socket_is_there() {
    let Some(mac) = Mac::new() else { return };
    let version = mac.local.engine_version(SOCKET.into()).unwrap().unwrap();
    assert!(version.api.starts_with("1.") && version.platform.starts_with("linux/"), "{version:?}");
    let info = mac.local.engine_info(SOCKET.into()).unwrap().unwrap();
    assert!(info.memory > 100_000_000 && info.cpus > 0 && !info.system.is_empty(), "{info:?}");
    std::fs::remove_file(mac.root().join("var/run/docker.sock")).unwrap();
    let gone = mac.local.engine_version(SOCKET.into()).unwrap().unwrap_err();
    assert!(matches!(&gone, EngineFault::Unreachable(why) if why.contains(SOCKET)), "{gone:?}");
}
