use std::io;

use camino::Utf8Path;

use super::{pkgutil, xcode_select};
use crate::sim::{Caller, Content, Mac, Running, Session};

/// Where the Command Line Tools lie.
pub(super) const FOLDER: &str = "/Library/Developer/CommandLineTools";

/// Their installer receipt, which survives their removal (docs/mac-facts.md#clt-receipt-survives).
pub(super) const RECEIPT: &str = "com.apple.pkg.CLTools_Executables";

/// What they bring, with the size in bytes of each file. Their whole size on disk has no public sample; it is taken as four
/// times the download.
const FILES: &[(&str, u64)] = &[
    ("Library/Frameworks/Python3.framework/Versions/3.9/Python3", 61_000_000),
    ("SDKs/MacOSX.sdk/usr/lib/libSystem.tbd", 1_130_000_000),
    ("usr/bin/ar", 170_000),
    ("usr/bin/clang", 271_000_000),
    ("usr/bin/git", 7_600_000),
    ("usr/bin/ld", 5_400_000),
    ("usr/bin/lldb", 1_900_000),
    ("usr/bin/make", 560_000),
    ("usr/bin/pip3", 260),
    ("usr/bin/python3", 200_000),
    ("usr/bin/swift", 260_000_000),
    ("usr/bin/xcrun", 134_000),
    ("usr/lib/swift/macosx/libswiftCore.dylib", 1_310_000_000),
];

/// The shims in `/usr/bin` that hand over to the active developer folder (docs/mac-facts.md#clt-stub-dialog).
pub(super) const SHIMS: [&str; 9] = [
    "/usr/bin/cc",
    "/usr/bin/clang",
    "/usr/bin/git",
    "/usr/bin/lldb",
    "/usr/bin/make",
    "/usr/bin/pip3",
    "/usr/bin/python3",
    "/usr/bin/swift",
    "/usr/bin/xcrun",
];

/// Whether they are there, as Apple's own update judges it.
pub(super) fn are_there(mac: &Mac) -> bool {
    mac.disk.resolve(&Utf8Path::new(FOLDER).join("usr/bin/git")).is_some()
}

/// Puts them in place, whole, with their receipt.
pub(super) fn install(mac: &mut Mac, version: &str) -> io::Result<()> {
    let now = mac.state.now;
    for (seed, (file, size)) in (1..).zip(FILES) {
        let path = Utf8Path::new(FOLDER).join(file);
        mac.disk.make_dirs(0, path.parent().unwrap_or(&path), 0o755, now)?;
        let build = version.bytes().fold(0, |sum: u64, byte| sum * 31 + u64::from(byte));
        let content = Content::Made { size: *size, seed: build.wrapping_add(seed) };
        mac.disk.write(0, &path, content, 0o755, now)?;
    }
    pkgutil::record(mac, RECEIPT, &format!("{version}.0.0.1.1747106510"))
}

/// Runs a shim.
pub(super) fn shim(mac: &mut Mac, _: Caller, argv: &[String]) -> Running {
    let Some(folder) = xcode_select::active(mac) else { return missing(mac) };
    let xcrun = folder.join("usr/bin/xcrun");
    if mac.disk.resolve(&xcrun).is_none() {
        return Running::failed(
            1,
            format!("xcrun: error: invalid active developer path ({folder}), missing xcrun at: {xcrun}\n"),
        );
    }
    tool(mac, argv)
}

/// Nothing to hand over to: in a graphical session a dialog pops up.
fn missing(mac: &mut Mac) -> Running {
    if mac.state.spec.session == Session::Ssh {
        return Running::failed(
            1,
            "xcode-select: error: no developer tools were found at '/Applications/Xcode.app', and no install could be \
             requested (perhaps no UI is present), please install manually from 'developer.apple.com'.\n",
        );
    }
    mac.dialog(
        "The command requires the command line developer tools. Would you like to install the tools now?",
    );
    Running::failed(
        1,
        "xcode-select: note: No developer tools were found, requesting install.\nIf developer tools are located at a \
         non-default location on disk, use `sudo xcode-select --switch path/to/Xcode.app` to specify the Xcode that \
         you wish to use for command line developer tools, and cancel the installation dialog.\nSee `man xcode-select` \
         for more details.\n",
    )
}

/// What one of the tools themselves answers; nothing but versions and places is modelled.
pub(super) fn tool(mac: &Mac, argv: &[String]) -> Running {
    let (program, arguments) =
        argv.split_first().map_or(("", argv), |(program, rest)| (program.as_str(), rest));
    let name = program.rsplit('/').next().unwrap_or(program);
    match (name, arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice()) {
        ("git", ["--version"]) => Running::printed("git version 2.39.5 (Apple Git-154)\n"),
        ("clang" | "cc", ["--version"]) => Running::printed(format!(
            "Apple clang version 17.0.0 (clang-1700.0.13.5)\nTarget: arm64-apple-darwin24.5.0\nThread model: posix\n\
             InstalledDir: {FOLDER}/usr/bin\n"
        )),
        ("python3", ["--version"]) => Running::printed("Python 3.9.6\n"),
        ("xcrun", ["--find", wanted]) => {
            let path = Utf8Path::new(FOLDER).join("usr/bin").join(wanted);
            match mac.disk.resolve(&path) {
                Some(_) => Running::printed(format!("{path}\n")),
                None => Running::failed(
                    72,
                    format!(
                        "xcrun: error: unable to find utility \"{wanted}\", not a developer tool or in PATH\n"
                    ),
                ),
            }
        }
        _ => Running::failed(126, format!("{name}: the simulated Mac does not model this use of it\n")),
    }
}
