use std::fmt;

use serde::{Serialize, Serializer};

use super::{Id, Span, without_credentials};

/// Whose the fault is; only the last asks for a report.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sort {
    /// What the person wrote into the manifest.
    Manifest,
    /// What the person typed: nothing was tried.
    Usage,
    /// The state of the Mac, or what one of its tools answered.
    Mac,
    /// A fault of forgectl.
    Bug,
}

/// What a person is told when something is wrong: what, why, and what to type next. As JSON it has its fields by their names,
/// the span as `place`, and `advice`: a list of each `hint`, or none, with the `commands` that follow it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Problem {
    /// Whose fault it is.
    pub sort: Sort,
    /// One line, no full stop: the thing in backticks, a value after a colon.
    pub what: String,
    /// What is known of the cause, outermost first: the command, what it answered, the last log line.
    pub why: Vec<String>,
    /// What can be done, a sentence each.
    pub hints: Vec<String>,
    /// Commands to type next, one a line, ready to copy.
    pub remedy: Vec<String>,
    /// How many hints stand before each command.
    after: Vec<usize>,
    /// The place in the manifest that asked for it.
    pub span: Option<Box<Span>>,
    /// The resource that it befell.
    pub resource: Option<Id>,
}

impl Problem {
    fn new(sort: Sort, what: impl Into<String>) -> Self {
        Self {
            sort,
            what: told(what),
            why: vec![],
            hints: vec![],
            remedy: vec![],
            after: vec![],
            span: None,
            resource: None,
        }
    }

    /// A fault in what the person wrote.
    pub fn manifest(what: impl Into<String>) -> Self {
        Self::new(Sort::Manifest, what)
    }

    /// A fault in what the person typed, which only shows once something was looked at.
    pub fn usage(what: impl Into<String>) -> Self {
        Self::new(Sort::Usage, what)
    }

    /// A fault of the Mac or of a tool on it.
    pub fn mac(what: impl Into<String>) -> Self {
        Self::new(Sort::Mac, what)
    }

    /// A fault of ours.
    pub fn bug(what: impl Into<String>) -> Self {
        Self::new(Sort::Bug, what)
    }

    /// Adds a link to the chain of causes.
    #[must_use]
    pub fn why(mut self, why: impl Into<String>) -> Self {
        self.why.push(told(why));
        self
    }

    /// Adds a hint in words.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Adds a command to type next.
    #[must_use]
    pub fn remedy(mut self, command: impl Into<String>) -> Self {
        self.remedy.push(command.into());
        self.after.push(self.hints.len());
        self
    }

    /// Adds the hints and the commands of `other`.
    #[must_use]
    pub fn advised_by(mut self, other: &Self) -> Self {
        self.after.extend(other.after.iter().map(|after| self.hints.len() + after));
        self.hints.extend(other.hints.iter().cloned());
        self.remedy.extend(other.remedy.iter().cloned());
        self
    }

    /// The commands that follow the `count`th hint, counted from one; those of 0 follow none.
    pub fn commands_after(&self, count: usize) -> impl Iterator<Item = &str> {
        let those = self.remedy.iter().zip(&self.after).filter(move |(_, after)| **after == count);
        those.map(|(command, _)| command.as_str())
    }

    /// Says where in the manifest it comes from, unless that is known.
    #[must_use]
    pub fn at(mut self, span: Option<&Span>) -> Self {
        if self.span.is_none() {
            self.span = span.cloned().map(Box::new);
        }
        self
    }

    /// Says which resource it befell, unless that is known.
    #[must_use]
    pub fn of(mut self, id: &Id) -> Self {
        if self.resource.is_none() {
            self.resource = Some(id.clone());
        }
        self
    }

    /// All problems inside `error`; see [`Problem::from_error`].
    pub fn all_of(error: &anyhow::Error) -> Vec<Self> {
        let several = error.chain().find_map(|cause| cause.downcast_ref::<Problems>());
        several.map_or_else(|| vec![Self::from_error(error)], |problems| problems.0.clone())
    }

    /// The problem inside `error`; an error that carries none becomes a fault of the Mac with its chain as causes.
    pub fn from_error(error: &anyhow::Error) -> Self {
        let mut outer = vec![];
        for cause in error.chain() {
            if let Some(problem) = cause.downcast_ref::<Self>() {
                let mut problem = problem.clone();
                outer.append(&mut problem.why);
                problem.why = outer;
                return problem;
            }
            outer.push(told(cause.to_string()));
        }
        let mut chain = outer.into_iter();
        let mut problem = Self::mac(chain.next().unwrap_or_default());
        problem.why = chain.collect();
        problem
    }
}

/// What a problem says, which may quote what anybody wrote or any program said.
fn told(text: impl Into<String>) -> String {
    without_credentials(&text.into()).into_owned()
}

/// A hint, if it is one in words, and the commands that follow it.
#[derive(Serialize)]
struct Advice<'p> {
    hint: Option<&'p str>,
    commands: Vec<&'p str>,
}

impl Serialize for Problem {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Told<'p> {
            sort: Sort,
            what: &'p str,
            why: &'p [String],
            hints: &'p [String],
            remedy: &'p [String],
            advice: Vec<Advice<'p>>,
            place: Option<&'p Span>,
            resource: Option<&'p Id>,
        }
        let hints = std::iter::once(None).chain(self.hints.iter().map(|hint| Some(hint.as_str())));
        let advice = hints.enumerate().map(|(count, hint)| {
            let commands = self.commands_after(count).collect();
            Advice { hint, commands }
        });
        let Self { sort, what, why, hints, remedy, after: _, span, resource } = self;
        let advice = advice.filter(|advice| advice.hint.is_some() || !advice.commands.is_empty()).collect();
        let (place, resource) = (span.as_deref(), resource.as_ref());
        Told { sort: *sort, what, why, hints, remedy, advice, place, resource }.serialize(serializer)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

impl std::error::Error for Problem {}

/// Several independent problems, told at once.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Problems(pub Vec<Problem>);

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut all = self.0.iter();
        if let Some(first) = all.next() {
            write!(f, "{first}")?;
        }
        all.try_for_each(|problem| write!(f, "; {problem}"))
    }
}

impl std::error::Error for Problems {}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_problem_quotes_no_password_of_an_address_wherever_it_comes_from() {
        let said = "cannot fetch https://me:sk-4711@h/x";
        let error = anyhow::anyhow!(Problem::mac(said).why(said).why("last")).context(said);
        let problem = Problem::from_error(&error);
        let told = "cannot fetch https://[hidden]@h/x";
        assert_eq!(
            (problem.what.as_str(), problem.why),
            (told, vec![told.into(), told.into(), "last".into()])
        );
        assert_eq!(Problem::from_error(&anyhow::anyhow!(said)).what, told);
    }

    #[test]
    fn a_problem_for_programs_says_whose_it_is_and_which_command_belongs_to_which_hint() {
        let problem = Problem::mac("no")
            .why("because")
            .remedy("forgectl facts")
            .hint("wait")
            .hint("stop it")
            .remedy("brew services stop ollama")
            .of(&Id::new("job", "a"));
        assert_eq!(
            serde_json::to_value(&problem).unwrap(),
            json!({
                "sort": "mac",
                "what": "no",
                "why": ["because"],
                "hints": ["wait", "stop it"],
                "remedy": ["forgectl facts", "brew services stop ollama"],
                "advice": [
                    { "hint": null, "commands": ["forgectl facts"] },
                    { "hint": "wait", "commands": [] },
                    { "hint": "stop it", "commands": ["brew services stop ollama"] },
                ],
                "place": null,
                "resource": "job/a",
            })
        );
    }
}
