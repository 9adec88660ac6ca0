//! What can be done next about a sprint or a loop, as it is shown.

use crate::domain::{LoopStatus, SprintKind, Status, StopRule};
use crate::view::{Loop, LoopNext, Sprint, SprintNext};

/// So many sprints more are offered to a loop that has made all of its own.
const MORE_SPRINTS: u32 = 3;

/// What can be done next about a sprint.
pub(super) fn sprint_next(sprint: &Sprint) -> SprintNext {
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
        StopRule::SameFailure | StopRule::Failures => LoopNext::FixAndResume,
        StopRule::BacklogDone => LoopNext::AddTasksAndResume,
        StopRule::NoIdeasLeft => LoopNext::GuideAndResume,
        _ => match (rule.study_key(), rule.widened_by()) {
            (Some(key), _) => LoopNext::RaiseStudyAndResume { key },
            (None, Some(option)) => LoopNext::ResumeWith { option },
            (None, None) => LoopNext::Resume,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::App;
    use crate::domain::{MessageId, OpenIssues, SprintId};
    use crate::sprint::{Handle, NewSprintSpec, Request};
    use crate::view;

    #[test]
    fn what_comes_next_follows_from_how_a_sprint_stands() {
        let folder = tempfile::tempdir().expect("a folder");
        let app = App::example(folder.path(), "", "");
        let spec = NewSprintSpec::new("s", "an idea", Request::default());
        let row = Handle::make(&app, &spec).expect("made").sprint.row;
        let id = row.id.clone();
        let new = view::sprint(&row);
        assert_eq!(sprint_next(&new), SprintNext::WaitForSlot);

        let parked = Sprint { status: Status::Parked, ..new.clone() };
        assert_eq!(sprint_next(&parked), SprintNext::WaitForGoingOn);
        let held = Sprint { limit_reason: Some("$5 are used".to_owned()), ..parked.clone() };
        assert_eq!(sprint_next(&held), SprintNext::WidenLimit { limit: "$5 are used".to_owned() });
        let asks = Sprint { waits_for: Some(MessageId::of("m-000001")), ..held };
        assert_eq!(sprint_next(&asks), SprintNext::Answer { message: MessageId::of("m-000001") });

        let done = Sprint { status: Status::Completed, ..new.clone() };
        assert_eq!(sprint_next(&done), SprintNext::ReadReport { sprint: id });
        let (kind, parent) = (SprintKind::Tweak, Some(SprintId::of("sp-000001")));
        let tweak = Sprint { kind, parent: parent.clone(), ..done.clone() };
        assert_eq!(
            sprint_next(&tweak),
            SprintNext::ReadReport { sprint: SprintId::of("sp-000001") }
        );
        // A repeat has a parent, too, and a directory of its own.
        let repeat = Sprint { parent, ..done.clone() };
        assert_eq!(sprint_next(&repeat), sprint_next(&done));
        let step = "red_team_round_2".to_owned();
        let open = OpenIssues {
            step: step.clone(),
            count: Some(1),
            text: String::new(),
            quotes: Vec::new(),
        };
        let doubted = Sprint { open_issues: Some(Some(open)), ..done };
        assert_eq!(sprint_next(&doubted), SprintNext::Repair { step });
        let plan = Sprint { kind: SprintKind::Plan, ..doubted };
        assert_eq!(sprint_next(&plan), SprintNext::TakePlan);

        let cancelled = Sprint { status: Status::Cancelled, ..new };
        assert_eq!(sprint_next(&cancelled), SprintNext::Resubmit);
        let without_idea = Sprint { idea: None, ..cancelled };
        assert_eq!(sprint_next(&without_idea), SprintNext::ShowLoops);
    }
}
