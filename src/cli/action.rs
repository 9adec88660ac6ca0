//! What somebody can do next, in the words of the command line.
//!
//! Texts from below the doors carry actions; here each becomes a command that can be copied.

use serde::Serialize;

use super::text::shell_word;
use crate::domain::OWN_WORDS;
use crate::domain::action::{self, Action, LoopOption, Resource};

/// The command for it, as it is typed.
pub fn command(action: &Action) -> String {
    let words = match action {
        Action::Init => "init".to_owned(),
        Action::Demonstrate => "demo --dir DIR".to_owned(),
        Action::CheckConfig => "config check".to_owned(),
        Action::CheckClusters => "cluster check".to_owned(),
        Action::SetUpCluster { cluster: None } => "cluster setup NAME".to_owned(),
        Action::SetUpCluster { cluster: Some(name) } => {
            format!("cluster setup {}", shell_word(name))
        }
        Action::ShowStudy { study } => format!("study show {}", shell_words::quote(study)),
        Action::Plan { study } => format!("plan \"GOAL\" -s {}", shell_words::quote(study)),
        Action::RunIdea => "sprint run \"...\" -s STUDY".to_owned(),
        Action::BeginStudy => "study init NAME".to_owned(),
        Action::ListSprints => "sprint list".to_owned(),
        Action::ShowSprint { sprint } => format!("sprint show {sprint}"),
        Action::WatchSprint { sprint } => format!("sprint watch {sprint}"),
        Action::ReadLog { sprint, step: None } => format!("sprint log {sprint}"),
        Action::ReadLog { sprint, step: Some(step) } => {
            format!("sprint log {sprint} --step {step}")
        }
        Action::FetchSprint { sprint, all: false } => format!("sprint fetch {sprint}"),
        Action::FetchSprint { sprint, all: true } => format!("sprint fetch {sprint} --all"),
        Action::ResubmitSprint { sprint, more } => {
            let more = match more {
                None => "",
                Some(Resource::Cost) => " --max-cost USD",
                Some(Resource::Time) => " --time TIME",
                Some(Resource::Memory) => " -o mem=32G",
            };
            format!("sprint resubmit {sprint}{more}")
        }
        Action::TweakSprint { sprint } => format!("sprint tweak {sprint} \"...\""),
        Action::CancelSprint { sprint } => format!("sprint cancel {sprint}"),
        Action::DeleteSprint { sprint } => format!("sprint delete {}", or_id(sprint.as_deref())),
        Action::SendNote { sprint } => format!("reply {sprint} \"...\""),
        Action::ListTasks { all: false } => "task list".to_owned(),
        Action::ListTasks { all: true } => "task list --all".to_owned(),
        Action::GraphTasks => "task graph".to_owned(),
        Action::ShowTask { task } => format!("task show {task}"),
        Action::ClaimTask { task } => format!("task claim {task}"),
        Action::RetryTask { task } => format!("task retry {task}"),
        Action::CancelTask { task } => format!("task cancel {task}"),
        Action::JudgeTask { task } => {
            format!("task done {} --verdict WORD", or_id(task.as_deref()))
        }
        Action::SetVerify => "task edit ID --verify CMD".to_owned(),
        Action::DropNeed { task, need } => {
            format!("task edit {task} --drop-need {}", or_id(need.as_deref()))
        }
        Action::ListLoops => "loop list".to_owned(),
        Action::ShowLoop { id } => format!("loop show {id}"),
        Action::StopLoop { id } => format!("loop stop {id}"),
        Action::ResumeLoop { id, with } => format!("loop resume {id} {}", option(*with)),
        Action::EditLoop { id, with } => format!("loop edit {id} {}", option(*with)),
        Action::StartWith { with } => return option(*with).to_owned(),
        Action::ShowInbox => "inbox".to_owned(),
        Action::ListMessages => "inbox --all".to_owned(),
        Action::Reply { message: None } => "reply".to_owned(),
        Action::Reply { message: Some(message) } => format!("reply {message} \"{OWN_WORDS}\""),
        Action::InstallCron => "cron install".to_owned(),
        Action::Tick => "tick".to_owned(),
        Action::KeepTicking => "tick --watch".to_owned(),
    };
    format!("researchloop {words}")
}

fn or_id(id: Option<&str>) -> &str {
    id.unwrap_or("ID")
}

fn option(option: LoopOption) -> &'static str {
    match option {
        LoopOption::Count => "-n COUNT",
        LoopOption::Cost => "--max-cost USD",
        LoopOption::GpuHours => "--max-gpu-hours HOURS",
        LoopOption::Until => "--until TIME",
        LoopOption::Target => "--target ...",
        LoopOption::NoTarget => "--target none",
    }
}

/// A text of ours with commands in the place of actions.
pub fn say(text: &str) -> String {
    action::render(text, command)
}

/// A value as JSON in one line, with commands in the place of actions.
pub fn json(value: &impl Serialize) -> String {
    let text = serde_json::to_string(value).unwrap_or_default();
    if !action::may_be_in_json(&text) {
        return text;
    }
    let Ok(mut value) = serde_json::to_value(value) else { return text };
    action::render_in(&mut value, &command);
    value.to_string()
}

