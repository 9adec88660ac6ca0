//! `researchloop task list` and `task show`.

use clap::Args;
use console::{Style, measure_text_width};

use super::exit::{Exit, Result};
use super::text::{clean, clean_lines, padded, short, time};
use super::ui::Ui;
use super::{find, screen, text};
use crate::app::App;
use crate::domain::{NeedState, Status, TaskState};
use crate::platform::clock;
use crate::store::{Need, Store, TaskFilter, TaskRow};
use crate::task::graph::state_text;
use crate::view;

#[derive(Debug, Args)]
pub struct ListArgs {
    /// Only of this study
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
    /// At most so many
    #[arg(short = 'n', long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
    limit: u32,
}

/// Whether a task that stands so is not over.
pub fn is_open(state: TaskState) -> bool {
    !matches!(state, TaskState::Done | TaskState::Dead | TaskState::Skipped | TaskState::Cancelled)
}

/// The colour of a state.
pub fn style(ui: &Ui, state: TaskState) -> Style {
    match state {
        TaskState::Ready => ui.style().cyan().bold(),
        TaskState::Running | TaskState::Claimed => ui.style().blue(),
        TaskState::Done => ui.style().green(),
        TaskState::Dead => ui.style().red(),
        TaskState::Waiting | TaskState::Skipped => ui.style().yellow(),
        TaskState::Parent => ui.style().bold(),
        TaskState::Blocked | TaskState::Cancelled => ui.style().dim(),
    }
}

/// Lists tasks.
pub fn list(app: &App, ui: &Ui, args: &ListArgs) -> Result {
    if let Some(study) = &args.study {
        app.config.study(study)?;
    }
    let asked = [
        (args.ready, TaskState::Ready),
        (args.blocked, TaskState::Blocked),
        (args.dead, TaskState::Dead),
    ];
    let mut states: Vec<TaskState> =
        asked.iter().filter(|(asked, _)| *asked).map(|(_, state)| *state).collect();
    if states.is_empty() && !args.all {
        states = TaskState::ALL.iter().copied().filter(|state| is_open(*state)).collect();
    }
    let store = app.store()?;
    let study = args.study.as_deref();
    let rows = store.tasks(&TaskFilter { study, states: &states, limit: Some(args.limit) })?;
    let needs = store.needs_of_study(study)?;
    if ui.json {
        let shown: Vec<view::Task> = rows.iter().map(|row| view::task(row, &needs)).collect();
        ui.json(&serde_json::json!({ "tasks": shown }));
        return Ok(Exit::Success);
    }
    let counts = store.task_counts(study)?;
    let total: u64 = counts
        .iter()
        .filter(|(state, _)| args.all || states.contains(state))
        .map(|(_, count)| count)
        .sum();
    if rows.is_empty() {
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
        return Ok(Exit::Success);
    }
    let many_studies = rows.iter().any(|row| row.study != rows[0].study);
    let cells: Vec<Vec<String>> = rows
        .iter()
        .map(|row| {
            let mut cells = vec![
                row.id.to_string(),
                row.priority.to_string(),
                style(ui, row.state).apply_to(state_text(row)).to_string(),
            ];
            if many_studies {
                cells.push(short(&clean(&row.study), 20));
            }
            cells.push(short(&needs_text(&needs, row), 24));
            cells.push(clean(&row.idea));
            cells
        })
        .collect();
    let headers: &[&str] = if many_studies {
        &["ID", "PRIO", "STATE", "STUDY", "NEEDS", "IDEA"]
    } else {
        &["ID", "PRIO", "STATE", "NEEDS", "IDEA"]
    };
    for line in text::table(headers, &cells, ui.width(), ui.style_is_on()) {
        ui.line(&line);
    }
    let more = total.saturating_sub(rows.len() as u64);
    if more > 0 {
        ui.status(&format!("and {more} more: -n {total} shows all"));
    }
    Ok(Exit::Success)
}

fn needs_text(needs: &[Need], row: &TaskRow) -> String {
    let own: Vec<&Need> = needs.iter().filter(|need| need.task == row.id.as_str()).collect();
    match own.as_slice() {
        [] => "-".to_owned(),
        [one] => need_text(one),
        [first, rest @ ..] => format!("{} +{}", need_text(first), rest.len()),
    }
}

