//! The files that both sides read: the bundle, `state.json` and `exit.json`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::answers::Proposal;
use super::{EVALUATE, FORMAT_VERSION, VERIFY};
use crate::claude::{self, Fold};
use crate::domain::{Metric, SchedulerKind, action};
use crate::pipeline::Position;

/// Why a file of ours cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum FormatError {
    /// It is not what it should be.
    #[error("{file} is damaged: {problem}")]
    Damaged {
        /// Which file.
        file: String,
        /// What the reader says.
        problem: String,
    },
    /// A newer program wrote it.
    #[error(
        "{file} has format version {found}; this program knows versions up to {FORMAT_VERSION}: update researchloop"
    )]
    Newer {
        /// Which file.
        file: String,
        /// Its version.
        found: u64,
    },
}

/// Reads a versioned JSON file of ours.
pub fn read<T: serde::de::DeserializeOwned>(file: &str, bytes: &[u8]) -> Result<T, FormatError> {
    let damaged = |error: serde_json::Error| FormatError::Damaged {
        file: file.to_owned(),
        problem: error.to_string(),
    };
    let bytes = &*action::unmarked_json(bytes);
    // What may lack it says so itself.
    #[derive(Deserialize)]
    struct Version {
        #[serde(default)]
        v: u64,
    }
    // The version is looked at alone first: a newer file may have another shape.
    let version: Version = serde_json::from_slice(bytes).map_err(damaged)?;
    if version.v > u64::from(FORMAT_VERSION) {
        return Err(FormatError::Newer { file: file.to_owned(), found: version.v });
    }
    serde_json::from_slice(bytes).map_err(damaged)
}

/// Everything that a job needs, packed into its script.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Bundle {
    /// Format version.
    pub v: u32,
    /// `sp-xxxxxx`.
    pub sprint_id: String,
    /// The study's name.
    pub study: String,
    /// The cluster's name.
    pub cluster: String,
    /// `slurm`, `sge` or `local`.
    pub scheduler: String,
    /// The research idea.
    pub idea: Option<String>,
    /// The study's context: background that every step may need.
    pub context: String,
    /// The pipeline, as YAML.
    pub pipeline: String,
    /// Values that the pipeline and the prompts may name: `red_team_max_rounds`, ...
    pub settings: BTreeMap<String, String>,
    /// Prompt templates by file name.
    pub templates: BTreeMap<String, String>,
    /// How Claude is called.
    pub agent: Agent,
    /// How long the job may run, in seconds.
    pub seconds: u64,
    /// What the job needs to find an idea of its own, when none is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idea_request: Option<IdeaRequest>,
    /// When somebody will know that the task is done, in words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub done_when: String,
    /// A command of the user's that must succeed before the work is taken as done.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub verify: String,
    /// A command of the user's that measures the result: its last line is the number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evaluator: Option<EvaluatorCommand>,
    /// What is to be done in the directory of an earlier sprint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tweak: Option<Tweak>,
    /// The plan that is to be made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<PlanOrder>,
    /// Idle for so many seconds, the job's GPUs are worth a word; 0 for never.
    #[serde(default)]
    pub warn_idle_gpus: u64,
}

impl Bundle {
    /// Whether its job runs under a scheduler of this kind.
    pub fn runs_under(&self, kind: SchedulerKind) -> bool {
        self.scheduler == kind.as_str()
    }

    /// Whether the job begins by finding an idea.
    pub fn finds_idea(&self) -> bool {
        self.idea.is_none() && self.idea_request.is_some()
    }

    /// What the pipeline may name: the settings, and what follows from the rest of the bundle.
    pub fn values(&self) -> BTreeMap<String, String> {
        let mut values = self.settings.clone();
        values.insert("sprint_id".to_owned(), self.sprint_id.clone());
        values.insert("ideas".to_owned(), u8::from(self.finds_idea()).to_string());
        let commands = [
            (EVALUATE, self.evaluator.as_ref().map_or("", |evaluator| &evaluator.command)),
            (VERIFY, &self.verify),
        ];
        for (step, command) in commands {
            values.insert(step.to_owned(), u32::from(!command.is_empty()).to_string());
            // It reaches the shell as a variable, never as a part of its text.
            values.insert(format!("{step}_command"), command.to_owned());
        }
        values
    }
}

/// What the job needs to find an idea.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct IdeaRequest {
    /// What the user wants of the loop.
    pub guidance: String,
    /// Earlier ideas and what came of them, newest first, bounded in length.
    pub earlier: Vec<EarlierIdea>,
    /// Whether a person must agree before the idea is worked on.
    pub approve: bool,
}

