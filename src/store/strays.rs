//! Jobs on a cluster that carry a name of ours and that no sprint has.

use super::{Change, StoreError};
use crate::domain::{EventName, SprintId};

impl Change<'_> {
    /// Remembers that such a job was told of, as an event. False when it was already: people are told
    /// once of each job, however often ticks see it.
    pub fn remember_stray(
        &self,
        cluster: &str,
        sprint: Option<&SprintId>,
        job: &str,
        name: &str,
    ) -> Result<bool, StoreError> {
        let key = format!("stray:{cluster}:{job}:{name}");
        if self.fact(&key)?.is_some() {
            return Ok(false);
        }
        self.set_fact(&key, "told")?;
        self.event(
            sprint,
            EventName::Stray,
            &serde_json::json!({ "cluster": cluster, "job_id": job, "name": name }),
        )?;
        Ok(true)
    }
}
