use std::{collections::BTreeMap, time::Duration};

use camino::Utf8PathBuf;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{duration, host::Bind};

/// What the server took from its environment (docs/mac-facts.md#ollama-known-environment). A variable that it does
/// not know, `OLLAMA_NUM_CTX` among them, changes nothing and is not mentioned.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// `HOME`.
    pub home: Utf8PathBuf,
    /// `OLLAMA_HOST`.
    pub bind: Bind,
    /// `OLLAMA_MODELS`.
    pub models: Utf8PathBuf,
    /// `OLLAMA_CONTEXT_LENGTH`; 0 is automatic.
    pub context_length: u64,
    /// `OLLAMA_KEEP_ALIVE`.
    pub keep_alive: KeepAlive,
    /// `OLLAMA_NUM_PARALLEL`.
    pub parallel: u64,
    /// `OLLAMA_MAX_LOADED_MODELS`; 0 is automatic.
    pub max_loaded: u64,
    /// `OLLAMA_FLASH_ATTENTION`; `None` is automatic.
    pub flash_attention: Option<bool>,
    /// `OLLAMA_KV_CACHE_TYPE`; empty is `f16`.
    pub cache_type: String,
    /// `OLLAMA_GPU_OVERHEAD`, bytes.
    pub gpu_overhead: u64,
    /// `OLLAMA_NO_CLOUD`.
    pub no_cloud: bool,
    /// `OLLAMA_NOPRUNE`.
    #[serde(default)]
    pub no_prune: bool,
    /// `HTTPS_PROXY`.
    #[serde(default)]
    pub proxy: Option<String>,
}

/// How long a model stays in memory after its last use.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeepAlive {
    /// So long; zero: not at all.
    For(Duration),
    /// Until the server ends.
    Forever,
}

impl KeepAlive {
    /// From nanoseconds; negative is for ever.
    pub(super) fn of_nanoseconds(nanoseconds: i128) -> Self {
        if nanoseconds < 0 {
            return Self::Forever;
        }
        Self::For(Duration::from_nanos(u64::try_from(nanoseconds).unwrap_or(u64::MAX)))
    }

    /// When a model goes that was last used at `at`; `None`: never.
    pub(super) fn until(self, at: Timestamp) -> Option<Timestamp> {
        match self {
            Self::For(time) => at.checked_add(time).ok(),
            Self::Forever => None,
        }
    }
}

/// Variables that only pass through to the log, with what stands there when they are unset.
const SHOWN: [(&str, &str); 12] = [
    ("HTTPS_PROXY", ""),
    ("HTTP_PROXY", ""),
    ("NO_PROXY", ""),
    ("OLLAMA_DEBUG", "INFO"),
    ("OLLAMA_EDITOR", ""),
    ("OLLAMA_LLM_LIBRARY", ""),
    ("OLLAMA_LOAD_TIMEOUT", "5m0s"),
    ("OLLAMA_MAX_QUEUE", "512"),
    ("OLLAMA_NOHISTORY", "false"),
    ("OLLAMA_NOPRUNE", "false"),
    ("OLLAMA_REMOTES", "[ollama.com]"),
    ("OLLAMA_SCHED_SPREAD", "false"),
];

