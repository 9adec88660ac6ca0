//! What is taken as an idea, and which one was had before: by the same rule at every door.

use super::loops::{add, finish, shown, start};
use super::{playing, text};
use crate::harness::Project;

const EARLIER: &str = "Train ResNet-18 on CIFAR-10 for 30 epochs with weight decay 0.0005 and report test accuracy over three seeds";

#[track_caller]
fn statuses(project: &Project, id: &str) -> Vec<String> {
    shown(project, id)["sprints"]
        .as_array()
        .unwrap()
        .iter()
        .map(|sprint| text(sprint, "status").to_owned())
        .collect()
}

#[test]
fn a_sweep_of_one_value_is_no_repeat_and_another_spelling_of_it_is() {
    for (next, is_new) in [
        (EARLIER.replace("0.0005", "0.05"), true),
        (EARLIER.replace("0.0005", "5e-4"), false),
        (EARLIER.replace("ResNet-18 on CIFAR-10", "ＲｅｓＮｅｔ‑18 on CIFAR‑10"), false),
    ] {
        let project = playing(&format!("idea:idea={next}"), "");
        project.run(&["sprint", "run", EARLIER, "-s", "s", "--rounds", "0"]).success();
        let id = start(&project, &["-n", "1"]);
        let one = finish(&project, &id, 60);
        let last = statuses(&project, &id).pop().unwrap();
        assert_eq!(last == "completed", is_new, "{next}: {one:#}");
    }
}

#[test]
fn a_job_that_has_no_idea_left_ends_its_loop_and_nothing_has_failed() {
    let project = playing("idea:idea_none=All rates from 1e-5 to 1 were tried.", "");
    let id = start(&project, &["-n", "5"]);
    let one = finish(&project, &id, 60);
    assert_eq!(
        (text(&one, "status"), text(&one, "reason")),
        ("completed", "no_ideas_left"),
        "{one:#}"
    );
    assert!(text(&one, "detail").contains("All rates from 1e-5 to 1 were tried."), "{one:#}");
    assert_eq!(statuses(&project, &id), ["cancelled"]);
    project.run(&["loop", "show", &id]).success().says("no idea left to try").says("no_ideas_left");
    let sprint = text(&one["sprints"][0], "id").to_owned();
    project
        .run(&["sprint", "show", &sprint])
        .success()
        .never_says("sprint resubmit")
        .says("researchloop loop list");
    project
        .run(&["sprint", "show", &sprint])
        .success()
        .says("no idea left to try: All rates from 1e-5 to 1 were tried.");
    // Once it is resumed, the job is asked again.
    project.run(&["loop", "resume", &id, "-m", "look at momentum"]).success();
    assert_eq!(
        statuses(&project, text(&finish(&project, &id, 60), "id")),
        ["cancelled", "cancelled"]
    );
}

#[test]
fn an_apology_of_the_job_is_refused_with_what_it_is_and_asked_for_again() {
    let project =
        playing("idea:idea=Sorry. I cannot propose another experiment for this study.", "");
    let id = start(&project, &["-n", "1"]);
    // Two in a row end the loop.
    let one = finish(&project, &id, 60);
    assert_eq!(text(&one, "reason"), "same_failure", "{one:#}");
    let sprint = text(&one["sprints"][0], "id").to_owned();
    let log = project.run(&["sprint", "log", &sprint]).success();
    assert!(log.stdout.matches("an idea was rejected: it is an apology").count() >= 2, "{log}");
    assert!(
        one["sprints"].as_array().unwrap().iter().all(|sprint| sprint["status"] == "failed"),
        "{one:#}"
    );
}

#[test]
fn what_is_no_idea_is_refused_at_every_door_with_the_reason() {
    let project = Project::local("");
    for (text, why) in [
        ("", "empty"),
        ("\u{200b}\u{2060} \n", "empty"),
        ("I'm sorry, but I have no new idea.", "an apology"),
        (
            "Could you please tell me which data set I should use before I propose an idea?",
            "a question",
        ),
        ("API Error: 529 Overloaded", "the text of an error"),
        ("<one new research idea, 20 to 4000 characters, self-contained>", "a placeholder"),
    ] {
        project.run(&["sprint", "run", text, "-s", "s"]).code(2).says(why);
        project.run(&["task", "add", text, "-s", "s"]).code(2).says(why);
        let quoted = serde_json::Value::from(text).to_string();
        project.write("tasks.json", format!("[{{\"key\": \"one\", \"idea\": {quoted}}}]"));
        project.run(&["task", "import", "tasks.json", "-s", "s"]).code(2).says(why);
        project.write(
            "plan.json",
            format!("{{\"tasks\": [{{\"key\": \"one\", \"idea\": {quoted}}}]}}"),
        );
        project.run(&["plan", "-s", "s", "--from", "plan.json", "-y"]).code(2).says(why);
    }
    let listed = project.run(&["--json", "task", "list"]).success().json();
    assert_eq!(listed["tasks"], serde_json::json!([]));
    add(&project, "Does removing \"I'm sorry\" from dialogue data help?", &[]);
}

#[test]
fn a_person_is_told_of_a_repeat_and_may_have_it() {
    let project = Project::local("");
    let task = add(&project, EARLIER, &[]);
    let again = EARLIER.to_uppercase().replace("RESNET", "resnet");
    project
        .run(&["task", "add", &again, "-s", "s"])
        .success()
        .says(&format!("the same idea as {task}"));
    project
        .run(&["sprint", "run", EARLIER, "-s", "s", "--rounds", "0"])
        .success()
        .says("`researchloop sprint run --task t-");
    project.write("tasks.yaml", format!("- idea: {again}\n- key: new\n  idea: something new\n- key: twice\n  idea: something new!\n"));
    let imported = project.run(&["task", "import", "tasks.yaml", "-s", "s"]).success();
    assert!(
        imported.stderr.contains("task 1 has the same idea as ")
            && imported.stderr.contains("task \"twice\" has the same idea as task \"new\""),
        "{imported}"
    );
    let new =
        project.run(&["task", "add", &EARLIER.replace("0.0005", "0.05"), "-s", "s"]).success();
    assert!(!new.stderr.contains("the same idea"), "{new}");
}
