//! What is asked of sprints and their jobs, on the command line.

use clap::Args;

use super::exit::Result;
use super::text;
use super::ui::Ui;
use crate::app::App;
use crate::domain::duration;
use crate::domain::text::is_harmful;
use crate::problem::{Problem, ProblemKind};
use crate::sprint::{self, Request};

/// What is asked of the jobs of sprints.
#[derive(Debug, Default, Args)]
pub struct JobArgs {
    /// A job option for the scheduler; an empty value removes one of the study or cluster
    #[arg(short, long = "option", value_name = "KEY=VALUE")]
    pub(super) option: Vec<String>,
    /// How long the job may run: 4h, 90m, 1-12:00:00; a number alone is hours
    #[arg(long)]
    pub(super) time: Option<String>,
    /// How many rounds of red team and fix, 0 for none
    #[arg(long, value_name = "N")]
    pub(super) rounds: Option<u32>,
    /// The model
    #[arg(long)]
    pub(super) model: Option<String>,
}

impl JobArgs {
    /// Reads them.
    pub fn request(&self) -> Result<Request> {
        let mut request =
            Request { rounds: self.rounds, model: self.model.clone(), ..Request::default() };
        for option in &self.option {
            let Some((key, value)) =
                option.split_once('=').filter(|(key, _)| !key.trim().is_empty())
            else {
                return Err(Problem::new(
                    ProblemKind::Usage,
                    format!("-o {option:?}: expected KEY=VALUE"),
                )
                .hint("for example -o gres=gpu:1; an empty value removes an option"));
            };
            request.options.push((key.trim().to_owned(), value.to_owned()));
        }
        if let Some(time) = &self.time {
            request.seconds =
                Some(duration::parse_seconds(time).map_err(|error| {
                    Problem::new(ProblemKind::Usage, format!("--time: {error}"))
                })?);
        }
        if request.rounds.is_some_and(|rounds| rounds > 100) {
            return Err(Problem::new(ProblemKind::Usage, "--rounds: at most 100"));
        }
        if request.model.as_deref().is_some_and(|model| {
            model.is_empty()
                || model.starts_with('-')
                || model.chars().any(|c| is_harmful(c) || c == ' ')
        }) {
            return Err(Problem::new(ProblemKind::Usage, "--model: expected a model's name"));
        }
        Ok(request)
    }
}

/// What is asked of one sprint, whether it is new or made again.
#[derive(Debug, Args)]
pub struct SprintArgs {
    #[command(flatten)]
    pub(super) job: JobArgs,
    /// What it may cost at most, in US dollars
    #[arg(long, value_name = "USD")]
    max_cost: Option<f64>,
    /// Show a live screen until it ends
    #[arg(long)]
    pub(super) watch: bool,
    /// Print what would be sent, and contact nothing
    #[arg(long, conflicts_with = "watch")]
    pub(super) dry_run: bool,
}

impl SprintArgs {
    /// Reads them.
    pub fn request(&self) -> Result<Request> {
        if self.max_cost.is_some_and(|max| !max.is_finite() || max <= 0.0) {
            return Err(Problem::new(ProblemKind::Usage, "--max-cost: expected a number above 0"));
        }
        Ok(Request { max_cost_usd: self.max_cost, ..self.job.request()? })
    }
}

/// Says how a number alone is read, where it may have been meant as sbatch reads it.
pub fn warn_of_hours(ui: &Ui, time: Option<&str>) {
    if let Some(time) = time.filter(|time| duration::is_long_and_bare(time)) {
        ui.caution(&format!("--time {time} is {time} hours; for minutes write {time}m"));
    }
}

/// Warns of options that `config check` would warn of, too.
pub fn warn_of_options(app: &App, ui: &Ui, study: &str, request: &Request) -> Result<()> {
    for doubt in sprint::doubtful_options(app, study, request)? {
        ui.warning(&text::clean(&format!("-o {}: {}", doubt.key, doubt.problem)));
    }
    Ok(())
}

/// Says what of a study's context nobody has written yet.
pub fn warn_of_context(app: &App, ui: &Ui, study: &str) -> Result<()> {
    for unfilled in sprint::unfilled_context(app, study)? {
        ui.warning(&unfilled);
    }
    Ok(())
}
