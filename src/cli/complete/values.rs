use std::ffi::{OsStr, OsString};

use anyhow::{Context as _, Result};
use clap::{Arg, ArgMatches, Command, builder::ValueParser};
use clap_complete::engine::{
    ArgValueCompleter, CompletionCandidate as Candidate, PathCompleter, ValueCompleter,
};

use super::typed::Typed;
use crate::{
    catalog,
    cli::{
        args::{Color, Global, Output},
        context::Context,
        node::{Node, Use},
        stack,
        target::Target,
    },
    engine,
    machine::Machine,
    manifest::Stack,
};

/// `command` with what can be said for each value, by what its help calls it.
pub(super) fn completed(command: Command, typed: &Typed) -> Command {
    let named = Named::of(&command, typed);
    with_completers(command, &named)
}

fn with_completers(command: Command, named: &Named) -> Command {
    // `apply` takes a saved plan in the manifest's place.
    let manifests: &[&str] =
        if command.get_name() == "apply" { &["yaml", "yml", "json"] } else { &["yaml", "yml"] };
    command
        .mut_args(|arg| match completer(&arg, manifests, named.clone()) {
            Some(completer) => arg.add(completer),
            None => arg,
        })
        .mut_subcommands(|command| with_completers(command, named))
}

fn completer(arg: &Arg, manifests: &'static [&str], named: Named) -> Option<ArgValueCompleter> {
    let value = arg.get_value_names()?.first()?;
    Some(match value.as_str() {
        "ID" => ArgValueCompleter::new(move |typed: &OsStr| beginning(typed, named.ids())),
        "NAME" => ArgValueCompleter::new(move |typed: &OsStr| beginning(typed, named.outputs())),
        "SECRET" => ArgValueCompleter::new(move |typed: &OsStr| beginning(typed, named.secrets())),
        "SERVICE" => ArgValueCompleter::new(move |typed: &OsStr| beginning(typed, named.services())),
        "STACK" => ArgValueCompleter::new(PathCompleter::any().filter(move |path| {
            let ending = path.extension().and_then(OsStr::to_str);
            ending.is_some_and(|ending| manifests.contains(&ending))
        })),
        "FILE" => ArgValueCompleter::new(PathCompleter::any()),
        "TARGET" => ArgValueCompleter::new(target),
        _ => return None,
    })
}

fn beginning(typed: &OsStr, values: Option<Vec<String>>) -> Vec<Candidate> {
    let Some(typed) = typed.to_str() else { return vec![] };
    values
        .unwrap_or_default()
        .into_iter()
        .filter(|value| value.starts_with(typed))
        .map(Candidate::new)
        .collect()
}

/// What `--on` takes: a file or a folder behind its sort, or the properties of a fresh Mac.
fn target(typed: &OsStr) -> Vec<Candidate> {
    let Some(typed) = typed.to_str() else { return vec![] };
    for sort in ["sim:", "dir:"] {
        if let Some(path) = typed.strip_prefix(sort) {
            let paths = if sort == "sim:" { PathCompleter::any() } else { PathCompleter::dir() };
            return paths.complete(OsStr::new(path)).into_iter().map(|path| path.add_prefix(sort)).collect();
        }
    }
    let sorts = [("sim:", "a simulated Mac in a file"), ("dir:", "a Mac in a folder")];
    let sorts = sorts.into_iter().map(|(sort, help)| Candidate::new(sort).help(Some(help.into())));
    let chips = catalog::chips().iter().map(|chip| {
        let help = format!("a fresh simulated Mac with {}", chip.name);
        Candidate::new(format!("chip={},memory=", chip.name)).help(Some(help.into()))
    });
    sorts
        .chain(chips)
        .filter(|candidate| candidate.get_value().to_string_lossy().starts_with(typed))
        .collect()
}

/// What the rest of the line names.
#[derive(Clone)]
struct Named {
    manifest: Option<OsString>,
    target: Option<OsString>,
}

impl Named {
    fn of(command: &Command, typed: &Typed) -> Self {
        let read = lenient(command.clone()).try_get_matches_from(&typed.words).ok();
        let value = |names: &[&str]| names.iter().find_map(|name| said(read.as_ref()?, name));
        Self { manifest: value(&["path", "stack"]), target: value(&["on"]) }
    }

    /// The ids of the stack's resources, or of those that the journal knows where no stack is named.
    fn ids(&self) -> Option<Vec<String>> {
        let ids = match self.stack().ok()? {
            Some(stack) => engine::ids(&stack),
            None => self.looking(|look| engine::known_ids(look)),
        };
        Some(ids.ok()?.into_iter().map(String::from).collect())
    }

    fn outputs(&self) -> Option<Vec<String>> {
        let stack = self.stack().ok()?;
        let name = stack.as_ref().map(|stack| stack.manifest.stack.as_str());
        let outputs = self.looking(|look| engine::outputs(look, name, "", false)).ok()?;
        Some(outputs.names().map(str::to_owned).collect())
    }

    fn services(&self) -> Option<Vec<String>> {
        let stack = self.stack().ok()?;
        let name = stack.as_ref().map(|stack| stack.manifest.stack.as_str());
        let logs = self.looking(|look| engine::logs(look, name, "")).ok()?;
        Some(logs.askable().into_iter().map(str::to_owned).collect())
    }

    fn secrets(&self) -> Option<Vec<String>> {
        let stack = self.stack().ok()?;
        let name = stack.as_ref().map(|stack| stack.manifest.stack.as_str());
        let secrets = self.looking(|look| engine::secrets(look, name, "")).ok()?.secrets;
        Some(secrets.into_iter().map(|secret| secret.files.name.to_string()).collect())
    }

    /// The stack, if one is named. Standard input is the shell's.
    fn stack(&self) -> Result<Option<Stack>> {
        let path = self.manifest.as_ref().filter(|path| *path != "-");
        path.map(|path| stack::read(text(path)?.into(), &self.context()?)).transpose()
    }

    fn looking<T>(&self, work: impl FnOnce(&dyn Machine) -> Result<T>) -> Result<T> {
        let context = self.context()?;
        Node::open(&context, None, Use::Look)?.work(&context, false, work)
    }

    fn context(&self) -> Result<Context> {
        let target = |on| text(on)?.parse::<Target>().map_err(anyhow::Error::msg);
        let on = self.target.as_ref().map(target).transpose()?;
        Ok(Context::new(Global { on, output: Output::Human, quiet: true, color: Color::Never }))
    }
}

fn text(word: &OsString) -> Result<&str> {
    word.to_str().context("not UTF-8")
}

/// `command` as it takes a line of which anything may still be wrong.
fn lenient(command: Command) -> Command {
    let any = |arg: Arg| {
        let arg = arg.required(false);
        if arg.get_action().takes_values() { arg.value_parser(ValueParser::os_string()) } else { arg }
    };
    command.ignore_errors(true).mut_args(any).mut_subcommands(lenient)
}

/// What is said for `name`, before or after the command's name.
fn said(matches: &ArgMatches, name: &str) -> Option<OsString> {
    let here = || matches.try_get_one::<OsString>(name).ok()?.cloned();
    matches.subcommand().and_then(|(_, inner)| said(inner, name)).or_else(here)
}
