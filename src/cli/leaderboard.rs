//! `researchloop study leaderboard`

use clap::Args;

use super::exit::{Exit, Result};
use super::plot::{Plot, plot};
use super::ui::Ui;
use super::{screen, text};
use crate::app::App;
use crate::config::Study;
use crate::domain::leaderboard::best_so_far;
use crate::domain::{Better, figure_name};
use crate::problem::{Problem, ProblemKind};
use crate::store::{MetricRow, Store};
use crate::study::Program;
use crate::view::{self, Board, Place};

/// Lines of the plot.
const HEIGHT: usize = 9;

#[derive(Debug, Args)]
pub struct LeaderboardArgs {
    /// The study's name
    name: String,
    /// At most so many places
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

/// Shows the board.
pub fn run(app: &App, ui: &Ui, args: &LeaderboardArgs) -> Result {
    let study = app.config.study(&args.name)?;
    let store = app.store()?;
    let (metric, declared) = metric_of(app, &store, study, args)?;
    let rows = store.metric_history(study.name.as_str(), &metric)?;
    if rows.is_empty() && args.metric.is_some() && declared.is_none() {
        return Err(unknown(&store, study, &metric)?);
    }
    let better = direction(args, declared, &rows, &metric)?;
    let board = view::leaderboard(&metric, better, &rows);
    let (places, candidates) = (&board.places, board.candidates);
    let shown = places.get(..args.limit.min(places.len())).unwrap_or_default();
    if ui.json {
        ui.json(
            &serde_json::json!({ "study_name": study.name.as_str(), "metric": metric, "better": better, "measured": rows.len(), "candidates": candidates, "places": shown }),
        );
        return Ok(Exit::Success);
    }
    if rows.is_empty() {
        ui.status(&format!("No completed sprint of {} has reported {metric} yet.", study.name));
        if let Some(known) = reported(&store, study, &metric)? {
            ui.hint(&known);
        }
        ui.hint("its name must stand in results/metrics.json of a sprint, or be measured by the study's `evaluator`");
        return Ok(Exit::Success);
    }
    let unit = text::clean(&board.unit);
    let unit = if unit.is_empty() { unit } else { format!(" ({unit})") };
    ui.line(&format!(
        "{}{unit}, {} is better",
        ui.style().bold().apply_to(text::clean(&metric)),
        better.as_str()
    ));
    let cells: Vec<Vec<String>> = shown.iter().map(|place| cells(ui, place)).collect();
    for line in text::table(
        &["#", "SPRINT", "VALUE", "N", "VERDICT", "NOISE", "IDEA"],
        &cells,
        ui.width(),
        ui.style_is_on(),
    ) {
        ui.line(&line);
    }
    if places.len() > shown.len() {
        ui.line(&format!("and {} more: -n {}", places.len() - shown.len(), places.len()));
    }
    for place in shown.iter().filter(|place| place.mismatch) {
        let claimed =
            place.claimed.map(|claimed| format!(" {}", text::figure(claimed))).unwrap_or_default();
        let line = format!(
            "! the agent of {} claims{claimed}; the evaluator measured otherwise",
            place.sprint_id
        );
        ui.line(&ui.style().red().apply_to(text::short(&line, ui.width())).to_string());
    }
    for line in doubts(shown) {
        for line in text::wrap(&line, ui.width()) {
            ui.line(&ui.style().red().apply_to(line).to_string());
        }
    }
    if candidates > 1 {
        for line in legend(&board).iter().flat_map(|line| text::wrap(line, ui.width())) {
            ui.line(&ui.style().dim().apply_to(line).to_string());
        }
    }
    if board.values.len() > 1 {
        let values = &board.values;
        let best = best_so_far(better, values);
        ui.line("");
        let best_is = if better == Better::Higher { "highest" } else { "lowest" };
        for line in plot(&Plot {
            values,
            best: &best,
            best_is,
            width: ui.width(),
            height: HEIGHT,
            ascii: args.plain || !ui.is_screen(),
        }) {
            ui.line(&line);
        }
    }
    Ok(Exit::Success)
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
    let noise = match (place.noise, &place.noise_why) {
        (Some("likely_real"), _) => "likely real".to_owned(),
        (Some("within_noise"), _) => "within noise".to_owned(),
        (Some("claimed"), _) => "only claimed".to_owned(),
        (Some("open_issues"), _) => "issues open".to_owned(),
        (Some("not_comparable"), _) => "not compared".to_owned(),
        (Some(_), Some(why)) => format!("not known ({why})"),
        (Some(_), None) => "not known".to_owned(),
        (None, _) => "first sprint".to_owned(),
    };
    let style = if place.rank == 1 && place.noise == Some("likely_real") {
        ui.style().green()
    } else {
        ui.style()
    };
    vec![
        place.rank.to_string(),
        format!("{}{repeats}", place.sprint_id),
        format!("{}{unit}{doubt}", text::value_with_spread(place.value, place.spread, place.n)),
        place.n.map(|n| n.to_string()).unwrap_or_default(),
        place.verdict.map(|verdict| screen::verdict(ui, verdict)).unwrap_or_default(),
        style.apply_to(noise).to_string(),
        text::clean(place.idea.as_deref().unwrap_or("-")),
    ]
}

/// The metric's name, and its direction when the study declares it.
fn metric_of(
    app: &App,
    store: &Store,
    study: &Study,
    args: &LeaderboardArgs,
) -> Result<(String, Option<Better>)> {
    let declared = Program::load(&app.config, study).metric;
    match (&args.metric, declared) {
        (None, Some(metric)) => Ok((metric.name, Some(metric.better))),
        (Some(name), Some(metric)) if figure_name::is_same(name, &metric.name) => {
            Ok((metric.name, Some(metric.better)))
        }
        (Some(name), _) => Ok((name.clone(), None)),
        (None, None) => {
            let failure = Problem::new(
                ProblemKind::Usage,
                format!("the study {} declares no metric", study.name),
            );
            Err(failure
                .hint(known(store, study)?)
                .hint("name one with --metric, or set `metric` and `metric_better` of the study"))
        }
    }
}

fn known(store: &Store, study: &Study) -> Result<String> {
    let names: Vec<String> = store
        .metric_names(study.name.as_str())?
        .iter()
        .take(12)
        .map(|(name, _)| text::clean(name))
        .collect();
    Ok(if names.is_empty() {
        "no sprint of it has reported a figure yet".to_owned()
    } else {
        format!("its sprints have reported: {}", names.join(", "))
    })
}

/// What the sprints of a study have reported in the place of this metric; none when they have nothing.
fn reported(store: &Store, study: &Study, metric: &str) -> Result<Option<String>> {
    let names = store.metric_names(study.name.as_str())?;
    let near = figure_name::meant(metric, names.iter().map(|(name, _)| name.as_str()))
        .map(|near| format!("did you mean {}?", text::clean(near)));
    Ok(match near {
        None if names.is_empty() => None,
        None => Some(known(store, study)?),
        near => near,
    })
}

fn unknown(store: &Store, study: &Study, metric: &str) -> Result<Problem> {
    let failure = Problem::new(
        ProblemKind::NotFound,
        format!(
            "no completed sprint of {} has reported {:?}",
            study.name,
            text::short(&text::clean(metric), 60)
        ),
    );
    Ok(match reported(store, study, metric)? {
        Some(hint) => failure.hint(hint),
        None => failure.hint(known(store, study)?),
    })
}

/// Which way the metric gets better: as the command line, the study, or the newest sprint says.
fn direction(
    args: &LeaderboardArgs,
    declared: Option<Better>,
    rows: &[MetricRow],
    metric: &str,
) -> Result<Better> {
    let asked = args.better.as_deref().and_then(Better::parse);
    let told = rows.iter().rev().find_map(|row| Better::parse(&row.better));
    asked.or(declared).or(told).ok_or_else(|| {
        Problem::new(
            ProblemKind::Usage,
            format!("nobody has said which way {} gets better", text::clean(metric)),
        )
        .hint("add --better higher or --better lower")
    })
}
