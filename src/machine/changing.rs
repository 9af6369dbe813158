use std::time::Duration;

use anyhow::{Result, bail};
use camino::Utf8Path;

use super::engine::{Alteration, EngineChange, EngineFault};
use super::{Change, Command, Hold, Machine, Outcome, Output, Quiet, Reply, Request, Sudo, Tell};
use crate::value::{SecretShape, Text};

/// A method with its own return type for every change, so that nobody opens an [`Outcome`].
pub trait Changing: Machine {
    /// Puts a file in place; see [`Change::Write`].
    fn write(&self, path: &Utf8Path, content: &[u8], mode: u32) -> Result<()> {
        self.done(&Change::Write { path: path.to_owned(), content: content.to_owned(), mode })
    }

    /// Puts a text with secrets in it in place; see [`Change::Render`].
    fn render(&self, path: &Utf8Path, content: Text, secrets: &Utf8Path) -> Result<()> {
        self.done(&Change::Render { path: path.to_owned(), content, secrets: secrets.to_owned() })
    }

    /// Makes one folder; see [`Change::MakeDir`].
    fn make_dir(&self, path: &Utf8Path, mode: u32) -> Result<()> {
        self.done(&Change::MakeDir { path: path.to_owned(), mode })
    }

    /// Removes a file, a link or an empty folder; see [`Change::Remove`].
    fn remove(&self, path: &Utf8Path) -> Result<()> {
        self.done(&Change::Remove { path: path.to_owned() })
    }

    /// Removes a folder with all that is in it; see [`Change::RemoveTree`].
    fn remove_tree(&self, path: &Utf8Path) -> Result<()> {
        self.done(&Change::RemoveTree { path: path.to_owned() })
    }

    /// Moves a file; see [`Change::Move`].
    fn relocate(&self, from: &Utf8Path, to: &Utf8Path) -> Result<()> {
        self.done(&Change::Move { from: from.to_owned(), to: to.to_owned() })
    }

    /// Runs a command and answers with what it left, whatever its exit code.
    fn run(&self, command: &Command, tell: &dyn Tell) -> Result<Output> {
        match self.change(&Change::Run(command.clone()), tell)? {
            Outcome::Ran(output) => Ok(output),
            _ => bail!("a command was answered with something else"),
        }
    }

    /// Runs a command; another exit code than 0 is an error that carries what it said.
    fn run_ok(&self, command: &Command, tell: &dyn Tell) -> Result<Output> {
        let output = self.run(command, tell)?;
        if output.ok() { Ok(output) } else { Err(anyhow::anyhow!("`{command}` answered: {}", output.said())) }
    }

    /// Runs a command that proves something by use and answers with what it left, whatever its exit code.
    fn try_command(&self, command: &Command, tell: &dyn Tell) -> Result<Output> {
        match self.change(&Change::Try(command.clone()), tell)? {
            Outcome::Ran(output) => Ok(output),
            _ => bail!("a command was answered with something else"),
        }
    }

    /// Sends a request that proves a server by use.
    fn try_out(&self, request: Request, tell: &dyn Tell) -> Result<Result<Reply, String>> {
        match self.change(&Change::Use(request), tell)? {
            Outcome::Reply(reply) => Ok(reply),
            _ => bail!("a request was answered with something else"),
        }
    }

    /// Sends a request that changes what a server keeps.
    fn send(&self, request: Request, tell: &dyn Tell) -> Result<Result<Reply, String>> {
        match self.change(&Change::Send(request), tell)? {
            Outcome::Reply(reply) => Ok(reply),
            _ => bail!("a request was answered with something else"),
        }
    }

    /// Makes a change on the container engine at `socket`; that it did not is an error that says what it answered.
    fn engine(&self, socket: &Utf8Path, change: EngineChange, tell: &dyn Tell) -> Result<()> {
        let words = change.to_string();
        match self.change(&Change::Engine(socket.to_owned(), change), tell)? {
            Outcome::Engine(Ok(_)) => Ok(()),
            Outcome::Engine(Err(fault)) => {
                Err(anyhow::Error::from(fault).context(format!("`{words}` answered")))
            }
            _ => bail!("a change on an engine was answered with something else"),
        }
    }

