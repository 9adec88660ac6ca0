//! Ideas that a job finds, questions that it asks, and what people say to it.

use serde_json::Value;

use super::{playing, step, text};
use crate::harness::{Project, program, wait_until};

/// A project whose agent keeps what it was called with in `calls`.
pub(super) fn recorded(scenario: &str) -> Project {
    let project = playing(scenario, "");
    let calls = project.path("calls");
    let config = std::fs::read_to_string(project.path("researchloop.toml")).unwrap();
    project.write(
        "researchloop.toml",
        config.replace(
            "environment = { ",
            &format!("environment = {{ RL_AGENT_CALLS = \"{}\", ", calls.display()),
        ),
    );
    project
}

/// What the agent was asked in each call: step and prompt.
pub(super) fn prompts(project: &Project) -> Vec<(String, String)> {
    let read = |name: String| std::fs::read_to_string(project.path("calls").join(name)).ok();
    (1..)
        .map_while(|call| {
            Some((read(format!("{call}.step"))?.trim().to_owned(), read(format!("{call}.prompt"))?))
        })
        .collect()
}

pub(super) fn database(project: &Project) -> rusqlite::Connection {
    let connection = rusqlite::Connection::open(project.path("researchloop.db")).unwrap();
    connection.busy_timeout(std::time::Duration::from_secs(120)).unwrap();
    connection
}

/// Makes a sprint whose job has to find its idea, as a loop would.
pub(super) fn without_idea(project: &Project, approve: bool) -> String {
    project.run(&["inbox"]).success();
    let now = "2026-11-21T10:00:00Z";
    let limits = format!(r#"{{"count":1,"parallel":1,"approve":{approve}}}"#);
    let database = database(project);
    database
        .execute(
            "INSERT OR REPLACE INTO loops (id, study_name, status, guidance, request, limits, judged_from, created_at)
             VALUES ('loop-000001', 's', 'stopped', 'Stay with small problems.', '{}', ?1, ?2, ?2)",
            (limits, now),
        )
        .unwrap();
    let dir = project.path("cluster/sprints/auto");
    database
        .execute(
            "INSERT INTO sprints (id, study_name, cluster, scheduler, idea, status, directory, remote_dir, request, seconds, created_at, loop_id, finds_idea)
             VALUES ('sp-00abcd', 's', 'here', 'local', NULL, 'pending', 'auto', ?1, '{\"rounds\":1}', 3600, ?2, 'loop-000001', 1)",
            (dir.display().to_string(), now),
        )
        .unwrap();
    "sp-00abcd".to_owned()
}

pub(super) fn tick_until(project: &Project, id: &str, status: &str) -> Value {
    wait_until(&format!("{id} is {status}"), 40, || {
        let (_, ended) = project.jobs();
        let tick = project.run(&["tick"]);
        let now = project.show(id);
        let over = matches!(text(&now, "status"), "completed" | "failed" | "cancelled");
        assert!(!over || text(&now, "status") == status, "{now:#}\n{tick}");
        let is_so = text(&now, "status") == status;
        if !is_so {
            project.rest(ended);
        }
        is_so
    });
    project.show(id)
}

pub(super) fn inbox(project: &Project, more: &[&str]) -> Vec<Value> {
    project.run(&[&["--json", "inbox"], more].concat()).success().json()["messages"]
        .as_array()
        .unwrap()
        .clone()
}

#[test]
fn a_job_finds_an_idea_and_every_later_prompt_carries_it() {
    let project = recorded("");
    let earlier = project.submit(
        "Does a momentum term help gradient descent on a noisy quadratic?",
        &["--rounds", "0"],
    );
    assert_eq!(text(&project.finish(&earlier, 60), "status"), "completed");
    std::fs::remove_dir_all(project.path("calls")).unwrap();
    let id = without_idea(&project, false);
    let sprint = project.finish(&id, 60);
    assert_eq!(text(&sprint, "status"), "completed", "{sprint:#}");
    let idea = text(&sprint, "idea").to_owned();
    assert!(idea.contains("Nesterov"), "the second of its list: {idea}");
    assert_eq!(step(&sprint, "idea"), "yes");
    let prompts = prompts(&project);
    let steps: Vec<&str> = prompts.iter().map(|(step, _)| step.as_str()).collect();
    assert_eq!(steps, ["idea 1", "research 1", "red_team 1", "fix 1", "report 1", "summarize 1"]);
    let first = &prompts[0].1;
    for part in
        ["Stay with small problems.", &earlier, "Does a momentum term help", "structured answer"]
    {
        assert!(first.contains(part), "{part}: {first}");
    }
    for (step, prompt) in prompts.iter().filter(|(step, _)| {
        step.starts_with("research") || step.starts_with("red_team") || step.starts_with("report")
    }) {
        assert!(prompt.contains(&idea), "{step}: {prompt}");
    }
    assert!(
        std::fs::read_to_string(project.path("calls/1.args")).unwrap().contains("--json-schema")
    );
    assert_eq!(
        std::fs::read_to_string(project.remote_dir(&id).join("idea.txt")).unwrap().trim(),
        idea
    );
    // The idea is a task of the backlog now, and this was the first attempt at it.
    let (made_by, status, of): (String, String, String) = database(&project)
        .query_row("SELECT t.made_by, t.status, t.idea FROM tasks t JOIN sprints s ON s.task_id = t.id WHERE s.id = ?1", [&id], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })
        .unwrap();
    assert_eq!(
        (made_by.as_str(), status.as_str(), of.as_str()),
        ("loop-000001", "done", idea.as_str())
    );
    // A sprint with an idea of its own has no such step.
    assert_eq!(step(&project.show(&earlier), "idea"), "");
}

