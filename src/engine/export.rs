use std::collections::BTreeSet;

use anyhow::Result;
use camino::Utf8PathBuf;

use super::{
    draft::{Aim, Draft, one_line},
    starter::{chip, memory},
};
use crate::{
    blueprint::{
        OLLAMA_LABEL,
        standing::{self, Standing},
    },
    journal::{Journal, Receipts},
    machine::{
        Identity, Look, Looking, Once,
        facts::{self, Facts},
        tool::brew,
    },
    manifest::{self, Ollama, Start},
    value::{Place, Problems, Source},
};

/// Before a comment, where the line is no longer.
const COLUMN: usize = 31;

/// The Mac behind `look` as it stands, as a manifest whose plan is empty, with a comment on where each line was seen. It has
/// the name of the one stack that is known there, if with that name nothing would leave. Changes nothing.
pub fn export(look: &dyn Look) -> Result<Draft> {
    let look = &Once::new(look);
    let identity = look.identity()?;
    let facts = facts::gather(look)?;
    let journal = Journal::open(look, &identity.state)?;
    let known = journal.stacks();
    let parts = Parts::of(look, &identity, &facts, &journal.receipts())?;
    if let (Some(name), 1) = (known.first(), known.len()) {
        let draft = parts.draft(name, "the one stack that is known here");
        let (draft, plan) = draft.settle(look, Aim::Empty)?;
        if plan.is_empty() {
            return Ok(draft);
        }
    }
    let mut name = "this-mac".to_owned();
    let mut number = 1;
    while known.contains(&name) {
        number += 1;
        name = format!("this-mac-{number}");
    }
    Ok(parts.draft(&name, "a new name").settle(look, Aim::Empty)?.0)
}

/// What the manifest is put together of.
struct Parts {
    node: String,
    power: Part,
    /// Each key of the section.
    tools: Vec<Part>,
    /// The section, empty without an environment.
    python: String,
    /// The section, or why there is none.
    ollama: Option<Result<String, String>>,
    /// The models that its server has.
    models: String,
    /// What runs in containers: an export does not tell what that is.
    containers: Vec<Part>,
    /// What has no place in a manifest.
    others: Vec<String>,
}

/// A key of it with all that belongs to it.
struct Part {
    /// `power`, `tools.homebrew`.
    key: &'static str,
    lines: String,
    /// Why it is not so.
    otherwise: Option<String>,
}

impl Parts {
    fn of(look: &dyn Look, identity: &Identity, facts: &Facts, receipts: &Receipts) -> Result<Self> {
        let macos = facts.macos.as_deref().unwrap_or("15");
        let node = [
            line("  chip", &chip(facts), "sysctl machdep.cpu.brand_string"),
            line("  memory", &memory(facts).to_string(), "sysctl hw.memsize"),
            line("  macos", &format!("\">={macos}\""), "/System/Library/CoreServices/SystemVersion.plist"),
        ];
        let (mut there, mut models) = (None, String::new());
        if let Some(standing) = standing::ollama(look, identity)? {
            there = Some(match standing {
                Standing::So(section, from) => {
                    models = models_of(look, identity, &section)?;
                    readable(ollama(&section, &from))
                }
                Standing::Otherwise(how) => Err(how),
            });
        }
        let power = switch("power", "never_sleep", standing::never_sleeps(look)?);
        Ok(Self {
            node: node.concat(),
            power,
            tools: tools(look, identity)?,
            python: python(look, identity, receipts)?,
            ollama: there,
            models,
            containers: containers(receipts),
            others: others(look, identity)?,
        })
    }

