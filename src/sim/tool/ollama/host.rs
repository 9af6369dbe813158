use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use serde::{Deserialize, Serialize};

/// All that the loopback interface of macOS has; not the rest of 127.0.0.0/8 (docs/mac-facts.md#ollama-address-absent).
const LOOPBACK: [IpAddr; 2] = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];

/// Where the server is to listen, read from `OLLAMA_HOST` (docs/mac-facts.md#ollama-host).
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct Bind {
    /// As written; empty for all interfaces.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// The scheme that was written, `http` without one.
    pub scheme: String,
}

impl Bind {
    /// Reads the variable, empty for unset; the second part is a warning for the log.
    pub(super) fn read(value: &str) -> (Self, Option<String>) {
        let (scheme, rest) =
            value.split_once("://").map_or((None, value), |(scheme, rest)| (Some(scheme), rest));
        let usual = match scheme {
            Some("http") => 80,
            Some("https") => 443,
            _ => 11434,
        };
        let place = rest.split('/').next().unwrap_or("");
        let (host, port) = split(place);
        let (port, warning) = match port.map(|port| (port, port.parse::<u16>())) {
            None => (usual, None),
            Some((_, Ok(port))) => (port, None),
            Some((port, Err(_))) => {
                (usual, Some(format!("msg=\"invalid port, using default\" port={port} default={usual}")))
            }
        };
        let scheme = scheme.unwrap_or("http").to_owned();
        (Self { host, port, scheme }, warning)
    }

    /// The address as `lsof` shows it, `*` for all interfaces, on a Mac whose addresses beside loopback are `own`; `Err` is what Go says of a bind that fails.
    pub(super) fn address(&self, uid: u32, own: &[IpAddr]) -> Result<String, String> {
        if self.host.is_empty() {
            return Ok("*".to_owned());
        }
        let name = self.host.as_str();
        let ip = match name {
            "localhost" => Ok(IpAddr::from([127, 0, 0, 1])),
            name => name.parse::<IpAddr>(),
        };
        let ip = ip.map_err(|_| format!("listen tcp: lookup {name}: no such host"))?;
        if ip.is_unspecified() {
            return Ok("*".to_owned());
        }
        let shown = match ip {
            IpAddr::V4(ip) => ip.to_string(),
            IpAddr::V6(ip) => format!("[{ip}]"),
        };
        if !LOOPBACK.contains(&ip) && !own.contains(&ip) {
            return Err(format!("listen tcp {shown}:{}: bind: can't assign requested address", self.port));
        }
        // docs/mac-facts.md#low-ports
        if self.port < 1024 && uid != 0 {
            return Err(format!("listen tcp {shown}:{}: bind: permission denied", self.port));
        }
        Ok(shown)
    }

    /// As the server's log and Go's errors write it.
    pub(super) fn written(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }
}

/// `host:port`, `[v6]:port`, or either alone.
fn split(place: &str) -> (String, Option<&str>) {
    if let Some((host, rest)) = place.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        return (host.to_owned(), rest.strip_prefix(':'));
    }
    match place.split_once(':') {
        Some((host, port)) if !port.contains(':') => (host.to_owned(), Some(port)),
        None if place.is_empty() => ("127.0.0.1".to_owned(), None),
        Some(_) | None => (place.to_owned(), None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_ollama_host_listens_where_the_server_would() {
        let cases = [
            ("", "127.0.0.1", 11434),
            ("0.0.0.0", "*", 11434),
            ("http://0.0.0.0", "*", 80),
            ("https://0.0.0.0", "*", 443),
            (":11500", "*", 11500),
            ("127.0.0.1:11501", "127.0.0.1", 11501),
            ("http://127.0.0.1:11502/", "127.0.0.1", 11502),
            ("[::1]:11503", "[::1]", 11503),
            ("::1", "[::1]", 11434),
            ("localhost", "127.0.0.1", 11434),
            ("127.0.0.1:70000", "127.0.0.1", 11434),
        ];
        for (value, address, port) in cases {
            let (bind, warning) = Bind::read(value);
            assert_eq!((bind.address(501, &[]).as_deref(), bind.port), (Ok(address), port), "{value}");
            assert_eq!(warning.is_some(), value.ends_with("70000"), "{value}");
        }
    }

    #[test]
    fn an_address_of_the_macs_own_is_listened_on() {
        let own = ["192.168.64.10".parse().unwrap()];
        assert_eq!(Bind::read("192.168.64.10").0.address(501, &own).as_deref(), Ok("192.168.64.10"));
    }

    #[test]
    fn what_cannot_be_bound_says_so_as_go_does() {
        let failing =
            |value: &str| Bind::read(value).0.address(501, &["192.168.64.10".parse().unwrap()]).unwrap_err();
        assert_eq!(failing("studio.local"), "listen tcp: lookup studio.local: no such host");
        for other in ["8.8.8.8", "192.168.64.11", "127.0.0.2", "100.64.0.1"] {
            let said = format!("listen tcp {other}:11434: bind: can't assign requested address");
            assert_eq!(failing(other), said);
        }
        assert_eq!(failing("http://127.0.0.1"), "listen tcp 127.0.0.1:80: bind: permission denied");
    }
}
