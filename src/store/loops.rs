//! Loops: standing orders, and the sprints that they made.

use rusqlite::{Connection, Row};

use super::findings::{REVIEWS, open_in};
use super::ids::id_in;
use super::sprints::Cut;
use super::{Change, Store, StoreError, TERMINAL, known_word};
use crate::domain::auto_loop::Limits;
use crate::domain::id::InvalidName;
use crate::domain::{
    EventName, LoopId, LoopStatus, NoticeKind, OpenIssues, Reason, SchedulerKind, SprintId, Status,
    StopRule, TaskId, Verdict,
};

/// A loop as it is stored.
#[derive(Debug, Clone, PartialEq)]
pub struct LoopRow {
    /// Its id.
    pub id: LoopId,
    /// The study.
    pub study: String,
    /// How it stands.
    pub status: LoopStatus,
    /// The rule that ended it; none while it runs.
    pub reason: Option<StopRule>,
    /// Why it ended, for people.
    pub detail: String,
    /// What the last tick had to say about it.
    pub note: String,
    /// What the user wants of it; may be empty.
    pub guidance: String,
    /// What is asked of each job, as JSON.
    pub request: String,
    /// Its bounds.
    pub limits: Limits,
    /// RFC 3339.
    pub created_at: String,
    /// RFC 3339.
    pub ended_at: Option<String>,
    /// Sprints that completed and were deleted since.
    pub forgotten: u32,
}

/// A sprint of a loop.
#[derive(Debug, Clone, PartialEq)]
pub struct LoopSprint {
    /// Its id.
    pub id: SprintId,
    /// Its status.
    pub status: Status,
    /// The step that runs, or ran last.
    pub phase: Option<String>,
    /// Why it failed.
    pub reason: Option<Reason>,
    /// For people.
    pub detail: String,
    /// The idea, once there is one.
    pub idea: Option<String>,
    /// The task.
    pub task: Option<TaskId>,
    /// RFC 3339.
    pub created_at: String,
    /// RFC 3339.
    pub completed_at: Option<String>,
    /// In US dollars.
    pub cost_usd: f64,
    /// Whether that is not exact.
    pub cost_estimated: bool,
    /// When some of it is not known: the dollars that count in its place.
    pub unknown_usd: Option<f64>,
    /// What came out.
    pub verdict: Option<Verdict>,
    /// What the last review of a completed one has against that.
    pub open_issues: Option<OpenIssues>,
    /// The kind of scheduler that has its job.
    pub scheduler: SchedulerKind,
    /// Whether it ever had a job: it may be pending again after it was parked.
    pub had_job: bool,
    /// When the usage limit that it met is reset, in seconds since 1970.
    pub resets_at: Option<i64>,
    /// Whether the loop was resumed since: then it says nothing of how the loop does.
    pub forgiven: bool,
    /// Whether it was ended by what a limit had left it.
    pub exhausted: bool,
    /// Which limit keeps it from going on, when it was parked.
    pub limit_reason: Option<String>,
    /// The id of the sprint or task whose idea its job had again.
    pub repeats: Option<String>,
    /// Why no idea is left to try, when its job says so.
    pub none_left: Option<String>,
    /// When it was made, in the order of all events.
    pub made: i64,
    /// When it was known that it is over, in the same order; 0 while it is not.
    pub known: i64,
}

const COLUMNS: &str = "id, study_name, status, reason, detail, note, guidance, request, limits, created_at, ended_at, \
    (SELECT count(*) FROM forgotten f WHERE f.loop_id = loops.id AND f.status = 'completed')";

fn whole(row: &Row<'_>) -> Result<LoopRow, StoreError> {
    let (id, status, limits): (LoopId, String, String) = (row.get(0)?, row.get(2)?, row.get(8)?);
    let reason: String = row.get(3)?;
    Ok(LoopRow {
        study: row.get(1)?,
        status: known_word("the loop status", &status, LoopStatus::parse)?,
        reason: Some(reason)
            .filter(|word| !word.is_empty())
            .map(|word| known_word("the reason of a loop's end", &word, StopRule::parse))
            .transpose()?,
        detail: row.get(4)?,
        note: row.get(5)?,
        guidance: row.get(6)?,
        request: row.get(7)?,
        limits: serde_json::from_str(&limits)
            .map_err(|error| StoreError::Unexpected(format!("the limits of {id}: {error}")))?,
        created_at: row.get(9)?,
        ended_at: row.get(10)?,
        forgotten: row.get(11)?,
        id,
    })
}

fn one(connection: &Connection, id: &LoopId) -> Result<Option<LoopRow>, StoreError> {
    let mut query =
        connection.prepare_cached(&format!("SELECT {COLUMNS} FROM loops WHERE id = ?1"))?;
    let mut rows = query.query([id])?;
    rows.next()?.map(whole).transpose()
}

