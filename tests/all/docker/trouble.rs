//! What goes wrong with containers, and what is said of it.
#![expect(
    clippy::disallowed_methods,
    reason = "an engine is started and killed, and a line cut, from outside"
)]

use std::{
    fs,
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use camino::Utf8Path;

use super::{
    lab::{Lab, STORE, WEB, unwrapped},
    rig::{Rig, fresh, rig},
};

#[test]
fn a_service_that_ends_right_after_its_start_is_told_with_its_code_and_its_last_words() {
    let Some(lab) = Lab::new(
        "  web:\n    image: IMAGE\n    command: [sh, -c, \"echo the disk is on fire $$PASSWORD; sleep 1; exit 3\"]\n    environment: {PASSWORD: \"${DB_PASSWORD:?}\"}\n",
    )
    .map(Lab::with_secret) else {
        return;
    };
    let said = lab.fails("apply stack.yaml --yes");
    assert!(said.contains(&format!("container/{}/web", lab.key)), "{said}");
    assert!(
        said.contains("ended with 3") && said.contains("it wrote: the disk is on fire [hidden]"),
        "{said}"
    );
    assert!(said.contains(&format!("logs --tail 100 {}", lab.name("web"))), "{said}");
    let status = lab.run("status stack.yaml");
    assert_eq!(status.code, 2, "{status:?}");
    assert!(status.out.contains("ended with 3"), "{status:?}");
    lab.well("destroy stack.yaml --all-data --yes");
    assert_eq!(lab.left_over(), Vec::<String>::new());
}

#[test]
fn a_service_that_is_started_again_and_again_is_told_as_that() {
    let Some(lab) = Lab::new(
        "  web:\n    image: IMAGE\n    command: [sh, -c, \"echo no such table; sleep 0.2; exit 4\"]\n    restart: always\n",
    ) else {
        return;
    };
    let said = lab.fails("apply stack.yaml --yes");
    assert!(said.contains("ended with 4") && said.contains("no such table"), "{said}");
    let status = lab.run("status stack.yaml");
    assert_eq!(status.code, 2, "{status:?}");
    lab.compose(WEB);
    lab.apply();
    lab.well("destroy stack.yaml --all-data --yes");
}

#[test]
fn a_health_that_turns_bad_is_seen_and_one_that_never_comes_fails() {
    let Some(lab) = Lab::new(WEB) else { return };
    lab.apply();
    lab.inside("web", "rm /www/index.html");
    let end = Instant::now() + Duration::from_secs(20);
    let status = loop {
        let status = lab.run("status stack.yaml");
        if status.code != 0 {
            break status;
        }
        assert!(Instant::now() < end, "it stays well");
        thread::sleep(Duration::from_millis(500));
    };
    assert_eq!(status.code, 2, "{status:?}");
    let said = unwrapped(&status.out);
    assert!(said.contains("its health test failed") && said.contains("404"), "{said}");
    lab.compose(&WEB.replace("8080/\"]", "8081/\"]"));
    let said = lab.fails("apply stack.yaml --yes");
    assert!(said.contains("its health test failed") && said.contains("refused"), "{said}");
    lab.well("destroy stack.yaml --all-data --yes");
}

#[test]
fn what_is_to_run_once_has_ended_well_before_others_start() {
    let once = "  prepare:\n    image: IMAGE\n    command: [sh, -c, \"sleep 1; date > /data/prepared\"]\n    volumes: [\"data:/data\"]\n";
    let after = "    depends_on: {prepare: {condition: service_completed_successfully}}\n";
    let store = STORE.replace("date >>", "cp /data/prepared /data/seen; date >>");
    let Some(lab) = Lab::new(&format!("{store}{after}{once}")).map(Lab::with_secret) else { return };
    lab.apply();
    assert!(!lab.inside("store", "cat /data/seen").is_empty());
    assert_eq!(lab.run("plan stack.yaml --detailed-exitcode").code, 0, "it is not run again");
    lab.compose(&format!("{store}{after}{}", once.replace("sleep 1;", "echo half of it; exit 5;")));
    let before = lab.inspected("store", "{{.Id}} {{.State.StartedAt}}");
    let said = lab.fails("apply stack.yaml --yes");
    assert!(said.contains("ended with 5") && said.contains("half of it"), "{said}");
    assert_eq!(
        lab.inspected("store", "{{.Id}} {{.State.StartedAt}}"),
        before,
        "what stands on it is left alone"
    );
}

/// An engine of a test's own, which may be killed.
struct Own {
    rig: Rig,
    folder: tempfile::TempDir,
    engine: Option<Child>,
}

impl Own {
    /// One whose disk holds so many megabytes, if that is said.
    fn new(megabytes: Option<u32>) -> Option<Self> {
        let rig = rig()?;
        let folder = tempfile::Builder::new().prefix("fd").tempdir_in("/tmp").unwrap();
        let path = Utf8Path::from_path(folder.path()).unwrap();
        fs::create_dir(path.join("data")).unwrap();
        if let Some(size) = megabytes {
            let mut mount = Command::new("mount");
            mount.args(["-t", "tmpfs", "-o", &format!("size={size}m"), "tmpfs", path.join("data").as_str()]);
            assert!(mount.status().unwrap().success());
        }
        let rig = Rig { socket: path.join("s"), ..rig };
        let mut own = Self { rig, folder, engine: None };
        own.start();
        Some(own)
    }

    fn start(&mut self) {
        let path = Utf8Path::from_path(self.folder.path()).unwrap();
        let log = fs::File::options().create(true).append(true).open(path.join("log")).unwrap();
        let mut engine = Command::new("/usr/sbin/dockerd");
        engine
            .args(["--data-root", path.join("data").as_str(), "--exec-root", path.join("x").as_str()])
            .args(["-H", &format!("unix://{}", self.rig.socket), "-p", path.join("pid").as_str()])
            .args([
                "--iptables=false",
                "--ip6tables=false",
                "--max-download-attempts",
                "1",
                "--bip",
                "10.213.0.1/24",
            ])
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log);
        let _ = fs::remove_file(path.join("pid"));
        self.engine = Some(engine.spawn().unwrap());
        let end = Instant::now() + Duration::from_secs(40);
        while !self.rig.try_docker(&["version"]).0 {
            assert!(Instant::now() < end, "{}", fs::read_to_string(path.join("log")).unwrap());
            thread::sleep(Duration::from_millis(100));
        }
    }

    /// Ends it as a power cut would.
    fn kill(&mut self) {
        if let Some(mut engine) = self.engine.take() {
            engine.kill().unwrap();
            engine.wait().unwrap();
            // Its helper goes with it, and may stay in the list of processes for ever where nobody asks how it ended.
            let _ = fs::remove_file(self.folder.path().join("x/containerd/containerd.pid"));
        }
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        let (_, running) = self.rig.try_docker(&["ps", "--quiet"]);
        for id in running.lines() {
            self.rig.try_docker(&["kill", id]);
        }
        if let Some(mut engine) = self.engine.take() {
            let ended = Command::new("kill").arg(engine.id().to_string()).status();
            assert!(ended.is_ok());
            let _ = engine.wait();
        }
        let data = Utf8Path::from_path(self.folder.path()).unwrap().join("data");
        let _ = Command::new("umount").args(["-l", data.as_str()]).stderr(Stdio::null()).status();
    }
}

