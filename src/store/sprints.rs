//! Sprints and their jobs.

use rusqlite::Row;

use super::ids::id_in;
use super::{Store, StoreError, TERMINAL, known_word, waits};
use crate::domain::{
    Ending, JobId, LoopId, MessageId, Phase, Reason, SchedulerKind, SprintId, SprintKind, State,
    Status, TaskId, Waiting, retry, task,
};
use crate::platform::clock;

/// A sprint that is to be.
#[derive(Debug, Clone)]
pub struct NewSprint<'a> {
    /// Its id.
    pub id: &'a SprintId,
    /// The study.
    pub study: &'a str,
    /// The cluster.
    pub cluster: &'a str,
    /// The cluster's kind of scheduler.
    pub scheduler: SchedulerKind,
    /// The idea.
    pub idea: Option<&'a str>,
    /// The name of its directory.
    pub directory: &'a str,
    /// Where it lies on the cluster: absolute, or from `~/`.
    pub remote_dir: &'a str,
    /// The sprint that it repeats.
    pub parent: Option<&'a SprintId>,
    /// What was asked for, as JSON.
    pub request: &'a str,
    /// How long its job may run.
    pub seconds: u64,
    /// What it is for.
    pub kind: SprintKind,
    /// The task that it is an attempt at.
    pub task: Option<&'a TaskId>,
    /// The loop that made it.
    pub loop_id: Option<&'a LoopId>,
    /// What is reserved for it, in dollars.
    pub budget_usd: Option<f64>,
    /// GPUs that its job asks for, when that is known.
    pub gpus: Option<u32>,
    /// What a limit leaves it less of than it would have without.
    pub cut: Cut,
}

/// What a limit has left a sprint less of than it would have had without.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cut {
    /// Dollars.
    pub money: bool,
    /// Seconds of its job.
    pub time: bool,
}

impl Cut {
    /// Whether a sprint that ended so has used up what a limit had left it: that says nothing of the
    /// work.
    pub(super) fn is_exhausted(
        self,
        status: Status,
        reason: Option<Reason>,
        cost_usd: f64,
        budget_usd: Option<f64>,
    ) -> bool {
        let spent = budget_usd.is_some_and(|budget| cost_usd > 0.0 && cost_usd >= budget - 0.005);
        status == Status::Failed
            && ((self.time && reason == Some(Reason::TimeLimit)) || (self.money && spent))
    }
}

#[cfg(test)]
impl<'a> NewSprint<'a> {
    /// A sprint of the study `s` on the cluster `c`, for tests.
    pub fn example(id: &'a SprintId) -> Self {
        Self {
            id,
            study: "s",
            cluster: "c",
            scheduler: SchedulerKind::Slurm,
            idea: Some("an idea"),
            directory: "d",
            remote_dir: "/d",
            parent: None,
            request: "{}",
            seconds: 60,
            kind: SprintKind::Research,
            task: None,
            loop_id: None,
            budget_usd: None,
            gpus: None,
            cut: Cut::default(),
        }
    }
}