/// An idea that was worked on, or is going to be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EarlierIdea {
    /// The sprint or task.
    pub id: String,
    /// The idea.
    pub idea: String,
    /// `supported`, `refuted`, `inconclusive`, `failed`, `running`, `waiting`, `not approved`.
    pub outcome: String,
    /// What came out, in a sentence; may be empty.
    pub statement: String,
    /// Of an idea that was shortened: what [`crate::domain::same_idea::Meaning::mark`] says of the whole.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub mark: String,
}

/// A command that measures the result.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EvaluatorCommand {
    /// For `bash -c`, in the sprint's directory.
    pub command: String,
    /// The metric that it measures.
    pub metric: String,
    /// `higher` or `lower`.
    pub better: String,
}

/// A small follow-up to a sprint that has ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Tweak {
    /// The sprint.
    pub sprint_id: String,
    /// Its directory, where the agent works.
    pub dir: String,
    /// Its session, which goes on; a new one begins when it is not known.
    pub session_id: Option<String>,
    /// What is to be done.
    pub instruction: String,
}

/// A plan that is to be made: what the agent is asked, whole, and what its answer must look like.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlanOrder {
    /// The study's context, what was tried, the backlog, the goal.
    pub prompt: String,
    /// A JSON schema.
    pub schema: serde_json::Value,
}

/// A file in `.researchloop/inbox`, which brings something from a person to the job: an answer or
/// a note. Its name is the message's id with `.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InboxFile {
    /// Format version.
    pub v: u32,
    /// `m-xxxxxx`.
    pub id: String,
    /// The name of the question that it answers; none for a note.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answers: Option<String>,
    /// The question, so that the answer can be understood.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub question: Option<String>,
    /// What the person says.
    pub text: String,
}

/// How Claude is called.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Agent {
    /// The program and its first arguments.
    pub command: Vec<String>,
    /// The model, when another than Claude's own choice is wanted.
    pub model: Option<String>,
    /// What the whole sprint may cost, in US dollars at list prices.
    pub max_cost_usd: Option<f64>,
    /// Seconds to wait before a call that failed for a passing reason is made again.
    pub retry_delays: Vec<u64>,
}

/// `state.json`: where a run stands. Replaced whole, never edited.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StateFile {
    /// Format version.
    pub v: u32,
    /// How often the job has started, from 1.
    pub incarnation: u32,
    /// Where the pipeline stands; none before its first step.
    pub position: Option<Position>,
    /// The session that all steps share.
    pub session_id: String,
    /// Whether the agent has confirmed that session, so that it can be resumed.
    pub session_known: bool,
    /// Whether the current step was begun before, so that it is continued.
    pub step_begun: bool,
    /// What the run has cost so far.
    pub spent: Money,
    /// Whether the run has recorded its end.
    pub ended: bool,
    /// The idea that was found in the job, once it is accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idea: Option<String>,
    /// An idea that waits for a person's word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proposed: Option<Proposal>,
    /// Ideas that a person did not want.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unwanted: Vec<String>,
    /// Names of questions that were asked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub asked: Vec<String>,
    /// Messages of the inbox that the agent was told.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub told: Vec<String>,
    /// What the evaluator measured, once it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measured: Option<Metric>,
    /// Whether it has said that there is no value.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub no_value: bool,
    /// Files that the present step promises and that were there before it, with what tells whether
    /// they change.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub before: BTreeMap<String, String>,
    /// The call of the agent that is under way; none when its cost is in `spent`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calling: Option<Calling>,
}

/// A call of the agent that is under way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Calling {
    /// The file below `steps` that holds what it prints.
    pub stream: String,
    /// Where in it this call begins.
    pub from: u64,
}

/// Cost and tokens, summed over calls.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Money {
    /// US dollars at list prices.
    pub cost_usd: f64,
    /// Whether some part is estimated or unknown.
    pub estimated: bool,
    /// Tokens read by the model, without the cache.
    pub input_tokens: u64,
    /// Tokens written by the model.
    pub output_tokens: u64,
    /// Tokens read from the cache.
    pub cache_read_tokens: u64,
    /// Tokens written to the cache.
    pub cache_write_tokens: u64,
}

impl Money {
    /// Adds another sum.
    pub fn add(&mut self, other: &Self) {
        self.cost_usd += other.cost_usd;
        self.estimated |= other.estimated;
        self.input_tokens = self.input_tokens.saturating_add(other.input_tokens);
        self.output_tokens = self.output_tokens.saturating_add(other.output_tokens);
        self.cache_read_tokens = self.cache_read_tokens.saturating_add(other.cache_read_tokens);
        self.cache_write_tokens = self.cache_write_tokens.saturating_add(other.cache_write_tokens);
    }

