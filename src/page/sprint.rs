//! The page of a sprint: the answer first, then its report, its figures, its reviews, its code.

use std::cell::{Cell, RefCell};

use super::html::{Html, Image};
use super::page;
use crate::bundle::{CODE_FOLDERS, is_code_file};
use crate::domain::duration::human;
use crate::domain::text::{figure, number_of, value_with_spread};
use crate::domain::{Metric, Source, Status, Verdict, figure_name};
use crate::view::{OneSprint, Sprint, Standing};

/// The largest image that becomes a part of the page, in bytes.
pub const MAX_IMAGE: u64 = 5 << 20;
/// The largest text.
pub const MAX_TEXT: u64 = 1 << 20;
/// Most images of a page, and what they may have in all.
const MOST_IMAGES: usize = 32;
const MOST_IMAGE_BYTES: u64 = 24 << 20;
const REPORT: &str = "report.md";
/// Most files of code that are shown.
const MOST_CODE: usize = 60;

/// The files of a sprint that are here, by their path below its folder.
pub trait Files {
    /// The bytes of one, of at most so many; none when it is not there, or larger.
    fn read(&self, path: &str, max: u64) -> Option<Vec<u8>>;
}

/// The page of a sprint. `repeat`: what its door offers to run the idea again.
pub fn sprint_page(shown: &OneSprint, repeat: &str, files: &dyn Files) -> String {
    let sprint = &shown.sprint;
    let names: Vec<&str> =
        sprint.artifacts.iter().flatten().map(|file| file.filename.as_str()).collect();
    let mut body = Html::new();
    head(&mut body, sprint);
    answer(&mut body, shown);
    let images = Images { files, used: RefCell::default(), left: Cell::new(MOST_IMAGE_BYTES) };
    report(&mut body, &names, &images);
    figures(&mut body, &names, &images);
    folded(&mut body, &names, files);
    code(&mut body, &names, files);
    again(&mut body, sprint, repeat);
    let title = format!("{} · {}", sprint.id, sprint.study_name);
    page(&title, &body)
}

/// Where a sprint stands, in a word with its color.
pub(super) fn status(html: &mut Html, sprint: &Sprint) {
    let (class, text) = match (sprint.status, sprint.reason) {
        (Status::Completed, _) => ("good", "completed".to_owned()),
        (Status::Failed, Some(reason)) => ("bad", format!("failed ({})", reason.as_str())),
        (Status::Failed, None) => ("bad", "failed".to_owned()),
        (other, _) => ("plain", other.to_string()),
    };
    html.element("span", class, &text);
}

/// A verdict, with its color.
pub(super) fn verdict(html: &mut Html, verdict: Verdict) {
    let class = if verdict == Verdict::Supported { "good" } else { "plain" };
    html.element("span", class, verdict.as_str());
}

fn head(body: &mut Html, sprint: &Sprint) {
    body.open("p", "faint").text("study ").text(&sprint.study_name);
    body.text(" · ").text(sprint.id.as_str()).close("p");
    body.element("h1", "", sprint.idea.as_deref().unwrap_or("(no idea yet)"));
}

fn answer(body: &mut Html, shown: &OneSprint) {
    let sprint = &shown.sprint;
    body.open("p", "");
    status(body, sprint);
    if let Some(Some(finding)) = &sprint.finding {
        body.text(" · ");
        verdict(body, finding.verdict);
        if let Some(confidence) = finding.confidence {
            body.text(&format!(", confidence {}", figure(confidence)));
        }
    }
    body.close("p");
    if let Some(Some(finding)) = &sprint.finding {
        body.element("p", "statement", &finding.statement);
    }
    if let Some(error) = &sprint.error {
        body.element("p", "statement", error);
    }
    if let Some(Some(open)) = &sprint.open_issues {
        body.open("p", "look").text(&open.text).text(&format!(" ({})", open.step)).close("p");
        if !open.quotes.is_empty() {
            body.open("ul", "");
            open.quotes.iter().for_each(|quote| {
                body.element("li", "", quote);
            });
            body.close("ul");
        }
    }
    metrics(body, sprint.metrics.as_deref().unwrap_or_default(), shown.standing.as_ref());
    let took = took(sprint).map(|took| format!("took {took} · ")).unwrap_or_default();
    let unknown = if sprint.cost_unknown.is_some() { "at least " } else { "" };
    let known = sprint.cost_usd - sprint.cost_unknown_usd;
    let about = if sprint.cost_estimated { "about " } else { "" };
    let cost = format!("{unknown}{about}${known:.2} at list prices");
    let when = utc(sprint.completed_at.as_deref().unwrap_or(&sprint.created_at));
    body.element("p", "faint", &format!("{took}{cost} · {when}"));
}

