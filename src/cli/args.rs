use clap::{
    Parser, Subcommand, ValueEnum,
    builder::{Styles, styling::AnsiColor},
};

use super::{
    apply, completions, destroy, examples::examples, export, facts, init, lock, logs, output, plan, rehearse,
    schema, secrets, sim, status, switch::switch, target::Target, validate,
};
use crate::desk::ColorChoice;

const STYLES: Styles =
    Styles::styled().header(AnsiColor::Green.on_default().bold()).literal(AnsiColor::Cyan.on_default());

/// Brings an Apple-Silicon Mac to a declared state for local AI, and proves it.
#[derive(Debug, Parser)]
#[command(name = "forgectl", version, styles = STYLES, subcommand_required = true, arg_required_else_help = true)]
#[command(after_help = examples(&["forgectl plan stack.yaml", "forgectl rehearse stack.yaml"]))]
pub(super) struct Args {
    #[command(flatten)]
    pub(super) global: Global,
    #[command(subcommand)]
    pub(super) command: Command,
}

/// What every command takes, before or after its name.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Global {
    /// The Mac to look at or change, instead of this one: `sim:FILE`, `dir:PATH`, or a fresh simulated one by its properties,
    /// as in `chip=M4,memory=16GB` (further ones: macos, disk, sudo, session)
    #[arg(long, global = true, value_name = "TARGET", env = "FORGECTL_ON")]
    pub(super) on: Option<Target>,
    /// For people, or for programs: one document; of `apply`, `destroy` and `secrets rotate` JSON lines, an event each
    #[arg(long, global = true, value_enum, default_value_t, value_name = "FORM", env = "FORGECTL_OUTPUT")]
    pub(super) output: Output,
    /// Say only what went wrong, and the result
    #[arg(long, short, global = true, env = "FORGECTL_QUIET", value_parser = switch)]
    pub(super) quiet: bool,
    /// When to use colour; `auto` heeds the terminal, `NO_COLOR`, `TERM=dumb` and `CI`
    #[arg(long, global = true, value_enum, default_value_t, value_name = "WHEN", env = "FORGECTL_COLOR")]
    pub(super) color: Color,
}

/// Who reads the output.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, ValueEnum)]
pub(super) enum Output {
    /// People.
    #[default]
    Human,
    /// Programs.
    Json,
}

/// When to use colour.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, ValueEnum)]
pub(super) enum Color {
    /// On a terminal that wants it.
    #[default]
    Auto,
    /// Everywhere.
    Always,
    /// Nowhere.
    Never,
}

