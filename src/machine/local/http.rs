//! HTTP requests to servers of this machine.
use std::{error::Error, io::Read, sync::OnceLock, time::Duration};

use reqwest::{
    blocking::{Client, RequestBuilder, Response},
    header::{AUTHORIZATION, CONTENT_TYPE},
    redirect::Policy,
};

use crate::machine::{Method, Reply, Request};

/// How long a server may take to accept a connection.
pub(super) const CONNECT: Duration = Duration::from_secs(5);
/// How long a GET request may take in all.
const GET: Duration = Duration::from_secs(10);
/// Bytes of the longest body that is taken.
const MOST_BODY: u64 = 4 << 20;

/// One client for all requests, made when the first is sent.
#[derive(Default)]
pub(super) struct Http(OnceLock<Result<Client, String>>);

impl Http {
    pub(super) fn get(&self, url: &str) -> Result<Reply, String> {
        self.ask(|client| client.get(url), GET)
    }

    pub(super) fn send(&self, request: &Request) -> Result<Reply, String> {
        let begin = |client: &Client| match request.method {
            Method::Get => client.get(&request.url),
            Method::Post => client.post(&request.url),
            Method::Delete => client.delete(&request.url),
        };
        self.ask(|client| headed(begin(client), request), request.limit)
    }

    fn ask(&self, request: impl FnOnce(&Client) -> RequestBuilder, limit: Duration) -> Result<Reply, String> {
        let client = self.0.get_or_init(client).as_ref().map_err(String::clone)?;
        whole(request(client).timeout(limit).send().map_err(|error| told(&error, limit, CONNECT))?)
    }
}

/// The same with the headers and the body of `request`.
pub(super) fn headed(begun: RequestBuilder, request: &Request) -> RequestBuilder {
    let begun = begun.header(CONTENT_TYPE, "application/json").body(request.body.clone());
    match &request.authorization {
        Some(by) => begun.header(AUTHORIZATION, by),
        None => begun,
    }
}

/// The whole of an answer.
pub(super) fn whole(reply: Response) -> Result<Reply, String> {
    let status = reply.status().as_u16();
    let mut body = vec![];
    match reply.take(MOST_BODY + 1).read_to_end(&mut body) {
        Ok(size) if size as u64 > MOST_BODY => {
            Err(format!("the answer is longer than {} MiB", MOST_BODY >> 20))
        }
        Ok(_) => Ok(Reply { status, body }),
        Err(error) => Err(broke_off(body.len(), &error)),
    }
}

/// Why there is no answer though some of it came.
pub(super) fn broke_off(bytes: usize, error: &dyn Error) -> String {
    format!("the answer broke off after {bytes} bytes: {}", deepest(error))
}

/// Chooses who computes TLS, once for the process; every client needs that, also one that never speaks it.
pub(super) fn choose_tls() {
    // Somebody else in this process may have chosen already, and nobody chooses otherwise.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// No proxy is asked, whatever the environment says: the servers are those of this Mac, and a proxy would look for them
/// elsewhere. They speak no TLS, so no certificate is looked for either.
fn client() -> Result<Client, String> {
    choose_tls();
    let builder = Client::builder().connect_timeout(CONNECT).redirect(Policy::none()).no_proxy();
    builder.tls_certs_only([]).build().map_err(|error| deepest(&error))
}

/// Why there is no answer, when a connection may take so long.
pub(super) fn told(error: &reqwest::Error, limit: Duration, connect: Duration) -> String {
    match error {
        error if error.is_timeout() && error.is_connect() => {
            format!("no connection within {} s", connect.min(limit).as_secs())
        }
        error if error.is_timeout() => format!("no answer within {} s", limit.as_secs()),
        error => deepest(error),
    }
}

/// The innermost cause: the outer ones repeat the address.
pub(super) fn deepest(error: &dyn Error) -> String {
    let mut error = error;
    while let Some(cause) = error.source() {
        error = cause;
    }
    error.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_that_is_too_long_is_none() {
        let of = |size| whole(Response::from(hyper::Response::new(vec![b'x'; size])));
        let most = usize::try_from(MOST_BODY).expect("small");
        assert_eq!(of(most).map(|reply| reply.body.len()), Ok(most));
        assert_eq!(of(most + 1).map(drop), Err("the answer is longer than 4 MiB".to_owned()));
    }
}
