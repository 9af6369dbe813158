use crate::value::Problem;

/// How like a name has to be; 1 is equal.
const NEAR: f64 = 0.5;

/// `problem`, which is that nothing is called `unknown`, with up to three names that were probably meant.
pub(super) fn did_you_mean<'n>(
    problem: Problem,
    unknown: &str,
    names: impl Iterator<Item = &'n str>,
) -> Problem {
    let mut near: Vec<(f64, &str)> = names.map(|name| (likeness(name, unknown), name)).collect();
    near.retain(|(likeness, _)| *likeness >= NEAR);
    near.sort_by(|(one, _), (other, _)| other.total_cmp(one));
    let near: Vec<String> = near.into_iter().take(3).map(|(_, name)| format!("`{name}`")).collect();
    match near.as_slice() {
        [] => problem,
        [near] => problem.hint(format!("did you mean {near}?")),
        near => problem.hint(format!("did you mean one of {}?", near.join(", "))),
    }
}

/// `names` as a sentence lists them.
pub(super) fn listed<'n>(names: impl Iterator<Item = &'n str>) -> String {
    names.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// As a whole, or by what stands behind the kind.
fn likeness(one: &str, other: &str) -> f64 {
    let (one, other) = (one.to_lowercase(), other.to_lowercase());
    let name = |text: &str| text.split_once('/').map_or(text.to_owned(), |(_, name)| name.to_owned());
    let whole = strsim::normalized_damerau_levenshtein(&one, &other);
    whole.max(strsim::normalized_damerau_levenshtein(&name(&one), &name(&other)))
}
