use std::time::Duration;

use super::super::types::Wrong;

/// A duration as Compose has it: `1m30s`, `500ms` (docs/service-facts.md#compose-units).
pub(super) fn duration(text: &str) -> Result<Duration, Wrong> {
    const UNITS: [(&str, u64); 5] = [
        ("us", 1_000),
        ("ms", 1_000_000),
        ("s", 1_000_000_000),
        ("m", 60_000_000_000),
        ("h", 3_600_000_000_000),
    ];
    let wrong = || Wrong::new("expected a duration such as `30s`, `1m30s` or `500ms`");
    if text.bytes().all(|byte| byte.is_ascii_digit()) && !text.is_empty() {
        return Err(wrong().meant(format!("{text}s")));
    }
    let (mut rest, mut sum) = (text, 0_u64);
    while !rest.is_empty() {
        let (number, after) =
            rest.split_at(rest.find(|c: char| !(c.is_ascii_digit() || c == '.')).ok_or_else(wrong)?);
        let unit_end = after.find(|c: char| c.is_ascii_digit()).unwrap_or(after.len());
        let (unit, after) = after.split_at(unit_end);
        let size = UNITS.iter().find(|(name, _)| *name == unit).ok_or_else(wrong)?.1;
        let part = decimal(number, size).ok_or_else(wrong)?;
        sum = sum.checked_add(part).filter(|sum| i64::try_from(*sum).is_ok()).ok_or_else(wrong)?;
        rest = after;
    }
    if text.is_empty() { Err(wrong()) } else { Ok(Duration::from_nanos(sum)) }
}

/// The same in whole seconds, which is all that an engine keeps of a grace period: parts of one are rounded up, so that nobody gets
/// less than was said.
pub(super) fn seconds(text: &str) -> Result<Duration, Wrong> {
    duration(text).map(|time| {
        Duration::from_secs(time.as_nanos().div_ceil(1_000_000_000).try_into().unwrap_or(u64::MAX))
    })
}

/// An amount of memory as Compose has it: bytes, or a number with `b`, `k`, `m`, `g`, `t` or `p`, each with or without a `b` or
/// an `ib` behind it, and each a power of 1024 (docs/service-facts.md#compose-units).
pub(super) fn size(text: &str) -> Result<u64, Wrong> {
    let wrong = || Wrong::new("expected an amount of memory such as `512m`, `2g` or a number of bytes");
    let end = text.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let unit = unit.strip_prefix(' ').unwrap_or(unit).to_ascii_lowercase();
    let power = match unit.as_str() {
        "" | "b" => 0,
        "k" | "kb" | "kib" => 1,
        "m" | "mb" | "mib" => 2,
        "g" | "gb" | "gib" => 3,
        "t" | "tb" | "tib" => 4,
        "p" | "pb" | "pib" => 5,
        _ => return Err(wrong()),
    };
    match decimal(number, 1 << (10 * power)).filter(|bytes| i64::try_from(*bytes).is_ok()) {
        Some(0) => {
            Err(Wrong::new("to an engine 0 is no limit at all").hint("take the key away where none is meant"))
        }
        bytes => bytes.ok_or_else(wrong),
    }
}

/// The most memory that a container may have; an engine makes none with less than 6 MiB (docs/service-facts.md#engine-least).
pub(super) fn memory(text: &str) -> Result<u64, Wrong> {
    let enough = |bytes: &u64| *bytes >= 6 << 20;
    size(text).and_then(|bytes| {
        Some(bytes)
            .filter(enough)
            .ok_or_else(|| Wrong::new("an engine makes no container with less than 6 MiB"))
    })
}

/// A time of a health test, none or at least a millisecond (docs/service-facts.md#engine-least).
pub(super) fn health_time(text: &str) -> Result<Duration, Wrong> {
    let fits = |time: &Duration| time.is_zero() || *time >= Duration::from_millis(1);
    duration(text).and_then(|time| {
        Some(time).filter(fits).ok_or_else(|| Wrong::new("an engine takes no time below a millisecond here"))
    })
}

/// Processors, in billionths: `1.5` (docs/service-facts.md#compose-units).
pub(super) fn cpus(text: &str) -> Result<u64, Wrong> {
    let cpus = decimal(text, 1_000_000_000).filter(|cpus| i64::try_from(*cpus).is_ok());
    cpus.filter(|cpus| *cpus > 0)
        .ok_or_else(|| Wrong::new("expected a number of processors such as `2` or `0.5`"))
}

/// `number`, which may have digits behind a point, times `size`, down to a whole number.
fn decimal(number: &str, size: u64) -> Option<u64> {
    let (whole, part) = number.split_once('.').unwrap_or((number, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.len() + part.len() == 0 || !digits(whole) || !digits(part) || whole.len() > 19 || part.len() > 18
    {
        return None;
    }
    let whole: u128 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let scale = 10_u128.pow(u32::try_from(part.len()).ok()?);
    let part: u128 = if part.is_empty() { 0 } else { part.parse().ok()? };
    u64::try_from((whole * scale + part).checked_mul(size.into())? / scale).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_has_units() {
        for (text, milliseconds) in [
            ("30s", 30_000),
            ("1m30s", 90_000),
            ("1h", 3_600_000),
            ("500ms", 500),
            ("1.5s", 1500),
            ("0s", 0),
            ("2000us", 2),
        ] {
            assert_eq!(duration(text), Ok(Duration::from_millis(milliseconds)), "{text}");
        }
        for text in ["", "s", "1", "1 s", "-1s", "1x", "1s1", "1e3s", "1.2.3s", "99999999999h", "1d"] {
            assert!(duration(text).is_err(), "{text}");
        }
        assert_eq!(duration("30").unwrap_err().hint.as_deref(), Some("did you mean `30s`?"));
    }

    #[test]
    fn parts_of_a_second_are_rounded_up() {
        for (text, whole) in [("0s", 0), ("500ms", 1), ("1500ms", 2), ("20s", 20)] {
            assert_eq!(seconds(text), Ok(Duration::from_secs(whole)), "{text}");
        }
    }

    #[test]
    fn a_size_counts_by_1024() {
        for (text, bytes) in [
            ("1024", 1024),
            ("1b", 1),
            ("512k", 512 << 10),
            ("512MB", 512 << 20),
            ("1.5g", 3 << 29),
            ("2GiB", 2 << 30),
            ("1 m", 1 << 20),
        ] {
            assert_eq!(size(text), Ok(bytes), "{text}");
        }
        for text in ["", "g", "1x", "-1", "1gg", "1.2.3m", "9999999999g", "all", "0", "0.0m"] {
            assert!(size(text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_every_engine_refuses_is_no_value() {
        assert_eq!(memory("6m"), Ok(6 << 20));
        assert!(memory("5m").is_err() && memory("1024").is_err());
        assert_eq!(health_time("1ms"), Ok(Duration::from_millis(1)));
        assert_eq!(health_time("0s"), Ok(Duration::ZERO));
        assert!(health_time("100us").is_err());
    }

    #[test]
    fn processors_may_be_parts_of_one() {
        assert_eq!(cpus("0.5"), Ok(500_000_000));
        assert_eq!(cpus("2"), Ok(2_000_000_000));
        assert!(cpus("0").is_err() && cpus("-1").is_err() && cpus("two").is_err() && cpus("").is_err());
    }
}
