//! What can happen, by the words that the table of events keeps.

use super::TaskStatus;
use super::string_enum::string_enum;

string_enum! {
    /// What happened.
    EventName {
        /// A sprint was made.
        Created = "created",
        /// A sprint's state has changed.
        State = "state",
        /// A sprint was deleted.
        Deleted = "deleted",
        /// A scheduler was told to stop a job.
        CancelSent = "cancel_sent",
        /// Another job was taken for a sprint's own.
        JobAdopted = "job_adopted",
        /// From when on a job counts.
        JobCounts = "job_counts",
        /// A journal is not as it was.
        JournalAltered = "journal_altered",
        /// A job has found an idea.
        Idea = "idea",
        /// That idea was had before.
        IdeaRepeats = "idea_repeats",
        /// A job says that no idea is left to try.
        NoIdeaLeft = "no_idea_left",
        /// What a sprint has cost cannot be known.
        CostUnknown = "cost_unknown",
        /// The results of a sprint are here.
        Results = "results",
        /// They could not be brought.
        ResultsFailed = "results_failed",
        /// A message was written.
        Message = "message",
        /// A message was answered.
        MessageAnswered = "message_answered",
        /// An answer or a note lies in the sprint's directory.
        MessageDelivered = "message_delivered",
        /// It was not found there, and is brought once more.
        MessageBroughtAgain = "message_brought_again",
        /// The agent knows a message.
        MessageTold = "message_told",
        /// Nobody has to answer a message any more.
        MessageClosed = "message_closed",
        /// A job carries a name of ours, and no sprint has it.
        Stray = "stray",
        /// Money was spent outside of any sprint.
        Spent = "spent",
        /// A loop was started.
        LoopStarted = "loop_started",
        /// A loop does something else from now on.
        LoopEdited = "loop_edited",
        /// A loop has ended.
        LoopEnded = "loop_ended",
        /// A loop that had ended runs again.
        LoopResumed = "loop_resumed",
        /// A task was made.
        TaskCreated = "task_created",
        /// A task was changed.
        TaskEdited = "task_edited",
        /// A task was claimed.
        TaskClaimed = "task_claimed",
        /// A claim was prolonged.
        TaskHeartbeat = "task_heartbeat",
        /// A claim's time was over.
        TaskClaimExpired = "task_claim_expired",
        /// A claim was given back.
        TaskReleased = "task_released",
        /// A task was opened again by a person.
        TaskRetried = "task_retried",
        /// An attempt at a task has failed.
        TaskFailed = "task_failed",
        /// A task is to be done again.
        TaskOpen = "task_open",
        /// A task is done.
        TaskDone = "task_done",
        /// A task has failed for good.
        TaskDead = "task_dead",
        /// What a task needs can never come.
        TaskSkipped = "task_skipped",
        /// A task was cancelled.
        TaskCancelled = "task_cancelled",
    }
}

impl EventName {
    /// That a task has come to this.
    pub fn of_task(status: TaskStatus) -> Self {
        match status {
            TaskStatus::Open => Self::TaskOpen,
            TaskStatus::Done => Self::TaskDone,
            TaskStatus::Dead => Self::TaskDead,
            TaskStatus::Skipped => Self::TaskSkipped,
            TaskStatus::Cancelled => Self::TaskCancelled,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_tasks_are_those_of_their_status() {
        for status in TaskStatus::ALL {
            assert_eq!(EventName::of_task(*status).as_str(), format!("task_{status}"));
        }
    }
}
