use std::{
    borrow::Cow,
    fmt,
    net::{IpAddr, Ipv4Addr},
    str::FromStr,
};

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};

use super::{Grammar, Wrong};

/// Where a server listens. Names are not taken: the server would look them up when it starts, and end if
/// that fails (docs/mac-facts.md#ollama-host).
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Listen {
    /// On 127.0.0.1: this Mac alone.
    #[default]
    Loopback,
    /// On 0.0.0.0: every network that this Mac is in.
    Lan,
    /// On one address.
    Address(IpAddr),
}

pub(super) const GRAMMAR: Grammar = Grammar {
    format: "listen",
    expected: "`loopback`, `lan`, or an address of this Mac such as `192.168.1.20`",
    pattern: "^(loopback|lan|[0-9]{1,3}(\\.[0-9]{1,3}){3}|[0-9A-Fa-f:]*:[0-9A-Fa-f:.]*)$",
    judge: |text| text.parse::<Listen>().map(drop),
};

impl Listen {
    /// The address that the server is given.
    pub fn address(self) -> IpAddr {
        match self {
            Self::Loopback => Ipv4Addr::LOCALHOST.into(),
            Self::Lan => Ipv4Addr::UNSPECIFIED.into(),
            Self::Address(address) => address,
        }
    }

    /// Whether others than this Mac can reach it.
    pub fn beyond_this_mac(self) -> bool {
        !self.address().is_loopback()
    }
}

impl FromStr for Listen {
    type Err = Wrong;

    fn from_str(text: &str) -> Result<Self, Wrong> {
        match text {
            "loopback" => return Ok(Self::Loopback),
            "lan" => return Ok(Self::Lan),
            _ => {}
        }
        let broadcast = IpAddr::V4(Ipv4Addr::BROADCAST);
        match text.parse::<IpAddr>() {
            Ok(address) if address.is_multicast() || address == broadcast => {
                Err(Wrong::new("no server can listen on a multicast or broadcast address"))
            }
            Ok(address) => Ok(Self::Address(address)),
            Err(_) => Err(wrong(text)),
        }
    }
}

fn wrong(text: &str) -> Wrong {
    let wrong = Wrong::new("a server listens on `loopback`, on `lan`, or on an IPv4 or IPv6 address");
    let host = text.split_once("://").map_or(text, |(_, host)| host).trim_end_matches('/');
    let bare = host.trim_start_matches('[').split(']').next().unwrap_or(host);
    if text.eq_ignore_ascii_case("localhost") || text.eq_ignore_ascii_case("loopback") {
        return wrong.meant("loopback");
    }
    if text.eq_ignore_ascii_case("lan") {
        return wrong.meant("lan");
    }
    if host.parse::<std::net::SocketAddr>().is_ok() || host.starts_with(':') {
        return wrong.hint("the port stands in a key of its own, `port`");
    }
    if bare.parse::<IpAddr>().is_ok() {
        return wrong.meant(bare);
    }
    // No word is guessed to mean `lan`: a guess never opens a server wider than what was written.
    wrong.hint(
        "`loopback` is this Mac alone; a name would be looked up whenever the server starts: write the address itself",
    )
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Loopback => f.pad("loopback"),
            Self::Lan => f.pad("lan"),
            Self::Address(address) => address.fmt(f),
        }
    }
}

impl TryFrom<String> for Listen {
    type Error = Wrong;

    fn try_from(text: String) -> Result<Self, Wrong> {
        text.parse()
    }
}

impl From<Listen> for String {
    fn from(listen: Listen) -> Self {
        listen.to_string()
    }
}

impl JsonSchema for Listen {
    fn schema_name() -> Cow<'static, str> {
        "Listen".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        GRAMMAR.schema(&["loopback", "lan", "192.168.1.20"])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_stays_on_this_mac() {
        let wide = |text: &str| text.parse::<Listen>().unwrap().beyond_this_mac();
        assert!(!wide("loopback") && !wide("127.0.0.1") && !wide("127.9.9.9") && !wide("::1"));
        assert!(wide("lan") && wide("0.0.0.0") && wide("::") && wide("192.168.1.20") && wide("fe80::1"));
    }

    #[test]
    fn what_is_no_address_is_refused_with_what_to_write() {
        let hint = |text: &str| text.parse::<Listen>().unwrap_err().hint.unwrap_or_default();
        assert!(hint("localhost").contains("`loopback`"));
        assert!(hint("LAN").contains("`lan`"));
        assert!(hint("0.0.0.0:11434").contains("`port`") && hint(":11434").contains("`port`"));
        assert!(hint("[::1]:80").contains("`port`"));
        assert!(hint("http://127.0.0.1/").contains("`127.0.0.1`") && hint("[::1]").contains("`::1`"));
        assert!(hint("studio.local").contains("looked up"));
        for word in ["all", "any", "public", "wan", "local", "lab", "everywhere"] {
            assert!(!hint(word).contains("lan"), "{word}: {}", hint(word));
        }
        assert!("224.0.0.1".parse::<Listen>().is_err() && "255.255.255.255".parse::<Listen>().is_err());
    }
}
