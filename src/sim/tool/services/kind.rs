use serde::{Deserialize, Serialize};

/// Which program an image brings.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Open WebUI.
    OpenWebUi,
    /// Langfuse's web server.
    LangfuseWeb,
    /// Langfuse's worker.
    LangfuseWorker,
    /// PostgreSQL.
    Postgres,
    /// ClickHouse.
    ClickHouse,
    /// Redis, or Valkey.
    Redis,
    /// MinIO.
    Minio,
}

const ALL: [Kind; 7] = [
    Kind::OpenWebUi,
    Kind::LangfuseWeb,
    Kind::LangfuseWorker,
    Kind::Postgres,
    Kind::ClickHouse,
    Kind::Redis,
    Kind::Minio,
];

impl Kind {
    /// What the image `reference` brings, whatever registry and version it is of; `None` for one that is not imitated.
    pub fn of(reference: &str) -> Option<Self> {
        let name = reference.split('@').next().unwrap_or_default();
        let name = match name.rsplit_once(':') {
            Some((name, tag)) if !tag.contains('/') => name,
            _ => name,
        };
        Some(match name.rsplit('/').next().unwrap_or_default() {
            "open-webui" => Self::OpenWebUi,
            "langfuse" => Self::LangfuseWeb,
            "langfuse-worker" => Self::LangfuseWorker,
            "postgres" => Self::Postgres,
            "clickhouse-server" | "clickhouse" => Self::ClickHouse,
            "redis" | "valkey" => Self::Redis,
            "minio" => Self::Minio,
            _ => return None,
        })
    }

    /// Its name here: `langfuse-web`.
    pub fn name(self) -> &'static str {
        match self {
            Self::OpenWebUi => "open-webui",
            Self::LangfuseWeb => "langfuse-web",
            Self::LangfuseWorker => "langfuse-worker",
            Self::Postgres => "postgres",
            Self::ClickHouse => "clickhouse",
            Self::Redis => "redis",
            Self::Minio => "minio",
        }
    }

    /// The one of that name.
    pub fn named(name: &str) -> Option<Self> {
        ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// The commands that its image has beside those of a shell (docs/service-facts.md#image-commands).
    pub fn commands(self) -> &'static [&'static str] {
        match self {
            Self::OpenWebUi => &["bash", "sh", "curl", "jq", "python3"],
            Self::LangfuseWeb | Self::LangfuseWorker => &["sh", "wget", "node"],
            Self::Postgres => &["bash", "sh", "pg_isready", "psql"],
            Self::ClickHouse => &["bash", "sh", "wget", "clickhouse-client"],
            Self::Redis => &["sh", "redis-cli", "valkey-cli"],
            Self::Minio => &["sh", "mc"],
        }
    }

    /// Bytes of memory that it takes while it idles (docs/service-facts.md#start-times).
    pub fn memory(self) -> u64 {
        const MIB: u64 = 1 << 20;
        match self {
            Self::OpenWebUi => 1200 * MIB,
            Self::LangfuseWeb => 800 * MIB,
            Self::LangfuseWorker => 600 * MIB,
            Self::Postgres => 100 * MIB,
            Self::ClickHouse => 1100 * MIB,
            Self::Redis => 20 * MIB,
            Self::Minio => 150 * MIB,
        }
    }

    /// Its port for whoever uses it.
    pub fn port(self) -> u16 {
        match self {
            Self::OpenWebUi => 8080,
            Self::LangfuseWeb => 3000,
            Self::LangfuseWorker => 3030,
            Self::Postgres => 5432,
            Self::ClickHouse => 8123,
            Self::Redis => 6379,
            Self::Minio => 9000,
        }
    }
}
