use std::time::Duration;

use anyhow::Result;

use super::PythonEnvironment;
use crate::{
    machine::{
        Changing, Command, Machine, Quiet,
        tool::{
            uv,
            venv::{self, Environment},
        },
    },
    resource::Evidence,
    value::Problem,
};

/// Imports what it is told, one module after the other.
const IMPORT: &str = "import importlib, sys\nfor name in sys.argv[1:]:\n    importlib.import_module(name)\n";

/// How long that may take: the first import of a large package compiles it.
const PATIENCE: Duration = Duration::from_mins(5);

/// That the environment's own Python imports what was asked for.
pub(super) fn imports(
    environment: &PythonEnvironment,
    machine: &dyn Machine,
    found: &Environment,
) -> Result<Evidence> {
    let mut modules = vec![];
    for package in &environment.packages {
        if let Some(installed) = found.packages.get(&package.name) {
            modules.extend(venv::modules(machine, &package.name, installed)?);
        }
    }
    if modules.is_empty() {
        return Ok(vec![]);
    }
    let python = environment.path.join("bin/python");
    // Isolated, and nothing is written beside the modules.
    let words = [python.as_str(), "-I", "-B", "-c", IMPORT];
    let argv: Vec<&str> = words.into_iter().chain(modules.iter().map(String::as_str)).collect();
    let output = machine.try_command(&Command::new(&argv).limit(PATIENCE), &Quiet)?;
    if output.ok() {
        return Ok(vec![format!("it imports {}", modules.join(", "))]);
    }
    Err(Problem::mac(format!("the environment `{}` does not import what is in it", environment.name))
        .why(format!("Python answered: {}", output.said()))
        .hint("see it for yourself:")
        .remedy(format!("{python} -c 'import {}'", modules.join(", ")))
        .into())
}

/// That what is installed fits together. What somebody else has put in and does not fit is told, and fails nothing.
pub(super) fn fits(environment: &PythonEnvironment, machine: &dyn Machine) -> Result<Evidence> {
    let python = environment.path.join("bin/python");
    let argv = [environment.uv.as_str(), "pip", "check", "-p", python.as_str()];
    let output = machine.try_command(&Command::new(&argv).with(uv::ENVIRONMENT), &Quiet)?;
    if output.ok() {
        return Ok(vec!["`uv pip check` finds nothing that does not fit".to_owned()]);
    }
    let complaints: Vec<&str> =
        output.stderr.lines().map(str::trim).filter(|line| line.starts_with("The package `")).collect();
    let about = |line: &str| line.split('`').nth(1).is_some_and(|name| environment.came_by_us(machine, name));
    let (ours, others): (Vec<&str>, Vec<&str>) = complaints.iter().partition(|line| about(line));
    if ours.is_empty() && !others.is_empty() {
        return Ok(others.into_iter().map(|line| format!("beside what is asked for: {line}")).collect());
    }
    let problem =
        Problem::mac(format!("the packages of the environment `{}` do not fit together", environment.name));
    let problem = if ours.is_empty() {
        problem.why(format!("`uv pip check` answered: {}", output.said()))
    } else {
        ours.into_iter().fold(problem, Problem::why)
    };
    Err(problem.hint("see it for yourself:").remedy(format!("uv pip check -p {python}")).into())
}