fn need_text(need: &Need) -> String {
    match need.condition {
        crate::domain::Condition::Done => need.needs.clone(),
        condition if need.state == NeedState::Unknown => format!("{}:{condition}?", need.needs),
        condition => format!("{}:{condition}", need.needs),
    }
}

/// Shows one task.
pub fn show(app: &App, ui: &Ui, id: &str) -> Result {
    let store = app.store()?;
    let row = find::task(&store, id)?;
    let id = row.id.as_str();
    let (needs, needed_by, children, sprints) = (
        store.needs_of(id)?,
        store.needed_by(id)?,
        store.task_children(id)?,
        store.sprints_of_task(id)?,
    );
    let sprints: Vec<view::Sprint> = sprints.iter().map(view::sprint).collect();
    let next = next(&store, &row, &needs, sprints.last())?;
    let spent = store.money_of_task(id)?;
    if ui.json {
        ui.json(&serde_json::json!({ "task": view::task_whole(&row, &needs, &needed_by, &children, sprints, &spent), "next": next }));
        return Ok(Exit::Success);
    }
    let width = ui.width();
    ui.line(&format!(
        "{}  {}  {}",
        ui.style().bold().apply_to(&row.id),
        style(ui, row.state).apply_to(state_text(&row)),
        row.priority
    ));
    let fact = |name: &str, value: &str| {
        if !value.is_empty() {
            ui.line(&format!("{} {value}", padded(&format!("{name}:"), 12)));
        }
    };
    fact("study", &clean(&row.study));
    for (number, line) in clean_lines(&row.idea)
        .iter()
        .flat_map(|line| text::wrap(line, width.saturating_sub(14)))
        .enumerate()
    {
        if number == 0 {
            fact("idea", &line)
        } else {
            ui.line(&format!("{}{line}", " ".repeat(13)))
        }
    }
    fact("why", &clean(&row.detail));
    fact("part of", row.parent.as_deref().unwrap_or_default());
    fact("done when", &clean(&row.done_when));
    fact("verified by", &clean(&row.verify));
    fact("made by", &clean(&row.made_by));
    fact("created", &time(&row.created_at));
    fact("ended", &row.ended_at.as_deref().map(time).unwrap_or_default());
    if row.failures + row.infra_failures > 0 {
        fact(
            "failures",
            &format!(
                "{} of {}, and {} of the infrastructure",
                row.failures, row.max_attempts, row.infra_failures
            ),
        );
    }
    if row.state == TaskState::Waiting {
        fact("waits until", &time(&clock::at(row.retry_at)));
    }
    if !sprints.is_empty() {
        let cost = text::whole_cost(spent.cost_usd, spent.estimated, spent.unknown_usd);
        fact(
            "used",
            &format!(
                "{cost} at list prices · {} tokens · {}",
                text::count(spent.tokens),
                screen::used(&view::Money::from(&spent))
            ),
        );
    }
    if row.is_held() {
        let until = row.claim_until.and_then(|seconds| jiff::Timestamp::from_second(seconds).ok());
        let until =
            until.map(|until| format!(" until {}", time(&until.to_string()))).unwrap_or_default();
        fact(
            "taken by",
            &format!("{}{until}", clean(row.claimed_by.as_deref().unwrap_or_default())),
        );
    }
    let others = |title: &str, lines: Vec<String>| {
        if !lines.is_empty() {
            ui.line("");
            ui.line(&ui.style().bold().apply_to(title).to_string());
            for line in lines {
                ui.line(&short(&format!("  {line}"), width));
            }
        }
    };
    others(
        "needs",
        needs.iter().map(|need| other(ui, &store, &need.needs, need)).collect::<Result<_>>()?,
    );
    others(
        "waits for it",
        needed_by.iter().map(|need| other(ui, &store, &need.task, need)).collect::<Result<_>>()?,
    );
    others("its parts", children.iter().map(|child| one_line(ui, child, "")).collect());
    let attempt = |sprint: &view::Sprint| -> Result<String> {
        let open =
            if sprint.status == Status::Completed { store.open_issues(&sprint.id)? } else { None };
        let open = open.map(|open| format!("  ! {}", clean(&open.text))).unwrap_or_default();
        let cost = text::cost(sprint.cost_usd, sprint.cost_estimated, screen::unknown_usd(sprint));
        Ok(format!(
            "{}  {}  {cost}  {}{open}",
            sprint.id,
            screen::status(ui, sprint),
            time(&sprint.created_at)
        ))
    };
    others("its sprints", sprints.iter().map(attempt).collect::<Result<_>>()?);
    ui.line("");
    ui.line(&format!("{} {next}", ui.style().cyan().bold().apply_to("next:")));
    Ok(Exit::Success)
}

