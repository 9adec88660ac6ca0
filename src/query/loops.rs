//! Lists of loops, and one loop with its sprints.

use super::next::loop_next;
use crate::app::App;
use crate::domain::MessageKind;
use crate::find;
use crate::problem::Problem;
use crate::view::{self, Loops, ShownLoop};

/// Which loops are wanted.
#[derive(Debug, Clone, Copy)]
pub struct LoopsQuestion<'a> {
    /// Of this study.
    pub study: Option<&'a str>,
    /// Only those that run.
    pub running: bool,
    /// Show at most this many.
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
    Ok(ShownLoop { auto_loop, proposals, next, now: app.clock.now() })
}
