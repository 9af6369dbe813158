//! Asking servers of this machine without a thread for each.

use reqwest::{Client, redirect::Policy};

use super::http;

/// No proxy is asked, no certificate is looked for, and no redirect is followed.
pub fn client() -> Result<Client, String> {
    http::choose_tls();
    let builder = Client::builder().connect_timeout(http::CONNECT).redirect(Policy::none()).no_proxy();
    builder.tls_certs_only([]).build().map_err(|error| http::deepest(&error))
}
