//! Tasks: what is stored of them, what is derived, and when a failed one is tried again.

use super::TaskId;
use super::finding::Verdict;
use super::job::SchedulerKind;
use super::no_idea::no_idea;
use super::sprint::Reason;
use super::string_enum::string_enum;
use super::text;

/// The longest idea, in bytes. It stands in every prompt.
pub const MAX_IDEA: usize = 64 * 1024;
/// The longest text beside the idea, in bytes.
pub const MAX_TEXT: usize = 8 * 1024;
/// How often a task may fail for reasons of the infrastructure.
pub const MAX_INFRA_FAILURES: u32 = 5;
/// How often it may fail otherwise, unless it says something else.
pub const MAX_ATTEMPTS: u32 = 3;
/// How long the claim of a person or an agent holds, in seconds.
pub const CLAIM_SECONDS: u64 = 1800;

string_enum! {
    /// What is stored of a task. Everything else about an open one is derived.
    TaskStatus {
        /// To be done.
        Open = "open",
        /// Done.
        Done = "done",
        /// Failed for good.
        Dead = "dead",
        /// What it needs can never come.
        Skipped = "skipped",
        /// A person has called it off.
        Cancelled = "cancelled",
    }
}

string_enum! {
    /// Where a task stands, as it is shown.
    TaskState {
        /// It can be begun now.
        Ready = "ready",
        /// What it needs has not come yet.
        Blocked = "blocked",
        /// A person or an agent has it.
        Claimed = "claimed",
        /// A sprint works on it.
        Running = "running",
        /// It has failed, and is tried again later.
        Waiting = "waiting",
        /// It is made of other tasks.
        Parent = "parent",
        /// See [`TaskStatus::Done`].
        Done = "done",
        /// See [`TaskStatus::Dead`].
        Dead = "dead",
        /// See [`TaskStatus::Skipped`].
        Skipped = "skipped",
        /// See [`TaskStatus::Cancelled`].
        Cancelled = "cancelled",
    }
}

impl TaskState {
    /// Whether a task that stands so is not over.
    pub fn is_open(self) -> bool {
        !matches!(self, Self::Done | Self::Dead | Self::Skipped | Self::Cancelled)
    }
}

string_enum! {
    /// How a task must have ended for another one that needs it.
    Condition {
        /// Done, whatever came out.
        Done = "done",
        /// Done, and the idea holds.
        Supported = "supported",
        /// Done, and the idea does not hold.
        Refuted = "refuted",
        /// Dead.
        Failed = "failed",
        /// Over, in whatever way.
        Any = "any",
    }
}

string_enum! {
    /// What has become of a need.
    NeedState {
        /// It is as it should be.
        Met = "met",
        /// It can still become so.
        Open = "open",
        /// It cannot become so any more.
        Never = "never",
        /// It is done, and what came out is not known: a person can say it.
        Unknown = "unknown",
    }
}

string_enum! {
    /// How urgent a task is.
    Priority {
        /// First.
        P0 = "p0",
        /// As usual.
        P1 = "p1",
        /// Last.
        P2 = "p2",
    }
}

impl Priority {
    /// The number that is stored.
    pub fn number(self) -> i64 {
        match self {
            Self::P0 => 0,
            Self::P1 => 1,
            Self::P2 => 2,
        }
    }

    /// Reads the number. What is not known is not urgent.
    pub fn of(number: i64) -> Self {
        match number {
            0 => Self::P0,
            1 => Self::P1,
            _ => Self::P2,
        }
    }
}

/// What a need has come to, when the task that is needed stands so. The database's view
/// `need_states` and docs/backlog.md say the same.
pub fn need_state(status: TaskStatus, verdict: Option<Verdict>, condition: Condition) -> NeedState {
    let met = match (status, condition) {
        (TaskStatus::Open, _) => return NeedState::Open,
        (_, Condition::Any) => true,
        (TaskStatus::Done, Condition::Done) | (TaskStatus::Dead, Condition::Failed) => true,
        (TaskStatus::Done, Condition::Supported | Condition::Refuted) if verdict.is_none() => {
            return NeedState::Unknown;
        }
        (TaskStatus::Done, Condition::Supported) => verdict == Some(Verdict::Supported),
        (TaskStatus::Done, Condition::Refuted) => verdict == Some(Verdict::Refuted),
        (TaskStatus::Done | TaskStatus::Dead | TaskStatus::Skipped | TaskStatus::Cancelled, _) => {
            false
        }
    };
    if met { NeedState::Met } else { NeedState::Never }
}

