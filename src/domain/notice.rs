//! What people are told of.

use super::string_enum::string_enum;

string_enum! {
    /// What a notice tells.
    NoticeKind {
        /// The job of a sprint has begun.
        Started = "started",
        /// A sprint has completed.
        Completed = "completed",
        /// A sprint has failed.
        Failed = "failed",
        /// The job of a sprint cannot start as things are.
        Stuck = "stuck",
        /// The GPUs of a job have been idle for long.
        GpusIdle = "gpus_idle",
        /// A sprint asks something, or proposes an idea.
        Question = "question",
        /// A loop has ended.
        LoopEnded = "loop_ended",
        /// A loop may not end as it should.
        LoopNote = "loop_note",
        /// A task has failed for good.
        TaskDead = "task_dead",
    }
}
