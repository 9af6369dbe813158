use std::time::Duration;

use anyhow::Result;
use camino::{Utf8Path, Utf8PathBuf};

use super::{
    context::{Context, INTERRUPTED},
    node::{Node, Use},
    stack,
    switch::switch,
    target::Target,
};
use crate::{
    desk::{Printer, Stream},
    engine::{self, Follower, Line},
    machine::{Halt, Look, Wait},
    report,
    value::Problem,
};

/// How often it is looked whether more has come.
const EVERY: Duration = Duration::from_millis(500);

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Whose: a job (`ollama`), a container (`langfuse/web`), or all containers of a service (`langfuse`)
    #[arg(value_name = "SERVICE")]
    name: String,
    /// Go on with what comes, until Ctrl-C
    #[arg(long, short, env = "FORGECTL_FOLLOW", value_parser = switch)]
    follow: bool,
    /// How many lines of what was written before, of each
    #[arg(long, value_name = "N", default_value_t = 100, env = "FORGECTL_LINES")]
    lines: u32,
    /// The manifest of the stack; without it the one stack that this Mac has
    #[arg(long, value_name = "FILE", env = "FORGECTL_STACK")]
    stack: Option<Utf8PathBuf>,
}

pub(super) fn run(args: &Args, context: &Context) -> Result<u8> {
    if args.follow && matches!(context.target(), Target::File(_) | Target::Fresh(_)) {
        return Err(Problem::usage("nothing happens on a simulated Mac while it is watched")
            .hint("its clock stands still between two commands; leave out `--follow`")
            .into());
    }
    let stack = args.stack.as_deref().map(|path| stack::read(path, context)).transpose()?;
    let node = Node::open(context, stack.as_ref(), Use::Look)?;
    let name = stack.as_ref().map(|stack| stack.manifest.stack.as_str());
    let apply = context.typed(&["apply", args.stack.as_deref().map_or("STACK", Utf8Path::as_str)], &[]);
    node.work(context, false, |machine| {
        let logs = engine::logs(machine, name, &apply)?;
        let mut follower = logs.open(machine, &args.name, args.lines)?;
        let width =
            follower.several().then(|| logs.names().map(console::measure_text_width).max().unwrap_or(0));
        let view = View { context, width };
        let mut lines = follower.more()?;
        if args.follow {
            return follow(machine, &mut follower, &view, &lines);
        }
        lines.extend(follower.unended());
        view.print(&lines)?;
        if lines.is_empty() && !context.json() && args.lines > 0 {
            context.say(format_args!("`{}` has written nothing.", args.name));
        }
        Ok(0)
    })
}

/// Prints what comes until nobody reads any more, or until somebody asks to stop, which is how it ends.
fn follow(look: &dyn Look, follower: &mut Follower, view: &View, before: &[Line]) -> Result<u8> {
    let mut read = view.print(before)?;
    while read {
        match look.wait(EVERY, Wait::Poll) {
            Err(error) if Halt::of(&error) == Some(Halt::Interrupted) => return Ok(INTERRUPTED),
            waited => waited?,
        }
        read = view.print(&follower.more()?)?;
    }
    Ok(0)
}

struct View<'v> {
    context: &'v Context,
    width: Option<usize>,
}

impl View<'_> {
    /// Answers whether somebody still reads.
    fn print(&self, lines: &[Line]) -> Result<bool> {
        if lines.is_empty() {
            return Ok(true);
        }
        let text = if self.context.json() {
            report::log_lines_json(lines)
        } else {
            report::log_lines(lines, self.width, self.context.screen(Stream::Out))
        };
        Printer.reach(Stream::Out, &text)
    }
}
