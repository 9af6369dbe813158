//! Whether a container stays up: running, healthy, and not started anew again and again.

use std::{cell::Cell, time::Duration};

use anyhow::Result;
use jiff::Timestamp;

use super::Container;
use crate::{
    machine::{
        Halt, Look, Looking, Patience, Wait,
        engine::{ContainerView, HealthStatus, Stage},
    },
    resource::Evidence,
    value::{HIDDEN, Problem, Text},
};

/// How long a container without a health test has to run before it counts as up: one that ends right after its start counts as well
/// until then (docs/service-facts.md#compose-wait).
const GRACE: Duration = Duration::from_secs(5);

/// How often it may end and be started anew while it is waited for: a service may be there before what it needs.
const RESTARTS: u64 = 4;

/// Lines of its log in an error.
const LINES: u32 = 5;

/// How it stands.
enum Stand {
    Up(String),
    Coming(String),
    Down(String),
}

impl Container {
    /// Waits until it is settled; fails as soon as it will not be.
    pub(super) fn settled(&self, look: &dyn Look, patience: Duration) -> Result<Evidence> {
        let limit = if patience.is_zero() { patience } else { patience.max(self.own_patience()) };
        let patience = Patience { every: Duration::from_millis(500), limit, how: Wait::Poll };
        let (first, running) = (Cell::new(None), Cell::new(None));
        let settled = look.until(&format!("`{}` to be up", self.name), patience, || {
            let view = match look.container(&self.engine, &self.name)? {
                Ok(Some(view)) => view,
                Ok(None) => return Err(self.down(look, "it is not there".into(), None)),
                Err(fault) => return Ok(Err(format!("the container engine answered: {fault}"))),
            };
            let before = first.get().unwrap_or(view.restarts);
            first.set(Some(before));
            // The clock of a virtual machine may be wrong: what counts is how long it was seen to run since the same start.
            let seen = match running.get() {
                Some((start, seen)) if start == view.started => seen,
                _ => look.now(),
            };
            running.set(Some((view.started, seen)));
            match self.stand(look, &view, before, seen, limit.is_zero()) {
                Stand::Up(words) => Ok(Ok(words)),
                Stand::Coming(words) => Ok(Err(words)),
                Stand::Down(why) => Err(self.down(look, why, Some(&view))),
            }
        });
        settled.map(|words| vec![words]).map_err(|error| {
            if Halt::of(&error).is_some() || error.downcast_ref::<Problem>().is_some() {
                return error;
            }
            let view = look.container(&self.engine, &self.name).ok().and_then(Result::ok).flatten();
            self.down(look, format!("{error:#}"), view.as_deref())
        })
    }

    fn stand(
        &self,
        look: &dyn Look,
        view: &ContainerView,
        before: u64,
        seen: Timestamp,
        at_once: bool,
    ) -> Stand {
        let since =
            |start: Timestamp| Duration::try_from(look.now().duration_since(start)).unwrap_or_default();
        let ended = || format!("what ran in it ended with {}", view.exit_code);
        match view.stage {
            Stage::Exited if self.once && view.exit_code == 0 => Stand::Up("has run and ended with 0".into()),
            Stage::Exited => Stand::Down(ended()),
            Stage::Running if self.once => Stand::Coming("it has not ended yet".into()),
            Stage::Running | Stage::Restarting if view.restarts >= before + RESTARTS => {
                Stand::Down(format!("{}, {} times since it is watched", ended(), view.restarts - before))
            }
            Stage::Restarting if at_once => {
                Stand::Down(format!("{}, and it is started anew again and again", ended()))
            }
            Stage::Restarting => Stand::Coming(ended()),
            Stage::Running => match &view.health {
                Some(health) => match health.status {
                    HealthStatus::Healthy => Stand::Up("running and healthy".into()),
                    HealthStatus::Starting => Stand::Coming("its health is not known yet".into()),
                    HealthStatus::Unhealthy => Stand::Down(match &health.last {
                        Some((said, code)) => format!(
                            "its health test failed {} times in a row, the last ended with {code}: {}",
                            health.failing,
                            self.masked(look, said.trim())
                        ),
                        None => "its health test fails".into(),
                    }),
                },
                // A look without patience believes what runs, unless it has just been started anew.
                None if at_once && view.restarts == 0 => Stand::Up("running".into()),
                None if view.started.is_some_and(|start| since(start) >= GRACE) || since(seen) >= GRACE => {
                    Stand::Up("running".into())
                }
                None if at_once => Stand::Down(format!(
                    "{}, and it was started anew {} times, the last time just now",
                    ended(),
                    view.restarts
                )),
                None => Stand::Coming("it has just been started".into()),
            },
            Stage::Created => Stand::Down(match view.error.as_str() {
                "" => "it was made and never started".into(),
                error => format!("it could not be started: {error}"),
            }),
            Stage::Paused => Stand::Down("somebody has paused it".into()),
            Stage::Removing | Stage::Dead => Stand::Down("it is being removed".into()),
        }
    }

    /// How long its health test lets it take, and a minute.
    fn own_patience(&self) -> Duration {
        let Some(check) = &self.spec.healthcheck else { return GRACE * 6 };
        let or = |time: Option<Duration>, seconds| time.unwrap_or(Duration::from_secs(seconds));
        let tests = (or(check.interval, 30) + or(check.timeout, 30)) * check.retries.unwrap_or(3);
        or(check.start_period, 0) + tests + Duration::from_mins(1)
    }

    /// That it does not stay up, why, and what it wrote last.
    fn down(&self, look: &dyn Look, why: String, view: Option<&ContainerView>) -> anyhow::Error {
        let mut problem = Problem::mac(format!("the container `{}` is not up", self.name)).why(why);
        problem.why.extend(view.map(|view| self.last_words(look, view)).unwrap_or_default());
        let command = format!("docker --host unix://{} logs --tail 100 {}", self.engine, self.name);
        problem.hint("all that it wrote:").remedy(command).into()
    }

    /// How what ran in it ended, and what it wrote last.
    pub(super) fn traces(&self, look: &dyn Look) -> Vec<String> {
        let view = look.container(&self.engine, &self.name).ok().and_then(Result::ok).flatten();
        let Some(view) = view else { return vec![] };
        let mut traces = vec![];
        if !view.error.is_empty() {
            traces.push(format!("the engine says: {}", view.error));
        }
        if view.stage != Stage::Running && view.started.is_some() {
            traces.push(format!("what ran in it ended with {}", view.exit_code));
        }
        traces.extend(self.last_words(look, &view));
        traces
    }

    fn last_words(&self, look: &dyn Look, view: &ContainerView) -> Vec<String> {
        let memory = view.out_of_memory.then(|| "the kernel ended it for want of memory".to_owned());
        let lines = look.container_log(&self.engine, &self.name, LINES, None).ok().and_then(Result::ok);
        let wrote =
            lines.into_iter().flatten().map(|line| format!("it wrote: {}", self.masked(look, &line.text)));
        memory.into_iter().chain(wrote).collect()
    }

    /// A line that it wrote, without the values of its secrets.
    fn masked(&self, look: &dyn Look, line: &str) -> String {
        let names = self.spec.environment.values().flat_map(Text::secrets);
        names.fold(line.to_owned(), |line, name| match look.read_text(&self.secrets.join(name.as_str())) {
            Ok(Some(value)) if !value.is_empty() => line.replace(&value, HIDDEN),
            _ => line,
        })
    }
}
