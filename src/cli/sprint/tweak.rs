//! `researchloop sprint tweak`

use clap::Args;

use super::submit::submit_and_tell;
use crate::app::App;
use crate::cli::exit::Result;
use crate::cli::input;
use crate::cli::ui::Ui;
use crate::domain::duration;
use crate::problem::{Problem, ProblemKind};
use crate::sprint::{Handle, Request};

#[derive(Debug, Args)]
pub struct TweakArgs {
    /// The sprint's id, or a unique prefix of it
    id: String,
    /// What is to be done; `-` reads it from standard input
    instruction: String,
    /// How long the job may run: 4h, 90m, 1-12:00:00; a number alone is hours
    #[arg(long)]
    time: Option<String>,
    /// Show a live screen until it ends
    #[arg(long)]
    watch: bool,
}

/// Asks for a small change of a finished sprint, in its directory and its session.
pub fn run(app: &App, ui: &Ui, args: &TweakArgs) -> Result {
    let parent = Handle::open(app, &args.id)?;
    let instruction = input::given(&args.instruction, "the instruction")?;
    let seconds = args
        .time
        .as_deref()
        .map(duration::parse_seconds)
        .transpose()
        .map_err(|error| Problem::new(ProblemKind::Usage, format!("--time: {error}")))?;
    let new = Request { seconds, ..Request::default() };
    submit_and_tell(app, ui, parent.tweak(app, &instruction, &new)?, args.watch)
}
