//! The only printer. Data goes to standard output, everything else to standard error.
//!
//! What comes from a model or a cluster is made harmless on the way: control characters
//! could rewrite the terminal.

use std::ffi::OsString;
use std::io::{self, IsTerminal as _, Write as _};
use std::sync::{Arc, OnceLock};

use clap::error::{ContextKind, ContextValue, ErrorKind};
use console::Style;

use super::tone::Tone;
use super::{Color, Global, action, text};
use crate::platform::clock::Clock;
use crate::problem::{Problem, ProblemKind};

/// Where and how to print.
#[derive(Debug, Clone)]
pub struct Ui {
    /// JSON is wanted.
    pub json: bool,
    quiet: bool,
    color_out: bool,
    color_err: bool,
    /// Why data could not be written, the first time.
    cut_off: Arc<OnceLock<io::Error>>,
    /// A warning that is printed last, unless the command has said the same by then.
    last: Arc<OnceLock<String>>,
    said: Arc<OnceLock<()>>,
    clock: Clock,
}

impl Ui {
    /// As the global options say.
    pub fn new(global: &Global) -> Self {
        let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
            || std::env::var("TERM").is_ok_and(|term| term == "dumb");
        let color = |terminal: bool| match global.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => terminal && !plain,
        };
        Self {
            json: global.json,
            quiet: global.quiet,
            color_out: color(io::stdout().is_terminal()),
            color_err: color(io::stderr().is_terminal()),
            cut_off: Arc::default(),
            last: Arc::default(),
            said: Arc::default(),
            clock: Clock::default(),
        }
    }

    /// Whether standard output is a terminal that a screen can be drawn on.
    pub fn is_screen(&self) -> bool {
        !self.json
            && io::stdout().is_terminal()
            && std::env::var("TERM").is_ok_and(|term| term != "dumb")
    }

    /// Whether somebody can be asked.
    pub fn can_ask(&self) -> bool {
        io::stdin().is_terminal() && io::stderr().is_terminal()
    }

    /// How wide texts are set; 100 where nothing bounds them.
    pub fn width(&self) -> usize {
        self.room().unwrap_or(100)
    }

    /// How wide a line can be before it is cut: the terminal's width, or `COLUMNS`. None in a pipe: who
    /// reads that wants all of it.
    pub fn room(&self) -> Option<usize> {
        let columns = std::env::var("COLUMNS").ok().and_then(|text| text.parse().ok());
        let here = || {
            let is_terminal = io::stdout().is_terminal();
            is_terminal.then(|| usize::from(console::Term::stdout().size().1))
        };
        columns.filter(|columns| *columns > 0).or_else(here).map(|room| room.max(20))
    }

    /// A line, shortened to the room that there is.
    pub fn fit(&self, line: &str) -> String {
        self.room().map_or_else(|| line.to_owned(), |room| text::short(line, room))
    }

    /// The time that ages are told against.
    pub fn now(&self) -> jiff::Timestamp {
        self.clock.now()
    }

    /// A style, when standard output has color.
    pub fn style(&self) -> Style {
        Style::new().force_styling(self.color_out)
    }

    /// A style that means something, when standard output has color.
    pub fn tone(&self, tone: Tone) -> Style {
        tone.style().force_styling(self.color_out)
    }

    /// A text in the color of what it means.
    pub fn paint(&self, tone: Tone, text: impl std::fmt::Display) -> String {
        self.tone(tone).apply_to(text).to_string()
    }

    /// Whether only what was asked for is to be printed.
    pub fn is_quiet(&self) -> bool {
        self.quiet
    }

    /// Prints a line of data.
    pub fn line(&self, text: &str) {
        if let Err(error) = writeln!(io::stdout().lock(), "{}", action::say(text)) {
            let _ = self.cut_off.set(error);
        }
    }

    /// Whether data can be written no more: who goes on for long may end.
    pub fn is_cut_off(&self) -> bool {
        self.cut_off.get().is_some()
    }

    /// The exit code when all is done: what could not be written is told. A reader that has gone
    /// away (`| head`) is no error.
    pub fn end(&self, code: u8) -> u8 {
        if let Some(last) = self.last.get().filter(|_| !self.json && self.said.get().is_none()) {
            self.problem(last);
        }
        match self.cut_off.get() {
            Some(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                self.fail(&Problem::failed(format!("cannot write to standard output: {error}")))
            }
            _ => code,
        }
    }

    /// Warns, at the end of what the command prints.
    pub fn warn_last(&self, text: &str) {
        let _ = self.last.set(action::say(text));
    }

    /// Prints data as JSON, in one line.
    pub fn json(&self, value: &impl serde::Serialize) {
        self.line(&action::json(value));
    }

    /// Says what is going on. Not with `--quiet` and not with `--json`.
    pub fn status(&self, text: &str) {
        if !self.quiet && !self.json {
            self.to_err(text);
        }
    }

    /// Tells of something that went wrong although the command goes on. Also with `--quiet`: who
    /// runs it from cron must hear of it.
    pub fn problem(&self, text: &str) {
        self.labelled("warning", text, Tone::Attention);
    }

    /// Warns.
    pub fn warning(&self, text: &str) {
        if !self.quiet {
            self.labelled("warning", text, Tone::Attention);
        }
    }

    /// Warns people only: with `--json`, the answer has it in a field.
    pub fn caution(&self, text: &str) {
        if !self.json {
            self.warning(text);
        }
    }

    /// Says what could be done next. Not with `--quiet` and not with `--json`.
    pub fn hint(&self, text: &str) {
        if !self.quiet && !self.json {
            self.labelled("hint", text, Tone::Active);
        }
    }

    fn labelled(&self, label: &str, text: &str, tone: Tone) {
        let text = &action::say(text);
        if self.last.get().is_some_and(|last| text.contains(last.as_str())) {
            let _ = self.said.set(());
        }
        if self.json {
            return self.to_err(&action::json(&serde_json::json!({ label: text })));
        }
        let text = text.strip_prefix(&format!("{label}: ")).unwrap_or(text);
        let style = tone.style().bold().force_styling(self.color_err);
        let mark = style.apply_to(format!("{label}:"));
        // On a terminal a sentence is broken between words, behind its label; a line that is laid
        // out, as one with a caret, stays as it is.
        let wrapped = |at: usize, line: &str| -> Vec<String> {
            let behind = if at == 0 { label.len() + 2 } else { 0 };
            match error_width().map(|width| width.saturating_sub(behind).max(20)) {
                Some(width) if !line.starts_with(' ') => text::wrap(line, width)
                    .into_iter()
                    .enumerate()
                    .map(|(part, line)| match part {
                        0 => line,
                        _ => format!("{}{line}", " ".repeat(behind)),
                    })
                    .collect(),
                _ => vec![line.to_owned()],
            }
        };
        let lines: Vec<String> =
            text.lines().enumerate().flat_map(|(at, line)| wrapped(at, line)).collect();
        self.to_err(&format!("{mark} {}", lines.join("\n")));
    }

    fn to_err(&self, text: &str) {
        let _ = writeln!(io::stderr().lock(), "{}", action::say(text));
    }

    /// Prints an error and returns its exit code.
    pub fn fail(&self, failure: &Problem) -> u8 {
        if self.json {
            let error = serde_json::json!({ "error": { "kind": failure.kind.as_str(), "message": failure.message, "hints": failure.hints } });
            self.to_err(&action::json(&error));
        } else {
            self.labelled("error", &failure.message, Tone::Bad);
            for hint in &failure.hints {
                self.labelled("hint", hint, Tone::Active);
            }
        }
        failure.kind.code()
    }

    /// Asks a question that can be answered by yes. No is the answer without a terminal.
    pub fn ask(&self, question: &str) -> bool {
        if !self.can_ask() {
            return false;
        }
        let _ = write!(io::stderr().lock(), "{} [y/N] ", action::say(question));
        let mut answer = String::new();
        io::stdin().read_line(&mut answer).is_ok() && matches!(answer.trim(), "y" | "Y" | "yes")
    }

    /// A sign that something goes on whose length is not known; not shown at once.
    pub fn spinner(&self, what: &str) -> indicatif::ProgressBar {
        if self.quiet || self.json || !io::stderr().is_terminal() {
            return indicatif::ProgressBar::hidden();
        }
        let spinner = indicatif::ProgressBar::new_spinner().with_message(what.to_owned());
        spinner.enable_steady_tick(std::time::Duration::from_millis(250));
        spinner
    }

    /// A bar for something that takes long; shown only on a terminal.
    pub fn bar(&self, what: &str) -> indicatif::ProgressBar {
        use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
        if self.quiet || self.json || !io::stderr().is_terminal() {
            return ProgressBar::hidden();
        }
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(20));
        if let Ok(style) = ProgressStyle::with_template("{msg} {bar:30} {bytes}/{total_bytes}") {
            bar.set_style(style);
        }
        bar.set_message(what.to_owned());
        bar
    }
}

