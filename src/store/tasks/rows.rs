//! Tasks as they are stored, and how they are found.

use rusqlite::{Connection, Row};

use crate::domain::task_rules::{Lacking, Standing};
use crate::domain::{
    Condition, NeedState, Priority, SprintId, TaskId, TaskState, TaskStatus, Verdict,
};
use crate::store::ids::id_in;
use crate::store::{Change, SprintRow, Store, StoreError, known_word};

/// A task as it is stored, and where it stands.
#[derive(Debug, Clone)]
pub struct TaskRow {
    /// Its id.
    pub id: TaskId,
    /// The study.
    pub study: String,
    /// The idea.
    pub idea: String,
    /// What is stored.
    pub status: TaskStatus,
    /// Where it stands.
    pub state: TaskState,
    /// What came out, once it is done.
    pub verdict: Option<Verdict>,
    /// Why it is dead, skipped or cancelled, or why it failed last; what a person said of a done one.
    pub detail: String,
    /// How urgent it is.
    pub priority: Priority,
    /// The task that it is a part of.
    pub parent: Option<TaskId>,
    /// When it counts as done, in words.
    pub done_when: String,
    /// A command that must succeed before it is done.
    pub verify: String,
    /// `person`, `file`, `plan`, `sprint` or a loop's id.
    pub made_by: String,
    /// The length of the longest chain of open tasks that waits for it.
    pub depth: u32,
    /// How often it has failed.
    pub failures: u32,
    /// How often the infrastructure has failed it.
    pub infra_failures: u32,
    /// How often it may fail.
    pub max_attempts: u32,
    /// Not before this time, in seconds since 1970.
    pub retry_at: i64,
    /// Who has it, or had it last: a name or a sprint's id.
    pub claimed_by: Option<String>,
    /// Grows with every claim.
    pub claim_token: i64,
    /// In seconds since 1970; nothing for a sprint.
    pub claim_until: Option<i64>,
    /// RFC 3339.
    pub created_at: String,
    /// RFC 3339.
    pub ended_at: Option<String>,
}

impl TaskRow {
    /// How it stands, for the rules.
    pub fn standing(&self) -> Standing<'_> {
        Standing {
            id: &self.id,
            status: self.status,
            state: self.state,
            verdict: self.verdict,
            detail: &self.detail,
            retry_at: self.retry_at,
            holder: self.claimed_by.as_deref(),
            held_until: self.claim_until,
            token: self.claim_token,
        }
    }

    /// The sprint that works on it.
    pub fn sprint(&self) -> Option<SprintId> {
        self.standing().sprint()
    }
}

/// One thing that a task needs.
#[derive(Debug, Clone)]
pub struct Need {
    /// Who needs.
    pub task: TaskId,
    /// What is needed.
    pub needs: TaskId,
    /// How it must end.
    pub condition: Condition,
    /// What has become of it.
    pub state: NeedState,
}

/// Which tasks are wanted.
#[derive(Debug, Clone, Default)]
pub struct TaskFilter<'a> {
    /// Of this study.
    pub study: Option<&'a str>,
    /// In one of these states; all when there is none.
    pub states: &'a [TaskState],
    /// At most this many.
    pub limit: Option<u32>,
}

const COLUMNS: &str = "id, study_name, idea, status, state, verdict, detail, priority, parent, done_when, verify, made_by, depth, failures, \
    infra_failures, max_attempts, retry_at, claimed_by, claim_token, claim_until, created_at, ended_at";
/// The order in which tasks are taken.
const ORDER: &str = "priority, depth DESC, created_at, number";

fn whole(row: &Row<'_>) -> Result<TaskRow, StoreError> {
    let count = |column: usize| -> Result<u32, StoreError> {
        Ok(u32::try_from(row.get::<_, i64>(column)?).unwrap_or(0))
    };
    let id: TaskId = row.get(0)?;
    let status: String = row.get(3)?;
    let state: String = row.get(4)?;
    let unexpected =
        || StoreError::Unexpected(format!("task {id}: status {status}, state {state}"));
    Ok(TaskRow {
        status: TaskStatus::parse(&status).ok_or_else(unexpected)?,
        state: TaskState::parse(&state).ok_or_else(unexpected)?,
        study: row.get(1)?,
        idea: row.get(2)?,
        verdict: row.get::<_, Option<String>>(5)?.as_deref().and_then(Verdict::parse),
        detail: row.get(6)?,
        priority: Priority::of(row.get(7)?),
        parent: id_in(row, 8, &id)?,
        done_when: row.get(9)?,
        verify: row.get(10)?,
        made_by: row.get(11)?,
        depth: count(12)?,
        failures: count(13)?,
        infra_failures: count(14)?,
        max_attempts: count(15)?,
        retry_at: row.get(16)?,
        claimed_by: row.get(17)?,
        claim_token: row.get(18)?,
        claim_until: row.get(19)?,
        created_at: row.get(20)?,
        ended_at: row.get(21)?,
        id,
    })
}

