//! Where `uv` is, and what it writes down (docs/mac-facts.md#uv-command).

use anyhow::Result;
use camino::{Utf8Path, Utf8PathBuf};

use crate::machine::{Kind, Look, Looking};

/// Homebrew's.
pub const HOMEBREW: &str = "/opt/homebrew/bin/uv";

/// What keeps `uv` to what it is told: no progress bars, colours or project of a folder above, and the certificates that this
/// Mac trusts, as behind a company's proxy.
pub const ENVIRONMENT: [(&str, &str); 5] = [
    ("LC_ALL", "en_US.UTF-8"),
    ("NO_COLOR", "1"),
    ("UV_NO_PROGRESS", "1"),
    ("UV_NO_PROJECT", "1"),
    ("UV_SYSTEM_CERTS", "1"),
];

/// The `uv` of this Mac: Homebrew's, or where its own installer and Rust's put it.
pub fn program(look: &dyn Look, home: &Utf8Path) -> Result<Option<Utf8PathBuf>> {
    for path in [HOMEBREW.into(), home.join(".local/bin/uv"), home.join(".cargo/bin/uv")] {
        let Some(real) = look.resolve(&path)? else { continue };
        if look.stat(&real)?.is_some_and(|stat| stat.kind == Kind::File && stat.mode & 0o111 != 0) {
            return Ok(Some(path));
        }
    }
    Ok(None)
}

/// What a file of `uv pip compile --generate-hashes` asks for: a line each, `six==1.17.0 --hash=sha256:… --hash=sha256:…`.
pub fn requirements(text: &str) -> Vec<String> {
    let joined = text.replace("\\\n", " ");
    let lines = joined.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
    lines.filter(|line| !line.is_empty() && !line.starts_with('#')).collect()
}

/// The name and the version that such a line is about.
pub fn locked(line: &str) -> Option<(&str, &str)> {
    let (name, rest) = line.split_once("==")?;
    let version = rest.split_whitespace().next()?;
    Some((name.split('[').next()?.trim(), version))
}

/// What `uv` keeps beside interpreters, below its own folder; a folder comes after what is in it (docs/mac-facts.md#uv-python-folder).
const NOTES: [&str; 5] = ["python/.temp", "python/.gitignore", "python/.lock", "python", "credentials"];

/// Those of them that are in `folder`, which `uv` keeps as its own.
pub fn notes(look: &dyn Look, folder: &Utf8Path) -> Result<Vec<&'static str>> {
    let mut there = vec![];
    for note in NOTES {
        if look.stat(&folder.join(note))?.is_some() {
            there.push(note);
        }
    }
    Ok(there)
}

/// Whether nothing else is in there: no interpreter, and nothing of anybody's.
pub fn only_notes(look: &dyn Look, folder: &Utf8Path) -> Result<bool> {
    let outside = look.list(folder)?.unwrap_or_default();
    let inside = look.list(&folder.join("python"))?.unwrap_or_default();
    let noted = |name: String| NOTES.contains(&name.as_str());
    Ok(outside.into_iter().chain(inside.into_iter().map(|name| format!("python/{name}"))).all(noted))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_hashes_is_a_line_a_package() {
        let text = "# made by uv\nidna==3.20 \\\n    --hash=sha256:a7 \\\n    --hash=sha256:ab\nsix==1.17.0 \\\n    --hash=sha256:47\n\n";
        let lines = requirements(text);
        assert_eq!(lines, ["idna==3.20 --hash=sha256:a7 --hash=sha256:ab", "six==1.17.0 --hash=sha256:47"]);
        assert_eq!(locked(&lines[0]), Some(("idna", "3.20")));
        assert_eq!(locked("litellm[proxy]==1.0 --hash=sha256:1"), Some(("litellm", "1.0")));
        assert_eq!(locked("six"), None);
    }
}
