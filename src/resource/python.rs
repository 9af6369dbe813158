mod proof;
mod removal;
mod seen;

use std::time::Duration;

use anyhow::Result;
use camino::Utf8PathBuf;

use super::{Evidence, Newest, Quote, Resource, change, in_the_way};
use crate::{
    machine::{
        Look, Looking, Machine, Tool,
        tool::{
            uv::{self, locked},
            venv,
        },
    },
    step::{InstallPackages, LeftOver, LinkInterpreter, MakeEnvironment, ResolvePackages, Step, Told},
    value::{
        Delta, Deltas, Id, Pin, Place, Problem, Requirement, State, Value, VersionRange, Want, Wanted, count,
        differences,
    },
};

pub(super) use removal::removal;
pub(super) use seen::observe;

/// What the fields begin with that tell of one package each.
pub(super) const PACKAGE: &str = "package.";

/// A Python environment with packages.
#[derive(Debug)]
pub struct PythonEnvironment {
    /// Its name.
    pub name: String,
    /// Its folder.
    pub path: Utf8PathBuf,
    /// `uv`.
    pub uv: Utf8PathBuf,
    /// The user who is to own it.
    pub uid: u32,
    /// The version of Python as it is asked for: its first numbers.
    pub version: String,
    /// The versions that this stands for.
    pub versions: VersionRange,
    /// The packages that are asked for.
    pub packages: Vec<Requirement>,
    /// What the lock keeps, when that is enough for all that is asked for.
    pub lock: Option<Pin>,
    /// Lines of a lock that is not enough any more.
    pub preferred: Vec<String>,
    /// Where its packages are told in forgectl's own folder.
    pub told: Told,
}

impl PythonEnvironment {
    /// The version of Python that `uv` is asked for.
    fn python(&self) -> String {
        let locked = self.lock.as_ref().and_then(|pin| pin.version.clone());
        locked.unwrap_or_else(|| self.version.clone())
    }

    /// The names and versions of the lock.
    fn locked(&self) -> impl Iterator<Item = (&str, &str)> {
        self.lock.iter().flat_map(|pin| &pin.packages).filter_map(|line| locked(line))
    }

    /// What brings the packages that are asked for, those of `again` anyway.
    fn packages(&self, again: Vec<String>, left_over: LeftOver) -> Vec<Box<dyn Step>> {
        let wanted: Vec<String> = self.packages.iter().map(ToString::to_string).collect();
        let lines = self.lock.as_ref().map(|pin| pin.packages.clone());
        if wanted.is_empty() && lines.as_ref().is_none_or(Vec::is_empty) {
            return vec![];
        }
        let mut steps: Vec<Box<dyn Step>> = vec![];
        if lines.is_none() {
            steps.push(Box::new(ResolvePackages {
                uv: self.uv.clone(),
                path: self.path.clone(),
                wanted: wanted.clone(),
                preferred: self.preferred.clone(),
                told: self.told.clone(),
            }));
        }
        steps.push(Box::new(InstallPackages {
            id: self.id(),
            uv: self.uv.clone(),
            path: self.path.clone(),
            wanted,
            locked: lines,
            again,
            left_over,
            told: self.told.clone(),
        }));
        steps
    }

    /// The first two numbers of what is there are others than those that are wanted.
    fn of_another_minor(&self, found: &State) -> bool {
        let minor = |version: &str| version.split('.').take(2).map(str::to_owned).collect::<Vec<_>>();
        found.get("made-with").as_text().is_some_and(|made| minor(made) != minor(&self.version))
    }

    /// Whether somebody asks for the package `name`, or the lock has it.
    fn asks_for(&self, name: &str) -> bool {
        self.locked().any(|(locked, _)| locked == name)
            || self.packages.iter().any(|package| package.name == name)
    }

    /// Whether a package is one that somebody asks for or that came along with those, as far as that is written down.
    fn came_by_us(&self, look: &dyn Look, name: &str) -> bool {
        let told = look.read_text(&self.told.resolved).ok().flatten().unwrap_or_default();
        let told = uv::requirements(&told);
        self.asks_for(name) || told.iter().any(|line| locked(line).is_some_and(|(told, _)| told == name))
    }

