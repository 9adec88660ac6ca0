//! A login node whose copy of this program answers whatever it likes: nothing crashes, nothing goes on
//! for ever, no disk is filled, and nobody else waits for it.

use std::os::unix::fs::PermissionsExt as _;

use super::{playing, text};
use crate::harness::{Project, program};

/// A project whose cluster has an installed program that does `hostile` when it is asked for results, and
/// else what it should. The file `calls` counts.
fn with_hostile_results(hostile: &str, more: &str) -> Project {
    with_hostile("", "files-results", &format!("cat >/dev/null\n{hostile}"), more)
}

/// The same for one of its commands, with an agent that plays this scenario.
fn with_hostile(scenario: &str, command: &str, hostile: &str, more: &str) -> Project {
    // A runner for another machine: then the one on the PATH is used.
    let mut project = playing(scenario, &format!("runner = \"elsewhere\"\n{more}"));
    let mut head = b"\x7fELF".to_vec();
    head.resize(64, 0);
    head[18] = 183;
    project.write("elsewhere", head);
    let calls = project.path("calls");
    project.write(
        "bin/researchloop",
        format!(
            "#!/bin/bash\nif [ \"$1\" != {command} ]; then exec '{}' \"$@\"; fi\necho x >>'{calls}'\nn=$(wc -l <'{calls}')\n{hostile}\n",
            program().display(),
            calls = calls.display(),
        ),
    );
    std::fs::set_permissions(
        project.path("bin/researchloop"),
        std::fs::Permissions::from_mode(0o755),
    )
    .unwrap();
    project.put_bin_first();
    project
}

fn calls(project: &Project) -> usize {
    std::fs::read_to_string(project.path("calls")).unwrap_or_default().lines().count()
}

fn head(parts: &str, next: &str, files: &str) -> String {
    format!(
        "printf '%s\\n' '{{\"v\":1,\"parts\":[{parts}],\"next\":{next},\"files\":[{files}],\"skipped\":[]}}'"
    )
}

#[test]
fn numbers_that_make_no_sense_are_refused() {
    let part = |path: &str, offset: u64, len: u64| {
        format!("{{\"path\":\"{path}\",\"offset\":{offset},\"len\":{len}}}")
    };
    let wraps = format!("{},{}", part("a", 0, u64::MAX), part("b", 0, 6));
    let far = part("a", u64::MAX, 5);
    let backwards = format!("{},{}", part("b", 0, 2), part("a", 0, 3));
    for (what, hostile) in [
        ("lengths that wrap around", format!("{}; printf hello", head(&wraps, "null", "[\"a\",5]"))),
        ("an offset at the end of numbers", format!("{}; printf hello", head(&far, "null", "[\"a\",5]"))),
        ("files backwards", format!("{}; printf hello", head(&backwards, "null", "[\"a\",3],[\"b\",2]"))),
        ("sizes that wrap around", head("", "null", &format!("[\"a\",{}],[\"b\",6]", u64::MAX))),
        ("more than any disk", head("", "[\"a\",0]", &format!("[\"a\",{}]", 1_u64 << 60))),
        ("no JSON", "echo hello".to_owned()),
        ("nothing", ":".to_owned()),
        (
            "a number below zero",
            "echo '{\"v\":1,\"parts\":[{\"path\":\"a\",\"offset\":0,\"len\":-1}],\"next\":null,\"files\":[],\"skipped\":[]}'".to_owned(),
        ),
    ] {
        let project = with_hostile_results(&hostile, "");
        let id = project.submit("an idea", &["--rounds", "0"]);
        let sprint = project.finish(&id, 60);
        assert_eq!(text(&sprint, "status"), "completed", "{what}: {sprint:#}");
        let fetch = project.run(&["sprint", "fetch", &id, "--all"]).code(1).never_says("panicked");
        assert!(fetch.stderr.contains("could not be read") || fetch.stderr.contains("announced"), "{what}: {fetch}");
        let _ = project.run(&["tick"]).never_says("panicked").never_says("fault of the program");
    }
}

