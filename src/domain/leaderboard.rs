//! Ranks measured sprints: repeats of a task together, with a mark for what may be noise.

use std::collections::BTreeMap;

use super::noise::{Better, Mark, Measured, compared, comparisons, mean_of};

/// One measured sprint.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry<'a> {
    /// What it is an attempt at, and with which idea: entries of the same are repeats.
    pub task: Option<(&'a str, &'a str)>,
    /// Whether the study's evaluator has measured it; else it is what the agent says.
    pub is_measured: bool,
    /// What was measured.
    pub measured: Measured,
    /// What the agent claims, when something else has measured.
    pub claimed: Option<f64>,
}

/// A place of the board.
#[derive(Debug, Clone, PartialEq)]
pub struct Place {
    /// Which entries, in the order of time: one, or the repeats of a task.
    pub entries: Vec<usize>,
    /// The value; of repeats the mean, with the standard deviation over them.
    pub measured: Measured,
    /// Of the [`reference()`]: whether it differs from the first sprint in time. Of all others: whether
    /// they differ from the reference. With the place that it was compared with, as an index into the
    /// board. None when there is nothing to compare with.
    pub mark: Option<(Mark, usize)>,
    /// Whether what an agent claims is not what was measured.
    pub mismatch: bool,
    /// Whether it is what an agent says, on a board on which others were measured.
    pub is_claim: bool,
}

/// Entries that are attempts at one idea, and what they have measured together: the mean with the
/// standard deviation over them; of one alone, what it says itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Repeats {
    /// Which entries, in the order of time.
    pub entries: Vec<usize>,
    /// What they have measured.
    pub measured: Measured,
}

