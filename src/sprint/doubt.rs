//! Looks for the jobs of many submissions at once, of which no answer came.
//!
//! One request and one look at the queue, whatever their number: after an evening without a network
//! there may be dozens.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::install_runner::{self, RunnerHere};
use super::submitted::accept;
use crate::app::{App, holder, is_gone};
use crate::config::Cluster;
use crate::domain::text::spaced;
use crate::domain::{JobId, SprintId, State};
use crate::remote::{Remote, RemoteError, Script};
use crate::scheduler::{self, QUEUE_ALONE, Stray};
use crate::store::{LeaseOutcome, SprintRow, Store, StoreError, job_name};

/// What one look has found.
#[derive(Debug, Default)]
pub struct LookedUp {
    /// Every job that carries a name as we give it, and is in the queue or was asked for.
    pub jobs: Vec<Stray>,
    /// Where each sprint's directory lies, and the id that an earlier request has left there.
    dirs: BTreeMap<SprintId, (String, Option<JobId>)>,
    runner: String,
    /// Who was heard. What somebody has found is there, whoever else was not heard.
    pub heard: Heard,
}

/// Whose answer to a look-up was whole, and why not all.
#[derive(Debug, Default, PartialEq, Eq)]
pub enum Heard {
    /// Queue and accounting.
    #[default]
    All,
    /// The queue.
    Queue(String),
    /// Not even the queue: of a job that was not found, nothing may be said.
    Nobody(String),
}

/// For so many seconds an accounting that gives no answer is waited for. Then a job that is neither in a
/// healthy queue nor holds its claim is none: should it come after all, it finds its claim taken and ends.
const WAIT_FOR_ACCOUNTING: i64 = 600;

/// Whether the accounting is not waited for any more when it is asked for the job of a submission that
/// was begun then. A time that is not known is long ago.
pub(super) fn is_old(sent: Option<i64>, now: Timestamp) -> bool {
    sent.is_none_or(|sent| now.as_second() - sent >= WAIT_FOR_ACCOUNTING)
}

/// The minutes for which the accounting is asked: since the oldest of these sprints was made, and an hour.
pub(super) fn minutes_of<'a>(
    rows: impl IntoIterator<Item = &'a SprintRow>,
    now: Timestamp,
) -> String {
    let oldest = rows.into_iter().map(|row| row.age(now.as_second())).max().unwrap_or(i64::MAX);
    // Longer than this, no accounting is read.
    (oldest.min(365 * 86_400) / 60 + 60).to_string()
}

/// Looks for the jobs of these submissions.
pub fn look_up_all(
    app: &App,
    remote: &mut dyn Remote,
    cluster: &Cluster,
    rows: &[SprintRow],
) -> Result<LookedUp, RemoteError> {
    let kind = scheduler::scheduler(cluster.scheduler);
    let names: Vec<String> = rows.iter().map(|row| job_name(&row.id, row.attempt)).collect();
    let mut script = Script::new();
    scheduler::be_patient(&mut script, cluster.command_timeout, false);
    match app.runner_here(cluster).and_then(RunnerHere::read) {
        Ok(runner) => install_runner::find_runner(&mut script, cluster, &runner),
        Err(_) => drop(script.plain(install_runner::HOME_OF).set("RL_RUNNER", "")),
    }
    script.section("path", r#"printf '%s\n' "$RL_RUNNER""#);
    for row in rows {
        script
            .set("DIR", &row.remote_dir)
            .set("ATTEMPT", &row.attempt.to_string())
            .section(row.id.as_str(), WHERE);
    }
    script
        .set("RL_NAMES", &names.join(","))
        .set("RL_AGE", &minutes_of(rows, app.clock.now()))
        .section_of("look", &[kind.look_up_all()]);
    let reply = remote.run(script, app.limits(cluster))?;
    let dirs = rows.iter().filter_map(|row| {
        let text = reply.section(row.id.as_str())?.text().into_owned();
        let mut lines = text.lines().map(str::trim);
        Some((
            row.id.clone(),
            (lines.next().filter(|dir| !dir.is_empty())?.to_owned(), lines.find_map(JobId::parse)),
        ))
    });
    let (status, text) =
        reply.section("look").map_or((-1, "the answer is missing".to_owned()), |look| {
            (look.status, look.text().into_owned())
        });
    // What is told of jobs, and why there is no more of it.
    let why = || {
        let words: Vec<&str> = text.lines().filter(|line| !line.starts_with("s ")).collect();
        spaced(words.join("\n").trim()).chars().take(400).collect::<String>()
    };
    Ok(LookedUp {
        jobs: kind.found(&text),
        dirs: dirs.collect(),
        runner: reply
            .section("path")
            .map(|section| section.text().trim().to_owned())
            .unwrap_or_default(),
        heard: match status {
            0 => Heard::All,
            QUEUE_ALONE => Heard::Queue(why()),
            _ => Heard::Nobody(why()),
        },
    })
}

/// Why a sprint whose job was not found stays in doubt.
pub fn still_in_doubt(
    store: &mut Store,
    row: &SprintRow,
    heard: &Heard,
) -> Result<Option<String>, StoreError> {
    match heard {
        Heard::All => Ok(None),
        Heard::Queue(why) => {
            let change = store.change()?;
            let sent = change.job_sent(&row.id, row.attempt)?;
            Ok((!is_old(sent, change.now())).then(|| why.clone()))
        }
        Heard::Nobody(why) => Ok(Some(why.clone())),
    }
}

/// Prints where the directory lies, and which job holds the claim, if one does.
const WHERE: &str = r#"RL_DIR=$(rl_home "$DIR")
printf '%s\n' "$RL_DIR"
readlink "$RL_DIR/.researchloop/claim-$ATTEMPT" 2>/dev/null
exit 0"#;

/// For so long a submission that is at work may hold its sprint, in seconds, whatever deadlines are
/// configured: a lease is believed only as far as the one who asks would take it.
const LONGEST_SUBMISSION: i64 = 43_200;

/// Gives the sprint the job that was found of it. Nothing when none was, or when somebody else is at
/// it or has been.
pub fn accept_found(
    store: &mut Store,
    row: &SprintRow,
    found: &LookedUp,
) -> Result<Option<JobId>, StoreError> {
    let name = job_name(&row.id, row.attempt);
    let kept = found.dirs.get(&row.id);
    // The scheduler's word first: the agent may write where the claim lies. A job that holds it has begun,
    // though no list shows it.
    let known = found
        .jobs
        .iter()
        .find(|job| job.name == name)
        .map(|job| &job.id)
        .or_else(|| kept.and_then(|(_, id)| id.as_ref()));
    let Some(job) = known else { return Ok(None) };
    let change = store.change()?;
    let lease = match change.take_lease(
        &format!("submit:{}", row.id),
        &holder(),
        LONGEST_SUBMISSION,
        is_gone,
    )? {
        LeaseOutcome::Taken(lease) => lease,
        LeaseOutcome::Held(_) => return Ok(None),
    };
    let now = change.sprint(&row.id)?;
    let in_doubt = now.is_some_and(|now| {
        now.attempt == row.attempt
            && matches!(now.state, State::Submitting | State::Cancelling { job: None, .. })
    });
    if in_doubt {
        let dir = kept.map_or(row.remote_dir.as_str(), |(dir, _)| dir.as_str());
        accept(&change, row, row.attempt, job, dir, &found.runner)?;
    }
    change.give_back(&lease)?;
    change.commit()?;
    Ok(in_doubt.then(|| job.clone()))
}
