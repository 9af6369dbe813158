use crate::sim::{Running, tool::launchd::DomainTarget};

/// What a command is about: a domain, or a service in one.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Target {
    Domain(DomainTarget),
    Service(DomainTarget, String),
}

impl Target {
    /// Reads `DOMAIN` or `DOMAIN/LABEL`; labels hold no slash.
    pub(super) fn read(text: &str) -> Option<Self> {
        if let Ok(domain) = text.parse() {
            return Some(Self::Domain(domain));
        }
        let (domain, label) = text.rsplit_once('/')?;
        (!label.is_empty()).then_some(())?;
        Some(Self::Service(domain.parse().ok()?, label.to_owned()))
    }

    /// A service target alone.
    pub(super) fn service(text: &str) -> Option<(DomainTarget, String)> {
        match Self::read(text)? {
            Self::Service(domain, label) => Some((domain, label)),
            Self::Domain(_) => None,
        }
    }

    /// What is said of words that are no target.
    pub(super) fn unrecognized(usage: &str) -> Running {
        Running::failed(
            64,
            format!(
                "Unrecognized target specifier. <service-target> takes a form of <domain-target>/<service-id>.\n\
                 Please refer to `man launchctl` for explanation of the <domain-target> specifiers.\n\
                 Usage: launchctl {usage}\n"
            ),
        )
    }
}