    fn draft(&self, name: &str, from: &str) -> Draft {
        let mut text = String::from(
            "# This Mac as it stood when `forgectl export` looked at it: then its plan was empty.\n",
        );
        text += &["forge: 1\n", &line("stack", name, from), "\nnode:\n", &self.node].concat();
        text += &["\npower:\n", &self.power.lines, "\ntools:\n"].concat();
        text.extend(self.tools.iter().map(|key| key.lines.as_str()));
        text += &self.python;
        match &self.ollama {
            Some(Ok(section)) => text += &["\n", section, &self.models].concat(),
            // A key that is left out at once, and so is a comment.
            Some(Err(_)) => text += "\nollama:\n",
            None => {}
        }
        text.extend(self.containers.iter().map(|section| section.lines.as_str()));
        if !self.others.is_empty() {
            text += "\n# Here too, and no part of a manifest:\n";
            text.extend(self.others.iter().map(|other| format!("#   {other}\n")));
        }
        let mut draft = Draft::new(name, text);
        for Part { key, otherwise, .. } in
            std::iter::once(&self.power).chain(&self.tools).chain(&self.containers)
        {
            if let Some(how) = otherwise {
                draft.leave_out(key, how);
            }
        }
        if let Some(Err(how)) = &self.ollama {
            draft.leave_out("ollama", how);
        }
        draft
    }
}

/// A line of a manifest with a comment.
fn line(key: &str, value: &str, from: &str) -> String {
    commented(&format!("{key}: {value}"), from)
}

fn commented(said: &str, from: &str) -> String {
    format!("{said:<COLUMN$} # {}\n", one_line(from))
}

/// The switch `name` that `key` is about.
fn switch(key: &'static str, name: &str, standing: Standing<()>) -> Part {
    let name = format!("  {name}");
    match standing {
        Standing::So((), from) => Part { key, lines: line(&name, "true", &from), otherwise: None },
        Standing::Otherwise(how) => Part { key, lines: format!("{name}: true\n"), otherwise: Some(how) },
    }
}

fn tools(look: &dyn Look, identity: &Identity) -> Result<Vec<Part>> {
    let tools = standing::has_command_line_tools(look)?;
    let homebrew = standing::has_homebrew(look, identity)?;
    let has = matches!(homebrew, Standing::So(..));
    let mut keys = vec![
        switch("tools.command_line_tools", "command_line_tools", tools),
        switch("tools.homebrew", "homebrew", homebrew),
    ];
    if !has {
        return Ok(keys);
    }
    let taps = standing::taps(look)?;
    let mut list = |key: &'static str, items: Vec<(String, String)>| {
        if items.is_empty() {
            return;
        }
        let head = format!("  {}:\n", key.trim_start_matches("tools."));
        let items = items.iter().map(|(item, from)| commented(&format!("    - {item}"), from));
        keys.push(Part { key, lines: std::iter::once(head).chain(items).collect(), otherwise: None });
    };
    let quoted = |items: Vec<(String, String)>| {
        items.into_iter().map(|(name, from)| (quoted(&name), from)).collect::<Vec<_>>()
    };
    list("tools.formulae", quoted(standing::formulae(look, &taps)?));
    list("tools.casks", quoted(standing::casks(look, &taps)?));
    let trusted = taps.iter().map(|(name, from)| (format!("{{name: {name}, trust: true}}"), from.clone()));
    list("tools.taps", trusted.collect());
    Ok(keys)
}

fn ollama(section: &Ollama, from: &str) -> String {
    let start = match section.start {
        Start::Login => ("login", "a launch agent"),
        Start::Boot => ("boot", "a launch daemon"),
    };
    let host = format!("OLLAMA_HOST {}", section.socket());
    let mut text = commented("ollama:", from);
    text += &line("  listen", &quoted(&section.listen.to_string()), &host);
    text += &line("  port", &section.port.to_string(), &host);
    text += &line("  num_ctx", &section.num_ctx.to_string(), "OLLAMA_CONTEXT_LENGTH");
    text += &line("  keep_alive", &quoted(&section.keep_alive.to_string()), "OLLAMA_KEEP_ALIVE");
    if let Some(most) = section.max_loaded_models {
        text += &line("  max_loaded_models", &most.to_string(), "OLLAMA_MAX_LOADED_MODELS");
    }
    if let Some(proxy) = &section.proxy {
        text += &line("  proxy", &quoted(&proxy.to_string()), "HTTPS_PROXY");
    }
    text += &line("  start", start.0, start.1);
    if !section.environment.is_empty() {
        text += "  environment:\n";
        let variables = section.environment.iter();
        text.extend(
            variables.map(|(name, value)| line(&format!("    {}", quoted(name)), &quoted(value), "the same")),
        );
    }
    text
}

