use std::{io, time::Duration};

use jiff::Timestamp;

use super::download::{Download, TRIES};
use crate::sim::{Content, Fault, Mac, clock::after};

/// A blob under so many bytes comes at once, and nothing goes wrong with it.
const LARGE: u64 = 1_000_000;

/// How long a part may be silent until it is asked for anew.
const STALLED: Duration = Duration::from_secs(30);

/// What goes wrong with a download that is under way.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Trouble {
    Cut,
    NetworkGone,
    Stall,
    Other,
    Full,
    ServerKilled,
    Interrupted,
    Killed,
}

/// Something that happens to forgectl while it waits for an answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::sim) enum Blow {
    /// The person asks it to stop.
    Interrupted,
    /// It is killed.
    Killed,
}

const FAULTS: [(Fault, Trouble); 8] = [
    (Fault::PullCut, Trouble::Cut),
    (Fault::PullNetworkGone, Trouble::NetworkGone),
    (Fault::PullStalls, Trouble::Stall),
    (Fault::PullOther, Trouble::Other),
    (Fault::DiskFull, Trouble::Full),
    (Fault::PullServerKilled, Trouble::ServerKilled),
    (Fault::PullInterrupted, Trouble::Interrupted),
    (Fault::PullKilled, Trouble::Killed),
];

/// Lets what is armed go wrong once a third of what is missing has come.
pub(super) fn arm(mac: &mut Mac, download: &mut Download) {
    let missing = download.total().saturating_sub(download.completed());
    if download.content.size() < LARGE || missing == 0 {
        return;
    }
    let found = FAULTS.iter().find(|(fault, _)| mac.state.faults.take(*fault));
    download.trouble = found.map(|(_, trouble)| (download.completed() + missing / 3, *trouble));
}

/// What becomes of a download when its trouble comes. Says what happens to others.
pub(super) fn strike(mac: &mut Mac, pid: u32, download: &mut Download, now: Timestamp) -> Option<Blow> {
    let (_, trouble) = download.trouble.take()?;
    let disk = mac.disk.as_mut();
    match trouble {
        Trouble::Cut => {
            // What has come is kept, and the next try goes on from there (docs/mac-facts.md#ollama-pull-retries).
            download.tries += 1;
            if let Err(error) = download.note_all(disk, now) {
                download.cannot_write(&error);
            } else {
                // It waits after the last try too.
                download.pause = Some(after(now, Duration::from_secs(1 << (download.tries - 1))));
                if download.tries == TRIES {
                    download.failing = Some("max retries exceeded: unexpected EOF".to_owned());
                } else {
                    arm(mac, download);
                }
            }
        }
        Trouble::NetworkGone => {
            if let Err(error) = download.note_all(disk, now) {
                download.cannot_write(&error);
                return None;
            }
            let host = &download.host;
            let tries = Duration::from_secs((1 << TRIES) - 1);
            download.pause = Some(after(now, STALLED + tries));
            let why = format!(
                "max retries exceeded: Get \"https://{host}/\": dial tcp: lookup {host}: no such host"
            );
            download.failing = Some(why);
        }
        Trouble::Stall => {
            download.pause = Some(after(now, STALLED));
            arm(mac, download);
        }
        Trouble::Other => {
            download.content = match &download.content {
                Content::Made { size, seed } => Content::Made { size: *size, seed: !seed },
                other => Content::Made { size: other.size(), seed: 0 },
            };
        }
        Trouble::Full => download.cannot_write(&io::ErrorKind::StorageFull.into()),
        Trouble::ServerKilled => {
            mac.kill_process(pid, 9);
        }
        Trouble::Interrupted => return Some(Blow::Interrupted),
        Trouble::Killed => return Some(Blow::Killed),
    }
    None
}
