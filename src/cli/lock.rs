use anyhow::Result;
use camino::{Utf8Path, Utf8PathBuf};

use super::{
    context::Context,
    node::{Node, Use},
    stack,
    switch::switch,
};
use crate::{
    engine,
    manifest::{LockPlace, Stack},
    report,
    value::Id,
};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Only these resources, named as the plan names them (`brew-formula/jq`)
    #[arg(value_name = "ID")]
    ids: Vec<Id>,
    /// The manifest of the stack; without it the one stack that this Mac has
    #[arg(long, value_name = "FILE", env = "FORGECTL_STACK")]
    stack: Option<Utf8PathBuf>,
    /// Move the lock to what upstream has now; nothing else is changed until the next apply
    #[arg(long, env = "FORGECTL_UPDATE", value_parser = switch)]
    update: bool,
    /// With `--update`: say what would move, and write nothing
    #[arg(long, env = "FORGECTL_DRY_RUN", value_parser = switch)]
    dry_run: bool,
}

pub(super) fn run(args: &Args, context: &Context) -> Result<u8> {
    let path = args.stack.clone().map_or_else(|| known(context), Ok)?;
    let stack = stack::read(&path, context)?;
    if args.update { update(args, &stack, &path, context) } else { print(args, &stack, context) }
}

/// The manifest of the one stack that the Mac has.
pub(super) fn known(context: &Context) -> Result<Utf8PathBuf> {
    let node = Node::open(context, None, Use::Look)?;
    let apply = context.typed(&["apply", "STACK"], &[]);
    node.work(context, false, |machine| engine::manifest_of(machine, &apply))
}

fn print(args: &Args, stack: &Stack, context: &Context) -> Result<u8> {
    let locked = if stack.lock_place == LockPlace::Mac {
        let node = Node::open(context, Some(stack), Use::Look)?;
        node.work(context, false, |machine| engine::locked(machine, stack, &args.ids))?
    } else {
        engine::locked_beside(stack, &args.ids)?
    };
    let human = |screen| report::lock(&locked, !args.ids.is_empty(), screen);
    context.print(|| report::lock_json(&locked), human, human)?;
    if locked.lock.is_empty() && !context.json() {
        context.say(match stack.lock_place {
            LockPlace::Nowhere => "Nothing is locked: a manifest that is no file has no lock.",
            _ => "Nothing is locked: nothing was applied yet, or the manifest leaves nothing open.",
        });
    }
    Ok(0)
}

fn update(args: &Args, stack: &Stack, path: &Utf8Path, context: &Context) -> Result<u8> {
    let how = if args.dry_run { Use::Look } else { Use::Change("lock --update") };
    let node = Node::open(context, Some(stack), how)?;
    let update =
        node.work(context, false, |machine| engine::update_lock(machine, stack, &args.ids, !args.dry_run));
    node.keep()?;
    let update = update?;
    context.print(
        || report::lock_update_json(&update),
        |screen| report::lock_update(&update, screen),
        |screen| report::lock_update_total(&update, screen),
    )?;
    if !context.json() {
        context.warn(&update.warnings);
    }
    if update.written {
        let plan = context.typed(&["plan", path.as_str()], &[]);
        context.say(format_args!("Wrote {}. To see what that brings:\n    {plan}", update.file));
    }
    Ok(0)
}
