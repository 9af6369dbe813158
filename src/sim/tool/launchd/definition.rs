use std::collections::BTreeMap;

use camino::Utf8PathBuf;
use plist::{Dictionary, Value};
use serde::{Deserialize, Serialize};

use super::{KeepAlive, Refusal};

/// A year: no interval of a property list is taken to be longer, so that times stay within bounds.
const LONGEST: u64 = 365 * 86_400;

/// What launchd read from a property list when it loaded the job; later changes of the file do not reach it
/// (docs/mac-facts.md#launchd-loaded-definition).
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Definition {
    /// `Label`.
    pub label: String,
    /// `Program`, else the first of `ProgramArguments`.
    pub program: String,
    /// Whether `Program` was left out.
    pub inferred: bool,
    /// `ProgramArguments`, else the program alone.
    pub arguments: Vec<String>,
    /// `EnvironmentVariables`, strings only.
    pub environment: BTreeMap<String, String>,
    /// `WorkingDirectory`.
    pub directory: Option<Utf8PathBuf>,
    /// `StandardOutPath`.
    pub stdout: Option<Utf8PathBuf>,
    /// `StandardErrorPath`.
    pub stderr: Option<Utf8PathBuf>,
    /// `RunAtLoad`.
    pub run_at_load: bool,
    /// `KeepAlive`.
    pub keep_alive: KeepAlive,
    /// Least seconds between two starts: `ThrottleInterval`, never under ten (docs/mac-facts.md#launchd-throttle).
    pub throttle: u64,
    /// Seconds from SIGTERM to SIGKILL, 0 for ever (docs/mac-facts.md#launchd-exit-timeout).
    pub exit_timeout: u64,
    /// `ProcessType`.
    pub process_type: Option<String>,
    /// `UserName`.
    pub user: Option<String>,
    /// `GroupName`.
    pub group: Option<String>,
    /// `LimitLoadToSessionType`; `None` when left out.
    pub sessions: Option<Vec<String>>,
    /// `Umask` as a number.
    pub umask: Option<u32>,
    /// `Nice`.
    pub nice: Option<i64>,
    /// `Disabled`: what holds while there is no override.
    pub disabled: bool,
}

impl Definition {
    /// Reads a property list: 109 for what is none, 110 without a label, 111 without a program.
    pub fn read(bytes: &[u8]) -> Result<Self, Refusal> {
        let value: Value = plist::from_bytes(bytes).map_err(|_| Refusal(109))?;
        let keys = value.into_dictionary().ok_or(Refusal(109))?;
        let label = text(&keys, "Label").filter(|label| !label.is_empty()).ok_or(Refusal(110))?;
        let arguments = strings(&keys, "ProgramArguments").filter(|arguments| !arguments.is_empty());
        let named = text(&keys, "Program");
        let program = named
            .clone()
            .or_else(|| arguments.as_ref().and_then(|arguments| arguments.first().cloned()))
            .filter(|program| !program.is_empty())
            .ok_or(Refusal(111))?;
        Ok(Self {
            label,
            inferred: named.is_none(),
            arguments: arguments.unwrap_or_else(|| vec![program.clone()]),
            program,
            environment: environment(&keys),
            directory: path(&keys, "WorkingDirectory"),
            stdout: path(&keys, "StandardOutPath"),
            stderr: path(&keys, "StandardErrorPath"),
            run_at_load: switch(&keys, "RunAtLoad"),
            keep_alive: keys.get("KeepAlive").map(KeepAlive::read).unwrap_or_default(),
            throttle: number(&keys, "ThrottleInterval").unwrap_or(0).max(10),
            exit_timeout: number(&keys, "ExitTimeOut").unwrap_or(5),
            process_type: text(&keys, "ProcessType"),
            user: text(&keys, "UserName"),
            group: text(&keys, "GroupName"),
            sessions: strings(&keys, "LimitLoadToSessionType")
                .or_else(|| text(&keys, "LimitLoadToSessionType").map(|one| vec![one])),
            umask: keys.get("Umask").and_then(umask),
            nice: keys.get("Nice").and_then(Value::as_signed_integer),
            disabled: switch(&keys, "Disabled"),
        })
    }

    /// Whether launchd starts it as soon as it is loaded; `SuccessfulExit` implies that
    /// (docs/mac-facts.md#launchd-keepalive).
    pub fn starts_at_load(&self) -> bool {
        self.run_at_load || self.keep_alive.starts_at_load()
    }
}

fn text(keys: &Dictionary, key: &str) -> Option<String> {
    keys.get(key)?.as_string().map(str::to_owned)
}

fn path(keys: &Dictionary, key: &str) -> Option<Utf8PathBuf> {
    text(keys, key).map(Utf8PathBuf::from)
}

fn switch(keys: &Dictionary, key: &str) -> bool {
    keys.get(key).and_then(Value::as_boolean).unwrap_or(false)
}

fn number(keys: &Dictionary, key: &str) -> Option<u64> {
    keys.get(key)?.as_unsigned_integer().map(|number| number.min(LONGEST))
}

fn strings(keys: &Dictionary, key: &str) -> Option<Vec<String>> {
    let list = keys.get(key)?.as_array()?;
    Some(list.iter().filter_map(Value::as_string).map(str::to_owned).collect())
}

fn environment(keys: &Dictionary) -> BTreeMap<String, String> {
    let variables = keys.get("EnvironmentVariables").and_then(Value::as_dictionary);
    variables
        .into_iter()
        .flatten()
        .filter_map(|(name, value)| Some((name.clone(), value.as_string()?.to_owned())))
        .collect()
}

/// A number is what it is, 23 for `027`; a string is octal (docs/mac-facts.md#launchd-plist-keys).
fn umask(value: &Value) -> Option<u32> {
    match value {
        Value::String(text) => u32::from_str_radix(text, 8).ok(),
        value => value.as_unsigned_integer().and_then(|number| u32::try_from(number).ok()),
    }
}
