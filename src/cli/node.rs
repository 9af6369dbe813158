use anyhow::Result;
use camino::Utf8Path;

use super::{context::Context, target::Target};
use crate::{
    desk::{self, Printer, SimFile, Stream},
    machine::{Machine, Recorded, local::Local},
    manifest::Stack,
    report,
    sim::{self, Mac, Options, Sim},
    value::Problem,
};

/// A Mac that a command works on.
pub(super) enum Node {
    /// This one, or one in a folder.
    Real(Box<Local>),
    /// A simulated one, and the file that keeps it when the command may change it.
    Simulated(Box<Sim>, Option<SimFile>),
}

/// What a command does with its Mac.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Use<'c> {
    /// Looks at it. Nothing is kept.
    Look,
    /// Changes it, as this command.
    Change(&'c str),
}

impl Node {
    /// Opens the target of a command that is about `stack`, if about any.
    pub(super) fn open(context: &Context, stack: Option<&Stack>, how: Use) -> Result<Self> {
        match context.target() {
            Target::ThisMac if desk::is_mac() => Ok(Self::Real(Box::new(Local::this_mac()?))),
            Target::ThisMac => Err(no_mac(stack).into()),
            Target::Folder(path) => {
                let local = Local::under(&sim::folder::root(path)?)?;
                Ok(Self::Real(Box::new(local.reaching_only(sim::folder::outside(path)?))))
            }
            Target::File(path) => Self::of_file(path, how),
            Target::Fresh(spec) => {
                // The Macs that stacks are tried on have what no section of the manifest brings.
                let ollama = stack.is_some_and(|stack| stack.manifest.expects_ollama());
                let spec = sim::Spec { ollama, ..(**spec).clone() };
                Ok(Self::Simulated(Box::new(start(Mac::new(&spec, 0))), None))
            }
        }
    }

    fn of_file(path: &Utf8Path, how: Use) -> Result<Self> {
        let (text, file) = match how {
            Use::Look => (SimFile::peek(path)?, None),
            Use::Change(command) => {
                let file = SimFile::take(path, command)?;
                (file.read()?, Some(file))
            }
        };
        Ok(Self::Simulated(Box::new(start(mac(path, &text)?)), file))
    }

    /// Does `work` with it, printing each look and change when `trace` is wanted.
    pub(super) fn work<T>(&self, context: &Context, trace: bool, work: impl FnOnce(&dyn Machine) -> T) -> T {
        let machine: &dyn Machine = match self {
            Self::Real(local) => &**local,
            Self::Simulated(sim, _) => &**sim,
        };
        if trace {
            let screen = context.screen(Stream::Err);
            let hear = move |entry| Printer.say(Stream::Err, &report::trace(&entry, screen));
            work(&Recorded::new(machine, hear))
        } else {
            work(machine)
        }
    }

    /// Keeps what has become of it.
    pub(super) fn keep(self) -> Result<()> {
        match self {
            Self::Simulated(sim, Some(file)) => file.save(&sim.into_mac().to_json()?),
            _ => Ok(()),
        }
    }
}

/// The simulated Mac in `text`, which the file at `path` holds.
pub(super) fn mac(path: &Utf8Path, text: &str) -> Result<Mac> {
    Mac::from_json(text).map_err(|error| {
        let mut problem = Problem::manifest(format!("this simulated Mac cannot be used: `{path}`"));
        problem.why = error.chain().map(ToString::to_string).collect();
        problem
            .hint("is it the right file? A Mac that cannot be read any more has to be made anew, under another name")
            .into()
    })
}

/// Starts forgectl on a simulated Mac whose sudo asks at this terminal, where there is one.
pub(super) fn start(mac: Mac) -> Sim {
    Sim::new(mac, Options { can_ask: desk::somebody_answers(), person: Box::new(Keyboard) })
}

/// Who types the password of a simulated Mac's sudo.
pub(super) struct Keyboard;

impl sim::Person for Keyboard {
    fn password(&mut self, reasons: &[String]) -> bool {
        desk::ask_simulated_password(reasons).unwrap_or(false)
    }
}

fn no_mac(stack: Option<&Stack>) -> Problem {
    let problem = Problem::manifest("this is not a Mac")
        .why("forgectl changes the Mac that it runs on, and runs on macOS");
    let name = stack.map_or("stack.yaml", |stack| stack.source().name());
    problem
        .hint("rehearse the stack on a simulated Mac, or make one and name it with `--on`")
        .remedy(format!("forgectl rehearse {name}"))
        .remedy("forgectl sim new mac.json --chip M4 --memory 16GB --macos 15.5")
}
