const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// The `Authorization` header of HTTP for a name and a password (RFC 7617).
pub fn basic_authorization(user: &str, password: &str) -> String {
    let plain = format!("{user}:{password}");
    let mut text = "Basic ".to_owned();
    for three in plain.as_bytes().chunks(3) {
        let bits =
            three.iter().fold(0_u32, |bits, &byte| bits << 8 | u32::from(byte)) << (8 * (3 - three.len()));
        for nth in 0..4 {
            let sextet = (bits >> (18 - 6 * nth)) & 63;
            let letter = ALPHABET.get(sextet as usize).copied().unwrap_or(b'=');
            text.push(if nth <= three.len() { char::from(letter) } else { '=' });
        }
    }
    text
}

/// Name and password of such a header, if it is one.
pub fn basic_credentials(header: &str) -> Option<(String, String)> {
    let text = header.strip_prefix("Basic ")?.trim_end_matches('=');
    let mut bytes = vec![];
    for four in text.as_bytes().chunks(4) {
        let mut bits = 0_u32;
        for &letter in four {
            let sextet = ALPHABET.iter().position(|&known| known == letter)?;
            bits = bits << 6 | u32::try_from(sextet).ok()?;
        }
        bits <<= 6 * (4 - four.len());
        bytes.extend(bits.to_be_bytes().into_iter().skip(1).take(four.len().saturating_sub(1)));
    }
    let plain = String::from_utf8(bytes).ok()?;
    plain.split_once(':').map(|(user, password)| (user.to_owned(), password.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_written_as_the_standard_has_it_and_read_back() {
        assert_eq!(basic_authorization("Aladdin", "open sesame"), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
        for (user, password) in [("pk-lf-1", "sk-lf-22"), ("a", ""), ("", "abc"), ("u", "p:q"), ("ü", "é")]
        {
            let read = basic_credentials(&basic_authorization(user, password));
            assert_eq!(read, Some((user.to_owned(), password.to_owned())));
        }
        assert_eq!(basic_credentials("Bearer QWxhZGRpbjpvcGVuIHNlc2FtZQ=="), None);
        assert_eq!(basic_credentials("Basic !!!!"), None);
    }
}