#[test]
fn an_error_text_is_never_an_idea() {
    let project = recorded("idea:idea_error");
    let id = without_idea(&project, false);
    let sprint = project.finish(&id, 60);
    assert_eq!(
        (text(&sprint, "status"), text(&sprint, "reason")),
        ("failed", "step_failed"),
        "{sprint:#}"
    );
    assert_eq!(sprint["idea"], Value::Null);
    assert!(!project.remote_dir(&id).join("idea.txt").exists());
    project
        .run(&["sprint", "resubmit", &id])
        .code(2)
        .says("ended before its job had found an idea");
    assert!(
        prompts(&project).iter().all(|(step, _)| step.starts_with("idea")),
        "nothing was researched"
    );
    project.run(&["sprint", "show", &id]).success().never_says("idea: Invalid");
}

#[test]
fn a_repeated_idea_is_refused_and_another_one_is_asked_for() {
    let project = recorded("idea:idea_repeat_once");
    let earlier = project.submit(
        "Does a momentum term help gradient descent on a noisy quadratic?",
        &["--rounds", "0"],
    );
    project.finish(&earlier, 60);
    std::fs::remove_dir_all(project.path("calls")).unwrap();
    let id = without_idea(&project, false);
    let sprint = project.finish(&id, 60);
    assert_eq!(text(&sprint, "status"), "completed", "{sprint:#}");
    assert!(!text(&sprint, "idea").contains("momentum term"), "{sprint:#}");
    let prompts = prompts(&project);
    assert!(
        prompts[0].0.starts_with("idea")
            && prompts[1].0.starts_with("idea")
            && prompts[2].0.starts_with("research")
    );
    assert!(prompts[1].1.contains(&format!("it repeats {earlier}")), "{}", prompts[1].1);
    let args =
        |call: u32| std::fs::read_to_string(project.path(&format!("calls/{call}.args"))).unwrap();
    assert!(
        args(1).contains("--session-id") && args(2).contains("--resume"),
        "in the same session"
    );
}

#[test]
fn three_repeats_end_the_sprint_with_the_reason() {
    let project = recorded("idea:idea_repeat");
    let earlier = project.submit(
        "Does a momentum term help gradient descent on a noisy quadratic?",
        &["--rounds", "0"],
    );
    project.finish(&earlier, 60);
    std::fs::remove_dir_all(project.path("calls")).unwrap();
    let id = without_idea(&project, false);
    let sprint = project.finish(&id, 60);
    assert_eq!(
        (text(&sprint, "status"), text(&sprint, "reason")),
        ("failed", "step_failed"),
        "{sprint:#}"
    );
    assert!(
        text(&sprint, "error")
            .contains(&format!("no new idea: It was rejected: it repeats {earlier}")),
        "{sprint:#}"
    );
    assert_eq!(prompts(&project).len(), 3);
}

