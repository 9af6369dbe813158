use std::sync::LazyLock;

use jsonschema::Validator;
use schemars::{Schema, generate::SchemaSettings, transform::RecursiveTransform};
use serde_json::{Map, Value};

use super::types::{GRAMMARS, Manifest};

static SCHEMA: LazyLock<Value> = LazyLock::new(|| {
    // Inlined, so that the place of a fault in the schema leads straight to what is expected there.
    let settings = SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true);
    let settings = settings.with_transform(RecursiveTransform(unwrap));
    let schema = settings.into_generator().into_root_schema_for::<Manifest>();
    // People read the file from the top.
    let mut rest = schema.as_object().cloned().unwrap_or_default();
    let first = HEAD.map(|key| (key.to_owned(), rest.shift_remove(key).unwrap_or_default()));
    let mut head = Map::from_iter(first);
    head.append(&mut rest);
    Value::Object(head)
});

static VALIDATOR: LazyLock<Result<Validator, String>> = LazyLock::new(|| {
    let options = GRAMMARS.into_iter().fold(jsonschema::options(), |options, grammar| {
        options.with_format(grammar.format, |text: &str| (grammar.judge)(text).is_ok())
    });
    options.should_validate_formats(true).build(&SCHEMA).map_err(|error| error.to_string())
});

const HEAD: [&str; 3] = ["$schema", "title", "description"];

/// A docstring's lines are those of the source; editors break a description themselves.
fn unwrap(schema: &mut Schema) {
    if let Some(Value::String(text)) = schema.get_mut("description") {
        *text = text.replace('\n', " ");
    }
}

/// The JSON Schema of a manifest, draft 2020-12, derived from its types. docs/stack.schema.json is its text.
pub fn schema() -> Value {
    SCHEMA.clone()
}

/// The schema without a copy.
pub(super) fn shared() -> &'static Value {
    &SCHEMA
}

/// What judges by the schema; compiled once a process.
pub(super) fn validator() -> Result<&'static Validator, &'static str> {
    VALIDATOR.as_ref().map_err(String::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Calls `see` with every schema inside `schema`.
    fn each<'s>(schema: &'s Value, see: &mut impl FnMut(&'s Value)) {
        see(schema);
        let inner =
            |key: &str| schema.get(key).and_then(Value::as_object).into_iter().flat_map(|map| map.values());
        inner("properties").for_each(|schema| each(schema, see));
        for key in ["items", "additionalProperties"] {
            schema
                .get(key)
                .filter(|inner| inner.is_object())
                .into_iter()
                .for_each(|schema| each(schema, see));
        }
    }

    #[test]
    fn it_compiles_and_refers_to_nothing_outside_itself() {
        validator().unwrap();
        assert!(!shared().to_string().contains("$ref"));
    }

    #[test]
    fn every_map_of_fixed_keys_refuses_others_and_every_key_is_described() {
        let mut keys = 0;
        each(shared(), &mut |schema| {
            for (key, inner) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
                keys += 1;
                assert!(schema.get("additionalProperties").is_some(), "{key}");
                let description = inner.get("description").and_then(Value::as_str).unwrap_or_default();
                assert!(!description.is_empty(), "{key}");
            }
        });
        assert!(keys > 30);
    }

    #[test]
    fn every_example_and_default_in_it_is_valid() {
        let mut seen = 0;
        each(shared(), &mut |schema| {
            let examples = schema.get("examples").and_then(Value::as_array).into_iter().flatten();
            for value in examples.chain(schema.get("default")) {
                seen += 1;
                let options = GRAMMARS.into_iter().fold(jsonschema::options(), |options, grammar| {
                    options.with_format(grammar.format, |text: &str| (grammar.judge)(text).is_ok())
                });
                let judge = options.should_validate_formats(true).build(schema).unwrap();
                assert!(judge.is_valid(value), "{value}");
            }
        });
        assert!(seen > 15, "{seen}");
    }

    #[test]
    fn no_anyof_takes_part_since_its_faults_would_be_told_many_times() {
        assert!(!shared().to_string().contains("anyOf"));
    }
}
