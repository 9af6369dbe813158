//! What the real adapter promises of files, on this machine and for a Mac in a folder.
#![expect(clippy::disallowed_methods, reason = "the tests look at the real files themselves")]

use std::{
    fs,
    os::unix::fs::{MetadataExt, PermissionsExt, symlink},
};

use camino::{Utf8Path, Utf8PathBuf};
use forgectl::machine::{Change, Changing, Kind, Looking, Machine, Quiet, local::Local};
use tempfile::TempDir;

/// A folder on this machine and the adapter of this machine.
fn here() -> (TempDir, Utf8PathBuf, Local) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = Utf8PathBuf::try_from(folder.path().canonicalize().expect("a path")).expect("UTF-8");
    (folder, path, Local::this_mac().expect("this machine"))
}

/// A Mac in a folder with the user `lab`, some folders of root's, and `owners.json` saying so.
fn folder() -> (TempDir, Utf8PathBuf, Local) {
    let (folder, path, _) = here();
    for made in ["root/Users/lab", "root/Users/Shared", "root/Library/LaunchDaemons", "root/private/tmp"] {
        fs::create_dir_all(path.join(made)).expect("a folder");
    }
    fs::write(path.join("root/Library/LaunchDaemons/a.plist"), "of root").expect("a file");
    fs::write(path.join("root/Library/secret"), "of root").expect("a file");
    fs::write(path.join("root/private/tmp/theirs"), "of root").expect("a file");
    symlink("/private/tmp", path.join("root/tmp")).expect("a link");
    let root = r#"{"uid": 0, "gid": 0}"#;
    let owners = format!(
        r#"{{"groups": [20, 80], "nodes": {{
            "/Library": {root}, "/Library/LaunchDaemons": {root}, "/Library/LaunchDaemons/a.plist": {root},
            "/Library/secret": {{"uid": 0, "gid": 0, "mode": 384}}, "/private/tmp/theirs": {root},
            "/private/tmp": {{"uid": 0, "gid": 0, "mode": 1023}}, "/Users/Shared": {root}}}}}"#
    );
    fs::write(path.join("owners.json"), owners).expect("owners");
    let local = Local::under(&path.join("root")).expect("a Mac in a folder");
    (folder, path, local)
}

fn chain(error: &anyhow::Error) -> String {
    format!("{error:#}")
}

#[test]
fn a_replaced_file_keeps_mode_and_xattrs_and_gets_a_new_inode() {
    let (_folder, path, local) = here();
    let file = path.join("file");
    fs::write(&file, "old").expect("a file");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).expect("a mode");
    let marked = xattr::set(&file, "user.forgectl.test", b"kept").is_ok();
    fs::hard_link(&file, path.join("other")).expect("a second name");
    let before = fs::metadata(&file).expect("there").ino();

    local.write(&file, b"new", 0o600).expect("written");

    let after = fs::metadata(&file).expect("there");
    assert_eq!(fs::read(&file).expect("there"), b"new");
    assert_eq!(after.mode() & 0o7777, 0o640);
    assert_ne!(after.ino(), before);
    assert_eq!(fs::read(path.join("other")).expect("there"), b"old", "the old inode is untouched");
    if marked {
        assert_eq!(xattr::get(&file, "user.forgectl.test").expect("xattrs"), Some(b"kept".to_vec()));
    }
    assert_eq!(local.list(&path).expect("listed"), Some(vec!["file".to_owned(), "other".to_owned()]));
}

#[test]
fn a_new_file_gets_its_mode_whatever_the_umask() {
    let (_folder, path, local) = here();
    local.write(&path.join("open"), b"", 0o666).expect("written");
    local.make_dir(&path.join("wide"), 0o777).expect("made");
    let mode = |name: &str| fs::metadata(path.join(name)).expect("there").mode() & 0o7777;
    assert_eq!((mode("open"), mode("wide")), (0o666, 0o777));
}

#[test]
fn a_link_is_written_through_even_when_it_points_to_nothing_yet() {
    let (_folder, path, local) = here();
    fs::create_dir(path.join("real")).expect("a folder");
    symlink("real/file", path.join("link")).expect("a link");
    local.write(&path.join("link"), b"text", 0o600).expect("written");
    assert!(path.join("link").is_symlink());
    assert_eq!(fs::read(path.join("real/file")).expect("there"), b"text");
}

#[test]
fn what_is_no_regular_file_is_not_replaced() {
    let (_folder, path, local) = here();
    fs::create_dir(path.join("folder")).expect("a folder");
    let error = local.write(&path.join("folder"), b"", 0o600).expect_err("a folder");
    assert!(chain(&error).contains(&format!("`{path}/folder`: it is a folder")), "{error:#}");
}

