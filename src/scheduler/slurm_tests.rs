//! SLURM's texts and readers, against programs that print captured answers.

use super::shell::testing::{Bench, NOW, asked, assert_plain_shell, ids, named};
use super::slurm::{Slurm, time_limit};
use super::slurm_shell::{CANCEL, LOOK_UP, LOOK_UP_ALL, MESSAGE_TIMEOUT, PROBE, SUBMIT};
use super::{JobRequest, QUEUE_ALONE, Scheduler as _, Submission};
use crate::domain::{EndKind, JobEnd, JobId, JobOptions, JobState, Seen, Used};
use crate::remote::Reply;

const SQUEUE: &str = include_str!("../../tests/data/scheduler/squeue.txt");
const SACCT: &str = include_str!("../../tests/data/scheduler/sacct.txt");

fn bench() -> Bench {
    let bench = Bench::new();
    bench.prints("squeue", SQUEUE).prints("sacct", SACCT);
    bench
}

fn one(bench: &Bench, id: &str) -> Seen {
    bench.poll(&Slurm, &ids(&[id])).expect("healthy").into_values().next().expect("an answer")
}

fn kind(seen: &Seen) -> Option<EndKind> {
    match seen {
        Seen::State(JobState::Ended(end)) => Some(end.kind),
        _ => None,
    }
}

#[test]
fn the_head_of_a_job_script() {
    let options: JobOptions =
        [("gres", "gpu:1"), ("mem", "8G"), ("comment", "two words")].into_iter().collect();
    let lines = Slurm.directives(&JobRequest {
        name: "sp-a1b2c3-k7",
        seconds: 8 * 3600,
        options: &options,
    });
    assert_eq!(
        lines,
        [
            "#SBATCH --job-name=sp-a1b2c3-k7",
            "#SBATCH --output=job.log",
            "#SBATCH --open-mode=append",
            "#SBATCH --time=0-08:00:00",
            "#SBATCH --gres=gpu:1",
            "#SBATCH --mem=8G",
            "#SBATCH --comment=\"two words\"",
        ]
    );
    assert_eq!(
        [0, 1, 61, 172_800, 90_061].map(time_limit),
        ["0-00:01:00", "0-00:01:00", "0-00:02:00", "2-00:00:00", "1-01:02:00"]
    );
}

#[test]
fn one_call_answers_for_all_jobs_that_are_alive() {
    let bench = bench();
    let answer = bench.poll(&Slurm, &ids(&["5", "6", "7", "12", "16"])).expect("healthy");
    let states: Vec<_> = answer.into_values().collect();
    assert_eq!(
        states,
        [
            // In the order of their ids as text: 12 16 5 6 7.
            Seen::State(JobState::Ending),
            Seen::State(JobState::Running),
            Seen::State(JobState::Running),
            Seen::State(JobState::Held("JobHeldUser".to_owned())),
            Seen::State(JobState::Waiting("Dependency".to_owned())),
        ]
    );
    let calls = bench.calls();
    assert_eq!(calls.len(), 1, "{calls:?}");
    assert!(
        calls[0].starts_with("squeue -u ")
            && calls[0].ends_with(" --noheader -t all -o %i|%T|%N|%r|%j"),
        "{calls:?}"
    );
}

#[test]
fn the_accounting_is_asked_once_for_what_is_not_alive() {
    let bench = bench();
    let answer =
        bench.poll(&Slurm, &ids(&["5", "9", "10", "17", "18", "19", "99"])).expect("healthy");
    let calls = bench.calls();
    assert_eq!(
        calls[1..],
        [
            "sacct -n -P -X -D -j 9,10,18,19,99 -o JobIDRaw,State,ExitCode,NodeList,ElapsedRaw,AllocTRES,Submit,JobName"
        ]
    );
    let of = |id: &str| &answer[&JobId::parse(id).expect("an id")];
    assert_eq!(kind(of("9")), Some(EndKind::NotStarted));
    assert_eq!(kind(of("18")), Some(EndKind::Cancelled));
    assert_eq!(kind(of("19")), Some(EndKind::OutOfMemory));
    assert_eq!(*of("17"), Seen::State(JobState::Ending));
    assert_eq!(*of("99"), Seen::Absent);
    let failed = JobEnd {
        kind: EndKind::Failed,
        exit_code: Some(3),
        signal: None,
        words: "FAILED 3:0 on rlab1".to_owned(),
    };
    assert_eq!(*of("10"), Seen::State(JobState::Ended(failed)));
}

