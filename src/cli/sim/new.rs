use anyhow::{Result, bail};
use camino::{Utf8Path, Utf8PathBuf};
use clap::ArgGroup;
use serde_json::json;

use crate::{
    cli::{
        context::Context,
        node, stack,
        switch::switch,
        target::{self, DISK, MACOS, Place},
    },
    desk::{self, SimFile},
    engine,
    sim::{Mac, Session, Spec, SudoMode, folder},
    value::{DiskSize, MemorySize, Problem},
};

#[derive(Debug, clap::Args)]
#[command(group = ArgGroup::new("its chip").args(["chip", "for_stack"]).required(true).multiple(true))]
#[command(group = ArgGroup::new("its memory").args(["memory", "for_stack"]).required(true).multiple(true))]
pub(super) struct Args {
    /// The file to keep it in, or `dir:PATH` for a folder with real files and processes
    #[arg(value_name = "FILE")]
    place: Place,
    /// The Mac that this manifest asks for, with what the stack does not bring itself, such as Ollama
    #[arg(long = "for", value_name = "STACK", env = "FORGECTL_SIM_FOR")]
    for_stack: Option<Utf8PathBuf>,
    /// `M4 Pro`; without `--for` it is as Apple delivers it, and has no Ollama
    #[arg(long, value_parser = target::chip, env = "FORGECTL_SIM_CHIP")]
    chip: Option<String>,
    /// `64GB`
    #[arg(long, value_name = "SIZE", env = "FORGECTL_SIM_MEMORY")]
    memory: Option<MemorySize>,
    /// `15.5`, which it is when nothing else is asked for
    #[arg(long, value_parser = target::macos, value_name = "VERSION", env = "FORGECTL_SIM_MACOS")]
    macos: Option<String>,
    /// Free room on its disk [default: 460GB]
    #[arg(long, value_name = "SIZE", env = "FORGECTL_SIM_DISK")]
    disk: Option<DiskSize>,
    /// Whether sudo asks, lets pass or denies: `asks`, `nopasswd`, `denied`
    #[arg(long, value_parser = target::named::<SudoMode>, default_value = "nopasswd", value_name = "MODE", env = "FORGECTL_SIM_SUDO")]
    sudo: SudoMode,
    /// Where the user sits: `gui`, at the screen, or `ssh`
    #[arg(long, value_parser = target::named::<Session>, default_value = "gui", value_name = "WHERE", env = "FORGECTL_SIM_SESSION")]
    session: Session,
    /// Where a Mac in a folder finds a server of another machine: `https://registry.ollama.ai=http://127.0.0.1:5055`
    #[arg(long, value_name = "ORIGIN=HERE", value_parser = target::outside, env = "FORGECTL_SIM_OUTSIDE", value_delimiter = ',')]
    outside: Vec<(String, String)>,
    /// Of a Mac in a folder: let its `uv` be this program of this machine, which really makes environments there, with packages
    /// of the real registry and this machine's own interpreters
    #[arg(long, value_name = "PROGRAM", env = "FORGECTL_SIM_UV")]
    uv: Option<Utf8PathBuf>,
    /// Of a Mac in a folder: the socket of a container engine of this machine, which stands for the Mac's own and runs containers
    /// really
    #[arg(long, value_name = "SOCKET", env = "FORGECTL_SIM_ENGINE")]
    engine: Option<Utf8PathBuf>,
    /// Replace one that is there
    #[arg(long, env = "FORGECTL_FORCE", value_parser = switch)]
    force: bool,
}

pub(super) fn run(args: &Args, context: &Context) -> Result<u8> {
    let spec = spec(args, context)?;
    match &args.place {
        Place::Folder(path) => {
            folder::create(path, &spec, 0, &desk::own_executable()?)?;
            folder::reach(path, args.outside.iter().cloned().collect())?;
            if let Some(uv) = &args.uv {
                folder::hand_over_uv(path, &desk::absolute(uv)?)?;
            }
            if let Some(engine) = &args.engine {
                folder::give_engine(path, &desk::absolute(engine)?)?;
            }
        }
        Place::File(_) if args.uv.is_some() => bail!(
            Problem::manifest("a simulated Mac in a file has no real programs: `--uv`")
                .hint("make one in a folder, `dir:PATH`, or leave `--uv` away")
        ),
        Place::File(_) if args.engine.is_some() => bail!(
            Problem::manifest("the engine of a simulated Mac in a file is simulated: `--engine`")
                .hint("make one in a folder, `dir:PATH`, or leave `--engine` away")
        ),
        Place::File(_) if !args.outside.is_empty() => bail!(
            Problem::manifest("a simulated Mac in a file sees a simulated Internet: `--outside`")
                .hint("make one in a folder, `dir:PATH`, or leave `--outside` away")
        ),
        Place::File(path) => in_file(path, &spec, args.force)?,
    }
    let memory = MemorySize(spec.memory);
    let words = format!("{} {memory} with macOS {}", spec.chip, spec.macos);
    context.say(format_args!("Made a simulated {words}: {}", args.place));
    if context.json() {
        let (target, Spec { chip, macos, ollama, .. }) = (args.place.target().to_string(), spec);
        let document =
            json!({ "target": target, "chip": chip, "memory": memory, "macos": macos, "ollama": ollama });
        Context::print_json(&document)?;
    }
    Ok(0)
}

/// What is said by flags goes before what the manifest asks for.
fn spec(args: &Args, context: &Context) -> Result<Spec> {
    let wanted = args.for_stack.as_deref().map(|path| stack::read(path, context)).transpose()?;
    let base = wanted.as_ref().map(engine::own_node).transpose()?.unwrap_or_else(|| Spec {
        chip: String::new(),
        memory: 0,
        macos: MACOS.to_owned(),
        disk_free: DISK.0,
        sudo: args.sudo,
        session: args.session,
        ollama: false,
        user: "lab".to_owned(),
    });
    let spec = Spec {
        chip: args.chip.clone().unwrap_or(base.chip),
        memory: args.memory.map_or(base.memory, |memory| memory.0),
        macos: args.macos.clone().unwrap_or(base.macos),
        disk_free: args.disk.map_or(base.disk_free, |disk| disk.0),
        sudo: args.sudo,
        session: args.session,
        ..base
    };
    let wrong = |said: String| Problem::manifest(said).hint("choose another chip, or less memory");
    target::sold(&spec).map_err(wrong)?;
    Ok(spec)
}

fn in_file(path: &Utf8Path, spec: &Spec, force: bool) -> Result<()> {
    let file = SimFile::take(path, "sim new")?;
    if file.exists() {
        if !force {
            bail!(
                Problem::manifest(format!("something is there already: `{path}`"))
                    .hint("take another name, or add `--force` to replace a simulated Mac")
            );
        }
        // Only what is one is replaced: a wrong name costs nobody a file.
        node::read(path, file.read(), None)?;
    }
    file.save(&Mac::new(spec, 0).to_json()?)
}
