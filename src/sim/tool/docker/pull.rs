use std::{collections::VecDeque, time::Duration};

use anyhow::Result;
use camino::Utf8PathBuf;

use super::{
    Engine, asking,
    engine::unpacked,
    image::Image,
    reference::Reference,
    refusal::{Refused, refused},
    registry::{Layer, Published},
    unreachable,
};
use crate::{
    machine::{Look, Tell, Wait, engine::EngineFault},
    sim::{Fault, Mac, Sim, answering::FAR},
};

/// How often it is told how far a pull is.
const TICK: Duration = Duration::from_millis(200);

/// How many layers come at the same time.
const AT_ONCE: usize = 3;

/// How often the engine asks for a layer that breaks off, and how much longer it waits each time.
const TRIES: u32 = 5;
const RETRIES_AFTER: Duration = Duration::from_secs(5);

/// Bits in a byte times milliseconds in a second.
const SCALE: u64 = 8_000;

const FULL: &str = "failed to register layer: write /usr/lib/libcrypto.so.3: no space left on device";

/// A pull that somebody waits for; it ends when they no longer do, and leaves nothing then.
struct Pulling<'s> {
    sim: &'s Sim,
    socket: &'s Utf8PathBuf,
    /// Layers that are still to come, and bytes of each that have.
    missing: VecDeque<(Layer, u64)>,
    /// Bytes in all.
    total: u64,
    /// Bytes on the disk of layers that are whole.
    unpacked: u64,
    tries: u32,
}

/// Fetches an image for forgectl (docs/service-facts.md#pull-retries).
pub(super) fn pull(
    sim: &Sim,
    socket: &Utf8PathBuf,
    reference: &str,
    platform: &str,
    tell: &dyn Tell,
) -> Result<Result<(), EngineFault>> {
    let reference = Reference::read(reference);
    sim.wait(FAR * 3, Wait::Poll)?;
    let found = sim.with_mac(|mac| find(mac, socket, &reference, platform));
    let published = match found {
        Ok(published) => published,
        Err(fault) => return Ok(Err(fault)),
    };
    let layers = published.layers(platform);
    let total = layers.iter().map(|layer| layer.size).sum();
    let missing = sim.with_mac(|mac| missing(mac, socket, layers));
    let dies = std::mem::take(&mut sim.life().dies_within);
    let pulling = Pulling { sim, socket, missing, total, unpacked: 0, tries: 0 };
    pulling.begin();
    if let Err(fault) = pulling.flow(dies, tell)? {
        return Ok(Err(fault));
    }
    sim.with_mac(|mac| keep(mac, socket, &reference, &published, platform));
    Ok(Ok(()))
}

/// An image that has come whole is there; says whether its engine still is.
pub(super) fn keep(
    mac: &mut Mac,
    socket: &Utf8PathBuf,
    reference: &Reference,
    published: &Published,
    platform: &str,
) -> bool {
    let Some(engine) = mac.state.engines.get_mut(socket) else { return false };
    engine.take_tag_from_others(reference, &published.id(platform));
    let image = engine.images.entry(published.id(platform));
    image.or_insert_with(|| Image::of(published, platform)).name(reference, published);
    true
}

/// What a registry has under a reference for a platform.
pub(super) fn find(
    mac: &mut Mac,
    socket: &Utf8PathBuf,
    reference: &Reference,
    platform: &str,
) -> Result<Published, EngineFault> {
    up(mac, socket)?;
    asking::reach(mac, reference)?;
    let unknown =
        || refused(404, format!("manifest for {reference} not found: manifest unknown: manifest unknown"));
    let published = mac.state.internet.images.find(reference).cloned().ok_or_else(unknown)?;
    if published.platforms.iter().any(|own| own == platform) {
        Ok(published)
    } else {
        Err(refused(404, format!("no matching manifest for {platform} in the manifest list entries")).into())
    }
}

/// Fails once an engine does not answer any more.
fn up(mac: &Mac, socket: &Utf8PathBuf) -> Result<(), EngineFault> {
    match mac.state.engines.get(socket) {
        Some(engine) if engine.up.is_some() => Ok(()),
        engine => Err(unreachable(socket, engine)),
    }
}

/// The layers that an engine lacks.
pub(super) fn missing(mac: &Mac, socket: &Utf8PathBuf, layers: Vec<Layer>) -> VecDeque<(Layer, u64)> {
    let engine = mac.state.engines.get(socket);
    let has = |layer: &Layer| engine.is_some_and(|engine| engine.has_layers().contains(&layer.digest));
    layers.into_iter().filter(|layer| !has(layer)).map(|layer| (layer, 0)).collect()
}

