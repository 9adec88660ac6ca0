//! The page of a study: its question, its leaderboard, how its metric developed, what was found, and its
//! newest sprints with what they follow.

use super::html::Html;
use super::page;
use super::sprint::{status, utc, verdict};
use crate::bundle::PAGE_FILE;
use crate::domain::SprintKind;
use crate::domain::text::{figure, number_of, value_with_spread};
use crate::view::{Findings, Leaderboard, OneStudy, Sprint, noise_words};

/// Most findings that are shown.
const MOST_FINDINGS: usize = 100;

/// The page of a study. `has_page` tells of which sprints there is one.
pub(super) fn study_page(
    shown: &OneStudy,
    board: Option<&Leaderboard>,
    findings: &Findings,
    has_page: &dyn Fn(&str) -> bool,
) -> String {
    let mut body = Html::new();
    let name = shown.study.as_ref().map_or("study", |study| study.name.as_str());
    body.element("p", "faint", "study").element("h1", "", name);
    if let Some(study) = &shown.study {
        if !study.description.is_empty() {
            body.element("p", "statement", &study.description);
        }
        let text = format!(
            "{}, {} running · ${:.2} at list prices",
            number_of(study.sprints, "sprint"),
            study.active,
            study.cost_usd
        );
        body.element("p", "faint", &text);
    }
    let link = |html: &mut Html, id: &str| {
        if has_page(id) {
            html.link(&format!("../../{id}/{}", PAGE_FILE), id);
        } else {
            html.text(id);
        }
    };
    if let Some(board) = board {
        leaderboard(&mut body, board, &link);
    }
    if !findings.findings.is_empty() {
        body.element("h2", "", "Findings");
        for found in findings.findings.iter().take(MOST_FINDINGS) {
            body.open("h3", "");
            link(&mut body, found.sprint_id.as_str());
            body.text(" ");
            verdict(&mut body, found.finding.verdict);
            body.close("h3").element("p", "faint", found.idea.as_deref().unwrap_or("-"));
            body.element("p", "", &found.finding.statement);
            if let Some(open) = &found.open_issues {
                body.element("p", "look", &open.text);
            }
        }
    }
    sprints(&mut body, &shown.sprints, &link);
    page(name, &body)
}

fn leaderboard(body: &mut Html, board: &Leaderboard, link: &dyn Fn(&mut Html, &str)) {
    if board.places.is_empty() {
        return;
    }
    body.open("h2", "").text("Leaderboard: ").text(&board.metric);
    body.text(&format!(" ({} is better)", board.better.as_str())).close("h2");
    plot(body, board);
    body.open("table", "").open("thead", "").open("tr", "");
    for name in ["#", "Sprint", "Value", "Runs", "Verdict", "Difference", "Idea"] {
        body.element("th", "", name);
    }
    body.close("tr").close("thead").open("tbody", "");
    for place in &board.places {
        let sure = place.noise.map_or("", |mark| noise_words(mark).unwrap_or("not known"));
        body.open("tr", "").element("td", "", &place.rank.to_string()).open("td", "");
        link(body, place.sprint_id.as_str());
        let value = value_with_spread(place.value, place.spread, place.n);
        let value = format!("{value} {}", place.unit);
        body.close("td").element("td", "", value.trim());
        body.element("td", "", &place.n.map(|n| n.to_string()).unwrap_or_default());
        body.open("td", "");
        if let Some(found) = place.verdict {
            verdict(body, found);
        }
        body.close("td").element("td", "", sure);
        body.element("td", "", place.idea.as_deref().unwrap_or("-")).close("tr");
    }
    body.close("tbody").close("table");
}

/// The values in the order of time.
fn plot(body: &mut Html, board: &Leaderboard) {
    let values: Vec<f64> =
        board.board.values.iter().copied().filter(|value| value.is_finite()).collect();
    if values.len() < 2 {
        return;
    }
    let low = values.iter().copied().fold(f64::INFINITY, f64::min);
    let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let span = if high / 2.0 - low / 2.0 > 0.0 { high / 2.0 - low / 2.0 } else { 1.0 };
    #[expect(clippy::cast_precision_loss, reason = "a place in a picture")]
    let point = |(at, value): (usize, &f64)| {
        let x = 20.0 + 600.0 * at as f64 / (values.len() - 1) as f64;
        (x, 150.0 - 120.0 * (value / 2.0 - low / 2.0) / span)
    };
    body.markup("<svg class=\"plot\" viewBox=\"0 0 640 180\" role=\"img\"><title>");
    body.text(&format!(
        "{} over the sprints: from {} to {}",
        board.metric,
        figure(low),
        figure(high)
    ));
    body.markup(
        "</title><polyline fill=\"none\" stroke=\"currentColor\" stroke-width=\"1.5\" points=\"",
    );
    for (x, y) in values.iter().enumerate().map(point) {
        body.text(&format!("{x:.1},{y:.1} "));
    }
    body.markup("\"></polyline>");
    for (x, y) in values.iter().enumerate().map(point) {
        body.markup("<circle r=\"4\" fill=\"currentColor\" cx=\"").text(&format!("{x:.1}"));
        body.markup("\" cy=\"").text(&format!("{y:.1}")).markup("\"></circle>");
    }
    body.markup("</svg>");
}

fn sprints(body: &mut Html, sprints: &[Sprint], link: &dyn Fn(&mut Html, &str)) {
    if sprints.is_empty() {
        return;
    }
    body.element("h2", "", "Newest sprints").open("table", "");
    body.open("thead", "").open("tr", "");
    for name in ["Sprint", "Status", "Result", "Follows", "Created", "Idea"] {
        body.element("th", "", name);
    }
    body.close("tr").close("thead").open("tbody", "");
    for sprint in sprints {
        body.open("tr", "").open("td", "");
        link(body, sprint.id.as_str());
        body.close("td").open("td", "");
        status(body, sprint);
        body.close("td").open("td", "");
        if let Some(Some(outcome)) = &sprint.outcome {
            if let Some(found) = outcome.verdict {
                verdict(body, found);
            }
            if outcome.has_open_issues {
                body.element("span", "look", " issues open");
            }
        }
        body.close("td").open("td", "");
        if let Some(parent) = &sprint.parent {
            body.text(if sprint.kind == SprintKind::Tweak { "changes " } else { "repeats " });
            link(body, parent.as_str());
        }
        if let Some(auto_loop) = &sprint.loop_id {
            body.text(" ").text(auto_loop.as_str());
        }
        body.close("td").element("td", "", &utc(&sprint.created_at));
        body.element("td", "", sprint.idea.as_deref().unwrap_or("-")).close("tr");
    }
    body.close("tbody").close("table");
}
