//! How a Mac comes to be so.

use camino::{Utf8Path, Utf8PathBuf};
use forgectl::{
    machine::Output,
    sim::{
        Caller, Content, Mac, Program, Sim, USER,
        tool::{
            docker,
            launchd::with_brew_ollama,
            ollama::{Weights, desktop::with_desktop_app, store_model},
        },
    },
};

use super::marks::{
    Mark,
    Mark::{
        Agents, AgentsOfRoot, BrewService, BrewServiceNewLabel, BrewServiceWithoutProgram, BrokenModel,
        CommandLineTools, Data, DataDeadLink, DataFile, DataLink, DataOfRoot, DesktopApp, EmptyEnvironment,
        Engine, EngineDown, EngineWithOurName, ForgeFolder, Gnupg, HalfCommandLineTools, HalfHomebrew,
        HalfPackage, Homebrew, HomebrewOfAnother, IntelHomebrew, JqAsDependency, LogFile, LogFolder,
        LogsOfRoot, LoneDependency, Model, NeverSleeps, NewerOllama, OlderCommandLineTools, OlderJq,
        OlderOllama, OlderOllamaPinned, OnigurumaAsked, OtherPortTaken, OtherPythonByHand, OwnFileByHand,
        OwnJobByHand, OwnJobOverridden, PartOfModel, Placeholder, PortTaken, Profile, ProfileDeadLink,
        ProfileLink, ProfileReadOnly, ProfileWithCommentedLine, ProfileWithFormerLine, ProfileWithLine,
        ProfileWithoutEnd, PythonByHand, PythonWithoutInterpreter, SelectedFolderGone, SessionVariable,
        SleepDisabled, SleepsLate, StateFolder, TwoOllamas, Uv,
    },
};
use crate::support::{apply_well, stack};

const LABEL: &str = "dev.forge.ollama";
const LINE: &str = "eval \"$(/opt/homebrew/bin/brew shellenv zsh)\"\n";
const FORMER_LINE: &str = "eval \"$(/opt/homebrew/bin/brew shellenv)\"\n";

/// Does it.
pub(super) fn make(mark: Mark, sim: &Sim) {
    match mark {
        NeverSleeps => drop(root(sim, "pmset -a sleep 0 disksleep 0")),
        SleepsLate => drop(root(sim, "pmset -a sleep 30")),
        SleepDisabled => drop(root(sim, "pmset -a disablesleep 1")),
        CommandLineTools
        | OlderCommandLineTools
        | HalfCommandLineTools
        | SelectedFolderGone
        | Placeholder => {
            tools(mark, sim);
        }
        Homebrew | HalfHomebrew | HomebrewOfAnother | IntelHomebrew => homebrew(mark, sim),
        OlderJq | JqAsDependency | OnigurumaAsked | OlderOllama | NewerOllama | OlderOllamaPinned
        | TwoOllamas | LoneDependency | Gnupg => formula(mark, sim),
        Profile
        | ProfileWithoutEnd
        | ProfileWithLine
        | ProfileWithFormerLine
        | ProfileWithCommentedLine
        | ProfileLink
        | ProfileDeadLink
        | ProfileReadOnly => sim.with_mac(|mac| profile(mark, mac)),
        BrewService
        | BrewServiceNewLabel
        | BrewServiceWithoutProgram
        | OwnJobByHand
        | OwnFileByHand
        | OwnJobOverridden
        | SessionVariable
        | DesktopApp
        | PortTaken
        | OtherPortTaken => job(mark, sim),
        Uv => uv(sim),
        Engine | EngineWithOurName | EngineDown => engine(mark, sim),
        PythonByHand
        | OtherPythonByHand
        | PythonWithoutInterpreter
        | HalfPackage
        | EmptyEnvironment
        | ForgeFolder => python(mark, sim),
        _ => sim.with_mac(|mac| folders(mark, mac)),
    }
}