fn sprints_of(connection: &Connection, id: &LoopId) -> Result<Vec<LoopSprint>, StoreError> {
    // The step that ran last stands in the steps: the sprint's own column is empty once it is over.
    let mut query = connection.prepare_cached(&format!(
        "SELECT s.id, s.status, coalesce(s.phase, (SELECT label FROM steps t WHERE t.sprint_id = s.id AND t.started_at IS NOT NULL
             ORDER BY t.position DESC LIMIT 1)),
            s.reason, s.detail, s.idea, s.task_id, s.created_at, s.completed_at, s.cost_usd, f.verdict, s.scheduler, s.submitted_at IS NOT NULL, s.resets_at, s.forgiven, s.cut_money, s.cut_time,
            s.budget_usd, s.waits, s.repeats,
            (SELECT coalesce(json_extract(e.data, '$.why'), '') FROM events e WHERE e.sprint_id = s.id AND e.kind = 'no_idea_left'
                AND EXISTS (SELECT 1 FROM journal j WHERE j.sprint_id = s.id AND j.kind = 'none_left') ORDER BY e.id DESC LIMIT 1),
            {REVIEWS},
            s.cost_estimated, CASE WHEN s.cost_unknown <> '' THEN s.untold_usd END,
            (SELECT coalesce(min(e.id), 0) FROM events e WHERE e.sprint_id = s.id AND e.kind = 'created'),
            (SELECT coalesce(max(e.id), 0) FROM events e WHERE e.sprint_id = s.id AND e.kind = 'state'
                AND json_extract(e.data, '$.to') IN {TERMINAL})
         FROM sprints s LEFT JOIN findings f ON f.sprint_id = s.id
         WHERE s.loop_id = ?1 ORDER BY s.rowid",
    ))?;
    let mut rows = query.query([id])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let (id, status): (SprintId, String) = (row.get(0)?, row.get(1)?);
        let status = known_word("status", &status, Status::parse)?;
        let reason = row.get::<_, Option<String>>(3)?.as_deref().and_then(Reason::parse);
        let cost_usd = row.get(9)?;
        found.push(LoopSprint {
            status,
            phase: row.get(2)?,
            reason,
            detail: row.get(4)?,
            idea: row.get(5)?,
            task: id_in(row, 6, &id)?,
            created_at: row.get(7)?,
            completed_at: row.get(8)?,
            cost_usd,
            verdict: row.get::<_, Option<String>>(10)?.as_deref().and_then(Verdict::parse),
            scheduler: SchedulerKind::parse(&row.get::<_, String>(11)?)
                .unwrap_or(SchedulerKind::Local),
            had_job: row.get(12)?,
            resets_at: row.get(13)?,
            forgiven: row.get(14)?,
            exhausted: Cut { money: row.get(15)?, time: row.get(16)? }.is_exhausted(
                status,
                reason,
                cost_usd,
                row.get(17)?,
            ),
            limit_reason: Some(row.get::<_, String>(18)?)
                .filter(|limit| status == Status::Parked && !limit.is_empty()),
            repeats: row.get(19)?,
            open_issues: open_in(&row.get::<_, String>(21)?),
            none_left: row.get(20)?,
            cost_estimated: row.get(22)?,
            unknown_usd: row.get(23)?,
            made: row.get(24)?,
            known: row.get(25)?,
            id,
        });
    }
    Ok(found)
}

/// How many sprints of a loop have completed, with those that were deleted since.
pub fn completed_count(row: &LoopRow, sprints: &[LoopSprint]) -> u32 {
    let completed = sprints.iter().filter(|sprint| sprint.status == Status::Completed).count();
    row.forgotten.saturating_add(u32::try_from(completed).unwrap_or(u32::MAX))
}

impl Store {
    /// One loop.
    pub fn one_loop(&self, id: &LoopId) -> Result<Option<LoopRow>, StoreError> {
        one(&self.connection, id)
    }

