use std::{
    io::{self, Read, Write},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use anyhow::{Context, Result};
use camino::Utf8Path;

use super::{
    host::kill_own,
    kept::{self, Opened},
    layout::Layout,
};
use crate::{
    machine::local::{
        Files, Last,
        offspring::{self, Begun, Locked, Start},
    },
    sim::{Spawn, tool::launchd},
};

/// From SIGTERM to SIGKILL when a supervisor itself is told to stop.
const GRACE: Duration = Duration::from_secs(5);

/// The longest that a keeper sleeps: others may have given launchd something to do meanwhile.
const LOOK: Duration = Duration::from_secs(1);

/// Looks after one process of launchd's: starts what `order` (a [`Spawn`] as JSON) asks for, tells `answer` its id in a
/// line, waits for its end, records that and lets launchd act on it. SIGTERM is passed on, and ends it all; so does the
/// removal of the folder.
pub fn supervise(folder: &Utf8Path, order: impl Read, mut answer: impl Write) -> Result<()> {
    // Not of the session of whoever asked launchd: closing a terminal does not end a job.
    nix::unistd::setsid().context("starting a session")?;
    let layout = kept::find(folder)?;
    let (begun, alive) = match begin(&layout, order) {
        Ok(begun) => begun,
        Err(error) => {
            writeln!(answer, "{error:#}")?;
            return Err(error);
        }
    };
    let pid = begun.pid();
    let stopping = Arc::new(AtomicBool::new(false));
    let ended = Arc::new(AtomicBool::new(false));
    let stop = {
        let (stopping, ended) = (stopping.clone(), ended.clone());
        move || {
            // Its id may be another's by now.
            if !ended.load(Ordering::SeqCst) {
                stopping.store(true, Ordering::SeqCst);
                offspring::end_group(pid, GRACE);
            }
        }
    };
    offspring::when_told_to_stop(stop.clone())?;
    offspring::when_gone(&layout.alive(pid), LOOK, stop);
    writeln!(answer, "{pid}")?;
    answer.flush()?;
    drop(answer);
    let status = begun.end()?;
    ended.store(true, Ordering::SeqCst);
    if kept::find(folder).is_err() {
        return Ok(());
    }
    offspring::put(&layout.ended(pid), status.to_string().as_bytes())?;
    drop(alive);
    if stopping.load(Ordering::SeqCst) {
        return Ok(());
    }
    // Opening lets launchd see that it has ended.
    Opened::open(layout.folder())?.close()
}

fn begin(layout: &Layout, order: impl Read) -> Result<(Begun, Locked)> {
    let spawn: Spawn = serde_json::from_reader(order).context("reading what to start")?;
    let files = layout.files().by(0);
    let host = |path: &Utf8Path| -> Result<_> {
        Ok(files.host(&files.locate(path, Last::Followed).with_context(|| format!("looking for `{path}`"))?))
    };
    let (program, arguments) = spawn.argv.split_first().context("no program")?;
    let output = |path: &Option<camino::Utf8PathBuf>| path.as_deref().map(host).transpose();
    let start = Start {
        program: host(Utf8Path::new(program))?,
        arguments: arguments.to_vec(),
        environment: spawn.environment,
        folder: host(spawn.directory.as_deref().unwrap_or(Utf8Path::new("/")))?,
        outputs: [output(&spawn.stdout)?, output(&spawn.stderr)?],
    };
    let begun = start.begin().with_context(|| format!("starting `{program}`"))?;
    let pid = begun.pid();
    match note(layout, pid) {
        Ok(Some(alive)) => Ok((begun, alive)),
        other => {
            offspring::signal_group(pid, 9);
            begun.end()?;
            other.with_context(|| format!("noting the process {pid}"))?;
            anyhow::bail!("the process {pid} is looked after already")
        }
    }
}

/// Notes whose a process is that was just started. A former one with its id may have left how it ended.
fn note(layout: &Layout, pid: u32) -> io::Result<Option<Locked>> {
    gone(Files::here().remove(&layout.ended(pid)))?;
    let began = offspring::began(pid).unwrap_or_default();
    offspring::put(&layout.began(pid), began.as_bytes())?;
    offspring::put(&layout.supervisor(pid), nix::unistd::getpid().to_string().as_bytes())?;
    offspring::try_lock(&layout.alive(pid))
}

/// Lets launchd act whenever something is due, until nothing is or somebody else does.
pub fn keep(folder: &Utf8Path) -> Result<()> {
    nix::unistd::setsid().context("starting a session")?;
    let layout = kept::find(folder)?;
    let Some(keeping) = offspring::try_lock(&layout.keeper())? else { return Ok(()) };
    let note = layout.jobs().join("keeper.supervisor");
    offspring::put(&note, nix::unistd::getpid().to_string().as_bytes())?;
    loop {
        if kept::find(layout.folder()).is_err() {
            return Ok(());
        }
        let opened = Opened::open(layout.folder())?;
        opened.save()?;
        // Nobody else works with the Mac while this is found out: what is due later finds no keeper and starts one.
        let Some(due) = launchd::due(&opened.mac.state) else {
            gone(Files::here().remove(&note))?;
            drop(keeping);
            return Ok(());
        };
        let left = Duration::try_from(due.duration_since(opened.mac.state.now)).unwrap_or_default();
        drop(opened);
        offspring::sleep(left.clamp(Duration::from_millis(5), LOOK));
    }
}

/// Starts a keeper unless there is one.
pub(super) fn start_keeper(layout: &Layout, forgectl: &Utf8Path) -> Result<()> {
    if offspring::try_lock(&layout.keeper())?.is_none() {
        return Ok(());
    }
    let target = format!("dir:{}", layout.folder());
    offspring::release(forgectl, &["sim", "supervise", &target]).context("starting a keeper for launchd")
}

/// Two may take the same note away at once.
fn gone(removed: io::Result<()>) -> io::Result<()> {
    match removed {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// Ends every real process of the Mac in a folder, whatever launchd thinks of it: before the folder is taken away.
pub fn end_all(folder: &Utf8Path) -> Result<()> {
    let layout = kept::find(folder)?;
    let _nobody_else = offspring::lock(&layout.lock())?;
    let files = Files::here();
    let names = files.list(&layout.jobs())?;
    for name in &names {
        let path = layout.jobs().join(name);
        if let Some(of) = name.strip_suffix(".supervisor") {
            let supervisor =
                files.read(&path).ok().and_then(|pid| String::from_utf8(pid).ok()?.trim().parse().ok());
            let alive = layout.jobs().join(format!("{of}.lock"));
            if let Some(supervisor) = supervisor
                && offspring::try_lock(&alive)?.is_none()
            {
                offspring::signal(supervisor, 15);
                // Held until the supervisor has ended, and with it the process.
                drop(offspring::lock(&alive)?);
            } else if let Ok(pid) = of.parse() {
                // Its supervisor was killed and left it.
                kill_own(&layout, pid);
            }
            gone(files.remove(&path))?;
        } else if let Some(pid) = name.strip_suffix(".lock").and_then(|pid| pid.parse().ok())
            && !names.contains(&format!("{pid}.supervisor"))
            && offspring::try_lock(&path)?.is_none()
        {
            // One that was started by hand. If let to end it would open the Mac, and launchd begin again.
            offspring::signal(pid, 9);
            drop(offspring::lock(&path)?);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_former_process_with_the_same_id_is_forgotten() {
        let folder = tempfile::tempdir().expect("a folder");
        let layout = Layout::of(Utf8Path::from_path(folder.path()).expect("UTF-8")).expect("short");
        Files::here().make_dir(&layout.jobs(), 0o700).expect("made");
        let pid = nix::unistd::getpid().as_raw().unsigned_abs();
        offspring::put(&layout.ended(pid), b"0").expect("a rest");
        let alive = note(&layout, pid).expect("noted").expect("nobody has it");
        assert_eq!(Files::here().stat(&layout.ended(pid)).expect("looked"), None);
        assert!(note(&layout, pid).expect("noted").is_none(), "it is looked after");
        drop(alive);
    }
}
