//! Lists of loops, and one loop with its sprints.

use super::next::loop_next;
use super::outcome::Metrics;
use crate::app::App;
use crate::domain::{Better, MessageKind};
use crate::find;
use crate::problem::Problem;
use crate::store::Store;
use crate::view::{self, BestOfLoop, Loop, Loops, Place, ShownLoop};

/// Which loops are wanted.
#[derive(Debug, Clone, Copy)]
pub struct LoopsQuestion<'a> {
    /// Of this study.
    pub study: Option<&'a str>,
    /// Only those that run.
    pub running: bool,
    /// At most this many.
    pub limit: u32,
}

/// Lists loops, the running ones first.
pub fn loops(app: &App, question: LoopsQuestion<'_>) -> Result<Loops, Problem> {
    if let Some(study) = question.study {
        app.config.study(study)?;
    }
    let store = app.store()?;
    let rows = store.loops(question.study, question.running, question.limit)?;
    let loops = rows.iter().map(|row| view::loop_found(&store, row));
    Ok(Loops { loops: loops.collect::<Result<_, _>>()? })
}

/// One loop, by its id or the beginning of one.
pub fn auto_loop(app: &App, id: &str) -> Result<ShownLoop, Problem> {
    let store = app.store()?;
    let row = find::auto_loop(&store, id)?;
    let auto_loop = view::loop_found(&store, &row)?;
    let proposals = store.messages(false)?.into_iter();
    let proposals = proposals
        .filter(|message| message.kind == MessageKind::Approval)
        .filter_map(|message| message.sprint)
        .collect();
    let next = loop_next(&auto_loop);
    let best = best(app, &store, &auto_loop)?;
    Ok(ShownLoop { auto_loop, best, proposals, next, now: app.clock.now() })
}

/// The best value that counts of what the loop's sprints have brought.
fn best(app: &App, store: &Store, one: &Loop) -> Result<Option<BestOfLoop>, Problem> {
    let target = one.limits.target.as_ref();
    let mut metrics = Metrics::new(app);
    let (metric, better) = match (target, metrics.of(&one.study_name)) {
        (Some(target), _) => {
            (target.metric.clone(), if target.higher { Better::Higher } else { Better::Lower })
        }
        (None, Some(metric)) => metric.clone(),
        (None, None) => return Ok(None),
    };
    let mut rows = store.metric_history(&one.study_name, &metric)?;
    rows.retain(|row| row.loop_id.as_ref() == Some(&one.id));
    let board = view::leaderboard(&metric, better, &rows);
    let counts = |place: &&Place| place.apart.is_none() && place.open_issues.is_none();
    Ok(board.places.iter().find(counts).map(|place| BestOfLoop {
        metric,
        value: place.value,
        sprint_id: place.sprint_id.clone(),
        target: target.map(|target| target.value),
        is_reached: target.is_some_and(|target| target.is_reached_by(place.value)),
        values: board.values.clone(),
    }))
}
