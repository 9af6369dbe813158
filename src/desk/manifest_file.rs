use std::{
    fs::File,
    io::{self, ErrorKind, Read},
    sync::Arc,
};

use anyhow::{Result, bail};
use camino::Utf8Path;

use crate::value::{Problem, Source};

/// The most that a manifest may hold, in bytes: 1 MiB.
const LIMIT: u64 = 1 << 20;

/// The most that another file may hold which is given in a manifest's place: 16 MiB.
const OTHER_LIMIT: u64 = 16 << 20;

/// Reads the manifest at `path` once and whole; `-` reads standard input. Its name is the path as the person
/// typed it, or `(standard input)`.
pub fn read_manifest(path: &Utf8Path) -> Result<Arc<Source>> {
    read_manifest_or(path, |_| false)
}

/// The same where the file may be another one, which its first bytes tell `is_other` and which may be larger.
pub fn read_manifest_or(path: &Utf8Path, is_other: impl Fn(&[u8]) -> bool) -> Result<Arc<Source>> {
    let (name, bytes) = if path == "-" {
        ("(standard input)", read_some(io::stdin().lock(), &is_other))
    } else {
        (path.as_str(), open(path).and_then(|file| read_some(file, &is_other)))
    };
    let bytes = bytes.map_err(|error| unreadable(path, &error))?;
    if bytes.len() as u64 > LIMIT && !(is_other(&bytes) && bytes.len() as u64 <= OTHER_LIMIT) {
        bail!(
            Problem::manifest(format!("the manifest is too large: `{name}`"))
                .why("it has more than 1 MiB; a manifest has a few kilobytes")
                .hint("is it the right file?")
        );
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        Problem::manifest(format!("the manifest is not UTF-8: `{name}`"))
            .why(format!("byte {} cannot be read as text", error.utf8_error().valid_up_to() + 1))
            .remedy(format!("iconv -f ISO-8859-1 -t UTF-8 {name} > stack-utf8.yaml"))
    })?;
    if text.trim().is_empty() {
        bail!(
            Problem::manifest(format!("the manifest is empty: `{name}`"))
                .hint("the shortest one has two lines: `forge: 1` and `stack: NAME`")
        );
    }
    Ok(Source::new(name, text))
}

/// A folder can be opened like a file on some systems, and fails only when read; a pipe is fine.
fn open(path: &Utf8Path) -> io::Result<File> {
    let file = File::open(path)?;
    if file.metadata()?.is_dir() { Err(ErrorKind::IsADirectory.into()) } else { Ok(file) }
}

fn read_some(mut from: impl Read, is_other: impl Fn(&[u8]) -> bool) -> io::Result<Vec<u8>> {
    let mut bytes = vec![];
    from.by_ref().take(LIMIT + 1).read_to_end(&mut bytes)?;
    if is_other(&bytes) {
        from.take(OTHER_LIMIT - LIMIT).read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}

fn unreadable(path: &Utf8Path, error: &io::Error) -> Problem {
    match error.kind() {
        ErrorKind::NotFound => Problem::manifest(format!("there is no manifest: `{path}`"))
            .hint("name the file that describes the stack, or `-` for standard input"),
        ErrorKind::IsADirectory => {
            Problem::manifest(format!("the manifest is a folder: `{path}`")).hint("name the file in it")
        }
        ErrorKind::PermissionDenied => Problem::manifest(format!("the manifest cannot be read: `{path}`"))
            .why("permission denied")
            .remedy(format!("ls -l {path}")),
        _ => Problem::manifest(format!("the manifest cannot be read: `{path}`")).why(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use camino::Utf8PathBuf;
    use tempfile::TempDir;

    use super::*;

    fn file(content: &[u8]) -> (TempDir, Utf8PathBuf) {
        let folder = TempDir::new().unwrap();
        let path = Utf8PathBuf::try_from(folder.path().join("stack.yaml")).unwrap();
        fs::write(&path, content).unwrap();
        (folder, path)
    }

    fn problem(content: &[u8]) -> Problem {
        Problem::from_error(&read_manifest(&file(content).1).unwrap_err())
    }

    #[test]
    fn a_manifest_is_known_by_the_name_it_was_given() {
        let (_folder, path) = file(b"forge: 1\nstack: lab\n");
        let source = read_manifest(&path).unwrap();
        assert_eq!((source.name(), source.text()), (path.as_str(), "forge: 1\nstack: lab\n"));
    }

    #[test]
    fn what_is_no_manifest_is_named_with_what_to_do() {
        let folder = TempDir::new().unwrap();
        let folder = Utf8Path::from_path(folder.path()).unwrap();
        let gone = Problem::from_error(&read_manifest(&folder.join("gone.yaml")).unwrap_err());
        assert!(gone.what.starts_with("there is no manifest: `") && !gone.hints.is_empty(), "{gone:?}");
        let is_folder = Problem::from_error(&read_manifest(folder).unwrap_err());
        assert_eq!(is_folder.what, format!("the manifest is a folder: `{folder}`"));
        let empty = problem(b" \n\n");
        assert!(empty.what.starts_with("the manifest is empty: `"), "{empty:?}");
        let latin = problem(b"stack: caf\xe9\n");
        assert_eq!(latin.why, ["byte 11 cannot be read as text"]);
    }

    #[test]
    fn one_mebibyte_is_read_and_one_byte_more_is_not() {
        let mut text = vec![b'#'; 1 << 20];
        let (_folder, path) = file(&text);
        assert_eq!(read_manifest(&path).unwrap().text().len(), 1 << 20);
        text.push(b'#');
        assert!(problem(&text).what.starts_with("the manifest is too large"));
    }
}
