//! One line of the event stream, read into a value.
//!
//! Hides the names and places of fields in every version since 2.0.60. Keys come in any
//! order, may be missing or have another type; unknown kinds of events are [`Event::Other`].

use serde_json::Value;

use super::cost::{Tokens, is_little};
use super::notice::{Limit, LimitStatus, Window};
use super::text::{LINE, WORD, brief, first_line};
use super::tools;
use super::whole::damage;
use crate::domain::text::one_line;

/// A line that was one JSON object.
pub(super) struct Line {
    /// The session it belongs to, if it names a plausible one.
    pub(super) session_id: Option<String>,
    pub(super) event: Event,
}

/// What the line says.
pub(super) enum Event {
    /// A turn begins.
    Init {
        model: Option<String>,
        version: Option<String>,
        key_source: Option<String>,
        /// Tools that need a person, or come back by themselves.
        unattended: Vec<String>,
        /// That what it goes on with is not whole.
        damage: Option<String>,
    },
    /// A piece of a reply. One reply comes in several lines of the same message id.
    Assistant(Reply),
    /// What went back to the model: results of tools, or words of the program itself.
    User {
        subagent: bool,
        tool_results: Vec<ToolResult>,
    },
    /// A turn ended.
    Result(Box<ResultLine>),
    Limit(Limit),
    Retry {
        attempt: u64,
        max_retries: u64,
        delay_ms: u64,
        error: String,
        status: Option<u64>,
    },
    Denied(Denial),
    ModelFallback {
        from: String,
        to: String,
    },
    /// All background tasks there are now.
    BackgroundTasks(usize),
    TaskStarted {
        id: String,
    },
    TaskEnded {
        id: String,
    },
    Compacted,
    /// The model's safety filter stopped the answer, and no other model took over.
    Refused,
    /// The program says that the conversation that it goes on with is not whole.
    Damaged(String),
    /// Usage of a reply while it streams; only with partial messages.
    Usage {
        message_id: Option<String>,
        tokens: Tokens,
    },
    Other,
}

/// See [`Event::Assistant`].
pub(super) struct Reply {
    pub(super) message_id: Option<String>,
    /// `None` if the program wrote it itself, to report a failure.
    pub(super) model: Option<String>,
    pub(super) synthetic: bool,
    pub(super) subagent: bool,
    pub(super) texts: Vec<String>,
    pub(super) tools: Vec<ToolUse>,
    /// The model's safety filter stopped it.
    pub(super) refused: bool,
    pub(super) tokens: Tokens,
    /// Bytes of text in this piece, whatever it is: words, thoughts, arguments of a tool.
    pub(super) written: u64,
    pub(super) failure: Failure,
}

/// A tool that is about to run.
pub(super) struct ToolUse {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) brief: String,
    /// What it asks a person, if that is what it is for.
    pub(super) question: Option<String>,
}

/// What came back from a tool. `failed` holds its first words if it failed.
pub(super) struct ToolResult {
    pub(super) id: String,
    pub(super) failed: Option<String>,
    /// The command that goes on in the background.
    pub(super) background: Option<String>,
}

/// A tool that was not allowed.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Denial {
    pub(super) id: String,
    pub(super) tool: String,
}

/// What is said of a failed request, on a synthetic reply or on a result.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Failure {
    /// Whether the line has a place for the status at all: 2.0.60 has none.
    pub(super) knows_status: bool,
    /// The HTTP status; `None` also if there was no answer.
    pub(super) status: Option<u64>,
    /// `error`, as in `rate_limit`.
    pub(super) word: Option<String>,
    /// `api_error`, as in `usage_limit_reached`.
    pub(super) api_error: Option<String>,
    /// `api_error_type`, as in `overloaded_error`.
    pub(super) kind: Option<String>,
    /// When the limit that was hit ends.
    pub(super) resets_at: Option<i64>,
    /// For a person.
    pub(super) text: String,
}

/// See [`Event::Result`].
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct ResultLine {
    pub(super) subtype: String,
    pub(super) is_error: bool,
    pub(super) terminal_reason: String,
    /// The model's safety filter stopped it.
    pub(super) refused: bool,
    /// Why the program could not begin, as in `config_file_invalid`.
    pub(super) startup_failure: Option<String>,
    /// The answer, whole and as it came.
    pub(super) text: Option<String>,
    pub(super) structured: Option<Value>,
    pub(super) errors: Vec<String>,
    pub(super) failure: Failure,
    pub(super) denials: Vec<Denial>,
    pub(super) total_cost_usd: Option<f64>,
    /// Dollars and tokens of the calls since the result before; newer versions only.
    pub(super) since_last: Option<(f64, Tokens)>,
    /// Tokens of all models, running total.
    pub(super) running_total: Option<Tokens>,
    /// Tokens of this turn.
    pub(super) turn: Tokens,
    pub(super) turns: u64,
    pub(super) duration_api_ms: u64,
}