#[test]
fn other_jobs_with_like_numbers_are_not_ours() {
    let bench = bench();
    bench
        .prints("squeue", "51|RUNNING|n1|None\n15|RUNNING|n1|None\n1_5|RUNNING|n1|None\n")
        .prints("sacct", "");
    assert_eq!(one(&bench, "5"), Seen::Absent);
}

#[test]
fn a_requeued_job_is_not_over() {
    let bench = bench();
    bench.prints("squeue", "12|PENDING||BeginTime\n").prints("sacct", "12|PREEMPTED|0:0|n1\n");
    assert_eq!(one(&bench, "12"), Seen::State(JobState::Waiting("BeginTime".to_owned())));
    // Its last incarnation counts, not its first.
    bench.prints("squeue", "").prints("sacct", "12|NODE_FAIL|0:0|n1\n12|COMPLETED|0:0|n2\n");
    assert_eq!(kind(&one(&bench, "12")), Some(EndKind::Completed));
    bench.prints("sacct", "12|COMPLETED|0:0|n2\n12|PREEMPTED|0:0|n1\n");
    assert_eq!(kind(&one(&bench, "12")), Some(EndKind::Cancelled));
    // A record that lags behind the queue does not overrule it.
    bench.prints("squeue", "12|COMPLETED|n2|None\n").prints("sacct", "12|NODE_FAIL|0:0|n1\n");
    assert_eq!(kind(&one(&bench, "12")), Some(EndKind::Completed));
    // As long as the accounting says that it is still there, an empty queue proves nothing.
    bench.prints("squeue", "");
    for word in [
        "REQUEUED",
        "RUNNING",
        "PENDING",
        "SUSPENDED",
        "COMPLETING",
        "RESIZING",
        "REQUEUE_HOLD",
        "HIBERNATING",
    ] {
        bench.prints("sacct", &format!("12|COMPLETED|0:0|n1\n12|{word}|0:0|n1\n"));
        assert!(matches!(one(&bench, "12"), Seen::Accounted(why) if why.contains(word)), "{word}");
    }
}

#[test]
fn the_accounting_tells_what_a_job_has_used() {
    let bench = bench();
    let used = |bench: &Bench| {
        let jobs = ids(&["12", "15"]);
        let used = Slurm.used(&bench.look(&Slurm, &asked(&jobs)), &asked(&jobs), Some(NOW));
        (used.get(&jobs[0]).copied(), used.get(&jobs[1]).copied())
    };
    // A requeued job has used the time of each of its incarnations.
    bench.prints("squeue", "").prints(
        "sacct",
        "12|PREEMPTED|0:0|n1|600|billing=4,cpu=4,gres/gpu:a100=2,gres/gpu=2,mem=8G,node=1\n12|COMPLETED|0:0|n2|60|cpu=4,gres/gpu=2,node=1\n\
         15|TIMEOUT|0:0|n1|7200|billing=1,cpu=1,node=1\n",
    );
    assert_eq!(
        used(&bench),
        (Some(Used { gpus: Some(2), seconds: 660 }), Some(Used { gpus: None, seconds: 7200 }))
    );
    // One that goes on, or of which an older sacct says less, has no sum yet.
    bench.prints(
        "sacct",
        "12|PREEMPTED|0:0|n1|600|gres/gpu=2\n12|RUNNING|0:0|n2|5|gres/gpu=2\n15|COMPLETED|0:0|n1\n",
    );
    assert_eq!(used(&bench), (None, None));
}

