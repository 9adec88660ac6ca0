//! Recorded journals, taken in as polls bring them: in pieces of any length, twice, out of order, altered,
//! while the scheduler says this and that. What is stored in the end is compared with what was stored when
//! the sums were written: `tests/data/ingestion/sums.txt`, one line a journal and a seed.
//!
//! `RL_JOURNALS` names another file of journals, of which `RL_SUMS` names the one of the sums; it is written
//! when it is not there. `RL_DUMPS` names a folder for what is stored, to see what differs.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use super::Gathered;
use super::tests::chance::Chance;
use super::{Ingested, ingest};
use crate::bundle::formats::Money;
use crate::bundle::journal::{Entry, Line, parse};
use crate::bundle::transfer::SprintFiles;
use crate::cli::action::command;
use crate::domain::{
    EndKind, JobEnd, JobId, JobState, Masker, Seen, SprintId, State, Status, action,
};
use crate::platform::clock::Clock;
use crate::store::{Change, JournalPiece, Store};

const JOURNALS: &str = include_str!("../../tests/data/ingestion/journals.txt");
const SUMS: &str = include_str!("../../tests/data/ingestion/sums.txt");
const SEEDS: u64 = 10;
const ID: &str = "sp-000001";
const BEGIN: i64 = 1_800_000_000;

fn id() -> SprintId {
    SprintId::of(ID)
}

/// When everything begins.
fn clock() -> Clock {
    Clock::standing(jiff::Timestamp::from_second(BEGIN).expect("a time"))
}

/// Name and text of each journal in a file.
fn journals(text: &str) -> Vec<(&str, &str)> {
    // A line of a journal begins with a brace.
    let text = text.strip_prefix("# ").unwrap_or_default();
    text.split("\n# ").filter_map(|part| part.split_once('\n')).collect()
}