    /// Loops, the running ones first, then the newest.
    pub fn loops(
        &self,
        study: Option<&str>,
        running_only: bool,
        limit: u32,
    ) -> Result<Vec<LoopRow>, StoreError> {
        let mut query = self.connection.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM loops WHERE (?1 IS NULL OR study_name = ?1) AND (NOT ?2 OR status = 'running')
             ORDER BY status = 'running' DESC, created_at DESC, id LIMIT ?3"
        ))?;
        let mut rows = query.query((study, running_only, limit))?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(whole(row)?);
        }
        Ok(found)
    }

    /// Ids of the running loops, oldest first. What is no id is told in its place: it holds up no other.
    pub fn running_loops(&self) -> Result<Vec<Result<LoopId, InvalidName>>, StoreError> {
        let mut query = self.connection.prepare_cached(
            "SELECT id FROM loops WHERE status = 'running' ORDER BY created_at, rowid",
        )?;
        let rows = query.query_map([], |row| row.get::<_, String>(0))?;
        rows.map(|id| Ok(LoopId::new(&id?))).collect()
    }

    /// Ids of loops that begin with this text, at most ten.
    pub fn loop_ids_like(&self, beginning: &str) -> Result<Vec<LoopId>, StoreError> {
        let mut query =
            self.connection.prepare_cached("SELECT id FROM loops WHERE substr(id, 1, length(?1)) = ?1 ORDER BY created_at DESC LIMIT 10")?;
        let rows = query.query_map([beginning], |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The sprints that a loop made, oldest first.
    pub fn loop_sprints(&self, id: &LoopId) -> Result<Vec<LoopSprint>, StoreError> {
        sprints_of(&self.connection, id)
    }
}

impl Change<'_> {
    /// One loop, as this change sees it.
    pub fn one_loop(&self, id: &LoopId) -> Result<Option<LoopRow>, StoreError> {
        one(&self.transaction, id)
    }

    /// The sprints that a loop made, oldest first, as this change sees them.
    pub fn loop_sprints(&self, id: &LoopId) -> Result<Vec<LoopSprint>, StoreError> {
        sprints_of(&self.transaction, id)
    }

    /// Makes a loop, running. False when the id is taken.
    pub fn create_loop(
        &self,
        id: &LoopId,
        study: &str,
        guidance: &str,
        request: &str,
        limits: &Limits,
    ) -> Result<bool, StoreError> {
        self.must_be_whole()?;
        let now = self.stamp();
        let made = self.transaction.execute(
            "INSERT OR IGNORE INTO loops (id, study_name, status, guidance, request, limits, judged_from, created_at)
             VALUES (?1, ?2, 'running', ?3, ?4, ?5, ?6, ?6)",
            (id, study, guidance, request, text(limits)?, now),
        )?;
        if made == 1 {
            self.loop_event(
                id,
                EventName::LoopStarted,
                &serde_json::json!({ "study": study, "limits": limits }),
            )?;
        }
        Ok(made == 1)
    }

    /// Changes what a loop does. Running or not stays as it is.
    pub fn edit_loop(
        &self,
        id: &LoopId,
        guidance: &str,
        request: &str,
        limits: &Limits,
    ) -> Result<(), StoreError> {
        self.transaction.execute(
            "UPDATE loops SET guidance = ?2, request = ?3, limits = ?4 WHERE id = ?1",
            (id, guidance, request, text(limits)?),
        )?;
        self.loop_event(
            id,
            EventName::LoopEdited,
            &serde_json::json!({ "guidance": guidance, "limits": limits }),
        )
    }

    /// Ends a running loop, and notes that for people. Nothing happens to one that has ended.
    pub fn end_loop(&self, id: &LoopId, rule: StopRule, detail: &str) -> Result<bool, StoreError> {
        let now = self.stamp();
        let status = if rule.is_success() { LoopStatus::Completed } else { LoopStatus::Stopped };
        let ended = self.transaction.execute(
            "UPDATE loops SET status = ?2, reason = ?3, detail = ?4, note = '', ended_at = ?5 WHERE id = ?1 AND status = 'running'",
            (id, status.as_str(), rule.as_str(), detail, &now),
        )?;
        if ended == 1 {
            let row = self.one_loop(id)?;
            let data = serde_json::json!({
                "loop_id": id, "study_name": row.map(|row| row.study), "status": status.as_str(), "reason": rule.as_str(), "detail": detail,
            });
            self.loop_event(id, EventName::LoopEnded, &data)?;
            self.notice(&format!("loop_ended:{id}:{now}"), NoticeKind::LoopEnded, &data)?;
        }
        Ok(ended == 1)
    }

    /// Lets a loop that has ended run again. What it has used and done counts on.
    pub fn resume_loop(&self, id: &LoopId) -> Result<bool, StoreError> {
        self.must_be_whole()?;
        let resumed = self.transaction.execute(
            "UPDATE loops SET status = 'running', reason = '', detail = '', note = '', ended_at = NULL, judged_from = ?2
             WHERE id = ?1 AND status <> 'running'",
            (id, self.stamp()),
        )?;
        if resumed == 1 {
            self.transaction.execute("UPDATE sprints SET forgiven = 1 WHERE loop_id = ?1", [id])?;
            self.loop_event(id, EventName::LoopResumed, &serde_json::json!({}))?;
        }
        Ok(resumed == 1)
    }

    /// Remembers what the last tick had to say about a loop.
    pub fn set_loop_note(&self, id: &LoopId, note: &str) -> Result<(), StoreError> {
        self.transaction
            .prepare_cached("UPDATE loops SET note = ?2 WHERE id = ?1 AND note <> ?2")?
            .execute((id, note))?;
        Ok(())
    }

    fn loop_event(
        &self,
        id: &LoopId,
        name: EventName,
        data: &serde_json::Value,
    ) -> Result<(), StoreError> {
        self.event(None, name, &serde_json::json!({ "loop_id": id, "data": data }))
    }
}

fn text(limits: &Limits) -> Result<String, StoreError> {
    serde_json::to_string(limits).map_err(|error| StoreError::Unexpected(error.to_string()))
}
