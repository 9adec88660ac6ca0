//! How tasks look on a screen, and the answers that say only how a task stands.

use console::Style;

use crate::cli::exit::{Exit, Result};
use crate::cli::render::Render;
use crate::cli::tone::Tone;
use crate::cli::ui::Ui;
use crate::domain::TaskState;
use crate::view::{ChangedTasks, OneTask, Task};

/// The color of a state.
pub fn style(ui: &Ui, state: TaskState) -> Style {
    match state {
        TaskState::Ready | TaskState::Running | TaskState::Claimed => ui.tone(Tone::Active),
        TaskState::Done => ui.tone(Tone::Good),
        TaskState::Dead => ui.tone(Tone::Bad),
        TaskState::Parent => ui.style().bold(),
        TaskState::Waiting => ui.style(),
        TaskState::Blocked | TaskState::Cancelled | TaskState::Skipped => ui.tone(Tone::Faint),
    }
}

impl Render for OneTask {}

impl Render for ChangedTasks {}

/// The task as JSON, or a sentence on it.
pub fn tell(ui: &Ui, answer: &OneTask, what: &str) -> Result {
    ui.answer(answer);
    ui.status(&format!("{}: {what}", answer.task.id));
    Ok(Exit::Success)
}

/// The tasks as JSON, or a sentence on each.
pub fn tell_each(ui: &Ui, answer: &ChangedTasks, what: impl Fn(&Task) -> String) -> Result {
    ui.answer(answer);
    for task in answer.tasks() {
        ui.status(&format!("{}: {}", task.id, what(task)));
    }
    Ok(Exit::Success)
}
