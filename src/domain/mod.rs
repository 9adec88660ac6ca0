//! Types and pure decisions: no input, no output, no clock, no randomness.

pub mod action;
pub mod advice;
pub mod allowance;
pub mod approval;
pub mod auto_loop;
pub mod complaint;
pub mod duration;
pub mod effect;
pub mod event_name;
pub mod figure_name;
pub mod finding;
pub mod gpus;
pub mod id;
pub mod idea;
pub mod incidents;
pub mod job;
pub mod leaderboard;
pub mod line_kind;
pub mod loop_limits;
mod loop_progress;
pub mod mask;
pub mod message;
pub mod no_idea;
#[cfg(test)]
mod no_idea_tests;
mod no_idea_words;
pub mod noise;
mod notice;
pub mod open_issues;
pub mod options;
pub mod placeholder;
pub mod reduce;
pub mod retry;
pub mod same_idea;
#[cfg(test)]
mod same_idea_tests;
pub mod scale;
pub mod secret;
pub mod settle;
pub mod sprint;
pub mod step;
mod string_enum;
pub mod student;
pub mod suggestion;
pub mod task;
pub mod task_graph;
pub mod task_rules;
pub mod text;
pub mod transition;
pub mod unit;

pub mod written;

pub use advice::Advice;
pub use event_name::EventName;
pub use finding::{Finding, Metric, Source, Verdict};
pub use id::{ClusterName, LoopId, MessageId, SprintId, StudyName, TaskId};
pub use job::{EndKind, JobEnd, JobId, JobState, SchedulerKind, Seen, Used};
pub use line_kind::LineKind;
pub use loop_limits::{LoopStatus, StopRule};
pub use mask::Masker;
pub use message::{MessageKind, MessageStatus, OWN_WORDS};
pub use noise::Better;
pub use notice::NoticeKind;
pub use open_issues::OpenIssues;
pub use options::JobOptions;
pub use secret::Secret;
pub use sprint::{Ending, Phase, Reason, SprintKind, State, Status, Waiting};
pub use step::StepState;
pub use task::{Condition, NeedState, Priority, TaskState, TaskStatus};

#[cfg(test)]
mod settle_tests;
