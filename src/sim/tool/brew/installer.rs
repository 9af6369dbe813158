use std::time::Duration;

use camino::Utf8Path;

use super::{PREFIX, prefix, update};
use crate::{
    machine::Output,
    sim::{
        Caller, Content, Fault, Mac, Running, USER,
        running::Print,
        tool::{Environment, command_line_tools, sudo, unix::reason, xcode_select},
    },
};

/// Whose being there keeps Homebrew away.
const FORBIDDEN: &str = "/etc/homebrew/brew.no_install";

/// Where every login shell learns of Homebrew's folders.
const PATHS: &str = "/etc/paths.d/homebrew";

/// What git, the portable Ruby and the list of formulae come to; of their sizes there is no public sample.
const DOWNLOAD: u64 = 110_000_000;

/// In how many parts that is fetched.
const PARTS: u64 = 10;

/// `git fetch` is tried five times, with pauses of 2, 4, 8 and 16 s.
const TRIES: Duration = Duration::from_secs(30);

/// Homebrew's `install.sh`, without anybody to ask (docs/mac-facts.md#homebrew-installer).
pub(in crate::sim::tool) fn run(mac: &mut Mac, caller: Caller, environment: &Environment) -> Running {
    let set = |name: &str| environment.get(name).is_some_and(|value| !value.is_empty());
    if set("INTERACTIVE") && set("NONINTERACTIVE") {
        return Running::failed(1, "Both `$INTERACTIVE` and `$NONINTERACTIVE` are set.\n");
    }
    if caller.uid == 0 {
        return Running::failed(1, "Don't run this as root!\n");
    }
    if let Some(text) =
        mac.disk.read(0, Utf8Path::new(FORBIDDEN)).ok().and_then(|file| file.bytes(1 << 16).map(Vec::from))
    {
        let text = String::from_utf8_lossy(&text).trim_end().to_owned();
        let why = if text.is_empty() { format!("{FORBIDDEN} exists!") } else { format!("{text}.") };
        return Running::failed(1, format!("Homebrew cannot be installed because {why}\n"));
    }
    let mut running = Running::default();
    if set("NONINTERACTIVE") {
        let text = "==> Running in non-interactive mode because `$NONINTERACTIVE` is set.\n";
        running.output.out(text);
    } else if caller.terminal {
        running.output.out("Press RETURN/ENTER to continue or any other key to abort:\n");
        return running.hanging();
    }
    running.output.out("==> Checking for `sudo` access (which may request your password)...\n");
    let had_ticket = mac.state.sudo.holds(caller.session, mac.state.now);
    let may = sudo::run(mac, caller, &["-n", "-l", "mkdir"].map(str::to_owned)).output.ok();
    if !may {
        running.output.code = 1;
        let user = mac.user_name(caller.uid);
        running
            .output
            .err(format!("Need sudo access on macOS (e.g. the user {user} needs to be an Administrator)!\n"));
        return running;
    }
    running.output.out(
        "==> This script will install:\n/opt/homebrew/bin/brew\n/opt/homebrew/etc/bash_completion.d/brew\n",
    );
    running = running.then(Duration::from_millis(400), begin);
    let part = Duration::from_millis(DOWNLOAD * 8 * 1000 / mac.state.bandwidth.max(1) / PARTS);
    for _ in 0..PARTS {
        running = running.then(part, |mac, output| {
            if output.ok() {
                mac.state.meter.downloaded += DOWNLOAD / PARTS;
            }
        });
    }
    let paths = move |mac: &mut Mac, output: &mut Output| paths(mac, caller, output);
    running.then(Duration::from_secs(2), check_out).then(Duration::from_millis(100), paths).then(
        update::TAKES,
        move |mac, output| {
            let updates = output.ok();
            end(mac, output);
            // Its own `brew update` lets the ticket go (docs/mac-facts.md#brew-drops-ticket), and so does its end without one at the start.
            if updates || !had_ticket {
                mac.state.sudo.drop_ticket(caller.session);
            }
        },
    )
}

