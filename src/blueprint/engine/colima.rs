use std::collections::BTreeMap;

use anyhow::{Context, Result};
use camino::{Utf8Path, Utf8PathBuf};
use minijinja::context;

use super::{EngineOf, judge};
use crate::{
    blueprint::{Blueprint, Site, plist, tilde, tools},
    machine::{
        Looking,
        engine::{EngineVersion, Stage},
        tool::{
            colima::{self, Started},
            launchctl::JobView,
        },
    },
    manifest::{Containers, EngineKind},
    resource::{ColimaJob, ColimaMachine, Engine, JobSpec, LogFile, Restart},
    step::{COLIMA, ColimaStart, Definition, EngineStart, colima_environment, definition_matches},
    value::{Domain, Id, Problem, Span},
};

/// Label of the job.
pub(in crate::blueprint) const LABEL: &str = "dev.forge.colima";

/// The profile, so that a machine of the user's own is never touched.
const PROFILE: &str = "forge";

/// Homebrew's formulae: Colima does not start without docker's own program (docs/service-facts.md#colima-start).
const FORMULAE: [&str; 2] = ["colima", "docker"];

/// Where Homebrew's programs are, which launchd gives no job by itself (docs/mac-facts.md#launchd-job-environment).
const PATH: &str = "/opt/homebrew/bin:/opt/homebrew/sbin:/usr/bin:/bin:/usr/sbin:/sbin";

const TEMPLATE: &str = include_str!("../../../launchd/colima.plist");

const GIB: u64 = 1 << 30;

/// How large the machine is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Size {
    /// Bytes of memory.
    pub(super) memory: u64,
    /// Processors.
    pub(super) cpus: u32,
    /// GiB of disk.
    pub(super) disk: u64,
}

/// Colima in a machine of ours, as a job that keeps it running.
pub(super) fn colima(
    site: &Site,
    section: &Containers,
    blueprint: &mut Blueprint,
    origin: &Span,
) -> Result<EngineOf> {
    let home = site.identity.home.join(".colima");
    let there = colima::started(site.look, &home, PROFILE)?;
    let size = size(site, section, there);
    blueprint.refusals.extend(shrinks(section, there).map(|problem| {
        let place = site.stack.span(&["containers", "disk"]);
        problem.at(Some(&place))
    }));
    let log = site.identity.home.join("Library/Logs/forgectl/colima.log");
    blueprint.refusals.extend(judge::own_memory(site, size.memory, origin));
    let job = job(site, size, &home, &log)?;
    let start = ColimaStart {
        domain: job.domain,
        label: job.label.clone(),
        definition: job.definition.clone(),
        home: home.clone(),
        profile: PROFILE.into(),
        log: log.clone(),
    };
    let socket = colima::socket(&home, PROFILE);
    let view = site.look.job(job.domain, LABEL)?;
    let version = answer(site, &socket)?;

    let as_declared =
        matches!(&view, JobView::Loaded(printed) if definition_matches(&job.definition, printed));
    let wanted = started(size);
    let otherwise = as_declared && there.is_some_and(|there| there != wanted);
    let stops =
        if as_declared && !otherwise { vec![] } else { running_containers(site, &socket, version.as_ref())? };
    let restart = otherwise.then(|| Restart {
        size: wanted,
        start: start.clone(),
        staging: job.staging.clone(),
        socket: socket.clone(),
        stops: stops.clone(),
    });
    let machine = ColimaMachine { home: home.clone(), profile: PROFILE.into(), restart };

    let mut needs = vec![];
    for formula in FORMULAE {
        needs.push(tools::formula(site, blueprint, formula, None, origin)?);
    }
    let user = &site.identity.home;
    let machine = blueprint.add(machine, needs, origin.clone());
    let mut needs = blueprint.add_folders(user, &user.join("Library/Logs/forgectl"), 0o700, vec![], origin);
    needs = vec![blueprint.add(LogFile { name: tilde(user, &log), path: log }, needs, origin.clone())];
    needs.extend(blueprint.add_folders(user, &user.join("Library/LaunchAgents"), 0o755, vec![], origin));
    needs.push(machine);

    if view == JobView::NoDomain {
        blueprint.refusals.push(no_session(job.domain).at(Some(origin)));
    }
    if !as_declared {
        blueprint.warnings.extend(judge::memory_plan(site, size.memory).map(|told| told.at(Some(origin))));
    }
    let job = ColimaJob { job, home, profile: PROFILE.into(), stops };
    let job = blueprint.add(job, needs, origin.clone());
    let engine =
        Engine { name: "colima".into(), socket: socket.clone(), start: Some(EngineStart::Colima(start)) };
    let id = blueprint.add(engine, vec![job], origin.clone());
    judge::version(version.as_ref(), &id, blueprint, origin);
    Ok(EngineOf::new(id, EngineKind::Colima, socket, version.as_ref()))
}

/// The job of ours that runs the program of a formula.
pub(in crate::blueprint) fn job_of(formula: &str) -> Option<Id> {
    (formula == FORMULAE[0]).then(|| Id::new("launchd-job", LABEL))
}

