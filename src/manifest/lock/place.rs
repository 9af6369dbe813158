use camino::{Utf8Path, Utf8PathBuf};

/// Where the lock of a stack is kept.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub enum LockPlace {
    /// In forgectl's own folder on the Mac, by the name of the stack.
    #[default]
    Mac,
    /// In this file, beside the manifest.
    File(Utf8PathBuf),
    /// Nowhere: the manifest is no file.
    Nowhere,
}

impl LockPlace {
    /// The one beside the manifest at `path`: `stack.lock` beside `stack.yaml`. `None` where that would be the manifest itself.
    pub fn beside(path: &Utf8Path) -> Option<Self> {
        let lock = path.with_extension("lock");
        (lock != path && path.file_name().is_some()).then_some(Self::File(lock))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_has_the_name_of_its_manifest() {
        let beside = |path: &str| LockPlace::beside(Utf8Path::new(path));
        let file = |path: &str| Some(LockPlace::File(path.into()));
        assert_eq!(beside("stack.yaml"), file("stack.lock"));
        assert_eq!(beside("../a.b/node-zero.yml"), file("../a.b/node-zero.lock"));
        assert_eq!(beside("a.b/stack"), file("a.b/stack.lock"));
        assert_eq!(beside("stack.lock"), None);
    }
}
