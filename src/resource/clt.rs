use std::time::Duration;

use anyhow::Result;
use camino::Utf8Path;

use super::{Evidence, Quote, Removal, Resource};
use crate::{
    journal::Receipt,
    machine::{Look, Looking, Tool},
    step::{
        ClearPlaceholder, InstallCommandLineTools, PLACEHOLDER, RemoveCommandLineTools,
        SelectDeveloperFolder, Step, TOOLS,
    },
    value::{Delta, Deltas, Id, Place, Problem, State, Value, Want, Wanted},
};

/// Where `xcode-select --switch` writes the choice down, newest place first (docs/mac-facts.md#xcode-select-link).
const LINKS: [&str; 2] = ["/private/var/select/developer_dir", "/private/var/db/xcode_select_link"];

/// Where a full Xcode keeps its tools; it is looked for first when nothing is chosen (docs/mac-facts.md#xcode-select-link).
const XCODE: &str = "/Applications/Xcode.app/Contents/Developer";

/// What Apple's update server sends, as its listing says (docs/mac-facts.md#softwareupdate-list).
const DOWNLOAD: u64 = 745_661 * 1024;

/// What they take up once installed, about (docs/mac-facts.md#clt-size).
const DISK: u64 = 4 * DOWNLOAD;

/// A placeholder of the user's own, and one that root has to remove: its folder is sticky.
const OWN: &str = "own";
const FOREIGN: &str = "another's";

/// Which tools lie there: tells those that were installed anew from those that were left.
const WHICH: &str = "tools.which";

/// Whether something lies in their place that is not whole.
const REMAINS: &str = "remains";

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
        let [download, disk] = if there { [0, 0] } else { [DOWNLOAD, DISK] };
        Ok(Quote { download: Some(download), disk: Some(disk), ..Quote::default() })
    }

    fn steps(&self, found: &State, _: &Deltas) -> Vec<Box<dyn Step>> {
        let mut steps: Vec<Box<dyn Step>> = vec![];
        let there = *found.get("tools") == Value::Bool(true);
        if !found.present && !there {
            steps.push(Box::new(InstallCommandLineTools));
        } else if *found.get("placeholder") != Value::Absent {
            steps.push(Box::new(clear(found)));
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
        let problem = Problem::mac("the Command Line Tools do not work")
            .hint("see which developer folder is active; the next apply selects one that has the tools:")
            .remedy("xcode-select -p");
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

fn clear(found: &State) -> ClearPlaceholder {
    ClearPlaceholder { root: *found.get("placeholder") != OWN.into() }
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
    let placeholder = match look.stat(Utf8Path::new(PLACEHOLDER))? {
        None => None,
        Some(stat) => Some(if stat.uid == look.identity()?.uid { OWN } else { FOREIGN }),
    };
    let remains = !tools && look.stat(Utf8Path::new(TOOLS))?.is_some();
    let git = look.stat(&Utf8Path::new(TOOLS).join("usr/bin/git"))?;
    let which = git.filter(|_| tools).map(|git| format!("git of {} bytes, {}", git.size, git.modified));
    Ok(State { present: usable, ..State::default() }
        .with("usable", usable)
        .with("tools", tools)
        .with(REMAINS, remains)
        .with(WHICH, which)
        .with("selected", selected.map(camino::Utf8PathBuf::into_string))
        .with("placeholder", placeholder))
}

pub(super) fn removal(receipt: &Receipt, found: &State, all_data: bool) -> Removal {
    let mut removal = Removal::default();
    let there = *found.get("tools") == Value::Bool(true);
    let mut brought = *receipt.former.get("tools") == Value::Bool(false) && there;
    let left = receipt.left_value(WHICH).filter(|left| **left != Value::Absent);
    if brought && left.is_some_and(|left| left != found.get(WHICH)) {
        removal
            .kept
            .push("the Command Line Tools were installed anew since forgectl brought them; they stay".into());
        brought = false;
    }
    if brought && *receipt.former.get(REMAINS) == Value::Bool(true) {
        removal.kept.push("the Command Line Tools stay: a part of them was there before".into());
        brought = false;
    }
    if brought && !all_data {
        return Removal::held(
            "the Command Line Tools stay, since other tools use them; `forgectl destroy --all-data` removes them",
        );
    }
    if *found.get("placeholder") != Value::Absent && *receipt.former.get("placeholder") == Value::Absent {
        removal.steps.push(Box::new(clear(found)));
    }
    // What a killed run had started may still bring them.
    let coming =
        !there && all_data && *receipt.former.get("tools") == Value::Bool(false) && receipt.aim.is_some();
    if brought || coming {
        removal.steps.push(Box::new(RemoveCommandLineTools));
    }
    let (former, selected) = (receipt.former.get("selected"), found.get("selected"));
    // An open intent: a kill came between our choice and the record of it.
    let ours = receipt.ours("selected", selected) || (receipt.aim.is_some() && *selected == TOOLS.into());
    if former == selected || !(ours || (brought && *selected == TOOLS.into())) {
        return removal;
    }
    // xcode-select takes no folder without tools, and such a choice is what we mended.
    if let Some(dead) = former.as_text() {
        removal
            .kept
            .push(format!("the choice of {dead} as developer folder is not put back: it had no tools"));
    }
    // A choice of what is removed would lead nowhere.
    if brought || *former == Value::Absent {
        removal.steps.push(Box::new(SelectDeveloperFolder { folder: None }));
    }
    removal
}
