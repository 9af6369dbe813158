use std::{borrow::Cow, fmt, str::FromStr};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::{Grammar, Wrong};

/// How long Ollama keeps a model in memory after a request: a Go duration or whole seconds; negative is for
/// ever, zero unloads at once (docs/mac-facts.md#ollama-keep-alive). Prints as the server reads it.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "String")]
pub struct KeepAlive(String);

pub(super) const GRAMMAR: Grammar = Grammar {
    format: "keep-alive",
    expected: "a duration such as `30m` or `1h30m`, whole seconds, or `-1` for ever",
    pattern: "^[+-]?([0-9]+|(([0-9]+(\\.[0-9]*)?|\\.[0-9]+)(ns|us|µs|μs|ms|s|m|h))+)$",
    judge: |text| text.parse::<KeepAlive>().map(drop),
};

/// A Go duration is a count of nanoseconds in 64 bits; the server multiplies seconds into it unchecked.
const MOST_SECONDS: i64 = i64::MAX / 1_000_000_000;

/// Go's units, in nanoseconds. The micro sign and the Greek letter are both taken.
const UNITS: [(&str, f64); 8] =
    [("ns", 1.0), ("us", 1e3), ("µs", 1e3), ("μs", 1e3), ("ms", 1e6), ("s", 1e9), ("m", 60e9), ("h", 3600e9)];

impl FromStr for KeepAlive {
    type Err = Wrong;

    fn from_str(text: &str) -> Result<Self, Wrong> {
        if fits(text) { Ok(Self(text.to_owned())) } else { Err(wrong(text)) }
    }
}

fn fits(text: &str) -> bool {
    match text.parse::<i64>() {
        Ok(seconds) => seconds.unsigned_abs() <= MOST_SECONDS.unsigned_abs(),
        Err(_) => nanoseconds(text).is_some_and(|sum| sum < 9.2e18),
    }
}

/// The amount of a Go duration, its sign left out.
fn nanoseconds(text: &str) -> Option<f64> {
    let mut rest = text.strip_prefix(['+', '-']).unwrap_or(text);
    let mut sum = 0.0;
    loop {
        let (number, after) = rest.split_at(rest.find(|c: char| !(c.is_ascii_digit() || c == '.'))?);
        let unit_end = after.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(after.len());
        let (unit, after) = after.split_at(unit_end);
        let size = UNITS.iter().find(|(name, _)| *name == unit)?.1;
        sum += number.parse::<f64>().ok()? * size;
        if after.is_empty() {
            return Some(sum);
        }
        rest = after;
    }
}

fn wrong(text: &str) -> Wrong {
    let wrong = Wrong::new(
        "Ollama reads a duration such as `30m`, `1h30m` or `90s`, or whole seconds, and ignores all else",
    );
    let bare = text.replace(' ', "").to_ascii_lowercase();
    if matches!(bare.as_str(), "forever" | "infinite" | "infinity" | "inf" | ".inf" | "always" | "never") {
        return wrong.hint("`-1` keeps a model in memory for ever, `0` unloads it at once");
    }
    let number = bare.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let meant = match bare.strip_prefix(number).unwrap_or_default() {
        "d" | "day" | "days" => {
            number.parse::<u32>().ok().and_then(|days| days.checked_mul(24)).map(|hours| format!("{hours}h"))
        }
        "h" | "hr" | "hrs" | "hour" | "hours" => Some(format!("{number}h")),
        "m" | "min" | "mins" | "minute" | "minutes" => Some(format!("{number}m")),
        "s" | "sec" | "secs" | "second" | "seconds" => Some(format!("{number}s")),
        _ => None,
    };
    match meant {
        Some(meant) if fits(&meant) => wrong.meant(meant),
        _ => wrong,
    }
}

impl fmt::Display for KeepAlive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl Default for KeepAlive {
    /// 30 minutes.
    fn default() -> Self {
        Self("30m".to_owned())
    }
}

/// Text or a number of seconds, as a manifest has it.
#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Seconds(i64),
    Text(String),
}

impl TryFrom<Written> for KeepAlive {
    type Error = Wrong;

    fn try_from(written: Written) -> Result<Self, Wrong> {
        match written {
            Written::Seconds(seconds) => seconds.to_string().parse(),
            Written::Text(text) => text.parse(),
        }
    }
}

impl From<KeepAlive> for String {
    fn from(keep_alive: KeepAlive) -> Self {
        keep_alive.0
    }
}

impl JsonSchema for KeepAlive {
    fn schema_name() -> Cow<'static, str> {
        "KeepAlive".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": ["string", "integer"],
            "format": GRAMMAR.format,
            "pattern": GRAMMAR.pattern,
            "minimum": -MOST_SECONDS,
            "maximum": MOST_SECONDS,
            "examples": ["30m", "24h", -1],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_go_reads_is_taken_as_it_stands() {
        for text in [
            "30m", "1h30m", "-1", "-1m", "0", "90", "1.5h", ".5s", "5.s", "+2m", "100ms", "10µs", "10μs",
            "24h",
        ] {
            assert_eq!(text.parse::<KeepAlive>().unwrap().to_string(), text);
        }
        assert_eq!(serde_json::from_str::<KeepAlive>("-1").unwrap().to_string(), "-1");
    }

    #[test]
    fn what_go_would_not_read_is_refused() {
        let bad = [
            "",
            "m",
            "-",
            ".",
            ".s",
            "30 m",
            "1d",
            "1h 5m",
            "1.2.3s",
            "h1",
            "1m5",
            "3000000000h",
            "9223372037",
            "ｍ",
        ];
        for text in bad {
            assert!(text.parse::<KeepAlive>().is_err(), "{text}");
        }
    }

    #[test]
    fn other_ways_to_say_it_are_put_right() {
        let hint = |text: &str| text.parse::<KeepAlive>().unwrap_err().hint.unwrap_or_default();
        assert_eq!(hint("30 min"), "did you mean `30m`?");
        assert_eq!(hint("2 days"), "did you mean `48h`?");
        assert!(hint("forever").contains("`-1`"));
        assert_eq!(hint("soon"), "");
    }
}
