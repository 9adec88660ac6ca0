//! The ideas of a study that were had before, with what came of them.

use super::{Store, StoreError};

/// An idea, as it stands in the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownIdea {
    /// The sprint or task.
    pub id: String,
    /// The idea.
    pub idea: String,
    /// The sprint's status, or `waiting` for a task that was not tried yet.
    pub status: String,
    /// What the sprint found of it.
    pub verdict: Option<String>,
    /// What came out: the finding's sentence, else the summary, else why it failed.
    pub statement: String,
}

impl Store {
    /// Every idea of a study: those that wait, then those that were tried, newest first.
    pub fn known_ideas(&self, study: &str) -> Result<Vec<KnownIdea>, StoreError> {
        let mut query = self.connection.prepare_cached(
            "SELECT id, idea, 'waiting', NULL, '' FROM (
                SELECT t.id, t.idea FROM tasks t WHERE t.study_name = ?1 AND t.status = 'open'
                    AND NOT EXISTS (SELECT 1 FROM sprints s WHERE s.task_id = t.id)
                ORDER BY t.created_at DESC, t.id)
             UNION ALL
             SELECT * FROM (
                SELECT s.id, s.idea, s.status, f.verdict,
                    coalesce(f.statement, s.summary, CASE s.status WHEN 'completed' THEN '' ELSE s.detail END)
                FROM sprints s LEFT JOIN findings f ON f.sprint_id = s.id
                WHERE s.study_name = ?1 AND s.idea IS NOT NULL AND s.kind = 'research'
                ORDER BY s.created_at DESC, s.id)",
        )?;
        let rows = query.query_map([study], |row| {
            Ok(KnownIdea { id: row.get(0)?, idea: row.get(1)?, status: row.get(2)?, verdict: row.get(3)?, statement: row.get(4)? })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}
