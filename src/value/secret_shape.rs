use std::fmt;

use serde::{Deserialize, Serialize};

/// What a secret that forgectl makes looks like: a beginning that tells what it is, and characters of chance.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct SecretShape {
    /// What it begins with: `sk-lf-`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub prefix: String,
    /// How many characters of chance follow.
    pub length: usize,
    /// What these are.
    pub alphabet: Alphabet,
}

/// The characters that a secret is made of. None of them means anything to a shell, in a URL or in SQL.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Alphabet {
    /// Letters and digits.
    Alphanumeric,
    /// Lower-case hexadecimal digits.
    Hex,
}

impl Alphabet {
    fn characters(self) -> &'static [u8] {
        match self {
            Self::Alphanumeric => b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
            Self::Hex => b"0123456789abcdef",
        }
    }
}

impl SecretShape {
    /// So many letters and digits.
    pub fn alphanumeric(length: usize) -> Self {
        Self { prefix: String::new(), length, alphabet: Alphabet::Alphanumeric }
    }

    /// So many hexadecimal digits.
    pub fn hex(length: usize) -> Self {
        Self { prefix: String::new(), length, alphabet: Alphabet::Hex }
    }

    /// The same with something in front.
    #[must_use]
    pub fn behind(self, prefix: &str) -> Self {
        Self { prefix: prefix.to_owned(), ..self }
    }

    /// A new one out of random bytes, each character as likely as any other. Fails when `random` does.
    pub fn make<E>(&self, mut random: impl FnMut(&mut [u8]) -> Result<(), E>) -> Result<String, E> {
        let characters = self.alphabet.characters();
        // Of the bytes above the last whole multiple some characters would come more often.
        let fair = 256 - 256 % characters.len();
        let (mut text, mut chosen, mut bytes) = (self.prefix.clone(), 0, [0; 64]);
        while chosen < self.length {
            random(&mut bytes)?;
            let fair = bytes.iter().map(|&byte| usize::from(byte)).filter(|&byte| byte < fair);
            let found = fair.filter_map(|byte| characters.get(byte % characters.len()));
            for &character in found.take(self.length - chosen) {
                text.push(char::from(character));
                chosen += 1;
            }
        }
        Ok(text)
    }

    /// Whether `text` could have been made so.
    pub fn fits(&self, text: &str) -> bool {
        text.strip_prefix(self.prefix.as_str()).is_some_and(|rest| {
            rest.len() == self.length && rest.bytes().all(|byte| self.alphabet.characters().contains(&byte))
        })
    }
}

impl fmt::Display for SecretShape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.prefix.is_empty() {
            write!(f, "`{}` and ", self.prefix)?;
        }
        match self.alphabet {
            Alphabet::Alphanumeric => write!(f, "{} letters and digits", self.length),
            Alphabet::Hex => write!(f, "{} hexadecimal digits", self.length),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, convert::Infallible};

    use super::*;

    /// Counts up, so that every byte comes as often as any other.
    fn counting() -> impl FnMut(&mut [u8]) -> Result<(), Infallible> {
        let mut next = 0_u8;
        move |bytes| {
            for byte in bytes {
                *byte = next;
                next = next.wrapping_add(1);
            }
            Ok(())
        }
    }

    #[test]
    fn every_character_is_as_likely_as_any_other() {
        for (shape, characters) in
            [(SecretShape::alphanumeric(248 * 10), 62), (SecretShape::hex(256 * 10), 16)]
        {
            let Ok(text) = shape.make(counting());
            let mut counts = BTreeMap::<char, usize>::new();
            text.chars().for_each(|character| *counts.entry(character).or_default() += 1);
            assert_eq!(counts.len(), characters);
            assert!(counts.values().all(|&count| count == text.len() / characters), "{counts:?}");
        }
    }

    #[test]
    fn what_is_made_fits_and_nothing_else_does() {
        let shape = SecretShape::hex(64).behind("sk-lf-");
        let Ok(text) = shape.make(counting());
        assert!(shape.fits(&text) && text.len() == 70);
        for other in [&text[1..], &text[..69], "", "sk-lf-", &text.replace('0', "Z"), &format!("{text}\n")] {
            assert!(!shape.fits(other), "{other}");
        }
    }

    #[test]
    fn a_source_that_fails_makes_none() {
        assert_eq!(SecretShape::hex(64).make(|_| Err("no entropy")), Err("no entropy"));
    }
}
