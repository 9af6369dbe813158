use camino::Utf8Path;

use super::unix::reason;
use crate::sim::{Caller, Content, Mac, Running, disk::LARGEST_READ, running::Print};

/// `plutil [-lint] [-s] FILE…` and `plutil -replace KEY.PATH -string|-integer|-bool VALUE FILE` (docs/mac-facts.md#plutil-lint): faults are told on standard output.
pub(super) fn run(mac: &mut Mac, caller: Caller, arguments: &[String]) -> Running {
    if let [verb, key, kind, value, file] = arguments
        && verb == "-replace"
    {
        return replace(mac, caller, key, (kind, value), Utf8Path::new(file));
    }
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
        let fault = match content.as_ref().and_then(|content| content.bytes(LARGEST_READ)) {
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

/// Sets one value, its key path apart by dots; the folder of keys above it must be there.
fn replace(
    mac: &mut Mac,
    caller: Caller,
    key: &str,
    (kind, value): (&str, &str),
    file: &Utf8Path,
) -> Running {
    let failed = |why: &str| Running::failed(1, format!("{file}: {why}\n"));
    let value = match (kind, value.parse::<i64>()) {
        ("-string", _) => plist::Value::from(value),
        ("-integer", Ok(number)) => plist::Value::from(number),
        ("-bool", _) => plist::Value::from(matches!(value, "YES" | "true")),
        _ => return failed("Invalid object in plist for destination format"),
    };
    let content = match mac.disk.read(caller.uid, file) {
        Ok(content) => content,
        Err(error) => return failed(&reason(&error)),
    };
    let list =
        content.bytes(LARGEST_READ).and_then(|bytes| plist::from_bytes::<plist::Dictionary>(&bytes).ok());
    let Some(mut list) = list else { return failed("Property List error") };
    let (above, name) = key.rsplit_once('.').map_or((None, key), |(above, name)| (Some(above), name));
    let folder = above
        .into_iter()
        .flat_map(|above| above.split('.'))
        .try_fold(&mut list, |folder, key| folder.get_mut(key).and_then(plist::Value::as_dictionary_mut));
    let Some(folder) = folder else {
        return failed(&format!("Could not modify plist, error: No value at that key path: {key}"));
    };
    folder.insert(name.to_owned(), value);
    let mut text = vec![];
    let now = mac.state.now;
    if let Err(error) = plist::to_writer_xml(&mut text, &list) {
        return failed(&error.to_string());
    }
    match mac.disk.write(caller.uid, file, Content::Bytes(text), 0o644, now) {
        Ok(()) => Running::default(),
        Err(error) => failed(&reason(&error)),
    }
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

    #[test]
    fn a_value_can_be_replaced_deep_down() {
        let sim = sim();
        sim.with_mac(|mac| {
            let text = "<plist version=\"1.0\"><dict><key>E</key><dict><key>A</key><string>1</string></dict></dict></plist>";
            let now = mac.state.now;
            mac.disk.write(501, "/tmp/x.plist".into(), Content::Bytes(text.into()), 0o644, now).unwrap();
        });
        assert!(exec(&sim, "plutil -replace E.A -string 2 /tmp/x.plist").ok());
        assert!(exec(&sim, "plutil -replace N -integer 7 /tmp/x.plist").ok());
        let text = exec(&sim, "cat /tmp/x.plist").stdout;
        assert!(text.contains("<string>2</string>") && text.contains("<integer>7</integer>"), "{text}");
        assert_eq!(exec(&sim, "plutil -replace X.A -string 2 /tmp/x.plist").code, 1);
    }
}
