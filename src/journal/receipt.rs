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
            let receipt = receipts.entry(id).or_insert_with(|| Receipt {
                claims: BTreeSet::new(),
                place: place.clone(),
                origin: String::new(),
                needs: vec![],
                former: former.clone(),
                left: None,
                urls: vec![],
                aim: None,
            });
            receipt.claims.insert(stack);
            receipt.place = place;
            receipt.origin = origin;
            receipt.needs = needs;
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
