use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator};

use super::{Grammar, Wrong};
use crate::value::{DiskSize, MemorySize};

pub(super) const GRAMMAR: Grammar = Grammar {
    format: "memory-size",
    expected: "a size of memory such as `16GB`",
    pattern: "^[0-9]+\\s*(MB|GB|TB|MiB|GiB|TiB)\\s*$",
    judge,
};

pub(super) const DISK: Grammar = Grammar {
    format: "disk-size",
    expected: "a size of disk such as `120GB`",
    pattern: GRAMMAR.pattern,
    judge: judge_disk,
};

const UNITS: [&str; 6] = ["MB", "GB", "TB", "MiB", "GiB", "TiB"];

fn judge(text: &str) -> Result<(), Wrong> {
    text.parse::<MemorySize>().map(drop).map_err(|_| {
        let wrong = Wrong::new("a size of memory is a whole number with `MB`, `GB` or `TB`, such as `16GB`");
        match meant(text) {
            Some(size) => wrong.meant(size),
            None => wrong,
        }
    })
}

fn judge_disk(text: &str) -> Result<(), Wrong> {
    text.parse::<DiskSize>().map(drop).map_err(|_| {
        let wrong = Wrong::new("a size of disk is a whole number with `MB`, `GB` or `TB`, such as `120GB`");
        match meant(text) {
            Some(size) => wrong.meant(size),
            None => wrong,
        }
    })
}

/// `16gb`, `16 Gb`, `16G` and `16` mean `16GB`.
fn meant(text: &str) -> Option<String> {
    let text = text.trim();
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
    let unit = unit.trim();
    let unit = UNITS
        .iter()
        .find(|known| known.eq_ignore_ascii_case(unit) || known[..1].eq_ignore_ascii_case(unit))
        .or(unit.is_empty().then_some(&"GB"))?;
    let size = format!("{number}{unit}");
    size.parse::<MemorySize>().is_ok().then_some(size)
}

impl JsonSchema for MemorySize {
    fn schema_name() -> Cow<'static, str> {
        "MemorySize".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        GRAMMAR.schema(&["16GB"])
    }
}

impl JsonSchema for DiskSize {
    fn schema_name() -> Cow<'static, str> {
        "DiskSize".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        DISK.schema(&["120GB"])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_that_is_nearly_right_is_put_right() {
        let hint = |text| judge(text).unwrap_err().hint;
        for (text, size) in
            [("16gb", "16GB"), ("16G", "16GB"), ("16 Gb", "16GB"), ("512mib", "512MiB"), ("16", "16GB")]
        {
            assert_eq!(hint(text), Some(format!("did you mean `{size}`?")), "{text}");
        }
        for text in ["", "0GB", "much", "-1GB", "99999999999999999999GB", "1.5GB"] {
            assert_eq!(hint(text), None, "{text}");
        }
    }
}
