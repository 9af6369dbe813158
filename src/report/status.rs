use serde::Serialize;

use super::{ink::Ink, layout::Page, node::node, problem::problems, words};
use crate::{
    desk::Screen,
    engine::status::{Row, Status, Verdict},
    value::{Id, Problem},
};

/// How a status is told.
#[derive(Clone, Copy, Debug)]
pub struct StatusView<'c> {
    /// Every folder and every field, and not only what says something.
    pub verbose: bool,
    /// The command that brings all to what is declared.
    pub apply: &'c str,
}

/// How every resource is, a line each, in full what is wrong with those that do not work, and what to type then. Folders
/// that are there are one line together.
pub fn status(status: &Status, view: StatusView, screen: Screen) -> String {
    let mut page = Page::new(screen);
    page.ends(&page.ink.plain(&node(&status.node)), &page.ink.dim(&format!("stack {}", status.stack)));
    let folders = |row: &&Row| !view.verbose && row.verdict == Verdict::Well && row.id.kind() == "folder";
    for row in status.rows.iter().filter(|row| !folders(row)) {
        line(row, view.verbose, &mut page);
    }
    match status.rows.iter().filter(folders).count() {
        0 => {}
        number => {
            let folders = words::count(number, "folder is", "folders are");
            page.line(&format!("  {}  {folders} there", page.ink.good("well   ")));
        }
    }
    for id in &status.leaving {
        leaves(id, &mut page);
        page.hanging(INDENT, &page.ink.plain("no longer in the manifest: the next apply takes it away"));
    }
    let wrong = status.rows.iter().filter_map(|row| row.problem.clone());
    let wrong: Vec<Problem> = wrong.chain(status.refusals.iter().cloned()).collect();
    if !wrong.is_empty() {
        page.line("");
        page.lines(&problems("error", &wrong, screen));
        page.line("");
    }
    let differs = |row: &Row| matches!(row.verdict, Verdict::Missing | Verdict::Differs);
    let hindered = |row: &Row| differs(row) && row.problem.is_some();
    let applies = status.rows.iter().any(differs) || !status.leaving.is_empty();
    if applies && status.refusals.is_empty() && !status.rows.iter().any(hindered) {
        page.line("To bring it to what is declared:");
        page.line(&format!("    {}", page.ink.plain(view.apply)));
    }
    page.lines(&status_totals(status, screen));
    page.done()
}

/// What is not well, a line each, and how the stack is in one line.
pub fn status_short(status: &Status, screen: Screen) -> String {
    let mut page = Page::new(screen);
    for row in status.rows.iter().filter(|row| row.verdict != Verdict::Well) {
        head(row, &mut page);
    }
    for id in &status.leaving {
        leaves(id, &mut page);
    }
    page.lines(&status_totals(status, screen));
    page.done()
}

