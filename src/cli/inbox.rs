//! `researchloop inbox`

use clap::Args;

use super::exit::{Exit, Result};
use super::render::Render;
use super::tone::Tone;
use super::ui::Ui;
use super::{Global, action, text};
use crate::domain::{MessageKind, MessageStatus, OWN_WORDS};
use crate::query;
use crate::view::{Message, Messages};

#[derive(Debug, Args)]
pub struct InboxArgs {
    /// Answered and closed ones too
    #[arg(short, long)]
    all: bool,
}

/// Shows what waits for a person.
pub fn run(global: &Global, ui: &Ui, args: &InboxArgs) -> Result {
    let messages = query::messages(&global.app(ui)?, args.all)?;
    ui.answer(&messages);
    if messages.messages.is_empty() {
        ui.status("Nothing waits for you.");
    }
    Ok(Exit::Success)
}

impl Render for Messages {
    fn lines(&self, ui: &Ui) -> Vec<String> {
        let blocks: Vec<Vec<String>> =
            self.messages.iter().map(|message| message.lines(ui)).collect();
        blocks.join(&String::new())
    }
}

/// What it is, what it says, how to answer it.
impl Render for Message {
    fn lines(&self, ui: &Ui) -> Vec<String> {
        let what = match (self.kind, &self.sprint_id, &self.task_id) {
            (MessageKind::Question, Some(sprint), _) => format!("{sprint} asks"),
            (MessageKind::Approval, Some(sprint), _) => format!("{sprint} proposes an idea"),
            (MessageKind::Note, Some(sprint), _) => format!("note to {sprint}"),
            (MessageKind::Dead, _, Some(task)) => format!("task {task} has failed for good"),
            (MessageKind::Verdict, _, Some(task)) => format!("task {task} has no verdict"),
            (kind, _, _) => kind.to_string(),
        };
        let is_note = self.kind == MessageKind::Note;
        let state = match (self.status, self.delivered_at.is_some()) {
            (MessageStatus::Open, false) if is_note => ", not delivered yet",
            (MessageStatus::Open, true) if is_note => ", delivered, not read yet",
            (MessageStatus::Open, _) => "",
            (MessageStatus::Answered, false) if !self.kind.is_of_task() => {
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
            ui.style().bold().apply_to(&self.id),
            text::clean(&self.study_name)
        );
        let head =
            format!("{head}  {}", ui.paint(Tone::Faint, text::age(&self.created_at, ui.now())));
        let mut lines = vec![ui.fit(&head)];
        let width = ui.width().saturating_sub(2).max(20);
        let wrapped = |text: &str| {
            text::clean_lines(text)
                .iter()
                .flat_map(|line| text::wrap(line, width))
                .map(|line| format!("  {line}").trim_end().to_owned())
                .collect::<Vec<_>>()
        };
        lines.extend(wrapped(&action::say(&self.text)));
        if let Some(answer) = &self.answer {
            lines.extend(wrapped(&format!("Answer: {answer}")));
        }
        if self.reply_with.is_some() {
            let given = self.answers.iter().map(|answer| text::shell_word(&text::clean(answer)));
            let own_words = self.own_words.map(|what| match what {
                "" => format!("\"{OWN_WORDS}\""),
                // A comment of the shell, so that the line is a command as it stands.
                what => format!("\"{OWN_WORDS}\"  # {what}"),
            });
            for (number, word) in given.chain(own_words).enumerate() {
                let mark = if number == 0 {
                    ui.tone(Tone::Active).bold().apply_to("answer:").to_string()
                } else {
                    "       ".to_owned()
                };
                lines.push(format!("{mark} researchloop reply {} {}", self.id, word));
            }
        }
        if let (Some(sprint), MessageKind::Note, MessageStatus::Closed) =
            (&self.sprint_id, self.kind, self.status)
        {
            lines.push(format!(
                "{} researchloop sprint tweak {sprint} \"...\"",
                ui.tone(Tone::Active).bold().apply_to("instead:")
            ));
        }
        lines
    }
}
