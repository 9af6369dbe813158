use std::{collections::BTreeMap, fmt::Write, net::Ipv4Addr};

use camino::Utf8Path;
use jiff::{Timestamp, ToSpan};

use super::{
    Content, Faults, Mac, MemoryDisk, Meter, Node, Program, Session, Spec, State, SudoMode, USER,
    permission::{ADMIN, STAFF},
    tool,
};
use crate::{
    catalog::{Body, chip},
    value::PowerSource,
};

/// Bits per second of a new Mac's line to the Internet.
pub const BANDWIDTH: u64 = 200_000_000;

/// A new Mac's address on its network.
const ADDRESS: Ipv4Addr = Ipv4Addr::new(192, 168, 64, 10);

/// Monday morning: when every simulated Mac begins.
const BEGIN: Timestamp = Timestamp::constant(1_767_603_600, 0);

/// What disks of Macs hold, in bytes, as `diskutil` tells it of those sold with 256 GB to 8 TB.
const DISKS: [u64; 6] = [
    245_107_195_904,
    494_384_795_648,
    994_662_584_320,
    1_995_218_165_760,
    3_996_329_328_640,
    7_998_840_119_296,
];

/// What macOS and its preinstalled programs take up.
const MACOS_BYTES: u64 = 24_000_000_000;

impl Mac {
    /// A fresh Mac, right after its setup assistant; its files are in memory.
    pub fn new(spec: &Spec, seed: u64) -> Self {
        let mut disk = disk(spec);
        lay_out(&mut disk, spec);
        if spec.ollama {
            // A disk that is new and large refuses nothing.
            let _ = tool::brew::with_ollama(&mut disk, installed());
        }
        let state = State {
            spec: spec.clone(),
            now: BEGIN,
            boot: boot(),
            seed,
            secrets_made: BTreeMap::new(),
            bandwidth: BANDWIDTH,
            addresses: vec![ADDRESS.into()],
            power: power(spec),
            sleep_disabled: None,
            processes: BTreeMap::new(),
            next_pid: 1,
            launchd: tool::launchd::Launchd::new(spec.session),
            updates: tool::softwareupdate::Updates::of(&spec.macos),
            internet: super::Internet::default(),
            brew: tool::brew::Brew::default(),
            registry: tool::uv::Registry::default(),
            engines: tool::docker::Engines::new(),
            apps: tool::apps::Apps::new(),
            machines: tool::colima::Machines::new(),
            sudo: tool::sudo::Tickets::default(),
            dialogs: vec![],
            filevault: false,
            zdotdir: None,
            docker: crate::machine::DockerVariables::default(),
            proxy: None,
            root: false,
            translated: false,
            faults: Faults::default(),
            meter: Meter::default(),
        };
        let mut mac = Self { state, disk: Box::new(disk), host: None };
        let now = std::mem::replace(&mut mac.state.now, boot());
        start_daemons(&mut mac);
        start_session(&mut mac, spec.session);
        mac.state.now = now;
        mac.state.next_pid = 812;
        mac
    }
}

fn boot() -> Timestamp {
    BEGIN.checked_sub(10.minutes()).unwrap_or(BEGIN)
}

/// When macOS was installed: the time of all files that came with it.
fn installed() -> Timestamp {
    BEGIN.checked_sub(26.hours()).unwrap_or(BEGIN)
}

fn disk(spec: &Spec) -> MemoryDisk {
    let needed = spec.disk_free.saturating_add(MACOS_BYTES);
    let total = DISKS.into_iter().find(|&size| size >= needed).unwrap_or(needed);
    MemoryDisk::new(spec.sudo != SudoMode::Denied, spec.disk_free, total, installed())
}

