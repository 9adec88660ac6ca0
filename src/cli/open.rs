//! `researchloop open`: what came of a sprint, as a page in the browser or as text here.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use clap::Args;
use serde::Serialize;

use super::exit::{Exit, Result};
use super::render::Render;
use super::text;
use super::ui::Ui;
use super::which::WhichArgs;
use crate::app::App;
use crate::domain::{SprintId, written};
use crate::page::{self, Kind};
use crate::platform::process;
use crate::problem::{Problem, ProblemKind};
use crate::query::{self, Fits};
use crate::view::OneSprint;

/// A longer report is no report.
const MAX_REPORT: u64 = 1 << 20;

#[derive(Debug, Args)]
pub struct OpenArgs {
    #[command(flatten)]
    which: WhichArgs,
    /// Print the report here instead of opening a page
    #[arg(long)]
    term: bool,
    /// Only write the page, and print where it is
    #[arg(long, conflicts_with = "term")]
    path: bool,
}

/// A page that was written.
#[derive(Debug, Serialize)]
pub struct Opened {
    /// The sprint, when it is a sprint's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sprint_id: Option<SprintId>,
    /// The study, when it is a study's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub study_name: Option<String>,
    /// Where it is.
    pub page: PathBuf,
}

impl Render for Opened {
    fn lines(&self, _ui: &Ui) -> Vec<String> {
        vec![self.page.display().to_string()]
    }
}

/// Opens a sprint's page.
pub fn run(app: &App, ui: &Ui, args: &OpenArgs) -> Result {
    let shown = query::sprint(app, &args.which.newest(app, Fits::CompletedFirst)?)?;
    let id = shown.sprint.id.clone();
    if args.term {
        return term(app, ui, &id);
    }
    let page = page::write_sprint(app, &shown)?;
    show(ui, &Opened { sprint_id: Some(id), study_name: None, page }, args.path);
    Ok(Exit::Success)
}

/// Writes the page of a sprint anew, beside what was just fetched. What comes in between is only told: the
/// results are there.
pub fn refresh(app: &App, ui: &Ui, shown: &OneSprint) {
    if app.artifacts(&shown.sprint.id).is_dir()
        && let Err(problem) = page::write_sprint(app, shown)
    {
        ui.caution(&problem.message);
    }
}

/// Says where a page is, and opens it where there is a browser.
pub fn show(ui: &Ui, opened: &Opened, only_path: bool) {
    ui.answer(opened);
    if only_path || ui.json || ui.is_quiet() || !ui.is_screen() {
        return;
    }
    ui.status(match browse(&opened.page) {
        true => "Opened in your browser.",
        false => "There is no browser here: open that file in one.",
    });
}

/// Opens a file in the browser of whoever sits here. False when there is none.
fn browse(page: &Path) -> bool {
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    if let Some(browser) = std::env::var("BROWSER").ok().filter(|words| !words.trim().is_empty()) {
        let Some(words) = shell_words::split(&browser).ok() else { return false };
        let Some((program, rest)) = words.split_first() else { return false };
        // It may be one for terminals: then it has this one until it ends.
        let status = process::command(program).args(rest).arg(page).status();
        return status.is_ok_and(|status| status.success());
    }
    let opener = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };
    if !cfg!(target_os = "macos") && !set("DISPLAY") && !set("WAYLAND_DISPLAY") {
        return false;
    }
    let mut command = process::command(opener);
    command.arg(page).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().is_ok()
}

/// Prints the report as text.
fn term(app: &App, ui: &Ui, id: &SprintId) -> Result {
    let file = app.artifacts(id).join("report.md");
    let found = std::fs::symlink_metadata(&file).ok().filter(std::fs::Metadata::is_file);
    if found.as_ref().is_some_and(|found| found.len() > MAX_REPORT) {
        let problem = format!("{} is larger than {} MiB", file.display(), MAX_REPORT >> 20);
        return Err(Problem::failed(problem));
    }
    let bytes = found.and_then(|_| std::fs::read(&file).ok());
    let Some(bytes) = bytes else {
        return Err(Problem::new(ProblemKind::NotFound, format!("{id} has no report here"))
            .hint(format!("`researchloop sprint fetch {id}` fetches what there is")));
    };
    let width = ui.width();
    let bold = ui.style().bold();
    let mut before = None;
    for line in page::to_lines(&written::text(&bytes)) {
        if before.is_some() && !(before == Some(line.kind) && line.kind != Kind::Text) {
            ui.line("");
        }
        before = Some(line.kind);
        let shown = text::clean_keeping_blanks(&line.text);
        match line.kind {
            Kind::Heading => ui.line(&bold.apply_to(&shown).to_string()),
            Kind::Code => ui.line(&format!("    {shown}")),
            Kind::Text => text::wrap(&shown, width).iter().for_each(|line| ui.line(line)),
            Kind::Item => {
                let indent = shown.len() - shown.trim_start().len() + 2;
                let wrapped = text::wrap(shown.trim_start(), width.saturating_sub(indent).max(20));
                for (at, line) in wrapped.iter().enumerate() {
                    let blanks = if at == 0 { indent - 2 } else { indent };
                    ui.line(&format!("{}{line}", " ".repeat(blanks)));
                }
            }
        }
    }
    Ok(Exit::Success)
}
