//! Whether anybody accepts connections on a port of this machine.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream},
    time::Duration,
};

/// A connection within the machine takes far less, or is refused at once.
const PATIENCE: Duration = Duration::from_millis(500);

/// The loopback address that accepted a connection on `port`, if one did.
pub(super) fn accepts(port: u16) -> Option<SocketAddr> {
    [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)]
        .into_iter()
        .map(|address| SocketAddr::new(address, port))
        .find(|address| TcpStream::connect_timeout(address, PATIENCE).is_ok())
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn either_loopback_address_counts() {
        for address in ["127.0.0.1:0", "[::1]:0"] {
            let Ok(listener) = TcpListener::bind(address) else { continue };
            let bound = listener.local_addr().expect("an address");
            assert_eq!(accepts(bound.port()), Some(bound));
            drop(listener);
            // A process that another test is just starting may hold the socket until it has begun.
            let closed = (0..100).any(|_| accepts(bound.port()).is_none());
            assert!(closed, "{address}");
        }
    }
}
