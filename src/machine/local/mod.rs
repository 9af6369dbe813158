//! The real adapter: this Mac, or a folder that stands for one.
#![expect(clippy::disallowed_methods, reason = "part of the real adapter")]

mod awake;
mod changing;
mod command;
mod crew;
mod engine;
mod far;
mod fetch;
mod files;
mod http;
mod identity;
mod judge;
mod lines;
mod listeners;
mod lock;
pub mod near;
pub mod offspring;
mod own_files;
mod owners;
mod process;
mod replace;
mod root;
pub mod signals;
mod sparse;
mod sudo;
mod surroundings;
mod tampering;

use std::{
    io,
    net::SocketAddr,
    sync::{Mutex, OnceLock, PoisonError},
    time::Duration,
};

use anyhow::{Context, Result};
use camino::Utf8Path;
use jiff::Timestamp;

use self::{
    awake::Awake, engine::Engines, far::Far, fetch::Wish, files::absent_is_none, http::Http, sudo::Renewal,
};
pub use self::{
    far::Outside,
    files::Files,
    judge::is_sealed,
    owners::{Marks, Owners, Table, USER},
    root::Last,
    sparse::Sparse,
    tampering::Laid,
};
use super::{
    Answer, Change, Identity, Listener, Look, Machine, Outcome, Query, Quiet, Sudo, Task, Tell, Tool, Wait,
    tool,
};

/// How long a read-only command may take; `softwareupdate -l` asks Apple.
const TOOL: Duration = Duration::from_mins(1);
const UPDATES: Duration = Duration::from_mins(5);

/// This Mac, or a Mac that lies in a folder and whose every path is under it.
pub struct Local {
    files: Files,
    who: OnceLock<Identity>,
    http: Http,
    far: Far,
    engines: Engines,
    ticket: Mutex<Option<Renewal>>,
    awake: Mutex<Option<Awake>>,
}

impl Local {
    /// The Mac that forgectl runs on. From here on the first Ctrl-C asks to stop and the second stops at once.
    pub fn this_mac() -> Result<Self> {
        Self::with(Files::here())
    }

    /// The Mac whose `/` is `root`, with its owners noted in `owners.json` beside it. Signals as with [`Local::this_mac`].
    pub fn under(root: &Utf8Path) -> Result<Self> {
        let real = root.canonicalize_utf8().with_context(|| format!("opening the root folder `{root}`"))?;
        Self::with(Files::under(&real))
    }

    /// The same, reaching no other machine but what stands for these outside addresses here.
    #[must_use]
    pub fn reaching_only(mut self, outside: Outside) -> Self {
        self.engines = Engines::only(outside.engine.clone());
        self.far = Far::only(outside);
        self
    }

    fn with(files: Files) -> Result<Self> {
        signals::listen()?;
        Ok(Self {
            files,
            who: OnceLock::new(),
            http: Http::default(),
            far: Far::default(),
            engines: Engines::default(),
            ticket: Mutex::default(),
            awake: Mutex::default(),
        })
    }

    fn who(&self) -> Result<&Identity> {
        if let Some(who) = self.who.get() {
            return Ok(who);
        }
        let who = match self.files.owners() {
            Some(_) => identity::under(&self.files)?,
            None => identity::here(&command::groups()?)?,
        };
        Ok(self.who.get_or_init(|| who))
    }

    fn tool(&self, tool: &Tool) -> Result<super::Output> {
        let far = matches!(tool, Tool::Updates | Tool::Packages { .. });
        let limit = if far { UPDATES } else { TOOL };
        let command = super::Command { argv: tool.argv(), ..super::Command::new(&[]).limit(limit) };
        command::run(&self.files, self.who()?, &command, &Quiet)
    }

    /// A connection is tried first: it takes no process, and it finds what `lsof` may not see (docs/mac-facts.md#lsof-others-hidden).
    fn listeners(&self, socket: SocketAddr) -> Result<Vec<Listener>> {
        let accepted = listeners::accepts(socket);
        if accepted.is_none() && !socket.ip().is_unspecified() {
            return Ok(vec![]);
        }
        let argv = tool::lsof::argv(socket.port());
        let command = super::Command::new(&argv.each_ref().map(String::as_str));
        let found = command::run(&self.files, self.who()?, &command, &Quiet)?;
        Ok(tool::lsof::in_the_way(&found.stdout, socket, accepted, |at| listeners::accepts(at).is_some()))
    }

    fn sudo(&self, wanted: &Sudo) -> Result<Outcome> {
        let mut ticket = self.ticket.lock().unwrap_or_else(PoisonError::into_inner);
        match wanted {
            Sudo::Release => {
                *ticket = None;
                Ok(Outcome::Done)
            }
            Sudo::Keep => {
                let sudo = command::sudo(&self.files, self.who()?)?;
                *ticket = Some(Renewal::start(move || sudo.build()));
                Ok(Outcome::Done)
            }
            Sudo::Ask { reasons } => {
                let who = self.who()?;
                let sudo = command::sudo(&self.files, who)?;
                let output = sudo::ask(sudo.build(), reasons).context("running `sudo -v`")?;
                if output.ok() {
                    *ticket = Some(Renewal::start(move || sudo.build()));
                }
                Ok(Outcome::Ran(output))
            }
        }
    }

