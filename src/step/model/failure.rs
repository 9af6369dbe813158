use std::fmt;

use serde::Deserialize;

use super::PullModel;
use crate::{catalog, value::Problem};

/// Why a pull did not end well.
#[derive(Debug)]
pub(super) struct Failure {
    sort: Sort,
    /// What the server said, or what became of the connection to it.
    said: String,
}

/// What can be done about it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Sort {
    /// The registry has no such model.
    Unknown,
    /// The disk is full.
    NoRoom,
    /// The registry does not let everybody have it.
    Denied,
    /// This server is too old for it, or has no engine for it.
    Unable,
    /// The request itself was refused.
    Refused,
    /// The registry is busy or out of order.
    Busy,
    /// What came is not what its digest says.
    Damaged,
    /// Of the notes on what has come some are gone: it can neither be ended nor gone on with.
    Torn,
    /// The connection broke: to the server, or from there on.
    Cut,
}

/// A line of what the server says while it pulls (docs/mac-facts.md#ollama-pull).
#[derive(Default, Deserialize)]
struct Line {
    #[serde(default)]
    status: String,
    error: Option<String>,
}

/// What the texts of the server's errors have in them (docs/mac-facts.md#ollama-pull).
const WORDS: [(&str, Sort); 12] = [
    ("file does not exist", Sort::Unknown),
    ("no space left on device", Sort::NoRoom),
    ("disk quota exceeded", Sort::NoRoom),
    ("unauthorized", Sort::Denied),
    ("access denied", Sort::Denied),
    ("requires a newer version", Sort::Unable),
    ("requires MLX support", Sort::Unable),
    ("digest mismatch", Sort::Damaged),
    ("manifest: 429", Sort::Busy),
    ("manifest: 5", Sort::Busy),
    ("too many requests", Sort::Busy),
    ("invalid model name", Sort::Refused),
];

impl Failure {
    /// The connection to the server broke.
    pub(super) fn cut(why: String) -> Self {
        Self { sort: Sort::Cut, said: why }
    }

    /// What a whole answer comes to, of which `last` is the last line; `None` for success. An error can follow a 200.
    pub(super) fn of_reply(status: u16, last: &str) -> Option<Self> {
        let line: Line = serde_json::from_str(last.trim()).unwrap_or_default();
        let said = match (status, line.error, line.status.as_str()) {
            (200, None, "success") => return None,
            (200, None, _) => {
                return Some(Self::cut("the answer ended before the model was whole".to_owned()));
            }
            (200, Some(error), _) => error,
            (status, Some(error), _) => format!("{status}: {error}"),
            (status, None, _) => format!("{status}: {}", last.trim()),
        };
        let torn = said.contains("-partial-") && said.contains("no such file or directory");
        let known = torn.then_some(Sort::Torn);
        let known =
            known.or_else(|| WORDS.iter().find(|(words, _)| said.contains(words)).map(|(_, sort)| *sort));
        let sort = known.unwrap_or(if status == 400 { Sort::Refused } else { Sort::Cut });
        Some(Self { sort, said })
    }

    /// Whether it may go well the next time, when it was the `nth` of its sort: what arrives damaged twice is so where it comes
    /// from.
    pub(super) fn may_pass(&self, nth: usize) -> bool {
        match self.sort {
            Sort::Damaged | Sort::Torn => nth == 1,
            Sort::Busy | Sort::Cut => true,
            Sort::Unknown | Sort::NoRoom | Sort::Denied | Sort::Unable | Sort::Refused => false,
        }
    }

    /// Whether what has come is of no use: it was damaged, or cannot be gone on with.
    pub(super) fn is_loss(&self) -> bool {
        matches!(self.sort, Sort::Damaged | Sort::Torn)
    }

    /// The digest of the part whose remains are in the way of any further pull (docs/mac-facts.md#ollama-pull-resume).
    pub(super) fn torn(&self) -> Option<&str> {
        let (_, rest) = self.said.split_once("sha256-").filter(|_| self.sort == Sort::Torn)?;
        rest.split_once("-partial").map(|(digest, _)| digest)
    }

