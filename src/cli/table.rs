//! Lists as tables without lines, whose cells may have color.

use console::{Style, measure_text_width};

use super::text::short;
use super::ui::Ui;

/// What stands between two columns.
const GAP: usize = 2;
/// So wide the last column should be at least: less does not tell rows apart.
const LEAST: usize = 24;

/// A table. A column that says nothing is left out. The last column has what is left of the terminal's
/// width; where nothing is cut, as in a pipe, it is whole.
#[derive(Debug, Default)]
pub struct Table<'a> {
    /// Names of the columns.
    pub headers: &'a [&'a str],
    /// The cells; an empty one or `-` says nothing.
    pub rows: Vec<Vec<String>>,
    /// Columns that a narrow terminal has no room for, the first one first.
    pub gives_way: &'a [&'a str],
    /// How wide the last column should be at least; 0 for what most lists need.
    pub least: usize,
    /// In front of each line.
    pub indent: usize,
}

impl Table<'_> {
    /// The table as lines, its header first.
    pub fn lines(&self, ui: &Ui) -> Vec<String> {
        self.lines_in(ui.room(), &ui.style().bold())
    }

    fn lines_in(&self, room: Option<usize>, bold: &Style) -> Vec<String> {
        let room = room.map(|room| room.saturating_sub(self.indent));
        let widths: Vec<usize> = (0..self.headers.len()).map(|at| self.width(at)).collect();
        let columns = self.columns(room, &widths);
        let mut rows = self.rows.clone();
        if let (Some(room), Some(last)) = (room, columns.last().copied()) {
            tell_apart(&mut rows, last, room.saturating_sub(before(&columns, &widths)));
        }
        let mut table = comfy_table::Table::new();
        table.load_style(comfy_table::presets::NOTHING);
        table.set_content_arrangement(comfy_table::ContentArrangement::Disabled);
        table.set_header(columns.iter().map(|at| bold.apply_to(self.header(*at)).to_string()));
        for row in &rows {
            table.add_row(columns.iter().map(|at| row.get(*at).map_or("", String::as_str)));
        }
        for column in table.column_iter_mut() {
            column.set_padding((0, 2));
        }
        let indent = " ".repeat(self.indent);
        let fit = |line: &str| room.map_or_else(|| line.to_owned(), |room| short(line, room));
        table.lines().map(|line| format!("{indent}{}", fit(line.trim_end()))).collect()
    }

    /// The columns that are shown.
    fn columns(&self, room: Option<usize>, widths: &[usize]) -> Vec<usize> {
        let says = |at: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(at));
            cells.into_iter().any(|cell| !matches!(cell.as_str(), "" | "-"))
        };
        let mut columns: Vec<usize> = (0..self.headers.len()).filter(|at| says(*at)).collect();
        let (Some(room), Some(last)) = (room, columns.last().copied()) else { return columns };
        let least = if self.least == 0 { LEAST } else { self.least };
        let wanted = least.min(widths.get(last).copied().unwrap_or(0));
        for name in self.gives_way {
            if before(&columns, widths) + wanted <= room {
                break;
            }
            columns.retain(|at| self.header(*at) != *name);
        }
        columns
    }

    fn header(&self, at: usize) -> &str {
        self.headers.get(at).copied().unwrap_or_default()
    }

    /// How wide a column is.
    fn width(&self, at: usize) -> usize {
        let cells = self.rows.iter().filter_map(|row| row.get(at));
        let widest = cells.map(|cell| measure_text_width(cell)).max().unwrap_or(0);
        widest.max(measure_text_width(self.header(at)))
    }
}

/// How much the columns before the last one take.
fn before(columns: &[usize], widths: &[usize]) -> usize {
    let before = columns.split_last().map_or(&[][..], |(_, before)| before);
    before.iter().filter_map(|at| widths.get(*at)).map(|width| width + GAP).sum()
}

