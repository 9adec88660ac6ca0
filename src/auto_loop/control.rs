//! What people do with loops: start, edit, stop, resume.

use jiff::Timestamp;

use super::advance::stops;
use crate::app::App;
use crate::config::{Study, UnknownName};
use crate::domain::action::Action;
use crate::domain::auto_loop::{Limits, StopRule, Target, parse_until};
use crate::domain::{Better, LoopId, figure_name, text};
use crate::platform::random;
use crate::problem::{Problem, ProblemKind};
use crate::sprint::{self, CreateError, NewSprintSpec, Request};
use crate::store::{Change, LoopRow, Store, StoreError, completed_count};
use crate::study::Program;

/// How many sprints a loop makes when nobody says.
const COUNT: u32 = 3;
const MAX_COUNT: u32 = 10_000;
const MAX_PARALLEL: u32 = 1000;
const MAX_GUIDANCE: usize = 64 * 1024;

/// What is wanted of a loop. What is `None` comes from the study's program.md, or is left as it is.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Order {
    /// How many sprints are to complete.
    pub count: Option<u32>,
    /// What the user wants of it.
    pub guidance: Option<String>,
    /// US dollars. In this and the next four, `none` removes the limit.
    pub max_cost_usd: Option<String>,
    /// GPUs times hours.
    pub max_gpu_hours: Option<String>,
    /// See [`parse_until`].
    pub until: Option<String>,
    /// See [`Target::parse`].
    pub target: Option<String>,
    /// Measured sprints without an improvement.
    pub patience: Option<String>,
    /// Sprints at once.
    pub parallel: Option<u32>,
    /// Whether a person agrees to each idea.
    pub approve: Option<bool>,
    /// Whether only tasks of the backlog are tried.
    pub tasks_only: Option<bool>,
}

/// What is asked of the jobs, and what is to change in the order.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Edit {
    /// The order's changes.
    pub order: Order,
    /// What changes in what is asked of the next jobs.
    pub request: Request,
}

