//! What goes wrong between a job that asks and the people who answer: lost files, small mistakes,
//! answers in other words.

use serde_json::Value;

use super::dialogue::{database, inbox, prompts, recorded, tick_until, without_idea};
use super::text;
use crate::harness::wait_until;

fn jobs(project: &crate::harness::Project, id: &str) -> u32 {
    database(project)
        .query_row("SELECT attempt FROM sprints WHERE id = ?1", [id], |row| row.get(0))
        .unwrap()
}

#[test]
fn a_job_that_has_lost_its_state_asks_anew_and_is_not_submitted_for_ever() {
    let project = recorded("");
    let id = without_idea(&project, true);
    tick_until(&project, &id, "parked");
    let first = text(&inbox(&project, &[])[0], "id").to_owned();
    let state = project.remote_dir(&id).join(".researchloop/state.json");
    std::fs::remove_file(&state).unwrap();
    project.run(&["reply", &first, "rather something about schedules"]).success();
    let mut second = Value::Null;
    wait_until("another question", 40, || {
        project.run(&["tick"]).success();
        second = inbox(&project, &[])
            .into_iter()
            .find(|message| text(message, "status") == "open")
            .unwrap_or_default();
        second.is_object()
    });
    assert_ne!(text(&second, "id"), first);
    for _ in 0..5 {
        project.run(&["tick"]).success();
    }
    assert_eq!((text(&project.show(&id), "status"), jobs(&project, &id)), ("parked", 2));
    project.run(&["reply", text(&second, "id"), "yes"]).success();
    assert_eq!(text(&project.finish(&id, 60), "status"), "completed");
    assert_eq!(jobs(&project, &id), 3);
}

#[test]
fn an_answer_that_a_job_has_not_seen_is_brought_again() {
    let project = recorded("");
    let id = without_idea(&project, true);
    tick_until(&project, &id, "parked");
    let message = text(&inbox(&project, &[])[0], "id").to_owned();
    project.run(&["reply", &message, "yes"]).success();
    // As if the file server showed it too late: it is said to lie there, and does not.
    database(&project)
        .execute("UPDATE messages SET delivered_at = '2026-11-21T10:00:00Z'", [])
        .unwrap();
    let sprint = project.finish(&id, 60);
    assert_eq!(text(&sprint, "status"), "completed", "{sprint:#}");
    assert_eq!(jobs(&project, &id), 3, "one that did not see it, and one that did");
    assert_eq!(inbox(&project, &["--all"]).len(), 1, "nobody was asked twice");
}

#[test]
fn an_idea_is_approved_in_other_words_too_and_the_rest_is_read() {
    let project = recorded("");
    let id = without_idea(&project, true);
    tick_until(&project, &id, "parked");
    let message = text(&inbox(&project, &[])[0], "id").to_owned();
    project
        .run(&["reply", &message, "Ok, but with three seeds"])
        .success()
        .says("approved")
        .says("reads what else you said");
    let sprint = project.finish(&id, 60);
    assert!(
        text(&sprint, "status") == "completed"
            && text(&sprint, "idea").contains("smaller learning rate"),
        "{sprint:#}"
    );
    let told: Vec<String> = prompts(&project)
        .into_iter()
        .filter(|(_, prompt)| prompt.contains("but with three seeds"))
        .map(|(step, _)| step)
        .collect();
    assert_eq!(told, ["research 1"]);
    assert_eq!(text(&inbox(&project, &["--all"])[0], "status"), "told");
}

#[test]
fn a_small_mistake_in_a_question_does_not_lose_it() {
    let project = recorded("research:ask_plain=May I delete the checkpoints?_once");
    let id = project.submit("an idea", &["--rounds", "0"]);
    tick_until(&project, &id, "parked");
    let message = inbox(&project, &[]).remove(0);
    assert_eq!(
        (text(&message, "text"), &message["choices"]),
        ("May I delete the checkpoints?", &serde_json::json!(["yes", "no"]))
    );
}

