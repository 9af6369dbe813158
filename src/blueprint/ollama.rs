use std::{collections::BTreeMap, net::IpAddr};

use anyhow::{Context, Result};
use camino::{Utf8Path, Utf8PathBuf};
use minijinja::context;

use super::{Blueprint, Site, data, engine, models, plist, port, rivals, tilde, tools};
use crate::{
    machine::{
        Looking, Tool,
        tool::launchctl::{JobView, Printed},
    },
    manifest::{self, Start},
    resource::{JobSpec, LogFile, ModelServer, Ollama, Resource},
    step::{Definition, definition_matches},
    value::{Domain, Id, Problem, Span},
};

/// Label of the job.
pub(crate) const LABEL: &str = "dev.forge.ollama";

/// How many models a Mac keeps in memory when nobody says otherwise (docs/mac-facts.md#ollama-max-loaded).
const LOADED: u32 = 3;

/// Homebrew's link to the program; never the path below its Cellar, which goes with an upgrade.
const PROGRAM: &str = "/opt/homebrew/opt/ollama/bin/ollama";

/// Homebrew's formula of it.
const FORMULA: &str = "ollama";

/// The job of ours that runs the program of a formula.
pub(super) fn job_of(formula: &str) -> Option<Id> {
    (formula == FORMULA).then(|| Id::new("launchd-job", LABEL))
}

/// What launchd gives no job by itself (docs/mac-facts.md#launchd-job-environment).
const PATH: &str = "/opt/homebrew/bin:/opt/homebrew/sbin:/usr/bin:/bin:/usr/sbin:/sbin";

const TEMPLATE: &str = include_str!("../../launchd/ollama.plist");

/// The server that `section` asks for. Answers with its id, and with what its models see of it.
pub(super) fn server(
    site: &Site,
    section: &manifest::Ollama,
    blueprint: &mut Blueprint,
) -> Result<(Id, ModelServer)> {
    let origin = site.of_server("");
    let before = blueprint.refusals.len();
    let home = &site.identity.home;
    let boot = section.start == Start::Boot;
    let log = home.join("Library/Logs/forgectl/ollama.log");
    let path = property_list(home, section.start);
    let definition = Definition {
        path,
        arguments: vec![PROGRAM.into(), "serve".into()],
        environment: environment(site, section),
    };
    let domain = if boot { Domain::System } else { Domain::Gui(site.identity.uid) };
    let content = render(site, &definition, &log, boot).context("rendering the job of Ollama")?;
    let staging = site.identity.state.join("staging").join(format!("{LABEL}.plist"));
    let store = data::store(home, section);
    let (label, uid) = (LABEL.to_owned(), site.identity.uid);
    let job = JobSpec { domain, label, uid, definition, content, staging, store: Some(store.clone()) };

    let mut needs = blueprint.add_folders(home, &home.join("Library/Logs/forgectl"), 0o700, vec![], &origin);
    needs =
        vec![blueprint.add(LogFile { name: tilde(home, &log), path: log.clone() }, needs, origin.clone())];
    if !boot {
        needs.extend(blueprint.add_folders(home, &home.join("Library/LaunchAgents"), 0o755, vec![], &origin));
    }
    let tools = site.stack.manifest.tools.as_ref();
    let brought = tools.is_some_and(manifest::Tools::wants_homebrew);
    if brought {
        needs.push(tools::formula(site, blueprint, FORMULA, None, &origin)?);
    }
    needs.extend(data::folders(site, section, blueprint, &origin)?);

    let view = site.look.job(domain, LABEL)?;
    let is_ours = |printed: &Printed| printed.pid().is_some() && definition_matches(&job.definition, printed);
    let running = matches!(&view, JobView::Loaded(printed) if is_ours(printed));
    // Who runs as declared has the port.
    let holders = if running { vec![] } else { port::holders(site, section.socket(), &job.label, &view)? };
    let (rivals, leaving) = rivals::of_ollama(site, section.socket(), &holders, blueprint, &origin)?;
    needs.extend(rivals);
    if !brought {
        installed(site, &job, &view, blueprint, &origin)?;
    }
    judge(site, &job, &view, blueprint);
    blueprint.refusals.extend(port::refusal(site, section.port, &holders, &leaving));
    if boot && !running {
        file_vault(site, blueprint)?;
    }

    let url =
        format!("http://{}", std::net::SocketAddr::new(asked_at(section.listen.address()), section.port));
    let ollama = Ollama {
        job,
        url,
        socket: section.socket(),
        num_ctx: u64::from(section.num_ctx),
        log,
        memory: engine::memory_beside(site),
    };
    let server = ModelServer {
        url: ollama.url.clone(),
        log: ollama.log.clone(),
        num_ctx: ollama.num_ctx,
        most: section.max_loaded_models.unwrap_or(LOADED),
        memory: ollama.memory,
        starts: !running,
        store,
    };
    if !running && data::has_models(site, &server.store) {
        blueprint.warnings.push(use_of(site, &ollama).at(Some(&origin)));
    }
    let id = ollama.id();
    for refusal in blueprint.refusals.iter_mut().skip(before) {
        *refusal = refusal.clone().of(&id);
    }
    blueprint.add(ollama, needs, origin);
    blueprint.warnings.extend(models::without_proxy(site, section, &server.store));
    if !running {
        blueprint.warnings.extend(models::pulls(site, &server.store)?);
    }
    Ok((id, server))
}