#[test]
fn pieces_without_end_come_to_one() {
    let part = "{\"path\":\"results/'$(printf %09d $n)'\",\"offset\":0,\"len\":1000000}";
    let megabyte = "head -c 1000000 /dev/zero";
    for (what, hostile) in [
        (
            "new files for ever",
            format!(
                "{}; {megabyte}",
                head(part, "[\"results/'$(printf %09d $n)'\",1000000]", "[\"results/a\",1000000]")
            ),
        ),
        ("the same place for ever", head("", "[\"results/a\",7]", "[\"results/a\",1000000]")),
        (
            "nothing but a place farther on",
            head("", "[\"results/a\",'$n']", "[\"results/a\",1000000]"),
        ),
    ] {
        let project = with_hostile_results(&hostile, "");
        let id = project.submit("an idea", &["--rounds", "0"]);
        let _ = project.finish(&id, 60);
        let before = calls(&project);
        assert!(before <= 5, "{what}: {before} requests in a tick");
        let _ = project.run(&["sprint", "fetch", &id, "--all"]);
        assert!(calls(&project) - before <= 5, "{what}: {} requests", calls(&project) - before);
        let folder = project.path(&format!("artifacts/{id}/results"));
        let bytes: u64 = std::fs::read_dir(&folder)
            .map(|entries| entries.flatten().map(|entry| entry.metadata().unwrap().len()).sum())
            .unwrap_or(0);
        assert!(bytes <= 10_000_000, "{what}: {bytes} bytes");
    }
}

#[test]
fn results_that_hang_or_are_rubbish_hold_up_no_submission() {
    for hostile in ["sleep 200", "head -c 100000 /dev/urandom", "kill -9 $$"] {
        let project = with_hostile_results("", "max_concurrent_jobs = 1\ncommand_timeout = 40");
        let seen = project.path("seen");
        let script = std::fs::read_to_string(project.path("bin/researchloop")).unwrap();
        // When it is asked for results, it notes how many jobs were sent before.
        let find = format!(
            "find '{}' -name run_sprint.sh | wc -l >>'{}'\n{hostile}\n",
            project.path("cluster").display(),
            seen.display()
        );
        project.write("bin/researchloop", script + &find);
        let first = project.submit("the first idea", &["--rounds", "0"]);
        let second = project.run(&[
            "--json",
            "sprint",
            "run",
            "another one, quite different",
            "-s",
            "s",
            "--rounds",
            "0",
        ]);
        let second = second.json()["sprint_id"].as_str().expect("an id").to_owned();
        let _ = project.finish(&first, 90);
        let _ = project.run(&["tick"]).never_says("panicked");
        let sprint = project.show(&second);
        assert!(
            matches!(text(&sprint, "status"), "submitted" | "running" | "completed"),
            "{hostile}: {sprint:#}"
        );
        let first_seen =
            std::fs::read_to_string(&seen).unwrap().lines().next().unwrap().trim().to_owned();
        assert_eq!(
            first_seen, "2",
            "{hostile}: the second job was sent before the results of the first were asked for"
        );
    }
}

#[test]
fn rubbish_about_the_files_of_a_sprint_changes_nothing() {
    let project = with_hostile("research:gate", "files-read", "exec \"$HOME/answer\"", "");
    project.write("home/answer", "");
    let answer = |text: &str| {
        project.write("home/answer.new", format!("#!/bin/sh\n{text}\n"));
        std::fs::set_permissions(
            project.path("home/answer.new"),
            std::fs::Permissions::from_mode(0o755),
        )
        .unwrap();
        std::fs::rename(project.path("home/answer.new"), project.path("home/answer")).unwrap();
    };
    answer("exit 3");
    let id = project.submit("wait", &["--rounds", "0"]);
    let journal = project.remote_dir(&id).join(".researchloop/run.jsonl");
    crate::harness::wait_until("the journal has begun", 30, || {
        std::fs::read_to_string(&journal).is_ok_and(|text| text.lines().count() >= 2)
    });
    let files = |more: &str| {
        format!(
            "echo '{{\"v\":1,\"sprints\":[{{\"id\":\"{id}\",\"journal\":\"\",\"problems\":[]{more}}}]}}'"
        )
    };
    let far = format!(",\"offset\":{},\"prefix\":\"x\",\"altered\":false,\"more\":true", u64::MAX);
    for said in [
        "printf '{\"v\":1,\"sprints\":[{\"id\":\"sp'",
        "head -c 100000 /dev/urandom",
        "echo '{\"v\":1,\"sprints\":7}'",
        "exit 3",
        "kill -9 $$",
        ":",
        &files(&far),
        // More and more, for ever.
        &files(",\"offset\":'$(date +%s%N)',\"prefix\":\"x\",\"altered\":false,\"more\":true"),
        &files(",\"offset\":0,\"prefix\":\"\",\"altered\":true,\"more\":true"),
    ] {
        answer(said);
        let tick = project.run(&["tick"]).never_says("panicked").never_says("fault of the program");
        assert!(tick.code <= 1, "{said}: {tick}");
        assert!(
            matches!(text(&project.show(&id), "status"), "running" | "submitted"),
            "{said}: {tick}"
        );
    }
    answer(&format!("exec '{}' files-read", program().display()));
    project.let_go(&id);
    assert_eq!(text(&project.finish(&id, 60), "status"), "completed");
}
