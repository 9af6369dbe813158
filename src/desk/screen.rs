use std::{borrow::Cow, fmt::Write, io::IsTerminal};

use console::Term;

use super::{Stream, env};

/// Whether to use colour.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum ColorChoice {
    /// On a terminal that wants it.
    #[default]
    Auto,
    /// Even into a file.
    Always,
    /// Nowhere.
    Never,
}

/// What can be shown where a text goes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Screen {
    /// Columns; 80 without a terminal.
    pub width: usize,
    /// Whether colours may be used.
    pub color: bool,
    /// Whether other characters than ASCII may be used.
    pub unicode: bool,
    /// Whether lines may be drawn over: a terminal that a person watches.
    pub live: bool,
}

/// The least width that lines are laid out for; a narrower terminal wraps them itself.
const NARROWEST: usize = 40;

impl Screen {
    /// What can be shown on `stream`, by the terminal, the locale, `NO_COLOR` (<https://no-color.org>), `TERM`, `CI`
    /// and `choice`.
    pub fn of(stream: Stream, choice: ColorChoice) -> Self {
        let (terminal, term) = match stream {
            Stream::Out => (std::io::stdout().is_terminal(), Term::stdout()),
            Stream::Err => (std::io::stderr().is_terminal(), Term::stderr()),
        };
        let width = terminal.then(|| term.size_checked()).flatten().map(|(_, columns)| usize::from(columns));
        Self::by(env::var, width, terminal, choice)
    }

    /// A screen without colour and beyond ASCII nothing, `width` columns wide.
    pub fn plain(width: usize) -> Self {
        Self { width, color: false, unicode: false, live: false }
    }

    fn by(
        var: impl Fn(&str) -> Option<String>,
        width: Option<usize>,
        terminal: bool,
        choice: ColorChoice,
    ) -> Self {
        let watched = terminal && var("TERM").is_none_or(|term| term != "dumb") && var("CI").is_none();
        let color = match choice {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => watched && var("NO_COLOR").is_none(),
        };
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(var);
        let unicode = locale.is_some_and(|locale| {
            let locale = locale.to_ascii_lowercase();
            locale.contains("utf-8") || locale.contains("utf8")
        });
        Self { width: width.unwrap_or(80).max(NARROWEST), color, unicode, live: watched }
    }

    /// `text` as it can be shown: control characters as escapes, so that no file name or command output drives the
    /// terminal, and on a screen that has only ASCII its nearest form. Line ends stay.
    pub fn fit(self, text: &str) -> Cow<'_, str> {
        let shown = |c: char| c == '\n' || (!c.is_control() && (self.unicode || c.is_ascii()));
        if text.chars().all(shown) {
            return Cow::Borrowed(text);
        }
        let mut fitted = String::with_capacity(text.len());
        for c in text.chars() {
            match c {
                c if shown(c) => fitted.push(c),
                '\t' => fitted.push(' '),
                '…' => fitted.push_str("..."),
                '→' => fitted.push_str("->"),
                '·' | '–' | '—' => fitted.push('-'),
                '‘' | '’' => fitted.push('\''),
                '“' | '”' => fitted.push('"'),
                '×' => fitted.push('x'),
                c => {
                    let _ = write!(fitted, "{}", c.escape_unicode());
                }
            }
        }
        Cow::Owned(fitted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn by(variables: &[(&str, &str)], terminal: bool, choice: ColorChoice) -> Screen {
        let var = |name: &str| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        };
        Screen::by(var, terminal.then_some(132), terminal, choice)
    }

    #[test]
    fn colour_needs_a_terminal_that_wants_it() {
        assert!(by(&[], true, ColorChoice::Auto).color);
        assert!(!by(&[], false, ColorChoice::Auto).color);
        assert!(!by(&[("NO_COLOR", "1")], true, ColorChoice::Auto).color);
        assert!(!by(&[("TERM", "dumb")], true, ColorChoice::Auto).color);
        assert!(!by(&[("CI", "true")], true, ColorChoice::Auto).color);
        assert!(by(&[("NO_COLOR", "1"), ("CI", "true")], false, ColorChoice::Always).color);
        assert!(!by(&[], true, ColorChoice::Never).color);
    }

    #[test]
    fn lines_are_drawn_over_only_where_a_person_watches() {
        assert!(by(&[("NO_COLOR", "1")], true, ColorChoice::Never).live);
        for variables in [("TERM", "dumb"), ("CI", "1")] {
            assert!(!by(&[variables], true, ColorChoice::Always).live);
        }
    }

    #[test]
    fn the_first_locale_variable_decides_about_ascii() {
        assert!(by(&[("LANG", "de_DE.UTF-8")], true, ColorChoice::Auto).unicode);
        assert!(!by(&[("LANG", "de_DE.UTF-8"), ("LC_ALL", "C")], true, ColorChoice::Auto).unicode);
        assert!(by(&[("LANG", "C"), ("LC_CTYPE", "UTF-8")], true, ColorChoice::Auto).unicode);
        assert!(!by(&[], true, ColorChoice::Auto).unicode);
    }

    #[test]
    fn without_a_terminal_it_is_80_columns_wide() {
        assert_eq!(by(&[], false, ColorChoice::Auto).width, 80);
        assert_eq!(by(&[], true, ColorChoice::Auto).width, 132);
    }

    #[test]
    fn no_text_drives_the_terminal() {
        let unicode = Screen { unicode: true, ..Screen::plain(80) };
        assert_eq!(unicode.fit("Zoë\u{1b}[2J\tx\n"), "Zoë\\u{1b}[2J x\n");
        assert_eq!(Screen::plain(80).fit("Zoë · a → b…"), "Zo\\u{eb} - a -> b...");
    }
}
