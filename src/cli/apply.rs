use anyhow::{Result, bail};

use super::{
    context::Context,
    node::{Node, Use},
    only::{self, Only},
    running::{self, Flags},
    stack::Manifest,
    upgrade::Newest,
};
use crate::{
    engine::{self, How},
    value::{Problem, Upgrade},
};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    manifest: Manifest,
    #[command(flatten)]
    only: Only,
    #[command(flatten)]
    newest: Newest,
    #[command(flatten)]
    flags: Flags,
}

pub(super) fn run(args: &Args, context: &Context) -> Result<u8> {
    let (mut stack, saved) = args.manifest.read_or_plan(context)?;
    let mut only = args.only.only.clone();
    stack.upgrade = args.newest.asked();
    if let Some(plan) = &saved {
        if !only.is_empty() || stack.upgrade != Upgrade::Nothing {
            let flag = if only.is_empty() { "--upgrade" } else { "--only" };
            bail!(
                Problem::usage(format!("`{flag}` changes no saved plan"))
                    .hint("what it is about was said when it was made; make another as you want it:")
                    .remedy(&plan.again)
            );
        }
        only = plan.only().to_vec();
        stack.upgrade = plan.upgrade().clone();
    }
    let node = Node::open(context, Some(&stack), Use::Change("apply"))?;
    // Half of a saved plan is another plan: what is left of it is done from the manifest.
    let manifest = saved.as_ref().map_or(args.manifest.clone(), |plan| Manifest::at(plan.manifest()));
    let newest = stack.upgrade.flags();
    let flags: Vec<&str> = only::words(&only).into_iter().chain(newest.iter().map(String::as_str)).collect();
    let command = manifest.command("apply", &flags, context);
    let how = How { command, only, saved, ..How::default() };
    let code = node.work(context, args.flags.trace, |machine| {
        running::tell(&args.flags, context, machine, how, |how, person, sink| {
            engine::apply(machine, &stack, how, person, sink)
        })
    });
    node.keep()?;
    code
}
