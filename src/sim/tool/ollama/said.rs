use std::io;

/// As Go words an error of the file system.
pub(in crate::sim) fn said(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::NotFound => "no such file or directory",
        io::ErrorKind::PermissionDenied => "permission denied",
        io::ErrorKind::StorageFull => "no space left on device",
        io::ErrorKind::ReadOnlyFilesystem => "read-only file system",
        io::ErrorKind::InvalidFilename => "file name too long",
        io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists => "not a directory",
        _ => "input/output error",
    }
}