#[test]
fn a_queue_that_fails_says_nothing_of_any_job() {
    let bench = bench();
    bench.program(
        "squeue",
        "echo '12|COMPLETED|n1|None'; echo 'slurm_load_jobs error: Unable to contact slurm controller (connect failure)' >&2; exit 1",
    );
    let error = bench.poll(&Slurm, &ids(&["12", "15"])).expect_err("not healthy");
    assert_eq!(
        error.0,
        "squeue: slurm_load_jobs error: Unable to contact slurm controller (connect failure)"
    );
    assert_eq!(bench.calls().len(), 1, "sacct is not asked");
    // SLURM exits with 0 when it does not find the user.
    bench.program("squeue", "echo 'squeue: error: Invalid user: me' >&2");
    assert!(bench.poll(&Slurm, &ids(&["12"])).is_err());
    bench.program("squeue", "exit 124");
    assert!(
        bench.poll(&Slurm, &ids(&["12"])).expect_err("late").0.contains("did not answer in time")
    );
    let cut = Reply::from_sections([("jobs", 0, "cluster -\nq 12|RUNNING|n1|None\n")]);
    assert!(Slurm.read(&cut, &asked(&ids(&["12"])), None).is_err());
    assert!(Slurm.read(&Reply::default(), &asked(&ids(&["12"])), None).is_err());
}

#[test]
fn accounting_may_be_off_broken_or_missing() {
    let bench = bench();
    bench.prints("squeue", "15|COMPLETED|n1|None\n");
    bench.program("sacct", "echo 'Slurm accounting storage is disabled' >&2; exit 1");
    assert_eq!(one(&bench, "99"), Seen::Absent);
    assert_eq!(kind(&one(&bench, "15")), Some(EndKind::Completed));
    bench.program("sacct", "exit 127");
    assert_eq!(one(&bench, "99"), Seen::Absent);
    bench.program(
        "sacct",
        "echo 'sacct: error: Problem talking to the database: Connection refused' >&2; exit 1",
    );
    assert_eq!(
        one(&bench, "99"),
        Seen::Unclear("sacct: Problem talking to the database: Connection refused".to_owned())
    );
    assert_eq!(kind(&one(&bench, "15")), Some(EndKind::Completed));
    bench.program("sacct", "exit 124");
    assert_eq!(one(&bench, "99"), Seen::Unclear("sacct did not answer in time".to_owned()));
}

#[test]
fn complaints_and_banners_do_not_disturb() {
    let bench = bench();
    bench.program(
        "squeue",
        "echo 'squeue: warning: 5|FAILED|n1|x' >&2; echo 'CLUSTER: hpc'; echo '!9'; echo '5|RUNNING|n1|a|b'; echo; echo 'left 1,2'",
    );
    // A line that looks like our own sign makes the answer void, not wrong.
    assert!(bench.poll(&Slurm, &ids(&["5"])).is_err());
    bench.program("squeue", "echo 'squeue: warning: 5|FAILED|n1|x' >&2; echo 'CLUSTER: hpc'; echo '5|RUNNING|n1|left 1,2'; echo; echo 'left 1,2'");
    assert_eq!(one(&bench, "5"), Seen::State(JobState::Running));
}

#[test]
fn a_job_of_another_cluster_is_asked_there() {
    let bench = bench();
    let jobs = ids(&["5", "5;hpc-2"]);
    bench.program("squeue", "if [ \"$1\" = -M ]; then echo 'CLUSTER: hpc-2'; echo '5|PENDING||Priority'; else echo '5|RUNNING|n1|None'; fi");
    let answer = bench.poll(&Slurm, &jobs).expect("healthy");
    assert_eq!(answer[&jobs[0]], Seen::State(JobState::Running));
    assert_eq!(answer[&jobs[1]], Seen::State(JobState::Waiting("Priority".to_owned())));
    let calls = bench.calls();
    assert!(calls.len() == 2 && calls[1].starts_with("squeue -M hpc-2 -u "), "{calls:?}");
    bench.program("scancel", "");
    bench.program(
        "squeue",
        "case $* in *hpc-2*) echo 'CLUSTER: hpc-2'; echo '5|RUNNING|n1|None|rl-sp-a1b2c3-1' ;; *) echo '6|RUNNING|n1|None|my-thesis' ;; esac",
    );
    for job in ["5;hpc-2", "5", "6"] {
        bench.text(CANCEL, &[("RL_JOB", job), ("RL_NAME", "rl-sp-a1b2c3-1")]);
    }
    let calls: Vec<String> =
        bench.calls().into_iter().filter(|call| call.starts_with("scancel ")).collect();
    let me = String::from_utf8(
        crate::platform::process::command("id").arg("-un").output().expect("id").stdout,
    )
    .expect("a name");
    let by_name = format!("-u {} --name=rl-sp-a1b2c3-1", me.trim());
    assert_eq!(
        calls,
        [
            format!("scancel -M hpc-2 {by_name}"),
            "scancel -M hpc-2 5".to_owned(),
            format!("scancel {by_name}"),
            "scancel 5".to_owned(),
            // Its number is that of a job of another name.
            format!("scancel {by_name}"),
        ]
    );
}

