//! What can be done next about a sprint or a loop, as it is shown.

use crate::domain::{LoopStatus, SprintKind, Status, StopRule};
use crate::view::{Loop, LoopNext, Sprint, SprintNext};

/// So many sprints more are offered to a loop that has made all of its own.
const MORE_SPRINTS: u32 = 3;

/// What can be done next about a sprint.
pub fn sprint_next(sprint: &Sprint) -> SprintNext {
    match sprint.status {
        Status::Pending => SprintNext::WaitForSlot,
        Status::Submitting => SprintNext::WaitForLookUp,
        Status::Submitted | Status::Running => SprintNext::WatchOrCancel,
        Status::Cancelling => SprintNext::WaitForEnd,
        Status::Parked => match (&sprint.waits_for, &sprint.limit_reason) {
            (Some(message), _) => SprintNext::Answer { message: message.clone() },
            (None, Some(limit)) => SprintNext::WidenLimit { limit: limit.clone() },
            (None, None) => SprintNext::WaitForGoingOn,
        },
        Status::Completed => match (sprint.kind, &sprint.open_issues, &sprint.parent) {
            (SprintKind::Plan, ..) => SprintNext::TakePlan,
            (_, Some(Some(open)), _) => SprintNext::Repair { step: open.step.clone() },
            // A follow-up works in the directory of another sprint: what it has changed lies there.
            (SprintKind::Tweak, _, Some(parent)) => {
                SprintNext::ReadReport { sprint: parent.clone() }
            }
            _ => SprintNext::ReadReport { sprint: sprint.id.clone() },
        },
        Status::Failed => match &sprint.hint {
            Some(advice) => SprintNext::Follow { advice: advice.clone() },
            None => SprintNext::ReadLog,
        },
        Status::Cancelled if sprint.idea.is_none() => SprintNext::ShowLoops,
        Status::Cancelled => SprintNext::Resubmit,
    }
}

/// What can be done next about a loop.
pub(super) fn loop_next(one: &Loop) -> LoopNext {
    let rule = match (one.status, one.reason) {
        (LoopStatus::Running, _) => return LoopNext::StopOrEdit,
        (_, None) => return LoopNext::Resume,
        (_, Some(rule)) => rule,
    };
    match rule {
        // An edit may have raised the count since.
        StopRule::Count if one.completed_count < one.limits.count => LoopNext::Resume,
        StopRule::Count => {
            LoopNext::ResumeWithMore { count: one.limits.count.saturating_add(MORE_SPRINTS) }
        }
        StopRule::SameFailure | StopRule::Failures => LoopNext::MendAndResume,
        StopRule::BacklogDone => LoopNext::AddTasksAndResume,
        StopRule::NoIdeasLeft => LoopNext::GuideAndResume,
        _ => match (rule.study_key(), rule.widened_by()) {
            (Some(key), _) => LoopNext::RaiseStudyAndResume { key },
            (None, Some(option)) => LoopNext::ResumeWith { option },
            (None, None) => LoopNext::Resume,
        },
    }
}
