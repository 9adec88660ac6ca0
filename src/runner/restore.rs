//! Where a run goes on: from `state.json`, or from its journal when that cannot be read.

use crate::bundle::folder::{Folder, Refused};
use crate::bundle::formats::{self, Bundle, FormatError, Money, Proposal, StateFile};
use crate::bundle::journal::{Entry, Line};
use crate::bundle::{EVALUATE, FORMAT_VERSION};
use crate::domain::{Metric, Source};
use crate::pipeline::{self, Arrival, Definition};
use crate::platform::random;

/// A state is smaller than this.
const MAX_STATE: u64 = 64 << 20;

/// Where a run stands when its job begins.
pub struct Restored {
    /// The state.
    pub file: StateFile,
    /// Whether the run was begun before.
    pub resumed: bool,
    /// What is to be told of it.
    pub told: Option<String>,
    /// The run must not go on: a newer program has left its state.
    pub newer: Option<String>,
}

/// Finds it out.
pub fn state(own: &Folder, bundle: &Bundle, definition: &Definition, lines: &[Line], incarnation: u32) -> Restored {
    let mut restored = Restored { file: fresh(bundle, incarnation), resumed: false, told: None, newer: None };
    if incarnation <= 1 {
        return restored;
    }
    let read = own.read("state.json", MAX_STATE).map_err(|refused| match refused {
        // A runner that was killed before its first step has left none.
        Refused::Missing => "state.json is not there".to_owned(),
        other => format!("state.json {other}"),
    });
    let problem = match read.map(|bytes| formats::read::<StateFile>("state.json", &bytes)) {
        Ok(Ok(earlier)) => {
            // A session that was begun and never confirmed can be neither begun again nor resumed.
            let session_id = if earlier.session_known { earlier.session_id } else { random::uuid() };
            restored.file = StateFile { incarnation, ended: false, session_id, ..earlier };
            restored.resumed = true;
            return restored;
        }
        Ok(Err(newer @ FormatError::Newer { .. })) => {
            restored.newer = Some(newer.to_string());
            return restored;
        }
        Ok(Err(damaged)) => damaged.to_string(),
        Err(problem) => problem,
    };
    if lines.iter().any(|line| line.kind() == "step_started") {
        restored.resumed = true;
        restored.told = Some(match replay(&mut restored.file, bundle, definition, lines) {
            Ok(()) => format!("{problem}: the run goes on from what its journal says"),
            Err(at) => format!("{problem}: the run goes on from {at}, as far as its journal can be followed"),
        });
    }
    restored
}

/// The state of a run that has not begun.
fn fresh(bundle: &Bundle, incarnation: u32) -> StateFile {
    // A follow-up goes on where the sprint's conversation ended.
    let session = bundle.tweak.as_ref().and_then(|tweak| tweak.session_id.clone());
    StateFile {
        v: FORMAT_VERSION,
        incarnation,
        position: None,
        session_known: session.is_some(),
        session_id: session.unwrap_or_else(random::uuid),
        step_begun: false,
        spent: Money::default(),
        ended: false,
        idea: None,
        proposed: None,
        unwanted: Vec::new(),
        asked: Vec::new(),
        told: Vec::new(),
        measured: None,
        before: std::collections::BTreeMap::new(),
        calling: None,
    }
}

