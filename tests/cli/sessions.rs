//! Sessions that will never work again, and an agent's program that does not begin, waits for nothing, or
//! asks where nobody reads.

use serde_json::Value;

use super::dialogue::{prompts, recorded, tick_until};
use super::{playing, step, text};
use crate::harness::Project;

/// Plays a scenario to its end, with calls recorded.
#[track_caller]
fn end(scenario: &str) -> (Project, String, Value) {
    let project = recorded(scenario);
    let id = project.submit("does it end?", &["--rounds", "0"]);
    let sprint = project.finish(&id, 60);
    (project, id, sprint)
}

#[track_caller]
fn failed(scenario: &str, reason: &str, says: &[&str], hint: &str) -> (Project, String, Value) {
    let (project, id, sprint) = end(scenario);
    assert_eq!(
        (text(&sprint, "status"), text(&sprint, "reason")),
        ("failed", reason),
        "{sprint:#}"
    );
    for words in says {
        assert!(text(&sprint, "error").contains(words), "{words:?} is not said: {sprint:#}");
    }
    assert!(text(&sprint, "hint").contains(hint), "{hint:?} is not said: {sprint:#}");
    project.run(&["sprint", "show", &id]).success().says(says[0]);
    (project, id, sprint)
}

fn journal(project: &Project, id: &str) -> String {
    std::fs::read_to_string(project.remote_dir(id).join(".researchloop/run.jsonl")).unwrap()
}

/// What a call of the agent was given behind this flag, call by call.
fn given(project: &Project, flag: &str) -> Vec<Option<String>> {
    let read =
        |call: u32| std::fs::read_to_string(project.path(&format!("calls/{call}.args"))).ok();
    (1..)
        .map_while(read)
        .map(|arguments| {
            let mut lines = arguments.lines().skip_while(|line| *line != flag);
            lines.nth(1).map(str::to_owned)
        })
        .collect()
}

#[test]
fn a_conversation_that_answers_the_same_to_everything_goes_on_once_in_a_new_session() {
    for (recording, told) in
        [("2.1.332/refusal_no_fallback", "safety filter"), ("bad_request_400", "does not take")]
    {
        let (project, id, sprint) = end(&format!("report:replay={recording}_once"));
        assert_eq!(
            (text(&sprint, "status"), step(&sprint, "report")),
            ("completed", "yes"),
            "{sprint:#}"
        );
        assert!(journal(&project, &id).contains(told), "{}", journal(&project, &id));
        let calls = prompts(&project);
        let again =
            calls.iter().find(|(step, _)| step == "report 1 continue").expect("a second call");
        assert!(
            again.1.contains("- `findings.md`") && again.1.contains("# Step: report"),
            "{}",
            again.1
        );
        let (resumed, new) = (given(&project, "--resume"), given(&project, "--session-id"));
        assert!(
            resumed[2].is_none() && new[2].is_some() && new[2] != new[0],
            "{resumed:?} {new:?}"
        );
        assert_eq!(resumed[3], new[2], "and the new one goes on");
    }
}

#[test]
fn a_new_session_that_is_refused_as_well_ends_the_step_with_advice_of_its_own() {
    failed(
        "report:replay=2.1.332/refusal_no_fallback",
        "step_failed",
        &["safety filter stopped", "also in a new session"],
        "word the idea",
    );
    let (project, _, _) = failed(
        "report:replay=bad_request_400",
        "step_failed",
        &["did not take", "must be non-empty"],
        "update Claude Code",
    );
    assert_eq!(prompts(&project).len(), 3, "one new session, and no more");
}

#[test]
fn a_session_that_is_not_whole_is_told_and_not_used_again() {
    let (project, id, sprint) = end("report:not_whole_once");
    assert_eq!(text(&sprint, "status"), "completed", "{sprint:#}");
    assert!(
        journal(&project, &id).contains("is not whole, and will not be used again"),
        "{}",
        journal(&project, &id)
    );
    let (resumed, new) = (given(&project, "--resume"), given(&project, "--session-id"));
    assert!(
        resumed[1] == new[0] && resumed[2].is_none() && new[2].is_some(),
        "{resumed:?} {new:?}"
    );
}