impl From<Color> for ColorChoice {
    fn from(color: Color) -> Self {
        match color {
            Color::Auto => Self::Auto,
            Color::Always => Self::Always,
            Color::Never => Self::Never,
        }
    }
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Write a first manifest for the Mac, with a comment on every key
    #[command(after_help = examples(&["forgectl init", "forgectl init lab.yaml --on chip=M4,memory=16GB"]))]
    Init(init::Args),
    /// Print the Mac as it stands as a manifest whose plan is empty
    #[command(after_help = examples(&["forgectl export", "forgectl export this-mac.yaml"]))]
    Export(export::Args),
    /// Check a manifest: every fault at once, with line and column
    #[command(after_help = examples(&["forgectl validate stack.yaml", "cat stack.yaml | forgectl validate -"]))]
    Validate(validate::Args),
    /// Print the JSON Schema of manifests, for editors
    #[command(after_help = examples(&["forgectl schema", "forgectl schema > stack.schema.json"]))]
    Schema(schema::Args),
    /// Show what apply would change, without touching anything
    #[command(after_help = examples(&["forgectl plan stack.yaml --explain", "forgectl plan stack.yaml --out plan.json"]))]
    Plan(plan::Args),
    /// Bring the Mac to what the manifest says, and prove it
    ///
    /// In the manifest's place it takes a plan that was saved with `plan --out`: that is carried out without a question if it is
    /// still the same, and otherwise not at all.
    #[command(after_help = examples(&["forgectl apply stack.yaml --events run.jsonl", "forgectl apply plan.json"]))]
    Apply(apply::Args),
    /// Take away what forgectl brought, and give back what it changed
    #[command(after_help = examples(&["forgectl destroy stack.yaml", "forgectl destroy stack.yaml --all-data --yes"]))]
    Destroy(destroy::Args),
    /// Check whether everything is there and healthy
    #[command(visible_alias = "verify")]
    #[command(after_help = examples(&["forgectl status stack.yaml", "forgectl status stack.yaml --use"]))]
    Status(status::Args),
    /// Print the URLs, accounts, keys and places of a stack that was applied
    #[command(after_help = examples(&[
        "forgectl output ollama --stack stack.yaml",
        "forgectl output LANGFUSE_SECRET_KEY --reveal",
    ]))]
    Output(output::Args),
    /// Print what a service of a stack has written: a launchd job or a container
    #[command(after_help = examples(&["forgectl logs ollama -f", "forgectl logs langfuse/worker --lines 500"]))]
    Logs(logs::Args),
    /// Tell and change the secrets of a stack, which are never shown
    #[command(subcommand_required = true, arg_required_else_help = true)]
    #[command(after_help = examples(&["forgectl secrets list", "forgectl secrets rotate langfuse-postgres-password"]))]
    Secrets(secrets::Args),
    /// Print what is locked of a stack, or move that to what upstream has now
    #[command(after_help = examples(&["forgectl lock --stack stack.yaml", "forgectl lock --update brew-formula/jq"]))]
    Lock(lock::Args),
    /// Print what is known of the Mac
    #[command(after_help = examples(&["forgectl facts", "forgectl facts --output json"]))]
    Facts(facts::Args),
    /// Apply twice on a fresh simulated Mac, and tell time, disk and memory
    #[command(after_help = examples(&[
        "forgectl rehearse stack.yaml",
        "forgectl rehearse stack.yaml --on chip=M4,memory=16GB --bandwidth 50",
    ]))]
    Rehearse(rehearse::Args),
    /// Make, look into and compare simulated Macs
    #[command(subcommand_required = true, arg_required_else_help = true)]
    #[command(after_help = examples(&[
        "forgectl sim new mac.json --for stack.yaml",
        "forgectl sim exec mac.json -- launchctl list",
    ]))]
    Sim(sim::Args),
    /// Print the completions of a shell
    #[command(after_help = examples(&[
        "forgectl completions zsh > ~/.zfunc/_forgectl",
        "forgectl completions bash > ~/.local/share/bash-completion/completions/forgectl",
    ]))]
    Completions(completions::Args),
}

#[cfg(test)]
mod tests {
    use super::{super::line, *};

    fn every_command(command: &clap::Command, heard: &mut impl FnMut(&clap::Command)) {
        heard(command);
        command.get_subcommands().filter(|command| command.get_name() != "help").for_each(|command| {
            every_command(command, heard);
        });
    }

    #[test]
    fn the_command_line_is_sound() {
        line::whole().debug_assert();
    }

    #[test]
    fn every_help_ends_with_two_examples() {
        every_command(&line::whole(), &mut |command| {
            if command.is_hide_set() {
                return;
            }
            let help = command.clone().render_help().to_string();
            let examples = help.split("Examples:\n").nth(1).unwrap_or_default();
            let lines: Vec<_> = examples.lines().filter(|line| !line.is_empty()).collect();
            assert!(
                lines.len() == 2 && lines.iter().all(|line| line.contains("forgectl ")),
                "{}: {lines:?}",
                command.get_name()
            );
        });
    }

    #[test]
    fn every_example_is_a_right_command_line() {
        every_command(&line::whole(), &mut |command| {
            let help = command.clone().render_help().to_string();
            for example in help.split("Examples:\n").nth(1).unwrap_or_default().lines() {
                let line = example.trim().rsplit("| ").next().unwrap_or_default();
                let line = line.split(" > ").next().unwrap_or_default();
                let words = line.replace("\"M4 Pro\"", "M4_Pro");
                let words = words.split_whitespace().map(|word| word.replace("M4_Pro", "M4 Pro"));
                let parsed = Args::try_parse_from(words);
                assert!(line.is_empty() || parsed.is_ok(), "{line}: {}", parsed.unwrap_err());
            }
        });
    }

    #[test]
    fn every_flag_but_that_of_secrets_has_a_variable() {
        every_command(&line::whole(), &mut |command| {
            for flag in command.get_arguments().filter(|arg| !arg.is_positional()) {
                let name = flag.get_id().as_str();
                if ["help", "version", "reveal"].contains(&name) {
                    continue;
                }
                let variable = flag.get_env().and_then(|name| name.to_str()).unwrap_or_default();
                assert!(variable.starts_with("FORGECTL_"), "{} {name}", command.get_name());
            }
        });
    }
}
