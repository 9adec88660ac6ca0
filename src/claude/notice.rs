//! What a reader of a running step may want to see, one value per happening.
//!
//! Hides how the stream words it. Every text in here is one short line without control
//! characters, safe to print and to log.

use std::fmt;

/// Something worth telling while the agent works.
#[derive(Debug, Clone, PartialEq)]
pub enum Notice {
    /// The conversation began. Told once per process.
    Session {
        /// The session's id, empty if it was not told.
        session_id: String,
        /// The model's name, empty if it was not told.
        model: String,
        /// The program's version, empty if it was not told.
        version: String,
    },
    /// The agent (or a helper of it) uses a tool.
    Tool {
        /// The tool, as in `Bash`.
        name: String,
        /// With what it is about, as in `Write report.md` or `Bash $ python train.py`.
        brief: String,
    },
    /// A tool came back with an error. Common in honest work: a test that fails.
    ToolFailed {
        /// The tool; empty if its call was not seen.
        name: String,
        /// What it said.
        detail: String,
    },
    /// The first line of something the agent said.
    Text(String),
    /// A request failed and will be sent again.
    Retrying {
        /// Which attempt failed, from 1.
        attempt: u64,
        /// How many there may be.
        max_retries: u64,
        /// How long the program waits, in milliseconds.
        delay_ms: u64,
        /// The program's word for the error, as in `overloaded`.
        error: String,
        /// The HTTP status; `None` if there was no answer at all.
        status: Option<u64>,
    },
    /// What is known of the account's limits has changed.
    Limit(Limit),
    /// The agent was not allowed to use a tool.
    Denied {
        /// The tool.
        tool: String,
    },
    /// How many commands run in the background now.
    BackgroundTasks(usize),
    /// Another model answers from here on.
    ModelChanged {
        /// The model before.
        from: String,
        /// The model now.
        to: String,
    },
    /// A turn ended. Not always the end of the process, and there may be several.
    Result {
        /// Whether the program calls it a success. See [`super::Verdict`] for the truth.
        ok: bool,
        /// The first line of its result or of its error.
        text: String,
        /// What this process has cost so far, in US dollars at list prices.
        cost_usd: Option<f64>,
    },
    /// The conversation had grown too long and was shortened.
    Compacted,
}

/// What the service says of the account's usage limits.
#[derive(Debug, Clone, PartialEq)]
pub struct Limit {
    /// Whether requests are let through.
    pub status: LimitStatus,
    /// The window that counts, as in `five_hour` or `seven_day`; empty if not told.
    pub kind: String,
    /// When that window starts anew, in seconds since 1970.
    pub resets_at: Option<i64>,
    /// How much of that window is used, from 0 to 1.
    pub utilization: Option<f64>,
    /// Whether paid overage carries the requests at present.
    pub using_overage: bool,
    /// Every window that was told, at most eight.
    pub windows: Vec<Window>,
}

impl Limit {
    /// Whether requests are turned away until the reset.
    pub fn blocks(&self) -> bool {
        self.status == LimitStatus::Rejected && !self.using_overage
    }
}

/// Whether requests are let through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LimitStatus {
    /// Yes.
    Allowed,
    /// Yes, but the end is near.
    Warning,
    /// No.
    Rejected,
    /// A word that is not known here.
    Other(String),
}

impl LimitStatus {
    /// The word for it.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Allowed => "allowed",
            Self::Warning => "warning",
            Self::Rejected => "rejected",
            Self::Other(word) => word,
        }
    }
}

/// One window of the account's usage.
#[derive(Debug, Clone, PartialEq)]
pub struct Window {
    /// Its name, as in `five_hour`.
    pub name: String,
    /// How much of it is used, from 0 to 1.
    pub utilization: Option<f64>,
    /// When it starts anew, in seconds since 1970.
    pub resets_at: Option<i64>,
}

/// One line for a person.
impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Session { session_id, model, version } => {
                write!(f, "session {session_id}, model {model}, version {version}")
            }
            Self::Tool { brief, .. } => f.write_str(brief),
            Self::ToolFailed { name, detail } if name.is_empty() => {
                write!(f, "tool failed: {detail}")
            }
            Self::ToolFailed { name, detail } => write!(f, "{name} failed: {detail}"),
            Self::Text(text) => f.write_str(text),
            Self::Retrying { attempt, max_retries, delay_ms, error, status } => {
                let seconds = delay_ms.div_ceil(1000);
                write!(f, "request failed ({error}")?;
                if let Some(status) = status {
                    write!(f, ", status {status}")?;
                }
                write!(f, "), trying again in {seconds} s ({attempt} of {max_retries})")
            }
            Self::Limit(limit) => {
                write!(f, "usage limit {}", limit.status.as_str())?;
                if !limit.kind.is_empty() {
                    write!(f, ", {}", limit.kind)?;
                }
                match limit.utilization {
                    Some(part) => write!(f, ", {:.0} % used", part * 100.0),
                    None => Ok(()),
                }
            }
            Self::Denied { tool } => write!(f, "{tool} was not allowed"),
            Self::BackgroundTasks(count) => write!(f, "commands in the background: {count}"),
            Self::ModelChanged { from, to } => write!(f, "model changed from {from} to {to}"),
            Self::Result { ok, text, .. } => {
                write!(f, "{}: {text}", if *ok { "turn ended" } else { "turn failed" })
            }
            Self::Compacted => f.write_str("the conversation was shortened"),
        }
    }
}