#[test]
fn what_is_no_regular_file_is_not_read_either() {
    let (_folder, path, local) = here();
    let pipe = path.join("pipe");
    nix::unistd::mkfifo(pipe.as_std_path(), nix::sys::stat::Mode::S_IRWXU).expect("a pipe");
    for error in [local.read(&pipe).expect_err("a pipe"), local.digest(&pipe).expect_err("a pipe")] {
        let words = format!("reading `{pipe}`: it is no regular file but a named pipe");
        assert!(chain(&error).contains(&words), "{error:#}");
    }
    let device = local.read(Utf8PathBuf::from("/dev/zero").as_path()).expect_err("a device");
    assert!(chain(&device).contains("no regular file but a device"), "{device:#}");
}

#[test]
fn a_rest_of_a_killed_run_is_in_nobodys_way() {
    let (_folder, path, local) = here();
    fs::write(path.join(".file.forgectl"), "half of").expect("a rest");
    local.write(&path.join("file"), b"whole", 0o600).expect("written");
    assert_eq!(local.list(&path).expect("listed"), Some(vec!["file".to_owned()]));
}

#[test]
fn nothing_there_is_an_answer_and_removing_nothing_is_fine() {
    let (_folder, path, local) = here();
    fs::write(path.join("file"), "").expect("a file");
    for missing in [path.join("none"), path.join("none/below"), path.join("file/below")] {
        assert_eq!(local.read(&missing).expect("looked"), None);
        assert_eq!(local.stat(&missing).expect("looked"), None);
        assert_eq!(local.list(&missing).expect("looked"), None);
        assert_eq!(local.digest(&missing).expect("looked"), None);
        local.remove(&missing).expect("nothing to do");
        local.remove_tree(&missing).expect("nothing to do");
    }
    assert_eq!(local.resolve(&path.join("none")).expect("looked"), None);
    local.make_dir(&path.join("new"), 0o755).expect("made");
    local.make_dir(&path.join("new"), 0o700).expect("there already");
    let error = local.make_dir(&path.join("file"), 0o755).expect_err("a file is there");
    assert!(chain(&error).contains(&format!("`{path}/file`")), "{error:#}");
}

#[test]
fn a_tree_is_removed_and_its_links_are_not_followed() {
    let (_folder, path, local) = here();
    fs::create_dir_all(path.join("tree/deep")).expect("folders");
    fs::create_dir(path.join("kept")).expect("a folder");
    fs::write(path.join("kept/file"), "").expect("a file");
    symlink("../../kept", path.join("tree/deep/link")).expect("a link");
    local.remove_tree(&path.join("tree")).expect("removed");
    assert_eq!(local.list(&path).expect("listed"), Some(vec!["kept".to_owned()]));
    assert!(path.join("kept/file").exists());
}

