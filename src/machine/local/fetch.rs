//! Files from other machines, checked before they are put in place.
#![expect(clippy::disallowed_methods, reason = "part of the real adapter")]

use std::{
    fs,
    io::{Read, Write},
    os::unix::fs::OpenOptionsExt,
};

use anyhow::{Context, Result, anyhow, ensure};
use camino::Utf8Path;
use sha2::{Digest, Sha256};

use super::{far::Far, files::Files, http, own_files, replace};
use crate::{
    machine::{Identity, Tell},
    value::hex,
};

/// Bytes that are read at a time.
const CHUNK: usize = 64 * 1024;

/// What is fetched, and where to.
#[derive(Clone, Copy)]
pub(super) struct Wish<'w> {
    pub(super) url: &'w str,
    pub(super) sha256: &'w str,
    pub(super) path: &'w Utf8Path,
}

impl Far {
    /// Fetches a file and puts it in place.
    pub(super) fn fetch(&self, files: &Files, who: &Identity, wish: Wish, tell: &dyn Tell) -> Result<()> {
        let host = own_files::ready(files, who, wish.path)?;
        let beside = replace::beside(&host);
        let fetched = self.download(&wish, &beside, tell).and_then(|()| {
            fs::rename(&beside, &host)?;
            Ok(replace::sync_folder_of(&host)?)
        });
        if fetched.is_err() {
            let _ = fs::remove_file(&beside);
        }
        fetched.with_context(|| format!("fetching `{}`", wish.url))
    }

    fn download(&self, wish: &Wish, to: &Utf8Path, tell: &dyn Tell) -> Result<()> {
        let (url, wanted) = self.file(wish.url, wish.sha256).map_err(|why| anyhow!(why))?;
        let mut reply = self.open(&url, None).map_err(|why| anyhow!(why))?;
        ensure!(reply.status().as_u16() == 200, "the server answered {}", reply.status().as_u16());
        let total = reply.content_length();
        let mut file = match fs::remove_file(to) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
            _ => fs::File::options().write(true).create_new(true).mode(0o600).open(to)?,
        };
        let (mut hash, mut done, mut chunk) = (Sha256::new(), 0_u64, vec![0; CHUNK]);
        loop {
            let broke_off = |error| {
                anyhow!(
                    "it broke off after {done} bytes: {}",
                    http::deepest(&error as &dyn std::error::Error)
                )
            };
            let read = reply.read(&mut chunk).map_err(broke_off)?;
            let Some(bytes) = chunk.get(..read).filter(|bytes| !bytes.is_empty()) else { break };
            hash.update(bytes);
            file.write_all(bytes)?;
            done += bytes.len() as u64;
            tell.bytes(done, total);
        }
        file.sync_all()?;
        let found = hex(&hash.finalize());
        ensure!(found == wanted, "its SHA-256 is {found}, and not {wanted}");
        Ok(())
    }
}