fn other(ui: &Ui, store: &Store, id: &str, need: &Need) -> Result<String> {
    let condition = match need.condition {
        crate::domain::Condition::Done => String::new(),
        condition => format!(" (if {condition})"),
    };
    Ok(store.task(id)?.map_or_else(|| id.to_owned(), |row| one_line(ui, &row, &condition)))
}

fn one_line(ui: &Ui, row: &TaskRow, note: &str) -> String {
    let state = state_text(row);
    let gap = " ".repeat(18_usize.saturating_sub(measure_text_width(&state)));
    format!("{}  {}{gap}{note} {}", row.id, style(ui, row.state).apply_to(state), clean(&row.idea))
}

/// How a person says what came out of a task.
fn say_verdict(task: &str) -> String {
    format!(
        "`researchloop task done {task} --verdict supported` (or refuted, inconclusive) says what came out of it; others wait for that"
    )
}

/// What to do next.
fn next(
    store: &Store,
    row: &TaskRow,
    needs: &[Need],
    last: Option<&view::Sprint>,
) -> Result<String> {
    let id = &row.id;
    Ok(match row.state {
        TaskState::Ready => {
            format!("`researchloop sprint run --task {id}`, or `researchloop task claim {id}`")
        }
        TaskState::Running => {
            format!("`researchloop sprint watch {}`", row.sprint().unwrap_or_default())
        }
        TaskState::Claimed => format!(
            "whoever has it says `researchloop task done {id} --token N`; the claim ends by itself"
        ),
        TaskState::Waiting => {
            format!("it is tried again later; `researchloop task retry {id}` lets it begin at once")
        }
        TaskState::Blocked => {
            let open = needs.iter().find(|need| need.state != NeedState::Met);
            match (open, &row.parent) {
                (Some(need), _) if need.state == NeedState::Unknown => say_verdict(&need.needs),
                (Some(need), _) => {
                    format!("`researchloop task show {}` tells how far that is", need.needs)
                }
                (None, Some(parent)) => {
                    format!("`researchloop task show {parent}` tells what that waits for")
                }
                (None, None) => "`researchloop task graph` shows what waits for what".to_owned(),
            }
        }
        TaskState::Parent => {
            let parts = store.task_children(id.as_str())?;
            let done = parts.iter().filter(|part| !is_open(part.state)).count();
            format!("it ends with its parts: {done} of {} have ended", parts.len())
        }
        TaskState::Dead => format!(
            "look at why, then `researchloop task retry {id}` or `researchloop task cancel {id}`"
        ),
        TaskState::Skipped => match store
            .missing(id.as_str())?
            .into_iter()
            .find(|need| need.state == NeedState::Never)
        {
            Some(need) => format!(
                "`researchloop task edit {} --drop-need {}` if it can do without",
                need.task, need.needs
            ),
            None => "`researchloop task graph` shows what waits for what".to_owned(),
        },
        TaskState::Done
            if row.verdict.is_none()
                && store
                    .needed_by(id.as_str())?
                    .iter()
                    .any(|need| need.state == NeedState::Unknown) =>
        {
            say_verdict(id.as_str())
        }
        TaskState::Done => match last.filter(|sprint| sprint.status == Status::Completed) {
            Some(sprint) => format!("`researchloop sprint show {}` tells what came out", sprint.id),
            None => "`researchloop task next` shows what comes now".to_owned(),
        },
        TaskState::Cancelled => format!("`researchloop task retry {id}` opens it again"),
    })
}
