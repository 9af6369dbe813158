use std::time::Duration;

use anyhow::Result;
use camino::{Utf8Path, Utf8PathBuf};

use super::{Evidence, Leaving, Removal, Resource, in_the_way};
use crate::{
    journal::Receipt,
    machine::{Kind, Look, Looking, Machine},
    step::{CloseFile, DescribeSecret, ForgetSecret, MakeSecret, Opened, RotateSecret, SecretFiles, Step},
    value::{
        Declared, Delta, Deltas, Id, Place, Problem, Rotation, SecretName, State, Value, Want, Wanted,
        fingerprint,
    },
};

/// A secret that forgectl makes, and never shows but by its fingerprint.
#[derive(Debug)]
pub struct Secret {
    /// Where it lies.
    pub files: SecretFiles,
    /// What is known of it.
    pub declared: Declared,
    /// Volumes whose data nothing else opens.
    pub opens: Vec<Opened>,
}

impl Secret {
    /// The id of the secret of this name.
    pub fn id_of(name: &SecretName) -> Id {
        Id::new("secret", name)
    }
}

/// The folder in which forgectl keeps secrets on a node, `state` being its folder there.
pub fn secrets_folder(state: &Utf8Path) -> Utf8PathBuf {
    state.join("secrets")
}

impl Resource for Secret {
    fn id(&self) -> Id {
        Self::id_of(&self.files.name)
    }

    fn place(&self) -> Place {
        Place::Secret { path: self.files.value() }
    }

    fn wanted(&self) -> Wanted {
        let is = |value: Value| Want::Is(value);
        Wanted::from([
            ("fingerprint".into(), Want::Present),
            ("mode".into(), is("0600".into())),
            ("whole".into(), is(true.into())),
            ("for".into(), is(self.declared.purpose.as_str().into())),
            ("changes".into(), is(self.declared.rotation.to_string().into())),
            ("beside".into(), is(beside(&self.declared).map_or(Value::Absent, Into::into))),
            ("changing".into(), is(false.into())),
        ])
    }

    fn reason(&self, found: &State, deltas: &[Delta]) -> String {
        let wrong = |field: &str| deltas.iter().any(|delta| delta.field.as_str() == field);
        if !found.present {
            format!("make {}", self.declared.purpose)
        } else if wrong("changing") {
            "its change was begun and not finished".into()
        } else if wrong("mode") {
            format!("others can read it: mode {}", found.get("mode"))
        } else {
            "what is noted of it is not what it is for now".into()
        }
    }

    fn hindrance(&self, found: &State, _: bool) -> Option<Problem> {
        let path = self.files.value();
        if let Some(problem) = in_the_way(&path, "file", found) {
            return Some(problem);
        }
        let torn = found.present && *found.get("whole") != Value::Bool(true);
        torn.then(|| {
            Problem::mac(format!("the secret `{}` is not what forgectl made", self.files.name))
                .why(format!("{path} does not hold {}", self.declared.shape))
                .hint("put the file back from a backup; or, if nothing was made with it, have another made:")
                .remedy(format!("rm '{path}'"))
        })
    }

    fn steps(&self, found: &State, deltas: &Deltas) -> Vec<Box<dyn Step>> {
        let (files, declared) = (self.files.clone(), self.declared.clone());
        if !found.present {
            return vec![Box::new(MakeSecret { files, declared, opens: self.opens.clone() })];
        }
        let wrong = |field: &str| deltas.iter().any(|delta| delta.field.as_str() == field);
        let mut steps: Vec<Box<dyn Step>> = vec![];
        if wrong("mode") {
            steps.push(Box::new(CloseFile { path: files.value() }));
        }
        if ["for", "changes", "beside"].into_iter().any(wrong) {
            steps.push(Box::new(DescribeSecret { files: files.clone(), declared: declared.clone() }));
        }
        if wrong("changing") {
            steps.push(Box::new(RotateSecret { files, declared }));
        }
        steps
    }

