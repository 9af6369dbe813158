use serde_json::Value;

use super::super::{
    types::{GRAMMARS, Grammar},
    words::{described, listed, nearest, quoted},
};

/// Why a value does not satisfy `schema`, and what to write instead where that can be guessed.
pub(super) fn reason(schema: &Value, found: &Value) -> (String, Option<String>) {
    if let (Value::String(text), Some(grammar)) = (found, grammar(schema))
        && let Err(wrong) = (grammar.judge)(text)
    {
        return (wrong.why, wrong.hint);
    }
    (format!("expected {}, found {}", expected(schema), described(found)), guess(schema, found))
}

/// What `schema` lets through, to follow the word *expected*.
pub(super) fn expected(schema: &Value) -> String {
    let options: Vec<_> = options(schema).iter().map(|option| quoted(option)).collect();
    if !options.is_empty() {
        return listed(&options, " or ");
    }
    if let Some(grammar) = grammar(schema) {
        return grammar.expected.to_owned();
    }
    let kinds: Vec<_> = types(schema).map(|kind| of_type(kind, schema)).collect();
    listed(&kinds, " or ")
}

fn of_type(kind: &str, schema: &Value) -> String {
    match kind {
        "integer" => format!("a whole number{}", bounds(schema)),
        "number" => "a number".to_owned(),
        "boolean" => "`true` or `false`".to_owned(),
        "array" if schema.get("minItems").is_some() => "a list that is not empty".to_owned(),
        "array" => "a list".to_owned(),
        "object" if schema.get("minProperties").is_some() => "a map of at least one key".to_owned(),
        "object" => "a map of keys".to_owned(),
        _ => "a text".to_owned(),
    }
}

fn bounds(schema: &Value) -> String {
    match (schema.get("minimum"), schema.get("maximum")) {
        (Some(least), Some(most)) => format!(" from {least} to {most}"),
        (Some(least), None) => format!(" of at least {least}"),
        (None, Some(most)) => format!(" of at most {most}"),
        (None, None) => String::new(),
    }
}

fn grammar(schema: &Value) -> Option<&'static Grammar> {
    let format = schema.get("format")?.as_str()?;
    GRAMMARS.into_iter().find(|grammar| grammar.format == format)
}

fn types(schema: &Value) -> impl Iterator<Item = &str> {
    let listed = schema.get("type").and_then(Value::as_array).into_iter().flatten();
    schema.get("type").into_iter().chain(listed).filter_map(Value::as_str)
}

/// The values that a schema lists.
fn options(schema: &Value) -> Vec<String> {
    let listed = schema.get("enum").and_then(Value::as_array).into_iter().flatten();
    let branches = schema.get("oneOf").and_then(Value::as_array).into_iter().flatten();
    let constants = branches.filter_map(|branch| branch.get("const"));
    let plain = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    schema.get("const").into_iter().chain(listed).chain(constants).map(plain).collect()
}

fn guess(schema: &Value, found: &Value) -> Option<String> {
    let wants = |kind: &str| types(schema).any(|known| known == kind);
    let Value::String(text) = found else {
        let text = found.is_number() || found.is_boolean();
        return (text && wants("string") && grammar(schema).is_none())
            .then(|| "a text of this look stands in quotes".to_owned());
    };
    if wants("boolean") {
        return match text.to_ascii_lowercase().as_str() {
            "yes" | "on" | "y" | "true" => Some("did you mean `true`?".to_owned()),
            "no" | "off" | "n" | "false" => Some("did you mean `false`?".to_owned()),
            _ => None,
        };
    }
    if wants("integer") && text.parse::<i64>().is_ok() {
        return Some("a number stands without quotes".to_owned());
    }
    let options = options(schema);
    nearest(text, options.iter().map(String::as_str)).map(|near| format!("did you mean `{near}`?"))
}
