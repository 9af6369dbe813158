use std::time::Duration;

use anyhow::Result;
use camino::{Utf8Path, Utf8PathBuf};

use super::{Evidence, JobSpec, Leaving, Removal, Resource, changes};
use crate::{
    journal::Receipt,
    machine::{
        Look, Looking, Patience, Wait,
        tool::colima::{self, Started},
    },
    step::{
        AwaitEngine, ColimaStart, DeleteMachine, EngineStart, LoadJob, Loading, MakeFolder, Step, StopColima,
    },
    value::{Delta, Deltas, Id, Place, Problem, State, Value, Want, Wanted},
};

/// Colima as a launchd job of ours, which keeps a virtual machine with a container engine running.
#[derive(Debug)]
pub struct ColimaJob {
    /// The job.
    pub job: JobSpec,
    /// Colima's folder.
    pub home: Utf8PathBuf,
    /// The profile of its machine.
    pub profile: String,
    /// The containers that run in the machine now, and stop with it when it is restarted.
    pub stops: Vec<String>,
}

impl Resource for ColimaJob {
    fn id(&self) -> Id {
        Id::new("launchd-job", &self.job.label)
    }

    fn place(&self) -> Place {
        self.job.place()
    }

    fn wanted(&self) -> Wanted {
        self.job.wanted()
    }

    fn reason(&self, found: &State, deltas: &[Delta]) -> String {
        self.job.reason(found, deltas) + &restarts(&self.stops)
    }

    fn hindrance(&self, found: &State, known: bool) -> Option<Problem> {
        self.job.hindrance(found, known)
    }

    fn steps(&self, found: &State, deltas: &Deltas) -> Vec<Box<dyn Step>> {
        let mut steps = self.job.steps(found, deltas);
        let changed = deltas
            .iter()
            .any(|delta| !matches!(delta.field.as_str(), "enabled" | "file.mode" | "file.owner"));
        if found.present && changed {
            steps.insert(
                0,
                Box::new(StopColima {
                    domain: self.job.domain,
                    label: self.job.label.clone(),
                    home: self.home.clone(),
                    profile: self.profile.clone(),
                    stops: self.stops.clone(),
                }),
            );
        }
        steps
    }

    /// Whether launchd keeps it running; that its engine answers is another resource's to say.
    fn check(&self, look: &dyn Look, patience: Duration) -> Result<Evidence> {
        let JobSpec { domain, label, .. } = &self.job;
        let patience = Patience { every: Duration::from_millis(250), limit: patience, how: Wait::Poll };
        let checked = look.until(&format!("`{label}` to run"), patience, || {
            Ok(match look.loaded_job(*domain, label)? {
                None => Err("launchd does not have the job".to_owned()),
                Some(printed) if !self.job.is_loaded_as(&printed) => {
                    Err("launchd has another definition of the job".to_owned())
                }
                Some(printed) => match printed.pid() {
                    Some(pid) if !printed.is_going() => Ok(pid),
                    _ => Err(format!(
                        "no process: state {}, started {} times, last exit code {}",
                        printed.get("state").unwrap_or("unknown"),
                        printed.runs(),
                        printed.get("last exit code").unwrap_or("unknown"),
                    )),
                },
            })
        });
        let pid = checked.map_err(|error| {
            if crate::machine::Halt::of(&error).is_some() {
                return error;
            }
            Problem::mac(format!("the service does not run: `{label}`"))
                .why(format!("{error:#}"))
                .hint("see what it does, or start it anew:")
                .remedy(format!("launchctl print {domain}/{label}"))
                .remedy(format!("launchctl kickstart -k {domain}/{label}"))
                .into()
        })?;
        Ok(vec![format!("Colima runs, pid {pid}")])
    }
}

/// Colima's virtual machine, which comes with its first start: known so that it goes with us when it came with us.
#[derive(Debug)]
pub struct ColimaMachine {
    /// Colima's folder.
    pub home: Utf8PathBuf,
    /// Its profile.
    pub profile: String,
    /// What it is to be, and what it says, where somebody has started it as something else than its job says.
    pub restart: Option<Restart>,
}

/// A machine that is started anew by its job, which is as declared.
#[derive(Clone, Debug)]
pub struct Restart {
    /// What it is to be started as.
    pub size: Started,
    /// The job, and where it logs.
    pub start: ColimaStart,
    /// Where a property list would be put together.
    pub staging: Utf8PathBuf,
    /// The engine's socket.
    pub socket: Utf8PathBuf,
    /// The containers that stop with it.
    pub stops: Vec<String>,
}

