use camino::Utf8PathBuf;

/// Reads the path of a file that is written beside the result.
pub(super) fn own_file(text: &str) -> Result<Utf8PathBuf, String> {
    match text {
        "" => Err("it takes a file".to_owned()),
        "-" => Err("it takes a file; `--output json` prints to standard output".to_owned()),
        path => Ok(path.into()),
    }
}
