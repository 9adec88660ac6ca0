//! How often chance alone is called real, and how often a true difference is found, by simulation.
//! Deterministic: the numbers come from a generator of its own with a fixed seed. To see the rates:
//! `cargo test --lib noise::simulation -- --nocapture`

use std::fmt::Write as _;

use super::*;
use crate::domain::leaderboard::{Entry, Place, rank};

/// SplitMix64.
struct Chance(u64);

impl Chance {
    fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Between 0 and 1.
    fn uniform(&mut self) -> f64 {
        (f64::from(u32::try_from(self.bits() >> 32).expect("32 bits")) + 0.5) / 4_294_967_296.0
    }

    fn normal(&mut self) -> f64 {
        (-2.0 * self.uniform().ln()).sqrt() * (std::f64::consts::TAU * self.uniform()).cos()
    }

    fn student3(&mut self) -> f64 {
        let squares: f64 = (0..3).map(|_| self.normal().powi(2)).sum();
        self.normal() / (squares / 3.0).sqrt()
    }
}

/// What one run of the place `at` gives.
type Draw = fn(&mut Chance, usize) -> f64;
/// How many runs the place `at` has.
type Runs = fn(usize) -> u32;

const NORMAL: Draw = |chance, _| chance.normal();

/// What a place has measured.
fn measured(chance: &mut Chance, draw: Draw, at: usize, n: u32) -> Measured {
    let values: Vec<f64> = (0..n).map(|_| draw(chance, at)).collect();
    if n == 1 {
        Measured { value: values[0], n: None, spread: None }
    } else {
        mean_of(values.iter().copied())
    }
}

fn board(places: &[Measured]) -> Vec<Place> {
    let entries: Vec<Entry<'_>> = places
        .iter()
        .map(|measured| Entry {
            task: None,
            is_measured: true,
            measured: *measured,
            claimed: None,
            is_doubted: false,
            apart: None,
        })
        .collect();
    rank(Better::Higher, &entries)
}

fn is_real(place: &Place) -> bool {
    matches!(place.mark, Some((Mark::LikelyReal, _)))
}

fn share(part: usize, whole: usize) -> f64 {
    number(part) / number(whole.max(1))
}

const SIZES: [usize; 7] = [2, 3, 5, 10, 20, 35, 50];

/// Fewer boards of many places: they take longer, and chance has less to do there.
fn boards(places: usize) -> usize {
    if places <= 3 { 6000 } else { 16_000 / places }
}

/// What chance may add to a rate of 5 % in so many boards: three standard errors.
fn at_most(boards: usize) -> f64 {
    0.05 + 3.0 * (0.05 * 0.95 / number(boards)).sqrt()
}

