//! What may be done with a task as it stands, and what to say where it may not.

use super::action::Action;
use super::task::{Condition, NeedState, TaskState, TaskStatus};
use super::{SprintId, TaskId, Verdict};

/// How many of the needs of a blocked task are named.
const NAMED_NEEDS: usize = 5;
/// How many characters of an idea stand in a message about its task.
const QUOTED_IDEA: usize = 200;

/// Why something is not done with a task.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct Refusal {
    /// Why.
    pub what: String,
    /// What to do next.
    pub hint: String,
}

fn refused<T>(what: impl Into<String>, hint: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal { what: what.into(), hint: hint.into() })
}

/// How a task stands, as far as the rules go by it.
#[derive(Debug, Clone, Copy)]
pub struct Standing<'a> {
    /// Its id.
    pub id: &'a TaskId,
    /// What is stored.
    pub status: TaskStatus,
    /// Where it stands.
    pub state: TaskState,
    /// What came out, once it is done.
    pub verdict: Option<Verdict>,
    /// Why it is dead, skipped or cancelled, or why it failed last.
    pub detail: &'a str,
    /// Not before this time, in seconds since 1970.
    pub retry_at: i64,
    /// Who has it, or had it last: a name or a sprint's id.
    pub holder: Option<&'a str>,
    /// Until when, in seconds since 1970; nothing for a sprint.
    pub held_until: Option<i64>,
    /// The token of its last claim.
    pub token: i64,
}

/// Something that a task needs, itself or as a part of another one, and does not have yet.
#[derive(Debug, Clone)]
pub struct Lacking {
    /// Who needs it.
    pub task: TaskId,
    /// What is needed.
    pub needs: TaskId,
    /// How it must end.
    pub condition: Condition,
    /// What has become of it.
    pub state: NeedState,
    /// Where the task that is needed stands; nothing when it is gone.
    pub stands: Option<TaskState>,
}

/// What one more attempt at a task does to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reclaim {
    /// It is taken as any ready task.
    Take,
    /// It stays done, with its verdict, whatever comes of the repeat: others may rest on it.
    Repeat,
    /// It is opened again first.
    Reopen,
}

/// What has to be tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// The task itself.
    Task,
    /// Those of its parts that are dead or cancelled.
    Parts,
}

