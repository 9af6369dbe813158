use std::sync::Mutex;

use super::*;
use crate::{machine::Tell, sim::Kill};

/// An image of three layers, two of which are large.
fn large(sim: &Sim) -> Published {
    let busybox = sim.with_mac(|mac| mac.state.internet.images.published(BUSYBOX)).unwrap();
    let layers = [("one", 10_000_000), ("two", 20_000_000), ("three", 60_000_000)];
    let image = Published {
        name: "ghcr.io/a/large".to_owned(),
        tags: vec!["1".to_owned()],
        platforms: vec!["linux/arm64".to_owned()],
        layers: layers.map(|(name, size)| [(name.to_owned(), size)].into()).to_vec(),
        ..busybox
    };
    sim.with_mac(|mac| mac.state.internet.images.publish(&image));
    image
}

const LARGE: &str = "ghcr.io/a/large:1";

#[derive(Default)]
struct Heard(Mutex<Vec<(u64, Option<u64>)>>);

impl Tell for Heard {
    fn bytes(&self, done: u64, total: Option<u64>) {
        self.0.lock().unwrap().push((done, total));
    }

    fn line(&self, _: &str) {}
}

#[test]
fn bytes_come_over_the_line_and_an_image_has_its_names() {
    let sim = bare();
    let image = large(&sim);
    let heard = Heard::default();
    let before = sim.now();
    let order = EngineChange::Pull { reference: LARGE.to_owned(), platform: PLATFORM.to_owned() };
    sim.change(&Change::Engine(SOCKET.into(), order), &heard).unwrap();
    let took = sim.now().duration_since(before).as_secs_f64();
    #[expect(clippy::cast_precision_loss, reason = "of a test")]
    let least = 90e6 * 8.0 / sim.with_mac(|mac| mac.state.bandwidth) as f64;
    assert!(took >= least && took < least + 2.0, "{took} s");
    let heard = heard.0.into_inner().unwrap();
    assert_eq!(heard.first(), Some(&(0, Some(90_000_000))));
    assert_eq!(heard.last(), Some(&(90_000_000, Some(90_000_000))));
    assert!(heard.len() > 10 && heard.is_sorted());
    let found = sim.images(socket()).unwrap().unwrap().remove(0);
    assert_eq!(found.tags, [LARGE.to_owned()].into());
    assert_eq!(found.digests, [format!("ghcr.io/a/large@{}", image.digest())].into());
    let downloaded = sim.with_mac(|mac| mac.state.meter.downloaded);
    pull(&sim, LARGE).unwrap();
    assert_eq!(sim.with_mac(|mac| mac.state.meter.downloaded), downloaded, "it is up to date");
}

#[test]
fn what_is_pulled_by_digest_has_no_tag_until_it_is_given_one() {
    let sim = bare();
    let digest = sim.upstream_image(socket(), BUSYBOX).unwrap().unwrap().unwrap().digest;
    pull(&sim, &format!("{BUSYBOX}@{digest}")).unwrap();
    let line = || sim.images(socket()).unwrap().unwrap().remove(0);
    assert_eq!((line().tags, line().digests), ([].into(), [format!("busybox@{digest}")].into()));
    let image = format!("docker.io/library/busybox@{digest}");
    change(&sim, EngineChange::Tag { image, reference: BUSYBOX.to_owned() }).unwrap();
    assert_eq!(line().tags, ["busybox:1.36".to_owned()].into());
}

#[test]
fn the_engine_tries_a_cut_pull_again_and_keeps_nothing_of_one_that_fails() {
    let sim = bare();
    large(&sim);
    let downloaded = || sim.with_mac(|mac| mac.state.meter.downloaded);
    sim.with_mac(|mac| mac.state.faults.arm(Fault::ImagePullCut, 5));
    let before = sim.now();
    assert_eq!(message(pull(&sim, LARGE)), (200, "unexpected EOF".to_owned()));
    let took = sim.now().duration_since(before).as_secs();
    assert!((50..60).contains(&took), "{took} s: pauses of 5, 10, 15 and 20");
    assert!(sim.images(socket()).unwrap().unwrap().is_empty());
    let first = downloaded();
    assert!(first > 60_000_000, "{first}");
    sim.with_mac(|mac| mac.state.faults.arm(Fault::ImagePullCut, 1));
    pull(&sim, LARGE).unwrap();
    assert_eq!(downloaded() - first, 90_000_000);
}

