use super::*;

#[test]
fn postgres_keeps_the_password_of_its_first_start() {
    let mut net = Net::new();
    net.start("db", Kind::Postgres, &[], "postgres");
    assert_eq!(net.ended("db"), Some(1), "no password, no database");
    net.start("db", Kind::Postgres, &[("POSTGRES_PASSWORD", "first")], "postgres");
    net.pass(secs(10));
    net.start("db", Kind::Postgres, &[("POSTGRES_PASSWORD", "second")], "postgres");
    net.pass(secs(10));
    assert_eq!(net.exec("db", "pg_isready -U postgres").code, 0);
    let ask = "psql -h db -U postgres -c 'SELECT 1'";
    assert_eq!(net.exec("db", &format!("PGPASSWORD=second {ask}")).code, 2);
    assert_eq!(net.exec("db", &format!("PGPASSWORD=first {ask}")).stdout, "1\n");
    assert_eq!(
        net.exec("db", "PGPASSWORD=wrong psql --host=127.0.0.1 --username=postgres --command='SELECT 1'")
            .code,
        0
    );
    // Whoever is in the container needs none, which is how a password is changed.
    let change = r#"psql -U postgres -c "ALTER USER postgres WITH PASSWORD 'third'""#;
    assert_eq!(net.exec("db", change).code, 0);
    assert_eq!(net.exec("db", &format!("PGPASSWORD=first {ask}")).code, 2);
    assert_eq!(net.exec("db", &format!("PGPASSWORD=third {ask}")).code, 0);
}

#[test]
fn a_password_that_a_pipe_hands_over_is_set() {
    let mut net = Net::new();
    let variables = [
        ("POSTGRES_USER", "forge"),
        ("POSTGRES_PASSWORD", "first"),
        ("FORGE_USER", "forge"),
        ("FORGE_NEXT", "second"),
    ];
    net.start("db", Kind::Postgres, &variables, "postgres");
    net.pass(secs(10));
    let tell = r#"printf "SET log_statement TO 'none';\nALTER USER \"%s\" WITH PASSWORD '%s';\n" "$FORGE_USER" "$FORGE_NEXT" | psql -X -q -v ON_ERROR_STOP=1 -U "$FORGE_USER" -d forge"#;
    assert_eq!(net.exec("db", tell).code, 0);
    let ask = "psql -h db -U forge -c 'SELECT 1'";
    assert_eq!(net.exec("db", &format!("PGPASSWORD=first {ask}")).code, 2);
    assert_eq!(net.exec("db", &format!("PGPASSWORD=second {ask}")).code, 0);
    let nobody = tell.replace("\"$FORGE_USER\" \"", "nobody \"");
    assert_eq!(net.exec("db", &nobody).code, 1);
}

#[test]
fn postgres_asks_by_loopback_too_where_it_was_made_so() {
    let mut net = Net::new();
    let variables = [("POSTGRES_PASSWORD", "right"), ("POSTGRES_INITDB_ARGS", "--auth-host=scram-sha-256")];
    net.start("db", Kind::Postgres, &variables, "postgres");
    net.pass(secs(10));
    let ask = "psql --host=127.0.0.1 --username=postgres --no-password --command='SELECT 1'";
    assert_eq!(net.exec("db", &format!("PGPASSWORD=wrong {ask}")).code, 2);
    assert_eq!(net.exec("db", &format!("PGPASSWORD=right {ask}")).code, 0);
    assert_eq!(net.exec("db", "psql --username=postgres --command='SELECT 1'").code, 0, "by the socket");
}

#[test]
fn a_ping_of_redis_without_its_password_says_nothing_by_its_exit_code() {
    let mut net = Net::new();
    let argv = "redis-server --requirepass secret --maxmemory-policy noeviction";
    net.start("redis", Kind::Redis, &[("REDIS_AUTH", "secret")], argv);
    assert_eq!(net.exec("redis", "redis-cli ping").code, 1, "nobody listens yet");
    net.pass(secs(1));
    let unasked = net.exec("redis", "redis-cli ping");
    assert_eq!((unasked.code, unasked.stdout.as_str()), (0, "NOAUTH Authentication required.\n"));
    assert_eq!(net.exec("redis", "redis-cli ping | grep -q PONG").code, 1);
    assert_eq!(net.exec("redis", "redis-cli -a wrong ping | grep -q PONG").code, 1);
    assert_eq!(net.exec("redis", "redis-cli -a \"$REDIS_AUTH\" ping | grep -q PONG").code, 0);
}

