//! What `start` and `resume` say of a loop that begins.

use crate::app::App;
use crate::auto_loop::{BeginEvent, Handle};
use crate::cli::exit::{Exit, Result};
use crate::cli::render::Render;
use crate::cli::text;
use crate::cli::ui::Ui;
use crate::domain::{LoopId, LoopStatus};
use crate::sprint::{Deferral, Submitted};
use crate::view::OneLoop;

impl Render for OneLoop {}

/// Says what is probably not as it was meant in a loop's limits.
pub fn warn(ui: &Ui, id: &LoopId, doubts: &[String]) {
    for doubt in doubts {
        ui.warning(&text::clean(doubt));
        ui.hint(&format!("`researchloop loop edit {id} --target ...` changes the target"));
    }
}

/// Two loops of a study share its backlog and its money: nobody has that without being told.
pub fn warn_of_others(ui: &Ui, id: &LoopId, others: &[LoopId]) {
    for other in others {
        ui.warning(&format!(
            "{other} runs on this study, too: both take from the same backlog and the same limits of the study; if that was not meant: `researchloop loop stop {id}`"
        ));
    }
}

/// Begins what the loop may begin now, and tells how it stands.
pub fn begin(app: &App, ui: &Ui, mut one: Handle) -> Result {
    let id = &one.row.id.clone();
    warn(ui, id, &one.doubts(app)?);
    let mut spinner = None;
    let problems = one.begin(app, &mut |event| match event {
        BeginEvent::Submitting(sprint, cluster) => {
            spinner = Some(ui.spinner(&format!("submitting {sprint} to {cluster}")));
        }
        BeginEvent::Submitted(sprint, cluster, submitted) => {
            if let Some(spinner) = spinner.take() {
                spinner.finish_and_clear();
            }
            match submitted {
                Ok(Submitted::Accepted { job }) => {
                    ui.status(&format!("{sprint}: submitted to {cluster} as job {job}"))
                }
                Ok(Submitted::Deferred { why, because: Deferral::NoSlot }) => {
                    ui.status(&format!("{sprint}: waits: {why}"))
                }
                Ok(Submitted::Deferred { why, .. } | Submitted::Refused { why }) => {
                    ui.warning(&format!("{sprint}: {}", text::clean(&why)));
                }
                Err(error) => ui.warning(&format!("{sprint}: {error}")),
            }
        }
    })?;
    for problem in &problems {
        ui.warning(&text::clean(problem));
    }
    ui.answer(&one.shown()?);
    let row = &one.row;
    if row.status != LoopStatus::Running {
        ui.status(&format!("{id}: ended: {}", text::clean(&row.detail)));
    } else if !row.note.is_empty() {
        ui.status(&format!("{id}: {}", text::clean(&row.note)));
    }
    ui.hint(&format!(
        "it goes on with every `researchloop tick`; `researchloop cron install` runs one every few minutes; `researchloop loop show {id}` shows it"
    ));
    Ok(Exit::Success)
}
