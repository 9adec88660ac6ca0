//! What comes out of sprints: findings, figures, evaluators, verification.

use super::{playing, step, text};
use crate::harness::{Project, program};

#[test]
fn a_completed_sprint_shows_its_finding_and_its_figures() {
    let project = Project::local("");
    let id = project.submit("an idea", &[]);
    let sprint = project.finish(&id, 60);
    assert_eq!(sprint["status"], "completed", "{sprint:#}");
    assert_eq!(sprint["finding"]["verdict"], "refuted", "{sprint:#}");
    let statement = text(&sprint["finding"], "statement").to_owned();
    assert!(statement.contains("Momentum"), "{statement}");
    let metrics = sprint["metrics"].as_array().unwrap();
    let ratio =
        metrics.iter().find(|metric| metric["name"] == "loss_ratio_momentum_to_plain").unwrap();
    assert_eq!(ratio["source"], "agent");
    assert_eq!(ratio["n"], 20);
    let shown = project.run(&["sprint", "show", &id]).success();
    assert!(shown.stdout.contains("completed  refuted, confidence 0."), "{shown}");
    assert!(shown.stdout.contains("final_loss_plain"), "{shown}");
    // Without an evaluator and a verification there are no such steps.
    assert_eq!((step(&sprint, "evaluate"), step(&sprint, "verify")), ("", ""));
}

#[test]
fn broken_files_are_noted_and_the_sprint_completes() {
    let project = playing("summarize:bad_json", "");
    let id = project.submit("an idea", &[]);
    let sprint = project.finish(&id, 60);
    assert_eq!(sprint["status"], "completed", "{sprint:#}");
    assert!(sprint["finding"].is_null(), "{sprint:#}");
    assert_eq!(sprint["metrics"].as_array().map(Vec::len), Some(0), "{sprint:#}");
    let log = project.run(&["sprint", "log", &id]).success();
    assert!(
        log.stdout.contains(
            "finding.json is broken in line 1: it ends in the middle: asked for it again"
        ),
        "{log}"
    );
    assert!(log.stdout.contains("results/metrics.json has format version 99: expected 1"), "{log}");
}

#[test]
fn a_finding_that_is_missing_is_asked_for_once() {
    let project = playing("summarize:no_output_file_once", "");
    let id = project.submit("an idea", &[]);
    let sprint = project.finish(&id, 60);
    assert_eq!(sprint["status"], "completed", "{sprint:#}");
    assert_eq!(sprint["finding"]["verdict"], "refuted", "{sprint:#}");
    let log = project.run(&["sprint", "log", &id]).success();
    assert!(
        log.stdout.contains("summary.txt, finding.json is missing: asked for it again"),
        "{log}"
    );
}

