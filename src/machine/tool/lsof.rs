//! `lsof` in its form for programs.

use crate::machine::Listener;

/// Reads `lsof -nP -iTCP:PORT -sTCP:LISTEN -F pcn`: `p`, `c` and `n` lines (docs/mac-facts.md#lsof-listener).
pub fn parse(text: &str) -> Vec<Listener> {
    let (mut pid, mut command) = (None, None);
    let mut listeners: Vec<Listener> = vec![];
    for line in text.lines() {
        let (Some(tag), value) = (line.chars().next(), line.get(1..).unwrap_or("")) else { continue };
        match tag {
            'p' => pid = value.parse().ok(),
            'c' => command = Some(value.replace("\\x20", " ")),
            'n' => {
                let listener = Listener { pid, command: command.clone(), address: value.to_owned() };
                if !listeners.contains(&listener) {
                    listeners.push(listener);
                }
            }
            _ => {}
        }
    }
    listeners
}
