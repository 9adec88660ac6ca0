//! The step that finds an idea: asks the agent for one that is new, and for a person's word if
//! one is wanted.
//!
//! What counts is the structured answer of a call that succeeded. An error text has no way to
//! become an idea.

use std::io;
use std::path::Path;

use serde_json::Value;

use super::lacks::{Lacks, repair};
use super::{answered, over};
use crate::bundle::answers::{self, IdeaAnswer, MAX_SMALL, Proposal};
use crate::bundle::formats::{EarlierIdea, InboxFile, StateFile};
use crate::bundle::journal::{Entry, Question};
use crate::bundle::prompts::Values;
use crate::domain::approval::{Word, word};
use crate::domain::idea::{self, Earlier};
use crate::domain::text::paragraph;
use crate::domain::{Advice, MessageKind, Reason};
use crate::runner::conversation::{Answer, Conversation, Text, Wanted, render};
use crate::runner::journal::replace;
use crate::runner::mailbox::{self, Asks};
use crate::runner::run_failure::RunFailure;
use crate::runner::step::{StepContext, StepOutcome};

/// How often the agent is asked for an idea that can be taken.
const TRIES: u32 = 3;
/// The file that is taken in the place of a structured answer.
const FILE: &str = "idea.json";
/// What the structured answer must look like.
const SCHEMA: &str = r#"{"type":"object","properties":{"idea":{"type":["string","null"],"minLength":20,"maxLength":4000},"why":{"type":"string","maxLength":1000},"builds_on":{"type":["string","null"]},"none_left":{"type":"boolean"}},"required":["idea","why"],"additionalProperties":false}"#;

/// Finds an idea, or ends the run with the question whether a person agrees.
pub fn run(context: &mut StepContext<'_>, skill: &str) -> io::Result<StepOutcome> {
    // Where an idea was given, there is nothing to find.
    if !context.job.bundle.finds_idea() {
        return Ok(StepOutcome::yes(String::new()));
    }
    if let Some(end) = go_on(context)? {
        return Ok(end);
    }
    let request = context.job.bundle.idea_request.clone().unwrap_or_default();
    let (guidance, earlier) = with_refusals(context, request.guidance, request.earlier);
    let mut search = Search {
        conversation: Conversation::new(context),
        refused: String::new(),
        is_corrected: false,
    };
    for number in 0..TRIES {
        let values = Values {
            guidance: &guidance,
            earlier: &earlier,
            refused: &search.refused,
            ..context.values()
        };
        let instructions = match render(context.job, skill, &values) {
            Ok(text) => text,
            Err(failure) => return Ok(StepOutcome::Failed(failure)),
        };
        let _ = std::fs::remove_file(context.job.paths.work.join(FILE));
        let text = if context.resumed && number == 0 { Text::Again } else { Text::Whole };
        let structured = match search.ask(context, &instructions, text)? {
            Ok(structured) => structured,
            Err(end) => return Ok(end),
        };
        let proposal = match read(&context.job.paths.work, structured.as_ref()) {
            Ok(IdeaAnswer::Idea(proposal)) => proposal,
            Ok(IdeaAnswer::NoneLeft(why)) => return none_left(context, &why),
            Err(problem) => {
                search.refused = format!(
                    "It could not be read: {problem}. A structured answer with a text `idea`, or with `none_left`, is wanted, or that object alone in {FILE}."
                );
                context.journal.write(&Entry::Note {
                    text: paragraph(&format!("no idea that can be read: {problem}"), 400),
                })?;
                continue;
            }
        };
        let known =
            earlier.iter().map(|one| Earlier { id: &one.id, idea: &one.idea, mark: &one.mark });
        match idea::check(&proposal.idea, known) {
            Ok(idea) => {
                let builds_on =
                    proposal.builds_on.filter(|id| earlier.iter().any(|other| other.id == *id));
                let proposal = Proposal { idea, why: paragraph(&proposal.why, 1000), builds_on };
                return if request.approve {
                    propose(context, &proposal)
                } else {
                    take(context, &proposal)
                };
            }
            Err(refusal) => {
                search.refused =
                    format!("{}\n\nIt was rejected: {refusal}", paragraph(&proposal.idea, 1000));
                context.journal.write(&Entry::Note {
                    text: paragraph(&format!("an idea was rejected: {refusal}"), 400),
                })?;
            }
        }
    }
    let why = search.refused.rsplit('\n').next().unwrap_or_default();
    Ok(StepOutcome::Failed(RunFailure::new(
        Reason::StepFailed,
        format!("no new idea: {why}"),
        Advice::OtherGuidance,
    )))
}

