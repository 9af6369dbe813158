use forgectl::sim::{Kill, Mac, Session, Sim, Spec, SudoMode};
use proptest::{option, prelude::*, sample::select};
use serde::{Deserialize, Serialize};

use super::{
    making::make,
    marks::{GROUPS, Mark},
};
use crate::support::{copy, sim};

/// A Mac on which some things are already, and where a run on it is to be killed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Case {
    chip: String,
    /// Binary gigabytes.
    memory: u64,
    macos: String,
    sudo: SudoMode,
    session: Session,
    user: String,
    /// Whether Homebrew's Ollama was poured, and never started.
    ollama: bool,
    /// What somebody did to it, in this order.
    pub(super) marks: Vec<Mark>,
    /// How far a run gets before it is killed, in thousandths of its effects.
    kill: u64,
    /// Whether that last effect is made.
    made: bool,
}

impl Case {
    /// Its Mac before anything is applied.
    pub(super) fn mac(&self) -> Mac {
        let spec = Spec {
            chip: self.chip.clone(),
            memory: self.memory << 30,
            macos: self.macos.clone(),
            disk_free: 460_000_000_000,
            sudo: self.sudo,
            session: self.session,
            ollama: self.ollama,
            user: self.user.clone(),
        };
        // Who marked it was an administrator then.
        let mut mac = Mac::new(&Spec { sudo: SudoMode::Nopasswd, ..spec.clone() }, 0);
        mac.state.spec.sudo = SudoMode::Nopasswd;
        let marked = sim(mac);
        self.marks.iter().for_each(|mark| make(*mark, &marked));
        marked.with_mac(|mac| mac.advance(std::time::Duration::from_secs(90)));
        let mut mac = settled(marked);
        mac.state.spec.sudo = self.sudo;
        mac.state.meter = forgectl::sim::Meter::default();
        mac.state.dialogs.clear();
        mac
    }

    /// Before or after which of so many effects a run is killed.
    pub(super) fn kill(&self, effects: u64) -> Kill {
        let number = (effects * self.kill).div_ceil(1000).clamp(1, effects);
        if self.made { Kill::After(number) } else { Kill::Before(number) }
    }
}

/// The Mac without forgectl's own process.
pub(super) fn settled(sim: Sim) -> Mac {
    copy(&sim.into_mac())
}

/// Any such Mac; a smaller case has fewer marks.
pub(super) fn any_case() -> impl Strategy<Value = Case> {
    let chips =
        select(vec![("M4", 16), ("M4", 32), ("M4 Pro", 64), ("M5", 24), ("M3 Ultra", 96), ("M1", 16)]);
    let macos = select(vec!["15.5", "26.1", "15.0", "27.0"]);
    let sudo =
        prop_oneof![6 => Just(SudoMode::Nopasswd), 5 => Just(SudoMode::Asks), 1 => Just(SudoMode::Denied)];
    let session = prop_oneof![8 => Just(Session::Gui), 1 => Just(Session::Ssh)];
    let user = select(vec!["lab", "Zoë Lab"]);
    let marks: Vec<_> =
        GROUPS.iter().map(|(share, marks)| option::weighted(*share, select(marks.to_vec()))).collect();
    (
        chips,
        macos,
        sudo,
        session,
        user,
        prop_oneof![4 => Just(true), 1 => Just(false)],
        marks,
        1..=1000_u64,
        any::<bool>(),
    )
        .prop_map(|((chip, memory), macos, sudo, session, user, ollama, marks, kill, made)| Case {
            chip: chip.into(),
            memory,
            macos: macos.into(),
            sudo,
            session,
            user: user.into(),
            ollama,
            marks: marks.into_iter().flatten().collect(),
            kill,
            made,
        })
}
