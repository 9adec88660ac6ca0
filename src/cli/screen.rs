//! What a sprint looks like: pure functions from what is known to lines.

use std::path::Path;

use super::answer::answer;
use super::live;
use super::render::Render;
use super::text::{
    self, bytes, clean, clean_lines, count, figure, money, padded, shell_word, short, time_and_age,
    whole_cost, wrap,
};
use super::tone::Tone;
use super::ui::Ui;
use crate::bundle::journal::{Entry, Line, is_within_limit};
use crate::domain::duration::human;
use crate::domain::{
    MessageId, OpenIssues, SprintId, SprintKind, Status, StepState, TaskId, Verdict, Waiting,
};
use crate::tick::Live;
use crate::view::{More, OneSprint, Sprint, SprintNext, Step, Usage};

/// The status of a sprint with its color.
pub fn status(ui: &Ui, sprint: &Sprint) -> String {
    let text = text::status(sprint.status, beside(sprint));
    ui.paint(tone(sprint.status), clean(&text))
}

/// The same without what stands beside it.
pub fn status_alone(ui: &Ui, sprint: &Sprint) -> String {
    ui.paint(tone(sprint.status), sprint.status)
}

/// The step that runs, or the reason, or what it waits for.
pub fn beside(sprint: &Sprint) -> Option<&str> {
    match (&sprint.phase, sprint.reason) {
        (Some(phase), _) => Some(phase.as_str()),
        (None, Some(reason)) => Some(reason.as_str()),
        (None, None) => sprint.waits_for.as_ref().map(MessageId::as_str),
    }
}

