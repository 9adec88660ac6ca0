//! Asks one cluster, in one request, for everything that it has to tell of many sprints.

use std::collections::BTreeMap;

use crate::app::App;
use crate::bundle::FORMAT_VERSION;
use crate::bundle::transfer::{ReadAnswer, ReadRequest, ReadSprint, SprintFiles};
use crate::config::Cluster;
use crate::domain::{JobId, Masker, Seen, Used, action, text};
use crate::platform::clock;
use crate::remote::{Payload, Remote, RemoteError, Script};
use crate::scheduler::{self, Asked, Stray};
use crate::sprint::{InstallOutcome, RunnerHere, install_runner, use_runner};
use crate::store::{SprintRow, job_name};

/// Asks for the cluster's time.
const CLOCK: &str = "date +%s";

/// Bytes of journals in one answer.
const MAX_JOURNALS: u64 = 16 << 20;

/// What a cluster told.
#[derive(Debug, Clone, Default)]
pub struct Gathered {
    /// The cluster's clock, in seconds since 1970, when it could be read.
    pub time: Option<i64>,
    /// What the scheduler says, when it was asked and answered.
    pub jobs: Option<BTreeMap<JobId, Seen>>,
    /// Whether the queue's answer was not sound: then the accounting speaks alone.
    pub is_doubtful: bool,
    /// What the accounting says that ended jobs have used.
    pub used: BTreeMap<JobId, Used>,
    /// What the sprints' files say, by sprint.
    pub files: BTreeMap<String, SprintFiles>,
    /// Jobs in the queue that carry a name as we give it, and that are none of those asked for.
    pub strays: Vec<Stray>,
    /// What hides the values of the cluster's environment.
    pub masker: Masker,
    /// What went wrong: the scheduler or the files gave no answer.
    pub problem: Option<String>,
}

impl Gathered {
    /// Whether some journal has more than was told.
    pub fn has_more(&self) -> bool {
        self.files.values().any(|files| files.more)
    }
}

/// What only a screen needs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Live {
    /// The end of `progress.md`.
    pub progress: Option<String>,
    /// The end of `output.log`.
    pub output: Option<String>,
    /// Seconds since anything in the sprint's files changed.
    pub quiet_seconds: Option<u64>,
}

impl Live {
    /// Takes it from what was told of a sprint's files.
    pub fn of(files: &SprintFiles) -> Self {
        Self {
            progress: files.progress.clone(),
            output: files.output.clone(),
            quiet_seconds: files.quiet_seconds,
        }
    }
}

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ask {
    /// The scheduler and the files.
    All,
    /// The files alone.
    Files,
    /// The files alone, with a sum of the calls that have not told what they cost.
    Untold,
}

/// Asks. `tails_of` is the sprint whose logs a screen shows.
pub fn gather(
    app: &App,
    remote: &mut dyn Remote,
    cluster: &Cluster,
    rows: &[SprintRow],
    ask: Ask,
    tails_of: Option<&str>,
) -> Result<Gathered, RemoteError> {
    if ask == Ask::Untold
        && let Ok(runner) = app.runner_here(cluster).and_then(RunnerHere::read)
        && let InstallOutcome::There(path) | InstallOutcome::Sent(path) =
            install_runner(remote, cluster, &runner, app.limits(cluster))?
    {
        // An older program than this one does not know the question.
        return Ok(gather_once(app, remote, cluster, rows, &path, ask, tails_of)?.0);
    }
    // The newest sprint's runner reads for all: it knows the older formats.
    let newest = rows
        .iter()
        .rev()
        .map(|row| row.runner.as_str())
        .find(|runner| !runner.is_empty())
        .unwrap_or_default();
    let first = gather_once(app, remote, cluster, rows, newest, ask, tails_of)?;
    if !first.1 {
        return Ok(first.0);
    }
    // The runner is gone from the cluster (scratch was cleaned): it is sent again.
    let runner = match app.runner_here(cluster).and_then(RunnerHere::read) {
        Ok(runner) => runner,
        Err(error) => {
            return Ok(Gathered {
                problem: Some(format!("cannot read the runner: {error}")),
                ..first.0
            });
        }
    };
    match install_runner(remote, cluster, &runner, app.limits(cluster))? {
        InstallOutcome::Refused(why) => Ok(Gathered { problem: Some(why), ..first.0 }),
        InstallOutcome::There(path) | InstallOutcome::Sent(path) => {
            let (mut again, unusable) =
                gather_once(app, remote, cluster, rows, &path, ask, tails_of)?;
            if unusable && again.problem.is_none() {
                again.problem = Some(format!(
                    "{path} is there, but may not be executed: the files of the sprints cannot be read"
                ));
            }
            Ok(again)
        }
    }
}

