//! Ranks measured sprints: repeats of a task together, with a mark for what may be noise.

use std::collections::BTreeMap;

use super::TaskId;
use super::noise::{Better, Mark, Measured, compared, comparisons, mean_of};
use super::scale::{self, Scale};

/// What a sprint tells of a figure.
#[derive(Debug, Clone, PartialEq)]
pub struct Told<'a> {
    /// What it is an attempt at, and with which idea: entries of the same are repeats.
    pub task: Option<(&'a TaskId, &'a str)>,
    /// Whether the study's evaluator has measured it; else it is what the agent says.
    pub is_measured: bool,
    /// What was measured, in its own unit.
    pub measured: Measured,
    /// That unit; may be empty.
    pub unit: &'a str,
    /// What the agent claims, when something else has measured, with its unit.
    pub claimed: Option<(f64, &'a str)>,
    /// Whether critical issues are open in its last review.
    pub is_doubted: bool,
}

/// One measured sprint, in the unit in which all are compared.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry<'a> {
    /// What it is an attempt at, and with which idea: entries of the same are repeats.
    pub task: Option<(&'a TaskId, &'a str)>,
    /// Whether the study's evaluator has measured it; else it is what the agent says.
    pub is_measured: bool,
    /// What was measured.
    pub measured: Measured,
    /// What the agent claims, when something else has measured.
    pub claimed: Option<f64>,
    /// Whether critical issues are open in its last review.
    pub is_doubted: bool,
    /// Why it cannot be compared with the others; then it is in its own unit.
    pub apart: Option<String>,
}

impl Entry<'_> {
    /// Whether it counts for what is decided: it can be compared, and nothing is known against it.
    pub fn counts(&self) -> bool {
        !self.is_doubted && self.apart.is_none()
    }
}

/// What sprints tell of a figure, brought to one scale.
#[derive(Debug, Clone)]
pub struct Series<'a> {
    /// In the same order.
    pub entries: Vec<Entry<'a>>,
    /// How those that were measured, or else what agents say, compare with other values.
    pub scale: Scale,
    /// The unit of what agents say; may be empty.
    pub said_unit: String,
}

/// Brings what sprints tell of the figure of this name to one scale. What the study's evaluator has
/// measured is of one kind, what agents say of another: these are never compared with each other.
pub fn series<'a>(name: &str, told: &[Told<'a>]) -> Series<'a> {
    let scale_of = |measured: bool| {
        let of: Vec<(f64, &str)> = told
            .iter()
            .filter(|one| one.is_measured == measured)
            .map(|one| (one.measured.value, one.unit))
            .collect();
        scale::of(name, &of)
    };
    let (measured, said) = (scale_of(true), scale_of(false));
    let (mut of_measured, mut of_said) = (measured.factors.iter(), said.factors.iter());
    let entries = told
        .iter()
        .map(|one| {
            let factor = if one.is_measured { of_measured.next() } else { of_said.next() };
            let (factor, apart) = match factor {
                Some(Ok(factor)) => (*factor, None),
                Some(Err(why)) => (1.0, Some(why.clone())),
                None => (1.0, None),
            };
            let Measured { value, n, spread } = one.measured;
            let near = |claimed: (f64, &str)| {
                let readings = scale::readings(claimed.0, claimed.1, one.unit, name).into_iter();
                readings
                    .min_by(|a, b| (a - value).abs().total_cmp(&(b - value).abs()))
                    .unwrap_or(claimed.0)
                    * factor
            };
            Entry {
                task: one.task,
                is_measured: one.is_measured,
                measured: Measured {
                    value: value * factor,
                    n,
                    spread: spread.map(|spread| spread * factor),
                },
                claimed: one.claimed.map(near),
                is_doubted: one.is_doubted,
                apart,
            }
        })
        .collect();
    let said_unit = said.unit.clone();
    Series { entries, scale: if measured.factors.is_empty() { said } else { measured }, said_unit }
}

/// In which order places stand, before their values: only those of the first kind are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// Nothing is known against it.
    Sound,
    /// Critical issues are open in its last review, and there are others that have none.
    Doubted,
    /// It is what an agent says, on a board on which others were measured.
    Claimed,
    /// It cannot be compared with the others.
    Apart,
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
    /// Whether it is compared with others, and why not.
    pub standing: Standing,
}

