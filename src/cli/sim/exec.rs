use std::time::Duration;

use anyhow::Result;
use camino::Utf8Path;

use crate::{
    cli::{context::Context, node, target::Place},
    desk::{self, Pipe, Printer, SimFile, Stream},
    machine::{Look, Wait, local::offspring},
    sim::{
        Caller,
        folder::{self, Asker},
    },
};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The file or folder that keeps the Mac
    #[arg(value_name = "FILE")]
    place: Place,
    /// The tool and its arguments
    #[arg(trailing_var_arg = true, required = true, value_name = "TOOL")]
    argv: Vec<String>,
}

/// What passes on the Mac until a person types the next command.
const MEANWHILE: Duration = Duration::from_secs(5);

/// Ends with the tool's own exit code.
pub(super) fn run(args: &Args, _: &Context) -> Result<u8> {
    match &args.place {
        Place::File(path) => in_file(path, &args.argv),
        Place::Folder(path) => in_folder(path, &args.argv),
    }
}

fn in_file(path: &Utf8Path, argv: &[String]) -> Result<u8> {
    let file = SimFile::take(path, "sim exec")?;
    let sim = node::start(node::read(path, file.read(), None)?)?;
    let output = sim.exec(Caller::user(desk::somebody_answers()), argv);
    // The Mac's clock stands still between two calls, so what the tool set going goes on for a while here.
    sim.wait(MEANWHILE, Wait::Settle)?;
    let stopped = sim.wait(Duration::ZERO, Wait::Poll);
    file.save(&sim.into_mac().to_json()?)?;
    Printer.write(Stream::Out, &output.stdout)?;
    Printer.write(Stream::Err, &output.stderr)?;
    stopped?;
    Ok(u8::try_from(output.code).unwrap_or(1))
}

fn in_folder(path: &Utf8Path, argv: &[String]) -> Result<u8> {
    let place = Place::Folder(path.to_owned());
    folder::root(path).map_err(|error| node::no_such_mac(&error, &place, None))?;
    let mut asker = Asker {
        environment: desk::environment(),
        terminal: offspring::has_terminal(),
        person: Box::new(node::Keyboard),
    };
    let code = folder::exec(path, argv, &mut asker, &mut Pipe::Out, &mut Pipe::Err)?;
    Ok(u8::try_from(code).unwrap_or(1))
}
