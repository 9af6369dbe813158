use crate::machine::engine::EngineFault;

/// Why an engine does not do something.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Refused {
    pub(super) status: u16,
    pub(super) message: String,
}

pub(super) fn refused(status: u16, message: impl Into<String>) -> Refused {
    Refused { status, message: message.into() }
}

impl From<Refused> for EngineFault {
    fn from(Refused { status, message }: Refused) -> Self {
        Self::Refused { status, message }
    }
}

/// There is no container of that name.
pub(super) fn no_container(name: &str) -> Refused {
    refused(404, format!("No such container: {name}"))
}

/// There is no image of that name.
pub(super) fn no_image(name: &str) -> Refused {
    refused(404, format!("No such image: {name}"))
}
