//! Reads what Grid Engine's commands print: the letters of qstat, the records of qacct. Pure and total.

use super::shell::{signal_of, useful};
use crate::domain::{EndKind, JobEnd, JobState};

/// Reads the letters of one job. `waits_for` lists the jobs that it was told to wait for,
/// `wrong` is the reason of an error state where it is known.
pub(super) fn state(number: &str, letters: &str, waits_for: &str, wrong: Option<&str>) -> JobState {
    let has = |letter: char| letters.contains(letter);
    if letters.is_empty() || !letters.chars().all(|letter| "qwhtrRsSTdEzNP".contains(letter)) {
        return JobState::Other(useful(letters));
    }
    if has('d') {
        JobState::Ending
    } else if has('E') {
        JobState::NeverStarts(match wrong {
            Some(reason) => format!("{letters}: {}", reason_alone(reason)),
            None => format!("{letters}: `qstat -j {number}` shows why"),
        })
    } else if has('s') || has('S') || has('T') || has('N') || has('P') {
        JobState::Suspended
    } else if has('r') || has('t') {
        JobState::Running
    } else if has('h') && waits_for.trim().is_empty() {
        JobState::Held(letters.to_owned())
    } else if has('h') {
        JobState::Waiting(format!("{letters}: waits for job {}", useful(waits_for)))
    } else if has('z') {
        JobState::Other(letters.to_owned())
    } else {
        JobState::Waiting(letters.to_owned())
    }
}

/// Whether a job with these letters may do something yet.
pub(super) fn is_live(letters: &str) -> bool {
    !letters.is_empty() && letters.chars().all(|letter| "qwhtrRsSTENP".contains(letter))
}

/// `11/20/2026 15:22:04 [1001:28777]: error: can't open ...` without date and process.
fn reason_alone(reason: &str) -> String {
    let text = match reason.split_once("]: ") {
        Some((head, text)) if head.starts_with(|c: char| c.is_ascii_digit()) => text,
        _ => reason,
    };
    useful(text)
}

/// One record of qacct: `ID|EXIT STATUS|HOST|SECONDS|SUBMITTED|FAILED`; exit status and failed are a
/// number, perhaps with words behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Record<'a> {
    pub(super) number: &'a str,
    exit_status: &'a str,
    host: &'a str,
    seconds: &'a str,
    pub(super) submitted: &'a str,
    failed: &'a str,
}

impl<'a> Record<'a> {
    /// Reads a line.
    pub(super) fn parse(line: &'a str) -> Option<Self> {
        let mut fields = line.splitn(6, '|').map(str::trim);
        let number = fields.next()?;
        let mut field = || fields.next();
        let record = Self {
            number,
            exit_status: field()?,
            host: field()?,
            seconds: field()?,
            submitted: field()?,
            failed: field()?,
        };
        (!number.is_empty() && number.bytes().all(|b| b.is_ascii_digit())).then_some(record)
    }

    /// How long all runs of the job took together: `12s` or `12.5`.
    pub(super) fn seconds(&self) -> Option<u64> {
        self.seconds.split(['s', '.']).next()?.parse().ok()
    }

    /// How the job ended; `None` when this record is that of a run after which the job
    /// went back to the queue.
    ///
    /// `failed` counts before the exit status: a job that never ran has exit status 0.
    pub(super) fn end(&self) -> Option<JobEnd> {
        let code = first_number(self.exit_status);
        let by_code = if code == Some(0) { EndKind::Completed } else { EndKind::Failed };
        let (kind, ran) = match first_number(self.failed) {
            Some(24 | 25) => return None,
            Some(0) => (by_code, true),
            // Trouble behind the job script: epilog, end of a parallel environment, mail.
            Some(12..=17) => (by_code, true),
            // The script asked for the error state with exit 100.
            Some(30) => (EndKind::Failed, true),
            Some(1..=11 | 18 | 19 | 21 | 26..=29 | 31..=36 | 38) => (EndKind::NotStarted, false),
            Some(37) => (EndKind::TimeLimit, true),
            // 100: qdel, kill -9, out of memory and a lost node look the same. Any other: who knows.
            _ => (EndKind::Killed, true),
        };
        let code = code.filter(|code| ran && (*code != 0 || kind == EndKind::Completed));
        let mut words = format!("failed {}", squeezed(self.failed));
        if let Some(code) = code {
            words.push_str(&format!(", exit status {code}"));
        }
        if !self.host.is_empty() && ran {
            words.push_str(&format!(" on {}", useful(self.host)));
        }
        Some(JobEnd { kind, exit_code: code, signal: code.and_then(signal_of), words })
    }
}

/// `37  : qmaster enforced ...` with single blanks.
fn squeezed(text: &str) -> String {
    useful(text).split_whitespace().collect::<Vec<_>>().join(" ").replace(" : ", ": ")
}

fn first_number(text: &str) -> Option<i32> {
    text.split_whitespace().next()?.parse().ok()
}

/// What came of a qacct that did not exit with 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ledger {
    /// It answered.
    Answered,
    /// There is none here: no job ever ended, or the login node does not have the file.
    Missing,
    /// It did not answer.
    Failed,
}