#[test]
fn an_idea_may_come_in_a_file() {
    // Also when some tool was refused that it could do without.
    for scenario in ["idea_file", "idea_refused"] {
        let project = recorded(&format!(
            "idea:{scenario}=Measure how the batch size changes the noise floor"
        ));
        let id = without_idea(&project, false);
        let sprint = project.finish(&id, 60);
        assert_eq!(
            (text(&sprint, "status"), text(&sprint, "idea")),
            ("completed", "Measure how the batch size changes the noise floor"),
            "{sprint:#}"
        );
    }
}

#[test]
fn an_idea_waits_for_approval_and_then_the_work_begins() {
    let project = recorded("");
    let id = without_idea(&project, true);
    let sprint = tick_until(&project, &id, "parked");
    assert_eq!(sprint["idea"], Value::Null, "not agreed to yet");
    let messages = inbox(&project, &[]);
    assert_eq!(messages.len(), 1);
    let message = &messages[0];
    assert_eq!(
        (text(message, "kind"), text(message, "name"), text(message, "sprint_id")),
        ("approval", "idea-1", id.as_str())
    );
    assert!(
        text(message, "text").contains("smaller learning rate")
            && text(message, "text").contains("\n\nWhy: "),
        "{message:#}"
    );
    let answer = |word: &str| format!("researchloop reply {} {word}\n", text(message, "id"));
    project
        .run(&["inbox"])
        .success()
        .says("proposes an idea")
        .says(&answer("yes"))
        .says(&answer("no"))
        .says(&answer("\"...\"  # what else to try"));
    // Nothing happens by itself, and no job is there.
    project.run(&["tick"]).success();
    assert_eq!(text(&project.show(&id), "status"), "parked");
    let mut later = project.command(program());
    later.arg("status").env("RESEARCHLOOP_TEST_NOW", "2099-01-01T00:00:00Z");
    let status = Project::output(later)
        .success()
        .says("(an idea waits for your approval)")
        .says("    researchloop inbox\n");
    assert!(!status.stdout.contains("warning"), "it waits for no tick: {status}");
    project.run(&["reply", text(message, "id"), "..."]).code(2).says("stands for the answer");
    project
        .run(&["reply", text(message, "id"), "Yes."])
        .success()
        .says("approved")
        .never_says("what else you said");
    let sprint = project.finish(&id, 60);
    assert_eq!(text(&sprint, "status"), "completed", "{sprint:#}");
    assert!(
        text(&sprint, "idea").contains("smaller learning rate")
            && !text(&sprint, "idea").contains("Why:")
    );
    let steps: Vec<String> = prompts(&project).into_iter().map(|(step, _)| step).collect();
    assert_eq!(steps[..2], ["idea 1", "research 1"], "the agent is not asked again: {steps:?}");
    assert_eq!(text(&inbox(&project, &["--all"])[0], "status"), "told");
}

#[test]
fn an_idea_that_is_not_approved_ends_the_sprint_without_a_job() {
    let project = recorded("");
    let id = without_idea(&project, true);
    tick_until(&project, &id, "parked");
    let message = text(&inbox(&project, &[])[0], "id").to_owned();
    let tasks = || -> u32 {
        database(&project).query_row("SELECT count(*) FROM tasks", [], |row| row.get(0)).unwrap()
    };
    let calls = prompts(&project).len();
    project.run(&["reply", &message, "no: too dear"]).success().says("not approved");
    let sprint = project.show(&id);
    assert_eq!(
        (text(&sprint, "status"), text(&sprint, "error")),
        ("cancelled", "the idea was not approved: too dear"),
        "{sprint:#}"
    );
    assert!(
        text(&sprint, "idea").contains("smaller learning rate"),
        "so that it is not had again: {sprint:#}"
    );
    project.run(&["tick"]).success();
    assert_eq!((prompts(&project).len(), inbox(&project, &[]).len(), tasks()), (calls, 0, 0));
    project.run(&["reply", &message, "yes"]).code(4).says("was answered already");
}