/// A sprint as it is stored.
#[derive(Debug, Clone)]
pub struct SprintRow {
    /// Its id.
    pub id: SprintId,
    /// The study.
    pub study: String,
    /// The cluster.
    pub cluster: String,
    /// The cluster's kind of scheduler.
    pub scheduler: SchedulerKind,
    /// The idea.
    pub idea: Option<String>,
    /// Where it stands.
    pub state: State,
    /// The name of its directory.
    pub directory: String,
    /// Where it lies on the cluster: absolute once it was submitted.
    pub remote_dir: String,
    /// The runner on the cluster that its job uses.
    pub runner: String,
    /// RFC 3339.
    pub created_at: String,
    /// RFC 3339.
    pub submitted_at: Option<String>,
    /// RFC 3339.
    pub started_at: Option<String>,
    /// RFC 3339.
    pub completed_at: Option<String>,
    /// The sprint that it repeats.
    pub parent: Option<SprintId>,
    /// What was asked for, as JSON.
    pub request: String,
    /// How often it was submitted.
    pub attempt: u32,
    /// How long its job may run.
    pub seconds: u64,
    /// The summary.
    pub summary: Option<String>,
    /// Claude's session.
    pub session_id: Option<String>,
    /// The node.
    pub host: Option<String>,
    /// When a usage limit ends, in seconds since 1970.
    pub resets_at: Option<i64>,
    /// What it has cost.
    pub cost_usd: f64,
    /// Whether that is not exact.
    pub cost_estimated: bool,
    /// Why it is not known, for people; empty when it is.
    pub cost_unknown: String,
    /// The part of it that no call has told of.
    pub untold_usd: f64,
    /// Tokens: read, written, cached.
    pub tokens: [u64; 3],
    /// How far the journal was read.
    pub journal_offset: u64,
    /// What stood before that place.
    pub journal_prefix: String,
    /// Whether the journal was not as it had been.
    pub journal_altered: bool,
    /// Healthy polls in which nothing knew the job.
    pub missing_polls: u32,
    /// The first one's time by the cluster's clock.
    pub missing_since: Option<i64>,
    /// In how many polls since it was seen last it was not clear whether the job is there.
    pub unclear_polls: u32,
    /// Since when, by the cluster's clock.
    pub unclear_since: Option<i64>,
    /// When the results were fetched.
    pub results_at: Option<String>,
    /// How often that was tried.
    pub results_tries: u32,
    /// When it is tried again, in seconds since 1970.
    pub results_next: i64,
    /// When its end was asked for.
    pub cancel_asked_at: Option<String>,
    /// When the scheduler was last told so, in seconds since 1970.
    pub cancel_sent: i64,
    /// What the last tick had to say about it.
    pub note: String,
    /// What it is for.
    pub kind: SprintKind,
    /// The task that it is an attempt at.
    pub task: Option<TaskId>,
    /// The loop that made it.
    pub loop_id: Option<LoopId>,
    /// What is reserved for it, in dollars.
    pub budget_usd: Option<f64>,
    /// GPUs that its job asks for, when that is known.
    pub gpus: Option<u32>,
    /// Whether its job has to find its idea itself.
    pub finds_idea: bool,
    /// What a limit has left it less of than it would have had without.
    pub cut: Cut,
    /// The id of the sprint or task whose idea its job had again.
    pub repeats: Option<String>,
    /// The oldest message that it waits for, when it is parked.
    pub waits_for: Option<MessageId>,
    /// How often it was tried in vain to let it go on.
    pub resume_tries: u32,
    /// When it may be tried again, in seconds since 1970.
    pub resume_next: i64,
    /// When this row was read, in seconds since 1970: what it waits for is judged by that time.
    pub read_at: i64,
}

impl SprintRow {
    /// Whether it ended because what a limit had left it was used up: that says nothing of the work.
    pub fn is_exhausted(&self) -> bool {
        let State::Ended { ending, .. } = &self.state else { return false };
        self.cut.is_exhausted(ending.status, ending.reason, self.cost_usd, self.budget_usd)
    }

    /// Whether a parked sprint that could not go on may be tried again.
    pub fn may_go_on(&self, now: i64) -> bool {
        retry::RESUMES.until(self.resume_next, self.resume_tries, now).is_none()
    }

    /// When the usage limit ends that ended it, as far as that can be true. RFC 3339.
    pub fn reset_time(&self) -> Option<String> {
        task::believed_reset(self.resets_at, self.read_at).map(clock::at)
    }

    /// Until when nothing is tried: to let a parked sprint go on, or to bring the results of one that is
    /// over. RFC 3339.
    pub fn waits_until(&self) -> Option<String> {
        let now = self.read_at;
        let until = match self.state {
            State::Parked { .. } => retry::RESUMES.until(self.resume_next, self.resume_tries, now),
            State::Ended { .. }
                if self.results_at.is_none() && self.results_tries < retry::RESULT_TRIES =>
            {
                retry::RESULTS.until(self.results_next, self.results_tries, now)
            }
            _ => None,
        };
        until.map(clock::at)
    }

    /// The dollars that count for what is not known, when something is not.
    pub fn unknown_usd(&self) -> Option<f64> {
        (!self.cost_unknown.is_empty()).then_some(self.untold_usd)
    }

    /// How many seconds ago it was made. One of which that cannot be read is very old.
    pub fn age(&self, now: i64) -> i64 {
        let made = self.created_at.parse::<jiff::Timestamp>().map_or(0, jiff::Timestamp::as_second);
        now.saturating_sub(made).max(0)
    }

    /// Which limit keeps a parked sprint, whose questions are answered, from going on.
    pub fn limit_reason(&self) -> Option<&str> {
        match &self.state {
            State::Parked { waits: Waiting::Limit(why), .. } => Some(why),
            _ => None,
        }
    }

