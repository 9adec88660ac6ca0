//! `researchloop plan`

mod job;
mod lines;

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::Value;

use super::exit::{Exit, Result};
use super::task::tell_repeats;
use super::ui::Ui;
use super::{Global, input, text, which};
use crate::app::App;
use crate::domain::text::block;
use crate::domain::text::number_of;
use crate::plan::{self, Checked, Here, PlanCost};
use crate::problem::{Problem, ProblemKind};
use crate::view::Plan;

#[derive(Debug, Args)]
pub struct PlanArgs {
    /// What is to be found out; `-` reads it from standard input
    #[arg(required_unless_present = "from")]
    goal: Option<String>,
    /// The study; without it the one whose folder you are in, or the only one
    #[arg(short, long)]
    study: Option<String>,
    /// Read the plan from this JSON file, or from this sprint of `--job`, instead of asking Claude; `-` reads standard input
    #[arg(long, value_name = "FILE", conflicts_with = "goal")]
    from: Option<PathBuf>,
    /// Add the tasks without asking
    #[arg(short, long)]
    yes: bool,
    /// Ask Claude here although this machine looks like the login node of a cluster
    #[arg(long)]
    here: bool,
    /// Ask Claude in a short job on the study's cluster
    #[arg(long, conflicts_with_all = ["from", "here"])]
    job: bool,
    /// How long that job may run
    #[arg(long, default_value = "30m", requires = "job")]
    time: String,
    /// A job option for that job; an empty value removes one of the study or cluster
    #[arg(short, long = "option", value_name = "KEY=VALUE", requires = "job")]
    option: Vec<String>,
}

/// A plan that nobody has looked at yet.
struct RawPlan {
    value: Value,
    /// What it has cost, when it was asked for.
    cost: Option<PlanCost>,
    /// What `--from` reads it again from.
    from: Option<String>,
    /// The file that it lies in, which can be corrected.
    file: Option<PathBuf>,
}

/// Makes a plan, shows it, and adds its tasks.
pub fn run(global: &Global, ui: &Ui, args: &PlanArgs) -> Result {
    let app = global.app(ui)?;
    let study = &which::study(&app, args.study.as_deref())?;
    let raw = match raw_plan(&app, ui, study, args)? {
        Ok(raw) => raw,
        Err(exit) => return Ok(exit),
    };
    if let Some(cost) = raw.cost {
        ui.status(&format!("The plan cost {}.", cost_text(cost)));
    }
    let again = |problem: Problem| correct_and_read_again(problem, &raw, study);
    let Checked { drafts, warnings, repeats } =
        plan::check(&app, study, &raw.value).map_err(again)?;
    for warning in &warnings {
        ui.warning(&text::clean(warning));
    }
    tell_repeats(ui, &repeats);
    if !ui.json {
        lines::of_plan(ui, study, &drafts).iter().for_each(|line| ui.line(line));
    }
    let write = args.yes
        || (!ui.json && ui.ask(&format!("Add {} to {}?", number_of(drafts.len(), "task"), study)));
    let tasks = write.then(|| plan::add(&app, study, &drafts)).transpose()?;
    let answer = Plan {
        study_name: study.clone(),
        plan: plan::shown(&drafts),
        written: write,
        warnings,
        cost_usd: raw.cost.map(|cost| cost.usd),
        from: raw.from,
        tasks,
    };
    ui.answer(&answer);
    tell_next(ui, &answer);
    Ok(Exit::Success)
}

/// Where the plan comes from: a file, a sprint, a job, or a call on this machine. An exit where there
/// is none yet, or never will be.
fn raw_plan(
    app: &App,
    ui: &Ui,
    study: &str,
    args: &PlanArgs,
) -> Result<std::result::Result<RawPlan, Exit>> {
    if let Some(from) = &args.from {
        return Ok(Ok(match plan::named(app, from)? {
            Some(id) => job::plan_of(app, ui, &id, study)?,
            None => RawPlan { value: from_file(from)?, cost: None, from: None, file: None },
        }));
    }
    plan::may_begin(app)?;
    if args.job {
        return job::ask(app, ui, study, &goal(args)?, args);
    }
    here(app, ui, study, args).map(Ok)
}

/// Asks Claude on this machine.
fn here(app: &App, ui: &Ui, study: &str, args: &PlanArgs) -> Result<RawPlan> {
    if !args.here {
        plan::must_be_no_login_node()?;
    }
    let goal = goal(args)?;
    let spinner = ui.spinner("Claude makes a plan; this can take minutes");
    let asked = plan::here(app, study, &goal);
    spinner.finish_and_clear();
    let Here { plan, cost } = asked?;
    let kept = plan.map_err(|problem| problem.hint(format!("it cost {}", cost_text(cost))))?;
    Ok(RawPlan {
        value: kept.value,
        cost: Some(cost),
        from: Some(text::shell_word(&kept.file.display().to_string())),
        file: Some(kept.file),
    })
}

fn cost_text(cost: PlanCost) -> String {
    text::cost(cost.usd, cost.estimated, cost.unknown_usd)
}

fn goal(args: &PlanArgs) -> Result<String> {
    let text = input::given(args.goal.as_deref().unwrap_or_default(), "the goal")?;
    let text = block(text.trim());
    if text.is_empty() {
        Err(Problem::new(ProblemKind::Usage, "the goal is empty"))
    } else {
        Ok(text)
    }
}

fn from_file(file: &Path) -> Result<Value> {
    plan::of_text(&file.display().to_string(), &input::file(file)?).map_err(|problem| {
        problem.hint("`researchloop task import` reads a list that you have written")
    })
}

/// What a model has made wrongly is no wrong use of the command, and can be corrected.
fn correct_and_read_again(problem: Problem, raw: &RawPlan, study: &str) -> Problem {
    let Some(file) = &raw.file else { return problem };
    let kind = if problem.kind == ProblemKind::Usage { ProblemKind::Failed } else { problem.kind };
    let file = text::shell_word(&file.display().to_string());
    let study = text::shell_word(study);
    Problem { kind, ..problem }.hint(format!(
        "the answer is kept; correct it, and `researchloop plan -s {study} --from {file}` reads it"
    ))
}

/// What was added, and what comes next.
fn tell_next(ui: &Ui, answer: &Plan) {
    let study = text::shell_word(&answer.study_name);
    if let Some(tasks) = &answer.tasks {
        ui.status(&format!("{} added to {}", number_of(tasks.len(), "task"), answer.study_name));
        ui.hint(&format!("`researchloop loop start -s {study}` works through them"));
        return;
    }
    ui.status("Nothing was added.");
    if let Some(from) = &answer.from {
        ui.hint(&format!(
            "the plan is kept: `researchloop plan -s {study} --from {from} -y` adds its tasks"
        ));
    } else if !ui.can_ask() {
        ui.hint(
            "-y adds the tasks; --json prints the plan, to be changed and added with --from FILE",
        );
    }
}