/// What root does, and the first of git.
fn begin(mac: &mut Mac, output: &mut Output) {
    let now = mac.state.now;
    let mut made = prefix::folders(&mut *mac.disk, now);
    let cache = mac.home().join("Library/Caches/Homebrew");
    if made.is_ok() && mac.disk.node(&cache).is_none() {
        made = mac.disk.make_dir(USER, &cache, 0o755, now);
    }
    if let Err(error) = made {
        output.code = 1;
        return output
            .err(format!("Failed during: /usr/bin/sudo /bin/mkdir -p {PREFIX}: {}\n", reason(&error)));
    }
    output.out("==> Downloading and installing Homebrew...\n");
    // Without the tools it goes on as far as git, which is a stub then (docs/mac-facts.md#clt-stub-dialog).
    if xcode_select::active(mac).is_none() || !command_line_tools::are_there(mac) {
        let git = ["/usr/bin/git", "init", "--quiet"].map(str::to_owned);
        let stub = command_line_tools::shim(mac, Caller::user(false), &git);
        output.code = 1;
        output.err(stub.output.stderr);
        return output.err("Failed during: /usr/bin/git init --quiet\n");
    }
    let head = Content::Bytes(b"ref: refs/heads/stable\n".to_vec());
    let begun = prefix::put(&mut *mac.disk, ".git/HEAD", head, 0o644, now);
    if begun.is_err() || mac.state.faults.take(Fault::NetworkGone) {
        mac.advance(TRIES);
        output.code = 1;
        output.err("fatal: unable to access 'https://github.com/Homebrew/brew/': Could not resolve host: github.com\n");
        output.err("Failed 5 times doing: /usr/bin/git fetch --quiet --progress --force origin\n");
    }
}

/// What git leaves in the folder.
fn check_out(mac: &mut Mac, output: &mut Output) {
    if !output.ok() {
        return;
    }
    let now = mac.state.now;
    if let Err(error) = prefix::repository(&mut *mac.disk, now) {
        output.code = 1;
        output.err(format!(
            "Failed during: /usr/bin/git checkout --quiet --force -B stable: {}\n",
            reason(&error)
        ));
    }
}

/// What tells every login shell of the folder, once git is done.
fn paths(mac: &mut Mac, caller: Caller, output: &mut Output) {
    let (paths, now) = (Utf8Path::new(PATHS), mac.state.now);
    if !output.ok() {
        return;
    }
    // Whoever renewed the ticket may be gone.
    if !sudo::run(mac, caller, &["-n", "/usr/bin/true"].map(str::to_owned)).output.ok() {
        output.code = 1;
        return output
            .err("sudo: a password is required\nFailed during: /usr/bin/sudo /bin/mkdir -p /etc/paths.d\n");
    }
    let content = Content::Bytes(b"/opt/homebrew/bin\n".to_vec());
    if let Err(error) = mac.disk.write(0, paths, content, 0o644, now) {
        output.code = 1;
        output.err(format!("Failed during: /usr/bin/sudo tee {PATHS}: {}\n", reason(&error)));
    }
}

fn end(mac: &mut Mac, output: &mut Output) {
    if !output.ok() {
        return;
    }
    let busy = mac.state.faults.take(Fault::BrewUpdating).then(|| update::BUSY.to_owned());
    if let Err(why) = busy.map_or_else(|| update::learn(mac), Err) {
        output.code = 1;
        output.err(why);
        return output.err("Failed during: /opt/homebrew/bin/brew update --force --quiet\n");
    }
    output.out(
        "==> Installation successful!\n\n==> Next steps:\n- Run these commands in your terminal to add Homebrew to \
         your PATH:\n    echo 'eval \"$(/opt/homebrew/bin/brew shellenv zsh)\"' >> ~/.zprofile\n",
    );
}