/// A database with the sprint at work, and what its lines may meet there.
fn store(lines: &str, chance: &mut Chance, clock: &Clock) -> Store {
    let mut store =
        Store::in_memory().expect("a database").with_clock(clock.clone()).expect("a clock");
    let change = store.change().expect("begun");
    let (known, _) = parse(lines.as_bytes());
    let idea = known.iter().find_map(|line| match line.entry() {
        Some(Entry::Idea { text, .. }) => Some(text),
        _ => None,
    });
    let kind = chance.of(&[(4, "research"), (1, "tweak")]);
    let with_task = idea.is_none() && kind == "research" && chance.percent(70);
    let with_loop = chance.percent(60);
    let quote = |text: &str| format!("'{}'", text.replace('\'', "''"));
    let mut sql = String::new();
    // Another sprint has had the same idea, or had been started with it.
    let earlier = idea.clone().filter(|_| chance.percent(40));
    let _ = writeln!(
        sql,
        "INSERT INTO sprints (id, study_name, cluster, scheduler, idea, status, directory, remote_dir, created_at, request, seconds, results_at)
         VALUES ('sp-0000ff', 's', 'c', 'slurm', {}, 'completed', 'd', '/d', '2026-01-01T00:00:00.000Z', '{{}}', 3600, '2026-01-02T00:00:00.000Z');",
        quote(earlier.as_deref().unwrap_or("an earlier idea"))
    );
    let _ = writeln!(
        sql,
        "INSERT INTO loops (id, study_name, status, guidance, request, limits, judged_from, created_at)
         VALUES ('loop-000001', 's', '{}', '', '{{}}', '{{}}', '2026-01-01T00:00:00.000Z', '2026-01-01T00:00:00.000Z');",
        chance.of(&[(3, "running"), (1, "stopped")])
    );
    let tasks = [("t-00000a", with_task), ("t-00000b", true)];
    for (id, _) in tasks.iter().filter(|(_, made)| *made) {
        let _ = writeln!(
            sql,
            "INSERT INTO tasks (id, study_name, idea, priority, made_by, max_attempts, created_at) VALUES ('{id}', 's', 'idea of {id}', 2, 'person', {}, '2026-01-01T00:00:00.000Z');",
            chance.of(&[(1, 1), (1, 3)])
        );
    }
    if with_task {
        sql.push_str(
            "UPDATE tasks SET claimed_by = 'sp-000001', claim_token = 1 WHERE id = 't-00000a';",
        );
        let need = chance.of(&[(1, "supported"), (1, "done"), (1, "failed")]);
        let _ = writeln!(
            sql,
            "INSERT INTO task_needs (task, needs, on_state) VALUES ('t-00000b', 't-00000a', '{need}');"
        );
    }
    let _ = writeln!(
        sql,
        "INSERT INTO sprints (id, study_name, cluster, scheduler, idea, status, job_id, directory, remote_dir, created_at, submitted_at, request, seconds,
            attempt, budget_usd, gpus, kind, parent, task_id, loop_id, finds_idea)
         VALUES ('sp-000001', 's', 'c', '{}', {}, 'submitted', '300', 'd', '/d', '2026-01-03T00:00:00.000Z', '2026-01-03T00:00:00.000Z', '{{}}', 3600,
            1, {}, {}, '{kind}', {}, {}, {}, {});
         INSERT INTO jobs (sprint_id, attempt, name, sent_at, job_id) VALUES ('sp-000001', 1, 'rl-sp-000001-1', '2026-01-03T00:00:00.000Z', '300');",
        chance.of(&[(3, "slurm"), (1, "sge")]),
        if idea.is_some() { "NULL".to_owned() } else { "'its idea'".to_owned() },
        chance.of(&[(2, "10.0"), (1, "0.1"), (1, "NULL")]),
        chance.of(&[(1, "1"), (1, "NULL")]),
        if kind == "tweak" { "'sp-0000ff'" } else { "NULL" },
        if with_task { "'t-00000a'" } else { "NULL" },
        if with_loop { "'loop-000001'" } else { "NULL" },
        u8::from(idea.is_some()),
    );
    for (number, id) in told(lines).iter().enumerate() {
        let (kind, status) = chance.of(&[
            (1, ("note", "open")),
            (1, ("question", "open")),
            (1, ("question", "answered")),
            (1, ("approval", "answered")),
        ]);
        let answer = if status == "answered" { "'yes'" } else { "NULL" };
        let _ = writeln!(
            sql,
            "INSERT OR IGNORE INTO messages (id, kind, study_name, sprint_id, name, text, choices, status, answer, created_at)
             VALUES ('{id}', '{kind}', 's', 'sp-000001', 'told{number}', 'a text', '[]', '{status}', {answer}, '2026-01-04T00:00:00.000Z');"
        );
    }
    change.raw(&sql).expect("rows");
    change.commit().expect("kept");
    store
}

/// The messages that the lines say were told.
fn told(lines: &str) -> Vec<String> {
    let entries = parse(lines.as_bytes()).0;
    entries
        .iter()
        .filter_map(|line| match line.entry() {
            Some(Entry::Told { id }) => Some(id),
            _ => None,
        })
        .collect()
}

/// One run from the first poll until the sprint is over, or nothing more can be told.
struct Night<'a> {
    store: Store,
    lines: Vec<&'a str>,
    chance: Chance,
    clock: Clock,
}

