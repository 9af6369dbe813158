use std::time::Duration;

use anyhow::Result;
use camino::{Utf8Path, Utf8PathBuf};

use crate::{
    cli::{context::Context, node, target::Target},
    desk::{self, Printer, SimFile, Stream},
    machine::{Look, Wait},
    sim::Caller,
};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The file that keeps the Mac
    #[arg(value_name = "FILE")]
    place: String,
    /// The tool and its arguments
    #[arg(last = true, required = true, value_name = "TOOL")]
    argv: Vec<String>,
}

/// What passes on the Mac until a person types the next command.
const MEANWHILE: Duration = Duration::from_secs(5);

/// Ends with the tool's own exit code. The Mac's clock stands still between two calls, so what the tool set going goes on
/// for a while here.
pub(super) fn run(args: &Args, _: &Context) -> Result<u8> {
    let path = match args.place.parse() {
        Ok(Target::File(path)) => path,
        _ => Utf8PathBuf::from(&args.place),
    };
    let file = SimFile::take(&path, "sim exec")?;
    let sim = node::start(node::mac(Utf8Path::new(&path), &file.read()?)?);
    let output = sim.exec(Caller::user(desk::somebody_answers()), &args.argv);
    sim.wait(MEANWHILE, Wait::Settle)?;
    file.save(&sim.into_mac().to_json()?)?;
    Printer.write(Stream::Out, &output.stdout)?;
    Printer.write(Stream::Err, &output.stderr)?;
    Ok(u8::try_from(output.code).unwrap_or(1))
}
