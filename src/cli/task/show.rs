//! `researchloop task show`

use clap::Args;
use console::measure_text_width;
use serde::Serialize;

use super::lines::style;
use crate::app::App;
use crate::cli::exit::{Exit, Result};
use crate::cli::render::Render;
use crate::cli::text::{clean, clean_lines, padded, short, time};
use crate::cli::tone::Tone;
use crate::cli::ui::Ui;
use crate::cli::{screen, text};
use crate::domain::{Condition, TaskId};
use crate::query;
use crate::view::{RelatedTask, ShownTask, Sprint, Task, TaskNext};

#[derive(Debug, Args)]
pub struct ShowArgs {
    /// The task's id, or a unique prefix of it
    id: String,
}

/// A task, with what is to be done next in the words of the command line.
#[derive(Debug, Serialize)]
struct Shown<'a> {
    task: &'a Task,
    next: String,
    #[serde(skip)]
    whole: &'a ShownTask,
}

/// Shows it.
pub fn run(app: &App, ui: &Ui, args: &ShowArgs) -> Result {
    let whole = query::task(app, &args.id)?;
    ui.answer(&Shown { task: &whole.task, next: next(&whole), whole: &whole });
    Ok(Exit::Success)
}

impl Render for Shown<'_> {
    fn lines(&self, ui: &Ui) -> Vec<String> {
        let mut lines = facts(ui, self.task);
        let mut others = |title: &str, more: Vec<String>| {
            if !more.is_empty() {
                lines.push(String::new());
                lines.push(ui.style().bold().apply_to(title).to_string());
                lines.extend(more.iter().map(|line| short(&format!("  {line}"), ui.width())));
            }
        };
        let ShownTask { needs, needed_by, children, .. } = self.whole;
        others("needs", needs.iter().map(|other| related(ui, other)).collect());
        others("waits for it", needed_by.iter().map(|other| related(ui, other)).collect());
        others("its parts", children.iter().map(|child| one_line(ui, child, "")).collect());
        let sprints = self.task.sprints.iter().flatten();
        others("its sprints", sprints.map(|sprint| attempt(ui, self.whole, sprint)).collect());
        lines.push(String::new());
        lines.push(format!("{} {}", ui.tone(Tone::Active).bold().apply_to("next:"), self.next));
        lines
    }
}

/// What is known of the task itself.
fn facts(ui: &Ui, task: &Task) -> Vec<String> {
    let width = ui.width();
    let mut lines = vec![format!(
        "{}  {}  {}",
        ui.style().bold().apply_to(&task.id),
        style(ui, task.state).apply_to(task.state_text()),
        task.priority
    )];
    let mut fact = |name: &str, value: &str| {
        if !value.is_empty() {
            lines.push(format!("{} {value}", padded(&format!("{name}:"), 12)));
        }
    };
    let text_of = |text: &Option<String>| clean(text.as_deref().unwrap_or_default());
    let time_of = |at: &Option<String>| at.as_deref().map(time).unwrap_or_default();
    fact("study", &clean(&task.study_name));
    let idea: Vec<String> = clean_lines(&task.idea)
        .iter()
        .flat_map(|line| text::wrap(line, width.saturating_sub(14)))
        .collect();
    fact("idea", &idea.join(format!("\n{}", " ".repeat(13)).as_str()));
    fact("why", &text_of(&task.detail));
    fact("part of", task.parent.as_ref().map_or("", TaskId::as_str));
    fact("done when", &text_of(&task.done_when));
    fact("verified by", &text_of(&task.verify));
    fact("made by", &clean(&task.made_by));
    fact("created", &time(&task.created_at));
    fact("ended", &time_of(&task.ended_at));
    if task.failures + task.infra_failures > 0 {
        fact(
            "failures",
            &format!(
                "{} of {}, and {} of the infrastructure",
                task.failures, task.max_attempts, task.infra_failures
            ),
        );
    }
    fact("waits until", &time_of(&task.retry_at));
    let is_tried = task.sprints.as_ref().is_some_and(|sprints| !sprints.is_empty());
    if let Some(spent) = task.spent.as_ref().filter(|_| is_tried) {
        let unknown = spent.cost_unknown.then_some(spent.cost_unknown_usd);
        let cost = text::whole_cost(spent.cost_usd, spent.cost_estimated, unknown);
        fact(
            "used",
            &format!(
                "{cost} at list prices · {} tokens · {}",
                text::count(spent.tokens),
                screen::used(spent)
            ),
        );
    }
    if task.is_held() {
        let until = task
            .claim_until
            .as_deref()
            .map(|until| format!(" until {}", time(until)))
            .unwrap_or_default();
        fact("taken by", &format!("{}{until}", text_of(&task.claimed_by)));
    }
    lines
}

