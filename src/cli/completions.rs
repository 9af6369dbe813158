use anyhow::Result;
use clap::CommandFactory;
use clap_complete::Shell;

use super::{args, context::Context};
use crate::desk::{Printer, Stream};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Which shell
    #[arg(value_enum)]
    shell: Shell,
}

pub(super) fn run(args: &Args, _: &Context) -> Result<u8> {
    let mut script = vec![];
    clap_complete::generate(args.shell, &mut args::Args::command(), "forgectl", &mut script);
    Printer.write(Stream::Out, &String::from_utf8_lossy(&script))?;
    Ok(0)
}
