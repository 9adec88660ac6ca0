//! `researchloop task graph`

use clap::{Args, ValueEnum};
use console::measure_text_width;

use super::lines::style;
use crate::app::App;
use crate::cli::exit::{Exit, Result};
use crate::cli::render::Render;
use crate::cli::text::{clean, short};
use crate::cli::ui::Ui;
use crate::domain::Priority;
use crate::query::{self, Drawing};
use crate::task::tree;
use crate::view::TaskGraph;

/// So much of an idea is shown at least, with what stands around it, in columns.
const IDEA_WIDTH: usize = 25;

#[derive(Debug, Args)]
pub struct GraphArgs {
    /// Only for this study
    #[arg(short, long)]
    study: Option<String>,
    /// How it is written
    #[arg(long, value_enum, default_value_t = Format::Tree)]
    format: Format,
}

/// How a graph is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For a terminal
    Tree,
    /// For Mermaid
    Mermaid,
    /// For Graphviz
    Dot,
    /// For programs
    Json,
}

/// Shows what waits for what.
pub fn run(app: &App, ui: &Ui, args: &GraphArgs) -> Result {
    let study = args.study.as_deref();
    match args.format {
        Format::Mermaid if !ui.json => {
            ui.line(query::drawing(app, study, Drawing::Mermaid)?.trim_end());
        }
        Format::Dot if !ui.json => {
            ui.line(query::drawing(app, study, Drawing::Dot)?.trim_end());
        }
        Format::Json => ui.json(&query::graph(app, study)?),
        Format::Tree | Format::Mermaid | Format::Dot => {
            let graph = query::graph(app, study)?;
            ui.answer(&graph);
            if graph.tasks.is_empty() {
                ui.status("No tasks yet.");
                ui.hint("`researchloop task add \"an idea\" -s STUDY` adds one");
            }
        }
    }
    Ok(Exit::Success)
}

impl Render for TaskGraph {
    fn lines(&self, ui: &Ui) -> Vec<String> {
        let width = ui.width();
        let line = |line: &crate::view::TreeLine| {
            let task = self.tasks.get(line.place)?;
            let state = format!("{} {} {}", tree::mark(task.state), task.id, task.state_text());
            let priority = if task.priority == Priority::P1 {
                String::new()
            } else {
                format!(" {}", task.priority)
            };
            // What it needs leaves room for some of the idea.
            let room = width
                .saturating_sub(
                    measure_text_width(&format!("{}{state}{priority}", line.branch)) + IDEA_WIDTH,
                )
                .max(8);
            let needs = if line.needs.is_empty() {
                String::new()
            } else {
                format!(" [{}]", short(&line.needs, room))
            };
            let text = format!(
                "{}{}{priority}{needs}  {}",
                line.branch,
                style(ui, task.state).apply_to(state),
                clean(&task.idea)
            );
            Some(short(&text, width).trim_end().to_owned())
        };
        self.tree.iter().filter_map(line).collect()
    }
}
