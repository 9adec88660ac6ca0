//! What keeps a project going: money, notices, `status`, cron.

use super::{playing, text};
use crate::harness::{Project, wait_until};

#[test]
fn a_sprint_and_its_study_show_the_time_that_jobs_took() {
    let project = playing("", "");
    let id = project.submit("count the birds", &["--rounds", "0"]);
    let sprint = project.finish(&id, 60);
    assert_eq!(text(&sprint, "status"), "completed", "{sprint:#}");
    // Nothing is allotted on a local cluster: no GPU, and that is known.
    assert_eq!(
        (&sprint["spent"]["gpu_seconds"], &sprint["spent"]["gpu_unknown"]),
        (&0.into(), &false.into()),
        "{sprint:#}"
    );
    let tokens = &sprint["tokens"];
    let all = ["input", "output", "cached"]
        .iter()
        .map(|kind| tokens[kind].as_u64().unwrap())
        .sum::<u64>();
    assert_eq!(sprint["spent"]["tokens"].as_u64(), Some(all));
    assert_eq!(sprint["spent"]["cost_usd"], sprint["cost_usd"]);
    let shown = project.run(&["sprint", "show", &id]).success();
    assert!(shown.stdout.contains(" of job time\n"), "{shown}");
    let study = project.run(&["--json", "study", "show", "s"]).success().json()["study"].clone();
    assert_eq!(study["spent"]["cost_usd"], sprint["cost_usd"]);
    assert_eq!(study["spent"]["wall_seconds"], sprint["spent"]["wall_seconds"]);
}

#[test]
fn a_resource_for_gpus_means_something_on_grid_engine_only() {
    let project = Project::local("gpu_resource = \"gpu\"");
    let check = project.run(&["config", "check"]);
    assert!(
        check.to_string().contains(
            "`gpu_resource` of cluster \"here\" has no effect: only Grid Engine needs it"
        ),
        "{check}"
    );
}

/// Rows as a busy project has them, of every kind that `status` shows.
const BUSY: &str = "
INSERT INTO sprints (id, study_name, cluster, scheduler, idea, status, phase, job_id, directory, remote_dir, created_at, started_at, completed_at,
    request, seconds, attempt, cost_usd, gpus, loop_id, note) VALUES
    ('sp-00000a', 's', 'here', 'slurm', 'does grokking need weight decay at all, or does it only come sooner with it?', 'running', 'red_team_round_1', '11', 'd', '/d',
        '2026-01-02T08:00:00Z', '2026-01-02T09:00:00Z', NULL, '{}', 28800, 1, 1.25, 2, 'loop-00000a', ''),
    ('sp-00000b', 's', 'here', 'slurm', NULL, 'submitted', NULL, '12', 'd', '/d', '2026-01-02T09:30:00Z', NULL, NULL, '{}', 28800, 1, 0, 2, 'loop-00000a',
        'waits in the queue: Resources'),
    ('sp-00000c', 'other', 'here', 'slurm', 'x', 'completed', NULL, '10', 'd', '/d', '2026-01-01T09:30:00Z', '2026-01-01T10:00:00Z',
        '2026-01-01T12:00:00Z', '{}', 28800, 1, 3.5, 4, NULL, '');
INSERT INTO jobs (sprint_id, attempt, name, sent_at, started_at, ended_at, ran_seconds) VALUES
    ('sp-00000a', 1, 'a', '2026-01-02T08:00:00Z', '2026-01-02T09:00:00Z', NULL, NULL),
    ('sp-00000c', 1, 'c', '2026-01-01T09:30:00Z', '2026-01-01T10:00:00Z', '2026-01-01T12:00:00Z', 7200);
INSERT INTO journal (sprint_id, seq, incarnation, time, kind, line) VALUES
    ('sp-00000a', 1, 1, '2026-01-02T09:30:00Z', 'step_ended', '{\"cost_usd\":0.75}');
INSERT INTO loops (id, study_name, status, note, request, limits, judged_from, created_at) VALUES
    ('loop-00000a', 's', 'running', 'waits for sp-00000a', '{}', '{\"count\":3,\"parallel\":1,\"max_cost_usd\":20.0}', '2026-01-02T08:00:00Z', '2026-01-02T08:00:00Z');