/// Puts repeats together, in the order in which the first of each came.
pub fn repeats(entries: &[Entry<'_>]) -> Vec<Repeats> {
    let mut groups: Vec<Vec<usize>> = Vec::new();
    let mut known = BTreeMap::new();
    for (at, entry) in entries.iter().enumerate() {
        let new = groups.len();
        // One without a task repeats nothing.
        let group = entry.task.map_or(new, |task| *known.entry((task, entry.is_measured)).or_insert(new));
        match groups.get_mut(group) {
            Some(group) => group.push(at),
            None => groups.push(vec![at]),
        }
    }
    let together = |group: Vec<usize>| {
        let of: Vec<Measured> = group.iter().filter_map(|at| entries.get(*at)).map(|entry| entry.measured).collect();
        let measured = if let [only] = of[..] { only } else { mean_of(of.iter().map(|one| one.value)) };
        Repeats { entries: group, measured }
    };
    groups.into_iter().map(together).collect()
}

/// Ranks entries that are given in the order of time, the best first. Where some were measured, what
/// agents only say of the others comes after these.
pub fn rank(better: Better, entries: &[Entry<'_>]) -> Vec<Place> {
    let some_are_measured = entries.iter().any(|entry| entry.is_measured);
    let mut places: Vec<Place> = repeats(entries)
        .into_iter()
        .map(|group| {
            let of: Vec<&Entry<'_>> = group.entries.iter().filter_map(|at| entries.get(*at)).collect();
            let mismatch = of.iter().any(|entry| is_mismatch(&entry.measured, entry.claimed));
            let is_claim = some_are_measured && of.iter().all(|entry| !entry.is_measured);
            Place { measured: group.measured, entries: group.entries, mark: None, mismatch, is_claim }
        })
        .collect();
    let start = places.iter().find(|place| !place.is_claim).map(|place| place.entries.clone());
    // A stable order: of equal values the earlier one goes first.
    places
        .sort_by(|one, other| one.is_claim.cmp(&other.is_claim).then_with(|| better.gain(other.measured.value, one.measured.value).total_cmp(&0.0)));
    // Whatever might have come out best was tried for it, also where nothing can be said of it alone.
    let tried = candidates(&places);
    let (start, reference) = (places.iter().position(|place| Some(&place.entries) == start.as_ref()), reference(&places));
    let all: Vec<Measured> = places.iter().map(|place| place.measured).collect();
    for (at, place) in places.iter_mut().enumerate().take(tried) {
        let with = if at == reference { start } else { Some(reference) };
        place.mark = with.filter(|with| *with != at).and_then(|with| {
            // The reference against the start is one comparison, in whichever of both rows it stands.
            let with_start = start.is_some_and(|start| start != reference && (at == start || with == start));
            Some((compared(&place.measured, all.get(with)?, comparisons(tried, with_start)), with))
        });
    }
    places
}

/// The place that the others are compared with: the best one with repeated runs, since a single run
/// above it may be luck; the first place, when there is none.
pub fn reference(places: &[Place]) -> usize {
    places.iter().position(|place| !place.is_claim && place.measured.gap().is_none()).unwrap_or(0)
}

/// How many places the best one was chosen from.
pub fn candidates(places: &[Place]) -> usize {
    places.iter().filter(|place| !place.is_claim).count()
}

/// A claim may differ from what was measured by one in a hundred, and by the spread.
fn is_mismatch(measured: &Measured, claimed: Option<f64>) -> bool {
    claimed.is_some_and(|claimed| {
        let tolerance = (0.01 * claimed.abs().max(measured.value.abs())).max(measured.spread.unwrap_or(0.0));
        (claimed - measured.value).abs() > tolerance
    })
}

/// The best value so far, for each in the order of time.
pub fn best_so_far(better: Better, values: &[f64]) -> Vec<f64> {
    let mut best: Option<f64> = None;
    values
        .iter()
        .map(|value| {
            let now = best.filter(|best| better.gain(*value, *best) <= 0.0).unwrap_or(*value);
            best = Some(now);
            now
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(task: Option<&str>, value: f64) -> Entry<'_> {
        Entry { task: task.map(|task| (task, "x")), is_measured: false, measured: Measured { value, n: None, spread: None }, claimed: None }
    }

    #[test]
    fn repeats_of_a_task_share_a_place() {
        let entries = [entry(Some("t-1"), 0.5), entry(Some("t-2"), 0.8), entry(Some("t-1"), 0.7), entry(None, 0.6), entry(None, 0.6)];
        let places = rank(Better::Higher, &entries);
        assert_eq!(places.iter().map(|place| place.entries.clone()).collect::<Vec<_>>(), [vec![1], vec![0, 2], vec![3], vec![4]]);
        let repeats = &places[1].measured;
        assert!((repeats.value - 0.6).abs() < 1e-12 && repeats.n == Some(2));
        assert!((repeats.spread.expect("a spread") - 0.02_f64.sqrt()).abs() < 1e-12);
        let lower: Vec<_> = rank(Better::Lower, &entries).iter().map(|place| place.entries.clone()).collect();
        assert_eq!(lower[3], [1]);
    }

    #[test]
    fn marks_tell_what_may_be_noise() {
        let with = |value: f64| Entry { measured: Measured { value, n: Some(4), spread: Some(0.02) }, ..entry(None, 0.0) };
        let marks = |entries: &[Entry<'_>]| rank(Better::Higher, entries).iter().map(|place| place.mark).collect::<Vec<_>>();
        let (real, noise, unknown) = (Mark::LikelyReal, Mark::WithinNoise, Mark::Unknown);
        assert_eq!(marks(&[with(0.80), with(0.90), with(0.89)]), [Some((real, 2)), Some((noise, 0)), Some((real, 0))]);
        assert_eq!(marks(&[entry(None, 0.5), entry(None, 0.6)]), [Some((unknown, 1)), Some((unknown, 0))]);
        // The first one in time is the best: there is nothing to compare it with.
        assert_eq!(marks(&[with(0.9), with(0.5)]), [None, Some((real, 0))]);
        assert_eq!(marks(&[]), []);
        // A single run that came out best may be luck: it hides nothing of what is known of the others.
        let lucky = [with(0.5), with(0.8), entry(None, 0.9), with(0.79)];
        assert_eq!(marks(&lucky), [Some((unknown, 1)), Some((real, 3)), Some((noise, 1)), Some((real, 1))]);
        // The first sprint is a single run, or all others are.
        assert_eq!(marks(&[entry(None, 0.5), with(0.8), with(0.5)]), [Some((unknown, 1)), Some((unknown, 0)), Some((real, 0))]);
        assert_eq!(marks(&[with(0.5), entry(None, 0.6), entry(None, 0.1)]), [Some((unknown, 1)), None, Some((unknown, 1))]);
    }

    #[test]
    fn single_runs_are_never_called_real_however_many_there_are() {
        let values = [0.31, 0.30, 0.302, 0.299, 0.301, 0.3, 0.302, 0.300_5, 9.0, 0.299_5];
        let spread = |n: Option<u32>| values.map(|value| Entry { measured: Measured { value, n, spread: Some(0.001) }, ..entry(None, 0.0) });
        for entries in [values.map(|value| entry(None, value)), spread(Some(1)), spread(None), spread(Some(0))] {
            assert!(rank(Better::Higher, &entries).iter().all(|place| place.mark.is_none_or(|(mark, _)| mark == Mark::Unknown)));
        }
    }

    #[test]
    fn the_best_of_more_must_be_further_away() {
        let with = |value: f64| Entry { measured: Measured { value, n: Some(5), spread: Some(1.0) }, ..entry(None, 0.0) };
        let best = |others: usize| {
            let entries: Vec<_> = [0.0].into_iter().chain(std::iter::repeat_n(0.1, others)).chain([2.5]).map(with).collect();
            let places = rank(Better::Higher, &entries);
            // Both rows that show the comparison with the first sprint say the same.
            assert_eq!(places[0].mark.map(|(mark, _)| mark), places.last().and_then(|place| place.mark).map(|(mark, _)| mark));
            places[0].mark.map(|(mark, _)| mark)
        };
        assert_eq!((best(0), best(3), best(20)), (Some(Mark::LikelyReal), Some(Mark::LikelyReal), Some(Mark::WithinNoise)));
        // The same among single runs: they were tried, too.
        let mut entries = vec![with(0.0), with(2.5)];
        entries.extend(std::iter::repeat_n(entry(None, 0.1), 20));
        assert_eq!(rank(Better::Higher, &entries)[0].mark, Some((Mark::WithinNoise, 21)));
    }

    #[test]
    fn what_was_measured_goes_before_what_is_said() {
        let measured = |value: f64| Entry { is_measured: true, ..entry(Some("t-1"), value) };
        let entries = [entry(Some("t-1"), 0.99), measured(0.4), entry(None, 0.9), measured(0.6)];
        let places = rank(Better::Higher, &entries);
        assert_eq!(places.iter().map(|place| place.entries.clone()).collect::<Vec<_>>(), [vec![1, 3], vec![0], vec![2]]);
        assert_eq!(places.iter().map(|place| (place.is_claim, place.mark)).collect::<Vec<_>>(), [(false, None), (true, None), (true, None)]);
    }

    #[test]
    fn an_attempt_at_another_idea_is_no_repeat() {
        let other = Entry { task: Some(("t-1", "rewritten")), ..entry(None, 0.9) };
        assert_eq!(rank(Better::Higher, &[entry(Some("t-1"), 0.5), other]).len(), 2);
    }

    #[test]
    fn a_claim_beyond_the_tolerance_is_marked() {
        let claim = |claimed: f64, spread: Option<f64>| {
            let measured = Measured { value: 0.80, n: None, spread };
            rank(Better::Higher, &[Entry { measured, claimed: Some(claimed), ..entry(None, 0.0) }])[0].mismatch
        };
        assert!(!claim(0.805, None) && claim(0.82, None) && !claim(0.82, Some(0.05)) && claim(0.9, Some(0.05)));
        assert!(!rank(Better::Higher, &[entry(None, 0.8)])[0].mismatch);
    }

    #[test]
    fn the_best_so_far_never_gets_worse() {
        assert_eq!(best_so_far(Better::Higher, &[0.5, 0.9, 0.7]), [0.5, 0.9, 0.9]);
        assert_eq!(best_so_far(Better::Lower, &[0.5, 0.9, 0.3]), [0.5, 0.5, 0.3]);
    }
}
