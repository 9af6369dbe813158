use std::{collections::BTreeMap, net::IpAddr};

use anyhow::{Context, Result, ensure};
use camino::{Utf8Path, Utf8PathBuf};
use minijinja::{AutoEscape, Environment, UndefinedBehavior, context};

use super::{Blueprint, Site, rivals, tilde, tools};
use crate::{
    machine::{
        Looking, Tool,
        tool::launchctl::{JobView, Printed},
    },
    manifest::{self, Start},
    resource::{Folder, JobSpec, LogFile, Ollama},
    step::{Definition, definition_matches},
    value::{Domain, Id, Place, Problem, Span},
};

/// Label of the job.
const LABEL: &str = "dev.forge.ollama";

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

pub(super) fn server(site: &Site, section: &manifest::Ollama, blueprint: &mut Blueprint) -> Result<()> {
    let origin = site.stack.span(&["ollama"]);
    let home = &site.identity.home;
    let boot = section.start == Start::Boot;
    let log = home.join("Library/Logs/forgectl/ollama.log");

    let mut needs = blueprint.add_folders(home, &home.join("Library/Logs/forgectl"), 0o700, &origin);
    needs =
        vec![blueprint.add(LogFile { name: tilde(home, &log), path: log.clone() }, needs, origin.clone())];
    let folder = if boot { "/Library/LaunchDaemons".into() } else { home.join("Library/LaunchAgents") };
    if !boot {
        needs.extend(blueprint.add_folders(home, &folder, 0o755, &origin));
    }
    let tools = site.stack.manifest.tools.as_ref();
    let brought = tools.is_some_and(manifest::Tools::wants_homebrew);
    if brought {
        needs.push(tools::formula(site, blueprint, FORMULA, None, &origin));
    }
    needs.extend(data(site, section, blueprint, &origin)?);
    let (rivals, leaving) = rivals::of_ollama(site, blueprint, &origin)?;
    needs.extend(rivals);

    let domain = if boot { Domain::System } else { Domain::Gui(site.identity.uid) };
    let environment = environment(site, section);
    let definition = Definition {
        path: folder.join(format!("{LABEL}.plist")),
        arguments: vec![PROGRAM.into(), "serve".into()],
        environment,
    };
    let content = render(site, &definition, &log, boot).context("rendering the job of Ollama")?;
    let staging = site.identity.state.join("staging").join(format!("{LABEL}.plist"));
    let job = JobSpec { domain, label: LABEL.into(), uid: site.identity.uid, definition, content, staging };

    if !brought {
        installed(site, &job, blueprint, &origin)?;
    }
    judge(site, section, &job, &leaving, blueprint)?;
    let port = section.port;
    let url = format!("http://{}", std::net::SocketAddr::new(asked_at(section.listen.address()), port));
    blueprint.open.push(("Ollama".into(), url.clone()));
    if section.listen.beyond_this_mac() {
        blueprint.exposed.push(format!(
            "Ollama listens on {}: whoever reaches this Mac on the network can use it and delete its models; it asks for no password",
            section.socket()
        ));
    }
    let num_ctx = u64::from(section.num_ctx);
    blueprint.add(Ollama { job, url, port, num_ctx, log }, needs, origin);
    Ok(())
}

/// The folders that the server fills: its home folder, and the store of models where that is elsewhere.
fn data(
    site: &Site,
    section: &manifest::Ollama,
    blueprint: &mut Blueprint,
    origin: &Span,
) -> Result<Vec<Id>> {
    let home = &site.identity.home;
    let folder = |path: Utf8PathBuf| Folder { name: tilde(home, &path), path, mode: 0o755, data: true };
    let mut ids = vec![blueprint.add(folder(home.join(".ollama")), vec![], origin.clone())];
    if let Some(models) = section.environment.get("OLLAMA_MODELS").map(Utf8PathBuf::from) {
        blueprint.refusals.extend(no_store(site, &models)?);
        let above = match models.parent() {
            Some(parent) if models.starts_with(home) => blueprint.add_folders(home, parent, 0o755, origin),
            _ => vec![],
        };
        ids.push(blueprint.add(folder(models), above, origin.clone()));
    }
    Ok(ids)
}

/// Why no models can be kept at `path`: its disk is not connected, or it is not the user's to write.
fn no_store(site: &Site, path: &Utf8Path) -> Result<Option<Problem>> {
    let Some(parent) = path.parent() else { return Ok(None) };
    let place = site.stack.span(&["ollama", "environment", "OLLAMA_MODELS"]);
    let problem = || Problem::mac(format!("no folder to keep models in: `{path}`")).at(Some(&place));
    let (folder, real) = match site.look.resolve(path)? {
        Some(real) => (path, Some(real)),
        // Folders that miss in the home folder are made.
        None if path.starts_with(&site.identity.home) => return Ok(None),
        None => (parent, site.look.resolve(parent)?),
    };
    let Some(stat) = real.map(|real| site.look.stat(&real)).transpose()?.flatten() else {
        let problem = problem().why(format!("{folder} is not there"));
        return Ok(Some(
            problem.hint("connect the disk, or name another folder; what is there:").remedy("ls /Volumes"),
        ));
    };
    Ok((!site.identity.may_write(&stat)).then(|| {
        let problem = problem()
            .why(format!("{folder} is not yours to write: uid {}, mode {:04o}", stat.uid, stat.mode));
        problem.hint("make it yours, or name another folder:").remedy(format!("ls -ld '{folder}'"))
    }))
}

