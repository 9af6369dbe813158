use anyhow::Result;
use clap_complete::Shell;

use super::{context::Context, line};
use crate::desk::{Printer, Stream};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Which shell; ids, manifests and Macs are known in bash, fish and zsh
    #[arg(value_enum)]
    shell: Shell,
}

/// The functions that ask for what can stand at the cursor.
const ASKING: [(Shell, &str); 3] = [
    (Shell::Bash, include_str!("../../templates/completions.bash")),
    (Shell::Fish, include_str!("../../templates/completions.fish")),
    (Shell::Zsh, include_str!("../../templates/completions.zsh")),
];

pub(super) fn run(args: &Args, _: &Context) -> Result<u8> {
    if let Some((_, function)) = ASKING.iter().find(|(shell, _)| *shell == args.shell) {
        Printer.write(Stream::Out, function)?;
        return Ok(0);
    }
    let mut script = vec![];
    clap_complete::generate(args.shell, &mut line::offered(), "forgectl", &mut script);
    Printer.write(Stream::Out, &String::from_utf8_lossy(&script))?;
    Ok(0)
}