fn query(
    connection: &Connection,
    condition: &str,
    parameters: impl rusqlite::Params,
) -> Result<Vec<TaskRow>, StoreError> {
    let mut query = connection.prepare_cached(&format!("SELECT {COLUMNS} FROM {condition}"))?;
    let mut rows = query.query(parameters)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(whole(row)?);
    }
    Ok(found)
}

fn one(connection: &Connection, id: &TaskId) -> Result<Option<TaskRow>, StoreError> {
    Ok(query(connection, "task_states WHERE id = ?1", [id])?.pop())
}

/// The source of the next task, also for the test of how it is found.
pub(super) fn next_source(study: bool) -> String {
    let condition = if study { "study_name = ?1" } else { "?1 IS NULL" };
    format!("ready_tasks WHERE {condition} ORDER BY {ORDER} LIMIT 1")
}

fn next(connection: &Connection, study: Option<&str>) -> Result<Option<TaskRow>, StoreError> {
    Ok(query(connection, &next_source(study.is_some()), [study])?.pop())
}

fn needs(
    connection: &Connection,
    condition: &str,
    parameters: impl rusqlite::Params,
) -> Result<Vec<Need>, StoreError> {
    let mut query = connection.prepare_cached(&format!(
        "SELECT n.task, n.needs, n.on_state, n.state FROM need_states n {condition}"
    ))?;
    let mut rows = query.query(parameters)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let (condition, state): (String, String) = (row.get(2)?, row.get(3)?);
        let task: TaskId = row.get(0)?;
        found.push(Need {
            needs: id_in(row, 1, &task)?,
            task,
            condition: known_word("condition", &condition, Condition::parse)?,
            state: known_word("need", &state, NeedState::parse)?,
        });
    }
    Ok(found)
}

fn counts(
    connection: &Connection,
    study: Option<&str>,
) -> Result<Vec<(TaskState, u64)>, StoreError> {
    let study_is = if study.is_some() { "study_name = ?1" } else { "?1 IS NULL" };
    let mut query = connection.prepare_cached(&format!(
        "SELECT state, count(*) FROM task_states WHERE {study_is} GROUP BY state"
    ))?;
    let mut rows = query.query([study])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let (word, count): (String, i64) = (row.get(0)?, row.get(1)?);
        let state = known_word("state", &word, TaskState::parse)?;
        found.push((state, u64::try_from(count).unwrap_or(0)));
    }
    Ok(found)
}

impl Change<'_> {
    /// How many tasks stand how.
    pub fn task_counts(&self, study: Option<&str>) -> Result<Vec<(TaskState, u64)>, StoreError> {
        counts(&self.transaction, study)
    }

    /// One task, as this change sees it.
    pub fn task(&self, id: &TaskId) -> Result<Option<TaskRow>, StoreError> {
        one(&self.transaction, id)
    }

    /// The task that is to be begun next: the most urgent, of these the one that most waits for,
    /// of these the oldest. Nothing when none is ready.
    pub fn next_task(&self, study: Option<&str>) -> Result<Option<TaskRow>, StoreError> {
        next(&self.transaction, study)
    }

    /// The same for one study.
    pub fn next_ready(&self, study: &str) -> Result<Option<TaskRow>, StoreError> {
        self.next_task(Some(study))
    }

    /// What a task lacks that does not stand as it should because of that.
    pub(super) fn lacking(&self, row: &TaskRow) -> Result<Vec<Lacking>, StoreError> {
        if !matches!(row.state, TaskState::Blocked | TaskState::Skipped) {
            return Ok(Vec::new());
        }
        let with_state = |need: Need| {
            let stands = self.task(&need.needs)?.map(|needed| needed.state);
            let Need { task, needs, condition, state } = need;
            Ok(Lacking { task, needs, condition, state, stands })
        };
        missing(&self.transaction, &row.id)?.into_iter().map(with_state).collect()
    }

    /// Whether it is made of other tasks.
    pub(super) fn has_parts(&self, id: &TaskId) -> Result<bool, StoreError> {
        let mut query = self
            .transaction
            .prepare_cached("SELECT EXISTS (SELECT 1 FROM tasks WHERE parent = ?1)")?;
        Ok(query.query_row([id], |row| row.get(0))?)
    }

    /// The parts of a task.
    pub(super) fn children(&self, id: &TaskId) -> Result<Vec<TaskRow>, StoreError> {
        query(&self.transaction, "task_states WHERE parent = ?1 ORDER BY created_at, number", [id])
    }
}