impl Resource for ColimaMachine {
    fn id(&self) -> Id {
        Id::new("virtual-machine", &self.profile)
    }

    fn place(&self) -> Place {
        Place::VirtualMachine { home: self.home.clone(), profile: self.profile.clone() }
    }

    fn wanted(&self) -> Wanted {
        let size = self.restart.iter().flat_map(|restart| sizes(&restart.size));
        let folder = ("folder", Value::Bool(true));
        size.chain([folder]).map(|(field, value)| (field.into(), Want::Is(value))).collect()
    }

    fn reason(&self, _: &State, deltas: &[Delta]) -> String {
        if deltas.iter().any(|delta| delta.field.as_str() == "folder") {
            return format!("make {}; the machine comes with its first start", self.home);
        }
        let stops = self.restart.as_ref().map_or(&[][..], |restart| &restart.stops);
        format!("somebody started it otherwise: {}{}", changes(deltas), restarts(stops))
    }

    fn steps(&self, found: &State, _: &Deltas) -> Vec<Box<dyn Step>> {
        if *found.get("folder") == Value::Bool(false) {
            return vec![Box::new(MakeFolder { path: self.home.clone(), mode: 0o755, data: false })];
        }
        let Some(Restart { start, staging, socket, stops, .. }) = self.restart.clone() else { return vec![] };
        vec![
            Box::new(StopColima {
                domain: start.domain,
                label: start.label.clone(),
                home: start.home.clone(),
                profile: start.profile.clone(),
                stops,
            }),
            Box::new(LoadJob {
                domain: start.domain,
                label: start.label.clone(),
                definition: start.definition.clone(),
                write: None,
                replace_file: false,
                loading: Loading::Load,
                switch_on: false,
                staging,
                store: None,
            }),
            Box::new(AwaitEngine { socket, start: Some(EngineStart::Colima(start)) }),
        ]
    }

    fn check(&self, _: &dyn Look, _: Duration) -> Result<Evidence> {
        Ok(vec![])
    }
}

/// `; the machine restarts, and with it every container: NAMES`.
fn restarts(stops: &[String]) -> String {
    match stops {
        [] => String::new(),
        stops => format!("; the machine restarts, and with it every container: {}", stops.join(", ")),
    }
}

fn sizes(started: &Started) -> [(&'static str, Value); 3] {
    [
        ("memory", format!("{} GiB", started.memory).into()),
        ("cpus", i64::from(started.cpu).into()),
        ("disk", format!("{} GiB", started.disk).into()),
    ]
}

/// What Colima and Lima keep beside their machines, and leave when the last of these goes; the folder itself comes last.
const BESIDE: [&str; 5] = ["_lima", "_store", "_templates", "ssh_config", "."];

pub(super) fn observe(look: &dyn Look, home: &Utf8Path, profile: &str, _: Option<&Receipt>) -> Result<State> {
    let mut state = if colima::is_there(look, home, profile)? { State::present() } else { State::absent() };
    if let Some(started) = colima::started(look, home, profile)? {
        for (field, value) in sizes(&started) {
            state.set(field, value);
        }
    }
    let mut beside = vec![];
    for name in BESIDE {
        if look.stat(&home.join(name))?.is_some() {
            beside.push(name);
        }
    }
    let folder = look.resolve(home)?.is_some();
    Ok(state.with("beside", beside.join(" ")).with("folder", folder))
}

/// A machine that was there before is not ours to delete; ours goes with the data in it, or not at all.
pub(super) fn removal(
    home: &Utf8Path,
    profile: &str,
    receipt: &Receipt,
    found: &State,
    leaving: &Leaving,
) -> Removal {
    let beside = |state: &State| state.get("beside").as_text().unwrap_or_default().to_owned();
    if !receipt.created() || !found.present && beside(found).is_empty() {
        return Removal::default();
    }
    let before = beside(&receipt.former);
    // What deleting a machine writes anew goes too, whether it is there now or not.
    let left = BESIDE.into_iter().filter(|name| before.split(' ').all(|other| other != *name)).collect();
    if leaving.all_data {
        return Removal::of(DeleteMachine { home: home.to_owned(), profile: profile.to_owned(), left });
    }
    if !found.present {
        return Removal::default();
    }
    Removal::held_alone(format!(
        "Colima's machine {profile} holds images and volumes; `forgectl destroy --all-data` deletes it"
    ))
}
