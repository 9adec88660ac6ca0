//! How one call of Claude Code is written: arguments and environment.
//!
//! Hides which flags exist and which of them belong together. The prompt is not an
//! argument: the caller gives it on stdin and closes stdin, because a long prompt is
//! refused by the kernel as an argument and an open stdin makes the program wait.

use super::tools;

/// One call of the agent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Call<'a> {
    /// The conversation this call belongs to.
    pub session: Session<'a>,
    /// The model's name or alias; `None` leaves it to the user's settings.
    pub model: Option<&'a str>,
    /// The model to take when the first stays overloaded.
    pub fallback_model: Option<&'a str>,
    /// How many model calls this process may make.
    pub max_turns: Option<u32>,
    /// US dollars this process may spend. The program looks after a model call, so
    /// one call more than that is possible. See [`arguments`] for nothing left.
    pub max_budget_usd: Option<f64>,
    /// What the agent may do without asking.
    pub permissions: Permissions<'a>,
    /// A JSON schema the answer must follow (see [`super::Fold::expecting_structured_output`]).
    pub json_schema: Option<&'a str>,
    /// What is added to the program's own words to the agent.
    pub instructions: Option<&'a str>,
    /// Tools that an earlier call has listed and that need a person; those that are known are withheld in
    /// any case.
    pub withheld: &'a [String],
}

impl<'a> Call<'a> {
    /// A call with the user's own settings for everything but the session.
    pub fn new(session: Session<'a>) -> Self {
        Self {
            session,
            model: None,
            fallback_model: None,
            max_turns: None,
            max_budget_usd: None,
            permissions: Permissions::AsCommanded,
            json_schema: None,
            instructions: None,
            withheld: &[],
        }
    }
}

