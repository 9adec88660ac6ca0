//! How far a run has come: what `state.json` keeps of it for the next job.

use std::io;

use super::journal::Journal;
use crate::bundle::formats::{InboxFile, Money, StateFile};
use crate::bundle::journal::Entry;
use crate::domain::Metric;
use crate::pipeline::Position;
use crate::platform::random;

/// How far a run has come.
#[derive(Debug)]
pub struct Progress {
    /// What the file holds, once it is saved.
    pub state: StateFile,
    /// What calls of the step that goes on have cost in earlier jobs, of which no end of a step tells.
    pub carried: Money,
}

impl Progress {
    /// Replaces the file.
    pub fn save(&self, journal: &mut Journal) -> io::Result<()> {
        journal.save(&self.state)
    }

    /// Moves behind a step that has ended.
    pub fn advance(&mut self, journal: &mut Journal, position: Position) -> io::Result<()> {
        self.state.step_begun = false;
        self.state.position = Some(position);
        self.save(journal)
    }

    /// Remembers that the agent was told this.
    pub fn acknowledge(&mut self, journal: &mut Journal, messages: &[InboxFile]) -> io::Result<()> {
        if messages.is_empty() {
            return Ok(());
        }
        for message in messages {
            journal.write(&Entry::Told { id: message.id.clone() })?;
            self.state.told.push(message.id.clone());
        }
        self.save(journal)
    }

    /// Keeps what the evaluator measured, also when the run is interrupted before its end.
    pub fn record_measurement(
        &mut self,
        journal: &mut Journal,
        measured: Option<Metric>,
    ) -> io::Result<()> {
        self.state.no_value = measured.is_none();
        self.state.measured = measured;
        self.save(journal)
    }

    /// Gives the run a session that knows nothing yet.
    pub fn restart_session(&mut self, journal: &mut Journal) -> io::Result<()> {
        self.state.session_id = random::uuid();
        self.state.session_known = false;
        self.save(journal)
    }
}
