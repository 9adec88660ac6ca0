//! What follows from a line of a journal, and from the questions that a run ends with. Pure: the database
//! says what it knows, and executes what comes out. Lines count by their numbers, whichever way they came.

use super::journal::{self, Entry, Line};
use crate::domain::action::Action;
use crate::domain::effect::{Effect, Facts, Question, Took};
use crate::domain::idea::{self, Earlier};
use crate::domain::message::{MAX_ASKED, MAX_CHOICES, MAX_QUESTIONS};
use crate::domain::text::{one_line, paragraph};
use crate::domain::transition::{self, Event};
use crate::domain::{
    Ending, EventName, MessageId, MessageStatus, Phase, Reason, SprintId, State, StepState,
};

/// A step takes at most ten years: what a journal says may be anything.
const MAX_SECONDS: u64 = 10 * 366 * 86_400;
/// A pipeline has at most so many steps that are planned.
const MAX_STEPS: usize = 2000;
/// How long the title of a step may be, in characters.
const MAX_TITLE: usize = 200;
/// How long the name of a node may be, in characters.
const MAX_HOST: usize = 255;
/// How long what an end says of itself may be, in characters: that of a step, and that of a run.
pub const MAX_DETAIL: usize = 4000;
/// How long an idea may be, in characters.
const MAX_IDEA: usize = 4000;
/// How many jobs a sprint may have that end with a question.
pub const MAX_JOBS: u32 = 50;

/// Whether a step's name is one of ours: it is shown, and may come from anywhere.
fn is_label(label: &str) -> bool {
    label.len() <= 100 && label.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.-".contains(&b))
}

/// What a visit of a step took, within bounds.
fn took(seconds: u64, spent: &super::formats::Money) -> Took {
    let sound = spent.sound();
    Took {
        seconds: seconds.min(MAX_SECONDS),
        cost_usd: sound.cost_usd,
        tokens: sound.tokens(),
        estimated: sound.estimated,
    }
}

/// What is known of a sprint before a line.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// Whether it has a session.
    pub has_session: bool,
    /// Whether it has an idea.
    pub has_idea: bool,
    /// Whether it is an attempt at a task.
    pub has_task: bool,
    /// Who makes a task of its idea: its loop, or the sprint alone.
    pub made_by: String,
    /// Whether a person has agreed to its idea.
    pub is_agreed: bool,
    /// The ideas of its study that were worked on, newest first: of which sprint or task, and the idea.
    pub tried: Vec<(String, String)>,
}

/// What follows from a new line. `known` is brought up to date.
pub fn line(known: &mut Known, line: &Line) -> Vec<Effect> {
    let label = line.step.as_deref().unwrap_or_default();
    if !is_label(label) {
        return Vec::new();
    }
    let (seq, time) = (line.seq, line.time);
    match line.entry() {
        Some(Entry::RunStarted { host, plan, .. }) => {
            let steps = plan
                .into_iter()
                .filter(|(label, _)| is_label(label))
                .map(|(label, title)| (label, one_line(&title, MAX_TITLE)))
                .take(MAX_STEPS);
            let mut effects = vec![
                Effect::PlanSteps(steps.collect()),
                Effect::Facts(Facts { host: Some(one_line(&host, MAX_HOST)), ..Facts::default() }),
                Effect::Apply(Event::Runs),
                Effect::BeginJob { seq, time },
            ];
            if line.incarnation == 1 {
                // Not when it was heard of, but when it was.
                effects.push(Effect::Started(time));
            }
            effects
        }
        Some(Entry::StepStarted { title, .. }) => vec![
            Effect::BeginStep { label: label.to_owned(), title: one_line(&title, MAX_TITLE), time },
            Effect::Apply(Event::StepBegan(Phase(label.to_owned()))),
        ],
        Some(Entry::StepEnded { verdict, detail, critical, seconds, spent, .. }) => vec![Effect::EndStep {
            label: label.to_owned(),
            verdict: StepState::of_end(&verdict),
            detail: paragraph(&detail, MAX_DETAIL),
            critical,
            time,
            took: took(seconds, &spent),
        }],
        // It becomes an argument of a later call.
        Some(Entry::Agent { session_id, aside, .. })
            // A reviewer's own session does not know what was done: it is better than none.
            if is_label(&session_id)
                && !session_id.starts_with('-')
                && (!aside || !known.has_session) =>
        {
            known.has_session = true;
            vec![Effect::Facts(Facts { session_id: Some(session_id), ..Facts::default() })]
        }
        Some(Entry::Idea { text, .. }) => found_idea(known, &text),
        Some(Entry::Suspended { seconds }) => {
            let seconds = i64::try_from(seconds.min(MAX_SECONDS)).unwrap_or(0);
            vec![Effect::SuspendJob { seq, time, seconds }]
        }
        Some(Entry::Gpus { seen, idle_too_long: true }) => {
            vec![Effect::TellOfIdleGpus(seen.idle_seconds.min(MAX_SECONDS))]
        }
        Some(Entry::NoneLeft { why }) => vec![Effect::Happened(
            EventName::NoIdeaLeft,
            serde_json::json!({ "why": paragraph(&why, 400) }),
        )],
        Some(Entry::Told { id }) => {
            MessageId::new(&id).into_iter().map(Effect::SetTold).collect()
        }
        Some(Entry::RunEnded(end)) => vec![Effect::Facts(Facts {
            host: Some(one_line(&end.host, MAX_HOST)),
            resets_at: end.resets_at,
            ..Facts::default()
        })],
        _ => Vec::new(),
    }
}

