//! Remembers everything in one SQLite file on this machine.
//!
//! A write needs a [`Change`], which is a transaction: a write outside of one does not
//! compile, and a change of a sprint writes its event by itself. Each thread opens the
//! file for itself.

mod artifacts;
mod changes;
mod facts;
mod findings;
mod ideas;
mod jobs;
mod journal;
mod leases;
mod loops;
mod messages;
mod money;
mod open;
mod outbox;
mod park;
mod proof;
mod sprints;
mod strays;
mod tasks;
pub mod waits;
mod whole;

use rusqlite::{Connection, Transaction, TransactionBehavior};

pub use artifacts::Artifact;
pub use changes::{Facts, job_name};
pub use findings::{FindingRow, MetricRow};
pub use ideas::KnownIdea;
pub use journal::{Ingested, JournalPiece, StepRow};
pub use leases::Lease;
pub use loops::{LoopRow, LoopSprint, LoopStatus, completed_count};
pub use messages::{ANOTHER, MessageRow, NewMessage};
pub use money::Spent;
pub use open::StoreError;
pub use outbox::{Notice, Unsent};
pub use sprints::{Cut, HELD, NewSprint, SprintFilter, SprintRow};
pub use tasks::{Need, NewTask, TaskEdit, TaskError, TaskFilter, TaskRow};
pub use whole::{Behind, OWNER, conflicting_copy, is_of_another, sprints_in};

/// The file, open.
#[derive(Debug)]
pub struct Store {
    connection: Connection,
    /// What it should know and does not.
    behind: Option<Behind>,
    /// There is no space for what a write needs.
    is_crammed: bool,
}

/// A transaction in which something changes. It is undone unless it is committed.
#[derive(Debug)]
pub struct Change<'a> {
    transaction: Transaction<'a>,
    behind: Option<&'a Behind>,
}

impl Store {
    /// Begins a change. Nobody else can begin one before this one ends.
    pub fn change(&mut self) -> Result<Change<'_>, StoreError> {
        if self.is_crammed {
            return Err(StoreError::Full);
        }
        Ok(Change {
            transaction: self
                .connection
                .transaction_with_behavior(TransactionBehavior::Immediate)?,
            behind: self.behind.as_ref(),
        })
    }
}

impl Change<'_> {
    /// Makes it all permanent.
    pub fn commit(self) -> Result<(), StoreError> {
        Ok(self.transaction.commit()?)
    }

    /// Statements of a test.
    #[cfg(test)]
    pub fn raw(&self, sql: &str) -> Result<(), StoreError> {
        Ok(self.transaction.execute_batch(sql)?)
    }

    /// Writes what happened, for a sprint or for none.
    pub fn event(
        &self,
        sprint: Option<&str>,
        kind: &str,
        data: &serde_json::Value,
    ) -> Result<(), StoreError> {
        self.transaction
            .prepare_cached(
                "INSERT INTO events (time, sprint_id, kind, data) VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute((
                crate::platform::clock::stamp(crate::platform::clock::now()),
                sprint,
                kind,
                data.to_string(),
            ))?;
        Ok(())
    }
}