INSERT INTO tasks (id, study_name, idea, status, created_at) VALUES ('t-00000a', 's', 'a ready one', 'open', '2026-01-01T00:00:00Z'),
    ('t-00000b', 's', 'a dead one', 'dead', '2026-01-01T00:00:00Z');
INSERT INTO tasks (id, study_name, idea, status, created_at, retry_at) VALUES ('t-00000c', 's', 'one that has failed', 'open', '2026-01-01T00:00:00Z', unixepoch('2026-01-02T11:00:00Z'));
INSERT INTO messages (id, kind, study_name, sprint_id, task_id, text, created_at) VALUES
    ('m-00000a', 'question', 's', 'sp-00000b', NULL, 'Which of the two data sets?\u{1b}[2J', '2026-01-02T09:00:00Z'),
    ('m-00000b', 'dead', 's', NULL, 't-00000b', 'failed three times', '2026-01-02T09:10:00Z'),
    ('m-00000c', 'note', 's', 'sp-00000a', NULL, 'a note that nobody has to answer', '2026-01-02T09:10:00Z');
INSERT INTO facts VALUES ('tick.last', '{\"time\":\"2026-01-02T09:58:00Z\",\"by\":\"cron\",\"problems\":[\"here: squeue did not answer\"]}'),
    ('tick.good', '{\"time\":\"2026-01-02T09:38:00Z\",\"by\":\"cron\",\"problems\":[]}'), ('cron.every', '300');";

fn busy() -> Project {
    let mut project = Project::local("");
    project.run(&["status"]).success();
    rusqlite::Connection::open(project.path("researchloop.db"))
        .unwrap()
        .execute_batch(BUSY)
        .unwrap();
    project.set("RESEARCHLOOP_TEST_NOW", "2026-01-02T10:00:00Z");
    project
}

#[test]
fn a_nodes_clock_that_is_wrong_moves_no_screen() {
    let project = busy();
    // It is two hours behind: the run has begun at 9 o'clock, its step at ten past.
    rusqlite::Connection::open(project.path("researchloop.db"))
        .unwrap()
        .execute_batch(
            "UPDATE sprints SET started_at = '2026-01-02T07:00:00Z' WHERE id = 'sp-00000a';
             UPDATE jobs SET started_at = '2026-01-02T07:00:00Z' WHERE sprint_id = 'sp-00000a';
             INSERT INTO events (time, sprint_id, kind, data) VALUES
                ('', 'sp-00000a', 'job_counts', '{\"attempt\":1,\"from\":' || unixepoch('2026-01-02T09:00:00Z') || '}');
             INSERT INTO steps (sprint_id, position, label, title, state, started_at) VALUES
                ('sp-00000a', 0, 'red_team_round_1', 'red team', 'running', '2026-01-02T07:10:00Z');
             DELETE FROM journal;
             INSERT INTO journal (sprint_id, seq, incarnation, time, kind, line) VALUES
                ('sp-00000a', 1, 1, '2026-01-02T07:10:00Z', 'step_started', '{\"step\":\"red_team_round_1\"}');",
        )
        .unwrap();
    project.run(&["status"]).success().says("red_team_round_1  1h00m");
    project.run(&["sprint", "show", "sp-00000a"]).success().says("▶ red team    50m00s");
    let shown = project.show("sp-00000a");
    assert_eq!(
        (&shown["running_seconds"], &shown["steps"][0]["running_seconds"]),
        (&3600.into(), &3000.into())
    );
}