impl Place {
    /// Whether the best one was chosen from it and others.
    fn is_candidate(&self) -> bool {
        self.standing == Standing::Sound
    }
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
        // One without a task repeats nothing. What is doubted is no repeat of what is not.
        let group = match entry.task {
            Some(task) if entry.apart.is_none() => {
                *known.entry((task, entry.is_measured, entry.is_doubted)).or_insert(new)
            }
            _ => new,
        };
        match groups.get_mut(group) {
            Some(group) => group.push(at),
            None => groups.push(vec![at]),
        }
    }
    let together = |group: Vec<usize>| {
        let of: Vec<Measured> =
            group.iter().filter_map(|at| entries.get(*at)).map(|entry| entry.measured).collect();
        let measured =
            if let [only] = of[..] { only } else { mean_of(of.iter().map(|one| one.value)) };
        Repeats { entries: group, measured }
    };
    groups.into_iter().map(together).collect()
}

/// Ranks entries that are given in the order of time, the best first. Where some were measured, what
/// agents only say of the others comes after these; and so do those whose last review has left critical
/// issues open after those that have none, and those that cannot be compared after all.
pub fn rank(better: Better, entries: &[Entry<'_>]) -> Vec<Place> {
    let some_are_measured = entries.iter().any(|entry| entry.is_measured);
    let is_claim = |entry: &Entry<'_>| some_are_measured && !entry.is_measured;
    let some_are_sound = entries.iter().any(|entry| entry.counts() && !is_claim(entry));
    let standing = |entry: &Entry<'_>| match entry {
        entry if entry.apart.is_some() => Standing::Apart,
        entry if is_claim(entry) => Standing::Claimed,
        entry if entry.is_doubted && some_are_sound => Standing::Doubted,
        _ => Standing::Sound,
    };
    let mut places: Vec<Place> = repeats(entries)
        .into_iter()
        .map(|group| {
            let of: Vec<&Entry<'_>> =
                group.entries.iter().filter_map(|at| entries.get(*at)).collect();
            let mismatch = of.iter().any(|entry| is_mismatch(&entry.measured, entry.claimed));
            // Repeats are of one kind.
            let standing = of.first().map_or(Standing::Sound, |entry| standing(entry));
            Place {
                measured: group.measured,
                entries: group.entries,
                mark: None,
                mismatch,
                standing,
            }
        })
        .collect();
    let start = places.iter().find(|place| place.is_candidate()).map(|place| place.entries.clone());
    // A stable order: of equal values the earlier one goes first.
    places.sort_by(|one, other| {
        one.standing
            .cmp(&other.standing)
            .then_with(|| better.gain(other.measured.value, one.measured.value).total_cmp(&0.0))
    });
    // Whatever might have come out best was tried for it, also where nothing can be said of it alone.
    let tried = candidates(&places);
    let (start, reference) = (
        places.iter().position(|place| Some(&place.entries) == start.as_ref()),
        reference(&places),
    );
    let all: Vec<Measured> = places.iter().map(|place| place.measured).collect();
    for (at, place) in places.iter_mut().enumerate().take(tried) {
        let with = if at == reference { start } else { Some(reference) };
        place.mark = with.filter(|with| *with != at).and_then(|with| {
            // The reference against the start is one comparison, in whichever of both rows it stands.
            let with_start =
                start.is_some_and(|start| start != reference && (at == start || with == start));
            Some((compared(&place.measured, all.get(with)?, comparisons(tried, with_start)), with))
        });
    }
    places
}

/// The place that the others are compared with: the best one with repeated runs, since a single run
/// above it may be luck; the first place, when there is none.
pub fn reference(places: &[Place]) -> usize {
    places
        .iter()
        .position(|place| place.is_candidate() && place.measured.gap().is_none())
        .unwrap_or(0)
}

/// How many places the best one was chosen from.
pub fn candidates(places: &[Place]) -> usize {
    places.iter().filter(|place| place.is_candidate()).count()
}

