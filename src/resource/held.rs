use anyhow::Result;
use camino::{Utf8Path, Utf8PathBuf};

use crate::machine::{Kind, Look, Looking};

/// Bytes of all files in a folder. What cannot be looked into counts for nothing.
pub(super) fn tree(look: &dyn Look, folder: &str) -> Result<Vec<(String, u64)>> {
    let (mut todo, mut bytes) = (vec![Utf8PathBuf::from(folder)], 0);
    while let Some(inside) = todo.pop() {
        for name in look.list(&inside).ok().flatten().unwrap_or_default() {
            let path: &Utf8Path = &inside.join(name);
            match look.stat(path)? {
                Some(stat) if stat.kind == Kind::Folder => todo.push(path.to_owned()),
                Some(stat) if stat.kind == Kind::File => bytes += stat.size,
                _ => {}
            }
        }
    }
    Ok(vec![(folder.to_owned(), bytes)])
}
