//! Which figures of one name can be compared, and in which unit. `docs/findings.md` says the same for
//! people.
//!
//! Figures are converted where the relation of their units is certain, and set apart where it is not:
//! a figure that is set apart is shown, and neither ranked nor taken for reaching anything.

use super::unit::{self, Kind, Unit};

/// The figures of one name, brought together.
#[derive(Debug, Clone, PartialEq)]
pub struct Scale {
    /// The unit that they share, as one of them writes it; may be empty.
    pub unit: String,
    /// For each figure by how much it is multiplied, or why it is set apart.
    pub factors: Vec<Result<f64, String>>,
    shared: Unit,
    /// Whether they came in several units that were converted.
    is_mixed: bool,
    /// Whether the name says that it is a share.
    is_share: bool,
    looks: Looks,
}

/// What numbers look like, where a fraction and a percentage must be told apart.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Looks {
    /// One that is not above 1.
    low: Option<f64>,
    /// One that is above 1.
    high: Option<f64>,
}

impl Looks {
    fn of(values: impl Iterator<Item = f64>) -> Self {
        let mut looks = Self::default();
        for value in values.filter(|value| *value != 0.0) {
            let slot = if is_low(value) { &mut looks.low } else { &mut looks.high };
            slot.get_or_insert(value);
        }
        looks
    }
}

fn is_low(value: f64) -> bool {
    value.abs() <= 1.0
}

/// Brings figures of this name together: values with their units, in the order of time.
pub fn of(name: &str, figures: &[(f64, &str)]) -> Scale {
    let units: Vec<Unit> = figures.iter().map(|(_, text)| unit::read(text, name)).collect();
    let is_share = unit::is_share(name);
    let told = |wanted: &dyn Fn(&Unit) -> bool| {
        most(
            units.iter().enumerate().filter(|(_, unit)| **unit != Unit::Untold && wanted(unit)),
            same_kind,
        )
    };
    let Some(main) = told(&|_| true) else { return without_units(figures, is_share) };
    let of_main = |unit: &Unit| same_kind(unit, &units[main]);
    let shown = most(units.iter().enumerate().filter(|(_, unit)| of_main(unit)), PartialEq::eq)
        .unwrap_or(main);
    let (shared, unit_text) = (units[shown].clone(), figures[shown].1.trim());
    let is_mixed = units.iter().any(|unit| of_main(unit) && *unit != shared);
    // One without a unit is in the only one that it may be in: shares must look alike, too.
    let untold = |value: f64| -> Result<f64, String> {
        let Unit::Known(kind, of) = &shared else { return Ok(1.0) };
        let alike =
            |other: f64| *kind != Kind::Share || value == 0.0 || is_low(value) == is_low(other);
        let mut may: Vec<f64> = Vec::new();
        for ((other, _), unit) in figures.iter().zip(&units) {
            if let Unit::Known(own, factor) = unit
                && own == kind
                && alike(*other)
                && !may.contains(factor)
            {
                may.push(*factor);
            }
        }
        match may[..] {
            [only] => Ok(only / of),
            _ if value == 0.0 => Ok(1.0),
            [] => Err(format!(
                "it has no unit, and does not look like the others, which are in {unit_text}"
            )),
            _ => Err("it has no unit, and the others have several".to_owned()),
        }
    };
    let factors: Vec<Result<f64, String>> = figures
        .iter()
        .zip(&units)
        .map(|((value, text), unit)| match (unit, &shared) {
            (Unit::Untold, _) => untold(*value),
            (Unit::Known(kind, factor), Unit::Known(shared, of)) if kind == shared => {
                Ok(factor / of)
            }
            (Unit::Other(one), Unit::Other(other)) if one == other => Ok(1.0),
            _ => Err(format!("it is in {}, the others are in {unit_text}", text.trim())),
        })
        .collect();
    let looks = Looks::of(
        figures
            .iter()
            .zip(&factors)
            .filter_map(|((value, _), factor)| Some(value * factor.as_ref().ok()?)),
    );
    Scale { unit: unit_text.to_owned(), factors, shared, is_mixed, is_share, looks }
}

