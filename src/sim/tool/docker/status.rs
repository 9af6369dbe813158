use std::time::Duration;

use jiff::Timestamp;

use super::container::{Container, since};
use crate::machine::engine::{HealthStatus, Stage};

/// How a container stands, in the words of `docker ps`.
pub(super) fn status(container: &Container, now: Timestamp) -> String {
    let ago = |at: Option<Timestamp>| lasting(at.map_or(Duration::ZERO, |at| since(at, now)));
    let up = || format!("Up {}", ago(container.started));
    match container.stage {
        Stage::Created => "Created".to_owned(),
        Stage::Running => match container.health.as_ref().map(|health| health.status) {
            Some(HealthStatus::Starting) => format!("{} (health: starting)", up()),
            Some(HealthStatus::Healthy) => format!("{} (healthy)", up()),
            Some(HealthStatus::Unhealthy) => format!("{} (unhealthy)", up()),
            None => up(),
        },
        Stage::Paused => format!("{} (Paused)", up()),
        Stage::Restarting => format!("Restarting ({}) {} ago", container.exit_code, ago(container.finished)),
        Stage::Removing => "Removal In Progress".to_owned(),
        Stage::Exited => format!("Exited ({}) {} ago", container.exit_code, ago(container.finished)),
        Stage::Dead => "Dead".to_owned(),
    }
}

/// A time as Docker tells it.
pub(super) fn lasting(time: Duration) -> String {
    let (seconds, minutes, hours) = (time.as_secs(), time.as_secs() / 60, time.as_secs() / 3600);
    match (seconds, minutes, hours) {
        (0, ..) => "Less than a second".to_owned(),
        (1, ..) => "1 second".to_owned(),
        (2..60, ..) => format!("{seconds} seconds"),
        (_, 1, _) => "About a minute".to_owned(),
        (_, 2..60, _) => format!("{minutes} minutes"),
        (.., 1) => "About an hour".to_owned(),
        (.., 2..48) => format!("{hours} hours"),
        (.., 48..336) => format!("{} days", hours / 24),
        (.., 336..1440) => format!("{} weeks", hours / 168),
        (.., 1440..17520) => format!("{} months", hours / 720),
        _ => format!("{} years", hours / 8760),
    }
}
