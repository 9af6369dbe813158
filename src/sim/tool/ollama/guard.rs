use std::net::IpAddr;

/// Whether a server on loopback serves a request for this `Host` (docs/mac-facts.md#ollama-host-guard).
pub(super) fn admits(host: &str) -> bool {
    let name = match host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((inside, _)) => inside,
        None => host.split(':').next().unwrap_or(""),
    };
    if let Ok(ip) = name.parse::<IpAddr>() {
        return match ip {
            IpAddr::V4(ip) => ip.is_loopback() || ip.is_private() || ip.is_unspecified(),
            IpAddr::V6(ip) => ip.is_loopback() || ip.is_unique_local() || ip.is_unspecified(),
        };
    }
    let name = name.to_lowercase();
    name.is_empty()
        || name == "localhost"
        || [".localhost", ".local", ".internal"].iter().any(|end| name.ends_with(end))
}

#[cfg(test)]
mod tests {
    use super::admits;

    #[test]
    fn only_names_of_this_mac_and_its_network_pass() {
        for host in ["", "localhost:11434", "127.0.0.1:11434", "192.168.1.4", "[::1]:11434"] {
            assert!(admits(host), "{host}");
        }
        for host in ["host.docker.internal:11434", "studio.local", "a.localhost"] {
            assert!(admits(host), "{host}");
        }
        for host in ["my.lan", "evil.example", "8.8.8.8:11434", "localhost.evil.example"] {
            assert!(!admits(host), "{host}");
        }
    }
}
