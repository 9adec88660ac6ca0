//! The shape of `researchloop tick --json`.

use serde::Serialize;

use crate::domain::{LoopId, SprintId, Status};

/// What one tick did.
#[derive(Debug, Clone, Serialize)]
pub struct Ticked {
    /// Each cluster that had something to do.
    pub clusters: Vec<TickedCluster>,
    /// What became of the loops.
    pub loops: TickedLoops,
    /// What else went wrong, a sentence each.
    pub problems: Vec<String>,
    /// Nothing was begun, because the database does not know all sprints.
    pub behind: bool,
}

/// What one tick did on one cluster.
#[derive(Debug, Clone, Serialize)]
pub struct TickedCluster {
    /// Its name.
    pub name: String,
    /// How many sprints were looked at.
    pub sprints: usize,
    /// Sprints whose status or step changed.
    pub changes: Vec<SprintChange>,
    /// What went wrong, a sentence each.
    pub problems: Vec<String>,
    /// Who else is looking at it.
    pub held_by: Option<String>,
    /// Whether it could not be reached.
    pub unreachable: bool,
}

/// A sprint whose status or step has changed.
#[derive(Debug, Clone, Serialize)]
pub struct SprintChange {
    /// The sprint.
    pub sprint_id: SprintId,
    /// Its status now.
    pub status: Status,
    /// The step that runs.
    pub phase: Option<String>,
}

/// What became of the loops in one tick.
#[derive(Debug, Clone, Serialize)]
pub struct TickedLoops {
    /// Sprints that were made.
    pub made: Vec<SprintId>,
    /// Loops that ended.
    pub ended: Vec<EndedLoop>,
}

/// A loop that has ended.
#[derive(Debug, Clone, Serialize)]
pub struct EndedLoop {
    /// The loop.
    pub loop_id: LoopId,
    /// Why, a sentence.
    pub detail: String,
}
