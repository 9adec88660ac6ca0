//! What one look at everything needs: what is not over, and what waits for a person.

use super::{SprintRow, Store, StoreError};

/// Something that a person has to answer or decide.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenMessage {
    /// `m-` and six hexadecimal digits.
    pub id: String,
    /// `question`, `approval` or `dead`.
    pub kind: String,
    /// The study.
    pub study: String,
    /// The sprint that asks.
    pub sprint: Option<String>,
    /// The task that it is about.
    pub task: Option<String>,
    /// The text; a job wrote it.
    pub text: String,
    /// RFC 3339.
    pub created_at: String,
}

impl Store {
    /// Sprints that are not over, oldest first.
    pub fn live_sprints(&self) -> Result<Vec<SprintRow>, StoreError> {
        self.query_sprints("WHERE status NOT IN ('completed', 'failed', 'cancelled') ORDER BY created_at, id", [])
    }

    /// Questions, approvals and dead tasks that nobody has answered, oldest first.
    pub fn open_messages(&self, limit: u32) -> Result<Vec<OpenMessage>, StoreError> {
        let mut query = self.connection.prepare_cached(
            "SELECT id, kind, study_name, sprint_id, task_id, text, created_at FROM messages
             WHERE status = 'open' AND kind IN ('question', 'approval', 'dead') ORDER BY created_at, id LIMIT ?1",
        )?;
        let rows = query.query_map([limit], |row| {
            Ok(OpenMessage {
                id: row.get(0)?,
                kind: row.get(1)?,
                study: row.get(2)?,
                sprint: row.get(3)?,
                task: row.get(4)?,
                text: row.get(5)?,
                created_at: row.get(6)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}