impl Line {
    /// `None` if the line is anything but one JSON object.
    pub(super) fn read(line: &[u8]) -> Option<Self> {
        if line.iter().find(|byte| !byte.is_ascii_whitespace()) != Some(&b'{') {
            return None;
        }
        let value: Value = serde_json::from_str(&String::from_utf8_lossy(line)).ok()?;
        let session_id =
            text(&value, "session_id").filter(|id| is_session_id(id)).map(str::to_owned);
        Some(Self { session_id, event: event(&value) })
    }
}

/// The id is handed to `--resume` later, so it must not look like an option or a path.
fn is_session_id(id: &str) -> bool {
    id.len() <= 64
        && id.starts_with(|c: char| c.is_ascii_alphanumeric())
        && id.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
}

fn event(value: &Value) -> Event {
    match text(value, "type") {
        Some("system") => system(value),
        Some("assistant") => Event::Assistant(reply(value)),
        Some("user") => Event::User {
            subagent: is_subagent(value),
            tool_results: blocks(value)
                .filter(|block| text(block, "type") == Some("tool_result"))
                .map(|block| tool_result(value, block))
                .collect(),
        },
        Some("result") => Event::Result(Box::new(result(value))),
        Some("rate_limit_event") => {
            value.get("rate_limit_info").map_or(Event::Other, |info| Event::Limit(limit(info)))
        }
        Some("stream_event") => stream_event(value),
        _ => Event::Other,
    }
}

fn system(value: &Value) -> Event {
    match text(value, "subtype") {
        Some("init") => Event::Init {
            model: word(value, "model"),
            version: word(value, "claude_code_version"),
            key_source: word(value, "apiKeySource"),
            unattended: unattended(value),
            damage: damage(value).map(|said| one_line(&said, LINE)),
        },
        Some("api_retry") => Event::Retry {
            attempt: count(value, "attempt"),
            max_retries: count(value, "max_retries"),
            delay_ms: count(value, "retry_delay_ms"),
            error: word(value, "error").unwrap_or_else(|| "unknown".to_owned()),
            status: status(value, "error_status"),
        },
        Some("permission_denied") => Event::Denied(denial(value)),
        Some("model_fallback") => {
            match (word(value, "original_model"), word(value, "fallback_model")) {
                (from, Some(to)) => Event::ModelFallback { from: from.unwrap_or_default(), to },
                _ => Event::Other,
            }
        }
        Some("background_tasks_changed") => value
            .get("tasks")
            .and_then(Value::as_array)
            .map_or(Event::Other, |tasks| Event::BackgroundTasks(tasks.len())),
        // Older versions do not say whether it is in the background; a helper in the foreground is not.
        Some("task_started")
            if value.get("is_backgrounded").and_then(Value::as_bool) != Some(false) =>
        {
            word(value, "task_id").map_or(Event::Other, |id| Event::TaskStarted { id })
        }
        Some("task_notification") => {
            word(value, "task_id").map_or(Event::Other, |id| Event::TaskEnded { id })
        }
        Some("compact_boundary") => Event::Compacted,
        Some("model_refusal_no_fallback") => Event::Refused,
        _ => damage(value).map_or(Event::Other, |said| Event::Damaged(one_line(&said, LINE))),
    }
}