impl Standing<'_> {
    /// The sprint that works on it.
    pub fn sprint(&self) -> Option<SprintId> {
        let holder = self.holder.filter(|_| self.state == TaskState::Running)?;
        SprintId::new(holder).ok()
    }

    /// Whether somebody has it now.
    pub fn is_held(&self) -> bool {
        matches!(self.state, TaskState::Running | TaskState::Claimed)
    }

    /// Who has it, for people.
    fn who_has_it(&self) -> String {
        let who = self.holder.unwrap_or("somebody");
        let until = self.held_until.and_then(|time| jiff::Timestamp::from_second(time).ok());
        match (self.state, until) {
            (TaskState::Claimed, Some(until)) => format!("{who} has it until {until}"),
            _ => format!("{who} works on it"),
        }
    }

    fn show(&self) -> Action {
        Action::ShowTask { task: self.id.to_string() }
    }

    fn retry(&self) -> Action {
        Action::RetryTask { task: self.id.to_string() }
    }

    fn tells_more(&self) -> String {
        format!("`{}` tells more", self.show())
    }

    /// What a blocked task waits for, for people.
    fn why_blocked(&self, lacking: &[Lacking]) -> String {
        let part = |need: &Lacking| {
            let stands = need.stands.map_or("gone", TaskState::as_str);
            let never = match need.state {
                NeedState::Never => ", which can never be".to_owned(),
                NeedState::Unknown => {
                    let judge = Action::JudgeTask { task: None };
                    format!(" without a verdict: `{judge}` says it")
                }
                NeedState::Met | NeedState::Open => String::new(),
            };
            let whose = if need.task == *self.id {
                String::new()
            } else {
                format!(" (as {} does, of which it is a part)", need.task)
            };
            format!("it needs {} ({}){whose}, which is {stands}{never}", need.needs, need.condition)
        };
        let mut parts: Vec<String> = lacking.iter().take(NAMED_NEEDS).map(part).collect();
        if lacking.len() > NAMED_NEEDS {
            parts.push(format!("and {} more", lacking.len() - NAMED_NEEDS));
        }
        parts.join("; ")
    }

    fn is_skipped<T>(&self, lacking: &[Lacking]) -> Result<T, Refusal> {
        let hint = match lacking.iter().find(|need| need.state == NeedState::Never) {
            Some(need) => {
                let (task, needed) = (need.task.to_string(), Some(need.needs.to_string()));
                format!("`{}` if it can do without", Action::DropNeed { task, need: needed })
            }
            None => self.tells_more(),
        };
        let why = self.detail.strip_prefix("it ").unwrap_or(self.detail);
        refused(format!("{} is skipped: it {why}", self.id), hint)
    }

    /// Whether it can be begun now.
    pub fn may_be_claimed(&self, lacking: &[Lacking]) -> Result<(), Refusal> {
        let id = self.id;
        match self.state {
            TaskState::Ready => Ok(()),
            TaskState::Parent => refused(
                format!("{id} is made of other tasks, and is not worked on itself"),
                format!("`{}` lists its parts", self.show()),
            ),
            TaskState::Running | TaskState::Claimed => {
                refused(format!("{id} is taken: {}", self.who_has_it()), self.tells_more())
            }
            TaskState::Blocked => refused(
                format!("{id} is blocked: {}", self.why_blocked(lacking)),
                self.tells_more(),
            ),
            TaskState::Waiting => {
                let until = jiff::Timestamp::from_second(self.retry_at)
                    .map(|time| time.to_string())
                    .unwrap_or_default();
                refused(
                    format!("{id} has failed ({}), and waits until {until}", self.detail),
                    format!("`{}` lets it begin at once", self.retry()),
                )
            }
            TaskState::Skipped => self.is_skipped(lacking),
            TaskState::Done | TaskState::Dead | TaskState::Cancelled => refused(
                format!("{id} is {}", self.state),
                format!("`{}` opens it again", self.retry()),
            ),
        }
    }

    /// What one more attempt does that a person wants: also at a task that has failed, or waits.
    pub fn may_be_reclaimed(&self, lacking: &[Lacking]) -> Result<Reclaim, Refusal> {
        match self.state {
            TaskState::Done => Ok(Reclaim::Repeat),
            TaskState::Dead | TaskState::Cancelled | TaskState::Waiting => Ok(Reclaim::Reopen),
            _ => self.may_be_claimed(lacking).map(|()| Reclaim::Take),
        }
    }

    /// Whether this is the token of its claim, and the claim still holds. An expired one says nothing any
    /// more: the task may have been rewritten, taken or skipped since.
    pub fn is_held_with(&self, token: i64) -> Result<(), Refusal> {
        let id = self.id;
        let claim = Action::ClaimTask { task: id.to_string() };
        let hint = format!("`{}` shows its state; `{claim}` takes it again", self.show());
        let stale = |what: String| refused(what, hint.clone());
        if self.token > token && self.is_held() {
            return stale(format!(
                "token {token} of {id} is stale: the claim expired, and {}",
                self.who_has_it()
            ));
        }
        if self.token > token {
            return stale(format!(
                "token {token} of {id} is stale: the task has been claimed since"
            ));
        }
        if self.token != token {
            return stale(format!("{id} has never had a token {token}"));
        }
        if self.status != TaskStatus::Open {
            return stale(format!("token {token} of {id} is stale: the task is {}", self.status));
        }
        if self.sprint().is_some() {
            return stale(format!("{id}: {}, and says itself how it ends", self.who_has_it()));
        }
        if self.holder.is_none() || self.state != TaskState::Claimed {
            return stale(format!(
                "token {token} of {id} is stale: that claim has expired, or was given back"
            ));
        }
        Ok(())
    }

    /// Whether its claim can be given back, by who has its token or by anybody.
    pub fn may_be_released(&self, has_token: bool) -> Result<(), Refusal> {
        let id = self.id;
        if let Some(sprint) = self.sprint() {
            let cancel = Action::CancelSprint { sprint: sprint.to_string() };
            return refused(format!("{id}: {sprint} works on it"), format!("`{cancel}` ends that"));
        }
        if !has_token && self.state == TaskState::Claimed {
            return self.needs_token();
        }
        if self.holder.is_none() || self.status != TaskStatus::Open {
            return refused(
                format!("nobody has claimed {id}: it is {}", self.state),
                self.tells_more(),
            );
        }
        Ok(())
    }

    fn needs_token<T>(&self) -> Result<T, Refusal> {
        refused(
            format!("{} is taken: {}", self.id, self.who_has_it()),
            "add the claim's token: --token N",
        )
    }

    /// Whether somebody who has no token can say how it ended.
    pub fn may_be_ended(&self, lacking: &[Lacking]) -> Result<(), Refusal> {
        let id = self.id;
        match self.state {
            TaskState::Ready | TaskState::Waiting => Ok(()),
            TaskState::Claimed => self.needs_token(),
            TaskState::Running => {
                let sprint = self.holder.unwrap_or_default();
                let cancel = Action::CancelSprint { sprint: sprint.to_owned() };
                refused(
                    format!("{id}: {sprint} works on it, and says itself how it ends"),
                    format!("`{cancel}` ends that"),
                )
            }
            TaskState::Parent => refused(
                format!("{id} ends by itself, when its parts do"),
                format!("`{}` lists them", self.show()),
            ),
            TaskState::Blocked => {
                let drop = Action::DropNeed { task: id.to_string(), need: None };
                refused(
                    format!("{id} is blocked"),
                    format!("`{}` tells by what; `{drop}` if it can do without", self.show()),
                )
            }
            TaskState::Skipped => self.is_skipped(lacking),
            TaskState::Done | TaskState::Dead | TaskState::Cancelled => refused(
                format!("{id} is {} already", self.state),
                format!("`{}` opens it again", self.retry()),
            ),
        }
    }

    /// Whether only what came out is not known of it, and this verdict says it.
    pub fn lacks_only(&self, verdict: Option<Verdict>) -> bool {
        self.status == TaskStatus::Done && self.verdict.is_none() && verdict.is_some()
    }

    /// Whether it can be cancelled. `busy`: a task of it that a sprint works on.
    pub fn may_be_cancelled(&self, busy: Option<(&TaskId, &SprintId)>) -> Result<(), Refusal> {
        if let Some((task, sprint)) = busy {
            let cancel = Action::CancelSprint { sprint: sprint.to_string() };
            return refused(
                format!("{task}: {sprint} works on it"),
                format!("`{cancel}` ends that, and cancels the task"),
            );
        }
        match self.status {
            TaskStatus::Open | TaskStatus::Dead | TaskStatus::Skipped => Ok(()),
            TaskStatus::Done | TaskStatus::Cancelled => {
                refused(format!("{} is {} already", self.id, self.status), self.tells_more())
            }
        }
    }

    /// What of it can be tried again. `parts`: what is stored of each of its parts.
    pub fn may_be_retried(
        &self,
        parts: &[TaskStatus],
        lacking: &[Lacking],
    ) -> Result<Retry, Refusal> {
        let id = self.id;
        match self.state {
            TaskState::Done | TaskState::Dead | TaskState::Cancelled if parts.is_empty() => {
                Ok(Retry::Task)
            }
            TaskState::Waiting => Ok(Retry::Task),
            TaskState::Dead | TaskState::Cancelled => {
                if parts.iter().any(|part| is_for_another_try(*part)) {
                    return Ok(Retry::Parts);
                }
                refused(
                    format!("{id} is {}, and none of its parts can be tried again", self.state),
                    format!("`{}` lists its parts", self.show()),
                )
            }
            TaskState::Skipped => self.is_skipped(lacking),
            state => refused(
                format!("{id} is {state}: there is nothing to try again"),
                self.tells_more(),
            ),
        }
    }

    /// Whether another task can become a part of it.
    pub fn may_get_parts(&self, has_parts: bool, lacking: &[Lacking]) -> Result<(), Refusal> {
        let id = self.id;
        if self.is_held() {
            return refused(
                format!("{id} cannot get parts: {}", self.who_has_it()),
                "wait until that is over",
            );
        }
        if self.status == TaskStatus::Skipped && !has_parts {
            return self.is_skipped(lacking);
        }
        if self.status == TaskStatus::Cancelled || !has_parts && self.status != TaskStatus::Open {
            return refused(
                format!("{id} cannot get parts: it is {}", self.status),
                format!("`{}` first", self.retry()),
            );
        }
        Ok(())
    }

    /// Whether it can be changed. `is_rewritten`: what is worked on, or where it stands among the others.
    /// `is_redefined`: when it is done.
    pub fn may_be_edited(&self, is_rewritten: bool, is_redefined: bool) -> Result<(), Refusal> {
        let id = self.id;
        if is_rewritten && self.is_held() {
            return refused(
                format!("{id} cannot be rewritten now: {}", self.who_has_it()),
                "wait until that is over, or edit only the rest",
            );
        }
        if (is_rewritten || is_redefined) && self.status == TaskStatus::Done {
            return refused(format!("{id} is done"), "add another task for what is left");
        }
        Ok(())
    }

    /// Asks for a verdict that no program could read. `waiting`: how many tasks wait for it.
    pub fn asks_for_verdict(&self, idea: &str, why: &str, waiting: u64) -> String {
        let idea = quoted_idea(idea);
        let tasks =
            if waiting == 1 { "1 task waits".to_owned() } else { format!("{waiting} tasks wait") };
        let judge = Action::JudgeTask { task: Some(self.id.to_string()) };
        format!(
            "{} is done, and what came out is not known: {why}\nidea: {idea}\n{tasks} for its verdict: `{judge}` says it, `{}` tries the task again",
            self.id,
            self.retry()
        )
    }

    /// Tells that it is not tried again, after so many failures: a person alone can decide what becomes of it.
    pub fn tells_of_death(&self, idea: &str, failures: u32, detail: &str) -> String {
        let idea = quoted_idea(idea);
        let times = if failures == 1 { "once".to_owned() } else { format!("{failures} times") };
        let cancel = Action::CancelTask { task: self.id.to_string() };
        format!(
            "{} has failed {times} and will not be retried: {detail}\nidea: {idea}\n`{}` tries it again, `{cancel}` cancels it",
            self.id,
            self.retry()
        )
    }
}

/// The beginning of an idea, as messages about its task quote it.
pub fn quoted_idea(idea: &str) -> String {
    idea.chars().take(QUOTED_IDEA).collect()
}

/// Whether a part that is so is tried again with the whole.
pub fn is_for_another_try(part: TaskStatus) -> bool {
    matches!(part, TaskStatus::Dead | TaskStatus::Cancelled)
}
