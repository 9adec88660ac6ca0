//! `researchloop task list`

use clap::Args;

use super::lines::style;
use crate::app::App;
use crate::cli::exit::{Exit, Result};
use crate::cli::render::Render;
use crate::cli::table::Table;
use crate::cli::text::{clean, short};
use crate::cli::ui::Ui;
use crate::domain::{Condition, NeedState, TaskState};
use crate::query::{self, TasksQuestion};
use crate::view::{Task, TaskList, TaskNeed};

#[derive(Debug, Args)]
pub struct ListArgs {
    /// Only for this study
    #[arg(short, long)]
    study: Option<String>,
    /// Those that can be begun now
    #[arg(long)]
    ready: bool,
    /// Those that wait for others
    #[arg(long)]
    blocked: bool,
    /// Those that have failed for good
    #[arg(long)]
    dead: bool,
    /// Also those that are over
    #[arg(long, conflicts_with_all = ["ready", "blocked", "dead"])]
    all: bool,
    /// Show at most this many
    #[arg(short = 'n', long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
    limit: u32,
}

/// Lists them.
pub fn run(app: &App, ui: &Ui, args: &ListArgs) -> Result {
    let asked = [
        (args.ready, TaskState::Ready),
        (args.blocked, TaskState::Blocked),
        (args.dead, TaskState::Dead),
    ];
    let states: Vec<TaskState> =
        asked.iter().filter(|(asked, _)| *asked).map(|(_, state)| *state).collect();
    let tasks = query::tasks(
        app,
        TasksQuestion {
            study: args.study.as_deref(),
            states: &states,
            all: args.all,
            limit: args.limit,
        },
    )?;
    ui.answer(&tasks);
    let TaskList { tasks, total, counts } = &tasks;
    let more = total.saturating_sub(tasks.len() as u64);
    if tasks.is_empty() {
        let others: Vec<String> =
            counts.iter().map(|(state, count)| format!("{count} {state}")).collect();
        ui.status(&if others.is_empty() {
            "No tasks yet.".to_owned()
        } else {
            format!("None; others: {}.", others.join(", "))
        });
        ui.hint(if others.is_empty() {
            "`researchloop task add \"an idea\" -s STUDY` adds one"
        } else {
            "`researchloop task list --all` lists them"
        });
    } else if more > 0 {
        ui.status(&format!("and {more} more: -n {total} shows all"));
    }
    Ok(Exit::Success)
}

impl Render for TaskList {
    fn lines(&self, ui: &Ui) -> Vec<String> {
        let Some(first) = self.tasks.first() else { return Vec::new() };
        let many_studies = self.tasks.iter().any(|task| task.study_name != first.study_name);
        let table = Table {
            headers: &["ID", "PRIO", "STATE", "STUDY", "NEEDS", "IDEA"],
            rows: self.tasks.iter().map(|task| cells(ui, task, many_studies)).collect(),
            gives_way: &["STUDY"],
            ..Table::default()
        };
        table.lines(ui)
    }
}

fn cells(ui: &Ui, task: &Task, with_study: bool) -> Vec<String> {
    let mut cells = vec![
        task.id.to_string(),
        task.priority.to_string(),
        style(ui, task.state).apply_to(task.state_text()).to_string(),
    ];
    cells.push(if with_study { short(&clean(&task.study_name), 20) } else { String::new() });
    cells.push(short(&needs_text(&task.needs), 24));
    cells.push(clean(&task.idea));
    cells
}

fn needs_text(needs: &[TaskNeed]) -> String {
    match needs {
        [] => "-".to_owned(),
        [need] => need_text(need),
        [first, rest @ ..] => format!("{} +{}", need_text(first), rest.len()),
    }
}

fn need_text(need: &TaskNeed) -> String {
    match need.condition {
        Condition::Done => need.id.to_string(),
        condition if need.state == NeedState::Unknown => format!("{}:{condition}?", need.id),
        condition => format!("{}:{condition}", need.id),
    }
}