/// The tools of a first event that need a person. Their names become an argument of later calls.
fn unattended(init: &Value) -> Vec<String> {
    let all =
        init.get("tools").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    let is_name = |name: &&str| {
        name.len() <= WORD
            && name.starts_with(char::is_alphabetic)
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    all.filter(is_name)
        .filter(|name| tools::is_for_a_person(name))
        .take(50)
        .map(str::to_owned)
        .collect()
}

fn reply(value: &Value) -> Reply {
    let message = value.get("message").unwrap_or(&Value::Null);
    let model = word(message, "model");
    let synthetic = model.as_deref() == Some("<synthetic>");
    let mut texts = Vec::new();
    let mut tools = Vec::new();
    let mut written = 0;
    for block in blocks(value) {
        written += match text(block, "type") {
            Some("tool_use") => block.get("input").map_or(0, |input| input.to_string().len()),
            _ => ["text", "thinking"].iter().filter_map(|key| text(block, key)).map(str::len).sum(),
        };
        match text(block, "type") {
            Some("text") => texts.push(first_line(text(block, "text").unwrap_or_default(), LINE)),
            Some("tool_use") => {
                let name = text(block, "name").unwrap_or_default();
                let brief = brief(name, block.get("input").unwrap_or(&Value::Null));
                let question = (name == "AskUserQuestion")
                    .then(|| block.get("input").and_then(question))
                    .flatten();
                tools.push(ToolUse {
                    id: word(block, "id").unwrap_or_default(),
                    name: one_line(name, WORD),
                    brief,
                    question,
                });
            }
            _ => {}
        }
    }
    texts.retain(|text| !text.is_empty());
    Reply {
        message_id: word(message, "id"),
        model: model.filter(|_| !synthetic),
        synthetic,
        subagent: is_subagent(value),
        tools,
        refused: is_refusal(message),
        tokens: message.get("usage").map(tokens).unwrap_or_default(),
        written: written as u64,
        failure: Failure { text: texts.join(" "), ..failure(value) },
        texts,
    }
}

/// What a dialog would have asked.
fn question(input: &Value) -> Option<String> {
    let first = input.get("questions").and_then(|all| all.get(0)).unwrap_or(input);
    word(first, "question")
        .and_then(|_| text(first, "question"))
        .map(|text| one_line(text, 4 * LINE))
}

fn is_refusal(value: &Value) -> bool {
    text(value, "stop_reason") == Some("refusal")
}

fn tool_result(line: &Value, block: &Value) -> ToolResult {
    let failed = block.get("is_error").and_then(Value::as_bool) == Some(true);
    let words = match block.get("content") {
        Some(Value::String(words)) => one_line(words, LINE),
        Some(Value::Array(parts)) => parts
            .iter()
            .filter_map(|part| text(part, "text"))
            .next()
            .map(|words| one_line(words, LINE))
            .unwrap_or_default(),
        _ => String::new(),
    };
    let background =
        line.get("tool_use_result").and_then(|result| word(result, "backgroundTaskId"));
    ToolResult {
        id: word(block, "tool_use_id").unwrap_or_default(),
        failed: failed.then_some(words),
        background,
    }
}

fn result(value: &Value) -> ResultLine {
    let subtype = word(value, "subtype").unwrap_or_default();
    let list = |key| value.get(key).and_then(Value::as_array).into_iter().flatten();
    ResultLine {
        // Older versions leave `is_error` false on their own limits, so an `error_` subtype counts as well.
        is_error: value.get("is_error").and_then(Value::as_bool).unwrap_or(subtype != "success")
            || subtype.starts_with("error"),
        subtype,
        terminal_reason: word(value, "terminal_reason").unwrap_or_default(),
        refused: is_refusal(value),
        startup_failure: word(value, "startup_failure_reason"),
        text: text(value, "result").map(str::to_owned),
        structured: value.get("structured_output").filter(|output| !output.is_null()).cloned(),
        errors: list("errors")
            .filter_map(Value::as_str)
            .map(|error| one_line(error, LINE))
            .take(5)
            .collect(),
        failure: failure(value),
        denials: list("permission_denials").map(denial).collect(),
        // The sum lacks what no price is known of.
        total_cost_usd: dollars(value, "total_cost_usd").filter(|_| {
            !value.get("modelUsage").and_then(models).is_some_and(|(dollars, _)| dollars.is_nan())
        }),
        since_last: value.get("model_usage_since_last_result").and_then(models),
        running_total: value.get("modelUsage").and_then(models).map(|(_, tokens)| tokens),
        turn: value.get("usage").map(tokens).unwrap_or_default(),
        turns: count(value, "num_turns"),
        duration_api_ms: count(value, "duration_api_ms"),
    }
}

fn failure(value: &Value) -> Failure {
    Failure {
        knows_status: value.get("api_error_status").is_some()
            || value.get("is_api_error_message").is_some(),
        status: status(value, "api_error_status"),
        word: word(value, "error"),
        api_error: word(value, "api_error"),
        kind: word(value, "api_error_type"),
        resets_at: value
            .get("api_error_params")
            .and_then(|params| params.get("rate_limit_info"))
            .and_then(|info| moment(info, "resetsAt")),
        text: String::new(),
    }
}

fn limit(info: &Value) -> Limit {
    let windows: Vec<Window> = info
        .get("unifiedWindows")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
        .take(8)
        .map(|(name, window)| Window {
            name: one_line(name, WORD),
            utilization: part(window),
            resets_at: moment(window, "resetsAt"),
        })
        .collect();
    let kind = word(info, "rateLimitType").unwrap_or_default();
    let window = windows.iter().find(|window| window.name == kind);
    Limit {
        status: match text(info, "status") {
            Some("allowed") => LimitStatus::Allowed,
            Some("allowed_warning") => LimitStatus::Warning,
            Some("rejected") => LimitStatus::Rejected,
            other => LimitStatus::Other(one_line(other.unwrap_or_default(), WORD)),
        },
        resets_at: moment(info, "resetsAt").or_else(|| window.and_then(|window| window.resets_at)),
        utilization: part(info).or_else(|| window.and_then(|window| window.utilization)),
        using_overage: info.get("isUsingOverage").and_then(Value::as_bool) == Some(true),
        kind,
        windows,
    }
}

fn stream_event(value: &Value) -> Event {
    let usage = value
        .get("event")
        .filter(|event| text(event, "type") == Some("message_delta"))
        .and_then(|event| event.get("usage"));
    match (word(value, "api_message_id"), usage) {
        (Some(id), Some(usage)) => Event::Usage { message_id: Some(id), tokens: tokens(usage) },
        _ => Event::Other,
    }
}

fn denial(value: &Value) -> Denial {
    Denial {
        id: word(value, "tool_use_id").unwrap_or_default(),
        tool: word(value, "tool_name").unwrap_or_else(|| "a tool".to_owned()),
    }
}

fn is_subagent(value: &Value) -> bool {
    value.get("parent_tool_use_id").is_some_and(|parent| !parent.is_null())
}

fn blocks(value: &Value) -> impl Iterator<Item = &Value> {
    value
        .get("message")
        .and_then(|message| message.get("content"))
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
}

fn tokens(usage: &Value) -> Tokens {
    Tokens {
        input: count(usage, "input_tokens"),
        output: count(usage, "output_tokens"),
        cache_read: count(usage, "cache_read_input_tokens"),
        cache_write: count(usage, "cache_creation_input_tokens"),
    }
}

/// Dollars and tokens of a table model -> usage.
fn models(table: &Value) -> Option<(f64, Tokens)> {
    let mut sum = (0.0, Tokens::default());
    for usage in table.as_object()?.values() {
        let tokens = Tokens {
            input: count(usage, "inputTokens"),
            output: count(usage, "outputTokens"),
            cache_read: count(usage, "cacheReadInputTokens"),
            cache_write: count(usage, "cacheCreationInputTokens"),
        };
        // Of a model without a price, or with one that is not the list's, the program knows no dollars: then
        // the sum is none.
        let is_listed = usage.get("costBasis").is_none_or(|basis| basis == "list");
        sum.0 += match dollars(usage, "costUSD") {
            Some(dollars) if is_listed && (dollars > 0.0 || is_little(tokens)) => dollars,
            None if is_little(tokens) => 0.0,
            _ => f64::NAN,
        };
        sum.1.add(tokens);
    }
    Some(sum)
}

fn text<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    value.get(key).and_then(Value::as_str)
}

