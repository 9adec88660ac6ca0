//! Remembers everything in one SQLite file on this machine.
//!
//! A write needs a [`Change`], which is a transaction: a write outside of one does not
//! compile, and a change of a sprint writes its event by itself. Each thread opens the
//! file for itself.

mod artifacts;
mod changes;
mod effects;
mod events;
mod facts;
mod findings;
mod ideas;
mod ids;
mod jobs;
mod journal;
mod leases;
mod loops;
mod messages;
mod money;
#[cfg(test)]
mod money_tests;
mod now;
mod open;
mod outbox;
mod proof;
mod running;
mod sprints;
mod steps;
mod strays;
mod tasks;
mod waits;
mod whole;

use jiff::Timestamp;
use rusqlite::functions::FunctionFlags;
use rusqlite::{Connection, Transaction, TransactionBehavior};

use crate::platform::clock::{self, Clock};

pub use artifacts::Artifact;
pub use changes::job_name;
pub use events::EventRow;
pub use findings::{FindingRow, MetricRow};
pub use ideas::{IdeaStatus, KnownIdea};
pub use journal::{Ingested, JournalPiece};
pub use leases::{Lease, LeaseOutcome};
pub use loops::{LoopRow, LoopSprint, completed_count};
pub use messages::{MessageRow, NewMessage};
pub use money::Spent;
pub use open::StoreError;
pub use outbox::{Notice, Unsent};
pub use running::Running;

pub use sprints::{Cut, NewSprint, SprintFilter, SprintRow};
pub use steps::StepRow;
pub use tasks::{Need, NewTask, TaskEdit, TaskError, TaskFilter, TaskRow};
pub use whole::{Behind, OWNER, conflicting_copy, is_of_another, sprints_in};

/// The statuses of a sprint that is over, in SQL. Indexes of the first migration name them so, too.
const TERMINAL: &str = "('completed', 'failed', 'cancelled')";

/// A stored word as what it means.
fn known_word<T>(
    what: &str,
    word: &str,
    parse: impl FnOnce(&str) -> Option<T>,
) -> Result<T, StoreError> {
    parse(word).ok_or_else(|| StoreError::Unexpected(format!("{what} {word}")))
}

/// The file, open.
#[derive(Debug)]
pub struct Store {
    connection: Connection,
    /// What it should know and does not.
    behind: Option<Behind>,
    /// There is no space for what a write needs.
    is_crammed: bool,
    clock: Clock,
}

/// A transaction in which something changes. It is undone unless it is committed.
#[derive(Debug)]
pub struct Change<'a> {
    transaction: Transaction<'a>,
    behind: Option<&'a Behind>,
    /// When it began: all that it writes happens at this time.
    now: Timestamp,
}

impl Store {
    /// Begins a change. Nobody else can begin one before this one ends.
    pub fn change(&mut self) -> Result<Change<'_>, StoreError> {
        if self.is_crammed {
            return Err(StoreError::Full);
        }
        let transaction =
            self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        // Asked when nobody else writes any more: changes are in the order of their times.
        let now = self.clock.now();
        Ok(Change { transaction, behind: self.behind.as_ref(), now })
    }

    /// Reads several things as they are at one time: what others write meanwhile is not seen.
    pub fn at_one_time<T, E: From<StoreError>>(
        &self,
        read: impl FnOnce(&Self) -> Result<T, E>,
    ) -> Result<T, E> {
        let _reading = self.connection.unchecked_transaction().map_err(StoreError::from)?;
        read(self)
    }

    /// Lets it go by this clock.
    pub fn with_clock(mut self, clock: Clock) -> Result<Self, StoreError> {
        // The views ask for the time, and have to be told the same one.
        let views = clock.clone();
        self.connection.create_scalar_function(
            "unixepoch",
            0,
            FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_INNOCUOUS,
            move |_| Ok(views.now().as_second()),
        )?;
        self.clock = clock;
        Ok(self)
    }

    /// The time, by its clock.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The same in seconds since 1970.
    fn seconds(&self) -> i64 {
        self.now().as_second()
    }
}

impl Change<'_> {
    /// The time at which all of it happens.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// The same as it is stored.
    fn stamp(&self) -> String {
        clock::stamp(self.now)
    }

    /// The same in seconds since 1970.
    fn seconds(&self) -> i64 {
        self.now.as_second()
    }

    /// Makes it all permanent.
    pub fn commit(self) -> Result<(), StoreError> {
        Ok(self.transaction.commit()?)
    }

    /// Statements of a test.
    #[cfg(test)]
    pub fn raw(&self, sql: &str) -> Result<(), StoreError> {
        Ok(self.transaction.execute_batch(sql)?)
    }
}

/// Columns that came with later schemas than the sums of the recorded journals.
#[cfg(test)]
const LATER: &[&str] = &["waits"];

#[cfg(test)]
impl Store {
    /// All that is stored, as text.
    pub fn dump(&self) -> String {
        use rusqlite::types::Value;
        let names = |sql: &str| -> Vec<String> {
            let mut query = self.connection.prepare(sql).expect("a query");
            let names = query.query_map([], |row| row.get(0)).expect("names");
            names.collect::<Result<_, _>>().expect("names")
        };
        let tables = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name";
        let mut text = String::new();
        for table in names(tables) {
            let mut columns =
                names(&format!("SELECT name FROM pragma_table_info('{table}') ORDER BY name"));
            columns.retain(|column| !LATER.contains(&column.as_str()));
            let list = columns.join(", ");
            let by_number = format!("SELECT {list} FROM {table} ORDER BY rowid");
            let by_key = format!("SELECT {list} FROM {table} ORDER BY {list}");
            let mut query = self
                .connection
                .prepare(&by_number)
                .or_else(|_| self.connection.prepare(&by_key))
                .expect("a query");
            let mut rows = query.query([]).expect("rows");
            while let Some(row) = rows.next().expect("a row") {
                text.push_str(&table);
                for (place, column) in columns.iter().enumerate() {
                    let value = match row.get(place).expect("a value") {
                        Value::Null => "NULL".to_owned(),
                        Value::Integer(number) => number.to_string(),
                        Value::Real(number) => format!("{number:.6}"),
                        Value::Text(value) => value,
                        Value::Blob(_) => "a blob".to_owned(),
                    };
                    text.push_str(&format!(" {column}={value}"));
                }
                text.push('\n');
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use crate::domain::Status;

    #[test]
    fn what_is_over_is_so_in_sql() {
        let words: Vec<String> = Status::ALL
            .iter()
            .filter(|status| status.is_terminal())
            .map(|status| format!("'{status}'"))
            .collect();
        assert_eq!(super::TERMINAL, format!("({})", words.join(", ")));
    }
}