#[test]
fn a_job_is_looked_up_by_its_name() {
    let bench = bench();
    let name = "rl-sp-a1b2c3-7";
    let look_up = |bench: &Bench| bench.text(LOOK_UP, &[("RL_NAME", name), ("RL_AGE", "90")]);
    bench
        .prints(
            "squeue",
            &format!(
                "41|PENDING||None|{name}\n40|CANCELLED||None|{name}\n42|RUNNING|n1|None|{name}0\n"
            ),
        )
        .prints("sacct", "");
    assert_eq!(look_up(&bench), (0, "40\n41\n".to_owned()), "what is still there comes last");
    let calls = bench.calls();
    assert!(
        calls.len() == 1 && calls[0].ends_with(" --noheader -t all -o %i|%T|%N|%r|%j"),
        "an id of the queue is enough: {calls:?}"
    );
    bench
        .prints("squeue", "")
        .prints("sacct", &format!("40|COMPLETED|{name}\n44|COMPLETED|{name}1\n"));
    assert_eq!(look_up(&bench), (0, "40\n".to_owned()));
    assert_eq!(
        bench.calls()[1],
        format!("sacct -n -P -X --name={name} -S now-90minutes -o JobIDRaw,State,JobName")
    );
    bench.program("sacct", "echo 'Slurm accounting storage is disabled' >&2; exit 1");
    assert_eq!(look_up(&bench), (0, String::new()));
    bench.program("sacct", "echo 'sacct: error: down' >&2; exit 1");
    assert_eq!(
        look_up(&bench),
        (QUEUE_ALONE, "sacct: error: down\n".to_owned()),
        "the queue has answered"
    );
    assert_eq!(
        bench.text(LOOK_UP, &[("RL_NAME", name), ("RL_QUEUE_ONLY", "1")]),
        (0, String::new())
    );
    for broken in [
        "echo 'slurm_load_jobs error: down' >&2; exit 1",
        "echo 'squeue: error: Invalid user: me' >&2",
        "echo 'usage: squeue [-h] [-u USER]'",
        "exit 124",
    ] {
        bench.program("squeue", broken).program("sacct", "echo 'sacct: error: down' >&2; exit 1");
        assert_eq!(look_up(&bench).0, 1, "{broken}");
        bench.prints("sacct", "");
        assert_eq!(look_up(&bench).0, 1, "{broken}");
        // One witness that finds it is enough.
        bench.prints("sacct", &format!("40|RUNNING|{name}\n"));
        assert_eq!(look_up(&bench), (0, "40\n".to_owned()), "{broken}");
        assert!(
            bench.text(LOOK_UP_ALL, &[("RL_NAMES", name)]).1.contains(&format!("s 40|-|{name}\n")),
            "{broken}"
        );
    }
}

#[test]
fn less_is_asked_for_where_a_site_allows_less() {
    let bench = Bench::new();
    bench.prints("squeue", "");
    // Three hours at most.
    let sacct = |rows: &str| {
        format!(
            "for word in \"$@\"; do case $word in now-*) back=${{word#now-}} back=${{back%minutes}} ;; esac; done\nif [ \"$back\" -gt 180 ]; then echo 'sacct: error: Too wide of a date range in query' >&2; exit 95; fi\n{rows}"
        )
    };
    let look_up =
        |age: &str| bench.text(LOOK_UP, &[("RL_NAME", "rl-sp-a1b2c3-1"), ("RL_AGE", age)]);
    bench.program("sacct", &sacct("echo '40|COMPLETED|rl-sp-a1b2c3-1'"));
    assert_eq!(look_up("20160"), (0, "40\n".to_owned()));
    bench.program("sacct", &sacct(""));
    assert_eq!(look_up("120"), (0, String::new()), "all of its time was asked for");
    let (status, said) = look_up("20160");
    assert_eq!(
        (status, said.contains("a part of the time")),
        (QUEUE_ALONE, true),
        "it may have ended before: {said}"
    );
    bench.program("sacct", "echo 'sacct: error: Too wide of a date range in query' >&2; exit 95");
    bench.calls();
    assert_eq!((look_up("20160").0, bench.calls().len() < 10), (QUEUE_ALONE, true));
}

