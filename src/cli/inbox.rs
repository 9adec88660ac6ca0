//! `researchloop inbox` and `researchloop reply`

use clap::Args;

use super::exit::{Exit, Result};
use super::ui::Ui;
use super::{Global, action, find, text};
use crate::domain::{MessageKind, MessageStatus};
use crate::message::{self, Replied};
use crate::problem::Problem;
use crate::store::ANOTHER;
use crate::view;

#[derive(Debug, Args)]
pub struct InboxArgs {
    /// Answered and closed ones too
    #[arg(short, long)]
    all: bool,
}

#[derive(Debug, Args)]
pub struct ReplyArgs {
    /// The message's id, or a sprint's id to send it a note; the beginning of one is enough
    id: String,
    /// The answer; `-` reads it from standard input
    #[arg(allow_hyphen_values = true)]
    text: String,
}

/// Stands for an answer in one's own words.
const FREE: &str = "...";

/// Shows what waits for a person.
pub fn inbox(global: &Global, ui: &Ui, args: &InboxArgs) -> Result {
    let app = global.app(ui)?;
    let messages: Vec<view::Message> =
        app.store()?.messages(args.all)?.iter().map(view::message).collect();
    if ui.json {
        ui.json(&serde_json::json!({ "messages": messages }));
        return Ok(Exit::Success);
    }
    if messages.is_empty() {
        ui.status("Nothing waits for you.");
        return Ok(Exit::Success);
    }
    for (index, message) in messages.iter().enumerate() {
        if index > 0 {
            ui.line("");
        }
        for line in lines(ui, message) {
            ui.line(&line);
        }
    }
    Ok(Exit::Success)
}

/// A message for people: what it is, what it says, how to answer it.
pub fn lines(ui: &Ui, message: &view::Message) -> Vec<String> {
    let what = match (message.kind, &message.sprint_id, &message.task_id) {
        (MessageKind::Question, Some(sprint), _) => format!("{sprint} asks"),
        (MessageKind::Approval, Some(sprint), _) => format!("{sprint} proposes an idea"),
        (MessageKind::Note, Some(sprint), _) => format!("note to {sprint}"),
        (MessageKind::Dead, _, Some(task)) => format!("task {task} has failed for good"),
        (MessageKind::Verdict, _, Some(task)) => format!("task {task} has no verdict"),
        (kind, _, _) => kind.to_string(),
    };
    let is_note = message.kind == MessageKind::Note;
    let state = match (message.status, message.delivered_at.is_some()) {
        (MessageStatus::Open, false) if is_note => ", not delivered yet",
        (MessageStatus::Open, true) if is_note => ", delivered, not read yet",
        (MessageStatus::Open, _) => "",
        (MessageStatus::Answered, false) if !message.kind.is_of_task() => {
            ", answered, not delivered yet"
        }
        (MessageStatus::Answered, _) => ", answered",
        (MessageStatus::Acknowledged, _) if is_note => ", read",
        (MessageStatus::Acknowledged, _) => ", answered and read",
        (MessageStatus::Closed, _) if is_note => ", not read: the sprint has ended",
        (MessageStatus::Closed, _) => ", closed",
    };
    let head = format!(
        "{}  {what} ({}){state}",
        ui.style().bold().apply_to(&message.id),
        text::clean(&message.study_name)
    );
    let head = format!("{head}  {}", ui.style().dim().apply_to(text::time(&message.created_at)));
    let mut lines = vec![text::short(&head, ui.width())];
    let width = ui.width().saturating_sub(2).max(20);
    let wrapped = |text: &str| {
        text::clean_lines(text)
            .iter()
            .flat_map(|line| text::wrap(line, width))
            .map(|line| format!("  {line}").trim_end().to_owned())
            .collect::<Vec<_>>()
    };
    lines.extend(wrapped(&action::say(&message.text)));
    if let Some(answer) = &message.answer {
        lines.extend(wrapped(&format!("Answer: {answer}")));
    }
    if message.reply_with.is_some() {
        for (number, answer) in answers(message).iter().enumerate() {
            let word =
                if answer == FREE { format!("\"{FREE}\"") } else { text::shell_word(answer) };
            let mark = if number == 0 {
                ui.style().cyan().bold().apply_to("answer:").to_string()
            } else {
                "       ".to_owned()
            };
            lines.push(format!("{mark} researchloop reply {} {}", message.id, word));
        }
    }
    if let (Some(sprint), MessageKind::Note, MessageStatus::Closed) =
        (&message.sprint_id, message.kind, message.status)
    {
        lines.push(format!(
            "{} researchloop sprint tweak {sprint} \"...\"",
            ui.style().cyan().bold().apply_to("instead:")
        ));
    }
    lines
}

/// What can be answered, each on its own: a line that is copied whole is a good answer.
fn answers(message: &view::Message) -> Vec<String> {
    let all = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    match message.kind {
        MessageKind::Approval => all(&["yes", "no", ANOTHER]),
        MessageKind::Dead => all(&["retry", "cancel", "close"]),
        _ if message.choices.is_empty() => all(&[FREE]),
        _ => message.choices.iter().map(|choice| text::clean(choice)).collect(),
    }
}

/// Answers a message, or leaves a note for a sprint.
pub fn reply(global: &Global, ui: &Ui, args: &ReplyArgs) -> Result {
    let app = global.app(ui)?;
    let mut store = app.store()?;
    let text = if args.text == "-" {
        std::io::read_to_string(std::io::stdin()).map_err(|error| {
            Problem::failed(format!("cannot read the reply from standard input: {error}"))
        })?
    } else {
        args.text.clone()
    };
    let (id, said) = match find::message(&store, &args.id)? {
        Some(found) => {
            let said = match message::reply(&mut store, &found, &text)? {
                Replied::Kept => {
                    format!(
                        "{}: answered; the next `researchloop tick` takes it to {}",
                        found.id,
                        found.sprint.as_deref().unwrap_or("it")
                    )
                }
                Replied::Approved(more) => format!(
                    "{}: approved: {} works on the idea after the next `researchloop tick`{}",
                    found.id,
                    found.sprint.as_deref().unwrap_or("it"),
                    if more { ", and reads what else you said" } else { "" }
                ),
                Replied::AnotherWanted => format!(
                    "{}: asks for another idea: neither a yes nor a no; the next `researchloop tick` takes your words to {}",
                    found.id,
                    found.sprint.as_deref().unwrap_or("it")
                ),
                Replied::Refused(sprint) => {
                    format!("{sprint}: cancelled: the idea was not approved")
                }
                Replied::Retried(task) => format!("{task}: will be tried again"),
                Replied::Cancelled(task) => format!("{task}: called off"),
                Replied::Judged(task, verdict) => format!("{task}: done ({})", verdict.as_str()),
                Replied::Closed => format!("{}: closed", found.id),
            };
            (found.id, said)
        }
        None => {
            let row = find::sprint(&store, &args.id)?;
            let id = message::note(&mut store, &row, &text)?;
            let said = format!(
                "{id}: a note; the next `researchloop tick` takes it to {}, which reads it at its next step, if one is left",
                row.id
            );
            (id, said)
        }
    };
    if ui.json {
        ui.json(&serde_json::json!({ "message": store.message(&id)?.as_ref().map(view::message) }));
    }
    ui.status(&said);
    Ok(Exit::Success)
}