/// Why a loop cannot be had, or changed.
#[derive(Debug, thiserror::Error)]
pub enum LoopError {
    /// No such study.
    #[error(transparent)]
    Unknown(#[from] UnknownName),
    /// The study does not want loops.
    #[error("the study {0} does not allow loops: its allow_loop is false")]
    NotAllowed(String),
    /// A limit that makes no sense.
    #[error("{0}")]
    Limit(String),
    /// The study's program.md is not understood: a limit may stand in what is not.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Program(Vec<crate::study::Mistake>),
    /// A limit that is reached already.
    #[error("{} would stop at once: {why}", id.as_ref().map_or("the loop", LoopId::as_str))]
    Reached {
        /// The loop; none if it was to be made.
        id: Option<LoopId>,
        /// The study.
        study: String,
        /// Which rule.
        rule: StopRule,
        /// Why, for people.
        why: String,
    },
    /// It is in another state.
    #[error("{id} is {status}")]
    State {
        /// The loop.
        id: LoopId,
        /// How it stands.
        status: &'static str,
    },
    /// Its sprints could not be made.
    #[error(transparent)]
    Create(#[from] CreateError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<LoopError> for Problem {
    fn from(error: LoopError) -> Self {
        let text = error.to_string();
        match error {
            LoopError::Unknown(error) => error.into(),
            LoopError::Create(error) => error.into(),
            LoopError::Store(error) => error.into(),
            LoopError::Limit(_) => Self::new(ProblemKind::Usage, text),
            LoopError::Program(_) => Self::failed(text).hint("put the study's program.md right: what is not understood there may be a limit"),
            LoopError::NotAllowed(_) => Self::new(ProblemKind::Conflict, text).hint("set `allow_loop = true` in that [[study]]"),
            LoopError::State { .. } => Self::new(ProblemKind::Conflict, text).hint(format!("`{}` shows how loops stand", Action::ListLoops)),
            LoopError::Reached { id, study, rule, .. } => Self::new(ProblemKind::Limit, text).hint(match (rule.study_key(), rule.widened_by(), id) {
                (Some(key), ..) => {
                    let show = Action::ShowStudy { study: study.clone() };
                    format!("raise `{key}` of the study {study}, or wait for what is reserved; `{show}` shows it")
                }
                (None, Some(with), Some(id)) => format!("`{}` goes on, within a wider limit", Action::ResumeLoop { id: id.to_string(), with }),
                (None, Some(with), None) => format!("start it with a wider limit: {}", Action::StartWith { with }),
                (None, None, Some(id)) => format!("`{}` shows what happened", Action::ShowLoop { id: id.to_string() }),
                (None, None, None) => format!("`{}` shows how it stands", Action::ShowStudy { study }),
            }),
        }
    }
}

/// Reads an order over what is known: the program's limits for a new loop, its own for one that
/// is edited.
pub fn check_order(
    study: &Study,
    program: &Program,
    order: &Order,
    known: Option<&Limits>,
    now: Timestamp,
) -> Result<Limits, LoopError> {
    let wrong = |text: String| LoopError::Limit(text);
    let from_program = &program.limits;
    let metric = program.metric.as_ref();
    let study_metric = metric.map(|metric| (metric.name.as_str(), metric.better == Better::Higher));
    let mut limits = match known {
        Some(known) => known.clone(),
        None => Limits {
            count: from_program.count.unwrap_or(COUNT),
            max_cost_usd: from_program.max_cost_usd,
            max_gpu_hours: from_program.max_gpu_hours,
            until: from_program.until,
            target: program.target.clone(),
            patience: from_program.patience,
            parallel: 1,
            approve: false,
            tasks_only: false,
        },
    };
    if let Some(count) = order.count {
        limits.count = count;
    }
    change_limit(&mut limits.max_cost_usd, "--max-cost", order.max_cost_usd.as_deref(), amount)?;
    change_limit(
        &mut limits.max_gpu_hours,
        "--max-gpu-hours",
        order.max_gpu_hours.as_deref(),
        amount,
    )?;
    change_limit(&mut limits.until, "--until", order.until.as_deref(), |text| {
        parse_until(text, now.as_second())
    })?;
    change_limit(&mut limits.target, "--target", order.target.as_deref(), |text| {
        Target::parse(text, study_metric)
    })?;
    change_limit(&mut limits.patience, "--patience", order.patience.as_deref(), |text| {
        text.parse()
            .ok()
            .filter(|count| *count > 0)
            .ok_or_else(|| "expected a whole number from 1".to_owned())
    })?;
    limits.parallel = order.parallel.unwrap_or(limits.parallel);
    limits.approve = order.approve.unwrap_or(limits.approve);
    limits.tasks_only = order.tasks_only.unwrap_or(limits.tasks_only);
    if !(1..=MAX_COUNT).contains(&limits.count) {
        return Err(wrong(format!("-n: expected a number from 1 to {MAX_COUNT}")));
    }
    if !(1..=MAX_PARALLEL).contains(&limits.parallel) {
        return Err(wrong(format!("--parallel: expected a number from 1 to {MAX_PARALLEL}")));
    }
    if limits.patience.is_some() && metric.is_none() {
        return Err(wrong(format!(
            "--patience: the study {} declares no metric to judge by; set its `metric` and `metric_better`",
            study.name
        )));
    }
    if (known.is_none() || order.until.is_some())
        && limits.until.is_some_and(|until| until <= now.as_second())
    {
        return Err(wrong("--until: that time is over".to_owned()));
    }
    Ok(limits)
}

fn amount(text: &str) -> Result<f64, String> {
    let text = text.trim().trim_start_matches('$');
    text.parse::<f64>()
        .ok()
        .filter(|value| value.is_finite() && *value > 0.0)
        .ok_or_else(|| "expected a number above 0".to_owned())
}

/// Sets a limit, or removes it when the text is `none`.
fn change_limit<T>(
    limit: &mut Option<T>,
    flag: &str,
    text: Option<&str>,
    read: impl FnOnce(&str) -> Result<T, String>,
) -> Result<(), LoopError> {
    match text {
        None => {}
        Some("none") => *limit = None,
        Some(text) => {
            *limit =
                Some(read(text).map_err(|why| LoopError::Limit(format!("{flag} {text}: {why}")))?)
        }
    }
    Ok(())
}

fn guidance(text: &str) -> Result<String, LoopError> {
    let text = text::block(text.trim());
    if text.len() > MAX_GUIDANCE {
        return Err(LoopError::Limit(format!(
            "the guidance is {} bytes; at most {MAX_GUIDANCE}",
            text.len()
        )));
    }
    Ok(text)
}

/// Whether jobs of this kind can be made at all, and GPU-hours be counted where they are limited.
fn check_jobs(
    app: &App,
    study: &Study,
    request: &Request,
    limits: &Limits,
) -> Result<(), LoopError> {
    sprint::check(
        app,
        &NewSprintSpec {
            idea: None,
            ..NewSprintSpec::new(study.name.as_str(), "", request.clone())
        },
    )?;
    let limited = limits.max_gpu_hours.is_some() || study.max_study_gpu_hours.is_some();
    if limited && sprint::gpus_of(app, study, request).is_none() {
        return Err(LoopError::Limit(
            "GPU-hours are limited, but it cannot be told how many GPUs the jobs ask for: on Grid Engine, name the resource with the cluster's \
             `gpu_resource`; on SLURM, write `gres=gpu:N` or `gpus=N`"
                .to_owned(),
        ));
    }
    Ok(())
}

/// What a study is after, if there is no mistake in it.
fn understood(app: &App, study: &Study) -> Result<Program, LoopError> {
    let program = Program::load(&app.config, study, app.clock.now());
    if program.mistakes.is_empty() {
        Ok(program)
    } else {
        Err(LoopError::Program(program.mistakes))
    }
}

/// Whether a new target can be meant so, as far as the study's sprints tell.
fn check_target(
    change: &Change<'_>,
    study: &str,
    program: &Program,
    target: Option<&Target>,
) -> Result<(), LoopError> {
    let Some(target) = target else { return Ok(()) };
    let doubt = doubt_in(program, target, &reported(change, study, &target.metric)?);
    doubt.map(drop).map_err(|why| LoopError::Limit(format!("--target {why}")))
}

/// What sprints of a study have reported; of the figures of this name also which way they get better,
/// if they say that.
fn reported(
    change: &Change<'_>,
    study: &str,
    name: &str,
) -> Result<Vec<(String, Option<bool>)>, StoreError> {
    let rows = change.metric_history(study, name)?;
    let better = rows
        .iter()
        .rev()
        .find_map(|row| Better::parse(&row.better))
        .map(|better| better == Better::Higher);
    let names = change.metric_names(study)?.into_iter();
    Ok(names
        .map(|(known, _)| (better.filter(|_| figure_name::is_same(&known, name)), known))
        .map(|(better, known)| (known, better))
        .collect())
}

fn doubt_in(
    program: &Program,
    target: &Target,
    reported: &[(String, Option<bool>)],
) -> Result<Option<String>, String> {
    let own = program
        .metric
        .as_ref()
        .map(|metric| (metric.name.as_str(), metric.better == Better::Higher));
    target.check(own, reported)
}

/// What is probably not as it was meant in a loop's limits, a sentence each: nothing is reported under
/// the name of its target, or of the metric by which its patience is judged.
pub fn doubts(app: &App, store: &mut Store, row: &LoopRow) -> Result<Vec<String>, LoopError> {
    let program = Program::load(&app.config, app.config.study(&row.study)?, app.clock.now());
    let change = store.change()?;
    let reported = reported(
        &change,
        &row.study,
        row.limits.target.as_ref().map_or("", |target| &target.metric),
    )?;
    let mut doubts = Vec::new();
    if let Some(target) = &row.limits.target {
        doubts.extend(
            doubt_in(&program, target, &reported)
                .unwrap_or_else(Some)
                .map(|why| format!("the target {why}")),
        );
    }
    let judged = row.limits.patience.is_some() || row.limits.target.is_some();
    if let Some(metric) = program
        .metric
        .as_ref()
        .filter(|metric| judged && metric.evaluator.is_none() && !reported.is_empty())
        && !reported.iter().any(|(name, _)| figure_name::is_same(name, &metric.name))
    {
        let meant =
            figure_name::meant(&metric.name, reported.iter().map(|(name, _)| name.as_str()));
        let meant = meant.map(|near| format!("; did you mean {near}?")).unwrap_or_default();
        doubts.push(format!(
            "no sprint of the study {} has reported its metric {}{meant}",
            row.study, metric.name
        ));
    }
    Ok(doubts)
}

/// Makes a loop. Ticks begin its sprints.
pub fn start(
    app: &App,
    store: &mut Store,
    study: &str,
    order: &Order,
    request: &Request,
) -> Result<LoopId, LoopError> {
    let study = app.config.study(study)?;
    if !study.allow_loop {
        return Err(LoopError::NotAllowed(study.name.to_string()));
    }
    let program = understood(app, study)?;
    let limits = check_order(study, &program, order, None, app.clock.now())?;
    check_jobs(app, study, request, &limits)?;
    let guidance = guidance(order.guidance.as_deref().unwrap_or_default())?;
    let text = serde_json::to_string(request).unwrap_or_default();
    loop {
        let Ok(id) = LoopId::new(&random::short_id("loop")) else { continue };
        let change = store.change()?;
        check_target(&change, study.name.as_str(), &program, limits.target.as_ref())?;
        if !change.create_loop(&id, study.name.as_str(), &guidance, &text, &limits)? {
            continue;
        }
        let row = change
            .one_loop(&id)?
            .ok_or_else(|| LoopError::State { id: id.clone(), status: "not there" })?;
        if let Some((rule, why)) = stops(app, &change, &row, study)? {
            return Err(LoopError::Reached { id: None, study: row.study, rule, why });
        }
        change.commit()?;
        return Ok(id);
    }
}

/// Changes what a loop does from now on.
pub fn edit(app: &App, store: &mut Store, id: &LoopId, edit: &Edit) -> Result<LoopRow, LoopError> {
    let change = store.change()?;
    let row = edit_in(app, &change, id, edit)?;
    change.commit()?;
    Ok(row)
}

fn edit_in(app: &App, change: &Change<'_>, id: &LoopId, edit: &Edit) -> Result<LoopRow, LoopError> {
    let gone = || LoopError::State { id: id.clone(), status: "not there" };
    let row = change.one_loop(id)?.ok_or_else(gone)?;
    let study = app.config.study(&row.study)?;
    let program = understood(app, study)?;
    let limits = check_order(study, &program, &edit.order, Some(&row.limits), change.now())?;
    if edit.order.target.is_some() {
        check_target(change, &row.study, &program, limits.target.as_ref())?;
    }
    let done = completed_count(&row, &change.loop_sprints(id)?);
    if edit.order.count.is_some() && limits.count < done {
        return Err(LoopError::Limit(format!("-n: {done} sprints have completed already")));
    }
    let cluster = app.config.cluster(study.cluster.as_str())?;
    let request = Request::read(&row.request)
        .except(&edit.request, |one, other| sprint::is_same_option(cluster, one, other));
    check_jobs(app, study, &request, &limits)?;
    let guidance = match &edit.order.guidance {
        Some(text) => guidance(text)?,
        None => row.guidance,
    };
    change.edit_loop(
        id,
        &guidance,
        &serde_json::to_string(&request).unwrap_or_default(),
        &limits,
    )?;
    change.one_loop(id)?.ok_or_else(gone)
}

/// Lets a loop run again, perhaps within wider limits. Nothing that it has used or done is forgotten.
pub fn resume(
    app: &App,
    store: &mut Store,
    id: &LoopId,
    edit: &Edit,
) -> Result<LoopRow, LoopError> {
    let change = store.change()?;
    if !change.resume_loop(id)? {
        return Err(LoopError::State {
            id: id.clone(),
            status: change.one_loop(id)?.map_or("not there", |row| row.status.as_str()),
        });
    }
    let row = edit_in(app, &change, id, edit)?;
    let study = app.config.study(&row.study)?;
    if !study.allow_loop {
        return Err(LoopError::NotAllowed(study.name.to_string()));
    }
    // A rule that still holds would end it at once: better to say so, and change nothing.
    if let Some((rule, why)) = stops(app, &change, &row, study)? {
        return Err(LoopError::Reached { id: Some(id.clone()), study: row.study, rule, why });
    }
    change.commit()?;
    Ok(row)
}