    /// Whether a submission of it was ever begun, and not taken back.
    pub fn was_submitted(&self) -> bool {
        self.attempt > 0
    }
}

/// Which sprints are wanted.
#[derive(Debug, Clone, Default)]
pub struct SprintFilter<'a> {
    /// Of this study.
    pub study: Option<&'a str>,
    /// In this status.
    pub status: Option<Status>,
    /// At most this many, newest first.
    pub limit: u32,
}

const COLUMNS: &str = "id, study_name, cluster, scheduler, idea, status, phase, reason, detail, hint, job_id, directory, remote_dir, runner, \
    created_at, submitted_at, started_at, completed_at, parent, request, attempt, seconds, summary, session_id, host, resets_at, cost_usd, \
    cost_estimated, input_tokens, output_tokens, cached_tokens, journal_offset, journal_prefix, journal_altered, missing_polls, missing_since, unclear_polls, unclear_since, \
    results_at, results_tries, cancel_asked_at, cancel_sent, note, kind, task_id, loop_id, budget_usd, gpus, finds_idea, cut_money, cut_time, repeats, cost_unknown, untold_usd, results_next, waits, resume_tries, resume_next, \
    CASE status WHEN 'parked' THEN (SELECT m.id FROM messages m WHERE m.sprint_id = sprints.id AND m.status = 'open' \
        AND m.kind IN ('question', 'approval') ORDER BY m.created_at, m.rowid LIMIT 1) END AS waits_for";

/// Where a column stands in [`COLUMNS`], found while compiling: rusqlite compares the name with
/// those of all columns, for every value of every row.
const fn at(name: &str) -> usize {
    let (columns, name) = (COLUMNS.as_bytes(), name.as_bytes());
    let (mut index, mut place) = (0, 0);
    while index < columns.len() {
        let mut len = 0;
        while index + len < columns.len() && columns[index + len] != b',' {
            len += 1;
        }
        let mut same = 0;
        while same < len && same < name.len() && columns[index + same] == name[same] {
            same += 1;
        }
        if same == len && same == name.len() {
            return place;
        }
        index += len + ", ".len();
        place += 1;
    }
    panic!("there is no such column")
}

fn whole(row: &Row<'_>, now: i64) -> Result<SprintRow, StoreError> {
    let count = |column: usize| -> Result<u64, StoreError> {
        Ok(u64::try_from(row.get::<_, i64>(column)?).unwrap_or(0))
    };
    let small = |column: usize| -> Result<u32, StoreError> {
        Ok(u32::try_from(row.get::<_, i64>(column)?).unwrap_or(0))
    };
    let id: SprintId = row.get(const { at("id") })?;
    let scheduler: String = row.get(const { at("scheduler") })?;
    let waits_for: Option<MessageId> = id_in(row, const { at("resume_next") + 1 }, &id)?;
    Ok(SprintRow {
        state: state(row, waits_for.is_some())?,
        study: row.get(const { at("study_name") })?,
        cluster: row.get(const { at("cluster") })?,
        scheduler: known_word("scheduler", &scheduler, SchedulerKind::parse)?,
        idea: row.get(const { at("idea") })?,
        directory: row.get(const { at("directory") })?,
        remote_dir: row.get(const { at("remote_dir") })?,
        runner: row.get(const { at("runner") })?,
        created_at: row.get(const { at("created_at") })?,
        submitted_at: row.get(const { at("submitted_at") })?,
        started_at: row.get(const { at("started_at") })?,
        completed_at: row.get(const { at("completed_at") })?,
        parent: id_in(row, const { at("parent") }, &id)?,
        request: row.get(const { at("request") })?,
        attempt: small(const { at("attempt") })?,
        seconds: count(const { at("seconds") })?,
        summary: row.get(const { at("summary") })?,
        session_id: row.get(const { at("session_id") })?,
        host: row.get(const { at("host") })?,
        resets_at: row.get(const { at("resets_at") })?,
        cost_usd: row.get(const { at("cost_usd") })?,
        cost_estimated: row.get(const { at("cost_estimated") })?,
        cost_unknown: row.get(const { at("cost_unknown") })?,
        untold_usd: row.get(const { at("untold_usd") })?,
        tokens: [
            count(const { at("input_tokens") })?,
            count(const { at("output_tokens") })?,
            count(const { at("cached_tokens") })?,
        ],
        journal_offset: count(const { at("journal_offset") })?,
        journal_prefix: row.get(const { at("journal_prefix") })?,
        journal_altered: row.get(const { at("journal_altered") })?,
        missing_polls: small(const { at("missing_polls") })?,
        missing_since: row.get(const { at("missing_since") })?,
        unclear_polls: small(const { at("unclear_polls") })?,
        unclear_since: row.get(const { at("unclear_since") })?,
        results_at: row.get(const { at("results_at") })?,
        results_tries: small(const { at("results_tries") })?,
        results_next: row.get(const { at("results_next") })?,
        cancel_asked_at: row.get(const { at("cancel_asked_at") })?,
        cancel_sent: row.get(const { at("cancel_sent") })?,
        note: row.get(const { at("note") })?,
        kind: known_word(
            "kind of sprint",
            &row.get::<_, String>(const { at("kind") })?,
            SprintKind::parse,
        )?,
        task: id_in(row, const { at("task_id") }, &id)?,
        loop_id: id_in(row, const { at("loop_id") }, &id)?,
        budget_usd: row.get(const { at("budget_usd") })?,
        gpus: row.get(const { at("gpus") })?,
        finds_idea: row.get(const { at("finds_idea") })?,
        cut: Cut {
            money: row.get(const { at("cut_money") })?,
            time: row.get(const { at("cut_time") })?,
        },
        repeats: row.get(const { at("repeats") })?,
        waits_for,
        resume_tries: small(const { at("resume_tries") })?,
        resume_next: row.get(const { at("resume_next") })?,
        read_at: now,
        id,
    })
}

