//! A job's inside without processes: what the job script, the runner and the agent leave in a
//! sprint's directory, in simulated time. Journal lines are written by the runner's own journal,
//! and what a call has cost is read from its stream as the runner does it.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use super::chance::Chance;
use super::deeds::Deed;
use crate::bundle::formats::{Calling, Money};
use crate::bundle::journal::{Entry, RunEnd};
use crate::claude::Fold;
use crate::pipeline::{self, Arrival, Definition, Position};
use crate::platform::clock::testing;
use crate::runner::Journal;

pub const MODEL: &str = "claude-sonnet-4-6";
/// US dollars for a fresh input token of that model, at list price.
const PRICE: f64 = 3e-6;

/// What comes of one incarnation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    Completes,
    StepFails,
    RunnerKilled,
    OutOfMemory,
    NodeLost { back: bool },
    Requeued,
    TimeLimit,
    CancelledOutside,
}

/// What an incarnation's end means for its job: the accounting's word and exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gone {
    Over(&'static str, &'static str),
    BackToQueue(&'static str),
}

/// What stays of a sprint between incarnations and jobs, beside its files, and what is true of it.
pub struct Course {
    pub dir: PathBuf,
    pub deed: Deed,
    pub incarnations: u32,
    /// Which jobs have run the agent, for each submission.
    pub agents: BTreeMap<u32, Vec<u32>>,
    pub truth_usd: f64,
    /// Calls whose cost nobody has told in so many words.
    pub untold_calls: u32,
    pub completed: bool,
    pub done_deed: bool,
    /// How many times longer than in the shortest night everything takes.
    pace: i64,
    position: Option<Position>,
    begun: bool,
    /// The pipeline's end, when only the run's end was not recorded.
    over: Option<pipeline::End>,
    spent: Money,
    of_step: Money,
    pub(super) calling: Option<Calling>,
    number: u32,
}

impl Course {
    pub fn new(dir: &Path, deed: Deed, pace: i64) -> Self {
        Self {
            dir: dir.to_path_buf(),
            deed,
            incarnations: 0,
            agents: BTreeMap::new(),
            truth_usd: 0.0,
            untold_calls: 0,
            completed: false,
            done_deed: false,
            pace,
            position: None,
            begun: false,
            over: None,
            spent: Money::default(),
            of_step: Money::default(),
            calling: None,
            number: 0,
        }
    }

    pub(super) fn own(&self) -> PathBuf {
        self.dir.join(".researchloop")
    }

    fn stream(&self, name: &str) -> PathBuf {
        self.own().join("steps").join(name)
    }
}

/// A call under way.
struct Call {
    name: String,
    until: i64,
    /// What it has used at list price.
    used: f64,
}

/// One incarnation at work.
pub struct Run {
    pub(super) job: u32,
    journal: Journal,
    definition: Definition,
    settings: BTreeMap<String, String>,
    arrival: Option<Arrival>,
    call: Option<Call>,
    /// When something happens next.
    pub next: i64,
    pub fate: Fate,
    fate_at: i64,
    deed_at: i64,
}

fn stamp(path: &Path, time: i64) {
    if let Ok(file) = File::open(path) {
        let _ =
            file.set_modified(UNIX_EPOCH + Duration::from_secs(u64::try_from(time).unwrap_or(0)));
    }
}

pub(super) fn end(
    status: &str,
    reason: Option<&str>,
    signal: Option<&str>,
    spent: Money,
) -> RunEnd {
    RunEnd {
        status: status.to_owned(),
        reason: reason.map(str::to_owned),
        signal: signal.map(str::to_owned),
        detail: reason.unwrap_or_default().to_owned(),
        hint: String::new(),
        resets_at: None,
        processes_left: 0,
        host: "n1".to_owned(),
        summary: (status == "completed").then(|| "done".to_owned()),
        finding: None,
        unusable: Vec::new(),
        metrics: Vec::new(),
        questions: Vec::new(),
        spent,
    }
}

