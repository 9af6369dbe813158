use super::*;
use crate::{report::tests::spine_plan, value::Pin};

fn story(quiet: bool, asks: bool) -> Story {
    Story::new(Manner { quiet, asks, ..Manner::plain(80) })
}

fn tell(story: &mut Story, at: i64, event: &Event) -> Told {
    story.hear(event, Timestamp::from_second(at).unwrap())
}

fn job() -> Id {
    Id::new("job", "dev.forge.ollama")
}

fn run() -> Vec<Event> {
    let id = job();
    vec![
        Event::Started { command: "apply", stack: "spine".to_owned(), log: "/log".to_owned() },
        Event::Planned { plan: Box::new(spine_plan()) },
        Event::ResourceStarted { id: id.clone() },
        Event::StepStarted { id: id.clone(), words: "load the job".to_owned() },
        Event::StepDone { id: id.clone(), words: "load the job".to_owned(), seconds: 9.2 },
        Event::ResourceDone {
            id: id.clone(),
            evidence: vec!["runs as process 812".to_owned()],
            seconds: 9.2,
        },
        Event::Proved {
            id: id.clone(),
            evidence: vec!["runs as process 812".to_owned(), "answers with 0.9.0".to_owned()],
        },
        Event::Finished { summary: Summary { changed: vec![id], ..Summary::default() } },
    ]
}

#[test]
fn a_run_leaves_the_plan_a_line_a_resource_and_its_end() {
    let mut story = story(false, false);
    let told: Vec<Told> = run().iter().zip(0..).map(|(event, at)| tell(&mut story, at, event)).collect();
    assert_eq!(told[1].out, plan::plan(&spine_plan(), Screen::plain(80), false) + "\n");
    assert_eq!(told[3].begins, "  begin    job/dev.forge.ollama: load the job\n");
    let rest: String = told[2..].iter().map(|told| told.out.as_str()).collect();
    insta::assert_snapshot!(rest, @"
      done     job/dev.forge.ollama                                            9.2 s
                 runs as process 812
      proved   job/dev.forge.ollama
                 answers with 0.9.0
    Done after 7.0 s: 1 changed
    ");
    assert!(told.iter().all(|told| told.err.is_empty()));
}

#[test]
fn quiet_leaves_the_end_alone_unless_somebody_has_to_see_the_plan() {
    let all =
        |mut story: Story| -> String { run().iter().map(|event| tell(&mut story, 0, event).out).collect() };
    assert_eq!(all(story(true, false)), "Done after 0.0 s: 1 changed\n");
    assert!(all(story(true, true)).starts_with(&plan::plan(&spine_plan(), Screen::plain(80), false)));
}

#[test]
fn the_heartbeat_names_what_still_goes_on_and_how_far_it_is() {
    let mut story = story(false, false);
    for event in &run()[..4] {
        tell(&mut story, 0, event);
    }
    tell(&mut story, 0, &Event::Bytes { id: job(), done: 200_000_000, total: Some(700_000_000) });
    assert_eq!(
        story.heartbeat(),
        "  still    job/dev.forge.ollama: load the job, 0.2 GB of 0.7 GB (0.0 s)\n"
    );
    tell(&mut story, 0, &Event::Line { id: job(), text: " waiting for another\n".to_owned() });
    assert!(story.heartbeat().contains("0.7 GB: waiting for"), "{}", story.heartbeat());
    tell(
        &mut story,
        0,
        &Event::ResourceSkipped { id: job(), because: "stopped".to_owned(), optional: false },
    );
    assert_eq!(story.heartbeat(), "");
}

#[test]
fn failures_are_told_in_full_at_the_end() {
    let mut story = story(true, false);
    let problem = Problem::mac("it did not start: `dev.forge.ollama`").why("exit 78");
    tell(&mut story, 0, &Event::ResourceFailed { id: job(), problem, optional: false });
    let told = tell(
        &mut story,
        0,
        &Event::Finished { summary: Summary { failed: vec![job()], ..Summary::default() } },
    );
    insta::assert_snapshot!(told.err + &told.out, @"
    error: it did not start: `dev.forge.ollama`
      Caused by: exit 78
      of job/dev.forge.ollama

    Not finished after 0.0 s: 0 changed, 1 failed
    ");
}

#[test]
fn what_stays_of_a_thing_that_goes_is_told_with_it_and_once() {
    let mut story = story(false, false);
    let kept = |why: &str| Event::Kept { id: job(), why: why.to_owned() };
    let tell = |story: &mut Story, event: &Event| tell(story, 0, event).out;
    assert!(tell(&mut story, &kept("it holds data")).starts_with("  kept     job/dev.forge.ollama\n"));
    tell(&mut story, &Event::ResourceStarted { id: job() });
    assert_eq!(tell(&mut story, &kept("a copy is in backups/1")), "");
    let done = Event::ResourceDone { id: job(), evidence: vec![], seconds: 0.0 };
    assert_eq!(
        tell(&mut story, &done),
        "  done     job/dev.forge.ollama\n             a copy is in backups/1\n"
    );
    tell(&mut story, &Event::ResourceStarted { id: job() });
    tell(&mut story, &kept("others use it"));
    let end = tell(&mut story, &Event::Finished { summary: Summary::default() });
    assert!(end.starts_with("  kept     job/dev.forge.ollama\n             others use it\n"), "{end}");
}

#[test]
fn what_moves_in_the_lock_is_a_line_and_what_is_new_in_it_is_none() {
    let mut story = story(false, false);
    let pin = |version: &str| Some(Pin { version: Some(version.to_owned()), ..Pin::default() });
    let pins = [(None, pin("1")), (pin("1"), None), (pin("1"), pin("2"))];
    let pins = pins.map(|(from, to)| Repinned { id: job(), from, to }).to_vec();
    let told = tell(&mut story, 0, &Event::Locked { file: "stack.lock".to_owned(), pins });
    assert_eq!(told.out, "  locked   job/dev.forge.ollama\n             1 -> 2\n");
}

#[test]
fn a_resource_that_is_only_checked_is_no_line() {
    let mut story = story(false, false);
    tell(&mut story, 0, &run()[1]);
    let kept = Id::new("folder", "/Users/lab/Library/LaunchAgents");
    tell(&mut story, 0, &Event::ResourceStarted { id: kept.clone() });
    assert!(story.heartbeat().is_empty());
    let done = tell(&mut story, 0, &Event::ResourceDone { id: kept, evidence: vec![], seconds: 0.0 });
    assert_eq!(done.out, "");
}
