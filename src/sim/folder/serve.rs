use std::{
    cell::RefCell,
    collections::BTreeMap,
    convert::Infallible,
    io::{self, Write},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    rc::Rc,
    sync::Arc,
    time::Duration,
};

use anyhow::{Context, Result};
use camino::Utf8PathBuf;
use http_body_util::{BodyExt, Full, Limited};
use hyper::{
    Request, Response,
    body::{Bytes, Incoming},
    header::{CONTENT_TYPE, HOST},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use tokio::{
    net::TcpListener,
    runtime::{Builder, Runtime},
    sync::Notify,
    task::{LocalSet, spawn_local, yield_now},
};

use super::{
    kept::{self, Opened},
    pull::{self, Body, Pulling},
};
use crate::{
    machine::{Reply, local::offspring},
    sim::{
        Caller, Mac, Process, Program, USER,
        tool::{
            self,
            ollama::{Binary, HttpRequest, Launch, Server, pull::Order},
        },
    },
};

/// How often it is looked whether the folder is still there.
const LOOK: Duration = Duration::from_secs(1);

/// The pause after a connection that could not be taken.
const FULL: Duration = Duration::from_millis(10);

/// The largest request that is read, in bytes; a real server takes more, and nobody here sends as much.
const LARGEST: usize = 64 << 20;

/// The `ollama` that is asked to serve, if that is what `argv` means.
pub(super) fn asked_for(mac: &Mac, caller: Caller, argv: &[String]) -> Option<Binary> {
    let [program, verb, ..] = argv else { return None };
    let real = tool::find(mac, caller, program).ok().filter(|_| verb == "serve")?;
    Binary::at(&real)
}

/// Is an Ollama server until told to stop: a real one of HTTP, whose answers come from the model. It listens on this
/// machine's loopback addresses alone, whatever it says that it does. Answers with its exit code.
pub(super) fn serve(
    mut opened: Opened,
    binary: &Binary,
    argv: &[String],
    environment: &BTreeMap<String, String>,
    err: &mut dyn Write,
) -> Result<i32> {
    let pid = u32::try_from(nix::unistd::getpid().as_raw()).context("an odd process id")?;
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let mac = &mut opened.mac;
    // launchd entered its process with all that it gave it; the shell of the script may have added to that.
    let entry = mac.state.processes.remove(&pid).unwrap_or_else(|| Process {
        pid,
        uid: USER,
        argv: argv.to_vec(),
        environment: environment.clone(),
        started: mac.state.now,
        program: Program::Idle,
    });
    let heard = RefCell::new(vec![]);
    let busy = |address: &str, port: u16| match listen(&runtime, address, port) {
        Ok(listeners) => {
            heard.replace(listeners);
            false
        }
        Err(_) => true,
    };
    let launch = Launch {
        uid: entry.uid,
        environment: &entry.environment,
        memory: mac.state.spec.memory,
        version: &binary.version,
        addresses: &mac.state.addresses,
        by_launchd: environment.contains_key("XPC_SERVICE_NAME"),
    };
    let started = Server::start(mac.disk.as_mut(), &launch, &busy, mac.state.now);
    let (server, lines) = match started {
        Ok(started) => started,
        Err((code, said)) => {
            mac.state.processes.insert(pid, entry);
            opened.close()?;
            let _ = writeln!(err, "{said}");
            return Ok(code);
        }
    };
    mac.state.processes.insert(pid, Process { program: Program::Ollama(Box::new(server)), ..entry });
    let folder = opened.layout.folder().to_owned();
    // One that launchd started has a supervisor, who holds it already.
    let alive = opened.layout.alive(pid);
    let _alive = offspring::try_lock(&alive)?;
    opened.close()?;
    for line in lines {
        let _ = writeln!(err, "{line}");
    }

    let stop = Arc::new(Notify::new());
    let told = stop.clone();
    offspring::when_told_to_stop(move || told.notify_one())?;
    let gone = stop.clone();
    offspring::when_gone(&alive, LOOK, move || gone.notify_one());
    let pulling = Rc::new(Pulling::new(&folder, pid));
    let answering = Rc::new(Answering { folder, pid, pulling });
    LocalSet::new().block_on(&runtime, async {
        for listener in heard.into_inner() {
            spawn_local(accept(listener, answering.clone()));
        }
        stop.notified().await;
    });
    if kept::find(&answering.folder).is_ok() {
        answering.leave()?;
    }
    Ok(0)
}

/// Listens where `address` reaches this machine from itself.
fn listen(runtime: &Runtime, address: &str, port: u16) -> io::Result<Vec<TcpListener>> {
    let all = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];
    let on: Vec<IpAddr> = match address.trim_matches(['[', ']']).parse::<IpAddr>() {
        Ok(address) if address.is_loopback() => vec![address],
        _ => all.to_vec(),
    };
    let mut listeners = vec![];
    let _enter = runtime.enter();
    for address in on {
        match offspring::listen(SocketAddr::new(address, port)) {
            Ok(listener) => listeners.push(TcpListener::from_std(listener)?),
            // A machine without IPv6 has that address not at all.
            Err(error) if error.kind() == io::ErrorKind::AddrNotAvailable && !listeners.is_empty() => {}
            Err(error) => return Err(error),
        }
    }
    Ok(listeners)
}

