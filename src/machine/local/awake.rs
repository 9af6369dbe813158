//! Keeping the machine awake.

use std::{
    io,
    os::unix::process::CommandExt,
    process::{Child, Command, Stdio},
};

/// A running `caffeinate`, ended when dropped; should forgectl be killed, it ends by itself (docs/mac-facts.md#caffeinate).
pub(super) struct Awake(Child);

impl Awake {
    /// In a group of its own: a Ctrl-C must not let the machine sleep while steps still come to their end.
    pub(super) fn start(mut caffeinate: Command) -> io::Result<Self> {
        caffeinate.process_group(0);
        caffeinate.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().map(Self)
    }
}

impl Drop for Awake {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
