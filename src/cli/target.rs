use std::{convert::Infallible, fmt, str::FromStr};

use camino::{Utf8Path, Utf8PathBuf};

use crate::{
    catalog, desk,
    sim::{Session, Spec, SudoMode},
    value::{DiskSize, MemorySize},
};

/// The Mac that a command is about.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Target {
    /// The one that forgectl runs on.
    ThisMac,
    /// A simulated one kept in a file.
    File(Utf8PathBuf),
    /// One in a folder.
    Folder(Utf8PathBuf),
    /// A fresh simulated one, gone when the command ends.
    Fresh(Box<Spec>),
}

/// Free bytes of a simulated Mac's disk where nobody says otherwise.
pub(super) const DISK: DiskSize = DiskSize(460_000_000_000);

/// The macOS of a simulated Mac where nobody says otherwise.
pub(super) const MACOS: &str = "15.5";

/// The releases of macOS for Apple silicon, by their first numbers.
const RELEASES: [u16; 7] = [11, 12, 13, 14, 15, 26, 27];

/// Where a simulated Mac is kept: `sim:FILE`, `dir:PATH`, or the bare path of either.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Place {
    /// In a file.
    File(Utf8PathBuf),
    /// In a folder.
    Folder(Utf8PathBuf),
}

impl FromStr for Place {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(match text.parse() {
            Ok(Target::File(path)) => Self::File(path),
            Ok(Target::Folder(path)) => Self::Folder(path),
            _ if desk::is_folder(Utf8Path::new(text)) => Self::Folder(text.into()),
            _ => Self::File(text.into()),
        })
    }
}

impl Place {
    /// Where it is.
    pub(super) fn path(&self) -> &Utf8Path {
        match self {
            Self::File(path) | Self::Folder(path) => path,
        }
    }

    /// It as the target of a command.
    pub(super) fn target(&self) -> Target {
        match self.clone() {
            Self::File(path) => Target::File(path),
            Self::Folder(path) => Target::Folder(path),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "{path}"),
            Self::Folder(path) => write!(f, "dir:{path}"),
        }
    }
}

impl FromStr for Target {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once(':') {
            Some(("sim", path)) if !path.is_empty() => Ok(Self::File(path.into())),
            Some(("dir", path)) if !path.is_empty() => Ok(Self::Folder(path.into())),
            _ if text.contains('=') => fresh(text).map(|spec| Self::Fresh(Box::new(spec))),
            _ => {
                Err("it is `sim:FILE`, `dir:PATH` or `chip=M4,memory=16GB`; leave it out for this Mac".into())
            }
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ThisMac => f.write_str("this Mac"),
            Self::File(path) => write!(f, "sim:{path}"),
            Self::Folder(path) => write!(f, "dir:{path}"),
            Self::Fresh(spec) => {
                let (memory, disk) = (MemorySize(spec.memory), DiskSize(spec.disk_free));
                write!(f, "chip={},memory={memory},macos={},disk={disk}", spec.chip, spec.macos)?;
                write!(f, ",sudo={},session={}", name(spec.sudo), name(spec.session))
            }
        }
    }
}

fn fresh(text: &str) -> Result<Spec, String> {
    let mut spec = Spec {
        chip: String::new(),
        memory: 0,
        macos: MACOS.to_owned(),
        disk_free: DISK.0,
        sudo: SudoMode::Nopasswd,
        session: Session::Gui,
        ollama: false,
        user: "lab".to_owned(),
    };
    let mut seen = vec![];
    for part in text.split(',') {
        let Some((key, value)) = part.split_once('=') else {
            return Err(format!("`{part}` is not of the form `key=value`"));
        };
        let key = key.trim();
        if seen.contains(&key) {
            return Err(format!("`{key}` is given twice"));
        }
        seen.push(key);
        match key {
            "chip" => spec.chip = chip(value)?,
            "memory" => spec.memory = value.parse::<MemorySize>()?.0,
            "macos" => spec.macos = macos(value)?,
            "disk" => spec.disk_free = value.parse::<DiskSize>()?.0,
            "sudo" => spec.sudo = named(value)?,
            "session" => spec.session = named(value)?,
            _ => return Err(format!("`{key}` is none of chip, memory, macos, disk, sudo, session")),
        }
    }
    if spec.chip.is_empty() || spec.memory == 0 {
        return Err("a fresh simulated Mac needs `chip=` and `memory=`".into());
    }
    sold(&spec)?;
    Ok(spec)
}

/// Whether there is such a Mac.
pub(super) fn sold(spec: &Spec) -> Result<(), String> {
    let most = catalog::most_memory(&spec.chip);
    if spec.memory <= most.0 {
        return Ok(());
    }
    Err(format!("no {} has {} of memory; the most is {most}", spec.chip, MemorySize(spec.memory)))
}

/// A chip that is known: `M4 Pro`.
pub(super) fn chip(text: &str) -> Result<String, String> {
    if let Some(chip) = catalog::chip(text) {
        return Ok(chip.name.clone());
    }
    let names = || catalog::chips().iter().map(|chip| chip.name.as_str());
    let bare = |name: &str| name.to_lowercase().replace("apple", "").replace([' ', '-', '_'], "");
    Err(match names().find(|name| bare(name) == bare(text)) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => format!("the chips are {}", names().collect::<Vec<_>>().join(", ")),
    })
}

