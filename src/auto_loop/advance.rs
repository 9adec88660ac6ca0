//! Decides for each running loop what comes next, and does it.

use crate::app::App;
use crate::config::Study;
use crate::domain::action::{Action, LoopOption};
use crate::domain::allowance::as_f64;
use crate::domain::auto_loop::{
    Attempt, AttemptState, Left, Limits, Next, Remark, Situation, StopRule, Target, Unused, Used,
    fingerprint, next, objection, remark,
};
use crate::domain::leaderboard::{Entry, Repeats, Series, Told, repeats, series};
use crate::domain::noise::{self, Better, Measured, steps};
use crate::domain::scale::Scale;
use crate::domain::transition::Event;
use crate::domain::{
    LoopId, LoopStatus, NoticeKind, Source, SprintId, Status, TaskState, Waiting, figure_name, task,
};
use crate::sprint::{self, NewSprintSpec, Request};
use crate::store::{Change, LoopRow, LoopSprint, MetricRow, Store, StoreError};
use crate::study::Program;

/// What became of the loops.
#[derive(Debug, Clone, Default)]
pub struct Advanced {
    /// Sprints that were made: id and cluster. They are pending.
    pub made: Vec<(SprintId, String)>,
    /// Loops that ended: id and why.
    pub ended: Vec<(LoopId, String)>,
    /// What went wrong, one sentence each.
    pub problems: Vec<String>,
}

/// Advances every running loop. One that cannot be advanced holds up no other.
pub fn advance_all(app: &App, store: &mut Store) -> Result<Advanced, StoreError> {
    let mut advanced = Advanced::default();
    for id in store.running_loops()? {
        let id = match id {
            Ok(id) => id,
            Err(mistake) => {
                advanced.problems.push(format!("a loop in the database: {mistake}"));
                continue;
            }
        };
        match advance_one(app, store, &id, &mut advanced) {
            Ok(()) => {}
            Err(error @ (StoreError::Busy | StoreError::Full)) => return Err(error),
            Err(error) => advanced.problems.push(format!("{id}: {error}")),
        }
    }
    Ok(advanced)
}

/// Advances one loop as far as it goes now.
pub fn advance_one(
    app: &App,
    store: &mut Store,
    id: &LoopId,
    advanced: &mut Advanced,
) -> Result<(), StoreError> {
    // Each sprint is made in a transaction of its own: what stands is never half.
    loop {
        let change = store.change()?;
        let Some(row) = change.one_loop(id)?.filter(|row| row.status == LoopStatus::Running) else {
            return Ok(());
        };
        let (step, remark) = match app.config.study(&row.study) {
            Ok(study) => (step(app, &change, &row, study)?, remark_on(app, &change, &row, study)?),
            Err(error) => {
                let stop = Action::StopLoop { id: id.to_string() };
                (Step::Note(format!("{error}; put the study back, or `{stop}`"), true), None)
            }
        };
        let more = matches!(step, Step::Made(..));
        let with = |text: &str| match &remark {
            None => text.to_owned(),
            Some(remark) if text.is_empty() => remark.text.clone(),
            Some(remark) => format!("{text}; {}", remark.text),
        };
        match step {
            Step::Made(sprint, cluster) => {
                change.set_loop_note(id, &with(""))?;
                advanced.made.push((sprint, cluster));
            }
            Step::Note(note, is_problem) => {
                change.set_loop_note(id, &with(&note))?;
                if is_problem {
                    advanced.problems.push(format!("{id}: {note}"));
                }
            }
            Step::Ended(rule, why) => {
                let why = if rule == StopRule::Target { why } else { with(&why) };
                end(&change, id, rule, &why)?;
                advanced.ended.push((id.to_owned(), why));
            }
        }
        // The end of a loop says it, too.
        if let Some(Remark { subject, text }) = remark.filter(|_| {
            change
                .one_loop(id)
                .is_ok_and(|row| row.is_some_and(|row| row.status == LoopStatus::Running))
        }) {
            let hint = format!(
                "`{}` shows it; `{}` changes the target",
                Action::ShowLoop { id: id.to_string() },
                Action::EditLoop { id: id.to_string(), with: LoopOption::Target }
            );
            let data = serde_json::json!({ "loop_id": id, "study_name": row.study, "detail": text, "hint": hint });
            change.notice(&format!("loop_note:{id}:{subject}"), NoticeKind::LoopNote, &data)?;
        }
        change.commit()?;
        if !more {
            return Ok(());
        }
    }
}

