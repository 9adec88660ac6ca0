//! Where a run goes on: from `state.json`, or from its journal when that cannot be read.

use crate::bundle::FORMAT_VERSION;
use crate::bundle::folder::{Folder, Refused};
use crate::bundle::formats::{self, Bundle, Calling, FormatError, Money, StateFile};
use crate::bundle::journal::{Costs, Entry, Line};
use crate::bundle::outcome::measured_in;
use crate::domain::{Metric, StepState};
use crate::pipeline::{self, Action, Arrival, Definition, Verdict};
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
    /// What calls of the present step have cost that no end of a step tells of.
    pub open: Money,
    /// The run must not go on: a newer program has left its state.
    pub newer: Option<String>,
}

/// Finds it out.
pub fn state(
    own: &Folder,
    bundle: &Bundle,
    definition: &Definition,
    lines: &[Line],
    incarnation: u32,
) -> Restored {
    let mut restored = Restored {
        file: fresh(bundle, incarnation),
        resumed: false,
        told: None,
        open: Money::default(),
        newer: None,
    };
    if incarnation <= 1 {
        return restored;
    }
    let mut costs = Costs::default();
    for entry in lines.iter().filter_map(Line::entry) {
        costs.add(&entry);
    }
    restored.open = costs.open();
    let read = own.read("state.json", MAX_STATE).map_err(|refused| match refused {
        // A runner that was killed before its first step has left none.
        Refused::Missing => "state.json is not there".to_owned(),
        other => format!("state.json {other}"),
    });
    let problem = match read.map(|bytes| formats::read::<StateFile>("state.json", &bytes)) {
        Ok(Ok(earlier)) => {
            // A session that was begun and never confirmed can be neither begun again nor resumed.
            let session_id =
                if earlier.session_known { earlier.session_id } else { random::uuid() };
            restored.file = StateFile { incarnation, ended: false, session_id, ..earlier };
            let told = restored.file.calling.as_ref().and_then(|calling| cost_of(calling, lines));
            if let Some(spent) = told {
                // The runner was killed between the two.
                restored.file.spent.add(&spent.sound());
                restored.file.calling = None;
            }
            restored.resumed = true;
            measure_again(&mut restored.file, definition);
            return restored;
        }
        Ok(Err(newer @ FormatError::Newer { .. })) => {
            restored.newer = Some(newer.to_string());
            return restored;
        }
        Ok(Err(damaged)) => damaged.to_string(),
        Err(problem) => problem,
    };
    if lines.iter().any(|line| line.is_step_start()) {
        restored.resumed = true;
        restored.told = Some(match replay(&mut restored.file, bundle, definition, lines) {
            Ok(()) => format!("{problem}: the run goes on from what its journal says"),
            Err(at) => format!(
                "{problem}: the run goes on from {at}, as far as its journal can be followed"
            ),
        });
    }
    measure_again(&mut restored.file, definition);
    restored
}

/// A figure of an earlier runner may have been written by the agent, when that runner was gone: it is
/// measured again.
fn measure_again(file: &mut StateFile, definition: &Definition) {
    let has_measured = file.measured.take().is_some() | std::mem::take(&mut file.no_value);
    if has_measured
        && let Some(evaluate) =
            definition.states_of(|action| matches!(action, Action::Evaluate(_))).next()
        && let Some(position) = &mut file.position
    {
        evaluate.clone_into(&mut position.state);
        position.visits.insert(evaluate.to_owned(), 1);
        // What comes behind it is done again.
        for verify in definition.states_of(|action| matches!(action, Action::Verify(_))) {
            position.visits.remove(verify);
        }
        file.step_begun = false;
    }
}

/// What a call has cost, when the journal tells of it.
fn cost_of(calling: &Calling, lines: &[Line]) -> Option<Money> {
    lines.iter().rev().filter_map(Line::entry).find_map(|entry| match entry {
        Entry::Cost { spent, call: Some(call) } if call == *calling => Some(spent),
        _ => None,
    })
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
        no_value: false,
        before: std::collections::BTreeMap::new(),
        calling: None,
    }
}