/// Somebody has an engine, with an image, a volume and a container of their own.
fn engine(mark: Mark, sim: &Sim) {
    let socket = sim.with_mac(|mac| mac.home().join(".orbstack/run/docker.sock"));
    sim.with_mac(|mac| {
        let machine = docker::Machine {
            name: "orbstack".to_owned(),
            system: "OrbStack".to_owned(),
            memory: 8 << 30,
            cpus: 8,
        };
        docker::with_engine(mac, &socket, machine).unwrap();
        docker::cli::with_docker(mac).unwrap();
    });
    let name = if mark == EngineWithOurName { "forge-app-web-1" } else { "own" };
    let own = format!("run -d --name {name} --restart always -v own:/data busybox:1.36 httpd -f");
    for words in ["pull busybox:1.36", &own] {
        let mut argv = vec!["docker".to_owned(), "-H".to_owned(), format!("unix://{socket}")];
        argv.extend(words.split(' ').map(str::to_owned));
        let ran = sim.exec(Caller::user(false), &argv);
        assert!(ran.ok(), "docker {words}: {ran:?}");
    }
    if mark == EngineDown {
        sim.with_mac(|mac| {
            let now = mac.state.now;
            mac.state.engines.get_mut(&socket).unwrap().stop(now);
        });
    }
}

fn tools(mark: Mark, sim: &Sim) {
    const FOLDER: &str = "/Library/Developer/CommandLineTools";
    match mark {
        SelectedFolderGone => {
            let xcode = "/Applications/Xcode-beta.app/Contents/Developer";
            root(sim, &format!("mkdir -p {xcode}"));
            root(sim, &format!("xcode-select --switch {xcode}"));
            root(sim, "rm -rf /Applications/Xcode-beta.app");
        }
        Placeholder => {
            user(sim, "touch /private/tmp/.com.apple.dt.CommandLineTools.installondemand.in-progress");
        }
        HalfCommandLineTools => sim.with_mac(|mac| {
            put(mac, 0, &format!("{FOLDER}/usr/bin/git"), Content::Made { size: 7_000_000, seed: 1 }, 0o755);
        }),
        _ => {
            brought(sim, "tools: {command_line_tools: true}");
            if mark == OlderCommandLineTools {
                sim.with_mac(|mac| {
                    put(
                        mac,
                        0,
                        &format!("{FOLDER}/usr/bin/clang"),
                        Content::Made { size: 99_000_000, seed: 14 },
                        0o755,
                    );
                });
            }
        }
    }
}

fn homebrew(mark: Mark, sim: &Sim) {
    match mark {
        HalfHomebrew => sim.with_mac(|mac| {
            make_dir(mac, 0, "/opt/homebrew", 0o775);
            mac.disk.chown(0, "/opt/homebrew".into(), USER, 80).unwrap();
            make_dir(mac, USER, "/opt/homebrew/.git", 0o755);
        }),
        IntelHomebrew => sim.with_mac(|mac| {
            put(mac, 0, "/usr/local/bin/brew", Content::Made { size: 9000, seed: 9 }, 0o755);
            put(mac, 0, "/usr/local/Homebrew/bin/brew", Content::Made { size: 9000, seed: 9 }, 0o755);
        }),
        _ => {
            if !there(sim, "/opt/homebrew") {
                brought(sim, "tools: {homebrew: true}");
            }
            if mark == HomebrewOfAnother {
                root(sim, "chown -R 502:80 /opt/homebrew");
            }
        }
    }
}

