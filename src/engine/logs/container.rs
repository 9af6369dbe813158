use anyhow::Result;
use camino::{Utf8Path, Utf8PathBuf};
use jiff::Timestamp;

use crate::{
    machine::{
        Look, Looking,
        engine::{EngineFault, LogLine},
    },
    value::{Problem, shell_word},
};

/// How many lines are asked for at once, while it is read on.
const AT_ONCE: u32 = 10_000;

/// What a container writes, read on from where it was left. While its engine does not answer, and until a container that was made
/// anew is there, nothing comes.
pub(super) struct ContainerTail {
    engine: Utf8PathBuf,
    name: String,
    /// What was found first, until it is asked for.
    first: Vec<LogLine>,
    /// When the last line was written, and how many at just that time.
    last: Option<(Timestamp, usize)>,
}

impl ContainerTail {
    /// Stands before the last `lines` lines. Fails when there is no such container.
    pub(super) fn before(look: &dyn Look, engine: Utf8PathBuf, name: String, lines: u32) -> Result<Self> {
        let found = look.container_log(&engine, &name, lines.max(1), None)?;
        let found = found.map_err(|fault| gone(&engine, &name, &fault))?;
        let mut tail = Self { engine, name, first: vec![], last: None };
        if lines == 0 {
            tail.news(found);
        } else {
            tail.first = found;
        }
        Ok(tail)
    }

    /// The lines that have come.
    pub(super) fn more(&mut self, look: &dyn Look) -> Result<Vec<String>> {
        let mut lines = std::mem::take(&mut self.first);
        if lines.is_empty() {
            let since = self.last.map(|(at, _)| at);
            let found = look.container_log(&self.engine, &self.name, AT_ONCE, since)?;
            lines = found.unwrap_or_default();
        }
        Ok(self.news(lines))
    }

    /// The texts of those of `lines` that were not told yet.
    fn news(&mut self, lines: Vec<LogLine>) -> Vec<String> {
        let (told_until, mut told) = self.last.map_or((None, 0), |(at, count)| (Some(at), count));
        let mut news = vec![];
        for LogLine { at, text } in lines {
            if told_until.is_some_and(|until| at < until) {
                continue;
            }
            if told_until == Some(at) && told > 0 {
                told -= 1;
                continue;
            }
            self.last =
                Some((at, self.last.filter(|(last, _)| *last == at).map_or(0, |(_, count)| count) + 1));
            news.push(text);
        }
        news
    }
}

fn gone(engine: &Utf8Path, name: &str, fault: &EngineFault) -> Problem {
    let host = format!("unix://{engine}");
    Problem::mac(format!("there is no log of the container `{name}`"))
        .why(format!("{host}: {fault}"))
        .hint("what runs on that engine:")
        .remedy(format!("docker --host {} ps --all", shell_word(&host)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_is_told_twice_and_none_is_lost() {
        let mut tail = ContainerTail { engine: "/a".into(), name: "b".into(), first: vec![], last: None };
        let line = |second: i64, text: &str| LogLine {
            at: Timestamp::from_second(second).unwrap(),
            text: text.into(),
        };
        assert_eq!(tail.news(vec![line(1, "a"), line(2, "b"), line(2, "b")]), ["a", "b", "b"]);
        // The engine answers with all that was written at that time or later.
        assert_eq!(tail.news(vec![line(2, "b"), line(2, "b"), line(2, "b"), line(3, "c")]), ["b", "c"]);
        assert_eq!(tail.news(vec![line(3, "c")]), [""; 0]);
        assert_eq!(tail.news(vec![line(3, "c"), line(4, "d")]), ["d"]);
        // One that was made anew begins anew, later.
        assert_eq!(tail.news(vec![line(9, "a")]), ["a"]);
    }
}
