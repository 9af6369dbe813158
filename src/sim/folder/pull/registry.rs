use std::{collections::BTreeMap, time::Duration};

use reqwest::{
    Client, Method, Response, Url,
    header::{ACCEPT, CONTENT_LENGTH, LOCATION, RANGE},
};
use tokio::time::sleep;

use crate::{
    machine::local::near,
    sim::tool::ollama::{name::ModelName, pull::Order},
};

/// How long it is tried to learn where a blob lies, and the pause between two tries.
const DIRECT: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_secs(1);

const MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";

/// A registry: what stands for it on this machine.
pub(super) struct Registry {
    client: Client,
    hosts: BTreeMap<String, String>,
    name: ModelName,
    scheme: &'static str,
}

impl Registry {
    pub(super) fn new(hosts: BTreeMap<String, String>, order: &Order) -> Result<Self, String> {
        let scheme = if order.insecure { "http" } else { "https" };
        Ok(Self { client: near::client()?, hosts, name: order.name.clone(), scheme })
    }

    pub(super) async fn manifest(&self) -> Result<Vec<u8>, String> {
        let url = self.name.url().replacen("https", self.scheme, 1);
        let reply = checked(self.ask(Method::GET, &url, ACCEPT.as_str(), MANIFEST).await?).await?;
        reply.bytes().await.map(|bytes| bytes.to_vec()).map_err(|_| "unexpected EOF".to_owned())
    }

    /// Bytes of a blob.
    pub(super) async fn size(&self, digest: &str) -> Result<u64, String> {
        let reply =
            checked(self.ask(Method::HEAD, &self.blob(digest), ACCEPT.as_str(), "*/*").await?).await?;
        let length =
            reply.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
        Ok(length.unwrap_or(0))
    }

    /// Where a blob lies: redirects to the same host are followed, and the first to another one says it
    /// (docs/mac-facts.md#ollama-registry-blobs).
    pub(super) async fn direct(&self, digest: &str) -> Result<String, String> {
        let mut tries = DIRECT.as_secs() / PAUSE.as_secs();
        loop {
            match self.location(&self.blob(digest)).await {
                Err(Retry::No(why)) => return Err(why),
                Err(Retry::Yes) if tries == 0 => return Err("context deadline exceeded".to_owned()),
                Err(Retry::Yes) => {
                    tries -= 1;
                    sleep(PAUSE).await;
                }
                Ok(found) => return Ok(found),
            }
        }
    }

    async fn location(&self, url: &str) -> Result<String, Retry> {
        let mut url = Url::parse(url).map_err(|error| Retry::No(error.to_string()))?;
        for _ in 0..10 {
            let reply = self.ask(Method::GET, url.as_str(), ACCEPT.as_str(), "*/*").await;
            let reply = reply.map_err(|_| Retry::Yes)?;
            let status = reply.status().as_u16();
            let location = reply.headers().get(LOCATION).and_then(|location| location.to_str().ok());
            let next = location.and_then(|location| url.join(location).ok());
            match (status, next) {
                (200, Some(next)) => return Ok(next.into()),
                (302 | 307, Some(next)) if next.host_str() != url.host_str() => return Ok(next.into()),
                (302 | 307, Some(next)) => url = next,
                (200..=399, None) => {
                    return Err(Retry::No("http: no Location header in response".to_owned()));
                }
                (404, _) => return Err(Retry::No("file does not exist".to_owned())),
                (400.., _) => return Err(Retry::Yes),
                (status, _) => return Err(Retry::No(format!("unexpected status code {status}"))),
            }
        }
        Err(Retry::No("maximum redirects exceeded (10) for directURL".to_owned()))
    }

    /// Asks for a piece of a blob.
    pub(super) async fn piece(&self, direct: &str, from: u64, to: u64) -> Result<Response, String> {
        self.ask(Method::GET, direct, RANGE.as_str(), &format!("bytes={from}-{}", to.saturating_sub(1))).await
    }

    async fn ask(&self, method: Method, url: &str, header: &str, value: &str) -> Result<Response, String> {
        let go = match method {
            Method::HEAD => "Head",
            _ => "Get",
        };
        let really = self.really(url).map_err(|why| format!("{go} \"{url}\": {why}"))?;
        let sent = self.client.request(method, really).header(header, value).send().await;
        sent.map_err(|error| {
            let why = if error.is_connect() { "connect: connection refused" } else { "EOF" };
            format!("{go} \"{url}\": {why}")
        })
    }

    /// What stands for an address: a server of this machine, or nothing.
    fn really(&self, url: &str) -> Result<Url, String> {
        let parsed = Url::parse(url).map_err(|error| error.to_string())?;
        let origin = parsed.origin().ascii_serialization();
        if let Some(really) = self.hosts.get(&origin) {
            let rest = url.strip_prefix(&origin).unwrap_or_default();
            return Url::parse(&format!("{really}{rest}")).map_err(|error| error.to_string());
        }
        let host = parsed.host_str().unwrap_or_default();
        let here = parsed.scheme() == "http" && ["127.0.0.1", "localhost", "[::1]"].contains(&host);
        if here { Ok(parsed) } else { Err(format!("dial tcp: lookup {host}: no such host")) }
    }

    fn blob(&self, digest: &str) -> String {
        let Self { name, scheme, .. } = self;
        format!("{scheme}://{}/v2/{}/{}/blobs/{digest}", name.host(), name.namespace(), name.model())
    }
}

/// Whether a registry is to be asked again where a blob lies.
enum Retry {
    Yes,
    No(String),
}

/// What a registry's error is to the server.
async fn checked(reply: Response) -> Result<Response, String> {
    let status = reply.status().as_u16();
    match status {
        404 => Err("file does not exist".to_owned()),
        400.. => {
            let body = reply.text().await.unwrap_or_default();
            Err(format!("{status}: {body}"))
        }
        _ => Ok(reply),
    }
}
