//! Where a path of the Mac lies on this machine.

use std::{fs, io};

use camino::{Utf8Path, Utf8PathBuf};

/// What to do with a link at the end of a path; links before it are always followed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Last {
    /// Go on to what it points to, there or not.
    Followed,
    /// Stay at the link itself.
    Kept,
}

/// Links followed for one path before it counts as a circle, as on macOS (`MAXSYMLINKS`).
const MOST_LINKS: u32 = 32;

/// The folder of this machine that is `/` of the Mac; on the Mac itself `/`.
#[derive(Clone, Debug)]
pub(super) struct Root(Utf8PathBuf);

impl Root {
    pub(super) fn new(folder: &Utf8Path) -> Self {
        Self(folder.to_owned())
    }

    pub(super) fn folder(&self) -> &Utf8Path {
        &self.0
    }

    /// Where `path` lies, which must have come from [`Root::resolve`].
    pub(super) fn host(&self, path: &Utf8Path) -> Utf8PathBuf {
        self.0.join(path.strip_prefix("/").unwrap_or(path))
    }

    /// `path` without links, `.` and `..`, still as the Mac writes it. Its last name need not be there.
    /// An absolute link starts again at the root and `..` ends there, so nothing leads out. `enter` is asked for every folder passed.
    pub(super) fn resolve(
        &self,
        path: &Utf8Path,
        last: Last,
        enter: &dyn Fn(&Utf8Path) -> io::Result<()>,
    ) -> io::Result<Utf8PathBuf> {
        if !path.is_absolute() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "not an absolute path"));
        }
        let mut done = Utf8PathBuf::from("/");
        let mut rest = parts(path);
        let mut links = 0;
        while let Some(part) = rest.pop() {
            enter(&done)?;
            if part == ".." {
                done.pop();
                continue;
            }
            let next = done.join(&part);
            if rest.is_empty() && last == Last::Kept {
                return Ok(next);
            }
            match fs::read_link(self.host(&next)) {
                Ok(target) => {
                    links += 1;
                    if links > MOST_LINKS {
                        return Err(io::Error::other("too many links, they lead in a circle"));
                    }
                    let target =
                        Utf8PathBuf::try_from(target).map_err(camino::FromPathBufError::into_io_error)?;
                    if target.is_absolute() {
                        done = Utf8PathBuf::from("/");
                    }
                    rest.append(&mut parts(&target));
                }
                // Something is there, and it is no link.
                Err(error) if error.kind() == io::ErrorKind::InvalidInput => done = next,
                Err(error) if error.kind() == io::ErrorKind::NotFound && rest.is_empty() => done = next,
                Err(error) => return Err(error),
            }
        }
        Ok(done)
    }
}

/// The names of a path, last first.
fn parts(path: &Utf8Path) -> Vec<String> {
    path.as_str().rsplit('/').filter(|part| !part.is_empty() && *part != ".").map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn mac() -> (tempfile::TempDir, Root) {
        let folder = tempfile::tempdir().expect("a folder");
        let root = Root::new(Utf8Path::from_path(folder.path()).expect("UTF-8"));
        fs::create_dir_all(folder.path().join("private/etc")).expect("folders");
        (folder, root)
    }

    fn follow(root: &Root, path: &str) -> io::Result<Utf8PathBuf> {
        root.resolve(Utf8Path::new(path), Last::Followed, &|_| Ok(()))
    }

    #[test]
    fn links_and_dots_stay_under_the_root() {
        let (folder, root) = mac();
        symlink("private/etc", folder.path().join("etc")).expect("link");
        symlink("/etc/hosts", folder.path().join("private/absolute")).expect("link");
        symlink("../../../../../etc/hosts", folder.path().join("private/climbing")).expect("link");
        for path in ["/etc/hosts", "/private/absolute", "/private/climbing", "/../../etc/./hosts"] {
            assert_eq!(follow(&root, path).expect(path), "/private/etc/hosts", "{path}");
        }
        let missing = follow(&root, "/nowhere/../etc/hosts").expect_err("no such folder");
        assert_eq!(missing.kind(), io::ErrorKind::NotFound);
        let kept = root.resolve(Utf8Path::new("/private/absolute"), Last::Kept, &|_| Ok(()));
        assert_eq!(kept.expect("a link"), "/private/absolute");
    }

    #[test]
    fn a_circle_of_links_is_an_error() {
        let (folder, root) = mac();
        symlink("/b", folder.path().join("a")).expect("link");
        symlink("/a", folder.path().join("b")).expect("link");
        assert!(follow(&root, "/a/x").expect_err("a circle").to_string().contains("circle"));
    }
}
