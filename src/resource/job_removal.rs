use camino::{Utf8Path, Utf8PathBuf};

use super::{Removal, place::backup};
use crate::{
    journal::Receipt,
    step::{PutBackJob, RemoveFile, RestoreFile, SwitchOff, UnloadJob},
    value::{Domain, State, Value},
};

/// A property list as it was, its owner too; whoever does not own it needs root for that.
fn restore(domain: Domain, path: &Utf8Path, former: &State, backup: Utf8PathBuf) -> RestoreFile {
    let number = |field: &str, unsaid: u32| match former.get(field) {
        Value::Int(number) => u32::try_from(*number).unwrap_or(unsaid),
        _ => unsaid,
    };
    let mode = former.get("file.mode").as_text().and_then(|mode| u32::from_str_radix(mode, 8).ok());
    let user = match domain {
        Domain::Gui(uid) | Domain::User(uid) => uid,
        Domain::System => 0,
    };
    let owner = number("file.owner", user);
    let root = domain == Domain::System || owner != user;
    RestoreFile {
        path: path.to_owned(),
        backup,
        mode: mode.unwrap_or(0o644),
        owner: root.then(|| (owner, number("file.group", 0))),
    }
}

pub(super) fn removal(
    domain: Domain,
    label: &str,
    path: &Utf8Path,
    receipt: &Receipt,
    found: &State,
    state_folder: &Utf8Path,
) -> Removal {
    let former = &receipt.former;
    let same = |field: &str| found.get(field) == former.get(field);
    let going = *found.get("going") == Value::Bool(true);
    if former.present && !going && ["file", "loaded", "enabled"].into_iter().all(same) {
        return Removal::default();
    }
    let mut removal = Removal::default();
    let loaded = *found.get("loaded") == Value::Bool(true);
    if loaded {
        removal.steps.push(Box::new(UnloadJob { domain, label: label.to_owned() }));
    }
    let (now, before) = (found.get("file"), former.get("file"));
    let root = domain == Domain::System;
    if *now != Value::Absent && !receipt.ours("file", now) && now != before {
        let digest = found.get("file.digest");
        removal.kept.push(format!(
            "{path} was changed since forgectl wrote it; a copy is at {}",
            backup(state_folder, digest.as_text().unwrap_or_default())
        ));
    }
    match former.get("file.digest").as_text() {
        None if *now != Value::Absent => {
            removal.steps.push(Box::new(RemoveFile { path: path.to_owned(), root }));
        }
        Some(digest) if now != before => {
            removal.steps.push(Box::new(restore(domain, path, former, backup(state_folder, digest))));
        }
        _ => {}
    }
    if *former.get("loaded") == Value::Bool(true) {
        // It need not have been loaded from the file that is ours now.
        let plist = former.get("launchd.path").as_text().map_or(path, Utf8Path::new);
        if plist == path && *before == Value::Absent {
            removal
                .kept
                .push(format!("{label} is not loaded again: it was loaded from a file that was gone"));
        } else {
            removal.steps.push(Box::new(PutBackJob {
                domain,
                label: label.to_owned(),
                plist: plist.to_owned(),
                aside: plist.to_owned(),
                load: true,
                running: *former.get("running") == Value::Bool(true),
            }));
        }
    }
    if *former.get("enabled") == Value::Bool(true) && *found.get("enabled") == Value::Bool(false) {
        removal.kept.push(format!("{label} was switched off by an override since; the override stays"));
    }
    if *former.get("enabled") == Value::Bool(false) && *found.get("enabled") == Value::Bool(true) {
        removal.steps.push(Box::new(SwitchOff { domain, label: label.to_owned() }));
    }
    removal
}
