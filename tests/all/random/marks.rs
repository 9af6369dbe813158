//! What somebody may have done to a Mac before forgectl came to it.

use serde::{Deserialize, Serialize};

/// One thing that was done.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Mark {
    NeverSleeps,
    SleepsLate,
    SleepDisabled,
    CommandLineTools,
    OlderCommandLineTools,
    HalfCommandLineTools,
    SelectedFolderGone,
    Placeholder,
    Homebrew,
    HalfHomebrew,
    HomebrewOfAnother,
    IntelHomebrew,
    OlderJq,
    JqAsDependency,
    OnigurumaAsked,
    OlderOllama,
    NewerOllama,
    OlderOllamaPinned,
    TwoOllamas,
    LoneDependency,
    Gnupg,
    Profile,
    ProfileWithoutEnd,
    ProfileWithLine,
    ProfileWithFormerLine,
    ProfileWithCommentedLine,
    ProfileLink,
    ProfileDeadLink,
    ProfileReadOnly,
    BrewService,
    BrewServiceNewLabel,
    BrewServiceWithoutProgram,
    OwnJobByHand,
    OwnFileByHand,
    OwnJobOverridden,
    SessionVariable,
    DesktopApp,
    PortTaken,
    OtherPortTaken,
    Agents,
    AgentsOfRoot,
    LogFolder,
    LogFile,
    LogsOfRoot,
    Data,
    DataLink,
    DataDeadLink,
    DataFile,
    DataOfRoot,
    Model,
    PartOfModel,
    BrokenModel,
    StateFolder,
}

use Mark::{
    Agents, AgentsOfRoot, BrewService, BrewServiceNewLabel, BrewServiceWithoutProgram, BrokenModel,
    CommandLineTools, Data, DataDeadLink, DataFile, DataLink, DataOfRoot, DesktopApp, Gnupg,
    HalfCommandLineTools, HalfHomebrew, Homebrew, HomebrewOfAnother, IntelHomebrew, JqAsDependency, LogFile,
    LogFolder, LogsOfRoot, LoneDependency, Model, NeverSleeps, NewerOllama, OlderCommandLineTools, OlderJq,
    OlderOllama, OlderOllamaPinned, OnigurumaAsked, OtherPortTaken, OwnFileByHand, OwnJobByHand,
    OwnJobOverridden, PartOfModel, Placeholder, PortTaken, Profile, ProfileDeadLink, ProfileLink,
    ProfileReadOnly, ProfileWithCommentedLine, ProfileWithFormerLine, ProfileWithLine, ProfileWithoutEnd,
    SelectedFolderGone, SessionVariable, SleepDisabled, SleepsLate, StateFolder, TwoOllamas,
};

/// Of each group at most one is done, so often; in this order.
pub(super) const GROUPS: &[(f64, &[Mark])] = &[
    (0.4, &[NeverSleeps, SleepsLate, SleepDisabled]),
    (0.5, &[CommandLineTools, OlderCommandLineTools, HalfCommandLineTools]),
    (0.2, &[SelectedFolderGone, Placeholder]),
    (0.5, &[Homebrew, Homebrew, HalfHomebrew]),
    (0.3, &[OlderJq, JqAsDependency]),
    (0.4, &[OlderOllama, NewerOllama, TwoOllamas]),
    (0.3, &[Gnupg, OnigurumaAsked, LoneDependency]),
    (
        0.5,
        &[
            Profile,
            ProfileWithoutEnd,
            ProfileWithLine,
            ProfileWithFormerLine,
            ProfileWithCommentedLine,
            ProfileLink,
            ProfileReadOnly,
        ],
    ),
    (0.3, &[Agents]),
    (0.3, &[LogFolder, LogFile]),
    (0.4, &[Data, DataLink]),
    (0.3, &[Model, PartOfModel, BrokenModel]),
    (0.4, &[BrewService, BrewServiceNewLabel, BrewServiceWithoutProgram, OwnJobByHand, OwnFileByHand]),
    (0.2, &[OwnJobOverridden, SessionVariable, OtherPortTaken]),
    (0.2, &[StateFolder]),
    (
        0.15,
        &[
            HomebrewOfAnother,
            IntelHomebrew,
            OlderOllamaPinned,
            ProfileDeadLink,
            DesktopApp,
            PortTaken,
            AgentsOfRoot,
            LogsOfRoot,
            DataDeadLink,
            DataFile,
            DataOfRoot,
        ],
    ),
];

impl Mark {
    /// What is told to stay where this was done: the rest of it cannot be put back.
    pub(super) fn stays(self) -> &'static [&'static str] {
        match self {
            HalfCommandLineTools => &["/Library/Developer/CommandLineTools"],
            SelectedFolderGone => &["/private/var/db/xcode_select_link", "/private/var/select"],
            _ => &[],
        }
    }
}