/// A server of another machine and what stands for it on this one, both without a path.
pub(super) fn outside(text: &str) -> Result<(String, String), String> {
    let (origin, here) =
        text.split_once('=').ok_or("it is `ORIGIN=HERE`, such as `https://a.example=http://127.0.0.1:80`")?;
    let host = |url: &str, scheme: &str| {
        let host = url.strip_prefix(scheme)?;
        (!host.is_empty() && !host.contains(['/', '@', '?', '#', ' '])).then(|| host.to_owned())
    };
    if host(origin, "https://").is_none() {
        return Err(format!("`{origin}` is no origin such as `https://a.example`"));
    }
    let port = host(here, "http://").and_then(|host| {
        let port = host.strip_prefix("127.0.0.1:").or_else(|| host.strip_prefix("localhost:"))?;
        port.parse::<u16>().ok().filter(|port| *port > 0)
    });
    match port {
        Some(_) => Ok((origin.to_owned(), here.to_owned())),
        None => Err(format!("`{here}` is no server of this machine such as `http://127.0.0.1:5055`")),
    }
}

/// A version of macOS: `15.5`.
pub(super) fn macos(text: &str) -> Result<String, String> {
    let numbers: Option<Vec<u16>> = text.split('.').map(|number| number.parse().ok()).collect();
    let Some([release, ..]) = numbers.as_deref().filter(|numbers| numbers.len() <= 3) else {
        return Err("a version is up to three numbers with dots: `15.5`".into());
    };
    if RELEASES.contains(release) {
        return Ok(text.to_owned());
    }
    Err(format!(
        "there is no macOS {release}; for Apple silicon there are {}",
        RELEASES.map(|release| release.to_string()).join(", ")
    ))
}

/// A value of a simulated Mac's `sudo` or `session` by its name.
pub(super) fn named<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, String> {
    let wrong = |error: serde_json::Error| {
        let error = error.to_string();
        error.split(" at line").next().unwrap_or_default().replace("variant", "value")
    };
    serde_json::from_value(text.into()).map_err(wrong)
}

fn name(value: impl serde::Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_for_another_machine_is_a_server_of_this_one() {
        let well = ("https://a.example".to_owned(), "http://127.0.0.1:80".to_owned());
        assert_eq!(outside("https://a.example=http://127.0.0.1:80"), Ok(well));
        assert!(outside("https://a.example:8443=http://localhost:5055").is_ok());
        for wrong in [
            "https://a.example",
            "a.example=http://127.0.0.1:80",
            "https://a.example/x=http://127.0.0.1:80",
            "https://a.example=http://127.0.0.1",
            "https://a.example=http://10.0.0.1:80",
            "https://a.example=https://127.0.0.1:80",
            "https://a.example=http://127.0.0.1:80/",
            "https://a.example=http://127.0.0.1:0",
        ] {
            assert!(outside(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_target_is_a_file_a_folder_or_a_fresh_mac() {
        assert_eq!("sim:a/mac.json".parse(), Ok(Target::File("a/mac.json".into())));
        assert_eq!("dir:/tmp/mac".parse(), Ok(Target::Folder("/tmp/mac".into())));
        let Ok(Target::Fresh(spec)) = "chip=M4 Pro,memory=64GB".parse() else { panic!() };
        assert_eq!((spec.chip.as_str(), spec.memory, spec.macos.as_str()), ("M4 Pro", 64 << 30, "15.5"));
        assert_eq!((spec.sudo, spec.session, spec.disk_free), (SudoMode::Nopasswd, Session::Gui, DISK.0));
    }

    #[test]
    fn a_bare_path_is_a_folder_where_there_is_one_and_else_a_file() {
        let place = |text: &str| text.parse::<Place>().unwrap();
        assert_eq!(place("src"), Place::Folder("src".into()));
        assert_eq!(place("mac.json"), Place::File("mac.json".into()));
        assert_eq!(place("sim:src"), Place::File("src".into()));
        assert_eq!(place("dir:new"), Place::Folder("new".into()));
    }

    #[test]
    fn what_it_prints_is_what_it_is_read_from() {
        for text in [
            "sim:mac.json",
            "dir:/tmp/mac",
            "chip=M4,memory=16GB,macos=26.1,disk=100GB,sudo=asks,session=ssh",
        ] {
            assert_eq!(text.parse::<Target>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        let wrong = |text: &str| text.parse::<Target>().unwrap_err();
        assert!(wrong("mac.json").contains("`sim:FILE`"));
        assert!(wrong("chip=M9,memory=16GB").contains("M4 Pro"));
        assert!(wrong("chip=M4").contains("needs"));
        assert!(wrong("chip=M4,memory=16GB,colour=red").contains("`colour` is none of"));
        assert!(wrong("chip=M4,memory=16").contains("is not a size"));
        assert!(wrong("chip=M4,memory=16GB,sudo=maybe").contains("nopasswd"));
        assert!(wrong("chip=M4,memory=16GB,macos=new").contains("`15.5`"));
        assert!(wrong("chip=M4,memory=16GB,macos=99").contains("there is no macOS 99"));
        assert_eq!(wrong("chip=m4,memory=16GB"), "did you mean `M4`?");
        assert_eq!(wrong("chip=apple m4-PRO,memory=16GB"), "did you mean `M4 Pro`?");
        assert_eq!(wrong("chip=M4,memory=16GB,memory=8GB"), "`memory` is given twice");
        assert!(wrong("chip=M4,memory=9999999TB").contains("the most is 32GB"));
        assert!(wrong("sim:").contains("`sim:FILE`"));
    }
}
