//! Tools that make sense only where a person sits before the program, or where it goes on when its turn
//! has ended: timers, messages, questions in a dialog, other sessions. In a job nobody is there, and the
//! process ends with its turn.
//!
//! Hides their names. Each version has others; a name that a version does not know is ignored by it.

/// Known by name, up to 2.1.332.
const BY_NAME: &[&str] = &[
    "AskUserQuestion",
    "CronCreate",
    "CronDelete",
    "CronList",
    "EnterPlanMode",
    "EnterWorktree",
    "ExitPlanMode",
    "ExitWorktree",
    "ListAgents",
    "ListPeers",
    "Monitor",
    "PushNotification",
    "RemoteTrigger",
    "ReportFindings",
    "ScheduleWakeup",
    "SendMessage",
    "SendUserFile",
    "SendUserMessage",
    "TeamCreate",
    "TeamDelete",
];
/// Parts of names, in lower case, that later versions may give to such tools.
const BY_PART: &[&str] = &[
    "cron",
    "wakeup",
    "schedul",
    "remind",
    "timer",
    "alarm",
    "sendmessage",
    "senduser",
    "notif",
    "askuser",
    "askhuman",
    "planmode",
    "worktree",
    "trigger",
    "listagents",
    "listsessions",
    "listpeers",
    "monitor",
    "team",
];
/// Parts of names, in lower case, of those that come back later by themselves.
const COMES_BACK: &[&str] =
    &["croncreate", "wakeup", "schedul", "remind", "timer", "alarm", "monitor"];

/// Whether a tool is of that kind. What a server of the user's offers is his.
pub(super) fn is_for_a_person(name: &str) -> bool {
    let lower = plain(name);
    !name.starts_with("mcp__")
        && (BY_NAME.contains(&name) || BY_PART.iter().any(|part| lower.contains(part)))
}

/// Whether a call of the tool that succeeded means that the agent waits to be woken.
pub(super) fn comes_back(name: &str) -> bool {
    let lower = plain(name);
    is_for_a_person(name)
        && COMES_BACK.iter().any(|part| lower.contains(part))
        && !["delete", "list", "cancel"].iter().any(|part| lower.contains(part))
}

/// Whether it takes such a wait back.
pub(super) fn takes_back(name: &str) -> bool {
    let lower = plain(name);
    ["crondelete", "cancelwakeup", "taskstop", "cancelschedule"].contains(&lower.as_str())
}

fn plain(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

/// The value of the flag that withholds them, with those that an earlier call of the run has listed.
pub(super) fn withheld(more: &[String]) -> String {
    let mut names = BY_NAME.to_vec();
    names.extend(more.iter().map(String::as_str).filter(|name| !BY_NAME.contains(name)));
    names.join(",")
}

/// What is pending when a process has told its result.
#[derive(Debug, Clone, Default)]
pub(super) struct Pending {
    /// What the agent waits to be woken by, oldest first: the tools' names.
    timers: Vec<String>,
}

impl Pending {
    /// How many are remembered.
    const MOST: usize = 100;

    /// A call of a tool has succeeded.
    pub(super) fn succeeded(&mut self, name: &str) {
        if comes_back(name) {
            // A new wake-up takes the place of the one before.
            self.timers.retain(|other| other != name);
            if self.timers.len() < Self::MOST {
                self.timers.push(name.to_owned());
            }
        } else if takes_back(name) {
            self.timers.pop();
        }
    }

    /// The agent was woken, by whatever it was.
    pub(super) fn woken(&mut self) {
        self.timers.clear();
    }

    /// What it still waits for.
    pub(super) fn timer(&self) -> Option<&str> {
        self.timers.last().map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_is_offered_and_waiting_is_not() {
        for name in [
            "Bash",
            "Read",
            "Write",
            "Edit",
            "Task",
            "WebFetch",
            "WebSearch",
            "NotebookEdit",
            "Skill",
            "TodoWrite",
            "TaskStop",
            "mcp__lab__schedule_beam_time",
        ] {
            assert!(!is_for_a_person(name), "{name}");
        }
        for name in BY_NAME.iter().chain(&[
            "SetReminder",
            "CronUpdate",
            "StartTimer",
            "SendMessageToUser",
            "AskUserForFile",
        ]) {
            assert!(is_for_a_person(name), "{name}");
        }
        assert!(
            withheld(&["StartTimer".to_owned(), "CronList".to_owned()])
                .ends_with("TeamDelete,StartTimer")
        );
    }

    #[test]
    fn a_timer_is_pending_until_it_is_taken_back_or_has_come() {
        let mut pending = Pending::default();
        pending.succeeded("Bash");
        assert_eq!(pending.timer(), None);
        pending.succeeded("ScheduleWakeup");
        pending.succeeded("ScheduleWakeup");
        assert_eq!(pending.timer(), Some("ScheduleWakeup"));
        pending.woken();
        assert_eq!(pending.timer(), None);
        pending.succeeded("CronCreate");
        pending.succeeded("CronList");
        assert_eq!(pending.timer(), Some("CronCreate"));
        pending.succeeded("CronDelete");
        assert_eq!(pending.timer(), None);
    }
}