/// Nobody tells a unit. A share that is above 1 is a percentage, and whether one below 1 is a fraction
/// nobody can say: those that most are like count, of as many the earlier ones.
fn without_units(figures: &[(f64, &str)], is_share: bool) -> Scale {
    let values = || figures.iter().map(|(value, _)| *value).filter(|value| *value != 0.0);
    let all = Looks::of(values());
    let apart = match (all.low, all.high, values().next()) {
        (Some(low), Some(high), Some(first)) if is_share => {
            let lows = values().filter(|value| is_low(*value)).count();
            let highs = values().count() - lows;
            let low_counts = lows > highs || (lows == highs && is_low(first));
            Some((
                low_counts,
                format!(
                    "no unit is given, and figures such as {low} and {high} may be a fraction and a percentage"
                ),
            ))
        }
        _ => None,
    };
    let factors: Vec<Result<f64, String>> = figures
        .iter()
        .map(|(value, _)| match &apart {
            Some((low_counts, why)) if *value != 0.0 && is_low(*value) != *low_counts => {
                Err(why.clone())
            }
            _ => Ok(1.0),
        })
        .collect();
    let looks = Looks::of(
        figures
            .iter()
            .zip(&factors)
            .filter(|(_, factor)| factor.is_ok())
            .map(|((value, _), _)| *value),
    );
    Scale { unit: String::new(), factors, shared: Unit::Untold, is_mixed: false, is_share, looks }
}

impl Scale {
    /// By how much a value in this unit is multiplied to be compared with the figures, or why it cannot
    /// be compared with them.
    ///
    /// # Errors
    /// When it is not certain how they relate.
    pub fn factor_of(&self, value: f64, unit: &str, higher_is_better: bool) -> Result<f64, String> {
        let Looks { low, high } = self.looks;
        let shown = if self.unit.is_empty() { String::new() } else { format!(" {}", self.unit) };
        let not_sure = |other: Option<f64>| {
            let other =
                other.map_or_else(|| "the figures".to_owned(), |other| format!("{other}{shown}"));
            Err(format!(
                "{value} and {other} may be a fraction and a percentage; write the unit of the target, for example 95%"
            ))
        };
        match (unit::read(unit, ""), &self.shared) {
            (Unit::Known(kind, factor), Unit::Known(shared, of)) if kind == *shared => {
                Ok(factor / of)
            }
            (Unit::Known(Kind::Share, factor), Unit::Untold) => match (low, high) {
                // The target says that it is a share: above 1 it is a percentage.
                (None, Some(_)) => Ok(factor / 0.01),
                (Some(_), None) | (None, None) => Ok(factor),
                (Some(_), Some(high)) => not_sure(Some(high)),
            },
            (Unit::Known(..), Unit::Untold) => {
                Err(format!("the target is in {unit}, and the figures have no unit"))
            }
            (Unit::Known(..) | Unit::Other(_), Unit::Known(..) | Unit::Other(_)) => {
                Err(format!("the target is in {unit}, the figures are in{shown}"))
            }
            (Unit::Other(_), Unit::Untold) => {
                Err(format!("the target is in {unit}, and the figures have no unit"))
            }
            (Unit::Untold, _) if value == 0.0 => Ok(1.0),
            (Unit::Untold, Unit::Known(Kind::Share, of)) => {
                match (*of == 1.0, *of == 0.01, is_low(value)) {
                    (true, _, true) | (_, true, false) => Ok(1.0),
                    (true, _, false) => Ok(0.01),
                    // 0.95 of an accuracy that was 91.2 % can only be a fraction; 0.5 of an error rate may be half a percent.
                    (_, true, true) if low.is_none() && self.is_share && higher_is_better => {
                        Ok(100.0)
                    }
                    _ => not_sure(low.or(high)),
                }
            }
            (Unit::Untold, Unit::Known(..)) if self.is_mixed => Err(format!(
                "the figures come in several units; write the unit of the target, for example{shown}"
            )),
            (Unit::Untold, Unit::Untold) if self.is_share => match (is_low(value), low, high) {
                (true, None, Some(high)) => not_sure(Some(high)),
                (false, Some(low), None) => not_sure(Some(low)),
                _ => Ok(1.0),
            },
            (Unit::Untold, _) => Ok(1.0),
        }
    }
}