/// The context length stands under the name that the server reads, and under the one that is often written
/// (docs/mac-facts.md#ollama-num-ctx).
fn environment(site: &Site, section: &manifest::Ollama) -> BTreeMap<String, String> {
    let mut environment = section.environment.clone();
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
    environment
}

/// Renders the property list and reads it back, so that its faults show before anything is changed.
fn render(site: &Site, definition: &Definition, log: &Utf8PathBuf, boot: bool) -> Result<Vec<u8>> {
    let mut templates = Environment::new();
    templates.set_undefined_behavior(UndefinedBehavior::Strict);
    templates.set_auto_escape_callback(|_| AutoEscape::Html);
    let text = templates.render_str(
        TEMPLATE,
        context! {
            label => LABEL,
            program => PROGRAM,
            environment => &definition.environment,
            home => site.identity.home.as_str(),
            user => boot.then_some(&site.identity.user),
            log => log.as_str(),
        },
    )?;
    let read_back: plist::Dictionary = plist::from_bytes(text.as_bytes())?;
    let environment = read_back.get("EnvironmentVariables").and_then(plist::Value::as_dictionary);
    let same = environment.is_some_and(|environment| {
        environment.len() == definition.environment.len()
            && definition
                .environment
                .iter()
                .all(|(name, value)| environment.get(name).and_then(plist::Value::as_string) == Some(value))
    });
    ensure!(same, "the environment does not survive a property list");
    Ok(text.into_bytes())
}

/// Refuses a Mac without the program, where no part of the stack brings it.
fn installed(site: &Site, job: &JobSpec, blueprint: &mut Blueprint, origin: &Span) -> Result<()> {
    if site.look.resolve(job.program())?.is_none() {
        blueprint.refusals.push(
            Problem::mac("Ollama is not installed")
                .why(format!("{} is not there", job.program()))
                .hint("let this stack bring it: set `homebrew: true` in `tools`")
                .hint("or install it with Homebrew, then apply again:")
                .remedy("brew install ollama")
                .at(Some(origin)),
        );
    }
    Ok(())
}

/// What keeps the job from this Mac, and what is worth knowing of it.
fn judge(
    site: &Site,
    section: &manifest::Ollama,
    job: &JobSpec,
    leaving: &[u32],
    blueprint: &mut Blueprint,
) -> Result<()> {
    let view = site.look.job(job.domain, &job.label)?;
    if view == JobView::NoDomain {
        blueprint.refusals.push(
            Problem::mac("`start: login` needs a graphical session, and you have none")
                .why(format!("launchd has no domain {}", job.domain))
                .hint("log in at the Mac's screen (or by screen sharing), then apply again")
                .hint("or let it start at boot, without anybody logged in: set `start: boot`")
                .at(Some(&site.stack.span(&["ollama", "start"]))),
        );
    }
    let running = |printed: &Printed| printed.pid().is_some() && definition_matches(&job.definition, printed);
    if matches!(&view, JobView::Loaded(printed) if running(printed)) {
        return Ok(());
    }
    port_is_free(site, section, &view, leaving, blueprint)?;
    if section.start == Start::Boot {
        file_vault(site, blueprint)?;
    }
    Ok(())
}

fn port_is_free(
    site: &Site,
    section: &manifest::Ollama,
    view: &JobView,
    leaving: &[u32],
    blueprint: &mut Blueprint,
) -> Result<()> {
    let mut ours: Vec<u32> = leaving.to_vec();
    if let JobView::Loaded(printed) = view {
        ours.extend(printed.pid());
    }
    // A job of ours that moves between login and boot holds the port until it is taken down.
    if let Some(Place::Job { domain, label, .. }) =
        site.receipts.get(&Id::new("launchd-job", LABEL)).map(|receipt| &receipt.place)
    {
        ours.extend(site.look.loaded_job(*domain, label)?.and_then(|printed| printed.pid()));
    }
    let foreign = |pid: Option<u32>| pid.is_none_or(|pid| !ours.contains(&pid));
    let Some(holder) = site.look.listeners(section.port)?.into_iter().find(|listener| foreign(listener.pid))
    else {
        return Ok(());
    };
    let mut problem = Problem::mac(format!("port {} is held by {}", section.port, holder.who()))
        .why(format!("it listens on {}", holder.address))
        .hint("stop it, or give this stack another `port`; who it is:")
        .at(Some(&site.stack.span(&["ollama", "port"])));
    problem = match holder.pid {
        Some(pid) => problem.remedy(format!("ps -ww -o user=,lstart=,command= -p {pid}")),
        None => problem.remedy(format!("sudo lsof -nP -iTCP:{} -sTCP:LISTEN", section.port)),
    };
    blueprint.refusals.push(problem);
    Ok(())
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
    blueprint.warnings.push(warning.at(Some(&site.stack.span(&["ollama", "start"]))));
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
