//! What a sprint looks like: pure functions from what is known to lines.

use std::path::Path;

use console::Style;

use super::render::Render;
use super::text::{
    self, bytes, clean, clean_lines, count, figure, figure_of, money, padded, shell_word, short,
    time, whole_cost, wrap,
};
use super::ui::Ui;
use crate::bundle::journal::{Entry, Line, is_within_limit};
use crate::domain::duration::human;
use crate::domain::{
    MessageId, OpenIssues, Source, SprintId, SprintKind, Status, StepState, TaskId, Verdict,
    Waiting,
};
use crate::tick::Live;
use crate::view::{Sprint, SprintNext, Step, Usage};

/// The status of a sprint with its colour.
pub fn status(ui: &Ui, sprint: &Sprint) -> String {
    // The step that runs, or the reason, or what it waits for.
    let beside = match (&sprint.phase, sprint.reason) {
        (Some(phase), _) => Some(phase.as_str()),
        (None, Some(reason)) => Some(reason.as_str()),
        (None, None) => sprint.waits_for.as_ref().map(MessageId::as_str),
    };
    let text = text::status(sprint.status, beside);
    status_style(ui, sprint.status).apply_to(clean(&text)).to_string()
}

fn status_style(ui: &Ui, status: Status) -> Style {
    match status {
        Status::Completed => ui.style().green(),
        Status::Failed => ui.style().red(),
        Status::Running => ui.style().cyan(),
        Status::Cancelled | Status::Cancelling | Status::Parked => ui.style().yellow(),
        Status::Pending | Status::Submitting | Status::Submitted => ui.style(),
    }
}

/// The steps, a line each.
fn steps(ui: &Ui, steps: &[Step], over: bool, width: usize) -> Vec<String> {
    let title_width = steps
        .iter()
        .map(|step| console::measure_text_width(&step.title))
        .max()
        .unwrap_or(0)
        .min(40);
    let mut lines = Vec::new();
    for step in steps {
        let (mark, style) = match step.state {
            StepState::Yes | StepState::No => ("✔", ui.style().green()),
            StepState::Error => ("✘", ui.style().red()),
            StepState::Interrupted => ("!", ui.style().yellow()),
            StepState::Running => ("▶", ui.style().cyan().bold()),
            // What was never needed is not shown once it is over.
            _ if over => continue,
            _ => ("·", ui.style().dim()),
        };
        let seconds = match step.state {
            StepState::Running => {
                step.running_seconds.map(|running| step.seconds.saturating_add(running))
            }
            StepState::Waiting => None,
            _ => Some(step.seconds),
        };
        let took = seconds.map(human).unwrap_or_default();
        let cost = if step.cost_usd > 0.0 {
            money(step.cost_usd, step.cost_estimated)
        } else {
            String::new()
        };
        let line = format!(
            "  {mark} {}  {:>8}  {:>8}  {}",
            padded(&clean(&step.title), title_width),
            took,
            cost,
            clean(&step.detail)
        );
        lines.push(style.apply_to(short(line.trim_end(), width)).to_string());
    }
    lines
}

/// The dollars that count for what is not known of its cost.
pub fn unknown_usd(sprint: &Sprint) -> Option<f64> {
    sprint.cost_unknown.as_ref().map(|_| sprint.cost_unknown_usd)
}

/// One line about what it has cost.
fn costs(sprint: &Sprint) -> String {
    let tokens = sprint.tokens.input + sprint.tokens.output + sprint.tokens.cached;
    format!(
        "{} at list prices · {} tokens",
        whole_cost(sprint.cost_usd, sprint.cost_estimated, unknown_usd(sprint)),
        count(tokens)
    )
}

/// How long jobs ran, and with how many GPUs.
pub fn used(spent: &Usage) -> String {
    let gpu = match (spent.gpu_seconds, spent.gpu_unknown) {
        (0, true) => " · GPU-hours not known".to_owned(),
        (0, false) => String::new(),
        (seconds, unknown) => format!(
            " · {}{} GPU-hours",
            if unknown { "more than " } else { "" },
            gpu_hours(seconds)
        ),
    };
    format!("{} of job time{gpu}", human(spent.wall_seconds))
}