/// Without a Homebrew there are none.
fn formula(mark: Mark, sim: &Sim) {
    if !there(sim, "/opt/homebrew/bin/brew") {
        return;
    }
    let offer = |name: &str, version: &str| {
        sim.with_mac(|mac| drop(mac.state.brew.offers.insert(name.into(), version.into())));
    };
    let brew = |words: &str| {
        let argv: Vec<String> =
            format!("/opt/homebrew/bin/brew {words}").split(' ').map(str::to_owned).collect();
        let output = sim.exec(Caller::user(false), &argv);
        assert!(output.ok(), "brew {words}: {output:?}");
    };
    match mark {
        OlderJq => {
            offer("jq", "1.7.1");
            brew("install jq");
            sim.with_mac(|mac| drop(mac.state.brew.offers.remove("jq")));
        }
        JqAsDependency => {
            brew("install jq");
            brew("tab --no-installed-on-request jq");
        }
        OnigurumaAsked => brew("install oniguruma"),
        Gnupg => brew("install gnupg"),
        LoneDependency => {
            brew("install mlx-c");
            brew("tab --no-installed-on-request mlx-c");
        }
        NewerOllama => {
            offer("ollama", "0.40.1");
            brew("install ollama");
            brew("upgrade ollama");
        }
        _ => {
            offer("ollama", "0.20.0");
            brew("install ollama");
            sim.with_mac(|mac| drop(mac.state.brew.offers.remove("ollama")));
            if mark == TwoOllamas {
                sim.with_mac(|mac| {
                    put(mac, USER, "/opt/homebrew/Cellar/ollama/0.19.0/old", text("old"), 0o644);
                });
            }
            if mark == OlderOllamaPinned {
                sim.with_mac(|mac| {
                    make_dirs(mac, USER, "/opt/homebrew/var/homebrew/pinned");
                    link(mac, "/opt/homebrew/var/homebrew/pinned/ollama", "../../../Cellar/ollama/0.20.0");
                });
            }
        }
    }
}

fn profile(mark: Mark, mac: &mut Mac) {
    let path = home(mac, ".zprofile");
    let says = match mark {
        ProfileWithoutEnd => "export EDITOR=vi".to_owned(),
        ProfileWithLine => format!("export EDITOR=vi\n\n{LINE}alias l=ls\n"),
        ProfileWithFormerLine => FORMER_LINE.to_owned(),
        ProfileWithCommentedLine => format!("# {LINE}"),
        _ => "export EDITOR=vi\n".to_owned(),
    };
    match mark {
        ProfileDeadLink => link(mac, &path, "dotfiles/none"),
        ProfileLink => {
            let file = home(mac, "dotfiles/zprofile");
            put(mac, USER, &file, text(&says), 0o644);
            link(mac, &path, "dotfiles/zprofile");
        }
        ProfileReadOnly => put(mac, USER, &path, text(&says), 0o444),
        _ => put(mac, USER, &path, text(&says), 0o644),
    }
}

fn job(mark: Mark, sim: &Sim) {
    let listener = |port| {
        let program = Program::Listener { address: "127.0.0.1".into(), port };
        sim.with_mac(|mac| mac.spawn_process(USER, vec!["/usr/local/bin/other".into()], [].into(), program));
    };
    match mark {
        BrewService | BrewServiceNewLabel if there(sim, "/opt/homebrew/opt/ollama") => {
            let label = if mark == BrewService { "homebrew.mxcl.ollama" } else { "sh.brew.ollama" };
            // Over SSH there is no domain to load it into.
            let _ = sim.with_mac(|mac| with_brew_ollama(mac, label));
        }
        BrewServiceWithoutProgram => {
            let _ = sim.with_mac(|mac| with_brew_ollama(mac, "homebrew.mxcl.ollama"));
        }
        OwnJobByHand if !there(sim, "/opt/homebrew/bin/ollama") => {}
        OwnJobByHand | OwnFileByHand => {
            let path = sim.with_mac(|mac| {
                let path = home(mac, &format!("Library/LaunchAgents/{LABEL}.plist"));
                let says = by_hand(mac);
                put(mac, USER, &path, text(&says), 0o644);
                path
            });
            if mark == OwnJobByHand {
                let argv = ["launchctl", "bootstrap", "gui/501", &path].map(str::to_owned);
                let _ = sim.exec(Caller::user(true), &argv);
            }
        }
        OwnJobOverridden => drop(user(sim, &format!("launchctl disable gui/501/{LABEL}"))),
        SessionVariable => drop(user(sim, "launchctl setenv OLLAMA_HOST 0.0.0.0:11500")),
        DesktopApp => sim.with_mac(with_desktop_app).unwrap(),
        PortTaken => listener(11434),
        OtherPortTaken => listener(11500),
        _ => {}
    }
}