#[test]
fn usage_is_not_an_empty_queue() {
    let bench = Bench::new();
    let usage = "usage: rc-squeue [-h] [-u USER] [--noheader]\n\nrc-squeue(rc) An squeue replacement\n\noptions:\n  -h, --help  show this\n";
    for text in [
        usage,
        "no such option | see the manual | of this site\n",
        "Your quota: 80 GB\n",
        "{\"jobs\": []}\n",
    ] {
        bench
            .prints("sbatch", "slurm-wlm 22.05.8\n")
            .prints("squeue", text)
            .prints("sacct", "12|RUNNING|0:0|n1|60|\n13|TIMEOUT|0:0|n1|60|\n");
        let jobs = asked(&ids(&["12", "13", "14"]));
        let look = bench.read(&Slurm, &jobs).expect("an answer");
        let seen: Vec<&Seen> = look.seen.values().collect();
        assert!(
            look.doubt.as_ref().is_some_and(|why| why.contains("no list of jobs")),
            "{text}: {look:?}"
        );
        // The accounting is a witness all the same; that a job is not there, nobody has said.
        assert!(
            matches!(
                seen[..],
                [Seen::Accounted(_), Seen::State(JobState::Ended(_)), Seen::Unclear(_)]
            ),
            "{text}: {seen:?}"
        );
        let (status, said) = bench.text(PROBE, &[]);
        assert!(
            status == 1 && said.starts_with("squeue gave no list of jobs, but said: "),
            "{text}: {said}"
        );
        // A banner beside rows is one.
        bench.prints("squeue", &format!("{text}\n15|RUNNING|n1|None|x\n")).prints("sacct", "");
        let look = bench.read(&Slurm, &jobs).expect("an answer");
        assert!(
            look.doubt.is_none() && look.seen.values().all(|seen| *seen == Seen::Absent),
            "{text}: {look:?}"
        );
    }
    // The same of the accounting.
    bench.prints("squeue", "").prints("sacct", "usage: sacct [options]\n");
    assert!(matches!(one(&bench, "12"), Seen::Unclear(why) if why.contains("usage: sacct")));
}

#[test]
fn a_row_beside_a_complaint_is_a_witness() {
    let bench = Bench::new();
    bench.program("squeue", "echo 'squeue: error: the site has words of its own' >&2; echo '12|RUNNING|n1|None|rl-sp-a1b2c3-1'");
    bench.prints("sacct", "13|TIMEOUT|0:0|n1|60|\n");
    let look = bench.read(&Slurm, &asked(&ids(&["12", "13", "14"]))).expect("an answer");
    let seen: Vec<&Seen> = look.seen.values().collect();
    assert!(look.doubt.is_some(), "{look:?}");
    assert!(
        matches!(
            seen[..],
            [Seen::State(JobState::Running), Seen::State(JobState::Ended(_)), Seen::Unclear(_)]
        ),
        "{seen:?}"
    );
    let found = bench.text(LOOK_UP, &[("RL_NAME", "rl-sp-a1b2c3-1")]);
    assert_eq!(found, (0, "12\n".to_owned()));
}