    /// Why nothing can be installed into one of somebody else's: half a package is in the way, which is not ours to clear away.
    fn torn(&self, found: &State) -> Option<Problem> {
        let torn = seen::told_of(&self.path, found, "torn");
        let folder = torn.first().filter(|_| !self.replaces(found))?;
        let installs = |delta: &Delta| delta.field.as_str().starts_with(PACKAGE);
        differences(&self.wanted(), found).iter().any(installs).then(|| {
            Problem::mac(format!("half a package is in `{}`", self.path))
                .why(format!("{folder} has no METADATA, and `uv` installs nothing beside it"))
                .hint("forgectl did not put it there; look at it, and remove it if you do not need it:")
                .remedy(format!("rm -r '{folder}'"))
        })
    }

    /// What goes with an environment that is made anew and does not come again, in words.
    fn lost(&self, found: &State) -> String {
        let there = seen::packages(found.get("packages"));
        let lost = there.into_iter().filter(|(name, _)| !self.asks_for(name));
        let mut lost: Vec<String> = lost.map(|(name, version)| format!("{name} {version}")).collect();
        let more = lost.len().saturating_sub(8);
        lost.truncate(8);
        match (lost.is_empty(), more) {
            (true, _) => String::new(),
            (false, 0) => format!("; lost with it: {}", lost.join(", ")),
            (false, more) => format!("; lost with it: {} and {more} more packages", lost.join(", ")),
        }
    }
}

impl Resource for PythonEnvironment {
    fn id(&self) -> Id {
        Id::new("python-environment", &self.name)
    }

    fn place(&self) -> Place {
        Place::Environment { path: self.path.clone() }
    }

    fn wanted(&self) -> Wanted {
        let version = match self.lock.as_ref().and_then(|pin| pin.version.clone()) {
            Some(version) => Want::Is(version.into()),
            None => Want::Within(self.versions.clone()),
        };
        let done = Want::Is(false.into());
        let mut wanted = Wanted::from([("python".into(), version), (seen::UNFINISHED.into(), done)]);
        for package in &self.packages {
            let versions =
                if package.versions.is_any() { Want::Present } else { Want::Meets(package.versions.clone()) };
            wanted.insert(format!("{PACKAGE}{}", package.name).into(), versions);
        }
        for (name, version) in self.locked() {
            wanted.insert(format!("{PACKAGE}{name}").into(), Want::Is(version.into()));
        }
        wanted
    }

    fn reason(&self, found: &State, deltas: &[Delta]) -> String {
        if !found.present {
            return match (self.packages.len(), found.get("kind")) {
                (_, Value::Text(_)) => "finish what was broken off".into(),
                (0, _) => format!("make, with Python {}", self.python()),
                (1, _) => format!("make, with Python {} and 1 package", self.python()),
                (count, _) => format!("make, with Python {} and {count} packages", self.python()),
            };
        }
        if self.replaces(found) {
            let lost = self.lost(found);
            return format!("made anew: Python {} -> {}{lost}", found.get("made-with"), self.python());
        }
        let (missing, other): (Vec<&Delta>, Vec<&Delta>) = deltas
            .iter()
            .partition(|delta| delta.found == Value::Absent && delta.field.as_str().starts_with(PACKAGE));
        let missing: Vec<&str> =
            missing.iter().filter_map(|delta| delta.field.as_str().strip_prefix(PACKAGE)).collect();
        let mut parts: Vec<String> = other.iter().take(3).map(|delta| told(found, delta)).collect();
        if other.len() > 3 {
            parts.push(format!("{} more", other.len() - 3));
        }
        if !missing.is_empty() {
            let more = missing.len().saturating_sub(5);
            let tail = if more > 0 { format!(" and {more} more") } else { String::new() };
            let names: Vec<&str> = missing.into_iter().take(5).collect();
            parts.push(format!("install {}{tail}", names.join(", ")));
        }
        parts.join(", ")
    }

    fn replaces(&self, found: &State) -> bool {
        found.present && self.of_another_minor(found)
    }

