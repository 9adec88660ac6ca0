//! `run.jsonl`: what happened in a run, one JSON object a line, numbered.
//!
//! Only the runner writes it. A line that cannot be read (a process was killed in the
//! middle of it, a disk was full) is skipped; a kind that is not known is kept.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::FORMAT_VERSION;
use super::answers::Proposal;
use super::formats::{Calling, Money};
use super::review::CriticalIssue;
use crate::domain::gpus::GpuUse;
use crate::domain::line_kind::Weight;
use crate::domain::{Finding, LineKind, Masker, MessageKind, Metric, action, text};

/// One line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// Format version.
    pub v: u32,
    /// Its number, from 1, without gaps over all incarnations.
    pub seq: u64,
    /// When, in UTC.
    pub time: Timestamp,
    /// How often the job had started, from 1.
    pub incarnation: u32,
    /// The step's label, for lines that belong to one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub step: Option<String>,
    /// Which visit of the step's state, from 1.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub visit: Option<u32>,
    /// `kind` and what belongs to it.
    #[serde(flatten)]
    pub body: serde_json::Map<String, serde_json::Value>,
}

impl Line {
    /// The kind's word.
    pub fn kind(&self) -> &str {
        self.body.get("kind").and_then(|kind| kind.as_str()).unwrap_or_default()
    }

    /// The kind, when it is known.
    pub fn known_kind(&self) -> Option<LineKind> {
        LineKind::parse(self.kind())
    }

    /// What rests on it. A kind that is not known is there to be read.
    pub fn weight(&self) -> Weight {
        self.known_kind().map_or(Weight::Talk, LineKind::weight)
    }

    /// Whether a step begins with it.
    pub fn is_step_start(&self) -> bool {
        self.known_kind() == Some(LineKind::StepStarted)
    }

    /// Whether it tells of the job's own idea.
    pub fn is_idea(&self) -> bool {
        self.known_kind() == Some(LineKind::Idea)
    }

    /// Whether a run of the pipeline ends with it.
    pub fn is_run_end(&self) -> bool {
        self.known_kind() == Some(LineKind::RunEnded)
    }

    /// The entry, when its kind is known and whole. Its texts are harmless, though whatever ran in the
    /// job may have written to its journal.
    pub fn entry(&self) -> Option<Entry> {
        let mut body = serde_json::Value::Object(self.body.clone());
        make_harmless(&mut body);
        serde_json::from_value(body).ok()
    }
}

fn make_harmless(value: &mut serde_json::Value) {
    use serde_json::Value;
    let is_harmless = |text: &str| !text.contains(text::is_harmful);
    match value {
        Value::String(text) if !is_harmless(text) => *text = text::block(text),
        Value::Array(values) => values.iter_mut().for_each(make_harmless),
        Value::Object(fields) => {
            if !fields.keys().all(|key| is_harmless(key)) {
                *fields = std::mem::take(fields)
                    .into_iter()
                    .map(|(key, value)| (text::block(&key), value))
                    .collect();
            }
            fields.values_mut().for_each(make_harmless);
        }
        _ => {}
    }
}

