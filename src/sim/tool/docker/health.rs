use std::time::Duration;

use camino::Utf8PathBuf;

use super::{
    Inside,
    container::{interval, since},
    life::container,
};
use crate::{
    machine::engine::HealthStatus,
    sim::{Mac, clock::after},
};

/// How long a test may take, and how often it fails until a container counts as unhealthy, when nobody says otherwise.
const TIMEOUT: Duration = Duration::from_secs(30);
const RETRIES: u32 = 3;

/// Tests the health of a container (docs/service-facts.md#container-health).
pub(super) fn test(mac: &mut Mac, socket: &Utf8PathBuf, id: &str) {
    let now = mac.state.now;
    let Some(tested) = container(mac, socket, id) else { return };
    let player = tested.player;
    let Some(check) = tested.healthcheck().cloned() else { return };
    let argv = match check.test.split_first() {
        Some((how, script)) if how == "CMD-SHELL" => {
            ["/bin/sh".to_owned(), "-c".to_owned(), script.join(" ")].to_vec()
        }
        Some((_, argv)) => argv.to_vec(),
        None => return,
    };
    let (mut output, mut took) = player.exec(&mut Inside::of(mac, socket, id), &argv);
    let timeout = check.timeout.filter(|timeout| !timeout.is_zero()).unwrap_or(TIMEOUT);
    if took > timeout {
        took = timeout;
        output.code = -1;
        output.stdout = format!("Health check exceeded timeout ({}s)", timeout.as_secs_f64());
        output.stderr.clear();
    }
    let never = mac.state.faults.has(crate::sim::Fault::HealthNever);
    let Some(tested) = container(mac, socket, id) else { return };
    let ran = tested.started.map_or(Duration::ZERO, |at| since(at, now));
    let Some(health) = tested.health.as_mut() else { return };
    if never {
        output.code = 1;
    }
    health.last = Some((output.stdout + &output.stderr, output.code.into()));
    if output.code == 0 {
        health.status = HealthStatus::Healthy;
        health.failing = 0;
    } else if health.status != HealthStatus::Starting || ran >= check.start_period.unwrap_or_default() {
        health.failing += 1;
        if health.failing >= check.retries.filter(|retries| *retries > 0).unwrap_or(RETRIES).into() {
            health.status = HealthStatus::Unhealthy;
        }
    }
    tested.tested = Some(after(now, took + interval(&check)));
}