/// Reads `ID` or `ID:CONDITION`. The condition is `done` when none is given.
pub fn parse_need(text: &str) -> Result<(&str, Condition), String> {
    let Some((id, word)) = text.rsplit_once(':') else { return Ok((text.trim(), Condition::Done)) };
    match Condition::parse(word.trim()) {
        Some(condition) => Ok((id.trim(), condition)),
        None => {
            let all: Vec<&str> =
                Condition::ALL.iter().map(|condition| condition.as_str()).collect();
            let near = super::suggestion::nearest(word, all.iter().copied())
                .map(|near| format!(" (did you mean {near}?)"))
                .unwrap_or_default();
            Err(format!(
                "{text:?} ends with an unknown condition: expected one of {}{near}",
                all.join(", ")
            ))
        }
    }
}

/// Spreads the waits of tasks that have failed together: a number between -1 and 1 of this one, after so
/// many failures.
pub fn jitter(id: &TaskId, failures: u32) -> f64 {
    let sum = id
        .as_str()
        .bytes()
        .chain(failures.to_le_bytes())
        .fold(0x811c_9dc5_u32, |sum, byte| (sum ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    f64::from(sum % 2001) / 1000.0 - 1.0
}

/// Whether a sprint that ended so says nothing about its task: the machines failed, not the work.
pub fn is_infrastructure(reason: Reason, scheduler: SchedulerKind) -> bool {
    match reason {
        Reason::SubmitFailed
        | Reason::NodeFailed
        | Reason::Lost
        | Reason::ModelError
        | Reason::RunnerMissing
        | Reason::CancelledOutside
        | Reason::UsageLimit
        | Reason::Login => true,
        // There, a lost node cannot be told from anything else that ends a job.
        Reason::RunnerKilled => scheduler == SchedulerKind::Sge,
        Reason::StepFailed
        | Reason::ToolsRefused
        | Reason::MissingOutput
        | Reason::TimeLimit
        | Reason::OutOfMemory
        | Reason::Noexec
        | Reason::DiskFull
        | Reason::NeverStarts => false,
    }
}

/// Whether the cause of such an end is one that all sprints of a cluster share: it may meet many at once.
pub fn is_shared(reason: Reason, scheduler: SchedulerKind) -> bool {
    is_infrastructure(reason, scheduler)
        || matches!(
            reason,
            Reason::DiskFull | Reason::Noexec | Reason::NeverStarts | Reason::RunnerKilled
        )
}

/// The longest that a usage limit is waited for, in seconds: those of a week are the longest.
const MAX_RESET_SECONDS: i64 = 8 * 86_400;

/// A time at which a limit is reset, as far as it can be true: what a job tells may be anything.
pub fn believed_reset(resets_at: Option<i64>, now: i64) -> Option<i64> {
    resets_at.filter(|time| *time <= now.saturating_add(MAX_RESET_SECONDS))
}

/// When the limit is reset that ended a sprint, in seconds since 1970: before that, another try fails
/// like this one. Nothing for other ends. A time out of all reason, which a job may tell, is none.
pub fn reset_time(reason: Reason, resets_at: Option<i64>, now: i64) -> Option<i64> {
    believed_reset(resets_at, now).filter(|time| reason == Reason::UsageLimit && *time >= now)
}

/// Checks an idea that somebody gives and returns it as it is kept: trimmed, without control characters.
pub fn check_idea(idea: &str) -> Result<String, String> {
    let idea = check_idea_text(idea)?;
    match no_idea(&idea) {
        Some(what) => Err(format!("the idea is {what}")),
        None => Ok(idea),
    }
}

/// Checks only that there is something to be read, and that it is not too long.
pub fn check_idea_text(idea: &str) -> Result<String, String> {
    let idea = text::typed(idea);
    match idea.len() {
        _ if text::line(&idea).trim().is_empty() => {
            Err("the idea is empty: no letter and no figure in it can be seen".to_owned())
        }
        len if len > MAX_IDEA => Err(format!(
            "the idea is {len} bytes; at most {MAX_IDEA}. Put background into the study's context instead"
        )),
        _ => Ok(idea),
    }
}

/// Checks another text of a task, which may be empty.
pub fn check_text(what: &str, text: &str) -> Result<String, String> {
    let text = text::typed(text);
    if text.len() > MAX_TEXT {
        Err(format!("{what} is {} bytes; at most {MAX_TEXT}", text.len()))
    } else {
        Ok(text)
    }
}

/// Trimmed, without control characters, and cut at so many bytes: for texts of a job.
pub fn bounded(text: &str, bytes: usize) -> String {
    let mut text = text::typed(text);
    while text.len() > bytes {
        text.pop();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_each_end_means_for_those_who_need_it() {
        use NeedState::{Met, Never, Open, Unknown};
        let supported = Some(Verdict::Supported);
        let rows: [(TaskStatus, Option<Verdict>, [NeedState; 5]); 8] = [
            (TaskStatus::Open, None, [Open, Open, Open, Open, Open]),
            (TaskStatus::Done, None, [Met, Unknown, Unknown, Never, Met]),
            (TaskStatus::Done, supported, [Met, Met, Never, Never, Met]),
            (TaskStatus::Done, Some(Verdict::Refuted), [Met, Never, Met, Never, Met]),
            (TaskStatus::Done, Some(Verdict::Inconclusive), [Met, Never, Never, Never, Met]),
            (TaskStatus::Dead, None, [Never, Never, Never, Met, Met]),
            (TaskStatus::Skipped, None, [Never, Never, Never, Never, Met]),
            (TaskStatus::Cancelled, None, [Never, Never, Never, Never, Met]),
        ];
        for (status, verdict, expected) in rows {
            let found: Vec<NeedState> = Condition::ALL
                .iter()
                .map(|condition| need_state(status, verdict, *condition))
                .collect();
            assert_eq!(found, expected, "{status} {verdict:?}");
        }
    }

    #[test]
    fn a_usage_limit_is_waited_for_until_its_reset_within_reason() {
        let now = 1_000_000;
        assert_eq!(reset_time(Reason::UsageLimit, Some(now + 5 * 3600), now), Some(now + 5 * 3600));
        for odd in [None, Some(now - 1), Some(now + 30 * 86_400), Some(i64::MAX), Some(i64::MIN)] {
            assert_eq!(reset_time(Reason::UsageLimit, odd, now), None, "{odd:?}");
        }
        assert_eq!(reset_time(Reason::ModelError, Some(now + 60), now), None);
    }

    #[test]
    fn a_need_is_an_id_and_a_condition() {
        assert_eq!(parse_need("t-0a1b2c"), Ok(("t-0a1b2c", Condition::Done)));
        assert_eq!(parse_need("base: refuted"), Ok(("base", Condition::Refuted)));
        let error = parse_need("t-0a1b2c:suported").expect_err("misspelt");
        assert!(error.contains("did you mean supported?"), "{error}");
    }

    #[test]
    fn time_memory_and_mistakes_count_and_machines_do_not() {
        let slurm = SchedulerKind::Slurm;
        let infrastructure: Vec<&str> = Reason::ALL
            .iter()
            .filter(|reason| is_infrastructure(**reason, slurm))
            .map(|reason| reason.as_str())
            .collect();
        assert_eq!(
            infrastructure,
            [
                "login",
                "usage_limit",
                "model_error",
                "cancelled_outside",
                "runner_missing",
                "node_failed",
                "lost",
                "submit_failed"
            ]
        );
        assert!(is_infrastructure(Reason::RunnerKilled, SchedulerKind::Sge));
    }

    #[test]
    fn texts_are_bounded_and_without_control_characters() {
        assert_eq!(check_idea(" a\u{1b}[2Jb\n\tc\u{0} "), Ok("a[2Jb\n\tc".to_owned()));
        assert!(check_idea("\u{7} \n").is_err() && check_idea(&"x".repeat(MAX_IDEA + 1)).is_err());
        assert_eq!(bounded("日本語", 7), "日本");
    }
}
