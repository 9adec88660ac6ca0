//! Looks for the jobs of many submissions at once, of which no answer came.
//!
//! One request and one look at the queue, whatever their number: after an evening without a network
//! there may be dozens.

use std::collections::BTreeMap;

use super::place::{self, RunnerHere};
use super::submit::accept;
use crate::app::{App, holder, is_gone};
use crate::config::Cluster;
use crate::domain::visible::spaced;
use crate::domain::{JobId, State};
use crate::platform::clock;
use crate::remote::{Remote, RemoteError, Script};
use crate::scheduler::{self, Stray};
use crate::store::{SprintRow, Store, StoreError, job_name};

/// What one look has found.
#[derive(Debug, Default)]
pub struct LookedUp {
    /// Every job that carries a name as we give it, and is in the queue or was asked for.
    pub jobs: Vec<Stray>,
    /// Where each sprint's directory lies, and the id that an earlier request has left there.
    dirs: BTreeMap<String, (String, Option<JobId>)>,
    runner: String,
}

/// Looks for the jobs of these submissions. The inner error: the scheduler gave no healthy answer,
/// so nothing may be said of any of them.
pub fn look_up_all(app: &App, remote: &mut dyn Remote, cluster: &Cluster, rows: &[SprintRow]) -> Result<Result<LookedUp, String>, RemoteError> {
    let kind = scheduler::scheduler(cluster.scheduler);
    let names: Vec<String> = rows.iter().map(|row| job_name(row.id.as_str(), row.attempt)).collect();
    let mut script = Script::new();
    scheduler::be_patient(&mut script, cluster.command_timeout, false);
    match app.runner_here(cluster).and_then(RunnerHere::read) {
        Ok(runner) => place::find_runner(&mut script, cluster, &runner),
        Err(_) => drop(script.plain(place::HOME_OF).set("RL_RUNNER", "")),
    }
    script.section("path", r#"printf '%s\n' "$RL_RUNNER""#);
    for row in rows {
        script.set("DIR", &row.remote_dir).set("ATTEMPT", &row.attempt.to_string()).section(row.id.as_str(), WHERE);
    }
    script.set("RL_NAMES", &names.join(",")).section_of("look", &[kind.look_up_all()]);
    let reply = remote.run(script, app.limits(cluster))?;
    let Some(look) = reply.section("look") else { return Ok(Err("the answer is missing".to_owned())) };
    if look.status != 0 {
        return Ok(Err(spaced(look.text().trim()).chars().take(400).collect()));
    }
    let dirs = rows.iter().filter_map(|row| {
        let text = reply.section(row.id.as_str())?.text().into_owned();
        let mut lines = text.lines().map(str::trim);
        Some((row.id.to_string(), (lines.next().filter(|dir| !dir.is_empty())?.to_owned(), lines.find_map(JobId::parse))))
    });
    Ok(Ok(LookedUp {
        jobs: kind.found(&look.text()),
        dirs: dirs.collect(),
        runner: reply.section("path").map(|section| section.text().trim().to_owned()).unwrap_or_default(),
    }))
}

/// Prints where the directory lies, and which job holds the claim, if one does.
const WHERE: &str = r#"RL_DIR=$(rl_home "$DIR")
printf '%s\n' "$RL_DIR"
readlink "$RL_DIR/.researchloop/claim-$ATTEMPT" 2>/dev/null
exit 0"#;

/// Gives the sprint the job that was found of it. Nothing when none was, or when somebody else is at
/// it or has been.
pub fn accept_found(store: &mut Store, row: &SprintRow, found: &LookedUp) -> Result<Option<JobId>, StoreError> {
    let name = job_name(row.id.as_str(), row.attempt);
    let kept = found.dirs.get(row.id.as_str());
    // The scheduler's word first: the agent may write where the claim lies. A job that holds it has begun,
    // though no list shows it.
    let known = found.jobs.iter().find(|job| job.name == name).map(|job| &job.id).or_else(|| kept.and_then(|(_, id)| id.as_ref()));
    let Some(job) = known else { return Ok(None) };
    let change = store.change()?;
    let lease = match change.take_lease(&format!("submit:{}", row.id), &holder(), clock::now().as_second(), 60, is_gone)? {
        Ok(lease) => lease,
        Err(_) => return Ok(None),
    };
    let now = change.sprint(row.id.as_str())?;
    let in_doubt = now.is_some_and(|now| now.attempt == row.attempt && matches!(now.state, State::Submitting | State::Cancelling { job: None, .. }));
    if in_doubt {
        let dir = kept.map_or(row.remote_dir.as_str(), |(dir, _)| dir.as_str());
        accept(&change, row, row.attempt, job, dir, &found.runner)?;
    }
    change.give_back(&lease)?;
    change.commit()?;
    Ok(in_doubt.then(|| job.clone()))
}
