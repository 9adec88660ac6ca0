//! What may be meant, for who is in the middle of typing it. Nothing is changed, waited for, or told to have
//! failed: what cannot be read at once is no suggestion.

use crate::config::Config;
use crate::domain::text;
use crate::store::{SprintFilter, SprintRow, Store, TaskFilter};

/// So many ids are suggested, the newest ones.
const MOST: u32 = 100;
/// So much of an idea stands beside an id.
const LONGEST: usize = 60;

/// Things that have names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Named {
    /// Sprints, by their ids.
    Sprints,
    /// Those of them that have not ended.
    LiveSprints,
    /// Tasks, by their ids.
    Tasks,
    /// Loops, by their ids.
    Loops,
    /// Open messages, by their ids.
    Messages,
    /// Studies.
    Studies,
    /// Clusters.
    Clusters,
}

/// Names, and what stands beside each.
pub fn suggestions(config: &Config, named: Named) -> Vec<(String, String)> {
    let about = |text: &str| text::one_line(text, LONGEST);
    let store = || Store::peek(&config.db_path).ok();
    let sprints = |rows: &[SprintRow]| {
        let row = |row: &SprintRow| {
            let idea = row.idea.as_deref().unwrap_or("-");
            (row.id.to_string(), about(&format!("{}: {idea}", row.state.status())))
        };
        rows.iter().map(row).collect()
    };
    match named {
        Named::Studies => {
            let studies = config.studies.iter();
            studies.map(|study| (study.name.to_string(), about(&study.description))).collect()
        }
        Named::Clusters => {
            let clusters = config.clusters.iter();
            clusters.map(|cluster| (cluster.name.to_string(), about(&cluster.host))).collect()
        }
        Named::Sprints => {
            let filter = SprintFilter { limit: MOST, ..SprintFilter::default() };
            sprints(&store().and_then(|store| store.sprints(&filter).ok()).unwrap_or_default())
        }
        Named::LiveSprints => {
            let live = store().and_then(|store| store.live_sprints().ok());
            let mut live = live.unwrap_or_default();
            live.reverse();
            sprints(&live)
        }
        Named::Tasks => {
            let tasks = store().and_then(|store| {
                store.tasks(&TaskFilter { limit: Some(MOST), ..TaskFilter::default() }).ok()
            });
            let tasks = tasks.unwrap_or_default();
            tasks.iter().map(|task| (task.id.to_string(), about(&task.idea))).collect()
        }
        Named::Loops => {
            let loops = store().and_then(|store| store.loops(None, false, MOST).ok());
            let loops = loops.unwrap_or_default();
            let row = |one: &crate::store::LoopRow| {
                (one.id.to_string(), about(&format!("{}: {}", one.study, one.status)))
            };
            loops.iter().map(row).collect()
        }
        Named::Messages => {
            let messages = store().and_then(|store| store.messages(false).ok());
            let messages = messages.unwrap_or_default();
            messages.iter().map(|one| (one.id.to_string(), about(&one.text))).collect()
        }
    }
}