fn gather_once(
    app: &App,
    remote: &mut dyn Remote,
    cluster: &Cluster,
    rows: &[SprintRow],
    runner: &str,
    ask: Ask,
    tails_of: Option<&str>,
) -> Result<(Gathered, bool), RemoteError> {
    let kind = scheduler::scheduler(cluster.scheduler);
    let now = clock::now().as_second();
    let asked = |row: &SprintRow| {
        let id = row.state.live_job()?.clone();
        Some(Asked { id, name: job_name(row.id.as_str(), row.attempt), age: row.age(now) })
    };
    let jobs: Vec<Asked> = rows.iter().filter_map(asked).collect();
    let request = ReadRequest {
        v: FORMAT_VERSION,
        max_bytes: MAX_JOURNALS,
        sprints: rows
            .iter()
            .map(|row| {
                let sprint = ReadSprint {
                    id: row.id.to_string(),
                    dir: row.remote_dir.clone(),
                    tails: tails_of == Some(row.id.as_str()),
                    attempt: row.attempt,
                    quiet: row.missing_polls > 0 || row.unclear_polls > 0,
                    untold: ask == Ask::Untold,
                    ..ReadSprint::default()
                };
                sprint.behind(row.journal_offset, &row.journal_prefix)
            })
            .collect(),
    };
    let mut script = Script::new();
    script.section("clock", CLOCK);
    if ask == Ask::All && !jobs.is_empty() {
        scheduler::be_patient(&mut script, cluster.command_timeout, is_in_a_hurry(rows));
        kind.ask(&mut script, &jobs);
    }
    // Between two polls of the scheduler, its files are asked for every few seconds.
    use_runner(&mut script, runner, ask == Ask::All);
    script.section_with_input(
        "files",
        Payload::Bytes(serde_json::to_vec(&request).unwrap_or_default()),
        "rl_start files-read",
    );
    if ask == Ask::All && !jobs.is_empty() {
        kind.ask_accounting(&mut script, &jobs);
    }
    let reply = remote.run(script, app.limits(cluster))?;
    let time = reply
        .section("clock")
        .and_then(|section| section.text().lines().find_map(|line| line.trim().parse().ok()))
        .filter(|time| *time > 0);
    let mut gathered = Gathered { time, masker: cluster.masker(), ..Gathered::default() };
    if ask == Ask::All && !jobs.is_empty() {
        match kind.read(&reply, &jobs, time) {
            Ok(look) => {
                gathered.jobs = Some(look.seen);
                gathered.is_doubtful = look.doubt.is_some();
                gathered.problem = look.doubt.map(|why| {
                    format!("the scheduler of {} gave no sound answer: {why}", cluster.name)
                });
                gathered.used = kind.used(&reply, &jobs, time);
                gathered.strays = kind.strays(&reply, &jobs);
            }
            Err(error) => {
                gathered.problem =
                    Some(format!("the scheduler of {} did not answer: {error}", cluster.name))
            }
        }
    }
    let files = reply.section("files");
    match files.and_then(|section| {
        serde_json::from_slice::<ReadAnswer>(&action::unmarked_json(&section.output)).ok()
    }) {
        Some(answer) => {
            let summed = ask == Ask::Untold;
            let of = |files: SprintFiles| {
                (
                    files.id.clone(),
                    bounded(SprintFiles { summed, ..files }.hidden(&gathered.masker)),
                )
            };
            gathered.files = answer.sprints.into_iter().map(of).collect();
        }
        None if files.is_some_and(|section| section.status == 127) => return Ok((gathered, true)),
        None => {
            let said: String = files
                .map(|section| {
                    text::line(&gathered.masker.text(&section.text())).chars().take(300).collect()
                })
                .unwrap_or_default();
            gathered.problem = Some(format!(
                "the files of the sprints could not be read on {}: {said}",
                cluster.name
            ));
        }
    }
    Ok((gathered, false))
}

/// Whether the accounting, which comes last, may take a short time only. What the files say waits for
/// it: so one that hangs has its full time in one look of three, while some job is missing.
fn is_in_a_hurry(rows: &[SprintRow]) -> bool {
    !rows.iter().any(|row| row.missing_polls % 3 == 2 || row.unclear_polls % 3 == 2)
}

/// Whoever answers may be anybody: what is shown and kept of it is short.
fn bounded(mut files: SprintFiles) -> SprintFiles {
    let short = |text: &mut String, most: usize| *text = text.chars().take(most).collect();
    files.problems.truncate(20);
    files.problems.iter_mut().for_each(|problem| {
        *problem = text::line(problem);
        short(problem, 300);
    });
    files.progress.iter_mut().chain(&mut files.output).for_each(|tail| short(tail, 8192));
    short(&mut files.prefix, 100);
    files
}