    /// Runs a command in a container that changes what it keeps; see [`EngineChange::Alter`].
    fn alter(&self, socket: &Utf8Path, alter: Alteration) -> Result<Result<Output, EngineFault>> {
        match self.change(&Change::Engine(socket.to_owned(), EngineChange::Alter(Box::new(alter))), &Quiet)? {
            Outcome::Engine(Ok(Some(output))) => Ok(Ok(output)),
            Outcome::Engine(Err(fault)) => Ok(Err(fault)),
            _ => bail!("a command in a container was answered with something else"),
        }
    }

    /// Runs a command in a container, which proves something by use.
    fn exec(
        &self,
        socket: &Utf8Path,
        container: &str,
        argv: &[&str],
        limit: Duration,
    ) -> Result<Result<Output, EngineFault>> {
        let argv = argv.iter().map(|&word| word.to_owned()).collect();
        let exec = EngineChange::Exec { container: container.to_owned(), argv, limit };
        match self.change(&Change::Engine(socket.to_owned(), exec), &Quiet)? {
            Outcome::Engine(Ok(Some(output))) => Ok(Ok(output)),
            Outcome::Engine(Err(fault)) => Ok(Err(fault)),
            _ => bail!("a command in a container was answered with something else"),
        }
    }

    /// Adds a line to a file of forgectl's own; see [`Change::Append`].
    fn append(&self, path: &Utf8Path, line: String) -> Result<()> {
        self.done(&Change::Append { path: path.to_owned(), line })
    }

    /// Puts a file of forgectl's own in place; see [`Change::Keep`].
    fn keep(&self, path: &Utf8Path, content: &[u8]) -> Result<()> {
        self.done(&Change::Keep { path: path.to_owned(), content: content.to_owned() })
    }

    /// Makes a secret; see [`Change::MakeSecret`].
    fn make_secret(&self, path: &Utf8Path, shape: SecretShape) -> Result<()> {
        self.done(&Change::MakeSecret { path: path.to_owned(), shape })
    }

    /// Puts a file of forgectl's own into the place of another; see [`Change::Supersede`].
    fn supersede(&self, from: &Utf8Path, to: &Utf8Path) -> Result<()> {
        self.done(&Change::Supersede { from: from.to_owned(), to: to.to_owned() })
    }

    /// Fetches a file of forgectl's own; see [`Change::Fetch`].
    fn fetch(&self, url: &str, sha256: &str, path: &Utf8Path, tell: &dyn Tell) -> Result<()> {
        let change = Change::Fetch { url: url.to_owned(), sha256: sha256.to_owned(), path: path.to_owned() };
        self.change(&change, tell).map(|_| ())
    }

    /// Removes a file of forgectl's own; see [`Change::Forget`].
    fn forget(&self, path: &Utf8Path) -> Result<()> {
        self.done(&Change::Forget { path: path.to_owned() })
    }

    /// Takes a lock, or says who holds it.
    fn lock(&self, path: &Utf8Path, note: String) -> Result<Result<Hold, String>> {
        match self.change(&Change::Lock { path: path.to_owned(), note }, &Quiet)? {
            Outcome::Locked(hold) => Ok(Ok(hold)),
            Outcome::Busy(holder) => Ok(Err(holder)),
            _ => bail!("a lock was answered with something else"),
        }
    }

    /// Asks for leave to run commands as root; answers with what `sudo -v` left.
    fn ask_sudo(&self, reasons: Vec<String>) -> Result<Output> {
        match self.change(&Change::Sudo(Sudo::Ask { reasons }), &Quiet)? {
            Outcome::Ran(output) => Ok(output),
            _ => bail!("a question for sudo was answered with something else"),
        }
    }

    /// Makes a change whose outcome is only that it is done.
    fn done(&self, change: &Change) -> Result<()> {
        self.change(change, &Quiet).map(|_| ())
    }
}

impl<M: Machine + ?Sized> Changing for M {}
