use camino::Utf8Path;

use super::unix::reason;
use crate::sim::{Caller, Mac, Running, disk::LARGEST_READ, running::Print};

/// `cat FILE…`; bytes that are not UTF-8 are replaced, and of larger files than any look reads only the size is told.
pub(super) fn run(mac: &mut Mac, caller: Caller, arguments: &[String]) -> Running {
    let mut running = Running::default();
    for file in arguments {
        match mac.disk.read(caller.uid, Utf8Path::new(file)) {
            Ok(content) => match content.bytes(LARGEST_READ) {
                Some(bytes) => running.output.out(String::from_utf8_lossy(&bytes)),
                None => running.output.err(format!("cat: {file}: {} bytes, not shown\n", content.size())),
            },
            Err(error) => {
                running.output.code = 1;
                running.output.err(format!("cat: {file}: {}\n", reason(&error)));
            }
        }
    }
    running
}

#[cfg(test)]
mod tests {
    use crate::sim::testing::{exec, sim};

    #[test]
    fn a_file_is_shown_and_a_missing_one_is_named() {
        let sim = sim();
        let output = exec(&sim, "cat /System/Library/CoreServices/SystemVersion.plist /none");
        assert!(output.stdout.contains("<key>ProductVersion</key>\n\t<string>15.5</string>\n"));
        assert_eq!((output.code, output.stderr.as_str()), (1, "cat: /none: No such file or directory\n"));
    }
}
