//! What the tools of Unix have in common.

use std::io;

use camino::Utf8Path;

use crate::sim::{Mac, Running, USER, permission::group_name, running::Print};

/// What a tool of Unix calls an error.
pub(in crate::sim) fn reason(error: &io::Error) -> String {
    use io::ErrorKind as E;
    match error.kind() {
        E::NotFound => "No such file or directory",
        E::PermissionDenied => "Permission denied",
        E::AlreadyExists => "File exists",
        E::DirectoryNotEmpty => "Directory not empty",
        E::NotADirectory => "Not a directory",
        E::IsADirectory => "Is a directory",
        E::ReadOnlyFilesystem => "Read-only file system",
        E::StorageFull => "No space left on device",
        E::InvalidFilename => "File name too long",
        E::InvalidInput => "Invalid argument",
        _ => return error.to_string(),
    }
    .to_owned()
}

/// The same of owner and mode: what the kernel says to somebody who is not the owner.
pub(super) fn denied(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::PermissionDenied => "Operation not permitted".to_owned(),
        _ => reason(error),
    }
}

/// Single-letter flags with their values, and operands.
type Parsed<'a> = (Vec<(char, &'a str)>, &'a [String]);

/// Splits `arguments` into flags, of which those in `valued` have a value, and operands; `None` when a value is missing.
pub(super) fn flags<'a>(arguments: &'a [String], valued: &str) -> Option<Parsed<'a>> {
    let mut flags = vec![];
    let mut rest = arguments;
    while let Some((word, after)) = rest.split_first() {
        let Some(letters) = word.strip_prefix('-').filter(|letters| !letters.is_empty()) else { break };
        rest = after;
        if letters == "-" {
            break;
        }
        for (at, letter) in letters.char_indices() {
            if !valued.contains(letter) {
                flags.push((letter, ""));
                continue;
            }
            let attached = &letters[at + letter.len_utf8()..];
            let value = if attached.is_empty() {
                let (value, after) = rest.split_first()?;
                rest = after;
                value
            } else {
                attached
            };
            flags.push((letter, value));
            break;
        }
    }
    Some((flags, rest))
}

/// Does `each` to every operand, and says of those that fail why.
pub(super) fn every(
    name: &str,
    operands: &[String],
    mut each: impl FnMut(&Utf8Path) -> io::Result<()>,
) -> Running {
    let mut running = Running::default();
    for operand in operands {
        if let Err(error) = each(Utf8Path::new(operand)) {
            running.output.code = 1;
            running.output.err(format!("{name}: {operand}: {}\n", reason(&error)));
        }
    }
    running
}

/// The number of a user, by name or number.
pub(super) fn user(mac: &Mac, name: &str) -> Option<u32> {
    match name {
        "root" => Some(0),
        _ if name == mac.state.spec.user => Some(USER),
        number => number.parse().ok(),
    }
}

/// The number of a group, by name or number.
pub(super) fn group_number(name: &str) -> Option<u32> {
    (0..1000).find(|&gid| group_name(gid) == Some(name)).or_else(|| name.parse().ok())
}
