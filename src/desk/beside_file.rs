use std::{
    fs::File,
    io::{ErrorKind, Read},
    sync::Arc,
};

use anyhow::{Result, bail};
use camino::Utf8Path;

use crate::value::{Problem, Source, shell_word};

/// The most that a file may hold which a manifest names, in bytes: 1 MiB.
const LIMIT: u64 = 1 << 20;

/// Reads a file that a manifest names, once and whole; `None` where there is nothing. Its name is `path`.
pub fn read_beside(path: &Utf8Path) -> Result<Option<Arc<Source>>> {
    let unreadable = |why: &str| Problem::manifest(format!("the file cannot be read: `{path}`")).why(why);
    let mut bytes = vec![];
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            bail!(unreadable("permission denied").remedy(format!("ls -l {}", shell_word(path.as_str()))))
        }
        Err(error) => bail!(unreadable(&error.to_string())),
    };
    if file.metadata().is_ok_and(|about| about.is_dir()) {
        bail!(unreadable("it is a folder").hint("name the file in it"));
    }
    if let Err(error) = file.take(LIMIT + 1).read_to_end(&mut bytes) {
        bail!(unreadable(&error.to_string()));
    }
    if bytes.len() as u64 > LIMIT {
        bail!(unreadable("it has more than 1 MiB").hint("is it the right file?"));
    }
    match String::from_utf8(bytes) {
        Ok(text) if !text.contains('\0') => Ok(Some(Source::new(path.as_str(), text))),
        _ => bail!(unreadable("it is no text in UTF-8").hint("is it the right file?")),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use tempfile::TempDir;

    use super::*;

    #[test]
    fn a_file_is_read_and_one_that_is_none_is_named() {
        let folder = TempDir::new().unwrap();
        let folder = Utf8Path::from_path(folder.path()).unwrap();
        let path = folder.join("app.yaml");
        assert!(read_beside(&path).unwrap().is_none());
        fs::write(&path, "services: {}\n").unwrap();
        let source = read_beside(&path).unwrap().unwrap();
        assert_eq!((source.name(), source.text()), (path.as_str(), "services: {}\n"));
        for (content, why) in
            [(&b"a\xff"[..], "no text"), (b"a\0", "no text"), (&vec![b'#'; (1 << 20) + 1], "1 MiB")]
        {
            fs::write(&path, content).unwrap();
            let problem = Problem::from_error(&read_beside(&path).unwrap_err());
            assert_eq!(problem.what, format!("the file cannot be read: `{path}`"));
            assert!(problem.why[0].contains(why), "{problem:?}");
        }
        assert!(Problem::from_error(&read_beside(folder).unwrap_err()).why[0].contains("folder"));
    }
}
