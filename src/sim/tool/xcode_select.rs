use camino::{Utf8Path, Utf8PathBuf};

use super::{command_line_tools, launchd, unix::reason};
use crate::sim::{Caller, Mac, Running, Session};

/// The link that records a choice; which release has which is known for 14 and later alone, and there from reports
/// (docs/mac-facts.md#xcode-select-link).
fn link(mac: &Mac) -> &'static Utf8Path {
    let newer = launchd::release(mac) >= 15;
    Utf8Path::new(if newer {
        "/private/var/select/developer_dir"
    } else {
        "/private/var/db/xcode_select_link"
    })
}

/// Where Xcode has its own tools.
const XCODE: &str = "/Applications/Xcode.app/Contents/Developer";

/// The active developer folder; it need not be there.
pub(super) fn active(mac: &Mac) -> Option<Utf8PathBuf> {
    if let Some(target) = mac.disk.node(link(mac)).and_then(|link| link.target) {
        return Some(target);
    }
    [XCODE, command_line_tools::FOLDER]
        .into_iter()
        .map(Utf8PathBuf::from)
        .find(|folder| mac.disk.resolve(folder).is_some())
}

/// `xcode-select -p | -s FOLDER | -r | --install | -v` (docs/mac-facts.md#xcode-select-print, #xcode-select-link,
/// #xcode-select-install).
pub(super) fn run(mac: &mut Mac, caller: Caller, arguments: &[String]) -> Running {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["-p" | "--print-path" | "-print-path"] => match active(mac) {
            Some(folder) => Running::printed(format!("{folder}\n")),
            None => Running::failed(
                2,
                "xcode-select: error: unable to get active developer directory, use `sudo xcode-select --switch \
                 path/to/Xcode.app` to set one (or see `man xcode-select`)\n",
            ),
        },
        ["-s" | "--switch" | "-switch", folder] => select(mac, caller, "switch", Some(folder)),
        ["-r" | "--reset" | "-reset"] => select(mac, caller, "reset", None),
        ["--install"] => install(mac),
        ["-v" | "--version" | "-version"] => Running::printed("xcode-select version 2409.\n"),
        _ => Running::failed(
            1,
            "Usage: xcode-select [options]\n\nPrint or change the path to the active developer directory.\n",
        ),
    }
}

fn select(mac: &mut Mac, caller: Caller, verb: &str, folder: Option<&str>) -> Running {
    if caller.uid != 0 {
        return Running::failed(
            1,
            format!(
                "xcode-select: error: --{verb} must be run as root (e.g. `sudo xcode-select --{verb}`).\n"
            ),
        );
    }
    let target = match folder.map(|folder| developer_folder(mac, folder)) {
        None => None,
        Some(Some(target)) => Some(target),
        Some(None) => {
            let folder = folder.unwrap_or_default();
            return Running::failed(
                1,
                format!("xcode-select: error: invalid developer directory '{folder}'\n"),
            );
        }
    };
    let (link, now) = (link(mac), mac.state.now);
    let removed = mac.disk.node(link).map_or(Ok(()), |_| mac.disk.remove(0, link, now));
    let made = target.map_or(Ok(()), |target| mac.disk.link(0, link, &target, now));
    match removed.and(made) {
        Ok(()) => Running::default(),
        Err(error) => Running::failed(1, format!("xcode-select: error: {}\n", reason(&error))),
    }
}

/// The developer folder that a path stands for: itself, or the one inside an application.
fn developer_folder(mac: &Mac, folder: &str) -> Option<Utf8PathBuf> {
    let folder = Utf8Path::new(folder);
    [folder.join("Contents/Developer"), folder.to_owned()]
        .into_iter()
        .find(|folder| mac.disk.resolve(&folder.join("usr/bin")).is_some())
}

fn install(mac: &mut Mac) -> Running {
    if command_line_tools::are_there(mac) {
        return Running::failed(
            1,
            "xcode-select: error: command line tools are already installed, use \"Software Update\" in System Settings \
             to install updates\n",
        );
    }
    if mac.state.spec.session == Session::Gui {
        mac.dialog("The xcode-select command requires the command line developer tools. Would you like to install the tools now?");
    }
    Running::failed(0, "xcode-select: note: install requested for command line developer tools\n")
}