#[test]
fn any_other_word_on_an_idea_asks_for_another_one() {
    let project = recorded("");
    let id = without_idea(&project, true);
    tick_until(&project, &id, "parked");
    let first = text(&inbox(&project, &[])[0], "id").to_owned();
    project.run(&["reply", &first, "what else to try"]).code(2);
    project
        .run(&["reply", &first, "rather something about schedules: \u{645}\u{6cc}\u{200c}\u{62e}"])
        .success()
        .says("asks for another idea");
    let mut second = Value::Null;
    wait_until("another idea", 40, || {
        project.run(&["tick"]).success();
        second = inbox(&project, &[]).into_iter().next().unwrap_or_default();
        text(&second, "name") == "idea-2"
    });
    assert!(!text(&second, "text").contains("smaller learning rate"), "{second:#}");
    let again = prompts(&project);
    let prompt = &again.last().unwrap().1;
    assert!(
        prompt.contains("rather something about schedules: \u{645}\u{6cc}\u{200c}\u{62e}")
            && prompt.contains("idea-1 (not approved)"),
        "{prompt}"
    );
    project.run(&["reply", text(&second, "id"), "yes"]).success();
    let sprint = project.finish(&id, 60);
    assert_eq!(text(&sprint, "status"), "completed", "{sprint:#}");
    assert!(text(&sprint, "idea").contains("Nesterov"), "{sprint:#}");
}

#[test]
fn an_agent_cannot_approve_its_own_idea() {
    let project = recorded("idea:idea_forge");
    let id = without_idea(&project, true);
    tick_until(&project, &id, "parked");
    let forged = project.remote_dir(&id).join(".researchloop/inbox/m-00f0f0.json");
    assert!(!forged.exists());
    let message = text(&inbox(&project, &[])[0], "id").to_owned();
    project.run(&["reply", &message, "something about schedules"]).success();
    wait_until("another idea", 40, || {
        project.run(&["tick"]).success();
        inbox(&project, &[]).first().is_some_and(|message| text(message, "name") == "idea-2")
    });
    assert_eq!(project.show(&id)["idea"], Value::Null);
}

#[test]
fn a_question_parks_the_sprint_and_the_answer_lets_it_finish() {
    let project = recorded("research:ask=Which data set may I use?_once");
    let id = project.submit("an idea", &["--rounds", "0"]);
    let watched = project
        .run(&["sprint", "watch", &id])
        .code(6)
        .says("Which data set may I use?")
        .says("researchloop reply m-");
    let sprint = project.show(&id);
    assert_eq!(text(&sprint, "status"), "parked", "{watched}");
    let message = inbox(&project, &[]).remove(0);
    let keys: Vec<&str> = message.as_object().unwrap().keys().map(String::as_str).collect();
    let expected = "id kind study_name sprint_id task_id loop_id name text choices status answer created_at answered_at delivered_at reply_with";
    assert_eq!(keys.join(" "), expected);
    assert_eq!(
        (text(&message, "kind"), &message["choices"]),
        ("question", &serde_json::json!(["one", "two"]))
    );
    let m = text(&message, "id");
    assert_eq!(text(&sprint, "waits_for"), m);
    for (arguments, path) in [
        (&["status"][..], "/waiting/0"),
        (&["study", "show", "s"], "/sprints/0"),
        (&["task", "show", text(&sprint, "task_id")], "/task/sprints/0"),
        (&["sprint", "list"], "/sprints/0"),
    ] {
        let answer = project.run(&[&["--json"], arguments].concat()).success().json();
        assert_eq!(
            answer.pointer(path).map(|sprint| text(sprint, "waits_for")),
            Some(m),
            "{arguments:?}: {answer:#}"
        );
    }
    for arguments in [&["sprint", "show", &id][..], &["sprint", "list"], &["inbox"]] {
        project.run(arguments).success().says(m);
    }
    // Each line is an answer as it stands.
    project
        .run(&["inbox"])
        .success()
        .says(&format!("answer: researchloop reply {m} one\n        researchloop reply {m} two\n"));
    // The command as it is shown, sent off unchanged, is no answer: it could not be read back.
    project.run(&["reply", m, "one|two"]).code(2).says("one of these");
    // The queue sees a job that ended well.
    let job = text(&sprint, "job_id").to_owned();
    assert_eq!(
        std::fs::read_to_string(project.path(&format!("home/.researchloop/local/{job}/exit")))
            .unwrap()
            .trim(),
        "0"
    );
    let dir = project.remote_dir(&id);
    assert!(
        !dir.join(".researchloop/exit.json").exists()
            && !dir.join(".researchloop/ask/data.json").exists()
    );

    // Days later: the laptop was off, and nothing but the database and the directory matters.
    project.run(&["reply", m, "the second\nand no other"]).success();
    project.run(&["reply", m, "again"]).code(4).says("was answered already");
    project.run(&["tick"]).success();
    assert_ne!(
        text(&project.show(&id), "status"),
        "parked",
        "one tick takes the answer there and submits"
    );
    let file = dir.join(format!(".researchloop/inbox/{m}.json"));
    let answer: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    assert_eq!(
        (text(&answer, "answers"), text(&answer, "text")),
        ("data", "the second\nand no other")
    );
    use std::os::unix::fs::PermissionsExt as _;
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);

    let sprint = project.finish(&id, 60);
    assert_eq!(text(&sprint, "status"), "completed", "{sprint:#}");
    assert_ne!(text(&sprint, "job_id"), job, "in a job of its own");
    assert_eq!(text(&sprint, "remote_dir"), dir.to_str().unwrap());
    let prompts = prompts(&project);
    assert_eq!(prompts[1].0, "research 1 continue");
    for part in [
        "Which data set may I use?",
        "the second\nand no other",
        "you asked a question",
        "# Step: research",
    ] {
        assert!(prompts[1].1.contains(part), "{part}: {}", prompts[1].1);
    }
    assert!(!prompts[2].1.contains("the second"), "it is told once: {}", prompts[2].1);
    let args = std::fs::read_to_string(project.path("calls/2.args")).unwrap();
    assert!(
        args.contains("--resume") && args.contains(text(&sprint, "session_id")),
        "in its session: {args}"
    );
    assert_eq!(text(&inbox(&project, &["--all"])[0], "status"), "told");
    assert_eq!(inbox(&project, &[]), Vec::<Value>::new());
    // Both jobs together cost what both have told, once.
    let cost = sprint["cost_usd"].as_f64().unwrap();
    let steps: f64 = sprint["steps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| step["cost_usd"].as_f64().unwrap())
        .sum();
    assert!(cost > 0.0 && (cost - steps).abs() < 1e-9, "{cost} {steps}");
}