/// Whether what an agent claims can be what was measured, in some reading of both.
pub fn readings(claimed: f64, claimed_unit: &str, measured_unit: &str, name: &str) -> Vec<f64> {
    match (unit::read(claimed_unit, name), unit::read(measured_unit, name)) {
        (Unit::Known(kind, factor), Unit::Known(other, of)) if kind == other => {
            vec![claimed * factor / of]
        }
        // An evaluator tells no unit: its figure may be a fraction or a percentage.
        (Unit::Known(Kind::Share, factor), Unit::Untold)
        | (Unit::Untold, Unit::Known(Kind::Share, factor)) => {
            vec![claimed, claimed * factor, claimed * factor * 100.0]
        }
        (Unit::Known(_, factor), Unit::Untold) => vec![claimed, claimed * factor],
        (Unit::Untold, Unit::Untold) if unit::is_share(name) => {
            vec![claimed, claimed * 100.0, claimed / 100.0]
        }
        _ => vec![claimed],
    }
}

/// Whether units can be converted into each other.
fn same_kind(one: &Unit, other: &Unit) -> bool {
    match (one, other) {
        (Unit::Known(one, _), Unit::Known(other, _)) => one == other,
        _ => one == other,
    }
}

/// The first of the largest group.
fn most<'a>(
    units: impl Iterator<Item = (usize, &'a Unit)> + Clone,
    same: impl Fn(&Unit, &Unit) -> bool,
) -> Option<usize> {
    let mut groups: Vec<(usize, &Unit, usize)> = Vec::new();
    for (at, unit) in units {
        match groups.iter_mut().find(|(_, first, _)| same(first, unit)) {
            Some((.., count)) => *count += 1,
            None => groups.push((at, unit, 1)),
        }
    }
    let most = groups.iter().map(|(.., count)| *count).max()?;
    groups.iter().find(|(.., count)| *count == most).map(|(at, ..)| *at)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The values as they are compared; none for one that is set apart.
    fn compared(name: &str, figures: &[(f64, &str)]) -> (String, Vec<Option<f64>>) {
        let scale = of(name, figures);
        let values = figures.iter().zip(&scale.factors).map(|((value, _), factor)| {
            factor.as_ref().ok().map(|factor| (value * factor * 1e9).round() / 1e9)
        });
        (scale.unit, values.collect())
    }

    #[test]
    fn what_can_be_converted_is_and_what_cannot_is_set_apart() {
        for (name, figures, unit, values) in [
            (
                "accuracy",
                vec![(0.93, "fraction"), (91.2, "%")],
                "fraction",
                vec![Some(0.93), Some(0.912)],
            ),
            (
                "accuracy",
                vec![(93.0, "percent"), (91.2, "%"), (0.95, "proportion")],
                "percent",
                vec![Some(93.0), Some(91.2), Some(95.0)],
            ),
            (
                "latency",
                vec![(0.5, "s"), (480.0, "ms"), (0.01, "min")],
                "s",
                vec![Some(0.5), Some(0.48), Some(0.6)],
            ),
            ("memory", vec![(1.0, "GiB"), (512.0, "MiB")], "GiB", vec![Some(1.0), Some(0.5)]),
            (
                "throughput",
                vec![(10.0, "img/s"), (12.0, "img/s"), (700.0, "img/min")],
                "img/s",
                vec![Some(10.0), Some(12.0), None],
            ),
            // One without a unit is like the others, unless it does not look so.
            ("accuracy", vec![(91.2, "%"), (93.0, "")], "%", vec![Some(91.2), Some(93.0)]),
            ("accuracy", vec![(91.2, "%"), (0.93, "")], "%", vec![Some(91.2), None]),
            ("accuracy", vec![(0.93, "fraction"), (91.2, "")], "fraction", vec![Some(0.93), None]),
            (
                "latency",
                vec![(0.5, "s"), (480.0, "ms"), (3.0, "")],
                "s",
                vec![Some(0.5), Some(0.48), None],
            ),
            ("loss", vec![(0.5, ""), (0.4, "nats")], "nats", vec![Some(0.5), Some(0.4)]),
            (
                "accuracy",
                vec![(0.93, "fraction"), (91.2, "%"), (97.0, ""), (0.9, "")],
                "fraction",
                vec![Some(0.93), Some(0.912), Some(0.97), Some(0.9)],
            ),
            // No unit at all.
            ("accuracy", vec![(0.93, ""), (91.2, "")], "", vec![Some(0.93), None]),
            (
                "test_acc",
                vec![(0.93, ""), (91.2, ""), (90.0, "")],
                "",
                vec![None, Some(91.2), Some(90.0)],
            ),
            (
                "accuracy",
                vec![(0.93, ""), (0.0, ""), (1.0, "")],
                "",
                vec![Some(0.93), Some(0.0), Some(1.0)],
            ),
        ] {
            assert_eq!(compared(name, &figures), (unit.to_owned(), values), "{name} {figures:?}");
        }
    }

    #[test]
    fn what_may_well_be_one_scale_is_left_alone() {
        for (name, values) in [
            ("loss", [0.9, 91.2]),
            ("reward", [0.9, 91.2]),
            ("perplexity", [1.0, 40.0]),
            ("speedup", [0.9, 2.0]),
            ("error", [0.2, 5.0]),
        ] {
            assert!(
                of(name, &values.map(|value| (value, ""))).factors.iter().all(Result::is_ok),
                "{name}"
            );
        }
    }

    #[test]
    fn a_target_is_brought_to_the_scale_of_the_figures_or_not_compared() {
        let on = |name: &str, figures: &[(f64, &str)], value: f64, unit: &str| {
            of(name, figures)
                .factor_of(value, unit, true)
                .ok()
                .map(|factor| (value * factor * 1e9).round() / 1e9)
        };
        let (percent, fraction) = ([(91.2, "%")], [(0.93, "fraction")]);
        assert_eq!(
            (
                on("acc", &percent, 0.95, ""),
                on("acc", &percent, 95.0, ""),
                on("acc", &percent, 0.95, "fraction")
            ),
            (Some(95.0), Some(95.0), Some(95.0))
        );
        assert_eq!(
            (
                on("acc", &fraction, 0.95, ""),
                on("acc", &fraction, 95.0, ""),
                on("acc", &fraction, 95.0, "%")
            ),
            (Some(0.95), Some(0.95), Some(0.95))
        );
        // Without a unit on either side.
        let (high, low) = ([(91.2, "")], [(0.93, "")]);
        assert_eq!((on("acc", &high, 0.95, ""), on("acc", &low, 95.0, "")), (None, None));
        assert_eq!(
            (on("acc", &high, 95.0, ""), on("acc", &low, 0.95, ""), on("loss", &high, 0.95, "")),
            (Some(95.0), Some(0.95), Some(0.95))
        );
        assert_eq!(
            (on("acc", &high, 95.0, "%"), on("acc", &low, 95.0, "%")),
            (Some(95.0), Some(0.95))
        );
        // What is to fall, or is no share of something that cannot pass 1, may well be meant in percent.
        assert!(of("error_rate", &[(5.2, "%")]).factor_of(0.5, "", false).is_err());
        assert_eq!(on("improvement", &[(2.3, "%")], 1.0, ""), None);
        // Percentages below 1: a target of 0.5 may be half a percent or the half.
        assert_eq!(on("error_rate", &[(0.4, "%"), (0.7, "%")], 0.5, ""), None);
        assert_eq!(
            (
                on("time", &[(90.0, "s")], 2.0, "min"),
                on("time", &[(90.0, "s")], 80.0, ""),
                on("time", &[(90.0, "")], 80.0, "s")
            ),
            (Some(120.0), Some(80.0), None)
        );
        assert_eq!(
            (
                on("time", &[(90.0, "s"), (80.0, "ms")], 80.0, ""),
                on("time", &[(90.0, "%")], 80.0, "s")
            ),
            (None, None)
        );
    }
}
