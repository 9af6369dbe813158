use camino::Utf8Path;

use crate::sim::{Caller, Mac, Running, running::Print};

/// `plutil [-lint] [-s] FILE…` (docs/mac-facts.md#plutil-lint): faults are told on standard output.
pub(super) fn run(mac: &mut Mac, caller: Caller, arguments: &[String]) -> Running {
    let mut words: Vec<&String> = arguments.iter().collect();
    words.retain(|word| *word != "-lint" && *word != "--");
    let silent = words.iter().any(|word| *word == "-s");
    words.retain(|word| *word != "-s");
    if words.is_empty() || words.iter().any(|word| word.starts_with('-')) {
        return Running::failed(1, "plutil: [command_option] [other_options] file...\n");
    }
    let mut running = Running::default();
    for file in words {
        let content = mac.disk.read(caller.uid, Utf8Path::new(file)).ok();
        let fault = match content.as_ref().and_then(|content| content.bytes(super::super::disk::LARGEST_READ))
        {
            None => Some(format!(
                "file does not exist or is not readable or is not a regular file (Error Domain=NSCocoaErrorDomain Code=260 \
                 \"The file “{}” couldn’t be opened because there is no such file.\")",
                Utf8Path::new(file).file_name().unwrap_or(file),
            )),
            Some(bytes) => {
                plist::from_bytes::<plist::Value>(&bytes).err().map(|error| unreadable(&bytes, &error))
            }
        };
        match fault {
            Some(fault) => {
                running.output.code = 1;
                running.output.out(format!("{file}: {fault}\n"));
            }
            None if silent => {}
            None => running.output.out(format!("{file}: OK\n")),
        }
    }
    running
}

/// What is wrong with a property list, much as Apple's own parser tells it.
fn unreadable(bytes: &[u8], error: &plist::Error) -> String {
    match bytes.iter().find(|byte| !byte.is_ascii_whitespace()) {
        None => "Encountered unexpected EOF".to_owned(),
        Some(b'<') => error.to_string(),
        Some(&first) => format!("Unexpected character {} at line 1", char::from(first)),
    }
}

#[cfg(test)]
mod tests {
    use crate::sim::{
        Content,
        testing::{exec, sim},
    };

    #[test]
    fn good_bad_and_missing_lists_are_judged_on_standard_output() {
        let sim = sim();
        let lint = |text: &str| {
            sim.with_mac(|mac| {
                let now = mac.state.now;
                mac.disk.write(501, "/tmp/x.plist".into(), Content::Bytes(text.into()), 0o644, now).unwrap();
            });
            exec(&sim, "plutil -lint /tmp/x.plist")
        };
        let good = lint("<?xml version=\"1.0\"?><plist version=\"1.0\"><dict/></plist>");
        assert_eq!((good.code, good.stdout.as_str()), (0, "/tmp/x.plist: OK\n"));
        let bad = lint("What is this");
        assert_eq!((bad.code, bad.stdout.as_str()), (1, "/tmp/x.plist: Unexpected character W at line 1\n"));
        let bad = lint("<plist><dict><YES/></dict></plist>");
        assert!(bad.code == 1 && bad.stdout.starts_with("/tmp/x.plist: ") && bad.stderr.is_empty());
        let missing = exec(&sim, "plutil -lint /tmp/y.plist");
        assert!(missing.code == 1 && missing.stdout.contains("does not exist or is not readable"));
    }
}