    fn hindrance(&self, found: &State, known: bool) -> Option<Problem> {
        if let Some(owner) = seen::owner(found).filter(|owner| *owner != i64::from(self.uid)) {
            return Some(
                Problem::mac(format!("what is in `{}` belongs to another user", self.path))
                    .why(format!("it is owned by uid {owner}, you are uid {}", self.uid))
                    .hint("name another folder, or let that user apply; whose it is:")
                    .remedy(format!("ls -ld '{}'", self.path)),
            );
        }
        if found.present {
            return if known { None } else { self.torn(found) };
        }
        if let Some(problem) = in_the_way(&self.path, "folder", found) {
            return Some(problem);
        }
        let ours = known && *found.get("half") == Value::Bool(true);
        (*found.get("kind") != Value::Absent && !ours).then(|| {
            Problem::mac(format!(
                "a folder that is no Python environment is where one belongs: `{}`",
                self.path
            ))
            .why("it has no pyvenv.cfg, and forgectl did not put it there")
            .hint("look at it, and put it elsewhere or name another folder:")
            .remedy(format!("ls -la '{}'", self.path))
        })
    }

    /// What is fetched nobody says before the versions are known.
    fn quote(&self, _: &dyn Look) -> Result<Quote> {
        Ok(Quote::default())
    }

    fn is_held_to(&self, pin: &Pin) -> bool {
        self.lock.as_ref() == Some(pin)
    }

    fn pin(&self, look: &dyn Look) -> Result<Option<Pin>> {
        if let Some(lock) = &self.lock {
            // The hashes of its files may stand nowhere else any more.
            return Ok(Some(lock.clone()));
        }
        let Some(found) = venv::read(look, &self.path)? else { return Ok(None) };
        let text = look.read_text(&self.told.resolved)?.unwrap_or_default();
        let lines = if self.packages.is_empty() { vec![] } else { uv::requirements(&text) };
        let there = |line: &String| {
            let (name, version) = locked(line)?;
            found
                .packages
                .get(name)
                .filter(|package| package.version == version && package.signed && !package.elsewhere)
        };
        let named = |package: &Requirement| {
            lines.iter().any(|line| locked(line).is_some_and(|(name, _)| name == package.name))
        };
        // What was there before anybody resolved it has no hashes to be kept by.
        if !lines.iter().all(|line| there(line).is_some()) || !self.packages.iter().all(named) {
            return Ok(None);
        }
        Ok(Some(Pin { version: Some(found.version), packages: lines, ..Pin::default() }))
    }

    /// Asked of the registry by the environment that is there, for the packages that its last apply was asked for.
    fn newest(&self, look: &dyn Look) -> Result<Newest> {
        let Some(found) = venv::read(look, &self.path)?.filter(|found| found.interpreter.is_some()) else {
            return Ok(Newest::default());
        };
        let wanted: Vec<String> = self.packages.iter().map(ToString::to_string).collect();
        let asked = look.read_text(&self.told.asked)?.unwrap_or_default();
        if wanted.is_empty() || look.stat(&self.told.resolved)?.is_none() {
            return Ok(Newest::default());
        }
        if !asked.lines().eq(wanted.iter().map(String::as_str)) {
            return Err(Problem::mac("other packages are asked for now than by the last apply")
                .why(format!("then: {}", asked.lines().collect::<Vec<_>>().join(", ")))
                .why(format!("now: {}", wanted.join(", ")))
                .hint("apply first, then move the lock:")
                .remedy("forgectl apply STACK")
                .into());
        }
        let python = self.path.join("bin/python");
        let asked = self.told.asked.clone();
        let output = look.tool(Tool::Packages { uv: self.uv.clone(), python, asked })?;
        if !output.ok() {
            return Err(Problem::mac("the registry does not say what it has of these packages")
                .why(format!("`uv pip compile` answered: {}", output.said()))
                .hint("see whether it can be reached; a proxy is named by HTTPS_PROXY:")
                .remedy("curl -fsSI https://pypi.org/simple/")
                .into());
        }
        let packages = uv::requirements(&output.stdout);
        Ok(Newest::of(Pin { version: Some(found.version), packages, ..Pin::default() }))
    }

