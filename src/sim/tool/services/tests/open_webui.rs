use super::*;

const TAGS: &str = r#"{"models":[{"name":"tiny:latest"},{"name":"small:1b"}]}"#;
const ADMIN: [(&str, &str); 6] = [
    ("WEBUI_SECRET_KEY", "key"),
    ("WEBUI_ADMIN_EMAIL", "admin@forge.local"),
    ("WEBUI_ADMIN_PASSWORD", "first"),
    ("OFFLINE_MODE", "true"),
    ("ENABLE_PERSISTENT_CONFIG", "False"),
    ("ENABLE_SIGNUP", "False"),
];

fn at(path: &str) -> String {
    format!("http://ui:8080{path}")
}

fn sign_in(net: &mut Net, password: &str) -> (u16, String) {
    let body = format!(r#"{{"email":"admin@forge.local","password":"{password}"}}"#);
    let (status, answer) = net.send("POST", &at("/api/v1/auths/signin"), None, &body);
    (status, format!("Bearer {}", answer["token"].as_str().unwrap_or_default()))
}

fn started(variables: &[(&str, &str)]) -> Net {
    let mut net = Net::new();
    net.ollama = BTreeMap::from([
        ("/api/tags", TAGS),
        ("/api/chat", r#"{"message":{"role":"assistant","content":"4"},"eval_count":2}"#),
    ]);
    net.start("ui", Kind::OpenWebUi, variables, "bash start.sh");
    net.pass(secs(30));
    net
}

#[test]
fn it_is_ready_a_while_after_it_listens_and_that_a_while_after_its_start() {
    let mut net = Net::new();
    net.start("ui", Kind::OpenWebUi, &ADMIN, "bash start.sh");
    net.pass(secs(20));
    assert!(net.is_refused(&at("/health")));
    net.pass(secs(1));
    assert_eq!(net.send("GET", &at("/health"), None, "").0, 200);
    let (status, said) = net.send("GET", &at("/ready"), None, "");
    assert_eq!((status, said["detail"].as_str()), (503, Some("Startup not complete")));
    net.pass(secs(1));
    assert_eq!(net.send("GET", &at("/ready"), None, "").0, 200);

    let mut net = Net::new();
    net.start("ui", Kind::OpenWebUi, &ADMIN[..3], "bash start.sh");
    net.pass(secs(100));
    assert!(net.is_refused(&at("/health")), "its model for embeddings is fetched first");
    net.pass(secs(60));
    assert_eq!(net.send("GET", &at("/ready"), None, "").0, 200);
}

#[test]
fn who_signs_in_sees_the_models_of_ollama_and_chats_with_one() {
    let mut net = started(&ADMIN);
    let (status, nobody) = sign_in(&mut net, "wrong");
    assert_eq!((status, net.send("GET", &at("/api/models"), Some(&nobody), "").0), (400, 401));
    let (status, token) = sign_in(&mut net, "first");
    assert_eq!(status, 200);
    let (_, models) = net.send("GET", &at("/api/models"), Some(&token), "");
    let ids: Vec<_> = models["data"].as_array().unwrap().iter().map(|model| model["id"].clone()).collect();
    assert_eq!(ids, ["tiny:latest", "small:1b"]);
    let chat = r#"{"model":"tiny:latest","messages":[{"role":"user","content":"2+2?"}],"max_tokens":4}"#;
    let (status, answer) = net.send("POST", &at("/api/chat/completions"), Some(&token), chat);
    assert_eq!((status, answer["choices"][0]["message"]["content"].as_str()), (200, Some("4")));
    let unknown = chat.replace("tiny", "huge");
    assert_eq!(net.send("POST", &at("/api/chat/completions"), Some(&token), &unknown).0, 404);
    net.ollama.clear();
    let (status, models) = net.send("GET", &at("/api/models"), Some(&token), "");
    assert_eq!((status, models["data"].as_array().map(Vec::len)), (200, Some(0)));
}

#[test]
fn the_first_admin_stays_as_he_was_made_and_his_session_as_long_as_the_key() {
    let mut net = started(&ADMIN);
    let (_, token) = sign_in(&mut net, "first");
    let mut later = ADMIN;
    later[2].1 = "second";
    net.start("ui", Kind::OpenWebUi, &later, "bash start.sh");
    net.pass(secs(30));
    assert_eq!(sign_in(&mut net, "second").0, 400);
    assert_eq!(sign_in(&mut net, "first").0, 200);
    assert_eq!(net.send("GET", &at("/api/models"), Some(&token), "").0, 200);
    let change = r#"{"password":"first","new_password":"second"}"#;
    assert_eq!(net.send("POST", &at("/api/v1/auths/update/password"), Some(&token), change).0, 200);
    assert_eq!(sign_in(&mut net, "second").0, 200);
    later[0].1 = "another";
    net.start("ui", Kind::OpenWebUi, &later, "bash start.sh");
    net.pass(secs(30));
    assert_eq!(net.send("GET", &at("/api/models"), Some(&token), "").0, 401);
}

#[test]
fn stored_settings_win_unless_it_is_told_to_store_none() {
    let first = ("OLLAMA_BASE_URL", "http://nowhere:1");
    let keeps = [&ADMIN[..4], &[first, ("ENABLE_SIGNUP", "False")]].concat();
    let mut net = started(&keeps);
    let right = ("OLLAMA_BASE_URL", "http://host.docker.internal:11434");
    let models = |net: &mut Net| {
        let (_, token) = sign_in(net, "first");
        net.send("GET", &at("/api/models"), Some(&token), "").1["data"].as_array().map_or(0, Vec::len)
    };
    for (variables, seen) in [([&ADMIN[..4], &[right]].concat(), 0), ([&ADMIN[..5], &[right]].concat(), 2)] {
        net.start("ui", Kind::OpenWebUi, &variables, "bash start.sh");
        net.pass(secs(30));
        assert_eq!(models(&mut net), seen);
    }
}

#[test]
fn signing_up_is_open_until_somebody_has_and_again_where_nothing_is_stored_and_nobody_closes_it() {
    let body = r#"{"email":"a@b.c","password":"p","name":"A"}"#;
    let mut net = started(&ADMIN[..4]);
    assert_eq!(net.send("POST", &at("/api/v1/auths/signup"), None, body).0, 403);
    net.start("ui", Kind::OpenWebUi, &ADMIN[..5], "bash start.sh");
    net.pass(secs(30));
    assert_eq!(net.send("POST", &at("/api/v1/auths/signup"), None, body).0, 200);
    net.start("ui", Kind::OpenWebUi, &ADMIN, "bash start.sh");
    net.pass(secs(30));
    let other = body.replace("a@", "c@");
    assert_eq!(net.send("POST", &at("/api/v1/auths/signup"), None, &other).0, 403);
}