#[test]
fn what_stands_of_a_number_belongs_to_the_job_of_its_name_and_time() {
    let bench = Bench::new();
    let (job, name) = (named("12", "rl-sp-a1b2c3-1"), "rl-sp-a1b2c3-1");
    let seen = |queue: &str, accounting: &str| {
        bench.prints("squeue", queue).prints("sacct", accounting);
        bench
            .read(&Slurm, std::slice::from_ref(&job))
            .expect("healthy")
            .seen
            .remove(&job.id)
            .expect("there")
    };
    let row = |submitted: &str, name: &str| {
        format!("12|TIMEOUT|0:0|n1|3600|gres/gpu=2|{submitted}|{name}\n")
    };
    for submitted in ["1795188090", "2026-11-20T15:21:30", "Unknown", ""] {
        assert_eq!(kind(&seen("", &row(submitted, name))), Some(EndKind::TimeLimit), "{submitted}");
    }
    for (submitted, name) in
        [("1795188090", "thesis"), ("1700000000", name), ("2023-11-20T15:21:30", name)]
    {
        let text = row(submitted, name);
        assert_eq!(seen("", &text), Seen::Absent, "{text}");
        let jobs = std::slice::from_ref(&job);
        assert!(Slurm.used(&bench.look(&Slurm, jobs), jobs, Some(NOW)).is_empty(), "{text}");
    }
    // An older job's record stands before that of ours.
    assert_eq!(
        kind(&seen(
            "",
            &(row("1700000000", name) + "12|COMPLETED|0:0|n1|5||1795188090|rl-sp-a1b2c3-1\n")
        )),
        Some(EndKind::Completed)
    );
    // In the queue, another one has the number: it is not this job that runs, and who knows where it is.
    assert!(
        matches!(seen("12|RUNNING|n1|None|thesis\n", ""), Seen::Unclear(why) if why.contains("\"thesis\""))
    );
    assert_eq!(
        kind(&seen("12|RUNNING|n1|None|thesis\n", &row("1795188090", name))),
        Some(EndKind::TimeLimit)
    );
    assert_eq!(seen("12|RUNNING|n1|None|rl-sp-a1b2c3-1\n", ""), Seen::State(JobState::Running));
}

#[test]
fn an_answer_without_end_is_none() {
    let bench = Bench::new();
    bench.prints("sacct", "").program("squeue", "head -c 70000000 /dev/zero | tr '\\0' x");
    let error = bench.poll(&Slurm, &ids(&["12"])).expect_err("too long");
    assert!(error.0.contains("longer than 64 MB"), "{}", error.0);
    // What it says beside the answer is cut, and the answer stands.
    bench.program(
        "squeue",
        "head -c 9000000 /dev/zero | tr '\\0' y >&2; echo '12|RUNNING|n1|None|x'",
    );
    assert_eq!(one(&bench, "12"), Seen::State(JobState::Running));
    bench.program("sbatch", "head -c 9000000 /dev/zero | tr '\\0' z; echo; echo 12");
    let (status, text) = bench.text(SUBMIT, &[]);
    assert!(
        text.len() < 200_000
            && matches!(Slurm.read_submission(status, &text), Submission::Unclear(_)),
        "{status} {}",
        text.len()
    );
}

#[test]
fn a_submission_is_not_changed_by_the_environment() {
    let bench = bench();
    bench.program(
        "sbatch",
        "echo \"$LC_ALL.$SBATCH_TIMELIMIT.$SBATCH_PARTITION\" >&2; kill -TERM $$; echo '7;hpc'",
    );
    let mut script = bench.script();
    script.plain(
        "SBATCH_TIMELIMIT=1; SBATCH_PARTITION=mine; export SBATCH_TIMELIMIT SBATCH_PARTITION",
    );
    script.set("RL_DIR", "/net/a b/sp").section("submit", SUBMIT);
    let reply = bench.run(script);
    let section = reply.section("submit").expect("there");
    assert_eq!((section.status, section.text().as_ref()), (0, "7;hpc\n\n!0\n..mine\n"));
    assert_eq!(
        Slurm.read_submission(0, &section.text()),
        Submission::Accepted(JobId::parse("7;hpc").expect("an id"))
    );
    assert_eq!(bench.calls(), ["sbatch --parsable --chdir=/net/a b/sp run_sprint.sh"]);
}

#[test]
fn a_login_node_is_healthy_when_the_queue_answers() {
    let bench = bench();
    bench.prints("sbatch", "slurm-wlm 22.05.8\n");
    assert_eq!(bench.text(PROBE, &[]), (0, "slurm-wlm 22.05.8\n".to_owned()));
    bench.program("squeue", "echo down >&2; exit 1");
    assert_eq!(bench.text(PROBE, &[]), (1, "down\n".to_owned()));
}

