//! The step that the agent carries out: calls it, and asks once more for what it has left out.

use std::io;

use serde_json::Value;

use super::lacks::{Lacks, repair};
use super::{judge, over, stopped_text};
use crate::bundle::journal::Entry;
use crate::bundle::review::CriticalIssue;
use crate::claude::Verdict;
use crate::domain::Advice;
use crate::pipeline::Outcome;
use crate::runner::astray::questions_astray;
use crate::runner::conversation::{Answer, Conversation, Text, Wanted, render};
use crate::runner::last_words::{self, Asked};
use crate::runner::mailbox::Asks;
use crate::runner::run_failure;
use crate::runner::step::{StepContext, StepOutcome};
use crate::runner::supervisor::Stopped;

/// What an agent that has carried out a step leaves.
pub struct CarriedOut {
    /// The answer that follows the schema.
    pub structured: Option<Value>,
    /// What its last message asks.
    asked: Option<Asked>,
}

/// Has a text carried out.
pub fn run(context: &mut StepContext<'_>, instructions: &str) -> io::Result<StepOutcome> {
    match carry_out(context, instructions, None)? {
        Ok(carried_out) => Ok(carried_out.judged(context, None)),
        Err(end) => Ok(end),
    }
}

/// Has a skill carried out.
pub fn run_skill(context: &mut StepContext<'_>, skill: &str) -> io::Result<StepOutcome> {
    match render(context.job, skill, &context.values()) {
        Ok(instructions) => run(context, &instructions),
        Err(failure) => Ok(StepOutcome::Failed(failure)),
    }
}

/// Has the step carried out. `wanted`: the form of the answer, if one is wanted. Returns what was left,
/// or the end of the step.
pub fn carry_out(
    context: &mut StepContext<'_>,
    instructions: &str,
    wanted: Option<Wanted<'_>>,
) -> io::Result<Result<CarriedOut, StepOutcome>> {
    let mut attempt = Attempt::new(context, instructions, wanted);
    loop {
        let (verdict, last_words) = match attempt.call(context)? {
            Ok(delivered) => delivered,
            Err(end) => return over(context, end).map(Err),
        };
        let problems = match context.mailbox.questions(context.journal, context.progress)? {
            Asks::Parked(questions) => return Ok(Err(StepOutcome::Parked(questions))),
            Asks::Wrong(problems) => problems,
            Asks::Nothing => Vec::new(),
        };
        let asked = last_words::question(&last_words)
            .filter(|asked| asked.matters || !verdict.missing().is_empty());
        // A command that it had left is gone; what it was for is there.
        let is_done = match &verdict {
            Verdict::Waits { files, timer, .. } => files.is_empty() && !timer,
            verdict => *verdict == Verdict::Done,
        };
        let lacks = attempt.lacks(context, &verdict, is_done, problems, asked.as_ref());
        if !lacks.is_nothing() {
            attempt.has_all =
                is_done && (lacks.asked.is_empty() || !context.step.produces.is_empty());
            attempt.kept = last_words;
            lacks.tell(context.journal)?;
            attempt.text = Text::Other(repair(context, &lacks));
            continue;
        }
        return Ok(if is_done {
            Ok(CarriedOut { structured: attempt.structured, asked })
        } else {
            Err(not_done(context, &verdict, asked))
        });
    }
}

/// The calls of one step, and what it was told already: each thing once.
struct Attempt<'a> {
    instructions: &'a str,
    wanted: Option<Wanted<'a>>,
    /// The last answer that follows the schema.
    structured: Option<Value>,
    conversation: Conversation,
    text: Text,
    repaired: bool,
    corrected: bool,
    woken: bool,
    answered: bool,
    /// Whether all that was promised is there, and only more was asked for.
    has_all: bool,
    /// What it said when all was there.
    kept: String,
    /// Questions where nobody looks.
    astray: Vec<(String, String)>,
}

impl<'a> Attempt<'a> {
    fn new(context: &StepContext<'_>, instructions: &'a str, wanted: Option<Wanted<'a>>) -> Self {
        Self {
            instructions,
            wanted,
            structured: None,
            conversation: Conversation::new(context),
            text: if context.resumed { Text::Again } else { Text::Whole },
            repaired: false,
            corrected: false,
            woken: false,
            answered: false,
            has_all: false,
            kept: String::new(),
            astray: questions_astray(&context.job.paths),
        }
    }