/// What can stand in a line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Entry {
    /// The runner began.
    RunStarted {
        /// The scheduler's job id.
        job_id: String,
        /// The node.
        host: String,
        /// The runner's version.
        version: String,
        /// The pipeline's name.
        pipeline: String,
        /// The steps that can come, in their usual order: label and title.
        plan: Vec<(String, String)>,
        /// The labels of those without which no run is complete.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        certain: Vec<String>,
        /// How long the job may run, in seconds.
        seconds: u64,
    },
    /// A step began.
    StepStarted {
        /// For people.
        title: String,
        /// Whether it goes on from an interrupted visit.
        resumed: bool,
    },
    /// The agent told of itself.
    Agent {
        /// Its session.
        session_id: String,
        /// The model.
        model: String,
        /// The program's version.
        version: String,
        /// The session is that of this step alone, and not the one that the run goes on with.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        aside: bool,
        /// The call that it answers.
        #[serde(flatten, default, skip_serializing_if = "Option::is_none")]
        call: Option<Calling>,
    },
    /// A tool was called.
    Tool {
        /// Its name.
        name: String,
        /// What it was called with, in one short line.
        brief: String,
    },
    /// The agent said something.
    Said {
        /// Its first line, shortened.
        text: String,
    },
    /// Something worth knowing that changes nothing.
    Note {
        /// In one line.
        text: String,
    },
    /// A call is made again after a passing failure.
    Retrying {
        /// What failed.
        detail: String,
        /// The wait, in seconds.
        delay: u64,
    },
    /// The account's usage limits, as last told.
    Limit {
        /// `allowed`, `warning`, `rejected`, or another word of Claude's.
        status: String,
        /// Which window.
        window: String,
        /// When it starts anew, in seconds since 1970.
        resets_at: Option<i64>,
    },
    /// What a call has cost.
    Cost {
        /// Of this call.
        #[serde(flatten)]
        spent: Money,
        /// The call.
        #[serde(flatten, default, skip_serializing_if = "Option::is_none")]
        call: Option<Calling>,
    },
    /// A step ended.
    StepEnded {
        /// `yes`, `no`, `error` or `interrupted`.
        verdict: String,
        /// In one line.
        detail: String,
        /// How many issues a review found critical; none when it cannot be told, and of any other step.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        critical: Option<u32>,
        /// What a review found critical: the first line of each issue, in the reviewer's words.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        issues: Vec<String>,
        /// The same as the reviewer has answered, with its grounds; empty when there is no such answer.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        critical_issues: Vec<CriticalIssue>,
        /// How long it took.
        seconds: u64,
        /// Of this visit, with what its calls had cost before it was interrupted without an end of its own.
        #[serde(flatten)]
        spent: Money,
    },
    /// The job found an idea of its own.
    Idea {
        /// The idea.
        text: String,
        /// Why it is worth trying.
        why: String,
        /// The earlier sprint or task that it builds on.
        builds_on: Option<String>,
    },
    /// The job says that no idea is left to try.
    NoneLeft {
        /// Why.
        why: String,
    },
    /// A message was told to the agent.
    Told {
        /// `m-xxxxxx`.
        id: String,
    },
    /// The runner was asked to stop.
    Signal {
        /// `TERM`, `USR1`, ...
        name: String,
    },
    /// The job stood still: its scheduler, or somebody else, had suspended it. In SLURM, and without
    /// a scheduler, that is no time of the job.
    Suspended {
        /// For so many seconds since that was told last.
        seconds: u64,
    },
    /// What the job's GPUs do.
    Gpus {
        /// Each of them, and for how long all of them have been idle.
        #[serde(flatten)]
        seen: GpuUse,
        /// Whether that is longer than the cluster's `warn_idle_gpus`; told once.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        idle_too_long: bool,
    },
    /// The run is over, for this incarnation.
    RunEnded(Box<RunEnd>),
}

impl Entry {
    /// Its kind.
    pub fn kind(&self) -> LineKind {
        match self {
            Self::RunStarted { .. } => LineKind::RunStarted,
            Self::StepStarted { .. } => LineKind::StepStarted,
            Self::Agent { .. } => LineKind::Agent,
            Self::Tool { .. } => LineKind::Tool,
            Self::Said { .. } => LineKind::Said,
            Self::Note { .. } => LineKind::Note,
            Self::Retrying { .. } => LineKind::Retrying,
            Self::Limit { .. } => LineKind::Limit,
            Self::Cost { .. } => LineKind::Cost,
            Self::StepEnded { .. } => LineKind::StepEnded,
            Self::Idea { .. } => LineKind::Idea,
            Self::NoneLeft { .. } => LineKind::NoneLeft,
            Self::Told { .. } => LineKind::Told,
            Self::Signal { .. } => LineKind::Signal,
            Self::Suspended { .. } => LineKind::Suspended,
            Self::Gpus { .. } => LineKind::Gpus,
            Self::RunEnded(_) => LineKind::RunEnded,
        }
    }
}

/// Whether the word of an [`Entry::Limit`] says that nothing is wrong.
pub fn is_within_limit(status: &str) -> bool {
    status == "allowed"
}

