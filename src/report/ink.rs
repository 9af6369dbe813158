use console::Style;

use crate::desk::Screen;

/// Writes text for one screen: what it cannot show is replaced, and colours are left out where it wants none.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ink {
    pub(super) screen: Screen,
}

impl Ink {
    pub(super) fn new(screen: Screen) -> Self {
        Self { screen }
    }

    pub(super) fn plain(self, text: &str) -> String {
        self.screen.fit(text).into_owned()
    }

    pub(super) fn bold(self, text: &str) -> String {
        self.paint(&Style::new().bold(), text)
    }

    pub(super) fn dim(self, text: &str) -> String {
        self.paint(&Style::new().dim(), text)
    }

    pub(super) fn good(self, text: &str) -> String {
        self.paint(&Style::new().green(), text)
    }

    pub(super) fn warn(self, text: &str) -> String {
        self.paint(&Style::new().yellow(), text)
    }

    pub(super) fn bad(self, text: &str) -> String {
        self.paint(&Style::new().red().bold(), text)
    }

    fn paint(self, style: &Style, text: &str) -> String {
        let text = self.screen.fit(text);
        if self.screen.color && !text.is_empty() {
            style.clone().force_styling(true).apply_to(text).to_string()
        } else {
            text.into_owned()
        }
    }
}
