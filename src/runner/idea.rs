//! The step that finds an idea: asks the agent for one that is new, and for a person's word if
//! one is wanted.
//!
//! What counts is the structured answer of a call that succeeded. An error text has no way to
//! become an idea.

use std::io;

use serde_json::Value;

use super::conversation::{Answer, Conversation, Text, render};
use super::journal::replace;
use super::mailbox;
use super::run::{Asks, Run};
use super::run_failure::RunFailure;
use super::step::{Lacks, Outcome, over, repair};
use crate::bundle::answers::{self, IdeaAnswer, MAX_SMALL, Proposal};
use crate::bundle::folder::{Folder, Refused};
use crate::bundle::formats::{EarlierIdea, InboxFile, Money};
use crate::bundle::journal::{Entry, Question};
use crate::bundle::prompts::Values;
use crate::domain::approval::{Word, word};
use crate::domain::idea::{self, Earlier};
use crate::domain::text::paragraph;
use crate::domain::written::Node;
use crate::domain::{Advice, Reason};
use crate::pipeline::{self, Step};

/// How often the agent is asked for an idea that can be taken.
const TRIES: u32 = 3;
/// The file that is taken in the place of a structured answer.
const FILE: &str = "idea.json";
/// What the structured answer must look like.
const SCHEMA: &str = r#"{"type":"object","properties":{"idea":{"type":["string","null"],"minLength":20,"maxLength":4000},"why":{"type":"string","maxLength":1000},"builds_on":{"type":["string","null"]},"none_left":{"type":"boolean"}},"required":["idea","why"],"additionalProperties":false}"#;

type Result = io::Result<(Outcome, Option<RunFailure>)>;