/// GPU seconds as hours: `0.3`, `12.5`, `1200`.
pub fn gpu_hours(seconds: u64) -> String {
    let tenths = (seconds + 180) / 360;
    match tenths {
        0 if seconds > 0 => "0.1".to_owned(),
        0..=999 => format!("{}.{}", tenths / 10, tenths % 10),
        _ => (tenths / 10).to_string(),
    }
}

/// Where its job is.
fn place(sprint: &Sprint) -> String {
    let job = sprint.job_id.as_deref().map(|job| format!(" job {job}")).unwrap_or_default();
    let host =
        sprint.host.as_deref().map(|host| format!(" on {}", clean(host))).unwrap_or_default();
    format!("{} ({}{job}{host})", clean(&sprint.cluster), sprint.scheduler)
}

/// What some kinds of lines say is nothing for people.
impl Render for Line {
    fn lines(&self, _ui: &Ui) -> Vec<String> {
        event(self).into_iter().collect()
    }
}

/// An event as one line: time, step, what.
pub fn event(line: &Line) -> Option<String> {
    let what = match line.entry()? {
        Entry::RunStarted { job_id, host, pipeline, .. } => {
            format!("run of pipeline {pipeline} started in job {job_id} on {host}")
        }
        Entry::StepStarted { title, resumed: false } => format!("▶ {title}"),
        Entry::StepStarted { title, resumed: true } => format!("▶ {title}, continued"),
        Entry::Agent { model, version, .. } => format!("Claude {version}, model {model}"),
        Entry::Tool { name, brief } => {
            if brief.starts_with(&name) || brief.is_empty() {
                if brief.is_empty() { name } else { brief }
            } else {
                format!("{name} {brief}")
            }
        }
        Entry::Said { text } => format!("“{text}”"),
        Entry::Note { text } => text,
        Entry::Retrying { detail, delay } => format!("again in {delay} s: {detail}"),
        Entry::Limit { status, window, .. } => {
            if is_within_limit(&status) {
                return None;
            }
            format!("usage limit {window}: {status}")
        }
        Entry::Cost { .. } => return None,
        Entry::StepEnded { verdict, detail, seconds, .. } => {
            let detail = if detail.is_empty() { String::new() } else { format!(": {detail}") };
            match StepState::of(&verdict) {
                StepState::Yes | StepState::No => {
                    format!("✔ done after {}{detail}", human(seconds))
                }
                StepState::Interrupted => format!("! interrupted after {}{detail}", human(seconds)),
                other => format!("✘ {other} after {}{detail}", human(seconds)),
            }
        }
        Entry::Idea { text, .. } => format!("idea: {}", text.lines().next().unwrap_or_default()),
        Entry::NoneLeft { why } => {
            format!("no idea is left: {}", why.lines().next().unwrap_or_default())
        }
        Entry::Told { id } => format!("told: {id}"),
        Entry::Suspended { seconds } => format!("the job was suspended for {}", human(seconds)),
        Entry::Signal { name } => format!("asked to stop by signal {name}"),
        Entry::RunEnded(end) => {
            let detail =
                if end.detail.is_empty() { String::new() } else { format!(": {}", end.detail) };
            // What ended it from outside, the scheduler knows.
            let status =
                if end.reason.is_none() && end.signal.is_some() { "stopped" } else { &end.status };
            format!("run {status}{detail}")
        }
    };
    let step = line.step.as_deref().map(|step| format!("{step}  ")).unwrap_or_default();
    Some(format!("{}  {}{}", line.time.strftime("%H:%M:%S"), clean(&step), clean(&what)))
}

/// Everything that the watch screen shows.
#[derive(Debug)]
pub struct Watch<'a> {
    /// The sprint, with its steps.
    pub sprint: &'a Sprint,
    /// The last events.
    pub events: &'a [Line],
    /// What only a screen needs.
    pub live: &'a Live,
    /// What went wrong with looking.
    pub problem: Option<&'a str>,
}

