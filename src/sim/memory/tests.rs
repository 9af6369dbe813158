use super::*;
use crate::sim::{Mac, Spec, SudoMode, USER, testing};

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

fn bytes(text: &str) -> Content {
    Content::Bytes(text.as_bytes().to_vec())
}

fn disk() -> MemoryDisk {
    testing::mac().disk.memory().unwrap().clone()
}

fn write(disk: &mut MemoryDisk, uid: u32, path: &str, text: &str) -> Result<(), ErrorKind> {
    disk.write(uid, path.into(), bytes(text), 0o640, NOW).map_err(|error| error.kind())
}

#[test]
fn a_new_file_belongs_to_its_maker_with_the_group_of_its_folder() {
    let mut disk = disk();
    write(&mut disk, USER, "/Users/lab/x", "one").unwrap();
    let node = disk.node("/Users/lab/x".into()).unwrap();
    assert_eq!((node.uid, node.gid, node.mode), (USER, permission::STAFF, 0o640));
    write(&mut disk, USER, "/tmp/x", "one").unwrap();
    assert_eq!(disk.node("/private/tmp/x".into()).unwrap().gid, 0);
}

#[test]
fn a_file_that_is_replaced_keeps_owner_mode_and_xattrs_and_its_link() {
    let mut disk = disk();
    let node = Node {
        xattrs: [("k".to_owned(), "v".to_owned())].into(),
        ..Node::file(bytes("old"), 0o600, USER, 80, NOW)
    };
    disk.put("/Users/lab/real", node.clone());
    disk.put("/Users/lab/link", Node::link("real", USER, 20, NOW));
    write(&mut disk, USER, "/Users/lab/link", "new").unwrap();
    assert_eq!(disk.node("/Users/lab/real".into()).unwrap(), Node { content: Some(bytes("new")), ..node });
    assert_eq!(disk.node("/Users/lab/link".into()).unwrap().kind, Kind::Link);
}

#[test]
fn what_is_not_ones_own_is_refused_and_root_passes() {
    let mut disk = disk();
    assert_eq!(write(&mut disk, USER, "/Library/LaunchDaemons/x", ""), Err(ErrorKind::PermissionDenied));
    write(&mut disk, 0, "/Library/LaunchDaemons/x", "root's").unwrap();
    disk.chmod(0, "/Library/LaunchDaemons/x".into(), 0o600).unwrap();
    assert_eq!(
        disk.read(USER, "/Library/LaunchDaemons/x".into()).unwrap_err().kind(),
        ErrorKind::PermissionDenied
    );
    assert_eq!(write(&mut disk, USER, "/Library/LaunchDaemons/x", ""), Err(ErrorKind::PermissionDenied));
    assert_eq!(disk.list(USER, "/var/db/sudo/ts".into()).unwrap_err().kind(), ErrorKind::PermissionDenied);
    assert_eq!(disk.read(77, "/Users/lab/x".into()).unwrap_err().kind(), ErrorKind::PermissionDenied);
    assert_eq!(write(&mut disk, 0, "/usr/bin/x", ""), Err(ErrorKind::ReadOnlyFilesystem), "sealed");
    write(&mut disk, 0, "/usr/local/x", "").unwrap();
}

#[test]
fn administrators_may_write_where_their_group_may() {
    assert_eq!(write(&mut disk(), USER, "/Applications/x", ""), Ok(()));
    let other = Mac::new(&Spec { sudo: SudoMode::Denied, ..testing::spec() }, 1);
    let mut other = other.disk.memory().unwrap().clone();
    assert_eq!(write(&mut other, USER, "/Applications/x", ""), Err(ErrorKind::PermissionDenied));
}

#[test]
fn in_a_sticky_folder_only_owners_remove() {
    let mut disk = disk();
    write(&mut disk, 0, "/tmp/roots", "").unwrap();
    let refused = disk.remove(USER, "/tmp/roots".into(), NOW).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::PermissionDenied);
    write(&mut disk, USER, "/tmp/own", "").unwrap();
    disk.remove(USER, "/tmp/own".into(), NOW).unwrap();
}

