//! `lsof` in its form for programs.

use std::net::SocketAddr;

use crate::machine::Listener;

/// The command line that tells who listens on a port.
pub fn argv(port: u16) -> [String; 6] {
    ["/usr/sbin/lsof", "-nP", &format!("-iTCP:{port}"), "-sTCP:LISTEN", "-F", "pcn"].map(str::to_owned)
}

/// Those of `text` that stand in the way of a server at `socket`. When a connection was accepted there and none of them can
/// have taken it, somebody did who is hidden from `lsof` (docs/mac-facts.md#lsof-others-hidden), or who has ended since: `accepts`
/// tells whether another connection is accepted there.
pub fn in_the_way(
    text: &str,
    socket: SocketAddr,
    accepted: Option<SocketAddr>,
    accepts: impl FnOnce(SocketAddr) -> bool,
) -> Vec<Listener> {
    let mut listeners = parse(text);
    listeners.retain(|listener| listener.overlaps(socket));
    let unseen = |at: &SocketAddr| !listeners.iter().any(|listener| listener.overlaps(*at));
    if let Some(at) = accepted.filter(unseen).filter(|at| accepts(*at)) {
        listeners.push(Listener { pid: None, command: None, address: at.to_string() });
    }
    listeners
}

/// Reads `lsof -nP -iTCP:PORT -sTCP:LISTEN -F pcn`: `p`, `c` and `n` lines (docs/mac-facts.md#lsof-listener).
pub fn parse(text: &str) -> Vec<Listener> {
    let (mut pid, mut command) = (None, None);
    let mut listeners: Vec<Listener> = vec![];
    for line in text.lines() {
        let (Some(tag), value) = (line.chars().next(), line.get(1..).unwrap_or("")) else { continue };
        match tag {
            'p' => pid = value.parse().ok(),
            'c' => command = Some(value.replace("\\x20", " ")),
            'n' => {
                let listener = Listener { pid, command: command.clone(), address: value.to_owned() };
                if !listeners.contains(&listener) {
                    listeners.push(listener);
                }
            }
            _ => {}
        }
    }
    listeners
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(text: &str, socket: &str, accepted: Option<&str>) -> Vec<(Option<u32>, String)> {
        let accepted = accepted.map(|at| at.parse().unwrap());
        let found = in_the_way(text, socket.parse().unwrap(), accepted, |_| true);
        found.into_iter().map(|listener| (listener.pid, listener.address)).collect()
    }

    #[test]
    fn only_who_listens_at_the_same_address_is_in_the_way() {
        let text = "p7\ncown\nf3\nn192.168.1.20:80\nf4\nn[::1]:80\n";
        assert_eq!(seen(text, "127.0.0.1:80", None), []);
        assert_eq!(seen(text, "192.168.1.20:80", None), [(Some(7), "192.168.1.20:80".to_owned())]);
        assert_eq!(seen(text, "0.0.0.0:80", None).len(), 2);
        assert_eq!(seen("p7\nn*:80\n", "127.0.0.1:80", None), [(Some(7), "*:80".to_owned())]);
    }

    #[test]
    fn somebody_who_is_hidden_behind_another_is_told() {
        let text = "p7\ncown\nf3\nn192.168.1.20:80\n";
        let at = "127.0.0.1:80";
        assert_eq!(seen(text, at, Some(at)), [(None, at.to_owned())]);
        assert_eq!(seen("p7\nn*:80\n", at, Some(at)), [(Some(7), "*:80".to_owned())]);
    }

    #[test]
    fn who_has_ended_since_is_nobody() {
        let at: SocketAddr = "127.0.0.1:80".parse().unwrap();
        assert_eq!(in_the_way("", at, Some(at), |_| false), []);
    }
}
