//! Where words go on lines. Widths are columns of the terminal, without what only colours.

use console::measure_text_width;

use super::ink::Ink;
use crate::desk::Screen;

/// Wide enough for any eye; wider terminals are not filled.
const WIDEST: usize = 120;

/// Lines for one screen, one below the other.
pub(super) struct Page {
    pub(super) ink: Ink,
    pub(super) width: usize,
    text: String,
}

impl Page {
    pub(super) fn new(screen: Screen) -> Self {
        Self { ink: Ink::new(screen), width: screen.width.min(WIDEST), text: String::new() }
    }

    /// A line as it is, however wide.
    pub(super) fn line(&mut self, line: &str) {
        self.text.push_str(line.trim_end());
        self.text.push('\n');
    }

    /// Lines that are laid out already.
    pub(super) fn lines(&mut self, lines: &str) {
        self.text.push_str(lines);
    }

    /// `lead` and behind it `text`, wrapped so that all of its lines start in the same column.
    pub(super) fn hanging(&mut self, lead: &str, text: &str) {
        let indent = measure_text_width(lead);
        let lines = wrap(text, self.width.saturating_sub(indent));
        if lines.is_empty() {
            self.line(lead);
        }
        for (nth, line) in lines.iter().enumerate() {
            let start = if nth == 0 { lead.to_owned() } else { " ".repeat(indent) };
            self.line(&format!("{start}{line}"));
        }
    }

    /// `left`, and `right` at the right edge; on a line of its own when both do not fit beside each other.
    pub(super) fn ends(&mut self, left: &str, right: &str) {
        let used = measure_text_width(left) + measure_text_width(right);
        if right.is_empty() {
            self.line(left);
        } else if used + 2 <= self.width {
            self.line(&format!("{left}{}{right}", " ".repeat(self.width - used)));
        } else {
            self.line(left);
            self.line(&format!(
                "{}{right}",
                " ".repeat(self.width.saturating_sub(measure_text_width(right)))
            ));
        }
    }

    pub(super) fn done(self) -> String {
        self.text
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn page(width: usize, write: impl Fn(&mut Page)) -> String {
        let mut page = Page { width, ..Page::new(Screen::plain(80)) };
        write(&mut page);
        page.done()
    }

    #[test]
    fn lines_break_between_words_and_never_within_one() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("a launchd-job/dev.forge.ollama b", 7), ["a", "launchd-job/dev.forge.ollama", "b"]);
        assert_eq!(wrap("日本 語", 5), ["日本", "語"]);
        assert_eq!(wrap("one\n\ntwo", 7), ["one", "", "two"]);
    }

    #[test]
    fn text_hangs_under_its_start() {
        assert_eq!(page(13, |page| page.hanging("hint: ", "one two three")), "hint: one two\n      three\n");
    }

    #[test]
    fn the_right_end_moves_down_when_there_is_no_room() {
        assert_eq!(page(12, |page| page.ends("left", "right")), "left   right\n");
        assert_eq!(page(12, |page| page.ends("left side", "right")), "left side\n       right\n");
    }
}
