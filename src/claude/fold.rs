//! The state of one process of the agent, folded from the lines it prints.
//!
//! Hides the order and the repetition of events: a process may begin several turns
//! (it is woken when a background command ends) and print several results, and the
//! same refusal is told once, twice or only at the end, depending on the version.

use std::collections::{BTreeSet, HashMap, HashSet};

use serde_json::Value;

use super::cost::{Ledger, Spent};
use super::event::{Denial, Event, Failure, Line, Reply, ResultLine, ToolResult};
use super::notice::{Limit, Notice};
use super::text::{LINE, first_line};
use super::tools::{self, Pending};
use crate::domain::text::one_line;

/// Longer lines are skipped, in bytes. The longest seen from the real program is far below.
const LONGEST_LINE: usize = 64 * 1024 * 1024;
/// Ids remembered of each kind; beyond it the oldest knowledge is dropped, never the counting.
const REMEMBERED: usize = 10_000;
/// Refused tools that are named.
const NAMED: usize = 20;

/// Folds the standard output of one process. Give it every line, then ask for the verdict.
#[derive(Debug, Clone, Default)]
pub struct Fold {
    session_id: Option<String>,
    model: Option<String>,
    version: Option<String>,
    pub(super) key_source: Option<String>,
    pub(super) structured_expected: bool,
    pub(super) greeted: bool,
    ledger: Ledger,
    pub(super) last: Option<Box<ResultLine>>,
    structured: Option<Value>,
    /// The agent has gone on since the last result.
    pub(super) turn_open: bool,
    /// The failed request that no result has reported yet.
    pub(super) failure: Option<Failure>,
    pub(super) limit: Option<Limit>,
    /// The model's safety filter stopped the last answer.
    pub(super) refusal: bool,
    /// What the program said of damage to the conversation that it goes on with.
    damage: Option<String>,
    unattended: Vec<String>,
    pub(super) pending: Pending,
    /// What a dialog would have asked a person.
    question: Option<String>,
    tasks: Tasks,
    tool_calls: u64,
    tools_running: HashMap<String, String>,
    refused_ids: HashSet<String>,
    pub(super) refused: Vec<String>,
    /// The last line that was no event: the words of some other program.
    pub(super) stray: String,
    pub(super) events: u64,
}

/// Background tasks: newer versions tell all there are, older ones each start and end.
#[derive(Debug, Clone, Default)]
struct Tasks {
    told: Option<usize>,
    started: BTreeSet<String>,
    /// Commands of versions that tell neither.
    silent: BTreeSet<String>,
    /// Starts and ends are told.
    speaks: bool,
}

impl Tasks {
    fn count(&self) -> usize {
        self.told.unwrap_or(self.started.len())
    }

    /// How many were left when the process had ended.
    fn left(&self) -> usize {
        if self.speaks { self.count() } else { self.silent.len() }
    }
}

impl Fold {
    /// Nothing read yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The call asked for an answer that follows a schema: without one it is not done.
    pub fn expecting_structured_output(mut self) -> Self {
        self.structured_expected = true;
        self
    }

    /// Takes one line without its line break and tells what a reader may want to see.
    /// Any bytes will do: a line that is no event of the stream says nothing.
    pub fn line(&mut self, line: &[u8]) -> Vec<Notice> {
        if line.len() > LONGEST_LINE {
            return Vec::new();
        }
        let Some(Line { session_id, event }) = Line::read(line) else {
            let stray = one_line(&String::from_utf8_lossy(&line[..line.len().min(4 * LINE)]), LINE);
            if !stray.is_empty() {
                self.stray = stray;
            }
            return Vec::new();
        };
        self.events = self.events.saturating_add(1);
        if let Some(id) = session_id
            && (self.session_id.is_none() || matches!(event, Event::Init { .. }))
        {
            self.session_id = Some(id);
        }
        let mut notices = Vec::new();
        self.take(event, &mut notices);
        notices
    }

