use camino::Utf8Path;

use crate::value::{Problem, shell_word};

/// Why what is at `path`, of the user `owner` and with `mode`, is nothing that forgectl keeps its books in, which runs as the user
/// `uid`.
pub(crate) fn not_own(path: &Utf8Path, owner: u32, uid: u32, mode: u32) -> Option<Problem> {
    let word = shell_word(path.as_str());
    if owner != uid {
        let what = format!("`{path}` belongs to another user (uid {owner}), not to uid {uid}");
        return Some(Problem::mac(what).hint("make it yours; whose it is:").remedy(format!("ls -ld {word}")));
    }
    (mode & 0o022 != 0).then(|| {
        Problem::mac(format!("`{path}` can be written by others (mode {mode:04o})"))
            .hint("what forgectl keeps there is nobody else's to write:")
            .remedy(format!("chmod go-w {word}"))
    })
}