fn metrics(body: &mut Html, metrics: &[Metric], standing: Option<&Standing>) {
    if metrics.is_empty() {
        return;
    }
    body.element("h2", "", "Metrics").open("table", "");
    body.open("thead", "").open("tr", "");
    let is_compared = standing.is_some();
    for name in ["Metric", "Value", "Runs", "Source"] {
        body.element("th", "", name);
    }
    if is_compared {
        body.element("th", "", "Beside the others");
    }
    body.close("tr").close("thead").open("tbody", "");
    for metric in metrics {
        let own = standing.filter(|one| figure_name::is_same(&one.metric, &metric.name));
        body.open("tr", "").element("td", "", &metric.name);
        let value = value_with_spread(metric.value, metric.spread, metric.n);
        let value = format!("{value} {}", metric.unit);
        body.element("td", "", value.trim());
        body.element("td", "", &metric.n.map(|n| n.to_string()).unwrap_or_default());
        let source = if metric.source == Source::Evaluator { "evaluator" } else { "agent" };
        body.element("td", "", source);
        if is_compared {
            body.element("td", "", &own.map(Standing::compared).unwrap_or_default());
        }
        body.close("tr");
    }
    body.close("tbody").close("table");
}

/// The images of a page: each once, and no more than a browser likes.
struct Images<'a> {
    files: &'a dyn Files,
    used: RefCell<Vec<String>>,
    left: Cell<u64>,
}

impl Images<'_> {
    /// The image of this name, if it is there and was not shown yet.
    fn take(&self, name: &str) -> Option<Image> {
        let name = name.strip_prefix("./").unwrap_or(name);
        let mut used = self.used.borrow_mut();
        if used.len() >= MOST_IMAGES || used.iter().any(|used| used == name) || !Image::is_one(name)
        {
            return None;
        }
        let bytes = self.files.read(name, MAX_IMAGE.min(self.left.get()))?;
        self.left.set(self.left.get().saturating_sub(bytes.len() as u64));
        used.push(name.to_owned());
        Image::new(name, &bytes)
    }
}

/// The report, with its images where they stand in it.
fn report(body: &mut Html, names: &[&str], images: &Images<'_>) {
    let Some(text) = text_of(images.files, REPORT) else {
        if names.contains(&REPORT) {
            body.element("h2", "", "Report");
            body.element("p", "look", "report.md is too large for this page: it lies beside it.");
        }
        return;
    };
    body.element("h2", "", "Report").markdown(&text, &|name| images.take(name));
}

/// Figures that the report does not show.
fn figures(body: &mut Html, names: &[&str], images: &Images<'_>) {
    let is_first = images.used.borrow().is_empty();
    let mut pieces = Html::new();
    let rest: Vec<&&str> = names
        .iter()
        .filter(|name| {
            Image::is_one(name) && !images.used.borrow().iter().any(|used| used == *name)
        })
        .collect();
    let mut left_out = 0_usize;
    for name in rest {
        match images.take(name) {
            Some(image) => {
                pieces.open("figure", "").image(&image, name);
                pieces.element("figcaption", "", name).close("figure");
            }
            None => left_out += 1,
        }
    }
    if left_out > 0 {
        let text = format!("{} not shown here.", number_of(left_out, "more figure"));
        pieces.element("p", "faint", &text);
    }
    if let Some(pieces) = pieces.into_piece() {
        body.element("h2", "", if is_first { "Figures" } else { "More figures" });
        body.piece(&pieces);
    }
}