    fn keep_awake(&self) -> Result<Outcome> {
        let mut awake = self.awake.lock().unwrap_or_else(PoisonError::into_inner);
        if awake.is_none() {
            let caffeinate = command::caffeinate(&self.files, self.who()?)?;
            *awake = Some(Awake::start(caffeinate).context("running `caffeinate`")?);
        }
        Ok(Outcome::Done)
    }
}

impl Look for Local {
    fn look(&self, query: &Query) -> Result<Answer> {
        let files = &self.files;
        Ok(match query {
            Query::Read(path) => Answer::Bytes(looked("reading", path, files.read(path))?),
            Query::Part { path, from, most } => {
                Answer::Bytes(looked("reading", path, files.read_part(path, *from, *most))?)
            }
            Query::Stat(path) => Answer::Stat(looked("looking at", path, files.stat(path))?.flatten()),
            Query::List(path) => Answer::Names(looked("listing", path, files.list(path))?),
            Query::Digest(path) => Answer::Digest(looked("reading", path, files.digest(path))?),
            Query::Resolve(path) => Answer::Path(looked("following", path, files.resolve(path))?.flatten()),
            Query::Space(path) => {
                Answer::Space(files.space(path).with_context(|| format!("measuring the volume of `{path}`"))?)
            }
            Query::Listeners(socket) => Answer::Listeners(self.listeners(*socket)?),
            Query::Identity => Answer::Identity(Box::new(self.who()?.clone())),
            Query::Tool(tool) => Answer::Ran(self.tool(tool)?),
            Query::Engine(socket, query) => Answer::Engine(self.engines.ask(&self.files, socket, query)?),
            Query::Get(url) if url.starts_with("https://") => Answer::Reply(self.far.get(url)),
            Query::Get(url) => Answer::Reply(self.http.get(url)),
        })
    }

    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn wait(&self, time: Duration, how: Wait) -> Result<()> {
        Ok(signals::wait(time, how)?)
    }
}

impl Machine for Local {
    fn change(&self, change: &Change, tell: &dyn Tell) -> Result<Outcome> {
        let files = &self.files;
        match change {
            Change::Write { path, content, mode } => {
                files.write(path, content, *mode).with_context(|| format!("writing `{path}`"))?;
            }
            Change::Render { path, content, secrets } => {
                let filled = own_files::filled(files, self.who()?, content, secrets)?;
                files.write_closed(path, filled.as_bytes()).with_context(|| format!("writing `{path}`"))?;
            }
            Change::MakeDir { path, mode } => match files.make_dir(path, *mode) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists && is_folder(files, path) => {}
                made => made.with_context(|| format!("making the folder `{path}`"))?,
            },
            Change::Remove { path } | Change::Forget { path } => {
                looked("removing", path, files.remove(path))?;
            }
            Change::RemoveTree { path } => {
                looked("removing", path, files.remove_tree(path))?;
            }
            Change::Move { from, to } => {
                let moved = || {
                    if files.stat(from)?.is_none() && files.stat(to)?.is_some() {
                        return Ok(());
                    }
                    files.make_own_folders(to)?;
                    files.rename(from, to)
                };
                moved().with_context(|| format!("moving `{from}` to `{to}`"))?;
            }
            Change::Run(command) | Change::Try(command) => {
                return Ok(Outcome::Ran(command::run(files, self.who()?, command, tell)?));
            }
            Change::Engine(socket, change) => {
                return Ok(Outcome::Engine(self.engines.change(
                    (files, self.who()?),
                    socket,
                    change,
                    tell,
                )?));
            }
            Change::Send(request) | Change::Use(request) if request.lines => {
                return Ok(Outcome::Reply(lines::send(request, tell)?));
            }
            Change::Send(request) | Change::Use(request) => {
                return Ok(Outcome::Reply(self.http.send(request)));
            }
            Change::Append { path, line } => own_files::append(files, self.who()?, path, line)?,
            Change::Keep { path, content } => own_files::keep(files, self.who()?, path, content)?,
            Change::MakeSecret { path, shape } => own_files::make_secret(files, self.who()?, path, shape)?,
            Change::Supersede { from, to } => own_files::supersede(files, self.who()?, from, to)?,
            Change::Fetch { url, sha256, path } => {
                self.far.fetch(files, self.who()?, Wish { url, sha256, path }, tell)?;
            }
            Change::Lock { path, note } => {
                let host = own_files::ready(files, self.who()?, path)?;
                return lock::take(&host, note).with_context(|| format!("taking the lock `{path}`"));
            }
            Change::Sudo(wanted) => return self.sudo(wanted),
            Change::Awake => return self.keep_awake(),
        }
        Ok(Outcome::Done)
    }

    fn crew<'t>(&self, next: &mut dyn FnMut(Option<usize>) -> Vec<(usize, Task<'t>)>) {
        crew::run(next);
    }
}

/// Names the path of an error as the Mac knows it; what is not there is `None`.
fn looked<T>(doing: &str, path: &Utf8Path, found: io::Result<T>) -> Result<Option<T>> {
    absent_is_none(found).with_context(|| format!("{doing} `{path}`"))
}

fn is_folder(files: &Files, path: &Utf8Path) -> bool {
    let at = files.locate(path, Last::Followed).and_then(|at| files.stat(&at));
    matches!(at, Ok(Some(stat)) if stat.kind == super::Kind::Folder)
}