#[test]
fn a_digest_is_that_of_the_content() {
    let (_folder, path, local) = here();
    fs::write(path.join("abc"), "abc").expect("a file");
    let digest = local.digest(&path.join("abc")).expect("read");
    assert_eq!(digest.as_deref(), Some("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
}

#[test]
fn own_files_are_private_and_whole_lines() {
    let (_folder, path, local) = here();
    let journal = path.join("state/deep/journal");
    local.append(&journal, "first".to_owned()).expect("added");
    // A line that a killed run left half written.
    let torn = fs::read_to_string(&journal).expect("there") + "tor";
    fs::write(&journal, torn).expect("torn");
    local.append(&journal, "third".to_owned()).expect("added");
    local.keep(&path.join("state/deep/backup"), b"kept").expect("kept");
    assert_eq!(fs::read_to_string(&journal).expect("there"), "first\ntor\nthird\n");
    let mode = |name: &str| fs::metadata(path.join(name)).expect("there").mode() & 0o777;
    assert_eq!((mode("state"), mode("state/deep")), (0o700, 0o700));
    assert_eq!((mode("state/deep/journal"), mode("state/deep/backup")), (0o600, 0o600));
}

#[test]
fn own_files_that_others_can_write_are_refused_by_name() {
    let (_folder, path, local) = here();
    fs::create_dir(path.join("state")).expect("a folder");
    fs::set_permissions(path.join("state"), fs::Permissions::from_mode(0o770)).expect("a mode");
    let error = local.append(&path.join("state/journal"), "line".to_owned()).expect_err("a shared folder");
    assert!(
        chain(&error).contains(&format!("`{path}/state` can be written by others (mode 0770)")),
        "{error:#}"
    );
    assert!(!path.join("state/journal").exists());

    fs::set_permissions(path.join("state"), fs::Permissions::from_mode(0o700)).expect("a mode");
    symlink("/etc/hosts", path.join("state/journal")).expect("a link");
    let error = local.keep(&path.join("state/journal"), b"").expect_err("a link");
    assert!(chain(&error).contains("is no regular file"), "{error:#}");
}

#[test]
fn in_a_folder_every_path_is_under_the_root_and_errors_name_the_macs_path() {
    let (_folder, path, local) = folder();
    local.write(Utf8Path::new("/tmp/../tmp/mine"), b"text", 0o644).expect("written");
    assert_eq!(fs::read(path.join("root/private/tmp/mine")).expect("there"), b"text");
    symlink("/Users/lab/note", path.join("root/private/tmp/away")).expect("a link");
    local.write(Utf8Path::new("/tmp/away"), b"note", 0o644).expect("written");
    assert_eq!(fs::read(path.join("root/Users/lab/note")).expect("there"), b"note");
    assert_eq!(local.resolve(Utf8Path::new("/tmp/away")).expect("looked"), Some("/Users/lab/note".into()));

    let error = local.write(Utf8Path::new("/Users/lab/none/file"), b"", 0o644).expect_err("no folder");
    assert!(chain(&error).contains("`/Users/lab/none/file`"), "{error:#}");
    assert!(!chain(&error).contains(path.as_str()), "{error:#}");
}

#[test]
fn in_a_folder_the_user_is_501_and_cannot_touch_what_is_roots() {
    let (_folder, _path, local) = folder();
    let who = local.identity().expect("an identity");
    assert_eq!((who.uid, who.user.as_str(), who.home.as_str()), (501, "lab", "/Users/lab"));
    assert_eq!(who.state, "/Users/lab/.local/state/forgectl");
    assert!(who.is_admin());

    let daemon = Utf8Path::new("/Library/LaunchDaemons/a.plist");
    assert_eq!(local.read(daemon).expect("readable"), Some(b"of root".to_vec()));
    let stat = local.stat(daemon).expect("looked").expect("there");
    assert_eq!((stat.uid, stat.gid, stat.kind), (0, 0, Kind::File));
    let denied = [
        Change::Write { path: daemon.to_owned(), content: vec![], mode: 0o644 },
        Change::Write { path: "/Library/LaunchDaemons/new".into(), content: vec![], mode: 0o644 },
        Change::MakeDir { path: "/Library/new".into(), mode: 0o755 },
        Change::Remove { path: daemon.to_owned() },
        Change::RemoveTree { path: "/Library/LaunchDaemons".into() },
        // The folder is everybody's, but sticky.
        Change::Remove { path: "/tmp/theirs".into() },
        Change::Write { path: "/tmp/theirs".into(), content: vec![], mode: 0o644 },
    ];
    for change in denied {
        let error = local.change(&change, &Quiet).err().unwrap_or_else(|| panic!("{change} was let through"));
        let kind = error.downcast_ref::<std::io::Error>().map(std::io::Error::kind);
        assert_eq!(kind, Some(std::io::ErrorKind::PermissionDenied), "{change}: {error:#}");
    }
    let error = local.read(Utf8Path::new("/Library/secret")).expect_err("mode 0600 of root");
    assert!(chain(&error).contains("`/Library/secret`"), "{error:#}");
}

#[test]
fn in_a_folder_new_files_get_the_group_of_their_folder_and_old_notes_do_not_stick() {
    let (_folder, path, local) = folder();
    local.write(Utf8Path::new("/tmp/mine"), b"", 0o4755).expect("written");
    let stat = local.stat(Utf8Path::new("/tmp/mine")).expect("looked").expect("there");
    assert_eq!((stat.uid, stat.gid, stat.mode), (501, 0, 0o4755));
    assert_eq!(
        fs::metadata(path.join("root/private/tmp/mine")).expect("there").mode() & 0o7000,
        0,
        "no real program changes its user"
    );
    local.remove(Utf8Path::new("/tmp/mine")).expect("removed");
    let owners = fs::read_to_string(path.join("owners.json")).expect("owners");
    assert!(!owners.contains("/private/tmp/mine"), "{owners}");
}

#[test]
fn a_file_with_an_access_control_list_or_an_immutable_flag_is_refused_by_name() {
    let (_folder, path, local) = folder();
    for mark in ["acl", "immutable"] {
        fs::write(path.join("root/Users/lab/held"), "").expect("a file");
        let owners = format!(
            r#"{{"groups": [20], "nodes": {{"/Users/lab/held": {{"uid": 501, "gid": 20, "{mark}": true}}}}}}"#
        );
        fs::write(path.join("owners.json"), owners).expect("owners");
        let error = local.write(Utf8Path::new("/Users/lab/held"), b"new", 0o600).expect_err(mark);
        let word = if mark == "acl" { "access control list" } else { "immutable" };
        assert!(chain(&error).contains("`/Users/lab/held`") && chain(&error).contains(word), "{error:#}");
        assert_eq!(fs::read(path.join("root/Users/lab/held")).expect("there"), b"");
    }
}

#[test]
fn the_sealed_system_volume_takes_nothing_not_even_where_the_user_owns_the_folder() {
    let (_folder, path, local) = folder();
    fs::create_dir_all(path.join("root/usr/bin")).expect("a folder");
    fs::create_dir_all(path.join("root/usr/local/bin")).expect("a folder");
    let error = local.write(Utf8Path::new("/usr/bin/mine"), b"", 0o755).expect_err("sealed");
    let kind = error.downcast_ref::<std::io::Error>().map(std::io::Error::kind);
    assert_eq!(kind, Some(std::io::ErrorKind::ReadOnlyFilesystem), "{error:#}");
    local.write(Utf8Path::new("/usr/local/bin/mine"), b"", 0o755).expect("not sealed");
}