    /// As a person is told of it, after so many tries.
    pub(super) fn told(&self, pull: &PullModel, tries: usize) -> Problem {
        let name = &pull.name;
        let host = name.host();
        let what = match self.sort {
            Sort::Unknown => format!("no such model: `{name}`"),
            Sort::NoRoom => format!("no room on the disk for the model: `{name}`"),
            Sort::Denied => format!("the registry does not give the model to everybody: `{name}`"),
            Sort::Unable => format!("this server cannot run the model: `{name}`"),
            Sort::Refused => format!("the server refused to pull: `{name}`"),
            Sort::Busy => format!("the registry does not give the model now: `{name}`"),
            Sort::Damaged => format!("the model arrives damaged: `{name}`"),
            Sort::Torn | Sort::Cut => format!("the pull of the model breaks off: `{name}`"),
        };
        let times = if tries == 1 { String::new() } else { format!(", {tries} times") };
        let problem = Problem::mac(what).why(format!("the server said{times}: {}", self.said));
        let goes_on = "what has come stays in the store; apply again, and it goes on from there";
        match self.sort {
            Sort::Unknown => catalog::did_you_mean(problem, name),
            Sort::NoRoom => problem
                .hint("make room, then apply again; what takes the most in your home folder:")
                .remedy("du -xsh ~/* ~/.[!.]* 2>/dev/null | sort -h | tail -n 20"),
            Sort::Denied => problem.hint(format!("see who may have it, at https://{host}")),
            Sort::Unable => {
                problem.hint("upgrade the server, or name another model:").remedy("brew upgrade ollama")
            }
            Sort::Refused => {
                problem.hint("see what the server logs:").remedy(format!("tail -n 20 '{}'", pull.log))
            }
            Sort::Busy => problem.hint(goes_on).hint("whether it answers:").remedy(curl(pull)),
            Sort::Damaged | Sort::Torn | Sort::Cut => problem
                .hint(goes_on)
                .hint("a server that starts anew deletes what came more than an hour before")
                .hint("whether the registry can be reached, and what the server logs:")
                .remedy(curl(pull))
                .remedy(format!("tail -n 20 '{}'", pull.log)),
        }
    }
}

fn curl(pull: &PullModel) -> String {
    format!("curl -sSI {}", pull.name.url())
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.said)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sort(status: u16, last: &str) -> Option<Sort> {
        Failure::of_reply(status, last).map(|failure| failure.sort)
    }

    #[test]
    fn an_error_after_a_200_is_understood() {
        let error = |said: &str| sort(200, &format!("{{\"error\":\"{said}\"}}\n"));
        assert_eq!(sort(200, "{\"status\":\"success\"}\n"), None);
        assert_eq!(error("pull model manifest: file does not exist"), Some(Sort::Unknown));
        assert_eq!(error("write /x/blobs/sha256-1-partial: no space left on device"), Some(Sort::NoRoom));
        assert_eq!(error("pull model manifest: 429: slow down"), Some(Sort::Busy));
        assert_eq!(error("pull model manifest: 503: unavailable"), Some(Sort::Busy));
        assert_eq!(
            error("digest mismatch, file must be downloaded again: want a, got b"),
            Some(Sort::Damaged)
        );
        assert_eq!(error("dial tcp: lookup registry.ollama.ai: no such host"), Some(Sort::Cut));
    }

    #[test]
    fn remains_that_are_in_the_way_are_named() {
        let said = "{\"error\":\"remove /x/blobs/sha256-ab12-partial-0: no such file or directory\"}";
        assert_eq!(Failure::of_reply(200, said).unwrap().torn(), Some("ab12"));
        let other = "{\"error\":\"open /x/blobs/sha256-ab12-partial: permission denied\"}";
        assert_eq!(Failure::of_reply(200, other).unwrap().torn(), None);
    }

    #[test]
    fn an_answer_without_an_end_is_one_that_broke_off() {
        assert_eq!(
            sort(200, "{\"status\":\"pulling 4c27e0f5b5ad\",\"total\":9,\"completed\":3}"),
            Some(Sort::Cut)
        );
        assert_eq!(sort(200, ""), Some(Sort::Cut));
        assert_eq!(sort(400, "{\"error\":\"invalid model name\"}"), Some(Sort::Refused));
        assert_eq!(sort(404, "404 page not found"), Some(Sort::Cut));
    }
}
