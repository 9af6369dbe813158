use std::{
    collections::{BTreeMap, BTreeSet},
    sync::LazyLock,
};

use camino::Utf8PathBuf;
use serde::{Deserialize, Serialize};

use crate::{
    sim::Content,
    value::{Requirement, Specifiers},
};

/// What the Python registry has otherwise than usual.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Registry {
    /// Further versions of a package, beside the usual one.
    pub further: BTreeMap<String, Vec<String>>,
    /// Versions that it has no more: `six==1.17.0`.
    pub gone: BTreeSet<String>,
    /// The `uv` of this machine that a Mac in a folder hands over to, which asks the real registry.
    pub really_at: Option<Utf8PathBuf>,
}

/// A package that the registry has.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Project {
    pub(super) name: String,
    version: String,
    /// Which Pythons it is for.
    #[serde(default)]
    python: Option<Specifiers>,
    /// Bytes of its wheel.
    wheel: u64,
    /// Bytes of the files in it.
    pub(super) unpacked: u64,
    /// What stands at the top of it: folders, and files with `.py`.
    pub(super) modules: Vec<String>,
    pub(super) needs: Vec<Requirement>,
    pub(super) scripts: Vec<String>,
    /// Whether it tells its modules in a file.
    #[serde(default)]
    pub(super) top_level: bool,
    sha256: String,
}

/// One version of a package.
#[derive(Clone, Debug)]
pub(super) struct Release {
    pub(super) project: &'static Project,
    pub(super) version: String,
}

#[expect(clippy::expect_used, reason = "embedded, and a test reads it")]
static PROJECTS: LazyLock<Vec<Project>> =
    LazyLock::new(|| serde_saphyr::from_str(include_str!("registry.yaml")).expect("the embedded registry"));

pub(super) fn find(name: &str) -> Option<&'static Project> {
    PROJECTS.iter().find(|project| project.name == name)
}

impl Release {
    /// Bytes of its wheel.
    pub(super) fn wheel(&self) -> u64 {
        self.project.wheel
    }

    /// SHA-256 of its wheel.
    pub(super) fn sha256(&self) -> String {
        if self.version == self.project.version {
            return self.project.sha256.clone();
        }
        Content::Bytes(self.to_string().into_bytes()).digest()
    }

    /// What its bytes follow from.
    pub(super) fn seed(&self) -> u64 {
        self.to_string().bytes().fold(11, |sum: u64, byte| sum * 31 % 999_983 + u64::from(byte))
    }
}

impl std::fmt::Display for Release {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}=={}", self.project.name, self.version)
    }
}

impl Registry {
    /// All versions of a package that it has, the oldest first.
    pub(super) fn releases(&self, project: &'static Project) -> Vec<Release> {
        let further = self.further.get(&project.name).into_iter().flatten();
        let mut versions: Vec<String> = further.chain([&project.version]).cloned().collect();
        versions.retain(|version| !self.gone.contains(&format!("{}=={version}", project.name)));
        versions.sort_by_key(|version| {
            let numbers = version.split('.').map(|part| part.parse::<u64>().unwrap_or(0));
            numbers.collect::<Vec<_>>()
        });
        versions.into_iter().map(|version| Release { project, version }).collect()
    }

    /// A version of each package that `wanted` comes to on Python `python`; of `preferred` where that will do. `Err`: what `uv`
    /// says of why there is none.
    pub(super) fn resolve(
        &self,
        wanted: &[Requirement],
        preferred: &BTreeMap<String, String>,
        python: &str,
    ) -> Result<BTreeMap<String, Release>, String> {
        let mut asked: Vec<(String, Requirement)> =
            wanted.iter().map(|requirement| ("you".to_owned(), requirement.clone())).collect();
        loop {
            let mut chosen: BTreeMap<String, Release> = BTreeMap::new();
            for (who, requirement) in &asked {
                if chosen.contains_key(&requirement.name) {
                    continue;
                }
                let of_it: Vec<&Requirement> = asked
                    .iter()
                    .map(|(_, asked)| asked)
                    .filter(|asked| asked.name == requirement.name)
                    .collect();
                let release = self.choose(&of_it, preferred.get(&requirement.name), python);
                chosen.insert(
                    requirement.name.clone(),
                    release.map_err(|why| explained(&why, who, requirement))?,
                );
            }
            let needs = chosen.values().flat_map(|release| {
                release.project.needs.iter().map(|need| (release.to_string(), need.clone()))
            });
            let more: Vec<(String, Requirement)> =
                needs.filter(|(_, need)| !asked.iter().any(|(_, asked)| asked == need)).collect();
            if more.is_empty() {
                return Ok(chosen);
            }
            asked.extend(more);
        }
    }

