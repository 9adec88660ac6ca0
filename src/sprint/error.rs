//! Why a sprint is not made, and why it is not submitted.

use crate::app::ClusterError;
use crate::bundle::context::ContextError;
use crate::config::UnknownName;
use crate::domain::SprintId;
use crate::domain::action::Action;
use crate::domain::options::OptionProblem;
use crate::problem::{Problem, ProblemKind};
use crate::store::{StoreError, TaskError};

/// Why a sprint is not made.
#[derive(Debug, thiserror::Error)]
pub enum CreateError {
    /// No such study or cluster.
    #[error(transparent)]
    Unknown(#[from] UnknownName),
    /// The cluster that it has to run on cannot be asked.
    #[error(transparent)]
    Cluster(#[from] ClusterError),
    /// The idea is nothing that one can work on.
    #[error("{0}")]
    Idea(String),
    /// Its task cannot be begun now.
    #[error(transparent)]
    Task(#[from] TaskError),
    /// Job options that the scheduler would refuse.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Options(Vec<OptionProblem>),
    /// A prompt template of the project that cannot be used.
    #[error("{0}")]
    Template(String),
    /// A limit of the study leaves nothing for it.
    #[error("{what}")]
    Limit {
        /// Which.
        what: String,
        /// The study.
        study: String,
    },
    /// GPU-hours are limited, and cannot be counted.
    #[error(
        "the GPU-hours of the study {study} are limited, but it is not known how many GPUs these of its sprints had: {}",
        sprints.join(", ")
    )]
    UnknownGpus {
        /// The study.
        study: String,
        /// Some of the sprints.
        sprints: Vec<SprintId>,
    },
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<CreateError> for Problem {
    fn from(error: CreateError) -> Self {
        match error {
            CreateError::Unknown(error) => error.into(),
            CreateError::Cluster(error) => error.into(),
            CreateError::Store(error) => error.into(),
            CreateError::Task(error) => error.into(),
            CreateError::Template(_) => Self::failed(error.to_string()),
            CreateError::Limit { ref study, .. } => Self::new(ProblemKind::Limit, error.to_string())
                .hint(format!("raise `max_study_cost_usd` or `max_study_gpu_hours` of the study {study}, or wait for what is reserved")),
            CreateError::UnknownGpus { ref sprints, .. } => {
                let delete = Action::DeleteSprint { sprint: sprints.first().map(SprintId::to_string) };
                Self::new(ProblemKind::Limit, error.to_string()).hint(format!(
                    "their GPU time cannot be counted against `max_study_gpu_hours`: `{delete}` gives up counting it"
                ))
            }
            CreateError::Idea(_) | CreateError::Options(_) => Self::new(ProblemKind::Usage, error.to_string()),
        }
    }
}

/// Why a submission was not even tried.
#[derive(Debug, thiserror::Error)]
pub enum SubmitError {
    /// The configuration does not know the study or the cluster any more.
    #[error(transparent)]
    Unknown(#[from] UnknownName),
    /// Its cluster cannot be asked.
    #[error(transparent)]
    Cluster(#[from] ClusterError),
    /// The context.
    #[error(transparent)]
    Context(#[from] ContextError),
    /// A file of this machine.
    #[error("{0}")]
    File(String),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<SubmitError> for Problem {
    fn from(error: SubmitError) -> Self {
        match error {
            SubmitError::Unknown(error) => error.into(),
            SubmitError::Cluster(error) => error.into(),
            SubmitError::Store(error) => error.into(),
            SubmitError::Context(_) | SubmitError::File(_) => Self::failed(error.to_string()),
        }
    }
}