/// A sprint that was an attempt at it.
fn attempt(ui: &Ui, whole: &ShownTask, sprint: &Sprint) -> String {
    let open = whole
        .open_issues
        .iter()
        .find(|(id, _)| *id == sprint.id)
        .map(|(_, open)| format!("  ! {}", clean(&open.text)))
        .unwrap_or_default();
    let cost = text::cost(sprint.cost_usd, sprint.cost_estimated, screen::unknown_usd(sprint));
    format!(
        "{}  {}  {cost}  {}{open}",
        sprint.id,
        screen::status(ui, sprint),
        time(&sprint.created_at)
    )
}

fn related(ui: &Ui, other: &RelatedTask) -> String {
    let condition = match other.need.condition {
        Condition::Done => String::new(),
        condition => format!(" (if {condition})"),
    };
    other
        .task
        .as_ref()
        .map_or_else(|| other.need.id.to_string(), |task| one_line(ui, task, &condition))
}

fn one_line(ui: &Ui, task: &Task, note: &str) -> String {
    let state = task.state_text();
    let gap = " ".repeat(18_usize.saturating_sub(measure_text_width(&state)));
    format!(
        "{}  {}{gap}{note} {}",
        task.id,
        style(ui, task.state).apply_to(state),
        clean(&task.idea)
    )
}

/// What to do next, in commands.
fn next(shown: &ShownTask) -> String {
    let id = &shown.task.id;
    match &shown.next {
        TaskNext::Begin => {
            format!("`researchloop sprint run --task {id}`, or `researchloop task claim {id}`")
        }
        TaskNext::Watch { sprint } => format!("`researchloop sprint watch {sprint}`"),
        TaskNext::WaitForHolder => format!(
            "whoever has it says `researchloop task done {id} --token N`; the claim ends by itself"
        ),
        TaskNext::RetriedLater => {
            format!("it is tried again later; `researchloop task retry {id}` lets it begin at once")
        }
        TaskNext::Judge { task } => format!(
            "`researchloop task done {task} --verdict supported` (or refuted, inconclusive) says what came out of it; others wait for that"
        ),
        TaskNext::ShowNeeded { task } => {
            format!("`researchloop task show {task}` shows its progress")
        }
        TaskNext::ShowParent { task } => {
            format!("`researchloop task show {task}` shows what that waits for")
        }
        TaskNext::ShowGraph => "`researchloop task graph` shows what waits for what".to_owned(),
        TaskNext::EndsWithParts { ended, parts } => {
            format!("it ends with its parts: {ended} of {parts} have ended")
        }
        TaskNext::RetryOrCancel => format!(
            "look at why, then `researchloop task retry {id}` or `researchloop task cancel {id}`"
        ),
        TaskNext::DropNeed { task, needs } => {
            format!("`researchloop task edit {task} --drop-need {needs}` if it can do without")
        }
        TaskNext::ShowResult { sprint } => {
            format!("`researchloop sprint show {sprint}` shows the outcome")
        }
        TaskNext::ShowNext => "`researchloop task next` shows what comes now".to_owned(),
        TaskNext::Retry => format!("`researchloop task retry {id}` opens it again"),
    }
}
