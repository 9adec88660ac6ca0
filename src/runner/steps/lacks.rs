//! What a step has left out, and how it is asked for again.

use std::io;

use crate::bundle::journal::Entry;
use crate::bundle::prompts::{self, Values};
use crate::claude::Verdict;
use crate::runner::journal::Journal;
use crate::runner::outputs::Outputs;
use crate::runner::step::StepContext;

/// What a step has left out, or left in a way that nobody can use.
#[derive(Debug, Default, PartialEq)]
pub struct Lacks {
    /// Files.
    pub missing: Vec<String>,
    /// Files that are there, each with what is the matter, as sentences.
    pub unusable: Vec<String>,
    /// What is wrong with its questions, as sentences.
    pub wrong: Vec<String>,
    /// What it had ended its turn to wait for.
    pub waits: String,
    /// What its last message asked.
    pub asked: String,
}

impl Lacks {
    /// What the step has left out, by the verdict on its call and the files that are there.
    pub fn of(outputs: Outputs<'_>, verdict: &Verdict) -> Self {
        let mut lacks = Self { unusable: outputs.unusable(), ..Self::default() };
        for file in verdict.missing() {
            match outputs.oddity(file) {
                Some(odd) if lacks.unusable.contains(&odd) => {}
                Some(odd) => lacks.unusable.push(odd),
                None => lacks.missing.push(file.clone()),
            }
        }
        lacks
    }

    /// Whether nothing is lacking.
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }

    /// Notes that it is asked for again.
    pub fn tell(&self, journal: &mut Journal) -> io::Result<()> {
        let missing =
            (!self.missing.is_empty()).then(|| format!("{} is missing", self.missing.join(", ")));
        for what in missing.iter().chain(&self.unusable) {
            journal.write(&Entry::Note { text: format!("{what}: asked for it again") })?;
        }
        let waits = (!self.waits.is_empty()).then(|| format!("{}: told to go on", self.waits));
        let asked = (!self.asked.is_empty()).then(|| {
            format!("its last message asks: \u{201c}{}\u{201d}: told how to ask", self.asked)
        });
        for text in [waits, asked].into_iter().flatten() {
            journal.write(&Entry::Note { text })?;
        }
        Ok(())
    }
}

/// Asks for what a step has left out, or got wrong.
pub fn repair(context: &StepContext<'_>, lacks: &Lacks) -> String {
    let Lacks { missing, unusable, wrong, waits, asked } = lacks;
    let values = Values { missing, unusable, wrong, waits, asked, ..context.values() };
    prompts::render(&context.job.bundle.templates, "repair", &values).unwrap_or_else(|_| {
        let files = if missing.is_empty() {
            String::new()
        } else {
            format!("Write these files now: {}. ", missing.join(", "))
        };
        let odd = if unusable.is_empty() {
            String::new()
        } else {
            format!("Write these files again: {}. ", unusable.join("; "))
        };
        let questions = if wrong.is_empty() {
            String::new()
        } else {
            format!("Your question could not be read: {}. ", wrong.join("; "))
        };
        let waits = if waits.is_empty() {
            ""
        } else {
            "Nothing wakes you: go on now, and end your turn when the step is done. "
        };
        let asked = if asked.is_empty() {
            ""
        } else {
            "Nobody reads your messages: decide it yourself, and finish the step."
        };
        format!("{files}{odd}{questions}{waits}{asked}")
    })
}
