//! How a process of the agent ended, decided from what it printed and how it exited.
//!
//! Hides that neither exit code 0 nor `"subtype":"success"` means that the work was
//! done, and which field says so instead in which version. The wording of messages
//! changed in every version, so it is shown to people and decides nothing, with one
//! exception (`is_old_usage_limit`).

use super::dead_end::{self, DeadEnd};
use super::event::{Failure, ResultLine};
use super::exit::{Exit, is_crash, signal_name};
use super::fold::Fold;
use super::text::LINE;
use super::whole;
use crate::domain::complaint;
use crate::domain::text::one_line;

/// What came of one call. `detail` is one line for a person.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// The work was delivered.
    Done,
    /// Stopped from outside. The session can be resumed; nothing is wrong with it.
    Interrupted {
        /// By what.
        detail: String,
        /// Whether it had said a word.
        begun: bool,
    },
    /// The account has used up its share. Not a failure: resume after the reset.
    UsageLimit {
        /// When it starts anew, in seconds since 1970; 2.0.60 tells it only in `detail`.
        resets_at: Option<i64>,
        /// The program's words.
        detail: String,
    },
    /// The login, the organisation or the account's money: only a person can help.
    Login {
        /// The program's words.
        detail: String,
    },
    /// The service failed or could not be reached. Resume after a while.
    ModelError {
        /// The program's words.
        detail: String,
    },
    /// The conversation will never work again: a new session is needed.
    DeadEnd {
        /// Why not.
        why: DeadEnd,
        /// The program's words.
        detail: String,
    },
    /// The program ended before it had begun, or was ended because nothing was heard of it. Where it
    /// runs is at fault, not the work.
    NotBegun {
        /// What is known of it.
        why: Unbegun,
        /// How it ended.
        detail: String,
    },
    /// The agent ended its turn to wait for something that never comes, or is killed with its process.
    Waits {
        /// What for.
        detail: String,
        /// The files that are missing.
        files: Vec<String>,
        /// Whether it is something that wakes it, and not a command that was ended.
        timer: bool,
    },
    /// There was not the memory that the program wants.
    OutOfMemory {
        /// Its words.
        detail: String,
    },
    /// A limit that the call itself set. The session can be resumed.
    OwnLimit {
        /// Which one.
        which: OwnLimit,
        /// The program's words.
        detail: String,
    },
    /// Tools were refused and what was promised is missing.
    ToolsRefused {
        /// The tools' names.
        tools: Vec<String>,
        /// What was refused and what is missing.
        detail: String,
    },
    /// The agent says it is done, but what was promised is missing.
    MissingOutput {
        /// The files.
        files: Vec<String>,
        /// Whether the answer that follows the schema is missing as well.
        structured: bool,
    },
    /// Anything else; the same call would fail again.
    Failed {
        /// What is known of it.
        detail: String,
    },
}

/// Why the program did not begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unbegun {
    /// There is no such program, or it may not be run.
    NoProgram,
    /// Nothing was heard of it.
    Silent,
    /// Its own files are not sound.
    Setup,
    /// It goes on with a session that it does not know.
    NoSession,
    /// It ended, for whatever reason.
    Ended,
}

/// A limit that the call itself set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OwnLimit {
    /// `max_turns`.
    Turns,
    /// `max_budget_usd`.
    Budget,
}

impl OwnLimit {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Turns => "turns",
            Self::Budget => "budget",
        }
    }
}

impl Verdict {
    /// The word for it; where a sprint's reason means the same, it is the same word.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Interrupted { .. } => "interrupted",
            Self::UsageLimit { .. } => "usage_limit",
            Self::Login { .. } => "login",
            Self::ModelError { .. } => "model_error",
            Self::DeadEnd { why, .. } => why.as_str(),
            Self::NotBegun { .. } => "not_begun",
            Self::Waits { .. } => "waits",
            Self::OutOfMemory { .. } => "out_of_memory",
            Self::OwnLimit { .. } => "own_limit",
            Self::ToolsRefused { .. } => "tools_refused",
            Self::MissingOutput { .. } => "missing_output",
            Self::Failed { .. } => "failed",
        }
    }

    /// The promised files that are missing after a call that has succeeded.
    pub fn missing(&self) -> &[String] {
        match self {
            Self::MissingOutput { files, .. } | Self::Waits { files, .. } => files,
            _ => &[],
        }
    }

    /// One line for a person; empty when done.
    pub fn detail(&self) -> String {
        match self {
            Self::Done => String::new(),
            Self::Interrupted { detail, .. }
            | Self::UsageLimit { detail, .. }
            | Self::Login { detail }
            | Self::ModelError { detail }
            | Self::DeadEnd { detail, .. }
            | Self::NotBegun { detail, .. }
            | Self::Waits { detail, .. }
            | Self::OutOfMemory { detail }
            | Self::OwnLimit { detail, .. }
            | Self::ToolsRefused { detail, .. }
            | Self::Failed { detail } => detail.clone(),
            Self::MissingOutput { files, structured } => {
                let answer = structured.then_some("the answer in the form that was asked for");
                let all: Vec<&str> = files.iter().map(String::as_str).chain(answer).collect();
                one_line(&format!("missing: {}", all.join(", ")), LINE)
            }
        }
    }
}

