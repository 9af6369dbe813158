use std::time::Duration;

use anyhow::Result;
use camino::Utf8Path;

use super::{Evidence, JobSpec, Leaving, Noted, Removal, Resource};
use crate::{
    journal::Receipt,
    machine::{Look, Looking, Patience, Wait, tool::colima},
    step::{DeleteMachine, Step},
    value::{Delta, Deltas, Id, Place, Problem, State},
};

/// Colima as a launchd job of ours, which keeps a virtual machine with a container engine running.
#[derive(Debug)]
pub struct ColimaJob {
    /// The job.
    pub job: JobSpec,
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
        self.job.steps(found, deltas)
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

pub(super) fn observe(look: &dyn Look, home: &Utf8Path, profile: &str, _: Option<&Receipt>) -> Result<State> {
    Ok(if colima::is_there(look, home, profile)? { State::present() } else { State::absent() })
}

/// A machine that was there before is not ours to delete; ours goes with the data in it, or not at all.
pub(super) fn removal(
    home: &Utf8Path,
    profile: &str,
    receipt: &Receipt,
    found: &State,
    leaving: &Leaving,
) -> Removal {
    if !receipt.created() || !found.present {
        return Removal::default();
    }
    if leaving.all_data {
        return Removal::of(DeleteMachine { home: home.to_owned(), profile: profile.to_owned() });
    }
    Removal::held(format!(
        "Colima's machine {profile} holds images and volumes; `forgectl destroy --all-data` deletes it"
    ))
}
