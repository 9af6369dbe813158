use std::fmt;

use schemars::{Schema, json_schema};

use super::{
    chips, keep_alive, listen, macos, memory, model, name, own_service, package, proxy, python, services, tap,
};

/// Why a text is not what it should be.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Wrong {
    /// What is wrong with it; the text itself is told elsewhere.
    pub why: String,
    /// What to write instead, where that can be guessed.
    pub hint: Option<String>,
}

impl Wrong {
    pub(in super::super) fn new(why: impl Into<String>) -> Self {
        Self { why: why.into(), hint: None }
    }

    pub(in super::super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    pub(in super::super) fn meant(self, text: impl fmt::Display) -> Self {
        self.hint(format!("did you mean `{text}`?"))
    }
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.why)
    }
}

/// A text with a grammar of its own, judged by the parser of its type while the schema is applied, so that
/// its fault is told with its place and together with all others.
#[derive(Debug)]
pub(in super::super) struct Grammar {
    /// Its `format` in the schema. Editors do not know it and go by the pattern.
    pub format: &'static str,
    /// What is expected, to follow that word.
    pub expected: &'static str,
    /// What no text outside the grammar matches; it may let more through than `judge`.
    pub pattern: &'static str,
    /// The parser.
    pub judge: fn(&str) -> Result<(), Wrong>,
}

/// All of them.
pub(in super::super) const GRAMMARS: [&Grammar; 22] = [
    &chips::CHIP,
    &chips::CHIP_OR_ANY,
    &keep_alive::GRAMMAR,
    &listen::GRAMMAR,
    &macos::GRAMMAR,
    &memory::DISK,
    &memory::GRAMMAR,
    &model::NAME,
    &model::ROLE,
    &name::GRAMMAR,
    &own_service::NAME,
    &package::NAME,
    &package::VERSIONS,
    &proxy::GRAMMAR,
    &python::NAME,
    &python::PACKAGE,
    &python::PATH,
    &python::VERSION,
    &services::EMAIL,
    &services::NAME,
    &services::VERSION,
    &tap::NAME,
];

impl Grammar {
    /// The schema of a text of this grammar.
    pub(super) fn schema(&self, examples: &[&str]) -> Schema {
        json_schema!({
            "type": "string",
            "format": self.format,
            "pattern": self.pattern,
            "examples": examples,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Texts that are near each grammar, so that many are within it.
    fn near() -> impl Strategy<Value = (&'static Grammar, String)> {
        let text = prop_oneof![
            "(any|[AMm][0-9]{0,3})( ?(Pro|Max|Ultra|pro))?",
            "[+-]?[0-9]{0,3}(\\.[0-9]{0,2})?(ns|us|µs|μs|ms|s|m|h|d)?([0-9]{1,2}(\\.[0-9]?)?(h|m|s))?",
            "(loopback|lan|localhost|[0-9]{1,3}\\.[0-9]{1,3}\\.[0-9]{1,3}\\.[0-9]{1,3}|[0-9a-f:]{2,12}|::[0-9.]{7,9})",
            " ?(>=|<=|<|>|=|) ?[0-9]{0,3}(\\.[0-9]{1,2})?(, ?(<|>=) ?[0-9]{1,3}(\\.[0-9])?)? ?",
            "[0-9]{1,4} ?(MB|GB|TB|MiB|GiB|TiB|gb|G)? ?",
            "[a-z0-9A-Z_-]{0,42}",
            "[a-z0-9A-Z/@+._-]{0,12}",
            "https?://([a-z.@_-]{0,8}|\\[[0-9a-f:]{2,9}\\])(:[0-9]{1,6})?/?",
            "(~/|/|)[a-z./]{0,6}",
            "[a-z0-9._-]{0,4}@?[a-z0-9.-]{0,8}",
            "[A-Z][A-Z0-9_]{0,8}",
            "v?[0-9]{0,3}\\.[0-9]{1,2}\\.[0-9a-z.-]{0,4}",
            "3\\.[0-9]{0,3}(\\.[0-9]{0,4})?",
            " ?[a-zA-Z0-9_.-]{0,6}(\\[[a-z,]{0,4}\\])? ?(\\(?(>=|==|~=|<|!=) ?[0-9]{1,2}(\\.[0-9*]{1,2})?\\)?)? ?",
        ];
        (proptest::sample::select(&GRAMMARS[..]), text)
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 4000, failure_persistence: None, ..ProptestConfig::default() })]

        /// Else an editor would mark what forgectl takes.
        #[test]
        fn no_pattern_refuses_what_its_parser_takes((grammar, text) in near()) {
            let pattern = jsonschema::validator_for(&serde_json::json!({ "pattern": grammar.pattern })).unwrap();
            if (grammar.judge)(&text).is_ok() {
                prop_assert!(pattern.is_valid(&text.as_str().into()), "{}: {text:?}", grammar.format);
            }
        }
    }

    #[test]
    fn no_two_share_a_format() {
        let mut formats: Vec<_> = GRAMMARS.iter().map(|grammar| grammar.format).collect();
        formats.sort_unstable();
        formats.dedup();
        assert_eq!(formats.len(), GRAMMARS.len());
    }
}
