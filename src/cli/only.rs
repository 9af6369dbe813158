use crate::value::Id;

/// The flag that narrows a plan.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Only {
    /// Only this resource and what it needs, named as the plan names it (`launchd-job/dev.forge.ollama`); may be given again
    #[arg(long, value_name = "ID", env = "FORGECTL_ONLY")]
    pub(super) only: Vec<Id>,
}

/// The flags that narrow to `only`, as they would be typed.
pub(super) fn words(only: &[Id]) -> Vec<&str> {
    only.iter().flat_map(|id| ["--only", id.as_str()]).collect()
}