impl Run {
    /// The job script has its claim: a runner begins.
    pub fn begin(
        course: &mut Course,
        job: u32,
        attempt: u32,
        now: i64,
        chance: &mut Chance,
    ) -> Self {
        testing::set(Some(now));
        let own = course.own();
        let _ = std::fs::remove_file(own.join("exit.json"));
        std::fs::create_dir_all(own.join("steps")).expect("a folder");
        let (journal, _) = Journal::open(&course.dir).expect("a journal");
        course.incarnations += 1;
        course.agents.entry(attempt).or_default().push(job);
        let definition = pipeline::parse(pipeline::built_in(pipeline::DEFAULT).expect("there"))
            .expect("sound")
            .definition;
        let settings: BTreeMap<String, String> =
            [("red_team_max_rounds", "1"), ("red_team_session", "shared")]
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect();
        let plan = pipeline::plan(&definition, &settings).expect("a plan").steps;
        let fate = if !super::lie("fates") {
            Fate::Completes
        } else {
            chance.of(&[
                (46, Fate::Completes),
                (7, Fate::StepFails),
                (12, Fate::RunnerKilled),
                (5, Fate::OutOfMemory),
                (5, Fate::NodeLost { back: false }),
                (7, Fate::NodeLost { back: true }),
                (10, Fate::Requeued),
                (4, Fate::TimeLimit),
                (4, Fate::CancelledOutside),
            ])
        };
        let mut run = Self {
            job,
            journal,
            definition,
            settings,
            arrival: None,
            call: None,
            next: now,
            fate,
            fate_at: now + chance.within(120..3000) * course.pace,
            deed_at: now + chance.within(60..900) * course.pace,
        };
        run.write(
            course,
            now,
            &Entry::RunStarted {
                job_id: job.to_string(),
                host: "n1".to_owned(),
                version: "0".to_owned(),
                pipeline: "research".to_owned(),
                certain: plan
                    .iter()
                    .filter(|planned| planned.is_certain)
                    .map(|planned| planned.step.label.clone())
                    .collect(),
                plan: plan
                    .into_iter()
                    .map(|planned| (planned.step.label, planned.step.title))
                    .collect(),
                seconds: 28_800,
            },
        );
        run.account_for_killed(course, now);
        run.arrival = Some(match course.position.clone() {
            _ if course.over.is_some() => Arrival::End(course.over.clone().expect("there")),
            Some(position) => pipeline::resume(&run.definition, &position, &run.settings)
                .map(|step| Arrival::Step(Box::new(step), position))
                .expect("a step"),
            None => pipeline::start(&run.definition, &run.settings).expect("a step"),
        });
        run
    }

    fn write(&mut self, course: &Course, now: i64, entry: &Entry) {
        testing::set(Some(now));
        self.journal.write(entry).expect("written");
        stamp(&course.own().join("run.jsonl"), now);
    }

    /// What an earlier runner's interrupted call had printed is taken into account.
    fn account_for_killed(&mut self, course: &mut Course, now: i64) {
        let Some(calling) = course.calling.take() else { return };
        let mut fold = Fold::new();
        for line in std::fs::read(course.stream(&calling.stream))
            .unwrap_or_default()
            .split_inclusive(|byte| *byte == b'\n')
        {
            fold.line(line);
        }
        let spent = Money::of_call(&fold, &course.spent);
        course.spent.add(&spent);
        course.of_step.add(&spent);
        self.write(course, now, &Entry::Cost { spent, call: Some(calling) });
    }

    /// Lets everything happen until then. Returns how it ended, when it did.
    pub fn go_on(
        &mut self,
        course: &mut Course,
        until: i64,
        chance: &mut Chance,
    ) -> Option<(i64, Gone)> {
        while self.next <= until {
            let now = self.next;
            if now >= self.fate_at && self.fate != Fate::Completes && self.fate != Fate::StepFails {
                return Some((now, self.meets_its_fate(course, now)));
            }
            if now >= self.deed_at && !course.done_deed && self.call.is_some() {
                course.done_deed = true;
                if self.does(course, now) {
                    return Some((now, Gone::Over("FAILED", "137:0")));
                }
            }
            self.next = now + chance.within(8..25) * course.pace.min(2);
            if let Some(gone) = self.works(course, now, chance) {
                return Some((now, gone));
            }
        }
        None
    }

