//! `researchloop loop show`

use clap::Args;
use jiff::Timestamp;

use crate::app::App;
use crate::cli::exit::{Exit, Result};
use crate::cli::render::Render;
use crate::cli::sparkline::sparkline;
use crate::cli::table::Table;
use crate::cli::text;
use crate::cli::tone::Tone;
use crate::cli::ui::Ui;
use crate::domain::action::Action;
use crate::domain::auto_loop::Limits;
use crate::domain::{LoopStatus, Reason, StopRule, TaskId, Verdict, duration};
use crate::query;
use crate::view::{BestOfLoop, LoopNext, ShownLoop};

#[derive(Debug, Args)]
pub struct ShowArgs {
    /// The loop's id, or a unique prefix of it
    id: String,
}

/// Shows one loop: what it did, what it has used, why it ended.
pub fn run(app: &App, ui: &Ui, args: &ShowArgs) -> Result {
    let shown = query::auto_loop(app, &args.id)?;
    ui.answer(&shown);
    ui.hint(&next(&shown));
    Ok(Exit::Success)
}

impl Render for ShownLoop {
    fn lines(&self, ui: &Ui) -> Vec<String> {
        let whole = &self.auto_loop;
        let tone = match whole.status {
            LoopStatus::Running => Tone::Active,
            LoopStatus::Completed => Tone::Good,
            LoopStatus::Stopped => Tone::Attention,
        };
        let mut lines = vec![format!(
            "{}  {}  study {}",
            ui.style().bold().apply_to(&whole.id),
            ui.paint(tone, whole.status.as_str()),
            text::clean(&whole.study_name)
        )];
        let width = ui.width();
        let now = self.now;
        let field = |name: &str, value: &str| ui.fit(&format!("{}{value}", text::padded(name, 13)));
        // How sure something is stands at the end of the sentence: it is never cut off.
        let sentence = |name: &str, value: &str| {
            let wrapped = text::wrap(value, width.saturating_sub(13)).into_iter().enumerate();
            wrapped
                .map(|(at, line)| {
                    format!("{}{line}", text::padded(if at == 0 { name } else { "" }, 13))
                })
                .collect::<Vec<_>>()
        };
        if !whole.detail.is_empty() {
            let reason = whole.reason.map_or("", StopRule::as_str);
            lines.extend(sentence("ended:", &format!("{} ({reason})", text::clean(&whole.detail))));
        }
        if !whole.note.is_empty() {
            lines.extend(sentence("now:", &text::clean(&whole.note)));
        }
        if !whole.context.is_empty() {
            lines.push(field("wanted:", &text::clean(&whole.context)));
        }
        lines.push(field(
            "progress:",
            &format!(
                "{} of {} sprints completed, {} running",
                whole.completed_count, whole.total_count, whole.live_count
            ),
        ));
        let of = |max: Option<String>| max.map(|max| format!(" of {max}")).unwrap_or_default();
        let reserved = if whole.reserved_usd > 0.0 {
            format!(", {} reserved", text::money(whole.reserved_usd, false))
        } else {
            String::new()
        };
        lines.push(field(
            "money:",
            &format!(
                "{}{}{reserved}",
                text::whole_cost(
                    whole.cost_usd,
                    whole.cost_estimated,
                    whole.cost_unknown.then_some(whole.cost_unknown_usd)
                ),
                of(whole.limits.max_cost_usd.map(|max| text::money(max, false)))
            ),
        ));
        let gpu = if whole.gpu_unknown {
            "not known".to_owned()
        } else {
            format!("{:.2}", whole.gpu_hours)
        };
        lines.push(field(
            "GPU-hours:",
            &format!("{gpu}{}", of(whole.limits.max_gpu_hours.map(|max| format!("{max}")))),
        ));
        lines
            .extend(limits(&whole.limits, self.now).iter().map(|(name, value)| field(name, value)));
        if let Some(best) = &self.best {
            lines.extend(sentence("best so far:", &best_so_far(best)));
        }
        if !whole.sprints.is_empty() {
            lines.push(String::new());
            let rows: Vec<Vec<String>> = whole
                .sprints
                .iter()
                .map(|sprint| {
                    let what = sprint
                        .verdict
                        .map(Verdict::as_str)
                        .or_else(|| sprint.reason.map(Reason::as_str))
                        .unwrap_or_default()
                        .to_owned();
                    let what = if sprint.open_issues.is_some() {
                        format!("{what} ! issues open").trim().to_owned()
                    } else {
                        what
                    };
                    let is_proposed = self.proposals.contains(&sprint.id);
                    let no_idea = if is_proposed {
                        "(an idea waits for your approval)"
                    } else {
                        "(its job looks for an idea)"
                    };
                    let idea = text::clean(sprint.idea.as_deref().unwrap_or(no_idea));
                    vec![
                        sprint.id.to_string(),
                        sprint.status.to_string(),
                        what,
                        text::cost(
                            sprint.cost_usd,
                            sprint.cost_estimated,
                            sprint.cost_unknown.then_some(sprint.cost_unknown_usd),
                        ),
                        sprint.task_id.as_ref().map_or_else(String::new, TaskId::to_string),
                        text::age(&sprint.created_at, now),
                        idea,
                    ]
                })
                .collect();
            let table = Table {
                headers: &["SPRINT", "STATUS", "RESULT", "COST", "TASK", "AGE", "IDEA"],
                rows,
                gives_way: &["AGE", "TASK", "COST"],
                ..Table::default()
            };
            lines.extend(table.lines(ui));
        }
        lines
    }
}

