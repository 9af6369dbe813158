use console::measure_text_width;
use serde::Serialize;
use serde_json::json;

use super::{
    explain,
    layout::{self, Page},
    node::node,
    problem::problems,
    words::{count, download},
};
use crate::{
    desk::Screen,
    engine::plan::{Action, Item, Plan},
};

/// A plan for people: the Mac, a line a change, what stays, what speaks against it, and the totals as the last line.
/// With `explain` each change is followed by its steps, their reasons, commands and undo.
pub fn plan(plan: &Plan, screen: Screen, explain: bool) -> String {
    let mut page = Page::new(screen);
    let ink = page.ink;
    page.ends(&ink.plain(&node(&plan.node)), &ink.dim(&format!("manifest {}", plan.manifest)));
    // What stays although something of it could go says why.
    let told: Vec<&Item> =
        plan.items.iter().filter(|item| item.action != Action::Keep || !item.reason.is_empty()).collect();
    let columns = Columns::of(&told, page.width);
    for &item in &told {
        change(item, columns, &mut page);
        if explain {
            explain::steps(item, &mut page);
        }
    }
    let unchanged = plan.items.len() - told.len();
    if unchanged > 0 {
        page.line(&format!("  {}", ink.dim(&format!("= {unchanged} unchanged"))));
    }
    for exposed in &plan.exposed {
        page.hanging(&format!("  {} ", ink.warn("!")), &ink.plain(exposed));
    }
    for (word, problems_of_it) in [("warning", &plan.warnings), ("error", &plan.refusals)] {
        if !problems_of_it.is_empty() {
            page.line("");
            page.lines(&problems(word, problems_of_it, screen));
            page.line("");
        }
    }
    if !plan.refusals.is_empty() {
        let reasons = count(plan.refusals.len(), "reason", "reasons");
        page.line(&ink.bad(&format!("This cannot be applied, for {reasons} above.")));
    }
    page.lines(&plan_totals(plan, screen));
    page.done()
}

/// A plan in one line.
pub fn plan_totals(plan: &Plan, screen: Screen) -> String {
    let counts = plan.counts();
    let rare =
        [(counts.replace, "replace"), (counts.adopt, "adopt")].into_iter().filter(|(number, _)| *number > 0);
    let rare: Vec<String> = rare.map(|(number, verb)| format!(", {number} {verb}")).collect();
    let rare = rare.concat();
    let mut parts =
        vec![format!("Plan: {} add, {} change, {} remove{rare}", counts.add, counts.change, counts.remove)];
    if plan.left_aside > 0 {
        parts.push(format!("{} left aside", count(plan.left_aside, "other resource", "other resources")));
    }
    let unsaid = |item: &Item| item.quote.download.is_none() && item.steps.iter().any(|step| step.download);
    parts.push(match (counts.download, plan.changes().any(unsaid)) {
        (0, false) => "nothing to download".to_owned(),
        (0, true) => "nobody says how much to download".to_owned(),
        (bytes, false) => format!("{} to download", download(bytes)),
        (bytes, true) => format!("{} and more to download", download(bytes)),
    });
    if !counts.restarts.is_empty() {
        parts.push(format!("restarts {}", count(counts.restarts.len(), "service", "services")));
    }
    let mut reasons = counts.sudo.clone();
    reasons.sort_by_key(|reason| reason.to_lowercase());
    let reasons = reasons.join(", ");
    parts.push(match (counts.sudo.is_empty(), plan.sudo_asks) {
        (true, _) => "sudo: no".to_owned(),
        (false, true) => {
            format!("sudo: {} ({reasons})", count(plan.sudo_questions.max(1), "question", "questions"))
        }
        (false, false) => format!("sudo: without password ({reasons})"),
    });
    parts.push(match plan.exposed.len() {
        0 => "nothing listens beyond this Mac".to_owned(),
        number => format!("{} beyond this Mac", count(number, "service listens", "services listen")),
    });
    let mut page = Page::new(screen);
    let mut line = String::new();
    for part in parts {
        // It is one line for whoever counts lines; only under somebody's eyes it is broken to fit.
        if screen.live && !line.is_empty() && line.chars().count() + 3 + part.chars().count() > page.width {
            page.line(&page.ink.bold(&line));
            line = format!("      {part}");
        } else {
            let separator = if line.is_empty() { "" } else { " · " };
            line = [&line, separator, &part].concat();
        }
    }
    page.line(&page.ink.bold(&line));
    page.done()
}

/// A plan for programs: the whole of it, and `counts`.
pub fn plan_json(plan: &Plan) -> anyhow::Result<String> {
    #[derive(Serialize)]
    struct Document<'p> {
        #[serde(flatten)]
        plan: &'p Plan,
        counts: serde_json::Value,
    }
    let counts = plan.counts();
    super::json(&Document {
        plan,
        counts: json!({
            "add": counts.add,
            "change": counts.change,
            "replace": counts.replace,
            "adopt": counts.adopt,
            "remove": counts.remove,
            "keep": counts.keep,
            "download_bytes": counts.download,
            "restarts": counts.restarts,
            "sudo": counts.sudo,
        }),
    })
}

