//! What calls have cost that have not told it: whoever called was killed in their middle. What they had
//! printed until then lies on the disk.

use std::io::{self, BufRead as _, BufReader, Read as _, Seek as _, SeekFrom};

use super::job_context::JobContext;
use super::journal::Journal;
use super::pipe::{MAX_LINE, MAX_STREAM};
use super::progress::Progress;
use crate::bundle::OWN_FOLDER;
use crate::bundle::folder::Folder;
use crate::bundle::formats::{self, Calling, Money, StateFile};
use crate::bundle::journal::{Costs, Entry, Line, parse};
use crate::claude::Fold;

/// A journal and a state are read up to this size.
const MAX_READ: u64 = 64 << 20;

/// A stream says more than this many times what was told of a call: somebody else told it.
const MUCH_MORE: f64 = 1.5;

/// Sums up what the calls of a sprint have cost beyond what the journal tells of them. None when that
/// cannot be known.
///
/// A line about a cost may have been written by the agent, which can hide a call that way. So the
/// streams of all calls are read, and where one shows far more than was told, the rest is untold.
pub fn untold(own: &Folder) -> Option<Money> {
    let (lines, _) = parse(&own.read("run.jsonl", MAX_READ).ok()?);
    let mut calls: Vec<(Calling, Option<Money>)> = Vec::new();
    let mut answered: Vec<Calling> = Vec::new();
    let mut costs = Costs::default();
    let mut note = |call: Calling, told: Option<Money>| match calls
        .iter_mut()
        .find(|(known, _)| *known == call)
    {
        Some((_, known)) => {
            *known = known
                .filter(|known| told.is_none_or(|told| told.cost_usd <= known.cost_usd))
                .or(told)
        }
        None => calls.push((call, told)),
    };
    for entry in lines.iter().filter_map(Line::entry) {
        costs.add(&entry);
        match entry {
            Entry::Agent { call: Some(call), .. } => {
                answered.push(call.clone());
                note(call, None);
            }
            Entry::Cost { call: Some(call), spent } => note(call, Some(spent.sound())),
            _ => {}
        }
    }
    // One that was begun and had not said a word yet.
    let state = own
        .read("state.json", MAX_READ)
        .ok()
        .and_then(|bytes| formats::read::<StateFile>("state.json", &bytes).ok());
    if let Some(call) = state.and_then(|state| state.calling) {
        note(call, None);
    }
    let steps = own.folder("steps").ok();
    let mut sum = Money::default();
    for (call, told) in calls {
        let mut before = costs.total();
        before.add(&sum);
        let shown = steps
            .as_ref()
            .and_then(|steps| of_stream(steps, &call, &before, answered.contains(&call)));
        match (told, shown) {
            (None, None) => return None,
            (None, Some(shown)) => sum.add(&shown),
            (Some(told), Some(shown)) if shown.cost_usd > told.cost_usd * MUCH_MORE => {
                sum.add(&Money {
                    cost_usd: shown.cost_usd - told.cost_usd,
                    estimated: true,
                    input_tokens: shown.input_tokens.saturating_sub(told.input_tokens),
                    output_tokens: shown.output_tokens.saturating_sub(told.output_tokens),
                    cache_read_tokens: shown
                        .cache_read_tokens
                        .saturating_sub(told.cache_read_tokens),
                    cache_write_tokens: shown
                        .cache_write_tokens
                        .saturating_sub(told.cache_write_tokens),
                })
            }
            (Some(_), _) => {}
        }
    }
    Some(sum)
}

/// What one call has cost, by what it has printed. `before` is what was spent until then. None when its
/// stream is not there, or is not that of a call that is known to have answered.
pub fn of_stream(
    steps: &Folder,
    call: &Calling,
    before: &Money,
    has_answered: bool,
) -> Option<Money> {
    let (mut file, size) = steps.file(&call.stream).ok()?;
    if size < call.from {
        return None;
    }
    let mut fold = Fold::new();
    let read = || -> io::Result<()> {
        file.seek(SeekFrom::Start(call.from))?;
        let mut stream = BufReader::new(file.take(MAX_STREAM));
        let mut line = Vec::new();
        while stream.by_ref().take(MAX_LINE).read_until(b'\n', &mut line)? > 0 {
            fold.line(&line);
            line.clear();
        }
        Ok(())
    };
    // What was read until then was spent all the same.
    let whole = read().is_ok();
    // Who answered has begun with its session.
    if has_answered && fold.session_id().is_none() {
        return None;
    }
    let spent = Money::of_call(&fold, before);
    (whole || spent.cost_usd > 0.0).then_some(Money { estimated: true, ..spent })
}