#[test]
fn an_engine_that_dies_in_the_middle_is_told_and_the_next_apply_goes_on() {
    let Some(mut own) = Own::new(None) else { return };
    let slow = WEB.replace("mkdir -p /www;", "sleep 4; mkdir -p /www;").replace("retries: 4", "retries: 60");
    let lab = Lab::on(own.rig.clone(), &slow);
    let mut apply = lab.shell.command("apply stack.yaml --yes --on dir:mac");
    let running = apply.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let end = Instant::now() + Duration::from_secs(40);
    while !lab.rig.try_docker(&["exec", &lab.name("web"), "true"]).0 {
        assert!(Instant::now() < end, "it never runs");
        thread::sleep(Duration::from_millis(100));
    }
    own.kill();
    own.start();
    // It came back before anybody gave up: what ran in the container ended with the engine or ran on.
    let output = running.wait_with_output().unwrap();
    let said =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(matches!(output.status.code(), Some(0 | 1)), "{said}");
    lab.apply();
    assert_eq!(lab.run("plan stack.yaml --detailed-exitcode").code, 0);

    own.kill();
    let said = lab.fails("apply stack.yaml --yes");
    assert!(said.contains("engine"), "{said}");
    let destroyed = lab.run("destroy stack.yaml --all-data --yes");
    let told = unwrapped(&(destroyed.out + &destroyed.err));
    assert!(told.contains("does not answer"), "{told}");
    own.start();
    lab.apply();
    lab.well("destroy stack.yaml --all-data --yes");
    assert_eq!(lab.left_over(), Vec::<String>::new());
}