#[test]
fn programs_that_only_a_login_shell_finds_are_found() {
    let bench = Bench::new();
    let (few, tools) = (bench.path().join("few"), bench.path().join("tools"));
    std::fs::create_dir_all(&few).expect("a folder");
    std::fs::create_dir_all(&tools).expect("a folder");
    for name in
        ["awk", "bash", "cat", "head", "id", "mkdir", "printf", "sed", "sh", "tail", "timeout"]
    {
        let found = ["/usr/bin", "/bin"]
            .iter()
            .map(|folder| std::path::Path::new(folder).join(name))
            .find(|path| path.exists());
        std::os::unix::fs::symlink(found.expect("a usual program"), few.join(name))
            .expect("a link");
    }
    bench.prints("squeue", "5|RUNNING|n1|None\n");
    std::fs::rename(bench.path().join("squeue"), tools.join("squeue")).expect("moved");
    std::fs::write(
        bench.path().join(".bash_profile"),
        "echo 'Welcome!'; PATH=\"$BENCH/tools:$PATH\"\n",
    )
    .expect("written");
    let mut script = bench.script();
    script.plain("PATH=$BENCH/few");
    let jobs = ids(&["5"]);
    Slurm.ask(&mut script, &asked(&jobs));
    assert_eq!(
        Slurm.read(&bench.run(script), &asked(&jobs), None).map(|look| look.seen[&jobs[0]].clone()),
        Ok(Seen::State(JobState::Running))
    );
}

#[test]
fn the_texts_are_plain_shell() {
    assert_plain_shell(&Slurm);
}

/// What the poll, both look-ups and the probe make of this on standard error, with exit status 0.
fn healthy(said: &str) -> [bool; 4] {
    let bench = Bench::new();
    std::fs::write(bench.path().join("said"), said).expect("written");
    bench
        .prints("sbatch", "slurm-wlm 22.05.8\n")
        .prints("sacct", "")
        .program("squeue", "cat \"$BENCH/said\" >&2");
    [
        bench.poll(&Slurm, &ids(&["5"])).is_ok(),
        bench.text(LOOK_UP, &[("RL_NAME", "rl-sp-a1b2c3-1")]).0 == 0,
        bench.text(LOOK_UP_ALL, &[("RL_NAMES", "rl-sp-a1b2c3-1")]).0 == 0,
        bench.text(PROBE, &[]).0 == 0,
    ]
}

#[test]
fn one_rule_tells_the_schedulers_complaints_from_those_of_others() {
    for said in [
        "slurm_load_jobs error: Unable to contact slurm controller (connect failure)",
        "squeue: error: Unable to contact slurm controller (receive failure)",
        "squeue: error: Invalid user: me",
        "squeue: fatal: Could not establish a configuration source",
        "/usr/bin/squeue: error: Zero Bytes were transmitted or received",
        "slurm_receive_msg: Zero Bytes were transmitted or received",
        "Module cuda loaded.\nsqueue: error: Socket timed out on send/recv operation\nBye.",
    ] {
        assert_eq!(healthy(said), [false; 4], "{said}");
    }
    for said in [
        "bash: warning: setlocale: LC_ALL: cannot change locale (de_DE.UTF-8): No such file or directory",
        "Lmod has detected the following error: The following module(s) are unknown: \"cuda/12\"",
        "/etc/profile.d/site.sh: line 3: error: no such command",
        "error: XDG_RUNTIME_DIR not set in the environment.",
        "ERROR: ld.so: object 'libx.so' from LD_PRELOAD cannot be preloaded (cannot open shared object file): ignored.",
        "squeue-wrapper: error: cannot write the usage log: Permission denied",
        "quota: fatal: home is full",
        "squeue: warning: the queue is long",
        "squeue: error: Parsing error at unrecognized key: NewKey",
    ] {
        assert_eq!(healthy(said), [true; 4], "{said}");
    }
}

#[test]
fn a_complaint_in_place_of_an_answer_is_none() {
    let bench = bench();
    bench.program(
        "squeue",
        "echo 'slurm_load_jobs error: Unable to contact slurm controller (connect failure)'",
    );
    assert!(bench.poll(&Slurm, &ids(&["5"])).is_err());
    assert_eq!(bench.text(LOOK_UP, &[("RL_NAME", "rl-sp-a1b2c3-1")]).0, 1);
    // A row is a row, whatever its job is called.
    bench.prints("squeue", "5|RUNNING|n1|None|x\n6|RUNNING|n1|None|squeue: error: Unable to contact slurm controller\n").prints("sacct", "");
    assert_eq!(one(&bench, "5"), Seen::State(JobState::Running));
    // The accounting, too.
    bench.prints("squeue", "").program(
        "sacct",
        "echo 'sacct: error: Problem talking to the database: Connection refused' >&2",
    );
    assert!(matches!(one(&bench, "5"), Seen::Unclear(why) if why.contains("Problem talking")));
    bench.program("sacct", "echo 'perl: warning: Setting locale failed.' >&2");
    assert_eq!(one(&bench, "5"), Seen::Absent);
}