    fn take(&mut self, event: Event, notices: &mut Vec<Notice>) {
        match event {
            Event::Init { model, version, key_source, unattended, damage } => {
                if self.last.is_some() {
                    self.pending.woken();
                }
                self.turn_open = true;
                self.damage = self.damage.take().or(damage);
                self.unattended = unattended;
                self.ledger.asks();
                self.version = version.or(self.version.take());
                self.key_source = key_source.or(self.key_source.take());
                self.model_is(model, notices);
                if !std::mem::replace(&mut self.greeted, true) {
                    notices.push(Notice::Session {
                        session_id: self.session_id.clone().unwrap_or_default(),
                        model: self.model.clone().unwrap_or_default(),
                        version: self.version.clone().unwrap_or_default(),
                    });
                }
            }
            Event::Assistant(reply) => self.reply(reply, notices),
            Event::User { subagent, tool_results } => {
                if !subagent {
                    self.turn_open = true;
                    self.ledger.asks();
                }
                for result in tool_results {
                    self.tool_result(result, notices);
                }
            }
            Event::Result(result) => self.result(result, notices),
            Event::Limit(limit) => {
                if self.limit.as_ref() != Some(&limit) {
                    notices.push(Notice::Limit(limit.clone()));
                    self.limit = Some(limit);
                }
            }
            Event::Retry { attempt, max_retries, delay_ms, error, status } => {
                notices.push(Notice::Retrying { attempt, max_retries, delay_ms, error, status });
            }
            Event::Denied(denial) => self.denied(denial, notices),
            Event::ModelFallback { from, to } => {
                let from =
                    if from.is_empty() { self.model.take().unwrap_or_default() } else { from };
                self.model = Some(to.clone());
                notices.push(Notice::ModelChanged { from, to });
            }
            Event::BackgroundTasks(count) => {
                self.tasks_change(notices, |tasks| tasks.told = Some(count))
            }
            Event::TaskStarted { id } => self.tasks_change(notices, |tasks| {
                if tasks.started.len() < REMEMBERED {
                    tasks.started.insert(id);
                }
            }),
            Event::TaskEnded { id } => self.tasks_change(notices, |tasks| {
                tasks.started.remove(&id);
            }),
            Event::Refused => self.refusal = true,
            Event::Damaged(said) => self.damage = self.damage.take().or(Some(said)),
            Event::Compacted => notices.push(Notice::Compacted),
            Event::Usage { message_id, tokens } => {
                self.ledger.reply(message_id.as_deref(), tokens, false, 0)
            }
            Event::Other => {}
        }
    }

    fn reply(&mut self, reply: Reply, notices: &mut Vec<Notice>) {
        if !reply.synthetic {
            self.ledger.reply(
                reply.message_id.as_deref(),
                reply.tokens,
                !reply.subagent,
                reply.written,
            );
        }
        if !reply.subagent {
            self.turn_open = true;
            self.refusal = reply.refused || self.refusal && reply.synthetic;
            // A real reply after a failed request: that one was overcome.
            self.failure = reply.synthetic.then_some(reply.failure);
            self.model_is(reply.model, notices);
            notices.extend(reply.texts.into_iter().map(Notice::Text));
        }
        for tool in reply.tools {
            self.question = tool.question.or(self.question.take());
            if self.tools_running.len() >= REMEMBERED {
                self.tools_running.clear();
            }
            if self.tools_running.insert(tool.id, tool.name.clone()).is_none() {
                self.tool_calls = self.tool_calls.saturating_add(1);
                notices.push(Notice::Tool { name: tool.name, brief: tool.brief });
            }
        }
    }

    fn tool_result(&mut self, result: ToolResult, notices: &mut Vec<Notice>) {
        let name = self.tools_running.remove(&result.id).unwrap_or_default();
        if result.failed.is_none() {
            self.pending.succeeded(&name);
            if let Some(id) = result.background
                && self.tasks.silent.len() < REMEMBERED
            {
                self.tasks.silent.insert(id);
            }
        }
        if let Some(detail) = result.failed
            && !self.refused_ids.contains(&result.id)
        {
            notices.push(Notice::ToolFailed { name, detail });
        }
    }