/// The watch screen.
pub fn watch(ui: &Ui, watch: &Watch<'_>, width: usize, height: usize) -> Vec<String> {
    let sprint = watch.sprint;
    let bold = ui.style().bold();
    let dim = ui.style().dim();
    let over = sprint.completed_at.is_some();
    let mut lines = Vec::new();
    let times = match sprint.running_seconds.flatten() {
        Some(elapsed) => format!(
            " {} · {} left",
            human(elapsed),
            human(sprint.time_limit_seconds.saturating_sub(elapsed))
        ),
        None => String::new(),
    };
    let head = format!(
        "{}  {} on {}",
        bold.apply_to(&sprint.id),
        clean(&sprint.study_name),
        place(sprint)
    );
    let state = format!("{}{times}", status(ui, sprint));
    let gap = width
        .saturating_sub(console::measure_text_width(&head) + console::measure_text_width(&state));
    if gap >= 2 {
        lines.push(format!("{head}{}{state}", " ".repeat(gap)));
    } else {
        lines.push(short(&head, width));
        lines.push(short(&state, width));
    }
    lines.push(
        dim.apply_to(short(
            &clean(sprint.idea.as_deref().unwrap_or("(the idea is made in the job)")),
            width,
        ))
        .to_string(),
    );
    lines.push(String::new());
    let shown = steps(ui, sprint.steps.as_deref().unwrap_or_default(), over, width);
    if shown.is_empty() {
        lines.push(format!("  {}", waiting(sprint)));
    }
    lines.extend(shown);
    lines.push(String::new());
    let quiet = match watch.live.quiet_seconds {
        Some(seconds) if !over => format!(" · last activity {} ago", human(seconds)),
        _ => String::new(),
    };
    lines.push(short(&format!("  {}{quiet}", costs(sprint)), width));
    if let Some(problem) = watch.problem.or(sprint.note.as_deref()) {
        lines.push(
            ui.style()
                .yellow()
                .apply_to(short(&format!("  {}", clean(problem)), width))
                .to_string(),
        );
    }
    let left = height.saturating_sub(lines.len() + 2);
    let events: Vec<String> = watch.events.iter().filter_map(event).collect();
    let progress = watch.live.progress.as_deref().map(clean_lines).unwrap_or_default();
    let half = (left / 2).max(3);
    // The last picture stays on the terminal: it is short.
    let event_room = half.saturating_sub(2).min(events.len()).min(if over { 4 } else { 20 });
    if event_room > 0 {
        lines.push(String::new());
        lines.push(bold.apply_to("  last events").to_string());
        lines.extend(
            events[events.len() - event_room..]
                .iter()
                .map(|event| short(&format!("  {event}"), width)),
        );
    }
    let progress: Vec<&String> = progress.iter().filter(|line| !line.is_empty()).collect();
    let progress_room =
        left.saturating_sub(event_room + 4).min(progress.len()).min(if over { 0 } else { 12 });
    if progress_room > 0 {
        lines.push(String::new());
        lines.push(bold.apply_to("  progress.md").to_string());
        lines.extend(
            progress[progress.len() - progress_room..]
                .iter()
                .map(|line| dim.apply_to(short(&format!("  {line}"), width)).to_string()),
        );
    }
    lines
}

fn waiting(sprint: &Sprint) -> String {
    match sprint.status {
        Status::Pending => "waits to be submitted".to_owned(),
        Status::Submitting => "is being submitted".to_owned(),
        Status::Submitted => "waits in the queue".to_owned(),
        Status::Running => "the job has started".to_owned(),
        Status::Cancelling => "is ending".to_owned(),
        Status::Parked => "waits for an answer".to_owned(),
        over @ (Status::Completed | Status::Failed | Status::Cancelled) => over.to_string(),
    }
}