#[test]
fn jobs_of_ours_that_were_not_asked_for_are_listed() {
    let bench = Bench::new();
    bench.prints(
        "squeue",
        "5|RUNNING|n1|None|rl-sp-a1b2c3-1\n6|PENDING||a|b|rl-sp-a1b2c3-1\n7|COMPLETED|n1|None|rl-sp-a1b2c3-2\n8|COMPLETING|n1|None|rl-sp-a1b2c3-2\n\
         9|RUNNING|n1|None|rl-sp-a1b2c3-x\n10_3|SUSPENDED|n1|None|rl-sp-0000ff-12\n11|RUNNING|n1|None|mine\n",
    );
    bench.prints("sacct", "");
    let jobs = ids(&["5"]);
    let strays = Slurm.strays(&bench.look(&Slurm, &asked(&jobs)), &asked(&jobs));
    let told: Vec<String> =
        strays.iter().map(|one| format!("{} {} {}", one.id, one.name, one.state)).collect();
    assert_eq!(told, ["6 rl-sp-a1b2c3-1 PENDING", "10 rl-sp-0000ff-12 SUSPENDED"]);
    assert_eq!(bench.calls().len(), 1, "it costs nothing");
}

#[test]
fn many_names_are_looked_up_by_two_commands() {
    let bench = Bench::new();
    bench.prints(
        "squeue",
        "41|COMPLETED||None|rl-sp-a1b2c3-1\n42|PENDING||None|rl-sp-a1b2c3-1\n43|RUNNING||None|mine\n44|RUNNING||None|rl-sp-d4e5f6-1\n",
    );
    bench.prints("sacct", "40|COMPLETED|rl-sp-a1b2c3-2\n");
    let (status, text) = bench.text(LOOK_UP_ALL, &[("RL_NAMES", "rl-sp-a1b2c3-1,rl-sp-a1b2c3-2")]);
    let found: Vec<String> =
        Slurm.found(&text).iter().map(|one| format!("{} {}", one.id, one.name)).collect();
    // What is still there comes first.
    assert_eq!(
        (status, found),
        (
            0,
            ["42 rl-sp-a1b2c3-1", "44 rl-sp-d4e5f6-1", "41 rl-sp-a1b2c3-1", "40 rl-sp-a1b2c3-2"]
                .map(str::to_owned)
                .to_vec()
        )
    );
    let calls = bench.calls();
    assert!(
        calls.len() == 2 && calls[1].contains(" --name=rl-sp-a1b2c3-1,rl-sp-a1b2c3-2 "),
        "{calls:?}"
    );
    bench.program("sacct", "echo 'sacct: error: down' >&2; exit 1");
    assert_eq!(bench.text(LOOK_UP_ALL, &[("RL_NAMES", "x")]).0, QUEUE_ALONE);
}

#[test]
fn the_sites_message_timeout_is_read_where_it_stands() {
    let bench = Bench::new();
    let conf = bench.path().join("slurm.conf");
    let read = || {
        let mut script = bench.script();
        script.set("SLURM_CONF", &conf.display().to_string()).section("text", MESSAGE_TIMEOUT);
        let reply = bench.run(script);
        (reply.section("text").expect("there").text().trim().to_owned(), bench.calls().len())
    };
    bench.program(
        "scontrol",
        "echo 'MaxArraySize            = 1001'; echo 'MessageTimeout          = 30 sec'",
    );
    std::fs::write(&conf, "ClusterName=x\n# MessageTimeout=5\n messagetimeout = 200 # slow\n")
        .expect("written");
    assert_eq!(read(), ("200".to_owned(), 0));
    std::fs::write(&conf, "ClusterName=x\n").expect("written");
    assert_eq!(read(), ("30".to_owned(), 1));
}
