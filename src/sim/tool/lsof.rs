use super::unix::flags;
use crate::sim::{Caller, Mac, Running, Socket};

const HEADING: &str = "COMMAND   PID USER   FD   TYPE             DEVICE SIZE/OFF NODE NAME\n";

/// `lsof -nP -iTCP:PORT -sTCP:LISTEN [-F pcn]` (docs/mac-facts.md#lsof-listener, #lsof-others-hidden).
pub(super) fn run(mac: &mut Mac, caller: Caller, arguments: &[String]) -> Running {
    let usage = || {
        Running::failed(
            1,
            "lsof: illegal option or value\n usage: [-?abhKlnNoOPRtUvV] [-i [i]] [-F [f]] [-s [p:s]]\n",
        )
    };
    let Some((flags, _)) = flags(arguments, "iFsc") else { return usage() };
    let value = |wanted: char| flags.iter().find(|(flag, _)| *flag == wanted).map(|(_, value)| *value);
    let Some(port) = value('i').and_then(|what| what.rsplit_once(':')?.1.parse::<u16>().ok()) else {
        return usage();
    };
    let mut sockets = mac.sockets(port);
    sockets.retain(|socket| caller.uid == 0 || socket.uid == caller.uid);
    let mut running = Running::default();
    running.output.code = i32::from(sockets.is_empty());
    if value('F').is_none() && !sockets.is_empty() {
        running.output.stdout += HEADING;
    }
    for (nth, Socket { pid, uid, command, address, port }) in (0_u64..).zip(sockets) {
        let command = command.replace(' ', "\\x20");
        let line = if value('F').is_some() {
            format!("p{pid}\nc{command}\nf3\nn{address}:{port}\n")
        } else {
            let kind = if address == "*" { "IPv6" } else { "IPv4" };
            let device = 0x888e_00d2_8704_b5ff + nth * 0x400;
            let short: String = command.chars().take(9).collect();
            format!(
                "{short:<9} {pid} {}    3u  {kind} {device:#x}      0t0  TCP {address}:{port} (LISTEN)\n",
                mac.user_name(uid)
            )
        };
        running.output.stdout += &line;
    }
    running
}

#[cfg(test)]
mod tests {
    use crate::sim::{
        Caller, Program,
        testing::{exec, exec_as, sim},
    };

    #[test]
    fn an_own_listener_is_shown_and_another_users_is_hidden() {
        let sim = sim();
        let listen = |uid, address: &str, port| {
            let program = Program::Listener { address: address.to_owned(), port };
            sim.with_mac(|mac| {
                mac.spawn_process(uid, vec!["/Applications/A Long Name".to_owned()], [].into(), program)
            })
        };
        let pid = listen(501, "127.0.0.1", 11434);
        listen(0, "*", 8080);
        let output = exec(&sim, "lsof -nP -iTCP:11434 -sTCP:LISTEN -F pcn");
        assert_eq!(
            (output.code, output.stdout),
            (0, format!("p{pid}\ncA\\x20Long\\x20Name\nf3\nn127.0.0.1:11434\n"))
        );
        let output = exec(&sim, "lsof -nP -iTCP:11434 -sTCP:LISTEN");
        assert!(output.stdout.starts_with("COMMAND   PID USER "));
        assert!(output.stdout.contains(" TCP 127.0.0.1:11434 (LISTEN)\n"), "{}", output.stdout);
        let hidden = exec(&sim, "lsof -nP -iTCP:8080 -sTCP:LISTEN");
        assert_eq!((hidden.code, hidden.stdout.as_str()), (1, ""));
        let shown = exec_as(&sim, Caller::user(true).root(), "lsof -nP -iTCP:8080 -sTCP:LISTEN");
        assert!(shown.stdout.contains(" IPv6 ") && shown.stdout.contains(" TCP *:8080 (LISTEN)\n"));
        assert_eq!(exec(&sim, "lsof -nP -iTCP:9 -sTCP:LISTEN").code, 1);
    }
}
