//! How commands end: exit codes, and errors with what helps against them.

use super::text;
use crate::auto_loop::LoopError;
use crate::config::{ConfigError, UnknownName};
use crate::cron::CronError;
use crate::message::ReplyError;
use crate::remote::RemoteError;
use crate::sprint::{
    CancelError, ClusterError, CreateError, DeleteError, FetchError, SubmitError, TweakError,
};
use crate::store::{StoreError, TaskError};
use crate::tick::TickError;

/// How a command ended that did what it should.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// 0.
    Success,
    /// 1: it worked, and the answer is bad (a failed sprint, a cluster that is down).
    Bad,
    /// 6: it waits for something.
    Waiting,
    /// 128 + a signal.
    Signal(u8),
    /// As the runner says.
    Runner(u8),
}

impl Exit {
    /// The exit code.
    pub fn code(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::Bad => 1,
            Self::Waiting => 6,
            Self::Signal(number) => 128 + number,
            Self::Runner(code) => code,
        }
    }
}

/// What kind of error it is. The word is part of the JSON output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// 1: something failed.
    Failed,
    /// 1: the configuration is wrong.
    Config,
    /// 2: the command was used wrongly.
    Usage,
    /// 3: there is no such thing.
    NotFound,
    /// 4: something is in a state in which this cannot be done.
    Conflict,
    /// 5: a limit is reached.
    Limit,
}

impl Kind {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Config => "config",
            Self::Usage => "usage",
            Self::NotFound => "not_found",
            Self::Conflict => "conflict",
            Self::Limit => "limit",
        }
    }

    /// The exit code.
    pub fn code(self) -> u8 {
        match self {
            Self::Failed | Self::Config => 1,
            Self::Usage => 2,
            Self::NotFound => 3,
            Self::Conflict => 4,
            Self::Limit => 5,
        }
    }
}

/// An error for a person: what happened, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// What kind.
    pub kind: Kind,
    /// What happened.
    pub message: String,
    /// What to do next.
    pub hints: Vec<String>,
    /// It may pass by itself: who goes on for long tries again.
    pub passes: bool,
}

/// What a command returns.
pub type Result<T = Exit> = std::result::Result<T, Failure>;

impl Failure {
    /// An error of this kind.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), hints: Vec::new(), passes: false }
    }

    /// Something failed.
    pub fn failed(message: impl Into<String>) -> Self {
        Self::new(Kind::Failed, message)
    }

    /// With one more hint.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        let kind = if matches!(error, ConfigError::NotFound { .. }) {
            Kind::NotFound
        } else {
            Kind::Config
        };
        Self { hints: error.hints(), ..Self::new(kind, error.to_string()) }
    }
}

impl From<UnknownName> for Failure {
    fn from(error: UnknownName) -> Self {
        Self::new(Kind::NotFound, error.to_string()).hint(error.hint())
    }
}