#[test]
fn chance_alone_is_called_real_on_at_most_one_board_in_twenty() {
    let kinds: [(&str, Draw, Runs); 14] = [
        ("single runs", NORMAL, |_| 1),
        ("2 runs each", NORMAL, |_| 2),
        ("3 runs each", NORMAL, |_| 3),
        ("5 runs each", NORMAL, |_| 5),
        ("10 runs each", NORMAL, |_| 10),
        ("1, 2, 4 and 8 runs", NORMAL, |at| 1 << (at % 4)),
        ("2 runs, scatter 1 and 10", |chance, at| chance.normal() * [1.0, 10.0][at % 2], |_| 2),
        ("3 runs, scatter 1 and 5", |chance, at| chance.normal() * [1.0, 5.0][at % 2], |_| 3),
        (
            "5 runs, scatter 1 to 10",
            |chance, at| chance.normal() * f64::from(1 + u8::try_from(at * 7 % 10).expect("small")),
            |_| 5,
        ),
        (
            "3 runs scatter 3, 20 runs",
            |chance, at| chance.normal() * [1.0, 3.0][at % 2],
            |at| [20, 3][at % 2],
        ),
        (
            "2 runs scatter 5, 8 runs",
            |chance, at| chance.normal() * [5.0, 1.0][at % 2],
            |at| [2, 8][at % 2],
        ),
        ("4 runs, heavy tails (t3)", |chance, _| chance.student3(), |_| 4),
        ("4 runs, skewed (lognormal)", |chance, _| chance.normal().exp(), |_| 4),
        ("4 runs, few digits", |chance, _| chance.normal().round(), |_| 4),
    ];
    let mut chance = Chance(1);
    let mut table = format!(
        "boards with at least one false \"likely real\" in % (and of rows)\n{:28}",
        "places"
    );
    SIZES.iter().for_each(|size| write!(table, "{size:>15}").expect("text"));
    for (name, draw, runs) in kinds {
        write!(table, "\n{name:28}").expect("text");
        for size in SIZES {
            let (mut wrong_boards, mut wrong_rows, count) = (0, 0, boards(size));
            for _ in 0..count {
                let places: Vec<Measured> =
                    (0..size).map(|at| measured(&mut chance, draw, at, runs(at))).collect();
                let wrong = board(&places).iter().filter(|place| is_real(place)).count();
                wrong_boards += usize::from(wrong > 0);
                wrong_rows += wrong;
            }
            write!(
                table,
                "{:>7.2} ({:>4.2})",
                100.0 * share(wrong_boards, count),
                100.0 * share(wrong_rows, count * size)
            )
            .expect("text");
            assert!(share(wrong_boards, count) <= at_most(count), "{name}, {size} places\n{table}");
            assert!(name != "single runs" || wrong_boards == 0, "{table}");
        }
    }
    println!("{table}\n");
}

#[test]
fn repeating_what_was_lucky_does_not_make_it_real() {
    // Of single runs the best one and the first one are run three times more; the lucky value stays in the mean.
    let mut chance = Chance(2);
    let mut table =
        "the best of so many single runs, repeated: boards with a false \"likely real\" in %"
            .to_owned();
    for size in SIZES {
        let (mut wrong, count) = (0, boards(size));
        for _ in 0..count {
            let mut values: Vec<Vec<f64>> = (0..size).map(|_| vec![chance.normal()]).collect();
            let best = (0..size)
                .max_by(|one, other| values[*one][0].total_cmp(&values[*other][0]))
                .expect("some");
            for at in [0, best] {
                while values[at].len() < 4 {
                    values[at].push(chance.normal());
                }
            }
            let places: Vec<Measured> = values
                .iter()
                .map(|of| {
                    if of.len() == 1 {
                        Measured { value: of[0], n: Some(1), spread: None }
                    } else {
                        mean_of(of.iter().copied())
                    }
                })
                .collect();
            wrong += usize::from(board(&places).iter().any(is_real));
        }
        write!(table, "   {size}: {:.2}", 100.0 * share(wrong, count)).expect("text");
        assert!(share(wrong, count) <= at_most(count), "{table}");
    }
    println!("{table}\n");
}

#[test]
fn a_true_difference_is_found() {
    // The last place is better than all others, which are equal.
    let mut chance = Chance(3);
    let mut table = "the better one is found, against the first sprint, in %".to_owned();
    let mut found = |gain: f64, n: u32, size: usize| {
        let count = 1500;
        let hits = (0..count).filter(|_| {
            let mut places: Vec<Measured> =
                (0..size).map(|at| measured(&mut chance, NORMAL, at, n)).collect();
            places[size - 1].value += gain;
            let board = board(&places);
            board[0].entries == [size - 1] && is_real(&board[0])
        });
        share(hits.count(), count)
    };
    for (gain, n) in [(3.0, 3), (3.0, 4), (3.0, 5), (3.0, 10), (2.0, 10), (1.0, 20)] {
        write!(table, "\n{gain} sd, {n:>2} runs each:").expect("text");
        for size in [2, 3, 5, 10, 20, 50] {
            let rate = found(gain, n, size);
            write!(table, "  {size} places {:5.1}", 100.0 * rate).expect("text");
            assert!(rate >= 0.9 || (gain, n) != (3.0, 10), "{table}");
            assert!(rate >= 0.9 || (gain, n, size) != (3.0, 5, 2), "{table}");
        }
    }
    println!("{table}\n");
}

