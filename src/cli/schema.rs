use anyhow::Result;

use super::context::Context;
use crate::manifest;

#[derive(Debug, clap::Args)]
pub(super) struct Args {}

pub(super) fn run(_: &Args, _: &Context) -> Result<u8> {
    Context::print_json(&manifest::schema())?;
    Ok(0)
}