/// What `sprint show` prints.
pub fn show(ui: &Ui, sprint: &Sprint, folder: &Path, what: &SprintNext) -> Vec<String> {
    let width = ui.width();
    let bold = ui.style().bold();
    let mut lines = vec![format!("{}  {}", bold.apply_to(&sprint.id), status(ui, sprint))];
    let mut fact = |name: &str, value: Option<String>| {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            lines.push(format!("{} {value}", padded(&format!("{name}:"), 12)));
        }
    };
    fact("study", Some(clean(&sprint.study_name)));
    let asks_for = match sprint.kind {
        SprintKind::Tweak => "instruction",
        SprintKind::Plan => "goal",
        SprintKind::Research => "idea",
    };
    fact(asks_for, sprint.idea.as_deref().map(clean));
    fact("cluster", Some(place(sprint)));
    fact("directory", Some(clean(&sprint.remote_dir)));
    fact("task", sprint.task_id.as_ref().map(TaskId::to_string));
    fact(
        if sprint.kind == SprintKind::Tweak { "changes" } else { "repeats" },
        sprint.parent.as_ref().map(SprintId::to_string),
    );
    fact("created", Some(time(&sprint.created_at)));
    fact("started", sprint.started_at.as_deref().map(time));
    fact("ended", sprint.completed_at.as_deref().map(time));
    fact("time limit", Some(human(sprint.time_limit_seconds)));
    fact("cost", Some(costs(sprint)));
    fact("", sprint.cost_unknown.as_deref().map(|why| format!("not known: {}", clean(why))));
    fact("used", sprint.spent.as_ref().map(used));
    let waits = if sprint.status == Status::Parked { "waits until" } else { "results" };
    let text = |until: &str| {
        if waits == "results" {
            format!("not fetched yet; next try {}", time(until))
        } else {
            time(until)
        }
    };
    fact(waits, sprint.waits_until.as_deref().map(text));
    fact("reset", sprint.resets_at.as_deref().map(time));
    fact("why", sprint.error.as_deref().map(clean));
    fact("note", sprint.note.as_deref().map(clean));
    let list = steps(
        ui,
        sprint.steps.as_deref().unwrap_or_default(),
        sprint.completed_at.is_some(),
        width,
    );
    if !list.is_empty() {
        lines.push(String::new());
        lines.extend(list);
    }
    if let Some(summary) = &sprint.summary {
        lines.push(String::new());
        lines.push(bold.apply_to("summary").to_string());
        lines.extend(
            clean_lines(summary)
                .iter()
                .flat_map(|line| wrap(line, width.saturating_sub(2)))
                .map(|line| format!("  {line}")),
        );
    }
    lines.extend(findings(ui, sprint, width));
    if let Some(Some(open)) = &sprint.open_issues {
        lines.push(String::new());
        lines.extend(open_issues(ui, open, width));
    }
    lines.extend(unusable(ui, sprint, width));
    let files = sprint.artifacts.as_deref().unwrap_or_default();
    if !files.is_empty() {
        lines.push(String::new());
        lines.push(bold.apply_to(format!("files in {}", folder.display())).to_string());
        for file in files.iter().take(30) {
            lines.push(format!("  {}  {}", padded(&clean(&file.filename), 32), bytes(file.size)));
        }
        if files.len() > 30 {
            lines.push(format!("  and {} more", files.len() - 30));
        }
    }
    lines.push(String::new());
    lines.push(format!(
        "{} {}",
        ui.style().cyan().bold().apply_to("next:"),
        next(sprint, what, folder)
    ));
    lines
}

/// What a sprint found, and its figures.
fn findings(ui: &Ui, sprint: &Sprint, width: usize) -> Vec<String> {
    let bold = ui.style().bold();
    let mut lines = Vec::new();
    let room = width.saturating_sub(2);
    if let Some(Some(finding)) = &sprint.finding {
        lines.push(String::new());
        let confidence = finding
            .confidence
            .map(|confidence| format!(", confidence {}", figure(confidence)))
            .unwrap_or_default();
        lines.push(format!(
            "{} {}{confidence}",
            bold.apply_to("finding:"),
            verdict(ui, finding.verdict)
        ));
        lines.extend(
            wrap(&clean(&finding.statement), room).into_iter().map(|line| format!("  {line}")),
        );
        let numbers: Vec<String> = finding
            .numbers
            .iter()
            .map(|(name, value)| format!("{} = {}", clean(name), figure(*value)))
            .collect();
        lines.extend(
            wrap(&numbers.join(", "), room)
                .into_iter()
                .filter(|line| !line.is_empty())
                .map(|line| format!("  {line}")),
        );
    }
    let metrics = sprint.metrics.as_deref().unwrap_or_default();
    if !metrics.is_empty() {
        lines.push(String::new());
        lines.push(bold.apply_to("metrics").to_string());
        let widest = metrics
            .iter()
            .map(|metric| console::measure_text_width(&metric.name))
            .max()
            .unwrap_or(0)
            .min(40);
        for metric in metrics {
            let source = if metric.source == Source::Evaluator { "  (evaluator)" } else { "" };
            let value = figure_of(metric.value, metric.spread, metric.n);
            let line = format!(
                "  {}  {value} {}{source}",
                padded(&clean(&metric.name), widest),
                clean(&metric.unit)
            );
            lines.push(short(line.trim_end(), width));
        }
    }
    lines
}

