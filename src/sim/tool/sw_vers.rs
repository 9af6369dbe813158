use crate::sim::{Caller, Mac, Running};

/// The builds of macOS releases, where known.
const BUILDS: &[(&str, &str)] = &[
    ("15.0", "24A335"),
    ("15.1", "24B83"),
    ("15.2", "24C101"),
    ("15.3", "24D60"),
    ("15.3.1", "24D70"),
    ("15.3.2", "24D81"),
    ("15.4", "24E248"),
    ("15.4.1", "24E263"),
    ("15.5", "24F74"),
    ("15.6", "24G84"),
    ("15.6.1", "24G90"),
    ("26.0", "25A354"),
];

/// The build of a release.
pub(in crate::sim) fn build(version: &str) -> Option<&'static str> {
    BUILDS.iter().find(|(release, _)| *release == version).map(|(_, build)| *build)
}

/// `sw_vers`, whole or one value (docs/mac-facts.md#system-version-plist).
pub(super) fn run(mac: &mut Mac, _: Caller, arguments: &[String]) -> Running {
    let version = &mac.state.spec.macos;
    let build = build(version).unwrap_or("");
    let text = match arguments.first().map(|flag| flag.trim_start_matches('-')) {
        None => format!("ProductName:\t\tmacOS\nProductVersion:\t\t{version}\nBuildVersion:\t\t{build}\n"),
        Some("productName") => "macOS\n".to_owned(),
        Some("productVersion") => format!("{version}\n"),
        Some("productVersionExtra") => "\n".to_owned(),
        Some("buildVersion") => format!("{build}\n"),
        Some(_) => {
            return Running::failed(
                1,
                "Usage: sw_vers [--help|--productName|--productVersion|--productVersionExtra|--buildVersion]\n",
            );
        }
    };
    Running::printed(text)
}
