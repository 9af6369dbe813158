use serde::Serialize;

use super::{ink::Ink, layout::Page, node::node, problem::problems, words};
use crate::{
    desk::Screen,
    engine::status::{Row, Status, Verdict},
    value::Problem,
};

/// How every resource is, a line each, and in full what is wrong with those that do not work.
pub fn status(status: &Status, screen: Screen) -> String {
    let mut page = Page::new(screen);
    page.ends(&page.ink.plain(&node(&status.node)), &page.ink.dim(&format!("stack {}", status.stack)));
    for row in &status.rows {
        line(row, &mut page);
    }
    for id in &status.leaving {
        let leaves = page.ink.warn("leaves ");
        page.line(&format!("  {leaves}  {}", page.ink.bold(&id.to_string())));
        page.hanging(
            "           ",
            &page.ink.plain("no longer in the manifest: the next apply takes it away"),
        );
    }
    let wrong = status.rows.iter().filter_map(|row| row.problem.clone());
    let wrong: Vec<Problem> = wrong.chain(status.refusals.iter().cloned()).collect();
    if !wrong.is_empty() {
        page.line("");
        page.lines(&problems("error", &wrong, screen));
        page.line("");
    }
    page.lines(&status_totals(status, screen));
    page.done()
}

/// How a stack is, in one line.
pub fn status_totals(status: &Status, screen: Screen) -> String {
    let number = |verdict| status.rows.iter().filter(|row| row.verdict == verdict).count();
    let parts: Vec<String> = [
        (Verdict::Well, "well"),
        (Verdict::Missing, "missing"),
        (Verdict::Differs, "not as declared"),
        (Verdict::Unwell, "not working"),
    ]
    .into_iter()
    .map(|(verdict, word)| (number(verdict), verdict, word))
    .filter(|&(number, verdict, _)| number > 0 || verdict == Verdict::Well)
    .map(|(number, _, word)| format!("{number} {word}"))
    .collect();
    format!("{}\n", Ink::new(screen).bold(&format!("Status: {}", parts.join(", "))))
}

/// A status for programs: the whole of it, and `ok`.
pub fn status_json(status: &Status) -> anyhow::Result<String> {
    #[derive(Serialize)]
    struct Document<'s> {
        #[serde(flatten)]
        status: &'s Status,
        ok: bool,
    }
    super::json(&Document { status, ok: status.ok() })
}

fn line(row: &Row, page: &mut Page) {
    let ink = page.ink;
    let verdict = match row.verdict {
        Verdict::Well => ink.good("well   "),
        Verdict::Missing => ink.bad("missing"),
        Verdict::Differs => ink.warn("differs"),
        Verdict::Unwell => ink.bad("unwell "),
    };
    let origin = row.origin.as_ref().map(|span| ink.dim(&span.short())).unwrap_or_default();
    page.ends(&format!("  {verdict}  {}", ink.bold(&row.id.to_string())), &origin);
    let deltas = row.deltas.iter().filter(|_| row.verdict != Verdict::Missing).map(words::delta);
    for text in row.evidence.iter().cloned().chain(deltas) {
        page.hanging("           ", &ink.plain(&text));
    }
}

#[cfg(test)]
mod tests {
    use super::{super::tests, *};
    use crate::value::{Delta, Id, Value, Want};

    fn row(name: &str, verdict: Verdict) -> Row {
        Row {
            id: Id::new("job", name),
            verdict,
            deltas: vec![Delta {
                field: "env.OLLAMA_KEEP_ALIVE".into(),
                found: Value::Absent,
                want: Want::Is("30m".into()),
            }],
            reason: String::new(),
            evidence: vec![],
            problem: None,
            origin: None,
        }
    }

    #[test]
    fn every_resource_is_named_with_what_is_wrong() {
        let mut well = row("dev.forge.well", Verdict::Well);
        well.deltas.clear();
        well.evidence = vec!["runs as process 812".to_owned(), "answers on 127.0.0.1:11434".to_owned()];
        let mut unwell = row("dev.forge.unwell", Verdict::Unwell);
        unwell.deltas.clear();
        unwell.problem = Some(Problem::mac("it does not answer: `dev.forge.unwell`").of(&unwell.id));
        let status_of = Status {
            stack: "spine".to_owned(),
            node: tests::mac(),
            refusals: vec![],
            leaving: vec![],
            rows: vec![
                well,
                row("dev.forge.differs", Verdict::Differs),
                row("dev.forge.gone", Verdict::Missing),
                unwell,
            ],
        };
        insta::assert_snapshot!(status(&status_of, Screen::plain(80)), @"
        M4 Pro 64 GB - macOS 15.5 - 412 GB free                              stack spine
          well     job/dev.forge.well
                   runs as process 812
                   answers on 127.0.0.1:11434
          differs  job/dev.forge.differs
                   env.OLLAMA_KEEP_ALIVE: (absent), wanted 30m
          missing  job/dev.forge.gone
          unwell   job/dev.forge.unwell

        error: it does not answer: `dev.forge.unwell`
          of job/dev.forge.unwell

        Status: 1 well, 1 missing, 1 not as declared, 1 not working
        ");
        let document: serde_json::Value = serde_json::from_str(&status_json(&status_of).unwrap()).unwrap();
        assert_eq!((&document["ok"], &document["rows"][1]["verdict"]), (&false.into(), &"differs".into()));
    }
}