impl From<CronError> for Failure {
    fn from(error: CronError) -> Self {
        match error {
            CronError::Store(error) => error.into(),
            CronError::Missing => Self::failed(error.to_string())
                .hint("install cron (Debian: `apt install cron`), or keep `researchloop tick --watch` open in a terminal"),
            other => Self::failed(other.to_string()),
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let passes = error.passes();
        let failure = match error {
            StoreError::Foreign { .. } => {
                Self::new(Kind::Conflict, error.to_string()).hint("set `db_path` to another file; ours is made when it is not there")
            }
            StoreError::Newer { .. } => Self::new(Kind::Conflict, error.to_string()).hint("update researchloop, or set `db_path` to another file"),
            StoreError::Behind(ref behind) => Self::new(Kind::Conflict, error.to_string())
                .hint("nothing was begun: what was spent, and what may still run, is not known. Restore the database from a copy that knows them")
                .hint(format!(
                    "to begin anew without them, or if another project or program keeps its results there, move their folders out of {}, or set `artifact_dir` to another one; what they have cost counts to no limit then",
                    behind.artifacts.display()
                )),
            StoreError::Busy => Self::new(Kind::Conflict, error.to_string()).hint("try again when the other command is done"),
            StoreError::NoLocks { .. } => Self::failed(error.to_string())
                .hint("set `db_path` to a file on a disk of this machine, or have the file system mounted with locks (Lustre: `-o flock`)"),
            StoreError::Full => Self::failed(error.to_string())
                .hint("free space on this machine; what was sent to a cluster meanwhile is looked up by the next `researchloop tick`"),
            StoreError::ReadOnly => Self::failed(error.to_string())
                .hint("it can be read all the same; make it and its folder (`db_path`) writable for you, and free of a read-only file system"),
            StoreError::Unreadable { .. } => Self::failed(error.to_string())
                .hint("make it readable and writable for you, restore it from a copy, or set `db_path` to another file"),
            StoreError::Sqlite(_) => Self::failed(error.to_string())
                .hint("`researchloop config check` shows which file it is (`db_path`); restore it from a copy, or set `db_path` to another file"),
            _ => Self::failed(error.to_string()),
        };
        Self { passes, ..failure }
    }
}

impl From<RemoteError> for Failure {
    fn from(error: RemoteError) -> Self {
        Self { hints: error.hints(), ..Self::failed(error.to_string()) }
    }
}

impl From<ClusterError> for Failure {
    fn from(error: ClusterError) -> Self {
        match error {
            ClusterError::Unknown(error) => error.into(),
            ClusterError::Changed { .. } => Self::new(Kind::Conflict, error.to_string())
                .hint("give the new cluster a name of its own, and leave the old one in the configuration until its sprints are over"),
        }
    }
}

impl From<CreateError> for Failure {
    fn from(error: CreateError) -> Self {
        match error {
            CreateError::Unknown(error) => error.into(),
            CreateError::Cluster(error) => error.into(),
            CreateError::Store(error) => error.into(),
            CreateError::Task(error) => error.into(),
            CreateError::Template(_) => Self::failed(error.to_string()),
            CreateError::Limit { ref study, .. } => Self::new(Kind::Limit, error.to_string())
                .hint(format!("raise `max_study_cost_usd` or `max_study_gpu_hours` of the study {study}, or wait for what is reserved")),
            CreateError::UnknownGpus { ref sprints, .. } => {
                let one = sprints.first().map_or("ID", String::as_str);
                Self::new(Kind::Limit, error.to_string()).hint(format!(
                    "their GPU time cannot be counted against `max_study_gpu_hours`: `researchloop sprint delete {one}` gives up counting it"
                ))
            }
            CreateError::Idea(_) | CreateError::Options(_) => Self::new(Kind::Usage, error.to_string()),
        }
    }
}

impl From<TaskError> for Failure {
    fn from(error: TaskError) -> Self {
        let message = error.to_string();
        match error {
            TaskError::Unknown(_) => {
                Self::new(Kind::NotFound, message).hint("`researchloop task list --all` lists them")
            }
            TaskError::Cycle(_) => Self::new(Kind::Conflict, message)
                .hint("nothing was changed; `researchloop task graph` shows what waits for what"),
            TaskError::Stale { hint, .. } | TaskError::NotNow { hint, .. } => {
                Self::new(Kind::Conflict, message).hint(hint)
            }
            TaskError::Wrong(_) => Self::new(Kind::Usage, message),
            TaskError::Store(error) => error.into(),
        }
    }
}

impl From<SubmitError> for Failure {
    fn from(error: SubmitError) -> Self {
        match error {
            SubmitError::Unknown(error) => error.into(),
            SubmitError::Cluster(error) => error.into(),
            SubmitError::Store(error) => error.into(),
            SubmitError::Remote(error) => error.into(),
            SubmitError::Context(_) | SubmitError::File(_) => Self::failed(error.to_string()),
        }
    }
}

impl From<CancelError> for Failure {
    fn from(error: CancelError) -> Self {
        match error {
            CancelError::Cluster(error) => error.into(),
            CancelError::Store(error) => error.into(),
            CancelError::Remote(error) => {
                Self::from(error).hint("the wish is remembered: `researchloop tick` asks again")
            }
            CancelError::NoSprint(_) => Self::new(Kind::NotFound, error.to_string()),
            CancelError::Over(..) => Self::new(Kind::Conflict, error.to_string()),
        }
    }
}

impl From<DeleteError> for Failure {
    fn from(error: DeleteError) -> Self {
        match error {
            DeleteError::Cluster(error) => error.into(),
            DeleteError::Store(error) => error.into(),
            DeleteError::Remote(error) => error.into(),
            DeleteError::Active(ref id, _) => {
                let hint = format!("`researchloop sprint cancel {id}`");
                Self::new(Kind::Conflict, error.to_string()).hint(hint)
            }
            DeleteError::Directory { .. } | DeleteError::Files { .. } => {
                Self::failed(error.to_string())
            }
        }
    }
}

impl From<FetchError> for Failure {
    fn from(error: FetchError) -> Self {
        match error {
            FetchError::Unknown(error) => error.into(),
            FetchError::Store(error) => error.into(),
            FetchError::Remote(error) => error.into(),
            FetchError::Answer { .. } | FetchError::Write { .. } => Self::failed(error.to_string()),
        }
    }
}

impl From<TweakError> for Failure {
    fn from(error: TweakError) -> Self {
        match error {
            TweakError::Create(error) => error.into(),
            TweakError::Not { ref hint, .. } => {
                let hint = hint.clone();
                Self::new(Kind::Conflict, error.to_string()).hint(hint)
            }
        }
    }
}

impl From<ReplyError> for Failure {
    fn from(error: ReplyError) -> Self {
        match error {
            ReplyError::Store(error) => error.into(),
            ReplyError::Task(error) => error.into(),
            ReplyError::Text(_) => Self::new(Kind::Usage, error.to_string()),
            ReplyError::Late { ref hint, .. } => {
                let failure = Self::new(Kind::Conflict, error.to_string());
                if hint.is_empty() { failure } else { failure.hint(hint.clone()) }
            }
        }
    }
}

impl From<TickError> for Failure {
    fn from(error: TickError) -> Self {
        match error {
            TickError::Unknown(error) => error.into(),
            TickError::Store(error) => error.into(),
            TickError::Remote(error) => error.into(),
        }
    }
}

impl From<LoopError> for Failure {
    fn from(error: LoopError) -> Self {
        let text = error.to_string();
        match error {
            LoopError::Unknown(error) => error.into(),
            LoopError::Create(error) => error.into(),
            LoopError::Store(error) => error.into(),
            LoopError::Limit(_) => Self::new(Kind::Usage, text),
            LoopError::Program(_) => Self::failed(text).hint("put the study's program.md right: what is not understood there may be a limit"),
            LoopError::NotAllowed(_) => Self::new(Kind::Conflict, text).hint("set `allow_loop = true` in that [[study]]"),
            LoopError::State { .. } => Self::new(Kind::Conflict, text).hint("`researchloop loop list` shows how loops stand"),
            LoopError::Reached { id, study, rule, .. } => Self::new(Kind::Limit, text).hint(match (rule.study_key(), rule.widened_by(), id) {
                (Some(key), ..) => {
                    format!(
                        "raise `{key}` of the study {study}, or wait for what is reserved; `researchloop study show {}` shows it",
                        text::shell_word(&study)
                    )
                }
                (None, Some(option), Some(id)) => format!("`researchloop loop resume {id} {option}` goes on, within a wider limit"),
                (None, Some(option), None) => format!("start it with a wider limit: {option}"),
                (None, None, Some(id)) => format!("`researchloop loop show {id}` shows what happened"),
                (None, None, None) => format!("`researchloop study show {}` shows how it stands", text::shell_word(&study)),
            }),
        }
    }
}
