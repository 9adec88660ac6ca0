//! What an agent does beside its work: lines, records and ends that only the runner may write.

use super::run::{Course, Run, append, end};
use crate::bundle::formats::Money;
use crate::bundle::journal::Entry;

/// What the agent does beside its work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    Nothing,
    ForgesEnd,
    ForgesEndAndKills,
    TakesNumbers,
    ForgesCost,
    ForgesExit,
    ForgesStart,
    WritesLongLine,
}

fn entry_text(seq: u64, incarnation: u32, time: i64, entry: &Entry) -> String {
    let mut line = serde_json::json!({ "v": 1, "seq": seq, "time": jiff::Timestamp::from_second(time).expect("a time").to_string(), "incarnation": incarnation });
    if let (Some(line), Ok(serde_json::Value::Object(body))) =
        (line.as_object_mut(), serde_json::to_value(entry))
    {
        line.extend(body);
    }
    format!("{line}\n")
}

impl Run {
    /// What the agent does beside its work. True when it has killed the runner.
    pub(super) fn does(&mut self, course: &mut Course, now: i64) -> bool {
        let path = course.own().join("run.jsonl");
        let text = std::fs::read(&path).unwrap_or_default();
        let (lines, _) = crate::bundle::journal::parse(&text);
        let next = lines.iter().map(|line| line.seq).max().unwrap_or(0) + 1;
        let forged =
            |offset: u64, entry: Entry| entry_text(next + offset, course.incarnations, now, &entry);
        let completed = Entry::RunEnded(Box::new(end("completed", None, None, Money::default())));
        let nothing = || Entry::Cost { spent: Money::default(), call: course.calling.clone() };
        let line = match course.deed {
            Deed::Nothing => return false,
            Deed::ForgesEnd | Deed::ForgesEndAndKills => forged(0, completed),
            Deed::ForgesCost => forged(0, nothing()),
            Deed::TakesNumbers => {
                let ended = || Entry::StepEnded {
                    verdict: "yes".to_owned(),
                    detail: String::new(),
                    critical: None,
                    issues: Vec::new(),
                    critical_issues: Vec::new(),
                    seconds: 1,
                    spent: Money::default(),
                };
                (0..30)
                    .map(|n| {
                        forged(
                            n,
                            match n % 3 {
                                0 => nothing(),
                                1 => ended(),
                                _ => Entry::Note { text: "mine".to_owned() },
                            },
                        )
                    })
                    .collect()
            }
            Deed::ForgesStart => forged(
                0,
                Entry::RunStarted {
                    job_id: super::world::INNOCENT.to_string(),
                    host: "n9".to_owned(),
                    version: "0".to_owned(),
                    pipeline: "research".to_owned(),
                    plan: Vec::new(),
                    certain: Vec::new(),
                    seconds: 1,
                },
            ),
            Deed::WritesLongLine => format!("{}\n", "x".repeat(17 << 20)),
            Deed::ForgesExit => {
                let exit = serde_json::json!({ "v": 1, "reason": "runner_missing", "status": 127, "job_id": self.job.to_string(), "host": "n1", "time": now, "processes_left": 0 });
                std::fs::write(course.own().join("exit.json"), format!("{exit}\n"))
                    .expect("written");
                return false;
            }
        };
        append(&path, &line, now);
        if course.deed == Deed::ForgesEndAndKills {
            self.is_killed(course, now, true);
            return true;
        }
        false
    }
}