    fn result(&mut self, mut result: Box<ResultLine>, notices: &mut Vec<Notice>) {
        for denial in std::mem::take(&mut result.denials) {
            self.denied(denial, notices);
        }
        self.ledger.result(&result);
        let said = Failure { text: result.text.clone().unwrap_or_default(), ..Failure::default() };
        result.failure.fill_from(self.failure.take().unwrap_or(said));
        self.structured = result.structured.take().or(self.structured.take());
        self.turn_open = false;
        let text = result
            .text
            .as_deref()
            .or(result.errors.first().map(String::as_str))
            .unwrap_or_default();
        notices.push(Notice::Result {
            ok: !result.is_error,
            text: first_line(text, LINE),
            cost_usd: self.ledger.spent().cost_usd,
        });
        self.last = Some(result);
    }

    fn denied(&mut self, denial: Denial, notices: &mut Vec<Notice>) {
        if self.refused_ids.len() >= REMEMBERED {
            self.refused_ids.clear();
        }
        if self.refused_ids.insert(denial.id) {
            // One that is not offered in a job is no loss.
            if self.refused.len() < NAMED
                && !tools::is_for_a_person(&denial.tool)
                && !self.refused.contains(&denial.tool)
            {
                self.refused.push(denial.tool.clone());
            }
            notices.push(Notice::Denied { tool: denial.tool });
        }
    }

    fn model_is(&mut self, model: Option<String>, notices: &mut Vec<Notice>) {
        let Some(to) = model else { return };
        match &self.model {
            Some(from) if is_same_model(from, &to) => {}
            Some(from) => {
                notices.push(Notice::ModelChanged { from: from.clone(), to: to.clone() });
                self.model = Some(to);
            }
            None => self.model = Some(to),
        }
    }

    fn tasks_change(&mut self, notices: &mut Vec<Notice>, change: impl FnOnce(&mut Tasks)) {
        let before = self.tasks.count();
        self.tasks.speaks = true;
        change(&mut self.tasks);
        if self.tasks.count() != before {
            notices.push(Notice::BackgroundTasks(self.tasks.count()));
        }
    }

    /// Whether a result has been printed. The process may live on: see [`Fold::background_tasks`].
    pub fn result_seen(&self) -> bool {
        self.last.is_some()
    }

    /// Whether the agent stands still after a result: no turn has begun since.
    pub fn is_idle(&self) -> bool {
        self.last.is_some() && !self.turn_open
    }

    /// How many commands run in the background. While there are some, the process waits
    /// after its result and the agent is woken when one ends.
    pub fn background_tasks(&self) -> usize {
        self.tasks.count()
    }

    /// How many commands ran in the background when the process ended, as far as its version tells.
    pub fn left_behind(&self) -> usize {
        self.tasks.left()
    }

    /// Whether anything was heard of the program: one event at least.
    pub fn has_spoken(&self) -> bool {
        self.events > 0
    }

    /// What the program said of damage to the conversation that it goes on with: it should not go on.
    pub fn damage(&self) -> Option<&str> {
        self.damage.as_deref()
    }

    /// Tools that its first event lists and that need a person, or come back by themselves.
    pub fn unattended(&self) -> &[String] {
        &self.unattended
    }

    /// What a dialog would have asked a person.
    pub fn question(&self) -> Option<&str> {
        self.question.as_deref()
    }

    /// The session's id: letters, digits and hyphens.
    pub fn session_id(&self) -> Option<&str> {
        self.session_id.as_deref()
    }

    /// The model that answers in the main conversation.
    pub fn model(&self) -> Option<&str> {
        self.model.as_deref()
    }

    /// The program's version, as in `2.1.329`.
    pub fn version(&self) -> Option<&str> {
        self.version.as_deref()
    }

    /// Tools used so far, by the agent and its helpers.
    pub fn tool_calls(&self) -> u64 {
        self.tool_calls
    }

    /// What was last said of the account's limits.
    pub fn limit(&self) -> Option<&Limit> {
        self.limit.as_ref()
    }

    /// What the process has used so far. Before its first line it has asked for nothing.
    pub fn spent(&self) -> Spent {
        self.ledger.spent()
    }

    /// The text of the last result, whole, as the agent wrote it. On a failure it is the
    /// program's error message: ask for the verdict before using it as an answer.
    pub fn result_text(&self) -> Option<&str> {
        self.last.as_ref().and_then(|result| result.text.as_deref())
    }

    /// The answer that follows the schema, if one was asked for and given.
    pub fn structured_output(&self) -> Option<&Value> {
        self.structured.as_ref()
    }
}

