//! `researchloop status`: one screen.

use clap::Args;

use super::exit::{Exit, Result};
use super::render::Render;
use super::sparkline::sparkline;
use super::table::Table;
use super::tone::Tone;
use super::ui::Ui;
use super::{Global, action, screen, sprint, text};
use crate::domain::action::Action;
use crate::domain::duration::human;
use crate::domain::text::number_of;
use crate::domain::{MessageKind, SprintId, Status, TaskId, TaskState};
use crate::platform::clock;
use crate::view::{self, Message, StudyMetric, StudyStatus, TickStatus, Usage};
use crate::{project, query};

/// Most that a section shows; the rest is counted.
const MOST: usize = 12;

#[derive(Debug, Args)]
pub struct StatusArgs {}

/// Shows everything at once.
pub fn run(global: &Global, ui: &Ui, _args: &StatusArgs) -> Result {
    let app = global.app(ui)?;
    let since = project::last_look(&app, ui.is_screen());
    let status = query::status(&app, Some(since))?;
    ui.answer(&status);
    if !ui.json {
        for problem in &status.database_problems {
            ui.problem(problem);
        }
    }
    let nothing_yet = status.database_problems.is_empty()
        && status
            .studies
            .iter()
            .all(|study| study.spent.tokens == 0 && study.active == 0 && study.tasks.is_empty());
    match (status.studies.first(), nothing_yet && status.loops.is_empty()) {
        (None, _) => {
            ui.hint("the configuration has no study: `researchloop study init NAME` begins one")
        }
        (Some(study), true) => {
            ui.hint(&format!(
                "`researchloop sprint run \"an idea\" -s {0}` runs a first sprint; `researchloop task add \"an idea\" -s {0}` keeps it for later",
                text::shell_word(&study.name)
            ));
        }
        _ => {}
    }
    Ok(Exit::Success)
}

fn ago(then: Option<&str>, now: jiff::Timestamp) -> Option<u64> {
    Some(clock::seconds_between(then?.parse().ok()?, now))
}

impl Render for view::Status {
    fn lines(&self, ui: &Ui) -> Vec<String> {
        let screen = Screen { ui, width: ui.width(), now: self.now };
        let mut lines = Vec::new();
        screen.needs_you(&self.needs_you, &mut lines);
        screen.sprints("RUNS", &self.running, &[], &mut lines);
        screen.sprints("WAITS", &self.waiting, &self.needs_you, &mut lines);
        screen.ended(&self.ended, &mut lines);
        screen.loops(&self.loops, &mut lines);
        screen.studies(self, &mut lines);
        screen.tick(&self.tick, &mut lines);
        for notices in &self.notices {
            let until = notices
                .waits_until
                .as_deref()
                .map_or_else(|| "with the next tick".to_owned(), text::time);
            lines.push(format!(
                "  {} not sent through {}, tried again {until}: {}",
                number_of(notices.count, "notice"),
                notices.channel,
                text::clean(&notices.problem)
            ));
        }
        lines
    }
}

/// The best value of a study's metric, and how it developed.
fn best(metric: &StudyMetric) -> String {
    let name = text::clean(&metric.name);
    format!("{name} {} {}", text::figure(metric.best), sparkline(&metric.values)).trim().to_owned()
}

struct Screen<'a> {
    ui: &'a Ui,
    width: usize,
    now: jiff::Timestamp,
}

