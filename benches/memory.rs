//! The peak memory of a plan, in a process of its own.
#![expect(clippy::disallowed_methods, reason = "a benchmark starts the program itself")]
#![expect(clippy::print_stdout, reason = "what was measured is printed")]
#![expect(clippy::unwrap_used, reason = "a benchmark may end in a panic")]

use std::process::{Command, Stdio};

use nix::sys::resource::{UsageWho, getrusage};

fn main() {
    let plan = Command::new(env!("CARGO_BIN_EXE_forgectl"))
        .args(["plan", "stacks/spine.yaml", "--on", "chip=M4,memory=16GB,macos=15.5"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stdout(Stdio::null())
        .status()
        .unwrap();
    assert!(plan.success(), "{plan}");
    // On Linux in units of 1024 bytes, on macOS in bytes: getrusage(2).
    let unit = if cfg!(target_os = "macos") { 1 } else { 1024 };
    let peak = getrusage(UsageWho::RUSAGE_CHILDREN).unwrap().max_rss() * unit;
    println!("peak memory of `forgectl plan stacks/spine.yaml`: {} kB", peak / 1000);
}
