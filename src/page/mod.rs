//! Pages to read results in: one file each, with everything in it. Nothing is loaded from elsewhere and no
//! script runs, which the page's own policy says, too.
//!
//! Made of the same answers that doors show, by pure functions; [`write_sprint`] and [`write_study`] put them
//! beside the results.

mod html;
mod markdown;
mod sprint;
mod study;

use std::io::Read as _;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use sha2::{Digest as _, Sha256};

use self::html::Html;
pub use self::markdown::{Kind, Line, to_lines};
use self::sprint::Files;
use crate::app::App;
pub use crate::bundle::PAGE_FILE;
use crate::bundle::folder::Folder;
use crate::domain::action::Action;
use crate::platform::{private, random};
use crate::problem::Problem;
use crate::view::{Leaderboard, OneSprint, OneStudy};

const STYLE: &str = include_str!("style.css");

/// Writes the page of a sprint beside its results, and returns where it is.
pub fn write_sprint(app: &App, shown: &OneSprint) -> Result<PathBuf, Problem> {
    let folder = app.artifacts(&shown.sprint.id);
    let again = Action::ResubmitSprint { sprint: shown.sprint.id.to_string(), more: None };
    let text = sprint::sprint_page(shown, &(app.say)(&again), &Fetched(Folder::open(&folder).ok()));
    write(&folder, &text)
}

/// Writes the page of a study, and returns where it is. It leads to the pages of those sprints of which
/// `has_page` says that there is one of ours.
pub fn write_study(
    app: &App,
    shown: &OneStudy,
    board: Option<&Leaderboard>,
    findings: &crate::view::Findings,
    has_page: &dyn Fn(&str) -> bool,
) -> Result<PathBuf, Problem> {
    let name = shown.study.as_ref().map_or("study", |study| study.name.as_str());
    let folder = app.config.artifact_dir.join("studies").join(name);
    write(&folder, &study::study_page(shown, board, findings, has_page))
}

/// The file is whole, or as it was.
fn write(folder: &Path, text: &str) -> Result<PathBuf, Problem> {
    let path = folder.join(PAGE_FILE);
    let new = folder.join(format!(".{PAGE_FILE}.{}", random::hex(4)));
    let written = private::make_folder(folder)
        .and_then(|()| private::write_new(&new, text.as_bytes()))
        .and_then(|()| std::fs::rename(&new, &path));
    if let Err(error) = written {
        let _ = std::fs::remove_file(&new);
        return Err(Problem::failed(format!("cannot write {}: {error}", path.display())));
    }
    Ok(path)
}

/// A whole page.
fn page(title: &str, body: &Html) -> String {
    let mut html = Html::new();
    html.markup("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">");
    html.markup("<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; base-uri 'none'; form-action 'none'; style-src 'sha256-");
    html.text(&base64::engine::general_purpose::STANDARD.encode(Sha256::digest(STYLE.as_bytes())));
    html.markup("'\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">");
    html.markup("<meta name=\"referrer\" content=\"no-referrer\">");
    html.element("title", "", title).markup("<style>").markup(STYLE).markup("</style></head>");
    html.markup("<body><main>").piece(body).markup("</main></body></html>\n");
    // What may be wider than the page can be scrolled, also by who has only a keyboard. Texts are escaped:
    // these are tags of ours.
    html.into_string()
        .replace("<table>", "<table tabindex=\"0\">")
        .replace("<pre>", "<pre tabindex=\"0\">")
}

/// The files of a sprint that were fetched. Only regular files below the folder are read, through no
/// link.
struct Fetched(Option<Folder>);

impl Files for Fetched {
    fn read(&self, path: &str, max: u64) -> Option<Vec<u8>> {
        let (file, size) = self.0.as_ref()?.file(path).ok()?;
        if size > max {
            return None;
        }
        let mut bytes = Vec::new();
        file.take(max).read_to_end(&mut bytes).ok()?;
        Some(bytes)
    }
}
