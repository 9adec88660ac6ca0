//! What calls have cost that have not told it: whoever called was killed in their middle. What they had
//! printed until then lies on the disk.

use std::io::{self, BufRead as _, BufReader, Read as _, Seek as _, SeekFrom};

use super::pipe::{MAX_LINE, MAX_STREAM};
use crate::bundle::folder::Folder;
use crate::bundle::formats::{self, Calling, Money, StateFile};
use crate::bundle::journal::{Costs, Entry, Line, parse};
use crate::claude::Fold;

/// A journal and a state are read up to this size.
const MAX_READ: u64 = 64 << 20;

/// Sums up all calls of a sprint that have not told what they cost. None when that cannot be known.
pub fn untold(own: &Folder) -> Option<Money> {
    let (lines, _) = parse(&own.read("run.jsonl", MAX_READ).ok()?);
    let mut open: Vec<Calling> = Vec::new();
    let mut costs = Costs::default();
    let mut told: Vec<Calling> = Vec::new();
    for entry in lines.iter().filter_map(Line::entry) {
        costs.add(&entry);
        match entry {
            Entry::Agent { call: Some(call), .. } if !open.contains(&call) => open.push(call),
            Entry::Cost { call: Some(call), .. } => told.push(call),
            _ => {}
        }
    }
    // One that was begun and had not said a word yet.
    let state = own.read("state.json", MAX_READ).ok().and_then(|bytes| formats::read::<StateFile>("state.json", &bytes).ok());
    open.extend(state.and_then(|state| state.calling).filter(|call| !open.contains(call)));
    open.retain(|call| !told.contains(call));
    let steps = own.folder("steps").ok();
    let mut sum = Money::default();
    for call in open {
        let mut before = costs.total();
        before.add(&sum);
        sum.add(&of_stream(steps.as_ref()?, &call, &before)?);
    }
    Some(sum)
}

/// What one call has cost, by what it has printed. `before` is what was spent until then. None when its
/// stream is not there.
pub fn of_stream(steps: &Folder, call: &Calling, before: &Money) -> Option<Money> {
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
    let spent = Money::of_call(&fold, before);
    (whole || spent.cost_usd > 0.0).then_some(Money { estimated: true, ..spent })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bundle::OWN_FOLDER;

    const AGENT: &str = r#"{"v":1,"seq":1,"time":"2026-11-21T14:22:12Z","incarnation":1,"step":"research","visit":1,"kind":"agent","session_id":"46c02b88-aab3-454c-ac62-b93ae37a082d","model":"m","version":"1","stream":"research.1.jsonl","from":0}"#;
    const COST: &str = r#"{"v":1,"seq":2,"time":"2026-11-21T14:22:13Z","incarnation":1,"step":"research","visit":1,"kind":"cost","cost_usd":2.0,"estimated":false,"input_tokens":1,"output_tokens":1,"cache_read_tokens":0,"cache_write_tokens":0,"stream":"research.1.jsonl","from":0}"#;
    const REPLY: &str = r#"{"type":"assistant","message":{"id":"msg_1","model":"claude-opus-5-5","content":[],"usage":{"input_tokens":2000000,"output_tokens":200000}},"session_id":"x"}"#;

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
        assert_eq!(of(&format!("{AGENT}\n{COST}\n"), Some(REPLY)), Some(Money::default()), "it has told it");
        assert_eq!(of(&begun, None), None, "without its stream nothing is known");
        assert_eq!(of("", None), Some(Money::default()), "no call has begun");
    }
}
