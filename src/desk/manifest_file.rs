use std::{
    fs::File,
    io::{self, ErrorKind, Read},
    sync::Arc,
};

use anyhow::{Result, bail};
use camino::Utf8Path;

use crate::value::{Problem, Source, shell_word};

/// The most that a manifest may hold, in bytes: 1 MiB.
const LIMIT: u64 = 1 << 20;

/// The most that another file may hold which is given in a manifest's place: 16 MiB.
const OTHER_LIMIT: u64 = 16 << 20;

const STANDARD_INPUT: &str = "(standard input)";

/// Reads the manifest at `path` once and whole; `-` reads standard input. Its name is the path as the person
/// typed it, or `(standard input)`.
pub fn read_manifest(path: &Utf8Path) -> Result<Arc<Source>> {
    read_manifest_or(path, |_| false)
}

/// The same where the file may be another one, which its first bytes tell `is_other` and which may be larger.
pub fn read_manifest_or(path: &Utf8Path, is_other: impl Fn(&[u8]) -> bool) -> Result<Arc<Source>> {
    let (name, bytes) = if path == "-" {
        (STANDARD_INPUT, read_some(io::stdin().lock(), &is_other))
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
    let text = String::from_utf8(bytes).map_err(|error| not_text(name, error.as_bytes()))?;
    if text.contains('\0') {
        bail!(not_text(name, text.as_bytes()));
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

/// What to say of bytes that are no UTF-8, or that hold the zero that no text has.
fn not_text(name: &str, bytes: &[u8]) -> Problem {
    let from = |encoding: &str, problem: Problem| match name {
        STANDARD_INPUT => problem,
        _ => problem.remedy(format!("iconv -f {encoding} -t UTF-8 {} > stack-utf8.yaml", shell_word(name))),
    };
    // Of a text in UTF-16 every other byte is zero where it is ASCII, as YAML's own signs are.
    let zeros = |at: usize| bytes.iter().skip(at).step_by(2).filter(|byte| **byte == 0).count();
    let half = (bytes.len() / 4).max(1);
    let utf_16 = match bytes {
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => Some("UTF-16"),
        _ if zeros(1) > half && zeros(0) == 0 => Some("UTF-16LE"),
        _ if zeros(0) > half && zeros(1) == 0 => Some("UTF-16BE"),
        _ => None,
    };
    if let Some(encoding) = utf_16 {
        return from(encoding, Problem::manifest(format!("the manifest is UTF-16, not UTF-8: `{name}`")));
    }
    if bytes.contains(&0) {
        return Problem::manifest(format!("the manifest is no text: `{name}`"))
            .hint("a manifest is a text file in UTF-8; is it the right file?");
    }
    let valid = std::str::from_utf8(bytes).err().map_or(bytes.len(), |error| error.valid_up_to());
    let problem = Problem::manifest(format!("the manifest is not UTF-8: `{name}`"))
        .why(format!("byte {} cannot be read as text", valid + 1));
    from("ISO-8859-1", problem)
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
            .remedy(format!("ls -l {}", shell_word(path.as_str()))),
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
    }

    #[test]
    fn another_encoding_is_told_with_the_command_that_leads_out_of_it() {
        let latin = problem(b"stack: caf\xe9\n");
        assert_eq!(latin.why, ["byte 11 cannot be read as text"]);
        assert!(latin.remedy[0].starts_with("iconv -f ISO-8859-1 -t UTF-8 "), "{latin:?}");
        for content in [&b"\xff\xfef\0o\0r\0g\0e\0"[..], b"\xfe\xff\0f\0o", b"f\0o\0r\0g\0e\0:\0 \x001\0\n\0"]
        {
            let utf_16 = problem(content);
            assert!(utf_16.what.starts_with("the manifest is UTF-16, not UTF-8: `"), "{utf_16:?}");
            assert!(utf_16.remedy[0].starts_with("iconv -f UTF-16"), "{utf_16:?}");
        }
    }

    #[test]
    fn what_is_no_text_is_not_to_be_made_one() {
        for content in [
            &b"\x7fELF\x02\x01\x01\0\0\0\xe9\x90"[..],
            b"PK\x03\x04\x14\0\x08stack",
            b"forge: 1\0",
            b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
        ] {
            let binary = problem(content);
            assert!(binary.what.starts_with("the manifest is no text: `"), "{binary:?}");
            assert_eq!(binary.remedy, Vec::<String>::new());
        }
    }

    #[test]
    fn a_path_with_a_blank_stays_one_word_of_the_command() {
        assert_eq!(
            not_text("my lab.yaml", b"caf\xe9").remedy,
            ["iconv -f ISO-8859-1 -t UTF-8 'my lab.yaml' > stack-utf8.yaml"]
        );
        assert_eq!(not_text(STANDARD_INPUT, b"caf\xe9").remedy, Vec::<String>::new());
    }

    #[test]
    fn what_may_not_be_read_is_named_with_whose_it_is() {
        let problem = unreadable(Utf8Path::new("my stack.yaml"), &ErrorKind::PermissionDenied.into());
        assert_eq!(problem.what, "the manifest cannot be read: `my stack.yaml`");
        assert_eq!(
            (problem.why, problem.remedy),
            (vec!["permission denied".into()], vec!["ls -l 'my stack.yaml'".into()])
        );
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
