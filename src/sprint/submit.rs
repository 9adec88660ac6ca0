//! Submits a sprint: one connection, one request; two when the runner has to be sent.
//!
//! The row says `submitting` before anything is sent. Whatever happens then, the next try
//! looks for a job of this name first, on the cluster, in the same request that would submit.

use std::collections::BTreeMap;

use super::create::{ClusterError, Request, cluster_of, options_of};
use super::ideas::idea_request;
use super::place::{self, RunnerHere};
use crate::app::{App, holder, is_gone};
use crate::bundle::context::{self, ContextError};
use crate::bundle::formats::{Agent, Bundle, EvaluatorCommand};
use crate::bundle::script::{self, ScriptFacts};
use crate::bundle::{FORMAT_VERSION, templates};
use crate::config::{Cluster, SessionMode, Study, UnknownName};
use crate::domain::transition::Event;
use crate::domain::{Ending, JobId, Reason, State};
use crate::platform::clock;
use crate::remote::{Payload, Remote, RemoteError, Script};
use crate::scheduler::{self, JobRequest, Submission};
use crate::store::{SprintRow, Store, StoreError, job_name};
use crate::study::{MetricSpec, Program};

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Submitted {
    /// The scheduler has the job.
    Job(JobId),
    /// All slots of the cluster are in use: it waits for a later tick.
    Waits(String),
    /// A job may exist: a later tick looks it up.
    Unclear(String),
    /// Nothing was sent: it waits for a later tick.
    NotSent(String),
    /// The scheduler refused it; the sprint has failed.
    Refused(String),
    /// Somebody else is submitting it, or it is not there to be submitted.
    NotNow(String),
}