impl Pulling<'_> {
    fn begin(&self) {
        self.sim.with_mac(|mac| {
            if let Some(engine) = mac.state.engines.get_mut(self.socket) {
                engine.pulling += 1;
            }
        });
    }

    fn flow(mut self, dies: bool, tell: &dyn Tell) -> Result<Result<(), EngineFault>> {
        let half = self.left() / 2;
        let mut breaks = self.break_point();
        tell.bytes(self.total - self.left(), Some(self.total));
        while !self.missing.is_empty() {
            let (tick, bytes) = self.tick();
            self.sim.wait(tick, Wait::Poll)?;
            if let Err(fault) = self.sim.with_mac(|mac| up(mac, self.socket)) {
                return Ok(Err(fault));
            }
            let until_break = breaks.map_or(u64::MAX, |left| self.left().saturating_sub(left));
            if let Err(why) = self.take(bytes.min(until_break)) {
                return Ok(Err(why.into()));
            }
            tell.bytes(self.total - self.left(), Some(self.total));
            if dies && self.left() <= half {
                return Err(self.sim.die());
            }
            if breaks.is_some_and(|left| self.left() <= left) {
                self.tries += 1;
                if self.tries == TRIES {
                    return Ok(Err(refused(200, "unexpected EOF").into()));
                }
                self.sim.wait(RETRIES_AFTER * self.tries, Wait::Poll)?;
                breaks = self.break_point();
            }
        }
        Ok(Ok(()))
    }

    /// Where it breaks off, if it is to: with a third of what is missing left.
    fn break_point(&self) -> Option<u64> {
        let cut =
            !self.missing.is_empty() && self.sim.with_mac(|mac| mac.state.faults.take(Fault::ImagePullCut));
        cut.then(|| self.left() / 3)
    }

    /// The time until it is next told how far it is, and the bytes that come until then.
    fn tick(&self) -> (Duration, u64) {
        let (rate, shared) = self.sim.with_mac(|mac| {
            let shared = mac.state.engines.get(self.socket).map_or(1, |engine| engine.pulling.max(1));
            (mac.state.bandwidth.max(SCALE) / SCALE, u64::from(shared))
        });
        let needed = self.left() * shared / rate + 1;
        let tick = TICK.min(Duration::from_millis(needed)).max(Duration::from_millis(needed / 50));
        let millis = u64::try_from(tick.as_millis()).unwrap_or(u64::MAX);
        (tick, rate.saturating_mul(millis) / shared + 1)
    }

    fn left(&self) -> u64 {
        self.missing.iter().map(|(layer, come)| layer.size - come).sum()
    }

    /// Takes bytes that have come; a layer that is whole is unpacked.
    fn take(&mut self, mut bytes: u64) -> Result<(), Refused> {
        while bytes > 0 && !self.missing.is_empty() {
            let open = self.missing.len().min(AT_ONCE) as u64;
            let share = (bytes / open).max(1);
            let mut taken = 0;
            for (layer, come) in self.missing.iter_mut().take(AT_ONCE) {
                let more = share.min(layer.size - *come).min(bytes - taken);
                *come += more;
                taken += more;
            }
            bytes -= taken;
            self.sim.with_mac(|mac| mac.state.meter.downloaded += taken);
            let (whole, rest): (VecDeque<_>, _) =
                std::mem::take(&mut self.missing).into_iter().partition(|(layer, come)| *come == layer.size);
            self.missing = rest;
            for (layer, _) in whole {
                self.unpack(&layer)?;
            }
        }
        Ok(())
    }

    fn unpack(&mut self, layer: &Layer) -> Result<(), Refused> {
        self.unpacked += unpacked(layer.size);
        let full = self.sim.with_mac(|mac| {
            let engine = mac.state.engines.get(self.socket);
            engine.is_some_and(|engine| engine.used() + self.unpacked > engine.disk)
                || mac.state.faults.take(Fault::EngineDiskFull)
        });
        if full { Err(refused(200, FULL)) } else { Ok(()) }
    }
}

impl Drop for Pulling<'_> {
    fn drop(&mut self) {
        self.sim.with_mac(|mac| {
            if let Some(engine) = mac.state.engines.get_mut(self.socket) {
                engine.pulling = engine.pulling.saturating_sub(1);
            }
        });
    }
}

impl Engine {
    /// A tag stands for one image only.
    pub(super) fn take_tag_from_others(&mut self, reference: &Reference, id: &str) {
        let Some(tagged) = reference.tagged().filter(|_| reference.digest.is_none()) else { return };
        for (_, other) in self.images.iter_mut().filter(|(other, _)| *other != id) {
            other.tags.remove(&tagged);
        }
    }
}
