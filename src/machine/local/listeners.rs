//! Whether anybody accepts connections where a server is to listen.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream},
    time::Duration,
};

/// A connection within the machine takes far less, or is refused at once.
const PATIENCE: Duration = Duration::from_millis(500);

/// The address that accepted a connection for `socket`, if one did: for all addresses those of the machine itself are tried.
pub(super) fn accepts(socket: SocketAddr) -> Option<SocketAddr> {
    let loopback = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];
    let addresses = if socket.ip().is_unspecified() { loopback.to_vec() } else { vec![socket.ip()] };
    addresses
        .into_iter()
        .map(|address| SocketAddr::new(address, socket.port()))
        .find(|address| TcpStream::connect_timeout(address, PATIENCE).is_ok())
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn the_address_that_is_asked_about_counts_and_all_stand_for_loopback() {
        for address in ["127.0.0.1:0", "[::1]:0"] {
            let Ok(listener) = TcpListener::bind(address) else { continue };
            let bound = listener.local_addr().expect("an address");
            let everywhere = SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), bound.port());
            assert_eq!((accepts(bound), accepts(everywhere)), (Some(bound), Some(bound)));
            let other = SocketAddr::new(IpAddr::from([127, 0, 0, 9]), bound.port());
            assert_eq!(accepts(other), None);
            drop(listener);
            // A process that another test is just starting may hold the socket until it has begun.
            let closed = (0..100).any(|_| accepts(bound).is_none());
            assert!(closed, "{address}");
        }
    }
}
