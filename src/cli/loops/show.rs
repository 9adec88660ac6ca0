//! `researchloop loop show`

use clap::Args;

use crate::app::App;
use crate::cli::exit::{Exit, Result};
use crate::cli::text;
use crate::cli::ui::Ui;
use crate::domain::action::Action;
use crate::domain::auto_loop::Limits;
use crate::domain::{LoopStatus, Reason, StopRule, TaskId, Verdict, duration};
use crate::platform::clock;
use crate::query;
use crate::view::Loop;

#[derive(Debug, Args)]
pub struct ShowArgs {
    /// The loop's id, or the beginning of it
    id: String,
}

/// Shows one loop: what it did, what it has used, why it ended.
pub fn run(app: &App, ui: &Ui, args: &ShowArgs) -> Result {
    let shown = query::auto_loop(app, &args.id)?;
    if ui.json {
        ui.json(&shown);
        return Ok(Exit::Success);
    }
    let whole = &shown.auto_loop;
    let style = ui.style();
    let colored = match whole.status {
        LoopStatus::Running => style.clone().cyan().apply_to(whole.status.as_str()),
        LoopStatus::Completed => style.clone().green().apply_to(whole.status.as_str()),
        LoopStatus::Stopped => style.clone().yellow().apply_to(whole.status.as_str()),
    };
    ui.line(&format!(
        "{}  {colored}  study {}",
        style.clone().bold().apply_to(&whole.id),
        text::clean(&whole.study_name)
    ));
    let width = ui.width();
    let field = |name: &str, value: &str| {
        ui.line(&text::short(&format!("{}{value}", text::padded(name, 13)), width))
    };
    // How sure something is stands at the end of the sentence: it is never cut off.
    let sentence = |name: &str, value: &str| {
        for (at, line) in text::wrap(value, width.saturating_sub(13)).iter().enumerate() {
            ui.line(&format!("{}{line}", text::padded(if at == 0 { name } else { "" }, 13)));
        }
    };
    if !whole.detail.is_empty() {
        let reason = whole.reason.map_or("", StopRule::as_str);
        sentence("ended:", &format!("{} ({reason})", text::clean(&whole.detail)));
    }
    if !whole.note.is_empty() {
        sentence("now:", &text::clean(&whole.note));
    }
    if !whole.context.is_empty() {
        field("wanted:", &text::clean(&whole.context));
    }
    field(
        "progress:",
        &format!(
            "{} of {} sprints completed, {} not over",
            whole.completed_count, whole.total_count, whole.live_count
        ),
    );
    let of = |max: Option<String>| max.map(|max| format!(" of {max}")).unwrap_or_default();
    let reserved = if whole.reserved_usd > 0.0 {
        format!(", {} reserved", text::money(whole.reserved_usd, false))
    } else {
        String::new()
    };
    field(
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
    );
    let gpu =
        if whole.gpu_unknown { "not known".to_owned() } else { format!("{:.2}", whole.gpu_hours) };
    field(
        "GPU-hours:",
        &format!("{gpu}{}", of(whole.limits.max_gpu_hours.map(|max| format!("{max}")))),
    );
    for (name, value) in limits(&whole.limits) {
        field(name, &value);
    }
    if !whole.sprints.is_empty() {
        ui.line("");
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
                let is_proposed = shown.proposals.contains(&sprint.id);
                let no_idea = if is_proposed {
                    "(an idea waits for your word)"
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
                    idea,
                ]
            })
            .collect();
        for line in text::table(
            &["SPRINT", "STATUS", "RESULT", "COST", "TASK", "IDEA"],
            &rows,
            width,
            ui.style_is_on(),
        ) {
            ui.line(&line);
        }
    }
    ui.hint(&next_step(whole));
    Ok(Exit::Success)
}

fn limits(limits: &Limits) -> Vec<(&'static str, String)> {
    let mut shown = Vec::new();
    if let Some(time) = limits.until.and_then(|until| jiff::Timestamp::from_second(until).ok()) {
        let left = time.as_second() - clock::now().as_second();
        let left = u64::try_from(left)
            .map_or_else(|_| "over".to_owned(), |left| format!("{} left", duration::human(left)));
        shown.push(("until:", format!("{} UTC ({left})", time.strftime("%Y-%m-%d %H:%M"))));
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

fn next_step(whole: &Loop) -> String {
    let id = &whole.id;
    if whole.status == LoopStatus::Running {
        return format!(
            "`researchloop loop stop {id}` stops it; `researchloop loop edit {id}` changes its limits"
        );
    }
    match whole.reason {
        // An edit may have raised the count since.
        Some(StopRule::Count) if whole.completed_count < whole.limits.count => {
            format!("`researchloop loop resume {id}` goes on")
        }
        Some(StopRule::Count) => format!(
            "`researchloop loop resume {id} -n {}` goes on with more sprints",
            whole.limits.count.saturating_add(3)
        ),
        Some(StopRule::SameFailure | StopRule::Failures) => {
            format!(
                "look at the failed sprints (`researchloop sprint show ID`), mend the cause, then `researchloop loop resume {id}`"
            )
        }
        Some(StopRule::BacklogDone) => format!(
            "`researchloop task add` makes more tasks; then `researchloop loop resume {id}`"
        ),
        Some(StopRule::NoIdeasLeft) => {
            format!(
                "`researchloop loop resume {id} -m \"WHERE TO LOOK\"` goes on with other guidance; `researchloop task add` adds ideas of yours"
            )
        }
        Some(rule) => match (rule.study_key(), rule.widened_by()) {
            (Some(key), _) => format!(
                "raise `{key}` of the study {}, then `researchloop loop resume {id}`",
                text::clean(&whole.study_name)
            ),
            (None, Some(with)) => {
                let resume = Action::ResumeLoop { id: id.to_string(), with };
                format!("`{resume}` goes on, within a wider limit")
            }
            (None, None) => format!("`researchloop loop resume {id}` lets it go on"),
        },
        None => format!("`researchloop loop resume {id}` lets it go on"),
    }
}
