use anyhow::{Result, bail};

use crate::{
    cli::{
        context::Context,
        node,
        target::{Place, Target},
    },
    sim::folder,
    value::Problem,
};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The folder that keeps the Mac
    #[arg(value_name = "FOLDER")]
    place: Place,
}

/// A Mac in a file has no real processes.
pub(super) fn run(args: &Args, context: &Context) -> Result<u8> {
    let Target::Folder(path) = args.place.target() else {
        bail!(
            Problem::manifest(format!("this is no Mac in a folder: `{}`", args.place))
                .why("only a Mac in a folder has real processes")
                .hint("name its folder: `forgectl sim stop dir:PATH`")
        );
    };
    folder::root(&path).map_err(|error| node::no_such_mac(&error, &args.place, None))?;
    folder::end_all(&path)?;
    context.say(format_args!("Nothing runs there any more: {}", args.place));
    Ok(0)
}
