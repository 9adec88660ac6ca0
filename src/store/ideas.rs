//! The ideas of a study that were had before, with what came of them.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use rusqlite::{Connection, OptionalExtension as _};

use super::findings::{REVIEWS, open_in};
use super::{Change, SprintRow, Store, StoreError, known_word};
use crate::domain::idea::Earlier;
use crate::domain::same_idea::Meaning;
use crate::domain::{EventName, OpenIssues, SprintId, Status, TaskStatus, Verdict};

/// An idea, as it stands in the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownIdea {
    /// The sprint or task.
    pub id: String,
    /// The idea.
    pub idea: String,
    /// What has become of it.
    pub status: IdeaStatus,
    /// What the sprint found of it.
    pub verdict: Option<Verdict>,
    /// What its last review has against that.
    pub open_issues: Option<OpenIssues>,
    /// What came out: the finding's sentence, else the summary, else why it failed.
    pub statement: String,
}

/// What has become of an idea.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdeaStatus {
    /// A sprint works or worked on it.
    Sprint(Status),
    /// It is a task without a sprint.
    Task(TaskStatus),
}

impl IdeaStatus {
    /// Nobody has worked on it.
    pub const WAITING: Self = Self::Task(TaskStatus::Open);

    /// The word for people and models.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sprint(status) => status.as_str(),
            Self::WAITING => "waiting",
            Self::Task(status) => status.as_str(),
        }
    }

    /// Reads the word. What both a sprint and a task can be is said of a sprint.
    pub fn parse(word: &str) -> Option<Self> {
        if word == Self::WAITING.as_str() {
            return Some(Self::WAITING);
        }
        Status::parse(word).map(Self::Sprint).or_else(|| TaskStatus::parse(word).map(Self::Task))
    }
}

impl KnownIdea {
    /// As it is compared with a new one.
    pub fn earlier(&self) -> Earlier<'_> {
        Earlier { id: &self.id, idea: &self.idea, mark: "" }
    }
}

fn known(connection: &Connection, study: &str) -> Result<Vec<KnownIdea>, StoreError> {
    let mut query = connection.prepare_cached(&format!(
        "SELECT t.id, t.idea, CASE t.status WHEN 'open' THEN 'waiting' ELSE t.status END, t.verdict, t.detail, t.created_at AS time, '[]'
            FROM tasks t WHERE t.study_name = ?1 AND NOT EXISTS (SELECT 1 FROM sprints s WHERE s.task_id = t.id)
         UNION ALL
         SELECT s.id, s.idea, s.status, f.verdict,
                coalesce(f.statement, s.summary, CASE s.status WHEN 'completed' THEN '' ELSE s.detail END), s.created_at, {REVIEWS}
            FROM sprints s LEFT JOIN findings f ON f.sprint_id = s.id
            WHERE s.study_name = ?1 AND s.idea IS NOT NULL AND s.kind = 'research'
         ORDER BY time DESC, 1",
    ))?;
    let mut rows = query.query([study])?;
    let mut ideas = Vec::new();
    while let Some(row) = rows.next()? {
        ideas.push(KnownIdea {
            id: row.get(0)?,
            idea: row.get(1)?,
            status: known_word("status", &row.get::<_, String>(2)?, IdeaStatus::parse)?,
            verdict: row.get::<_, Option<String>>(3)?.as_deref().and_then(Verdict::parse),
            open_issues: open_in(&row.get::<_, String>(6)?),
            statement: row.get(4)?,
        });
    }
    Ok(ideas)
}

impl Store {
    /// Every idea of a study, newest first: those that were tried, and tasks that no sprint has tried.
    pub fn known_ideas(&self, study: &str) -> Result<Vec<KnownIdea>, StoreError> {
        known(&self.connection, study)
    }

    /// Which of these ideas are had already, in this study or before in the list: by their names, with
    /// what they repeat.
    pub fn repeats<'a>(
        &self,
        study: &str,
        ideas: impl IntoIterator<Item = (String, &'a str)>,
    ) -> Result<Vec<(String, String)>, StoreError> {
        let mut had: HashMap<Meaning, String> = HashMap::new();
        for known in self.known_ideas(study)? {
            had.entry(Meaning::of(&known.idea)).or_insert(known.id);
        }
        let mut repeats = Vec::new();
        for (name, idea) in ideas {
            match had.entry(Meaning::of(idea)) {
                Entry::Occupied(earlier) => repeats.push((name, earlier.get().clone())),
                Entry::Vacant(place) => drop(place.insert(name)),
            }
        }
        Ok(repeats)
    }
}

impl Change<'_> {
    /// Why no idea is left to try, when the sprint's job says so. The line that said it must still stand.
    pub fn none_left(&self, sprint: &SprintId) -> Result<Option<String>, StoreError> {
        let mut query = self.transaction.prepare_cached(
            "SELECT coalesce(json_extract(data, '$.why'), '') FROM events WHERE sprint_id = ?1 AND kind = ?2
                AND EXISTS (SELECT 1 FROM journal WHERE sprint_id = ?1 AND kind = 'none_left') ORDER BY id DESC LIMIT 1",
        )?;
        Ok(query
            .query_row((sprint, EventName::NoIdeaLeft.as_str()), |row| row.get(0))
            .optional()?)
    }

    /// The ideas of its study that were worked on before, newest first: of which sprint or task, and the
    /// idea. The job knew only what there was when it was submitted, and of a long history only the newest part.
    pub(super) fn tried_ideas(
        &self,
        sprint: &SprintRow,
    ) -> Result<Vec<(String, String)>, StoreError> {
        let ideas = known(&self.transaction, &sprint.study)?;
        let tried = ideas
            .into_iter()
            .filter(|idea| idea.id != sprint.id.as_str() && idea.status != IdeaStatus::WAITING);
        Ok(tried.map(|idea| (idea.id, idea.idea)).collect())
    }
}
