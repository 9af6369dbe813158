use super::layout::{self, Page};
use crate::{
    desk::Screen,
    machine::facts::Facts,
    value::{MemorySize, human_bytes},
};

/// What is known of a Mac, a line a fact.
pub fn facts(facts: &Facts, screen: Screen) -> String {
    let mut page = Page::new(screen);
    let known = |value: &Option<String>| value.clone().unwrap_or_else(|| "unknown".to_owned());
    let yes = |yes: bool| if yes { "yes" } else { "no" }.to_owned();
    let macos = match &facts.build {
        Some(build) => format!("{} ({build})", known(&facts.macos)),
        None => known(&facts.macos),
    };
    let disk = match (facts.disk_free, facts.disk_total) {
        (Some(free), Some(total)) => format!("{} free of {}", human_bytes(free), human_bytes(total)),
        _ => "unknown".to_owned(),
    };
    let managed = match (facts.managed, facts.managed_preferences) {
        (true, _) => "yes",
        (false, true) => "no sign, but managed preferences",
        (false, false) => "no sign",
    };
    let rows = [
        ("chip", known(&facts.chip)),
        ("Apple silicon", yes(facts.apple_silicon)),
        ("under Rosetta", yes(facts.rosetta)),
        ("GPU cores", known(&facts.gpu_cores.map(|cores| cores.to_string()))),
        ("memory", known(&facts.memory.map(|bytes| MemorySize(bytes).to_string()))),
        ("model", known(&facts.model)),
        ("macOS", macos),
        ("disk", disk),
        ("user", format!("{} ({}), home {}", facts.user, facts.uid, facts.home)),
        ("administrator", yes(facts.admin)),
        ("at the screen", yes(facts.at_screen)),
        ("device manager", managed.to_owned()),
        ("started", known(&facts.boot.map(|boot| format!("{boot:.0}")))),
    ];
    let name_width = rows.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    for (name, value) in rows {
        let lead = format!("{}  ", layout::pad(&page.ink.dim(name), name_width));
        page.hanging(&lead, &page.ink.plain(&value));
    }
    page.done()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_is_said_to_be_unknown() {
        let known = super::super::tests::mac();
        let page = facts(&Facts { chip: None, ..known }, Screen::plain(80));
        insta::assert_snapshot!(page, @"
        chip            unknown
        Apple silicon   yes
        under Rosetta   no
        GPU cores       20
        memory          64GB
        model           Mac16,11
        macOS           15.5 (24F74)
        disk            412 GB free of 994 GB
        user            lab (501), home /Users/lab
        administrator   yes
        at the screen   yes
        device manager  no sign
        started         unknown
        ");
    }
}