    fn check(&self, look: &dyn Look, _: Duration) -> Result<Evidence> {
        let found = observe(look, &self.files.value())?;
        match (found.get("fingerprint").as_text(), found.get("mode").as_text()) {
            (Some(fingerprint), Some("0600")) => Ok(vec![format!("{fingerprint}, and only you can read it")]),
            (Some(_), Some(mode)) => {
                Err(Problem::mac(format!("others can read the secret `{}`", self.files.name))
                    .why(format!("{} has the mode {mode}", self.files.value()))
                    .into())
            }
            _ => Err(Problem::mac(format!("no secret `{}`", self.files.name))
                .why(format!("{} is not there", self.files.value()))
                .into()),
        }
    }

    /// That it is there proves nothing of the stack.
    fn prove(&self, _: &dyn Machine) -> Result<Evidence> {
        Ok(vec![])
    }
}

pub(super) fn observe(look: &dyn Look, path: &Utf8Path) -> Result<State> {
    let Some(stat) = look.stat(path)? else { return Ok(State::absent()) };
    let kind = match stat.kind {
        Kind::File => "file",
        Kind::Folder => "folder",
        Kind::Link => "link",
        Kind::Other => "special file",
    };
    let state = State::present().with("kind", kind).with("mode", format!("{:04o}", stat.mode));
    let (Some(files), Kind::File) = (SecretFiles::at(path), stat.kind) else { return Ok(state) };
    let value = look.read_text(path)?.unwrap_or_default();
    let declared = declared(look, &files)?;
    let whole = declared.as_ref().map_or(!value.is_empty(), |declared| declared.shape.fits(&value));
    let changing = changing(look, &files, declared.as_ref())?;
    let mut standing = None;
    for path in declared.iter().flat_map(|declared| &declared.beside) {
        if look.stat(path)?.is_some() {
            standing = Some(path.to_string());
        }
    }
    Ok(state
        .with("beside", declared.as_ref().and_then(beside))
        .with("standing", standing)
        .with("fingerprint", fingerprint(&value))
        .with("whole", whole)
        .with("for", declared.as_ref().map(|declared| declared.purpose.clone()))
        .with("changes", declared.map(|declared| declared.rotation.to_string()))
        .with("changing", changing))
}

/// What of the Mac's own may have been made with it.
fn beside(declared: &Declared) -> Option<String> {
    let paths: Vec<&str> = declared.beside.iter().map(|path| path.as_str()).collect();
    (!paths.is_empty()).then(|| paths.join(", "))
}

/// What is noted of a secret; of what cannot be read nothing is known.
pub fn declared(look: &dyn Look, files: &SecretFiles) -> Result<Option<Declared>> {
    Ok(look.read(&files.declared())?.and_then(|noted| serde_json::from_slice(&noted).ok()))
}

/// The value that it has once it is as wanted: where a change was begun, the new one. `None` when there is none.
pub(super) fn coming(look: &dyn Look, folder: &Utf8Path, name: &SecretName) -> Result<Option<String>> {
    let files = SecretFiles { folder: folder.to_owned(), name: name.clone() };
    let changing = changing(look, &files, declared(look, &files)?.as_ref())?;
    look.read_text(&if changing { files.next() } else { files.value() })
}

/// Whether a change of it was begun that can be finished now: one that a database has to be told of waits for its container.
fn changing(look: &dyn Look, files: &SecretFiles, declared: Option<&Declared>) -> Result<bool> {
    if look.stat(&files.next())?.is_none() {
        return Ok(false);
    }
    let Some(Declared { rotation: Rotation::Statement(user), .. }) = declared else { return Ok(true) };
    let containers = look.containers(&user.engine)?.unwrap_or_default();
    Ok(containers.iter().any(|container| container.name == user.container))
}

/// A secret goes when no data is left that it opens.
pub(super) fn removal(path: &Utf8Path, receipt: &Receipt, found: &State, leaving: &Leaving) -> Removal {
    let Some(files) = SecretFiles::at(path).filter(|_| receipt.created() && found.present) else {
        return Removal::default();
    };
    if let Some(volume) = leaving.opened.get(&Secret::id_of(&files.name)) {
        return Removal::held_alone(format!(
            "{volume} was made with it, and stays; `forgectl destroy --all-data` removes both"
        ));
    }
    match found.get("standing").as_text() {
        Some(path) if !leaving.all_data => Removal::held_alone(format!(
            "what is in {path} may have been made with it, and stays; `forgectl destroy --all-data` removes the secret"
        )),
        _ => Removal::of(ForgetSecret { files }),
    }
}
