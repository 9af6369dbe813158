//! Secrets of forgectl's own: made from the Mac's seed, and put behind the door into what holds them.

use anyhow::{Result, anyhow};
use camino::Utf8Path;
use sha2::{Digest, Sha256};

use super::{
    Mac, USER,
    changing::{own_file, put},
    machine::refused,
};
use crate::value::{SecretName, SecretShape, Text};

/// Makes a secret unless there is one. What is lost comes back as another.
pub(super) fn make(mac: &mut Mac, path: &Utf8Path, shape: &SecretShape) -> Result<()> {
    own_file(mac, path)?;
    if mac.disk.node(path).is_some() {
        return Ok(());
    }
    let made = mac.state.secrets_made.entry(path.to_owned()).or_default();
    *made += 1;
    let (seed, nth, mut block) = (mac.state.seed, *made, 0_u32);
    let Ok(value) = shape.make(|bytes| {
        for chunk in bytes.chunks_mut(32) {
            block += 1;
            let digest = Sha256::digest(format!("{seed} {path} {nth} {block}"));
            chunk.iter_mut().zip(digest).for_each(|(byte, random)| *byte = random);
        }
        Ok::<_, std::convert::Infallible>(())
    });
    put(mac, path, value.into_bytes(), 0o600)
}

/// Puts one file into the place of another. One that is gone already was put there before.
pub(super) fn supersede(mac: &mut Mac, from: &Utf8Path, to: &Utf8Path) -> Result<()> {
    own_file(mac, to)?;
    if mac.disk.node(from).is_none() {
        return Ok(());
    }
    let content = own_file(mac, from)?;
    put(mac, to, content, 0o600)?;
    let now = mac.state.now;
    mac.disk.remove(USER, from, now).map_err(|error| refused(from, &error))
}

/// `text` with the values of the secrets that lie in `folder`.
pub(in crate::sim) fn filled(mac: &mut Mac, text: &Text, folder: &Utf8Path) -> Result<String> {
    text.fill(|name| value(mac, folder, name))
}

fn value(mac: &mut Mac, folder: &Utf8Path, name: &SecretName) -> Result<String> {
    let path = folder.join(name.as_str());
    let content = mac.disk.read(USER, &path).map_err(|error| refused(&path, &error))?;
    let bytes = content.bytes(u64::MAX).unwrap_or_default().into_owned();
    String::from_utf8(bytes).map_err(|_| anyhow!("the secret `{path}` is no text"))
}

/// Puts a text with secrets in place, in a file that only its owner can read.
pub(super) fn render(mac: &mut Mac, path: &Utf8Path, content: &Text, folder: &Utf8Path) -> Result<()> {
    let filled = filled(mac, content, folder)?;
    super::changing::write(mac, path, filled.as_bytes(), 0o600)?;
    let real = mac.disk.resolve(path).unwrap_or_else(|| path.to_owned());
    mac.disk.chmod(USER, &real, 0o600).map_err(|error| refused(path, &error))
}
