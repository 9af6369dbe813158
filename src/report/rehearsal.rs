use super::{layout::Page, plan, words};
use crate::{desk::Screen, engine::rehearsal::Rehearsal};

/// A rehearsal for people: what was planned, when what happened, what it took, what was proved, and whether a second run
/// had anything to do.
pub fn rehearsal(rehearsal: &Rehearsal, screen: Screen) -> String {
    let mut page = Page::new(screen);
    let ink = page.ink;
    page.ends(
        &ink.bold(&format!("Rehearsal of {}", rehearsal.stack)),
        &ink.dim(&format!("simulated: {}", rehearsal.target)),
    );
    page.line("");
    page.lines(&plan::plan(&rehearsal.plan, screen, false));
    page.line("");
    page.line(&ink.bold("Timeline (simulated time)"));
    for moment in &rehearsal.timeline {
        let lead = format!("  {:>8}  {:>9}  ", clock(moment.at_s), words::seconds(moment.took_s));
        page.hanging(&lead, &ink.plain(&format!("{}: {}", moment.id, moment.words)));
    }
    page.line("");
    if !rehearsal.proved.is_empty() {
        page.line(&ink.bold("Proved"));
        for proved in &rehearsal.proved {
            page.hanging("  * ", &ink.plain(proved));
        }
        page.line("");
    }
    page.lines(&rehearsal_totals(rehearsal, screen));
    page.done()
}

/// A rehearsal in three lines: the first run, the most that it took, the second run.
pub fn rehearsal_totals(rehearsal: &Rehearsal, screen: Screen) -> String {
    let mut page = Page::new(screen);
    let ink = page.ink;
    let (first, second) = (&rehearsal.first, &rehearsal.second);
    let failed =
        if first.failed > 0 { ink.bad(&format!(", {} failed", first.failed)) } else { String::new() };
    let failed = match first.optional {
        0 => failed,
        optional => format!("{failed}{}", ink.warn(&format!(", {optional} optional not brought"))),
    };
    let fetched = match first.download_bytes {
        0 => "nothing fetched".to_owned(),
        bytes => format!("{} fetched", words::download(bytes)),
    };
    let made = format!(
        "{} by {} in {}{failed}, {fetched}",
        words::count(first.changes, "change", "changes"),
        words::count(first.effects, "effect", "effects"),
        words::seconds(first.duration_s),
    );
    page.hanging("First run:   ", &made);
    let models = match rehearsal.peak_model_memory_bytes {
        0 => String::new(),
        bytes => format!(", {} of memory for models", words::download(bytes)),
    };
    let peak = format!("{} of disk{models}", words::download(rehearsal.peak_disk_bytes));
    page.hanging("At the most: ", &peak);
    let again = if second.changes == 0 && second.effects == 0 {
        ink.good("nothing to do, no effect")
    } else if second.is_idle(first) {
        ink.warn("nothing to do but to try again what is optional")
    } else {
        ink.bad(&format!(
            "{} by {}; a second run must have none",
            words::count(second.changes, "change", "changes"),
            words::count(second.effects, "effect", "effects"),
        ))
    };
    page.hanging("Second run:  ", &again);
    page.done()
}

/// `0:02:05` since the start.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "brought within range before")]
fn clock(seconds: f64) -> String {
    let whole = seconds.clamp(0.0, 1e9) as u64;
    format!("{}:{:02}:{:02}", whole / 3600, whole % 3600 / 60, whole % 60)
}

#[cfg(test)]
mod tests {
    use super::{super::tests::spine_plan, *};
    use crate::{
        engine::{
            event::Summary,
            rehearsal::{First, Moment, Second},
        },
        value::Id,
    };

    fn spine() -> Rehearsal {
        let moment = |at_s, kind, name, words: &str, took_s| Moment {
            at_s,
            id: Id::new(kind, name),
            words: words.to_owned(),
            took_s,
        };
        Rehearsal {
            stack: "spine".to_owned(),
            target: "M4 16 GB, macOS 15.5".to_owned(),
            plan: spine_plan(),
            first: First {
                changes: 5,
                effects: 12,
                failed: 0,
                optional: 0,
                duration_s: 421.3,
                download_bytes: 713_000_000,
            },
            second: Second { changes: 0, effects: 0 },
            timeline: vec![
                moment(0.4, "clt", "command-line-tools", "install the Command Line Tools", 410.0),
                moment(411.0, "job", "dev.forge.ollama", "load the job", 9.2),
            ],
            proved: vec!["job/dev.forge.ollama: answers `/api/version` with 0.9.0".to_owned()],
            problems: vec![],
            warnings: vec![],
            peak_disk_bytes: 3_100_000_000,
            peak_model_memory_bytes: 0,
            summary: Summary::default(),
        }
    }

    #[test]
    fn a_rehearsal_ends_with_what_it_took_and_that_the_second_run_did_nothing() {
        let page = rehearsal(&spine(), Screen::plain(100));
        let page = &page[page.find("Timeline").unwrap()..];
        insta::assert_snapshot!(page, @"
        Timeline (simulated time)
           0:00:00  6 min 50 s  clt/command-line-tools: install the Command Line Tools
           0:06:51      9.2 s  job/dev.forge.ollama: load the job

        Proved
          * job/dev.forge.ollama: answers `/api/version` with 0.9.0

        First run:   5 changes by 12 effects in 7 min 01 s, 0.7 GB fetched
        At the most: 3.1 GB of disk
        Second run:  nothing to do, no effect
        ");
    }

    #[test]
    fn a_second_run_that_does_something_is_told() {
        let spine = Rehearsal { second: Second { changes: 1, effects: 2 }, ..spine() };
        let page = rehearsal(&spine, Screen::plain(100));
        assert!(
            page.ends_with("Second run:  1 change by 2 effects; a second run must have none\n"),
            "{page}"
        );
    }
}