impl Night<'_> {
    /// So many seconds pass.
    fn pass(&self, seconds: i64) {
        self.clock.advance(Duration::from_secs(seconds.unsigned_abs()));
    }

    fn status(&self) -> Status {
        self.store.sprint(&id()).expect("read").expect("there").state.status()
    }

    /// A poll that brings these bytes.
    fn poll(&mut self, journal: &str, offset: u64, altered: bool, seen: Option<Seen>) {
        let seconds = self.chance.within(1..90);
        self.pass(seconds);
        let row = self.store.sprint(&id()).expect("read").expect("there");
        let job = row.state.last_job().cloned();
        let files = SprintFiles {
            id: ID.to_owned(),
            offset,
            prefix: format!("prefix{offset}"),
            journal: journal.as_bytes().to_vec(),
            altered,
            readable: true,
            claimed: true,
            untold: Some(Money::default()),
            summed: self.chance.percent(90),
            exit: self.chance.percent(5).then(|| "{}".to_owned()),
            ..SprintFiles::default()
        };
        let gathered = Gathered {
            time: Some(self.clock.now().as_second() + 1000),
            jobs: seen.zip(job).map(|(seen, job)| BTreeMap::from([(job, seen)])),
            files: BTreeMap::from([(id(), files)]),
            ..Gathered::default()
        };
        let change = self.store.change().expect("begun");
        let ingested = ingest(&change, &id(), &gathered).expect("taken in");
        assert!(matches!(ingested, Ingested::Whole | Ingested::NeedsUntold));
        change.commit().expect("kept");
        self.go_on();
    }

    /// People answer what a parked sprint asks, and the next tick submits it again.
    fn go_on(&mut self) {
        if self.status() != Status::Parked {
            return;
        }
        self.pass(60);
        let open = self.store.open_questions(&id()).expect("read");
        let change = self.store.change().expect("begun");
        for message in open {
            assert!(change.answer_message(&message.id, "yes").expect("answered"));
            change.message_delivered(&message.id).expect("kept");
        }
        let attempt = change.begin_submission(&id(), "").expect("begun").expect("can go on");
        let job = JobId::parse(&(299 + attempt).to_string()).expect("digits");
        change.accept(&id(), attempt, &job, "/d").expect("taken");
        change.commit().expect("kept");
    }

    fn seen(&mut self, last: &str) -> Option<Seen> {
        let ended = || {
            Seen::State(JobState::Ended(JobEnd {
                kind: EndKind::Completed,
                exit_code: Some(0),
                signal: None,
                words: "ended".to_owned(),
            }))
        };
        if last.contains("\"kind\":\"run_ended\"") && self.chance.percent(40) {
            return Some(ended());
        }
        match self.chance.next() % 20 {
            0..=9 => Some(Seen::State(JobState::Running)),
            10..=11 => Some(Seen::State(JobState::Waiting(String::new()))),
            12 => Some(Seen::State(JobState::Stuck("a limit".to_owned()))),
            13 => Some(Seen::State(JobState::Suspended)),
            14 => Some(Seen::Unclear("no answer".to_owned())),
            15 => Some(Seen::Absent),
            _ => None,
        }
    }

    /// Brings these lines, as the next ones or as known ones.
    fn bring(&mut self, from: usize, to: usize, altered: bool) {
        let mut text: String = self.lines[from..to].iter().flat_map(|line| [line, "\n"]).collect();
        if self.chance.percent(5) {
            text.push_str("{\"v\":1,\"seq\":");
        }
        if altered && self.chance.percent(50) {
            // What the agent has written in the place of the runner's words.
            text = text.replacen("\"cost_usd\":0.1", "\"cost_usd\":0.0", 1);
        }
        let offset: usize = self.lines[..to].iter().map(|line| line.len() + 1).sum();
        // A known piece would not be brought: so that it is, it ends elsewhere.
        let offset = u64::try_from(offset).expect("small") + self.chance.next() % 3;
        let seen = self.seen(self.lines[..to].last().copied().unwrap_or_default());
        self.poll(&text, offset, altered, seen);
    }

    fn run(&mut self) {
        let count = self.lines.len();
        let place = |chance: &mut Chance, from: usize, to: usize| {
            let bound = |at: usize| i64::try_from(at).expect("small");
            usize::try_from(chance.within(bound(from)..bound(to) + 1)).expect("small")
        };
        let mut at = 0;
        while at < count && !self.status().is_terminal() {
            let next = place(&mut self.chance, at + 1, (at + 6).min(count));
            match self.chance.next() % 100 {
                // The same lines once more, alone or with new ones.
                0..=14 => {
                    let from = place(&mut self.chance, 0, at);
                    let to = place(&mut self.chance, from, next);
                    self.bring(from, to, false);
                    at = at.max(to);
                }
                // Two pieces in the wrong order.
                15..=29 => {
                    let behind = place(&mut self.chance, next, (next + 6).min(count));
                    self.bring(next, behind, false);
                    self.bring(at, next, false);
                    at = behind;
                }
                // Everything again from the beginning, and maybe not as it was.
                30..=37 => {
                    let to = place(&mut self.chance, 0, next);
                    self.bring(0, to, true);
                    at = to;
                }
                _ => {
                    self.bring(at, next, false);
                    at = next;
                }
            }
        }
        for _ in 0..6 {
            if self.status().is_terminal() {
                break;
            }
            let end = Seen::State(JobState::Ended(JobEnd {
                kind: self.chance.of(&[(3, EndKind::Completed), (1, EndKind::Failed)]),
                exit_code: Some(0),
                signal: None,
                words: "ended".to_owned(),
            }));
            self.poll("", 1, false, Some(end));
        }
    }
}

