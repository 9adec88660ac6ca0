//! Ranks measured sprints: repeats of a task together, with a mark for what may be noise.

use super::noise::{Better, Measured, known_floor};

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

/// Whether a difference is more than noise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// It is.
    LikelyReal,
    /// It is not.
    WithinNoise,
    /// Nothing is known of the noise: no spreads, and fewer than three values.
    Unknown,
}

impl Mark {
    /// The word in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::LikelyReal => "likely_real",
            Self::WithinNoise => "within_noise",
            Self::Unknown => "unknown",
        }
    }
}

/// A place of the board.
#[derive(Debug, Clone, PartialEq)]
pub struct Place {
    /// Which entries, in the order of time: one, or the repeats of a task.
    pub entries: Vec<usize>,
    /// The value; of repeats the mean, with the standard deviation over them.
    pub measured: Measured,
    /// Of the first place: whether it differs from the first sprint in time. Of all others: whether
    /// they differ from the first place. None when there is nothing to compare with.
    pub mark: Option<Mark>,
    /// Whether what an agent claims is not what was measured.
    pub mismatch: bool,
    /// Whether it is what an agent says, on a board on which others were measured.
    pub is_claim: bool,
}

/// Ranks entries that are given in the order of time, the best first. Where some were measured, what
/// agents only say of the others comes after these.
pub fn rank(better: Better, entries: &[Entry<'_>]) -> Vec<Place> {
    let some_are_measured = entries.iter().any(|entry| entry.is_measured);
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for (at, entry) in entries.iter().enumerate() {
        let same = |group: &&mut Vec<usize>| {
            let of = |first: &Entry<'_>| first.task == entry.task && first.is_measured == entry.is_measured;
            entry.task.is_some() && group.first().and_then(|first| entries.get(*first)).is_some_and(of)
        };
        match groups.iter_mut().find(same) {
            Some(group) => group.push(at),
            None => groups.push(vec![at]),
        }
    }
    let mut places: Vec<Place> = groups
        .into_iter()
        .map(|group| {
            let of: Vec<&Entry<'_>> = group.iter().filter_map(|at| entries.get(*at)).collect();
            let mismatch = of.iter().any(|entry| is_mismatch(&entry.measured, entry.claimed));
            let is_claim = some_are_measured && of.iter().all(|entry| !entry.is_measured);
            Place { measured: together(&of), entries: group, mark: None, mismatch, is_claim }
        })
        .collect();
    let comparable = entries.iter().filter(|entry| entry.is_measured || !some_are_measured);
    let values: Vec<f64> = comparable.map(|entry| entry.measured.value).collect();
    let oldest = places.iter().find(|place| !place.is_claim);
    let (baseline, first) = (oldest.map(|place| place.measured), oldest.map(|place| place.entries.clone()));
    // A stable order: of equal values the earlier one goes first.
    places
        .sort_by(|one, other| one.is_claim.cmp(&other.is_claim).then_with(|| better.gain(other.measured.value, one.measured.value).total_cmp(&0.0)));
    let best = places.first().map(|place| place.measured);
    for (at, place) in places.iter_mut().enumerate() {
        let other = match at {
            _ if place.is_claim => None,
            0 if Some(&place.entries) == first.as_ref() => None,
            0 => baseline,
            _ => best,
        };
        place.mark = other.map(|other| mark(&place.measured, &other, &values));
    }
    places
}

fn mark(one: &Measured, other: &Measured, values: &[f64]) -> Mark {
    match known_floor(one, other, values) {
        None => Mark::Unknown,
        Some(floor) if (one.value - other.value).abs() > floor => Mark::LikelyReal,
        Some(_) => Mark::WithinNoise,
    }
}

/// The mean over repeats; one alone stays as it is.
fn together(entries: &[&Entry<'_>]) -> Measured {
    if let [only] = entries {
        return only.measured;
    }
    let n = u32::try_from(entries.len()).unwrap_or(u32::MAX);
    let mean = entries.iter().map(|entry| entry.measured.value).sum::<f64>() / f64::from(n.max(1));
    let squares: f64 = entries.iter().map(|entry| (entry.measured.value - mean).powi(2)).sum();
    Measured { value: mean, n: Some(n), spread: Some((squares / f64::from(n.saturating_sub(1).max(1))).sqrt()) }
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
        // The error of a difference is 0.014; with so few runs, 0.035 are needed.
        assert_eq!(marks(&[with(0.80), with(0.90), with(0.89)]), [Some(Mark::LikelyReal), Some(Mark::WithinNoise), Some(Mark::LikelyReal)]);
        assert_eq!(marks(&[entry(None, 0.5), entry(None, 0.6)]), [Some(Mark::Unknown), Some(Mark::Unknown)]);
        // The first one in time is the best: there is nothing to compare it with.
        assert_eq!(marks(&[with(0.9), with(0.5)]), [None, Some(Mark::LikelyReal)]);
        assert_eq!(marks(&[]), []);
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
