use serde::{Deserialize, Serialize};

/// What was counted on a simulated Mac since the meter was last set back.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
pub struct Meter {
    /// Changes of class effect, counted at their start.
    pub effects: u64,
    /// Changes of class use.
    pub uses: u64,
    /// Changes of class bookkeeping.
    pub bookkeeping: u64,
    /// Processes that forgectl started.
    pub processes: u64,
    /// HTTP requests that forgectl sent.
    pub requests: u64,
    /// Calls to container engines.
    #[serde(default)]
    pub engine_calls: u64,
    /// Bytes fetched from the network.
    pub downloaded: u64,
    /// The most bytes that the data volume held beyond what it held when the Mac was new.
    pub peak_disk: u64,
    /// The most bytes that models held in memory.
    pub peak_model_memory: u64,
    /// Passwords that sudo asked for.
    pub sudo_questions: u64,
    /// Dialogs that popped up.
    pub dialogs: u64,
}

impl Meter {
    /// Remembers that models hold so many bytes now.
    pub fn model_memory(&mut self, bytes: u64) {
        self.peak_model_memory = self.peak_model_memory.max(bytes);
    }
}
