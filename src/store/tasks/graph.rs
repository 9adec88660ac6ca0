//! The graph of a study: read whole, judged by `domain::task_graph`, and what differs is written.

use std::collections::HashMap;

use super::TaskError;
use crate::domain::task_graph::{self, Node};
use crate::domain::{Condition, EventName, TaskId, TaskStatus, Verdict};
use crate::store::ids::id_in;
use crate::store::{Change, StoreError, known_word};

/// A task as the graph is told of it, with what is stored of the rest.
struct Stored {
    nodes: Vec<Node>,
    details: Vec<String>,
    depths: Vec<i64>,
}

impl Change<'_> {
    /// Lets every task of a study know what the others have come to: skips what can never run,
    /// brings back what can, closes parents, and counts what waits for each. To be called after
    /// every change of a task's status, in the same change.
    pub fn settle_graph(&self, study: &str) -> Result<(), StoreError> {
        let stored = self.load_graph(study)?;
        self.write_settled(&stored)?;
        self.ask_for_verdicts(study)
    }

    /// The same after a change of what tasks need or are a part of: a circle is refused.
    pub fn settle_edges(&self, study: &str) -> Result<(), TaskError> {
        let stored = self.load_graph(study)?;
        if let Some(path) = task_graph::cycle(&stored.nodes) {
            return Err(TaskError::Cycle(path.iter().map(TaskId::to_string).collect()));
        }
        self.write_settled(&stored)?;
        Ok(self.ask_for_verdicts(study)?)
    }

    fn load_graph(&self, study: &str) -> Result<Stored, StoreError> {
        let mut stored = Stored { nodes: Vec::new(), details: Vec::new(), depths: Vec::new() };
        let mut places = HashMap::new();
        let mut parents: Vec<Option<TaskId>> = Vec::new();
        let mut query = self.transaction.prepare_cached(
            "SELECT id, status, verdict, parent, depth, detail,
                status = 'open' AND claimed_by IS NOT NULL AND (claim_until IS NULL OR claim_until > ?2)
             FROM tasks WHERE study_name = ?1 ORDER BY rowid",
        )?;
        let mut rows = query.query((study, self.seconds()))?;
        while let Some(row) = rows.next()? {
            let (id, status, verdict): (TaskId, String, Option<String>) =
                (row.get(0)?, row.get(1)?, row.get(2)?);
            places.insert(id.clone(), stored.nodes.len());
            parents.push(id_in(row, 3, &id)?);
            stored.depths.push(row.get(4)?);
            stored.details.push(row.get(5)?);
            stored.nodes.push(Node {
                id,
                status: known_word("status", &status, TaskStatus::parse)?,
                verdict: verdict.as_deref().and_then(Verdict::parse),
                held: row.get(6)?,
                parent: None,
                needs: Vec::new(),
            });
        }
        for (node, parent) in stored.nodes.iter_mut().zip(parents) {
            node.parent = parent.and_then(|parent| places.get(&parent).copied());
        }
        let mut query = self.transaction.prepare_cached(
            "SELECT n.task, n.needs, n.on_state FROM tasks t JOIN task_needs n ON n.task = t.id WHERE t.study_name = ?1 ORDER BY n.task, n.needs",
        )?;
        let mut rows = query.query([study])?;
        while let Some(row) = rows.next()? {
            let (task, condition): (TaskId, String) = (row.get(0)?, row.get(2)?);
            let needs: TaskId = id_in(row, 1, &task)?;
            let condition = known_word("condition", &condition, Condition::parse)?;
            if let (Some(task), Some(needs)) = (places.get(&task), places.get(&needs)) {
                stored.nodes[*task].needs.push((*needs, condition));
            }
        }
        Ok(stored)
    }

    fn write_settled(&self, stored: &Stored) -> Result<(), StoreError> {
        for (place, settled) in task_graph::settle(&stored.nodes).into_iter().enumerate() {
            let node = &stored.nodes[place];
            if i64::from(settled.depth) != stored.depths[place] {
                self.transaction
                    .prepare_cached("UPDATE tasks SET depth = ?2 WHERE id = ?1")?
                    .execute((&node.id, settled.depth))?;
            }
            if settled.status == node.status {
                // Skipped as before, for another reason by now.
                if settled.status == TaskStatus::Skipped && settled.why != stored.details[place] {
                    self.transaction
                        .prepare_cached("UPDATE tasks SET detail = ?2 WHERE id = ?1")?
                        .execute((&node.id, &settled.why))?;
                }
                continue;
            }
            let open = settled.status == TaskStatus::Open;
            self.transaction
                .prepare_cached(
                    "UPDATE tasks SET status = ?2, detail = ?3, verdict = NULL, ended_at = ?4, claimed_by = NULL, claim_until = NULL WHERE id = ?1",
                )?
                .execute((
                    &node.id,
                    settled.status.as_str(),
                    if open { "" } else { settled.why.as_str() },
                    (!open).then(|| self.stamp()),
                ))?;
            self.event(
                None,
                EventName::of_task(settled.status),
                &serde_json::json!({ "task_id": node.id, "from": node.status.as_str(), "detail": settled.why }),
            )?;
        }
        Ok(())
    }
}
