use std::{collections::BTreeMap, fmt::Display, net::SocketAddr, time::Duration};

use anyhow::{Context, Result, anyhow};
use camino::{Utf8Path, Utf8PathBuf};
use jiff::Timestamp;

use super::engine::{
    ContainerLine, ContainerView, EngineAnswer, EngineFault, EngineInfo, EngineQuery, EngineVersion,
    ImageLine, ImageView, LogLine, NetworkView, UpstreamImage, VolumeView,
};
use super::{
    Answer, Identity, Listener, Look, Output, Query, Reply, Space, Stat, Tool, Wait,
    tool::{
        launchctl::{self, JobView, Printed},
        pmset, sysctl,
    },
};
use crate::value::{Domain, PowerSource};

/// A wait as a value: how often to look, and how long in all.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// Between two looks.
    pub every: Duration,
    /// In all; zero looks once.
    pub limit: Duration,
    /// How an interruption is taken.
    pub how: Wait,
}

/// A method with its own return type for every query, so that nobody opens an [`Answer`].
pub trait Looking: Look {
    /// The content of a file, if there is one.
    fn read(&self, path: &Utf8Path) -> Result<Option<Vec<u8>>> {
        match self.look(&Query::Read(path.to_owned()))? {
            Answer::Bytes(bytes) => Ok(bytes),
            other => Err(mismatch("read", &other)),
        }
    }

