//! What a cluster offers: its partitions or queues, their limits, GPUs and accounts, as its scheduler tells
//! them. What it does not tell is not known, and nothing here guesses it.

use crate::domain::duration::{human, parse_seconds};
use crate::domain::text;

/// What a cluster offers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Offer {
    /// Its partitions or queues, those that can be used first.
    pub queues: Vec<Queue>,
    /// Accounts or projects that this user may charge.
    pub accounts: Vec<String>,
    /// The one that is charged when a job names none.
    pub default_account: Option<String>,
    /// Names of resources that count GPUs, where jobs ask for them by such a name.
    pub gpu_resources: Vec<String>,
}

/// A partition or queue.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Queue {
    /// Its name.
    pub name: String,
    /// Whether it takes the jobs that name none.
    pub is_default: bool,
    /// Why this user's jobs may not be taken there.
    pub closed: Option<String>,
    /// The longest time of a job, in seconds; none where there is no limit.
    pub most_seconds: Option<u64>,
    /// The kinds of its nodes, as `2 nodes of 64 CPUs and 512 GB`.
    pub nodes: Vec<String>,
    /// What a job may ask for to get one GPU, as `gpu:a100:1`.
    pub gpus: Vec<String>,
    /// The memory of a job that asks for none, in MB, as far as it is known.
    pub default_memory: Option<u64>,
    /// The memory of the smallest of its nodes, in MB.
    pub node_memory: Option<u64>,
    /// Parallel environments, where jobs get several CPUs by such a name.
    pub environments: Vec<String>,
}

impl Offer {
    /// The queues that may take this user's jobs.
    pub fn open(&self) -> impl Iterator<Item = &Queue> {
        self.queues.iter().filter(|queue| queue.closed.is_none())
    }
}

impl Queue {
    /// What is to be known of it, in one line.
    pub fn about(&self) -> String {
        let mut about = Vec::new();
        if self.is_default {
            about.push("the default".to_owned());
        }
        about.push(match self.most_seconds {
            Some(seconds) => format!("at most {}", human(seconds)),
            None => "no time limit".to_owned(),
        });
        about.extend(self.nodes.iter().cloned());
        about.extend(self.closed.clone());
        text::line(&about.join("; "))
    }
}

/// The lines of an answer that have this word at their head.
pub(super) fn rows<'a>(answer: &'a str, word: &'a str) -> impl Iterator<Item = &'a str> {
    answer
        .lines()
        .filter_map(move |line| line.strip_prefix(word)?.strip_prefix(' '))
        .filter(|row| !row.chars().any(text::is_harmful))
}

/// A name that can stand in a job's options as it is.
pub(super) fn name(text: &str) -> Option<String> {
    let text = text.trim();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-.:/@+=".contains(c);
    (!text.is_empty() && text.len() <= 100 && text.chars().all(is_plain)).then(|| text.to_owned())
}

/// A time as schedulers print it: `1-12:00:00`, `24:00:00`, or seconds. None for no limit, and for what
/// cannot be read.
pub(super) fn seconds(text: &str) -> Option<u64> {
    let text = text.trim();
    if text.contains(':') { parse_seconds(text).ok() } else { text.parse().ok() }
}

/// Megabytes for a person.
pub(super) fn memory(megabytes: u64) -> String {
    match megabytes {
        0..=1023 => format!("{megabytes} MB"),
        _ => format!("{} GB", megabytes / 1024),
    }
}

/// Shell text at the head of both questions: finds the tool, or ends with 93, and defines `rl_say WORD COMMAND`,
/// which prints the lines of an answer behind a word.
macro_rules! offered {
    ($tool:literal) => {
        concat!(
            "RL_FRESH=1\n",
            prelude!($tool),
            "if ! command -v ",
            $tool,
            r#" >/dev/null 2>&1; then printf '%s\n' "$rl_login_said"; exit 93; fi
rl_say() {
rl_word=$1; shift
rl_answer=$(rl_run 60 "$@")
case $? in 0 | 98) printf '%s\n' "$rl_answer" | rl_data | head -n 20000 | sed "s/^/$rl_word /" ;; *) return 1 ;; esac
}
"#
        )
    };
}

pub(super) use offered;