#[derive(Clone, Copy)]
struct Columns {
    kind: usize,
    name: usize,
}

impl Columns {
    /// Names up to half of the page share a column; the reason of a longer one goes below it.
    fn of(told: &[&Item], width: usize) -> Self {
        let widest = |width: fn(&Item) -> usize| told.iter().map(|item| width(item)).max().unwrap_or(0);
        Self {
            kind: widest(|item| item.id.kind().len()),
            name: widest(|item| item.id.name().chars().count()).min(width / 2),
        }
    }
}

/// One change: symbol, kind, name, why, and at the right edge who asked for it. Where that does not fit on one line
/// in columns the reason goes below the name.
fn change(item: &Item, columns: Columns, page: &mut Page) {
    let ink = page.ink;
    let symbol = match item.action {
        Action::Keep => ink.dim("="),
        Action::Add => ink.good("+"),
        Action::Change => ink.warn("~"),
        Action::Replace => ink.bad("!"),
        Action::Adopt => ink.warn("a"),
        Action::Remove => ink.bad("-"),
    };
    let kind = layout::pad(&ink.plain(item.id.kind()), columns.kind);
    let lead = format!("  {symbol} {kind}  ");
    let name = ink.bold(item.id.name());
    let reason = ink.plain(&reason(item));
    let origin = item.origin.as_ref().map(|span| ink.dim(&span.short())).unwrap_or_default();
    let in_columns = format!("{lead}{}  {reason}", layout::pad(&name, columns.name));
    if measure_text_width(&in_columns) + 2 + measure_text_width(&origin) <= page.width {
        page.ends(&in_columns, &origin);
    } else {
        page.ends(&format!("{lead}{name}"), &origin);
        page.hanging(&format!("{}  ", " ".repeat(measure_text_width(&lead))), &reason);
    }
}

fn reason(item: &Item) -> String {
    let mut parts = vec![];
    if item.action == Action::Adopt {
        parts.push("take over what is there (kept for destroy)".to_owned());
    }
    // A job that is as wanted already is taken over, and that is all.
    let that_is_all = item.action == Action::Adopt && item.deltas.is_empty();
    if !(item.reason.is_empty() || that_is_all) {
        parts.push(item.reason.clone());
    }
    parts.extend(item.quote.download.filter(|&bytes| bytes > 0).map(download));
    if let (Action::Add | Action::Change, Some(pin)) = (item.action, &item.locked) {
        parts.push(format!("locked at {pin}"));
    }
    if item.steps.iter().any(|step| step.restarts.is_some()) {
        parts.push("restarts".to_owned());
    }
    parts.join(" · ")
}

#[cfg(test)]
mod tests {
    use super::{super::tests::spine_plan, *};
    use crate::value::{Delta, Id, Pin, Problem, Value, Want};

    fn screen(width: usize, unicode: bool) -> Screen {
        Screen { unicode, ..Screen::plain(width) }
    }

