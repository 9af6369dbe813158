use super::Brew;

/// A formula that is imitated. Of the sizes there is no public sample: they are of the right order, no more.
#[derive(Debug)]
pub(super) struct Formula {
    pub(super) name: &'static str,
    /// Names that it had before.
    pub(super) old_names: &'static [&'static str],
    /// Names that it has beside: `opt` has links under these.
    pub(super) aliases: &'static [&'static str],
    /// `homebrew/core`, or a tap that must be trusted.
    pub(super) tap: &'static str,
    pub(super) version: &'static str,
    /// What it stands on at run time.
    pub(super) needs: &'static [&'static str],
    /// Bytes of its bottle.
    pub(super) bottle: u64,
    /// Bytes of its largest file once it is poured.
    pub(super) poured: u64,
    /// Its program, in `bin`; a library without one.
    pub(super) program: Option<&'static str>,
    /// Whether it defines a service.
    pub(super) service: bool,
    /// Whether it is not linked, since macOS has something of the kind.
    pub(super) keg_only: bool,
}

pub(super) const CORE: &str = "homebrew/core";

const PLAIN: Formula = Formula {
    name: "",
    old_names: &[],
    aliases: &[],
    tap: CORE,
    version: "1.0",
    needs: &[],
    bottle: 0,
    poured: 0,
    program: None,
    service: false,
    keg_only: false,
};

const FORMULAE: &[Formula] = &[
    Formula {
        name: "colima",
        version: "0.10.3",
        needs: &["lima"],
        bottle: 6_900_000,
        poured: 19_300_000,
        program: Some("colima"),
        ..PLAIN
    },
    Formula {
        name: "docker",
        version: "29.1.3",
        bottle: 9_800_000,
        poured: 38_400_000,
        program: Some("docker"),
        ..PLAIN
    },
    Formula {
        name: "gnupg",
        old_names: &["gnupg2"],
        version: "2.4.8",
        bottle: 3_900_000,
        poured: 15_400_000,
        program: Some("gpg"),
        ..PLAIN
    },
    Formula {
        name: "jq",
        version: "1.8.1",
        needs: &["oniguruma"],
        bottle: 447_000,
        poured: 1_460_000,
        program: Some("jq"),
        ..PLAIN
    },
    Formula {
        name: "lima",
        version: "2.0.3",
        bottle: 33_000_000,
        poured: 148_000_000,
        program: Some("limactl"),
        ..PLAIN
    },
    Formula { name: "mlx", version: "0.32.0", bottle: 41_000_000, poured: 163_000_000, ..PLAIN },
    Formula { name: "mlx-c", version: "0.5.0", needs: &["mlx"], bottle: 210_000, poured: 900_000, ..PLAIN },
    Formula {
        name: "ollama",
        version: "0.32.3",
        needs: &["mlx-c"],
        bottle: 14_300_000,
        poured: 34_816_272,
        program: Some("ollama"),
        service: true,
        ..PLAIN
    },
    Formula { name: "oniguruma", version: "6.9.10", bottle: 481_000, poured: 1_500_000, ..PLAIN },
    Formula {
        name: "probe",
        tap: "lab/tools",
        bottle: 120_000,
        poured: 400_000,
        program: Some("probe"),
        ..PLAIN
    },
    Formula {
        name: "python@3.11",
        version: "3.11.15",
        bottle: 15_300_000,
        poured: 66_000_000,
        program: Some("python3.11"),
        ..PLAIN
    },
    Formula {
        name: "sqlite",
        aliases: &["sqlite3"],
        version: "3.50.4",
        bottle: 2_300_000,
        poured: 4_900_000,
        program: Some("sqlite3"),
        keg_only: true,
        ..PLAIN
    },
    Formula {
        name: "uv",
        version: "0.13.8",
        bottle: 18_900_000,
        poured: 52_000_000,
        program: Some("uv"),
        ..PLAIN
    },
];

/// The formula of this name, also of a former one.
pub(super) fn find(name: &str) -> Option<&'static Formula> {
    FORMULAE.iter().find(|formula| {
        formula.name == name || formula.old_names.contains(&name) || formula.aliases.contains(&name)
    })
}

/// All of them.
pub(super) fn all() -> impl Iterator<Item = &'static Formula> {
    FORMULAE.iter()
}

/// The newest release that this Homebrew knows of.
pub(super) fn offered(brew: &Brew, formula: &Formula) -> String {
    brew.known.get(formula.name).cloned().unwrap_or_else(|| formula.version.to_owned())
}

/// The newest release that there is.
pub(super) fn newest(brew: &Brew, formula: &Formula) -> String {
    brew.offers.get(formula.name).cloned().unwrap_or_else(|| formula.version.to_owned())
}

/// All that a formula stands on, what others of it stand on first.
pub(super) fn runtime(formula: &Formula) -> Vec<&'static Formula> {
    let mut all: Vec<&'static Formula> = vec![];
    for need in formula.needs.iter().filter_map(|name| find(name)) {
        for below in runtime(need).into_iter().chain([need]) {
            if !all.iter().any(|known| known.name == below.name) {
                all.push(below);
            }
        }
    }
    all
}
