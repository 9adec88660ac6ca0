//! Submissions that meet trouble: what stands on the cluster, what the limits leave, what the
//! scheduler says. The scheduler is a few lines of shell.

use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use super::text;
use crate::harness::{Project, sources};

/// A project whose cluster is SLURM on this machine, played by four programs. `sbatch` keeps each
/// script that it gets in `jobs/`, and answers what `sbatch.says` holds.
pub(super) fn slurm(of_cluster: &str, of_study: &str) -> Project {
    let mut project = Project::empty();
    let agent = sources().join("tests/agent/claude");
    project.write(
        "researchloop.toml",
        format!(
            "[[cluster]]\nname = \"c\"\nscheduler_type = \"slurm\"\ntransport = \"local\"\nworking_dir = \"{}\"\nclaude_command = [\"{}\"]\npoll_interval = 1\n{of_cluster}\n\n\
             [[study]]\nname = \"s\"\ncluster = \"c\"\nmax_sprint_duration_hours = 1\n{of_study}\n",
            project.path("cluster").display(),
            agent.display(),
        ),
    );
    let here = project.path("");
    let here = here.display();
    let say = |name: &str| {
        format!(
            "if [ -f {here}/{name}.says ]; then cat {here}/{name}.says; exit \"$(cat {here}/{name}.status 2>/dev/null || echo 0)\"; fi"
        )
    };
    for (name, body) in [
        (
            "sbatch",
            format!(
                "case $* in *--version*) echo 'slurm 22.05'; exit 0 ;; esac\nmkdir -p {here}/jobs; n=$(ls {here}/jobs | wc -l)\ncp run_sprint.sh {here}/jobs/$((n + 1))\n{}\necho $((n + 101))",
                say("sbatch")
            ),
        ),
        (
            "squeue",
            // In a sprint's directory: a job of its name, too.
            format!(
                "cat {here}/queue 2>/dev/null\nif [ -f run_sprint.sh ] && [ -f {here}/named.says ]; then while read -r id; do echo \"$id|PENDING||None|$(sed -n 's/^#SBATCH --job-name=//p' run_sprint.sh)\"; done <{here}/named.says; fi\nexit 0"
            ),
        ),
        ("sacct", format!("cat {here}/accounting 2>/dev/null; exit 0")),
        ("scancel", say("scancel")),
    ] {
        program(&project, name, &body);
    }
    project.put_bin_first();
    project
}