#[test]
fn redis_takes_its_password_from_a_configuration_that_a_shell_hands_it() {
    let mut net = Net::new();
    let argv = "sh -c exec docker-entrypoint.sh redis-server - <<END\nrequirepass $REDISCLI_AUTH\nEND";
    net.start("redis", Kind::Redis, &[("REDISCLI_AUTH", "secret")], argv);
    net.pass(secs(1));
    assert_eq!(net.exec("redis", "redis-cli -h 127.0.0.1 ping | grep -qx PONG").code, 0);
    assert_eq!(net.exec("redis", "REDISCLI_AUTH=x redis-cli -h 127.0.0.1 ping | grep -qx PONG").code, 1);
}

#[test]
fn clickhouse_and_minio_take_their_passwords_from_each_start() {
    let mut net = Net::new();
    for password in ["one", "two"] {
        let variables = [("CLICKHOUSE_USER", "clickhouse"), ("CLICKHOUSE_PASSWORD", password)];
        net.start("clickhouse", Kind::ClickHouse, &variables, "");
        net.pass(secs(10));
        assert_eq!(net.exec("clickhouse", "wget -q -O- http://127.0.0.1:8123/ping").stdout, "Ok.\n");
        let asked =
            net.exec("clickhouse", "clickhouse-client --user clickhouse --password one -q 'SELECT 1'");
        assert_eq!(asked.code == 0, password == "one", "{asked:?}");
    }
    let by = crate::value::basic_authorization("forge", "storage-secret");
    let variables = [("MINIO_ROOT_USER", "forge"), ("MINIO_ROOT_PASSWORD", "storage-secret")];
    net.start("minio", Kind::Minio, &variables, "sh -c mkdir -p /data/langfuse && minio server /data");
    net.pass(secs(3));
    assert_eq!(net.exec("minio", "mc ready local").code, 0);
    let list = "mc --quiet ls forge/langfuse";
    assert_eq!(net.exec("minio", list).code, 1);
    assert_eq!(
        net.exec("minio", &format!("MC_HOST_forge=http://forge:storage-secret@127.0.0.1:9000 {list}")).code,
        0
    );
    assert_eq!(net.exec("minio", &format!("MC_HOST_forge=http://forge:wrong@127.0.0.1:9000 {list}")).code, 1);
    assert_eq!(net.send("PUT", "http://minio:9000/langfuse/key", Some(&by), "content").0, 200);
    assert_eq!(net.send("GET", "http://minio:9000/langfuse/key", Some(&by), "").0, 200);
    assert_eq!(net.send("PUT", "http://minio:9000/other/key", Some(&by), "content").0, 404);
    let wrong = crate::value::basic_authorization("forge", "minioadmin");
    assert_eq!(net.send("GET", "http://minio:9000/langfuse/key", Some(&wrong), "").0, 403);
    assert_eq!(net.send("GET", "http://minio:9000/langfuse/key", None, "").0, 403);
}

#[test]
fn a_command_that_an_image_does_not_have_is_not_found() {
    let mut net = Net::new();
    net.start("redis", Kind::Redis, &[], "redis-server");
    net.pass(secs(1));
    assert_eq!(net.exec("redis", "curl http://127.0.0.1:6379").code, 127);
    assert_eq!(
        net.exec("redis", "false || curl x; echo 'a  b' | grep -q 'a  b' && echo yes").stdout,
        "yes\n"
    );
    assert_eq!(net.exec("redis", "! true").code, 1);
    assert_eq!(net.exec("redis", "redis-cli ping >/dev/null 2>&1 || exit 7").code, 0);
    assert_eq!(net.exec("redis", "false || exit 7").code, 7);
}