/// A property list under forgectl's own label, as somebody would write it.
fn by_hand(mac: &Mac) -> String {
    format!(
        concat!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<plist version=\"1.0\">\n<dict>\n",
            "<key>Label</key><string>{label}</string>\n",
            "<key>ProgramArguments</key><array><string>/opt/homebrew/bin/ollama</string><string>serve</string></array>\n",
            "<key>EnvironmentVariables</key><dict><key>HOME</key><string>{home}</string></dict>\n",
            "<key>RunAtLoad</key><true/>\n</dict>\n</plist>\n",
        ),
        label = LABEL,
        home = mac.home(),
    )
}

fn folders(mark: Mark, mac: &mut Mac) {
    let now = mac.state.now;
    let (agents, data) = (home(mac, "Library/LaunchAgents"), home(mac, ".ollama"));
    let models = Utf8PathBuf::from(format!("{data}/models"));
    let weights = Weights { bytes: 3_000_000_000, train_context: 131_072, num_ctx: None };
    match mark {
        Agents => make_dirs(mac, USER, &agents),
        AgentsOfRoot => {
            make_dirs(mac, USER, &agents);
            mac.disk.chown(0, agents.as_str().into(), 0, 20).unwrap();
        }
        LogFolder => make_dirs(mac, USER, &home(mac, "Library/Logs/forgectl")),
        LogFile => {
            let log = home(mac, "Library/Logs/forgectl/ollama.log");
            put(mac, USER, &log, text("of an earlier one\n"), 0o644);
        }
        LogsOfRoot => {
            let logs = home(mac, "Library/Logs");
            mac.disk.chown(0, logs.as_str().into(), 0, 0).unwrap();
            mac.disk.chmod(0, logs.as_str().into(), 0o700).unwrap();
        }
        Data => make_dirs(mac, USER, &data),
        DataLink => {
            let elsewhere = home(mac, "elsewhere");
            make_dirs(mac, USER, &elsewhere);
            link(mac, &data, "elsewhere");
        }
        DataOfRoot if mac.disk.node(Utf8Path::new(&data)).is_none() => {
            make_dirs(mac, 0, &data);
            mac.disk.chown(0, data.as_str().into(), 0, 0).unwrap();
        }
        DataDeadLink => link(mac, &data, "nowhere"),
        DataFile if mac.disk.node(Utf8Path::new(&data)).is_none() => {
            put(mac, USER, &data, text("mine"), 0o644);
        }
        Model | PartOfModel | BrokenModel => {
            make_dirs(mac, USER, models.as_str());
            store_model(&mut *mac.disk, USER, &models, "gemma4:e2b", weights, now).unwrap();
            let path = models.join("manifests/registry.ollama.ai/library/gemma4/e2b");
            if mark == BrokenModel {
                put(mac, USER, path.as_str(), text("{\"schemaVersion\":"), 0o644);
            }
            if mark == PartOfModel {
                let blobs = mac.disk.list(0, &models.join("blobs")).unwrap();
                mac.disk.remove(0, &models.join("blobs").join(&blobs[0]), now).unwrap();
            }
        }
        StateFolder => {
            let file = home(mac, ".local/state/other/file");
            put(mac, USER, &file, text("of another program"), 0o600);
        }
        _ => {}
    }
}

/// Puts it where its own installer does.
fn uv(sim: &Sim) {
    sim.with_mac(|mac| {
        let path = home(mac, ".local/bin/uv");
        if mac.disk.node(path.as_str().into()).is_none() {
            put(mac, USER, &path, Content::Made { size: 52_000_000, seed: 1 }, 0o755);
        }
    });
}

