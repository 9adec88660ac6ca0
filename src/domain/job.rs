//! A job as a scheduler tells of it, in words that all schedulers share.

use std::fmt;

/// The kinds of scheduler.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SchedulerKind {
    /// SLURM.
    Slurm,
    /// Grid Engine in its several names.
    Sge,
    /// No scheduler: a detached process on the login node itself.
    Local,
}

impl SchedulerKind {
    /// Every kind.
    pub const ALL: &'static [Self] = &[Self::Slurm, Self::Sge, Self::Local];

    /// The word in the configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Slurm => "slurm",
            Self::Sge => "sge",
            Self::Local => "local",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == word)
    }
}

/// The id that a scheduler gave to a job: digits, for SLURM perhaps with
/// `;cluster` behind them. A local job's id is its process id.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobId(String);

impl JobId {
    /// Takes the text when it is `digits` or `digits;cluster-name`.
    pub fn parse(text: &str) -> Option<Self> {
        let (number, cluster) =
            text.split_once(';').map_or((text, None), |(number, cluster)| (number, Some(cluster)));
        let number_fits =
            (1..=19).contains(&number.len()) && number.bytes().all(|b| b.is_ascii_digit());
        let cluster_fits = cluster.is_none_or(|name| {
            !name.is_empty()
                && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
        });
        (number_fits && cluster_fits).then(|| Self(text.to_owned()))
    }

    /// The whole text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The digits alone, as queue listings show them.
    pub fn number(&self) -> &str {
        self.0.split(';').next().unwrap_or(&self.0)
    }
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// What the accounting says a job has used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Used {
    /// GPUs that it had, where the scheduler tracks them.
    pub gpus: Option<u32>,
    /// Seconds that it ran, in all of its incarnations together.
    pub seconds: u64,
}

/// What a scheduler says of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JobState {
    /// In the queue; the text is the scheduler's reason, perhaps empty.
    Waiting(String),
    /// In the queue, but a person has to release it.
    Held(String),
    /// In the queue, and it cannot start as things are. That may pass, without anybody doing anything here:
    /// an account comes back, a partition is changed, nodes are repaired.
    Stuck(String),
    /// In the queue, but it can never start as it was asked for.
    NeverStarts(String),
    /// Running.
    Running,
    /// Started, but stopped for now.
    Suspended,
    /// Past its work; the scheduler is cleaning up.
    Ending,
    /// Gone.
    Ended(JobEnd),
    /// A word that we do not know: the earlier state stands.
    Other(String),
}

/// How a job ended, according to the scheduler.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobEnd {
    /// What kind of end.
    pub kind: EndKind,
    /// The exit code of the job script, where known.
    pub exit_code: Option<i32>,
    /// The signal that ended it, where known.
    pub signal: Option<i32>,
    /// The scheduler's own words.
    pub words: String,
}

/// The kinds of end that a scheduler can tell apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndKind {
    /// The job script exited with 0.
    Completed,
    /// The job script exited with another code.
    Failed,
    /// Somebody cancelled it.
    Cancelled,
    /// The requested time was over.
    TimeLimit,
    /// It used more memory than it had asked for.
    OutOfMemory,
    /// The node went away.
    NodeFailed,
    /// It never ran: the scheduler could not start it.
    NotStarted,
    /// It was killed, and the scheduler cannot say why: cancelled, out of memory,
    /// `kill -9` and a lost node look the same (SGE, local).
    Killed,
}

/// One job in one healthy poll.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    /// The scheduler knows it.
    State(JobState),
    /// Queue and accounting answered, and neither knows it.
    Absent,
    /// It is not in the queue, but the accounting says that it goes on.
    Accounted(String),
    /// It is not in the queue, and the accounting did not answer: no verdict.
    Unclear(String),
}

#[cfg(test)]
mod tests {
    use super::JobId;

    #[test]
    fn job_ids_are_never_shell_text() {
        assert_eq!(
            JobId::parse("4711;hpc-2").map(|id| id.number().to_owned()).as_deref(),
            Some("4711")
        );
        for bad in ["", "12x", "1;", "1;a b", "1;$(x)", "-1", "12345678901234567890", "1\n2"] {
            assert!(JobId::parse(bad).is_none(), "{bad:?}");
        }
    }
}
