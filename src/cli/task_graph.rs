//! `researchloop task graph`

use clap::{Args, ValueEnum};
use console::measure_text_width;

use super::exit::{Exit, Result};
use super::task_show::style;
use super::text::{clean, short};
use super::ui::Ui;
use crate::app::App;
use crate::domain::Priority;
use crate::task::{graph, tree};
use crate::view;

/// So much of an idea is shown at least, with what stands around it, in columns.
const IDEA_WIDTH: usize = 25;

#[derive(Debug, Args)]
pub struct GraphArgs {
    /// Only of this study
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
pub fn graph(app: &App, ui: &Ui, args: &GraphArgs) -> Result {
    if let Some(study) = &args.study {
        app.config.study(study)?;
    }
    let store = app.store()?;
    let rows = store.tasks_by_age(args.study.as_deref())?;
    let needs = store.needs_of_study(args.study.as_deref())?;
    if ui.json || args.format == Format::Json {
        let tasks: Vec<view::Task> = rows.iter().map(|row| view::task(row, &needs)).collect();
        ui.json(&serde_json::json!({ "tasks": tasks }));
        return Ok(Exit::Success);
    }
    match args.format {
        Format::Mermaid => ui.line(graph::mermaid(&rows, &needs).trim_end()),
        Format::Dot => ui.line(graph::dot(&rows, &needs).trim_end()),
        Format::Tree | Format::Json => {
            if rows.is_empty() {
                ui.status("No tasks yet.");
                ui.hint("`researchloop task add \"an idea\" -s STUDY` adds one");
            }
            let width = ui.width();
            for line in tree::lines(&rows, &needs) {
                let row = &rows[line.place];
                let state =
                    format!("{} {} {}", tree::mark(row.state), row.id, graph::state_text(row));
                let priority = if row.priority == Priority::P1 {
                    String::new()
                } else {
                    format!(" {}", row.priority)
                };
                // What it needs leaves room for some of the idea.
                let room = width
                    .saturating_sub(
                        measure_text_width(&format!("{}{state}{priority}", line.branch))
                            + IDEA_WIDTH,
                    )
                    .max(8);
                let needs = if line.needs.is_empty() {
                    String::new()
                } else {
                    format!(" [{}]", short(&line.needs, room))
                };
                let style = style(ui, row.state);
                let text = format!(
                    "{}{}{priority}{needs}  {}",
                    line.branch,
                    style.apply_to(state),
                    clean(&row.idea)
                );
                ui.line(short(&text, width).trim_end());
            }
        }
    }
    Ok(Exit::Success)
}
