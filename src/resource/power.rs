use std::time::Duration;

use anyhow::Result;

use super::{Evidence, Removal, Resource, changes};
use crate::{
    journal::Receipt,
    machine::{Look, Looking},
    step::{SetPower, Step},
    value::{Delta, Deltas, Id, Place, PowerSource, Problem, State, Value, Want, Wanted},
};

/// The power settings of one source.
#[derive(Debug)]
pub struct Power {
    /// Which source.
    pub source: PowerSource,
    /// Keys and values as `pmset` takes them.
    pub settings: Vec<(&'static str, &'static str)>,
}

impl Resource for Power {
    fn id(&self) -> Id {
        Id::new("power", self.source.name())
    }

    fn place(&self) -> Place {
        Place::Power { source: self.source }
    }

    fn wanted(&self) -> Wanted {
        self.settings.iter().map(|&(key, value)| (key.into(), Want::Is(value.into()))).collect()
    }

    fn reason(&self, _: &State, deltas: &[Delta]) -> String {
        changes(deltas)
    }

    fn steps(&self, _: &State, deltas: &Deltas) -> Vec<Box<dyn Step>> {
        let wrong = |key: &str| deltas.iter().any(|delta| delta.field.as_str() == key);
        let settings = self
            .settings
            .iter()
            .filter(|(key, _)| wrong(key))
            .map(|&(key, value)| (key.to_owned(), value.to_owned()))
            .collect();
        vec![Box::new(SetPower { source: self.source, settings, giving_back: false })]
    }

    fn check(&self, look: &dyn Look, _: Duration) -> Result<Evidence> {
        let found = observe(look, self.source)?;
        let wrong = crate::value::differences(&self.wanted(), &found);
        if !wrong.is_empty() {
            let problem = Problem::mac(format!("power settings of `{}` do not hold", self.source.heading()));
            return Err(problem.why(changes(&wrong)).into());
        }
        let held: Vec<String> = self.settings.iter().map(|(key, value)| format!("{key} {value}")).collect();
        Ok(vec![format!("read back on {}: {}", self.source.heading(), held.join(", "))])
    }
}

pub(super) fn observe(look: &dyn Look, source: PowerSource) -> Result<State> {
    let Some(settings) = look.power_settings()?.remove(&source) else { return Ok(State::absent()) };
    Ok(State {
        present: true,
        fields: settings.into_iter().map(|(key, value)| (key.into(), value.into())).collect(),
    })
}

pub(super) fn removal(source: PowerSource, receipt: &Receipt, found: &State) -> Removal {
    if !found.present {
        return Removal::held(format!(
            "{} is not connected now; its former settings stay on record",
            source.heading()
        ));
    }
    let mut removal = Removal::default();
    let mut settings = vec![];
    for (field, former) in &receipt.former.fields {
        let now = found.get(field.as_str());
        let changed = |state: &State| state.fields.get(field).is_some_and(|value| value != former);
        if now == former
            || *now == Value::Absent
            || ![&receipt.left, &receipt.aim].into_iter().flatten().any(changed)
        {
            continue;
        }
        match former.as_text() {
            Some(former) if receipt.ours(field.as_str(), now) => {
                settings.push((field.as_str().to_owned(), former.to_owned()));
            }
            _ => removal.kept.push(format!(
                "{field} on {} is {now}, which is not what forgectl left; it stays",
                source.heading()
            )),
        }
    }
    if !settings.is_empty() {
        removal.steps.push(Box::new(SetPower { source, settings, giving_back: true }));
    }
    removal
}