#[test]
fn the_session_that_worked_goes_on_also_in_a_follow_up() {
    // The first call is of a session that it has; all later ones name one that nobody can go on with.
    let (project, id, sprint) = end("report:other_id,summarize:other_id");
    assert_eq!(text(&sprint, "status"), "completed", "{sprint:#}");
    let first = given(&project, "--session-id")[0].clone().expect("the first call begins it");
    assert_eq!(text(&sprint, "session_id"), first);
    let made = project.run(&["--json", "sprint", "tweak", &id, "one thing more"]).success().json();
    let tweak = text(&made, "sprint_id").to_owned();
    assert_eq!(text(&project.finish(&tweak, 60), "status"), "completed");
    assert_eq!(
        given(&project, "--resume")[1..],
        [Some(first.clone()), Some(first.clone()), Some(first)]
    );
    assert!(!journal(&project, &tweak).contains("not there any more"));
}

#[test]
fn the_agent_is_told_where_it_is_and_is_offered_nothing_that_needs_a_person() {
    let (project, id, _) = end("");
    let dir = project.remote_dir(&id);
    let (tools, told) =
        (given(&project, "--disallowedTools"), given(&project, "--append-system-prompt"));
    assert_eq!(tools.len(), 3);
    for (tools, told) in tools.iter().flatten().zip(told.iter().flatten()) {
        assert!(
            ["ScheduleWakeup", "CronCreate", "SendMessage", "AskUserQuestion"]
                .iter()
                .all(|name| tools.split(',').any(|tool| tool == *name))
        );
        assert!(
            told.contains(dir.to_str().unwrap()) && told.contains("nothing wakes you"),
            "{told}"
        );
    }
    assert_eq!(told.iter().flatten().count(), 3);
    assert!(prompts(&project)[0].1.contains(&format!("in the directory `{}`", dir.display())));
}

#[test]
fn a_step_is_not_done_while_it_waits_to_be_woken() {
    let (project, id, sprint) = end("research:wakeup_once");
    assert_eq!(
        (text(&sprint, "status"), step(&sprint, "research")),
        ("completed", "yes"),
        "{sprint:#}"
    );
    let calls = prompts(&project);
    assert!(
        calls[1].0.starts_with("repair") && calls[1].1.contains("Nothing wakes you"),
        "{calls:?}"
    );
    assert!(journal(&project, &id).contains("waits to be woken by ScheduleWakeup"));
    let never = "research:wakeup,repair:replay=2.1.332/scheduled_wakeup";
    failed(
        never,
        "step_failed",
        &["ended its turn before it was done", "ScheduleWakeup"],
        "sprint log",
    );
}

#[test]
fn a_schedule_that_the_agent_leaves_is_removed() {
    let (project, id, sprint) = end("research:schedule");
    assert_eq!(text(&sprint, "status"), "completed", "{sprint:#}");
    assert!(!project.remote_dir(&id).join(".claude/scheduled_tasks.json").exists());
    assert!(journal(&project, &id).contains("a schedule was removed"));
}

/// A sprint whose agent has to say something within 20 seconds. An agent that speaks does so within
/// a fraction of the first one, so that also a busy machine tells the two apart.
fn impatient(scenario: &str) -> (Value, Project, String) {
    let project = playing(scenario, "");
    let config = std::fs::read_to_string(project.path("researchloop.toml")).unwrap();
    project.write(
        "researchloop.toml",
        config.replace(
            "environment = { ",
            "environment = { RESEARCHLOOP_FIRST_EVENT_SECONDS = \"20\", ",
        ),
    );
    let id = project.submit("does it speak?", &["--rounds", "0"]);
    (project.finish(&id, 180), project, id)
}

#[test]
fn an_agent_that_says_nothing_is_ended_and_called_again() {
    let (sprint, project, id) = impatient("research:mute_once");
    assert_eq!(text(&sprint, "status"), "completed", "{sprint:#}");
    assert!(
        journal(&project, &id).contains("nothing heard from Claude since 2"),
        "{}",
        journal(&project, &id)
    );
}

#[test]
fn an_agent_that_never_says_anything_is_called_twice_and_is_no_matter_of_time() {
    let (sprint, project, id) = impatient("report:mute");
    assert_eq!(
        (text(&sprint, "status"), text(&sprint, "reason")),
        ("failed", "model_error"),
        "{sprint:#}"
    );
    assert!(text(&sprint, "error").contains("nothing heard from Claude since 2"), "{sprint:#}");
    assert!(
        text(&sprint, "hint").contains("claude -p hello")
            && !text(&sprint, "hint").contains("--time"),
        "{sprint:#}"
    );
    assert_eq!(journal(&project, &id).matches("\"retrying\"").count(), 1);
}

