/// Nanoseconds of a duration as Go writes it: `10m`, `1h30m`, `500ms`, with a sign or none. `0` needs no unit.
pub(super) fn parse(text: &str) -> Result<i128, String> {
    let invalid = || format!("time: invalid duration \"{text}\"");
    let (sign, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Ok(0);
    }
    if rest.is_empty() {
        return Err(invalid());
    }
    let mut total = 0.0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let number: f64 = rest[..digits].parse().map_err(|_| invalid())?;
        rest = &rest[digits..];
        let letters = rest.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(rest.len());
        let unit = match &rest[..letters] {
            "" => return Err(format!("time: missing unit in duration \"{text}\"")),
            "ns" => 1.0,
            "us" | "µs" => 1e3,
            "ms" => 1e6,
            "s" => 1e9,
            "m" => 60e9,
            "h" => 3600e9,
            unit => return Err(format!("time: unknown unit \"{unit}\" in duration \"{text}\"")),
        };
        rest = &rest[letters..];
        total += number * unit;
    }
    #[expect(clippy::cast_possible_truncation, reason = "fractions of a nanosecond are dropped, as Go does")]
    let total = total as i128;
    if total > i128::from(i64::MAX) { Err(invalid()) } else { Ok(sign * total) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_go_reads_them() {
        assert_eq!(parse("30m"), Ok(1_800_000_000_000));
        assert_eq!(parse("1h30m"), Ok(5_400_000_000_000));
        assert_eq!(parse("-1.5s"), Ok(-1_500_000_000));
        assert_eq!(parse("0"), Ok(0));
        assert!(parse("300").is_err_and(|error| error.contains("missing unit")));
        assert!(parse("5 minutes").is_err());
        assert!(parse("").is_err());
        assert!(parse("9999999999h").is_err());
    }
}
