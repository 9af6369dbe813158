use super::{layout::Page, words::count};
use crate::{
    desk::Screen,
    sim::{ABSENT, Difference},
};

/// What differs between two simulated Macs: the thing, what the first has, what the second has. A folder and a job that
/// only one of them has is told in one line with all that belongs to it.
pub fn differences(found: &[Difference], screen: Screen) -> String {
    let mut page = Page::new(screen);
    let ink = page.ink;
    for thing in things(found) {
        page.line(&ink.bold(&thing.of.what));
        let [left, right] = [&thing.of.left, &thing.of.right]
            .map(|side| if side == ABSENT { side.clone() } else { thing.told(side) });
        page.hanging(&format!("  {} ", ink.bad("-")), &ink.plain(&left));
        page.hanging(&format!("  {} ", ink.good("+")), &ink.plain(&right));
    }
    page.lines(&differences_total(found, screen));
    page.done()
}

/// A difference, and those that belong to it.
struct Thing<'d> {
    of: &'d Difference,
    parts: Vec<&'d Difference>,
}

/// A folder comes before what is in it, and a job before what it is like, since both are sorted.
fn things(found: &[Difference]) -> Vec<Thing<'_>> {
    let mut things: Vec<Thing> = vec![];
    for difference in found {
        match things.iter_mut().find(|thing| thing.holds(difference)) {
            Some(thing) => thing.parts.push(difference),
            None => things.push(Thing { of: difference, parts: vec![] }),
        }
    }
    things
}

impl Thing<'_> {
    /// What the one Mac has that has it.
    fn told(&self, side: &str) -> String {
        let part = |name: &str| {
            let part = self.parts.iter().find(|part| part.what.ends_with(&format!(": {name}")))?;
            Some(if part.left == ABSENT { part.right.as_str() } else { part.left.as_str() })
        };
        if self.is_job() {
            let about = [Some(side), part("program"), part("state")];
            return about.into_iter().flatten().collect::<Vec<_>>().join(", ");
        }
        match self.parts.len() {
            0 => side.to_owned(),
            number => format!("{side} with {} in it", count(number, "thing", "things")),
        }
    }

    fn is_job(&self) -> bool {
        self.of.what.starts_with("job ")
    }

    fn holds(&self, part: &Difference) -> bool {
        let absent =
            |difference: &Difference| [&difference.left, &difference.right].map(|side| side == ABSENT);
        let whole = absent(self.of).contains(&true) && absent(self.of) == absent(part);
        let between = if self.is_job() { ": " } else { "/" };
        whole && part.what.strip_prefix(self.of.what.as_str()).is_some_and(|rest| rest.starts_with(between))
    }
}

/// How many differences there are.
pub fn differences_total(found: &[Difference], screen: Screen) -> String {
    let mut page = Page::new(screen);
    let text = match found.len() {
        0 => "The two are equal".to_owned(),
        number => format!("They differ in {}", count(number, "thing", "things")),
    };
    page.line(&page.ink.bold(&text));
    page.done()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_difference_names_the_thing_and_both_sides() {
        let found =
            Difference { what: "power ac sleep".to_owned(), left: "1".to_owned(), right: "0".to_owned() };
        let page = differences(&[found], Screen::plain(80));
        assert_eq!(page, "power ac sleep\n  - 1\n  + 0\nThey differ in 1 thing\n");
        assert_eq!(differences(&[], Screen::plain(80)), "The two are equal\n");
    }

    #[test]
    fn a_folder_and_a_job_that_only_one_has_are_one_thing_each() {
        let of = |what: &str, left: &str, right: &str| Difference {
            what: what.to_owned(),
            left: left.to_owned(),
            right: right.to_owned(),
        };
        let found = [
            of("/Library/New", ABSENT, "folder"),
            of("/Library/New/a", ABSENT, "folder"),
            of("/Library/New/a/b", ABSENT, "file"),
            of("/Library/Newer", ABSENT, "file"),
            of("/old", "folder", ABSENT),
            of("job gui/501/x", ABSENT, "/x.plist"),
            of("job gui/501/x: environment", ABSENT, "{}"),
            of("job gui/501/x: program", ABSENT, "/bin/x"),
            of("job gui/501/x: state", ABSENT, "running"),
            of("job gui/501/y: state", "running", "waiting"),
        ];
        insta::assert_snapshot!(differences(&found, Screen::plain(80)), @"
        /Library/New
          - (absent)
          + folder with 2 things in it
        /Library/Newer
          - (absent)
          + file
        /old
          - folder
          + (absent)
        job gui/501/x
          - (absent)
          + /x.plist, /bin/x, running
        job gui/501/y: state
          - running
          + waiting
        They differ in 10 things
        ");
    }
}