#[test]
fn layers_that_another_image_has_are_not_fetched_again() {
    let sim = bare();
    let image = large(&sim);
    pull(&sim, LARGE).unwrap();
    let mut other = Published { tags: vec!["2".to_owned()], ..image };
    other.layers.push([("more".to_owned(), 5_000_000)].into());
    sim.with_mac(|mac| mac.state.internet.images.publish(&other));
    let before = sim.with_mac(|mac| mac.state.meter.downloaded);
    pull(&sim, "ghcr.io/a/large:2").unwrap();
    assert_eq!(sim.with_mac(|mac| mac.state.meter.downloaded) - before, 5_000_000);
}

#[test]
fn what_cannot_be_fetched_is_told_in_the_engines_words() {
    let sim = bare();
    large(&sim);
    let gone = "manifest for ghcr.io/a/large:9 not found: manifest unknown: manifest unknown";
    assert_eq!(message(pull(&sim, "ghcr.io/a/large:9")), (404, gone.to_owned()));
    assert!(sim.upstream_image(socket(), "ghcr.io/a/large:9").unwrap().unwrap().is_none());
    let amd = EngineChange::Pull { reference: LARGE.to_owned(), platform: "linux/amd64".to_owned() };
    let why = "no matching manifest for linux/amd64 in the manifest list entries";
    assert_eq!(message(change(&sim, amd)), (404, why.to_owned()));
    let (status, why) = message(pull(&sim, "nowhere.example/a:1"));
    assert_eq!(status, 500);
    assert!(why.ends_with("dial tcp: lookup nowhere.example: no such host"), "{why}");
    for (fault, words) in [
        (Fault::ImageRegistryDown, "received unexpected HTTP status: 503 Service Unavailable"),
        (Fault::ImageRegistryBusy, "toomanyrequests: You have reached your unauthenticated pull rate limit."),
    ] {
        sim.with_mac(|mac| mac.state.faults.arm(fault, 1));
        let (status, why) = message(pull(&sim, LARGE));
        assert!(status == 500 && why.starts_with(words), "{why}");
    }
    with(&sim, |engine| engine.disk = 2_100_000_000);
    let (status, why) = message(pull(&sim, LARGE));
    assert!(status == 200 && why.ends_with("no space left on device"), "{why}");
}

#[test]
fn an_image_in_use_keeps_its_last_name() {
    let sim = lab();
    create(&sim, "web", spec("sleep 1")).unwrap();
    let (status, why) = message(change(&sim, EngineChange::RemoveImage(BUSYBOX.to_owned())));
    let words = "conflict: unable to remove repository reference \"busybox:1.36\" (must force) - container ";
    assert!(status == 409 && why.starts_with(words), "{why}");
    change(&sim, EngineChange::Remove { name: "web".to_owned(), volumes: true }).unwrap();
    for _ in 0..2 {
        change(&sim, EngineChange::RemoveImage(BUSYBOX.to_owned())).unwrap();
        assert!(sim.images(socket()).unwrap().unwrap().is_empty());
    }
}

/// Whoever pulls is killed half-way: the pull ends with them.
#[test]
fn a_pull_ends_with_whoever_waits_for_it() {
    let sim = bare();
    large(&sim);
    sim.with_mac(|mac| mac.state.faults.kill = Some(Kill::During(1)));
    let order = EngineChange::Pull { reference: LARGE.to_owned(), platform: PLATFORM.to_owned() };
    assert!(sim.change(&Change::Engine(SOCKET.into(), order), &Quiet).is_err());
    assert!(sim.is_killed());
    sim.revive();
    wait(&sim, 600.0);
    assert!(sim.images(socket()).unwrap().unwrap().is_empty());
    assert_eq!(with(&sim, |engine| engine.pulling), 0);
}