    /// What a call has cost. `before`: what was spent until then, which tells the price of calls that
    /// did not say it themselves.
    pub fn of_call(fold: &Fold, before: &Self) -> Self {
        let spent = fold.spent();
        let rate = claude::rate(
            before.cost_usd,
            before.input_tokens,
            before.output_tokens,
            before.cache_read_tokens,
            before.cache_write_tokens,
        );
        Self {
            cost_usd: spent.dollars(rate, fold.model()),
            estimated: spent.estimated,
            input_tokens: spent.input_tokens,
            output_tokens: spent.output_tokens,
            cache_read_tokens: spent.cache_read_tokens,
            cache_write_tokens: spent.cache_write_tokens,
        }
    }

    /// The same within bounds that no real run reaches. What a journal says may be anything.
    #[must_use]
    pub fn sound(&self) -> Self {
        let tokens = |count: u64| count.min(1_000_000_000_000);
        let cost_usd = if self.cost_usd.is_finite() { self.cost_usd.clamp(0.0, 1e9) } else { 0.0 };
        Self {
            cost_usd,
            estimated: self.estimated || cost_usd.to_bits() != self.cost_usd.to_bits(),
            input_tokens: tokens(self.input_tokens),
            output_tokens: tokens(self.output_tokens),
            cache_read_tokens: tokens(self.cache_read_tokens),
            cache_write_tokens: tokens(self.cache_write_tokens),
        }
    }

    /// All tokens together.
    pub fn tokens(&self) -> u64 {
        self.input_tokens
            .saturating_add(self.output_tokens)
            .saturating_add(self.cache_read_tokens)
            .saturating_add(self.cache_write_tokens)
    }
}

/// `exit.json`: what the job script saw of a runner that left no end of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExitFile {
    /// Format version.
    pub v: u32,
    /// `runner_missing`, `noexec` or `runner_killed`.
    pub reason: String,
    /// The runner's wait status as a shell tells it: 128 + N for signal N.
    pub status: i32,
    /// The job that wrote it.
    pub job_id: String,
    /// The node.
    pub host: String,
    /// When, in seconds since 1970, by the node's clock.
    pub time: i64,
    /// Processes of the job that were still there and could not be ended.
    pub processes_left: u32,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bundle::answers;

    #[test]
    fn a_newer_file_is_refused_with_its_version() {
        let error =
            read::<ExitFile>("exit.json", br#"{"v":7,"shape":"other"}"#).expect_err("newer");
        assert!(error.to_string().contains("format version 7"), "{error}");
    }

    #[test]
    fn the_samples_in_the_documentation_read_whole() {
        fn sample<T: serde::de::DeserializeOwned>(bytes: &[u8]) -> T {
            read("a sample", bytes).expect("sound")
        }
        let bundle: Bundle = sample(include_bytes!("../../tests/data/formats/bundle-idea.json"));
        assert!(
            bundle.finds_idea() && bundle.values().get("ideas").is_some_and(|ideas| ideas == "1")
        );
        let bundle: Bundle = sample(include_bytes!("../../tests/data/formats/bundle-tweak.json"));
        assert!(!bundle.finds_idea() && bundle.tweak.is_some());
        let bundle: Bundle = sample(include_bytes!("../../tests/data/formats/bundle-plan.json"));
        assert!(bundle.plan.is_some_and(
            |plan| plan.prompt.starts_with("# Plan a study") && plan.schema.is_object()
        ));
        let bundle: Bundle = sample(include_bytes!("../../tests/data/formats/bundle.json"));
        assert!(!bundle.finds_idea() && bundle.tweak.is_none());
        let ask = answers::ask(include_bytes!("../../tests/data/formats/ask.json")).expect("sound");
        let answer: InboxFile = sample(include_bytes!("../../tests/data/formats/inbox.json"));
        assert_eq!(answer.question, Some(ask.question));
        let state: StateFile =
            sample(include_bytes!("../../tests/data/formats/state-proposed.json"));
        let Ok(answers::IdeaAnswer::Idea(idea)) =
            answers::idea(include_bytes!("../../tests/data/formats/idea.json"))
        else {
            panic!("no idea")
        };
        assert_eq!(state.proposed.as_ref(), Some(&idea));
        assert_eq!(Proposal::of_text(&idea.text()).idea, idea.idea);
        let calling: StateFile =
            sample(include_bytes!("../../tests/data/formats/state-calling.json"));
        assert!(calling.calling.is_some_and(|calling| calling.stream == "research.1.jsonl"));
        let older: StateFile = sample(include_bytes!("../../tests/data/formats/state.json"));
        assert_eq!((older.proposed, older.unwanted.len(), older.asked.len()), (None, 0, 0));
    }

    #[test]
    fn half_a_file_is_damaged() {
        let error =
            read::<ExitFile>("exit.json", br#"{"v":1,"reason":"runner_ki"#).expect_err("half");
        assert!(matches!(error, FormatError::Damaged { .. }), "{error}");
    }
}