/// Bytes of memory that its machine gets.
pub(super) fn memory(site: &Site, section: &Containers) -> u64 {
    section.memory.map_or_else(|| share(site.facts.memory), |memory| memory.0)
}

/// What of it is left open: as much as the Mac can do without, and as much disk as there is already.
fn size(site: &Site, section: &Containers, there: Option<Started>) -> Size {
    Size {
        memory: memory(site, section),
        cpus: section.cpus.unwrap_or(4),
        disk: asked(section).or(there.map(|there| there.disk)).unwrap_or(60),
    }
}

/// The same as Colima writes it.
fn started(size: Size) -> Started {
    let mebibytes = u32::try_from(size.memory >> 20).unwrap_or(u32::MAX);
    Started { cpu: size.cpus, memory: f64::from(mebibytes) / 1024.0, disk: size.disk }
}

/// GiB of disk that the manifest asks for.
fn asked(section: &Containers) -> Option<u64> {
    section.disk.map(|disk| disk.0.div_ceil(GIB))
}

/// A disk only grows (docs/service-facts.md#colima-files).
fn shrinks(section: &Containers, there: Option<Started>) -> Option<Problem> {
    let (asked, there) = (asked(section)?, there?.disk);
    (asked < there).then(|| {
        Problem::mac(format!("the disk of Colima's machine cannot shrink: {there} GiB"))
            .why(format!("{asked} GiB are asked for"))
            .hint(format!("write `disk: {there}GiB` or more, or nothing, and it stays as it is"))
            .hint("or let the machine go with everything in it, and come anew:")
            .remedy("forgectl destroy STACK --all-data")
    })
}

/// What a machine gets of a Mac's memory when nobody says (docs/service-facts.md#engine-memory).
fn share(memory: Option<u64>) -> u64 {
    match memory.unwrap_or(0) / GIB {
        48.. => 8 * GIB,
        24.. => 6 * GIB,
        16.. => 4 * GIB,
        _ => 2 * GIB,
    }
}

fn answer(site: &Site, socket: &Utf8Path) -> Result<Option<EngineVersion>> {
    if site.look.resolve(socket)?.is_none() {
        return Ok(None);
    }
    Ok(site.look.engine_version(socket)?.ok())
}

/// What a restart of the machine stops, by name.
fn running_containers(
    site: &Site,
    socket: &Utf8Path,
    version: Option<&EngineVersion>,
) -> Result<Vec<String>> {
    if version.is_none() {
        return Ok(vec![]);
    }
    let all = site.look.containers(socket)?.unwrap_or_default();
    let runs = |stage| matches!(stage, Stage::Running | Stage::Paused | Stage::Restarting);
    Ok(all.into_iter().filter(|line| runs(line.stage)).map(|line| line.name).collect())
}

fn job(site: &Site, size: Size, home: &Utf8Path, log: &Utf8PathBuf) -> Result<JobSpec> {
    let user = &site.identity.home;
    let own = [("HOME", user.to_string()), ("PATH", PATH.to_owned())];
    let environment: BTreeMap<String, String> = colima_environment(home, PROFILE)
        .into_iter()
        .chain(own)
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
    let definition = Definition {
        path: user.join(format!("Library/LaunchAgents/{LABEL}.plist")),
        arguments: arguments(size),
        environment,
    };
    let values = context! {
        label => LABEL,
        arguments => &definition.arguments,
        environment => &definition.environment,
        home => user.as_str(),
        log => log.as_str(),
    };
    let content =
        plist::render(TEMPLATE, values, &definition.environment).context("rendering the job of Colima")?;
    Ok(JobSpec {
        domain: Domain::Gui(site.identity.uid),
        label: LABEL.into(),
        uid: site.identity.uid,
        definition,
        content,
        staging: site.identity.state.join("staging").join(format!("{LABEL}.plist")),
        store: None,
    })
}

/// The user's docker context, SSH configuration and templates are left alone (docs/service-facts.md#colima-context).
fn arguments(size: Size) -> Vec<String> {
    let Started { cpu, memory, disk } = started(size);
    let sizes = [
        ("--cpus", cpu.to_string()),
        ("--memory", memory.to_string()),
        ("--disk", disk.to_string()),
        ("--vm-type", "vz".to_owned()),
        ("--mount-type", "virtiofs".to_owned()),
    ];
    let words = [
        COLIMA,
        "start",
        PROFILE,
        "--foreground",
        "--activate=false",
        "--ssh-config=false",
        "--template=false",
    ];
    let words = words.into_iter().map(str::to_owned);
    words.chain(sizes.into_iter().flat_map(|(flag, value)| [flag.to_owned(), value])).collect()
}

fn no_session(domain: Domain) -> Problem {
    Problem::mac("Colima needs a graphical session, and you have none")
        .why(format!("launchd has no domain {domain}"))
        .hint("log in at the Mac's screen (or by screen sharing), then apply again")
}