/// Something that only a person can say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// Unique in the sprint.
    pub name: String,
    /// `question` or `approval`.
    #[serde(deserialize_with = "kind_of_question")]
    pub kind: MessageKind,
    /// What is asked.
    pub text: String,
    /// Answers that are offered; any other is good too.
    #[serde(default)]
    pub choices: Vec<String>,
    /// The idea that a person is asked about. Runners before 0.6.0 tell it in the text alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proposal: Option<Proposal>,
}

impl Question {
    /// What is proposed, where a person is asked about an idea.
    pub fn proposed(&self) -> Option<Proposal> {
        (self.kind == MessageKind::Approval)
            .then(|| self.proposal.clone().unwrap_or_else(|| Proposal::of_text(&self.text)))
    }
}

/// A word that is not known asks something, too.
fn kind_of_question<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<MessageKind, D::Error> {
    let word = String::deserialize(deserializer)?;
    Ok(match MessageKind::parse(&word) {
        Some(MessageKind::Approval) => MessageKind::Approval,
        _ => MessageKind::Question,
    })
}

impl RunEnd {
    /// How it ended. None for a word that is not known.
    pub fn outcome(&self) -> Option<RunOutcome> {
        match self.status.as_str() {
            "completed" => Some(RunOutcome::Completed),
            "failed" => Some(RunOutcome::Failed),
            "parked" => Some(RunOutcome::Parked),
            _ => None,
        }
    }
}

/// How a run ended, in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunOutcome {
    /// With all that it was to do.
    Completed,
    /// Without.
    Failed,
    /// It waits for an answer.
    Parked,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunEnd {
    /// `completed`, `failed` or `parked`.
    pub status: String,
    /// A reason of the closed list, when it failed for a reason of its own. None when
    /// it was stopped from outside: then the scheduler knows why.
    pub reason: Option<String>,
    /// The signal that stopped it.
    pub signal: Option<String>,
    /// For a person.
    pub detail: String,
    /// What to do next: a word of the closed list of [`Advice`](crate::domain::Advice).
    pub hint: String,
    /// When a usage limit ends, in seconds since 1970.
    pub resets_at: Option<i64>,
    /// Processes of the job that could not be ended.
    pub processes_left: u32,
    /// The node.
    pub host: String,
    /// The summary, when it completed.
    pub summary: Option<String>,
    /// `finding.json`, when it completed and the file is sound.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finding: Option<Finding>,
    /// `results/metrics.json` and what the evaluator said, when it completed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub metrics: Vec<Metric>,
    /// What of the finding and the figures could not be used, a sentence each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unusable: Vec<String>,
    /// What must be answered before the run can go on, when it is parked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub questions: Vec<Question>,
    /// Of the whole run.
    #[serde(flatten)]
    pub spent: Money,
}

/// Adds up what a run has cost, line by line.
#[derive(Debug, Clone, Copy, Default)]
pub struct Costs {
    ended: Money,
    open: Money,
}

impl Costs {
    /// Takes in the next line. Returns how many dollars it adds.
    pub fn add(&mut self, entry: &Entry) -> f64 {
        match entry {
            Entry::Cost { spent, .. } => {
                let told = spent.sound();
                self.open.add(&told);
                told.cost_usd
            }
            // A step whose runner was killed has told its cost only by its calls. When it goes on, its end
            // tells of them too.
            Entry::StepStarted { resumed: false, .. } => {
                self.ended.add(&std::mem::take(&mut self.open));
                0.0
            }
            Entry::StepEnded { spent, .. } => {
                let (told, open) = (spent.sound(), std::mem::take(&mut self.open));
                self.ended.add(if open.cost_usd > told.cost_usd { &open } else { &told });
                (told.cost_usd - open.cost_usd).max(0.0)
            }
            _ => 0.0,
        }
    }

    /// What calls have cost that no end of a step tells of.
    pub fn open(&self) -> Money {
        self.open
    }

    /// Everything.
    pub fn total(&self) -> Money {
        let mut total = self.ended;
        total.add(&self.open);
        total
    }
}

/// Numbers have no gaps; a line that was damaged leaves one. What lies further ahead than this was not
/// written by a runner: with such a number in the journal, the true lines would be behind it for ever.
const MAX_GAP: u64 = 1_000_000;
/// The same of incarnations.
const MAX_STARTS: u64 = 10_000;