/// Goes through the steps again as the journal tells of them. What cannot be followed is named by
/// the step where it begins.
fn replay(
    state: &mut StateFile,
    bundle: &Bundle,
    definition: &Definition,
    lines: &[Line],
) -> Result<(), String> {
    let settings = bundle.values();
    let mut arrival = pipeline::start(definition, &settings).map_err(|error| error.to_string())?;
    let mut costs = Costs::default();
    let mut lost = None;
    for line in lines {
        let Some(entry) = line.entry() else { continue };
        costs.add(&entry);
        match entry {
            Entry::Agent { ref call, .. } => state.calling.clone_from(call),
            Entry::Cost { .. } => state.calling = None,
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
                    if let Some(proposal) = question.proposed() {
                        let before = state.proposed.replace(proposal);
                        state.unwanted.extend(before.map(|proposal| proposal.idea));
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
            Entry::StepEnded { verdict, detail, .. }
                if StepState::of_end(&verdict) != StepState::Interrupted =>
            {
                let verdict = Verdict::parse(&verdict);
                if matches!(step.action, Action::Evaluate(_)) && verdict == Some(Verdict::Yes) {
                    state.measured = measured(bundle, &detail);
                    state.no_value = bundle.evaluator.is_some() && state.measured.is_none();
                }
                let next = verdict.and_then(|verdict| {
                    pipeline::advance(definition, position, verdict, &settings).ok()
                });
                match next {
                    Some(next) => arrival = next,
                    None => {
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
    state.spent = costs.total();
    lost.map_or(Ok(()), Err)
}

/// The figure of an evaluator, from what its step said of itself.
fn measured(bundle: &Bundle, detail: &str) -> Option<Metric> {
    let evaluator = bundle.evaluator.as_ref()?;
    measured_in(detail, &evaluator.metric)?.figure(evaluator)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bundle::OWN_FOLDER;
    use crate::bundle::answers::Proposal;
    use crate::bundle::journal::parse;

    /// The state that is made of the journal of a run that looks for an idea, without a `state.json`.
    fn of_journal(text: &str) -> StateFile {
        restored(text, None).file
    }

    fn restored(text: &str, file: Option<&StateFile>) -> Restored {
        let temp = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(temp.path().join(OWN_FOLDER)).expect("made");
        let own = Folder::open(temp.path()).and_then(|dir| dir.folder(OWN_FOLDER)).expect("opened");
        if let Some(file) = file {
            std::fs::write(
                temp.path().join(OWN_FOLDER).join("state.json"),
                serde_json::to_vec(file).expect("text"),
            )
            .expect("written");
        }
        let bundle: Bundle = formats::read(
            "bundle.json",
            include_bytes!("../../tests/data/formats/bundle-idea.json"),
        )
        .expect("sound");
        let definition = pipeline::parse(include_str!("../../templates/pipelines/research.yaml"))
            .expect("sound")
            .definition;
        let (lines, skipped) = parse(text.as_bytes());
        assert_eq!(skipped, 0);
        state(&own, &bundle, &definition, &lines, 2)
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
        assert!(
            proposed.idea.starts_with("Measure whether a smaller")
                && !proposed.idea.contains("Why:"),
            "{proposed:?}"
        );
        assert!(end.contains(&proposed.text().replace('\n', "\\n")), "{proposed:?} {end}");
        assert_eq!((state.asked, state.unwanted.len()), (vec!["idea-1".to_owned()], 0));

        let again = of_journal(&[parked(7), vec![end]].concat().join("\n"));
        assert_eq!(
            (again.proposed, again.asked.len(), again.unwanted.len()),
            (Some(proposed.clone()), 1, 0)
        );

        let other = end
            .replace("idea-1", "idea-2")
            .replace("Measure whether a smaller", "Find out whether a smaller");
        let later = of_journal(&[parked(7), vec![&other]].concat().join("\n"));
        assert!(later.proposed.is_some_and(|proposal| proposal.idea.starts_with("Find out")));
        assert_eq!((later.unwanted, later.asked.len()), (vec![proposed.idea], 2));

        let taken = of_journal(&parked(11).join("\n"));
        assert!(taken.idea.is_some() && taken.proposed.is_none(), "{taken:?}");
    }

    #[test]
    fn a_proposal_is_the_one_that_was_made_whatever_its_words_look_like() {
        let proposal = Proposal {
            idea: "Use a cosine schedule\n\nWhy: it decays smoothly".to_owned(),
            why: String::new(),
            builds_on: Some("sp-00000a".to_owned()),
        };
        let mut end: serde_json::Value = serde_json::from_str(parked(7)[6]).expect("JSON");
        end["questions"][0]["text"] = proposal.text().into();
        end["questions"][0]["proposal"] = serde_json::to_value(&proposal).expect("JSON");
        let lines = [parked(6).join("\n"), end.to_string()].join("\n");
        assert_eq!(of_journal(&lines).proposed, Some(proposal));
    }

    #[test]
    fn a_call_whose_runner_was_killed_is_counted_once() {
        let agent = r#"{"v":1,"seq":3,"time":"2026-11-21T14:22:12Z","incarnation":1,"step":"idea","visit":1,"kind":"agent","session_id":"46c02b88-aab3-454c-ac62-b93ae37a082d","model":"m","version":"1","stream":"idea.1.jsonl","from":7}"#;
        let cost = r#"{"v":1,"seq":5,"time":"2026-11-21T14:22:13Z","incarnation":1,"step":"idea","visit":1,"kind":"cost","cost_usd":2.0,"estimated":false,"input_tokens":1,"output_tokens":1,"cache_read_tokens":0,"cache_write_tokens":0,"stream":"idea.1.jsonl","from":7}"#;
        let begun = [parked(2), vec![agent]].concat();
        let told = [begun.clone(), vec![cost]].concat();
        let calling = Calling { stream: "idea.1.jsonl".to_owned(), from: 7 };

        // Without a state: from the line about the agent.
        let state = of_journal(&begun.join("\n"));
        assert_eq!((state.calling.as_ref(), state.spent.cost_usd), (Some(&calling), 0.0));
        let state = of_journal(&told.join("\n"));
        assert_eq!((state.calling, state.spent.cost_usd), (None, 2.0));

        // With one that does not know yet what the journal tells.
        let before = StateFile { calling: Some(calling.clone()), ..of_journal(&begun.join("\n")) };
        let under_way = restored(&begun.join("\n"), Some(&before));
        assert_eq!(
            (under_way.file.calling, under_way.file.spent.cost_usd, under_way.open.cost_usd),
            (Some(calling), 0.0, 0.0)
        );
        let both = restored(&told.join("\n"), Some(&before));
        assert_eq!(
            (both.file.calling, both.file.spent.cost_usd, both.open.cost_usd),
            (None, 2.0, 2.0)
        );
    }

    /// What is made of a state that the version before has written, with its pipeline or with ours.
    fn of_version_before(sample: &str, pipeline: &str) -> (Restored, Definition) {
        let temp = tempfile::tempdir().expect("a folder");
        let folder = temp.path().join(OWN_FOLDER);
        std::fs::create_dir(&folder).expect("made");
        std::fs::write(folder.join("state.json"), sample).expect("written");
        let own = Folder::open(temp.path()).and_then(|dir| dir.folder(OWN_FOLDER)).expect("opened");
        let bundle: Bundle =
            formats::read("bundle.json", include_bytes!("../../tests/data/formats/bundle.json"))
                .expect("sound");
        let definition = pipeline::parse(pipeline).expect("sound").definition;
        (state(&own, &bundle, &definition, &[], 2), definition)
    }

    #[test]
    fn a_state_of_the_version_before_goes_on_where_it_stood() {
        const BEFORE: &str = include_str!("../../tests/data/pipelines/unnamed-kinds-research.yaml");
        const NOW: &str = include_str!("../../templates/pipelines/research.yaml");
        let verifying = include_str!("../../tests/data/states/0.6-verifying.json");
        let reviewing = include_str!("../../tests/data/states/0.6-reviewing.json");
        for pipeline in [BEFORE, NOW] {
            let (restored, definition) = of_version_before(reviewing, pipeline);
            assert!(restored.resumed && restored.told.is_none() && restored.newer.is_none());
            let position = restored.file.position.clone().expect("a position");
            let settings = std::collections::BTreeMap::new();
            let step = pipeline::resume(&definition, &position, &settings).expect("a step");
            assert_eq!((step.label.as_str(), step.visit), ("red_team_round_2", 2));
            assert!(matches!(step.action, Action::Review(_)), "{step:?}");
            // Written again, it is the same but for the number of the job.
            let again = serde_json::to_string(&StateFile { incarnation: 1, ..restored.file });
            assert_eq!(again.expect("JSON"), reviewing.trim_end());

            // What was measured is measured again, and what comes behind it is done again.
            let (restored, _) = of_version_before(verifying, pipeline);
            let (file, position) = (&restored.file, restored.file.position.as_ref());
            let position = position.expect("a position");
            assert_eq!((position.state.as_str(), position.steps), ("evaluate", 8));
            assert_eq!(position.visits.get("evaluate"), Some(&1));
            assert_eq!(position.visits.get("verify"), None);
            assert_eq!(
                (file.measured.as_ref(), file.no_value, file.step_begun),
                (None, false, false)
            );
            assert_eq!((file.spent.cost_usd, file.told.len()), (1.5, 1));
        }
    }
}