fn state(row: &Row<'_>, is_asking: bool) -> Result<State, StoreError> {
    let word: String = row.get(const { at("status") })?;
    let job_id: Option<String> = row.get(const { at("job_id") })?;
    let phase: Option<String> = row.get(const { at("phase") })?;
    let job = job_id.as_deref().and_then(JobId::parse);
    let phase = phase.map(Phase);
    let unexpected = || StoreError::Unexpected(format!("status {word} without a job"));
    let status = known_word("status", &word, Status::parse)?;
    Ok(match status {
        Status::Pending => State::Pending,
        Status::Submitting => State::Submitting,
        Status::Submitted => State::Submitted { job: job.ok_or_else(unexpected)? },
        Status::Running => State::Running { job: job.ok_or_else(unexpected)?, phase },
        Status::Parked => {
            let limit: String = row.get(const { at("waits") })?;
            let waits = match limit.as_str() {
                _ if is_asking => Waiting::Answer,
                "" => Waiting::Tick,
                _ => Waiting::Limit(limit),
            };
            State::Parked { last_job: job, waits }
        }
        Status::Cancelling => State::Cancelling { job, phase },
        Status::Completed | Status::Failed | Status::Cancelled => {
            let reason: Option<String> = row.get(const { at("reason") })?;
            let ending = Ending {
                status,
                reason: reason.as_deref().and_then(Reason::parse),
                detail: row.get(const { at("detail") })?,
                hint: row.get(const { at("hint") })?,
            };
            State::Ended { job, ending }
        }
    })
}

impl Store {
    /// One sprint.
    pub fn sprint(&self, id: &SprintId) -> Result<Option<SprintRow>, StoreError> {
        one(&self.connection, id, self.seconds())
    }

