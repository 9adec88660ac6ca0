//! `researchloop plan`

use std::path::{Path, PathBuf};

use clap::Args;

use super::failure::{Exit, Failure, Kind, Result};
use super::ui::Ui;
use super::{Global, text};
use crate::domain::Priority;
use crate::plan::{self, Plan, PlanError};
use crate::store::Store;
use crate::task::{self, Draft, ImportError};

#[derive(Debug, Args)]
pub struct PlanArgs {
    /// What is to be found out; `-` reads it from standard input
    #[arg(required_unless_present = "from")]
    goal: Option<String>,
    /// The study
    #[arg(short, long)]
    study: String,
    /// Read the plan from this JSON file instead of asking Claude; `-` reads standard input
    #[arg(long, value_name = "FILE", conflicts_with = "goal")]
    from: Option<PathBuf>,
    /// Add the tasks without asking
    #[arg(short, long)]
    yes: bool,
    /// Ask Claude here although this machine looks like the front end of a cluster
    #[arg(long)]
    here: bool,
}

/// Makes a plan, shows it, and adds its tasks.
pub fn run(global: &Global, ui: &Ui, args: &PlanArgs) -> Result {
    let app = global.app(ui)?;
    let study = app.config.study(&args.study)?;
    let mut store = app.store()?;
    let (value, cost) = match &args.from {
        Some(file) => (from_file(file)?, None),
        None => {
            if let Some(tool) = plan::front_end_tool().filter(|_| !args.here) {
                return Err(PlanError::FrontEnd(tool).into());
            }
            let goal = goal(args.goal.as_deref().unwrap_or_default())?;
            let spinner = ui.spinner("Claude makes a plan; this can take minutes");
            let asked = plan::ask(&app, &store, study, &goal);
            spinner.finish_and_clear();
            let asked = asked?;
            let cost = text::money(asked.cost_usd, asked.estimated);
            (asked.plan, Some((asked.cost_usd, cost)))
        }
    };
    let Plan { drafts, warnings } = plan::read(&value).map_err(|problems| refused(&problems))?;
    // Everything is tried before anybody is asked: a cycle shows here, too.
    let _ = create(&mut store, &args.study, &drafts, false)?;
    for warning in &warnings {
        ui.warning(&text::clean(warning));
    }
    if !ui.json {
        show(ui, &args.study, &drafts);
    }
    if let Some((_, cost)) = &cost {
        ui.status(&format!("The plan cost {cost}."));
    }
    let write = args.yes || (!ui.json && ui.ask(&format!("Add these {} task(s) to {}?", drafts.len(), args.study)));
    let ids = if write { create(&mut store, &args.study, &drafts, true)? } else { Vec::new() };
    if ui.json {
        let mut answer = serde_json::json!({ "study_name": args.study, "plan": plan::as_json(&drafts), "written": write, "warnings": warnings });
        if let Some((usd, _)) = cost {
            answer["cost_usd"] = usd.into();
        }
        if write {
            let tasks: Vec<_> = ids.iter().zip(&drafts).map(|(id, draft)| serde_json::json!({ "id": id, "key": draft.key })).collect();
            answer["tasks"] = tasks.into();
        }
        ui.json(&answer);
        return Ok(Exit::Success);
    }
    if write {
        for (id, draft) in ids.iter().zip(&drafts) {
            ui.line(&format!("{id}  {}", text::clean(draft.key.as_deref().unwrap_or("-"))));
        }
        ui.status(&format!("{} task(s) added to {}", ids.len(), args.study));
        ui.hint(&format!("`researchloop loop start -s {}` works through them", args.study));
    } else {
        ui.status("Nothing was added.");
        if !ui.can_ask() {
            ui.hint("-y adds the tasks; --json prints the plan, to be changed and added with --from FILE");
        }
    }
    Ok(Exit::Success)
}

fn goal(given: &str) -> Result<String> {
    let text = super::input::given(given, "the goal")?;
    let text: String = text.trim().chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect();
    if text.is_empty() { Err(Failure::new(Kind::Usage, "the goal is empty")) } else { Ok(text) }
}

fn from_file(file: &Path) -> Result<serde_json::Value> {
    let text = super::input::file(file)?;
    task::read_json(&text).map_err(|error| {
        Failure::new(Kind::Usage, format!("{} is no JSON: {error}", file.display())).hint("`researchloop task import` reads YAML, too")
    })
}

/// Makes the tasks, or only tries to.
fn create(store: &mut Store, study: &str, drafts: &[Draft], keep: bool) -> Result<Vec<String>> {
    let change = store.change()?;
    let ids = task::create_all(&change, study, drafts, "plan").map_err(|error| match error {
        ImportError::Problems(problems) => refused(&problems),
        ImportError::Task(error) => error.into(),
    })?;
    if keep {
        change.commit()?;
    }
    Ok(ids.iter().map(ToString::to_string).collect())
}

fn refused(problems: &[String]) -> Failure {
    let problems: Vec<String> = problems.iter().map(|problem| text::clean(problem)).collect();
    Failure::new(Kind::Usage, format!("{} problem(s) in the plan; no task was added\n{}", problems.len(), problems.join("\n")))
}

fn show(ui: &Ui, study: &str, drafts: &[Draft]) {
    ui.line(&ui.style().bold().apply_to(format!("plan for {study}: {} task(s)", drafts.len())).to_string());
    let lines = plan::tree(drafts);
    let name = |place: usize| drafts[place].key.as_deref().map_or_else(|| format!("task {}", place + 1), text::clean);
    let width = lines.iter().map(|(branch, place, _)| console::measure_text_width(&format!("{branch}{}", name(*place)))).max().unwrap_or(0).min(40);
    for (branch, place, needs) in &lines {
        let draft = &drafts[*place];
        let priority = if draft.priority == Priority::P1 { "  " } else { draft.priority.as_str() };
        let needs = if needs.is_empty() { String::new() } else { format!("[{}] ", text::clean(needs)) };
        let line = format!("  {} {priority} {needs}{}", text::padded(&format!("{branch}{}", name(*place)), width), text::clean(&draft.idea));
        ui.line(&text::short(&line, ui.width()));
    }
}

impl From<PlanError> for Failure {
    fn from(error: PlanError) -> Self {
        match error {
            PlanError::Unknown(error) => error.into(),
            PlanError::Store(error) => error.into(),
            PlanError::FrontEnd(_) => Self::new(Kind::Conflict, error.to_string())
                .hint("run it on your own machine, or in a job; --here asks Claude on this machine all the same"),
            other => Self::failed(other.to_string()),
        }
    }
}
