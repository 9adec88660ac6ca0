//! What is refused, what is said then, and that nothing has changed.

use super::{playing, text};
use crate::harness::Project;

fn add(project: &Project, idea: &str, more: &[&str]) -> String {
    project
        .run(&[&["-q", "task", "add", idea, "-s", "s"], more].concat())
        .success()
        .stdout
        .trim()
        .to_owned()
}

fn state(project: &Project, id: &str) -> String {
    text(&project.run(&["--json", "task", "show", id]).success().json()["task"], "state").to_owned()
}

#[test]
fn several_tasks_are_changed_together_or_not_at_all() {
    let project = Project::local("");
    let (first, second, third) =
        (add(&project, "one", &[]), add(&project, "two", &[]), add(&project, "three", &[]));
    let edited =
        project.run(&["--json", "task", "edit", &first, &second, "-p", "p0"]).success().json();
    assert_eq!(
        edited["tasks"]
            .as_array()
            .map(|tasks| tasks.iter().map(|task| text(task, "priority")).collect()),
        Some(vec!["p0", "p0"])
    );
    project
        .run(&["task", "edit", &first, &second, "--idea", "the same"])
        .code(2)
        .says("several tasks cannot have the same idea");
    project.run(&["task", "done", &third]).success();
    project.run(&["task", "cancel", &first, &third, &second]).code(4).says("is done already");
    assert_eq!(
        [state(&project, &first), state(&project, &second)],
        ["ready", "ready"],
        "nothing was changed"
    );
    project
        .run(&["task", "cancel", &first, &second, "--reason", "enough"])
        .success()
        .says(&first)
        .says(&second);
    project.run(&["task", "retry", &first, "t-000000"]).code(3);
    assert_eq!(state(&project, &first), "cancelled");
    project.run(&["task", "retry", &first, &second]).success();
    assert_eq!([state(&project, &first), state(&project, &second)], ["ready", "ready"]);
}

#[test]
fn what_cannot_be_meant_is_refused() {
    let project = Project::local("");
    let first = add(&project, "one", &[]);
    let twice = [format!("{first}:refuted"), format!("{first}:failed")];
    project
        .run(&["task", "add", "two", "-s", "s", "--needs", &twice[0], "--needs", &twice[1]])
        .code(2)
        .says(&format!("--needs names {first} twice"));
    project
        .run(&["task", "claim", &first, "--ttl", "30"])
        .code(2)
        .says("expected a time with its unit");
    project.run(&["sprint", "list", "-n", "0"]).code(2);
    project.run(&["sprint", "list", "--status", "failed"]).success().says("No matching sprints.");
    project.run(&["task", "done", &first]).success();
    project.run(&["task", "edit", &first, "--verify", "false"]).code(4).says("is done");
    project.run(&["task", "edit", &first, "-p", "p0"]).success();
    let off = add(&project, "three", &[]);
    project.run(&["sprint", "run", "--task", &off, "--dry-run"]).success();
    assert_eq!(state(&project, &off), "ready", "a dry run takes nothing");
    project.run(&["task", "cancel", &off]).success();
    project.run(&["sprint", "run", "--task", &off, "--dry-run"]).code(4).says("cancelled");
}

#[test]
fn a_file_without_end_is_not_read_to_its_end() {
    let project = Project::local("");
    project
        .run(&["task", "import", "/dev/zero", "-s", "s"])
        .code(2)
        .says("larger than 4000000 bytes");
    project.write("twice.json", "[{\"idea\": \"a\", \"idea\": \"b\"}]");
    project
        .run(&["task", "import", "twice.json", "-s", "s"])
        .code(2)
        .says("the key \"idea\" comes twice");
    project
        .run(&["plan", "-s", "s", "--from", "twice.json"])
        .code(2)
        .says("has the key \"idea\" twice");
    project.write("tasks.yaml", "- idea:\n- idea: x\n  priority: p9\n");
    project
        .run(&["task", "import", "tasks.yaml", "-s", "s"])
        .code(2)
        .says("task 1: `idea` is missing")
        .says("task 2: `priority`");
}

#[test]
fn a_step_of_a_sprint_without_steps() {
    let project = playing("", "max_concurrent_jobs = 1");
    let config = std::fs::read_to_string(project.path("researchloop.toml")).unwrap();
    project.write(
        "researchloop.toml",
        config.replace("RL_SCENARIO = \"\"", "RL_SCENARIO = \"research:hang\""),
    );
    project.submit("the first", &[]);
    let second = project.submit("the second", &[]);
    project
        .run(&["sprint", "log", &second, "--step", "research"])
        .code(3)
        .says("it is pending and has begun none");
    project.run(&["sprint", "list"]).success();
    let waiting = project.run(&["--json", "status"]).success().json();
    assert!(waiting["waiting"].as_array().is_some_and(|list| !list.is_empty()), "{waiting:#}");
}

#[test]
fn init_leaves_a_gitignore_as_it_is_and_says_what_it_lacks() {
    let project = Project::empty();
    project.write(".gitignore", "artifacts\n*.log\n");
    let made = project
        .run(&["init"])
        .success()
        .says(".gitignore was left as it is")
        .says("add to .gitignore: /researchloop.db* /.researchloop/");
    assert_eq!(
        std::fs::read_to_string(project.path(".gitignore")).unwrap(),
        "artifacts\n*.log\n",
        "{made}"
    );
    project.run(&["init", "--path", "new"]).success().says("and a .gitignore");
    assert!(
        std::fs::read_to_string(project.path("new/.gitignore"))
            .unwrap()
            .contains("/.researchloop/")
    );
}

#[test]
fn wrong_job_options_are_errors_of_the_configuration_check() {
    let project = Project::with(
        "[[cluster]]\nname = \"c\"\nhost = \"login\"\nscheduler_type = \"sge\"\nworking_dir = \"~/x\"\n[cluster.job_options]\ngres = \"gpu:1\"\n\
         [[study]]\nname = \"s\"\nmax_sprint_duration_hours = \"8\"\n",
    );
    let check = project.run(&["-q", "config", "check"]).code(1).says("2 errors");
    assert!(
        check.stderr.contains(":7:1: error: `job_options` of cluster \"c\": \"gres\"")
            && check.stderr.contains("    7 | gres = \"gpu:1\""),
        "{check}"
    );
    // Other commands do without what they do not need.
    let config = std::fs::read_to_string(project.path("researchloop.toml")).unwrap();
    project.write("researchloop.toml", config.replace("\"8\"", "8"));
    project.run(&["sprint", "list"]).success();
    project.run(&["config", "check"]).code(1).says("1 error ");
    // What SLURM may know is a warning when it looks like a slip.
    project.write(
        "researchloop.toml",
        config.replace("\"8\"", "8").replace("sge", "slurm").replace("gres =", "cpu-per-task ="),
    );
    let check = project
        .run(&["config", "check"])
        .success()
        .says("`job_options` of cluster \"c\": \"cpu-per-task\"")
        .says("did you mean \"cpus-per-task\"?");
    assert!(
        check.stderr.contains("can be used; see the warnings above")
            && !check.stderr.contains("is sound"),
        "{check}"
    );
}