/// Ends a loop, and takes back its sprints of which no job was sent yet.
pub(super) fn end(
    change: &Change<'_>,
    id: &LoopId,
    rule: StopRule,
    why: &str,
) -> Result<(), StoreError> {
    if change.end_loop(id, rule, why)? {
        for sprint in change
            .loop_sprints(id)?
            .iter()
            .filter(|sprint| sprint.status == Status::Pending && !sprint.had_job)
        {
            change.apply(&sprint.id, Event::CancelAsked)?;
        }
    }
    Ok(())
}

enum Step {
    Made(SprintId, String),
    Note(String, bool),
    Ended(StopRule, String),
}

fn step(app: &App, change: &Change<'_>, row: &LoopRow, study: &Study) -> Result<Step, StoreError> {
    if !study.allow_loop {
        return Ok(Step::Ended(
            StopRule::NotAllowed,
            format!("allow_loop of the study {} is false now", study.name),
        ));
    }
    let sprints = change.loop_sprints(&row.id)?;
    let program = Program::load(&app.config, study, change.now());
    if let Some(mistake) = program.mistakes.first() {
        // What was meant as a limit may stand there.
        return Ok(Step::Note(
            format!("nothing is begun before this is put right: {mistake}"),
            true,
        ));
    }
    let (next, objection) = asked(app, change, row, study, &program, &sprints, |situation| {
        (next(situation), objection(situation))
    })?;
    let (budget_usd, seconds) = match next {
        Next::Stop(rule, why) => return Ok(Step::Ended(rule, why)),
        Next::Wait(why) => {
            // What holds back a sprint that it has made says more than that there is one.
            let held_back =
                sprints.iter().any(|sprint| sprint.status == Status::Pending && !sprint.had_job);
            let why = match objection.filter(|_| held_back) {
                Some(Next::Wait(backoff)) => backoff,
                _ => waiting(change, &sprints)?.unwrap_or(why),
            };
            return Ok(Step::Note(why, false));
        }
        Next::Begin { budget_usd, seconds } => (budget_usd, seconds),
    };
    let live = sprints.iter().any(|sprint| !sprint.status.is_terminal());
    let ready = change.next_ready(&row.study)?;
    if ready.is_none() {
        // A claim may have ended without a word: what it kept from being skipped would block for ever.
        change.settle_graph(&row.study)?;
        let counts = change.task_counts(Some(&row.study))?;
        let of = |states: &[TaskState]| {
            counts
                .iter()
                .filter(|(state, _)| states.contains(state))
                .map(|(_, count)| count)
                .sum::<u64>()
        };
        let open =
            of(&[TaskState::Blocked, TaskState::Claimed, TaskState::Running, TaskState::Waiting]);
        if row.limits.tasks_only && open == 0 && !live {
            return Ok(Step::Ended(
                StopRule::BacklogDone,
                "every task of the backlog has ended".to_owned(),
            ));
        }
        // What was planned comes before what a job may think of: tasks that will be ready without anybody
        // doing something are waited for.
        let comes = of(&[TaskState::Waiting]) > 0
            || (of(&[TaskState::Running]) > 0 && of(&[TaskState::Blocked]) > 0);
        if row.limits.tasks_only || comes {
            let unknown = change.waits_for_verdicts(&row.study)?;
            let verdicts = if unknown > 0 {
                format!(
                    ", {unknown} of them for a verdict that a person must say: `{}`",
                    Action::ShowInbox
                )
            } else {
                String::new()
            };
            return Ok(Step::Note(
                format!(
                    "no task is ready now, {open} open{verdicts}: `{}`",
                    Action::ListTasks { all: false }
                ),
                false,
            ));
        }
    }
    let request = Request::read(&row.request);
    let request = Request { seconds: seconds.or(request.seconds), ..request };
    let wanted = NewSprintSpec {
        study: &row.study,
        idea: ready.as_ref().map(|task| task.idea.as_str()),
        request,
        parent: None,
        task: ready.as_ref().map(|task| &task.id),
        loop_id: Some(&row.id),
        budget_usd,
        shortened: seconds.is_some(),
    };
    let id = match sprint::create_in(app, change, &wanted) {
        Ok(id) => id,
        Err(sprint::CreateError::Store(error)) => return Err(error),
        Err(error) => return Ok(Step::Note(format!("no sprint can be made: {error}"), true)),
    };
    if let Some(task) = &ready {
        // It was ready a moment ago, in this very change.
        change.claim_for_sprint(&task.id, &id)?;
    }
    Ok(Step::Made(id, study.cluster.to_string()))
}