    #[test]
    fn a_plan_is_a_line_a_change_and_a_countable_last_line() {
        insta::assert_snapshot!(plan(&spine_plan(), screen(120, true), false), @"
        M4 Pro 64 GB · macOS 15.5 · 412 GB free                                                              manifest stack.yaml
          + clt     command-line-tools                install · 0.7 GB                                              stack.yaml:3
          ~ power   ac                                sleep 1 -> 0, disksleep 10 -> 0, autorestart 0 -> 1           stack.yaml:5
          + folder  /Users/lab/Library/Logs/forgectl  make                                                          stack.yaml:6
          + job     dev.forge.ollama                  write and load · restarts                                     stack.yaml:6
          - rival   homebrew.mxcl.ollama              put back                                                      stack.yaml:6
          = 1 unchanged
        Plan: 3 add, 1 change, 1 remove · 0.7 GB to download · restarts 1 service · sudo: 1 question (CLT, power) · nothing listens beyond this Mac
        ");
    }

    #[test]
    fn at_80_columns_reasons_move_below_and_nothing_is_cut() {
        let page = plan(&spine_plan(), screen(80, true), false);
        insta::assert_snapshot!(page, @"
        M4 Pro 64 GB · macOS 15.5 · 412 GB free                      manifest stack.yaml
          + clt     command-line-tools                install · 0.7 GB      stack.yaml:3
          ~ power   ac                                                      stack.yaml:5
                      sleep 1 -> 0, disksleep 10 -> 0, autorestart 0 -> 1
          + folder  /Users/lab/Library/Logs/forgectl  make                  stack.yaml:6
          + job     dev.forge.ollama                                        stack.yaml:6
                      write and load · restarts
          - rival   homebrew.mxcl.ollama              put back              stack.yaml:6
          = 1 unchanged
        Plan: 3 add, 1 change, 1 remove · 0.7 GB to download · restarts 1 service · sudo: 1 question (CLT, power) · nothing listens beyond this Mac
        ");
        for item in spine_plan().changes() {
            assert!(page.contains(item.id.name()) && page.contains(&item.origin.as_ref().unwrap().short()));
        }
    }

    #[test]
    fn without_utf_8_a_plan_is_ascii() {
        assert!(plan(&spine_plan(), screen(80, false), true).is_ascii());
    }

    #[test]
    fn the_last_line_says_what_sudo_and_the_network_will_see() {
        let mut spine = spine_plan();
        let last = |plan: &Plan| plan_totals(plan, screen(80, true));
        assert_eq!(
            last(&spine),
            "Plan: 3 add, 1 change, 1 remove · 0.7 GB to download · restarts 1 service · \
             sudo: 1 question (CLT, power) · nothing listens beyond this Mac\n"
        );
        spine.sudo_asks = false;
        assert!(last(&spine).contains(" · sudo: without password (CLT, power) · "));
        for item in &mut spine.items {
            item.steps.clear();
            item.quote.download = None;
        }
        spine.exposed = vec!["Ollama listens on every network of this Mac".to_owned()];
        assert!(
            last(&spine).ends_with(" · nothing to download · sudo: no · 1 service listens beyond this Mac\n")
        );
    }

    #[test]
    fn what_is_taken_over_says_so_in_words() {
        let mut spine = spine_plan();
        spine.items[4].action = Action::Adopt;
        spine.items[4].reason = "take over as it is".to_owned();
        let adopts = |spine: &Plan| {
            let page = plan(spine, screen(120, true), false);
            let mut lines = page.lines().skip_while(|line| !line.starts_with("  a "));
            [lines.next(), lines.next()].map(Option::unwrap).concat()
        };
        assert!(adopts(&spine).contains("  take over what is there (kept for destroy) · restarts"));
        spine.items[4].deltas =
            vec![Delta { field: "file".into(), found: Value::Absent, want: Want::Present }];
        spine.items[4].reason = "OLLAMA_KEEP_ALIVE 5m -> 30m".to_owned();
        let line = adopts(&spine);
        assert!(
            line.contains("  take over what is there (kept for destroy) · OLLAMA_KEEP_ALIVE 5m -> 30m · "),
            "{line}"
        );
    }

    #[test]
    fn what_is_brought_by_the_lock_says_so_and_what_stays_does_not() {
        let mut spine = spine_plan();
        for item in &mut spine.items {
            item.locked = Some(Pin { version: Some("16.4".to_owned()), ..Pin::default() });
        }
        let page = plan(&spine, screen(120, true), false);
        assert!(page.contains("  install · 0.7 GB · locked at 16.4 "), "{page}");
        let changes = spine.items.iter().filter(|item| matches!(item.action, Action::Add | Action::Change));
        assert_eq!(page.matches("locked at").count(), changes.count(), "{page}");
    }

    #[test]
    fn what_is_kept_for_a_reason_says_so() {
        let mut spine = spine_plan();
        spine.items[2].reason = "data stays; --all-data takes it away".to_owned();
        let page = plan(&spine, screen(120, true), false);
        assert!(
            page.contains("  = folder  /Users/lab/Library/LaunchAgents   data stays; --all-data"),
            "{page}"
        );
        assert!(!page.contains("unchanged"), "{page}");
    }

    #[test]
    fn on_a_narrow_terminal_the_last_line_is_broken_between_its_parts() {
        let narrow = Screen { live: true, ..screen(80, true) };
        insta::assert_snapshot!(plan_totals(&spine_plan(), narrow), @"
        Plan: 3 add, 1 change, 1 remove · 0.7 GB to download · restarts 1 service
              sudo: 1 question (CLT, power) · nothing listens beyond this Mac
        ");
    }

    #[test]
    fn what_speaks_against_it_stands_before_the_last_line() {
        let mut spine = spine_plan();
        spine.refusals = vec![Problem::mac("this Mac is too small: 8GB").hint("take another")];
        let page = plan(&spine, screen(100, true), false);
        let tail: Vec<_> = page.lines().rev().take(4).collect();
        assert!(tail[0].starts_with("Plan: 3 add"), "{page}");
        assert_eq!(tail[1], "This cannot be applied, for 1 reason above.");
        assert!(page.contains("error: this Mac is too small: 8GB\nhint: take another\n"));
    }

    #[test]
    fn a_plan_for_programs_has_its_numbers() {
        let document: serde_json::Value = serde_json::from_str(&plan_json(&spine_plan()).unwrap()).unwrap();
        assert_eq!(document["counts"]["add"], 3);
        assert_eq!(document["counts"]["sudo"], json!(["CLT", "power"]));
        assert_eq!(document["items"][0]["id"], Id::new("clt", "command-line-tools").to_string());
        assert_eq!(document["items"][0]["origin"], "stack.yaml:3:3");
    }
}