impl Failure {
    /// What a result leaves out stands on the synthetic reply before it.
    fn fill_from(&mut self, reply: Self) {
        self.status = self.status.or(reply.status);
        self.word = self.word.take().or(reply.word);
        self.api_error = self.api_error.take().or(reply.api_error);
        self.kind = self.kind.take().or(reply.kind);
        self.resets_at = self.resets_at.or(reply.resets_at);
        self.knows_status |= reply.knows_status;
        self.text = reply.text;
        // Some versions, and some failures of others, tell it in words only: `API Error: 400 ...`.
        let in_words =
            || self.text.strip_prefix("API Error: ")?.split_whitespace().next()?.parse().ok();
        self.status = self.status.or_else(in_words).filter(|status| (100..600).contains(status));
    }
}

/// One may be the other with a date or a variant behind it.
fn is_same_model(one: &str, other: &str) -> bool {
    let (short, long) = if one.len() <= other.len() { (one, other) } else { (other, one) };
    let short = short.split('[').next().unwrap_or(short);
    long.strip_prefix(short).is_some_and(|rest| {
        let date = rest
            .strip_prefix('-')
            .is_some_and(|date| date.starts_with(|c: char| c.is_ascii_digit()) && date.len() >= 8);
        rest.is_empty() || rest.starts_with('[') || date
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notices(lines: &[&str]) -> Vec<Notice> {
        let mut fold = Fold::new();
        lines.iter().flat_map(|line| fold.line(line.as_bytes())).collect()
    }

    #[test]
    fn a_switched_model_is_told_once_however_it_is_told() {
        let init = r#"{"type":"system","subtype":"init","model":"opus-5[1m]"}"#;
        let dated = r#"{"type":"assistant","message":{"model":"opus-5-20270101","content":[]}}"#;
        let switch = r#"{"type":"system","subtype":"model_fallback","original_model":"opus-5","fallback_model":"sonnet-5"}"#;
        let sonnet = r#"{"type":"assistant","message":{"model":"sonnet-5","content":[]}}"#;
        let helper = r#"{"type":"assistant","parent_tool_use_id":"toolu_1","message":{"model":"haiku-5","content":[]}}"#;
        let failed = r#"{"type":"assistant","message":{"model":"<synthetic>","content":[]}}"#;
        let changes = |lines: &[&str]| {
            let told = notices(lines);
            told.into_iter()
                .filter(|notice| matches!(notice, Notice::ModelChanged { .. }))
                .collect::<Vec<_>>()
        };
        assert_eq!(changes(&[init, dated, helper, failed, init]), []);
        let change = Notice::ModelChanged { from: "opus-5".to_owned(), to: "sonnet-5".to_owned() };
        assert_eq!(changes(&[init, dated, switch, sonnet, sonnet]), [change]);
        assert_eq!(changes(&[init, sonnet, sonnet]).len(), 1);
        assert!(!is_same_model("claude-opus-5", "claude-opus-5-5"));
    }

    #[test]
    fn background_work_is_counted_from_starts_and_ends_where_no_total_is_told() {
        let mut fold = Fold::new();
        let mut after = |line: &str| {
            fold.line(line.as_bytes());
            fold.background_tasks()
        };
        assert_eq!(after(r#"{"type":"system","subtype":"task_started","task_id":"a"}"#), 1);
        assert_eq!(
            after(
                r#"{"type":"system","subtype":"task_started","task_id":"b","is_backgrounded":false}"#
            ),
            1
        );
        assert_eq!(after(r#"{"type":"system","subtype":"task_notification","task_id":"zzz"}"#), 1);
        assert_eq!(after(r#"{"type":"system","subtype":"task_notification","task_id":"a"}"#), 0);
        assert_eq!(
            after(r#"{"type":"system","subtype":"background_tasks_changed","tasks":[{},{}]}"#),
            2
        );
    }

    #[test]
    fn a_session_id_that_could_be_an_option_or_a_path_is_not_taken() {
        for id in ["--help", "../../etc", "a b", "", "a;b"] {
            let mut fold = Fold::new();
            fold.line(format!(r#"{{"type":"x","session_id":"{id}"}}"#).as_bytes());
            assert_eq!(fold.session_id(), None, "{id}");
        }
    }
}