/// Takes a call into account in whose middle an earlier runner was killed, from what it had printed.
pub fn account_for_killed(
    job: &JobContext,
    journal: &mut Journal,
    progress: &mut Progress,
) -> io::Result<()> {
    let Some(calling) = progress.state.calling.take() else { return Ok(()) };
    let steps = Folder::open(&job.paths.dir)
        .and_then(|dir| dir.folder(OWN_FOLDER))
        .and_then(|own| own.folder("steps"));
    let stream =
        steps.ok().and_then(|steps| of_stream(&steps, &calling, &progress.state.spent, false));
    // What cannot be read any more may have been all that was left.
    let left = job
        .bundle
        .agent
        .max_cost_usd
        .map_or(0.0, |max| (max - progress.state.spent.cost_usd).max(0.0));
    let spent = stream.unwrap_or(Money { cost_usd: left, estimated: true, ..Money::default() });
    progress.state.spent.add(&spent);
    journal
        .write(&Entry::Note { text: "a call was interrupted when the runner was killed: what it had printed is taken into account".to_owned() })?;
    progress.carried.add(&spent);
    journal.write(&Entry::Cost { spent, call: Some(calling) })?;
    progress.save(journal)
}

#[cfg(test)]
mod tests {
    use super::*;

    const AGENT: &str = r#"{"v":1,"seq":1,"time":"2026-11-21T14:22:12Z","incarnation":1,"step":"research","visit":1,"kind":"agent","session_id":"46c02b88-aab3-454c-ac62-b93ae37a082d","model":"m","version":"1","stream":"research.1.jsonl","from":0}"#;
    const COST: &str = r#"{"v":1,"seq":2,"time":"2026-11-21T14:22:13Z","incarnation":1,"step":"research","visit":1,"kind":"cost","cost_usd":2.0,"estimated":false,"input_tokens":1,"output_tokens":1,"cache_read_tokens":0,"cache_write_tokens":0,"stream":"research.1.jsonl","from":0}"#;
    const REPLY: &str = r#"{"type":"system","subtype":"init","session_id":"x","model":"claude-opus-5-5","tools":[]}
{"type":"assistant","message":{"id":"msg_1","model":"claude-opus-5-5","content":[],"usage":{"input_tokens":2000000,"output_tokens":200000}},"session_id":"x"}"#;

    fn of(journal: &str, stream: Option<&str>) -> Option<Money> {
        let temp = tempfile::tempdir().expect("a folder");
        let own = temp.path().join(OWN_FOLDER);
        std::fs::create_dir_all(own.join("steps")).expect("made");
        std::fs::write(own.join("run.jsonl"), journal).expect("written");
        if let Some(stream) = stream {
            std::fs::write(own.join("steps/research.1.jsonl"), stream).expect("written");
        }
        untold(&Folder::open(temp.path()).and_then(|dir| dir.folder(OWN_FOLDER)).expect("opened"))
    }

    #[test]
    fn a_call_that_told_nothing_costs_what_it_has_printed() {
        let begun = format!("{AGENT}\n");
        let money = of(&begun, Some(&format!("{REPLY}\n{{\"type\":\"assis"))).expect("known");
        assert!(money.estimated && money.cost_usd > 14.9, "{money:?}");
        assert_eq!((money.input_tokens, money.output_tokens), (2_000_000, 200_000));
        let told = |usd: &str| format!("{AGENT}\n{}\n", COST.replace("2.0", usd));
        assert_eq!(of(&told("15.0"), Some(REPLY)), Some(Money::default()), "it has told it");
        // A line of foreign make does not hide the call.
        let hidden = of(&told("0.0"), Some(REPLY)).expect("known");
        assert!(hidden.cost_usd > 14.9 && hidden.estimated, "{hidden:?}");
        assert_eq!(of(&told("2.0"), None), Some(Money::default()));
        assert_eq!(of(&begun, None), None, "without its stream nothing is known");
        assert_eq!(of(&begun, Some("")), None, "it was made empty");
        assert_eq!(of("", None), Some(Money::default()), "no call has begun");
    }
}