#[test]
fn an_answer_that_is_brought_twice_is_told_once() {
    let project = recorded("research:ask=Which?_once");
    let id = project.submit("an idea", &["--rounds", "0"]);
    tick_until(&project, &id, "parked");
    let m = text(&inbox(&project, &[])[0], "id").to_owned();
    project.run(&["reply", &m, "the third one"]).success();
    project.run(&["tick"]).success();
    // As if the tick had been killed before it could remember that it had brought it.
    database(&project).execute("UPDATE messages SET delivered_at = NULL", []).unwrap();
    let sprint = project.finish(&id, 60);
    assert_eq!(text(&sprint, "status"), "completed", "{sprint:#}");
    let told: usize =
        prompts(&project).iter().filter(|(_, prompt)| prompt.contains("the third one")).count();
    assert_eq!(told, 1);
    let log = project.run(&["sprint", "log", &id]).success();
    assert_eq!(log.stdout.matches(&format!("told: {m}")).count(), 1, "{log}");
}

#[test]
fn a_parked_sprint_can_be_cancelled() {
    let project = recorded("research:ask=Which?_once");
    let id = project.submit("an idea", &["--rounds", "0"]);
    tick_until(&project, &id, "parked");
    let m = text(&inbox(&project, &[])[0], "id").to_owned();
    project.run(&["sprint", "cancel", &id]).success();
    assert_eq!(text(&project.show(&id), "status"), "cancelled");
    assert_eq!(inbox(&project, &[]), Vec::<Value>::new());
    project.run(&["reply", &m, "one"]).code(4).says("has ended");
    project.run(&["tick"]).success();
    assert_eq!(prompts(&project).len(), 1, "no job after that");
    assert!(
        project.path(&format!("artifacts/{id}/progress.md")).exists()
            || project.path(&format!("artifacts/{id}")).exists()
    );
}

#[test]
fn a_job_that_goes_on_can_be_cancelled_and_judged_anew() {
    // What the first job told of its end says nothing of the second.
    let project = recorded("research:ask=Which?_once,continue:hang");
    let id = project.submit("an idea", &["--rounds", "0"]);
    tick_until(&project, &id, "parked");
    let m = text(&inbox(&project, &[])[0], "id").to_owned();
    project.run(&["reply", &m, "one"]).success();
    tick_until(&project, &id, "running");
    for _ in 0..3 {
        project.run(&["tick"]).success();
        assert_eq!(text(&project.show(&id), "status"), "running");
    }
    project.run(&["sprint", "cancel", &id]).success();
    assert_eq!(text(&project.show(&id), "status"), "cancelled");
}

