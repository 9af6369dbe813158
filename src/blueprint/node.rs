use super::Site;
use crate::{
    manifest::{Chips, Stack},
    value::{MemorySize, Problem, human_bytes},
};

/// Why this Mac is not what the manifest's `node` says, or no Mac that forgectl can bring anywhere; all reasons at once.
pub(super) fn judge(site: &Site) -> Vec<Problem> {
    let Site { stack, facts, identity, .. } = site;
    let node = &stack.manifest.node;
    let mut problems = vec![];
    if identity.uid == 0 {
        problems.push(
            Problem::mac("forgectl does not run as root")
                .why("Homebrew refuses root, and what root makes you could not change")
                .hint("run it as the user who will own the stack; it asks for sudo where a step needs it"),
        );
    }
    if !facts.apple_silicon {
        problems.push(
            Problem::mac("this Mac has an Intel processor")
                .why(format!("found: {}", facts.chip.as_deref().unwrap_or("unknown")))
                .hint("forgectl is for Apple silicon"),
        );
    } else if facts.rosetta {
        problems.push(
            Problem::mac("forgectl runs translated by Rosetta")
                .why("Homebrew would take this Mac for an Intel one")
                .hint("use a terminal that does not run under Rosetta, or:")
                .remedy("arch -arm64 forgectl plan STACK"),
        );
    }
    let unlike = |key: &str, wanted: String, found: String| {
        Problem::mac(format!("this Mac is not the node that the stack is for: `{key}`"))
            .why(format!("wanted: {wanted}"))
            .why(format!("found: {found}"))
            .hint("apply it on such a Mac; if the stack fits this one too, say so in `node`")
            .at(Some(&stack.span(&["node", key])))
    };
    let unknown = || "unknown".to_owned();
    if !facts.chip.as_deref().is_some_and(|chip| node.chip.allows(chip)) {
        let wanted = match &node.chip {
            Chips::Any => "any".to_owned(),
            Chips::OneOf(names) => names.join(" or "),
        };
        problems.push(unlike("chip", wanted, facts.chip.clone().unwrap_or_else(unknown)));
    }
    if facts.memory.is_none_or(|memory| memory < node.memory.0) {
        let found = facts.memory.map_or_else(unknown, |memory| MemorySize(memory).to_string());
        problems.push(unlike("memory", format!("at least {}", node.memory), found));
    }
    if !facts.macos.as_deref().is_some_and(|macos| node.macos.allows(macos)) {
        problems.push(unlike("macos", node.macos.to_string(), facts.macos.clone().unwrap_or_else(unknown)));
    }
    problems
}

/// Why a disk of which so many bytes are free, beside those that the stack holds already, is not the one that it is for.
pub(crate) fn too_little_free(stack: &Stack, wanted: u64, free: u64, held: u64) -> Option<Problem> {
    (free.saturating_add(held) < wanted).then(|| {
        let [wanted, free, counted] = [wanted, free, held].map(human_bytes);
        let problem = Problem::mac("this Mac is not the node that the stack is for: `free_disk`")
            .why(format!("wanted: at least {wanted}"))
            .why(match held {
                0 => format!("found: {free}"),
                _ => format!("found: {free}, and {counted} that the stack holds already"),
            })
            .at(Some(&stack.span(&["node", "free_disk"])));
        room(problem)
    })
}

fn room(problem: Problem) -> Problem {
    problem
        .hint("make room, then apply again; what takes the most in your home folder:")
        .remedy("du -xsh ~/* ~/.[!.]* 2>/dev/null | sort -h | tail -n 20")
}

/// Why what is to be fetched does not fit on the disk, of which so many bytes are free.
pub(crate) fn disk_shortage(needed: u64, free: Option<u64>) -> Option<Problem> {
    let free = free.filter(|free| needed > *free)?;
    let problem = Problem::mac("not enough room on the disk")
        .why(format!("needed: {}", human_bytes(needed)))
        .why(format!("free: {}", human_bytes(free)));
    Some(room(problem))
}