/// Goes through the steps again as the journal tells of them. What cannot be followed is named by
/// the step where it begins.
fn replay(state: &mut StateFile, bundle: &Bundle, definition: &Definition, lines: &[Line]) -> Result<(), String> {
    let settings = bundle.values();
    let mut arrival = pipeline::start(definition, &settings).map_err(|error| error.to_string())?;
    let mut open = Money::default();
    let mut lost = None;
    for line in lines {
        let Some(entry) = line.entry() else { continue };
        match entry {
            Entry::Cost { spent } => open.add(&spent.sound()),
            Entry::StepEnded { spent, .. } => {
                state.spent.add(&spent.sound());
                open = Money::default();
            }
            Entry::StepStarted { .. } => state.spent.add(&std::mem::take(&mut open)),
            Entry::Idea { ref text, .. } => {
                state.idea = Some(text.clone());
                state.proposed = None;
            }
            Entry::Told { ref id } => state.told.push(id.clone()),
            Entry::RunEnded(ref end) => {
                for question in &end.questions {
                    // One that was not answered is asked again under its name.
                    if state.asked.contains(&question.name) {
                        continue;
                    }
                    state.asked.push(question.name.clone());
                    if question.kind == "approval" {
                        state.unwanted.extend(state.proposed.replace(Proposal::of_text(&question.text)).map(|proposal| proposal.idea));
                    }
                }
            }
            _ => {}
        }
        let Arrival::Step(step, position) = &arrival else { continue };
        if lost.is_some() || line.step.as_deref().is_some_and(|label| label != step.label) {
            lost = lost.or_else(|| Some(step.title.clone()));
            continue;
        }
        match entry {
            Entry::StepStarted { .. } => {
                state.position = Some(position.clone());
                state.step_begun = true;
            }
            Entry::Agent { session_id, .. } if !step.fresh_session => {
                state.session_id = session_id;
                state.session_known = true;
            }
            Entry::StepEnded { verdict, detail, .. } if verdict != "interrupted" => {
                if step.state == EVALUATE && verdict == "yes" {
                    state.measured = measured(bundle, &detail);
                }
                match pipeline::advance(definition, position, &verdict, &settings) {
                    Ok(next) => arrival = next,
                    Err(_) => {
                        lost = Some(step.title.clone());
                        continue;
                    }
                }
                state.step_begun = false;
                state.position = Some(match &arrival {
                    Arrival::Step(_, position) => position.clone(),
                    Arrival::End(end) => end.position.clone(),
                });
            }
            _ => {}
        }
    }
    state.spent.add(&open);
    lost.map_or(Ok(()), Err)
}

/// The figure of an evaluator, from what its step said of itself.
fn measured(bundle: &Bundle, detail: &str) -> Option<Metric> {
    let evaluator = bundle.evaluator.as_ref()?;
    let value = detail.strip_prefix(&evaluator.metric)?.strip_prefix(" = ")?.parse().ok()?;
    Metric {
        name: evaluator.metric.clone(),
        value,
        unit: String::new(),
        better: evaluator.better.clone(),
        n: None,
        spread: None,
        source: Source::Evaluator,
    }
    .sound()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bundle::OWN_FOLDER;
    use crate::bundle::journal::parse;

    /// The state that is made of the journal of a run that looks for an idea, without a `state.json`.
    fn of_journal(text: &str) -> StateFile {
        let temp = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(temp.path().join(OWN_FOLDER)).expect("made");
        let own = Folder::open(temp.path()).and_then(|dir| dir.folder(OWN_FOLDER)).expect("opened");
        let bundle: Bundle = formats::read("bundle.json", include_bytes!("../../tests/data/formats/bundle-idea.json")).expect("sound");
        let definition = pipeline::parse(include_str!("../../templates/pipelines/research.yaml")).expect("sound").definition;
        let (lines, skipped) = parse(text.as_bytes());
        assert_eq!(skipped, 0);
        state(&own, &bundle, &definition, &lines, 2).file
    }

    /// So many lines of a run that is parked with a proposal.
    fn parked(lines: usize) -> Vec<&'static str> {
        include_str!("../../tests/data/formats/run-parked.jsonl").lines().take(lines).collect()
    }

    #[test]
    fn a_proposal_that_waits_for_a_word_is_known_from_the_journal() {
        let end = parked(7)[6];
        let state = of_journal(&parked(7).join("\n"));
        let proposed = state.proposed.expect("known");
        assert!(proposed.idea.starts_with("Measure whether a smaller") && !proposed.idea.contains("Why:"), "{proposed:?}");
        assert!(end.contains(&proposed.text().replace('\n', "\\n")), "{proposed:?} {end}");
        assert_eq!((state.asked, state.unwanted.len()), (vec!["idea-1".to_owned()], 0));

        let again = of_journal(&[parked(7), vec![end]].concat().join("\n"));
        assert_eq!((again.proposed, again.asked.len(), again.unwanted.len()), (Some(proposed.clone()), 1, 0));

        let other = end.replace("idea-1", "idea-2").replace("Measure whether a smaller", "Find out whether a smaller");
        let later = of_journal(&[parked(7), vec![&other]].concat().join("\n"));
        assert!(later.proposed.is_some_and(|proposal| proposal.idea.starts_with("Find out")));
        assert_eq!((later.unwanted, later.asked.len()), (vec![proposed.idea], 2));

        let taken = of_journal(&parked(11).join("\n"));
        assert!(taken.idea.is_some() && taken.proposed.is_none(), "{taken:?}");
    }
}