#[test]
fn a_note_to_a_sprint_that_waits_comes_after_its_submission() {
    let project = playing("research:gate", "max_concurrent_jobs = 1");
    let first = project.submit("an idea", &["--rounds", "0"]);
    let second = project.submit("another idea", &["--rounds", "0"]);
    assert_eq!(text(&project.show(&second), "status"), "pending");
    let said = project.run(&["reply", &second, "use fewer seeds"]).success();
    said.says(&format!("the `researchloop tick` after the one that submits {second}"));
    let delivered = || !inbox(&project, &["--all"])[0]["delivered_at"].is_null();
    project.let_go(&first);
    project.finish(&first, 60);
    wait_until("the second is submitted", 60, || {
        let is_submitted = text(&project.show(&second), "status") != "pending";
        assert!(is_submitted || !delivered(), "a note to nobody");
        if !is_submitted {
            project.run(&["tick"]).success();
        }
        is_submitted
    });
    assert!(!delivered(), "the tick that submits it has no folder to bring it to");
    project.run(&["tick"]);
    assert!(delivered());
    project.let_go(&second);
    project.finish(&second, 60);
}

#[test]
fn a_note_reaches_a_running_sprint_at_its_next_step() {
    let project = recorded("research:gate");
    let id = project.submit("an idea", &["--rounds", "0"]);
    tick_until(&project, &id, "running");
    let mut command = project.command(program());
    project.write("note", "please use a logarithmic axis\n");
    command
        .args(["--json", "reply", &id, "-"])
        .stdin(std::fs::File::open(project.path("note")).unwrap());
    let noted = Project::output(command).success().json();
    let m = text(&noted["message"], "id").to_owned();
    assert_eq!(text(&noted["message"], "kind"), "note");
    project.run(&["inbox"]).success().says("not delivered yet").says("logarithmic axis");
    project.run(&["tick"]).success();
    project.let_go(&id);
    let sprint = project.finish(&id, 60);
    assert_eq!(text(&sprint, "status"), "completed", "{sprint:#}");
    let told: Vec<String> = prompts(&project)
        .into_iter()
        .filter(|(_, prompt)| prompt.contains("logarithmic axis"))
        .map(|(step, _)| step)
        .collect();
    assert_eq!(told, ["report 1"]);
    assert_eq!(text(&inbox(&project, &["--all"])[0], "status"), "told");
    project.run(&["reply", &id, "more"]).code(4).says("is over").says("sprint tweak");
    project.run(&["reply", &m, "answer"]).code(4).says("is a note");
}

#[test]
fn replies_that_fit_nothing_are_refused() {
    let project = recorded("research:ask=Which?_once");
    let id = project.submit("an idea", &["--rounds", "0"]);
    tick_until(&project, &id, "parked");
    let m = text(&inbox(&project, &[])[0], "id").to_owned();
    project.run(&["reply", &m, " \n\u{1b} "]).code(2).says("the reply is empty");
    project.run(&["reply", &m, &"x".repeat(20_001)]).code(2).says("at most 20000");
    let near = format!("{m}0");
    project.run(&["reply", &near, "x"]).code(3).says(&format!("did you mean {m}?"));
    for odd in ["m-zzzzzz", "m-", "%", "../..", "$(touch pwned)", "\u{1b}[2J"] {
        project.run(&["reply", odd, "x"]).code(3).never_says("\u{1b}");
    }
    assert_eq!(text(&project.show(&id), "status"), "parked");
    // The beginning of an id is enough.
    project.run(&["reply", &m[..6], "one"]).success();
}

