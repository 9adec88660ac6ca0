//! `researchloop task done`

use clap::Args;

use super::TokenArgs;
use super::lines::tell;
use crate::app::App;
use crate::cli::exit::Result;
use crate::cli::ui::Ui;
use crate::cli::{text, values};
use crate::problem::Problem;
use crate::task::{self, FinishError};

#[derive(Debug, Args)]
pub struct DoneArgs {
    #[command(flatten)]
    task: TokenArgs,
    /// What came out: supported, refuted or inconclusive
    #[arg(long, value_name = "WORD")]
    verdict: Option<String>,
    /// A remark
    #[arg(long, value_name = "TEXT", default_value = "")]
    note: String,
}

/// Ends the task well.
pub fn run(app: &App, ui: &Ui, args: &DoneArgs) -> Result {
    let verdict = args
        .verdict
        .as_deref()
        .map(|word| values::verdict(word, "supported, refuted or inconclusive"))
        .transpose()?;
    let spinner = ui.spinner(&format!("verifying {}", args.task.id));
    let done = task::done(app, &args.task.id, args.task.token, verdict, &args.note);
    spinner.finish_and_clear();
    let answer = done.map_err(|error| match error {
        FinishError::Task(error) => error.into(),
        FinishError::Unknown(problem) => problem,
        FinishError::Verify { ref id, .. } => {
            let hint = format!("correct what it complains about, or give the task another command: `researchloop task edit {id} --verify ...`");
            Problem::failed(text::clean_lines(&error.to_string()).join("\n")).hint(hint)
        }
    })?;
    let what = answer
        .task
        .verdict
        .map_or_else(|| "done".to_owned(), |verdict| format!("done ({})", verdict.as_str()));
    tell(ui, &answer, &what)
}
