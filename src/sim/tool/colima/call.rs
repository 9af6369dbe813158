use camino::{Utf8Path, Utf8PathBuf};

use super::machine::Size;
use crate::sim::{Mac, tool::Environment};

/// How it was called.
pub(super) struct Call {
    pub(super) command: String,
    pub(super) profile: String,
    flags: Vec<(String, String)>,
    pub(super) uid: u32,
    /// Its folder.
    pub(super) home: Utf8PathBuf,
    /// Where the context for docker goes.
    pub(super) docker: Utf8PathBuf,
    /// Where programs are looked for.
    path: String,
}

/// Flags that have a value.
const VALUED: [&str; 9] = [
    "--cpus",
    "--cpu",
    "--memory",
    "--disk",
    "--vm-type",
    "--mount-type",
    "--profile",
    "--runtime",
    "--mount",
];

impl Call {
    pub(super) fn new(
        mac: &Mac,
        uid: u32,
        arguments: &[String],
        environment: &Environment,
    ) -> Result<Self, String> {
        let Some(user) = environment.get("HOME").map(Utf8PathBuf::from) else {
            return Err("error retrieving home directory: $HOME is not defined".to_owned());
        };
        let (mut flags, mut words) = (vec![], vec![]);
        let mut rest = arguments.iter();
        while let Some(word) = rest.next() {
            match word.split_once('=') {
                Some((name, value)) if word.starts_with("--") => {
                    flags.push((name.to_owned(), value.to_owned()));
                }
                _ if VALUED.contains(&word.as_str()) => {
                    flags.push((word.clone(), rest.next().cloned().unwrap_or_default()));
                }
                _ if word.starts_with('-') => flags.push((word.clone(), "true".to_owned())),
                _ => words.push(word.clone()),
            }
        }
        let named = flags.iter().find(|(name, _)| name == "--profile").map(|(_, value)| value.clone());
        let profile = words.get(1).cloned().or(named).unwrap_or_else(|| "default".to_owned());
        Ok(Self {
            command: words.first().cloned().unwrap_or_default(),
            profile,
            flags,
            uid,
            home: home(mac, &user, environment),
            docker: environment.get("DOCKER_CONFIG").map_or_else(|| user.join(".docker"), Utf8PathBuf::from),
            path: environment.get("PATH").cloned().unwrap_or_default(),
        })
    }

    pub(super) fn value(&self, flag: &str) -> Option<&str> {
        self.flags.iter().rev().find(|(name, _)| name == flag).map(|(_, value)| value.as_str())
    }

    /// Whether a switch is on; `unsaid` where it is not given.
    pub(super) fn is_on(&self, flag: &str, unsaid: bool) -> bool {
        self.value(flag).map_or(unsaid, |value| value != "false")
    }

    /// What it asks for, the rest as it was saved before.
    pub(super) fn size(&self, before: Option<Size>) -> Result<Size, String> {
        let before = before.unwrap_or(Size { cpus: 2, memory: 2048, disk: 100 });
        let wrong = |flag: &str, text: &str| {
            format!(
                "invalid argument \"{text}\" for \"{flag}\" flag: strconv.ParseFloat: parsing \"{text}\": invalid syntax"
            )
        };
        let whole = |flag: &str, unsaid: u32| match self.value(flag) {
            Some(text) => text.parse::<u32>().map_err(|_| wrong(flag, text)),
            None => Ok(unsaid),
        };
        let memory = match self.value("--memory") {
            Some(text) => mebibytes(text).ok_or_else(|| wrong("--memory", text))?,
            None => before.memory,
        };
        Ok(Size { cpus: whole("--cpus", before.cpus)?, memory, disk: whole("--disk", before.disk)? })
    }

    /// Whether a program is on its own PATH.
    pub(super) fn finds(&self, mac: &Mac, program: &str) -> bool {
        let mut folders = self.path.split(':').filter(|folder| !folder.is_empty());
        folders.any(|folder| mac.disk.resolve(&Utf8Path::new(folder).join(program)).is_some())
    }
}

/// `8`, `7.5`: GiB as MiB.
fn mebibytes(text: &str) -> Option<u32> {
    let gibibytes: f32 = text.parse().ok()?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "as it does it itself")]
    let mebibytes = (gibibytes * 1024.0) as u32;
    Some(mebibytes)
}

/// `$COLIMA_HOME` where that is there (docs/service-facts.md#colima-files).
fn home(mac: &Mac, user: &Utf8Path, environment: &Environment) -> Utf8PathBuf {
    let there = |path: &Utf8PathBuf| mac.disk.resolve(path).is_some();
    let named = environment.get("COLIMA_HOME").map(Utf8PathBuf::from).filter(|path| there(path));
    named.unwrap_or_else(|| {
        let (own, xdg) = (user.join(".colima"), user.join(".config/colima"));
        if !there(&own) && there(&xdg) { xdg } else { own }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fractions_of_a_gibibyte_are_read() {
        for (text, size) in [("8", 8192), ("7.5", 7680), ("0.5", 512), ("2.25", 2304)] {
            assert_eq!(mebibytes(text), Some(size), "{text}");
        }
        assert_eq!((mebibytes("much"), mebibytes("1.x")), (None, None));
    }
}
