//! Why a run did not succeed: from what is known in the job to a reason, a sentence and a hint.

use std::io::Write as _;
use std::path::Path;

use super::journal::is_no_space;
use crate::bundle::OWN_FOLDER;
use crate::claude::{NOT_FOUND, Verdict};
use crate::domain::Reason;
use crate::pipeline::Step;

/// A failure, with everything that is said of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Of the closed list.
    pub reason: Reason,
    /// One sentence.
    pub detail: String,
    /// What to do next.
    pub hint: String,
    /// When a usage limit ends, in seconds since 1970.
    pub resets_at: Option<i64>,
}

impl Failure {
    /// A failure without a time.
    pub fn new(reason: Reason, detail: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { reason, detail: detail.into(), hint: hint.into(), resets_at: None }
    }
}

/// The failure that a verdict on a call stands for; none when the call is done.
pub fn failure_of(verdict: &Verdict, step: &str) -> Option<Failure> {
    let failure = match verdict {
        Verdict::Done => return None,
        Verdict::Interrupted { detail } => Failure::new(
            Reason::StepFailed,
            format!("Claude was ended from outside during {step}: {detail}"),
            "look at the job's log for who ended it: `researchloop sprint log ID`",
        ),
        Verdict::UsageLimit { resets_at, detail } => Failure {
            resets_at: *resets_at,
            ..Failure::new(
                Reason::UsageLimit,
                format!("the account's usage limit was reached during {step}: {detail}"),
                "run `researchloop sprint resubmit ID` after the limit has been reset",
            )
        },
        Verdict::Login { detail } => Failure::new(
            Reason::Login,
            format!("Claude could not log in: {detail}"),
            "on the cluster, run `claude` once and log in, or put CLAUDE_CODE_OAUTH_TOKEN (from `claude setup-token`) or ANTHROPIC_API_KEY into `environment` of the cluster",
        ),
        Verdict::ModelError { detail } => Failure::new(
            Reason::ModelError,
            format!("the model's service failed during {step}, also after retries: {detail}"),
            "usually this passes: `researchloop sprint resubmit ID`; if it does not, check that compute nodes reach the internet",
        ),
        Verdict::ContextFull { detail } => Failure::new(
            Reason::StepFailed,
            format!("the session's context was full during {step}: {detail}"),
            "shorten the study's context, or split the idea into smaller ones",
        ),
        Verdict::OwnLimit { which, detail } => Failure::new(
            Reason::StepFailed,
            format!("{step} reached its limit of {}: {detail}", which.as_str()),
            "raise the limit and run `researchloop sprint resubmit ID`",
        ),
        Verdict::ToolsRefused { tools, detail } => Failure::new(
            Reason::ToolsRefused,
            format!("during {step} Claude was not allowed to use {}: {detail}", tools.join(", ")),
            "allow the tools in `claude_command`, for example with --dangerously-skip-permissions or --allowedTools",
        ),
        Verdict::MissingOutput { files, .. } => Failure::new(
            Reason::MissingOutput,
            format!("{step} ended without writing {}, also when asked again", files.join(", ")),
            "see what the step did: `researchloop sprint log ID --step STEP`",
        ),
        Verdict::Failed { detail } => {
            let hint = if detail.starts_with(NOT_FOUND) {
                "install Claude Code where the job runs, or set `claude_command`; `researchloop cluster check` looks for it"
            } else {
                "see what the step did: `researchloop sprint log ID --step STEP`"
            };
            Failure::new(Reason::StepFailed, format!("{step} failed: {detail}"), hint)
        }
    };
    Some(failure)
}

/// What is said of a step that took longer than it may.
pub fn too_slow(step: &Step) -> Failure {
    let seconds = step.timeout_seconds.unwrap_or(0);
    Failure::new(Reason::StepFailed, format!("{} took longer than its {seconds} s", step.title), "raise the step's timeout")
}

/// What is said of a full disk.
pub fn disk_full(dir: &Path) -> Failure {
    Failure::new(
        Reason::DiskFull,
        format!("there is no space left where the sprint writes ({})", dir.display()),
        "free space or quota on the cluster, or choose another `working_dir`; then `researchloop sprint resubmit ID`",
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
        let (Some(_), Some(controllers), Some(path)) = (parts.next(), parts.next(), parts.next()) else { continue };
        let file = if controllers.is_empty() {
            format!("/sys/fs/cgroup{path}/memory.events")
        } else if controllers.split(',').any(|name| name == "memory") {
            format!("/sys/fs/cgroup/memory{path}/memory.oom_control")
        } else {
            continue;
        };
        let events = std::fs::read_to_string(file).unwrap_or_default();
        kills += events.lines().filter_map(|line| line.strip_prefix("oom_kill ")?.trim().parse::<u64>().ok()).sum::<u64>();
    }
    kills
}
