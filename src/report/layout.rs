//! Where words go on lines. Widths are columns of the terminal, without what only colours.

use console::measure_text_width;

/// Wide enough for any eye; wider terminals are not filled.
const WIDEST: usize = 120;

/// The width that is laid out for on a terminal of `width` columns.
pub(super) fn page(width: usize) -> usize {
    width.min(WIDEST)
}

/// `text` with blanks to `width`.
pub(super) fn pad(text: &str, width: usize) -> String {
    format!("{text}{}", " ".repeat(width.saturating_sub(measure_text_width(text))))
}

/// `text` on lines of at most `width`, broken between words. A word that is wider stays whole, so that an id, a path or
/// an address is never cut.
pub(super) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![];
    for paragraph in text.lines() {
        let mut line = String::new();
        for word in paragraph.split_whitespace() {
            if line.is_empty() {
                word.clone_into(&mut line);
            } else if measure_text_width(&line) + 1 + measure_text_width(word) <= width {
                line.push(' ');
                line.push_str(word);
            } else {
                lines.push(std::mem::replace(&mut line, word.to_owned()));
            }
        }
        lines.push(line);
    }
    lines
}

/// `lead` and behind it `text`, wrapped so that all of its lines start in the same column; with a line end.
pub(super) fn hanging(lead: &str, text: &str, width: usize) -> String {
    let indent = measure_text_width(lead);
    let mut page = String::new();
    let lines = wrap(text, width.saturating_sub(indent));
    if lines.is_empty() {
        page = format!("{}\n", lead.trim_end());
    }
    for (nth, line) in lines.iter().enumerate() {
        let start = if nth == 0 { lead.to_owned() } else { " ".repeat(indent) };
        page.push_str(format!("{start}{line}").trim_end());
        page.push('\n');
    }
    page
}

/// `left`, and `right` at the right edge; on a line of its own when both do not fit beside each other. With a line end.
pub(super) fn ends(left: &str, right: &str, width: usize) -> String {
    let (left_width, right_width) = (measure_text_width(left), measure_text_width(right));
    if right.is_empty() {
        format!("{}\n", left.trim_end())
    } else if left_width + 2 + right_width <= width {
        format!("{left}{}{right}\n", " ".repeat(width - left_width - right_width))
    } else {
        format!("{}\n{}{right}\n", left.trim_end(), " ".repeat(width.saturating_sub(right_width)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_between_words_and_never_within_one() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("a launchd-job/dev.forge.ollama b", 7), ["a", "launchd-job/dev.forge.ollama", "b"]);
        assert_eq!(wrap("日本 語", 5), ["日本", "語"]);
        assert_eq!(wrap("one\n\ntwo", 7), ["one", "", "two"]);
    }

    #[test]
    fn text_hangs_under_its_start() {
        assert_eq!(hanging("hint: ", "one two three", 13), "hint: one two\n      three\n");
    }

    #[test]
    fn the_right_end_moves_down_when_there_is_no_room() {
        assert_eq!(ends("left", "right", 12), "left   right\n");
        assert_eq!(ends("left side", "right", 12), "left side\n       right\n");
    }
}
