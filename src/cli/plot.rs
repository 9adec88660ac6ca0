//! A figure over time, drawn with characters.

use super::text::{figure, padded};

/// What is drawn.
#[derive(Debug)]
pub struct Plot<'a> {
    /// Values in the order of time.
    pub values: &'a [f64],
    /// The best value so far, for each.
    pub best: &'a [f64],
    /// What that is: `highest` or `lowest`.
    pub best_is: &'a str,
    /// Columns that it may take.
    pub width: usize,
    /// Lines of the picture itself.
    pub height: usize,
    /// Only characters that every terminal and every mail program has.
    pub ascii: bool,
}

/// Draws it, a line each; nothing without values.
pub fn plot(plot: &Plot<'_>) -> Vec<String> {
    let low = plot.values.iter().copied().fold(f64::INFINITY, f64::min);
    let high = plot.values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let height = plot.height.max(2);
    if !low.is_finite() || !high.is_finite() {
        return Vec::new();
    }
    // One value, or the same one always, lies in the middle.
    let (low, high) = if high > low {
        (low, high)
    } else {
        (low - low.abs().max(1.0) * 0.5, high + high.abs().max(1.0) * 0.5)
    };
    let label = |row: usize| figure(high - (high - low) * share(row, height - 1));
    let label_width = (0..height).map(|row| label(row).len()).max().unwrap_or(0);
    let room = plot.width.saturating_sub(label_width + 3).max(2);
    let (axis, corner, floor, point, best) =
        if plot.ascii { ('|', '+', '-', '*', '.') } else { ('│', '└', '─', '●', '╌') };
    let columns = room.min(plot.values.len() * 12).max(2);
    let mut cells = vec![vec![' '; columns]; height];
    let row_of = |value: f64| index((high - value) / (high - low), height - 1);
    let column_of = |at: usize| {
        if plot.values.len() < 2 {
            columns / 2
        } else {
            index(share(at, plot.values.len() - 1), columns - 1)
        }
    };
    for (at, value) in plot.best.iter().enumerate() {
        let until = if at + 1 < plot.best.len() { column_of(at + 1) } else { column_of(at) + 1 };
        for column in column_of(at)..until {
            put(&mut cells, row_of(*value), column, best);
        }
    }
    for (at, value) in plot.values.iter().enumerate() {
        put(&mut cells, row_of(*value), column_of(at), point);
    }
    let mut lines = Vec::new();
    for (row, cells) in cells.iter().enumerate() {
        // A number at the top, in the middle and at the bottom is enough to read the rest by.
        let number = if row == 0 || row == height - 1 || (height > 4 && row == (height - 1) / 2) {
            label(row)
        } else {
            String::new()
        };
        let gap = " ".repeat(label_width.saturating_sub(number.len()));
        lines.push(
            format!("{gap}{number} {axis}{}", cells.iter().collect::<String>())
                .trim_end()
                .to_owned(),
        );
    }
    lines.push(format!(
        "{} {corner}{}",
        " ".repeat(label_width),
        floor.to_string().repeat(columns)
    ));
    let first = "1".to_owned();
    let last = plot.values.len().to_string();
    let under = if plot.values.len() < 2 {
        format!("{}{last}", " ".repeat(columns / 2))
    } else {
        format!("{}{last}", padded(&first, columns.saturating_sub(last.len())))
    };
    lines.push(format!("{}  {under}", " ".repeat(label_width)));
    lines.push(format!(
        "{}  {point} sprints  {best} {} so far",
        " ".repeat(label_width),
        plot.best_is
    ));
    lines
}

fn put(cells: &mut [Vec<char>], row: usize, column: usize, mark: char) {
    if let Some(cell) = cells.get_mut(row).and_then(|row| row.get_mut(column)) {
        *cell = mark;
    }
}

fn share(part: usize, whole: usize) -> f64 {
    let number = |count: usize| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
    number(part) / number(whole.max(1))
}

/// The place of a share between 0 and 1.
fn index(share: f64, most: usize) -> usize {
    let most_number = f64::from(u32::try_from(most).unwrap_or(u32::MAX));
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between 0 and `most`"
    )]
    let place = (share * most_number).round().clamp(0.0, most_number) as usize;
    place
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_is_drawn_with_its_best() {
        let lines = plot(&Plot {
            values: &[0.5, 0.9, 0.7],
            best: &[0.5, 0.9, 0.9],
            best_is: "highest",
            width: 20,
            height: 5,
            ascii: true,
        });
        assert_eq!(
            lines,
            [
                "0.9 |       *......",
                "    |",
                "0.7 |             *",
                "    |",
                "0.5 |*......",
                "    +--------------",
                "     1            3",
                "     * sprints  . highest so far",
            ]
        );
    }

    #[test]
    fn odd_values_are_drawn_too() {
        let one = |values: &[f64]| {
            plot(&Plot {
                values,
                best: values,
                best_is: "lowest",
                width: 80,
                height: 6,
                ascii: false,
            })
        };
        assert_eq!(one(&[]), Vec::<String>::new());
        assert!(one(&[3.0]).iter().any(|line| line.contains('●')));
        assert!(one(&[0.0, 0.0]).iter().any(|line| line.contains('●')));
        let many: Vec<f64> = (0..500).map(f64::from).collect();
        for width in [40, 80, 140] {
            let lines = plot(&Plot {
                values: &many,
                best: &many,
                best_is: "lowest",
                width,
                height: 10,
                ascii: false,
            });
            assert!(
                lines.iter().all(|line| console::measure_text_width(line) <= width),
                "{lines:#?}"
            );
        }
        assert!(one(&[-1e300, 1e300]).len() > 5);
    }
}
