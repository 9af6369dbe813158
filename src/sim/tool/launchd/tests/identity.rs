//! The pinned program (docs/mac-facts.md#launchd-code-identity).

use crate::sim::{
    Content, USER,
    tool::bench::{Bench, JOB, PLIST, PROGRAM},
};

fn running(macos: &str) -> Bench {
    let mut bench = Bench::with(|spec| spec.macos = macos.to_owned());
    bench.plist("<key>RunAtLoad</key><true/><key>KeepAlive</key><true/>");
    assert!(bench.ctl(&format!("bootstrap gui/501 {PLIST}")).ok());
    bench.pass(1.0);
    assert!(bench.job().pid().is_some());
    bench
}

#[test]
fn a_replaced_program_runs_on_and_every_start_after_that_dies() {
    for (macos, key, value) in
        [("26.1", "last exit code", "78: EX_CONFIG"), ("15.5", "last terminating signal", "Killed: 9")]
    {
        let mut bench = running(macos);
        bench.file(USER, PROGRAM, "worker 2", 0o755);
        bench.pass(60.0);
        assert!(bench.job().pid().is_some(), "what runs is not touched");
        assert!(bench.ctl(&format!("kickstart -k {JOB}")).ok(), "kickstart notices nothing");
        assert_eq!(bench.job().pid(), None);
        assert_eq!(bench.value(key).as_deref(), Some(value));
        assert!(bench.value("properties").unwrap().contains("needs LWCR update"));
        bench.pass(120.0);
        assert_eq!(bench.job().pid(), None, "nor does waiting help");
        assert!(bench.job().runs() > 10);
        assert!(bench.ctl(&format!("bootout {JOB}")).ok());
        assert!(bench.ctl(&format!("bootstrap gui/501 {PLIST}")).ok());
        bench.pass(1.0);
        assert!(bench.job().pid().is_some(), "bootout and bootstrap cure it");
    }
}

#[test]
fn the_same_bytes_again_are_the_same_program() {
    let mut bench = running("15.5");
    bench.pass(60.0);
    bench.file(USER, PROGRAM, "worker 1", 0o755);
    bench.ctl(&format!("kickstart -k {JOB}"));
    assert!(bench.job().pid().is_some());
}

#[test]
fn an_upgrade_of_homebrews_ollama_needs_a_reload() {
    let mut bench = Bench::serving(&[]);
    let now = bench.mac.state.now;
    let disk = bench.mac.disk.memory_mut().unwrap();
    let keg = disk.node_mut("/opt/homebrew/Cellar/ollama").unwrap().clone();
    for folder in ["", "/bin", "/libexec"] {
        disk.put(format!("/opt/homebrew/Cellar/ollama/0.33.0{folder}"), keg.clone());
    }
    let mut program = disk.node_mut("/opt/homebrew/Cellar/ollama/0.32.3/libexec/ollama").unwrap().clone();
    program.content = Some(Content::Made { size: 35_000_000, seed: 330 });
    program.modified = now;
    disk.put("/opt/homebrew/Cellar/ollama/0.33.0/libexec/ollama", program);
    let mut link = disk.node_mut("/opt/homebrew/Cellar/ollama/0.32.3/bin/ollama").unwrap().clone();
    disk.put("/opt/homebrew/Cellar/ollama/0.33.0/bin/ollama", link.clone());
    link.target = Some("../Cellar/ollama/0.33.0".into());
    disk.put("/opt/homebrew/opt/ollama", link);

    bench.ctl(&format!("kickstart -k {JOB}"));
    assert_eq!(bench.job().pid(), None);
    bench.ctl(&format!("bootout {JOB}"));
    bench.ctl(&format!("bootstrap gui/501 {PLIST}"));
    bench.pass(1.0);
    let version = bench.get("/api/version").0.unwrap().body;
    assert_eq!(String::from_utf8(version).unwrap(), "{\"version\":\"0.33.0\"}");
}
