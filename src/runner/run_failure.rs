//! Why a run did not succeed: from what is known in the job to a reason, a sentence and a hint.

use std::io::Write as _;
use std::path::Path;

use super::journal::is_no_space;
use crate::bundle::OWN_FOLDER;
use crate::claude::{DeadEnd, Unbegun, Verdict};
use crate::domain::{Advice, Reason};
use crate::pipeline::Step;

/// A failure, with everything that is said of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunFailure {
    /// Of the closed list.
    pub reason: Reason,
    /// One sentence.
    pub detail: String,
    /// What to do next.
    pub advice: Advice,
    /// When a usage limit ends, in seconds since 1970.
    pub resets_at: Option<i64>,
}

impl RunFailure {
    /// A failure without a time.
    pub fn new(reason: Reason, detail: impl Into<String>, advice: Advice) -> Self {
        Self { reason, detail: detail.into(), advice, resets_at: None }
    }
}

/// The failure that a verdict on a call stands for; none when the call is done.
pub fn failure_of(verdict: &Verdict, step: &str) -> Option<RunFailure> {
    let failure = match verdict {
        Verdict::Done => return None,
        Verdict::Interrupted { detail, begun } => {
            // Before its first word it has had nothing to do with the work.
            let reason = if *begun { Reason::StepFailed } else { Reason::ModelError };
            RunFailure::new(
                reason,
                format!("Claude was ended from outside during {step}: {detail}"),
                Advice::SeeWhoEndedIt,
            )
        }
        Verdict::UsageLimit { resets_at, detail } => RunFailure {
            resets_at: *resets_at,
            ..RunFailure::new(
                Reason::UsageLimit,
                format!("the account's usage limit was reached during {step}: {detail}"),
                Advice::WaitForReset,
            )
        },
        Verdict::Login { detail } => RunFailure::new(
            Reason::Login,
            format!("Claude could not log in: {detail}"),
            Advice::LogIn,
        ),
        Verdict::ModelError { detail } => RunFailure::new(
            Reason::ModelError,
            format!("the model's service failed during {step}, also after retries: {detail}"),
            Advice::TryLater,
        ),
        Verdict::DeadEnd { why, detail } => {
            let (what, advice) = match why {
                DeadEnd::TooLong => {
                    (format!("the session's context was full during {step}"), Advice::Shorten)
                }
                DeadEnd::Refused => (
                    format!("the model's safety filter stopped {step}, also in a new session"),
                    Advice::Rephrase,
                ),
                DeadEnd::Invalid => (
                    format!(
                        "the service did not take what the session of {step} holds, nor that of a new one"
                    ),
                    Advice::BeginAnew,
                ),
                DeadEnd::Damaged => {
                    (format!("the session of {step} was not whole"), Advice::BeginAnew)
                }
            };
            RunFailure::new(Reason::StepFailed, format!("{what}: {detail}"), advice)
        }
        Verdict::NotBegun { why, detail } => {
            let advice = match why {
                Unbegun::NoProgram => Advice::InstallClaude,
                Unbegun::Setup => Advice::RepairClaude,
                Unbegun::Silent | Unbegun::NoSession | Unbegun::Ended => Advice::TryClaude,
            };
            RunFailure::new(
                Reason::ModelError,
                format!("Claude did not begin with {step}: {detail}"),
                advice,
            )
        }
        Verdict::OutOfMemory { detail } => RunFailure::new(
            Reason::OutOfMemory,
            format!("Claude got no memory during {step}: {detail}"),
            Advice::MoreAddressSpace,
        ),
        Verdict::Waits { detail, files, .. } => {
            let (reason, lacks) = match files[..] {
                [] => (Reason::StepFailed, String::new()),
                _ => (Reason::MissingOutput, format!("; missing: {}", files.join(", "))),
            };
            RunFailure::new(
                reason,
                format!(
                    "{step} ended its turn before it was done, also when told to go on: {detail}{lacks}"
                ),
                Advice::SeeStep,
            )
        }
        Verdict::OwnLimit { which, detail } => RunFailure::new(
            Reason::StepFailed,
            format!("{step} reached its limit of {}: {detail}", which.as_str()),
            Advice::RaiseLimit,
        ),
        Verdict::ToolsRefused { tools, detail } => RunFailure::new(
            Reason::ToolsRefused,
            format!("during {step} Claude was not allowed to use {}: {detail}", tools.join(", ")),
            Advice::AllowTools,
        ),
        Verdict::MissingOutput { files, .. } => RunFailure::new(
            Reason::MissingOutput,
            format!("{step} ended without writing {}, also when asked again", files.join(", ")),
            Advice::SeeStep,
        ),
        Verdict::Failed { detail } => {
            RunFailure::new(Reason::StepFailed, format!("{step} failed: {detail}"), Advice::SeeStep)
        }
    };
    Some(failure)
}

/// What is said of a step that took longer than it may.
pub fn too_slow(step: &Step) -> RunFailure {
    let seconds = step.timeout_seconds.unwrap_or(0);
    RunFailure::new(
        Reason::StepFailed,
        format!("{} took longer than its {seconds} s", step.title),
        Advice::RaiseTimeout,
    )
}

/// What is said of a full disk.
pub fn disk_full(dir: &Path) -> RunFailure {
    RunFailure::new(
        Reason::DiskFull,
        format!("there is no space left where the sprint writes ({})", dir.display()),
        Advice::FreeSpace,
    )
}

/// Tells whether nothing more can be written in the sprint's directory.
pub fn is_disk_full(dir: &Path) -> bool {
    let path = dir.join(OWN_FOLDER).join("probe");
    let _ = std::fs::remove_file(&path);
    let probe = std::fs::File::create_new(&path).and_then(|mut file| {
        file.write_all(&b"is there space? ".repeat(4096))?;
        file.sync_all()
    });
    let _ = std::fs::remove_file(&path);
    probe.is_err_and(|error| is_no_space(&error))
}

/// How often the kernel has killed a process in this job's memory group, where it tells.
pub fn memory_kills() -> u64 {
    let groups = std::fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    let mut kills = 0;
    for line in groups.lines() {
        let mut parts = line.splitn(3, ':');
        let (Some(_), Some(controllers), Some(path)) = (parts.next(), parts.next(), parts.next())
        else {
            continue;
        };
        let file = if controllers.is_empty() {
            format!("/sys/fs/cgroup{path}/memory.events")
        } else if controllers.split(',').any(|name| name == "memory") {
            format!("/sys/fs/cgroup/memory{path}/memory.oom_control")
        } else {
            continue;
        };
        let events = std::fs::read_to_string(file).unwrap_or_default();
        kills += events
            .lines()
            .filter_map(|line| line.strip_prefix("oom_kill ")?.trim().parse::<u64>().ok())
            .sum::<u64>();
    }
    kills
}