#[test]
fn the_agent_is_told_what_is_wrong_with_its_question_and_asks_again() {
    let project = recorded("research:ask_broken,repair:ask=May I delete it?_once");
    let id = project.submit("an idea", &["--rounds", "0"]);
    tick_until(&project, &id, "parked");
    assert_eq!(text(&inbox(&project, &[])[0], "text"), "May I delete it?");
    let prompts = prompts(&project);
    let steps: Vec<&str> = prompts.iter().map(|(step, _)| step.as_str()).collect();
    assert_eq!(steps, ["research 1", "repair 1"]);
    for part in
        ["the question data is broken", ".researchloop/ask", "write `.researchloop/ask/NAME.json`"]
    {
        assert!(prompts[1].1.contains(part), "{part}: {}", prompts[1].1);
    }
    assert!(!prompts[1].1.contains("missing or empty"), "{}", prompts[1].1);
}

#[test]
fn a_question_that_cannot_be_used_is_told_once_and_the_step_is_judged() {
    let project = recorded("research:ask_broken,repair:ask_broken");
    let id = project.submit("an idea", &["--rounds", "0"]);
    let sprint = project.finish(&id, 60);
    assert_eq!(text(&sprint, "status"), "completed", "{sprint:#}");
    let steps: Vec<String> = prompts(&project).into_iter().map(|(step, _)| step).collect();
    assert_eq!(steps, ["research 1", "repair 1", "report 1", "summarize 1"]);
}

#[test]
fn a_question_of_a_call_that_fails_is_still_asked() {
    let project = recorded("research:ask_fail=May I?_once");
    let id = project.submit("an idea", &["--rounds", "0"]);
    tick_until(&project, &id, "parked");
    project.run(&["reply", text(&inbox(&project, &[])[0], "id"), "yes"]).success();
    assert_eq!(text(&project.finish(&id, 60), "status"), "completed");
}

