use crate::{machine::facts::Facts, value::human_bytes};

/// A Mac in one line: `M4 Pro 64 GB · macOS 15.5 · 412 GB free`. What is not known is left out.
pub(super) fn node(facts: &Facts) -> String {
    let chip = facts.chip.as_deref().unwrap_or("unknown chip");
    let memory = facts.memory.map(|bytes| format!(" {} GB", bytes >> 30)).unwrap_or_default();
    let macos = facts.macos.as_ref().map(|macos| format!(" · macOS {macos}")).unwrap_or_default();
    let free = facts.disk_free.map(|free| format!(" · {} free", human_bytes(free))).unwrap_or_default();
    format!("{chip}{memory}{macos}{free}")
}