/// How far a journal has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Reached {
    /// The highest number of a line.
    pub seq: u64,
    /// The highest incarnation.
    pub incarnation: u32,
}

impl Reached {
    /// Whether this line may be the next one. If so, it is counted.
    fn takes(&mut self, line: &Line) -> bool {
        let fits = line.v <= FORMAT_VERSION
            && (1..=self.seq.saturating_add(MAX_GAP)).contains(&line.seq)
            && u64::from(line.incarnation)
                <= u64::from(self.incarnation).saturating_add(MAX_STARTS);
        if fits {
            *self = Self {
                seq: self.seq.max(line.seq),
                incarnation: self.incarnation.max(line.incarnation),
            };
        }
        fits
    }
}

/// Reads the lines of a whole journal, whoever wrote them. Returns them, and how many lines could not be read.
pub fn parse(text: &[u8]) -> (Vec<Line>, u32) {
    parse_after(text, Reached::default())
}

/// Takes lines that come from outside, whichever way: the lines of a text that begins at the start of one,
/// behind what was `reached`, without the values of the job's environment. Returns them, and how many could
/// not be read.
pub fn take(text: &[u8], reached: Reached, masker: &Masker) -> (Vec<Line>, u32) {
    let (mut lines, skipped) = parse_after(text, reached);
    lines.iter_mut().for_each(|line| masker.fields(&mut line.body));
    (lines, skipped)
}

