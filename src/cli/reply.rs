//! `researchloop reply`

use clap::Args;

use super::Global;
use super::exit::{Exit, Result};
use super::render::Render;
use super::ui::Ui;
use crate::domain::SprintId;
use crate::message;
use crate::view::{Replied, Response};

#[derive(Debug, Args)]
pub struct ReplyArgs {
    /// The message's id, or a sprint's id to send it a note; a unique prefix is enough
    id: String,
    /// The answer; `-` reads it from standard input
    #[arg(allow_hyphen_values = true)]
    text: String,
}

/// Answers a message, or leaves a note for a sprint.
pub fn run(global: &Global, ui: &Ui, args: &ReplyArgs) -> Result {
    let app = global.app(ui)?;
    let text = super::input::given(&args.text, "the reply")?;
    let response = message::send(&app, &args.id, &text)?;
    ui.answer(&response);
    ui.status(&what_came(&response));
    Ok(Exit::Success)
}

impl Render for Response {}

/// What came of the words, in a sentence.
fn what_came(response: &Response) -> String {
    let id = &response.id;
    let sprint = response.sprint.as_ref().map_or("it", SprintId::as_str);
    match &response.replied {
        Replied::Kept => {
            format!("{id}: answered; the next `researchloop tick` takes it to {sprint}")
        }
        Replied::Approved(more) => format!(
            "{id}: approved: {sprint} works on the idea after the next `researchloop tick`{}",
            if *more { ", and reads what else you said" } else { "" }
        ),
        Replied::AnotherWanted => format!(
            "{id}: asks for another idea: neither a yes nor a no; the next `researchloop tick` takes your words to {sprint}"
        ),
        Replied::Refused(sprint) => format!("{sprint}: cancelled: the idea was not approved"),
        Replied::Retried(task) => format!("{task}: will be tried again"),
        Replied::Cancelled(task) => format!("{task}: cancelled"),
        Replied::Judged(task, verdict) => format!("{task}: done ({})", verdict.as_str()),
        Replied::Closed => format!("{id}: closed"),
        Replied::Noted(is_submitted) => {
            let when = if *is_submitted {
                format!("the next `researchloop tick` takes it to {sprint}")
            } else {
                format!(
                    "the `researchloop tick` after the one that submits {sprint} takes it there"
                )
            };
            format!("{id}: a note; {when}, which reads it at its next step, if one is left")
        }
    }
}