/// What the journal knows of containers, each section left out at once.
fn containers(receipts: &Receipts) -> Vec<Part> {
    let of = |wanted: fn(&Place) -> bool| receipts.iter().filter(move |(_, receipt)| wanted(&receipt.place));
    let part = |key: &'static str, names: BTreeSet<String>| {
        let names = names.into_iter().collect::<Vec<_>>().join(", ");
        let how = format!("not exported, so keep the manifest that brought it ({names})");
        Part { key, lines: format!("\n{key}:\n"), otherwise: (!names.is_empty()).then_some(how) }
    };
    let engines = of(|place| matches!(place, Place::Engine { .. })).map(|(id, _)| id.name().to_owned());
    let services = of(|place| matches!(place, Place::Container { .. }))
        .filter_map(|(id, _)| Some(id.name().split_once('/')?.0.to_owned()));
    let parts = [part("containers", engines.collect()), part("services", services.collect())];
    parts.into_iter().filter(|part| part.otherwise.is_some()).collect()
}

/// The environments that the journal knows of.
fn python(look: &dyn Look, identity: &Identity, receipts: &Receipts) -> Result<String> {
    let environments = standing::environments(look, identity, receipts)?;
    let mut text = String::from(if environments.is_empty() { "" } else { "\npython:\n" });
    for (name, environment) in environments {
        text += &commented(&format!("  {}:", quoted(&name)), &format!("python-environment/{name}"));
        text += &line("    path", &quoted(environment.path.as_str()), "the journal");
        text += &line("    version", &format!("\"{}\"", environment.version.as_str()), "pyvenv.cfg");
        let packages: Vec<String> = environment.packages.iter().map(|one| quoted(&one.to_string())).collect();
        text += &line("    packages", &format!("[{}]", packages.join(", ")), "as last asked for");
    }
    Ok(text)
}

fn models_of(look: &dyn Look, identity: &Identity, section: &Ollama) -> Result<String> {
    let models = standing::models(look, identity, section)?;
    let lines = models
        .iter()
        .map(|(name, from)| commented(&format!("  - ollama: {}", quoted(&name.to_string())), from.as_str()));
    let head = if models.is_empty() { "" } else { "\nmodels:\n" };
    Ok(std::iter::once(head.to_owned()).chain(lines).collect())
}

/// `text` as YAML reads it as that text, in quotes unless it is a plain word.
fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let word = text.ends_with(|c: char| c.is_ascii_alphabetic()) && text.chars().all(plain);
    // JSON's texts are YAML's too.
    if word { text.to_owned() } else { serde_json::Value::from(text).to_string() }
}

/// The section if a manifest may say so, and otherwise why not.
fn readable(section: String) -> Result<String, String> {
    let text = format!("forge: 1\nstack: this-mac\nnode:\n  memory: 1GB\n{section}");
    match manifest::read(&Source::new("export", text)) {
        Ok(_) => Ok(section),
        Err(Problems(faults)) => {
            let what: Vec<String> = faults.into_iter().map(|fault| fault.what).collect();
            Err(format!("no manifest may say so: {}", what.join("; ")))
        }
    }
}

/// The property lists of others' jobs, and casks.
fn others(look: &dyn Look, identity: &Identity) -> Result<Vec<String>> {
    let own = identity.home.join("Library/LaunchAgents");
    let folders: [Utf8PathBuf; 3] = [own, "/Library/LaunchAgents".into(), "/Library/LaunchDaemons".into()];
    let mut others = vec![];
    for folder in folders {
        for name in look.list(&folder)?.unwrap_or_default() {
            if name.strip_suffix(".plist").is_some_and(|label| label != OLLAMA_LABEL) {
                others.push(format!("launchd job {}", folder.join(name).as_str().escape_debug()));
            }
        }
    }
    others.extend(brew::casks(look)?.into_iter().map(|cask| format!("cask {}", cask.escape_debug())));
    Ok(others)
}
