//! A registry of models on this machine: real HTTP, with the faults of real ones.
#![expect(clippy::disallowed_methods, reason = "a real server")]

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use forgectl::sim::tool::ollama::{Registry, Weights};

/// Bytes that a slow one sends at a time, and the pause between.
const PIECE: usize = 32 * 1024;
const PAUSE: Duration = Duration::from_millis(10);

/// What goes wrong, and how often still.
#[derive(Clone, Debug, Default)]
pub(crate) struct Faults {
    /// Requests for a manifest that are answered with this status.
    pub(crate) manifests: Vec<u16>,
    /// Bytes after which the connection of a large blob breaks.
    pub(crate) cuts: Vec<usize>,
    /// Large blobs that are something else.
    pub(crate) others: u32,
    /// Whether bytes come slowly.
    pub(crate) slow: bool,
    /// Whether it is not said where a blob lies.
    pub(crate) nowhere: bool,
}

/// The server.
pub(crate) struct Server {
    pub(crate) port: u16,
    pub(crate) manifest: Vec<u8>,
    pub(crate) faults: Arc<Mutex<Faults>>,
    heard: Arc<Mutex<Vec<String>>>,
}

struct Kept {
    port: u16,
    manifest: Vec<u8>,
    blobs: BTreeMap<String, Vec<u8>>,
    faults: Arc<Mutex<Faults>>,
    heard: Arc<Mutex<Vec<String>>>,
}

/// Bytes of the weights of `small`.
pub(crate) const SIZE: usize = 3_000_000;

impl Server {
    /// One that has `small`, a model of three million bytes.
    pub(crate) fn new() -> Self {
        let mut registry = Registry::default();
        registry.publish("small", Weights { bytes: SIZE as u64, train_context: 8192, num_ctx: None });
        let manifest = registry.manifest("small").unwrap();
        let blobs = registry.blobs("small").unwrap().into_iter();
        let blobs = blobs.map(|(digest, content)| (digest, content.bytes(u64::MAX).unwrap().into_owned()));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (faults, heard) = (Arc::<Mutex<Faults>>::default(), Arc::<Mutex<Vec<String>>>::default());
        let kept = Arc::new(Kept {
            port,
            manifest: manifest.clone(),
            blobs: blobs.collect(),
            faults: faults.clone(),
            heard: heard.clone(),
        });
        thread::spawn(move || {
            while let Ok((stream, _)) = listener.accept() {
                let kept = kept.clone();
                // Whoever hangs up has its reasons.
                thread::spawn(move || kept.answer(stream).unwrap_or_default());
            }
        });
        Self { port, manifest, faults, heard }
    }

    /// Lets this go wrong from now on.
    pub(crate) fn arm(&self, faults: Faults) {
        *self.faults.lock().unwrap() = faults;
    }

    /// The requests so far: method, path, and the range if there was one.
    pub(crate) fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap().clone()
    }

    /// Where the large blob was asked for from, in the order of the requests.
    pub(crate) fn begun_at(&self) -> Vec<usize> {
        let large = format!("-{}", SIZE - 1);
        let heard = self.heard();
        let ranges = heard.iter().filter(|line| line.starts_with("GET /cdn/") && line.ends_with(&large));
        ranges
            .map(|line| line.split_once("bytes=").unwrap().1.split('-').next().unwrap().parse().unwrap())
            .collect()
    }
}

impl Kept {
    fn answer(&self, mut stream: TcpStream) -> std::io::Result<()> {
        let (mut first, mut range) = (String::new(), None);
        for line in BufReader::new(&stream).lines() {
            let line = line?;
            if line.is_empty() {
                break;
            }
            if first.is_empty() {
                first.clone_from(&line);
            }
            range = line.to_lowercase().strip_prefix("range: ").map(str::to_owned).or(range);
        }
        let asked = first.trim_end_matches(" HTTP/1.1").to_owned();
        self.heard
            .lock()
            .unwrap()
            .push(range.as_ref().map_or(asked.clone(), |range| format!("{asked} {range}")));
        let (method, path) = asked.split_once(' ').unwrap_or_default();
        if path.contains("/manifests/") {
            return self.manifest(&mut stream, path);
        }
        let digest = path.rsplit('/').next().unwrap_or_default();
        let Some(blob) = self.blobs.get(digest) else { return head(&mut stream, 404, "", 0) };
        if let Some(range) = range.filter(|_| path.starts_with("/cdn/")) {
            return self.piece(&mut stream, blob, &range);
        }
        if method == "HEAD" {
            return head(&mut stream, 200, "", blob.len());
        }
        if self.faults.lock().unwrap().nowhere {
            head(&mut stream, 200, "", blob.len())?;
            return stream.write_all(blob);
        }
        // By another name of this machine: what leads to the same one says nothing.
        head(&mut stream, 307, &format!("Location: http://localhost:{}/cdn/{digest}\r\n", self.port), 0)
    }

    fn manifest(&self, stream: &mut TcpStream, path: &str) -> std::io::Result<()> {
        let refused = {
            let mut faults = self.faults.lock().unwrap();
            if faults.manifests.is_empty() { None } else { Some(faults.manifests.remove(0)) }
        };
        let status = refused.unwrap_or(if path == "/v2/library/small/manifests/latest" { 200 } else { 404 });
        let body = if status == 200 { self.manifest.as_slice() } else { br#"{"errors":[{"code":"NO"}]}"# };
        head(stream, status, "", body.len())?;
        stream.write_all(body)
    }

    fn piece(&self, stream: &mut TcpStream, blob: &[u8], range: &str) -> std::io::Result<()> {
        let (from, to) = range.strip_prefix("bytes=").and_then(|range| range.split_once('-')).unwrap();
        let (from, to): (usize, usize) = (from.parse().unwrap(), to.parse().unwrap());
        let mut bytes = blob[from..=to].to_vec();
        head(stream, 206, &format!("Content-Range: bytes {from}-{to}/{}\r\n", blob.len()), bytes.len())?;
        let large = blob.len() == SIZE;
        let (cut, slow) = {
            let mut faults = self.faults.lock().unwrap();
            if large && faults.others > 0 {
                faults.others -= 1;
                for byte in &mut bytes {
                    *byte = !*byte;
                }
            }
            let cut = if large && !faults.cuts.is_empty() { Some(faults.cuts.remove(0)) } else { None };
            (cut, faults.slow)
        };
        bytes.truncate(cut.unwrap_or(bytes.len()));
        for piece in bytes.chunks(PIECE) {
            stream.write_all(piece)?;
            if slow {
                thread::sleep(PAUSE);
            }
        }
        stream.flush()
    }
}

fn head(stream: &mut TcpStream, status: u16, more: &str, length: usize) -> std::io::Result<()> {
    write!(stream, "HTTP/1.1 {status} So\r\nContent-Length: {length}\r\nConnection: close\r\n{more}\r\n")
}