/// Tells an empty answer from none.
pub(super) fn ledger(status: i32, said: &str) -> Ledger {
    if status == 0 || said.contains("not found") && said.contains("job ") {
        Ledger::Answered
    } else if status == 127
        || said.contains("No such file or directory")
        || said.contains("no jobs running since startup")
    {
        Ledger::Missing
    } else {
        Ledger::Failed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(letters: &str) -> JobState {
        state("7", letters, "", None)
    }

    #[test]
    fn every_combination_of_letters() {
        for letters in ["qw", "Rq", "w", "q"] {
            assert_eq!(read(letters), JobState::Waiting(letters.to_owned()), "{letters}");
        }
        for letters in ["hqw", "hRwq", "hRq"] {
            assert_eq!(read(letters), JobState::Held(letters.to_owned()), "{letters}");
        }
        for letters in ["r", "t", "Rr", "Rt", "hr", "hRr"] {
            assert_eq!(read(letters), JobState::Running, "{letters}");
        }
        for letters in ["s", "S", "T", "ts", "tS", "tT", "Rs", "RS", "RT", "sr", "ST"] {
            assert_eq!(read(letters), JobState::Suspended, "{letters}");
        }
        for letters in ["dr", "dt", "dRr", "dRt", "ds", "dS", "dT", "dRs", "dEqw"] {
            assert_eq!(read(letters), JobState::Ending, "{letters}");
        }
        for letters in ["Eqw", "Ehqw", "EhRqw"] {
            assert_eq!(
                read(letters),
                JobState::NeverStarts(format!("{letters}: `qstat -j 7` shows why")),
                "{letters}"
            );
        }
        for letters in ["", "z", "x", "running", "\u{7}"] {
            assert!(matches!(read(letters), JobState::Other(_)), "{letters:?}");
        }
    }

    #[test]
    fn a_hold_for_another_job_needs_nobody() {
        assert_eq!(
            state("6", "hqw", " 4", None),
            JobState::Waiting("hqw: waits for job 4".to_owned())
        );
    }

    #[test]
    fn an_error_state_tells_its_reason() {
        let reason = "11/20/2026 15:22:04 [1001:28777]: error: can't open output file \"/nonexistent/x\": No such file or directory";
        assert_eq!(
            state("7", "Eqw", "", Some(reason)),
            JobState::NeverStarts(
                "Eqw: can't open output file \"/nonexistent/x\": No such file or directory"
                    .to_owned()
            )
        );
    }

    fn kind(failed: &str, exit_status: &str) -> Option<EndKind> {
        let line = format!("12|{exit_status}|n1|1||{failed}");
        Record::parse(&line).expect("a record").end().map(|end| end.kind)
    }

    /// The table of sge_status(5).
    #[test]
    fn every_failed_code() {
        for code in
            [1, 3, 4, 5, 6, 7, 8, 9, 10, 11, 18, 19, 21, 26, 27, 28, 29, 31, 32, 33, 34, 35, 36, 38]
        {
            assert_eq!(kind(&format!("{code}  : text"), "0"), Some(EndKind::NotStarted), "{code}");
        }
        for code in [12, 13, 14, 15, 16, 17] {
            assert_eq!(kind(&format!("{code}  : text"), "0"), Some(EndKind::Completed), "{code}");
            assert_eq!(kind(&format!("{code}  : text"), "3"), Some(EndKind::Failed), "{code}");
        }
        assert_eq!(kind("0", "0"), Some(EndKind::Completed));
        assert_eq!(kind("0", "7"), Some(EndKind::Failed));
        assert_eq!(kind("30  : application error returned", "100"), Some(EndKind::Failed));
        assert_eq!(
            kind(
                "37  : qmaster enforced h_rt, h_cpu, or h_vmem limit",
                "137                  (Killed)"
            ),
            Some(EndKind::TimeLimit)
        );
        assert_eq!(
            kind("100 : assumedly after job", "137                  (Killed)"),
            Some(EndKind::Killed)
        );
        for code in [24, 25] {
            assert_eq!(kind(&format!("{code}  : text"), "99"), None, "{code}");
        }
        for unknown in ["20", "22", "23", "39", "101", "-1", "", "zero", "99999999999"] {
            assert_eq!(kind(unknown, "0"), Some(EndKind::Killed), "{unknown:?}");
        }
        assert_eq!(kind("0", "none"), Some(EndKind::Failed));
    }

    #[test]
    fn words_and_numbers_of_an_end() {
        let end = Record::parse("8|137                  (Killed)|node-3|4||37  : qmaster enforced h_rt, h_cpu, or h_vmem limit")
            .and_then(|record| record.end());
        let end = end.expect("an end");
        assert_eq!((end.exit_code, end.signal), (Some(137), Some(9)));
        assert_eq!(
            end.words,
            "failed 37: qmaster enforced h_rt, h_cpu, or h_vmem limit, exit status 137 on node-3"
        );
        let unstarted = Record::parse("7|0|localhost|0||26  : opening input/output file")
            .and_then(|record| record.end())
            .expect("an end");
        assert_eq!(
            (unstarted.exit_code, unstarted.words.as_str()),
            (None, "failed 26: opening input/output file")
        );
        for line in ["", "x|0|h|1||0", "|||||", "12|0|h|1|"] {
            assert_eq!(Record::parse(line), None, "{line:?}");
        }
    }

    #[test]
    fn an_empty_ledger_is_an_answer() {
        assert_eq!(ledger(1, "error: job id 99999 not found"), Ledger::Answered);
        assert_eq!(
            ledger(1, "/nonexistent: No such file or directory; no jobs running since startup"),
            Ledger::Missing
        );
        assert_eq!(ledger(127, "sh: 1: qacct: not found"), Ledger::Missing);
        assert_eq!(ledger(124, ""), Ledger::Failed);
        assert_eq!(ledger(1, "critical error: cannot read"), Ledger::Failed);
    }
}
