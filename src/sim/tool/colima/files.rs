use std::io;

use camino::{Utf8Path, Utf8PathBuf};
use sha2::{Digest, Sha256};

use super::{
    call::Call,
    machine::{Size, Vm},
};
use crate::{
    sim::{Content, Mac},
    value::hex,
};

/// What Lima calls the machine of a profile.
pub(super) fn instance_name(profile: &str) -> String {
    if profile == "default" { "colima".to_owned() } else { format!("colima-{profile}") }
}

pub(super) fn instance(home: &Utf8Path, profile: &str) -> Utf8PathBuf {
    home.join("_lima").join(instance_name(profile))
}

fn data_disk(home: &Utf8Path, profile: &str) -> Utf8PathBuf {
    home.join("_lima/_disks").join(instance_name(profile))
}

/// Whether the disk is there that holds what its engine keeps.
pub(super) fn has_data(mac: &Mac, home: &Utf8Path, profile: &str) -> bool {
    mac.disk.node(&data_disk(home, profile).join("datadisk")).is_some()
}

fn store(home: &Utf8Path, profile: &str) -> Utf8PathBuf {
    home.join("_store").join(format!("{}.json", instance_name(profile)))
}

/// Whether Lima has made it.
pub(super) fn is_made(mac: &Mac, home: &Utf8Path, profile: &str) -> bool {
    mac.disk.node(&instance(home, profile).join("lima.yaml")).is_some()
}

fn image(mac: &Mac, uid: u32) -> Utf8PathBuf {
    let home = if uid == 0 { "/var/root".into() } else { mac.home() };
    home.join("Library/Caches/colima/caches/ubuntu-24.04-minimal-cloudimg-arm64-docker.qcow2")
}

/// Whether the disk of the machine was fetched before.
pub(super) fn image_is_kept(mac: &Mac, uid: u32) -> bool {
    mac.disk.node(&image(mac, uid)).is_some()
}

fn put(mac: &mut Mac, uid: u32, path: &Utf8Path, text: impl Into<Vec<u8>>) -> io::Result<()> {
    let now = mac.state.now;
    mac.disk.make_dirs(uid, path.parent().unwrap_or(path), 0o755, now)?;
    mac.disk.write(uid, path, Content::Bytes(text.into()), 0o644, now)
}

/// Written or not, nobody hears of it.
fn lay(mac: &mut Mac, uid: u32, path: &Utf8Path, text: impl Into<Vec<u8>>) {
    let _full = put(mac, uid, path, text);
}

fn settings(size: Size) -> String {
    let Size { cpus, memory, disk } = size;
    format!(
        "cpu: {cpus}\ndisk: {disk}\nmemory: {}\narch: aarch64\nruntime: docker\nvmType: vz\nmountType: virtiofs\n\
         rootDisk: 20\nautoActivate: false\nsshConfig: false\n",
        f64::from(memory) / 1024.0
    )
}

/// What was asked for last.
pub(super) fn saved(mac: &Mac, home: &Utf8Path, profile: &str) -> Option<Size> {
    let bytes = mac.disk.read(0, &home.join(profile).join("colima.yaml")).ok()?;
    let text = String::from_utf8(bytes.bytes(1 << 20)?.into_owned()).ok()?;
    let value = |key: &str| text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(": "));
    let memory: f64 = value("memory")?.parse().ok()?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "what it wrote itself")]
    let memory = (memory * 1024.0) as u32;
    Some(Size { cpus: value("cpu")?.parse().ok()?, memory, disk: value("disk")?.parse().ok()? })
}

/// The flags are saved before anything else is looked at (docs/service-facts.md#colima-start).
pub(super) fn save(mac: &mut Mac, call: &Call, size: Size) {
    if call.is_on("--save-config", true) {
        lay(mac, call.uid, &call.home.join(&call.profile).join("colima.yaml"), settings(size));
    }
}

