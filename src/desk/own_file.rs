use std::{
    fs::{self, Permissions},
    io::{self, ErrorKind, Write},
    os::unix::fs::PermissionsExt,
};

use anyhow::Result;
use camino::{Utf8Path, Utf8PathBuf};

use crate::value::Problem;

/// Puts `text` into the file at `path`, whole or not at all. Where something is there already it is replaced if `may_replace`
/// says so of its content, a link's target in its stead; otherwise it stays, and the answer is `false`.
pub fn put_file(path: &Utf8Path, text: &str, may_replace: impl FnOnce(&[u8]) -> bool) -> Result<bool> {
    put(path, text, 0o666, |there| there.is_none_or(may_replace)).map_err(|error| {
        let problem = Problem::manifest(format!("the file cannot be written: `{path}`"));
        if error.kind() == ErrorKind::IsADirectory {
            return problem.why("it is a folder").hint("name the file in it").into();
        }
        let gone = path.parent().filter(|folder| !folder.as_str().is_empty() && !folder.exists());
        let why = gone.map_or_else(|| error.to_string(), |folder| format!("there is no folder `{folder}`"));
        problem.why(why).hint("it has to lie in a folder that you can write to").into()
    })
}

/// The same where `may` is asked also of there being nothing; a new file has the bits of `mode` that the umask leaves.
pub(super) fn put(
    path: &Utf8Path,
    text: &str,
    mode: u32,
    may: impl FnOnce(Option<&[u8]>) -> bool,
) -> io::Result<bool> {
    let there = match fs::read(path) {
        Ok(content) => Some(content),
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    if !may(there.as_deref()) {
        return Ok(false);
    }
    let (place, mode) = match &there {
        Some(_) => (fs::canonicalize(path)?, fs::metadata(path)?.permissions().mode()),
        None => (path.into(), mode),
    };
    let folder = place.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(".".as_ref());
    let mut file = tempfile::Builder::new().permissions(Permissions::from_mode(mode)).tempfile_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    if there.is_some() {
        file.persist(&place)?;
    } else if let Err(error) = file.persist_noclobber(&place) {
        return if error.error.kind() == ErrorKind::AlreadyExists { Ok(false) } else { Err(error.error) };
    }
    fs::File::open(folder)?.sync_all()?;
    Ok(true)
}

/// `path` from the root on, as it is written; nothing has to be there.
pub fn absolute(path: &Utf8Path) -> Result<Utf8PathBuf> {
    let absolute = camino::absolute_utf8(path);
    Ok(absolute.map_err(|error| {
        Problem::manifest(format!("it cannot be told where this is: `{path}`")).why(error.to_string())
    })?)
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    #[test]
    fn a_file_is_replaced_only_if_its_content_may_be() {
        let folder = TempDir::new().unwrap();
        let path = Utf8PathBuf::from_path_buf(folder.path().join("plan.json")).unwrap();
        let says = || fs::read_to_string(&path).unwrap();
        assert!(put_file(&path, "one", |_| false).unwrap());
        assert!(!put_file(&path, "two", |content| content == b"other").unwrap());
        assert_eq!(says(), "one");
        assert!(put_file(&path, "two", |content| content == b"one").unwrap());
        assert_eq!(says(), "two");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
    }

    #[test]
    fn behind_a_link_the_file_is_replaced_with_its_mode_and_the_link_stays() {
        let folder = TempDir::new().unwrap();
        let path = |name: &str| Utf8PathBuf::from_path_buf(folder.path().join(name)).unwrap();
        fs::write(path("file"), "one").unwrap();
        fs::set_permissions(path("file"), Permissions::from_mode(0o600)).unwrap();
        std::os::unix::fs::symlink("file", path("link")).unwrap();
        assert!(put_file(&path("link"), "two", |_| true).unwrap());
        assert_eq!(fs::read_to_string(path("file")).unwrap(), "two");
        assert_eq!(fs::metadata(path("file")).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(fs::symlink_metadata(path("link")).unwrap().is_symlink());
    }

    #[test]
    fn what_cannot_be_written_is_named() {
        let folder = TempDir::new().unwrap();
        let folder = Utf8Path::from_path(folder.path()).unwrap();
        for path in [folder.to_owned(), folder.join("no/such/file")] {
            let error = put_file(&path, "text", |_| true).unwrap_err();
            assert!(error.to_string().contains(&format!("`{path}`")), "{error}");
        }
    }
}