/// The job of a sprint has found its idea. What is known stays.
fn found_idea(known: &mut Known, text: &str) -> Vec<Effect> {
    let idea = paragraph(text, MAX_IDEA);
    if idea.is_empty() || known.has_idea {
        return Vec::new();
    }
    known.has_idea = true;
    let mut effects = vec![
        Effect::SetIdea(idea.clone()),
        Effect::Happened(EventName::Idea, serde_json::json!({})),
    ];
    if known.has_task {
        return effects;
    }
    let tried = known.tried.iter().map(|(id, idea)| Earlier { id, idea, mark: "" });
    // A person who has agreed to it knows what there was.
    match idea::first_same(&idea, tried).filter(|_| !known.is_agreed) {
        Some(earlier) => effects.extend([
            Effect::SetRepeats(earlier.id.to_owned()),
            Effect::Happened(EventName::IdeaRepeats, serde_json::json!({ "earlier": earlier.id })),
            Effect::Apply(Event::CancelAsked),
        ]),
        // The idea is a task from now on, and this sprint the first attempt at it.
        None => {
            known.has_task = true;
            effects.push(Effect::MakeTask { idea, made_by: known.made_by.clone() });
        }
    }
    effects
}

/// A message of a sprint that has a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// Its id; none of one that is about to be made.
    pub id: Option<MessageId>,
    /// The job's own name for it.
    pub name: String,
    /// How far it has come; none for a word that is not known.
    pub status: Option<MessageStatus>,
}

/// What follows when the job of a sprint has ended with these questions, of which `named` are known: the
/// sprint is parked, and people are asked.
///
/// A sprint that is parked with nothing to wait for would be submitted again by every tick. So each park
/// leaves an open question, or brings an answer again that the job has not found, or ends the sprint.
pub fn park(
    id: &SprintId,
    state: &State,
    jobs: u32,
    questions: &[journal::Question],
    mut named: Vec<Named>,
) -> Vec<Effect> {
    if transition::after(state, Event::Parks).is_none() {
        return Vec::new();
    }
    let mut effects = vec![Effect::Apply(Event::Parks)];
    let problem = if jobs >= MAX_JOBS {
        format!("{jobs} jobs of this sprint have ended with a question")
    } else {
        for question in questions.iter().take(MAX_QUESTIONS) {
            take_question(question, &mut named, &mut effects);
        }
        // Each of them leaves something to wait for.
        if !questions.is_empty() {
            return effects;
        }
        "the job ended to wait for an answer, and asked nothing".to_owned()
    };
    let hint = format!(
        "see what it did: `{}`; `{}` runs it again",
        Action::ReadLog { sprint: id.to_string(), step: None },
        Action::ResubmitSprint { sprint: id.to_string(), more: None }
    );
    effects.push(Effect::Apply(Event::Over(Ending::failed(Reason::StepFailed, problem, hint))));
    effects
}

/// Takes in one question. After it there is something to wait for: a person, or the next tick.
fn take_question(question: &journal::Question, named: &mut Vec<Named>, effects: &mut Vec<Effect>) {
    let name = paragraph(&question.name, 100);
    let place = named.iter().position(|known| known.name == name);
    match place.map(|place| (place, named[place].status)) {
        Some((_, Some(MessageStatus::Open))) => return,
        // It was answered, and the job has not found the answer: it is brought once more.
        Some((place, Some(MessageStatus::Answered))) => {
            effects.extend(named[place].id.clone().map(Effect::BringAgain));
            return;
        }
        // A job that has lost its `state.json` gives a name again: the question is a new one.
        Some((place, _)) => effects.extend(named.remove(place).id.map(Effect::FreeName)),
        None => {}
    }
    let (count, length) = MAX_CHOICES;
    named.push(Named { id: None, name: name.clone(), status: Some(MessageStatus::Open) });
    effects.push(Effect::Ask(Question {
        kind: question.kind,
        name,
        text: paragraph(&question.text, MAX_ASKED),
        choices: question
            .choices
            .iter()
            .take(count)
            .map(|choice| paragraph(choice, length))
            .collect(),
    }));
}
