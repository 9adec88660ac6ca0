//! What can be done with a sprint.

mod arrive;
mod breaker;
mod budget;
mod cancel;
mod create;
mod delete;
mod doubt;
mod fetch;
mod gone;
mod ideas;
mod parts;
mod place;
mod send;
mod submit;
mod tweak;

pub use breaker::holds;
pub use budget::left_usd;
pub use cancel::{CancelError, ask_for_end, cancel, tell_scheduler};
pub use create::{
    ClusterError, CreateError, Request, Wanted, check, cluster_of, create, create_in,
    doubtful_options, gpus_of, is_same_option, place_of, request_again, resubmit,
};
pub use delete::{DeleteError, delete, delete_remote};
pub use doubt::{Heard, LookedUp, accept_found, look_up_all, still_in_doubt};
pub use fetch::{Extent, FetchError, Fetched, fetch, remember};
pub use gone::give_up;
pub use parts::{DryRun, dry_run};
pub use place::{Placed, RunnerHere, place_runner, shell_path, use_runner};
pub use submit::{SubmitError, Submitted, submit, submit_looked_up};
pub use tweak::{TweakError, tweak};