/// Finds an idea, or ends the run with the question whether a person agrees.
pub fn run(run: &mut Run, step: &Step, resumed: bool, spent: &mut Money) -> Result {
    // Where an idea was given, there is nothing to find.
    if !run.bundle.finds_idea() {
        return Ok((Outcome::Verdict(pipeline::Verdict::Yes, None), None));
    }
    if let Some(idea) = run.state.idea.clone() {
        // It was taken before; only the end of the step was not recorded.
        let known = run.state.proposed.clone().filter(|proposal| proposal.idea == idea);
        return take(run, &known.unwrap_or(Proposal { idea, why: String::new(), builds_on: None }));
    }
    if let Some(proposal) = run.state.proposed.clone() {
        let name = approval(run);
        let Some(answer) = mailbox::inbox(&run.own)
            .into_iter()
            .find(|message| message.answers.as_ref() == Some(&name))
        else {
            return Ok((Outcome::Parked(vec![question(run, &proposal)]), None));
        };
        let word = word(&answer.text);
        // What was said beside a yes is news to the agent at its next step.
        if !matches!(&word, Word::Yes(note) if !note.is_empty()) {
            mailbox::told(&mut run.journal, &mut run.state, std::slice::from_ref(&answer))?;
        }
        if matches!(word, Word::Yes(_)) {
            return take(run, &proposal);
        }
        run.state.unwanted.push(proposal.idea);
        run.state.proposed = None;
        run.journal.save(&run.state)?;
    }
    let request = run.bundle.idea_request.clone().unwrap_or_default();
    let (guidance, earlier) = with_refusals(run, request.guidance, request.earlier);
    let mut conversation = Conversation::new(run, step);
    let mut refused = String::new();
    let mut corrected = false;
    for number in 0..TRIES {
        let values = Values {
            guidance: &guidance,
            earlier: &earlier,
            refused: &refused,
            ..run.values(step)
        };
        let instructions = match render(run, "idea", &values) {
            Ok(text) => text,
            Err(failure) => {
                return Ok((Outcome::Verdict(pipeline::Verdict::Error, None), Some(failure)));
            }
        };
        let _ = std::fs::remove_file(run.work.join(FILE));
        let mut text = if resumed && number == 0 { Text::Again } else { Text::Whole };
        let structured = loop {
            let structured = match conversation.call(
                run,
                step,
                &instructions,
                text,
                Some((SCHEMA, FILE)),
                spent,
            )? {
                Answer::Over(outcome, failure) => return over(run, outcome, failure),
                Answer::Delivered { structured, .. } => structured,
            };
            match run.questions()? {
                Asks::Parked(parked) => return Ok((parked, None)),
                Asks::Wrong(problems) if !corrected => {
                    corrected = true;
                    text = Text::Other(repair(
                        run,
                        step,
                        &Lacks { wrong: problems, ..Lacks::default() },
                    ));
                }
                Asks::Wrong(_) | Asks::Nothing => break structured,
            }
        };
        let proposal = match read(run, structured.as_ref()) {
            Ok(IdeaAnswer::Idea(proposal)) => proposal,
            Ok(IdeaAnswer::NoneLeft(why)) => {
                let why = bounded(&why.split_whitespace().collect::<Vec<_>>().join(" "), 400);
                let failure = RunFailure::new(
                    Reason::StepFailed,
                    format!("no idea is left to try: {why}"),
                    Advice::OtherGuidance,
                );
                run.journal.write(&Entry::NoneLeft { why })?;
                return Ok((Outcome::Verdict(pipeline::Verdict::Error, None), Some(failure)));
            }
            Err(problem) => {
                refused = format!(
                    "It could not be read: {problem}. A structured answer with a text `idea`, or with `none_left`, is wanted, or that object alone in {FILE}."
                );
                run.journal.write(&Entry::Note {
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
                if !request.approve {
                    return take(run, &proposal);
                }
                let is_taken = |name: &str| run.state.asked.iter().any(|known| known == name);
                let name =
                    mailbox::unique(&format!("{APPROVAL}{}", run.journal.incarnation()), is_taken);
                run.state.proposed = Some(proposal.clone());
                run.state.asked.push(name);
                let asked = question(run, &proposal);
                // Before the proposal is kept: a job that is started again would take an answer that lies there.
                mailbox::remove_forged(&run.own, std::slice::from_ref(&asked), &[]);
                run.journal.save(&run.state)?;
                return Ok((Outcome::Parked(vec![asked]), None));
            }
            Err(refusal) => {
                refused =
                    format!("{}\n\nIt was not taken: {refusal}", paragraph(&proposal.idea, 1000));
                run.journal.write(&Entry::Note {
                    text: paragraph(&format!("an idea was not taken: {refusal}"), 400),
                })?;
            }
        }
    }
    let why = refused.rsplit('\n').next().unwrap_or_default();
    Ok((
        Outcome::Verdict(pipeline::Verdict::Error, None),
        Some(RunFailure::new(
            Reason::StepFailed,
            format!("no new idea: {why}"),
            Advice::OtherGuidance,
        )),
    ))
}

/// The idea of an answer, or else of the file that may take its place.
fn read(run: &Run, structured: Option<&Value>) -> std::result::Result<IdeaAnswer, String> {
    let answer = structured.map(|answer| answers::proposal(&Node::from(answer)));
    if let Some(Ok(answer)) = answer {
        return Ok(answer);
    }
    let file = match Folder::open(&run.work).and_then(|folder| folder.read(FILE, MAX_SMALL + 1)) {
        Ok(bytes) => answers::idea(&bytes),
        Err(Refused::Missing) => {
            return Err(match answer {
                Some(Err(problem)) => format!("the structured answer {problem}"),
                _ => format!("there was no structured answer, and no {FILE}"),
            });
        }
        Err(odd) => Err(odd.to_string()),
    };
    file.map_err(|problem| format!("{FILE} {problem}"))
}

/// What the names of proposals begin with; the rest is the number of the job that made it, so that no
/// name comes twice, also where `state.json` was lost. No other question's name begins so.
const APPROVAL: &str = "idea-";

/// The name of the question that the present proposal is: the last one.
fn approval(run: &Run) -> String {
    names(run).last().map_or_else(|| format!("{APPROVAL}1"), |name| (*name).clone())
}

/// The names of all proposals that were asked about, in their order. There are more than proposals that are
/// known, when `state.json` was lost.
fn names(run: &Run) -> Vec<&String> {
    run.state.asked.iter().filter(|name| name.starts_with(APPROVAL)).collect()
}

/// The question whether a person agrees.
fn question(run: &Run, proposal: &Proposal) -> Question {
    let choices = vec!["yes".to_owned(), "no".to_owned()];
    Question { name: approval(run), kind: MessageKind::Approval, text: proposal.text(), choices }
}

/// Guidance and earlier ideas, with what a person has said of proposals of this run.
fn with_refusals(
    run: &Run,
    mut guidance: String,
    mut earlier: Vec<EarlierIdea>,
) -> (String, Vec<EarlierIdea>) {
    let inbox = if run.state.unwanted.is_empty() { Vec::new() } else { mailbox::inbox(&run.own) };
    let names = names(run);
    let names = &names[names.len().saturating_sub(run.state.unwanted.len())..];
    for (number, unwanted) in run.state.unwanted.iter().enumerate() {
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
fn take(run: &mut Run, proposal: &Proposal) -> Result {
    let Proposal { idea, why, builds_on } = proposal.clone();
    // Kept before it is told: a runner that is killed in between tells the same one again, and
    // does not look for another that nobody outside would hear of.
    run.state.idea = Some(idea.clone());
    run.state.proposed = Some(proposal.clone());
    run.journal.save(&run.state)?;
    run.journal.write(&Entry::Idea { text: idea.clone(), why, builds_on })?;
    replace(&run.dir, "idea.txt", format!("{idea}\n").as_bytes())?;
    run.step_note = paragraph(&idea.replace('\n', " "), 120);
    run.state.proposed = None;
    run.journal.save(&run.state)?;
    Ok((Outcome::Verdict(pipeline::Verdict::Yes, None), None))
}
