use std::collections::BTreeMap;

use super::Target;
use crate::sim::{
    Mac, Running,
    tool::launchd::{DomainTarget, Refusal, present},
};

/// `print DOMAIN`: its services, and what is disabled in it.
pub(super) fn text(mac: &Mac, domain: DomainTarget) -> String {
    let jobs = mac.state.launchd.jobs.get(&domain);
    let all = || jobs.into_iter().flat_map(BTreeMap::values);
    let (kind, session) = match domain {
        DomainTarget::System => ("system", "System"),
        DomainTarget::User(_) => ("user", "Background"),
        DomainTarget::Gui(_) => ("login", "Aqua"),
    };
    let mut text = format!(
        "{domain} = {{\n\ttype = {kind}\n\thandle = {}\n\tactive count = {}\n\tservice count = {}\n\
         \tactive service count = {}\n\tsession = {session}\n\n\tservices = {{\n",
        domain.uid(),
        all().count() + 1,
        all().count(),
        all().filter(|job| job.pid.is_some()).count(),
    );
    for job in all() {
        let last = job.last.map_or_else(|| "-".to_owned(), |last| last.status().to_string());
        let row = format!("\t\t{:>8} {last:>6} \t{}\n", job.pid.unwrap_or(0), job.definition.label);
        text.push_str(&row);
    }
    text.push_str("\t}\n\n");
    text.push_str(&overrides(mac, domain));
    text + "}\n"
}

/// `print-disabled DOMAIN` (docs/mac-facts.md#launchd-print-disabled).
pub(super) fn disabled(mac: &mut Mac, words: &[&str]) -> Running {
    let usage = "print-disabled <domain-target>";
    let [domain] = words else { return Running::failed(64, format!("Usage: launchctl {usage}\n")) };
    let Ok(domain) = domain.parse::<DomainTarget>() else { return Target::unrecognized(usage) };
    match present(mac, domain) {
        Ok(()) => Running::printed(overrides(mac, domain) + "\tlogin item associations = {\n\t}\n"),
        Err(refusal) => absent(domain, refusal),
    }
}

/// What is said of a domain that is not there.
pub(super) fn absent(domain: DomainTarget, refusal: Refusal) -> Running {
    match refusal {
        Refusal(112) => {
            Running::failed(112, format!("Bad request.\nCould not find domain for {}\n", domain.described()))
        }
        Refusal(code) => Running::failed(code, format!("Could not print domain: {code}: {refusal}\n")),
    }
}

fn overrides(mac: &Mac, domain: DomainTarget) -> String {
    let labels = mac.state.launchd.overrides.get(&domain.owner());
    let rows = labels.into_iter().flatten().map(|(label, enabled)| {
        format!("\t\t\"{label}\" => {}\n", if *enabled { "enabled" } else { "disabled" })
    });
    format!("\tdisabled services = {{\n{}\t}}\n", rows.collect::<String>())
}
