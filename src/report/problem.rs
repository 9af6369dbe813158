use console::measure_text_width;
use serde_json::json;

use super::{ink::Ink, layout::Page};
use crate::{
    desk::Screen,
    value::{Problem, Sort, Span},
};

/// How many problems are told in full; a person mends some and comes again.
const MOST: usize = 50;

/// Problems for people: what, the causes, the place in the manifest with a caret, hints, and the commands to type next,
/// each alone on its line. `word` is what they are: `error`, `warning`.
pub fn problems(word: &str, problems: &[Problem], screen: Screen) -> String {
    let mut page = Page::new(screen);
    for (nth, problem) in problems.iter().take(MOST).enumerate() {
        if nth > 0 {
            page.line("");
        }
        one(word, problem, &mut page);
    }
    if problems.len() > MOST {
        page.line(&format!("\nand {} more", problems.len() - MOST));
    }
    if problems.iter().any(|problem| problem.sort == Sort::Bug) {
        page.line("");
        page.hanging(
            "",
            "This is a fault of forgectl, neither of your manifest nor of your Mac. Please report it with the \
             lines above and what these print:",
        );
        page.line("    forgectl --version");
        page.line("    forgectl facts");
    }
    page.done()
}

/// Problems for programs, in one line: `{"problems": [{sort, what, why, hints, remedy, advice, place, resource}]}`.
pub fn problems_json(problems: &[Problem]) -> String {
    json!({ "problems": problems }).to_string() + "\n"
}

fn one(word: &str, problem: &Problem, page: &mut Page) {
    let ink = page.ink;
    let painted = if word == "error" { ink.bad(word) } else { ink.warn(word) };
    page.hanging(&format!("{painted}: "), &ink.bold(&problem.what));
    for why in &problem.why {
        page.hanging("  Caused by: ", &ink.plain(why));
    }
    if let Some(resource) = &problem.resource {
        page.line(&format!("  of {}", ink.plain(&resource.to_string())));
    }
    if let Some(span) = &problem.span {
        place(span, page);
    }
    let commands = |count: usize, page: &mut Page| {
        for command in problem.commands_after(count) {
            page.line(&format!("    {}", ink.plain(command)));
        }
    };
    if problem.commands_after(0).next().is_some() {
        page.line(&format!("{}: try", ink.good("hint")));
        commands(0, page);
    }
    for (number, hint) in problem.hints.iter().enumerate() {
        page.hanging(&format!("{}: ", ink.good("hint")), &ink.plain(hint));
        commands(number + 1, page);
    }
}

/// `at stack.yaml:21:5`, the line, and a caret under the part that is meant.
fn place(span: &Span, page: &mut Page) {
    let ink = page.ink;
    let number = span.line().to_string();
    let gutter = " ".repeat(number.len());
    let room = page.width.saturating_sub(number.len() + 6).max(20);
    let (line, offset, carets) = excerpt(span, ink, room);
    let bar = ink.dim("|");
    page.line(&format!("  at {}", ink.plain(&span.to_string())));
    page.line(&format!("  {number} {bar} {line}"));
    page.line(&format!("  {gutter} {bar} {}{}", " ".repeat(offset), ink.bad(&"^".repeat(carets))));
}