/// Goes on with what an earlier job has found. None when an idea is to be looked for.
fn go_on(context: &mut StepContext<'_>) -> io::Result<Option<StepOutcome>> {
    let state = &context.progress.state;
    if let Some(idea) = state.idea.clone() {
        // It was taken before; only the end of the step was not recorded.
        let known = state.proposed.clone().filter(|proposal| proposal.idea == idea);
        let proposal = known.unwrap_or(Proposal { idea, why: String::new(), builds_on: None });
        return take(context, &proposal).map(Some);
    }
    let Some(proposal) = state.proposed.clone() else { return Ok(None) };
    let name = approval(state);
    let Some(answer) =
        context.mailbox.inbox().into_iter().find(|message| message.answers.as_ref() == Some(&name))
    else {
        return Ok(Some(StepOutcome::Parked(vec![question(state, &proposal)])));
    };
    let word = word(&answer.text);
    // What was said beside a yes is news to the agent at its next step.
    if !matches!(&word, Word::Yes(note) if !note.is_empty()) {
        context.progress.acknowledge(context.journal, std::slice::from_ref(&answer))?;
    }
    if matches!(word, Word::Yes(_)) {
        return take(context, &proposal).map(Some);
    }
    context.progress.state.unwanted.push(proposal.idea);
    context.progress.state.proposed = None;
    context.progress.save(context.journal)?;
    Ok(None)
}

/// The search for an idea.
struct Search {
    conversation: Conversation,
    /// Why the last idea was rejected; empty at first.
    refused: String,
    /// It was told what is wrong with its questions.
    is_corrected: bool,
}

impl Search {
    /// Asks for one idea. Returns the structured answer, or the end of the step.
    fn ask(
        &mut self,
        context: &mut StepContext<'_>,
        instructions: &str,
        mut text: Text,
    ) -> io::Result<Result<Option<Value>, StepOutcome>> {
        let wanted = Some(Wanted { schema: SCHEMA, file: FILE });
        loop {
            let answer = self.conversation.call(context, instructions, text, wanted)?;
            let structured = match answer {
                Answer::Over(end) => return over(context, end).map(Err),
                Answer::Delivered { structured, .. } => structured,
            };
            match context.mailbox.questions(context.journal, context.progress)? {
                Asks::Parked(questions) => return Ok(Err(StepOutcome::Parked(questions))),
                Asks::Wrong(problems) if !self.is_corrected => {
                    self.is_corrected = true;
                    let lacks = Lacks { wrong: problems, ..Lacks::default() };
                    text = Text::Other(repair(context, &lacks));
                }
                Asks::Wrong(_) | Asks::Nothing => return Ok(Ok(structured)),
            }
        }
    }
}

/// The end of a step that has found nothing more to try.
fn none_left(context: &mut StepContext<'_>, why: &str) -> io::Result<StepOutcome> {
    let why = paragraph(&why.split_whitespace().collect::<Vec<_>>().join(" "), 400);
    let failure = RunFailure::new(
        Reason::StepFailed,
        format!("no idea is left to try: {why}"),
        Advice::OtherGuidance,
    );
    context.journal.write(&Entry::NoneLeft { why })?;
    Ok(StepOutcome::Failed(failure))
}