#[test]
fn status_is_one_screen_at_every_width() {
    let mut project = busy();
    for columns in ["80", "140"] {
        project.set("COLUMNS", columns);
        let plain = project.run(&["status"]).success();
        let width: usize = columns.parse().unwrap();
        for line in plain.stdout.lines() {
            assert!(console::measure_text_width(line) <= width, "{line}");
        }
        for part in [
            "NEEDS YOU (2)\n  ! sp-00000b",
            "RUNS (1)",
            "sp-00000a  s      red_team_round_1  1h00m  $1.25  does grokking need",
            "WAITS (1)",
            "waits in the queue: Resources · ",
            "! sp-00000b (s) asks: Which of the two data sets?[2J",
            "researchloop reply m-00000a \"...\"",
            "! t-00000b (s) has failed for good: failed three times",
            "    researchloop inbox",
            "loop-00000a  s      0/3 done  $1.25 of $20.00  waits for sp-00000a",
            "last tick 2m00s ago, by cron, cron runs one every 5m00s",
            "warning: the last good one was 22m00s ago; `researchloop cron show` says why",
            "here: squeue did not answer",
        ] {
            assert!(plain.stdout.contains(part), "{part:?} is missing at {columns}: {plain}");
        }
        let row = |name: &str| {
            plain
                .stdout
                .lines()
                .find(|line| line.trim_start().starts_with(name))
                .unwrap()
                .split_whitespace()
                .collect::<Vec<_>>()
                .join(" ")
        };
        assert_eq!(row("s  "), "s 2 1 1 1 $0.75 $1.25 2.0 1h00m", "{plain}");
        assert_eq!(row("all"), "all 2 1 1 1 $0.75 $4.75 10.0 3h00m", "{plain}");
        assert!(!plain.stdout.contains('\u{1b}'), "piped, it is plain");
        let colored = project.run(&["status", "--color", "always"]).success();
        assert!(colored.stdout.contains('\u{1b}'));
        assert_eq!(
            console::strip_ansi_codes(&colored.stdout),
            plain.stdout,
            "color is all that differs"
        );
    }
    let json = project.run(&["--json", "status"]).success().json();
    assert_eq!(json["running"][0]["id"], "sp-00000a");
    assert_eq!(json["needs_you"][0]["reply_with"], "researchloop reply m-00000a \"...\"");
    assert_eq!(
        (&json["tick"]["is_overdue"], &json["tick"]["cron_every_seconds"]),
        (&true.into(), &300.into())
    );
    assert_eq!(json["total"]["reserved_gpu_seconds"], 2 * (28_800 - 3600) + 2 * 28_800);
}

#[test]
fn an_empty_project_says_what_to_do_first() {
    let project = Project::local("");
    let status = project.run(&["status"]).success();
    assert!(
        status.stderr.contains("`researchloop sprint run \"an idea\" -s s` runs a first sprint"),
        "{status}"
    );
    assert!(
        status.stdout.contains("there was no tick yet") && !status.stdout.contains("RUNS"),
        "{status}"
    );
    let json = project.run(&["--json", "status"]).success();
    assert!(
        json.stdout.contains("\"spent_today_usd\":0.0,") && !json.stdout.contains("-0.0"),
        "{json}"
    );
    project.run(&["tick"]).success();
    let status = project.run(&["status"]).success();
    assert!(
        status.stdout.contains("last tick ") && status.stdout.contains(" ago, by hand"),
        "{status}"
    );
    let config = std::fs::read_to_string(project.path("researchloop.toml")).unwrap();
    let blank = Project::with(&config.replace("name = \"s\"", "name = \"my study\""));
    let status = blank.run(&["status"]).success();
    assert!(
        status.stderr.contains("`researchloop sprint run \"an idea\" -s 'my study'` runs"),
        "{status}"
    );
    let none = Project::with("");
    let status = none.run(&["status"]).success();
    assert!(status.stderr.contains("`researchloop study init NAME` begins one"), "{status}");
}