#[test]
fn hostile_questions_do_no_harm() {
    let project = recorded("research:ask_hostile_once");
    let id = project.submit("an idea", &["--rounds", "0"]);
    tick_until(&project, &id, "parked");
    let messages = inbox(&project, &[]);
    assert_eq!(messages.len(), 1, "{messages:#?}");
    let question = text(&messages[0], "text");
    assert!(
        question.contains("this safe?")
            && !question.chars().any(|c| c.is_control() || c == '\u{202e}'),
        "{question:?}"
    );
    assert_eq!(messages[0]["choices"], serde_json::json!(["[31mred", "y es"]));
    project.run(&["inbox"]).success().never_says("\u{1b}").never_says("root:");
    let log = project.run(&["sprint", "log", &id]).success();
    for words in ["link is a symbolic link", "pipe is a named pipe", "huge is 3221225472 bytes"] {
        assert!(log.stdout.contains(words), "{words}: {log}");
    }
    let log = log.never_says("root:");
    assert!(!log.stdout.contains('\u{1b}'));
    let left =
        std::fs::read_dir(project.remote_dir(&id).join(".researchloop/ask")).unwrap().count();
    assert_eq!(left, 0);
    project.run(&["reply", text(&messages[0], "id"), "yes"]).success();
    assert_eq!(text(&project.finish(&id, 60), "status"), "completed");
}

#[test]
fn of_very_many_questions_a_few_are_asked() {
    let project = recorded("research:ask_many_once");
    let id = project.submit("an idea", &["--rounds", "0"]);
    tick_until(&project, &id, "parked");
    let messages = inbox(&project, &[]);
    assert_eq!(messages.len(), 5);
    project.run(&["sprint", "log", &id]).success().says("995 files left out");
    for (answered, message) in messages.iter().enumerate() {
        project.run(&["tick"]).success();
        assert_eq!(text(&project.show(&id), "status"), "parked", "after {answered} answers");
        project.run(&["reply", text(message, "id"), "one"]).success();
    }
    assert_eq!(text(&project.finish(&id, 60), "status"), "completed");
}

#[test]
fn a_dead_task_is_tried_again_or_left_by_a_reply() {
    let project = recorded("research:exit=3");
    let ids: Vec<String> = (0..2)
        .map(|number| project.submit(&format!("idea {number}"), &["--rounds", "0"]))
        .collect();
    database(&project).execute("UPDATE tasks SET max_attempts = 1", []).unwrap();
    for id in &ids {
        assert_eq!(text(&project.finish(id, 60), "status"), "failed");
    }
    let messages = inbox(&project, &[]);
    assert_eq!(
        messages.iter().map(|message| text(message, "kind")).collect::<Vec<_>>(),
        ["dead", "dead"]
    );
    project
        .run(&["inbox"])
        .success()
        .says("has failed for good")
        .says(&format!("researchloop reply {} retry", text(&messages[0], "id")));
    project
        .run(&["reply", text(&messages[0], "id"), "retry"])
        .success()
        .says("will be tried again");
    project
        .run(&["reply", text(&messages[1], "id"), "yes, retry please"])
        .code(2)
        .says("none of retry");
    assert_eq!(inbox(&project, &[]).len(), 1, "it is still asked");
    project.run(&["inbox", "--all"]).success().never_says("not delivered");
    project.run(&["reply", text(&messages[1], "id"), "close"]).success().says("closed");
    let status = |message: &Value| -> String {
        database(&project)
            .query_row(
                "SELECT status FROM tasks WHERE id = ?1",
                [text(message, "task_id")],
                |row| row.get(0),
            )
            .unwrap()
    };
    assert_eq!(
        (status(&messages[0]), status(&messages[1])),
        ("open".to_owned(), "dead".to_owned())
    );
    assert_eq!(inbox(&project, &[]), Vec::<Value>::new());
    project.run(&["reply", text(&messages[0], "id"), "retry"]).code(4);
}

