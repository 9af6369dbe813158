use super::{Target, print_domain, run_state::not_found};
use crate::sim::{
    Mac, Running,
    tool::launchd::{DomainTarget, Exit, Job, SSH_AUTH_SOCK, present, release},
};

/// `print DOMAIN` and `print DOMAIN/LABEL`, for everybody (docs/mac-facts.md#launchd-print).
pub(super) fn run(mac: &mut Mac, words: &[&str]) -> Running {
    let usage = "print [<domain-target> | <service-target>]";
    let [target] = words else { return Running::failed(64, format!("Usage: launchctl {usage}\n")) };
    let (domain, label) = match Target::read(target) {
        None => return Target::unrecognized(usage),
        Some(Target::Domain(domain)) => (domain, None),
        Some(Target::Service(domain, label)) => (domain, Some(label)),
    };
    if let Err(refusal) = present(mac, domain) {
        return print_domain::absent(domain, refusal);
    }
    let Some(label) = label else { return Running::printed(print_domain::text(mac, domain)) };
    match mac.state.launchd.job(domain, &label) {
        Some(job) => Running::printed(Page::of(mac, domain, job)),
        None => Running::failed(113, format!("Bad request.\n{}", not_found(domain, &label))),
    }
}

/// The text while it is put together: lines of the job itself have one tab, those of its blocks two.
struct Page(String);

impl Page {
    fn of(mac: &Mac, domain: DomainTarget, job: &Job) -> String {
        let mut page = Self(format!("{domain}/{} = {{\n", job.definition.label));
        page.head(domain, job);
        page.definition(mac, domain, job);
        page.runs(mac, job);
        page.coalitions(job);
        page.tail(domain, job);
        page.0 + "}\n"
    }

    fn line(&mut self, line: impl AsRef<str>) {
        self.0.push('\t');
        self.0.push_str(line.as_ref());
        self.0.push('\n');
    }

    fn value(&mut self, key: &str, value: impl std::fmt::Display) {
        self.line(format!("{key} = {value}"));
    }

    fn gap(&mut self) {
        self.0.push('\n');
    }

    fn block(&mut self, name: &str, lines: impl IntoIterator<Item = String>) {
        self.line(format!("{name} = {{"));
        for line in lines {
            self.line(format!("\t{line}"));
        }
        self.line("}");
    }

    fn head(&mut self, domain: DomainTarget, job: &Job) {
        self.value("active count", u8::from(job.pid.is_some()));
        match &job.plist {
            Some(path) => self.value("path", path),
            None => self.value("path", "(submitted by smd.342)"),
        }
        self.value(
            "type",
            match (domain, &job.plist) {
                (_, None) => "Submitted",
                (DomainTarget::System, _) => "LaunchDaemon",
                _ => "LaunchAgent",
            },
        );
        self.value("state", job.state());
        self.gap();
    }

    fn definition(&mut self, mac: &Mac, domain: DomainTarget, job: &Job) {
        let definition = &job.definition;
        self.value("program", &definition.program);
        self.block("arguments", definition.arguments.iter().cloned());
        self.gap();
        if let Some(directory) = &definition.directory {
            self.value("working directory", directory);
            self.gap();
        }
        for (key, path) in [("stdout path", &definition.stdout), ("stderr path", &definition.stderr)] {
            if let Some(path) = path {
                self.value(key, path);
            }
        }
        let session = mac.state.launchd.environment.get(&domain).into_iter().flatten();
        let mut inherited: Vec<String> = session.map(|(name, value)| format!("{name} => {value}")).collect();
        if domain != DomainTarget::System {
            inherited.push(format!("SSH_AUTH_SOCK => {SSH_AUTH_SOCK}"));
        }
        if !inherited.is_empty() {
            self.block("inherited environment", inherited);
            self.gap();
        }
        self.block("default environment", ["PATH => /usr/bin:/bin:/usr/sbin:/sbin".to_owned()]);
        self.gap();
        let added = match domain {
            DomainTarget::System => &["OSLogRateLimit => 64", "MallocSpaceEfficient => 0"][..],
            _ => &["OSLogRateLimit => 64"],
        };
        let added = added.iter().map(|&line| line.to_owned());
        let own = definition.environment.iter().map(|(name, value)| format!("{name} => {value}"));
        let name = [format!("XPC_SERVICE_NAME => {}", definition.label)];
        self.block("environment", added.chain(own).chain(name));
        self.gap();
        match domain {
            DomainTarget::System | DomainTarget::User(_) => self.value("domain", domain),
            DomainTarget::Gui(_) => {
                self.value("domain", format!("{domain} [{ASID}]"));
                self.value("asid", ASID);
            }
        }
        for (key, name) in [("username", &definition.user), ("group", &definition.group)] {
            if let (Some(name), DomainTarget::System) = (name, domain) {
                self.value(key, name);
            }
        }
        if let Some(umask) = definition.umask {
            self.value("umask", format!("{umask:o}"));
        }
        if let Some(nice) = definition.nice {
            self.value("nice", nice);
        }
    }