#[test]
fn an_end_before_the_first_word_is_tried_again_and_is_no_fault_of_the_work() {
    let (project, id, sprint) = end("research:end_early=1_once");
    assert_eq!(text(&sprint, "status"), "completed", "{sprint:#}");
    assert!(journal(&project, &id).contains("printed no events"));
    let (project, id, _) = failed(
        "research:end_early=1",
        "model_error",
        &["the agent ended with code 1", "did not begin with research"],
        "claude -p hello",
    );
    assert_eq!(journal(&project, &id).matches("\"retrying\"").count(), 1);
    failed(
        "research:replay=2.1.332/config_truncated",
        "model_error",
        &["/home/me/.claude.json"],
        "CLAUDE_CONFIG_DIR",
    );
}

#[test]
fn a_file_of_settings_that_is_broken_costs_no_session() {
    let (project, id, sprint) = end("report:replay=2.1.332/config_truncated_once");
    assert_eq!(text(&sprint, "status"), "completed", "{sprint:#}");
    assert!(!journal(&project, &id).contains("a new one"), "{}", journal(&project, &id));
    assert_eq!(given(&project, "--session-id").iter().flatten().count(), 1);
}

#[test]
fn the_line_that_names_the_error_is_told_and_not_the_last_one() {
    let says = ["RangeError: WebAssembly.instantiate(): Out of memory"];
    let (_, _, sprint) = failed("research:no_memory", "out_of_memory", &says, "h_vmem");
    assert!(!text(&sprint, "error").contains("Node.js"), "{sprint:#}");
}

#[test]
fn a_question_in_the_last_message_is_shown_and_the_agent_is_told_how_to_ask() {
    let question = "Data set A is licensed; B is open. Which one should I use?";
    let (project, _, sprint) = failed(
        &format!("research:chat={question},repair:chat={question}"),
        "missing_output",
        &["Which one should I use?"],
        "what it asks for",
    );
    let calls = prompts(&project);
    assert!(
        calls[1].1.contains(question) && calls[1].1.contains(".researchloop/ask/NAME.json"),
        "{}",
        calls[1].1
    );
    assert_eq!((calls.len(), step(&sprint, "research")), (2, "error"));
    // A file that is only there does not hide it.
    let (project, id, sprint) =
        end(&format!("research:chat_draft={question},repair:chat={question}"));
    assert_eq!(text(&sprint, "status"), "completed", "{sprint:#}");
    assert!(prompts(&project)[1].1.contains(question));
    project.run(&["sprint", "show", &id]).success().says("Which one should I use?");
    // An offer costs no call.
    let (project, _, _) =
        end("research:chat_draft=All is done. Would you like me to run more seeds?");
    assert!(prompts(&project).iter().all(|(step, _)| !step.starts_with("repair")));
}

#[test]
fn a_review_that_asks_something_is_one_that_has_found_something() {
    let question = "Data set A is licensed; B is open. Which one should I use?";
    let project = recorded(&format!("red_team:red_team_asks={question},repair:chat={question}"));
    let id = project.submit("does it end?", &["--rounds", "1"]);
    let sprint = project.finish(&id, 60);
    assert_eq!(
        (text(&sprint, "status"), &sprint["open_issues"]["count"]),
        ("completed", &Value::from(1)),
        "{sprint:#}"
    );
    project
        .run(&["sprint", "show", &id])
        .success()
        .says("Which one should I use?")
        .says("1 critical issue is open");
}

#[test]
fn a_question_in_the_wrong_place_is_told_to_the_agent() {
    let (project, _, sprint) = end("research:astray=A or B?");
    assert_eq!(text(&sprint, "status"), "completed", "{sprint:#}");
    let calls = prompts(&project);
    assert!(
        calls[1].0.starts_with("repair") && calls[1].1.contains("`ask.json` is not in that folder"),
        "{}",
        calls[1].1
    );
    assert_eq!(
        calls.iter().filter(|(step, _)| step.starts_with("repair")).count(),
        1,
        "once, not at each step"
    );
}

#[test]
fn a_question_in_plain_text_is_a_question() {
    let project = recorded("research:ask_text=A or B?_once");
    let id = project.submit("ask", &["--rounds", "0"]);
    tick_until(&project, &id, "parked");
    project.run(&["inbox"]).success().says("A or B?");
}
