/// Words of a command line, read one after the other.
pub(super) struct Arguments {
    words: std::collections::VecDeque<String>,
    valued: Vec<&'static str>,
}

/// Flags that were read, with their values.
pub(super) struct Flags(Vec<(String, String)>);

impl Arguments {
    /// `valued` are the flags that have a value.
    pub(super) fn new(words: &[String], valued: &[&'static str]) -> Self {
        Self { words: words.iter().cloned().collect(), valued: valued.to_vec() }
    }

    /// The same words with other flags that have a value.
    pub(super) fn with(self, valued: &[&'static str]) -> Self {
        Self { valued: valued.to_vec(), ..self }
    }

    /// Flags up to the next word that is none.
    pub(super) fn until_word(&mut self) -> Flags {
        let mut flags = vec![];
        while let Some(flag) = self.words.pop_front_if(|word| word.len() > 1 && word.starts_with('-')) {
            flags.extend(self.flag(flag));
        }
        Flags(flags)
    }

    /// All flags and all other words, in whatever order.
    pub(super) fn all(mut self) -> (Flags, Vec<String>) {
        let (mut flags, mut rest) = (vec![], vec![]);
        while let Some(word) = self.words.pop_front() {
            if word.len() > 1 && word.starts_with('-') {
                flags.extend(self.flag(word));
            } else {
                rest.push(word);
            }
        }
        (Flags(flags), rest)
    }

    /// The next word.
    pub(super) fn word(&mut self) -> Option<String> {
        self.words.pop_front()
    }

    /// The next word, which stays.
    pub(super) fn peek(&self) -> Option<&str> {
        self.words.front().map(String::as_str)
    }

    /// All that follows.
    pub(super) fn rest(self) -> Vec<String> {
        self.words.into()
    }

    /// One flag with its value; `-aq` is two.
    fn flag(&mut self, word: String) -> Vec<(String, String)> {
        if let Some((name, value)) = word.split_once('=') {
            return vec![(name.to_owned(), value.to_owned())];
        }
        if self.valued.contains(&word.as_str()) {
            let value = self.words.pop_front().unwrap_or_default();
            return vec![(word, value)];
        }
        match word.strip_prefix('-').filter(|short| !short.starts_with('-')) {
            Some(short) => short.chars().map(|letter| (format!("-{letter}"), String::new())).collect(),
            None => vec![(word, String::new())],
        }
    }
}

impl Flags {
    /// The value of a flag by its short or long name.
    pub(super) fn value(&self, short: &str, long: &str) -> Option<&str> {
        let named = |(name, _): &&(String, String)| name == short || name == long;
        self.0.iter().rev().find(named).map(|(_, value)| value.as_str())
    }

    /// All values of a flag that may be given several times.
    pub(super) fn values<'f>(&'f self, short: &'f str, long: &'f str) -> impl Iterator<Item = &'f str> {
        let named = move |(name, _): &&(String, String)| name == short || name == long;
        self.0.iter().filter(named).map(|(_, value)| value.as_str())
    }

    /// Whether a switch is on.
    pub(super) fn has(&self, short: &str, long: &str) -> bool {
        self.value(short, long).is_some_and(|value| value != "false")
    }
}