/// Folders of macOS: path, mode, owner, group.
const FOLDERS: &[(&str, u32, u32, u32)] = &[
    ("/Applications", 0o775, 0, ADMIN),
    ("/Library", 0o755, 0, 0),
    ("/Library/Application Support", 0o755, 0, ADMIN),
    ("/Library/Caches", 0o1777, 0, 0),
    ("/Library/Developer", 0o755, 0, 0),
    ("/Library/LaunchAgents", 0o755, 0, 0),
    ("/Library/LaunchDaemons", 0o755, 0, 0),
    ("/Library/Logs", 0o755, 0, 0),
    ("/Library/Preferences", 0o755, 0, 0),
    ("/Library/Receipts", 0o755, 0, 0),
    ("/Library/Updates", 0o755, 0, 0),
    ("/System", 0o755, 0, 0),
    ("/System/Applications", 0o755, 0, 0),
    ("/System/Library", 0o755, 0, 0),
    ("/System/Library/CoreServices", 0o755, 0, 0),
    ("/System/Library/LaunchAgents", 0o755, 0, 0),
    ("/System/Library/LaunchDaemons", 0o755, 0, 0),
    ("/System/Volumes", 0o755, 0, 0),
    ("/System/Volumes/Data", 0o755, 0, 0),
    ("/Users", 0o755, 0, ADMIN),
    ("/Users/Shared", 0o1777, 0, 0),
    ("/Volumes", 0o755, 0, 0),
    ("/bin", 0o755, 0, 0),
    ("/cores", 0o755, 0, ADMIN),
    ("/dev", 0o555, 0, 0),
    ("/opt", 0o755, 0, 0),
    ("/private", 0o755, 0, 0),
    ("/private/etc", 0o755, 0, 0),
    ("/private/etc/newsyslog.d", 0o755, 0, 0),
    ("/private/etc/paths.d", 0o755, 0, 0),
    ("/private/etc/sudoers.d", 0o755, 0, 0),
    ("/private/tmp", 0o1777, 0, 0),
    ("/private/var", 0o755, 0, 0),
    ("/private/var/db", 0o755, 0, 0),
    ("/private/var/db/ConfigurationProfiles", 0o755, 0, 0),
    ("/private/var/db/ConfigurationProfiles/Settings", 0o755, 0, 0),
    ("/private/var/db/ConfigurationProfiles/Store", 0o700, 0, 0),
    ("/private/var/db/com.apple.backgroundtaskmanagement", 0o700, 0, 0),
    ("/private/var/db/com.apple.xpc.launchd", 0o755, 0, 0),
    ("/private/var/db/receipts", 0o755, 0, 0),
    ("/private/var/db/sudo", 0o711, 0, 0),
    ("/private/var/db/sudo/ts", 0o700, 0, 0),
    ("/private/var/folders", 0o755, 0, 0),
    ("/private/var/log", 0o755, 0, 0),
    ("/private/var/root", 0o750, 0, 0),
    ("/private/var/run", 0o775, 0, 1),
    ("/private/var/select", 0o755, 0, 0),
    ("/private/var/tmp", 0o1777, 0, 0),
    ("/private/var/vm", 0o755, 0, 0),
    ("/sbin", 0o755, 0, 0),
    ("/usr", 0o755, 0, 0),
    ("/usr/bin", 0o755, 0, 0),
    ("/usr/lib", 0o755, 0, 0),
    ("/usr/libexec", 0o755, 0, 0),
    ("/usr/local", 0o755, 0, 0),
    ("/usr/sbin", 0o755, 0, 0),
    ("/usr/share", 0o755, 0, 0),
];

const LINKS: &[(&str, &str)] = &[
    ("/etc", "private/etc"),
    ("/tmp", "private/tmp"),
    ("/var", "private/var"),
    ("/home", "System/Volumes/Data/home"),
];

/// Folders of a new user's home, and whether they have an access-control list (docs/mac-facts.md#file-acl).
/// `~/Library/LaunchAgents` is made by the first program that needs it.
const HOME: &[(&str, u32, bool)] = &[
    ("Desktop", 0o700, true),
    ("Documents", 0o700, true),
    ("Downloads", 0o700, true),
    ("Library", 0o700, true),
    ("Library/Application Support", 0o700, true),
    ("Library/Caches", 0o700, false),
    ("Library/Containers", 0o700, false),
    ("Library/Keychains", 0o700, false),
    ("Library/Logs", 0o700, false),
    ("Library/Preferences", 0o700, true),
    ("Movies", 0o700, true),
    ("Music", 0o700, true),
    ("Pictures", 0o700, true),
    ("Public", 0o755, true),
];