/// What is decided of a loop as it stands at this moment.
fn asked<T>(
    app: &App,
    change: &Change<'_>,
    row: &LoopRow,
    study: &Study,
    program: &Program,
    sprints: &[LoopSprint],
    decide: impl FnOnce(&Situation<'_>) -> T,
) -> Result<T, StoreError> {
    let attempts = attempts(change, row, program, sprints)?;
    Ok(decide(&situation_of(app, change, row, study, &Request::read(&row.request), &attempts)?))
}

/// What people should know of a loop's target.
fn remark_on(
    app: &App,
    change: &Change<'_>,
    row: &LoopRow,
    study: &Study,
) -> Result<Option<Remark>, StoreError> {
    let Some(target) = &row.limits.target else { return Ok(None) };
    let attempts = attempts(
        change,
        row,
        &Program::load(&app.config, study, change.now()),
        &change.loop_sprints(&row.id)?,
    )?;
    let reported: Vec<String> =
        change.metric_names(&row.study)?.into_iter().map(|(name, _)| name).collect();
    Ok(remark(target, &attempts, &reported))
}

/// The rule that would end this loop at once, if there is one.
pub(super) fn stops(
    app: &App,
    change: &Change<'_>,
    row: &LoopRow,
    study: &Study,
) -> Result<Option<(StopRule, String)>, StoreError> {
    let (program, sprints) =
        (Program::load(&app.config, study, change.now()), change.loop_sprints(&row.id)?);
    Ok(match asked(app, change, row, study, &program, &sprints, next)? {
        Next::Stop(rule, why) => Some((rule, why)),
        _ => None,
    })
}

/// Whether a sprint of this loop that never had a job may have one now. A rule that holds by now ends
/// the loop, and takes such sprints back.
pub fn may_begin(app: &App, store: &mut Store, id: &LoopId) -> Result<bool, StoreError> {
    let change = store.change()?;
    let Some(row) = change.one_loop(id)?.filter(|row| row.status == LoopStatus::Running) else {
        return Ok(true);
    };
    let Ok(study) = app.config.study(&row.study) else { return Ok(false) };
    let program = Program::load(&app.config, study, change.now());
    // The loop says so itself when it is advanced.
    if !study.allow_loop || !program.mistakes.is_empty() {
        return Ok(false);
    }
    match asked(app, &change, &row, study, &program, &change.loop_sprints(id)?, objection)? {
        None => return Ok(true),
        Some(Next::Stop(rule, why)) => end(&change, id, rule, &why)?,
        Some(Next::Wait(why)) => change.set_loop_note(id, &why)?,
        Some(Next::Begin { .. }) => {}
    }
    change.commit()?;
    Ok(false)
}

/// What a person should know of the sprints that a loop waits for.
fn waiting(change: &Change<'_>, sprints: &[LoopSprint]) -> Result<Option<String>, StoreError> {
    let mut answered = None;
    for sprint in sprints.iter().filter(|sprint| sprint.status == Status::Parked) {
        if change.waits_for_person(&sprint.id)? {
            return Ok(Some(format!("{} waits for an answer: `{}`", sprint.id, Action::ShowInbox)));
        }
        answered = answered.or_else(|| {
            Some(match &sprint.limit_reason {
                Some(why) => format!("{} {}", sprint.id, Waiting::sentence(why)),
                None => format!(
                    "{} is answered, and goes on with a tick that reaches its cluster",
                    sprint.id
                ),
            })
        });
    }
    Ok(answered)
}

/// The values of a metric over a study's sprints, in the order of time, repeats of a task together.
#[derive(Default)]
struct History {
    rows: Vec<MetricRow>,
    /// Of those that count: that can be compared, and have nothing against them.
    repeats: Vec<Repeats>,
    /// What is against each of the others, with its value on the scale if it has one.
    against: Vec<Option<(String, Option<f64>)>>,
    scale: Option<Scale>,
}

impl History {
    fn new(name: &str, rows: Vec<MetricRow>) -> Self {
        let (against, repeats, scale) = {
            let Series { entries, scale, .. } =
                series(name, &rows.iter().map(MetricRow::told).collect::<Vec<Told<'_>>>());
            let (counting, of): (Vec<usize>, Vec<Entry<'_>>) = entries
                .iter()
                .enumerate()
                .filter(|(_, entry)| entry.counts())
                .map(|(at, entry)| (at, entry.clone()))
                .unzip();
            let mut repeats = repeats(&of);
            for repeat in &mut repeats {
                repeat.entries =
                    repeat.entries.iter().filter_map(|at| counting.get(*at).copied()).collect();
            }
            let against = rows.iter().zip(&entries).map(|(row, entry)| {
                match (&entry.apart, &row.open_issues) {
                    (Some(why), _) => Some((why.clone(), None)),
                    (None, Some(open)) => Some((
                        format!("after its last review, {}", open.text),
                        Some(entry.measured.value),
                    )),
                    (None, None) => None,
                }
            });
            (against.collect(), repeats, scale)
        };
        Self { rows, repeats, against, scale: Some(scale) }
    }

    /// Those among which this sprint is, the how manyth they are, and whether it was the first of them.
    fn of(&self, sprint: &SprintId) -> Option<(usize, &Repeats, bool)> {
        let at = self.at(sprint)?;
        let (index, repeats) =
            self.repeats.iter().enumerate().find(|(_, repeats)| repeats.entries.contains(&at))?;
        Some((index, repeats, repeats.entries.first() == Some(&at)))
    }

    fn at(&self, sprint: &SprintId) -> Option<usize> {
        self.rows.iter().position(|row| row.sprint_id == *sprint)
    }

    /// What a sprint has come to, in the target's unit, and what does not count of that.
    fn towards(&self, sprint: &SprintId, target: &Target) -> (Option<Measured>, Option<Unused>) {
        let Some((at, scale)) = self.at(sprint).zip(self.scale.as_ref()) else {
            return (None, None);
        };
        let factor = scale.factor_of(target.value, &target.unit, target.higher);
        let shown = || {
            self.rows.get(at).map_or_else(String::new, |row| {
                format!("{} {}", row.value, row.unit).trim().to_owned()
            })
        };
        match (self.against.get(at).cloned().flatten(), factor) {
            (Some((why, value)), factor) => {
                let would_reach = value
                    .zip(factor.ok())
                    .map(|(value, factor)| target.is_reached_by(value / factor));
                (None, Some(Unused { shown: shown(), would_reach, why }))
            }
            (None, Err(why)) => (None, Some(Unused { shown: shown(), would_reach: None, why })),
            (None, Ok(factor)) => {
                let measured = self.of(sprint).map(|(_, repeats, _)| repeats.measured);
                let in_its_unit = |Measured { value, n, spread }| Measured {
                    value: value / factor,
                    n,
                    spread: spread.map(|spread| spread / factor),
                };
                (measured.map(in_its_unit), None)
            }
        }
    }
}

fn attempts(
    change: &Change<'_>,
    row: &LoopRow,
    program: &Program,
    sprints: &[LoopSprint],
) -> Result<Vec<Attempt>, StoreError> {
    let metric = program.metric.as_ref();
    let history_of = |name: &str| -> Result<History, StoreError> {
        // Where the study's own command measures a figure, what an agent says of it decides nothing.
        let measures = metric.is_some_and(|metric| {
            figure_name::is_same(&metric.name, name) && metric.evaluator.is_some()
        });
        let mut rows = change.metric_history(&row.study, name)?;
        rows.retain(|row| !measures || row.source == Source::Evaluator);
        Ok(History::new(name, rows))
    };
    let target = row.limits.target.as_ref();
    let targets = target.map(|target| history_of(&target.metric)).transpose()?.unwrap_or_default();
    let (history, better) = match (&metric, row.limits.patience) {
        (Some(metric), Some(_)) => (history_of(&metric.name)?, metric.better),
        _ => (History::default(), Better::Higher),
    };
    let measured: Vec<Measured> = history.repeats.iter().map(|one| one.measured).collect();
    let steps = steps(better, &measured);
    // What cannot be believed has brought no improvement, and sets no bar. What cannot be compared says
    // nothing either way.
    let is_doubted = |sprint: &SprintId| {
        history
            .at(sprint)
            .is_some_and(|at| matches!(history.against.get(at), Some(Some((_, Some(_))))))
    };
    let attempt = |sprint: &LoopSprint| Attempt {
        id: sprint.id.clone(),
        is_judged: !sprint.forgiven,
        made: sprint.made,
        state: match sprint.status {
            Status::Completed => {
                let (target_value, unused) =
                    target.map_or((None, None), |target| targets.towards(&sprint.id, target));
                let step = history
                    .of(&sprint.id)
                    .filter(|(.., is_first)| *is_first)
                    .and_then(|(index, ..)| steps.get(index).copied());
                AttemptState::Completed {
                    target_value,
                    unused,
                    step: step.or_else(|| is_doubted(&sprint.id).then_some(noise::Step::Nothing)),
                }
            }
            Status::Failed => AttemptState::Failed {
                infrastructure: sprint
                    .reason
                    .is_some_and(|reason| task::is_infrastructure(reason, sprint.scheduler)),
                shared: sprint
                    .reason
                    .is_some_and(|reason| task::is_shared(reason, sprint.scheduler)),
                known: sprint.known,
                fingerprint: fingerprint(
                    sprint.reason.map_or("failed", |reason| reason.as_str()),
                    sprint.phase.as_deref(),
                    &sprint.detail,
                ),
                ended: seconds_of(sprint.completed_at.as_deref()),
                exhausted: sprint.exhausted,
                reset: sprint.reason.and_then(|reason| {
                    task::reset_time(reason, sprint.resets_at, change.now().as_second())
                }),
            },
            // Jobs that find nothing new are no success, and must not go on for ever.
            Status::Cancelled if sprint.repeats.is_some() => AttemptState::Failed {
                infrastructure: true,
                shared: true,
                known: sprint.known,
                fingerprint: "its idea repeats an earlier one".to_owned(),
                ended: seconds_of(sprint.completed_at.as_deref()),
                exhausted: false,
                reset: None,
            },
            Status::Cancelled => {
                sprint.none_left.clone().map_or(AttemptState::Cancelled, AttemptState::NoneLeft)
            }
            _ if sprint.limit_reason.is_some() => AttemptState::Held,
            _ => AttemptState::Live,
        },
    };
    Ok(sprints.iter().map(attempt).collect())
}

fn seconds_of(time: Option<&str>) -> i64 {
    time.and_then(|time| time.parse::<jiff::Timestamp>().ok()).map_or(0, jiff::Timestamp::as_second)
}

/// What has been used of what, at this moment.
fn situation_of<'a>(
    app: &App,
    change: &Change<'_>,
    row: &'a LoopRow,
    study: &Study,
    request: &Request,
    attempts: &'a [Attempt],
) -> Result<Situation<'a>, StoreError> {
    let own = change.money_of_loop(&row.id)?;
    let whole = change.money_of_study(&row.study)?;
    let limits: &Limits = &row.limits;
    let left = |max: f64, used: f64, reserved: f64| Left {
        unspent: max - used,
        free: max - used - reserved,
    };
    let (gpu_used, gpu_reserved) = (as_f64(whole.gpu_seconds), as_f64(whole.reserved_gpu_seconds));
    Ok(Situation {
        limits,
        attempts,
        forgotten: row.forgotten,
        money: Used { spent: own.cost_usd, reserved: own.reserved_usd },
        gpu_seconds: Used {
            spent: as_f64(own.gpu_seconds),
            reserved: as_f64(own.reserved_gpu_seconds),
        },
        study_money: study
            .max_study_cost_usd
            .map(|max| left(max, whole.cost_usd, whole.reserved_usd)),
        study_gpu: study.max_study_gpu_hours.map(|max| left(max * 3600.0, gpu_used, gpu_reserved)),
        sprint_max_usd: study.max_cost_usd,
        gpu_unknown: if study.max_study_gpu_hours.is_some() {
            whole.gpu_unknown
        } else {
            own.gpu_unknown
        },
        gpus: sprint::gpus_of(app, study, request),
        seconds: request.seconds.unwrap_or(study.max_sprint_duration),
        now: change.now().as_second(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::TaskId;

    #[test]
    fn a_repeat_counts_with_what_it_repeats_and_is_no_attempt_of_its_own() {
        let row = |id: &str, task: &str, value: f64| MetricRow {
            sprint_id: SprintId::of(id),
            loop_id: None,
            task: Some(TaskId::of(task)),
            idea: None,
            value,
            unit: String::new(),
            better: String::new(),
            n: None,
            spread: None,
            source: Source::Agent,
            claimed: None,
            claimed_unit: String::new(),
            verdict: None,
            open_issues: None,
            completed_at: String::new(),
        };
        let history = History::new(
            "x",
            vec![
                row("sp-00000a", "t-000001", 0.5),
                row("sp-00000b", "t-000002", 0.8),
                row("sp-00000c", "t-000001", 0.7),
            ],
        );
        let of = |id: &str| {
            history.of(&SprintId::of(id)).map(|(index, repeats, is_first)| {
                (index, repeats.measured.value, repeats.measured.n, is_first)
            })
        };
        assert_eq!(
            (of("sp-00000a"), of("sp-00000c")),
            (Some((0, 0.6, Some(2), true)), Some((0, 0.6, Some(2), false)))
        );
        assert_eq!((of("sp-00000b"), of("sp-00000d")), (Some((1, 0.8, None, true)), None));
    }
}