/// Shortens cells of a column in their middle that would look the same if they lost their ends. Those of a
/// list often begin alike.
fn tell_apart(rows: &mut [Vec<String>], column: usize, width: usize) {
    let cells: Vec<String> =
        rows.iter().map(|row| row.get(column).cloned().unwrap_or_default()).collect();
    // In their order, those that have the most in common stand beside each other: a list may be long.
    let mut sorted: Vec<&String> = cells.iter().collect();
    sorted.sort_unstable();
    sorted.dedup();
    for (row, cell) in rows.iter_mut().zip(&cells) {
        let cut = short(cell, width);
        if cut == *cell || cell.contains('\x1b') {
            continue;
        }
        let at = sorted.partition_point(|other| *other < cell);
        let beside = [at.checked_sub(1), at.checked_add(1)].into_iter().flatten();
        let beside = beside.filter_map(|at| sorted.get(at));
        let twins = beside.filter(|other| short(other, width) == cut);
        let alike = twins.map(|twin| common_beginning(cell, twin)).max();
        if let (Some(alike), Some(shown)) = (alike, row.get_mut(column)) {
            *shown = without_middle(cell, alike, width);
        }
    }
}

/// So many bytes two texts have in common at their beginnings.
fn common_beginning(one: &str, other: &str) -> usize {
    let pairs = one.chars().zip(other.chars()).take_while(|(one, other)| one == other);
    pairs.map(|(same, _)| same.len_utf8()).sum()
}

/// A text's beginning, and what stands from the word on in which these first bytes end.
fn without_middle(text: &str, bytes: usize, width: usize) -> String {
    let (same, _) = text.split_at(bytes.min(text.len()));
    let from = same.rfind(' ').map_or(0, |blank| blank + 1);
    let end = text.get(from..).unwrap_or_default();
    let end = short(end, width.saturating_sub(width / 3 + 1));
    let beginning = width.saturating_sub(measure_text_width(&end) + 1);
    format!("{} {end}", short(text, beginning))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADERS: [&str; 4] = ["STATE", "NAME", "COST", "IDEA"];

    fn drawn(rows: &[[&str; 4]], room: Option<usize>) -> Vec<String> {
        let rows = rows.iter().map(|row| row.map(str::to_owned).to_vec()).collect();
        let table =
            Table { headers: &HEADERS, rows, gives_way: &["COST", "NAME"], ..Table::default() };
        table.lines_in(room, &Style::new())
    }

    #[test]
    fn a_table_is_aligned_whatever_the_color() {
        let red = Style::new().red().force_styling(true).apply_to("failed").to_string();
        let rows = |failed| [[failed, "日本", "-", "an idea"], ["", "b", "", "c"]];
        let plain = drawn(&rows("failed"), None);
        assert_eq!(plain, ["STATE   NAME  IDEA", "failed  日本  an idea", "        b     c"]);
        let styled = drawn(&rows(&red), None);
        let styled: Vec<_> = styled.iter().map(|line| console::strip_ansi_codes(line)).collect();
        assert_eq!(styled, plain);
    }

    #[test]
    fn rows_that_begin_alike_are_told_apart() {
        let ideas = [
            "does a warm-up of 500 steps help when the batch is small?",
            "does a warm-up of 500 steps help when the batch is large?",
            "does a warm-up of 500 steps help when the rate is high?",
            "something else, of which the end may be cut as ever",
        ];
        let rows = ideas.map(|idea| ["running", "", "", idea]);
        let lines = drawn(&rows, Some(45));
        assert_eq!(
            lines[1..],
            [
                "running  does a warm-up of 500 steps … small?",
                "running  does a warm-up of 500 steps … large?",
                "running  does a warm-up of 500… rate is high?",
                "running  something else, of which the end ma…",
            ]
        );
        assert!(lines.iter().all(|line| measure_text_width(line) <= 45), "{lines:?}");
        assert_eq!(drawn(&rows, None)[1], format!("running  {}", ideas[0]));
    }

    #[test]
    fn on_a_narrow_terminal_columns_give_way_to_what_tells_rows_apart() {
        let long = "an idea of which the words at its end are what matters to the reader";
        let rows = [["running", "a-study-with-a-name", "$1.00", long]];
        let width = |room| {
            let lines = drawn(&rows, room);
            assert!(lines.iter().all(|line| measure_text_width(line) <= room.unwrap_or(1000)));
            lines
        };
        assert!(width(None)[1].ends_with(long), "nothing is cut in a pipe");
        assert_eq!(width(Some(64))[0], "STATE    NAME                 COST   IDEA");
        assert_eq!(width(Some(56))[0], "STATE    NAME                 IDEA");
        assert_eq!(
            width(Some(50)),
            ["STATE    IDEA", "running  an idea of which the words at its end ar…"]
        );
    }
}