#[test]
fn a_parked_sprint_whose_directory_is_gone_ends_as_lost() {
    let project = recorded("research:ask=Which?_once");
    let id = project.submit("an idea", &["--rounds", "0"]);
    tick_until(&project, &id, "parked");
    let dir = project.remote_dir(&id);
    std::fs::rename(&dir, project.path("aside")).unwrap();
    project.run(&["reply", text(&inbox(&project, &[])[0], "id"), "one"]).success();
    let tick = project.run(&["tick"]).success();
    assert!(tick.stderr.contains("could not be brought: the directory is not there\n"), "{tick}");
    // It comes back: what was counted is forgotten.
    let missing = || -> (u32, Option<i64>) {
        database(&project)
            .query_row("SELECT missing_polls, missing_since FROM sprints", [], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .unwrap()
    };
    assert_eq!(missing().0, 1);
    for _ in 0..3 {
        project.run(&["tick"]).success();
    }
    assert_eq!(text(&project.show(&id), "status"), "parked", "not within two minutes");
    database(&project)
        .execute("UPDATE sprints SET missing_since = missing_since - 121", [])
        .unwrap();
    project.run(&["tick"]).success();
    let sprint = project.show(&id);
    assert_eq!(
        (text(&sprint, "status"), text(&sprint, "reason")),
        ("failed", "lost"),
        "{sprint:#}"
    );
    assert!(
        text(&sprint, "error").contains("is gone from the cluster")
            && text(&sprint, "hint").contains("sprint resubmit"),
        "{sprint:#}"
    );
    assert_eq!(inbox(&project, &[]), Vec::<Value>::new());
}

#[test]
fn a_folder_that_cannot_be_seen_proves_nothing() {
    let project = recorded("research:ask=Which?_once");
    let id = project.submit("an idea", &["--rounds", "0"]);
    tick_until(&project, &id, "parked");
    let above = project.remote_dir(&id).parent().unwrap().to_owned();
    std::fs::rename(&above, project.path("aside")).unwrap();
    project.run(&["reply", text(&inbox(&project, &[])[0], "id"), "one"]).success();
    for _ in 0..3 {
        project.run(&["tick"]);
        database(&project)
            .execute("UPDATE sprints SET missing_since = missing_since - 121", [])
            .unwrap();
    }
    assert_eq!(text(&project.show(&id), "status"), "parked");
    std::fs::rename(project.path("aside"), &above).unwrap();
    assert_eq!(text(&project.finish(&id, 60), "status"), "completed");
}

#[test]
fn a_note_that_nobody_has_read_says_so() {
    let project = recorded("summarize:gate");
    let id = project.submit("an idea", &["--rounds", "0"]);
    wait_until("the last step", 40, || {
        project.run(&["tick"]).success();
        text(&project.show(&id), "phase") == "summarize"
    });
    project.run(&["reply", &id, "-5 degrees, please"]).success().says("if one is left");
    project.let_go(&id);
    let sprint = project.finish(&id, 60);
    assert_eq!(text(&sprint, "status"), "completed", "{sprint:#}");
    for arguments in [&["sprint", "show", &id][..], &["inbox", "--all"]] {
        project
            .run(arguments)
            .success()
            .says("not read: the sprint has ended")
            .says(&format!("researchloop sprint tweak {id}"));
    }
}

#[test]
fn a_loop_says_whether_its_parked_sprint_is_answered() {
    let project = recorded("");
    let order = super::loops::start(&project, &["-n", "1", "--approve"]);
    wait_until("a first idea", 40, || {
        project.run(&["tick"]).success();
        !inbox(&project, &[]).is_empty()
    });
    project.run(&["loop", "show", &order]).success().says("waits for an answer");
    let message = inbox(&project, &[]).remove(0);
    project.run(&["reply", text(&message, "id"), "yes"]).success();
    // The answer cannot be brought.
    let above = project.remote_dir(text(&message, "sprint_id")).parent().unwrap().to_owned();
    std::fs::rename(&above, project.path("aside")).unwrap();
    project.run(&["tick"]);
    project
        .run(&["loop", "show", &order])
        .success()
        .says("is answered")
        .never_says("waits for an answer");
}

#[test]
fn a_tweak_goes_to_the_cluster_of_its_sprint() {
    let project = recorded("");
    let id = project.submit("an idea", &["--rounds", "0"]);
    assert_eq!(text(&project.finish(&id, 60), "status"), "completed");
    let config = std::fs::read_to_string(project.path("researchloop.toml")).unwrap();
    let (cluster, study) = config.split_once("[[study]]").unwrap();
    let other =
        cluster.replace("name = \"here\"", "name = \"other\"").replace("/cluster\"", "/other\"");
    project.write(
        "researchloop.toml",
        format!(
            "{cluster}{other}[[study]]{}",
            study.replace("cluster = \"here\"", "cluster = \"other\"")
        ),
    );
    let tweak = text(
        &project.run(&["--json", "sprint", "tweak", &id, "add a table"]).success().json(),
        "sprint_id",
    )
    .to_owned();
    let sprint = project.finish(&tweak, 60);
    assert_eq!(
        (text(&sprint, "status"), text(&sprint, "cluster")),
        ("completed", "here"),
        "{sprint:#}"
    );
    // Its cluster is gone, or is another one under its name.
    project.write(
        "researchloop.toml",
        format!("{other}[[study]]{}", study.replace("cluster = \"here\"", "cluster = \"other\"")),
    );
    let gone = project.run(&["sprint", "tweak", &id, "add a table"]).code(3);
    assert!(gone.stderr.contains("here"), "{gone}");
    project.write(
        "researchloop.toml",
        format!(
            "{}[[study]]{study}",
            cluster.replace(
                "scheduler_type = \"local\"",
                "scheduler_type = \"slurm\"\ntransport = \"local\""
            )
        ),
    );
    project.run(&["sprint", "tweak", &id, "add a table"]).code(4).says("was made for local");
}
