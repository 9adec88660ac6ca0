//! How the answer of a verb is printed: as JSON, or as lines for people.

use serde::Serialize;

use super::ui::Ui;

/// An answer that a command prints. Its JSON is the answer itself: a value that only the lines need
/// is skipped there.
pub trait Render: Serialize {
    /// What people read on standard output. Nothing of an answer that they are told in sentences,
    /// as it comes about.
    fn lines(&self, _ui: &Ui) -> Vec<String> {
        Vec::new()
    }

    /// What is left of it with `--quiet`.
    fn quiet(&self, ui: &Ui) -> Vec<String> {
        self.lines(ui)
    }
}

impl Ui {
    /// Prints the answer of a command, in the form that was asked for. What people are told beside it
    /// goes its own way: [`Ui::status`], [`Ui::hint`] and [`Ui::caution`] know that JSON has no
    /// room for it.
    pub fn answer(&self, answer: &impl Render) {
        if self.json {
            return self.json(answer);
        }
        let lines = if self.is_quiet() { answer.quiet(self) } else { answer.lines(self) };
        for line in lines {
            self.line(&line);
        }
    }

    /// Shows people a part of an answer as soon as it is known. JSON is one answer, at the end.
    pub fn part(&self, part: &impl Render) {
        if !self.json {
            self.answer(part);
        }
    }
}