    fn choose(
        &self,
        wanted: &[&Requirement],
        preferred: Option<&String>,
        python: &str,
    ) -> Result<Release, String> {
        let name = wanted.first().map_or("", |requirement| requirement.name.as_str());
        let Some(project) = find(name) else {
            return Err(format!("{name} was not found in the package registry"));
        };
        if let Some(pythons) = project.python.as_ref().filter(|pythons| !pythons.allows(python)) {
            return Err(format!(
                "the current Python version ({python}) does not satisfy Python{pythons} and {name} depends on Python{pythons}"
            ));
        }
        let all = self.releases(project);
        let will_do = |release: &&Release| wanted.iter().all(|one| one.versions.allows(&release.version));
        let fitting: Vec<&Release> = all.iter().filter(will_do).collect();
        let liked = fitting.iter().find(|release| Some(&release.version) == preferred).or(fitting.last());
        liked.map(|release| (*release).clone()).ok_or_else(|| match all.last() {
            Some(last) => format!("only {name}<={} is available", last.version),
            None => format!("there are no versions of {name}"),
        })
    }
}

fn explained(why: &str, who: &str, requirement: &Requirement) -> String {
    let asks = if who == "you" { "you require".to_owned() } else { format!("{who} depends on") };
    format!(
        "Because {why} and {asks} {requirement}, we can conclude that your requirements are unsatisfiable."
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(wanted: &[&str]) -> Result<Vec<String>, String> {
        let wanted: Vec<Requirement> = wanted.iter().map(|text| text.parse().unwrap()).collect();
        let chosen = Registry::default().resolve(&wanted, &BTreeMap::new(), "3.11.18")?;
        Ok(chosen.values().map(ToString::to_string).collect())
    }

    #[test]
    fn what_is_needed_comes_along() {
        assert_eq!(resolve(&["mlx"]).unwrap(), ["mlx==0.32.4", "mlx-metal==0.32.4"]);
        let packages = ["mlx", "mlx-lm", "transformers", "huggingface_hub", "openai", "langfuse>=5.0,<6"];
        let all = resolve(&packages).unwrap();
        assert!(all.contains(&"opentelemetry-exporter-http-transport==0.66b2".to_owned()), "{all:?}");
        assert!(all.len() > 53 && all.contains(&"tokenizers==0.23.3".to_owned()), "{all:?}");
    }

    #[test]
    fn every_need_in_it_can_be_had() {
        for project in PROJECTS.iter() {
            assert!(resolve(&[&project.name]).is_ok(), "{}: {:?}", project.name, resolve(&[&project.name]));
            assert_eq!(project.sha256.len(), 64);
            assert!(!project.modules.is_empty(), "{}", project.name);
        }
    }

    #[test]
    fn what_cannot_be_had_is_told_as_uv_tells_it() {
        assert_eq!(
            resolve(&["nowhere-to-be-found"]).unwrap_err(),
            "Because nowhere-to-be-found was not found in the package registry and you require nowhere-to-be-found, we can \
             conclude that your requirements are unsatisfiable."
        );
        assert!(
            resolve(&["six>=99"])
                .unwrap_err()
                .starts_with("Because only six<=1.17.0 is available and you require six>=99,")
        );
    }

    #[test]
    fn what_is_preferred_is_kept_as_long_as_it_will_do() {
        let registry =
            Registry { further: [("six".into(), vec!["1.18.0".into()])].into(), ..Registry::default() };
        let chosen = |wanted: &str, preferred: &str| {
            let preferred = [("six".to_owned(), preferred.to_owned())].into();
            registry.resolve(&[wanted.parse().unwrap()], &preferred, "3.11.18").unwrap()["six"]
                .version
                .clone()
        };
        assert_eq!(
            [chosen("six", ""), chosen("six", "1.17.0"), chosen("six>=1.18", "1.17.0")],
            ["1.18.0", "1.17.0", "1.18.0"]
        );
    }
}
