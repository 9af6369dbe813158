use std::{
    fs::{self, File},
    io::{self, ErrorKind, Read},
    sync::Arc,
};

use anyhow::{Result, bail};
use camino::Utf8Path;

use super::own_file;
use crate::value::{Problem, Source, shell_word};

/// The most that a lock may hold, in bytes: 8 MiB. Every file of every package of some environments is a tenth of that.
const LIMIT: u64 = 8 << 20;

/// Permission bits of a new one, as far as the umask leaves them: it is read by whoever reads the manifest.
const MODE: u32 = 0o644;

/// Reads the lock at `path`, if there is one.
pub fn read_lock_file(path: &Utf8Path) -> Result<Option<Arc<Source>>> {
    let bytes = match read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == ErrorKind::NotFound && !is_link(path) => return Ok(None),
        Err(error) => {
            let why = match error.kind() {
                ErrorKind::NotFound => "it is a link to nothing".to_owned(),
                _ => error.to_string(),
            };
            bail!(
                Problem::manifest(format!("the lock cannot be read: `{path}`"))
                    .why(why)
                    .hint("nothing was changed; what is there:")
                    .remedy(format!("ls -l {}", shell_word(path.as_str())))
            );
        }
    };
    let problem = |why: &str| Problem::manifest(format!("the lock is damaged: `{path}`")).why(why);
    if bytes.len() as u64 > LIMIT {
        bail!(problem("it has more than 8 MiB"));
    }
    match String::from_utf8(bytes) {
        Ok(text) => Ok(Some(Source::new(path.as_str(), text))),
        Err(_) => bail!(problem("it is no text in UTF-8")),
    }
}

fn is_link(path: &Utf8Path) -> bool {
    fs::symlink_metadata(path).is_ok()
}

fn read(path: &Utf8Path) -> io::Result<Vec<u8>> {
    // A pipe would wait for somebody to write.
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::other("it is no file"));
    }
    let mut bytes = vec![];
    File::open(path)?.take(LIMIT + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Puts `text` into the lock at `path`, whole or not at all and synced, a link's target in its stead. The answer is `false`, and
/// nothing is written, where it does not hold what it held `before`: `None` for not being there.
pub fn put_lock_file(path: &Utf8Path, before: Option<&str>, text: &str) -> Result<bool> {
    let same = |content: Option<&[u8]>| content == before.map(str::as_bytes);
    own_file::put(path, text, MODE, same).map_err(|error| {
        Problem::manifest(format!("the lock cannot be written: `{path}`")).why(error.to_string()).into()
    })
}

/// Whether the manifest at `path` is a file that a lock can lie beside, and not a pipe.
pub fn is_file(path: &Utf8Path) -> bool {
    fs::metadata(path).is_ok_and(|there| there.is_file())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use camino::Utf8PathBuf;
    use tempfile::TempDir;

    use super::*;

    fn place() -> (TempDir, Utf8PathBuf) {
        let folder = TempDir::new().unwrap();
        let path = Utf8PathBuf::try_from(folder.path().join("stack.lock")).unwrap();
        (folder, path)
    }

    fn text(path: &Utf8Path) -> Option<String> {
        read_lock_file(path).unwrap().map(|source| source.text().to_owned())
    }

    #[test]
    fn what_was_put_there_is_read_and_others_may_read_it_too() {
        let (folder, path) = place();
        assert_eq!(text(&path), None);
        assert!(put_lock_file(&path, None, "one").unwrap());
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o644);
        assert!(put_lock_file(&path, Some("one"), "two").unwrap());
        assert_eq!(text(&path).as_deref(), Some("two"));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
    }

    #[test]
    fn what_somebody_else_has_written_since_stays() {
        let (_folder, path) = place();
        fs::write(&path, "theirs").unwrap();
        for before in [None, Some("ours")] {
            assert!(!put_lock_file(&path, before, "two").unwrap());
            assert_eq!(text(&path).as_deref(), Some("theirs"));
        }
        fs::remove_file(&path).unwrap();
        assert!(!put_lock_file(&path, Some("ours"), "two").unwrap());
        assert_eq!(text(&path), None);
    }

    #[test]
    fn a_link_stays_one_and_what_it_leads_to_is_replaced() {
        let (folder, path) = place();
        let target = folder.path().join("kept/elsewhere");
        fs::create_dir(folder.path().join("kept")).unwrap();
        symlink("kept/elsewhere", &path).unwrap();
        let problem = Problem::from_error(&read_lock_file(&path).unwrap_err());
        assert_eq!(problem.why, ["it is a link to nothing"]);
        fs::write(&target, "one").unwrap();
        fs::set_permissions(&target, fs::Permissions::from_mode(0o600)).unwrap();
        assert!(put_lock_file(&path, Some("one"), "two").unwrap());
        assert_eq!(fs::read_to_string(&target).unwrap(), "two");
        assert_eq!(fs::metadata(&target).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(fs::symlink_metadata(&path).unwrap().is_symlink());
    }

    #[test]
    fn what_is_no_lock_is_refused_by_name() {
        let (folder, path) = place();
        let refused = |path: &Utf8Path| Problem::from_error(&read_lock_file(path).unwrap_err());
        fs::write(&path, b"\xff\xfe").unwrap();
        assert_eq!(refused(&path).why, ["it is no text in UTF-8"]);
        let too_large = Utf8PathBuf::try_from(folder.path().join("large.lock")).unwrap();
        File::create(&too_large).unwrap().set_len(LIMIT + 1).unwrap();
        assert_eq!(refused(&too_large).why, ["it has more than 8 MiB"]);
        let is_folder = refused(Utf8Path::from_path(folder.path()).unwrap());
        assert_eq!(is_folder.why, ["it is no file"]);
        let nowhere = put_lock_file(&path.join("stack.lock"), None, "one").unwrap_err();
        assert!(nowhere.to_string().contains("cannot be written"), "{nowhere}");
    }
}
