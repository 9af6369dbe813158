use super::files::flags;
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
        running.output.stdout += &if value('F').is_some() {
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
    }
    running
}