/// How a stack is, in one line.
fn status_totals(status: &Status, screen: Screen) -> String {
    let number = |verdict| status.rows.iter().filter(|row| row.verdict == verdict).count();
    let mut parts: Vec<String> = [
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
    if !status.leaving.is_empty() {
        parts.push(format!("{} no longer declared", status.leaving.len()));
    }
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

const INDENT: &str = "           ";

fn line(row: &Row, verbose: bool, page: &mut Page) {
    let ink = page.ink;
    head(row, page);
    let reason =
        Some(row.reason.clone()).filter(|reason| !reason.is_empty() && row.verdict == Verdict::Differs);
    let deltas = row.deltas.iter().filter(|_| verbose).map(words::delta);
    for text in row.evidence.iter().cloned().chain(reason).chain(deltas) {
        page.hanging(INDENT, &ink.plain(&text));
    }
}

fn head(row: &Row, page: &mut Page) {
    let ink = page.ink;
    let verdict = match row.verdict {
        Verdict::Well => ink.good("well   "),
        Verdict::Missing => ink.bad("missing"),
        Verdict::Differs => ink.warn("differs"),
        Verdict::Unwell => ink.bad("unwell "),
    };
    let origin = row.origin.as_ref().map(|span| ink.dim(&span.short())).unwrap_or_default();
    // What is well needs no excuse.
    let excuse = if row.optional && row.verdict != Verdict::Well { " (optional)" } else { "" };
    page.ends(&format!("  {verdict}  {}{excuse}", ink.bold(&row.id.to_string())), &origin);
}

fn leaves(id: &Id, page: &mut Page) {
    page.line(&format!("  {}  {}", page.ink.warn("leaves "), page.ink.bold(&id.to_string())));
}

#[cfg(test)]
mod tests {
    use super::{super::tests, *};
    use crate::value::{Delta, Want};

    fn row(name: &str, verdict: Verdict) -> Row {
        let well = matches!(verdict, Verdict::Well | Verdict::Unwell);
        let digest = Delta { field: "file".into(), found: "0ab1".into(), want: Want::Is("9c60".into()) };
        Row {
            id: Id::new("job", name),
            verdict,
            deltas: if well { vec![] } else { vec![digest] },
            reason: if well { String::new() } else { "OLLAMA_KEEP_ALIVE 5m -> 30m".to_owned() },
            evidence: vec![],
            problem: None,
            origin: None,
            optional: false,
        }
    }

    fn folder(name: &str, verdict: Verdict) -> Row {
        Row { id: Id::new("folder", name), ..row(name, verdict) }
    }

    fn of(rows: Vec<Row>) -> Status {
        Status { stack: "spine".to_owned(), node: tests::mac(), refusals: vec![], leaving: vec![], rows }
    }

    fn told(of: &Status, verbose: bool) -> String {
        let view = StatusView { verbose, apply: "forgectl apply stack.yaml --on sim:mac.json" };
        status(of, view, Screen::plain(80))
    }

    #[test]
    fn every_resource_is_named_with_what_is_wrong() {
        let evidence = ["runs as process 812", "answers on 127.0.0.1:11434"].map(str::to_owned).to_vec();
        let mut unwell = row("dev.forge.unwell", Verdict::Unwell);
        unwell.problem = Some(Problem::mac("it does not answer: `dev.forge.unwell`").of(&unwell.id));
        let status_of = of(vec![
            Row { evidence, ..row("dev.forge.well", Verdict::Well) },
            row("dev.forge.differs", Verdict::Differs),
            row("dev.forge.gone", Verdict::Missing),
            unwell,
        ]);
        insta::assert_snapshot!(told(&status_of, false), @"
        M4 Pro 64 GB - macOS 15.5 - 412 GB free                              stack spine
          well     job/dev.forge.well
                   runs as process 812
                   answers on 127.0.0.1:11434
          differs  job/dev.forge.differs
                   OLLAMA_KEEP_ALIVE 5m -> 30m
          missing  job/dev.forge.gone
          unwell   job/dev.forge.unwell

        error: it does not answer: `dev.forge.unwell`
          of job/dev.forge.unwell

        To bring it to what is declared:
            forgectl apply stack.yaml --on sim:mac.json
        Status: 1 well, 1 missing, 1 not as declared, 1 not working
        ");
        let document: serde_json::Value = serde_json::from_str(&status_json(&status_of).unwrap()).unwrap();
        assert_eq!((&document["ok"], &document["rows"][1]["verdict"]), (&false.into(), &"differs".into()));
    }

    #[test]
    fn folders_that_are_there_are_one_line_and_verbose_tells_all() {
        let status_of = of(vec![
            folder("~/Library", Verdict::Well),
            folder("~/Library/Logs", Verdict::Missing),
            folder("~/Library/LaunchAgents", Verdict::Well),
            row("dev.forge.differs", Verdict::Differs),
        ]);
        let short = told(&status_of, false);
        assert!(
            short.contains("  well     2 folders are there\n") && !short.contains("LaunchAgents"),
            "{short}"
        );
        assert!(short.contains("  missing  folder/~/Library/Logs\n") && !short.contains("0ab1"), "{short}");
        let verbose = told(&status_of, true);
        assert!(verbose.contains("  well     folder/~/Library/LaunchAgents\n"), "{verbose}");
        assert!(verbose.contains("           file: 0ab1, wanted 9c60\n"), "{verbose}");
    }

    #[test]
    fn quiet_names_what_is_not_well() {
        let mut status_of = of(vec![row("a", Verdict::Well), row("b", Verdict::Missing)]);
        status_of.leaving = vec![Id::new("power", "ac")];
        insta::assert_snapshot!(status_short(&status_of, Screen::plain(80)), @"
          missing  job/b
          leaves   power/ac
        Status: 1 well, 1 missing, 1 no longer declared
        ");
    }

    #[test]
    fn apply_is_not_told_where_it_would_do_nothing_or_be_refused() {
        assert!(!told(&of(vec![row("a", Verdict::Well)]), false).contains("forgectl apply"));
        let mut refused = of(vec![row("a", Verdict::Missing)]);
        refused.refusals = vec![Problem::mac("this Mac is too small")];
        assert!(!told(&refused, false).contains("forgectl apply"));
        let hindered =
            Row { problem: Some(Problem::mac("its program is gone")), ..row("a", Verdict::Differs) };
        assert!(!told(&of(vec![hindered]), false).contains("forgectl apply"));
    }
}