#[test]
fn ten_thousand_sprints_do_not_slow_status_down() {
    let project = busy();
    let seeded = "WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 10000)
        INSERT INTO sprints (id, study_name, cluster, scheduler, idea, status, directory, remote_dir, created_at, started_at, completed_at, request,
            seconds, attempt, cost_usd, gpus, summary)
        SELECT printf('sp-1%05d', i), 's' || (i % 20), 'here', 'slurm', printf('%.500c', 'x'), 'completed', 'd', '/d', '2025-12-01T00:00:00Z',
            '2025-12-01T00:00:00Z', '2025-12-01T01:00:00Z', '{}', 3600, 1, 1.0, 1, printf('%.1000c', 'x') FROM n;
        INSERT INTO jobs (sprint_id, attempt, name, sent_at, started_at) SELECT id, 1, id, created_at, started_at FROM sprints WHERE id LIKE 'sp-1%';
        INSERT INTO journal (sprint_id, seq, incarnation, time, kind, line)
        SELECT s.id, m.i, 1, '2025-12-01T00:30:00Z', 'step_ended', '{\"cost_usd\":0.1}' FROM sprints s,
            (WITH RECURSIVE m (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM m WHERE i < 10) SELECT i FROM m) m WHERE s.id LIKE 'sp-1%';";
    rusqlite::Connection::open(project.path("researchloop.db"))
        .unwrap()
        .execute_batch(seeded)
        .unwrap();
    let database = std::fs::metadata(project.path("researchloop.db")).unwrap().len();
    // How much it reads does not depend on how busy this machine is. A shell counts what its child has read.
    let mut counting = project.command("/bin/sh");
    counting
        .args(["-c", r#""$0" status && sed -n 's/^rchar: //p' /proc/$$/io"#])
        .arg(crate::harness::program());
    let status = Project::output(counting).success();
    assert!(status.stdout.contains("$10004.75"), "{status}");
    let read: u64 = status.stdout.lines().last().unwrap().parse().unwrap();
    println!("status with 10,000 sprints reads {read} bytes; the database has {database}");
    // Its sums go over all sprints, some times: a look for each of them would be a hundred times this.
    assert!(read < 10 * database, "it reads {read} bytes; the database has {database}");
}

#[test]
fn a_job_that_was_given_up_is_ended_although_a_tick_died_before_it_could() {
    let project = playing("research:hang", "");
    let id = project.submit("an idea", &["--rounds", "0"]);
    wait_until("the run", 60, || {
        project.run(&["tick"]);
        project.show(&id)["status"] == "running"
    });
    // As a tick leaves it that was killed, or could not reach the scheduler, right after it judged that the job never starts.
    let store = rusqlite::Connection::open(project.path("researchloop.db")).unwrap();
    store
        .execute("UPDATE sprints SET status = 'failed', reason = 'never_starts', completed_at = '2026-01-01T00:00:00Z' WHERE id = ?1", [&id])
        .unwrap();
    project.run(&["tick"]);
    let told: i64 = store
        .query_row("SELECT cancel_sent FROM sprints WHERE id = ?1", [&id], |row| row.get(0))
        .unwrap();
    // What still runs is ended, whatever this test finds.
    if told == 0 {
        store.execute("UPDATE sprints SET status = 'cancelling' WHERE id = ?1", [&id]).unwrap();
        project.finish(&id, 60);
    }
    assert!(told > 0, "nobody told the scheduler");
    assert_eq!(project.show(&id)["status"], "failed");
}

#[test]
fn lists_fit_every_width_and_tell_sprints_apart() {
    let mut project = playing("*:by_idea", "");
    project.run(&["study", "set", "metric=acc", "metric_better=higher"]).success();
    let words = ["alpha", "beta", "gamma"];
    for (at, word) in words.iter().enumerate() {
        let tail = "and everything else stays as it is, so that only this one thing differs";
        let idea = format!("{word} is tried, {tail} [supported] [acc=0.{}]", at + 5);
        let id = project.submit(&idea, &["--rounds", "0"]);
        project.finish(&id, 60);
    }
    let failed = project.submit("delta fails in its first step [fails]", &["--rounds", "0"]);
    project.finish(&failed, 60);
    for columns in ["60", "80", "100", "140", "200"] {
        project.set("COLUMNS", columns);
        let width: usize = columns.parse().unwrap();
        for arguments in [&["ls"][..], &["status"], &["study", "show", "s"], &["show"], &["check"]]
        {
            let shown = project.run(arguments).success();
            for line in shown.stdout.lines() {
                // A path is never cut: it is there to be copied.
                let is_whole = line.contains(project.path("").to_str().unwrap());
                assert!(
                    console::measure_text_width(line) <= width || is_whole,
                    "{arguments:?} at {columns}: {line}"
                );
            }
        }
        let list = project.run(&["ls"]).success();
        for word in words.iter().chain(&["delta"]) {
            assert!(list.stdout.contains(&format!("  {word} ")), "{columns}: {list}");
        }
        assert!(list.stdout.contains("step_failed"), "{columns}: {list}");
        assert_eq!(list.stdout.contains("  TOOK  "), width >= 100, "{list}");
        assert_eq!(list.stdout.contains("  VALUE  "), width >= 80, "{list}");
        // Columns that say nothing are left out.
        assert!(!list.stdout.contains("STUDY"), "{list}");
    }
    // The newest of those with a value is the best: how far it is ahead is said first.
    let best = project.run(&["--json", "ls", "--status", "completed"]).success().json();
    let id = text(&best["sprints"][0], "id").to_owned();
    let shown = project.run(&["show", &id]).success();
    assert!(shown.stdout.contains("best of 3, 0.1 better than"), "{shown}");
}