/// Its folders and disks, at its first start; at a later one its size.
pub(super) fn make(mac: &mut Mac, profile: &str, vm: &Vm, fetched: u64) -> io::Result<()> {
    let (uid, now) = (vm.uid, mac.state.now);
    let folder = instance(&vm.home, profile);
    let first = !is_made(mac, &vm.home, profile);
    let Size { cpus, memory, disk } = vm.size;
    let lima = format!(
        "vmType: vz\narch: aarch64\ncpus: {cpus}\nmemory: {memory}MiB\ndisk: 20GiB\nadditionalDisks:\n- name: {}\n  format: {first}\n  fsType: ext4\n",
        instance_name(profile)
    );
    put(mac, uid, &folder.join("lima.yaml"), lima)?;
    let disks = data_disk(&vm.home, profile);
    // A file with holes: what it may hold is not what it takes.
    let data = Content::Sparse { size: u64::from(disk) << 30, held: 64 << 20 };
    mac.disk.make_dirs(uid, &disks, 0o755, now)?;
    mac.disk.write(uid, &disks.join("datadisk"), data, 0o644, now)?;
    if !first {
        return Ok(());
    }
    let kept = image(mac, uid);
    mac.disk.make_dirs(uid, kept.parent().unwrap_or(&kept), 0o755, now)?;
    mac.disk.write(uid, &kept, Content::Made { size: fetched, seed: fetched }, 0o644, now)?;
    mac.disk.write(
        uid,
        &folder.join("diffdisk"),
        Content::Sparse { size: 20 << 30, held: 2_100_000_000 },
        0o644,
        now,
    )?;
    put(mac, uid, &vm.home.join("_lima/_config/networks.yaml"), "paths:\n  socketVMNet: \"\"\n")?;
    put(mac, uid, &vm.home.join("_lima/_config/user"), "PRIVATE KEY")?;
    put(mac, uid, &vm.home.join("_lima/_config/user.pub"), "ssh-ed25519 AAAA lima")?;
    put(mac, uid, &vm.home.join("_lima/_networks/user-v2/fd.sock"), "")
}

/// Lima's own process has begun.
pub(super) fn agent(mac: &mut Mac, profile: &str, vm: &Vm, agent: u32) {
    lay(mac, vm.uid, &instance(&vm.home, profile).join("ha.pid"), format!("{agent}\n"));
    lay(
        mac,
        vm.uid,
        &data_disk(&vm.home, profile).join("in_use_by"),
        instance(&vm.home, profile).into_string(),
    );
}

/// Its engine answers: what it was started as is written down, and docker is told of it.
pub(super) fn up(mac: &mut Mac, profile: &str, vm: &Vm) {
    lay(mac, vm.uid, &instance(&vm.home, profile).join("colima.yaml"), settings(vm.size));
    lay(
        mac,
        vm.uid,
        &store(&vm.home, profile),
        "{\n  \"disk_formatted\": true,\n  \"disk_runtime\": \"docker\"\n}",
    );
    lay(mac, vm.uid, &vm.home.join("ssh_config"), format!("Host {}\n", instance_name(profile)));
    let socket = vm.socket(profile);
    lay(mac, vm.uid, &socket, "");
    let name = instance_name(profile);
    let told = format!(
        "{{\"Name\":\"{name}\",\"Metadata\":{{\"Description\":\"{name}\"}},\"Endpoints\":{{\"docker\":{{\"Host\":\"unix://{socket}\",\"SkipTLSVerify\":false}}}}}}"
    );
    lay(mac, vm.uid, &context(vm, profile).join("meta.json"), told);
}

fn context(vm: &Vm, profile: &str) -> Utf8PathBuf {
    vm.docker.join("contexts/meta").join(hex(&Sha256::digest(instance_name(profile))))
}

/// It is down: its marks, its socket and its context go.
pub(super) fn down(mac: &mut Mac, profile: &str, vm: &Vm) {
    let folder = context(vm, profile);
    for path in [
        instance(&vm.home, profile).join("ha.pid"),
        data_disk(&vm.home, profile).join("in_use_by"),
        vm.socket(profile),
        folder.join("meta.json"),
        folder,
    ] {
        remove(mac, &path);
    }
    lay(mac, vm.uid, &vm.home.join("ssh_config"), "");
}

/// It is deleted; its data too only when asked (docs/service-facts.md#colima-delete).
pub(super) fn delete(mac: &mut Mac, profile: &str, vm: &Vm, data: bool) {
    tree(mac, &instance(&vm.home, profile));
    tree(mac, &vm.home.join(profile));
    if data {
        tree(mac, &data_disk(&vm.home, profile));
        remove(mac, &store(&vm.home, profile));
    }
    lay(mac, vm.uid, &vm.home.join("ssh_config"), "");
}

fn tree(mac: &mut Mac, path: &Utf8Path) {
    for name in mac.disk.list(0, path).unwrap_or_default() {
        tree(mac, &path.join(name));
    }
    remove(mac, path);
}

/// What is not there need not go.
fn remove(mac: &mut Mac, path: &Utf8Path) {
    let now = mac.state.now;
    let _absent = mac.disk.remove(0, path, now);
}