/// How wide the terminal of standard error is.
fn error_width() -> Option<usize> {
    let is_terminal = io::stderr().is_terminal();
    is_terminal.then(|| usize::from(console::Term::stderr().size().1)).filter(|width| *width > 0)
}

/// Commands of the Python tool that are to come.
const NOT_YET: &[&str] = &["serve", "connect", "disconnect", "mcp"];

/// Words that other tools have for what is here, at the top level.
const MEANT: &[(&str, &str)] = &[
    ("add", "task add"),
    ("delete", "sprint delete"),
    ("fetch", "sprint fetch"),
    ("findings", "study findings"),
    ("kill", "cancel"),
    ("leaderboard", "study leaderboard"),
    ("list", "ls"),
    ("logs", "log"),
    ("next", "task next"),
    ("ps", "status"),
    ("queue", "status"),
    ("report", "open"),
    ("results", "open"),
    ("resubmit", "sprint resubmit"),
    ("retry", "sprint resubmit"),
    ("rm", "sprint delete"),
    ("setup", "cluster setup"),
    ("sprints", "ls"),
    ("start", "run"),
    ("stop", "cancel"),
    ("submit", "run"),
    ("tail", "log --follow"),
    ("tasks", "task list"),
    ("tweak", "sprint tweak"),
    ("view", "open"),
];