/// Where the property list of the job is.
pub(super) fn property_list(home: &Utf8Path, start: Start) -> Utf8PathBuf {
    let folder = match start {
        Start::Login => home.join("Library/LaunchAgents"),
        Start::Boot => "/Library/LaunchDaemons".into(),
    };
    folder.join(format!("{LABEL}.plist"))
}

/// That applying loads a model, since a server is proved by use.
fn use_of(site: &Site, ollama: &Ollama) -> Problem {
    // A server that cannot be asked yet says nothing of its models.
    let known = ollama.use_loads(site.look).ok().flatten();
    let text = known.map_or_else(
        || "the smallest model that fits is loaded for one token, and unloaded".to_owned(),
        |loads| loads.words,
    );
    Problem::mac(format!("the server is proved by use: {text}"))
        .hint("other requests to the server may wait meanwhile")
}

/// The context length stands under the name that the server reads, and under the one that is often written
/// (docs/mac-facts.md#ollama-num-ctx).
fn environment(site: &Site, section: &manifest::Ollama) -> BTreeMap<String, String> {
    let mut environment = section.environment.clone();
    // Never HTTP_PROXY, which the server's clients would be led astray by (docs/mac-facts.md#ollama-proxy).
    environment.extend(section.proxy.iter().map(|proxy| ("HTTPS_PROXY".to_owned(), proxy.to_string())));
    environment.extend(
        [
            ("HOME", site.identity.home.to_string()),
            ("PATH", PATH.to_owned()),
            ("OLLAMA_HOST", section.socket().to_string()),
            ("OLLAMA_CONTEXT_LENGTH", section.num_ctx.to_string()),
            ("OLLAMA_NUM_CTX", section.num_ctx.to_string()),
            ("OLLAMA_KEEP_ALIVE", section.keep_alive.to_string()),
        ]
        .map(|(name, value)| (name.to_owned(), value)),
    );
    let most =
        section.max_loaded_models.map(|most| ("OLLAMA_MAX_LOADED_MODELS".to_owned(), most.to_string()));
    environment.extend(most);
    environment
}

/// The property list.
fn render(site: &Site, definition: &Definition, log: &Utf8PathBuf, boot: bool) -> Result<Vec<u8>> {
    let values = context! {
        label => LABEL,
        program => PROGRAM,
        environment => &definition.environment,
        home => site.identity.home.as_str(),
        user => boot.then_some(&site.identity.user),
        log => log.as_str(),
    };
    plist::render(TEMPLATE, values, &definition.environment)
}

/// Refuses a Mac without the program, where no part of the stack brings it.
fn installed(
    site: &Site,
    job: &JobSpec,
    view: &JobView,
    blueprint: &mut Blueprint,
    origin: &Span,
) -> Result<()> {
    if site.look.resolve(job.program())?.is_none() {
        let mut problem =
            Problem::mac("Ollama is not installed").why(format!("{} is not there", job.program()));
        if matches!(view, JobView::Loaded(_)) {
            problem = problem.why(format!(
                "launchd still has its job {}/{}, and cannot start it again",
                job.domain, job.label
            ));
        }
        blueprint.refusals.push(
            problem
                .hint("let this stack bring it: set `homebrew: true` in `tools`")
                .hint("or install it with Homebrew, then apply again:")
                .remedy("brew install ollama")
                .at(Some(origin)),
        );
    }
    Ok(())
}

/// What keeps the job from this Mac.
fn judge(site: &Site, job: &JobSpec, view: &JobView, blueprint: &mut Blueprint) {
    if *view == JobView::NoDomain {
        blueprint.refusals.push(
            Problem::mac("`start: login` needs a graphical session, and you have none")
                .why(format!("launchd has no domain {}", job.domain))
                .hint("log in at the Mac's screen (or by screen sharing), then apply again")
                .hint("or let it start at boot, without anybody logged in: set `start: boot`")
                .at(Some(&site.of_server("start"))),
        );
    }
}

/// What a start at boot means for the disk (docs/mac-facts.md#fdesetup-status, #filevault-boot).
fn file_vault(site: &Site, blueprint: &mut Blueprint) -> Result<()> {
    let output = site.look.tool(Tool::FileVault)?;
    let says = |text: &str| output.ok() && output.stdout.lines().any(|line| line.starts_with(text));
    let warning = if says("FileVault is On") {
        Problem::mac("FileVault is on: after a restart nothing runs, not even this service, until somebody unlocks the disk")
            .hint("before a restart that you plan, let it pass once without that:")
            .remedy("sudo fdesetup authrestart")
    } else if says("FileVault is Off") {
        Problem::mac("FileVault is off: the service is up after a restart without anybody; whoever has the Mac can read its disk")
            .hint("to have it locked instead, turn FileVault on in System Settings, Privacy & Security")
    } else {
        Problem::mac("it is not known whether FileVault is on: where it is, nothing runs after a restart until somebody unlocks the disk")
            .why(format!("`fdesetup status` answered: {}", output.said()))
            .hint("see what it says:")
            .remedy("fdesetup status")
    };
    blueprint.warnings.push(warning.at(Some(&site.of_server("start"))));
    Ok(())
}

/// Where a server that listens on `address` is asked from this Mac.
fn asked_at(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(v4) if v4.is_unspecified() => IpAddr::V4(std::net::Ipv4Addr::LOCALHOST),
        IpAddr::V6(v6) if v6.is_unspecified() => IpAddr::V6(std::net::Ipv6Addr::LOCALHOST),
        other => other,
    }
}