/// Findings, reviews and what was done about them: folded.
fn folded(body: &mut Html, names: &[&str], files: &dyn Files) {
    let mut wanted: Vec<(String, &str)> =
        vec![("Findings".to_owned(), "findings.md"), ("Summary".to_owned(), "summary.txt")];
    let mut rounds: Vec<(u32, u8, &str)> = names
        .iter()
        .filter_map(|name| {
            let (kind, rest) = name
                .strip_prefix("red_team_round_")
                .map(|rest| (0, rest))
                .or_else(|| Some((1, name.strip_prefix("fixes_round_")?)))?;
            Some((rest.strip_suffix(".md")?.parse().ok()?, kind, *name))
        })
        .collect();
    rounds.sort_unstable();
    wanted.extend(rounds.iter().map(|(round, kind, name)| {
        let what = if *kind == 0 { "Review" } else { "Fixes" };
        (format!("{what}, round {round}"), *name)
    }));
    let mut any = false;
    for (title, name) in &wanted {
        let Some(text) = text_of(files, name) else { continue };
        if !any {
            body.element("h2", "", "Findings and reviews");
            any = true;
        }
        body.open("details", "").element("summary", "", title);
        body.markdown(&text, &|_| None).close("details");
    }
}

/// What the agent has programmed: folded.
fn code(body: &mut Html, names: &[&str], files: &dyn Files) {
    let code: Vec<&&str> = names.iter().filter(|name| is_code(name)).collect();
    if code.is_empty() {
        return;
    }
    body.element("h2", "", "Code");
    for name in code.iter().take(MOST_CODE) {
        let Some(text) = text_of(files, name) else { continue };
        body.open("details", "").element("summary", "", name);
        body.open("pre", "").element("code", "", &text).close("pre").close("details");
    }
    if code.len() > MOST_CODE {
        body.element("p", "faint", &format!("and {} more files", code.len() - MOST_CODE));
    }
}

/// Whether a file is part of the program that gave the results.
fn is_code(name: &str) -> bool {
    match name.split_once('/') {
        Some((folder, _)) => CODE_FOLDERS.contains(&folder),
        None => is_code_file(name),
    }
}

/// How to do the same once more.
fn again(body: &mut Html, sprint: &Sprint, repeat: &str) {
    body.element("h2", "", "How to repeat it");
    body.open("pre", "").element("code", "", repeat).close("pre");
    let job = sprint.job_id.as_deref().map(|job| format!(", job {job}")).unwrap_or_default();
    let host = sprint.host.as_deref().map(|host| format!(" on {host}")).unwrap_or_default();
    let place = format!("{} ({}{job}{host})", sprint.cluster, sprint.scheduler);
    body.open("table", "").open("tbody", "");
    for (name, value) in [
        ("Cluster", place.as_str()),
        ("Directory there", sprint.remote_dir.as_str()),
        ("Time limit", human(sprint.time_limit_seconds).as_str()),
        ("Created", utc(&sprint.created_at).as_str()),
    ] {
        body.open("tr", "").element("th", "", name).element("td", "", value).close("tr");
    }
    body.close("tbody").close("table");
}

/// A stored time. The page may be read anywhere: it stays in UTC, and says so.
pub(super) fn utc(time: &str) -> String {
    let parsed = time.parse::<jiff::Timestamp>();
    parsed.map_or_else(|_| time.to_owned(), |time| time.strftime("%Y-%m-%d %H:%M UTC").to_string())
}

fn took(sprint: &Sprint) -> Option<String> {
    let time = |text: &Option<String>| text.as_deref()?.parse::<jiff::Timestamp>().ok();
    let seconds = time(&sprint.completed_at)?.as_second() - time(&sprint.started_at)?.as_second();
    u64::try_from(seconds).ok().map(human)
}

fn text_of(files: &dyn Files, name: &str) -> Option<String> {
    let bytes = files.read(name, MAX_TEXT)?;
    Some(crate::domain::written::text(&bytes))
}