/// Why it was not even tried.
#[derive(Debug, thiserror::Error)]
pub enum SubmitError {
    /// The configuration does not know the study or the cluster any more.
    #[error(transparent)]
    Unknown(#[from] UnknownName),
    /// Its cluster cannot be asked.
    #[error(transparent)]
    Cluster(#[from] ClusterError),
    /// The context.
    #[error(transparent)]
    Context(#[from] ContextError),
    /// A file of this machine.
    #[error("{0}")]
    File(String),
    /// The way to the cluster. Nothing was sent.
    #[error(transparent)]
    Remote(#[from] RemoteError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What would be sent.
#[derive(Debug, Clone)]
pub struct DryRun {
    /// The job script, with the bundle left out.
    pub script: String,
    /// The sprint's directory on the cluster.
    pub remote_dir: String,
    /// How large the script is.
    pub script_bytes: usize,
    /// The steps and their prompts, as far as they are known now.
    pub prompts: Vec<(String, String)>,
    /// Names of the environment variables that are sent beside the script.
    pub environment: Vec<String>,
    /// Context files that were named but are not there.
    pub missing_context: Vec<String>,
}

/// Everything that a submission is made of.
struct Parts {
    bundle: Bundle,
    directives: Vec<String>,
    environment: Vec<u8>,
    missing_context: Vec<String>,
}

fn parts(app: &App, store: &Store, study: &Study, cluster: &Cluster, row: &SprintRow, name: &str) -> Result<Parts, SubmitError> {
    let request: Request = serde_json::from_str(&row.request).unwrap_or_default();
    let task = row.task.as_deref().map(|task| store.task(task)).transpose()?.flatten();
    let context = context::assemble(&app.config, cluster, study)?;
    let options = options_of(cluster, study, &request);
    let directives = scheduler::scheduler(cluster.scheduler).directives(&JobRequest { name, seconds: row.seconds, options: &options });
    let session = match study.red_team_session {
        SessionMode::Shared => "shared",
        SessionMode::Fresh => "fresh",
    };
    let rounds = request.rounds.unwrap_or(study.red_team_max_rounds);
    let settings = BTreeMap::from([("red_team_max_rounds".to_owned(), rounds.to_string()), ("red_team_session".to_owned(), session.to_owned())]);
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
        templates: templates::skills(&app.config.root).map_err(|error| SubmitError::File(error.to_string()))?,
        agent: Agent {
            command: app.config.claude_command_for(study, cluster),
            model: request.model.clone().or_else(|| study.model.clone()),
            max_cost_usd: lesser(study.max_cost_usd, row.budget_usd),
            retry_delays: cluster.retry_delays.clone(),
        },
        seconds: row.seconds,
        idea_request: idea_request(store, row, &Program::load(&app.config, study).guidance)?,
        done_when: task.as_ref().map(|task| task.done_when.clone()).unwrap_or_default(),
        // Only a person or a file of one can have given it: the database takes it from nobody else.
        verify: task.map(|task| task.verify).unwrap_or_default(),
        evaluator: evaluator(app, study),
        tweak: request.tweak,
        plan: request.plan,
    };
    let variables: Vec<(&str, &str)> = cluster.environment.iter().map(|(name, value)| (name.as_str(), value.reveal())).collect();
    let environment = serde_json::to_vec(&variables).unwrap_or_default();
    Ok(Parts { bundle, directives, environment, missing_context: context.missing })
}

/// What measures the results of a study's sprints.
fn evaluator(app: &App, study: &Study) -> Option<EvaluatorCommand> {
    let MetricSpec { name, better, evaluator } = Program::load(&app.config, study).metric?;
    Some(EvaluatorCommand { command: evaluator?, metric: name, better: better.as_str().to_owned() })
}

/// The lesser of two limits, of which each may be absent.
fn lesser(one: Option<f64>, other: Option<f64>) -> Option<f64> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

/// Shows what a submission would send, and contacts nothing.
pub fn dry_run(app: &App, store: &Store, row: &SprintRow) -> Result<DryRun, SubmitError> {
    let study = app.config.study(&row.study)?;
    let cluster = cluster_of(app, row)?;
    let parts = parts(app, store, study, cluster, row, &job_name(row.id.as_str(), 1))?;
    let runner = format!("{}/.researchloop/bin/SHA256", cluster.working_dir.trim_end_matches('/'));
    let facts =
        ScriptFacts { directives: &parts.directives, dir: &place::shell_path(&row.remote_dir), runner: &place::shell_path(&runner), attempt: 1 };
    let whole = script::render(&parts.bundle, &facts);
    let prompts = script::first_prompts(&parts.bundle, &row.remote_dir).map_err(SubmitError::File)?;
    Ok(DryRun {
        script_bytes: whole.len(),
        script: script::without_bundle(&whole),
        remote_dir: row.remote_dir.clone(),
        prompts,
        environment: cluster.environment.iter().map(|(name, _)| name.clone()).collect(),
        missing_context: parts.missing_context,
    })
}

/// Submits the sprint. `remote` leads to its cluster.
pub fn submit(app: &App, store: &mut Store, remote: &mut dyn Remote, id: &str) -> Result<Submitted, SubmitError> {
    let not_now = |text: &str| Ok(Submitted::NotNow(text.to_owned()));
    let Some(row) = store.sprint(id)? else { return not_now("there is no such sprint") };
    let study = app.config.study(&row.study)?;
    let cluster = cluster_of(app, &row)?;
    let runner_path = app.runner_here(cluster).map_err(|error| SubmitError::File(format!("cannot find the runner: {error}")))?;
    let runner = RunnerHere::read(runner_path.clone())
        .map_err(|error| SubmitError::File(format!("cannot read the runner {}: {error}", runner_path.display())))?;
    // Rendered before anything changes: what cannot be made is not begun.
    let attempt_if_new = row.attempt + u32::from(row.state != State::Submitting);
    let name = job_name(id, attempt_if_new);
    let parts = parts(app, store, study, cluster, &row, &name)?;

    let lease_name = format!("submit:{id}");
    let now = clock::now().as_second();
    let seconds = i64::try_from(cluster.command_timeout * 3 + cluster.connect_timeout + 60).unwrap_or(600);
    let change = store.change()?;
    let lease = match change.take_lease(&lease_name, &holder(), now, seconds, is_gone)? {
        Ok(lease) => lease,
        Err(other) => return not_now(&format!("{other} is submitting it")),
    };
    let Some(row) = change.sprint(id)? else { return not_now("there is no such sprint") };
    let mode = match row.state {
        State::Submitting => Mode::Again,
        State::Cancelling { job: None, .. } if row.attempt > 0 => Mode::LookOnly,
        State::Pending | State::Parked { .. } => {
            if change.jobs_out(cluster.name.as_str())? >= cluster.max_concurrent_jobs {
                let max = cluster.max_concurrent_jobs;
                change.give_back(&lease)?;
                change.set_note(id, "waits for a free slot")?;
                change.commit()?;
                return Ok(Submitted::Waits(format!("{max} of {max} allowed jobs of the cluster {} are queued or running", cluster.name)));
            }
            Mode::Fresh
        }
        _ => return not_now(&format!("it is {}", row.state.status())),
    };
    let attempt = if mode == Mode::Fresh { change.begin_submission(id, "")?.unwrap_or(row.attempt + 1) } else { row.attempt };
    change.commit()?;

    // An earlier request is looked up once, before anything is sent again.
    let known = if mode == Mode::Fresh { Ok(None) } else { look(app, remote, cluster, &row, &runner, attempt, mode) };
    let mut outcome = match known {
        Ok(Some(known)) => Ok(known),
        Ok(None) => send(app, remote, cluster, &row, &parts, &runner, attempt, mode, false),
        Err(error) => Err(error),
    };
    if let Ok(Sent::NeedsRunner) = outcome {
        outcome = send(app, remote, cluster, &row, &parts, &runner, attempt, mode, true);
    }
    let change = store.change()?;
    let result = record(&change, id, attempt, mode == Mode::Fresh, outcome);
    change.give_back(&lease)?;
    change.commit()?;
    result
}

/// What may be done on the far side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// Nothing was ever sent: submit.
    Fresh,
    /// It was sent, and no answer came: look first, submit when there is nothing.
    Again,
    /// The same, but the sprint is to end: look, and submit nothing.
    LookOnly,
}

/// What the far side did.
enum Sent {
    NeedsRunner,
    Nothing,
    Problem(String),
    Told { submission: Submission, dir: String, runner: String },
}

fn record(
    change: &crate::store::Change<'_>,
    id: &str,
    attempt: u32,
    fresh: bool,
    outcome: Result<Sent, RemoteError>,
) -> Result<Submitted, SubmitError> {
    let refuse = |why: String, hint: &str| -> Result<Submitted, SubmitError> {
        change.apply(id, Event::Over(Ending::failed(Reason::SubmitFailed, why.clone(), hint.replace("ID", id))))?;
        Ok(Submitted::Refused(why))
    };
    let unclear = |why: String| -> Result<Submitted, SubmitError> {
        change.set_note(id, &format!("a job may exist: {why}"))?;
        Ok(Submitted::Unclear(why))
    };
    match outcome {
        Ok(Sent::Told { submission: Submission::Accepted(job), dir, runner }) => {
            change.accept(id, attempt, &job, &dir)?;
            change.set_runner(id, &runner)?;
            Ok(Submitted::Job(job))
        }
        Ok(Sent::Told { submission: Submission::Refused(why), .. }) => {
            refuse(why, "correct what the scheduler complains about (job options, account, partition), then `researchloop sprint resubmit ID`")
        }
        // Something is wrong with the folders there, and an earlier request may have brought a job.
        Ok(Sent::Problem(why)) if !fresh => unclear(why),
        Ok(Sent::Problem(why)) => refuse(why, "`researchloop cluster check` looks at the cluster; then `researchloop sprint resubmit ID`"),
        Ok(Sent::Told { submission: Submission::NotSent(why), .. }) if fresh => {
            change.undo_submission(id, attempt)?;
            change.set_note(id, &why)?;
            Ok(Submitted::NotSent(why))
        }
        Ok(Sent::Told { submission: Submission::NotSent(why) | Submission::Unclear(why), .. }) => unclear(why),
        Ok(Sent::Nothing) => {
            change.apply(id, Event::Over(Ending::cancelled("cancelled before a job was submitted")))?;
            Ok(Submitted::NotNow("it is cancelled".to_owned()))
        }
        Ok(Sent::NeedsRunner) => {
            refuse("the runner could not be placed".to_owned(), "`researchloop cluster setup NAME`, then `researchloop sprint resubmit ID`")
        }
        Err(error) if error.may_have_run() => unclear(error.to_string()),
        Err(error) => {
            if fresh {
                change.undo_submission(id, attempt)?;
            }
            change.set_note(id, &error.to_string())?;
            // The change stands: that nothing was sent is certain.
            Ok(Submitted::NotSent(error.to_string()))
        }
    }
}

#[expect(clippy::too_many_arguments, reason = "one request is made of all of them")]
fn send(
    app: &App,
    remote: &mut dyn Remote,
    cluster: &Cluster,
    row: &SprintRow,
    parts: &Parts,
    runner: &RunnerHere,
    attempt: u32,
    mode: Mode,
    with_runner: bool,
) -> Result<Sent, RemoteError> {
    let kind = scheduler::scheduler(cluster.scheduler);
    let name = job_name(row.id.as_str(), attempt);
    let runner_path = format!("{}/.researchloop/bin/{}", cluster.working_dir.trim_end_matches('/'), runner.hash);
    let facts =
        ScriptFacts { directives: &parts.directives, dir: &place::shell_path(&row.remote_dir), runner: &place::shell_path(&runner_path), attempt };
    let job_script = script::render(&parts.bundle, &facts);

    let mut script = Script::new();
    place::find_runner(&mut script, cluster, runner);
    if with_runner {
        place::send_runner(&mut script, runner);
    }
    script
        .set("DIR", &row.remote_dir)
        .set("RL_NAME", &name)
        .set("ATTEMPT", &attempt.to_string())
        .set("MODE", if mode == Mode::Fresh { "fresh" } else { "again" })
        .plain(r#"RL_DIR=$(rl_home "$DIR")"#)
        .section("place", r#"[ "$RL_GO" = 1 ] || { echo "$RL_WHY"; exit 3; }; mkdir -p "$RL_DIR/.researchloop" "$RL_DIR/results""#)
        .section_with_input("env", Payload::Bytes(parts.environment.clone()), RECEIVE_ENVIRONMENT)
        .section_with_input("script", Payload::Bytes(job_script.into_bytes()), RECEIVE_SCRIPT)
        .section("dir", r#"cd "$RL_DIR" && pwd -P"#)
        .section("path", r#"printf '%s\n' "$RL_RUNNER""#)
        .section_of("submit", &[IN_PLACE, LOOK_UP_BEFORE, kind.look_up(), LOOK_UP_AFTER, SUBMIT_BEFORE, kind.submit(), SUBMIT_AFTER]);
    let reply = remote.run(script, app.limits(cluster))?;
    let text = |name: &str| reply.section(name).map(|section| section.text().trim().to_owned()).unwrap_or_default();
    let status = |name: &str| reply.section(name).map_or(-1, |section| section.status);

    if status("place") == 3 && text("place") == "absent" && !with_runner {
        return Ok(Sent::NeedsRunner);
    }
    if status("place") == 3 {
        let (why, said) = (place::explain(&text("place"), runner, cluster), text("runner"));
        return Ok(Sent::Problem(if said.is_empty() { why } else { format!("{why}: {said}") }));
    }
    for step in ["place", "env", "script", "dir"] {
        if status(step) != 0 {
            return Ok(Sent::Problem(format!("cannot prepare {} on {}: {}", row.remote_dir, cluster.name, text(step))));
        }
    }
    let (dir, path) = (text("dir"), text("path"));
    let told = |submission: Submission| Ok(Sent::Told { submission, dir: dir.clone(), runner: path.clone() });
    if status("submit") == LOOK_UP_FAILED {
        return told(Submission::Unclear(format!("the look-up of an earlier job failed: {}", text("submit"))));
    }
    told(kind.read_submission(status("submit"), &text("submit")))
}

/// Looks for a job of an earlier request, and changes nothing on the way: a disk that the job has
/// filled must not keep us from finding it. None when there is no job, and one may be submitted.
fn look(
    app: &App,
    remote: &mut dyn Remote,
    cluster: &Cluster,
    row: &SprintRow,
    runner: &RunnerHere,
    attempt: u32,
    mode: Mode,
) -> Result<Option<Sent>, RemoteError> {
    let kind = scheduler::scheduler(cluster.scheduler);
    let mut script = Script::new();
    place::find_runner(&mut script, cluster, runner);
    script
        .set("DIR", &row.remote_dir)
        .set("RL_NAME", &job_name(row.id.as_str(), attempt))
        .set("ATTEMPT", &attempt.to_string())
        .set("MODE", if mode == Mode::LookOnly { "look" } else { "again" })
        .plain(r#"RL_DIR=$(rl_home "$DIR")"#)
        .section("dir", r#"cd "$RL_DIR" 2>/dev/null && pwd -P || printf '%s\n' "$RL_DIR""#)
        .section("path", r#"printf '%s\n' "$RL_RUNNER""#)
        .section_of("look", &[LOOK_BEFORE, LOOK_UP_BEFORE, kind.look_up(), LOOK_UP_AFTER, "\nexit 95"]);
    let reply = remote.run(script, app.limits(cluster))?;
    let text = |name: &str| reply.section(name).map(|section| section.text().trim().to_owned()).unwrap_or_default();
    let told = |submission: Submission| Some(Sent::Told { submission, dir: text("dir"), runner: text("path") });
    let known = text("look").lines().rev().find_map(|line| JobId::parse(line.trim()));
    Ok(match (reply.section("look").map_or(-1, |section| section.status), known) {
        (0, Some(job)) => told(Submission::Accepted(job)),
        (NOTHING_FOUND, _) if mode == Mode::LookOnly => Some(Sent::Nothing),
        (NOTHING_FOUND, _) => None,
        _ => told(Submission::Unclear(format!("the look-up of an earlier job failed: {}", text("look")))),
    })
}

const RECEIVE_ENVIRONMENT: &str = r#"
[ "$RL_GO" = 1 ] || exit 3
cat >"$RL_DIR/.researchloop/env.new" && [ "$(wc -c <"$RL_DIR/.researchloop/env.new")" -eq "$RL_LEN" ] && mv -f "$RL_DIR/.researchloop/env.new" "$RL_DIR/.researchloop/env""#;

/// The size is checked, so that neither a full disk nor a cut connection leaves half a script.
const RECEIVE_SCRIPT: &str = r#"
[ "$RL_GO" = 1 ] || exit 3
new=$RL_DIR/.researchloop/script.new
cat >"$new" && [ "$(wc -c <"$new")" -eq "$RL_LEN" ] && chmod 700 "$new" && mv -f "$new" "$RL_DIR/run_sprint.sh""#;

/// The exit status of a submission whose look-up got no healthy answer: nothing was submitted.
const LOOK_UP_FAILED: i32 = 94;
/// The exit status of a look-up that found no job, where none is to be submitted.
const NOTHING_FOUND: i32 = 95;

/// A submission needs its folder and its script.
const IN_PLACE: &str = r#"cd "$RL_DIR" 2>/dev/null && [ "$RL_GO" = 1 ] && [ -f run_sprint.sh ] || exit 3"#;

/// A look-up by name needs neither: without the folder it is made from the home folder.
/// There the names of its marks are those of no other sprint.
const LOOK_BEFORE: &str = r#"if ! cd "$RL_DIR" 2>/dev/null; then cd || exit 94; ATTEMPT=$RL_NAME; fi"#;

/// A first submission has nothing to look for but what a twin of this request has left.
///
/// A look-up finds no job while the submission of a request that was given up here is still
/// at work there. So each leaves a mark with its host and process: one that lives is waited
/// for, and on another host one is believed for a quarter of an hour.
const LOOK_UP_BEFORE: &str = r#"
rl_mark=.researchloop/submitting-$ATTEMPT
rl_keep() {
  rl_id=$(printf '%s\n' "$1" | sed -n '/^[0-9][0-9]*\(;[A-Za-z0-9._-]*\)\{0,1\}$/p' | tail -n 1)
  [ -n "$rl_id" ] && rm -rf .researchloop/jobid.new && printf '%s\n' "$rl_id" >.researchloop/jobid.new && mv -f .researchloop/jobid.new ".researchloop/jobid-$ATTEMPT"
}
rl_known() { if [ -s ".researchloop/jobid-$ATTEMPT" ]; then cat ".researchloop/jobid-$ATTEMPT"; exit 0; fi; }
rl_known
if [ "$MODE" != fresh ]; then
if rl_who=$(readlink "$rl_mark"); then
  case $rl_who in
  "$(uname -n):"*) rl_old=$(kill -0 "${rl_who##*:}" 2>/dev/null || echo old; find "$rl_mark" -mmin +60 2>/dev/null) ;;
  *) rl_old=$(find "$rl_mark" -mmin +15 2>/dev/null) ;;
  esac
  if [ -z "$rl_old" ]; then echo "an earlier request is still submitting it ($rl_who)"; exit 94; fi
  rm -f "$rl_mark"
  rl_known
fi
rl_found=$("#;
const LOOK_UP_AFTER: &str = r#") || { printf '%s\n' "$rl_found"; exit 94; }
# What was found counts, also when it cannot be written down.
rl_keep "$rl_found"
if [ -n "$rl_id" ]; then printf '%s\n' "$rl_id"; exit 0; fi
# A job that the scheduler has not shown yet finds its claim taken, and ends at once.
if [ "$MODE" = look ]; then ln -s cancelled ".researchloop/claim-$ATTEMPT" 2>/dev/null; exit 95; fi
fi"#;
const SUBMIT_BEFORE: &str = r#"
trap '' HUP PIPE TERM
sh -c 'ln -s "$(uname -n):$PPID" "$1"' sh "$rl_mark" || exit 94
if [ -s ".researchloop/jobid-$ATTEMPT" ]; then cat ".researchloop/jobid-$ATTEMPT"; rm -f "$rl_mark"; exit 0; fi
rl_said=$("#;
const SUBMIT_AFTER: &str = r#")
rl_status=$?
printf '%s\n' "$rl_said"
[ "$rl_status" != 0 ] || rl_keep "$rl_said"
rm -f "$rl_mark"
exit "$rl_status""#;
