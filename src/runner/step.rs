//! What a step of the pipeline gets, and how it ends.

use super::agent_call::CallMemory;
use super::job_context::JobContext;
use super::journal::Journal;
use super::mailbox::Mailbox;
use super::outputs::Outputs;
use super::progress::Progress;
use super::run_failure::RunFailure;
use super::supervisor::{Stopped, Supervisor};
use crate::bundle::formats::Money;
use crate::bundle::journal::Question;
use crate::bundle::prompts::Values;
use crate::bundle::review::CriticalIssue;
use crate::pipeline::{Step, Verdict};

/// What a step gets: what is to be done, and the parts of the run that it may use.
#[derive(Debug)]
pub struct StepContext<'a> {
    /// The step.
    pub step: &'a Step,
    /// Whether it was begun in an earlier job.
    pub resumed: bool,
    /// What its calls have cost.
    pub spent: Money,
    /// What the job was given.
    pub job: &'a JobContext,
    /// Where events are written.
    pub journal: &'a mut Journal,
    /// How far the run has come.
    pub progress: &'a mut Progress,
    /// Questions and answers.
    pub mailbox: &'a mut Mailbox,
    /// What starts, stops and ends processes.
    pub supervisor: &'a mut Supervisor,
    /// What one call of the agent leaves for the next.
    pub calls: &'a mut CallMemory,
}

impl StepContext<'_> {
    /// What the prompts of the step may name.
    pub fn values(&self) -> Values<'_> {
        self.job.values(self.step, &self.progress.state)
    }

    /// What the step has to leave.
    pub fn outputs(&self) -> Outputs<'_> {
        Outputs {
            work: &self.job.paths.work,
            produces: &self.step.produces,
            before: &self.progress.state.before,
            has_finding: self.job.has_finding(),
        }
    }
}

/// How a step ended.
#[derive(Debug)]
pub enum StepOutcome {
    /// It was carried out, and judged.
    Judged(Judged),
    /// It could not be carried out.
    Failed(RunFailure),
    /// The run must end now, and the step goes on when these are answered.
    Parked(Vec<Question>),
    /// The run must end now.
    Stopped(Stopped),
}

/// What was found of a step that was carried out.
#[derive(Debug)]
pub struct Judged {
    /// The verdict for the pipeline.
    pub verdict: Verdict,
    /// What is to be said of it, in one line; may be empty.
    pub note: String,
    /// How many issues a review has found critical; none when it is not clear, and of any other step.
    pub critical: Option<u32>,
    /// What a review has found critical, in the reviewer's words.
    pub issues: Vec<String>,
    /// The same as the reviewer has answered, with its grounds.
    pub critical_issues: Vec<CriticalIssue>,
}

impl Judged {
    /// A verdict that has nothing to do with a review.
    fn plain(verdict: Verdict, note: String) -> Self {
        Self { verdict, note, critical: None, issues: Vec::new(), critical_issues: Vec::new() }
    }
}

impl StepOutcome {
    /// The end of a step that has failed, for a reason if there is one.
    pub fn failed(failure: Option<RunFailure>) -> Self {
        match failure {
            Some(failure) => Self::Failed(failure),
            None => Self::Judged(Judged::plain(Verdict::Error, String::new())),
        }
    }

    /// A good end, with a note.
    pub fn yes(note: String) -> Self {
        Self::Judged(Judged::plain(Verdict::Yes, note))
    }
}