/// A name or an id: short, clean, not empty.
fn word(value: &Value, key: &str) -> Option<String> {
    text(value, key).map(|text| one_line(text, WORD)).filter(|word| !word.is_empty())
}

fn count(value: &Value, key: &str) -> u64 {
    // A float is cut, and a negative or too large one ends at the border: that is what `as` does.
    value
        .get(key)
        .and_then(|number| number.as_u64().or_else(|| number.as_f64().map(|float| float as u64)))
        .unwrap_or_default()
}

fn status(value: &Value, key: &str) -> Option<u64> {
    value.get(key).and_then(Value::as_u64)
}

/// Money that can be true: neither negative nor more than a billion.
fn dollars(value: &Value, key: &str) -> Option<f64> {
    value.get(key).and_then(Value::as_f64).filter(|dollars| (0.0..=1e9).contains(dollars))
}

fn part(value: &Value) -> Option<f64> {
    value.get("utilization").and_then(Value::as_f64).filter(|part| (0.0..=100.0).contains(part))
}

/// Seconds since 1970, if they lie between the years 2001 and 2286.
fn moment(value: &Value, key: &str) -> Option<i64> {
    let seconds = value.get(key).and_then(Value::as_f64)? as i64;
    (1_000_000_000..10_000_000_000).contains(&seconds).then_some(seconds)
}