/// The best value that counts, and how far it is from the target.
fn best_so_far(best: &BestOfLoop) -> String {
    let to_go = match best.target {
        Some(target) if best.is_reached => {
            format!("; the target {} is reached", text::figure(target))
        }
        Some(target) => format!(
            "; {} from the target {}",
            text::figure((target - best.value).abs()),
            text::figure(target)
        ),
        None => String::new(),
    };
    let trend = sparkline(&best.values);
    let trend = if trend.is_empty() { trend } else { format!("  {trend}") };
    format!(
        "{} {} ({}){to_go}{trend}",
        text::clean(&best.metric),
        text::figure(best.value),
        best.sprint_id
    )
}

fn limits(limits: &Limits, now: Timestamp) -> Vec<(&'static str, String)> {
    let mut shown = Vec::new();
    if let Some(time) = limits.until.and_then(|until| Timestamp::from_second(until).ok()) {
        let left = time.as_second() - now.as_second();
        let left = u64::try_from(left)
            .map_or_else(|_| "over".to_owned(), |left| format!("{} left", duration::human(left)));
        let time = text::local(time, "%Y-%m-%d %H:%M %Z");
        shown.push(("until:", format!("{time} ({left})")));
    }
    if let Some(target) = &limits.target {
        shown.push(("target:", text::clean(&target.to_string())));
    }
    if let Some(patience) = limits.patience {
        shown.push((
            "patience:",
            format!("{patience} measured sprints without an improvement beyond the noise"),
        ));
    }
    if limits.parallel > 1 {
        shown.push(("parallel:", limits.parallel.to_string()));
    }
    if limits.approve {
        shown.push(("approval:", "you agree to each idea first".to_owned()));
    }
    if limits.tasks_only {
        shown.push(("tasks only:", "it finds no ideas of its own".to_owned()));
    }
    shown
}

/// What to do next, in commands.
fn next(shown: &ShownLoop) -> String {
    let id = &shown.auto_loop.id;
    let resume = format!("`researchloop loop resume {id}`");
    match &shown.next {
        LoopNext::StopOrEdit => format!(
            "`researchloop loop stop {id}` stops it; `researchloop loop edit {id}` changes its limits"
        ),
        LoopNext::Resume if shown.auto_loop.reason == Some(StopRule::Count) => {
            format!("{resume} goes on")
        }
        LoopNext::Resume => format!("{resume} lets it go on"),
        LoopNext::ResumeWithMore { count } => {
            format!("`researchloop loop resume {id} -n {count}` goes on with more sprints")
        }
        LoopNext::FixAndResume => format!(
            "look at the failed sprints (`researchloop sprint show ID`), fix the cause, then {resume}"
        ),
        LoopNext::AddTasksAndResume => {
            format!("`researchloop task add` makes more tasks; then {resume}")
        }
        LoopNext::GuideAndResume => format!(
            "`researchloop loop resume {id} -m \"WHERE TO LOOK\"` goes on with other guidance; `researchloop task add` adds ideas of yours"
        ),
        LoopNext::RaiseStudyAndResume { key } => format!(
            "raise `{key}` of the study {}, then {resume}",
            text::clean(&shown.auto_loop.study_name)
        ),
        LoopNext::ResumeWith { option } => {
            let resume = Action::ResumeLoop { id: id.to_string(), with: *option };
            format!("`{resume}` goes on, within a wider limit")
        }
    }
}