    /// One piece of work: a step begins, a call prints, a call ends.
    fn works(&mut self, course: &mut Course, now: i64, chance: &mut Chance) -> Option<Gone> {
        if let Some(call) = &mut self.call {
            if now < call.until {
                call.used += prints(&course.stream(&call.name), now, chance);
                return None;
            }
            let call = self.call.take().expect("there");
            return self.call_ends(course, now, &call, chance);
        }
        let (label, title, visit, position) = match self.arrival.as_ref().expect("somewhere") {
            Arrival::Step(step, position) => {
                (step.label.clone(), step.title.clone(), step.visit, position.clone())
            }
            Arrival::End(over) => {
                let completed = over.success;
                let ended = if completed {
                    end("completed", None, None, course.spent)
                } else {
                    end("failed", Some("step_failed"), None, course.spent)
                };
                self.journal.step = None;
                self.write(course, now, &Entry::RunEnded(Box::new(ended)));
                self.journal.finish();
                course.completed = completed;
                return Some(if completed {
                    Gone::Over("COMPLETED", "0:0")
                } else {
                    Gone::Over("FAILED", "1:0")
                });
            }
        };
        self.journal.step = Some((label.clone(), visit));
        course.position = Some(position);
        self.write(course, now, &Entry::StepStarted { title, resumed: course.begun });
        course.begun = true;
        course.number += 1;
        let name = format!("{label}.{}.jsonl", course.incarnations);
        let from = std::fs::metadata(course.stream(&name)).map_or(0, |there| there.len());
        let calling = Calling { stream: name.clone(), from };
        course.calling = Some(calling.clone());
        let session = format!("00000000-0000-4000-8000-{:012}", course.number);
        let init = serde_json::json!({ "type": "system", "subtype": "init", "session_id": session, "model": MODEL, "claude_code_version": "2.1.329" });
        append(&course.stream(&name), &format!("{init}\n"), now);
        self.write(
            course,
            now,
            &Entry::Agent {
                session_id: session,
                model: MODEL.to_owned(),
                version: "2.1.329".to_owned(),
                aside: false,
                call: Some(calling),
            },
        );
        self.call =
            Some(Call { name, until: now + chance.within(60..700) * course.pace, used: 0.0 });
        None
    }

    fn call_ends(
        &mut self,
        course: &mut Course,
        now: i64,
        call: &Call,
        chance: &mut Chance,
    ) -> Option<Gone> {
        let path = course.stream(&call.name);
        let used = call.used + prints(&path, now, chance);
        let fails = self.fate == Fate::StepFails && now >= self.fate_at;
        let told = match chance.within(0..100) {
            _ if !super::lie("costs") => Some(serde_json::json!(used)),
            0..6 => None,
            6..11 => Some(serde_json::json!(-1.0)),
            11..15 => Some(serde_json::json!(1e300)),
            15..20 => Some(serde_json::json!("a lot")),
            _ => Some(serde_json::json!(used)),
        };
        let is_told = told.as_ref().is_some_and(|cost| cost.as_f64() == Some(used));
        let mut result = serde_json::json!({ "type": "result", "subtype": "success", "is_error": fails, "num_turns": 3, "result": "done" });
        if let (Some(result), Some(told)) = (result.as_object_mut(), told) {
            result.insert("total_cost_usd".to_owned(), told);
        }
        append(&path, &format!("{result}\n"), now);
        course.truth_usd += used;
        course.untold_calls += u32::from(!is_told);
        let mut fold = Fold::new();
        for line in std::fs::read(&path).expect("a stream").split_inclusive(|byte| *byte == b'\n') {
            fold.line(line);
        }
        let spent = Money::of_call(&fold, &course.spent);
        course.spent.add(&spent);
        course.of_step.add(&spent);
        let calling = course.calling.take();
        self.write(course, now, &Entry::Cost { spent, call: calling });
        let verdict = match self.arrival.as_ref().expect("somewhere") {
            _ if fails => pipeline::Verdict::Error,
            Arrival::Step(step, _) if step.state == "red_team" && chance.percent(50) => {
                pipeline::Verdict::No
            }
            _ => pipeline::Verdict::Yes,
        };
        let spent = std::mem::take(&mut course.of_step);
        self.write(
            course,
            now,
            &Entry::StepEnded {
                verdict: verdict.as_str().to_owned(),
                detail: String::new(),
                critical: None,
                issues: Vec::new(),
                critical_issues: Vec::new(),
                seconds: 1,
                spent,
            },
        );
        let position = course.position.clone().expect("somewhere");
        let next =
            pipeline::advance(&self.definition, &position, verdict, &self.settings).expect("a way");
        course.begun = false;
        course.position = Some(match &next {
            Arrival::Step(_, position) => position.clone(),
            Arrival::End(over) => {
                course.over = Some(over.clone());
                over.position.clone()
            }
        });
        self.arrival = Some(next);
        None
    }

