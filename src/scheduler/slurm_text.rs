//! Reads what SLURM's commands print: state words and exit codes.
//! Pure and total: an unknown word is kept as it is.

use super::shell::useful;
use crate::domain::{EndKind, JobEnd, JobState};

/// What a state word stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    Waiting,
    Held,
    Running,
    Suspended,
    Ending,
    Ended(EndKind),
}

/// Each word that SLURM prints, long and short.
const STATES: &[(&str, &str, Class)] = &[
    ("PENDING", "PD", Class::Waiting),
    ("CONFIGURING", "CF", Class::Waiting),
    ("EXPEDITING", "", Class::Waiting),
    ("POWER_UP_NODE", "", Class::Waiting),
    ("REQUEUED", "RQ", Class::Waiting),
    ("REQUEUE_FED", "RF", Class::Waiting),
    ("REQUEUE_HOLD", "RH", Class::Held),
    ("RESV_DEL_HOLD", "RD", Class::Held),
    ("SPECIAL_EXIT", "SE", Class::Held),
    ("RUNNING", "R", Class::Running),
    ("RESIZING", "RS", Class::Running),
    ("SIGNALING", "SI", Class::Running),
    ("SUSPENDED", "S", Class::Suspended),
    ("STOPPED", "ST", Class::Suspended),
    ("COMPLETING", "CG", Class::Ending),
    ("STAGE_OUT", "SO", Class::Ending),
    ("COMPLETED", "CD", Class::Ended(EndKind::Completed)),
    ("FAILED", "F", Class::Ended(EndKind::Failed)),
    ("CANCELLED", "CA", Class::Ended(EndKind::Cancelled)),
    // Another job took its place.
    ("PREEMPTED", "PR", Class::Ended(EndKind::Cancelled)),
    ("TIMEOUT", "TO", Class::Ended(EndKind::TimeLimit)),
    ("DEADLINE", "DL", Class::Ended(EndKind::TimeLimit)),
    ("OUT_OF_MEMORY", "OOM", Class::Ended(EndKind::OutOfMemory)),
    ("NODE_FAIL", "NF", Class::Ended(EndKind::NodeFailed)),
    ("BOOT_FAIL", "BF", Class::Ended(EndKind::NodeFailed)),
    ("LAUNCH_FAILED", "", Class::Ended(EndKind::NotStarted)),
    ("RECONFIG_FAIL", "", Class::Ended(EndKind::NotStarted)),
    // A sibling in a federation started it instead.
    ("REVOKED", "RV", Class::Ended(EndKind::NotStarted)),
];

/// Finds the class of a word, also one that a table cut off: `OUT_OF_ME+`.
fn class(text: &str) -> Option<Class> {
    let word = text.split_whitespace().next()?.to_ascii_uppercase();
    if let Some((_, _, class)) = STATES
        .iter()
        .find(|(long, short, _)| *long == word || (!short.is_empty() && *short == word))
    {
        return Some(*class);
    }
    let stem = word.strip_suffix('+').filter(|stem| stem.len() >= 4)?;
    let mut fitting =
        STATES.iter().filter(|(long, _, _)| long.starts_with(stem)).map(|(_, _, class)| *class);
    let first = fitting.next()?;
    fitting.all(|other| other == first).then_some(first)
}

/// Whether a job with this word in the queue may do something yet.
pub(super) fn is_live(word: &str) -> bool {
    !matches!(class(word), Some(Class::Ended(_) | Class::Ending) | None)
}

/// The first word alone, in capitals, without the sign of a cut.
pub(super) fn bare_word(text: &str) -> String {
    text.split_whitespace().next().unwrap_or_default().trim_end_matches('+').to_ascii_uppercase()
}

/// One line of squeue: `ID|STATE|NODES|REASON|NAME`; the reason may hold anything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Queued<'a> {
    pub(super) id: &'a str,
    pub(super) word: &'a str,
    nodes: &'a str,
    reason: &'a str,
}

impl<'a> Queued<'a> {
    /// Reads a line; tasks of an array (`12_3`) and parts of a heterogeneous job (`12+0`)
    /// carry the number of their job.
    pub(super) fn parse(line: &'a str) -> Option<Self> {
        let mut fields = line.splitn(4, '|');
        let id = number(fields.next()?)?;
        let (word, nodes, rest) = (
            fields.next()?.trim(),
            fields.next().unwrap_or_default(),
            fields.next().unwrap_or_default(),
        );
        let reason = rest
            .rsplit_once('|')
            .filter(|(_, name)| name.starts_with("rl-"))
            .map_or(rest, |(reason, _)| reason);
        Some(Self { id, word, nodes, reason: reason.trim() })
    }

