use std::{borrow::Cow, fmt, str::FromStr};

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};

use super::{Grammar, Wrong};

/// The address of a proxy: `http://proxy.example:3128`, without a password.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Proxy(String);

pub(super) const GRAMMAR: Grammar = Grammar {
    format: "proxy",
    expected: "the address of a proxy, without user and password, such as `http://proxy.example:3128`",
    pattern: "^https?://([0-9A-Za-z_.-]+|\\[[0-9A-Fa-f:.]+\\])(:[0-9]{1,5})?/?$",
    judge: |text| text.parse::<Proxy>().map(drop),
};

impl FromStr for Proxy {
    type Err = Wrong;

    fn from_str(text: &str) -> Result<Self, Wrong> {
        let rest = ["http://", "https://"].iter().find_map(|scheme| text.strip_prefix(scheme));
        let rest =
            rest.ok_or_else(|| Wrong::new("an address of a proxy begins with `http://` or `https://`"))?;
        if rest.contains('@') {
            return Err(Wrong::new(
                "it names a user or a password, and the job's file can be read by everybody on this Mac",
            )
            .hint("name a proxy that asks nobody, such as one on this Mac that knows the password"));
        }
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let (host, port) = match rest.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
            _ => (rest, None),
        };
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        let fine = match bare {
            Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
            None => {
                !host.is_empty()
                    && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
            }
        };
        let digits = |port: &str| {
            !port.is_empty() && port.len() <= 5 && port.bytes().all(|byte| byte.is_ascii_digit())
        };
        let port_fine =
            port.is_none_or(|port| digits(port) && port.parse::<u16>().is_ok_and(|port| port > 0));
        if fine && port_fine {
            return Ok(Self(text.to_owned()));
        }
        Err(Wrong::new("behind `http://` stand a host and a port, and nothing else"))
    }
}

impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl TryFrom<String> for Proxy {
    type Error = Wrong;

    fn try_from(text: String) -> Result<Self, Wrong> {
        text.parse()
    }
}

impl From<Proxy> for String {
    fn from(proxy: Proxy) -> Self {
        proxy.0
    }
}

impl JsonSchema for Proxy {
    fn schema_name() -> Cow<'static, str> {
        "Proxy".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        GRAMMAR.schema(&["http://proxy.example:3128"])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_scheme_a_host_and_a_port() {
        for good in
            ["http://proxy.example:3128", "https://10.0.0.1", "http://[fd00::1]:8080/", "http://proxy"]
        {
            assert_eq!(good.parse::<Proxy>().map(|proxy| proxy.to_string()).as_deref(), Ok(good));
        }
        for wrong in [
            "proxy:3128",
            "socks5://proxy:1080",
            "http://",
            "http://a b",
            "http://p:0",
            "http://p:99999",
            "http://p/x",
        ] {
            assert!(wrong.parse::<Proxy>().is_err(), "{wrong}");
        }
        let why = "http://me:sk-4711@proxy:3128".parse::<Proxy>().unwrap_err();
        assert!(why.why.contains("password") && !why.why.contains("4711"));
    }
}