#[test]
fn a_tweak_changes_the_report_and_brings_it_again() {
    let project = recorded("");
    let id = project.submit("an idea", &["--rounds", "0"]);
    project
        .run(&["sprint", "tweak", &id, "add a table"])
        .code(4)
        .says("it has not ended")
        .says("researchloop reply");
    let before = project.finish(&id, 60);
    assert_eq!(text(&before, "status"), "completed", "{before:#}");
    project.run(&["tick"]).success();
    let report = project.path(&format!("artifacts/{id}/report.md"));
    assert!(!std::fs::read_to_string(&report).unwrap().contains("follow-up"));

    let made = project
        .run(&["--json", "sprint", "tweak", &id, "add a table\nwith all seeds"])
        .success()
        .json();
    let tweak = text(&made, "sprint_id").to_owned();
    project.run(&["sprint", "tweak", &id, "and another"]).code(4).says(&tweak);
    project.run(&["sprint", "delete", &id, "--yes"]).code(4).says(&tweak);
    let sprint = project.finish(&tweak, 60);
    assert_eq!(
        (text(&sprint, "status"), text(&sprint, "kind"), text(&sprint, "parent")),
        ("completed", "tweak", id.as_str()),
        "{sprint:#}"
    );
    assert!(text(&sprint, "summary").contains("It cannot follow an instruction"), "{sprint:#}");
    wait_until("the report is brought again", 20, || {
        project.run(&["tick"]).success();
        std::fs::read_to_string(&report).unwrap().contains("follow-up")
    });
    let told =
        std::fs::read_to_string(project.path(&format!("artifacts/{id}/tweak_{tweak}.md"))).unwrap();
    assert!(told.contains("with all seeds"), "{told}");

    // In the same session, in the sprint's directory; records and money are its own.
    let last = prompts(&project).len();
    let args = std::fs::read_to_string(project.path(&format!("calls/{last}.args"))).unwrap();
    assert!(args.contains("--resume") && args.contains(text(&before, "session_id")), "{args}");
    let env = std::fs::read_to_string(project.path(&format!("calls/{last}.env"))).unwrap();
    assert!(env.contains(&format!("PWD={}\n", text(&before, "remote_dir"))), "{env}");
    let mut after = project.show(&id);
    assert!(sprint["cost_usd"].as_f64().unwrap() > 0.0);
    for changing in ["artifacts", "note"] {
        after[changing] = before[changing].clone();
    }
    assert_eq!(after, before, "the sprint itself is as it was");
    assert_ne!(text(&sprint, "remote_dir"), text(&before, "remote_dir"));
    project
        .run(&["sprint", "tweak", &tweak, "more"])
        .code(4)
        .says(&format!("researchloop sprint tweak {id}"));
    project.run(&["sprint", "tweak", &id, ""]).code(2).says("the instruction is empty");
}

#[test]
fn a_tweak_begins_a_session_when_the_old_one_is_gone() {
    let project = recorded("");
    let id = project.submit("an idea", &["--rounds", "0"]);
    let before = project.finish(&id, 60);
    let sessions = project.remote_dir(&id).join(".stand-in");
    std::fs::remove_dir_all(&sessions).unwrap();
    let made = project.run(&["--json", "sprint", "tweak", &id, "add a table"]).success().json();
    let sprint = project.finish(text(&made, "sprint_id"), 60);
    assert_eq!(text(&sprint, "status"), "completed", "{sprint:#}");
    assert_ne!(text(&sprint, "session_id"), text(&before, "session_id"));
    project.run(&["sprint", "log", text(&sprint, "id")]).success().says("a new one begins");
}

#[test]
fn a_loop_asks_before_each_idea_and_has_no_refused_one_again() {
    let project = recorded("");
    let order = super::loops::start(&project, &["-n", "1", "--approve"]);
    let next = |name: &str| -> Value {
        let mut found = Value::Null;
        wait_until(name, 40, || {
            project.run(&["tick"]).success();
            found = inbox(&project, &[]).into_iter().next().unwrap_or_default();
            found.is_object()
        });
        found
    };
    let first = next("a first idea");
    project.run(&["loop", "show", &order]).success().says("waits for an answer");
    project.run(&["reply", text(&first, "id"), "no: too dear"]).success();
    let second = next("a second idea");
    assert_ne!(text(&first, "sprint_id"), text(&second, "sprint_id"));
    assert_ne!(text(&first, "text"), text(&second, "text"));
    let prompts = prompts(&project);
    let told = &prompts.last().unwrap().1;
    assert!(
        told.contains(&format!("{} (cancelled): Measure whether", text(&first, "sprint_id")))
            && told.contains("not approved: too dear"),
        "{told}"
    );
    project.run(&["reply", text(&second, "id"), "yes"]).success();
    let ended = super::loops::finish(&project, &order, 60);
    assert_eq!(text(&ended, "status"), "completed", "{ended:#}");
    let sprint = project.show(text(&second, "sprint_id"));
    assert_eq!((text(&sprint, "status"), text(&sprint, "loop_id")), ("completed", order.as_str()));
}
