use anyhow::Result;
use clap_complete::Shell;

use super::{context::Context, line};
use crate::desk::{Printer, Stream};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Which shell
    #[arg(value_enum)]
    shell: Shell,
}

pub(super) fn run(args: &Args, _: &Context) -> Result<u8> {
    let mut script = vec![];
    clap_complete::generate(args.shell, &mut line::offered(), "forgectl", &mut script);
    Printer.write(Stream::Out, &String::from_utf8_lossy(&script))?;
    Ok(0)
}
