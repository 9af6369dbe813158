//! Other owners of Ollama's port (docs/mac-facts.md#brew-ollama-job, #ollama-desktop-app).

use crate::{
    machine::tool::launchctl::parse_list,
    sim::{
        Session,
        tool::{
            bench::{Bench, JOB},
            launchd::{log_in, reboot, with_brew_ollama},
            ollama::desktop::with_desktop_app,
        },
    },
};

#[test]
fn brews_own_job_runs_with_brews_own_environment_under_either_label() {
    for label in ["homebrew.mxcl.ollama", "sh.brew.ollama"] {
        let mut bench = Bench::new();
        let path = with_brew_ollama(&mut bench.mac, label).unwrap();
        bench.pass(1.0);
        let text = bench.ctl(&format!("print gui/501/{label}")).stdout;
        assert!(text.contains("\t\tOLLAMA_KV_CACHE_TYPE => q8_0\n"), "{text}");
        assert_eq!(bench.mac.sockets(11434).len(), 1);
        assert!(bench.read(path.as_str()).contains("OLLAMA_FLASH_ATTENTION"));
        assert!(bench.read("/opt/homebrew/var/log/ollama.log").contains("Listening on 127.0.0.1:11434"));
    }
}

#[test]
fn a_second_server_loops_in_silence_until_the_first_is_gone() {
    let mut bench = Bench::new();
    with_brew_ollama(&mut bench.mac, "homebrew.mxcl.ollama").unwrap();
    bench.pass(1.0);
    bench.serve(&[]);
    bench.pass(60.0);
    assert_eq!(bench.value("state").as_deref(), Some("spawn scheduled"));
    assert_eq!(bench.value("last exit code").as_deref(), Some("1"));
    assert!(bench.job().runs() >= 6);
    assert!(bench.log().contains("Error: listen tcp 127.0.0.1:11434: bind: address already in use\n"));
    assert!(bench.get("/api/version").0.is_ok(), "the port answers, and it is the other's");
    assert!(bench.ctl("bootout gui/501/homebrew.mxcl.ollama").ok());
    bench.pass(15.0);
    assert!(bench.job().pid().is_some());
    assert_eq!(bench.mac.sockets(11434)[0].pid, bench.job().pid().unwrap());
}

#[test]
fn a_server_that_fails_at_its_start_lives_for_a_moment() {
    let mut bench = Bench::new();
    with_brew_ollama(&mut bench.mac, "homebrew.mxcl.ollama").unwrap();
    bench.pass(1.0);
    bench.serve(&[]);
    bench.pass(8.045);
    assert!(bench.job().pid().is_some(), "a pid alone proves nothing");
    bench.pass(0.1);
    assert_eq!(bench.job().pid(), None);
}

#[test]
fn the_desktop_app_starts_its_server_again_and_comes_back_at_login() {
    let mut bench = Bench::new();
    with_desktop_app(&mut bench.mac).unwrap();
    bench.pass(2.0);
    let list = parse_list(&bench.ctl("list").stdout);
    assert!(list["com.ollama.ollama"].pid.is_some());
    let server = bench.mac.sockets(11434)[0].clone();
    assert_eq!(server.command, "ollama");
    assert!(bench.mac.kill_process(server.pid, 15));
    assert!(bench.mac.sockets(11434).is_empty());
    bench.pass(2.0);
    assert_ne!(bench.mac.sockets(11434)[0].pid, server.pid);
    assert!(bench.ctl("bootout gui/501/com.ollama.ollama").ok());
    bench.pass(6.0);
    assert!(bench.mac.sockets(11434).is_empty(), "the app took its server along");
    bench.serve(&[]);
    assert!(bench.job().pid().is_some());
    reboot(&mut bench.mac);
    log_in(&mut bench.mac, Session::Gui);
    bench.pass(30.0);
    assert_eq!(bench.mac.sockets(11434).len(), 1, "one of the two has the port");
    assert!(bench.ctl("print gui/501/com.ollama.ollama").ok());
    assert!(bench.ctl(&format!("print {JOB}")).ok());
}
