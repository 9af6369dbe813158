use std::fmt::Write;

use super::session::domain_of;
use crate::sim::{
    Caller, Mac, Running,
    tool::launchd::{DomainTarget, Exit, Job},
};

/// `list` and `list LABEL` of the caller's own domain (docs/mac-facts.md#launchd-list).
pub(super) fn run(mac: &Mac, caller: Caller, words: &[&str]) -> Running {
    let domain = domain_of(mac, caller);
    match words {
        [] => Running::printed(table(mac, domain)),
        [label] => match mac.state.launchd.job(domain, label) {
            Some(job) => Running::printed(dictionary(domain, job)),
            None => Running::failed(113, format!("Could not find service \"{label}\" in domain for port\n")),
        },
        _ => Running::failed(64, "Usage: launchctl list [service-name]\n"),
    }
}

fn table(mac: &Mac, domain: DomainTarget) -> String {
    let jobs = mac.state.launchd.jobs.get(&domain);
    let rows = jobs.into_iter().flat_map(|jobs| jobs.values()).map(|job| {
        let pid = job.pid.map_or_else(|| "-".to_owned(), |pid| pid.to_string());
        format!("{pid}\t{}\t{}\n", job.last.map_or(0, Exit::status), job.definition.label)
    });
    std::iter::once("PID\tStatus\tLabel\n".to_owned()).chain(rows).collect()
}

fn dictionary(domain: DomainTarget, job: &Job) -> String {
    let definition = &job.definition;
    let session = match domain {
        DomainTarget::System => "System",
        DomainTarget::Gui(_) => "Aqua",
        DomainTarget::User(_) => "Background",
    };
    let mut lines = vec![];
    for (key, path) in [("StandardOutPath", &definition.stdout), ("StandardErrorPath", &definition.stderr)] {
        lines.extend(path.as_ref().map(|path| format!("\"{key}\" = \"{path}\";")));
    }
    lines.push(format!("\"LimitLoadToSessionType\" = \"{session}\";"));
    lines.push(format!("\"Label\" = \"{}\";", definition.label));
    lines.push(format!("\"OnDemand\" = {};", !definition.keep_alive.starts_at_load()));
    lines.push(format!("\"LastExitStatus\" = {};", job.last.map_or(0, Exit::wait_status)));
    lines.extend(job.pid.map(|pid| format!("\"PID\" = {pid};")));
    lines.push(format!("\"Program\" = \"{}\";", definition.program));
    let mut text = lines.iter().fold("{\n".to_owned(), |text, line| format!("{text}\t{line}\n"));
    text.push_str("\t\"ProgramArguments\" = (\n");
    for argument in &definition.arguments {
        // Writing to a string cannot fail.
        let _written = writeln!(text, "\t\t\"{argument}\";");
    }
    text + "\t);\n};\n"
}
