use std::{collections::BTreeMap, time::Duration};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Player, Run, image::Image};
use crate::{
    machine::engine::{ContainerLine, ContainerView, Health, HealthStatus, Stage},
    sim::clock::after,
    value::{ContainerSpec, Healthcheck, MountSource, PublishedPort, Restart, Text, cleaned},
};

/// The first pause before a container is started anew, which doubles each time, and the longest one.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_mins(1);

/// Whoever has run so long starts with the first pause again.
const RAN_WELL: Duration = Duration::from_secs(10);

/// What the engine takes to start one.
pub(super) const STARTS: Duration = Duration::from_millis(200);

/// Exit code of what SIGKILL has ended.
pub(super) const KILLED: i64 = 137;

/// A container (docs/service-facts.md#container-states).
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Container {
    /// 64 hexadecimal digits.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The image that it was made from.
    pub image_id: String,
    /// When it was made.
    pub created: Timestamp,
    /// What it was made as, with what its image gives, its secrets filled in.
    pub spec: ContainerSpec,
    /// How far it is.
    pub stage: Stage,
    /// The exit code of what ran in it last.
    pub exit_code: i64,
    /// Why it could not be started, if so.
    pub error: String,
    /// Whether the kernel ended it for want of memory.
    pub out_of_memory: bool,
    /// How often the engine has started it anew.
    pub restarts: u64,
    /// When it was last started.
    pub started: Option<Timestamp>,
    /// When it last ended.
    pub finished: Option<Timestamp>,
    /// How its health stands, once it was started with a test for it.
    pub health: Option<Health>,
    /// What it has written, and when.
    pub log: Vec<(Timestamp, String)>,
    /// What runs in it.
    pub(super) player: Player,
    /// What lies in its own layer: texts by path.
    pub(super) files: BTreeMap<String, String>,
    /// What is at work in it.
    pub(super) run: Option<Run>,
    pub(super) tested: Option<Timestamp>,
    pub(super) restart_at: Option<Timestamp>,
    pub(super) pause: Duration,
    /// When it is killed, being asked to stop.
    pub(super) stopping: Option<Timestamp>,
    /// Whether somebody has stopped it.
    pub(super) stopped: bool,
}

impl Container {
    /// A new one: `spec` without holes, which takes over what the image gives.
    pub(super) fn new(id: String, name: &str, spec: ContainerSpec, image: &Image, now: Timestamp) -> Self {
        Self {
            id,
            name: name.to_owned(),
            image_id: image.id.clone(),
            created: now,
            spec: with_image(spec, image),
            stage: Stage::Created,
            exit_code: 0,
            error: String::new(),
            out_of_memory: false,
            restarts: 0,
            started: None,
            finished: None,
            health: None,
            log: vec![],
            player: image.player,
            files: BTreeMap::new(),
            run: None,
            tested: None,
            restart_at: None,
            pause: Duration::ZERO,
            stopping: None,
            stopped: false,
        }
    }

    /// Its test for health, if it has one that is not switched off.
    pub(super) fn healthcheck(&self) -> Option<&Healthcheck> {
        let check = self.spec.healthcheck.as_ref()?;
        check.test.first().is_some_and(|how| how != "NONE").then_some(check)
    }

    /// It runs from now on.
    pub(super) fn runs(&mut self, run: Run, now: Timestamp) {
        self.stage = Stage::Running;
        self.started = Some(now);
        self.exit_code = 0;
        self.error.clear();
        self.out_of_memory = false;
        self.stopped = false;
        self.stopping = None;
        self.restart_at = None;
        self.run = Some(run);
        let check = self.healthcheck().map(interval);
        self.tested = check.map(|interval| after(now, interval));
        self.health = check.map(|_| Health { status: HealthStatus::Starting, failing: 0, last: None });
    }

    /// What ran in it has ended: it is started anew, if that is to be.
    pub(super) fn ended(&mut self, code: i64, now: Timestamp) {
        let ran = self.started.map_or(Duration::ZERO, |at| since(at, now));
        let manual = self.stopping.take().is_some();
        self.stage = Stage::Exited;
        self.exit_code = code;
        self.finished = Some(now);
        self.run = None;
        self.tested = None;
        self.stopped |= manual;
        if !self.stopped && self.comes_back(code) {
            let pause = if ran >= RAN_WELL { Duration::ZERO } else { self.pause };
            self.pause = (pause * 2).clamp(FIRST_PAUSE, LONGEST_PAUSE);
            self.restarts += 1;
            self.stage = Stage::Restarting;
            self.restart_at = Some(after(now, self.pause + STARTS));
        }
    }

    /// Whether its policy wants it started anew.
    fn comes_back(&self, code: i64) -> bool {
        match self.spec.restart {
            Restart::No => false,
            Restart::Always | Restart::UnlessStopped => true,
            Restart::OnFailure(times) => code != 0 && times.is_none_or(|times| self.restarts < times.into()),
        }
    }

    /// The engine has started: that somebody stopped it counts only where its policy says so.
    pub(super) fn engine_started(&mut self, now: Timestamp) {
        let stays = self.stopped && self.spec.restart == Restart::UnlessStopped;
        let wanted = !stays && self.comes_back(self.exit_code);
        if self.started.is_some() && wanted {
            self.restart_at = Some(after(now, STARTS));
        }
    }

