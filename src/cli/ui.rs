//! The only printer. Data goes to standard output, everything else to standard error.
//!
//! What comes from a model or a cluster is made harmless on the way: control characters
//! could rewrite the terminal.

use std::ffi::OsString;
use std::io::{self, IsTerminal as _, Write as _};

use console::Style;

use super::failure::Failure;
use super::{Color, Global};

/// Where and how to print.
#[derive(Debug, Clone)]
pub struct Ui {
    /// JSON is wanted.
    pub json: bool,
    quiet: bool,
    color_out: bool,
    color_err: bool,
}

impl Ui {
    /// As the global options say.
    pub fn new(global: &Global) -> Self {
        let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty()) || std::env::var("TERM").is_ok_and(|term| term == "dumb");
        let color = |terminal: bool| match global.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => terminal && !plain,
        };
        Self { json: global.json, quiet: global.quiet, color_out: color(io::stdout().is_terminal()), color_err: color(io::stderr().is_terminal()) }
    }

    /// One that prints warnings and errors only.
    pub fn silent(&self) -> Self {
        Self { json: false, quiet: true, ..self.clone() }
    }

    /// Whether standard output is a terminal that a screen can be drawn on.
    pub fn is_screen(&self) -> bool {
        !self.json && io::stdout().is_terminal() && std::env::var("TERM").is_ok_and(|term| term != "dumb")
    }

    /// Whether somebody can be asked.
    pub fn can_ask(&self) -> bool {
        io::stdin().is_terminal() && io::stderr().is_terminal()
    }

    /// How wide the terminal is; 100 without one. `COLUMNS` wins.
    pub fn width(&self) -> usize {
        if let Some(columns) = std::env::var("COLUMNS").ok().and_then(|text| text.parse().ok()).filter(|columns| *columns >= 40) {
            return columns;
        }
        if io::stdout().is_terminal() { usize::from(console::Term::stdout().size().1).max(40) } else { 100 }
    }

    /// A style, when standard output has colour.
    pub fn style(&self) -> Style {
        Style::new().force_styling(self.color_out)
    }

    /// Whether standard output has colour.
    pub fn style_is_on(&self) -> bool {
        self.color_out
    }

    /// Prints a line of data.
    pub fn line(&self, text: &str) {
        let mut out = io::stdout().lock();
        // A reader that has gone away (`| head`) is no error.
        let _ = writeln!(out, "{text}");
    }

    /// Prints data as JSON, in one line.
    pub fn json(&self, value: &impl serde::Serialize) {
        self.line(&serde_json::to_string(value).unwrap_or_default());
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
        self.labelled("warning", text, &Style::new().yellow().bold());
    }

    /// Warns.
    pub fn warning(&self, text: &str) {
        if !self.quiet {
            self.labelled("warning", text, &Style::new().yellow().bold());
        }
    }

    /// Says what could be done next. Not with `--quiet` and not with `--json`.
    pub fn hint(&self, text: &str) {
        if !self.quiet && !self.json {
            self.labelled("hint", text, &Style::new().cyan().bold());
        }
    }

    fn labelled(&self, label: &str, text: &str, style: &Style) {
        let mut lines = text.lines();
        let first = lines.next().unwrap_or_default();
        let first = first.strip_prefix(&format!("{label}: ")).unwrap_or(first);
        let mut shown = format!("{} {first}", style.clone().force_styling(self.color_err).apply_to(format!("{label}:")));
        for line in lines {
            shown.push('\n');
            shown.push_str(line);
        }
        self.to_err(&shown);
    }

    fn to_err(&self, text: &str) {
        let _ = writeln!(io::stderr().lock(), "{text}");
    }

    /// Prints an error and returns its exit code.
    pub fn fail(&self, failure: &Failure) -> u8 {
        if self.json {
            let error = serde_json::json!({ "error": { "kind": failure.kind.as_str(), "message": failure.message, "hints": failure.hints } });
            self.to_err(&error.to_string());
        } else {
            self.labelled("error", &failure.message, &Style::new().red().bold());
            for hint in &failure.hints {
                self.labelled("hint", hint, &Style::new().cyan().bold());
            }
        }
        failure.kind.code()
    }

    /// Asks a question that can be answered by yes. No is the answer without a terminal.
    pub fn ask(&self, question: &str) -> bool {
        if !self.can_ask() {
            return false;
        }
        let _ = write!(io::stderr().lock(), "{question} [y/N] ");
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

/// Prints what clap says of a command line: help to standard output, errors to standard error.
pub fn print_usage(error: &clap::Error, arguments: &[OsString]) -> u8 {
    let is_help = !error.use_stderr();
    let as_json = arguments.iter().any(|argument| argument == "--json");
    if !is_help && as_json {
        let text = error.to_string();
        let message = text.lines().next().unwrap_or_default().trim_start_matches("error: ");
        let json = serde_json::json!({ "error": { "kind": "usage", "message": message, "hints": ["see --help"] } });
        let _ = writeln!(io::stderr().lock(), "{json}");
    } else {
        let _ = error.print();
    }
    u8::from(!is_help) * 2
}