/// A claim may differ from what was measured by one in a hundred, and by the spread.
fn is_mismatch(measured: &Measured, claimed: Option<f64>) -> bool {
    claimed.is_some_and(|claimed| {
        let tolerance =
            (0.01 * claimed.abs().max(measured.value.abs())).max(measured.spread.unwrap_or(0.0));
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
    use std::sync::LazyLock;

    use super::*;

    static ONE: LazyLock<TaskId> = LazyLock::new(|| TaskId::of("t-000001"));
    static OTHER: LazyLock<TaskId> = LazyLock::new(|| TaskId::of("t-000002"));

    fn entry(task: Option<&TaskId>, value: f64) -> Entry<'_> {
        Entry {
            task: task.map(|task| (task, "x")),
            is_measured: false,
            measured: Measured { value, n: None, spread: None },
            claimed: None,
            is_doubted: false,
            apart: None,
        }
    }

    #[test]
    fn repeats_of_a_task_share_a_place() {
        let entries = [
            entry(Some(&ONE), 0.5),
            entry(Some(&OTHER), 0.8),
            entry(Some(&ONE), 0.7),
            entry(None, 0.6),
            entry(None, 0.6),
        ];
        let places = rank(Better::Higher, &entries);
        assert_eq!(
            places.iter().map(|place| place.entries.clone()).collect::<Vec<_>>(),
            [vec![1], vec![0, 2], vec![3], vec![4]]
        );
        let repeats = &places[1].measured;
        assert!((repeats.value - 0.6).abs() < 1e-12 && repeats.n == Some(2));
        assert!((repeats.spread.expect("a spread") - 0.02_f64.sqrt()).abs() < 1e-12);
        let lower: Vec<_> =
            rank(Better::Lower, &entries).iter().map(|place| place.entries.clone()).collect();
        assert_eq!(lower[3], [1]);
    }

    #[test]
    fn marks_tell_what_may_be_noise() {
        let with = |value: f64| Entry {
            measured: Measured { value, n: Some(4), spread: Some(0.02) },
            ..entry(None, 0.0)
        };
        let marks = |entries: &[Entry<'_>]| {
            rank(Better::Higher, entries).iter().map(|place| place.mark).collect::<Vec<_>>()
        };
        let (real, noise, unknown) = (Mark::LikelyReal, Mark::WithinNoise, Mark::Unknown);
        assert_eq!(
            marks(&[with(0.80), with(0.90), with(0.89)]),
            [Some((real, 2)), Some((noise, 0)), Some((real, 0))]
        );
        assert_eq!(
            marks(&[entry(None, 0.5), entry(None, 0.6)]),
            [Some((unknown, 1)), Some((unknown, 0))]
        );
        // The first one in time is the best: there is nothing to compare it with.
        assert_eq!(marks(&[with(0.9), with(0.5)]), [None, Some((real, 0))]);
        assert_eq!(marks(&[]), []);
        // A single run that came out best may be luck: it hides nothing of what is known of the others.
        let lucky = [with(0.5), with(0.8), entry(None, 0.9), with(0.79)];
        assert_eq!(
            marks(&lucky),
            [Some((unknown, 1)), Some((real, 3)), Some((noise, 1)), Some((real, 1))]
        );
        // The first sprint is a single run, or all others are.
        assert_eq!(
            marks(&[entry(None, 0.5), with(0.8), with(0.5)]),
            [Some((unknown, 1)), Some((unknown, 0)), Some((real, 0))]
        );
        assert_eq!(
            marks(&[with(0.5), entry(None, 0.6), entry(None, 0.1)]),
            [Some((unknown, 1)), None, Some((unknown, 1))]
        );
    }

    #[test]
    fn single_runs_are_never_called_real_however_many_there_are() {
        let values = [0.31, 0.30, 0.302, 0.299, 0.301, 0.3, 0.302, 0.300_5, 9.0, 0.299_5];
        let spread = |n: Option<u32>| {
            values.map(|value| Entry {
                measured: Measured { value, n, spread: Some(0.001) },
                ..entry(None, 0.0)
            })
        };
        for entries in
            [values.map(|value| entry(None, value)), spread(Some(1)), spread(None), spread(Some(0))]
        {
            assert!(
                rank(Better::Higher, &entries)
                    .iter()
                    .all(|place| place.mark.is_none_or(|(mark, _)| mark == Mark::Unknown))
            );
        }
    }

    #[test]
    fn the_best_of_more_must_be_further_away() {
        let with = |value: f64| Entry {
            measured: Measured { value, n: Some(5), spread: Some(1.0) },
            ..entry(None, 0.0)
        };
        let best = |others: usize| {
            let entries: Vec<_> = [0.0]
                .into_iter()
                .chain(std::iter::repeat_n(0.1, others))
                .chain([2.5])
                .map(with)
                .collect();
            let places = rank(Better::Higher, &entries);
            // Both rows that show the comparison with the first sprint say the same.
            assert_eq!(
                places[0].mark.map(|(mark, _)| mark),
                places.last().and_then(|place| place.mark).map(|(mark, _)| mark)
            );
            places[0].mark.map(|(mark, _)| mark)
        };
        assert_eq!(
            (best(0), best(3), best(20)),
            (Some(Mark::LikelyReal), Some(Mark::LikelyReal), Some(Mark::WithinNoise))
        );
        // The same among single runs: they were tried, too.
        let mut entries = vec![with(0.0), with(2.5)];
        entries.extend(std::iter::repeat_n(entry(None, 0.1), 20));
        assert_eq!(rank(Better::Higher, &entries)[0].mark, Some((Mark::WithinNoise, 21)));
    }

    #[test]
    fn what_was_measured_goes_before_what_is_said() {
        let measured = |value: f64| Entry { is_measured: true, ..entry(Some(&ONE), value) };
        let entries = [entry(Some(&ONE), 0.99), measured(0.4), entry(None, 0.9), measured(0.6)];
        let places = rank(Better::Higher, &entries);
        assert_eq!(
            places.iter().map(|place| place.entries.clone()).collect::<Vec<_>>(),
            [vec![1, 3], vec![0], vec![2]]
        );
        assert_eq!(
            places.iter().map(|place| (place.standing, place.mark)).collect::<Vec<_>>(),
            [(Standing::Sound, None), (Standing::Claimed, None), (Standing::Claimed, None)]
        );
    }

    #[test]
    fn what_is_doubted_or_cannot_be_compared_wins_nothing() {
        let (doubted, apart) = (
            |value| Entry { is_doubted: true, ..entry(Some(&ONE), value) },
            |value| Entry { apart: Some("no".to_owned()), ..entry(None, value) },
        );
        let entries = [
            doubted(0.99),
            entry(Some(&ONE), 0.5),
            apart(91.2),
            entry(Some(&OTHER), 0.6),
            doubted(0.97),
        ];
        let places = rank(Better::Higher, &entries);
        let told: Vec<_> =
            places.iter().map(|place| (place.entries.clone(), place.standing)).collect();
        let expected = [
            (vec![3], Standing::Sound),
            (vec![1], Standing::Sound),
            (vec![0, 4], Standing::Doubted),
            (vec![2], Standing::Apart),
        ];
        assert_eq!(told, expected, "and a doubted attempt is no repeat of a sound one");
        assert_eq!((candidates(&places), places[2].mark, places[3].mark), (2, None, None));
        assert_eq!(
            places[0].mark.map(|(_, with)| with),
            Some(1),
            "the first one in time is the first that counts"
        );
        // Where all are doubted, they are still told apart.
        let all = rank(Better::Higher, &[doubted(0.9), Entry { task: None, ..doubted(0.95) }]);
        assert_eq!(
            all.iter().map(|place| (place.entries[0], place.standing)).collect::<Vec<_>>(),
            [(1, Standing::Sound), (0, Standing::Sound)]
        );
    }

    #[test]
    fn figures_and_claims_are_brought_to_one_unit() {
        let told = |value: f64,
                    unit: &'static str,
                    is_measured: bool,
                    claimed: Option<(f64, &'static str)>| Told {
            task: None,
            is_measured,
            measured: Measured { value, n: Some(3), spread: Some(value / 100.0) },
            unit,
            claimed,
            is_doubted: false,
        };
        let read = series(
            "accuracy",
            &[told(0.93, "fraction", false, None), told(91.0, "%", false, None)],
        );
        assert!(
            (read.entries[1].measured.value - 0.91).abs() < 1e-12
                && read.entries[1]
                    .measured
                    .spread
                    .is_some_and(|spread| (spread - 0.0091).abs() < 1e-12)
        );
        // What is measured has no unit; a claim with one can be the same, and need not be.
        let read = series(
            "accuracy",
            &[
                told(0.93, "", true, Some((93.0, "%"))),
                told(0.9, "", true, Some((95.0, "%"))),
                told(92.0, "%", false, None),
            ],
        );
        let places = rank(Better::Higher, &read.entries);
        assert_eq!(
            places.iter().map(|place| (place.mismatch, place.standing)).collect::<Vec<_>>(),
            [(false, Standing::Sound), (true, Standing::Sound), (false, Standing::Claimed)]
        );
    }

    #[test]
    fn an_attempt_at_another_idea_is_no_repeat() {
        let other = Entry { task: Some((&ONE, "rewritten")), ..entry(None, 0.9) };
        assert_eq!(rank(Better::Higher, &[entry(Some(&ONE), 0.5), other]).len(), 2);
    }

    #[test]
    fn a_claim_beyond_the_tolerance_is_marked() {
        let claim = |claimed: f64, spread: Option<f64>| {
            let measured = Measured { value: 0.80, n: None, spread };
            rank(Better::Higher, &[Entry { measured, claimed: Some(claimed), ..entry(None, 0.0) }])
                [0]
            .mismatch
        };
        assert!(
            !claim(0.805, None)
                && claim(0.82, None)
                && !claim(0.82, Some(0.05))
                && claim(0.9, Some(0.05))
        );
        assert!(!rank(Better::Higher, &[entry(None, 0.8)])[0].mismatch);
    }

    #[test]
    fn the_best_so_far_never_gets_worse() {
        assert_eq!(best_so_far(Better::Higher, &[0.5, 0.9, 0.7]), [0.5, 0.9, 0.9]);
        assert_eq!(best_so_far(Better::Lower, &[0.5, 0.9, 0.3]), [0.5, 0.5, 0.3]);
    }
}