#[cfg(test)]
mod tests {
    use crate::sim::{
        Mac, Options, Session, Sim, Spec,
        testing::{exec, exec_as, mac, sim, spec},
        tool::command_line_tools,
    };

    fn with_tools() -> Sim {
        let mut mac = mac();
        command_line_tools::install(&mut mac, "16.4").unwrap();
        Sim::new(mac, Options::default())
    }

    #[test]
    fn without_tools_it_exits_2() {
        let output = exec(&sim(), "xcode-select -p");
        assert_eq!(output.code, 2);
        assert!(
            output
                .stderr
                .starts_with("xcode-select: error: unable to get active developer directory, use `sudo ")
        );
    }

    #[test]
    fn a_shim_without_tools_pops_up_a_dialog_where_somebody_could_see_it() {
        let sim = sim();
        let output = exec(&sim, "/usr/bin/git --version");
        assert_eq!(output.code, 1);
        assert!(
            output
                .stderr
                .starts_with("xcode-select: note: No developer tools were found, requesting install.\n")
        );
        assert_eq!(sim.with_mac(|mac| mac.state.meter.dialogs), 1);
        let ssh = Sim::new(Mac::new(&Spec { session: Session::Ssh, ..spec() }, 1), Options::default());
        let output = exec(&ssh, "/usr/bin/python3 --version");
        assert!(
            output.stderr.contains("no install could be requested (perhaps no UI is present)"),
            "{output:?}"
        );
        assert_eq!((output.code, ssh.with_mac(|mac| mac.state.meter.dialogs)), (1, 0));
    }

    #[test]
    fn the_choice_is_roots_and_outlives_the_folder() {
        let sim = with_tools();
        let root = crate::sim::Caller::user(true).root();
        let switch = "xcode-select --switch /Library/Developer/CommandLineTools";
        assert_eq!(exec(&sim, switch).code, 1);
        let output = exec_as(&sim, root, switch);
        assert_eq!((output.code, output.stdout, output.stderr), (0, String::new(), String::new()));
        assert!(exec_as(&sim, root, "rm -rf /Library/Developer/CommandLineTools").ok());
        assert_eq!(exec(&sim, "xcode-select -p").stdout, "/Library/Developer/CommandLineTools\n");
        let output = exec(&sim, "git --version");
        assert!(output.stderr.starts_with(
            "xcrun: error: invalid active developer path (/Library/Developer/CommandLineTools), "
        ));
        assert_eq!(sim.with_mac(|mac| mac.state.meter.dialogs), 0);
        assert!(
            exec(&sim, "pkgutil --pkg-info=com.apple.pkg.CLTools_Executables").ok(),
            "the receipt survives"
        );
        assert!(exec_as(&sim, root, "xcode-select --reset").ok());
        assert_eq!(exec(&sim, "xcode-select -p").code, 2);
        assert_eq!(exec_as(&sim, root, "xcode-select -s /nowhere").code, 1);
    }

    #[test]
    fn the_choice_lies_where_the_release_keeps_it() {
        for (macos, link) in
            [("14.7", "/private/var/db/xcode_select_link"), ("15.5", "/private/var/select/developer_dir")]
        {
            let mut mac = Mac::new(&Spec { macos: macos.to_owned(), ..spec() }, 1);
            command_line_tools::install(&mut mac, "16.4").unwrap();
            let sim = Sim::new(mac, Options::default());
            let root = crate::sim::Caller::user(true).root();
            assert!(exec_as(&sim, root, "xcode-select -s /Library/Developer/CommandLineTools").ok());
            assert!(sim.with_mac(|mac| mac.disk.node(link.into())).is_some(), "{macos}");
            assert!(exec_as(&sim, root, "xcode-select --reset").ok());
            assert!(sim.with_mac(|mac| mac.disk.node(link.into())).is_none(), "{macos}");
        }
    }

    #[test]
    fn install_opens_a_dialog_and_installs_nothing() {
        let sim = sim();
        let output = exec(&sim, "xcode-select --install");
        assert_eq!(
            (output.code, output.stderr.as_str()),
            (0, "xcode-select: note: install requested for command line developer tools\n")
        );
        assert_eq!(exec(&sim, "xcode-select -p").code, 2);
        assert_eq!(exec(&with_tools(), "xcode-select --install").code, 1);
    }
}
