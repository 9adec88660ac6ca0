//! What a tick did, for who is told of it.

use super::{ClusterReport, Report};
use crate::view::{EndedLoop, Ticked, TickedCluster, TickedLoops};

impl Report {
    /// Whether everything that there was to do could be looked at.
    pub fn is_good(&self) -> bool {
        !self.behind && self.clusters.iter().all(ClusterReport::is_good)
    }

    /// Whether there was nothing to do: no sprint waits, runs or has results to bring.
    pub fn is_idle(&self) -> bool {
        self.clusters.is_empty() && self.loops.ended.is_empty()
    }

    /// Whether there is nothing to tell of it.
    pub fn is_empty(&self) -> bool {
        self.is_idle() && self.loops.made.is_empty() && self.problems.is_empty()
    }

    /// The answer to who has asked for the tick.
    pub fn shown(&self) -> Ticked {
        let cluster = |cluster: &ClusterReport| TickedCluster {
            name: cluster.name.clone(),
            sprints: cluster.looked_at,
            changes: cluster.changes.clone(),
            problems: cluster.problems.clone(),
            held_by: cluster.held_by.clone(),
            unreachable: cluster.unreachable,
        };
        let made = self.loops.made.iter().map(|(id, _)| id.clone());
        let ended = self.loops.ended.iter();
        let ended = ended.map(|(id, why)| EndedLoop { loop_id: id.clone(), detail: why.clone() });
        Ticked {
            clusters: self.clusters.iter().map(cluster).collect(),
            loops: TickedLoops { made: made.collect(), ended: ended.collect() },
            problems: self.problems.clone(),
            behind: self.behind,
        }
    }
}
