//! The line of ours in somebody's profile.

use super::{homebrew::toolbox, *};

const PROFILE: &str = "/Users/lab/.zprofile";
const LINE: &str = "eval \"$(/opt/homebrew/bin/brew shellenv zsh)\"\n";

/// The rest of a profile is somebody's: it comes through byte by byte, and a link stays a link.
#[test]
fn a_profile_keeps_all_that_is_not_ours() {
    for text in ["export A=1\n", "export A=1", "", "\n\n"] {
        let mut mac = fresh(&toolbox());
        write(&mut mac, USER, "/Users/lab/dotfiles", text);
        let now = mac.state.now;
        mac.disk.link(USER, PROFILE.into(), "dotfiles".into(), now).unwrap();
        let sim = sim(copy(&mac));
        apply_well(&sim, &toolbox());
        assert_eq!(
            sim.with_mac(|mac| mac.disk.node(PROFILE.into()).unwrap().target).as_deref(),
            Some("dotfiles".into())
        );
        let written = sim.with_mac(|mac| read(mac, PROFILE));
        assert!(written.starts_with(text) && written.ends_with(LINE), "{written:?}");
        destroy_well(&sim, &toolbox());
        same(text, &mac, &still(&sim));
    }
}

#[test]
fn either_known_line_will_do_and_is_not_ours() {
    for line in ["eval \"$(/opt/homebrew/bin/brew shellenv)\"\n", LINE] {
        let mut mac = fresh(&toolbox());
        write(&mut mac, USER, PROFILE, line);
        let sim = sim(copy(&mac));
        assert_eq!(planned(&sim, &toolbox(), "profile-line/~/.zprofile").action, Action::Keep);
        apply_well(&sim, &toolbox());
        destroy_well(&sim, &toolbox());
        same(line, &mac, &still(&sim));
    }
}

#[test]
fn what_was_added_to_our_profile_since_stays() {
    let sim = sim(fresh(&toolbox()));
    apply_well(&sim, &toolbox());
    assert_eq!(sim.with_mac(|mac| read(mac, PROFILE)), LINE);
    sim.with_mac(|mac| write(mac, USER, PROFILE, &format!("export A=1\n{LINE}export B=2\n")));
    nothing_to_do(&sim, &toolbox());
    destroy_well(&sim, &toolbox());
    assert_eq!(sim.with_mac(|mac| read(mac, PROFILE)), "export A=1\nexport B=2\n");
}

#[test]
fn a_profile_that_cannot_be_written_is_told_before_any_change() {
    let mut mac = fresh(&toolbox());
    let now = mac.state.now;
    mac.disk.link(USER, PROFILE.into(), "nowhere".into(), now).unwrap();
    says(&refused(mac, &toolbox()), &["a link that leads nowhere", PROFILE]);
    let mut mac = fresh(&toolbox());
    mac.disk.make_dir(USER, PROFILE.into(), 0o755, now).unwrap();
    says(&refused(mac, &toolbox()), &["a folder is where a file belongs", PROFILE]);
}

/// A line that is commented out is none for a shell, whatever the installer takes it for.
#[test]
fn a_line_that_is_commented_out_does_not_count() {
    let mut mac = fresh(&toolbox());
    write(&mut mac, USER, PROFILE, &format!("# {LINE}"));
    let sim = sim(copy(&mac));
    apply_well(&sim, &toolbox());
    assert_eq!(sim.with_mac(|mac| read(mac, PROFILE)), format!("# {LINE}{LINE}"));
    destroy_well(&sim, &toolbox());
    same("destroyed", &mac, &still(&sim));
}

#[test]
fn a_profile_of_another_user_is_told_before_any_change() {
    for mode in [0o644, 0o600] {
        let mut mac = fresh(&toolbox());
        let now = mac.state.now;
        mac.disk.write(0, PROFILE.into(), Content::Bytes(b"export A=1\n".to_vec()), mode, now).unwrap();
        says(&refused(mac, &toolbox()), &["a line cannot be added to `/Users/lab/.zprofile`", "ls -ld"]);
    }
    let mut mac = fresh(&toolbox());
    write(&mut mac, 0, PROFILE, LINE);
    assert_eq!(planned(&sim(mac), &toolbox(), "profile-line/~/.zprofile").action, Action::Keep);
}

/// zsh reads its profiles from `$ZDOTDIR`.
#[test]
fn the_profile_is_where_zsh_looks_for_it() {
    let mut mac = fresh(&toolbox());
    let now = mac.state.now;
    mac.state.zdotdir = Some("/Users/lab/.zsh".into());
    says(&refused(copy(&mac), &toolbox()), &["there is no folder /Users/lab/.zsh"]);
    mac.disk.make_dir(USER, "/Users/lab/.zsh".into(), 0o755, now).unwrap();
    let sim = sim(copy(&mac));
    apply_well(&sim, &toolbox());
    assert_eq!(sim.with_mac(|mac| read(mac, "/Users/lab/.zsh/.zprofile")), LINE);
    destroy_well(&sim, &toolbox());
    same("destroyed", &mac, &still(&sim));
}
