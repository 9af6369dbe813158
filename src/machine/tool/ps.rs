//! `ps -E -o command=`.

use std::fmt::Write;

/// `text` as `ps` prints it in the C locale, which every tool is given: tabs, line ends and all that is not printable ASCII
/// are spelled out (docs/mac-facts.md#ps-vis).
pub fn vis(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for byte in text.bytes() {
        let low = byte & 0x7f;
        // Writing to a string cannot fail.
        let _written = match byte {
            b' '..=b'~' => write!(shown, "{}", char::from(byte)),
            _ if low == b' ' => write!(shown, "\\{byte:03o}"),
            _ => {
                let meta = if byte == low { "" } else { "M" };
                match low {
                    0x7f => write!(shown, "{meta}^?"),
                    0..=0x1f => write!(shown, "{meta}^{}", char::from(low + b'@')),
                    _ => write!(shown, "{meta}-{}", char::from(low)),
                }
            }
        };
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::vis;

    #[test]
    fn what_is_no_printable_ascii_is_spelled_out() {
        assert_eq!(vis("/Users/lab Tools\\x ~"), "/Users/lab Tools\\x ~");
        assert_eq!(vis("Zoë"), "ZoM-CM-+");
        assert_eq!(vis("à É"), "M-C\\240 M-CM^I");
        assert_eq!(vis("a\tb\nc\u{7f}"), "a^Ib^Jc^?");
    }
}
