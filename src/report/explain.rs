use super::{ink::Ink, layout};
use crate::{
    desk::Screen,
    engine::plan::{Item, Plan},
    step::About,
};

/// The steps of every change of a plan: why each is needed, what it runs and how it is undone.
pub fn explained(plan: &Plan, screen: Screen) -> String {
    let ink = Ink::new(screen);
    let width = layout::page(screen.width);
    plan.changes()
        .map(|item| format!("{}\n{}", ink.bold(&item.id.to_string()), steps(item, ink, width)))
        .collect()
}

/// The steps of one change, below its line.
pub(super) fn steps(item: &Item, ink: Ink, width: usize) -> String {
    let mut page = String::new();
    for delta in &item.deltas {
        page.push_str(&layout::hanging("      field ", &ink.plain(&super::words::delta(delta)), width));
    }
    page.extend(item.steps.iter().map(|about| step(about, ink, width)));
    page
}

fn step(about: &About, ink: Ink, width: usize) -> String {
    let mut page = layout::hanging("      * ", &ink.plain(&about.words), width);
    let mut part = |name: &str, text: &str| {
        if !text.is_empty() {
            page.push_str(&layout::hanging(&format!("        {} ", ink.dim(name)), &ink.plain(text), width));
        }
    };
    part("why  ", &about.why);
    if let Some(sudo) = &about.sudo {
        part("sudo ", sudo);
    }
    if let Some(restarts) = &about.restarts {
        part("restarts", restarts);
    }
    // A command stays on one line, so that it can be copied.
    for command in &about.commands {
        page.push_str(&format!("        {} {}\n", ink.dim("run  "), ink.plain(command)));
    }
    if !about.undo.is_empty() {
        page.push_str(&layout::hanging(
            &format!("        {} ", ink.dim("undo ")),
            &ink.plain(&about.undo),
            width,
        ));
    }
    page
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
                why   git, clang and the headers that other tools are built with come
                      from it
                sudo  CLT
                run   sudo touch /tmp/.com.apple.dt.CommandLineTools.installondemand.in-progress
                run   sudo softwareupdate -i 'Command Line Tools for Xcode-16.4' --verbose --agree-to-license
                undo  left in place
        ");
    }
}
