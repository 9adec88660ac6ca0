//! The hidden commands that run on a cluster.

use std::io;
use std::path::PathBuf;

use clap::Args;

use super::exit::{Exit, Result};
use crate::problem::Problem;
use crate::runner;

#[derive(Debug, Args)]
pub struct JobRunArgs {
    /// The sprint's directory
    dir: PathBuf,
}

/// Runs the sprint in this directory.
pub fn job_run(args: &JobRunArgs) -> Exit {
    Exit::Runner(runner::run_job(&args.dir))
}

/// Tells what a profile has made of this process's surroundings.
pub fn job_environment() -> Result {
    runner::tell_surroundings()
        .map_err(|error| Problem::failed(format!("job-environment: {error}")))?;
    Ok(Exit::Success)
}

/// Answers what is new in the files of sprints.
pub fn files_read() -> Result {
    runner::read_files(io::stdin().lock(), io::stdout().lock())
        .map_err(|error| Problem::failed(format!("files-read: {error}")))?;
    Ok(Exit::Success)
}

/// Sends the files of a sprint.
pub fn files_results() -> Result {
    runner::send_results(io::stdin().lock(), io::stdout().lock())
        .map_err(|error| Problem::failed(format!("files-results: {error}")))?;
    Ok(Exit::Success)
}