#[test]
fn an_immutable_file_stays_even_for_root() {
    let mut disk = disk();
    write(&mut disk, USER, "/Users/lab/x", "old").unwrap();
    disk.node_mut("/Users/lab/x").unwrap().immutable = true;
    for uid in [USER, 0] {
        assert_eq!(write(&mut disk, uid, "/Users/lab/x", "new"), Err(ErrorKind::PermissionDenied));
        assert!(disk.remove(uid, "/Users/lab/x".into(), NOW).is_err());
        assert!(disk.append(uid, "/Users/lab/x".into(), b"more", NOW).is_err());
    }
    assert_eq!(disk.read(USER, "/Users/lab/x".into()).unwrap(), bytes("old"));
}

#[test]
fn folders_are_removed_when_empty_and_links_are_not_followed() {
    let mut disk = disk();
    disk.make_dir(USER, "/Users/lab/d".into(), 0o700, NOW).unwrap();
    write(&mut disk, USER, "/Users/lab/d/x", "").unwrap();
    disk.link(USER, "/Users/lab/l".into(), "d".into(), NOW).unwrap();
    let again = disk.make_dir(USER, "/Users/lab/d".into(), 0o700, NOW).unwrap_err();
    assert_eq!(again.kind(), ErrorKind::AlreadyExists);
    assert_eq!(
        disk.remove(USER, "/Users/lab/d".into(), NOW).unwrap_err().kind(),
        ErrorKind::DirectoryNotEmpty
    );
    disk.remove(USER, "/Users/lab/l".into(), NOW).unwrap();
    assert!(disk.node("/Users/lab/d/x".into()).is_some());
}

#[test]
fn links_are_followed_to_their_end_and_loops_have_none() {
    let mut disk = disk();
    disk.link(USER, "/Users/lab/a".into(), "b".into(), NOW).unwrap();
    disk.link(USER, "/Users/lab/b".into(), "a".into(), NOW).unwrap();
    assert_eq!(disk.resolve("/Users/lab/a".into()), None);
    assert_eq!(disk.resolve("/tmp/../tmp".into()).unwrap(), "/private/tmp");
    assert_eq!(
        disk.resolve("/opt/homebrew/opt/ollama/bin/ollama".into()).unwrap(),
        "/opt/homebrew/Cellar/ollama/0.32.3/libexec/ollama"
    );
    assert_eq!(
        disk.list(USER, "/opt/homebrew/opt/ollama/".into()).unwrap(),
        [".brew", "INSTALL_RECEIPT.json", "bin", "libexec"]
    );
    write(&mut disk, USER, "/Users/lab/f", "").unwrap();
    assert_eq!(write(&mut disk, USER, "/Users/lab/f/x", ""), Err(ErrorKind::NotADirectory));
}

#[test]
fn room_is_taken_given_back_and_comes_to_an_end() {
    let mut disk = disk();
    let before = disk.space().free;
    let made = |size| Content::Made { size, seed: 7 };
    disk.write(USER, "/tmp/x".into(), made(10_000), 0o600, NOW).unwrap();
    assert_eq!(before - disk.space().free, 12_288, "in blocks");
    disk.write(USER, "/tmp/x".into(), made(1), 0o600, NOW).unwrap();
    disk.remove(USER, "/tmp/x".into(), NOW).unwrap();
    assert_eq!(disk.space().free, before);
    let full = disk.write(USER, "/tmp/x".into(), made(before + 1), 0o600, NOW).unwrap_err();
    assert_eq!((full.kind(), disk.node("/tmp/x".into())), (ErrorKind::StorageFull, None));
}

#[test]
fn made_content_is_the_same_whenever_it_is_looked_at() {
    let content = Content::Made { size: 100, seed: 3 };
    let bytes = Content::Bytes(content.bytes(100).unwrap().into_owned());
    assert_eq!((bytes.size(), bytes.digest()), (100, content.digest()));
    let large = Content::Made { size: 1 << 40, seed: 3 };
    assert_eq!((large.bytes(1 << 24), large.digest().len()), (None, 64));
    assert_ne!(large.digest(), Content::Made { size: 1 << 40, seed: 4 }.digest());
}

#[test]
fn it_is_the_same_after_it_was_kept() {
    let mut disk = disk();
    disk.write(USER, "/tmp/x".into(), Content::Bytes(vec![0, 255, 10]), 0o600, NOW).unwrap();
    let text = serde_json::to_string(&disk).unwrap();
    assert_eq!(serde_json::from_str::<MemoryDisk>(&text).unwrap(), disk);
}
