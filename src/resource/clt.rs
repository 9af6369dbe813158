use std::time::Duration;

use anyhow::Result;
use camino::Utf8Path;

use super::{Evidence, Quote, Removal, Resource};
use crate::{
    journal::Receipt,
    machine::{Look, Looking, Tool},
    step::{
        InstallCommandLineTools, PLACEHOLDER, RemoveCommandLineTools, SelectDeveloperFolder, Step, TOOLS,
    },
    value::{Delta, Deltas, Id, Place, Problem, State, Value, Want, Wanted},
};

/// Where `xcode-select --switch` writes the choice down, newest place first (docs/mac-facts.md#xcode-select-link).
const LINKS: [&str; 2] = ["/private/var/select/developer_dir", "/private/var/db/xcode_select_link"];

/// Where a full Xcode keeps its tools; it is looked for first when nothing is chosen (docs/mac-facts.md#xcode-select-link).
const XCODE: &str = "/Applications/Xcode.app/Contents/Developer";

/// What Apple's update server sends, as its listing says (docs/mac-facts.md#softwareupdate-list).
const DOWNLOAD: u64 = 745_661 * 1024;

/// Apple's Command Line Tools, or an Xcode that has the same.
#[derive(Debug)]
pub struct CommandLineTools;

impl Resource for CommandLineTools {
    fn id(&self) -> Id {
        Id::new("tool", "command-line-tools")
    }

    fn place(&self) -> Place {
        Place::CommandLineTools
    }

    fn wanted(&self) -> Wanted {
        Wanted::from([
            ("usable".into(), Want::Is(true.into())),
            ("placeholder".into(), Want::Is(Value::Absent)),
        ])
    }

    fn reason(&self, found: &State, _: &[Delta]) -> String {
        if found.present {
            "clear a leftover placeholder away".into()
        } else if *found.get("tools") == Value::Bool(true) {
            format!("selected: {}, which has no tools", found.get("selected"))
        } else {
            "install".into()
        }
    }

    fn quote(&self, look: &dyn Look) -> Result<Quote> {
        let there = observe(look)?.get("tools") == &Value::Bool(true);
        Ok(Quote { download: Some(if there { 0 } else { DOWNLOAD }), disk: None })
    }

    fn steps(&self, found: &State, _: &Deltas) -> Vec<Box<dyn Step>> {
        let mut steps: Vec<Box<dyn Step>> = vec![];
        let there = *found.get("tools") == Value::Bool(true);
        if !found.present && !there {
            steps.push(Box::new(InstallCommandLineTools { only_clear: false }));
        } else if *found.get("placeholder") != Value::Absent {
            steps.push(Box::new(InstallCommandLineTools { only_clear: true }));
        }
        // A choice that leads nowhere hides the tools that are there.
        if !found.present && *found.get("selected") != Value::Absent {
            steps.push(Box::new(SelectDeveloperFolder { folder: Some(TOOLS.into()) }));
        }
        steps
    }

    fn check(&self, look: &dyn Look, _: Duration) -> Result<Evidence> {
        let output = look.tool(Tool::DeveloperFolder)?;
        let folder = output.stdout.trim();
        let problem = Problem::mac("the Command Line Tools do not work");
        if !output.ok() || folder.is_empty() {
            return Err(problem.why(format!("`xcode-select -p` answered: {}", output.said())).into());
        }
        // It can print a folder whose tools are gone (docs/mac-facts.md#xcode-select-print).
        if !has_tools(look, folder)? {
            return Err(problem
                .why(format!("`xcode-select -p` says {folder}, which has no git or no clang"))
                .into());
        }
        Ok(vec![format!("`xcode-select -p` says {folder}; git and clang are there")])
    }
}

fn has_tools(look: &dyn Look, folder: &str) -> Result<bool> {
    let folder = Utf8Path::new(folder);
    if look.stat(&folder.join("usr/bin/git"))?.is_none() {
        return Ok(false);
    }
    Ok(look.stat(&folder.join("usr/bin/clang"))?.is_some()
        || look.stat(&folder.join("Toolchains/XcodeDefault.xctoolchain/usr/bin/clang"))?.is_some())
}

/// Files and links only: nothing is run (docs/mac-facts.md#clt-proof).
pub(super) fn observe(look: &dyn Look) -> Result<State> {
    let mut selected = None;
    for link in LINKS {
        if selected.is_none() {
            selected = look.stat(Utf8Path::new(link))?.and_then(|stat| stat.target);
        }
    }
    let tools = has_tools(look, TOOLS)?;
    let usable = match &selected {
        Some(folder) => has_tools(look, folder.as_str())?,
        None => tools || has_tools(look, XCODE)?,
    };
    let placeholder = look.stat(Utf8Path::new(PLACEHOLDER))?.map(|_| true);
    Ok(State { present: usable, ..State::default() }
        .with("usable", usable)
        .with("tools", tools)
        .with("selected", selected.map(camino::Utf8PathBuf::into_string))
        .with("placeholder", placeholder))
}

pub(super) fn removal(receipt: &Receipt, found: &State, all_data: bool) -> Removal {
    let there = *found.get("tools") == Value::Bool(true);
    let brought = *receipt.former.get("tools") == Value::Bool(false) && there;
    if brought && !all_data {
        return Removal::held(
            "the Command Line Tools stay, since other tools use them; `--all-data` removes them",
        );
    }
    let mut removal = Removal::default();
    if *found.get("placeholder") != Value::Absent && *receipt.former.get("placeholder") == Value::Absent {
        removal.steps.push(Box::new(InstallCommandLineTools { only_clear: true }));
    }
    if brought {
        removal.steps.push(Box::new(RemoveCommandLineTools));
    }
    let former = receipt.former.get("selected");
    if former != found.get("selected") && receipt.ours("selected", found.get("selected")) {
        match former.as_text() {
            None => removal.steps.push(Box::new(SelectDeveloperFolder { folder: None })),
            // xcode-select takes no folder without tools, and such a choice is what we mended.
            Some(dead) => removal
                .kept
                .push(format!("the choice of {dead} as developer folder is not put back: it has no tools")),
        }
    }
    removal
}
