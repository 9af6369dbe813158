use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    Around, Asked, Kind, clickhouse::ClickHouse, langfuse, minio::Minio, open_webui::OpenWebUi,
    postgres::Postgres, redis::Redis,
};
use crate::machine::Reply;

/// A program that runs in a container, with what it has in memory. What it keeps is in the container's files.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Service {
    /// Open WebUI.
    OpenWebUi(OpenWebUi),
    /// Langfuse's web server.
    LangfuseWeb(langfuse::Web),
    /// Langfuse's worker.
    LangfuseWorker(langfuse::Worker),
    /// PostgreSQL.
    Postgres(Postgres),
    /// ClickHouse.
    ClickHouse(ClickHouse),
    /// Redis, or Valkey.
    Redis(Redis),
    /// MinIO.
    Minio(Minio),
}

/// How it goes on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Life {
    /// It runs, and has something to do by itself at that time, if at all.
    Runs(Option<Timestamp>),
    /// It has ended with this exit code.
    Ended(i64),
}

impl Service {
    /// One that has just been started; nothing of it has happened yet.
    pub fn new(kind: Kind) -> Self {
        match kind {
            Kind::OpenWebUi => Self::OpenWebUi(OpenWebUi::default()),
            Kind::LangfuseWeb => Self::LangfuseWeb(langfuse::Web::default()),
            Kind::LangfuseWorker => Self::LangfuseWorker(langfuse::Worker::default()),
            Kind::Postgres => Self::Postgres(Postgres::default()),
            Kind::ClickHouse => Self::ClickHouse(ClickHouse::default()),
            Kind::Redis => Self::Redis(Redis::default()),
            Kind::Minio => Self::Minio(Minio::default()),
        }
    }

    /// What it is.
    pub fn kind(&self) -> Kind {
        match self {
            Self::OpenWebUi(_) => Kind::OpenWebUi,
            Self::LangfuseWeb(_) => Kind::LangfuseWeb,
            Self::LangfuseWorker(_) => Kind::LangfuseWorker,
            Self::Postgres(_) => Kind::Postgres,
            Self::ClickHouse(_) => Kind::ClickHouse,
            Self::Redis(_) => Kind::Redis,
            Self::Minio(_) => Kind::Minio,
        }
    }

    /// Lets it do what it does by itself: to be called when it has been started, and each time that it asked for. It adds to
    /// `log` what it prints.
    pub fn live(&mut self, around: &mut dyn Around, log: &mut Vec<String>) -> Life {
        match self {
            Self::OpenWebUi(it) => it.live(around, log),
            Self::LangfuseWeb(it) => it.live(around, log),
            Self::LangfuseWorker(it) => it.live(around, log),
            Self::Postgres(it) => it.live(around, log),
            Self::ClickHouse(it) => it.live(around, log),
            Self::Redis(it) => it.live(around, log),
            Self::Minio(it) => it.live(around, log),
        }
    }

    /// The ports on which it listens by now; each with whether it is reached from inside its own container by loopback.
    pub fn listens(&self, around: &dyn Around) -> Vec<(u16, bool)> {
        let ports: &[u16] = match self {
            Self::OpenWebUi(it) if it.listens() => &[8080],
            Self::LangfuseWeb(it) if it.listens() => return vec![(3000, langfuse::on_loopback(around))],
            Self::LangfuseWorker(it) if it.listens() => return vec![(3030, langfuse::on_loopback(around))],
            Self::Postgres(it) if it.listens() => &[5432],
            Self::ClickHouse(it) if it.listens() => &[8123, 9000],
            Self::Redis(it) if it.listens() => &[6379],
            Self::Minio(it) if it.listens() => &[9000, 9001],
            _ => &[],
        };
        ports.iter().map(|&port| (port, true)).collect()
    }

    /// Answers a request on one of its ports, and how long that takes. It adds to `log` what it prints.
    pub fn answer(
        &mut self,
        around: &mut dyn Around,
        asked: &Asked<'_>,
        log: &mut Vec<String>,
    ) -> (Reply, Duration) {
        match self {
            Self::OpenWebUi(it) => it.answer(around, asked, log),
            Self::LangfuseWeb(_) => langfuse::Web::answer(around, asked, log),
            Self::LangfuseWorker(_) => langfuse::Worker::answer(around, asked),
            Self::Postgres(_) => (Postgres::answer(around, asked), AT_ONCE),
            Self::ClickHouse(_) => (ClickHouse::answer(around, asked), AT_ONCE),
            Self::Redis(it) => (it.answer(around, asked), AT_ONCE),
            Self::Minio(_) => (Minio::answer(around, asked), AT_ONCE),
        }
    }
}

/// What takes no computing.
pub(super) const AT_ONCE: Duration = Duration::from_millis(2);
