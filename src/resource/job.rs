use std::collections::BTreeMap;

use anyhow::{Context, Result};
use camino::{Utf8Path, Utf8PathBuf};
use sha2::{Digest, Sha256};

use super::changes;
use crate::{
    journal::Receipt,
    machine::{Kind, Look, Looking, tool::launchctl::Printed},
    step::{Definition, LoadJob, Loading, Step, declared_part, definition_matches},
    value::{Delta, Domain, Field, Place, Problem, State, Value, Want, Wanted, hex},
};

/// The fields that the journal may hold: none that quotes what somebody wrote into a property list.
pub(super) const REMEMBERED: [&str; 11] = [
    "file",
    "file.digest",
    "file.mode",
    "file.owner",
    "file.group",
    "loaded",
    "launchd.path",
    "enabled",
    "running",
    "program.identity",
    "program.changed",
];

/// A launchd job of ours: its property list, and what launchd should have of it.
#[derive(Debug)]
pub struct JobSpec {
    /// The launchd domain.
    pub domain: Domain,
    /// Its label.
    pub label: String,
    /// The user who owns an agent's property list.
    pub uid: u32,
    /// What launchd should have of it.
    pub definition: Definition,
    /// The property list, as it is written.
    pub content: Vec<u8>,
    /// Where a file is put before root takes it over.
    pub staging: Utf8PathBuf,
    /// Where it fetches models to, if it does.
    pub store: Option<Utf8PathBuf>,
}

impl JobSpec {
    /// Its program, before links are followed.
    pub fn program(&self) -> &Utf8Path {
        Utf8Path::new(self.definition.arguments.first().map_or("", String::as_str))
    }

    pub(super) fn place(&self) -> Place {
        Place::Job {
            domain: self.domain,
            label: self.label.clone(),
            plist: self.definition.path.clone(),
            program: self.program().to_owned(),
        }
    }

    pub(super) fn wanted(&self) -> Wanted {
        let owner = if self.domain == Domain::System { 0 } else { self.uid };
        let is = |value: Value| Want::Is(value);
        let mut wanted = Wanted::from([
            (Field::from("file"), is(fingerprint(&self.content).into())),
            (Field::from("file.mode"), is("0644".into())),
            (Field::from("file.owner"), is(i64::from(owner).into())),
            (Field::from("enabled"), is(true.into())),
            (Field::from("running"), is(true.into())),
            (Field::from("program.changed"), is(false.into())),
        ]);
        for (prefix, fields) in
            [("", file_fields(&parse(&self.content))), ("launchd.", loaded_fields(&self.definition))]
        {
            wanted.extend(
                fields.into_iter().map(|(field, value)| (format!("{prefix}{field}").into(), is(value))),
            );
        }
        wanted.insert("loaded".into(), is(true.into()));
        wanted
    }

    pub(super) fn reason(&self, found: &State, deltas: &[Delta]) -> String {
        let cause = self.cause(found, deltas);
        let off = |delta: &Delta| delta.field.as_str() == "enabled" && delta.found == Value::Bool(false);
        if deltas.iter().any(off) && !cause.starts_with("switched off") {
            return format!("{cause}; switched off by an override, which is taken away");
        }
        cause
    }

    fn cause(&self, found: &State, deltas: &[Delta]) -> String {
        if !found.present {
            return "write its property list and load it".into();
        }
        let of_file: Vec<Delta> = deltas
            .iter()
            .filter_map(|delta| {
                let name = delta.field.as_str();
                let shown = if name == "arguments" { name } else { name.strip_prefix("env.")? };
                Some(Delta { field: shown.into(), ..delta.clone() })
            })
            .collect();
        let wrong = |field: &str| deltas.iter().any(|delta| delta.field.as_str() == field);
        if *found.get("file") == Value::Absent {
            "its property list is gone".into()
        } else if !of_file.is_empty() {
            changes(&of_file)
        } else if wrong("file") {
            "its property list was changed".into()
        } else if wrong("file.mode") || wrong("file.owner") {
            "its property list has another owner or mode".into()
        } else if wrong("loaded") {
            "launchd does not have it".into()
        } else if *found.get("going") == Value::Bool(true) {
            "somebody is unloading it".into()
        } else if deltas.iter().any(|delta| delta.field.as_str().starts_with("launchd.")) {
            "launchd still goes by an older definition".into()
        } else if *found.get("program.identity") == Value::Absent {
            format!("its program is gone: {}", self.program())
        } else if wrong("program.changed") {
            format!("{} was replaced since it was launched", self.program())
        } else if wrong("enabled") {
            "switched off: it would not come back at the next start".into()
        } else {
            "it does not run".into()
        }
    }

    /// A link that another made could not be put back as it was.
    pub(super) fn hindrance(&self, found: &State, known: bool) -> Option<Problem> {
        (!known && *found.get("file.mode") == "link".into()).then(|| {
            Problem::mac(format!("a link is where a property list belongs: `{}`", self.definition.path))
                .hint("forgectl did not make it; see where it leads, and put a file in its place or nothing:")
                .remedy(format!("ls -l '{}'", self.definition.path))
        })
    }

    pub(super) fn steps(&self, found: &State, deltas: &[Delta]) -> Vec<Box<dyn Step>> {
        let wrong = |field: &str| deltas.iter().any(|delta| delta.field.as_str() == field);
        let replace_file = wrong("file.mode") || wrong("file.owner");
        let loaded = *found.get("loaded") == Value::Bool(true);
        let stale = deltas.iter().any(|delta| delta.field.as_str().starts_with("launchd."));
        let going = *found.get("going") == Value::Bool(true);
        let loading = match loaded {
            false => Loading::Load,
            true if wrong("file") || stale || going || wrong("program.changed") => Loading::Reload,
            true => Loading::Start,
        };
        vec![Box::new(LoadJob {
            domain: self.domain,
            label: self.label.clone(),
            definition: self.definition.clone(),
            write: (wrong("file") || replace_file).then(|| self.content.clone()),
            replace_file: replace_file && *found.get("file") != Value::Absent,
            loading,
            switch_on: wrong("enabled"),
            staging: self.staging.clone(),
            store: self.store.clone(),
        })]
    }

