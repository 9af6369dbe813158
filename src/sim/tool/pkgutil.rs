use std::io;

use camino::{Utf8Path, Utf8PathBuf};

use super::unix::reason;
use crate::sim::{Caller, Content, Mac, Running};

/// Where installer receipts are kept.
const RECEIPTS: &str = "/private/var/db/receipts";

/// A receipt, as far as `pkgutil` prints it.
struct Receipt {
    version: String,
    installed: i64,
}

/// `pkgutil --pkg-info=ID | --pkgs | --forget ID` (docs/mac-facts.md#clt-receipt-survives).
pub(super) fn run(mac: &mut Mac, caller: Caller, arguments: &[String]) -> Running {
    let words: Vec<&str> = arguments.iter().flat_map(|word| word.splitn(2, '=')).collect();
    match words.as_slice() {
        ["--pkg-info", id] => match read(mac, id) {
            Some(Receipt { version, installed }) => Running::printed(format!(
                "package-id: {id}\nversion: {version}\nvolume: /\nlocation: /\ninstall-time: {installed}\n"
            )),
            None => none(id),
        },
        ["--pkgs" | "--packages"] => {
            let names = mac.disk.list(0, Utf8Path::new(RECEIPTS)).unwrap_or_default();
            let ids = names.iter().filter_map(|name| name.strip_suffix(".plist"));
            Running::printed(ids.fold(String::new(), |text, id| text + id + "\n"))
        }
        ["--forget", id] if read(mac, id).is_none() => none(id),
        ["--forget", id] => {
            let now = mac.state.now;
            match mac.disk.remove(caller.uid, &path(id), now) {
                Ok(()) => Running::printed(format!("Forgot package '{id}' on '/'.\n")),
                Err(error) => Running::failed(1, format!("Could not forget '{id}': {}\n", reason(&error))),
            }
        }
        _ => Running::failed(1, "Usage: pkgutil [OPTIONS] [COMMANDS] ...\n"),
    }
}

fn none(id: &str) -> Running {
    Running::failed(1, format!("No receipt for '{id}' found at '/'.\n"))
}

fn path(id: &str) -> Utf8PathBuf {
    Utf8Path::new(RECEIPTS).join(format!("{id}.plist"))
}

fn read(mac: &Mac, id: &str) -> Option<Receipt> {
    let content = mac.disk.read(0, &path(id)).ok()?;
    let receipt: plist::Dictionary = plist::from_bytes(&content.bytes(1 << 20)?).ok()?;
    let version = receipt.get("PackageVersion")?.as_string()?.to_owned();
    let installed = receipt.get("InstallDate")?.as_date()?.to_xml_format();
    let installed: jiff::Timestamp = installed.parse().ok()?;
    Some(Receipt { version, installed: installed.as_second() })
}

/// The version that a receipt names.
pub(super) fn version(mac: &Mac, id: &str) -> Option<String> {
    read(mac, id).map(|receipt| receipt.version)
}

/// Leaves a receipt.
pub(super) fn record(mac: &mut Mac, id: &str, version: &str) -> io::Result<()> {
    let now = mac.state.now;
    let at = now.strftime("%Y-%m-%dT%H:%M:%SZ");
    let text = format!(
        concat!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n",
            "<!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" ",
            "\"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n",
            "<plist version=\"1.0\">\n<dict>\n",
            "\t<key>InstallDate</key>\n\t<date>{}</date>\n",
            "\t<key>InstallPrefixPath</key>\n\t<string>/</string>\n",
            "\t<key>InstallProcessName</key>\n\t<string>softwareupdated</string>\n",
            "\t<key>PackageIdentifier</key>\n\t<string>{}</string>\n",
            "\t<key>PackageVersion</key>\n\t<string>{}</string>\n",
            "</dict>\n</plist>\n",
        ),
        at, id, version,
    );
    mac.disk.write(0, &path(id), Content::Bytes(text.into_bytes()), 0o644, now)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::testing::{exec, exec_as, mac, sim};

    #[test]
    fn a_receipt_is_printed_forgotten_and_missed() {
        let mut mac = mac();
        record(&mut mac, "com.apple.pkg.X", "16.4.0.0.1.1").unwrap();
        let sim = crate::sim::Sim::new(mac, crate::sim::Options::default());
        let output = exec(&sim, "pkgutil --pkg-info=com.apple.pkg.X");
        assert_eq!(
            output.stdout,
            "package-id: com.apple.pkg.X\nversion: 16.4.0.0.1.1\nvolume: /\nlocation: /\ninstall-time: 1767603600\n"
        );
        assert_eq!(exec(&sim, "pkgutil --pkgs").stdout, "com.apple.pkg.X\n");
        assert_eq!(exec(&sim, "pkgutil --forget com.apple.pkg.X").code, 1);
        assert!(exec_as(&sim, Caller::user(true).root(), "pkgutil --forget com.apple.pkg.X").ok());
        let output = exec(&sim, "pkgutil --pkg-info=com.apple.pkg.X");
        assert_eq!(
            (output.code, output.stderr.as_str()),
            (1, "No receipt for 'com.apple.pkg.X' found at '/'.\n")
        );
        assert_eq!(exec(&self::sim(), "pkgutil --pkg-info com.apple.pkg.CLTools_Executables").code, 1);
    }
}