impl Fold {
    /// How the process ended, once all of its output is read.
    ///
    /// `missing`: files that were promised and are not there. `stderr_tail`: the end of
    /// its standard error, used only when the stream does not tell the reason.
    ///
    /// A process that was stopped after a complete result (because a background command
    /// kept it alive) is judged by that result.
    pub fn verdict(&self, exit: Exit, missing: &[String], stderr_tail: &str) -> Verdict {
        match &self.last {
            Some(result) if !self.turn_open && result.is_error => {
                self.failed(result, exit, missing)
            }
            Some(_) if !self.turn_open => self.delivered(missing),
            _ => self.without_result(exit, stderr_tail),
        }
    }

    fn without_result(&self, exit: Exit, stderr_tail: &str) -> Verdict {
        if let Some(signal) = exit.signal().filter(|signal| !is_crash(*signal)) {
            return Verdict::Interrupted {
                detail: format!("stopped by {} before it gave a result", signal_name(signal)),
                begun: self.has_spoken(),
            };
        }
        let reported = self
            .failure
            .as_ref()
            .and_then(|failure| self.request_failed(failure, "", false, &failure.text));
        if let Some(verdict) = reported {
            return verdict;
        }
        if self.refusal {
            return Verdict::DeadEnd {
                why: DeadEnd::Refused,
                detail: "its answer was stopped".to_owned(),
            };
        }
        if let Some(limit) = self.limit.as_ref().filter(|limit| limit.blocks()) {
            return Verdict::UsageLimit {
                resets_at: limit.resets_at,
                detail: "the account's usage limit was reached".to_owned(),
            };
        }
        let how = match exit {
            Exit::Code(127) if self.events == 0 => "the agent command was not found".to_owned(),
            Exit::Code(126) if self.events == 0 => "the agent command is not executable".to_owned(),
            _ if exit.signal().is_some() => {
                let signal = exit.signal().unwrap_or_default();
                let cause = if signal == 4 {
                    ", this node's processor is probably too old for it"
                } else {
                    ""
                };
                format!("the agent crashed ({}{cause})", signal_name(signal))
            }
            Exit::Code(code) if self.events == 0 => {
                format!("the agent ended with code {code} and printed no events")
            }
            Exit::Code(code) => format!(
                "the agent ended with code {code} in the middle of its work, without a result"
            ),
            Exit::Signal(number) => format!("the agent was ended by signal {number}"),
        };
        let said = one_line(&complaint::telling(stderr_tail), LINE);
        let said = if said.is_empty() { self.stray.as_str() } else { said.as_str() };
        let detail = if said.is_empty() { how } else { format!("{how}: {said}") };
        match exit {
            _ if complaint::is_of_memory(said) => Verdict::OutOfMemory { detail },
            _ if self.events > 0 => Verdict::Failed { detail },
            Exit::Code(126 | 127) => Verdict::NotBegun { why: Unbegun::NoProgram, detail },
            // Old versions say it nowhere else.
            _ if stderr_tail.contains("No conversation found") => {
                Verdict::NotBegun { why: Unbegun::NoSession, detail }
            }
            _ => Verdict::NotBegun { why: Unbegun::Ended, detail },
        }
    }