/// Puts a program of the scheduler there. It also writes each of its calls to `calls`.
pub(super) fn program(project: &Project, name: &str, body: &str) {
    let path = project.path(&format!("bin/{name}"));
    project.write(
        &format!("bin/{name}"),
        format!("#!/bin/sh\necho \"{name} $*\" >>{}\n{body}\n", project.path("calls").display()),
    );
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

/// From now on, this program says that on standard error, and ends so.
pub(super) fn scheduler_says(project: &Project, name: &str, text: &str, status: i32) {
    project.write(&format!("{name}.says"), text);
    project.write(&format!("{name}.status"), status.to_string());
}

pub(super) fn database(project: &Project) -> rusqlite::Connection {
    let database = rusqlite::Connection::open(project.path("researchloop.db")).unwrap();
    database.busy_timeout(std::time::Duration::from_secs(120)).unwrap();
    database
}

pub(super) fn job(project: &Project, number: usize) -> Option<String> {
    std::fs::read_to_string(project.path(&format!("jobs/{number}"))).ok()
}

pub(super) fn edited(project: &Project, from: &str, to: &str) {
    let config = std::fs::read_to_string(project.path("researchloop.toml")).unwrap();
    assert!(config.contains(from), "{config}");
    project.write("researchloop.toml", config.replace(from, to));
}

/// A sprint whose first job has run for so long, and which goes on now.
fn answered(project: &Project, ran_seconds: u32) -> String {
    let id = project.submit("an idea", &[]);
    let database = database(project);
    database.execute("UPDATE sprints SET status = 'parked' WHERE id = ?1", [&id]).unwrap();
    database
        .execute(
            "UPDATE jobs SET ran_seconds = ?2, gpus = 1 WHERE sprint_id = ?1",
            rusqlite::params![id, ran_seconds],
        )
        .unwrap();
    id
}

#[test]
fn an_old_script_is_never_submitted_in_place_of_one_that_did_not_arrive() {
    let project = slurm("", "");
    project.write("sbatch.says", "sbatch: error: Batch job submission failed: Unable to contact slurm controller (connect failure)\n");
    project.write("sbatch.status", "1");
    project.run(&["sprint", "run", "an idea", "-s", "s"]).code(6);
    let id = project.run(&["--json", "sprint", "list"]).success().json()["sprints"][0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(text(&project.show(&id), "status"), "pending");
    assert!(
        project.remote_dir(&id).to_string_lossy().starts_with('/') && job(&project, 1).is_some()
    );
    // The disk is full now: the environment cannot be written.
    std::fs::remove_file(project.path("sbatch.says")).unwrap();
    let dir = project.remote_dir(&id);
    std::fs::create_dir(dir.join(".researchloop/env.new")).unwrap();
    assert!(dir.join("run_sprint.sh").exists());
    let _ = project.run(&["tick"]);
    assert_eq!(job(&project, 2), None, "the script of the earlier request was submitted");
    let sprint = project.show(&id);
    assert_eq!(
        (text(&sprint, "status"), text(&sprint, "reason")),
        ("failed", "submit_failed"),
        "{sprint:#}"
    );
}

#[test]
fn a_sprint_that_goes_on_outlives_a_full_disk_and_a_refusal() {
    let project = slurm("", "");
    let id = answered(&project, 60);
    let blocked = project.remote_dir(&id).join(".researchloop/script.new");
    let again = || {
        database(&project).execute("UPDATE sprints SET resume_next = 0", []).unwrap();
        let tick = project.run(&["tick"]);
        (tick, project.show(&id))
    };
    let first = text(&project.show(&id), "job_id").to_owned();
    std::fs::create_dir(&blocked).unwrap();
    let (tick, sprint) = again();
    assert_eq!(
        (text(&sprint, "status"), text(&sprint, "job_id")),
        ("parked", first.as_str()),
        "{tick} {sprint:#}"
    );
    assert!(
        text(&sprint, "note").contains("cannot prepare") && job(&project, 2).is_none(),
        "{sprint:#}"
    );
    // A little later only: the login node is not asked at every tick.
    let quiet = project.run(&["tick"]).success();
    assert!(!quiet.to_string().contains("cannot prepare"), "{quiet}");
    std::fs::remove_dir(&blocked).unwrap();
    project.write("sbatch.says", "sbatch: error: Batch job submission failed: Invalid account or account/partition combination specified\n");
    project.write("sbatch.status", "1");
    let (tick, sprint) = again();
    assert_eq!(text(&sprint, "status"), "parked", "{tick} {sprint:#}");
    assert!(text(&sprint, "note").contains("Invalid account"), "{sprint:#}");
    std::fs::remove_file(project.path("sbatch.says")).unwrap();
    let (tick, sprint) = again();
    assert_eq!(text(&sprint, "status"), "submitted", "{tick} {sprint:#}");
    assert_ne!(text(&sprint, "job_id"), first);
}

#[test]
fn a_job_that_goes_on_has_no_more_than_the_limits_leave() {
    let project = slurm("job_options = { gres = \"gpu:1\" }", "max_study_gpu_hours = 1");
    let id = answered(&project, 3000);
    project.run(&["tick"]).success();
    assert_eq!(text(&project.show(&id), "status"), "submitted");
    let script = job(&project, 2).unwrap();
    assert!(
        script.contains("--time=0-00:10:00"),
        "{}",
        script.lines().take(20).collect::<Vec<_>>().join("\n")
    );
    // The first job counts as before, although the second one is shorter.
    let study = project.run(&["--json", "study", "show", "s"]).success().json();
    assert!(study.to_string().contains("3000"), "{study:#}");

    let project = slurm("job_options = { gres = \"gpu:1\" }", "max_study_gpu_hours = 1");
    let id = answered(&project, 3590);
    project.run(&["tick"]).success();
    let sprint = project.show(&id);
    assert_eq!((text(&sprint, "status"), job(&project, 2)), ("parked", None), "{sprint:#}");
    assert!(text(&sprint, "note").contains("1 GPU-hours that the study s may use"), "{sprint:#}");
    edited(&project, "max_study_gpu_hours = 1", "max_study_gpu_hours = 2");
    project.run(&["tick"]).success();
    assert_eq!(text(&project.show(&id), "status"), "submitted");
    assert!(job(&project, 2).unwrap().contains("--time=0-01:00:00"));

    let project = slurm("", "max_study_cost_usd = 5");
    let id = answered(&project, 10);
    database(&project).execute("UPDATE sprints SET cost_usd = 5", []).unwrap();
    project.run(&["tick"]).success();
    let sprint = project.show(&id);
    assert_eq!(text(&sprint, "status"), "parked");
    assert!(text(&sprint, "note").contains("$5.00 of the $5.00"), "{sprint:#}");
}

#[test]
fn a_job_that_goes_on_keeps_to_the_limits_of_its_loop() {
    let project = slurm("job_options = { gres = \"gpu:1\" }", "allow_loop = true");
    let one = project
        .run(&[
            "--json",
            "loop",
            "start",
            "-s",
            "s",
            "--max-gpu-hours",
            "1",
            "--until",
            "2099-01-01",
        ])
        .success()
        .json();
    let one = one["loop"]["id"].as_str().unwrap().to_owned();
    let id = project.run(&["--json", "sprint", "list"]).success().json()["sprints"][0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    database(&project)
        .execute_batch(
            "UPDATE sprints SET status = 'parked'; UPDATE jobs SET ran_seconds = 1800, gpus = 1",
        )
        .unwrap();
    let until = |time: i64| {
        assert_eq!(
            database(&project)
                .execute("UPDATE loops SET limits = json_set(limits, '$.until', ?1)", [time]),
            Ok(1)
        )
    };
    until(1);
    project.run(&["tick"]).says(&format!("{one} has reached its time limit"));
    let sprint = project.show(&id);
    assert_eq!((text(&sprint, "status"), job(&project, 2)), ("parked", None), "{sprint:#}");
    assert!(text(&sprint, "note").contains("--until"), "{sprint:#}");
    assert!(!project.run(&["tick"]).to_string().contains("is over"), "it is told once");
    until(4_000_000_000);
    project.run(&["tick"]).success();
    assert_eq!(text(&project.show(&id), "status"), "submitted");
    assert!(job(&project, 2).unwrap().contains("--time=0-00:30:00"));
}

#[test]
fn a_broken_template_is_found_before_anything_is_made() {
    for (name, body) in [
        ("research", "{{ idae }}"),
        ("continue", "line\n{% if %}"),
        ("repair", "{{ nothing }}"),
        ("_messages", "{{ nope }}"),
    ] {
        let project = slurm("", "");
        project.write(&format!("templates/skills/{name}.md.j2"), body);
        project
            .run(&["sprint", "run", "an idea", "-s", "s"])
            .code(1)
            .says(&format!("{name}.md.j2"))
            .says(&format!("{name}.md.j2:"));
        assert_eq!(
            project.run(&["--json", "sprint", "list"]).success().json()["sprints"],
            serde_json::json!([]),
            "{name}"
        );
        assert!(!project.path("cluster").exists() && job(&project, 1).is_none());
    }
    // One that broke while the sprint waited.
    let project = slurm("max_concurrent_jobs = 1", "");
    let (_, second) = (project.submit("one", &[]), project.submit("two", &[]));
    project.write("templates/skills/fix.md.j2", "{{ idae }}");
    database(&project)
        .execute("UPDATE sprints SET status = 'completed' WHERE id <> ?1", [&second])
        .unwrap();
    project.run(&["tick"]).says("fix.md.j2");
    assert_eq!((text(&project.show(&second), "status"), job(&project, 2)), ("pending", None));
}

#[test]
fn an_empty_option_removes_one_of_another_spelling() {
    let project = slurm(
        "job_options = { c = \"8\", p = \"gpu\" }",
        "job_options = { \"cpus-per-task\" = \"\" }",
    );
    let dry = project.run(&["sprint", "run", "x", "-s", "s", "--dry-run"]).success();
    assert!(
        !dry.stdout.contains("cpus-per-task") && dry.stdout.contains("--partition=gpu"),
        "{dry}"
    );
    let dry = project
        .run(&["sprint", "run", "x", "-s", "s", "--dry-run", "-o", "partition=cpu"])
        .success();
    assert!(
        dry.stdout.contains("--partition=cpu") && !dry.stdout.contains("--partition=gpu"),
        "{dry}"
    );
    project
        .run(&["sprint", "run", "x", "-s", "s", "--dry-run", "-o", "partition=a", "-o", "p=b"])
        .code(2)
        .says("give one of the two");

    let project = Project::with(
        "[[cluster]]\nname = \"c\"\nhost = \"nowhere.invalid\"\nscheduler_type = \"sge\"\nworking_dir = \"~/x\"\njob_options = { \"-l\" = \"gpu=1\" }\n[[study]]\nname = \"s\"\n",
    );
    let dry = project.run(&["sprint", "run", "x", "-s", "s", "--dry-run", "-o", "l="]).success();
    assert!(!dry.stdout.contains("gpu=1"), "{dry}");
    let dry =
        project.run(&["sprint", "run", "x", "-s", "s", "--dry-run", "-o", "l=gpu=2"]).success();
    assert!(dry.stdout.contains("#$ -l gpu=2") && !dry.stdout.contains("gpu=1"), "{dry}");
}

#[test]
fn a_cluster_that_cannot_be_reached_was_not_reached() {
    let project = Project::with(
        "[[cluster]]\nname = \"c\"\nhost = \"nowhere.invalid\"\nuser = \"u\"\nscheduler_type = \"slurm\"\nworking_dir = \"~/x\"\n[[study]]\nname = \"s\"\ncluster = \"c\"\n",
    );
    project.run(&["sprint", "run", "an idea", "-s", "s"]).code(6).says("nowhere.invalid");
    let tick = project.run(&["--json", "tick"]).code(1);
    assert_eq!(tick.json()["clusters"][0]["unreachable"], true, "{tick}");
    assert!(tick.stdout.matches("cannot reach").count() == 1, "one look: {tick}");
    let good: i64 = database(&project)
        .query_row("SELECT count(*) FROM facts WHERE name = 'tick.good'", [], |row| row.get(0))
        .unwrap();
    assert_eq!(good, 0, "no tick was good");
    // Nor is one that the configuration does not know any more.
    edited(&project, "name = \"c\"\nhost", "name = \"d\"\nhost");
    edited(&project, "cluster = \"c\"", "cluster = \"d\"");
    project.run(&["tick"]).code(1).says("\"c\"");
    // A sprint without a job needs no cluster to be cancelled.
    let id = project.run(&["--json", "sprint", "list"]).success().json()["sprints"][0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    project.run(&["sprint", "cancel", &id]).success().says("before a job was submitted");
    assert_eq!(text(&project.show(&id), "status"), "cancelled");
}

#[test]
fn a_job_is_found_although_its_study_has_gone() {
    let project = slurm("", "");
    project.write(
        "sbatch.says",
        "sbatch: error: Batch job submission failed: Socket timed out on send/recv operation\n",
    );
    project.write("sbatch.status", "1");
    project.run(&["sprint", "run", "an idea", "-s", "s"]).code(6);
    let id = project.run(&["--json", "sprint", "list"]).success().json()["sprints"][0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(text(&project.show(&id), "status"), "submitting");
    edited(&project, "name = \"s\"", "name = \"another\"");
    // Nothing is found yet, and nothing can be sent: that is told, and nothing is lost.
    project.run(&["tick"]).says("\"s\"");
    assert_eq!((text(&project.show(&id), "status"), job(&project, 2)), ("submitting", None));
    project.write("named.says", "4711\n");
    project.run(&["tick"]).success();
    let sprint = project.show(&id);
    assert_eq!(
        (text(&sprint, "status"), text(&sprint, "job_id")),
        ("submitted", "4711"),
        "{sprint:#}"
    );
}

#[test]
fn what_the_scheduler_says_against_a_cancel_is_shown() {
    let project = slurm("", "");
    let id = project.submit("an idea", &[]);
    project.write("queue", "101|RUNNING|n1|None\n");
    project.write(
        "scancel.says",
        "scancel: error: Kill job error on job id 101: Access/permission denied\n",
    );
    project.write("scancel.status", "1");
    let cancel = project
        .run(&["--json", "sprint", "cancel", "--no-wait", &id])
        .code(6)
        .says("Access/permission denied");
    assert!(text(&cancel.json(), "detail").contains("Access/permission denied"), "{cancel}");
    assert!(text(&project.show(&id), "note").contains("Access/permission denied"));
    database(&project).execute("UPDATE sprints SET cancel_sent = 1", []).unwrap();
    project.run(&["tick"]).says("Access/permission denied");
    assert!(text(&project.show(&id), "note").contains("Access/permission denied"));
}

#[test]
fn a_job_that_was_seen_at_work_is_not_said_to_have_never_run() {
    let project = slurm("", "");
    let id = project.submit("an idea", &[]);
    project.write("queue", "101|RUNNING|n1|None\n");
    project.run(&["tick"]).success();
    assert_eq!(text(&project.show(&id), "status"), "running");
    project.run(&["sprint", "cancel", "--no-wait", &id]).code(6);
    // Its claim and its journal are not seen here yet.
    project.write("queue", "");
    project.write("accounting", "101|CANCELLED by 0|0:0|n1|33|cpu=1\n");
    project.run(&["tick"]).success();
    let sprint = project.show(&id);
    assert_eq!(text(&sprint, "status"), "cancelling", "{sprint:#}");
    database(&project)
        .execute("UPDATE sprints SET missing_since = missing_since - 100", [])
        .unwrap();
    project.run(&["tick"]).success();
    let sprint = project.show(&id);
    assert_eq!(text(&sprint, "status"), "cancelled");
    assert!(sprint.to_string().contains("not verified"), "{sprint:#}");
}

#[test]
fn a_sprint_that_has_not_ended_is_not_deleted() {
    let project = slurm("max_concurrent_jobs = 1", "");
    let (first, second) = (project.submit("one", &[]), project.submit("two", &[]));
    database(&project)
        .execute("UPDATE sprints SET status = 'parked' WHERE id = ?1", [&first])
        .unwrap();
    for id in [&first, &second] {
        project.run(&["sprint", "delete", "--yes", id]).code(4).says("sprint cancel");
        project.run(&["sprint", "cancel", id]).success();
        project.run(&["sprint", "delete", "--yes", id]).success();
    }
}

#[test]
fn an_accounting_that_hangs_does_not_keep_the_files_from_being_read() {
    let project = slurm("command_timeout = 12", "");
    let id = project.submit("an idea", &[]);
    project.write("bin/sacct", "#!/bin/sh\nexec sleep 30\n");
    let journal: PathBuf = project.remote_dir(&id).join(".researchloop/run.jsonl");
    std::fs::write(&journal, "{\"v\":1,\"seq\":1,\"time\":\"2030-01-01T00:00:00Z\",\"incarnation\":1,\"kind\":\"note\",\"text\":\"x\"}\n").unwrap();
    let tick = project.run(&["tick"]).success();
    let sprint = project.show(&id);
    assert!(text(&sprint, "note").contains("sacct did not answer in time"), "{tick} {sprint:#}");
    assert!(project.run(&["--json", "sprint", "log", &id]).stdout.contains("\"seq\":1"));
}

#[test]
fn a_file_that_goes_away_while_it_is_brought_is_not_taken_for_a_whole_one() {
    let project = slurm("", "");
    let id = project.submit("an idea", &[]);
    // A program on the login node that brings half of a file, and then finds it gone.
    let half = r#"{"v":1,"parts":[{"path":"results/a.bin","offset":0,"len":4}],"next":["results/a.bin",4],"files":[["results/a.bin",9]],"skipped":[]}"#;
    let gone =
        r#"{"v":1,"parts":[],"next":null,"files":[],"skipped":["results/a.bin no longer exists"]}"#;
    let reader = format!(
        "#!/bin/sh\ncase $(cat) in *'\"from\":null'*) printf '%s\\nabcd' '{half}' ;; *) printf '%s\\n' '{gone}' ;; esac\n"
    );
    project.write("reader", reader);
    std::fs::set_permissions(project.path("reader"), std::fs::Permissions::from_mode(0o755))
        .unwrap();
    database(&project)
        .execute("UPDATE sprints SET runner = ?1", [project.path("reader").to_str().unwrap()])
        .unwrap();
    let fetch = project.run(&["--json", "sprint", "fetch", &id]).success();
    let skipped = fetch.json()["skipped"].to_string();
    assert!(
        skipped.contains("was removed, while it was fetched")
            && skipped.contains("no longer exists"),
        "{fetch}"
    );
    assert_eq!(fetch.json()["files"], serde_json::json!([]));
    assert!(!project.path(&format!("artifacts/{id}/results/a.bin")).exists());
}

/// Another study on the same cluster, with these options.
fn with_study(project: &Project, name: &str, of_study: &str) {
    let config = std::fs::read_to_string(project.path("researchloop.toml")).unwrap();
    project.write(
        "researchloop.toml",
        format!("{config}\n[[study]]\nname = \"{name}\"\ncluster = \"c\"\n{of_study}\n"),
    );
}

fn run(project: &Project, study: &str, idea: &str) -> (String, String) {
    let answer = project.run(&["--json", "sprint", "run", idea, "-s", study]).json();
    (text(&answer, "sprint_id").to_owned(), text(&answer, "status").to_owned())
}

#[test]
fn a_limit_that_holds_a_parked_sprint_ends_its_loop_and_is_told_wherever_it_is_shown() {
    let project = slurm("", "");
    let started = project
        .run(&["--json", "loop", "start", "-s", "s", "-n", "1", "--max-cost", "1"])
        .success()
        .json();
    let one = text(&started["loop"], "loop_id").to_owned();
    let id = text(&started["loop"]["sprints"][0], "id").to_owned();
    database(&project).execute_batch("UPDATE sprints SET status = 'parked', cost_usd = 1").unwrap();
    project.run(&["tick"]);
    let shown = project.run(&["--json", "loop", "show", &one]).success().json();
    assert_eq!(
        (text(&shown["loop"], "status"), text(&shown["loop"], "reason")),
        ("stopped", "max_cost"),
        "{shown:#}"
    );
    project.run(&["sprint", "show", &id]).success().says("does not go on: $1.00 of the $1.00");
    project.run(&["sprint", "watch", &id]).code(6).says("does not go on");
    project.run(&["loop", "resume", &one, "--max-cost", "5"]).success();
    project.run(&["tick"]).success();
    assert_eq!(text(&project.show(&id), "status"), "submitted");
}

#[test]
fn a_sprint_whose_directory_went_away_is_not_begun_anew() {
    let project = slurm("", "");
    let (id, _) = run(&project, "s", "one");
    let dir = project.remote_dir(&id);
    database(&project).execute_batch("UPDATE sprints SET status = 'parked'").unwrap();
    std::fs::remove_dir_all(&dir).unwrap();
    for round in 0..4 {
        project.run(&["tick"]);
        assert!(job(&project, 2).is_none() && !dir.exists(), "round {round}");
        database(&project)
            .execute_batch(
                "UPDATE sprints SET resume_next = 0, missing_since = missing_since - 100",
            )
            .unwrap();
    }
    let sprint = project.show(&id);
    assert_eq!(
        (text(&sprint, "status"), text(&sprint, "reason")),
        ("failed", "lost"),
        "{sprint:#}"
    );
}

#[test]
fn a_study_whose_account_is_full_keeps_no_other_waiting() {
    let project = slurm("max_concurrent_jobs = 2", "job_options = { account = \"full\" }");
    with_study(&project, "t", "");
    let sbatch = std::fs::read_to_string(project.path("bin/sbatch")).unwrap();
    let refuse = "if grep -q 'account=full' run_sprint.sh; then echo 'sbatch: error: AssocMaxSubmitJobLimit' >&2; exit 1; fi\nmkdir -p";
    project.write("bin/sbatch", sbatch.replacen("mkdir -p", refuse, 1));
    let (full, status) = run(&project, "s", "one");
    assert_eq!(status, "pending");
    // Both places are taken, so that the next ones have to wait for a tick.
    let first: Vec<(String, String)> =
        ["a", "b"].iter().map(|idea| run(&project, "t", idea)).collect();
    let (waits, status) = run(&project, "t", "c");
    assert_eq!((status.as_str(), first[1].1.as_str()), ("pending", "submitted"));
    database(&project)
        .execute(
            "UPDATE sprints SET status = 'completed', results_at = 'x' WHERE id = ?1",
            [&first[0].0],
        )
        .unwrap();
    project.run(&["tick"]);
    assert_eq!(
        (text(&project.show(&waits), "status"), text(&project.show(&full), "status")),
        ("submitted", "pending")
    );
    assert!(
        text(&project.show(&full), "note").contains("AssocMaxSubmitJobLimit"),
        "{:#}",
        project.show(&full)
    );
}

#[test]
fn of_two_studies_without_a_job_the_one_that_waits_longer_comes_first() {
    let project = slurm("max_concurrent_jobs = 1", "");
    with_study(&project, "t", "");
    let (first, _) = run(&project, "s", "one");
    let (second, _) = run(&project, "s", "two");
    let (other, status) = run(&project, "t", "three");
    assert_eq!(status, "pending");
    database(&project)
        .execute(
            "UPDATE sprints SET status = 'completed', results_at = 'x' WHERE id = ?1",
            [&first],
        )
        .unwrap();
    project.run(&["tick"]).success();
    assert_eq!(
        (text(&project.show(&other), "status"), text(&project.show(&second), "status")),
        ("submitted", "pending")
    );
}

#[test]
fn a_loop_that_is_over_by_now_sends_nothing_that_it_has_made_before() {
    let project = slurm("max_concurrent_jobs = 1", "");
    project.run(&["task", "add", "one", "-s", "s"]).success();
    project.run(&["task", "add", "two", "-s", "s"]).success();
    let started = project.run(&[
        "--json",
        "loop",
        "start",
        "-s",
        "s",
        "-n",
        "4",
        "--parallel",
        "2",
        "--tasks-only",
        "--until",
        "2099-01-01",
    ]);
    let id = text(&started.success().json()["loop"], "loop_id").to_owned();
    let sprints = || {
        project.run(&["--json", "loop", "show", &id]).success().json()["loop"]["sprints"].clone()
    };
    assert_eq!(
        (text(&sprints()[0], "status"), text(&sprints()[1], "status")),
        ("submitted", "pending")
    );
    database(&project)
        .execute_batch("UPDATE loops SET limits = json_set(limits, '$.until', 1)")
        .unwrap();
    database(&project)
        .execute(
            "UPDATE sprints SET status = 'completed', results_at = 'x' WHERE id = ?1",
            [text(&sprints()[0], "id")],
        )
        .unwrap();
    project.run(&["tick"]).success();
    assert_eq!(text(&sprints()[1], "status"), "cancelled");
    assert!(job(&project, 2).is_none(), "no second job was sent");
}

#[test]
fn what_keeps_a_sprint_from_being_sent_stands_where_it_is_shown() {
    let project = slurm("max_concurrent_jobs = 1", "");
    let (first, _) = run(&project, "s", "one");
    let (waits, _) = run(&project, "s", "two");
    project.write("templates/skills/report.md.j2", "{{ nothing_of_that_name }}");
    database(&project)
        .execute(
            "UPDATE sprints SET status = 'completed', results_at = 'x' WHERE id = ?1",
            [&first],
        )
        .unwrap();
    project.run(&["tick"]);
    assert!(
        text(&project.show(&waits), "note").contains("report.md.j2"),
        "{:#}",
        project.show(&waits)
    );
    std::fs::remove_file(project.path("templates/skills/report.md.j2")).unwrap();
    project.run(&["tick"]).success();
    assert_eq!(text(&project.show(&waits), "status"), "submitted");
}
