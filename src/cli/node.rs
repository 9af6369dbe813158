use anyhow::Result;
use camino::Utf8Path;

use super::{
    context::Context,
    target::{Place, Target},
};
use crate::{
    desk::{self, Printer, SimFile, Stream},
    machine::{
        Command, Halt, Machine, Recorded,
        local::{Local, signals},
    },
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
                let place = Place::Folder(path.clone());
                let root = sim::folder::root(path).map_err(|error| no_such_mac(&error, &place, stack))?;
                let outside = sim::folder::outside(path)?;
                Ok(Self::Real(Box::new(Local::under(&root)?.reaching_only(outside))))
            }
            Target::File(path) => Self::of_file(path, how, stack),
            Target::Fresh(spec) => {
                // The Macs that stacks are tried on have what no section of the manifest brings.
                let ollama = stack.is_some_and(|stack| stack.manifest.expects_ollama());
                let spec = sim::Spec { ollama, ..(**spec).clone() };
                Ok(Self::Simulated(Box::new(start(Mac::new(&spec, 0))?), None))
            }
        }
    }

    fn of_file(path: &Utf8Path, how: Use, stack: Option<&Stack>) -> Result<Self> {
        let (mac, file) = match how {
            Use::Look => (peek(path, stack)?, None),
            Use::Change(command) => {
                let file = SimFile::take(path, command)?;
                (read(path, file.read(), stack)?, Some(file))
            }
        };
        Ok(Self::Simulated(Box::new(start(mac)?), file))
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

/// The simulated Mac that the file at `path` holds, whoever works with it; `stack` is what the command is about.
pub(super) fn peek(path: &Utf8Path, stack: Option<&Stack>) -> Result<Mac> {
    read(path, SimFile::peek(path), stack)
}

/// The simulated Mac in `text`, which is what the file at `path` holds.
pub(super) fn read(path: &Utf8Path, text: Result<String>, stack: Option<&Stack>) -> Result<Mac> {
    let mac = text.and_then(|text| {
        Mac::from_json(&text).map_err(|error| {
            let mut problem = Problem::manifest(format!("this simulated Mac cannot be used: `{path}`"));
            problem.why = error.chain().map(ToString::to_string).collect();
            problem.into()
        })
    });
    mac.map_err(|error| no_such_mac(&error, &Place::File(path.to_owned()), stack))
}

/// What to type when there is no Mac to be had at `place`. What lies there already is nothing to replace.
pub(super) fn no_such_mac(error: &anyhow::Error, place: &Place, stack: Option<&Stack>) -> anyhow::Error {
    let problem = Problem::from_error(error);
    let (path, folder) = match place {
        Place::File(path) => (path, false),
        Place::Folder(path) => (path, true),
    };
    if desk::is_there(path) {
        let hint = "is it the right path? A Mac that cannot be read has to be made anew, under another name";
        return problem.hint(hint).remedy(make(&free(folder), stack)).into();
    }
    problem.remedy(make(place, stack)).into()
}

/// A place for a new Mac where nothing is.
fn free(folder: bool) -> Place {
    let name = |number: u32| if number == 1 { "mac".to_owned() } else { format!("mac-{number}") };
    let place = |name: String| {
        if folder { Place::Folder(name.into()) } else { Place::File((name + ".json").into()) }
    };
    let taken = |place: &Place| desk::is_there(place.path());
    (1..=99).map(name).map(place).find(|place| !taken(place)).unwrap_or_else(|| place(name(1)))
}

/// The command that makes a simulated Mac at `place` that fits `stack`.
fn make(place: &Place, stack: Option<&Stack>) -> String {
    let (place, name) = (place.to_string(), stack.map(|stack| stack.source().name()));
    let kind = match name.filter(|name| desk::is_there(Utf8Path::new(name))) {
        Some(name) => vec!["--for", name],
        None => vec!["--chip", "M4", "--memory", "16GB"],
    };
    Command::new(&[&["forgectl", "sim", "new", &place][..], &kind].concat()).to_string()
}

/// Starts forgectl on a simulated Mac whose sudo asks at this terminal, where there is one. Ctrl-C is heard from here on.
pub(super) fn start(mac: Mac) -> Result<Sim> {
    signals::listen()?;
    let person = Box::new(Keyboard);
    Ok(Sim::new(mac, Options { can_ask: desk::somebody_answers(), person, asked: signals::asked }))
}

/// Who types the password of a simulated Mac's sudo.
pub(super) struct Keyboard;

impl sim::Person for Keyboard {
    fn password(&mut self, reasons: &[String]) -> bool {
        let go_on = || if signals::asked() > 0 { Err(Halt::Interrupted.into()) } else { Ok(()) };
        desk::ask_simulated_password(reasons, &go_on).unwrap_or(false)
    }
}

fn no_mac(stack: Option<&Stack>) -> Problem {
    let mac = free(false);
    let hint = format!("make a simulated Mac, and name it with `--on {}`", mac.target());
    let mut problem = Problem::manifest("this is not a Mac")
        .why("forgectl changes the Mac that it runs on, and runs on macOS");
    if let Some(name) = stack.map(|stack| stack.source().name()) {
        let rehearse = Command::new(&["forgectl", "rehearse", name]);
        problem = problem.hint("rehearse the stack on a simulated Mac").remedy(rehearse.to_string());
    }
    problem.hint(hint).remedy(make(&mac, stack))
}
