use anyhow::Result;
use camino::Utf8PathBuf;

use super::{
    context::{Context, INTERRUPTED},
    file::own_file,
    switch::switch,
    target::Target,
};
use crate::{
    desk::{self, AtTerminal, EventFile, Person, Stream},
    engine::{
        How,
        event::{Sink, Summary},
    },
    machine::{Command, Machine, Wait},
    report::run::{Both, EventLog, JsonLines, Live, LogPlace, Manner, Plain},
    sim,
    value::Problem,
};

/// The flags of what changes a Mac.
#[derive(Debug, clap::Args)]
pub(super) struct Flags {
    /// Agree to the plan beforehand
    #[arg(long, short, env = "FORGECTL_YES", value_parser = switch)]
    yes: bool,
    /// Write every event to this file too, a line of JSON each
    #[arg(long, value_parser = own_file, value_name = "FILE", env = "FORGECTL_EVENTS")]
    events: Option<Utf8PathBuf>,
    /// Print every look at the Mac and every change with its time
    #[arg(long, env = "FORGECTL_TRACE", value_parser = switch)]
    pub(super) trace: bool,
}

/// Lets `work`, a call of the engine, run as asked for by `how` and the flags, told as the person wants it, and answers with the
/// exit code.
pub(super) fn tell(
    flags: &Flags,
    context: &Context,
    machine: &dyn Machine,
    how: How,
    work: impl FnOnce(&How, &dyn Person, &dyn Sink) -> Result<Summary>,
) -> Result<u8> {
    let log = flags.events.as_deref().map(EventFile::create).transpose()?;
    let log = log.map(|file| EventLog::new(file, Box::new(|| machine.now())));
    let how = How { yes: flags.yes, ..how };
    let clock = Box::new(|| machine.now());
    let run = |person: &dyn Person, view: &dyn Sink| match &log {
        Some(log) => work(&how, person, &Both(view, log)),
        None => work(&how, person, view),
    };
    let summary = if context.json() {
        let view = JsonLines::new(clock);
        match run(&Program { command: how.command.clone() }, &view) {
            Err(error) if view.refused() => return Ok(context.tell_people(&error)),
            summary => summary,
        }
    } else {
        let asks = !flags.yes && how.saved.is_none() && desk::somebody_answers();
        let (out, err) = (context.screen(Stream::Out), context.screen(Stream::Err));
        let again = if flags.yes { format!("{} --yes", how.command) } else { how.command.clone() };
        let manner = Manner { out, err, quiet: context.quiet(), asks, again, log: log_place(context)? };
        let go_on = || machine.wait(std::time::Duration::ZERO, Wait::Poll);
        if err.live && !context.quiet() && !flags.trace {
            let view = Live::new(manner, clock);
            run(&AtTerminal::new(&view, &go_on), &view)
        } else {
            let view = Plain::new(manner, clock);
            run(&AtTerminal::new(&view, &go_on), &view)
        }
    };
    context.warn(log.as_ref().and_then(EventLog::broken).as_slice());
    let summary = summary?;
    Ok(match () {
        () if summary.interrupted => INTERRUPTED,
        () if !summary.ok() || summary.declined => 1,
        () => 0,
    })
}

/// How the person comes by a log on the target.
fn log_place(context: &Context) -> Result<LogPlace> {
    Ok(match context.target() {
        Target::ThisMac => LogPlace::Here,
        Target::Folder(path) => LogPlace::Under(sim::folder::root(path)?),
        Target::File(path) => {
            let cat = Command::new(&["forgectl", "sim", "exec", path.as_str(), "--", "cat"]);
            LogPlace::Behind(cat.to_string())
        }
        Target::Fresh(_) => LogPlace::Gone,
    })
}

/// A program reads the output, and a question would be lost in it.
struct Program {
    command: String,
}

impl Person for Program {
    fn can_answer(&self) -> bool {
        true
    }

    fn confirm(&self, _: &str) -> Result<bool> {
        Err(Problem::manifest("nobody is asked where a program reads the output")
            .hint("read the plan, then agree beforehand")
            .remedy(format!("{} --output json --yes", self.command))
            .into())
    }
}