fn tone(status: Status) -> Tone {
    match status {
        Status::Completed => Tone::Good,
        Status::Failed => Tone::Bad,
        Status::Running => Tone::Active,
        Status::Parked => Tone::Attention,
        Status::Cancelled => Tone::Faint,
        Status::Pending | Status::Submitting | Status::Submitted | Status::Cancelling => {
            Tone::Plain
        }
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
            StepState::Yes | StepState::No => ("✔", ui.tone(Tone::Good)),
            StepState::Error => ("✘", ui.tone(Tone::Bad)),
            StepState::Interrupted => ("!", ui.tone(Tone::Attention)),
            StepState::Running => ("▶", ui.tone(Tone::Active).bold()),
            // What was never needed is not shown once it is over.
            _ if over => continue,
            _ => ("·", ui.tone(Tone::Faint)),
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
        Entry::Gpus { seen, .. } => format!("GPUs: {}", seen.now()),
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
    Some(format!("{}  {}{}", text::local(line.time, "%H:%M:%S"), clean(&step), clean(&what)))
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
    lines.push(short(&format!("  {}{}{quiet}", costs(sprint), live::pace(sprint)), width));
    lines.extend(live::lines(ui, watch, over, width));
    if let Some(problem) = watch.problem.or(sprint.note.as_deref()) {
        lines.push(ui.paint(Tone::Attention, short(&format!("  {}", clean(problem)), width)));
    }
    let left = height.saturating_sub(lines.len() + 2);
    let events: Vec<String> = watch.events.iter().filter_map(event).collect();
    let progress = watch.live.progress.as_deref().map(clean_lines).unwrap_or_default();
    let half = (left / 2).max(3);
    // The last picture stays on the terminal: it is short.
    let event_room = half.saturating_sub(2).min(events.len()).min(if over { 4 } else { 20 });
    if event_room > 0 {
        lines.push(String::new());
        lines.push(bold.apply_to(format!("  last events ({})", text::zone(ui.now()))).to_string());
        lines.extend(
            events[events.len() - event_room..]
                .iter()
                .map(|event| short(&format!("  {event}"), width)),
        );
    }
    let output = watch.live.output.as_deref().map(clean_lines).unwrap_or_default();
    let used = if event_room > 0 { event_room + 2 } else { 0 };
    let room = if over { 0 } else { left.saturating_sub(used) };
    lines.extend(live::tails(
        ui,
        &[("output.log", &output), ("progress.md", &progress)],
        room,
        width,
    ));
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

/// What `sprint show` prints: the answer, then all that is known.
pub fn show(ui: &Ui, shown: &OneSprint, folder: &Path) -> Vec<String> {
    let (sprint, what) = (&shown.sprint, &shown.next);
    let width = ui.width();
    let bold = ui.style().bold();
    let mut lines = answer(ui, shown, folder);
    lines.push(String::new());
    let mut fact = |name: &str, value: Option<String>| {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            lines.push(format!("{} {value}", padded(&format!("{name}:"), 12)));
        }
    };
    let time = |text: &str| time_and_age(text, ui.now());
    fact("study", Some(clean(&sprint.study_name)));
    fact("cluster", Some(place(sprint)));
    fact("directory", Some(clean(&sprint.remote_dir)));
    fact("task", sprint.task_id.as_ref().map(TaskId::to_string));
    fact(
        if sprint.kind == SprintKind::Tweak { "changes" } else { "repeats" },
        sprint.parent.as_ref().map(SprintId::to_string),
    );
    fact("created", Some(time(&sprint.created_at)));
    fact("started", sprint.started_at.as_deref().map(text::time));
    fact("ended", sprint.completed_at.as_deref().map(text::time));
    fact("time limit", Some(human(sprint.time_limit_seconds)));
    fact("cost", Some(costs(sprint)));
    fact("", sprint.cost_unknown.as_deref().map(|why| format!("not known: {}", clean(why))));
    fact("used", sprint.spent.as_ref().map(used));
    if let Some(Some(gpus)) = &sprint.gpus {
        let is_over = sprint.completed_at.is_some();
        let now = || format!("{} ({})", gpus.seen.now(), text::age(&gpus.at, ui.now()));
        fact("GPUs", Some(clean(&if is_over { gpus.seen.in_all() } else { now() })));
    }
    let waits = if sprint.status == Status::Parked { "waits until" } else { "results" };
    let shown_until = |until: &str| {
        if waits == "results" {
            format!("not fetched yet; next try {}", text::time(until))
        } else {
            text::time(until)
        }
    };
    fact(waits, sprint.waits_until.as_deref().map(shown_until));
    fact("reset", sprint.resets_at.as_deref().map(text::time));
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
    lines.extend(numbers(ui, sprint, width));
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
    let what = wrap(&next(sprint, what, folder), width.saturating_sub(6).max(20));
    for (at, line) in what.iter().enumerate() {
        let mark = ui.tone(Tone::Active).bold().apply_to("next:").to_string();
        lines.push(if at == 0 { format!("{mark} {line}") } else { format!("      {line}") });
    }
    lines
}

/// The numbers that its finding rests on.
fn numbers(ui: &Ui, sprint: &Sprint, width: usize) -> Vec<String> {
    let Some(Some(finding)) = &sprint.finding else { return Vec::new() };
    if finding.numbers.is_empty() {
        return Vec::new();
    }
    let numbers = finding.numbers.iter();
    let numbers: Vec<String> =
        numbers.map(|(name, value)| format!("{} = {}", clean(name), figure(*value))).collect();
    let mut lines = vec![String::new(), ui.style().bold().apply_to("numbers").to_string()];
    let wrapped = wrap(&numbers.join(", "), width.saturating_sub(2));
    lines.extend(wrapped.into_iter().map(|line| format!("  {line}")));
    lines
}

/// What the last review has against a result. The reviewer is a model: its words stand in quotation
/// marks, and are not ours.
pub fn open_issues(ui: &Ui, open: &OpenIssues, width: usize) -> Vec<String> {
    let mut lines = vec![ui.paint(
        Tone::Attention,
        short(&format!("  ! {} ({})", clean(&open.text), clean(&open.step)), width),
    )];
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
        vec![String::new(), ui.tone(Tone::Attention).bold().apply_to("not usable").to_string()];
    lines.extend(
        problems
            .iter()
            .flat_map(|problem| wrap(&clean(problem), width.saturating_sub(2)))
            .map(|line| format!("  {line}")),
    );
    lines
}

/// A verdict with its color.
pub fn verdict(ui: &Ui, verdict: Verdict) -> String {
    let tone = match verdict {
        Verdict::Supported => Tone::Good,
        Verdict::Refuted => Tone::Refuted,
        Verdict::Inconclusive => Tone::Plain,
    };
    ui.paint(tone, verdict.as_str())
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
        SprintNext::ResubmitWith { more: More::Time(seconds) } => {
            let time = if seconds % 3600 == 0 {
                format!("{}h", seconds / 3600)
            } else {
                format!("{}m", seconds.div_ceil(60))
            };
            format!("`researchloop sprint resubmit {id} --time {time}` gives it twice the time")
        }
        SprintNext::ResubmitWith { more: More::Option(option, value) } => {
            let option = shell_word(&clean(&format!("{option}={value}")));
            format!("`researchloop sprint resubmit {id} -o {option}` gives it twice the memory")
        }
        SprintNext::Follow { advice } => clean(advice),
        SprintNext::ReadLog => format!("`researchloop sprint log {id}`"),
        SprintNext::ShowLoops => "`researchloop loop list` shows what its loop does".to_owned(),
        SprintNext::Resubmit => format!("`researchloop sprint resubmit {id}` runs it again"),
    }
}
