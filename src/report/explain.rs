use super::{layout::Page, words};
use crate::{
    desk::Screen,
    engine::plan::{Action, Item, Plan},
    step::About,
};

/// The steps of every change of a plan: why each is needed, what it runs and how it is undone.
pub fn explained(plan: &Plan, screen: Screen) -> String {
    let mut page = Page::new(screen);
    for item in plan.changes() {
        page.line(&page.ink.bold(&item.id.to_string()));
        steps(item, &mut page);
    }
    page.done()
}

/// The steps of one change, below its line.
pub(super) fn steps(item: &Item, page: &mut Page) {
    // Of what is not there every field is absent, which says nothing.
    for delta in item.deltas.iter().filter(|_| item.action != Action::Add) {
        page.hanging("      field ", &page.ink.plain(&words::delta(delta)));
    }
    for about in &item.steps {
        step(about, page);
    }
}

fn step(about: &About, page: &mut Page) {
    let ink = page.ink;
    page.hanging("      * ", &ink.plain(&about.words));
    let name = |name: &str| format!("        {} ", ink.dim(&format!("{name:<8}")));
    let parts = [
        ("why", Some(&about.why)),
        ("sudo", about.sudo.as_ref()),
        ("restarts", about.restarts.as_ref()),
        ("undo", Some(&about.undo)),
    ];
    for (part, text) in parts {
        if part == "undo" {
            // A command stays on one line, so that it can be copied.
            for command in &about.commands {
                page.line(&format!("{}{}", name("run"), ink.plain(command)));
            }
        }
        if let Some(text) = text.filter(|text| !text.is_empty()) {
            page.hanging(&name(part), &ink.plain(text));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::tests::spine_plan, *};

    #[test]
    fn each_step_says_why_what_it_runs_and_how_it_is_undone() {
        let page = explained(&spine_plan(), Screen::plain(80));
        let clt = page.split("power/ac").next().unwrap();
        insta::assert_snapshot!(clt, @"
        clt/command-line-tools
              * install the Command Line Tools
                why      git, clang and the headers that other tools are built with come
                         from it
                sudo     CLT
                run      sudo touch /tmp/.com.apple.dt.CommandLineTools.installondemand.in-progress
                run      sudo softwareupdate -i 'Command Line Tools for Xcode-16.4' --verbose --agree-to-license
                undo     left in place
        ");
    }
}