    /// The engine has ended, and what runs in it.
    pub(super) fn engine_stopped(&mut self, now: Timestamp) {
        self.restart_at = None;
        if let Some(run) = self.run.take() {
            self.exit_code = run.term.map_or(KILLED, i64::from);
            self.finished = Some(now);
        }
        if !matches!(self.stage, Stage::Created | Stage::Dead) {
            self.stage = Stage::Exited;
        }
        self.stopping = None;
        self.tested = None;
    }

    /// Its volumes by name.
    pub(super) fn volumes(&self) -> impl Iterator<Item = &String> {
        self.spec.mounts.iter().filter_map(|mount| match &mount.source {
            MountSource::Volume(name) => Some(name),
            MountSource::Bind(_) => None,
        })
    }

    /// Its published ports, while it runs.
    pub(super) fn ports(&self) -> &[PublishedPort] {
        if self.run.is_some() { &self.spec.ports } else { &[] }
    }

    pub(super) fn line(&self, now: Timestamp) -> ContainerLine {
        ContainerLine {
            id: self.id.clone(),
            name: self.name.clone(),
            image: self.spec.image.clone(),
            image_id: self.image_id.clone(),
            created: self.created,
            stage: self.stage,
            status: super::status::status(self, now),
            labels: self.spec.labels.clone(),
            ports: self.ports().to_vec(),
            volumes: self.volumes().cloned().collect(),
            networks: self.spec.networks.keys().cloned().collect(),
        }
    }

    pub(super) fn view(&self) -> ContainerView {
        ContainerView {
            id: self.id.clone(),
            name: self.name.clone(),
            image_id: self.image_id.clone(),
            created: self.created,
            spec: self.spec.clone(),
            stage: self.stage,
            exit_code: self.exit_code,
            error: self.error.clone(),
            out_of_memory: self.out_of_memory,
            restarts: self.restarts,
            started: self.started,
            health: self.health.clone(),
        }
    }
}

/// Between two tests of a container's health, when nobody says otherwise too.
pub(super) fn interval(check: &Healthcheck) -> Duration {
    check.interval.filter(|interval| !interval.is_zero()).unwrap_or(Duration::from_secs(30))
}

/// How long something has lasted.
pub(super) fn since(from: Timestamp, now: Timestamp) -> Duration {
    Duration::try_from(now.duration_since(from)).unwrap_or_default()
}

/// What a container is made as when its image gives what was not asked for (docs/service-facts.md#image-gives).
fn with_image(spec: ContainerSpec, image: &Image) -> ContainerSpec {
    let mut spec = normal(spec);
    let config = &image.config;
    for (name, value) in &config.environment {
        spec.environment.entry(name.clone()).or_insert_with(|| Text::from(value.clone()));
    }
    for (name, value) in &config.labels {
        spec.labels.entry(name.clone()).or_insert_with(|| value.clone());
    }
    match &spec.entrypoint {
        None => {
            spec.command = spec.command.or_else(|| config.command.clone());
            spec.entrypoint.clone_from(&config.entrypoint);
        }
        // An empty one takes the image's away, and is shown as none.
        Some(words) if words.is_empty() => {
            spec.command = spec.command.or_else(|| config.command.clone());
            spec.entrypoint = None;
        }
        Some(_) => {}
    }
    spec.user = spec.user.or_else(|| config.user.clone());
    spec.working_dir = spec.working_dir.or_else(|| config.working_dir.clone());
    spec.healthcheck = match (spec.healthcheck, &config.healthcheck) {
        (Some(own), Some(given)) if own.test.is_empty() => Some(Healthcheck {
            test: given.test.clone(),
            interval: own.interval.or(given.interval),
            timeout: own.timeout.or(given.timeout),
            retries: own.retries.or(given.retries),
            start_period: own.start_period.or(given.start_period),
        }),
        (own, given) => own.or_else(|| given.clone()),
    };
    if spec.networks.is_empty() {
        spec.networks.insert("bridge".to_owned(), vec![]);
    }
    spec
}

/// A spec as an engine keeps it (docs/service-facts.md#engine-zeros).
fn normal(mut spec: ContainerSpec) -> ContainerSpec {
    let said = |time: Option<Duration>| time.filter(|time| !time.is_zero());
    let text = |text: Option<String>| text.filter(|text| !text.is_empty());
    spec.command = spec.command.filter(|words| !words.is_empty());
    spec.user = text(spec.user);
    spec.working_dir = text(spec.working_dir).map(|folder| cleaned(&folder).unwrap_or(folder));
    spec.stop_grace_period = spec.stop_grace_period.map(|time| Duration::from_secs(time.as_secs()));
    if spec.restart == Restart::OnFailure(Some(0)) {
        spec.restart = Restart::OnFailure(None);
    }
    spec.healthcheck = spec.healthcheck.map(|check| Healthcheck {
        test: check.test,
        interval: said(check.interval),
        timeout: said(check.timeout),
        retries: check.retries.filter(|times| *times > 0),
        start_period: said(check.start_period),
    });
    spec
}