#[cfg(test)]
mod tests {
    use clap::error::ErrorKind;

    use super::*;

    /// One of each kind, with everything that can be said in it.
    fn samples() -> Vec<Action> {
        let sprint = || "sp-a1b2c3".to_owned();
        let task = || "t-a1b2c3".to_owned();
        let id = || "loop-a1b2c3".to_owned();
        let study = || "it's a study".to_owned();
        let mut samples = vec![
            Action::Init,
            Action::Demonstrate,
            Action::CheckConfig,
            Action::CheckClusters,
            Action::SetUpCluster { cluster: None },
            Action::SetUpCluster { cluster: Some("a cluster".to_owned()) },
            Action::ShowStudy { study: study() },
            Action::Plan { study: study() },
            Action::RunIdea,
            Action::BeginStudy,
            Action::ListSprints,
            Action::ShowSprint { sprint: sprint() },
            Action::WatchSprint { sprint: sprint() },
            Action::ReadLog { sprint: sprint(), step: None },
            Action::ReadLog { sprint: sprint(), step: Some("report".to_owned()) },
            Action::FetchSprint { sprint: sprint(), all: false },
            Action::FetchSprint { sprint: sprint(), all: true },
            Action::ResubmitSprint { sprint: sprint(), more: None },
            Action::TweakSprint { sprint: sprint() },
            Action::CancelSprint { sprint: sprint() },
            Action::DeleteSprint { sprint: None },
            Action::DeleteSprint { sprint: Some(sprint()) },
            Action::SendNote { sprint: sprint() },
            Action::ListTasks { all: false },
            Action::ListTasks { all: true },
            Action::GraphTasks,
            Action::ShowTask { task: task() },
            Action::ClaimTask { task: task() },
            Action::RetryTask { task: task() },
            Action::CancelTask { task: task() },
            Action::JudgeTask { task: None },
            Action::JudgeTask { task: Some(task()) },
            Action::SetVerify,
            Action::DropNeed { task: task(), need: None },
            Action::DropNeed { task: task(), need: Some(task()) },
            Action::ListLoops,
            Action::ShowLoop { id: id() },
            Action::StopLoop { id: id() },
            Action::ShowInbox,
            Action::ListMessages,
            Action::Reply { message: None },
            Action::Reply { message: Some("m-a1b2c3".to_owned()) },
            Action::InstallCron,
            Action::Tick,
            Action::KeepTicking,
        ];
        for more in [Resource::Cost, Resource::Time, Resource::Memory] {
            samples.push(Action::ResubmitSprint { sprint: sprint(), more: Some(more) });
        }
        for with in [
            LoopOption::Count,
            LoopOption::Cost,
            LoopOption::GpuHours,
            LoopOption::Until,
            LoopOption::Target,
            LoopOption::NoTarget,
        ] {
            samples.push(Action::ResumeLoop { id: id(), with });
            samples.push(Action::EditLoop { id: id(), with });
        }
        samples
    }

    #[test]
    fn every_action_is_a_command_that_can_be_given() {
        let samples = samples();
        for action in &samples {
            let command = command(action);
            let filled = command
                .replace("COUNT", "3")
                .replace("USD", "3")
                .replace("HOURS", "3")
                .replace("TIME", "4h");
            let words = shell_words::split(&filled).expect("words of a shell");
            if let Err(error) = crate::cli::command().try_get_matches_from(words)
                // The name of a command alone.
                && error.kind() != ErrorKind::MissingRequiredArgument
            {
                panic!("{command}: {error}");
            }
            assert_eq!(say(&format!("`{action}`")), format!("`{command}`"));
        }
        let declared = include_str!("../domain/action.rs");
        let (_, kinds) = declared.split_once("pub enum Action {").expect("declared");
        let (kinds, _) = kinds.split_once("\n}").expect("to its end");
        let kinds = kinds.lines().filter_map(|line| line.strip_prefix("    ")).filter_map(|line| {
            let name = line.split([' ', ',']).next().unwrap_or_default();
            name.starts_with(|c: char| c.is_ascii_uppercase()).then_some(name)
        });
        let have: Vec<String> = samples.iter().map(|action| format!("{action:?} ")).collect();
        for kind in kinds {
            let is_one = |have: &String| have.starts_with(&format!("{kind} "));
            assert!(have.iter().any(is_one) || kind == "StartWith", "{kind} is missing here");
        }
    }

    #[test]
    fn a_value_is_said_where_it_is_printed() {
        let action = Action::Reply { message: Some("m-a1b2c3".to_owned()) };
        let value = serde_json::json!({ "b": [format!("`{action}`"), "\u{2}x\u{3}"], "a": 1 });
        assert_eq!(
            json(&value),
            r#"{"b":["`researchloop reply m-a1b2c3 \"...\"`","\u0002x\u0003"],"a":1}"#
        );
        assert_eq!(
            crate::cli::text::clean(&format!("\u{1b}{}\n", Action::Tick)),
            "researchloop tick "
        );
    }
}
