use serde_json::json;

use super::{ink::Ink, layout};
use crate::{desk::Screen, engine::Line};

/// Lines of logs as they were written; who wrote each in front of it, where that could be one of several names, `width` columns wide.
pub fn log_lines(lines: &[Line], width: Option<usize>, screen: Screen) -> String {
    let ink = Ink::new(screen);
    let line = |line: &Line| match width {
        None => format!("{}\n", line.text),
        Some(width) => format!("{}  {}\n", layout::pad(&ink.bold(&line.service), width), line.text),
    };
    lines.iter().map(line).collect::<Vec<_>>().concat()
}

/// The same for programs, a line of JSON each: `service` and `text`.
pub fn log_lines_json(lines: &[Line]) -> String {
    let line = |line: &Line| format!("{}\n", json!({ "service": line.service, "text": line.text }));
    lines.iter().map(line).collect::<Vec<_>>().concat()
}