    fn steps(&self, found: &State, deltas: &Deltas) -> Vec<Box<dyn Step>> {
        let package = |delta: &&Delta| delta.field.as_str().starts_with(PACKAGE);
        if !found.present || self.replaces(found) {
            let instead_of = match found.get("made-with").as_text() {
                Some(made) => Some(format!("the one of Python {made}")),
                None => (*found.get("kind") != Value::Absent).then(|| "half of one".to_owned()),
            };
            let make = MakeEnvironment {
                uv: self.uv.clone(),
                path: self.path.clone(),
                version: self.python(),
                instead_of,
                locked: self.lock.is_some().then(|| self.id()),
            };
            let mut steps: Vec<Box<dyn Step>> = vec![Box::new(make)];
            steps.extend(self.packages(vec![], LeftOver::default()));
            return steps;
        }
        let mut steps: Vec<Box<dyn Step>> = vec![];
        if deltas.iter().any(|delta| delta.field.as_str() == "python") {
            steps.push(Box::new(LinkInterpreter {
                uv: self.uv.clone(),
                path: self.path.clone(),
                version: self.python(),
                why: match found.get("python").as_text() {
                    Some(version) => format!("it has Python {version}"),
                    None => "the interpreter that it leads to is gone".into(),
                },
            }));
        }
        let unfinished = |delta: &Delta| delta.field.as_str() == seen::UNFINISHED;
        if deltas.iter().any(|delta| package(&delta) || unfinished(delta)) {
            let elsewhere = |delta: &&Delta| delta.found.as_text().is_some_and(|found| found.contains(' '));
            let again = deltas.iter().filter(package).filter(elsewhere);
            let again = again.filter_map(|delta| delta.field.as_str().strip_prefix(PACKAGE));
            let told_of = |field| seen::told_of(&self.path, found, field);
            let left_over = LeftOver { torn: told_of("torn"), unsigned: told_of("unsigned") };
            steps.extend(self.packages(again.map(str::to_owned).collect(), left_over));
        }
        steps
    }

    fn check(&self, look: &dyn Look, _: Duration) -> Result<Evidence> {
        let missing =
            |what: String| Problem::mac(format!("the environment `{}` is not whole", self.name)).why(what);
        let Some(found) = venv::read(look, &self.path)? else {
            return Err(missing(format!("no environment is in {}", self.path)).into());
        };
        let Some(interpreter) = &found.interpreter else {
            return Err(missing(format!("{}/bin/python leads to nothing that can be run", self.path)).into());
        };
        let mut evidence = vec![
            format!("{} has Python {} ({interpreter})", self.path, found.version),
            format!("{} in it", count(found.packages.len(), "package is", "packages are")),
        ];
        // Without a lock nothing tells what somebody asked for from what came along.
        let others = found.packages.keys().filter(|name| self.lock.is_some() && !self.asks_for(name));
        let others: Vec<&str> = others.map(String::as_str).collect();
        if !others.is_empty() {
            evidence.push(format!("beside what the lock has, and left as it is: {}", others.join(", ")));
        }
        Ok(evidence)
    }

    fn prove(&self, machine: &dyn Machine) -> Result<Evidence> {
        let Some(found) = venv::read(machine, &self.path)? else {
            return self.check(machine, Duration::ZERO);
        };
        let mut evidence = vec![];
        evidence.extend(proof::imports(self, machine, &found)?);
        evidence.extend(proof::fits(self, machine)?);
        Ok(evidence)
    }
}

/// What is not as wanted, in words: `python 3.11.2 -> 3.11.9`, `mlx 0.31.0 -> >=0.32`.
fn told(found: &State, delta: &Delta) -> String {
    if delta.field.as_str() == "python" && delta.found == Value::Absent {
        return format!("its interpreter is gone, Python {}", found.get("made-with"));
    }
    if delta.field.as_str() == seen::UNFINISHED {
        return "finish what was broken off".to_owned();
    }
    let told = change(delta);
    told.strip_prefix(PACKAGE).map_or(told.clone(), str::to_owned)
}
