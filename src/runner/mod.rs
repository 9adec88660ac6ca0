//! The door to the job that this program is inside of, and to the login node's files.
//!
//! Four hidden commands run on the cluster: `job-run DIR` (the runner, started by the job
//! script), `job-environment` (started by the shell in which the runner reads the user's profile),
//! `files-read` and `files-results` (asked for by the laptop over its connection).
//! None of them knows a database, an SSH connection or a scheduler.

mod agent_call;
mod astray;
mod conversation;
mod environment;
mod file_server;
mod finish;
mod gpus;
mod job_context;
mod journal;
mod last_words;
mod leftovers;
mod mailbox;
mod outputs;
mod pipe;
mod profile;
mod progress;
mod reaper;
mod reread;
mod restore;
mod results;
mod run;
mod run_failure;
mod signals;
mod step;
mod steps;
mod supervisor;
mod time;
mod untold;

pub use file_server::read_files;
#[cfg(test)]
pub(crate) use journal::Journal;
pub use profile::tell_surroundings;
pub use results::send_results;
pub use run::run_job;

/// The exit status of a runner that has recorded that its sprint completed.
pub const EXIT_COMPLETED: u8 = 0;
/// The exit status of a runner that has recorded that its sprint waits for an answer: nothing has
/// failed, and schedulers should see it so.
pub const EXIT_PARKED: u8 = 0;
/// The exit status of a runner that has recorded that its sprint failed.
pub const EXIT_FAILED: u8 = 1;
/// The exit status of a runner that could not record its end: the job script does.
pub const EXIT_NOT_RECORDED: u8 = 74;