/// The line as it can be shown in `room` columns, the column in it where the span starts, and the columns it covers. A
/// line that is wider is shown from shortly before the span on.
fn excerpt(span: &Span, ink: Ink, room: usize) -> (String, usize, usize) {
    let shown = span.excerpt();
    let parts: Vec<String> = shown.line.chars().map(|c| ink.plain(c.encode_utf8(&mut [0; 4]))).collect();
    let widths: Vec<usize> = parts.iter().map(|part| measure_text_width(part)).collect();
    let start = shown.start.min(parts.len());
    let end = (start + shown.width).min(parts.len());
    let mut from = 0;
    if widths.iter().sum::<usize>() > room {
        let mut before = 0;
        from = start;
        while from > 0 && before + widths[from - 1] <= room / 3 {
            from -= 1;
            before += widths[from];
        }
    }
    let mut line = if from > 0 { "...".to_owned() } else { String::new() };
    let mut used = line.len();
    let offset = used + widths[from..start].iter().sum::<usize>();
    for (nth, (part, width)) in parts.iter().zip(&widths).enumerate().skip(from) {
        let dots = if nth + 1 == parts.len() { 0 } else { 3 };
        if used + width + dots > room {
            line.push_str("...");
            break;
        }
        line.push_str(part);
        used += width;
    }
    let carets = widths[start..end].iter().sum::<usize>().min(used.saturating_sub(offset)).max(1);
    (line, offset, carets)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::{Id, Source};

    fn screen(width: usize, unicode: bool) -> Screen {
        Screen { unicode, ..Screen::plain(width) }
    }

    fn told(problem: Problem, screen: Screen) -> String {
        problems("error", &[problem], screen)
    }

    #[test]
    fn an_error_tells_cause_place_and_the_next_command() {
        let source = Source::new("stack.yaml", "forge: 1\nollama:\n  port: 11434\n");
        let problem = Problem::mac("port is taken: 11434")
            .why("`ollama` (pid 812) listens on it, started by Homebrew services")
            .of(&Id::new("job", "dev.forge.ollama"))
            .at(Some(&source.span(26, 5)))
            .hint("stop it, and apply again")
            .remedy("brew services stop ollama")
            .remedy("forgectl apply stack.yaml");
        insta::assert_snapshot!(told(problem, screen(80, true)), @"
        error: port is taken: 11434
          Caused by: `ollama` (pid 812) listens on it, started by Homebrew services
          of job/dev.forge.ollama
          at stack.yaml:3:10
          3 |   port: 11434
            |          ^^^^
        hint: stop it, and apply again
            brew services stop ollama
            forgectl apply stack.yaml
        ");
    }

    #[test]
    fn the_caret_stands_under_wide_letters() {
        let source = Source::new("stack.yaml", "名前: 日本 x\n");
        let problem = |length| Problem::manifest("no").at(Some(&source.span(8, length)));
        insta::assert_snapshot!(told(problem(6), screen(80, true)), @"
        error: no
          at stack.yaml:1:5
          1 | 名前: 日本 x
            |       ^^^^
        ");
        insta::assert_snapshot!(told(problem(6), screen(80, false)), @r"
        error: no
          at stack.yaml:1:5
          1 | \u{540d}\u{524d}: \u{65e5}\u{672c} x
            |                   ^^^^^^^^^^^^^^^^
        ");
    }

    #[test]
    fn of_a_line_without_end_the_part_around_the_caret_is_shown() {
        let text = format!("a: {} bad {}", "x".repeat(500), "y".repeat(500));
        let source = Source::new("stack.yaml", text);
        let page = told(Problem::manifest("no").at(Some(&source.span(504, 3))), screen(60, false));
        insta::assert_snapshot!(page, @"
        error: no
          at stack.yaml:1:505
          1 | ...xxxxxxxxxxxxxxxx bad yyyyyyyyyyyyyyyyyyyyyyyyyy...
            |                     ^^^
        ");
        assert!(page.lines().all(|line| line.len() <= 60));
    }

    #[test]
    fn a_place_at_the_end_of_the_text_has_a_caret_too() {
        let source = Source::new("stack.yaml", "forge: 1");
        let page =
            told(Problem::manifest("`stack` is missing").at(Some(&source.span(8, 0))), screen(80, true));
        assert!(page.ends_with("1 | forge: 1\n    |         ^\n"), "{page}");
    }

    #[test]
    fn only_our_own_faults_ask_for_a_report() {
        assert!(told(Problem::bug("no"), screen(80, true)).contains("a fault of forgectl"));
        for problem in [Problem::manifest("no"), Problem::mac("no")] {
            assert!(!told(problem, screen(80, true)).contains("report"));
        }
    }

    #[test]
    fn commands_are_never_broken() {
        let command = "forgectl destroy a-very-long-path/with-a-very-long-name/stack.yaml --all-data --yes";
        let page = told(Problem::mac("no").remedy(command), screen(40, true));
        assert!(page.contains(&format!("\n    {command}\n")), "{page}");
    }

    #[test]
    fn many_problems_are_counted() {
        let many = vec![Problem::manifest("no"); 60];
        assert!(problems("error", &many, screen(80, true)).ends_with("\nand 10 more\n"));
    }
}