impl Screen<'_> {
    fn heading(&self, name: &str, count: usize, lines: &mut Vec<String>) {
        if !lines.is_empty() {
            lines.push(String::new());
        }
        let count = if count == 0 { String::new() } else { format!(" ({count})") };
        lines.push(self.ui.style().bold().apply_to(format!("{name}{count}")).to_string());
    }

    fn table(
        &self,
        headers: &[&str],
        rows: Vec<Vec<String>>,
        gives_way: &[&str],
        lines: &mut Vec<String>,
    ) {
        lines.extend(
            Table { headers, rows, gives_way, indent: 2, ..Table::default() }.lines(self.ui),
        );
    }

    /// A sentence, broken between words.
    fn sentence(&self, tone: Tone, text: &str, lines: &mut Vec<String>) {
        let wrapped = text::wrap(text, self.width.saturating_sub(2).max(20));
        lines.extend(wrapped.iter().map(|line| self.ui.paint(tone, format!("  {line}"))));
    }

    fn ended(&self, ended: &[view::Sprint], lines: &mut Vec<String>) {
        if ended.is_empty() {
            return;
        }
        self.heading("ENDED SINCE YOU LAST LOOKED", ended.len(), lines);
        let shown = ended.get(..ended.len().min(MOST)).unwrap_or_default();
        lines.extend(sprint::table(self.ui, shown, 2));
        self.more(ended.len(), "researchloop sprint list", lines);
    }

    fn more(&self, all: usize, command: &str, lines: &mut Vec<String>) {
        if all > MOST {
            lines.push(
                self.ui
                    .style()
                    .dim()
                    .apply_to(format!("  and {} more: `{command}`", all - MOST))
                    .to_string(),
            );
        }
    }

    fn study(&self, name: &str) -> String {
        text::short(&text::clean(name), (self.width / 6).clamp(12, 24))
    }

    fn sprints(
        &self,
        name: &str,
        sprints: &[view::Sprint],
        needs: &[Message],
        lines: &mut Vec<String>,
    ) {
        if sprints.is_empty() {
            return;
        }
        self.heading(name, sprints.len(), lines);
        let runs = name == "RUNS";
        let rows: Vec<Vec<String>> = sprints
            .iter()
            .take(MOST)
            .map(|sprint| {
                let since = match sprint.running_seconds.flatten() {
                    // It was heard of, and how long it has been running is not known yet.
                    None if sprint.started_at.is_some() && runs => None,
                    None => ago(Some(&sprint.created_at), self.now),
                    running => running,
                };
                let step = match &sprint.phase {
                    Some(phase) if sprint.status == Status::Running => text::clean(phase),
                    _ => sprint.status.to_string(),
                };
                let is_proposed = needs.iter().any(|one| {
                    one.kind == MessageKind::Approval && one.sprint_id.as_ref() == Some(&sprint.id)
                });
                let no_idea = if is_proposed {
                    "(an idea waits for your approval)"
                } else {
                    "(the idea is made in the job)"
                };
                let idea = text::clean(sprint.idea.as_deref().unwrap_or(no_idea));
                let until = sprint
                    .waits_until
                    .as_deref()
                    .map(|until| format!("until {} · ", text::time(until)))
                    .unwrap_or_default();
                let note = sprint
                    .note
                    .as_deref()
                    .filter(|_| !runs)
                    .map(|note| format!("{} · ", text::clean(note)))
                    .unwrap_or_default();
                let why = format!("{until}{note}");
                vec![
                    sprint.id.to_string(),
                    self.study(&sprint.study_name),
                    text::short(&step, 18),
                    since.map(human).unwrap_or_default(),
                    text::cost(sprint.cost_usd, sprint.cost_estimated, screen::unknown_usd(sprint)),
                    format!("{why}{idea}"),
                ]
            })
            .collect();
        let headers = ["ID", "STUDY", "STEP", "FOR", "COST", "IDEA"];
        self.table(&headers, rows, &["COST", "STUDY"], lines);
        self.more(sprints.len(), "researchloop sprint list", lines);
    }

    fn needs_you(&self, needs: &[Message], lines: &mut Vec<String>) {
        if needs.is_empty() {
            return;
        }
        self.heading("NEEDS YOU", needs.len(), lines);
        for one in needs.iter().take(MOST) {
            let about = one
                .sprint_id
                .as_ref()
                .map(SprintId::as_str)
                .or(one.task_id.as_ref().map(TaskId::as_str))
                .unwrap_or_default();
            let what = match one.kind {
                MessageKind::Dead => "has failed for good",
                MessageKind::Verdict => "has no verdict",
                MessageKind::Approval => "proposes an idea",
                MessageKind::Question | MessageKind::Note => "asks",
            };
            let head = format!(
                "{about} ({}) {what}: {}",
                self.study(&one.study_name),
                text::clean(&one.text)
            );
            let mark = self.ui.tone(Tone::Attention).bold().apply_to("!").to_string();
            lines.push(self.ui.fit(&format!("  {mark} {head}")));
            // Where there are answers to choose from, the inbox has a command for each.
            let has_answers = one.kind != MessageKind::Question || !one.choices.is_empty();
            let next =
                one.reply_with.as_ref().filter(|_| !has_answers).unwrap_or(&Action::ShowInbox);
            let command = action::command(next);
            lines.push(format!("    {}", self.ui.paint(Tone::Active, command)));
        }
        self.more(needs.len(), "researchloop inbox", lines);
    }

    fn loops(&self, loops: &[view::Loop], lines: &mut Vec<String>) {
        if loops.is_empty() {
            return;
        }
        self.heading("LOOPS", loops.len(), lines);
        let rows: Vec<Vec<String>> = loops
            .iter()
            .take(MOST)
            .map(|one| {
                let cost = text::cost(
                    one.cost_usd,
                    one.cost_estimated,
                    one.cost_unknown.then_some(one.cost_unknown_usd),
                );
                vec![
                    one.id.to_string(),
                    self.study(&one.study_name),
                    format!("{}/{} done", one.completed_count, one.total_count),
                    one.limits.max_cost_usd.map_or(cost.clone(), |most| {
                        format!("{cost} of {}", text::money(most, false))
                    }),
                    text::clean(&one.note),
                ]
            })
            .collect();
        let headers = ["ID", "STUDY", "PROGRESS", "COST", "NOTE"];
        self.table(&headers, rows, &["STUDY", "COST"], lines);
        self.more(loops.len(), "researchloop loop list", lines);
    }

    fn studies(&self, status: &view::Status, lines: &mut Vec<String>) {
        if status.studies.is_empty() {
            return;
        }
        self.heading("STUDIES", 0, lines);
        let row = |name: String,
                   active: u64,
                   tasks: &dyn Fn(TaskState) -> u64,
                   today: String,
                   spent: &Usage,
                   metric: Option<&StudyMetric>| {
            let unknown = if spent.gpu_unknown { "+?" } else { "" };
            let number = |count: u64| if count == 0 { "-".to_owned() } else { count.to_string() };
            vec![
                name,
                number(active),
                number(tasks(TaskState::Ready)),
                number(tasks(TaskState::Blocked)),
                number(tasks(TaskState::Waiting)),
                number(tasks(TaskState::Dead)),
                today,
                text::cost(
                    spent.cost_usd,
                    spent.cost_estimated,
                    spent.cost_unknown.then_some(spent.cost_unknown_usd),
                ),
                match (spent.gpu_seconds, spent.gpu_unknown) {
                    (0, false) => "-".to_owned(),
                    (seconds, _) => format!("{}{unknown}", screen::gpu_hours(seconds)),
                },
                human(spent.wall_seconds),
                metric.map(best).unwrap_or_default(),
            ]
        };
        let today = text::cost;
        let count = |study: &StudyStatus, state: TaskState| {
            study.tasks.get(state.as_str()).copied().unwrap_or(0)
        };
        let mut rows: Vec<Vec<String>> = status
            .studies
            .iter()
            .take(MOST)
            .map(|study| {
                row(
                    self.study(&study.name),
                    study.active,
                    &|state| count(study, state),
                    today(
                        study.spent_today_usd,
                        study.spent_today_estimated,
                        study.spent_today_unknown.then_some(study.spent_today_unknown_usd),
                    ),
                    &study.spent,
                    study.metric.as_ref(),
                )
            })
            .collect();
        if status.studies.len() > 1 {
            let all = |state| status.studies.iter().map(|study| count(study, state)).sum();
            let active = status.studies.iter().map(|study| study.active).sum();
            rows.push(row(
                "all".to_owned(),
                active,
                &all,
                today(
                    status.spent_today_usd,
                    status.spent_today_estimated,
                    status.spent_today_unknown.then_some(status.spent_today_unknown_usd),
                ),
                &status.total,
                None,
            ));
        }
        let headers = [
            "STUDY", "ACTIVE", "READY", "BLOCKED", "RETRY", "DEAD", "TODAY", "TOTAL", "GPU-H",
            "JOBS RAN", "BEST",
        ];
        self.table(&headers, rows, &["JOBS RAN", "GPU-H", "BLOCKED"], lines);
        self.more(status.studies.len(), "researchloop study list", lines);
    }

    fn tick(&self, tick: &TickStatus, lines: &mut Vec<String>) {
        self.heading("TICK", 0, lines);
        let by = |by: &str| if by == "cron" { "by cron" } else { "by hand" };
        let every = tick
            .cron_every_seconds
            .map(|seconds| format!(", cron runs one every {}", human(seconds)))
            .unwrap_or_default();
        match (ago(tick.last_at.as_deref(), self.now), &tick.last_by) {
            (Some(seconds), Some(who)) => {
                lines.push(format!("  last tick {} ago, {}{every}", human(seconds), by(who)))
            }
            _ => lines.push(format!("  there was no tick yet{every}")),
        }
        if tick.is_overdue {
            let good = ago(tick.last_good_at.as_deref(), self.now)
                .map(|seconds| format!("the last good one was {} ago", human(seconds)));
            let good = good
                .unwrap_or_else(|| "something waits for one, and none went well yet".to_owned());
            let next = if tick.cron_every_seconds.is_some() {
                "`researchloop cron show` says why"
            } else {
                "`researchloop cron install` lets cron do it"
            };
            self.sentence(Tone::Attention, &format!("warning: {good}; {next}"), lines);
        } else if tick.cron_every_seconds.is_none() {
            let hint = "nothing ticks by itself: `researchloop cron install`";
            self.sentence(Tone::Faint, hint, lines);
        }
        for problem in tick.last_problems.iter().take(5) {
            self.sentence(Tone::Attention, &text::clean(problem), lines);
        }
    }
}
