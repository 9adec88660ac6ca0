//! Which failures are one: a cause that met several sprints at the same time counts once, for every rule
//! that counts failures.
//!
//! A sprint that was made before a failure was known is no answer to it: it met the same cause, if the
//! cause is the same. Which came first is told by the order in which this machine wrote it down, not by
//! clocks of several machines.

/// Failures of what all sprints share belong together when no more seconds lie between them ...
const SHARED_WINDOW: i64 = 3600;
/// ... and failures of the work in the same words when no more than these do.
const SAME_WINDOW: i64 = 600;

/// A failure, as far as it matters here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failed<'a> {
    /// What it failed of, without what differs from one time to the next.
    pub what: &'a str,
    /// Whether the cause is one that all sprints share: a node, a login, a disk.
    pub is_shared: bool,
    /// When the sprint was made, in the order of all that was written down.
    pub made: i64,
    /// When its failure was known, in the same order.
    pub known: i64,
    /// When it ended, in seconds since 1970.
    pub ended: i64,
}

/// Puts failures together that are one, in the order in which they became known: indexes into the list.
pub fn incidents(failures: &[Failed<'_>]) -> Vec<Vec<usize>> {
    let mut order: Vec<usize> = (0..failures.len()).collect();
    order.sort_by_key(|at| failures[*at].known);
    let mut found: Vec<Vec<usize>> = Vec::new();
    for at in order {
        let failure = &failures[at];
        // The first one of an incident tells what it is, and until when a sprint had to be made to be met
        // by it: else sprints that are begun one after the other would be one without end.
        let belongs = |first: &Failed<'_>| {
            let apart = failure.ended.saturating_sub(first.ended).saturating_abs();
            let same = if failure.is_shared && first.is_shared {
                apart <= SHARED_WINDOW
            } else {
                failure.what == first.what && apart <= SAME_WINDOW
            };
            failure.made < first.known && same
        };
        match found
            .iter_mut()
            .find(|incident| incident.first().is_some_and(|first| belongs(&failures[*first])))
        {
            Some(incident) => incident.push(at),
            None => found.push(vec![at]),
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed(what: &str, is_shared: bool, made: i64, known: i64, ended: i64) -> Failed<'_> {
        Failed { what, is_shared, made, known, ended }
    }

    #[test]
    fn what_met_several_sprints_at_once_is_one() {
        // Four that ran beside each other, in the order in which they were made.
        let node = [(1, 13), (2, 11), (3, 12), (4, 14)]
            .map(|(made, known)| failed("node", true, made, known, 1000 + known));
        assert_eq!(incidents(&node), [vec![1, 2, 0, 3]]);
        // Of different words, but of what all share.
        assert_eq!(
            incidents(&[failed("node", true, 1, 3, 10), failed("login", true, 2, 4, 20)]),
            [[0, 1]]
        );
        // The work: only in the same words, and only at the same time.
        let work = |what, ended| [failed("a", false, 1, 3, 0), failed(what, false, 2, 4, ended)];
        assert_eq!(incidents(&work("a", 599)).len(), 1);
        assert_eq!((incidents(&work("b", 0)).len(), incidents(&work("a", 601)).len()), (2, 2));
        assert_eq!(incidents(&[failed("a", false, 1, 3, 0), failed("a", true, 2, 4, 0)]).len(), 1);
    }

    #[test]
    fn what_was_begun_after_a_failure_is_another_try() {
        // Two at a time, each begun when one before has failed: this goes on for ever, and is no single one.
        let chain: Vec<Failed<'_>> =
            (0..10).map(|n| failed("node", true, 10 * n, 10 * n + 15, 60 * n)).collect();
        assert_eq!(incidents(&chain).len(), 5);
        let one_by_one: Vec<Failed<'_>> =
            (0..5).map(|n| failed("node", true, 10 * n, 10 * n + 5, 0)).collect();
        assert_eq!(incidents(&one_by_one).len(), 5);
        // Hours later it is another cause, although both were made at once.
        assert_eq!(
            incidents(&[failed("node", true, 1, 3, 0), failed("node", true, 2, 4, 3601)]).len(),
            2
        );
    }
}