fn parse_after(text: &[u8], mut reached: Reached) -> (Vec<Line>, u32) {
    let (mut lines, mut skipped) = (Vec::new(), 0);
    for raw in text.split(|byte| *byte == b'\n').filter(|raw| !raw.is_empty()) {
        match serde_json::from_slice::<Line>(&action::unmarked_json(raw)) {
            Ok(line) if reached.takes(&line) => lines.push(line),
            _ => skipped += 1,
        }
    }
    (lines, skipped)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_kinds_are_kept_and_broken_lines_are_counted() {
        let text = b"{\"v\":1,\"seq\":1,\"time\":\"2026-01-02T03:04:05Z\",\"incarnation\":1,\"kind\":\"new_thing\",\"x\":[1]}\n{\"v\":1,\"seq\":2,\"ti\n\xff\xfe\n\n{\"v\":1,\"seq\":3,\"time\":\"2026-01-02T03:04:06Z\",\"incarnation\":1,\"kind\":\"signal\",\"name\":\"TERM\"}";
        let (lines, skipped) = parse(text);
        assert_eq!(skipped, 2);
        assert_eq!(
            lines.iter().map(|line| (line.seq, line.kind())).collect::<Vec<_>>(),
            [(1, "new_thing"), (3, "signal")]
        );
        assert_eq!(lines[0].entry(), None);
        assert_eq!(lines[1].entry(), Some(Entry::Signal { name: "TERM".to_owned() }));
        assert!(serde_json::to_string(&lines[0]).expect("text").contains("\"x\":[1]"));
    }

    #[test]
    fn a_line_of_whatever_kind_keeps_no_value_of_the_environment() {
        let text = b"{\"v\":1,\"seq\":1,\"time\":\"2026-01-02T03:04:05Z\",\"incarnation\":1,\"kind\":\"new_thing\",\"x\":[{\"y\":\"is hunter2hunter2.\"}]}\n\
                     {\"v\":1,\"seq\":2,\"time\":\"2026-01-02T03:04:05Z\",\"incarnation\":1,\"kind\":\"said\",\"text\":\"hunter2hunter2\"}";
        let masker = Masker::new([("TOKEN", "hunter2hunter2")]);
        let (lines, _) = take(text, Reached::default(), &masker);
        assert_eq!(
            (lines[0].body["x"][0]["y"].as_str(), lines[1].entry()),
            (Some("is ***."), Some(Entry::Said { text: "***".to_owned() }))
        );
    }

    #[test]
    fn no_text_of_a_journal_brings_a_mark_or_drives_a_terminal() {
        let text = br#"{"v":1,"seq":1,"time":"2026-01-02T03:04:05Z","incarnation":1,"kind":"run_ended","status":"failed","reason":null,"signal":null,"detail":"a\u0002{\"do\":\"show_loop\",\"id\":\"x\"}\u0003\n\u001b[2Jb\u202e","hint":"","resets_at":null,"processes_left":0,"host":"n\u0007","summary":null,"questions":[{"name":"q","kind":"question","text":"?\u0003","choices":["c\u0002"]}],"cost_usd":0.0,"estimated":false,"input_tokens":0,"output_tokens":0,"cache_read_tokens":0,"cache_write_tokens":0}"#;
        let (lines, skipped) = parse(text);
        assert_eq!(skipped, 0);
        let Some(Entry::RunEnded(end)) = lines[0].entry() else { panic!("{lines:?}") };
        assert_eq!(end.detail, "a{\"do\":\"show_loop\",\"id\":\"x\"}\n[2Jb");
        assert_eq!((&*end.host, &*end.questions[0].text), ("n", "?"));
        assert_eq!(end.questions[0].choices, ["c"]);
    }

    #[test]
    fn a_step_that_is_killed_and_goes_on_is_paid_for_once() {
        let money = |cost_usd| Money { cost_usd, ..Money::default() };
        let started = |resumed| Entry::StepStarted { title: String::new(), resumed };
        let cost = |cost_usd| Entry::Cost { spent: money(cost_usd), call: None };
        let ended = |cost_usd| Entry::StepEnded {
            verdict: "yes".to_owned(),
            detail: String::new(),
            critical: None,
            issues: Vec::new(),
            critical_issues: Vec::new(),
            seconds: 1,
            spent: money(cost_usd),
        };
        let sum = |entries: &[Entry]| {
            let mut costs = Costs::default();
            let added: f64 = entries.iter().map(|entry| costs.add(entry)).sum();
            assert!((added - costs.total().cost_usd).abs() < 1e-9);
            (costs.open().cost_usd, costs.total().cost_usd)
        };
        assert_eq!(sum(&[started(false), cost(1.0), cost(2.0), ended(3.0)]), (0.0, 3.0));
        assert_eq!(
            sum(&[started(false), cost(1.0), cost(2.0), started(true), cost(4.0)]),
            (7.0, 7.0)
        );
        assert_eq!(
            sum(&[started(false), cost(1.0), cost(2.0), started(true), cost(4.0), ended(7.0)]),
            (0.0, 7.0)
        );
        // One whose end does not tell of the calls before, and one that begins anew.
        assert_eq!(
            sum(&[started(false), cost(1.0), cost(2.0), started(true), cost(4.0), ended(4.0)]),
            (0.0, 7.0)
        );
        assert_eq!(
            sum(&[started(false), cost(1.0), cost(2.0), started(false), cost(4.0), ended(4.0)]),
            (0.0, 7.0)
        );
    }

    #[test]
    fn the_sample_in_the_documentation_reads_whole() {
        let (lines, skipped) = parse(include_bytes!("../../tests/data/formats/run.jsonl"));
        assert_eq!(skipped, 0);
        assert!(lines.len() > 10);
        let (parked, skipped) = parse(include_bytes!("../../tests/data/formats/run-parked.jsonl"));
        assert_eq!(skipped, 0);
        for kind in ["idea", "told"] {
            assert!(parked.iter().any(|line| line.kind() == kind), "{kind}");
        }
        let answered = lines.iter().filter_map(Line::entry).any(|entry| {
            matches!(entry, Entry::StepEnded { critical_issues, .. } if !critical_issues.is_empty())
        });
        assert!(answered, "the sample has a review with an answer");
        let calls = parked.iter().filter_map(Line::entry).filter(|entry| {
            matches!(entry, Entry::Agent { call: Some(_), .. } | Entry::Cost { call: Some(_), .. })
        });
        assert_eq!(calls.count(), 2);
        for line in lines.iter().chain(&parked) {
            let entry = line.entry().unwrap_or_else(|| panic!("{line:?}"));
            assert_eq!(Some(entry.kind()), line.known_kind(), "{line:?}");
        }
    }
}