/// What is stored of a journal at the end of such a night.
fn stored(journal: &str, seed: u64) -> String {
    let mut chance = Chance::new(seed);
    let clock = clock();
    let store = store(journal, &mut chance, &clock);
    let lines = journal.lines().filter(|line| !line.is_empty()).collect();
    let mut night = Night { store, lines, chance, clock };
    night.run();
    let ended = night.store.sprint(&id()).expect("read").expect("there");
    assert!(!matches!(ended.state, State::Pending | State::Submitting), "{:?}", ended.state);
    redacted(&said(&night.store.dump()))
}

/// What is stored, with the words of the command line in the place of actions: the sums are older than
/// these. In JSON, their marks are escaped.
fn said(dump: &str) -> String {
    let dump = action::render(dump, command);
    let (mut text, mut rest) = (String::with_capacity(dump.len()), dump.as_str());
    while let Some((before, marked)) = rest.split_once("\\u0002") {
        let (inside, after) = marked.split_once("\\u0003").expect("an end");
        let inside: String = serde_json::from_str(&format!("\"{inside}\"")).expect("a text");
        let action = serde_json::from_str(&inside).expect("an action");
        let words = serde_json::json!(command(&action)).to_string();
        text.push_str(before);
        text.push_str(&words[1..words.len() - 1]);
        rest = after;
    }
    text + rest
}

/// Without what chance has drawn: ids by the order in which they appear, and how long a task waits.
fn redacted(dump: &str) -> String {
    let mut names: Vec<String> = Vec::new();
    let mut text = String::with_capacity(dump.len());
    let mut rest = dump;
    while let Some(letter) = rest.chars().next() {
        let is_id = (rest.starts_with("t-") || rest.starts_with("m-"))
            && rest.len() >= 8
            && rest.as_bytes()[2..8].iter().all(u8::is_ascii_hexdigit);
        if is_id {
            let name = &rest[..8];
            let place = names.iter().position(|known| known == name).unwrap_or_else(|| {
                names.push(name.to_owned());
                names.len() - 1
            });
            let _ = write!(text, "{letter}-({place})");
            rest = &rest[8..];
        } else if let Some(number) = ["\"wait_seconds\":", "retry_at=", "retry_wait="]
            .iter()
            .find_map(|name| rest.strip_prefix(name))
        {
            text.push_str("waits=");
            rest = number.trim_start_matches(|c: char| c.is_ascii_digit() || c == '-');
        } else {
            text.push(letter);
            rest = &rest[letter.len_utf8()..];
        }
    }
    text
}