    fn runs(&mut self, mac: &Mac, job: &Job) {
        self.value("minimum runtime", job.definition.throttle);
        self.value("exit timeout", job.definition.exit_timeout);
        self.value("runs", job.runs);
        if let Some(pid) = job.pid {
            self.value("pid", pid);
            self.value("immediate reason", "speculative");
            for (key, count) in [("forks", 0), ("execs", 1), ("initialized", 1), ("trampolined", 1)] {
                self.value(key, count);
            }
            self.value("started suspended", 0);
            self.value("proxy started suspended", 0);
            if release(mac) >= 26 {
                self.value("checked allocations", "0 (queried = 1)");
                self.value("checked allocations reason", "no host");
                self.value("checked allocations flags", "0x0");
            }
        }
        match job.last {
            None => self.value("last exit code", "(never exited)"),
            Some(Exit::Code(code)) => self.value("last exit code", exit_code(code)),
            Some(Exit::Signal(signal)) => self.value("last terminating signal", signal_name(signal)),
        }
        self.gap();
    }

    fn coalitions(&mut self, job: &Job) {
        if job.pid.is_none() {
            return;
        }
        for (offset, kind) in ["resource", "jetsam"].into_iter().enumerate() {
            let lines = [
                format!("ID = {}", 600 + 2 * job.number + offset as u64),
                format!("type = {kind}"),
                "state = active".to_owned(),
                "active count = 1".to_owned(),
                format!("name = {}", job.definition.label),
            ];
            self.block(&format!("{kind} coalition"), lines);
            self.gap();
        }
    }

    fn tail(&mut self, domain: DomainTarget, job: &Job) {
        let (spawn_type, category) = match job.definition.process_type.as_deref() {
            Some("Interactive") => ("interactive (4)", "daemon"),
            Some("Background") => ("background (5)", "daemon"),
            Some("Adaptive") => ("adaptive (6)", "daemon"),
            _ => ("daemon (3)", "daemon"),
        };
        self.value("spawn type", spawn_type);
        self.value("jetsam priority", 40);
        self.value("jetsam memory limit (active)", "(unlimited)");
        self.value("jetsam memory limit (inactive)", "(unlimited)");
        self.value("jetsamproperties category", category);
        self.value("jetsam thread limit", 32);
        self.value("cpumon", "default");
        let policy = ["activation rate = 1/1000", "sample rate = 1/0"].map(str::to_owned);
        self.block("probabilistic guard malloc policy", policy);
        self.gap();
        self.line(format!("properties = {}", properties(domain, job).join(" | ")));
    }
}

/// The session's number, the same for every job of a graphical session.
const ASID: u32 = 100_007;

fn properties(domain: DomainTarget, job: &Job) -> Vec<&'static str> {
    let definition = &job.definition;
    let flags = [
        (definition.keep_alive.starts_at_load(), "keepalive"),
        (definition.run_at_load, "runatload"),
        (definition.inferred, "inferred program"),
        (domain == DomainTarget::System, "system service"),
        (job.identity_stale, "needs LWCR update"),
        (job.identity.is_some(), "managed LWCR"),
        (job.identity.is_some() && job.runs > 0, "has LWCR"),
    ];
    flags.into_iter().filter(|(set, _)| *set).map(|(_, name)| name).collect()
}

/// With the name that `sysexits.h` gives it.
fn exit_code(code: i32) -> String {
    const NAMES: [&str; 15] = [
        "EX_USAGE",
        "EX_DATAERR",
        "EX_NOINPUT",
        "EX_NOUSER",
        "EX_NOHOST",
        "EX_UNAVAILABLE",
        "EX_SOFTWARE",
        "EX_OSERR",
        "EX_OSFILE",
        "EX_CANTCREAT",
        "EX_IOERR",
        "EX_TEMPFAIL",
        "EX_PROTOCOL",
        "EX_NOPERM",
        "EX_CONFIG",
    ];
    let named = usize::try_from(code - 64).ok().and_then(|nth| NAMES.get(nth));
    named.map_or_else(|| code.to_string(), |name| format!("{code}: {name}"))
}

fn signal_name(signal: i32) -> String {
    let name = match signal {
        1 => "Hangup",
        2 => "Interrupt",
        3 => "Quit",
        6 => "Abort trap",
        9 => "Killed",
        11 => "Segmentation fault",
        15 => "Terminated",
        _ => "Unknown signal",
    };
    format!("{name}: {signal}")
}