/// Runs the job of a finished sprint once more, with something else in its bundle. Returns the
/// lines of its journal.
fn run_again(
    project: &Project,
    id: &str,
    change: impl Fn(&mut serde_json::Value),
) -> (i32, Vec<serde_json::Value>) {
    let own = project.remote_dir(id).join(".researchloop");
    let file = own.join("bundle.json");
    let mut bundle: serde_json::Value =
        serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    change(&mut bundle);
    std::fs::write(&file, bundle.to_string()).unwrap();
    for name in ["run.jsonl", "state.json"] {
        std::fs::remove_file(own.join(name)).unwrap();
    }
    let mut command = project.command(program());
    command.args(["job-run", project.remote_dir(id).to_str().unwrap()]);
    let output = Project::output(command);
    let journal = std::fs::read_to_string(own.join("run.jsonl")).unwrap();
    (output.code, journal.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
}

#[test]
fn a_verification_decides_whether_the_work_is_done() {
    let project = Project::local("");
    let id = project.submit("an idea", &[]);
    assert_eq!(project.finish(&id, 60)["status"], "completed");
    let verify = |command: &str| {
        run_again(&project, &id, |bundle| {
            bundle["verify"] = command.into();
            bundle["settings"]["red_team_max_rounds"] = "0".into();
        })
    };
    let (code, lines) = verify("test -s report.md && echo \"$PWD\" >verified && echo all is well");
    assert_eq!(code, 0, "{lines:#?}");
    let last = lines.last().unwrap();
    assert_eq!(last["status"], "completed", "{last:#}");
    assert!(project.remote_dir(&id).join("verified").is_file());
    let steps: Vec<&str> = lines
        .iter()
        .filter(|line| line["kind"] == "step_ended")
        .map(|line| text(line, "step"))
        .collect();
    assert_eq!(steps, ["research", "report", "summarize", "verify"]);
    assert_eq!(lines[0]["plan"].as_array().unwrap().last().unwrap()[0], "verify");

    let (code, lines) = verify("echo first; echo 'loss is NaN'; exit 3");
    assert_ne!(code, 0);
    let last = lines.last().unwrap();
    assert_eq!((text(last, "status"), text(last, "reason")), ("failed", "step_failed"), "{last:#}");
    assert_eq!(text(last, "detail"), "verify exited with 3: first | loss is NaN");
    assert!(last["finding"].is_null(), "{last:#}");
    assert!(
        lines.iter().any(|line| line["kind"] == "note"
            && line["text"] == "| loss is NaN"
            && line["step"] == "verify"),
        "{lines:#?}"
    );
}

#[test]
fn an_evaluator_measures_after_the_agent() {
    let project = Project::local("");
    let id = project.submit("an idea", &[]);
    assert_eq!(project.finish(&id, 60)["status"], "completed");
    let evaluate = |command: &str| {
        run_again(&project, &id, |bundle| {
            bundle["evaluator"] =
                serde_json::json!({ "command": command, "metric": "acc", "better": "higher" });
            bundle["settings"]["red_team_max_rounds"] = "0".into();
        })
    };
    let (code, lines) = evaluate(
        "cat summary.txt; echo '{\"value\": 0.875, \"n\": 3, \"spread\": 0.01}'; echo; echo done >&2",
    );
    assert_eq!(code, 0, "{lines:#?}");
    let last = lines.last().unwrap();
    let measured = last["metrics"]
        .as_array()
        .unwrap()
        .iter()
        .find(|metric| metric["source"] == "evaluator")
        .unwrap();
    assert_eq!(
        *measured,
        serde_json::json!({ "name": "acc", "value": 0.875, "unit": "", "better": "higher", "n": 3, "spread": 0.01, "source": "evaluator" })
    );
    assert!(last["metrics"].as_array().unwrap().len() > 1, "what the agent told stays: {last:#}");
    // Its step tells the runs, too: an end that somebody else wrote cannot add any.
    let step = lines
        .iter()
        .find(|line| line["kind"] == "step_ended" && line["step"] == "evaluate")
        .unwrap();
    assert_eq!(text(step, "detail"), "acc = 0.875, n = 3, spread = 0.01", "{step:#}");

    for (command, detail) in [
        ("echo 0.9; exit 1", "evaluate exited with 1: 0.9"),
        (
            "echo the model is good",
            "evaluate: the last line of the output is \"the model is good\": expected one number",
        ),
        ("true", "evaluate: the last line of the output is missing: the command printed nothing"),
        ("kill -9 $$", "evaluate was ended by signal 9: it printed nothing"),
    ] {
        let (code, lines) = evaluate(command);
        assert_ne!(code, 0, "{command}");
        let last = lines.last().unwrap();
        assert_eq!(text(last, "reason"), "step_failed", "{last:#}");
        assert!(text(last, "detail").starts_with(detail), "{command}: {last:#}");
    }
}

/// A project whose study has these lines more.
fn with_study(lines: &str) -> Project {
    let project = Project::local("");
    let config = std::fs::read_to_string(project.path("researchloop.toml")).unwrap();
    project.write("researchloop.toml", format!("{config}{lines}\n"));
    project
}

#[test]
fn a_study_is_steered_by_its_program() {
    let project = with_study("max_study_cost_usd = 7");
    project.write(
        "studies/s/program.md",
        "## Directive\nFind a better step size.\n## Benchmark\nmetric: acc\nbetter: higher\ncommand: echo 0.75\n## Budget\ncost: 50\nsprints: 4\nspeed: 3\n## Constraints\nNever touch the test set.\n",
    );
    let show = project.run(&["study", "show", "s"]).success();
    for part in [
        "metric:      acc, higher is better",
        "evaluator:   echo 0.75",
        "a loop:      4 sprints, $50.00",
        "the study:   $0.00 of $7.00 used",
    ] {
        assert!(show.stdout.contains(part), "{part}: {show}");
    }
    assert!(
        show.stderr.contains("studies/s/program.md:10: Budget: \"speed\" is not used here"),
        "{show}"
    );
    let check = project.run(&["config", "check"]).success();
    assert!(check.stderr.contains("program.md:10: "), "{check}");
    let json = project.run(&["--json", "study", "show", "s"]).success().json();
    assert_eq!(
        (&json["program"]["metric"], &json["program"]["max_cost_usd"]),
        (&"acc".into(), &50.0.into()),
        "{json:#}"
    );

    let id = project.submit("an idea", &["--rounds", "0"]);
    let sprint = project.finish(&id, 60);
    assert_eq!(sprint["status"], "completed", "{sprint:#}");
    assert_eq!(step(&sprint, "evaluate"), "yes", "{sprint:#}");
    assert_eq!(sprint["metrics"][0]["source"], "evaluator", "{sprint:#}");
    assert_eq!(sprint["metrics"][0]["value"], 0.75);
    let context = std::fs::read_to_string(project.remote_dir(&id).join("CLAUDE.md")).unwrap();
    assert!(
        context.contains("Find a better step size.")
            && context.contains("Never touch the test set.")
            && !context.contains("sprints: 4"),
        "{context}"
    );
}

#[test]
fn an_evaluator_that_gives_no_number_fails_the_sprint_and_says_why() {
    let project = with_study(
        "metric = \"acc\"\nmetric_better = \"higher\"\nevaluator = \"echo no model here\"",
    );
    let id = project.submit("an idea", &["--rounds", "0"]);
    let sprint = project.finish(&id, 60);
    assert_eq!(
        (text(&sprint, "status"), text(&sprint, "reason")),
        ("failed", "step_failed"),
        "{sprint:#}"
    );
    assert!(
        text(&sprint, "error").contains("\"no model here\": expected one number"),
        "{sprint:#}"
    );
    assert_eq!(step(&sprint, "evaluate"), "error");
    let log = project.run(&["sprint", "log", &id, "--step", "evaluate"]).success();
    assert!(log.stdout.contains("| no model here"), "{log}");
}

#[test]
fn study_init_writes_a_program_that_asks_for_nothing() {
    let project = Project::local("");
    project.run(&["study", "init", "s"]).success();
    let program = std::fs::read_to_string(project.path("studies/s/program.md")).unwrap();
    assert!(program.contains("# Program: s") && program.contains("## Budget"), "{program}");
    let json = project.run(&["--json", "study", "show", "s"]).success().json();
    assert!(
        json["program"]["metric"].is_null() && json["program"]["mistakes"] == serde_json::json!([]),
        "{json:#}"
    );
    assert_eq!(project.run(&["study", "init", "s"]).code, 4);
    std::fs::remove_file(project.path("studies/s/program.md")).unwrap();
    std::fs::write(project.path("studies/s/CLAUDE.md"), "mine").unwrap();
    project.run(&["study", "init", "s"]).success();
    assert!(project.path("studies/s/program.md").is_file());
    assert_eq!(std::fs::read_to_string(project.path("studies/s/CLAUDE.md")).unwrap(), "mine");
}

#[test]
fn a_leaderboard_ranks_repeats_together_and_doubts_claims() {
    // The evaluator measures the last word of the idea.
    let project = with_study(
        "metric = \"final_loss_plain\"\nmetric_better = \"higher\"\nevaluator = \"sed 's/.* //' idea.txt\"",
    );
    let mut ids = Vec::new();
    for idea in [
        "a first try with 0.50",
        "a warmup of 500 steps, cosine decay and label smoothing together with 0.70",
        "nothing new with 0.52",
    ] {
        let id = project.submit(idea, &["--rounds", "0"]);
        assert_eq!(project.finish(&id, 60)["status"], "completed");
        ids.push(id);
    }
    let board = project.run(&["study", "leaderboard", "s"]).success();
    assert!(board.stdout.starts_with("final_loss_plain, higher is better\n"), "{board}");
    let row = |id: &str| {
        board.stdout.lines().find(|line| line.contains(id)).unwrap_or_default().to_owned()
    };
    assert!(
        row(&ids[1]).starts_with("1 ")
            && row(&ids[1]).contains("0.7 !")
            && row(&ids[1]).contains("not known (1 run each)"),
        "{board}"
    );
    assert!(row(&ids[2]).starts_with("2 ") && row(&ids[2]).contains("inconclusive"), "{board}");
    assert!(
        row(&ids[0]).starts_with("3 ") && row(&ids[0]).contains("not known (1 run each)"),
        "{board}"
    );
    assert!(board.stdout.contains("#1 is the best of 3"), "{board}");
    assert!(
        board.stdout.replace('\n', " ").contains(&format!(
            "to know more of #1: 3 more runs of {} and 3 more runs of {}; ",
            ids[1], ids[0]
        )),
        "{board}"
    );
    assert!(board.stdout.contains(&format!("! the agent of {} claims 0.0", ids[1])), "{board}");
    // Not on a terminal: only plain characters in the picture.
    assert!(
        board.stdout.contains("* sprints  . highest so far") && board.stdout.contains("0.7 |"),
        "{board}"
    );

    let json = project.run(&["--json", "study", "leaderboard", "s", "-n", "2"]).success().json();
    assert_eq!(
        (json["places"].as_array().map(Vec::len), &json["measured"], &json["better"]),
        (Some(2), &3.into(), &"higher".into()),
        "{json:#}"
    );
    assert_eq!(
        (text(&json["places"][0], "sprint_id"), &json["places"][0]["mismatch"]),
        (ids[1].as_str(), &true.into()),
        "{json:#}"
    );

    // By another metric, of which the agents say the direction.
    let other =
        project.run(&["study", "leaderboard", "s", "--metric", "final_loss_momentum"]).success();
    assert!(other.stdout.contains("final_loss_momentum (loss), lower is better"), "{other}");
    let unknown = project.run(&["study", "leaderboard", "s", "--metric", "final_loss_momentun"]);
    assert_eq!(unknown.code, 3, "{unknown}");
    unknown.says("did you mean final_loss_momentum?");

    for width in ["80", "140"] {
        let mut command = project.command(program());
        command.args(["study", "leaderboard", "s"]).env("COLUMNS", width);
        let output = Project::output(command);
        let limit: usize = width.parse().unwrap();
        assert!(output.stdout.lines().all(|line| line.chars().count() <= limit), "{output}");
        assert!(output.stdout.contains("a warmup"), "{output}");
    }

    // The same idea once more is a repeat of its task: one place for both.
    let again = project.run(&["--json", "sprint", "resubmit", &ids[0]]).success().json();
    let again = text(&again, "sprint_id").to_owned();
    assert_eq!(project.finish(&again, 60)["status"], "completed");
    let json = project.run(&["--json", "study", "leaderboard", "s"]).success().json();
    let place = &json["places"][2];
    assert_eq!(
        (&place["sprints"], &place["n"], &place["spread"]),
        (&serde_json::json!([ids[0], again]), &2.into(), &0.0.into()),
        "{json:#}"
    );
    let board = project.run(&["study", "leaderboard", "s"]).success();
    assert!(board.stdout.contains(&format!("3  {again} ×2  0.5 ± 0 !  2")), "{board}");

    let findings = project.run(&["study", "findings", "s"]).success();
    assert!(ids.iter().all(|id| findings.stdout.contains(id.as_str())), "{findings}");
    assert!(
        findings.stdout.find(&ids[2]) < findings.stdout.find(&ids[0]),
        "newest first: {findings}"
    );
    let one = project
        .run(&[
            "--json",
            "study",
            "findings",
            "s",
            "--search",
            "COSINE momentum",
            "--verdict",
            "inconclusive",
        ])
        .success()
        .json();
    assert_eq!(one["findings"].as_array().map(Vec::len), Some(1), "{one:#}");
    assert_eq!(text(&one["findings"][0], "sprint_id"), ids[1]);
    project
        .run(&["study", "findings", "s", "--verdict", "supported"])
        .success()
        .says("None of 4 findings match");
    project
        .run(&["study", "findings", "s", "--verdict", "refutet"])
        .code(2)
        .says("did you mean refuted?");
}

#[test]
fn marks_say_what_is_more_than_chance_and_what_would_tell() {
    // The evaluator says the last word of the idea.
    let project = with_study(
        "metric = \"acc\"\nmetric_better = \"higher\"\nevaluator = \"sed 's/.* //' idea.txt\"",
    );
    let add = |name: &str, value: &str| {
        let id = project.submit(&format!("{name} {value}"), &["--rounds", "0"]);
        assert_eq!(project.finish(&id, 60)["status"], "completed");
        id
    };
    let marks = || {
        let board = project.run(&["--json", "study", "leaderboard", "s"]).success().json();
        let places = board["places"].as_array().unwrap().clone();
        let told =
            |place: &serde_json::Value, name: &str| place[name].as_str().unwrap_or("-").to_owned();
        let rows = places.iter().map(|place| {
            (
                told(place, "sprint_id"),
                told(place, "noise"),
                told(place, "noise_why"),
                told(place, "settle"),
            )
        });
        (board["candidates"].as_u64().unwrap(), rows.collect::<Vec<_>>())
    };
    let row = |id: &str, noise: &str, why: &str, settle: &str| {
        (id.to_owned(), noise.to_owned(), why.to_owned(), settle.to_owned())
    };
    let base = add("the base", r#"{"value":0.5,"n":5,"spread":0.01}"#);
    assert_eq!(marks(), (1, vec![row(&base, "-", "-", "-")]));
    let better = add("better", r#"{"value":0.6,"n":5,"spread":0.01}"#);
    let equal = add("as good as that", r#"{"value":0.598,"n":5,"spread":0.01}"#);
    let expected = [
        row(&better, "likely_real", "-", "-"),
        row(&equal, "within_noise", "-", "-"),
        row(&base, "likely_real", "-", "-"),
    ];
    assert_eq!(marks(), (3, expected.to_vec()));
    // A spread over one run is none of the runs: however far it is ahead, it may be luck. It hides
    // nothing of what is known of the others.
    let lucky = add("lucky", r#"{"value":0.9,"n":1,"spread":0.0001}"#);
    let expected = [
        row(&lucky, "unknown", "1 run", &format!("3 more runs of {lucky}")),
        row(&better, "likely_real", "-", "-"),
        row(&equal, "within_noise", "-", "-"),
        row(&base, "likely_real", "-", "-"),
    ];
    assert_eq!(marks(), (4, expected.to_vec()));
    let board = project.run(&["study", "leaderboard", "s"]).success();
    let line = |id: &str| {
        board.stdout.lines().find(|line| line.contains(id)).unwrap_or_default().to_owned()
    };
    assert!(line(&lucky).contains("not known (1 run)") && !line(&lucky).contains('±'), "{board}");
    assert!(line(&base).contains("0.5 ± 0.01") && line(&base).contains("likely real"), "{board}");
    assert!(
        board.stdout.contains(
            "noise: #2 against the first sprint, the others against #2; #1 is the best of 4"
        ),
        "{board}"
    );
    let json = project.run(&["--json", "study", "leaderboard", "s"]).success().json();
    let against: Vec<&str> = json["places"]
        .as_array()
        .unwrap()
        .iter()
        .map(|place| text(place, "noise_against"))
        .collect();
    assert_eq!(
        against,
        [better.as_str(), base.as_str(), better.as_str(), better.as_str()],
        "{json:#}"
    );
}

#[test]
fn a_leaderboard_without_a_metric_says_which_there_are() {
    let project = Project::local("");
    project
        .run(&["study", "leaderboard", "s"])
        .code(2)
        .says("declares no metric")
        .says("no sprint of it has reported a figure yet");
    project
        .run(&["study", "findings", "s"])
        .success()
        .says("No completed sprint has left a finding yet");
    project.run(&["study", "findings", "x"]).code(3);
    let declared = with_study("metric = \"acc\"\nmetric_better = \"higher\"");
    declared
        .run(&["study", "leaderboard", "s"])
        .success()
        .says("No completed sprint of s has reported acc yet");
}

#[test]
fn a_task_is_not_done_before_its_verification_agrees() {
    let project = Project::local("");
    let add = project.run(&[
        "--json",
        "task",
        "add",
        "an idea",
        "-s",
        "s",
        "--verify",
        "test -f report.md && echo checked && test -f proof.txt",
    ]);
    let task = add.success().json()["task"]["id"].as_str().unwrap().to_owned();
    let status = || {
        text(&project.run(&["--json", "task", "show", &task]).success().json()["task"], "state")
            .to_owned()
    };
    let run = |more: &[&str]| {
        let output = project
            .run(
                &[&["--json", "sprint", "run", "--task", task.as_str(), "--rounds", "0"], more]
                    .concat(),
            )
            .success()
            .json();
        project.finish(output["sprint_id"].as_str().unwrap(), 60)
    };
    let sprint = run(&[]);
    assert_eq!(
        (text(&sprint, "status"), text(&sprint, "reason")),
        ("failed", "step_failed"),
        "{sprint:#}"
    );
    assert_eq!(text(&sprint, "error"), "the job says: verify exited with 1: checked");
    assert_eq!(
        (step(&sprint, "summarize"), step(&sprint, "verify")),
        ("yes", "error"),
        "{sprint:#}"
    );
    assert_ne!(status(), "done");
    // With what was missing, the next attempt is good.
    project.run(&["task", "edit", &task, "--verify", "test -f report.md"]).success();
    project.run(&["task", "retry", &task]).success();
    let sprint = run(&[]);
    assert_eq!(
        (text(&sprint, "status"), step(&sprint, "verify")),
        ("completed", "yes"),
        "{sprint:#}"
    );
    assert_eq!(status(), "done");
}

#[test]
fn what_a_killed_runner_had_spent_counts_for_the_next_one() {
    let project = playing("repair:kill_runner,research:no_output_file", "");
    let id = project.submit("an idea", &["--rounds", "0"]);
    assert_eq!(text(&project.finish(&id, 60), "status"), "failed");
    let state = std::fs::read(project.remote_dir(&id).join(".researchloop/state.json")).unwrap();
    let state: serde_json::Value = serde_json::from_slice(&state).unwrap();
    assert_eq!(state["ended"], false, "it was killed: {state:#}");
    assert!(
        state["spent"]["cost_usd"].as_f64().unwrap() > 0.0,
        "the first call was paid for: {state:#}"
    );
}

#[test]
fn a_command_that_is_too_slow_is_told_as_such() {
    let project = Project::local("");
    let id = project.submit("an idea", &[]);
    project.finish(&id, 60);
    let (code, lines) = run_again(&project, &id, |bundle| {
        bundle["pipeline"] = "name: slow\ninitial: wait\nstates:\n  wait:\n    action_type: shell\n    action: sleep 60\n    timeout: 1\n    on_yes: done\n    \
            on_no: late\n    on_error: late\n  late:\n    action_type: shell\n    action: touch late\n    on_yes: done\n    on_no: done\n    on_error: done\n  \
            done:\n    terminal: true\n"
            .into();
    });
    assert_eq!(code, 0, "{lines:#?}");
    assert!(project.remote_dir(&id).join("late").is_file(), "the pipeline says what comes then");
    let ended = lines.iter().find(|line| line["kind"] == "step_ended").unwrap();
    assert_eq!(
        (text(ended, "verdict"), text(ended, "detail")),
        ("error", "wait took longer than its 1 s"),
        "{ended:#}"
    );
}

#[test]
fn an_idea_that_was_taken_is_told_whole_by_the_next_runner() {
    let project = Project::local("");
    let id = project.submit("an idea", &[]);
    project.finish(&id, 60);
    let own = project.remote_dir(&id).join(".researchloop");
    let file = |name: &str| {
        serde_json::from_slice::<serde_json::Value>(&std::fs::read(own.join(name)).unwrap())
            .unwrap()
    };
    let (mut bundle, mut state) = (file("bundle.json"), file("state.json"));
    bundle["idea"] = serde_json::Value::Null;
    bundle["idea_request"] = serde_json::json!({ "guidance": "", "earlier": [], "approve": false });
    bundle["settings"]["red_team_max_rounds"] = "0".into();
    // Killed right after it had kept the idea, before it could tell of it.
    state["position"] = serde_json::Value::Null;
    state["ended"] = false.into();
    state["idea"] = "Measure the wings of forty birds".into();
    state["proposed"] = serde_json::json!({ "idea": "Measure the wings of forty birds", "why": "nobody has", "builds_on": null });
    std::fs::write(own.join("bundle.json"), bundle.to_string()).unwrap();
    std::fs::write(own.join("state.json"), state.to_string()).unwrap();
    let before = std::fs::read_to_string(own.join("run.jsonl")).unwrap().len();
    let mut command = project.command(program());
    command.args(["job-run", project.remote_dir(&id).to_str().unwrap()]);
    let output = Project::output(command);
    assert_eq!(output.code, 0, "{output}");
    let lines = std::fs::read_to_string(own.join("run.jsonl")).unwrap();
    let ideas: Vec<serde_json::Value> = lines[before..]
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .filter(|line: &serde_json::Value| line["kind"] == "idea")
        .collect();
    assert_eq!(ideas.len(), 1, "{ideas:#?}");
    assert_eq!(
        (text(&ideas[0], "text"), text(&ideas[0], "why")),
        ("Measure the wings of forty birds", "nobody has")
    );
    assert!(file("state.json")["proposed"].is_null());
}

#[test]
fn a_value_that_a_review_doubts_is_no_best_of_its_study() {
    let project = playing("*:by_idea", "");
    let config = std::fs::read_to_string(project.path("researchloop.toml")).unwrap();
    let metric = "metric = \"acc\"\nmetric_better = \"higher\"\n";
    project.write("researchloop.toml", format!("{config}{metric}"));
    let best = || {
        let status = project.run(&["--json", "status"]).success().json();
        status["studies"][0]["metric"]["best"].clone()
    };
    let id = project.submit("is it right? [open] [acc=0.99]", &["--rounds", "1"]);
    project.finish(&id, 60);
    assert!(best().is_null(), "{}", project.run(&["status"]));
    let id = project.submit("is that one right? [acc=0.9]", &["--rounds", "0"]);
    project.finish(&id, 60);
    assert_eq!(best(), 0.9, "{}", project.run(&["status"]));
}