/// FNV-1a.
fn sum(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |sum, byte| {
        (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[test]
fn recorded_journals_are_stored_as_ever() {
    let (other, sums) = (std::env::var_os("RL_JOURNALS"), std::env::var_os("RL_SUMS"));
    let text = other.map_or_else(
        || JOURNALS.to_owned(),
        |path| std::fs::read_to_string(path).expect("journals"),
    );
    let journals = journals(&text);
    assert!(journals.len() >= 14, "{}", journals.len());
    let mut found = String::new();
    for (place, (name, journal)) in journals.iter().enumerate() {
        for seed in 0..SEEDS {
            let dump = stored(journal, seed);
            let _ = writeln!(found, "{place} {name} {seed} {:016x}", sum(&dump));
            if let Some(folder) = std::env::var_os("RL_DUMPS") {
                let path = std::path::Path::new(&folder).join(format!("{place}.{seed}"));
                std::fs::write(path, &dump).expect("written");
            }
        }
    }
    let known = match sums {
        Some(path) if !std::path::Path::new(&path).exists() => {
            return std::fs::write(path, found).expect("written");
        }
        Some(path) => std::fs::read_to_string(path).expect("sums"),
        None => SUMS.to_owned(),
    };
    let differ: Vec<&str> =
        found.lines().filter(|line| !known.lines().any(|other| other == *line)).collect();
    assert!(
        differ.is_empty(),
        "{} of {} differ:\n{}",
        differ.len(),
        found.lines().count(),
        differ.join("\n")
    );
}

/// The lines of a journal, as the runner would send them.
fn lines(journal: &str) -> Vec<Line> {
    parse(journal.as_bytes()).0
}

/// What is stored when this is done to a new sprint.
fn after(journal: &str, seed: u64, deed: impl FnOnce(&Change<'_>)) -> String {
    let mut store = store(journal, &mut Chance::new(seed), &clock());
    let change = store.change().expect("begun");
    deed(&change);
    // Where the file was read to is known of the file alone.
    change.raw("UPDATE sprints SET journal_offset = 0, journal_prefix = ''").expect("set");
    change.commit().expect("kept");
    redacted(&said(&store.dump()))
}

/// The same as whoever sends them writes them.
fn sent(lines: &[Line]) -> Vec<u8> {
    let text = |line| serde_json::to_string(line).expect("a line") + "\n";
    lines.iter().map(text).collect::<String>().into_bytes()
}

fn at_once(change: &Change<'_>, lines: &[Line]) {
    let piece = JournalPiece { lines, offset: 1, prefix: "x", altered: false, whole: false };
    change.ingest(&id(), &piece).expect("taken in");
}

/// A number below `end`.
fn below(chance: &mut Chance, end: usize) -> usize {
    usize::try_from(chance.next() % u64::try_from(end.max(1)).expect("small")).expect("small")
}

#[test]
fn a_journal_in_pieces_some_of_them_twice_is_the_journal_at_once() {
    for (name, journal) in journals(JOURNALS) {
        let lines = lines(journal);
        for seed in 0..4 {
            let whole = after(journal, seed, |change| at_once(change, &lines));
            let mut chance = Chance::new(seed + 1000);
            let pieces = after(journal, seed, |change| {
                let mut at = 0;
                while at < lines.len() {
                    let to = at + 1 + below(&mut chance, (lines.len() - at).min(7));
                    at_once(change, &lines[below(&mut chance, at + 1)..to]);
                    at = to;
                }
                at_once(change, &lines);
            });
            assert_eq!(whole, pieces, "{name} {seed}");
        }
    }
}

#[test]
fn lines_that_are_sent_in_whatever_order_end_in_the_rows_of_the_file() {
    for (name, journal) in journals(JOURNALS) {
        let lines = lines(journal);
        assert!(lines.iter().map(|line| line.seq).eq(1..=lines.len() as u64), "{name}");
        for seed in 0..4 {
            let whole = after(journal, seed, |change| at_once(change, &lines));
            let mut chance = Chance::new(seed + 2000);
            let sent = after(journal, seed, |change| {
                let mut cursor = 0;
                while cursor < lines.len() {
                    // Known ones, new ones, and some behind a gap, in any order, some of them twice.
                    let behind = (cursor + 8).min(lines.len());
                    let mut batch: Vec<Line> =
                        (0..6).map(|_| lines[below(&mut chance, behind)].clone()).collect();
                    if chance.percent(70) {
                        batch.push(lines[cursor].clone());
                    }
                    let reached = change
                        .append_lines(&id(), &sent(&batch), &Masker::default())
                        .expect("taken in");
                    let reached = usize::try_from(reached).expect("small");
                    assert!(reached >= cursor, "{name} {seed}");
                    cursor = reached;
                }
                // The file says the same, later.
                at_once(change, &lines);
            });
            assert_eq!(whole, sent, "{name} {seed}");
        }
    }
}
