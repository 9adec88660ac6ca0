//! What can be done with a sprint.

mod arrive;
mod breaker;
mod budget;
mod cancel;
mod create;
mod delete;
mod doubt;
mod error;
mod fetch;
mod ideas;
mod install_runner;
mod lost;
mod options;
mod payload;
mod request;
mod send;
mod submit;
mod submitted;
mod tweak;

pub use breaker::holds;
pub use budget::left_usd;
pub use cancel::{CancelError, ask_for_end, cancel, tell_scheduler};
pub use create::{check, create, create_in, request_again, resubmit};
pub use delete::{DeleteError, delete, delete_remote};
pub use doubt::{Heard, LookedUp, accept_found, look_up_all, still_in_doubt};
pub use error::{CreateError, SubmitError};
pub use fetch::{Extent, FetchError, Fetched, fetch, remember};
pub use install_runner::{InstallOutcome, RunnerHere, install_runner, shell_path, use_runner};
pub use lost::mark_lost;
pub use options::{doubtful_options, gpus_of, is_same_option};
pub use payload::{DryRun, dry_run};
pub use request::{NewSprintSpec, Request};
pub use submit::{submit, submit_looked_up};
pub use submitted::{Deferral, Submitted};
pub use tweak::{TweakError, tweak};
