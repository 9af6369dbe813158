use camino::Utf8PathBuf;

use crate::{
    journal::Receipt,
    machine::tool::brew,
    resource::Removal,
    step::{ForgetCask, UninstallCask},
    value::{State, Value},
};

/// What we brought goes, and never what its user keeps; an app that was there before stays as it is.
pub(in super::super) fn removal(
    token: &str,
    known_as: Option<&str>,
    apps: &[Utf8PathBuf],
    receipt: &Receipt,
    found: &State,
) -> Removal {
    let token = found.get("token").as_text().or(known_as).unwrap_or(brew::bare(token)).to_owned();
    if !receipt.created() {
        let (before, now) = (receipt.former.get("version"), found.get("version"));
        if found.present && before != now && receipt.ours("version", now) {
            let why = "Homebrew keeps no former version of an app";
            return Removal::kept(format!("{token} {now} stays, which was {before} before: {why}"));
        }
        return Removal::default();
    }
    // What a killed run had started may still bring it, and an app that was put aside has to come back.
    let open = found.present || *found.get("remains") == Value::Bool(true) || receipt.aim.is_some();
    let was = receipt.former.get("apps").as_text().unwrap_or_default();
    let adopted: Vec<Utf8PathBuf> = apps.iter().filter(|app| was.contains(app.as_str())).cloned().collect();
    let aside = *found.get("apps") == Value::Absent;
    if !adopted.is_empty() && (open || aside) {
        return Removal::of(ForgetCask { token, apps: adopted });
    }
    if !open {
        return Removal::default();
    }
    let root = *found.get("root") == Value::Bool(true);
    Removal::of(UninstallCask { token, root })
}