impl Settings {
    /// Reads an environment; the second part are warnings for the log. `None` without HOME.
    pub(super) fn read(environment: &BTreeMap<String, String>) -> Option<(Self, Vec<String>)> {
        let value = |name: &str| trimmed(environment.get(name).map_or("", String::as_str)).to_owned();
        let home = environment.get("HOME").filter(|home| !home.is_empty())?;
        let mut warnings = vec![];
        let (bind, warning) = Bind::read(&value("OLLAMA_HOST"));
        warnings.extend(warning);
        let mut number = |name: &str, usual: u64| {
            match value(name) {
            text if text.is_empty() => usual,
            text => text.parse().unwrap_or_else(|_| {
                warnings.push(format!(
                    "msg=\"invalid environment variable, using default\" key={name} value={text} default={usual}"
                ));
                usual
            }),
        }
        };
        let settings = Self {
            home: home.into(),
            bind,
            models: match value("OLLAMA_MODELS") {
                path if path.is_empty() => Utf8PathBuf::from(home).join(".ollama/models"),
                path => path.into(),
            },
            context_length: number("OLLAMA_CONTEXT_LENGTH", 0),
            keep_alive: keep_alive(&value("OLLAMA_KEEP_ALIVE")),
            parallel: number("OLLAMA_NUM_PARALLEL", 1).max(1),
            max_loaded: number("OLLAMA_MAX_LOADED_MODELS", 0),
            flash_attention: boolean(&value("OLLAMA_FLASH_ATTENTION")),
            cache_type: value("OLLAMA_KV_CACHE_TYPE"),
            gpu_overhead: number("OLLAMA_GPU_OVERHEAD", 0),
            no_cloud: boolean(&value("OLLAMA_NO_CLOUD")).unwrap_or(false),
            proxy: Some(value("HTTPS_PROXY")).filter(|proxy| !proxy.is_empty()),
            no_prune: boolean(&value("OLLAMA_NOPRUNE")).unwrap_or(false),
        };
        Some((settings, warnings))
    }

    /// The map of the log line `server config`.
    pub(super) fn shown(&self, environment: &BTreeMap<String, String>) -> String {
        let mut map: BTreeMap<&str, String> = SHOWN
            .iter()
            .map(|(name, unset)| {
                (*name, environment.get(*name).map_or(*unset, |value| trimmed(value)).to_owned())
            })
            .collect();
        let flash = self.flash_attention.map_or_else(|| "auto".to_owned(), |on| on.to_string());
        let alive = match self.keep_alive {
            KeepAlive::For(time) => go_duration(time),
            KeepAlive::Forever => "2562047h47m16.854775807s".to_owned(),
        };
        map.extend([
            ("OLLAMA_CONTEXT_LENGTH", self.context_length.to_string()),
            ("OLLAMA_FLASH_ATTENTION", flash),
            ("OLLAMA_GPU_OVERHEAD", self.gpu_overhead.to_string()),
            ("OLLAMA_HOST", format!("{}://{}", self.bind.scheme, self.bind.written())),
            ("OLLAMA_KEEP_ALIVE", alive),
            ("OLLAMA_KV_CACHE_TYPE", self.cache_type.clone()),
            ("OLLAMA_MAX_LOADED_MODELS", self.max_loaded.to_string()),
            ("OLLAMA_MODELS", self.models.to_string()),
            ("OLLAMA_NO_CLOUD", self.no_cloud.to_string()),
            ("OLLAMA_NUM_PARALLEL", self.parallel.to_string()),
        ]);
        let pairs: Vec<String> = map.iter().map(|(name, value)| format!("{name}:{value}")).collect();
        format!("map[{}]", pairs.join(" "))
    }
}

/// Spaces and quotes around a value do not count.
fn trimmed(value: &str) -> &str {
    value.trim().trim_matches(|c| c == '"' || c == '\'')
}

/// What is set and no boolean counts as true.
fn boolean(value: &str) -> Option<bool> {
    match value {
        "" => None,
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => Some(true),
    }
}

/// A Go duration or whole seconds, negative for ever; five minutes where it is neither
/// (docs/mac-facts.md#ollama-keep-alive).
fn keep_alive(value: &str) -> KeepAlive {
    let nanoseconds = duration::parse(value)
        .ok()
        .or_else(|| value.parse::<i64>().ok().map(|seconds| i128::from(seconds) * 1_000_000_000));
    nanoseconds.map_or(KeepAlive::For(Duration::from_mins(5)), KeepAlive::of_nanoseconds)
}

/// As Go prints a duration: `30m0s`.
fn go_duration(time: Duration) -> String {
    let seconds = time.as_secs();
    let (hours, minutes, rest) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    match (hours, minutes) {
        (0, 0) => format!("{rest}s"),
        (0, minutes) => format!("{minutes}m{rest}s"),
        (hours, minutes) => format!("{hours}h{minutes}m{rest}s"),
    }
}