/// The place of the value after which a loop of this patience ends.
fn ends_at(steps: &[Step], patience: usize) -> Option<usize> {
    let mut since = 0;
    steps.iter().position(|step| {
        match step {
            Step::Improvement => since = 0,
            Step::Doubtful => {}
            Step::Nothing => since += 1,
        }
        since >= patience
    })
}

#[test]
fn patience_is_not_fooled_by_noise_and_lets_a_rise_go_on() {
    let mut chance = Chance(4);
    let count = 1200;
    let mut table = "pure noise: after how many values a loop ends, on average and in 95 of 100; loops that saw an improvement in %".to_owned();
    let kinds: [(&str, Draw, u32, f64); 4] = [
        ("single runs", NORMAL, 1, 0.05),
        ("5 runs each", NORMAL, 5, 0.05),
        // What is far outside is no proof where far outside is usual. It only makes a loop longer.
        ("single, heavy tails", |chance, _| chance.student3(), 1, 0.1),
        ("single, skewed", |chance, _| (0.5 * chance.normal()).exp(), 1, 0.12),
    ];
    for (name, draw, n, most) in kinds {
        for patience in [2, 3, 5, 10] {
            let (mut lengths, mut fooled) = (Vec::new(), 0);
            for _ in 0..count {
                let history: Vec<Measured> =
                    (0..40).map(|at| measured(&mut chance, draw, at, n)).collect();
                let steps = steps(Better::Higher, &history);
                let end = ends_at(&steps, patience).unwrap_or_else(|| {
                    panic!("{name}: patience {patience} never ended: {history:?}")
                });
                fooled += usize::from(steps[1..=end].contains(&Step::Improvement));
                lengths.push(end + 1);
            }
            lengths.sort_unstable();
            let mean = share(lengths.iter().sum(), count);
            write!(
                table,
                "\n{name:20} patience {patience:>2}: {mean:5.1} {:>3}  {:5.2}",
                lengths[count * 95 / 100],
                100.0 * share(fooled, count)
            )
            .expect("text");
            // The first value, the patience, and the few new bests that chance sets.
            assert!(
                mean <= number(patience) + 4.5 && lengths[count * 95 / 100] <= patience + 9,
                "{table}"
            );
            assert!(share(fooled, count) <= most + 3.0 * (most / number(count)).sqrt(), "{table}");
        }
    }
    println!("{table}");
    let goes_on = |chance: &mut Chance, gain: fn(usize) -> f64, until: usize| {
        let ends = (0..count).filter(|_| {
            let history: Vec<Measured> = (0..until)
                .map(|at| Measured { value: chance.normal() + gain(at), n: None, spread: None })
                .collect();
            ends_at(&steps(Better::Higher, &history), 3).is_some()
        });
        1.0 - share(ends.count(), count)
    };
    let rising = [10, 20].map(|until| goes_on(&mut chance, |at| 2.0 * number(at), until));
    let jump = goes_on(&mut chance, |at| if at >= 3 { 30.0 } else { 0.0 }, 6);
    let [ten, twenty] = rising.map(|rate| 100.0 * rate);
    println!(
        "single runs, patience 3: a rise of 2 sd a sprint goes on for 10 sprints in {ten:.1} %, for 20 in {twenty:.1} %"
    );
    println!("a jump of 30 sd after three sprints goes on for two more in {:.1} %", 100.0 * jump);
    assert!(rising[0] >= 0.9 && rising[1] >= 0.75 && jump >= 0.9, "{rising:?} {jump}");
}
