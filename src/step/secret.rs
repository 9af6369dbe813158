use anyhow::Result;
use camino::{Utf8Path, Utf8PathBuf};

use super::{About, Step};
use crate::{
    machine::{Changing, Command, Look, Looking, Machine, Tell},
    value::{Declared, Id, Problem, Rotation, SecretName},
};

/// The label by which a container, volume or network of an engine's is known as ours; its value is the resource's id.
const OURS: &str = "dev.forge.id";

/// Where the new value of a secret lies while it is being changed, and where what is known of it does.
#[derive(Clone, Debug)]
pub struct SecretFiles {
    /// The folder in which forgectl keeps secrets.
    pub folder: Utf8PathBuf,
    /// Its name.
    pub name: SecretName,
}

impl SecretFiles {
    /// Those of the secret whose value lies at `path`.
    pub fn at(path: &Utf8Path) -> Option<Self> {
        Some(Self { folder: path.parent()?.to_owned(), name: path.file_name()?.parse().ok()? })
    }

    /// Its value.
    pub fn value(&self) -> Utf8PathBuf {
        self.folder.join(self.name.as_str())
    }

    /// The folder of values to be.
    pub fn aside(&self) -> Utf8PathBuf {
        self.folder.join("next")
    }

    /// Its value to be, there only while it is being changed.
    pub fn next(&self) -> Utf8PathBuf {
        self.aside().join(self.name.as_str())
    }

    /// What is known of it.
    pub fn declared(&self) -> Utf8PathBuf {
        self.folder.join(format!("{}.json", self.name))
    }
}

/// A volume whose data nothing but a secret opens.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Opened {
    /// The socket of its engine.
    pub engine: Utf8PathBuf,
    /// Its name there.
    pub volume: String,
    /// Its resource.
    pub id: Id,
}

/// Why no new secret may be made: one of `opens` is there already, and was made with the one that is gone. An engine that does
/// not answer has none to tell of.
pub fn locked_out(
    look: &dyn Look,
    files: &SecretFiles,
    declared: &Declared,
    opens: &[Opened],
) -> Result<Option<Problem>> {
    if look.stat(&files.value())?.is_some() {
        return Ok(None);
    }
    for Opened { engine, volume, id } in opens {
        let Ok(volumes) = look.volumes(engine)? else { continue };
        let ours = volumes.iter().any(|there| {
            there.name == *volume && there.labels.get(OURS).map(String::as_str) == Some(id.as_str())
        });
        if ours {
            let problem =
                Problem::mac(format!("the secret of the volume `{volume}` is gone: `{}`", files.name)).why(
                    format!(
                        "{} is not there; what is in the volume on unix://{engine} was made with it",
                        files.value()
                    ),
                );
            return Ok(Some(match declared.rotation {
                Rotation::Fixed(_) => problem.hint(
                    "put the file back from a backup; or give the data up: `forgectl destroy --all-data`",
                ),
                // Whoever has it is told another, or made anew with it.
                Rotation::Restart | Rotation::Statement(_) => problem
                    .hint("put the file back from a backup; or have another made, then apply: the data stays")
                    .remedy(format!("forgectl secrets rotate {}", files.name)),
            }));
        }
    }
    Ok(None)
}

/// Makes a secret, unless it is there, and writes down what is known of it.
#[derive(Debug)]
pub struct MakeSecret {
    /// Where it lies.
    pub files: SecretFiles,
    /// What is known of it.
    pub declared: Declared,
    /// What only it opens.
    pub opens: Vec<Opened>,
}

impl Step for MakeSecret {
    fn about(&self) -> About {
        About {
            words: format!("make {}: {}", self.declared.purpose, self.declared.shape),
            why: "services of this stack are secured with it; only you can read it".into(),
            commands: vec![format!("a file of forgectl's own: {}", self.files.value())],
            undo: "removed by destroy once no data is left that it opens".into(),
            ..About::default()
        }
    }

    fn run(&self, machine: &dyn Machine, _: &dyn Tell) -> Result<()> {
        if let Some(problem) = locked_out(machine, &self.files, &self.declared, &self.opens)? {
            return Err(problem.into());
        }
        machine.keep(&self.files.declared(), &serde_json::to_vec(&self.declared)?)?;
        machine.make_secret(&self.files.value(), self.declared.shape.clone())
    }
}

/// Writes down what is known of a secret that is there.
#[derive(Debug)]
pub struct DescribeSecret {
    /// Where it lies.
    pub files: SecretFiles,
    /// What is known of it.
    pub declared: Declared,
}

impl Step for DescribeSecret {
    fn about(&self) -> About {
        About {
            words: format!("note what {} is for and how it changes", self.files.name),
            why: "`forgectl secrets` tells it without a manifest".into(),
            commands: vec![format!("a file of forgectl's own: {}", self.files.declared())],
            undo: "removed with the secret".into(),
            ..About::default()
        }
    }

    fn run(&self, machine: &dyn Machine, _: &dyn Tell) -> Result<()> {
        machine.keep(&self.files.declared(), &serde_json::to_vec(&self.declared)?)
    }
}

/// Takes the reading of a secret away from all but the user.
#[derive(Debug)]
pub struct CloseFile {
    /// Where.
    pub path: Utf8PathBuf,
}

impl CloseFile {
    fn command(&self) -> Command {
        Command::new(&["/bin/chmod", "600", self.path.as_str()])
    }
}

impl Step for CloseFile {
    fn about(&self) -> About {
        About {
            words: format!("let nobody but you read {}", self.path),
            why: "secrets stand in it".into(),
            commands: vec![self.command().to_string()],
            undo: "none: it is forgectl's own".into(),
            ..About::default()
        }
    }

    fn run(&self, machine: &dyn Machine, tell: &dyn Tell) -> Result<()> {
        machine.run_ok(&self.command(), tell).map(|_| ())
    }
}

/// Removes a secret with all that is known of it.
#[derive(Debug)]
pub struct ForgetSecret {
    /// Where it lies.
    pub files: SecretFiles,
}

impl Step for ForgetSecret {
    fn about(&self) -> About {
        About {
            words: format!("remove the secret {}", self.files.name),
            why: "no data is left that it opens".into(),
            commands: vec![format!("rm {}", self.files.value())],
            undo: "none: apply makes another".into(),
            ..About::default()
        }
    }

    fn run(&self, machine: &dyn Machine, _: &dyn Tell) -> Result<()> {
        machine.forget(&self.files.next())?;
        machine.forget(&self.files.value())?;
        machine.forget(&self.files.declared())?;
        for folder in [self.files.aside(), self.files.folder.clone()] {
            if machine.list(&folder)?.is_some_and(|names| names.is_empty()) {
                machine.forget(&folder)?;
            }
        }
        Ok(())
    }
}