/// An environment where the stacks have theirs.
fn python(mark: Mark, sim: &Sim) {
    let at = |name: &str| sim.with_mac(|mac| home(mac, name));
    let place = at("forge/lab/.venv");
    if matches!(mark, EmptyEnvironment | ForgeFolder) {
        let folder = if mark == EmptyEnvironment { place } else { at("forge") };
        return sim.with_mac(|mac| make_dirs(mac, USER, &folder));
    }
    uv(sim);
    let program = at(".local/bin/uv");
    let run = |words: &[&str]| {
        let argv: Vec<String> =
            std::iter::once(&*program).chain(words.iter().copied()).map(str::to_owned).collect();
        let output = sim.exec(Caller::user(true), &argv);
        assert!(output.ok(), "uv {words:?}: {output:?}");
    };
    let version = if mark == OtherPythonByHand { "3.12" } else { "3.11" };
    run(&["venv", "--python", version, &place]);
    run(&["pip", "install", "-p", &format!("{place}/bin/python"), "six", "sniffio"]);
    let gone = match mark {
        PythonWithoutInterpreter => at(".local/share/uv/python"),
        HalfPackage => format!("{place}/lib/python3.11/site-packages/six-1.17.0.dist-info/METADATA"),
        _ => return,
    };
    let argv = ["rm", "-rf", &gone].map(str::to_owned);
    assert!(sim.exec(Caller::user(true), &argv).ok());
}

/// Brings something by forgectl, which then forgets that it did.
fn brought(sim: &Sim, section: &str) {
    let stack = stack(&format!("forge: 1\nstack: other\nnode: {{memory: 8GB, macos: '>=11'}}\n{section}\n"));
    let profile = sim.with_mac(|mac| home(mac, ".zprofile"));
    let had = there(sim, &profile);
    apply_well(sim, &stack);
    let argv = |path: String| ["rm", "-rf", &path].map(str::to_owned);
    let local = sim.with_mac(|mac| home(mac, ".local"));
    assert!(sim.exec(Caller::user(true), &argv(local)).ok());
    if !had {
        sim.exec(Caller::user(true), &argv(profile));
    }
}

fn user(sim: &Sim, line: &str) -> Output {
    sim.exec(Caller::user(true), &line.split(' ').map(str::to_owned).collect::<Vec<_>>())
}

fn root(sim: &Sim, line: &str) -> Output {
    sim.exec(Caller::user(true).root(), &line.split(' ').map(str::to_owned).collect::<Vec<_>>())
}

fn there(sim: &Sim, path: &str) -> bool {
    sim.with_mac(|mac| mac.disk.node(path.into()).is_some())
}

fn home(mac: &Mac, name: &str) -> String {
    mac.home().join(name).into_string()
}

fn text(says: &str) -> Content {
    Content::Bytes(says.as_bytes().to_vec())
}

fn make_dir(mac: &mut Mac, uid: u32, path: &str, mode: u32) {
    let now = mac.state.now;
    if mac.disk.node(path.into()).is_none() {
        mac.disk.make_dir(uid, path.into(), mode, now).unwrap();
    }
}

fn make_dirs(mac: &mut Mac, uid: u32, path: &str) {
    let now = mac.state.now;
    mac.disk.make_dirs(uid, path.into(), 0o755, now).unwrap();
}

/// Puts a file in place, and the folders above it.
fn put(mac: &mut Mac, uid: u32, path: &str, content: Content, mode: u32) {
    let (path, now) = (Utf8Path::new(path), mac.state.now);
    make_dirs(mac, uid, path.parent().unwrap().as_str());
    mac.disk.write(uid, path, content, mode, now).unwrap();
}

fn link(mac: &mut Mac, path: &str, target: &str) {
    let now = mac.state.now;
    if mac.disk.node(path.into()).is_none() {
        mac.disk.link(USER, path.into(), target.into(), now).unwrap();
    }
}
