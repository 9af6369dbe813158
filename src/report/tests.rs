//! What the tests of the views show.

use crate::{
    engine::plan::{Action, Item, Plan},
    machine::facts::Facts,
    resource::Quote,
    step::About,
    value::{Id, Source},
};

pub(super) fn mac() -> Facts {
    Facts {
        chip: Some("M4 Pro".to_owned()),
        apple_silicon: true,
        rosetta: false,
        gpu_cores: Some(20),
        memory: Some(64 << 30),
        model: Some("Mac16,11".to_owned()),
        macos: Some("15.5".to_owned()),
        build: Some("24F74".to_owned()),
        disk_free: Some(412_000_000_000),
        disk_total: Some(994_000_000_000),
        user: "lab".to_owned(),
        uid: 501,
        admin: true,
        home: "/Users/lab".to_owned(),
        at_screen: true,
        managed: false,
        managed_preferences: false,
        boot: None,
        seen: "2026-05-04T10:20:30Z".parse().unwrap(),
    }
}

pub(super) fn spine_plan() -> Plan {
    let source =
        Source::new("stack.yaml", "forge: 1\ntools:\n  clt: true\npower:\n  never_sleep: true\nollama: {}\n");
    let step = |words: &str| About { words: words.to_owned(), ..About::default() };
    let item = |kind, name, action, reason: &str, at| Item {
        id: Id::new(kind, name),
        action,
        deltas: vec![],
        reason: reason.to_owned(),
        steps: vec![],
        quote: Quote::default(),
        needs: vec![],
        locked: None,
        origin: Some(source.span(at, 4)),
    };
    let clt = About {
        why: "git, clang and the headers that other tools are built with come from it".to_owned(),
        commands: vec![
            "sudo touch /tmp/.com.apple.dt.CommandLineTools.installondemand.in-progress".to_owned(),
            "sudo softwareupdate -i 'Command Line Tools for Xcode-16.4' --verbose --agree-to-license"
                .to_owned(),
        ],
        undo: "left in place".to_owned(),
        sudo: Some("CLT".to_owned()),
        ..step("install the Command Line Tools")
    };
    let power = About { sudo: Some("power".to_owned()), ..step("write the power settings") };
    let job = About { restarts: Some("dev.forge.ollama".to_owned()), ..step("load the job") };
    Plan {
        stack: "spine".to_owned(),
        manifest: "stack.yaml".to_owned(),
        node: mac(),
        items: vec![
            Item {
                steps: vec![clt],
                quote: Quote { download: Some(713_000_000), ..Quote::default() },
                ..item("clt", "command-line-tools", Action::Add, "install", 18)
            },
            Item {
                steps: vec![power],
                ..item(
                    "power",
                    "ac",
                    Action::Change,
                    "sleep 1 -> 0, disksleep 10 -> 0, autorestart 0 -> 1",
                    38,
                )
            },
            item("folder", "/Users/lab/Library/LaunchAgents", Action::Keep, "", 58),
            item("folder", "/Users/lab/Library/Logs/forgectl", Action::Add, "make", 58),
            Item { steps: vec![job], ..item("job", "dev.forge.ollama", Action::Add, "write and load", 58) },
            item("rival", "homebrew.mxcl.ollama", Action::Remove, "put back", 58),
        ],
        only: vec![],
        upgrade: crate::value::Upgrade::default(),
        left_aside: 0,
        refusals: vec![],
        warnings: vec![],
        exposed: vec![],
        sudo_asks: true,
        sudo_questions: 1,
    }
}
