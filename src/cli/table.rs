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
        let columns = self.columns(room);
        let mut table = comfy_table::Table::new();
        table.load_style(comfy_table::presets::NOTHING);
        table.set_content_arrangement(comfy_table::ContentArrangement::Disabled);
        table.set_header(columns.iter().map(|at| bold.apply_to(self.header(*at)).to_string()));
        for row in &self.rows {
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
    fn columns(&self, room: Option<usize>) -> Vec<usize> {
        let says = |at: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(at));
            cells.into_iter().any(|cell| !matches!(cell.as_str(), "" | "-"))
        };
        let mut columns: Vec<usize> = (0..self.headers.len()).filter(|at| says(*at)).collect();
        let (Some(room), Some(last)) = (room, columns.last().copied()) else { return columns };
        let least = if self.least == 0 { LEAST } else { self.least };
        let wanted = least.min(self.width(last));
        for name in self.gives_way {
            let before: usize =
                columns.iter().filter(|at| **at != last).map(|at| self.width(*at) + GAP).sum();
            if before + wanted <= room {
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
