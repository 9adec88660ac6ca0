//! How the sprints of a study rank.

use crate::app::App;
use crate::config::Study;
use crate::domain::{Better, figure_name, text};
use crate::find;
use crate::problem::{Problem, ProblemKind};
use crate::store::{MetricRow, Store};
use crate::study::Program;
use crate::view;

/// Most names that are told of what sprints have reported.
const MOST_NAMES: usize = 12;

/// Which leaderboard is wanted.
#[derive(Debug, Clone, Copy)]
pub struct LeaderboardQuestion<'a> {
    /// Of this study.
    pub study: &'a str,
    /// At most this many places.
    pub limit: usize,
    /// By this metric instead of the study's own.
    pub metric: Option<&'a str>,
    /// Which way it gets better, when nobody else says it.
    pub better: Option<Better>,
}

/// Ranks the study's sprints.
pub fn leaderboard(
    app: &App,
    question: LeaderboardQuestion<'_>,
) -> Result<view::Leaderboard, Problem> {
    let study = app.config.study(question.study)?;
    let store = app.store()?;
    let (metric, declared) = metric_of(app, &store, study, question.metric)?;
    let rows = store.metric_history(study.name.as_str(), &metric)?;
    if rows.is_empty() && question.metric.is_some() && declared.is_none() {
        return Err(unknown(&store, study, &metric)?);
    }
    let better = direction(question.better, declared, &rows, &metric)?;
    let board = view::leaderboard(&metric, better, &rows);
    let shown = question.limit.min(board.places.len());
    Ok(view::Leaderboard {
        study_name: study.name.to_string(),
        better,
        measured: rows.len(),
        candidates: board.candidates,
        places: board.places.get(..shown).unwrap_or_default().to_vec(),
        instead: if rows.is_empty() { reported(&store, study, &metric)? } else { None },
        metric,
        board,
    })
}

/// The metric's name, and its direction when the study declares it.
fn metric_of(
    app: &App,
    store: &Store,
    study: &Study,
    asked: Option<&str>,
) -> Result<(String, Option<Better>), Problem> {
    let declared = Program::load(&app.config, study, app.clock.now()).metric;
    match (asked, declared) {
        (None, Some(metric)) => Ok((metric.name, Some(metric.better))),
        (Some(name), Some(metric)) if figure_name::is_same(name, &metric.name) => {
            Ok((metric.name, Some(metric.better)))
        }
        (Some(name), _) => Ok((name.to_owned(), None)),
        (None, None) => {
            let problem = Problem::new(
                ProblemKind::Usage,
                format!("the study {} declares no metric", study.name),
            );
            Err(problem
                .hint(known(store, study)?)
                .hint("name one with --metric, or set `metric` and `metric_better` of the study"))
        }
    }
}

fn known(store: &Store, study: &Study) -> Result<String, Problem> {
    let names: Vec<String> = store
        .metric_names(study.name.as_str())?
        .iter()
        .take(MOST_NAMES)
        .map(|(name, _)| text::line(name))
        .collect();
    Ok(if names.is_empty() {
        "no sprint of it has reported a figure yet".to_owned()
    } else {
        format!("its sprints have reported: {}", names.join(", "))
    })
}

/// What the sprints of a study have reported in the place of this metric; none when they have nothing.
fn reported(store: &Store, study: &Study, metric: &str) -> Result<Option<String>, Problem> {
    let names = store.metric_names(study.name.as_str())?;
    let near = figure_name::meant(metric, names.iter().map(|(name, _)| name.as_str()))
        .map(|near| format!("did you mean {}?", text::line(near)));
    Ok(match near {
        None if names.is_empty() => None,
        None => Some(known(store, study)?),
        near => near,
    })
}

fn unknown(store: &Store, study: &Study, metric: &str) -> Result<Problem, Problem> {
    let problem = Problem::new(
        ProblemKind::NotFound,
        format!("no completed sprint of {} has reported {:?}", study.name, find::told(metric)),
    );
    Ok(match reported(store, study, metric)? {
        Some(hint) => problem.hint(hint),
        None => problem.hint(known(store, study)?),
    })
}

/// Which way the metric gets better: as the question, the study, or the newest sprint says.
fn direction(
    asked: Option<Better>,
    declared: Option<Better>,
    rows: &[MetricRow],
    metric: &str,
) -> Result<Better, Problem> {
    let told = rows.iter().rev().find_map(|row| Better::parse(&row.better));
    asked.or(declared).or(told).ok_or_else(|| {
        Problem::new(
            ProblemKind::Usage,
            format!("it is not known whether a higher or a lower {} is better", text::line(metric)),
        )
        .hint("add --better higher or --better lower")
    })
}
