use anyhow::{Result, bail};

use crate::{
    cli::{context::Context, target::Target},
    desk::Pipe,
    sim::folder,
};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// `dir:PATH`
    #[arg(value_name = "TARGET")]
    place: Target,
    /// The job whose process is to be started; without it launchd is kept going while anything is due
    #[arg(value_name = "LABEL")]
    label: Option<String>,
}

/// What launchd of a Mac in a folder starts for itself; nobody types it.
pub(super) fn run(args: &Args, _: &Context) -> Result<u8> {
    let Target::Folder(path) = &args.place else { bail!("`{}` is no Mac in a folder", args.place) };
    match &args.label {
        Some(_) => folder::supervise(path, Pipe::In, Pipe::Out)?,
        None => folder::keep(path)?,
    }
    Ok(0)
}
