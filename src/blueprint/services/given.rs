use std::{collections::BTreeMap, net::IpAddr};

use anyhow::{Context, Result};

use super::{Building, volume};
use crate::{
    blueprint::secrets::{Wish, secret},
    manifest::Listen,
    value::{Declared, Id, SecretName, Span, Text},
};

/// What a service that comes along is given for the `${NAME:?}` of its definition.
pub(super) struct Given<'b> {
    service: &'b str,
    origin: Span,
    /// By name.
    pub(super) values: BTreeMap<String, Text>,
    /// The secrets among them.
    pub(super) secrets: Vec<SecretName>,
}

impl<'b> Given<'b> {
    pub(super) fn new(service: &'b str, origin: Span) -> Self {
        Self { service, origin, values: BTreeMap::new(), secrets: vec![] }
    }

    pub(super) fn plain(&mut self, name: &str, value: impl Into<String>) {
        self.values.insert(name.to_owned(), Text::from(value.into()));
    }

    /// A secret of forgectl's own, which the data in the volumes of `opens` cannot be had without.
    pub(super) fn secret(
        &mut self,
        building: &mut Building,
        value: &str,
        declared: Declared,
        opens: &[&str],
    ) -> Result<SecretName> {
        let text = format!("{}-{}", self.service, value.to_ascii_lowercase().replace('_', "-"));
        let name: SecretName = text.parse().map_err(anyhow::Error::msg).context("naming a secret")?;
        let volumes = opens.iter().map(|name| {
            let id = Id::new("volume", format!("{}/{name}", self.service));
            (volume(self.service, name), id)
        });
        let wish = Wish { name: name.clone(), declared, opens: volumes.collect() };
        secret(building.site, building.engine, wish, building.blueprint, &self.origin)?;
        self.values.insert(value.to_owned(), Text::secret(name.clone()));
        self.secrets.push(name.clone());
        Ok(name)
    }

    /// Where its page is: for the engine that publishes it, and for people.
    pub(super) fn place(&mut self, listen: Listen, port: u16) {
        let address = listen.address();
        self.plain("LISTEN", if address.is_ipv6() { format!("[{address}]") } else { address.to_string() });
        self.plain("PORT", port.to_string());
        self.plain("URL", format!("http://{}:{port}", known_as(listen)));
    }
}

/// The name by which a page is opened: a browser that comes by another is sent here after its login.
fn known_as(listen: Listen) -> String {
    match listen {
        Listen::Loopback | Listen::Lan => "localhost".to_owned(),
        Listen::Address(IpAddr::V6(address)) => format!("[{address}]"),
        Listen::Address(address) => address.to_string(),
    }
}