/// Leads a wrong word somewhere: a command of another name, and never one that nobody types.
fn lead_somewhere(error: &mut clap::Error) {
    let Some(ContextValue::String(word)) = error.get(ContextKind::InvalidSubcommand) else {
        return;
    };
    let at_top = matches!(
        error.get(ContextKind::Usage),
        Some(ContextValue::StyledStr(usage)) if usage.to_string().contains("researchloop [OPTIONS]")
    );
    let meant = MEANT.iter().find(|(other, _)| at_top && other == word).map(|(_, meant)| *meant);
    let hidden: Vec<String> = super::command()
        .get_subcommands()
        .filter(|command| command.is_hide_set())
        .map(|command| command.get_name().to_owned())
        .collect();
    let suggested = match error.get(ContextKind::SuggestedSubcommand) {
        Some(ContextValue::Strings(words)) => words.clone(),
        Some(ContextValue::String(word)) => vec![word.clone()],
        _ => Vec::new(),
    };
    let mut words: Vec<String> = meant.map(str::to_owned).into_iter().collect();
    words.extend(suggested.into_iter().filter(|word| !hidden.contains(word) && meant.is_none()));
    error.remove(ContextKind::SuggestedSubcommand);
    if !words.is_empty() {
        error.insert(ContextKind::SuggestedSubcommand, ContextValue::Strings(words));
    }
}

/// Prints what clap says of a command line: help to standard output, errors to standard error.
pub fn print_usage(mut error: clap::Error, arguments: &[OsString]) -> u8 {
    lead_somewhere(&mut error);
    let error = &error;
    if !error.use_stderr() {
        let _ = error.print();
        return 0;
    }
    let global = Global {
        config: None,
        json: arguments.iter().any(|argument| argument == "--json"),
        quiet: false,
        color: Color::Auto,
    };
    let ui = Ui::new(&global);
    match (not_yet(error), ui.json) {
        (Some(failure), _) => ui.fail(&failure),
        (None, true) => ui.fail(&usage(error)),
        (None, false) => {
            let _ = error.print();
            ProblemKind::Usage.code()
        }
    }
}

fn not_yet(error: &clap::Error) -> Option<Problem> {
    let Some(ContextValue::String(word)) = error.get(ContextKind::InvalidSubcommand) else {
        return None;
    };
    let Some(ContextValue::StyledStr(usage)) = error.get(ContextKind::Usage) else { return None };
    (NOT_YET.contains(&word.as_str()) && usage.to_string().contains("researchloop [OPTIONS]")).then(
        || {
            Problem::new(ProblemKind::Usage, format!("`{word}` is not built yet"))
                .hint("commands work on the database here, over SSH; no server is needed")
        },
    )
}

/// What clap says, in parts: its sentence with the list that belongs to it, and what would be right.
fn usage(error: &clap::Error) -> Problem {
    let text = error.to_string();
    let sentence = match error.kind() {
        // What clap says of it lists hidden commands, too.
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand | ErrorKind::MissingSubcommand => {
            "a command is missing".to_owned()
        }
        _ => {
            let lines = text.lines().take_while(|line| !line.is_empty());
            lines
                .map(str::trim)
                .collect::<Vec<_>>()
                .join(" ")
                .trim_start_matches("error: ")
                .to_owned()
        }
    };
    let mut failure = Problem::new(ProblemKind::Usage, sentence);
    for (kind, value) in error.context() {
        match (kind, value) {
            (
                ContextKind::SuggestedArg
                | ContextKind::SuggestedSubcommand
                | ContextKind::SuggestedValue,
                ContextValue::String(word),
            ) => {
                failure = failure.hint(format!("did you mean {word}?"));
            }
            (
                ContextKind::SuggestedArg
                | ContextKind::SuggestedSubcommand
                | ContextKind::SuggestedValue,
                ContextValue::Strings(words),
            ) => {
                failure = failure.hint(format!("did you mean {}?", words.join(" or ")));
            }
            (ContextKind::Suggested, ContextValue::StyledStrs(tips)) => {
                failure.hints.extend(tips.iter().map(ToString::to_string));
            }
            (ContextKind::Usage, ContextValue::StyledStr(usage)) => {
                failure = failure.hint(usage.to_string())
            }
            _ => {}
        }
    }
    failure.hint("see --help")
}
