use std::time::Duration;

use jiff::Timestamp;

use super::{Download, server, trouble};
use crate::sim::{Mac, Program, clock::after};

/// Bits in a byte times nanoseconds in a second.
const SCALE: u128 = 8_000_000_000;

/// A download on the Mac's line: of which server, of which blob, and itself.
type Flowing = (u32, String, Download);

/// Lets what is being fetched come until `until`: all downloads share the Mac's line.
pub(in crate::sim) fn flow(mac: &mut Mac, until: Timestamp) {
    let mut all = take(mac);
    if all.is_empty() {
        return;
    }
    let begun = mac.state.now;
    while mac.state.now < until && all.iter().any(|(.., download)| download.end.is_none()) {
        let now = mac.state.now;
        let sharing = sharing(&all, now);
        let events =
            all.iter().filter_map(|(.., download)| event(download, now, mac.state.bandwidth, sharing));
        let next = events.min().unwrap_or(until).min(until);
        let bytes = come(mac.state.bandwidth, duration(now, next), sharing);
        mac.state.now = next;
        for (pid, _, download) in all.iter_mut().filter(|(.., download)| download.end.is_none()) {
            if download.flows(now) {
                let before = download.completed();
                if let Err(error) = download.take(mac.disk.as_mut(), bytes, next) {
                    download.cannot_write(&error);
                }
                mac.state.meter.downloaded += download.completed().saturating_sub(before);
            }
            happen(mac, *pid, download);
        }
        all.retain(|(pid, ..)| server(mac, *pid).is_some());
    }
    mac.state.now = begun;
    mac.measure();
    for (pid, digest, download) in all {
        if let Some(server) = server(mac, pid) {
            server.pulls.downloads.insert(digest, download);
        }
    }
}

/// When so much of a download has come that something happens to it, all sharing as they do now.
pub(super) fn next(mac: &mut Mac, pid: u32, digest: &str) -> Option<Timestamp> {
    let all = take(mac);
    let (now, bandwidth) = (mac.state.now, mac.state.bandwidth);
    let sharing = sharing(&all, now).max(1);
    let one = all.iter().find(|(at, name, _)| *at == pid && name == digest);
    let found = one.and_then(|(.., download)| {
        let begins = download.pause.map_or(now, |pause| pause.max(now));
        event(download, begins, bandwidth, sharing)
    });
    for (pid, digest, download) in all {
        if let Some(server) = server(mac, pid) {
            server.pulls.downloads.insert(digest, download);
        }
    }
    found
}

fn take(mac: &mut Mac) -> Vec<Flowing> {
    let mut all = vec![];
    for (pid, process) in &mut mac.state.processes {
        if let Program::Ollama(server) = &mut process.program {
            let downloads = std::mem::take(&mut server.pulls.downloads);
            all.extend(downloads.into_iter().map(|(digest, download)| (*pid, digest, download)));
        }
    }
    all
}

fn sharing(all: &[Flowing], now: Timestamp) -> u64 {
    all.iter().filter(|(.., download)| download.flows(now)).count() as u64
}

/// When something happens to a download.
fn event(download: &Download, now: Timestamp, bandwidth: u64, sharing: u64) -> Option<Timestamp> {
    if download.end.is_some() {
        return None;
    }
    if let Some(pause) = download.pause.filter(|pause| *pause > now) {
        return Some(pause);
    }
    let needed = u128::from(download.until_event()) * SCALE * u128::from(sharing.max(1));
    let nanoseconds = needed.div_ceil(u128::from(bandwidth.max(1)));
    Some(after(now, Duration::from_nanos(u64::try_from(nanoseconds).unwrap_or(u64::MAX))))
}

/// Bytes that come to each of so many.
fn come(bandwidth: u64, time: Duration, sharing: u64) -> u64 {
    let bytes = u128::from(bandwidth) * time.as_nanos() / SCALE / u128::from(sharing.max(1));
    u64::try_from(bytes).unwrap_or(u64::MAX)
}

fn duration(from: Timestamp, to: Timestamp) -> Duration {
    Duration::try_from(to.duration_since(from)).unwrap_or_default()
}

/// What is due for a download now.
fn happen(mac: &mut Mac, pid: u32, download: &mut Download) {
    let now = mac.state.now;
    if download.end.is_some() || download.pause.is_some_and(|until| until > now) {
        return;
    }
    download.pause = None;
    if let Some(why) = download.failing.take() {
        download.end = Some(Err(why));
    } else if download.trouble.is_some_and(|(at, _)| at <= download.completed()) {
        download.blow = trouble::strike(mac, pid, download, now).or(download.blow.take());
    }
    if download.end.is_none() && download.pause.is_none() && download.completed() == download.total() {
        download.end = Some(download.finish(mac.disk.as_mut(), now));
    }
}