/// The conversation a call belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Session<'a> {
    /// Starts one under this UUID. An id in use is refused, and so is anything but a UUID.
    New(&'a str),
    /// Continues the one with this UUID. It must run in the same working directory by
    /// the same real path: older versions find the conversation by that path. A call
    /// that was killed sends nothing again by itself, so the prompt must say to go on.
    /// Two calls on one session at the same time lose one of the two histories.
    Resume(&'a str),
    /// Saves nothing and cannot be continued: for small questions beside the work.
    /// Not known to old versions.
    Unsaved,
}

/// What the agent may do without asking; nobody is there to be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permissions<'a> {
    /// As the user's command words or settings say; adds nothing.
    AsCommanded,
    /// A mode of the program: `acceptEdits`, `dontAsk`, `plan` ...
    Mode(&'a str),
    /// Everything. Refused for root, unless the environment says it is a sandbox.
    SkipAll,
}

/// The smallest budget that is passed on: 0 is refused by the program.
const LEAST_BUDGET_USD: f64 = 0.000_001;

/// The arguments that follow the user's command words, each one a word of its own.
///
/// A budget of nothing (or less, or not a number) becomes the smallest one there is,
/// never no limit; infinity is no limit.
pub fn arguments(call: &Call<'_>) -> Vec<String> {
    let mut words = Words(Vec::new());
    // `stream-json` is refused without `--verbose`.
    words.flag("-p").pair("--output-format", "stream-json").flag("--verbose");
    match call.session {
        Session::New(id) => words.pair("--session-id", id),
        Session::Resume(id) => words.pair("--resume", id),
        Session::Unsaved => words.flag("--no-session-persistence"),
    };
    match call.permissions {
        Permissions::AsCommanded => {}
        Permissions::Mode(mode) => {
            words.pair("--permission-mode", mode);
        }
        Permissions::SkipAll => {
            words.flag("--dangerously-skip-permissions");
        }
    }
    if let Some(model) = call.model {
        words.pair("--model", model);
    }
    if let Some(model) = call.fallback_model {
        words.pair("--fallback-model", model);
    }
    if let Some(turns) = call.max_turns {
        // 0 would mean no limit at all.
        words.pair("--max-turns", &turns.max(1).to_string());
    }
    if let Some(dollars) = call.max_budget_usd
        && dollars != f64::INFINITY
    {
        words.pair("--max-budget-usd", &budget(dollars));
    }
    if let Some(schema) = call.json_schema {
        words.pair("--json-schema", schema);
    }
    if let Some(text) = call.instructions {
        words.pair("--append-system-prompt", text);
    }
    words.pair("--disallowedTools", &tools::withheld(call.withheld));
    words.0
}

/// Whether the user's own command words say something to the agent: only one such text is heard.
pub fn instructs(words: &[String]) -> bool {
    words.iter().any(|word| {
        word.starts_with("--append-system-prompt") || word.starts_with("--system-prompt")
    })
}

struct Words(Vec<String>);

impl Words {
    fn flag(&mut self, flag: &str) -> &mut Self {
        self.0.push(flag.to_owned());
        self
    }

    fn pair(&mut self, flag: &str, value: &str) -> &mut Self {
        self.flag(flag).flag(value)
    }
}

/// Plain decimals, without an exponent and without trailing zeros.
fn budget(dollars: f64) -> String {
    // `max` also turns "not a number" into the least.
    let text = format!("{:.6}", dollars.max(LEAST_BUDGET_USD));
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// No command of the agent runs longer than this.
const LONGEST_COMMAND_SECONDS: u64 = 24 * 60 * 60;

/// The environment of every call, unless the user set a name himself.
///
/// - No update of the program in the middle of a job, no traffic but the model's.
/// - No background commands: a command that outlives its turn is waited for, killed or
///   orphaned depending on the version. In exchange a command may take all the time
///   the step has left (`step_seconds_left`, at most 24 hours).
/// - `tmp_dir`: a private folder that exists, with a short path, because sockets are
///   made in it and their names end at 108 bytes.
pub fn environment(step_seconds_left: u64, tmp_dir: &str) -> Vec<(&'static str, String)> {
    let milliseconds = (step_seconds_left.clamp(1, LONGEST_COMMAND_SECONDS) * 1000).to_string();
    vec![
        ("DISABLE_AUTOUPDATER", "1".to_owned()),
        ("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1".to_owned()),
        ("CLAUDE_CODE_DISABLE_BACKGROUND_TASKS", "1".to_owned()),
        ("BASH_DEFAULT_TIMEOUT_MS", milliseconds.clone()),
        ("BASH_MAX_TIMEOUT_MS", milliseconds),
        ("CLAUDE_CODE_TMPDIR", tmp_dir.to_owned()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "380155ec-7a3c-4c0e-9f43-0d8f3e0d4a11";

    fn joined(call: &Call<'_>) -> String {
        arguments(call).join(" ")
    }

    #[test]
    fn a_first_step_chooses_its_session_id_and_a_later_one_resumes_it() {
        let start = "-p --output-format stream-json --verbose";
        let end = format!("--disallowedTools {}", tools::withheld(&[]));
        assert_eq!(
            joined(&Call::new(Session::New(ID))),
            format!("{start} --session-id {ID} {end}")
        );
        assert_eq!(joined(&Call::new(Session::Resume(ID))), format!("{start} --resume {ID} {end}"));
        assert_eq!(
            joined(&Call::new(Session::Unsaved)),
            format!("{start} --no-session-persistence {end}")
        );
    }

    #[test]
    fn every_wish_becomes_a_flag_and_a_value_with_spaces_stays_one_word() {
        let schema = r#"{"type": "object"}"#;
        let call = Call {
            model: Some("opus"),
            fallback_model: Some("sonnet"),
            max_turns: Some(40),
            max_budget_usd: Some(2.5),
            permissions: Permissions::Mode("acceptEdits"),
            json_schema: Some(schema),
            ..Call::new(Session::New(ID))
        };
        let words = arguments(&call);
        for pair in [
            ["--permission-mode", "acceptEdits"],
            ["--model", "opus"],
            ["--fallback-model", "sonnet"],
            ["--max-turns", "40"],
            ["--max-budget-usd", "2.5"],
            ["--json-schema", schema],
        ] {
            assert!(words.windows(2).any(|two| two == pair), "{pair:?} in {words:?}");
        }
        let all = Call { permissions: Permissions::SkipAll, ..Call::new(Session::New(ID)) };
        assert!(joined(&all).contains(" --dangerously-skip-permissions "));
    }

    #[test]
    fn tools_for_a_person_are_withheld_in_one_word_and_the_users_own_words_go_first() {
        let more = ["StartTimer".to_owned()];
        let words = arguments(&Call {
            withheld: &more,
            instructions: Some("two words"),
            ..Call::new(Session::New(ID))
        });
        let after = |flag: &str| {
            words
                .iter()
                .position(|word| word == flag)
                .map(|at| words[at + 1].as_str())
                .expect("there")
        };
        assert!(after("--disallowedTools").split(',').any(|name| name == "ScheduleWakeup"));
        assert!(after("--disallowedTools").ends_with(",StartTimer"));
        assert_eq!(after("--append-system-prompt"), "two words");
        assert!(
            instructs(&["claude".to_owned(), "--append-system-prompt=x".to_owned()])
                && !instructs(&["claude".to_owned()])
        );
    }

    #[test]
    fn a_spent_budget_never_turns_into_no_limit() {
        let limit = |dollars| {
            let call = Call { max_budget_usd: Some(dollars), ..Call::new(Session::New(ID)) };
            let words = arguments(&call);
            words.iter().position(|word| word == "--max-budget-usd").map(|at| words[at + 1].clone())
        };
        assert_eq!(limit(10.0).as_deref(), Some("10"));
        assert_eq!(limit(0.1 + 0.2).as_deref(), Some("0.3"));
        assert_eq!(limit(1e-12).as_deref(), Some("0.000001"));
        assert_eq!(limit(0.0).as_deref(), Some("0.000001"));
        assert_eq!(limit(-3.0).as_deref(), Some("0.000001"));
        assert_eq!(limit(f64::NAN).as_deref(), Some("0.000001"));
        assert_eq!(limit(f64::INFINITY), None);
        let none = Call { max_turns: Some(0), ..Call::new(Session::New(ID)) };
        assert!(joined(&none).contains(" --max-turns 1 "));
    }

    #[test]
    fn a_command_may_take_what_the_step_has_left_up_to_a_day() {
        let timeout = |seconds| {
            let all = environment(seconds, "/tmp/rl-x");
            let of =
                |name| all.iter().find(|(key, _)| *key == name).map(|(_, value)| value.clone());
            assert_eq!(of("BASH_MAX_TIMEOUT_MS"), of("BASH_DEFAULT_TIMEOUT_MS"));
            assert_eq!(of("CLAUDE_CODE_TMPDIR").as_deref(), Some("/tmp/rl-x"));
            assert_eq!(of("CLAUDE_CODE_DISABLE_BACKGROUND_TASKS").as_deref(), Some("1"));
            of("BASH_MAX_TIMEOUT_MS").unwrap()
        };
        assert_eq!(timeout(3600), "3600000");
        assert_eq!(timeout(u64::MAX), "86400000");
        assert_eq!(timeout(0), "1000");
    }
}
