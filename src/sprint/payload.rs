//! What a job is given: the bundle, the scheduler's lines, the environment.

use std::collections::BTreeMap;

use super::error::SubmitError;
use super::ideas::idea_request;
use super::install_runner::{self, RunnerHere};
use super::options::options_of;
use super::request::Request;
use crate::app::App;
use crate::bundle::context;
use crate::bundle::formats::{Agent, Bundle, EvaluatorCommand};
use crate::bundle::script::{self, ScriptFacts};
use crate::bundle::{FORMAT_VERSION, prompts, templates};
use crate::config::{Cluster, SessionMode, Study};
use crate::domain::JobOptions;
use crate::domain::allowance::{Allowance, lesser};
use crate::scheduler::{self, JobRequest};
use crate::store::{SprintRow, Store, job_name};
use crate::study::{MetricSpec, Program};

/// Everything that a submission is made of.
pub(super) struct JobPayload {
    /// What the job unpacks.
    pub bundle: Bundle,
    /// The environment, as its private file holds it.
    pub environment: Vec<u8>,
    options: JobOptions,
    max_cost_usd: Option<f64>,
    /// Context files that were named but are not there.
    pub missing_context: Vec<String>,
    /// Context files of which a part is still a template.
    pub unfilled_context: Vec<String>,
}

impl JobPayload {
    /// Lets the job have this and no more.
    pub fn bound(&mut self, allowance: Allowance) {
        self.bundle.seconds = allowance.seconds;
        self.bundle.agent.max_cost_usd = lesser(self.max_cost_usd, allowance.budget_usd);
    }

    /// The job script of this attempt.
    pub fn script(&self, cluster: &Cluster, row: &SprintRow, runner: &str, attempt: u32) -> String {
        let name = job_name(&row.id, attempt);
        let job = JobRequest { name: &name, seconds: self.bundle.seconds, options: &self.options };
        let kind = scheduler::scheduler(cluster.scheduler);
        let directives = kind.directives(&job);
        let (dir, runner) =
            (install_runner::shell_path(&row.remote_dir), install_runner::shell_path(runner));
        let facts = ScriptFacts {
            directives: &directives,
            dir: &dir,
            runner: &runner,
            attempt,
            job_id: kind.job_id(),
        };
        script::render(&self.bundle, &facts)
    }

    /// The variables of the account's environment that its options overrule.
    pub fn overruled(&self, cluster: &Cluster) -> Vec<String> {
        scheduler::scheduler(cluster.scheduler).overruled(&self.options)
    }
}

/// Makes everything that a submission needs from this machine, or says what is wrong with it.
pub(super) fn prepare(
    app: &App,
    store: &Store,
    cluster: &Cluster,
    row: &SprintRow,
) -> Result<(JobPayload, RunnerHere), SubmitError> {
    let study = app.config.study(&row.study)?;
    let path = app
        .runner_here(cluster)
        .map_err(|error| SubmitError::File(format!("cannot find the runner: {error}")))?;
    let runner = RunnerHere::read(path.clone()).map_err(|error| {
        SubmitError::File(format!("cannot read the runner {}: {error}", path.display()))
    })?;
    Ok((payload(app, store, study, cluster, row)?, runner))
}

/// Makes the payload from the configuration, the study's files and the database.
pub(super) fn payload(
    app: &App,
    store: &Store,
    study: &Study,
    cluster: &Cluster,
    row: &SprintRow,
) -> Result<JobPayload, SubmitError> {
    let request = Request::read(&row.request);
    let task = row.task.as_ref().map(|task| store.task(task)).transpose()?.flatten();
    let context = context::assemble(&app.config, cluster, study, app.clock.now())?;
    let options = options_of(cluster, study, &request);
    let templates = prompts_of(app).map_err(SubmitError::File)?;
    let session = match study.red_team_session {
        SessionMode::Shared => "shared",
        SessionMode::Fresh => "fresh",
    };
    let rounds = request.rounds.unwrap_or(study.red_team_max_rounds);
    let settings = BTreeMap::from([
        ("red_team_max_rounds".to_owned(), rounds.to_string()),
        ("red_team_session".to_owned(), session.to_owned()),
    ]);
    let bundle = Bundle {
        v: FORMAT_VERSION,
        sprint_id: row.id.to_string(),
        study: row.study.clone(),
        cluster: row.cluster.clone(),
        scheduler: cluster.scheduler.as_str().to_owned(),
        idea: row.idea.clone(),
        context: context.text,
        pipeline: match (&request.tweak, &request.plan) {
            (Some(_), _) => templates::TWEAK_PIPELINE,
            (None, Some(_)) => templates::PLAN_PIPELINE,
            (None, None) => templates::PIPELINE,
        }
        .to_owned(),
        settings,
        templates,
        agent: Agent {
            command: app.config.claude_command_for(study, cluster),
            model: request.model.clone().or_else(|| study.model.clone()),
            max_cost_usd: lesser(study.max_cost_usd, row.budget_usd),
            retry_delays: cluster.retry_delays.clone(),
        },
        seconds: row.seconds,
        warn_idle_gpus: cluster.warn_idle_gpus,
        idea_request: idea_request(
            store,
            row,
            &Program::load(&app.config, study, app.clock.now()).guidance,
        )?,
        done_when: task.as_ref().map(|task| task.done_when.clone()).unwrap_or_default(),
        // Only a person or a file of one can have given it: the database takes it from nobody else.
        verify: task.map(|task| task.verify).unwrap_or_default(),
        evaluator: evaluator(app, study),
        tweak: request.tweak,
        plan: request.plan,
    };
    let variables: Vec<(&str, &str)> =
        cluster.environment.iter().map(|(name, value)| (name.as_str(), value.reveal())).collect();
    let environment = serde_json::to_vec(&variables).unwrap_or_default();
    Ok(JobPayload {
        bundle,
        environment,
        options,
        max_cost_usd: study.max_cost_usd,
        missing_context: context.missing,
        unfilled_context: context.unfilled,
    })
}

/// The project's prompt templates. One that cannot be rendered would be found out in the job, when
/// money is spent already.
pub(super) fn prompts_of(app: &App) -> Result<BTreeMap<String, String>, String> {
    let templates = templates::skills(&app.config.root).map_err(|error| error.to_string())?;
    prompts::check(&templates).map_err(|error| {
        format!("{error}; it is in {}", app.config.root.join("templates").join("skills").display())
    })?;
    Ok(templates)
}

/// What measures the results of a study's sprints.
fn evaluator(app: &App, study: &Study) -> Option<EvaluatorCommand> {
    let MetricSpec { name, better, evaluator } =
        Program::load(&app.config, study, app.clock.now()).metric?;
    Some(EvaluatorCommand { command: evaluator?, metric: name, better: better.as_str().to_owned() })
}
