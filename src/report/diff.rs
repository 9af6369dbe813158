use super::{layout::Page, words::count};
use crate::{desk::Screen, sim::Difference};

/// What differs between two simulated Macs: the thing, what the first has, what the second has.
pub fn differences(found: &[Difference], screen: Screen) -> String {
    let mut page = Page::new(screen);
    let ink = page.ink;
    for difference in found {
        page.line(&ink.bold(&difference.what));
        page.hanging(&format!("  {} ", ink.bad("-")), &ink.plain(&difference.left));
        page.hanging(&format!("  {} ", ink.good("+")), &ink.plain(&difference.right));
    }
    page.lines(&differences_total(found, screen));
    page.done()
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
}
