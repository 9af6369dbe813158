use std::time::Duration;

use anyhow::Result;
use camino::{Utf8Path, Utf8PathBuf};

use super::{Evidence, JobSpec, Leaving, Noted, Removal, Resource};
use crate::{
    journal::Receipt,
    machine::{Look, Looking, Patience, Wait, tool::colima},
    step::{DeleteMachine, Step, StopColima},
    value::{Delta, Deltas, Id, Place, Problem, State},
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

    fn wanted(&self) -> crate::value::Wanted {
        self.job.wanted()
    }

    fn reason(&self, found: &State, deltas: &[Delta]) -> String {
        let why = self.job.reason(found, deltas);
        match self.stops.as_slice() {
            [] => why,
            stops => {
                format!("{why}; the machine restarts, and with it every container: {}", stops.join(", "))
            }
        }
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
pub fn machine(home: &Utf8Path, profile: &str) -> Noted {
    let place = Place::VirtualMachine { home: home.to_owned(), profile: profile.to_owned() };
    Noted { id: Id::new("virtual-machine", profile), place }
}

/// What Colima and Lima keep beside their machines, and leave when the last of these goes; the folder itself comes last.
const BESIDE: [&str; 5] = ["_lima", "_store", "_templates", "ssh_config", "."];

pub(super) fn observe(look: &dyn Look, home: &Utf8Path, profile: &str, _: Option<&Receipt>) -> Result<State> {
    let state = if colima::is_there(look, home, profile)? { State::present() } else { State::absent() };
    let mut beside = vec![];
    for name in BESIDE {
        if look.stat(&home.join(name))?.is_some() {
            beside.push(name);
        }
    }
    Ok(state.with("beside", beside.join(" ")))
}

/// A machine that was there before is not ours to delete; ours goes with the data in it, or not at all.
pub(super) fn removal(
    home: &Utf8Path,
    profile: &str,
    receipt: &Receipt,
    found: &State,
    leaving: &Leaving,
) -> Removal {
    let names = |state: &State| state.get("beside").as_text().unwrap_or_default().to_owned();
    let (before, now) = (names(&receipt.former), names(found));
    let has = |names: &str, name: &str| names.split(' ').any(|other| other == name);
    let left: Vec<&str> = BESIDE.into_iter().filter(|name| has(&now, name) && !has(&before, name)).collect();
    if !receipt.created() || !found.present && left.is_empty() {
        return Removal::default();
    }
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