    /// Calls the agent. Returns the verdict on the call and its last words, or the end of the step.
    fn call(
        &mut self,
        context: &mut StepContext<'_>,
    ) -> io::Result<Result<(Verdict, String), StepOutcome>> {
        let text = self.text.clone();
        let answer = self.conversation.call(context, self.instructions, text, self.wanted)?;
        let end = match answer {
            Answer::Delivered { verdict, last_words, structured } => {
                self.structured = structured.or(self.structured.take());
                // Where the answer alone is missing, the file stands in for it.
                let verdict = match verdict {
                    Verdict::MissingOutput { files, .. } if files.is_empty() => Verdict::Done,
                    verdict => verdict,
                };
                return Ok(Ok((verdict, last_words)));
            }
            Answer::Over(end) => end,
        };
        // The work is done, and what it has left is what there is.
        let may_stay = match &end {
            StepOutcome::Judged(_) => Some(String::new()),
            StepOutcome::Failed(failure) => Some(failure.detail.clone()),
            StepOutcome::Stopped(Stopped::Deadline) => Some(stopped_text(Stopped::Deadline)),
            StepOutcome::Stopped(_) | StepOutcome::Parked(_) => None,
        };
        match may_stay {
            Some(why) if self.has_all && context.outputs().missing().is_empty() => {
                let text = format!("it could not be asked again: {why}");
                context.journal.write(&Entry::Note { text })?;
                Ok(Ok((Verdict::Done, std::mem::take(&mut self.kept))))
            }
            _ => Ok(Err(end)),
        }
    }

    /// What it is asked for again. `problems`: what is wrong with its questions; `asked`: what its last
    /// message asks.
    fn lacks(
        &mut self,
        context: &StepContext<'_>,
        verdict: &Verdict,
        is_done: bool,
        mut problems: Vec<String>,
        asked: Option<&Asked>,
    ) -> Lacks {
        let before = std::mem::replace(&mut self.astray, questions_astray(&context.job.paths));
        let new = self.astray.iter().filter(|file| !before.contains(file));
        problems.extend(
            new.map(|(name, _)| {
                format!("`{name}` is not in that folder: nobody looks for it there")
            }),
        );
        let mut lacks =
            if self.repaired { Lacks::default() } else { Lacks::of(context.outputs(), verdict) };
        self.repaired |= !lacks.is_nothing();
        if let Verdict::Waits { detail, .. } = verdict
            && !is_done
            && !std::mem::replace(&mut self.woken, true)
        {
            lacks.waits.clone_from(detail);
        }
        // It ended its turn for an answer that would never come.
        if !problems.is_empty() && !std::mem::replace(&mut self.corrected, true) {
            lacks.wrong = problems;
        } else if let Some(asked) = asked
            && !std::mem::replace(&mut self.answered, true)
        {
            lacks.asked.clone_from(&asked.text);
        }
        lacks
    }
}

impl CarriedOut {
    /// The end of the step. `issues`: what the structured answer of a review names.
    pub fn judged(
        self,
        context: &StepContext<'_>,
        issues: Option<Vec<CriticalIssue>>,
    ) -> StepOutcome {
        let mut judged = judge(context, Outcome::Done, issues);
        if let Some(asked) = self.asked {
            // It is shown in a narrow column.
            let note = std::mem::take(&mut judged.note);
            judged.note = format!(
                "it asks: {}{}{note}",
                asked.sentence,
                if note.is_empty() { "" } else { "; " }
            );
        }
        StepOutcome::Judged(judged)
    }
}

/// The end of a step that has left something out, also when asked again.
fn not_done(context: &StepContext<'_>, verdict: &Verdict, asked: Option<Asked>) -> StepOutcome {
    let mut failure = run_failure::failure_of(verdict, &context.step.title);
    if let Some(failure) = &mut failure {
        for odd in verdict.missing().iter().filter_map(|file| context.outputs().oddity(file)) {
            failure.detail.push_str(&format!("; {odd}"));
        }
        if let Some(asked) = asked {
            failure
                .detail
                .push_str(&format!("; its last message asks: \u{201c}{}\u{201d}", asked.text));
            failure.advice = Advice::AnswerInWords;
        }
    }
    StepOutcome::failed(failure)
}