    /// Whether `printed` is this job as it should be.
    pub(super) fn is_loaded_as(&self, printed: &Printed) -> bool {
        definition_matches(&self.definition, printed)
    }
}

fn parse(content: &[u8]) -> plist::Dictionary {
    plist::from_bytes(content).unwrap_or_default()
}

/// A digest of what a property list says, whatever its form: values are compared, never bytes. What is no property list is
/// told apart by its bytes.
fn fingerprint(content: &[u8]) -> String {
    let canonical = plist::from_bytes::<plist::Value>(content).ok().and_then(|mut value| {
        let mut text = vec![];
        sort(&mut value);
        value.to_writer_xml(&mut text).ok().map(|()| text)
    });
    hex(&Sha256::digest(canonical.as_deref().unwrap_or(content)))
}

/// Puts the keys of all dictionaries in order, at every depth.
fn sort(value: &mut plist::Value) {
    match value {
        plist::Value::Dictionary(dictionary) => {
            dictionary.sort_keys();
            dictionary.values_mut().for_each(sort);
        }
        plist::Value::Array(values) => values.iter_mut().for_each(sort),
        _ => {}
    }
}

fn file_fields(dictionary: &plist::Dictionary) -> BTreeMap<String, Value> {
    let mut fields = BTreeMap::new();
    let texts = |value: &plist::Value| value.as_string().unwrap_or_default().to_owned();
    if let Some(arguments) = dictionary.get("ProgramArguments").and_then(plist::Value::as_array) {
        let arguments: Vec<String> = arguments.iter().map(texts).collect();
        fields.insert("arguments".to_owned(), arguments.join(" ").into());
    }
    fields.extend(
        environment(dictionary).into_iter().map(|(name, value)| (format!("env.{name}"), value.into())),
    );
    fields
}

/// The environment that a property list declares.
fn environment(dictionary: &plist::Dictionary) -> BTreeMap<String, String> {
    let declared = dictionary.get("EnvironmentVariables").and_then(plist::Value::as_dictionary);
    let text = |value: &plist::Value| value.as_string().unwrap_or_default().to_owned();
    declared.into_iter().flatten().map(|(name, value)| (name.clone(), text(value))).collect()
}

fn loaded_fields(definition: &Definition) -> BTreeMap<String, Value> {
    let names: Vec<&str> = definition.environment.keys().map(String::as_str).collect();
    let mut fields = BTreeMap::from([
        ("path".to_owned(), definition.path.as_str().into()),
        ("arguments".to_owned(), definition.arguments.join(" ").into()),
        ("env".to_owned(), names.join(" ").into()),
    ]);
    fields.extend(
        definition.environment.iter().map(|(name, value)| (format!("env.{name}"), value.as_str().into())),
    );
    fields
}

pub(super) fn observe(
    look: &dyn Look,
    domain: Domain,
    label: &str,
    path: &Utf8Path,
    program: &Utf8Path,
    receipt: Option<&Receipt>,
) -> Result<State> {
    let mut state = State::absent();
    // What is not there is written down as such: a later look must not pass for the first.
    for field in REMEMBERED {
        state.set(field, Value::Absent);
    }
    let mut declared = BTreeMap::new();
    if let (Some(content), Some(stat)) = (look.read(path)?, look.stat(path)?) {
        state.present = true;
        state.set("file", fingerprint(&content));
        state.set("file.digest", hex(&Sha256::digest(&content)));
        state.set("file.mode", format!("{:04o}", stat.mode));
        state.set("file.owner", i64::from(stat.uid));
        state.set("file.group", i64::from(stat.gid));
        if stat.kind == Kind::Link {
            state.set("file.mode", "link");
        }
        let dictionary = parse(&content);
        declared = environment(&dictionary);
        for (field, value) in file_fields(&dictionary) {
            state.set(field, value);
        }
    }
    let printed = look.loaded_job(domain, label)?;
    state.present |= printed.is_some();
    state.set("loaded", printed.is_some());
    let going = printed.as_ref().is_some_and(Printed::is_going);
    state.set("going", going);
    state.set("running", !going && printed.as_ref().is_some_and(|printed| printed.pid().is_some()));
    if let Some(printed) = printed {
        let definition = Definition {
            path: printed.get("path").unwrap_or_default().into(),
            environment: declared_part(&printed.environment, declared.keys()),
            arguments: printed.arguments,
        };
        for (field, value) in loaded_fields(&definition) {
            state.set(format!("launchd.{field}"), value);
        }
    }
    state.set("enabled", !look.disabled_labels(domain)?.iter().any(|disabled| disabled == label));
    let identity = identity(look, program)?;
    let launched = receipt.and_then(|receipt| receipt.left_value("program.identity"));
    state.set("program.changed", launched.is_some_and(|launched| *launched != identity));
    state.set("program.identity", identity);
    Ok(state)
}

/// The program that would be launched now: its path after all links, size and time.
fn identity(look: &dyn Look, program: &Utf8Path) -> Result<Value> {
    let Some(path) = look.resolve(program)? else { return Ok(Value::Absent) };
    let stat = look.stat(&path)?.with_context(|| format!("{path} went away"))?;
    Ok(format!("{path} {} bytes {}", stat.size, stat.modified).into())
}