    fn failed(&self, result: &ResultLine, exit: Exit, missing: &[String]) -> Verdict {
        let ours = match (result.subtype.as_str(), result.terminal_reason.as_str()) {
            ("error_max_turns", _) | (_, "max_turns") => {
                Some((OwnLimit::Turns, "it made as many model calls as it may"))
            }
            ("error_max_budget_usd", _) | (_, "budget_exhausted") => {
                Some((OwnLimit::Budget, "it spent as much as it may"))
            }
            _ => None,
        };
        if let Some((which, otherwise)) = ours {
            return Verdict::OwnLimit { which, detail: words(result, otherwise) };
        }
        let detail = words(result, "it gave no reason");
        if !self.greeted
            && let Some(why) = unbegun(result)
        {
            return Verdict::NotBegun { why, detail };
        }
        if let Some(verdict) =
            self.request_failed(&result.failure, &result.terminal_reason, result.refused, &detail)
        {
            return verdict;
        }
        let cut_short = result.subtype == "error_during_execution" && exit.signal().is_some();
        if cut_short || result.terminal_reason.starts_with("aborted") {
            return Verdict::Interrupted {
                detail: "the agent was told to stop in the middle of its work".to_owned(),
                begun: true,
            };
        }
        if result.subtype == "error_max_structured_output_retries" {
            return Verdict::MissingOutput { files: missing.to_vec(), structured: true };
        }
        match self.damage() {
            Some(said) => Verdict::DeadEnd {
                why: DeadEnd::Damaged,
                detail: one_line(&format!("{detail}: {said}"), LINE),
            },
            None if whole::is_damage(&detail) => Verdict::DeadEnd { why: DeadEnd::Damaged, detail },
            None => Verdict::Failed { detail },
        }
    }

    /// What a failed request means; `None` if it was something else that failed, or a
    /// request that would fail again.
    fn request_failed(
        &self,
        failure: &Failure,
        terminal_reason: &str,
        refused: bool,
        detail: &str,
    ) -> Option<Verdict> {
        let detail = one_line(detail, LINE);
        let word = failure.word.as_deref().unwrap_or_default();
        let limit = self.limit.as_ref().filter(|limit| limit.blocks());
        let rejected = limit.is_some() && (failure.status == Some(429) || word == "rate_limit");
        if rejected
            || failure.api_error.as_deref() == Some("usage_limit_reached")
            || self.is_old_usage_limit(failure)
        {
            return Some(Verdict::UsageLimit {
                resets_at: limit.and_then(|limit| limit.resets_at).or(failure.resets_at),
                detail,
            });
        }
        let needs_a_person = matches!(failure.status, Some(401..=403))
            || matches!(
                word,
                "authentication_failed"
                    | "oauth_org_not_allowed"
                    | "billing_error"
                    | "account_on_hold"
                    | "verification_required"
                    | "cloud_credential_error"
            )
            || matches!(
                failure.kind.as_deref(),
                Some("authentication_error" | "permission_error" | "billing_error")
            );
        if needs_a_person {
            return Some(Verdict::Login { detail });
        }
        if let Some(why) = dead_end::of_request(failure, terminal_reason, refused || self.refusal) {
            return Some(Verdict::DeadEnd { why, detail });
        }
        let passes = match failure.status {
            Some(status) => matches!(status, 408 | 409 | 429 | 500..=599),
            // No status: there was no answer, or the version does not tell. Trying again costs little.
            None => {
                matches!(word, "rate_limit" | "overloaded" | "server_error" | "unknown")
                    || matches!(terminal_reason, "api_error" | "model_error") && word.is_empty()
                    || failure.api_error.as_deref() == Some("connection_failed")
            }
        };
        passes.then_some(Verdict::ModelError { detail })
    }

    /// The usage limit of 2.0.60, which says only `rate_limit`, as it does for a busy
    /// service: but limits are for a login, not for an API key, and a busy service is
    /// reported as an `API Error`. If that guess is wrong, a sprint waits in vain for a
    /// while; the other way round it would use up its retries.
    fn is_old_usage_limit(&self, failure: &Failure) -> bool {
        !failure.knows_status
            && failure.word.as_deref() == Some("rate_limit")
            && self.key_source.as_deref() != Some("ANTHROPIC_API_KEY")
            && !failure.text.starts_with("API Error")
    }

    fn delivered(&self, missing: &[String]) -> Verdict {
        let structured = self.structured_expected && self.structured_output().is_none();
        let is_whole = missing.is_empty() && !structured;
        if !is_whole && (self.refusal || self.last.as_ref().is_some_and(|result| result.refused)) {
            let detail = self
                .last
                .as_ref()
                .map(|result| words(result, "the model's safety filter stopped the answer"))
                .unwrap_or_default();
            return Verdict::DeadEnd { why: DeadEnd::Refused, detail };
        }
        let waits = match (self.pending.timer(), self.left_behind()) {
            (Some(timer), _) => {
                Some(format!("it waits to be woken by {timer}, and nothing wakes it in a job"))
            }
            (None, 0) => None,
            (None, 1) => Some(
                "a command still ran in the background when its turn ended, and was ended with it"
                    .to_owned(),
            ),
            (None, count) => Some(format!(
                "{count} commands still ran in the background when its turn ended, and were ended with it"
            )),
        };
        if let Some(detail) = waits {
            return Verdict::Waits {
                detail,
                files: missing.to_vec(),
                timer: self.pending.timer().is_some(),
            };
        }
        if is_whole {
            return Verdict::Done;
        }
        if self.refused.is_empty() {
            return Verdict::MissingOutput { files: missing.to_vec(), structured };
        }
        let lacks = if missing.is_empty() { "its answer".to_owned() } else { missing.join(", ") };
        let detail =
            one_line(&format!("not allowed: {}; missing: {lacks}", self.refused.join(", ")), LINE);
        Verdict::ToolsRefused { tools: self.refused.clone(), detail }
    }
}