#[test]
fn a_full_disk_is_named() {
    let Some(own) = Own::new(Some(30)) else { return };
    let lab = Lab::on(own.rig.clone(), WEB);
    // More than fits, and nothing that can be made smaller.
    own.rig.docker(&["system", "prune", "--all", "--force"]);
    let Some(rig) = rig() else { return };
    let name = fresh("large");
    rig.published(&name, "RUN [\"dd\", \"if=/dev/urandom\", \"of=/large\", \"bs=1M\", \"count=40\"]");
    lab.compose(&WEB.replace("IMAGE", &format!("lab.example/{name}")));
    let said = lab.fails("apply stack.yaml --yes");
    assert!(said.contains("no space left on device") && said.contains("system df"), "{said}");
    assert!(said.contains(&format!("image/lab.example/{name}:latest")), "{said}");
}

/// A line to the registry that ends each connection after so many bytes, as long as it is told to.
struct Cut {
    port: u16,
    cuts: Arc<AtomicBool>,
    broken: Arc<AtomicUsize>,
}

impl Cut {
    fn to(registry: &str, after: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (cuts, broken) = (Arc::new(AtomicBool::new(true)), Arc::new(AtomicUsize::new(0)));
        let (registry, on, count) = (registry.to_owned(), Arc::clone(&cuts), Arc::clone(&broken));
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let (registry, on, count) = (registry.clone(), Arc::clone(&on), Arc::clone(&count));
                thread::spawn(move || pass(client, &registry, after, &on, &count));
            }
        });
        Self { port, cuts, broken }
    }
}

fn pass(mut client: TcpStream, registry: &str, after: usize, on: &AtomicBool, count: &AtomicUsize) {
    let mut server = TcpStream::connect(registry).unwrap();
    let (mut from, mut to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
    thread::spawn(move || {
        let _ = std::io::copy(&mut from, &mut to);
        let _ = to.shutdown(std::net::Shutdown::Write);
    });
    let (mut buffer, mut passed) = ([0; 16384], 0);
    while let Ok(bytes @ 1..) = server.read(&mut buffer) {
        passed += bytes;
        if passed > after && on.load(Ordering::SeqCst) {
            count.fetch_add(1, Ordering::SeqCst);
            break;
        }
        if client.write_all(&buffer[..bytes]).is_err() {
            break;
        }
    }
    let _ = client.shutdown(std::net::Shutdown::Both);
    let _ = server.shutdown(std::net::Shutdown::Both);
}

#[test]
fn a_pull_that_breaks_off_is_tried_again_until_it_is_whole() {
    let Some(lab) = Lab::new(WEB) else { return };
    let name = fresh("broken");
    lab.rig.published(&name, "CMD [\"sleep\", \"1000\"]");
    let cut = Cut::to(&lab.rig.registry, 100_000);
    let manifest = fs::read_to_string(lab.shell.path("stack.yaml")).unwrap();
    let mirror = format!("127.0.0.1:{}", cut.port);
    fs::write(lab.shell.path("stack.yaml"), manifest.replace(&lab.rig.registry, &mirror)).unwrap();
    lab.compose(&WEB.replace("IMAGE", &format!("lab.example/{name}")));
    // The line is mended while it is tried.
    let (cuts, broken) = (Arc::clone(&cut.cuts), Arc::clone(&cut.broken));
    thread::spawn(move || {
        while broken.load(Ordering::SeqCst) < 2 {
            thread::sleep(Duration::from_millis(20));
        }
        cuts.store(false, Ordering::SeqCst);
    });
    lab.apply();
    assert!(cut.broken.load(Ordering::SeqCst) >= 2, "it was tried again");
    lab.well("destroy stack.yaml --all-data --yes");
    let images = lab.rig.docker(&["images", "--all"]);
    assert!(!images.contains(&name), "what the mirror calls it goes too: {images}");
}