/// What the last review has against a result. The reviewer is a model: its words stand in quotation
/// marks, and are not ours.
pub fn open_issues(ui: &Ui, open: &OpenIssues, width: usize) -> Vec<String> {
    let mut lines = vec![
        ui.style()
            .red()
            .apply_to(short(&format!("  ! {} ({})", clean(&open.text), clean(&open.step)), width))
            .to_string(),
    ];
    for quote in &open.quotes {
        let said = format!("the reviewer: “{}”", clean(quote));
        lines.extend(
            wrap(&said, width.saturating_sub(4)).into_iter().map(|line| format!("    {line}")),
        );
    }
    lines
}

/// What of it could not be used.
fn unusable(ui: &Ui, sprint: &Sprint, width: usize) -> Vec<String> {
    let problems = sprint.unusable.as_deref().unwrap_or_default();
    if problems.is_empty() {
        return Vec::new();
    }
    let mut lines =
        vec![String::new(), ui.style().yellow().bold().apply_to("not usable").to_string()];
    lines.extend(
        problems
            .iter()
            .flat_map(|problem| wrap(&clean(problem), width.saturating_sub(2)))
            .map(|line| format!("  {line}")),
    );
    lines
}

/// A verdict with its colour.
pub fn verdict(ui: &Ui, verdict: Verdict) -> String {
    let style = match verdict {
        Verdict::Supported => ui.style().green(),
        Verdict::Refuted => ui.style().red(),
        Verdict::Inconclusive => ui.style().yellow(),
    };
    style.apply_to(verdict.as_str()).to_string()
}

/// What to do next, in commands. `folder`: where its files are.
pub fn next(sprint: &Sprint, next: &SprintNext, folder: &Path) -> String {
    let id = &sprint.id;
    let study = || shell_word(&clean(&sprint.study_name));
    match next {
        SprintNext::WaitForSlot => "`researchloop tick` submits it when a slot is free".to_owned(),
        SprintNext::WaitForLookUp => {
            "`researchloop tick` finds out whether the job was taken".to_owned()
        }
        SprintNext::WatchOrCancel => {
            format!("`researchloop sprint watch {id}`, or `researchloop sprint cancel {id}`")
        }
        SprintNext::WaitForEnd => format!("`researchloop sprint watch {id}` waits for the end"),
        SprintNext::Answer { message } => {
            format!("`researchloop reply {message} \"...\"`, or `researchloop sprint cancel {id}`")
        }
        SprintNext::WidenLimit { limit } => format!(
            "on hold: it {}. Raise the limit, then `researchloop tick` resumes it",
            clean(&Waiting::sentence(limit))
        ),
        SprintNext::WaitForGoingOn => {
            "it is answered: `researchloop tick` takes the answer to it and lets it go on"
                .to_owned()
        }
        SprintNext::TakePlan => {
            let study = study();
            format!("`researchloop plan -s {study} --from {id}` shows the plan, and adds its tasks")
        }
        SprintNext::Repair { step } => format!(
            "read {}, then run it again: `researchloop sprint resubmit {id}`; more `--rounds` leave time for a repair that is reviewed",
            folder.join(format!("{}.md", clean(step))).display()
        ),
        SprintNext::ReadReport { sprint } => format!(
            "read {}, then try the next idea: `researchloop sprint run \"...\" -s {}`",
            folder.with_file_name(sprint.as_str()).join("report.md").display(),
            study()
        ),
        SprintNext::Follow { advice } => clean(advice),
        SprintNext::ReadLog => format!("`researchloop sprint log {id}`"),
        SprintNext::ShowLoops => "`researchloop loop list` shows what its loop does".to_owned(),
        SprintNext::Resubmit => format!("`researchloop sprint resubmit {id}` runs it again"),
    }
}
