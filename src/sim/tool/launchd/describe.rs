use std::collections::BTreeMap;

use super::Launchd;

impl Launchd {
    /// What two Macs are compared by: sessions, jobs with what was read of them and whether they run, overrides that switch
    /// one off (a missing override and an enabled one are equal), without times, counts and process ids.
    pub fn describe(&self) -> BTreeMap<String, String> {
        let mut told = BTreeMap::new();
        for domain in &self.sessions {
            told.insert(format!("domain {domain}"), "there".to_owned());
        }
        for (domain, job) in self.all_jobs() {
            let name = format!("job {domain}/{}", job.definition.label);
            let plist = job.plist.as_ref().map_or("(no property list)", |plist| plist.as_str());
            told.insert(format!("{name}: state"), job.state().to_owned());
            let definition = serde_json::to_value(&job.definition).unwrap_or_default();
            for (key, value) in
                definition.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null())
            {
                let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                told.insert(format!("{name}: {key}"), text);
            }
            told.insert(name, plist.to_owned());
        }
        let owned = |map: &BTreeMap<String, BTreeMap<String, bool>>| -> Vec<String> {
            let off = |labels: &BTreeMap<String, bool>| {
                labels
                    .iter()
                    .filter(|(_, enabled)| !**enabled)
                    .map(|(label, _)| label.clone())
                    .collect::<Vec<_>>()
            };
            map.iter()
                .flat_map(|(owner, labels)| {
                    off(labels).into_iter().map(move |label| format!("{owner}/{label}"))
                })
                .collect()
        };
        for label in owned(&self.overrides) {
            told.insert(format!("override {label}"), "disabled".to_owned());
        }
        for (owner, labels) in &self.switched_off {
            for label in labels {
                told.insert(format!("login item {owner}/{label}"), "switched off".to_owned());
            }
        }
        for (domain, variables) in &self.environment {
            for (name, value) in variables {
                told.insert(format!("setenv {domain} {name}"), value.clone());
            }
        }
        told
    }
}
