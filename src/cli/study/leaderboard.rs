//! `researchloop study leaderboard`

use clap::Args;

use crate::app::App;
use crate::cli::exit::{Exit, Result};
use crate::cli::plot::{Plot, plot};
use crate::cli::render::Render;
use crate::cli::table::Table;
use crate::cli::tone::Tone;
use crate::cli::ui::Ui;
use crate::cli::{screen, text, which};
use crate::domain::Better;
use crate::domain::leaderboard::best_so_far;
use crate::query::{self, LeaderboardQuestion};
use crate::view::{Board, Leaderboard, Place, noise_words};

/// Lines of the plot.
const HEIGHT: usize = 9;

#[derive(Debug, Args)]
pub struct LeaderboardArgs {
    /// The study's name; without it the one whose folder you are in, or the only one
    name: Option<String>,
    /// Show at most this many places
    #[arg(short = 'n', long, default_value_t = 20)]
    limit: usize,
    /// By this metric instead of the study's own
    #[arg(long, value_name = "NAME")]
    metric: Option<String>,
    /// Which way that metric gets better, when the sprints do not say it: higher or lower
    #[arg(long, value_name = "WAY", value_parser = ["higher", "lower"])]
    better: Option<String>,
    /// Draw with plain characters only, as it is without a terminal
    #[arg(long)]
    plain: bool,
}

/// A leaderboard as it is drawn.
#[derive(Debug, serde::Serialize)]
#[serde(transparent)]
struct Screen {
    leaderboard: Leaderboard,
    #[serde(skip)]
    plain: bool,
}

/// Shows the board.
pub fn run(app: &App, ui: &Ui, args: &LeaderboardArgs) -> Result {
    let leaderboard = query::leaderboard(
        app,
        LeaderboardQuestion {
            study: &which::study(app, args.name.as_deref())?,
            limit: args.limit,
            metric: args.metric.as_deref(),
            better: args.better.as_deref().and_then(Better::parse),
        },
    )?;
    let screen = Screen { leaderboard, plain: args.plain };
    ui.answer(&screen);
    let Leaderboard { study_name, metric, measured, instead, .. } = &screen.leaderboard;
    if *measured == 0 {
        ui.status(&format!("No completed sprint of {study_name} has reported {metric} yet."));
        if let Some(instead) = instead {
            ui.hint(instead);
        }
        ui.hint("its name must stand in results/metrics.json of a sprint, or be measured by the study's `evaluator`");
    }
    Ok(Exit::Success)
}

impl Render for Screen {
    fn lines(&self, ui: &Ui) -> Vec<String> {
        let Leaderboard { metric, better, measured, candidates, places, board, .. } =
            &self.leaderboard;
        if *measured == 0 {
            return Vec::new();
        }
        let unit = text::clean(&board.unit);
        let unit = if unit.is_empty() { unit } else { format!(" ({unit})") };
        let mut lines = vec![format!(
            "{}{unit}, {} is better",
            ui.style().bold().apply_to(text::clean(metric)),
            better.as_str()
        )];
        let table = Table {
            headers: &["#", "SPRINT", "VALUE", "N", "VERDICT", "NOISE", "IDEA"],
            rows: places.iter().map(|place| cells(ui, place)).collect(),
            gives_way: &["N", "VERDICT"],
            ..Table::default()
        };
        lines.extend(table.lines(ui));
        let all = board.places.len();
        if all > places.len() {
            lines.push(format!("and {} more: -n {all}", all - places.len()));
        }
        lines.extend(places.iter().filter(|place| place.mismatch).map(|place| mismatch(ui, place)));
        let doubts = doubts(places);
        let doubts = doubts.iter().flat_map(|line| text::wrap(line, ui.width()));
        lines.extend(doubts.map(|line| ui.paint(Tone::Attention, line)));
        if *candidates > 1 {
            let dim = |line: String| ui.style().dim().apply_to(line).to_string();
            lines.extend(
                legend(board).iter().flat_map(|line| text::wrap(line, ui.width())).map(dim),
            );
        }
        if board.values.len() > 1 {
            lines.push(String::new());
            lines.extend(plot(&Plot {
                values: &board.values,
                best: &best_so_far(*better, &board.values),
                best_is: if *better == Better::Higher { "highest" } else { "lowest" },
                width: ui.width(),
                height: HEIGHT,
                ascii: self.plain || !ui.is_screen(),
            }));
        }
        lines
    }
}

/// What an agent claims, where the evaluator measured otherwise.
fn mismatch(ui: &Ui, place: &Place) -> String {
    let claimed =
        place.claimed.map(|claimed| format!(" {}", text::figure(claimed))).unwrap_or_default();
    let line = format!(
        "! the agent of {} claims{claimed}; the evaluator measured otherwise",
        place.sprint_id
    );
    ui.paint(Tone::Attention, ui.fit(&line))
}

/// What is known against places, a line each.
fn doubts(places: &[Place]) -> Vec<String> {
    let open = places.iter().filter_map(|place| {
        let open = place.open_issues.as_ref()?;
        Some(format!(
            "! #{}: {}: `researchloop sprint show {}`",
            place.rank,
            text::clean(&open.text),
            place.sprint_id
        ))
    });
    let apart = places.iter().filter_map(|place| {
        Some(format!("! #{} is not compared: {}", place.rank, text::clean(place.apart.as_ref()?)))
    });
    open.chain(apart).collect()
}

/// What the marks compare, and what would tell more.
fn legend(board: &Board) -> Vec<String> {
    let (rank, count) = (board.reference, board.candidates);
    // Only the first sprint itself has nothing to be compared with.
    let is_start = board.places.get(rank - 1).is_none_or(|place| place.noise.is_none());
    let own = if is_start { String::new() } else { format!("#{rank} against the first sprint, ") };
    let what = if is_start { ", the first sprint" } else { "" };
    let mut lines =
        vec![format!("noise: {own}the others against #{rank}{what}; #1 is the best of {count}")];
    if let Some((place, settle)) =
        board.places.iter().find_map(|place| Some((place, place.settle.as_ref()?)))
    {
        lines.push(format!(
            "to know more of #{}: {settle}; `researchloop sprint resubmit ID` makes one more",
            place.rank
        ));
    }
    lines
}

fn cells(ui: &Ui, place: &Place) -> Vec<String> {
    let repeats =
        if place.sprints.len() > 1 { format!(" ×{}", place.sprints.len()) } else { String::new() };
    let doubt = if place.mismatch || place.open_issues.is_some() || place.apart.is_some() {
        " !"
    } else {
        ""
    };
    let unit = if place.apart.is_some() && !place.unit.is_empty() {
        format!(" {}", text::clean(&place.unit))
    } else {
        String::new()
    };
    let noise = match (place.noise.map(noise_words), &place.noise_why) {
        (Some(Some(words)), _) => words.to_owned(),
        (Some(None), Some(why)) => format!("not known ({why})"),
        (Some(None), None) => "not known".to_owned(),
        (None, _) => "first sprint".to_owned(),
    };
    let is_sure = place.rank == 1 && place.noise == Some("likely_real");
    vec![
        place.rank.to_string(),
        format!("{}{repeats}", place.sprint_id),
        format!("{}{unit}{doubt}", text::value_with_spread(place.value, place.spread, place.n)),
        place.n.map(|n| n.to_string()).unwrap_or_default(),
        place.verdict.map(|verdict| screen::verdict(ui, verdict)).unwrap_or_default(),
        if is_sure { ui.paint(Tone::Good, noise) } else { noise },
        text::clean(place.idea.as_deref().unwrap_or("-")),
    ]
}
