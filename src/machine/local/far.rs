//! Other machines: by way of a proxy where the environment names one, with certificates that the machine itself trusts.
#![expect(clippy::disallowed_methods, reason = "part of the real adapter")]

use std::{collections::BTreeMap, env, sync::OnceLock, time::Duration};

use camino::Utf8PathBuf;
use reqwest::{
    NoProxy, Proxy,
    blocking::{Client, Response},
    header::ACCEPT,
    redirect::Policy,
};

use super::http;
use crate::machine::Reply;

/// How long a server may take to accept a connection, and a file to come in all.
const CONNECT: Duration = Duration::from_secs(15);
const LIMIT: Duration = Duration::from_mins(20);

/// How long a GET request may take in all.
const GET: Duration = Duration::from_secs(20);

/// A registry answers with the manifest of a model only when it is asked for one (docs/mac-facts.md#ollama-registry).
const WANTED: &str =
    "application/vnd.docker.distribution.manifest.v2+json, application/json;q=0.9, */*;q=0.8";

/// What a Mac in a folder finds instead of other machines: servers on this one.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Outside {
    /// Files by URL: where each really is, and the SHA-256 of what is there.
    pub files: BTreeMap<String, (String, String)>,
    /// Servers by origin, such as `https://registry.ollama.ai`: the origin of what stands for it.
    pub hosts: BTreeMap<String, String>,
    /// The socket of a container engine, which stands for every engine of the Mac whose own socket is there.
    pub engine: Option<Utf8PathBuf>,
}

/// The way to other machines, made when it is first needed.
#[derive(Default)]
pub(super) struct Far {
    client: OnceLock<Result<Client, String>>,
    /// All that can be reached; `None`: everything.
    outside: Option<Outside>,
}

impl Far {
    /// One that reaches nothing but this.
    pub(super) fn only(outside: Outside) -> Self {
        Self { outside: Some(outside), ..Self::default() }
    }

    /// Where a file really is, and the SHA-256 that it has there.
    pub(super) fn file<'f>(&'f self, url: &'f str, sha256: &'f str) -> Result<(String, &'f str), String> {
        let known = self.outside.as_ref().and_then(|outside| outside.files.get(url));
        match known {
            Some((url, sha256)) => Ok((url.clone(), sha256)),
            None => Ok((self.really(url)?, sha256)),
        }
    }

    /// Begins a GET request to where it is said that a server really is.
    pub(super) fn open(&self, really: &str, limit: Option<Duration>) -> Result<Response, String> {
        let client = self.client.get_or_init(client).as_ref().map_err(String::clone)?;
        let request = client.get(really).timeout(limit.unwrap_or(LIMIT)).header(ACCEPT, WANTED);
        request.send().map_err(|error| match proxy() {
            Some(proxy) if error.is_connect() => {
                format!("{}; HTTPS_PROXY names `{proxy}`", http::deepest(&error))
            }
            _ => http::told(&error, limit.unwrap_or(LIMIT), CONNECT),
        })
    }

    /// Sends a GET request and waits for the whole answer.
    pub(super) fn get(&self, url: &str) -> Result<Reply, String> {
        http::whole(self.open(&self.really(url)?, Some(GET))?)
    }

    /// Where a server really is.
    fn really(&self, url: &str) -> Result<String, String> {
        let Some(outside) = &self.outside else { return Ok(url.to_owned()) };
        let found = outside.hosts.iter().find_map(|(origin, really)| {
            let rest = url.strip_prefix(origin.as_str())?;
            (rest.is_empty() || rest.starts_with('/')).then(|| format!("{really}{rest}"))
        });
        found.ok_or_else(|| "this Mac reaches no such host".to_owned())
    }
}

fn client() -> Result<Client, String> {
    http::choose_tls();
    let mut builder = Client::builder().connect_timeout(CONNECT).redirect(Policy::none()).no_proxy();
    let direct = NoProxy::from_string(&direct());
    for (lower, upper, way) in [
        ("https_proxy", "HTTPS_PROXY", Proxy::https as fn(String) -> reqwest::Result<Proxy>),
        ("http_proxy", "HTTP_PROXY", Proxy::http),
        ("all_proxy", "ALL_PROXY", Proxy::all),
    ] {
        if let Some(proxy) = variable(lower, upper) {
            let way = way(proxy.clone()).map_err(|error| {
                format!("the proxy `{}` of {upper}: {}", bare(&proxy), http::deepest(&error))
            })?;
            builder = builder.proxy(way.no_proxy(direct.clone()));
        }
    }
    builder.build().map_err(|error| http::deepest(&error))
}

/// What no proxy is asked for, whatever else the environment says.
const LOOPBACK: &str = "localhost,127.0.0.0/8,::1";

fn direct() -> String {
    format!("{LOOPBACK},{}", variable("no_proxy", "NO_PROXY").unwrap_or_default())
}

/// The proxy by which servers are asked that speak TLS, without its password.
pub(super) fn proxy() -> Option<String> {
    let named = variable("https_proxy", "HTTPS_PROXY").or_else(|| variable("all_proxy", "ALL_PROXY"));
    named.map(|proxy| bare(&proxy))
}

fn variable(name: &str, other: &str) -> Option<String> {
    env::var(name).or_else(|_| env::var(other)).ok().filter(|value| !value.is_empty())
}

/// A proxy without the password that may stand in its address.
fn bare(proxy: &str) -> String {
    let (scheme, rest) = proxy.split_once("://").map_or(("", proxy), |(scheme, rest)| (scheme, rest));
    let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
    if scheme.is_empty() { host.to_owned() } else { format!("{scheme}://{host}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mac_in_a_folder_reaches_what_stands_for_others_and_nobody_else() {
        let hosts = [("https://registry.ollama.ai".to_owned(), "http://127.0.0.1:5055".to_owned())].into();
        let far = Far::only(Outside { hosts, ..Outside::default() });
        let really = |url: &str| far.really(url);
        assert_eq!(really("https://registry.ollama.ai/v2/x").as_deref(), Ok("http://127.0.0.1:5055/v2/x"));
        assert!(really("https://registry.ollama.ai.example/v2/x").is_err(), "another host");
        assert!(really("http://registry.ollama.ai/v2/x").is_err(), "another port");
        assert_eq!(Far::default().really("https://any.example/").as_deref(), Ok("https://any.example/"));
    }

    #[test]
    fn the_password_of_a_proxy_is_not_told() {
        assert_eq!(bare("http://me:secret@proxy.example:3128"), "http://proxy.example:3128");
        assert_eq!(bare("me:s@cret@proxy.example:3128"), "proxy.example:3128");
        assert_eq!(bare("proxy.example:3128"), "proxy.example:3128");
    }
}
