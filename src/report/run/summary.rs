use std::collections::BTreeSet;

use super::{LogPlace, story::Manner};
use crate::{
    desk::Screen,
    engine::event::Summary,
    report::{
        ink::Ink,
        layout::Page,
        words::{count, seconds},
    },
    value::shell_word,
};

/// What a run left, to be told at its end.
pub(super) struct Told<'s> {
    /// `apply` …
    pub(super) command: &'s str,
    pub(super) manner: &'s Manner,
    /// Seconds on the machine's clock.
    pub(super) took: f64,
    pub(super) summary: &'s Summary,
}

impl Told<'_> {
    /// What was kept, what can be opened, how to go on, where the log is; and last what was done.
    pub(super) fn page(&self, screen: Screen) -> String {
        let mut page = Page::new(screen);
        let ink = page.ink;
        for (name, url) in &self.summary.open {
            page.line(&format!("Open {}: {}", ink.plain(name), ink.plain(url)));
        }
        if self.summary.declined {
            return self.last_line(screen);
        }
        if let Some(lock) = &self.summary.locked {
            let what = "it has what was resolved, and belongs beside the manifest in version control";
            page.hanging("", &format!("Wrote {}: {what}", ink.plain(lock)));
        }
        if !self.summary.ok() {
            page.line("To go on from here:");
            page.line(&format!("    {}", ink.plain(&self.manner.again)));
        }
        if self.summary.ok() && !self.summary.optional.is_empty() {
            let ids: Vec<String> =
                self.summary.optional.iter().map(|id| ink.plain(&id.to_string())).collect();
            page.hanging(
                "",
                &format!("Not brought, and the stack can do without: {}. To try again:", ids.join(", ")),
            );
            page.line(&format!("    {}", ink.plain(&self.manner.again)));
        }
        if !self.summary.log.is_empty() {
            self.log(&mut page);
        }
        page.done() + &self.last_line(screen)
    }

    /// Where the log is for the person who is told: a path on the Mac may be none on theirs.
    fn log(&self, page: &mut Page) {
        let (ink, log) = (page.ink, &self.summary.log);
        match &self.manner.log {
            LogPlace::Here => page.line(&format!("Log: {}", ink.dim(log))),
            LogPlace::Under(root) => {
                let path = root.join(log.trim_start_matches('/'));
                page.line(&format!("Log: {}", ink.dim(path.as_str())));
            }
            LogPlace::Behind(command) => {
                page.line("Log:");
                page.line(&format!("    {}", ink.plain(&format!("{command} {}", shell_word(log)))));
            }
            LogPlace::Gone => {}
        }
    }

    /// What was done, in one line.
    pub(super) fn last_line(&self, screen: Screen) -> String {
        let ink = Ink::new(screen);
        let summary = self.summary;
        if summary.declined {
            return format!("{}\n", ink.warn("Nothing was changed: the plan was not agreed to"));
        }
        let unchanged = summary.unchanged;
        if summary.ok() && summary.changed.is_empty() && summary.optional.is_empty() {
            let text = match self.command {
                "destroy" => "Nothing to remove".to_owned(),
                _ => format!("Nothing to do: {} as wanted", count(unchanged, "resource is", "resources are")),
            };
            return format!("{}\n", ink.good(&text));
        }
        let changed = if self.command == "destroy" { "removed or given back" } else { "changed" };
        let mut parts = vec![format!("{} {changed}", summary.changed.len())];
        // What was changed in part is told with its own line.
        let kept = summary.kept.iter().map(|(id, _)| id).filter(|id| !summary.changed.contains(id));
        let kept = kept.collect::<BTreeSet<_>>().len();
        for (number, word) in [
            (unchanged, "as wanted"),
            (kept, "kept"),
            (summary.failed.len(), "failed"),
            (summary.skipped.len(), "left out"),
            (summary.optional.len(), "optional not brought"),
        ] {
            if number > 0 {
                parts.push(format!("{number} {word}"));
            }
        }
        let verb = match (summary.interrupted, summary.ok()) {
            (true, _) => ink.warn("Stopped"),
            (false, true) => ink.good("Done"),
            (false, false) => ink.bad("Not finished"),
        };
        format!("{verb} after {}: {}\n", seconds(self.took), parts.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Id;

    fn told(command: &str, summary: &Summary) -> String {
        told_of(command, summary, LogPlace::Here)
    }

    fn told_of(command: &str, summary: &Summary, log: LogPlace) -> String {
        let again = format!("forgectl {command} stack.yaml --on sim:mac.json --yes");
        let manner = Manner { again, log, ..Manner::plain(80) };
        Told { command, manner: &manner, took: 125.0, summary }.page(Screen::plain(80))
    }

    fn ids(names: &[&str]) -> Vec<Id> {
        names.iter().map(|name| Id::new("job", name)).collect()
    }

    #[test]
    fn a_run_ends_with_what_to_open_where_the_log_is_and_what_was_done() {
        let summary = Summary {
            changed: ids(&["a", "b"]),
            unchanged: 3,
            open: vec![("Ollama".to_owned(), "http://127.0.0.1:11434".to_owned())],
            log: "/Users/lab/.local/state/forgectl/runs/1.jsonl".to_owned(),
            ..Summary::default()
        };
        insta::assert_snapshot!(told("apply", &summary), @"
        Open Ollama: http://127.0.0.1:11434
        Log: /Users/lab/.local/state/forgectl/runs/1.jsonl
        Done after 2 min 05 s: 2 changed, 3 as wanted
        ");
    }

    #[test]
    fn a_run_that_failed_says_how_to_go_on() {
        let summary =
            Summary { changed: ids(&["a"]), failed: ids(&["b"]), skipped: ids(&["c"]), ..Summary::default() };
        insta::assert_snapshot!(told("apply", &summary), @"
        To go on from here:
            forgectl apply stack.yaml --on sim:mac.json --yes
        Not finished after 2 min 05 s: 1 changed, 1 failed, 1 left out
        ");
    }

    #[test]
    fn the_log_of_another_mac_is_told_so_that_it_can_be_read() {
        let log = "/Users/Zoë Lab/.local/state/forgectl/runs/1.jsonl".to_owned();
        let summary = Summary { changed: ids(&["a"]), log, ..Summary::default() };
        let in_file = LogPlace::Behind("forgectl sim exec mac.json -- cat".to_owned());
        let page = told_of("apply", &summary, in_file);
        let command =
            "forgectl sim exec mac.json -- cat '/Users/Zo\\u{eb} Lab/.local/state/forgectl/runs/1.jsonl'";
        assert!(page.contains(&format!("Log:\n    {command}\n")), "{page}");
        let page = told_of("apply", &summary, LogPlace::Under("/tmp/mac/root".into()));
        assert!(page.contains("Log: /tmp/mac/root/Users/"), "{page}");
        assert!(!told_of("apply", &summary, LogPlace::Gone).contains("Log"));
    }

    #[test]
    fn what_was_given_back_in_part_is_counted_once() {
        let kept = |name: &str| (Id::new("job", name), "somebody changed it".to_owned());
        let summary = Summary {
            changed: ids(&["a"]),
            kept: vec![kept("a"), kept("b"), kept("b")],
            ..Summary::default()
        };
        assert!(told("destroy", &summary).ends_with(": 1 removed or given back, 1 kept\n"));
    }

    #[test]
    fn a_stopped_run_and_an_idle_one_say_so() {
        let stopped = Summary { interrupted: true, ..Summary::default() };
        assert!(told("destroy", &stopped).contains("Stopped after 2 min 05 s: 0 removed or given back"));
        let idle = Summary { unchanged: 9, ..Summary::default() };
        assert_eq!(told("apply", &idle), "Nothing to do: 9 resources are as wanted\n");
        assert_eq!(told("destroy", &Summary::default()), "Nothing to remove\n");
        let declined = Summary { declined: true, log: "/log".to_owned(), ..Summary::default() };
        assert_eq!(told("apply", &declined), "Nothing was changed: the plan was not agreed to\n");
    }
}