    /// Ids that begin with this text, at most ten.
    pub fn ids_like(&self, beginning: &str) -> Result<Vec<SprintId>, StoreError> {
        let mut query =
            self.connection.prepare_cached("SELECT id FROM sprints WHERE substr(id, 1, length(?1)) = ?1 ORDER BY created_at DESC LIMIT 10")?;
        let rows = query.query_map([beginning], |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Sprints, newest first.
    pub fn sprints(&self, filter: &SprintFilter<'_>) -> Result<Vec<SprintRow>, StoreError> {
        let condition = match (filter.study, filter.status) {
            (None, None) => "?1 IS NULL AND ?2 IS NULL",
            (Some(_), None) => "study_name = ?1 AND ?2 IS NULL",
            (None, Some(_)) => "?1 IS NULL AND status = ?2",
            (Some(_), Some(_)) => "study_name = ?1 AND status = ?2",
        };
        self.query(
            &format!("SELECT {COLUMNS} FROM sprints WHERE {condition} ORDER BY created_at DESC, id LIMIT ?3"),
            (filter.study, filter.status.map(Status::as_str), filter.limit),
        )
    }

    /// Sprints that have ended since a time, newest first, at most so many.
    pub fn sprints_ended_since(
        &self,
        since: jiff::Timestamp,
        limit: u32,
    ) -> Result<Vec<SprintRow>, StoreError> {
        self.query(
            &format!("SELECT {COLUMNS} FROM sprints WHERE completed_at >= ?1 ORDER BY completed_at DESC, id LIMIT ?2"),
            (clock::stamp(since), limit),
        )
    }

    /// Sprints of a cluster that are not over, oldest first.
    pub fn open_sprints(&self, cluster: &str) -> Result<Vec<SprintRow>, StoreError> {
        self.query(
            &format!(
                "SELECT {COLUMNS} FROM sprints WHERE cluster = ?1 AND status NOT IN {TERMINAL} ORDER BY created_at, rowid"
            ),
            [cluster],
        )
    }

    /// Sprints of a cluster that are over, whose results were not fetched yet, and are due.
    pub fn unfetched_sprints(&self, cluster: &str) -> Result<Vec<SprintRow>, StoreError> {
        self.query(
            &format!(
                "SELECT {COLUMNS} FROM sprints WHERE cluster = ?1 AND status IN {TERMINAL} AND results_at IS NULL \
                 AND results_tries < ?2 AND {} AND attempt > 0 ORDER BY results_tries, created_at, rowid",
                waits::is_due(retry::RESULTS, "results_next", "results_tries", "?3")
            ),
            (cluster, retry::RESULT_TRIES, self.seconds()),
        )
    }

    /// Clusters that have something to do, by name.
    pub fn busy_clusters(&self) -> Result<Vec<String>, StoreError> {
        let mut query = self.connection.prepare_cached(&format!(
            "SELECT cluster FROM sprints WHERE status NOT IN {TERMINAL}
             UNION SELECT cluster FROM sprints WHERE status IN {TERMINAL} AND results_at IS NULL
                AND results_tries < ?1 AND {} AND attempt > 0 ORDER BY 1",
            waits::is_due(retry::RESULTS, "results_next", "results_tries", "?2")
        ))?;
        let rows = query.query_map((retry::RESULT_TRIES, self.seconds()), |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// For each study with sprints on a cluster: when the last of them got its first job. RFC 3339; empty
    /// when none has.
    pub fn last_submissions(&self, cluster: &str) -> Result<Vec<(String, String)>, StoreError> {
        let mut query = self
            .connection
            .prepare_cached("SELECT study_name, coalesce(max(submitted_at), '') FROM sprints WHERE cluster = ?1 GROUP BY study_name")?;
        let rows = query.query_map([cluster], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// For each study: how many sprints, how many of them not over, and their cost.
    pub fn study_counts(&self) -> Result<Vec<(String, u64, u64)>, StoreError> {
        let mut query = self.connection.prepare_cached(&format!(
            "SELECT study_name, count(*), count(*) FILTER (WHERE status NOT IN {TERMINAL})
             FROM sprints GROUP BY study_name"
        ))?;
        let count = |value: i64| u64::try_from(value).unwrap_or(0);
        let rows =
            query.query_map([], |row| Ok((row.get(0)?, count(row.get(1)?), count(row.get(2)?))))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Sprints that are not over, oldest first.
    pub fn live_sprints(&self) -> Result<Vec<SprintRow>, StoreError> {
        self.query(&format!("SELECT {COLUMNS} FROM sprints WHERE status NOT IN {TERMINAL} ORDER BY created_at, rowid"), [])
    }

    fn query(
        &self,
        sql: &str,
        parameters: impl rusqlite::Params,
    ) -> Result<Vec<SprintRow>, StoreError> {
        let mut query = self.connection.prepare_cached(sql)?;
        let mut rows = query.query(parameters)?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(whole(row, self.seconds())?);
        }
        Ok(found)
    }
}

pub(super) fn one(
    connection: &rusqlite::Connection,
    id: &SprintId,
    now: i64,
) -> Result<Option<SprintRow>, StoreError> {
    let mut query =
        connection.prepare_cached(&format!("SELECT {COLUMNS} FROM sprints WHERE id = ?1"))?;
    let mut rows = query.query([id])?;
    rows.next()?.map(|row| whole(row, now)).transpose()
}
