use std::{
    fs::File,
    io::{BufRead, BufReader, ErrorKind, Read, Write},
    sync::Mutex,
};

use anyhow::{Result, bail};
use camino::{Utf8Path, Utf8PathBuf};

use crate::value::Problem;

/// The file that `--events` names: a line an event, made anew at the start of a run.
#[derive(Debug)]
pub struct EventFile {
    path: Utf8PathBuf,
    state: Mutex<State>,
}

#[derive(Debug)]
enum State {
    Open(File),
    Broken(Problem),
}

impl EventFile {
    /// Makes the file, emptying the events of an earlier run; a file that holds anything else is refused. Fails before
    /// anything is done, so that a run never lacks the record it was asked for.
    pub fn create(path: &Utf8Path) -> Result<Self> {
        let unwritable = |error: std::io::Error| {
            Problem::manifest(format!("the events file cannot be written: `{path}`"))
                .why(error.to_string())
                .hint("`--events` takes the path of a file in a folder that you can write to")
        };
        match path.metadata() {
            Ok(there) if there.is_file() && !holds_events(path).map_err(unwritable)? => bail!(
                Problem::manifest(format!("the events file is something else: `{path}`"))
                    .why("it is there, and holds no events of an earlier run")
                    .hint("`--events` takes the path of a new file, or of one that it has written before")
            ),
            Err(error) if error.kind() != ErrorKind::NotFound => bail!(unwritable(error)),
            _ => {}
        }
        let file = File::create(path).map_err(unwritable)?;
        Ok(Self { path: path.to_owned(), state: Mutex::new(State::Open(file)) })
    }

    /// Adds a line. A file that can no longer be written is given up: the run's own log on the node has the same lines,
    /// and a run is not stopped for its copy.
    pub fn line(&self, line: &str) {
        let Ok(mut state) = self.state.lock() else { return };
        let State::Open(file) = &mut *state else { return };
        if let Err(error) = writeln!(file, "{line}") {
            *state = State::Broken(
                Problem::mac(format!("the events file could not be written to its end: `{}`", self.path))
                    .why(error.to_string())
                    .hint("the run's own log has all events"),
            );
        }
    }

    /// Why it lacks events, if it does.
    pub fn broken(&self) -> Option<Problem> {
        match &*self.state.lock().ok()? {
            State::Open(_) => None,
            State::Broken(problem) => Some(problem.clone()),
        }
    }
}

/// Whether a file is empty, or begins like the events of a run: its first line is an object with `at` and `event`.
fn holds_events(path: &Utf8Path) -> std::io::Result<bool> {
    const LONGEST: u64 = 1 << 16;
    let mut first = vec![];
    BufReader::new(File::open(path)?.take(LONGEST)).read_until(b'\n', &mut first)?;
    let event = serde_json::from_slice::<serde_json::Value>(&first).unwrap_or_default();
    Ok(first.is_empty() || (event["at"].is_string() && event["event"].is_string()))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use tempfile::TempDir;

    use super::*;

    fn place() -> (TempDir, Utf8PathBuf) {
        let folder = TempDir::new().unwrap();
        let path = Utf8PathBuf::try_from(folder.path().join("run.jsonl")).unwrap();
        (folder, path)
    }

    #[test]
    fn events_of_an_earlier_run_are_replaced_and_nothing_else_is() {
        let (_folder, path) = place();
        let event = r#"{"at":"2026-05-04T10:20:30Z","event":"started"}"#;
        for before in [None, Some(""), Some(event)] {
            before.map_or(Ok(()), |before| fs::write(&path, before)).unwrap();
            EventFile::create(&path).unwrap().line(event);
            assert_eq!(fs::read_to_string(&path).unwrap(), format!("{event}\n"));
        }
        for before in ["forge: 1\nstack: lab\n", "{}\n", "\n", "[1]", "\"event\"", "\0\u{1}"] {
            fs::write(&path, before).unwrap();
            let refused = EventFile::create(&path).unwrap_err().to_string();
            assert_eq!(refused, format!("the events file is something else: `{path}`"));
            assert_eq!(fs::read_to_string(&path).unwrap(), before);
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_file_that_can_no_longer_be_written_says_so() {
        let full = EventFile::create(Utf8Path::new("/dev/full")).unwrap();
        assert!(full.broken().is_none());
        full.line("one");
        full.line("two");
        assert!(full.broken().unwrap().why[0].contains("No space left"));
    }
}