    /// The state; [`JobState::Ended`] here has no exit code.
    pub(super) fn state(&self) -> JobState {
        let reason = useful(self.reason);
        match class(self.word) {
            Some(Class::Waiting) => waiting(reason),
            Some(Class::Held) => JobState::Held(if matches!(reason.as_str(), "" | "None") {
                useful(self.word)
            } else {
                reason
            }),
            Some(Class::Running) => JobState::Running,
            Some(Class::Suspended) => JobState::Suspended,
            Some(Class::Ending) => JobState::Ending,
            Some(Class::Ended(kind)) => {
                let shown = if matches!(reason.as_str(), "" | "None") {
                    useful(self.word)
                } else {
                    format!("{} ({reason})", useful(self.word))
                };
                JobState::Ended(JobEnd {
                    kind,
                    exit_code: None,
                    signal: None,
                    words: with_nodes(shown, self.nodes),
                })
            }
            None => JobState::Other(useful(self.word)),
        }
    }
}

/// The digits at the start of an id as queue listings show it.
fn number(text: &str) -> Option<&str> {
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    (end > 0).then(|| &text[..end])
}

fn with_nodes(words: String, nodes: &str) -> String {
    let nodes = useful(nodes);
    let known = !nodes.is_empty() && !nodes.starts_with("None") && nodes != "(null)";
    if known { format!("{words} on {nodes}") } else { words }
}

/// Sorts a waiting job by the reason for which it waits.
fn waiting(reason: String) -> JobState {
    const HELD: [&str; 4] =
        ["jobhelduser", "jobheldadmin", "jobholdmaxrequeue", "launchfailedrequeuedheld"];
    // All of these were seen to pass: an association comes back, a limit is raised, nodes are repaired.
    const STUCK: [&str; 9] = [
        "badconstraints",
        "partitiontimelimit",
        "partitionnodelimit",
        "partitiondown",
        "partitioninactive",
        "invalidaccount",
        "invalidqos",
        "accountnotallowed",
        "qosnotallowed",
    ];
    let plain: String =
        reason.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    let per_job =
        (plain.starts_with("assocmax") || plain.starts_with("qosmax")) && plain.contains("perjob");
    if HELD.contains(&plain.as_str()) {
        JobState::Held(reason)
    } else if plain == "dependencyneversatisfied" {
        JobState::NeverStarts(reason)
    } else if per_job || STUCK.contains(&plain.as_str()) {
        JobState::Stuck(reason)
    } else {
        JobState::Waiting(if reason == "None" { String::new() } else { reason })
    }
}

/// One line of sacct: `ID|STATE|RC:SIGNAL|NODES|SECONDS|TRES|SUBMITTED|NAME`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Accounted<'a> {
    pub(super) id: &'a str,
    pub(super) word: &'a str,
    code: &'a str,
    nodes: &'a str,
    seconds: &'a str,
    tres: &'a str,
    pub(super) submitted: &'a str,
}

impl<'a> Accounted<'a> {
    /// Reads a line; a step (`12.batch`) is none.
    pub(super) fn parse(line: &'a str) -> Option<Self> {
        let mut fields = line.splitn(8, '|');
        let whole_id = fields.next()?;
        let id = number(whole_id).filter(|_| !whole_id.contains('.'))?;
        let word = fields.next()?.trim();
        let mut field = || fields.next().unwrap_or_default().trim();
        Some(Self {
            id,
            word,
            code: field(),
            nodes: field(),
            seconds: field(),
            tres: field(),
            submitted: field(),
        })
    }

    /// How long it ran.
    pub(super) fn seconds(&self) -> Option<u64> {
        self.seconds.parse().ok()
    }

    /// The GPUs that it had, where they are tracked.
    pub(super) fn gpus(&self) -> Option<u32> {
        super::gpus::in_tres(self.tres)
    }

    /// The word of a record that tells of no end: a job that is still there, as far as the accounting knows.
    pub(super) fn goes_on(&self) -> Option<String> {
        (!matches!(class(self.word), Some(Class::Ended(_)))).then(|| useful(self.word))
    }

