//! Stops a run of submissions that all fail in the same way.
//!
//! Twelve sprints with a wrong account are twelve refusals, which a cluster's administrator sees as
//! an attack, and twelve sprints that have failed. After three of a kind in a row, the rest of that
//! study's sprints wait, and one at a time tries again, less and less often. What is remembered lies
//! in the database: ticks are processes of their own. A person's own `sprint run` asks at once.

use serde::{Deserialize, Serialize};

use crate::domain::SprintId;
use crate::domain::retry::SUBMISSIONS;
use crate::platform::clock;
use crate::store::{Change, Store, StoreError};

/// So many failures of one kind in a row hold up the others.
const LIMIT: u32 = 3;

#[derive(Debug, Default, Serialize, Deserialize)]
struct Run {
    /// The scheduler's words, without digits.
    kind: String,
    /// The words as they were said last.
    words: String,
    /// How many in a row: sprints, and not tries of one and the same, until the others are held up.
    count: u32,
    /// The sprints that were counted.
    #[serde(default)]
    sprints: Vec<String>,
    /// Seconds since 1970: nothing is sent before.
    until: i64,
}

fn name(cluster: &str, study: &str) -> String {
    format!("breaker:{cluster}:{study}")
}

/// How many rests there were.
fn rests(count: u32) -> u32 {
    count.saturating_sub(LIMIT) + 1
}

/// Numbers tell jobs and users apart, not kinds of failure.
fn kind(words: &str) -> String {
    words.chars().filter(|c| !c.is_ascii_digit()).collect()
}

/// A submission has failed with these words.
pub(super) fn failed(
    change: &Change<'_>,
    cluster: &str,
    study: &str,
    sprint: &SprintId,
    words: &str,
) -> Result<(), StoreError> {
    let name = name(cluster, study);
    let before: Run =
        change.fact(&name)?.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
    let kind = kind(words);
    let (mut count, mut sprints) =
        if before.kind == kind { (before.count, before.sprints) } else { (0, Vec::new()) };
    // What is wrong with one sprint alone is no reason to hold up others, however often it is tried.
    let is_known = sprints.iter().any(|known| known == sprint.as_str());
    if !is_known || count >= LIMIT {
        count = count.saturating_add(1);
    }
    if !is_known && count <= LIMIT {
        sprints.push(sprint.to_string());
    }
    let until = if count >= LIMIT {
        change.now().as_second().saturating_add(SUBMISSIONS.after(rests(count)))
    } else {
        0
    };
    let run = Run { kind, words: words.to_owned(), count, sprints, until };
    change.set_fact(&name, &serde_json::to_string(&run).unwrap_or_default())
}

/// A submission has succeeded.
pub(super) fn worked(change: &Change<'_>, cluster: &str, study: &str) -> Result<(), StoreError> {
    let name = name(cluster, study);
    if change.fact(&name)?.is_some_and(|text| !text.is_empty()) {
        change.set_fact(&name, "")
    } else {
        Ok(())
    }
}

/// Why the sprints of this study are not sent to this cluster now; nothing when they may be.
pub fn holds(store: &Store, cluster: &str, study: &str) -> Result<Option<String>, StoreError> {
    let Some(run) =
        store.fact(&name(cluster, study))?.and_then(|text| serde_json::from_str::<Run>(&text).ok())
    else {
        return Ok(None);
    };
    Ok(SUBMISSIONS.until(run.until, rests(run.count), store.now().as_second()).map(|until| {
        let until = clock::at(until);
        format!("the last {} submissions of study {study} failed alike, so the next one waits until {until}: {}", run.count, run.words)
    }))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::platform::clock::Clock;

    #[test]
    fn three_of_a_kind_in_a_row_hold_up_the_rest_for_longer_and_longer() {
        let now = 1_800_000_000;
        let clock = Clock::standing(jiff::Timestamp::from_second(now).expect("a time"));
        let mut store =
            Store::in_memory().expect("a database").with_clock(clock.clone()).expect("a clock");
        let mut number = 0;
        let mut fail_of = |sprint: &str, words: &str| {
            let change = store.change().expect("a change");
            failed(&change, "c", "s", &SprintId::of(sprint), words).expect("noted");
            change.commit().expect("kept");
            let run: Run =
                serde_json::from_str(&store.fact("breaker:c:s").expect("read").expect("there"))
                    .expect("a run");
            (run.count, if run.until == 0 { 0 } else { run.until - now })
        };
        // One sprint that is tried again and again holds up nobody.
        for _ in 0..5 {
            assert_eq!(fail_of("sp-00000a", "its own words"), (1, 0));
        }
        let mut fail = |words: &str| {
            number += 1;
            fail_of(&format!("sp-{number:06x}"), words)
        };
        assert_eq!(fail("invalid account 7"), (1, 0));
        assert_eq!(fail("another"), (1, 0));
        assert_eq!(fail("invalid account 8"), (1, 0));
        assert_eq!(fail("invalid account 9"), (2, 0));
        for held in [(3, 60), (4, 120), (5, 240), (6, 480), (7, 600), (8, 600)] {
            assert_eq!(fail("invalid account 10"), held);
        }
        assert!(
            holds(&store, "c", "s")
                .expect("read")
                .is_some_and(|why| why.contains("invalid account 10"))
        );
        assert_eq!(holds(&store, "c", "another").expect("read"), None);
        clock.advance(Duration::from_secs(600));
        assert_eq!(holds(&store, "c", "s").expect("read"), None);
        let change = store.change().expect("a change");
        worked(&change, "c", "s").expect("noted");
        change.commit().expect("kept");
        assert_eq!(holds(&store, "c", "s").expect("read"), None);
    }
}
