use std::collections::BTreeMap;

use camino::{Utf8Component, Utf8Path, Utf8PathBuf};

use super::{super::types::Wrong, node::Node, reading::Reading};
use crate::value::{Mount, MountSource};

const LONG: &[&str] = &["type", "source", "target", "read_only"];

/// The volumes and bind mounts of a service.
pub(super) fn mounts(reading: &Reading<'_>, node: &Node<'_>) -> Vec<Mount> {
    let mut found: Vec<Mount> = vec![];
    for item in reading.items(node) {
        let mount = if item.entries().is_some() {
            long(reading, &item)
        } else {
            reading.parsed(&item, |text| short(text, reading.folder()))
        };
        let Some(mount) = mount else { continue };
        if found.iter().any(|known| known.target == mount.target) {
            reading
                .wrong(&item, Wrong::new(format!("something else is mounted at `{}` already", mount.target)));
        } else {
            found.push(mount);
        }
    }
    found
}

/// `SOURCE:TARGET[:ro]`.
fn short(text: &str, folder: &Utf8Path) -> Result<Mount, Wrong> {
    let mut parts = text.split(':');
    let (Some(source), Some(target)) = (parts.next(), parts.next()) else {
        return Err(Wrong::new("a volume without a name is another one after each change of the container")
            .hint(format!("give it a name: `data:{text}`, and `data:` below `volumes` of the file")));
    };
    let options = parts.next().unwrap_or("rw");
    if parts.next().is_some() {
        return Err(Wrong::new("expected `NAME:/PATH`, `./FOLDER:/PATH`, either with `:ro` behind it"));
    }
    let read_only = match options {
        "ro" => true,
        "rw" => false,
        _ => return Err(Wrong::new("behind the second colon stands `ro` or `rw`")),
    };
    let source = if source.starts_with(['.', '/', '~']) { bind(source, folder)? } else { volume(source)? };
    Ok(Mount { source, target: self::target(target)?, read_only })
}

fn long(reading: &Reading<'_>, node: &Node<'_>) -> Option<Mount> {
    let keys = reading.keys(node, LONG, |key| match key {
        "bind" | "volume" | "tmpfs" | "image" => Some("a mount has no options but `read_only`"),
        _ => None,
    });
    let of_kind = |key: &str| {
        let found = keys.get(key);
        if found.is_none() {
            reading.wrong(node, Wrong::new(format!("`{key}` is missing")));
        }
        found
    };
    let kind = of_kind("type").and_then(|node| {
        reading.parsed(node, |text| match text {
            "volume" => Ok(true),
            "bind" => Ok(false),
            "tmpfs" => Err(Wrong::new("a temporary file system stands below `tmpfs` of the service")),
            _ => Err(Wrong::new("expected `volume` or `bind`")),
        })
    });
    let target = of_kind("target").and_then(|node| reading.parsed(node, target));
    let source = of_kind("source");
    let read_only = keys.get("read_only").map_or(Some(false), |node| reading.switch(node));
    let source = reading.parsed(source?, |text| {
        // Of a kind that is wrong the source cannot be judged.
        kind.map_or_else(
            || bind("/", reading.folder()),
            |is_volume| if is_volume { volume(text) } else { bind(text, reading.folder()) },
        )
    })?;
    kind?;
    Some(Mount { source, target: target?, read_only: read_only? })
}

fn volume(name: &str) -> Result<MountSource, Wrong> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
    if name.is_empty() || !name.chars().all(fits) || !name.starts_with(|c: char| c.is_ascii_alphanumeric()) {
        let wrong = Wrong::new(
            "a volume has a name of letters, digits, `_`, `.` and `-`, and a path begins with `./`, `/` or `~/`",
        );
        return Err(if name.contains('/') { wrong.meant(format!("./{name}")) } else { wrong });
    }
    Ok(MountSource::Volume(name.to_owned()))
}

/// A path of the Mac's, from its root on or from the user's home folder, which `~` stands for.
fn bind(path: &str, folder: &Utf8Path) -> Result<MountSource, Wrong> {
    if path.starts_with('~') && path != "~" && !path.starts_with("~/") {
        return Err(Wrong::new("of home folders only `~/`, your own, is taken"));
    }
    if path.chars().any(char::is_control) {
        return Err(Wrong::new("a path has no control characters"));
    }
    let whole = if path.starts_with(['/', '~']) { Utf8PathBuf::from(path) } else { folder.join(path) };
    let mut plain = Utf8PathBuf::new();
    for part in whole.components() {
        match part {
            Utf8Component::ParentDir => drop(plain.pop()),
            Utf8Component::CurDir => {}
            part => plain.push(part),
        }
    }
    Ok(MountSource::Bind(plain))
}

fn target(path: &str) -> Result<String, Wrong> {
    let inside = path.strip_prefix('/').is_some_and(|rest| !rest.trim_matches('/').is_empty());
    if inside
        && !path.split('/').any(|part| matches!(part, "." | ".."))
        && !path.chars().any(char::is_control)
    {
        // As Compose cleans it.
        let parts = path.split('/').filter(|part| !part.is_empty());
        return Ok(parts.fold(String::new(), |path, part| format!("{path}/{part}")));
    }
    Err(Wrong::new(
        "in the container a path begins with `/`, is not `/` itself, and has no `.` or `..` in it",
    ))
}

/// Temporary file systems: where, and their options.
pub(super) fn tmpfs(reading: &Reading<'_>, node: &Node<'_>) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for item in reading.one_or_items(node) {
        let one = reading.parsed(&item, |text| {
            let (path, options) = text.split_once(':').unwrap_or((text, ""));
            let path = target(path)?;
            if found.contains_key(&path) {
                return Err(Wrong::new(format!("something else is mounted at `{path}` already")));
            }
            Ok((path, options.to_owned()))
        });
        found.extend(one);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Result<(MountSource, String, bool), Wrong> {
        short(text, "/Users/me/lab".into()).map(|mount| (mount.source, mount.target, mount.read_only))
    }

    #[test]
    fn a_source_is_a_volume_or_a_path() {
        let bind = |path: &str| MountSource::Bind(path.into());
        for (text, source, read_only) in [
            ("data:/data", MountSource::Volume("data".into()), false),
            ("./a:/data:ro", bind("/Users/me/lab/a"), true),
            (".:/data", bind("/Users/me/lab"), false),
            ("../b/./c:/data:rw", bind("/Users/me/b/c"), false),
            ("~/x:/data", bind("~/x"), false),
            ("/opt/x/:/data", bind("/opt/x"), false),
        ] {
            assert_eq!(told(text), Ok((source, "/data".into(), read_only)), "{text}");
        }
        for text in [
            "/data",
            "data",
            "a/b:/data",
            "data:data",
            "data:/",
            "data:/../x",
            "data:/x:z",
            "~me/x:/data",
            "a:/b:ro:x",
            ":/b",
        ] {
            assert!(told(text).is_err(), "{text}");
        }
    }
}