    /// How the job ended; `None` when the accounting does not know of an end.
    pub(super) fn end(&self) -> Option<JobEnd> {
        let Some(Class::Ended(kind)) = class(self.word) else { return None };
        let (code, signal) = self.code.split_once(':').unwrap_or((self.code, ""));
        // Without a signal that can be read, nothing is known of the code either: it is 0 beside one.
        let code = if signal.is_empty() || signal.parse::<i32>().is_ok() {
            code.parse::<i32>().ok()
        } else {
            None
        };
        let signal = signal.parse::<i32>().ok().filter(|signal| *signal != 0);
        // These two are no signals: SLURM's own signs for "could not start" and "out of memory".
        let kind = match (kind, signal) {
            (EndKind::Failed, Some(53)) => EndKind::NotStarted,
            (EndKind::Failed, Some(125)) => EndKind::OutOfMemory,
            (kind, _) => kind,
        };
        let meant = matches!(kind, EndKind::Completed | EndKind::Failed);
        let unopened = if signal == Some(53) { ": its output could not be opened" } else { "" };
        let shown = if matches!(self.code, "" | "0:0") {
            useful(self.word)
        } else {
            format!("{} {}", useful(self.word), useful(self.code))
        };
        Some(JobEnd {
            kind,
            // A job that a signal ended, or that did not end by itself, shows 0.
            exit_code: code.filter(|code| *code != 0 || (meant && signal.is_none())),
            signal: signal
                .filter(|signal| (1..=64).contains(signal) && kind != EndKind::NotStarted),
            words: with_nodes(shown, self.nodes) + unopened,
        })
    }
}