fn lay_out(disk: &mut MemoryDisk, spec: &Spec) {
    let at = installed();
    for &(path, mode, uid, gid) in FOLDERS {
        disk.put(path, Node::folder(mode, uid, gid, at));
    }
    for &(path, target) in LINKS {
        disk.put(path, Node::link(target, 0, 0, at));
    }
    for (seed, path) in (1..).zip(tool::programs()) {
        // `sudo` and `ps` run as root whoever calls them.
        let mode = if matches!(path, "/usr/bin/sudo" | "/bin/ps") { 0o4511 } else { 0o755 };
        disk.put(path, Node::file(Content::Made { size: 134_000 + seed * 16, seed }, mode, 0, 0, at));
    }
    let version = system_version(&spec.macos);
    let version = Node::file(Content::Bytes(version.into_bytes()), 0o644, 0, 0, at);
    disk.put("/System/Library/CoreServices/SystemVersion.plist", version);
    let console = if spec.session == Session::Gui { (USER, STAFF) } else { (0, 0) };
    disk.put("/dev/console", Node::device(0o600, console.0, console.1, at));
    disk.put("/dev/null", Node::device(0o666, 0, 0, at));
    let profiles = Utf8Path::new("/private/var/db/ConfigurationProfiles/Settings");
    let unmanaged = Node::file(Content::Bytes(vec![]), 0o644, 0, 0, at);
    disk.put(profiles.join(".cloudConfigRecordNotFound"), unmanaged);
    let home = Utf8Path::new("/Users").join(&spec.user);
    disk.put(&home, Node::folder(0o750, USER, STAFF, at));
    for &(name, mode, acl) in HOME {
        disk.put(home.join(name), Node { acl, ..Node::folder(mode, USER, STAFF, at) });
    }
}

/// `SystemVersion.plist` (docs/mac-facts.md#system-version-plist); the build is left out where it is not known.
fn system_version(version: &str) -> String {
    let keys = [
        ("ProductBuildVersion", tool::sw_vers::build(version)),
        ("ProductName", Some("macOS")),
        ("ProductUserVisibleVersion", Some(version)),
        ("ProductVersion", Some(version)),
    ];
    let mut text = String::from(concat!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n",
        "<!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n",
        "<plist version=\"1.0\">\n<dict>\n",
    ));
    for (key, value) in keys {
        if let Some(value) = value {
            let _ = write!(text, "\t<key>{key}</key>\n\t<string>{value}</string>\n");
        }
    }
    text + "</dict>\n</plist>\n"
}

/// The settings of a new Mac a power source, as `pmset` prints them. A Mac of unknown make counts as a desktop.
fn power(spec: &Spec) -> BTreeMap<PowerSource, Vec<(String, String)>> {
    let laptop = chip(&spec.chip).is_some_and(|chip| chip.body == Body::Laptop);
    let settings = |own: &[(&str, &str)]| -> Vec<(String, String)> {
        let common = [
            ("Sleep On Power Button", "1"),
            ("powernap", "1"),
            ("standby", if laptop { "1" } else { "0" }),
            ("ttyskeepawake", "1"),
            ("hibernatemode", if laptop { "3" } else { "0" }),
            ("hibernatefile", "/var/vm/sleepimage"),
            ("networkoversleep", "0"),
            ("disksleep", "10"),
            ("sleep", "1"),
            ("tcpkeepalive", "1"),
        ];
        let all = common.iter().chain(own);
        all.map(|&(key, value)| (key.to_owned(), value.to_owned())).collect()
    };
    if laptop {
        let mains = settings(&[("displaysleep", "10"), ("lowpowermode", "0"), ("womp", "1")]);
        let battery =
            settings(&[("displaysleep", "2"), ("lessbright", "1"), ("lowpowermode", "0"), ("womp", "0")]);
        BTreeMap::from([(PowerSource::Ac, mains), (PowerSource::Battery, battery)])
    } else {
        let mains =
            settings(&[("displaysleep", "10"), ("autorestart", "0"), ("powermode", "0"), ("womp", "1")]);
        BTreeMap::from([(PowerSource::Ac, mains)])
    }
}

/// Starts what runs from the start on: launchd as the first, then the other daemons of macOS and the login window.
pub(super) fn start_daemons(mac: &mut Mac) {
    let next = std::mem::replace(&mut mac.state.next_pid, 1);
    for program in [
        "/sbin/launchd",
        "/usr/libexec/logd",
        "/System/Library/CoreServices/powerd.bundle/powerd",
        LOGIN_WINDOW,
    ] {
        start(mac, 0, program);
        mac.state.next_pid = mac.state.next_pid.max(next) + 97;
    }
}

/// Starts what comes with a login.
pub(super) fn start_session(mac: &mut Mac, session: Session) {
    let programs: &[&str] = match session {
        Session::Gui => &["/System/Library/CoreServices/Finder.app/Contents/MacOS/Finder"],
        Session::Ssh => &["/usr/libexec/sshd-session"],
    };
    for program in programs {
        start(mac, USER, program);
    }
}

const LOGIN_WINDOW: &str = "/System/Library/CoreServices/loginwindow.app/Contents/MacOS/loginwindow";

fn start(mac: &mut Mac, uid: u32, program: &str) {
    mac.spawn_process(uid, vec![program.to_owned()], BTreeMap::new(), Program::Idle);
}