async fn accept(listener: TcpListener, answering: Rc<Answering>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // Whoever called is gone again, or too many are there; room comes when some of them go.
            offspring::sleep(FULL);
            yield_now().await;
            continue;
        };
        let answering = answering.clone();
        spawn_local(async move {
            let service = service_fn(|request| respond(&answering, request));
            // A client that hangs up has its reasons.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn respond(answering: &Answering, request: Request<Incoming>) -> Result<Response<Body>, Infallible> {
    let (head, body) = request.into_parts();
    let reply = match Limited::new(body, LARGEST).collect().await {
        Ok(body) => {
            let host = head.headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
            let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
            let body = body.to_bytes();
            let asked =
                HttpRequest { method: head.method.as_str(), path, host, authorization: None, body: &body };
            match answering.pulling.order(&asked) {
                Ok(Some(Ok(order))) => return Ok(pulled(answering, order).await),
                Ok(Some(Err(refused))) => refused,
                Ok(None) => answering.answer(&asked).unwrap_or_else(|error| failed(&error.to_string())),
                Err(error) => failed(&error.to_string()),
            }
        }
        Err(error) => failed(&error.to_string()),
    };
    Ok(whole(reply))
}

/// An answer that is there at once.
fn whole(reply: Reply) -> Response<Body> {
    let kind = if reply.body.starts_with(b"{") { "application/json; charset=utf-8" } else { "text/plain" };
    let mut response = Response::new(Body::Left(Full::new(Bytes::from(reply.body))));
    *response.status_mut() = reply.status.try_into().unwrap_or_default();
    response.headers_mut().insert(CONTENT_TYPE, hyper::header::HeaderValue::from_static(kind));
    response
}

/// The answer to a request to pull, line by line unless one is enough. The pull ends when the client hangs up.
async fn pulled(answering: &Answering, order: Order) -> Response<Body> {
    let (say, told) = pull::lines();
    let pulling = answering.pulling.clone();
    if !order.stream {
        let status = pulling.pull(order, say).await;
        return whole(Reply { status, body: told.last().await.into_bytes() });
    }
    spawn_local(async move {
        let gone = say.clone();
        pull::either(pulling.pull(order, say), gone.gone()).await
    });
    let mut response = Response::new(Body::Right(told));
    let kind = hyper::header::HeaderValue::from_static("application/x-ndjson");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}

fn failed(said: &str) -> Reply {
    Reply { status: 500, body: serde_json::json!({ "error": said }).to_string().into_bytes() }
}

/// The server's part in the Mac's state.
struct Answering {
    folder: Utf8PathBuf,
    pid: u32,
    pulling: Rc<Pulling>,
}

impl Answering {
    /// Answers by the model. What takes it time goes by at once, on the Mac's clock alone.
    fn answer(&self, request: &HttpRequest<'_>) -> Result<Reply> {
        let mut opened = Opened::open(&self.folder)?;
        let Mac { state, disk, .. } = &mut opened.mac;
        let entry = state.processes.get_mut(&self.pid).map(|process| &mut process.program);
        let Some(Program::Ollama(server)) = entry else { anyhow::bail!("no longer a process of this Mac") };
        let (reply, took) = server.answer(disk.as_mut(), request, state.now);
        super::exec::pass(&mut opened.mac, took);
        opened.close()?;
        Ok(reply)
    }

    fn leave(&self) -> Result<()> {
        let mut opened = Opened::open(&self.folder)?;
        opened.mac.state.processes.remove(&self.pid);
        opened.close()
    }
}