fn missing(connection: &Connection, id: &TaskId) -> Result<Vec<Need>, StoreError> {
    let sql = "WHERE n.state <> 'met' AND n.task IN (
        WITH RECURSIVE above (id) AS (VALUES (?1) UNION SELECT p.parent FROM tasks p JOIN above ON p.id = above.id WHERE p.parent IS NOT NULL)
        SELECT id FROM above) ORDER BY n.task, n.needs";
    needs(connection, sql, [id])
}

impl Store {
    /// What a task, and the tasks that it is a part of, need and do not have yet.
    pub fn missing(&self, id: &TaskId) -> Result<Vec<Need>, StoreError> {
        missing(&self.connection, id)
    }

    /// One task.
    pub fn task(&self, id: &TaskId) -> Result<Option<TaskRow>, StoreError> {
        one(&self.connection, id)
    }

    /// See [`Change::next_task`].
    pub fn next_task(&self, study: Option<&str>) -> Result<Option<TaskRow>, StoreError> {
        next(&self.connection, study)
    }

    /// Ids that begin with this text, at most ten.
    pub fn task_ids_like(&self, beginning: &str) -> Result<Vec<TaskId>, StoreError> {
        let mut query =
            self.connection.prepare_cached("SELECT id FROM tasks WHERE substr(id, 1, length(?1)) = ?1 ORDER BY created_at DESC LIMIT 10")?;
        let rows = query.query_map([beginning], |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Tasks, in the order in which they are taken; those that are over come last.
    pub fn tasks(&self, filter: &TaskFilter<'_>) -> Result<Vec<TaskRow>, StoreError> {
        let study = if filter.study.is_some() { "study_name = ?1" } else { "?1 IS NULL" };
        // Words of a closed list: there is nothing to quote.
        let states: Vec<String> = filter.states.iter().map(|state| format!("'{state}'")).collect();
        let states = if states.is_empty() {
            String::new()
        } else {
            format!("AND state IN ({})", states.join(", "))
        };
        query(
            &self.connection,
            &format!(
                "task_states WHERE {study} {states} ORDER BY status <> 'open', {ORDER} LIMIT ?2"
            ),
            (filter.study, filter.limit.map_or(-1, i64::from)),
        )
    }

    /// Every task, the oldest first.
    pub fn tasks_by_age(&self, study: Option<&str>) -> Result<Vec<TaskRow>, StoreError> {
        let study_is = if study.is_some() { "study_name = ?1" } else { "?1 IS NULL" };
        query(
            &self.connection,
            &format!("task_states WHERE {study_is} ORDER BY created_at, number"),
            [study],
        )
    }

    /// How many tasks stand how.
    pub fn task_counts(&self, study: Option<&str>) -> Result<Vec<(TaskState, u64)>, StoreError> {
        counts(&self.connection, study)
    }

    /// What a task needs itself.
    pub fn needs_of(&self, id: &TaskId) -> Result<Vec<Need>, StoreError> {
        needs(&self.connection, "WHERE n.task = ?1 ORDER BY n.needs", [id])
    }

    /// Who needs a task.
    pub fn needed_by(&self, id: &TaskId) -> Result<Vec<Need>, StoreError> {
        needs(&self.connection, "WHERE n.needs = ?1 ORDER BY n.task", [id])
    }

    /// Everything that the tasks of a study need.
    pub fn needs_of_study(&self, study: Option<&str>) -> Result<Vec<Need>, StoreError> {
        let study_is = if study.is_some() { "t.study_name = ?1" } else { "?1 IS NULL" };
        needs(
            &self.connection,
            &format!("JOIN tasks t ON t.id = n.task WHERE {study_is} ORDER BY n.task, n.needs"),
            [study],
        )
    }

    /// The parts of a task.
    pub fn task_children(&self, id: &TaskId) -> Result<Vec<TaskRow>, StoreError> {
        query(&self.connection, "task_states WHERE parent = ?1 ORDER BY created_at, number", [id])
    }

    /// The sprints that were attempts at a task, oldest first.
    pub fn sprints_of_task(&self, id: &TaskId) -> Result<Vec<SprintRow>, StoreError> {
        let mut query = self.connection.prepare_cached(
            "SELECT id FROM sprints WHERE task_id = ?1 ORDER BY created_at, rowid",
        )?;
        let ids: Vec<SprintId> =
            query.query_map([id], |row| row.get(0))?.collect::<Result<_, _>>()?;
        ids.iter().filter_map(|id| self.sprint(id).transpose()).collect()
    }
}
