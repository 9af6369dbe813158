use std::{collections::BTreeMap, time::Duration};

use anyhow::Result;

use super::{About, SecretFiles, Step};
use crate::{
    machine::{
        Changing, Looking, Machine, Patience, Quiet, Tell, Wait,
        engine::{Alteration, EngineChange, EngineFault},
    },
    value::{DatabaseUser, Declared, Problem, Rotation, Text},
};

/// How long a database may take to answer after its container was started.
const STARTS: Duration = Duration::from_mins(1);

/// How long a statement may take.
const STATEMENT: Duration = Duration::from_secs(30);

/// How a database is told: through a pipe of the shell's own, so that the value stands in no command line. The user may connect
/// without a password from within the container (docs/service-facts.md#postgres-local-trust).
const TELL: &str = r#"echo "ALTER USER \"$FORGE_USER\" WITH PASSWORD '$FORGE_NEXT';" | psql -X -q -v ON_ERROR_STOP=1 -v VERBOSITY=terse -U "$FORGE_USER" -d "$FORGE_DATABASE""#;

/// Has the server log nothing of it, should it fail (docs/service-facts.md#postgres-alter-user).
const UNLOGGED: &str =
    "-c log_min_error_statement=panic -c log_statement=none -c log_min_duration_statement=-1";

/// Gives a secret another value: the new one is made aside, told to the database that keeps it too, and only then put in place.
/// Repeated, it goes on where it was killed.
#[derive(Debug)]
pub struct RotateSecret {
    /// Where it lies.
    pub files: SecretFiles,
    /// What is known of it.
    pub declared: Declared,
}

impl Step for RotateSecret {
    fn about(&self) -> About {
        let aside = format!("a file of forgectl's own: {}", self.files.next());
        let place = format!("mv {} {}", self.files.next(), self.files.value());
        let told = match &self.declared.rotation {
            Rotation::Statement(user) => Some(format!(
                "docker exec {} psql: ALTER USER \"{}\" WITH PASSWORD [hidden]",
                user.container, user.user
            )),
            Rotation::Restart | Rotation::Fixed(_) => None,
        };
        About {
            words: format!("give {} another value", self.files.name),
            why: "it was begun, and what has the old value will not be let in by what has the new one".into(),
            commands: [aside].into_iter().chain(told).chain([place]).collect(),
            undo: "none: the former value is gone".into(),
            ..About::default()
        }
    }

    fn run(&self, machine: &dyn Machine, _: &dyn Tell) -> Result<()> {
        machine.make_secret(&self.files.next(), self.declared.shape.clone())?;
        if let Rotation::Statement(user) = &self.declared.rotation {
            self.tell(machine, user)?;
        }
        machine.supersede(&self.files.next(), &self.files.value())
    }
}

impl RotateSecret {
    fn tell(&self, machine: &dyn Machine, user: &DatabaseUser) -> Result<()> {
        machine.engine(&user.engine, EngineChange::Start(user.container.clone()), &Quiet)?;
        let patience = Patience { every: Duration::from_secs(1), limit: STARTS, how: Wait::Poll };
        machine.until(&format!("the database in {} to take a new password", user.container), patience, || {
            Ok(match machine.alter(&user.engine, self.alteration(user))? {
                Ok(output) if output.ok() => Ok(()),
                Ok(output) => Err(output.said()),
                Err(fault @ EngineFault::Unreachable(_)) => {
                    return Err(self.refused(user, &fault.to_string()).into());
                }
                Err(fault) => Err(fault.to_string()),
            })
        })
    }

    fn alteration(&self, user: &DatabaseUser) -> Alteration {
        Alteration {
            container: user.container.clone(),
            argv: ["sh", "-c", TELL].map(str::to_owned).to_vec(),
            environment: BTreeMap::from([
                ("FORGE_NEXT".to_owned(), Text::secret(self.files.name.clone())),
                ("FORGE_USER".to_owned(), user.user.as_str().into()),
                ("FORGE_DATABASE".to_owned(), user.database.as_str().into()),
                ("PGOPTIONS".to_owned(), UNLOGGED.into()),
            ]),
            secrets: self.files.aside(),
            limit: STATEMENT,
        }
    }

    fn refused(&self, user: &DatabaseUser, why: &str) -> Problem {
        Problem::mac(format!("`{}` keeps its value: its database was not told a new one", self.files.name))
            .why(format!("{} on unix://{}: {why}", user.container, user.engine))
            .hint("the next apply, or the next rotation, goes on from here")
    }
}
