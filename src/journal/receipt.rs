use std::collections::{BTreeMap, BTreeSet};

use super::Record;
use crate::value::{Id, Place, State, Value};

/// All receipts of a node.
pub type Receipts = BTreeMap<Id, Receipt>;

/// What the journal says of one resource.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Receipt {
    /// The stacks that want it.
    pub claims: BTreeSet<String>,
    /// Where it is.
    pub place: Place,
    /// The place in the manifest that asked for it last.
    pub origin: String,
    /// What it stands on.
    pub needs: Vec<Id>,
    /// What was there before the first change of ours.
    pub former: State,
    /// What we left.
    pub left: Option<State>,
    /// What can be opened of it: names and URLs.
    pub urls: Vec<(String, String)>,
    /// What an unfinished convergence was to leave.
    pub aim: Option<State>,
    /// What was there when that was first begun.
    pub began: Option<State>,
    /// Whether what is wanted is in another place by now, and this was left behind.
    pub left_behind: bool,
}

impl Receipt {
    /// Whether we brought it: it was not there before.
    pub fn created(&self) -> bool {
        !self.former.present
    }

    /// Whether what `field` holds is our doing: what we left, or what an open intent was to leave.
    pub fn ours(&self, field: &str, found: &Value) -> bool {
        [&self.left, &self.aim].into_iter().flatten().any(|state| state.fields.get(field) == Some(found))
    }

    /// The value in `field` that we left.
    pub fn left_value(&self, field: &str) -> Option<&Value> {
        self.left.as_ref()?.fields.get(field)
    }
}

/// Brings the receipts up to one more record.
pub(super) fn fold(receipts: &mut Receipts, record: Record) {
    match record {
        Record::Intent { stack, id, place, origin, needs, former, aim } => {
            turn_to(receipts, &id, &place);
            let receipt = receipts.entry(id).or_insert_with(|| Receipt {
                claims: BTreeSet::new(),
                place: place.clone(),
                origin: String::new(),
                needs: vec![],
                former: former.clone(),
                left: None,
                urls: vec![],
                aim: None,
                began: None,
                left_behind: false,
            });
            receipt.claims.insert(stack);
            receipt.place = place;
            receipt.origin = origin;
            receipt.needs = needs;
            if receipt.aim.is_none() {
                join(receipt, &former);
                receipt.began = Some(former.clone());
            }
            receipt.aim = Some(aim);
            // What a field was before our first change of it stays; a field that is wanted only now joins.
            for (field, value) in former.fields {
                receipt.former.fields.entry(field).or_insert(value);
            }
        }
        Record::Done { stack, id, left, urls } => {
            if let Some(receipt) = receipts.get_mut(&id) {
                receipt.claims.insert(stack);
                receipt.left = Some(left);
                receipt.urls = urls;
                receipt.aim = None;
                receipt.began = None;
            }
        }
        Record::Released { stack, id } => {
            if let Some(receipt) = receipts.get_mut(&id) {
                receipt.claims.remove(&stack);
                if receipt.claims.is_empty() {
                    receipts.remove(&id);
                }
            }
        }
    }
}

/// What is there of `id` in another place than `place` gets a receipt of its own, and what was left behind at `place` earlier has
/// its receipt back: what was before us in one place tells nothing of another.
fn turn_to(receipts: &mut Receipts, id: &Id, place: &Place) {
    let behind = |place: &Place| Id::new(id.kind(), format!("{}@{place}", id.name()));
    if receipts.get(id).is_some_and(|receipt| receipt.place.to_string() == place.to_string()) {
        return;
    }
    if let Some(receipt) = receipts.remove(id) {
        receipts.insert(behind(&receipt.place), Receipt { left_behind: true, ..receipt });
    }
    if let Some(receipt) = receipts.remove(&behind(place)) {
        receipts.insert(id.clone(), Receipt { left_behind: false, ..receipt });
    }
}

/// The fields that list the packages of an environment and the names of an image, to which others may add their own.
const LISTS: [&str; 2] = ["packages", "names"];

/// What others have put into `found` since we left it was there before what we do now.
fn join(receipt: &mut Receipt, found: &State) {
    for list in LISTS {
        let Some(left) = receipt.left_value(list).and_then(Value::as_text) else { continue };
        let left: BTreeSet<&str> = left.split(' ').collect();
        let now = found.get(list).as_text().unwrap_or_default().split(' ');
        let theirs: Vec<&str> = now.filter(|one| !left.contains(one)).collect();
        let former = receipt.former.get(list).as_text();
        let all: Vec<&str> = former.into_iter().chain(theirs).filter(|one| !one.is_empty()).collect();
        let all = all.join(" ");
        receipt.former.set(list, all);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packages(names: &str) -> State {
        State::present().with(LISTS[0], names)
    }

    fn intent(path: &str, former: State) -> Record {
        Record::Intent {
            stack: "lab".into(),
            id: Id::new("python-environment", "lab"),
            place: Place::Environment { path: path.into() },
            origin: String::new(),
            needs: vec![],
            former,
            aim: State::present(),
        }
    }

    fn done(left: State) -> Record {
        let id = Id::new("python-environment", "lab");
        Record::Done { stack: "lab".into(), id, left, urls: vec![] }
    }

    fn folded(records: Vec<Record>) -> Vec<(String, Receipt)> {
        let mut receipts = Receipts::new();
        for record in records {
            fold(&mut receipts, record);
        }
        receipts.into_iter().map(|(id, receipt)| (id.to_string(), receipt)).collect()
    }

    #[test]
    fn every_place_has_a_receipt_of_its_own() {
        let records = || vec![intent("/a", State::absent()), done(packages("six==1"))];
        let moved = [records(), vec![intent("/b", packages("idna==3")), done(packages("idna==3 six==1"))]];
        let there = folded(moved.concat());
        let told = |all: &[(String, Receipt)]| -> Vec<(String, String, bool, bool)> {
            let told = |(id, receipt): &(String, Receipt)| {
                (id.clone(), receipt.place.to_string(), receipt.created(), receipt.left_behind)
            };
            all.iter().map(told).collect()
        };
        let id = |behind: &str| format!("python-environment/lab{behind}");
        assert_eq!(told(&there), [(id(""), "/b".into(), false, false), (id("@/a"), "/a".into(), true, true)]);
        let back = folded([moved.concat(), vec![intent("/a", packages("six==1"))]].concat());
        assert_eq!(told(&back), [(id(""), "/a".into(), true, false), (id("@/b"), "/b".into(), false, true)]);
    }

    #[test]
    fn what_others_put_in_between_was_there_before_what_we_do_next() {
        let all = folded(vec![
            intent("/a", packages("pip==1")),
            done(packages("pip==1 six==1")),
            intent("/a", packages("idna==3 pip==1 six==1")),
            // Killed, and begun again: who brought what came since cannot be told.
            intent("/a", packages("idna==3 pip==1 six==1 tqdm==4")),
        ]);
        assert_eq!(all[0].1.former.get(LISTS[0]).as_text(), Some("pip==1 idna==3"));
        let began = all[0].1.began.as_ref().unwrap();
        assert_eq!(began.get(LISTS[0]).as_text(), Some("idna==3 pip==1 six==1"));
    }
}
