use std::{fs::File, io::Write, sync::Mutex};

use anyhow::Result;
use camino::Utf8Path;

use crate::value::Problem;

/// The file that `--events` names: a line an event, made anew at the start of a run.
#[derive(Debug)]
pub struct EventFile {
    file: Mutex<File>,
}

impl EventFile {
    /// Makes the file, emptying one that is there. Fails before anything is done, so that a run never lacks the
    /// record it was asked for.
    pub fn create(path: &Utf8Path) -> Result<Self> {
        let file = File::create(path).map_err(|error| {
            Problem::manifest(format!("the events file cannot be written: `{path}`"))
                .why(error.to_string())
                .hint("`--events` takes the path of a file in a folder that you can write to")
        })?;
        Ok(Self { file: Mutex::new(file) })
    }

    /// Adds a line. A file that can no longer be written is given up silently: the run's own log on the node has
    /// the same lines, and a run is not stopped for its copy.
    pub fn line(&self, line: &str) {
        if let Ok(mut file) = self.file.lock() {
            let _ = writeln!(file, "{line}");
        }
    }
}