/// Asks a person whether the idea is worth it.
fn propose(context: &mut StepContext<'_>, proposal: &Proposal) -> io::Result<StepOutcome> {
    let state = &mut context.progress.state;
    let is_taken = |name: &str| state.asked.iter().any(|known| known == name);
    let name = mailbox::unique(&format!("{APPROVAL}{}", context.journal.incarnation()), is_taken);
    state.proposed = Some(proposal.clone());
    state.asked.push(name);
    let asked = question(state, proposal);
    // Before the proposal is kept: a job that is started again would take an answer that lies there.
    context.mailbox.remove_answers_to(&asked);
    context.progress.save(context.journal)?;
    Ok(StepOutcome::Parked(vec![asked]))
}

/// The idea of an answer, or else of the file that may take its place.
fn read(work: &Path, structured: Option<&Value>) -> Result<IdeaAnswer, String> {
    answered(work, structured, (FILE, MAX_SMALL), answers::proposal, answers::idea).map_err(
        |problem| {
            problem.unwrap_or_else(|| format!("there was no structured answer, and no {FILE}"))
        },
    )
}

/// What the names of proposals begin with; the rest is the number of the job that made it, so that no
/// name comes twice, also where `state.json` was lost. No other question's name begins so.
const APPROVAL: &str = "idea-";

/// The name of the question that the present proposal is: the last one.
fn approval(state: &StateFile) -> String {
    names(state).last().map_or_else(|| format!("{APPROVAL}1"), |name| (*name).clone())
}

/// The names of all proposals that were asked about, in their order. There are more than proposals that are
/// known, when `state.json` was lost.
fn names(state: &StateFile) -> Vec<&String> {
    state.asked.iter().filter(|name| name.starts_with(APPROVAL)).collect()
}

/// The question whether a person agrees.
fn question(state: &StateFile, proposal: &Proposal) -> Question {
    let choices = vec!["yes".to_owned(), "no".to_owned()];
    Question {
        name: approval(state),
        kind: MessageKind::Approval,
        text: proposal.text(),
        choices,
        proposal: Some(proposal.clone()),
    }
}

/// Guidance and earlier ideas, with what a person has said of proposals of this run.
fn with_refusals(
    context: &StepContext<'_>,
    mut guidance: String,
    mut earlier: Vec<EarlierIdea>,
) -> (String, Vec<EarlierIdea>) {
    let state = &context.progress.state;
    let inbox = if state.unwanted.is_empty() { Vec::new() } else { context.mailbox.inbox() };
    let names = names(state);
    let names = &names[names.len().saturating_sub(state.unwanted.len())..];
    for (number, unwanted) in state.unwanted.iter().enumerate() {
        let name = names
            .get(number)
            .map_or_else(|| format!("{APPROVAL}{}", number + 1), |name| (*name).clone());
        let said = inbox
            .iter()
            .find(|message: &&InboxFile| message.answers.as_ref() == Some(&name))
            .map_or("", |message| message.text.as_str());
        if !said.is_empty() {
            if !guidance.is_empty() {
                guidance.push_str("\n\n");
            }
            guidance.push_str(&format!("On your proposal {name} a person said: {said}"));
        }
        earlier.insert(
            0,
            EarlierIdea {
                id: name,
                idea: unwanted.clone(),
                outcome: "not approved".to_owned(),
                statement: said.to_owned(),
                mark: String::new(),
            },
        );
    }
    (guidance, earlier)
}

/// From now on it is the idea of this run.
fn take(context: &mut StepContext<'_>, proposal: &Proposal) -> io::Result<StepOutcome> {
    let Proposal { idea, why, builds_on } = proposal.clone();
    // Kept before it is told: a runner that is killed in between tells the same one again, and
    // does not look for another that nobody outside would hear of.
    context.progress.state.idea = Some(idea.clone());
    context.progress.state.proposed = Some(proposal.clone());
    context.progress.save(context.journal)?;
    context.journal.write(&Entry::Idea { text: idea.clone(), why, builds_on })?;
    replace(&context.job.paths.dir, "idea.txt", format!("{idea}\n").as_bytes())?;
    context.progress.state.proposed = None;
    context.progress.save(context.journal)?;
    Ok(StepOutcome::yes(paragraph(&idea.replace('\n', " "), 120)))
}
