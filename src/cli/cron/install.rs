//! `researchloop cron install`

use clap::Args;

use crate::app::App;
use crate::cli::exit::{Exit, Result};
use crate::cli::render::Render;
use crate::cli::text;
use crate::cli::ui::Ui;
use crate::cron::{self, Schedule};
use crate::domain::duration;
use crate::problem::{Problem, ProblemKind};
use crate::view::CronInstalled;

#[derive(Debug, Args)]
pub struct InstallArgs {
    /// How often: minutes that divide an hour, or hours that divide a day
    #[arg(long, default_value = "5m", value_name = "TIME")]
    every: String,
    /// Install it although the try has failed
    #[arg(long)]
    force: bool,
}

/// Tries the line, and puts it into the crontab.
pub fn run(app: &App, ui: &Ui, args: &InstallArgs) -> Result {
    let schedule = schedule(&args.every)?;
    let spinner = ui.spinner("one tick as cron runs it");
    let trial = cron::try_out(app, schedule);
    spinner.finish_and_clear();
    let trial = trial?;
    let warn = |text: &String| ui.warning(&text::clean_lines(text).join("\n"));
    trial.warnings.iter().for_each(warn);
    match trial.refusal() {
        Some(refusal) if !args.force => {
            return Err(refusal
                .hint(format!(
                    "or keep this open in a terminal: `researchloop -c {} tick --watch`",
                    app.config.file.display()
                ))
                .hint("nothing was installed; --force installs it all the same"));
        }
        _ => trial.problems.iter().for_each(warn),
    }
    let installed = cron::install(app, schedule, trial)?;
    ui.answer(&installed);
    let every = duration::human(installed.every_seconds);
    ui.status(&match (installed.was_there, installed.changed) {
        (false, _) => format!("Installed: a tick every {every}."),
        (true, false) => "It was installed already.".to_owned(),
        (true, true) => format!("Replaced the earlier line: a tick every {every}."),
    });
    ui.hint("`researchloop status` shows the last tick; this machine has to be awake for it");
    Ok(Exit::Success)
}

impl Render for CronInstalled {
    fn lines(&self, _ui: &Ui) -> Vec<String> {
        vec![self.line.clone()]
    }
}

fn schedule(every: &str) -> Result<Schedule> {
    let usage = |message: String| Problem::new(ProblemKind::Usage, format!("--every: {message}"));
    let seconds = duration::parse_seconds(every).map_err(|error| usage(error.to_string()))?;
    Schedule::new(seconds).map_err(|error| usage(error.to_string()))
}