    /// The runner is told to stop, and records it.
    pub fn is_stopped(&mut self, course: &mut Course, now: i64, signal: &str) {
        // The call is ended, and what it had printed is told.
        if let Some(call) = self.call.take() {
            course.truth_usd += call.used;
            course.untold_calls += 1;
            let calling = course.calling.take();
            let mut fold = Fold::new();
            for line in std::fs::read(course.stream(&call.name))
                .unwrap_or_default()
                .split_inclusive(|byte| *byte == b'\n')
            {
                fold.line(line);
            }
            let spent = Money::of_call(&fold, &course.spent);
            course.spent.add(&spent);
            course.of_step.add(&spent);
            self.write(course, now, &Entry::Cost { spent, call: calling });
        }
        self.write(course, now, &Entry::Signal { name: signal.to_owned() });
        self.journal.step = None;
        let ended = end("failed", None, Some(signal), course.spent);
        self.write(course, now, &Entry::RunEnded(Box::new(ended)));
        self.journal.finish();
    }

    /// Nothing is recorded by the runner. The call's stream stays as it is.
    pub(super) fn is_killed(&mut self, course: &mut Course, now: i64, by_script: bool) {
        if let Some(call) = self.call.take() {
            course.truth_usd += call.used;
            course.untold_calls += 1;
        }
        if by_script {
            let exit = serde_json::json!({ "v": 1, "reason": "runner_killed", "status": 137, "job_id": self.job.to_string(), "host": "n1", "time": now, "processes_left": 0 });
            std::fs::write(course.own().join("exit.json"), format!("{exit}\n")).expect("written");
        }
    }

    fn meets_its_fate(&mut self, course: &mut Course, now: i64) -> Gone {
        match self.fate {
            Fate::Completes | Fate::StepFails => Gone::Over("COMPLETED", "0:0"),
            Fate::RunnerKilled => {
                self.is_killed(course, now, true);
                Gone::Over("FAILED", "137:0")
            }
            Fate::OutOfMemory => {
                self.is_killed(course, now, true);
                Gone::Over("OUT_OF_MEMORY", "0:125")
            }
            Fate::NodeLost { back } => {
                self.is_killed(course, now, false);
                if back { Gone::BackToQueue("NODE_FAIL") } else { Gone::Over("NODE_FAIL", "0:0") }
            }
            Fate::Requeued => {
                self.is_stopped(course, now, "TERM");
                Gone::BackToQueue("REQUEUED")
            }
            Fate::TimeLimit => {
                self.is_stopped(course, now, "TERM");
                Gone::Over("TIMEOUT", "0:0")
            }
            Fate::CancelledOutside => {
                self.is_stopped(course, now, "TERM");
                Gone::Over("CANCELLED", "0:15")
            }
        }
    }
}

pub(super) fn append(path: &Path, text: &str, now: i64) {
    let mut file = OpenOptions::new().append(true).create(true).open(path).expect("opened");
    file.write_all(text.as_bytes()).expect("written");
    drop(file);
    stamp(path, now);
}

/// A reply in a call's stream. Returns what it costs at list price.
fn prints(path: &Path, now: i64, chance: &mut Chance) -> f64 {
    let (input, output, read, made) = (
        chance.within(100..2000),
        chance.within(50..800),
        chance.within(0..20_000),
        chance.within(0..4000),
    );
    let id = format!("msg_{:016x}", chance.next());
    let usage = serde_json::json!({
        "input_tokens": input, "output_tokens": output, "cache_read_input_tokens": read, "cache_creation_input_tokens": made
    });
    let reply = serde_json::json!({
        "type": "assistant",
        "message": { "id": id, "type": "message", "role": "assistant", "model": MODEL, "content": [{ "type": "text", "text": "on" }], "usage": usage },
        "parent_tool_use_id": null,
    });
    append(path, &format!("{reply}\n"), now);
    let float = |count: i64| f64::from(i32::try_from(count).expect("small"));
    (float(input) + 5.0 * float(output) + 0.1 * float(read) + 1.25 * float(made)) * PRICE
}