/// What a failed result says for a person.
fn words(result: &ResultLine, otherwise: &str) -> String {
    let said = match &result.text {
        Some(text) => one_line(text, LINE),
        None => result.errors.join("; "),
    };
    if said.is_empty() { otherwise.to_owned() } else { one_line(&said, LINE) }
}

/// Why a program that has not greeted gave a failed result: it could not begin. Nothing if it was a
/// request that failed.
fn unbegun(result: &ResultLine) -> Option<Unbegun> {
    let of_session = |text: &str| {
        ["session", "conversation", "resume"].iter().any(|word| text.to_lowercase().contains(word))
    };
    match &result.startup_failure {
        Some(reason) if !of_session(reason) => Some(Unbegun::Setup),
        Some(_) => Some(Unbegun::NoSession),
        None if result.subtype != "error_during_execution" || result.failure.status.is_some() => {
            None
        }
        None if result.errors.iter().any(|error| of_session(error)) => Some(Unbegun::NoSession),
        None => Some(Unbegun::Ended),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ended(lines: &[&str], exit: Exit, stderr: &str) -> Verdict {
        let mut fold = Fold::new();
        for line in lines {
            fold.line(line.as_bytes());
        }
        fold.verdict(exit, &[], stderr)
    }

    fn told(verdict: Verdict) -> String {
        assert!(
            matches!(verdict, Verdict::NotBegun { .. } | Verdict::Interrupted { .. }),
            "{verdict:?}"
        );
        verdict.detail()
    }

    #[test]
    fn a_command_that_never_became_the_agent_says_what_is_wrong() {
        assert_eq!(told(ended(&[], Exit::Code(127), "")), "the agent command was not found");
        assert_eq!(told(ended(&[], Exit::Code(126), "\n")), "the agent command is not executable");
        let root = "--dangerously-skip-permissions cannot be used with root/sudo privileges for security reasons\n";
        assert!(told(ended(&[], Exit::Code(1), root)).ends_with("for security reasons"));
        assert!(
            told(ended(&[], Exit::Code(1), "warning\nerror: unknown option '--x'\n\n"))
                .ends_with(": error: unknown option '--x'")
        );
        assert!(told(ended(&["no such image"], Exit::Code(1), "")).ends_with(": no such image"));
        assert!(told(ended(&[], Exit::Code(0), "")).contains("printed no events"));
        let old = told(ended(&[], Exit::Signal(4), ""));
        assert!(old.contains("SIGILL") && old.contains("processor"), "{old}");
        assert!(told(ended(&[], Exit::Code(143), "")).contains("SIGTERM"));
    }

    const INIT: &str = r#"{"type":"system","subtype":"init","apiKeySource":"none"}"#;
    const RESULT: &str = r#"{"type":"result","subtype":"success","is_error":false,"result":"x"}"#;

    #[test]
    fn an_agent_that_was_woken_and_stopped_is_not_done() {
        assert_eq!(ended(&[INIT, RESULT], Exit::Signal(15), ""), Verdict::Done);
        assert!(matches!(
            ended(&[INIT, RESULT, INIT], Exit::Signal(15), ""),
            Verdict::Interrupted { .. }
        ));
        assert!(matches!(ended(&[INIT, RESULT, INIT], Exit::Code(0), ""), Verdict::Failed { .. }));
        assert_eq!(ended(&[INIT, RESULT, INIT, RESULT], Exit::Code(0), ""), Verdict::Done);
    }

    #[test]
    fn a_busy_service_of_an_old_version_is_no_usage_limit() {
        let failed = |source: &str, text: &str| {
            let init = INIT.replace("none", source);
            let reply = format!(
                r#"{{"type":"assistant","error":"rate_limit","message":{{"model":"<synthetic>","content":[{{"type":"text","text":"{text}"}}]}}}}"#
            );
            let result = format!(
                r#"{{"type":"result","subtype":"success","is_error":true,"result":"{text}"}}"#
            );
            ended(&[&init, &reply, &result], Exit::Code(1), "")
        };
        assert!(matches!(
            failed("none", "Limit reached · resets 1:55pm (UTC)"),
            Verdict::UsageLimit { resets_at: None, .. }
        ));
        assert!(matches!(
            failed("none", "API Error: Request rejected (429)"),
            Verdict::ModelError { .. }
        ));
        assert!(matches!(failed("ANTHROPIC_API_KEY", "Limit reached"), Verdict::ModelError { .. }));
    }

    #[test]
    fn a_limit_that_paid_overage_carries_stops_nothing() {
        let limit = r#"{"type":"rate_limit_event","rate_limit_info":{"status":"rejected","resetsAt":1795188967,"isUsingOverage":true}}"#;
        assert_eq!(ended(&[INIT, limit, RESULT], Exit::Code(0), ""), Verdict::Done);
        let blocked = limit.replace("true", "false");
        assert!(matches!(
            ended(&[INIT, &blocked], Exit::Code(1), ""),
            Verdict::UsageLimit { resets_at: Some(1_795_188_967), .. }
        ));
        assert!(matches!(
            ended(&[INIT, &blocked], Exit::Code(143), ""),
            Verdict::Interrupted { .. }
        ));
    }

    #[test]
    fn a_request_without_an_answer_may_be_sent_again() {
        for said in [
            r#""error":"server_error""#,
            r#""error":"unknown","terminal_reason":"completed""#,
            r#""terminal_reason":"api_error""#,
        ] {
            let result = format!(
                r#"{{"type":"result","subtype":"success","is_error":true,"api_error_status":null,{said}}}"#
            );
            assert_eq!(ended(&[INIT, &result], Exit::Code(1), "").kind(), "model_error", "{said}");
        }
    }

    #[test]
    fn a_request_that_the_service_does_not_take_is_a_dead_end_however_that_is_told() {
        let api = r#""api_error_status":400,"api_error_type":"invalid_request_error","#;
        for (more, text, kind) in [
            (
                api,
                "API Error: 400 messages.1: `tool_use` ids were found without `tool_result` blocks",
                "invalid_request",
            ),
            (
                "",
                "API Error: 400 thinking blocks in the latest assistant message cannot be modified",
                "invalid_request",
            ),
            (r#""error":"unknown","#, "API Error: 400 {}", "invalid_request"),
            (r#""error":"invalid_request","#, "x", "invalid_request"),
            (r#""terminal_reason":"image_error","#, "x", "invalid_request"),
            (r#""api_error_status":413,"#, "request too large", "context_full"),
            (r#""terminal_reason":"prompt_too_long","#, "x", "context_full"),
            (r#""stop_reason":"refusal","#, "x", "refused"),
            (r#""api_error_status":404,"error":"model_not_found","#, "x", "failed"),
            ("", "API Error: 529 overloaded", "model_error"),
            (r#""error":"billing_error","api_error_status":400,"#, "x", "login"),
        ] {
            let result = format!(
                r#"{{"type":"result","subtype":"success","is_error":true,{more}"result":"{text}"}}"#
            );
            assert_eq!(ended(&[INIT, &result], Exit::Code(1), "").kind(), kind, "{more} {text}");
        }
        let stopped = r#"{"type":"system","subtype":"model_refusal_no_fallback"}"#;
        assert_eq!(ended(&[INIT, stopped], Exit::Code(1), "").kind(), "refused");
    }

    #[test]
    fn a_tool_that_is_not_offered_is_no_refused_tool() {
        let denied = |tool: &str| {
            let mut fold = Fold::new();
            fold.line(INIT.as_bytes());
            let result = RESULT.replace(
                r#""result":"#,
                &format!(
                    r#""permission_denials":[{{"tool_name":"{tool}","tool_use_id":"1"}}],"result":"#
                ),
            );
            fold.line(result.as_bytes());
            fold.verdict(Exit::Code(0), &["x.md".to_owned()], "").kind()
        };
        assert_eq!(
            (denied("AskUserQuestion"), denied("Bash")),
            ("missing_output", "tools_refused")
        );
    }

    #[test]
    fn a_failure_of_an_unknown_kind_is_a_failure() {
        for result in [
            r#"{"type":"result","subtype":"error_from_the_future","is_error":false}"#,
            r#"{"type":"result"}"#,
            r#"{"type":"result","subtype":"success","is_error":true,"api_error_status":418,"error":"server_error"}"#,
        ] {
            assert!(
                matches!(ended(&[INIT, result], Exit::Code(0), ""), Verdict::Failed { .. }),
                "{result}"
            );
        }
    }
}
