//! Files from other machines, checked before they are put in place.
#![expect(clippy::disallowed_methods, reason = "part of the real adapter")]

use std::{
    collections::BTreeMap,
    env, fs,
    io::{Read, Write},
    os::unix::fs::OpenOptionsExt,
    sync::OnceLock,
    time::Duration,
};

use anyhow::{Context, Result, anyhow, ensure};
use camino::Utf8Path;
use reqwest::{NoProxy, Proxy, blocking::Client, redirect::Policy};
use sha2::{Digest, Sha256};

use super::{files::Files, http, own_files, replace};
use crate::{
    machine::{Identity, Tell},
    value::hex,
};

/// How long a server may take to accept a connection, and how long a file may take in all.
const CONNECT: Duration = Duration::from_secs(15);
const LIMIT: Duration = Duration::from_mins(20);

/// Bytes that are read at a time.
const CHUNK: usize = 64 * 1024;

/// What a Mac in a folder finds instead of an outside address: a server on this machine, and the SHA-256 of what it has.
pub type Outside = BTreeMap<String, (String, String)>;

/// The way to other machines, made when it is first needed: it takes the machine's own certificates.
#[derive(Default)]
pub(super) struct Fetcher {
    client: OnceLock<Result<Client, String>>,
    /// All that can be reached; `None`: everything.
    outside: Option<Outside>,
}

/// What is fetched, and where to.
#[derive(Clone, Copy)]
pub(super) struct Wish<'w> {
    pub(super) url: &'w str,
    pub(super) sha256: &'w str,
    pub(super) path: &'w Utf8Path,
}

impl Fetcher {
    /// One that reaches nothing but this.
    pub(super) fn only(outside: Outside) -> Self {
        Self { outside: Some(outside), ..Self::default() }
    }

    pub(super) fn fetch(&self, files: &Files, who: &Identity, wish: Wish, tell: &dyn Tell) -> Result<()> {
        let host = own_files::ready(files, who, wish.path)?;
        let beside = replace::beside(&host);
        let fetched = self.download(&wish, &beside, tell).and_then(|()| {
            fs::rename(&beside, &host)?;
            Ok(replace::sync_folder_of(&host)?)
        });
        if fetched.is_err() {
            let _ = fs::remove_file(&beside);
        }
        fetched.with_context(|| format!("fetching `{}`", wish.url))
    }

    fn download(&self, wish: &Wish, to: &Utf8Path, tell: &dyn Tell) -> Result<()> {
        let (url, wanted) = match &self.outside {
            None => (wish.url, wish.sha256),
            Some(outside) => {
                let (url, sha256) = outside.get(wish.url).context("this Mac reaches no such host")?;
                (url.as_str(), sha256.as_str())
            }
        };
        let client = self.client.get_or_init(client).as_ref().map_err(|why| anyhow!(why.clone()))?;
        let mut reply = client.get(url).send().map_err(|error| anyhow!(http::deepest(&error)))?;
        ensure!(reply.status().as_u16() == 200, "the server answered {}", reply.status().as_u16());
        let total = reply.content_length();
        let mut file = match fs::remove_file(to) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
            _ => fs::File::options().write(true).create_new(true).mode(0o600).open(to)?,
        };
        let (mut hash, mut done, mut chunk) = (Sha256::new(), 0_u64, vec![0; CHUNK]);
        loop {
            let broke_off = |error| {
                anyhow!(
                    "it broke off after {done} bytes: {}",
                    http::deepest(&error as &dyn std::error::Error)
                )
            };
            let read = reply.read(&mut chunk).map_err(broke_off)?;
            let Some(bytes) = chunk.get(..read).filter(|bytes| !bytes.is_empty()) else { break };
            hash.update(bytes);
            file.write_all(bytes)?;
            done += bytes.len() as u64;
            tell.bytes(done, total);
        }
        file.sync_all()?;
        let found = hex(&hash.finalize());
        ensure!(found == wanted, "its SHA-256 is {found}, and not {wanted}");
        Ok(())
    }
}

/// One whose certificates are judged by the machine's own trust store; `HTTPS_PROXY` and `NO_PROXY` are heeded.
fn client() -> Result<Client, String> {
    http::choose_tls();
    let mut builder =
        Client::builder().connect_timeout(CONNECT).timeout(LIMIT).redirect(Policy::none()).no_proxy();
    let direct = NoProxy::from_string(&direct());
    for (lower, upper, way) in [
        ("https_proxy", "HTTPS_PROXY", Proxy::https as fn(String) -> reqwest::Result<Proxy>),
        ("http_proxy", "HTTP_PROXY", Proxy::http),
    ] {
        if let Some(proxy) = variable(lower, upper) {
            let proxy = way(proxy.clone())
                .map_err(|error| format!("the proxy `{proxy}`: {}", http::deepest(&error)))?;
            builder = builder.proxy(proxy.no_proxy(direct.clone()));
        }
    }
    builder.build().map_err(|error| http::deepest(&error))
}

/// What no proxy is asked for, whatever else the environment says.
const LOOPBACK: &str = "localhost,127.0.0.0/8,::1";

fn direct() -> String {
    format!("{LOOPBACK},{}", variable("no_proxy", "NO_PROXY").unwrap_or_default())
}

fn variable(name: &str, other: &str) -> Option<String> {
    env::var(name).or_else(|_| env::var(other)).ok().filter(|value| !value.is_empty())
}