    /// The content of a text file, if there is one; bytes that are not UTF-8 are replaced.
    fn read_text(&self, path: &Utf8Path) -> Result<Option<String>> {
        Ok(self.read(path)?.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
    }

    /// At most `most` bytes of a file from `from` on, if there is one; fewer only where it ends.
    fn read_part(&self, path: &Utf8Path, from: u64, most: u64) -> Result<Option<Vec<u8>>> {
        match self.look(&Query::Part { path: path.to_owned(), from, most })? {
            Answer::Bytes(bytes) => Ok(bytes),
            other => Err(mismatch("read", &other)),
        }
    }

    /// What is at a path, links not followed.
    fn stat(&self, path: &Utf8Path) -> Result<Option<Stat>> {
        match self.look(&Query::Stat(path.to_owned()))? {
            Answer::Stat(stat) => Ok(stat),
            other => Err(mismatch("stat", &other)),
        }
    }

    /// The sorted names in a folder, if there is one.
    fn list(&self, path: &Utf8Path) -> Result<Option<Vec<String>>> {
        match self.look(&Query::List(path.to_owned()))? {
            Answer::Names(names) => Ok(names),
            other => Err(mismatch("list", &other)),
        }
    }

    /// A path after all links, if something is there.
    fn resolve(&self, path: &Utf8Path) -> Result<Option<Utf8PathBuf>> {
        match self.look(&Query::Resolve(path.to_owned()))? {
            Answer::Path(path) => Ok(path),
            other => Err(mismatch("resolve", &other)),
        }
    }

    /// SHA-256 of a file in lower-case hex, if there is one.
    fn digest(&self, path: &Utf8Path) -> Result<Option<String>> {
        match self.look(&Query::Digest(path.to_owned()))? {
            Answer::Digest(digest) => Ok(digest),
            other => Err(mismatch("digest", &other)),
        }
    }

    /// Room on the volume that holds `path`.
    fn space(&self, path: &Utf8Path) -> Result<Space> {
        match self.look(&Query::Space(path.to_owned()))? {
            Answer::Space(space) => Ok(space),
            other => Err(mismatch("space", &other)),
        }
    }

    /// Who accepts connections where a server is to listen; see [`Query::Listeners`].
    fn listeners(&self, socket: SocketAddr) -> Result<Vec<Listener>> {
        match self.look(&Query::Listeners(socket))? {
            Answer::Listeners(listeners) => Ok(listeners),
            other => Err(mismatch("listeners", &other)),
        }
    }

    /// Who forgectl is there.
    fn identity(&self) -> Result<Identity> {
        match self.look(&Query::Identity)? {
            Answer::Identity(identity) => Ok(*identity),
            other => Err(mismatch("identity", &other)),
        }
    }

    /// What a read-only command left.
    fn tool(&self, tool: Tool) -> Result<Output> {
        match self.look(&Query::Tool(tool))? {
            Answer::Ran(output) => Ok(output),
            other => Err(mismatch("a command", &other)),
        }
    }

    /// What a server answered, or why none could be reached.
    fn get(&self, url: &str) -> Result<Result<Reply, String>> {
        match self.look(&Query::Get(url.to_owned()))? {
            Answer::Reply(reply) => Ok(reply),
            other => Err(mismatch("GET", &other)),
        }
    }

    /// Which engine answers at `socket`.
    fn engine_version(&self, socket: &Utf8Path) -> Result<Result<EngineVersion, EngineFault>> {
        match self.ask_engine(socket, EngineQuery::Version)? {
            Ok(EngineAnswer::Version(found)) => Ok(Ok(found)),
            Err(fault) => Ok(Err(fault)),
            Ok(other) => Err(anyhow!("an engine was asked something and answered otherwise: {other:?}")),
        }
    }

    /// The machine of the engine at `socket`.
    fn engine_info(&self, socket: &Utf8Path) -> Result<Result<EngineInfo, EngineFault>> {
        match self.ask_engine(socket, EngineQuery::Info)? {
            Ok(EngineAnswer::Info(found)) => Ok(Ok(found)),
            Err(fault) => Ok(Err(fault)),
            Ok(other) => Err(anyhow!("an engine was asked something and answered otherwise: {other:?}")),
        }
    }

    /// All containers of the engine at `socket`.
    fn containers(&self, socket: &Utf8Path) -> Result<Result<Vec<ContainerLine>, EngineFault>> {
        match self.ask_engine(socket, EngineQuery::Containers)? {
            Ok(EngineAnswer::Containers(found)) => Ok(Ok(found)),
            Err(fault) => Ok(Err(fault)),
            Ok(other) => Err(anyhow!("an engine was asked something and answered otherwise: {other:?}")),
        }
    }

    /// One container.
    fn container(
        &self,
        socket: &Utf8Path,
        name: &str,
    ) -> Result<Result<Option<Box<ContainerView>>, EngineFault>> {
        match self.ask_engine(socket, EngineQuery::Container(name.to_owned()))? {
            Ok(EngineAnswer::Container(found)) => Ok(Ok(found)),
            Err(fault) => Ok(Err(fault)),
            Ok(other) => Err(anyhow!("an engine was asked something and answered otherwise: {other:?}")),
        }
    }

    /// All images of the engine at `socket`.
    fn images(&self, socket: &Utf8Path) -> Result<Result<Vec<ImageLine>, EngineFault>> {
        match self.ask_engine(socket, EngineQuery::Images)? {
            Ok(EngineAnswer::Images(found)) => Ok(Ok(found)),
            Err(fault) => Ok(Err(fault)),
            Ok(other) => Err(anyhow!("an engine was asked something and answered otherwise: {other:?}")),
        }
    }

    /// One image.
    fn image(
        &self,
        socket: &Utf8Path,
        reference: &str,
    ) -> Result<Result<Option<Box<ImageView>>, EngineFault>> {
        match self.ask_engine(socket, EngineQuery::Image(reference.to_owned()))? {
            Ok(EngineAnswer::Image(found)) => Ok(Ok(found)),
            Err(fault) => Ok(Err(fault)),
            Ok(other) => Err(anyhow!("an engine was asked something and answered otherwise: {other:?}")),
        }
    }

    /// All networks of the engine at `socket`.
    fn networks(&self, socket: &Utf8Path) -> Result<Result<Vec<NetworkView>, EngineFault>> {
        match self.ask_engine(socket, EngineQuery::Networks)? {
            Ok(EngineAnswer::Networks(found)) => Ok(Ok(found)),
            Err(fault) => Ok(Err(fault)),
            Ok(other) => Err(anyhow!("an engine was asked something and answered otherwise: {other:?}")),
        }
    }

    /// All volumes of the engine at `socket`.
    fn volumes(&self, socket: &Utf8Path) -> Result<Result<Vec<VolumeView>, EngineFault>> {
        match self.ask_engine(socket, EngineQuery::Volumes)? {
            Ok(EngineAnswer::Volumes(found)) => Ok(Ok(found)),
            Err(fault) => Ok(Err(fault)),
            Ok(other) => Err(anyhow!("an engine was asked something and answered otherwise: {other:?}")),
        }
    }

    /// What a registry has under a reference, as the engine at `socket` finds it.
    fn upstream_image(
        &self,
        socket: &Utf8Path,
        reference: &str,
    ) -> Result<Result<Option<UpstreamImage>, EngineFault>> {
        match self.ask_engine(socket, EngineQuery::Upstream(reference.to_owned()))? {
            Ok(EngineAnswer::Upstream(found)) => Ok(Ok(found)),
            Err(fault) => Ok(Err(fault)),
            Ok(other) => Err(anyhow!("an engine was asked something and answered otherwise: {other:?}")),
        }
    }

    /// What a container has written last, at most `lines` lines, nothing before `since`.
    fn container_log(
        &self,
        socket: &Utf8Path,
        container: &str,
        lines: u32,
        since: Option<Timestamp>,
    ) -> Result<Result<Vec<LogLine>, EngineFault>> {
        match self.ask_engine(socket, EngineQuery::Logs { container: container.to_owned(), lines, since })? {
            Ok(EngineAnswer::Logs(found)) => Ok(Ok(found)),
            Err(fault) => Ok(Err(fault)),
            Ok(other) => Err(anyhow!("an engine was asked something and answered otherwise: {other:?}")),
        }
    }

    /// One question to a container engine.
    fn ask_engine(&self, socket: &Utf8Path, query: EngineQuery) -> Result<Result<EngineAnswer, EngineFault>> {
        match self.look(&Query::Engine(socket.to_owned(), query))? {
            Answer::Engine(answer) => Ok(answer),
            other => Err(mismatch("an engine", &other)),
        }
    }

    /// The values of those of `names` that this machine has.
    fn sysctl(&self, names: &[&'static str]) -> Result<BTreeMap<String, String>> {
        Ok(sysctl::parse(&self.tool(Tool::Sysctl(names.to_vec()))?.stdout))
    }

    /// The settings of every power source that this machine has.
    fn power_settings(&self) -> Result<BTreeMap<PowerSource, BTreeMap<String, String>>> {
        let output = self.tool(Tool::PowerSettings)?;
        if output.ok() {
            Ok(pmset::parse(&output.stdout))
        } else {
            Err(anyhow!("`pmset -g custom` answered: {}", output.said()))
        }
    }

    /// The jobs of the caller's own domain, by label.
    fn jobs(&self) -> Result<BTreeMap<String, launchctl::Listed>> {
        let output = self.tool(Tool::Jobs)?;
        if output.ok() {
            Ok(launchctl::parse_list(&output.stdout))
        } else {
            Err(anyhow!("`launchctl list` answered: {}", output.said()))
        }
    }

    /// One job as launchd has it.
    fn job(&self, domain: Domain, label: &str) -> Result<JobView> {
        let output = self.tool(Tool::Job(domain, label.to_owned()))?;
        launchctl::view(&output).with_context(|| format!("`launchctl print {domain}/{label}`"))
    }

    /// One loaded job as launchd has it.
    fn loaded_job(&self, domain: Domain, label: &str) -> Result<Option<Printed>> {
        Ok(match self.job(domain, label)? {
            JobView::Loaded(printed) => Some(*printed),
            JobView::NotLoaded | JobView::NoDomain => None,
        })
    }

    /// The labels of a domain that are switched off by an override. A user's domains share theirs, so that those of one without
    /// a graphical session can still be read (docs/mac-facts.md#launchd-override).
    fn disabled_labels(&self, domain: Domain) -> Result<Vec<String>> {
        let mut output = self.tool(Tool::Overrides(domain))?;
        if let (false, Domain::Gui(uid)) = (output.ok(), domain) {
            output = self.tool(Tool::Overrides(Domain::User(uid)))?;
        }
        if output.ok() {
            Ok(launchctl::parse_disabled(&output.stdout))
        } else {
            Err(anyhow!("`launchctl print-disabled {domain}` answered: {}", output.said()))
        }
    }

    /// Looks with `probe` until it finds something. `what` is who is to do what: "`x` to answer". `probe` answers
    /// `Err(last answer)` when it is not so far; the time-out error carries the last of these.
    fn until<T, E: Display>(
        &self,
        what: &str,
        patience: Patience,
        mut probe: impl FnMut() -> Result<Result<T, E>>,
    ) -> Result<T> {
        let began = self.now();
        let mut paused = Duration::ZERO;
        loop {
            let last = match probe()? {
                Ok(found) => return Ok(found),
                Err(last) => last,
            };
            // A probe takes its time too; should the clock be set back, the pauses still count.
            let passed = Duration::try_from(self.now().duration_since(began)).unwrap_or_default();
            let waited = passed.max(paused);
            if waited >= patience.limit {
                return Err(match what.split_once(" to ") {
                    Some((who, act)) if patience.limit.is_zero() => anyhow!("{who} does not {act}: {last}"),
                    _ => anyhow!("waited {} s for {what}; the last answer: {last}", waited.as_secs()),
                });
            }
            let pause =
                patience.every.min(patience.limit.saturating_sub(waited)).max(Duration::from_millis(1));
            self.wait(pause, patience.how)?;
            paused += pause;
        }
    }
}

impl<L: Look + ?Sized> Looking for L {}

fn mismatch(query: &str, answer: &Answer) -> anyhow::Error {
    anyhow!("{query} was answered with something else: {answer:?}")
}