/// Whether sacct says that this cluster keeps no accounting at all.
pub(super) fn accounting_is_off(status: i32, said: &str) -> bool {
    status == 127 || said.contains("accounting storage is disabled")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(word: &str, reason: &str) -> JobState {
        let line = format!("12|{word}|n1|{reason}");
        Queued::parse(&line).expect("a line").state()
    }

    fn accounted_end(line: &str) -> Option<JobEnd> {
        Accounted::parse(line).and_then(|line| line.end())
    }

    /// All names of SchedMD's job_state_string and its compact form.
    #[test]
    fn every_state_word_has_its_class() {
        for word in "PENDING PD CONFIGURING CF REQUEUED RQ REQUEUE_FED RF EXPEDITING POWER_UP_NODE"
            .split(' ')
        {
            assert_eq!(state(word, "Priority"), JobState::Waiting("Priority".to_owned()), "{word}");
        }
        for word in "REQUEUE_HOLD RH SPECIAL_EXIT SE RESV_DEL_HOLD RD".split(' ') {
            assert_eq!(state(word, "None"), JobState::Held(word.to_owned()), "{word}");
        }
        for word in "RUNNING R RESIZING RS SIGNALING SI".split(' ') {
            assert_eq!(state(word, "None"), JobState::Running, "{word}");
        }
        for word in "SUSPENDED S STOPPED ST".split(' ') {
            assert_eq!(state(word, "None"), JobState::Suspended, "{word}");
        }
        for word in "COMPLETING CG STAGE_OUT SO".split(' ') {
            assert_eq!(state(word, "None"), JobState::Ending, "{word}");
        }
        let ends = [
            ("COMPLETED CD", EndKind::Completed),
            ("FAILED F", EndKind::Failed),
            ("TIMEOUT TO DEADLINE DL", EndKind::TimeLimit),
            ("OUT_OF_MEMORY OOM OUT_OF_ME+", EndKind::OutOfMemory),
            ("NODE_FAIL NF BOOT_FAIL BF", EndKind::NodeFailed),
            ("CANCELLED CA CANCELLED+ PREEMPTED PR", EndKind::Cancelled),
            ("REVOKED RV LAUNCH_FAILED RECONFIG_FAIL", EndKind::NotStarted),
        ];
        for (words, kind) in ends {
            for word in words.split(' ') {
                let JobState::Ended(end) = state(word, "None") else {
                    panic!("{word} has not ended")
                };
                assert_eq!((end.kind, end.words), (kind, format!("{word} on n1")), "{word}");
                assert_eq!(
                    accounted_end(&format!("12|{word}|0:0|n1")).map(|end| end.kind),
                    Some(kind),
                    "{word}"
                );
            }
        }
        for word in ["?", "HIBERNATING", "RUN+", "RE+", "COMPLET+", ""] {
            assert_eq!(state(word, "None"), JobState::Other(word.to_owned()), "{word}");
            assert_eq!(accounted_end(&format!("12|{word}|0:0|n1")), None, "{word}");
        }
    }

    #[test]
    fn a_waiting_job_is_sorted_by_its_reason() {
        for reason in [
            "JobHeldUser",
            "JobHeldAdmin",
            "JobHoldMaxRequeue",
            "launch failed requeued held",
            "launch_failed_requeued_held",
        ] {
            assert_eq!(state("PENDING", reason), JobState::Held(reason.to_owned()));
        }
        assert_eq!(
            state("PENDING", "DependencyNeverSatisfied"),
            JobState::NeverStarts("DependencyNeverSatisfied".to_owned())
        );
        for reason in [
            "BadConstraints",
            "PartitionTimeLimit",
            "PartitionNodeLimit",
            "AssocMaxWallDurationPerJobLimit",
            "QOSMaxCpuPerJobLimit",
            "InvalidAccount",
            "InvalidQOS",
            "PartitionDown",
        ] {
            assert_eq!(state("PENDING", reason), JobState::Stuck(reason.to_owned()));
        }
        for reason in [
            "Resources",
            "Dependency",
            "BeginTime",
            "QOSMaxJobsPerUserLimit",
            "AssocGrpGRES",
            "ReqNodeNotAvail, UnavailableNodes:n1|n2",
        ] {
            assert_eq!(state("PENDING", reason), JobState::Waiting(reason.to_owned()));
        }
        assert_eq!(state("PENDING", "None"), JobState::Waiting(String::new()));
    }

    #[test]
    fn accounting_tells_codes_signals_and_nodes() {
        let read =
            |line| accounted_end(line).map(|end| (end.kind, end.exit_code, end.signal, end.words));
        assert_eq!(
            read("15|COMPLETED|0:0|rlab1"),
            Some((EndKind::Completed, Some(0), None, "COMPLETED on rlab1".to_owned()))
        );
        assert_eq!(
            read("10|FAILED|3:0|rlab1"),
            Some((EndKind::Failed, Some(3), None, "FAILED 3:0 on rlab1".to_owned()))
        );
        assert_eq!(
            read("11|FAILED|0:9|rlab1"),
            Some((EndKind::Failed, None, Some(9), "FAILED 0:9 on rlab1".to_owned()))
        );
        assert_eq!(
            read("9|FAILED|0:53|rlab1"),
            Some((
                EndKind::NotStarted,
                None,
                None,
                "FAILED 0:53 on rlab1: its output could not be opened".to_owned()
            ))
        );
        assert_eq!(
            read("9|FAILED|0:125|n1"),
            Some((EndKind::OutOfMemory, None, None, "FAILED 0:125 on n1".to_owned()))
        );
        assert_eq!(
            read("19|OUT_OF_MEMORY|0:125|rlab1"),
            Some((EndKind::OutOfMemory, None, None, "OUT_OF_MEMORY 0:125 on rlab1".to_owned()))
        );
        assert_eq!(
            read("18|CANCELLED by 1001|0:0|None assigned"),
            Some((EndKind::Cancelled, None, None, "CANCELLED by 1001".to_owned()))
        );
        assert_eq!(
            read("1|TIMEOUT|0:0|n[1-4]"),
            Some((EndKind::TimeLimit, None, None, "TIMEOUT on n[1-4]".to_owned()))
        );
        assert_eq!(
            read("11|FAILED|0:?|n1"),
            Some((EndKind::Failed, None, None, "FAILED 0:? on n1".to_owned()))
        );
        assert_eq!(
            read("11|FAILED|?|n1"),
            Some((EndKind::Failed, None, None, "FAILED ? on n1".to_owned()))
        );
        assert_eq!(read("19.batch|OUT_OF_MEMORY|0:125|rlab1"), None);
        assert_eq!(read("8|RUNNING|0:0|rlab1"), None);
    }

    #[test]
    fn hostile_lines_are_kept_or_ignored() {
        for line in ["", "|", "x|RUNNING", "12", "|RUNNING|a|b", "\u{0}|\u{1}|2|3"] {
            assert_eq!(Queued::parse(line), None, "{line:?}");
            assert_eq!(Accounted::parse(line), None, "{line:?}");
        }
        assert_eq!(state("RUNNING", "a|b|FAILED"), JobState::Running);
        assert_eq!(
            state("PENDING", "Nodes n1|n2|rl-sp-a1b2c3-1"),
            JobState::Waiting("Nodes n1|n2".to_owned())
        );
        assert_eq!(state("\u{1b}[2J", ""), JobState::Other("[2J".to_owned()));
        assert_eq!(Queued::parse("14_[1-5%2]|PENDING||x").map(|line| line.id), Some("14"));
        assert_eq!(Queued::parse("20+0|RUNNING|n1|None").map(|line| line.id), Some("20"));
    }
}
