use camino::Utf8Path;

use super::unix::{flags, reason};
use crate::sim::{Caller, Mac, Running};

/// `ln -s [-f] [-n] TARGET LINK`.
pub(super) fn run(mac: &mut Mac, caller: Caller, arguments: &[String]) -> Running {
    let usage =
        || Running::failed(1, "usage: ln [-s [-F] | -L | -P] [-f | -i] [-hnv] source_file [target_file]\n");
    let Some((flags, rest)) = flags(arguments, "") else { return usage() };
    let has = |letter: char| flags.iter().any(|(flag, _)| *flag == letter);
    let [target, link] = rest else { return usage() };
    if !has('s') {
        return Running::failed(1, format!("ln: {link}: Operation not supported\n"));
    }
    let (path, now) = (Utf8Path::new(link.as_str()), mac.state.now);
    let mut done = Ok(());
    if mac.disk.node(path).is_some() && has('f') {
        done = mac.disk.remove(caller.uid, path, now);
    }
    match done.and_then(|()| mac.disk.link(caller.uid, path, Utf8Path::new(target.as_str()), now)) {
        Ok(()) => Running::default(),
        Err(error) => Running::failed(1, format!("ln: {link}: {}\n", reason(&error))),
    }
}
