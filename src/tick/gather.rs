//! Asks one cluster, in one request, for everything that it has to tell of many sprints.

use std::collections::BTreeMap;

use crate::app::App;
use crate::bundle::FORMAT_VERSION;
use crate::bundle::points::{Series, series};
use crate::bundle::transfer::{ReadAnswer, ReadRequest, ReadSprint, SprintFiles};
use crate::config::Cluster;
use crate::domain::{JobId, Masker, Seen, SprintId, Used, text};
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
    pub files: BTreeMap<SprintId, SprintFiles>,
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
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Live {
    /// The end of `progress.md`.
    pub progress: Option<String>,
    /// The end of `output.log`.
    pub output: Option<String>,
    /// How figures develop while the experiment runs.
    pub series: Vec<Series>,
    /// Seconds since anything in the sprint's files changed.
    pub quiet_seconds: Option<u64>,
}

impl Live {
    /// Takes it from what was told of a sprint's files.
    pub fn of(files: &SprintFiles) -> Self {
        Self {
            progress: files.progress.clone(),
            output: files.output.clone(),
            series: files.points.as_deref().map(series).unwrap_or_default(),
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
    tails_of: Option<&SprintId>,
) -> Result<Gathered, RemoteError> {
    if ask == Ask::Untold
        && let Ok(mut runner) = app.runner_here(cluster).and_then(RunnerHere::read)
        && let InstallOutcome::There(path) | InstallOutcome::Sent(path) =
            install_runner(remote, cluster, &mut runner, app.limits(cluster))?
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
    let mut runner = match app.runner_here(cluster).and_then(RunnerHere::read) {
        Ok(runner) => runner,
        Err(error) => {
            return Ok(Gathered {
                problem: Some(format!("cannot read the runner: {error}")),
                ..first.0
            });
        }
    };
    match install_runner(remote, cluster, &mut runner, app.limits(cluster))? {
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
    tails_of: Option<&SprintId>,
) -> Result<(Gathered, bool), RemoteError> {
    let kind = scheduler::scheduler(cluster.scheduler);
    let now = app.clock.now().as_second();
    let asked = |row: &SprintRow| {
        let id = row.state.live_job()?.clone();
        Some(Asked { id, name: job_name(&row.id, row.attempt), age: row.age(now) })
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
                    tails: tails_of == Some(&row.id),
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
                    format!("the scheduler of {} gave no usable answer: {why}", cluster.name)
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
    match files.and_then(|section| ReadAnswer::read(&section.output)) {
        Some((told, broken)) => {
            let summed = ask == Ask::Untold;
            let of = |files: SprintFiles| {
                let id = SprintId::new(&files.id).ok()?;
                Some((id, bounded(SprintFiles { summed, ..files }.hidden(&gathered.masker))))
            };
            gathered.files = told.into_iter().filter_map(of).collect();
            if let Some(problem) = broken.first() {
                let problem = gathered.masker.text(problem).into_owned();
                gathered.problem.get_or_insert(problem);
            }
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

#[cfg(test)]
mod tests {
    use base64::Engine as _;

    use super::*;
    use crate::remote::FakeRemote;
    use crate::store::{NewSprint, Store};
    use crate::tick::ingest::ingest;

    const LINE: &str = "{\"v\":1,\"seq\":1,\"time\":\"2026-01-01T00:00:00Z\",\"incarnation\":1,\"kind\":\"note\",\"text\":\"x\"}\n";

    #[test]
    fn lines_that_came_broken_are_told_of_and_come_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let app = App::example(folder.path(), "", "");
        let cluster = app.config.cluster("c").expect("there");
        let mut store = Store::in_memory().expect("a database");
        let ids = ["sp-000001", "sp-000002"].map(SprintId::of);
        for (place, id) in ids.iter().enumerate() {
            let change = store.change().expect("begun");
            assert!(change.create_sprint(&NewSprint::example(id)).expect("made"));
            change.begin_submission(id, "").expect("begun").expect("can be submitted");
            let job = JobId::parse(&(place + 7).to_string()).expect("digits");
            change.accept(id, 1, &job, "/d").expect("taken");
            change.commit().expect("kept");
        }
        let good = base64::engine::general_purpose::STANDARD.encode(LINE);
        let mut poll = |journals: [&str; 2]| {
            let part = |(id, journal): (&SprintId, &str)| {
                serde_json::json!({
                    "id": id, "journal": journal, "offset": LINE.len(), "prefix": "x", "altered": false, "more": false,
                    "exit": null, "readable": true, "quiet_seconds": null, "progress": null, "output": null, "problems": [],
                })
            };
            let sprints: Vec<_> = ids.iter().zip(journals).map(part).collect();
            let answer = serde_json::json!({ "v": 1, "sprints": sprints }).to_string();
            let mut remote = FakeRemote::default();
            remote.answers([("clock", 0, "1800000000\n"), ("files", 0, answer.leak())]);
            let rows = ids.each_ref().map(|id| store.sprint(id).expect("read").expect("there"));
            let gathered = gather(&app, &mut remote, cluster, &rows, Ask::Files, None)
                .unwrap_or_else(|error| panic!("{error}"));
            let change = store.change().expect("begun");
            for id in &ids {
                ingest(&change, id, &gathered).expect("taken in");
            }
            change.commit().expect("kept");
            let lines =
                ids.each_ref().map(|id| store.journal_after(id, 0, 10).expect("read").len());
            (lines, gathered.problem.unwrap_or_default())
        };
        let (lines, problem) = poll(["!", &good]);
        assert_eq!(lines, [0, 1]);
        assert!(problem.contains("sp-000001") && problem.contains("journal"), "{problem}");
        assert_eq!(poll([&good, &good]), ([1, 1], String::new()));
    }
}
