//! No scheduler: the job script runs as a detached process on the login node itself, or on
//! this machine. The job id is the process id of the job script.
//!
//! Each job has a folder `~/.researchloop/local/ID` with a record of who it is (start time,
//! boot and host, so that a reused process id is never taken for it) and, once it has
//! ended, its exit status. That is written by a keeper, a shell that starts the job script
//! and waits for it; both outlive the connection.
//!
//! Nothing here enforces the time limit: the runner inside of the job keeps its own
//! deadline. A host that ends a user's processes at logout (KillUserProcesses of logind)
//! ends these jobs as well, unless lingering is on.

use super::local_shell::{ASK, CANCEL, LOOK_UP, LOOK_UP_ALL, PROBE, SUBMIT};
use super::shell::{signal_of, useful};
use super::{Asked, JobRequest, Look, PollError, SECTION, Scheduler, Submission, answers};
use crate::domain::options::OptionProblem;
use crate::domain::{EndKind, JobEnd, JobId, JobOptions, JobState, Seen};
use crate::remote::{Reply, Script};

/// The scheduler of a cluster of type `local`.
pub(super) struct Local;

impl Scheduler for Local {
    fn check_options(&self, options: &JobOptions) -> Vec<OptionProblem> {
        let problem = |key: &str| OptionProblem {
            key: key.to_owned(),
            problem: "a local cluster has no job options: remove it".to_owned(),
        };
        options.iter().filter(|(_, value)| !value.is_empty()).map(|(key, _)| problem(key)).collect()
    }

    fn directives(&self, _job: &JobRequest<'_>) -> Vec<String> {
        Vec::new()
    }

    fn look_up(&self) -> &'static str {
        LOOK_UP
    }

    fn submit(&self) -> &'static str {
        SUBMIT
    }

    fn read_submission(&self, status: i32, output: &str) -> Submission {
        match (status, output.lines().rev().find_map(|line| JobId::parse(line.trim()))) {
            (0, Some(id)) => Submission::Accepted(id),
            (0, None) => {
                Submission::Unclear(format!("no process id came back: {}", useful(output)))
            }
            (_, None) if status < 124 && output.contains(answers::LOCAL_REFUSED) => {
                Submission::Refused(useful(output))
            }
            _ => Submission::Unclear(format!(
                "the start ended with exit status {status}: {}",
                useful(output)
            )),
        }
    }

    fn ask(&self, script: &mut Script, jobs: &[Asked]) {
        if !jobs.is_empty() {
            let numbers: Vec<&str> = jobs.iter().map(|job| job.id.number()).collect();
            script.set("RL_JOBS", &numbers.join(" ")).section(SECTION, ASK);
        }
    }

    fn read(&self, reply: &Reply, jobs: &[Asked], _now: Option<i64>) -> Result<Look, PollError> {
        if jobs.is_empty() {
            return Ok(Look::default());
        }
        let section =
            reply.section(SECTION).ok_or_else(|| PollError("the answer is missing".to_owned()))?;
        let text = section.text();
        if text.trim_end().lines().last() != Some("complete") {
            return Err(PollError(format!("the processes could not be listed: {}", useful(&text))));
        }
        let seen = |job: &JobId| {
            let line = text
                .lines()
                .filter_map(|line| line.split_once(' '))
                .find(|(id, _)| *id == job.number());
            line.map_or(Seen::Absent, |(_, line)| seen(line))
        };
        Ok(Look {
            seen: jobs.iter().map(|job| (job.id.clone(), seen(&job.id))).collect(),
            doubt: None,
        })
    }

    fn look_up_all(&self) -> &'static str {
        LOOK_UP_ALL
    }

    fn is_live(&self, word: &str) -> bool {
        word == "running"
    }

    fn cancel(&self) -> &'static str {
        CANCEL
    }

    fn by_hand(&self, job: &JobId) -> String {
        format!("`kill {job}` on the login node")
    }

    fn probe(&self) -> &'static str {
        PROBE
    }
}

/// Reads what a line says behind the id.
fn seen(line: &str) -> Seen {
    let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
    let ended = |kind, words: &str| {
        Seen::State(JobState::Ended(JobEnd {
            kind,
            exit_code: None,
            signal: None,
            words: words.to_owned(),
        }))
    };
    match word {
        "running" if rest == "T" || rest == "t" => Seen::State(JobState::Suspended),
        "running" => Seen::State(JobState::Running),
        "ending" => Seen::State(JobState::Ending),
        "ended" | "cancelled" => match rest.trim().parse::<i32>() {
            Ok(code) => Seen::State(JobState::Ended(with_code(code, word == "cancelled"))),
            Err(_) => ended(EndKind::Killed, "its exit status is not readable"),
        },
        "gone" => ended(EndKind::Killed, "the process is gone and left no exit status"),
        "rebooted" => ended(EndKind::NodeFailed, &format!("{} was restarted", useful(rest))),
        "elsewhere" => {
            let (its, this) = rest.split_once(' ').unwrap_or((rest, "another host"));
            Seen::Unclear(format!(
                "the job runs on {}, and {} answered: give the cluster the name of one host",
                useful(its),
                useful(this)
            ))
        }
        "unknown" => Seen::Absent,
        _ => Seen::State(JobState::Other(useful(word))),
    }
}

/// The end of a job script with this exit status, as a shell reports it.
fn with_code(code: i32, cancelled: bool) -> JobEnd {
    let signal = signal_of(code);
    let kind = match code {
        0 => EndKind::Completed,
        _ if cancelled => EndKind::Cancelled,
        _ if signal.is_some() => EndKind::Killed,
        _ => EndKind::Failed,
    };
    let after = if cancelled { ", after it was asked to end" } else { "" };
    JobEnd { kind, exit_code: Some(code), signal, words: format!("exit status {code}{after}") }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::shell::testing::{Bench, asked, assert_plain_shell, ids};
    use super::*;
    use crate::platform::clock;

    /// Starts this text as a job.
    fn start(bench: &Bench, text: &str) -> JobId {
        let folder = bench.path().join("sprint");
        std::fs::create_dir_all(&folder).expect("a folder");
        std::fs::write(folder.join("run_sprint.sh"), text).expect("written");
        // As its callers do: inside of another shell's substitution, with signals ignored.
        let mut script = bench.script();
        script.set("RL_NAME", "sp-a1b2c3-k7");
        script.section_of(
            "submit",
            &[
                "trap '' HUP PIPE TERM\nrl_said=$(",
                SUBMIT,
                ")\nrl_status=$?\nprintf '%s\\n' \"$rl_said\"\nexit \"$rl_status\"",
            ],
        );
        let reply = bench.run(script);
        let section = reply.section("submit").expect("there");
        let (status, output) = (section.status, section.text());
        match Local.read_submission(status, &output) {
            Submission::Accepted(id) => id,
            other => panic!("{other:?}"),
        }
    }

    fn poll(bench: &Bench, id: &JobId) -> Seen {
        bench
            .poll(&Local, std::slice::from_ref(id))
            .expect("healthy")
            .remove(id)
            .expect("an answer")
    }

    fn wait_for(bench: &Bench, id: &JobId, fits: impl Fn(&Seen) -> bool) -> Seen {
        let began = clock::instant();
        loop {
            let seen = poll(bench, id);
            if fits(&seen) {
                return seen;
            }
            assert!(clock::since(began) < Duration::from_secs(300), "still {seen:?}");
            clock::pause(Duration::from_millis(20));
        }
    }

    fn wait_for_end(bench: &Bench, id: &JobId) -> JobEnd {
        match wait_for(bench, id, |seen| matches!(seen, Seen::State(JobState::Ended(_)))) {
            Seen::State(JobState::Ended(end)) => end,
            _ => unreachable!("it was an end"),
        }
    }

    fn log(bench: &Bench) -> String {
        std::fs::read_to_string(bench.path().join("sprint/job.log")).unwrap_or_default()
    }

    /// A job that says that it runs, and ends itself when it is asked to.
    const OBEDIENT: &str =
        "trap 'echo asked; kill $!; exit 9' TERM\necho begun\nsleep 100 &\nwait\n";
    const DEAF: &str = "trap '' TERM\necho begun\nsleep 100\n";

    fn wait_for_log(bench: &Bench, text: &str) {
        let began = clock::instant();
        while !log(bench).contains(text) {
            assert!(clock::since(began) < Duration::from_secs(300), "{}", log(bench));
            clock::pause(Duration::from_millis(20));
        }
    }

    #[test]
    fn a_job_runs_on_after_its_script_and_leaves_its_exit_status() {
        let bench = Bench::new();
        let id = start(
            &bench,
            "echo \"lc=$LC_ALL name=$RL_NAME$RL_HOME\"; echo err >&2; while [ ! -e go ]; do sleep 0.02; done; exit 7",
        );
        assert_eq!(poll(&bench, &id), Seen::State(JobState::Running));
        assert_eq!(bench.text(LOOK_UP, &[("RL_NAME", "sp-a1b2c3-k7")]), (0, format!("{id}\n")));
        assert_eq!(bench.text(LOOK_UP, &[("RL_NAME", "sp-a1b2c3-k")]), (0, String::new()));
        std::fs::write(bench.path().join("sprint/go"), "").expect("written");
        let end = wait_for_end(&bench, &id);
        assert_eq!(
            (end.kind, end.exit_code, end.words.as_str()),
            (EndKind::Failed, Some(7), "exit status 7")
        );
        assert_eq!(log(&bench), "lc= name=\nerr\n");
        // Also after its end it is found by its name.
        assert_eq!(bench.text(LOOK_UP, &[("RL_NAME", "sp-a1b2c3-k7")]).1, format!("{id}\n"));
        let ok = start(&bench, "true");
        assert_eq!(wait_for_end(&bench, &ok).kind, EndKind::Completed);
    }

    #[test]
    fn a_job_is_asked_to_end_and_killed_a_minute_later() {
        let bench = Bench::new();
        let id = start(&bench, OBEDIENT);
        wait_for_log(&bench, "begun");
        assert_eq!(bench.text(CANCEL, &[("RL_JOB", id.as_str())]), (0, String::new()));
        let end = wait_for_end(&bench, &id);
        assert_eq!((end.kind, end.exit_code), (EndKind::Cancelled, Some(9)));
        assert!(log(&bench).contains("asked"));

        let deaf = start(&bench, DEAF);
        wait_for_log(&bench, "asked\nbegun");
        for _ in 0..2 {
            bench.text(CANCEL, &[("RL_JOB", deaf.as_str())]);
            assert_eq!(poll(&bench, &deaf), Seen::State(JobState::Running));
        }
        std::fs::write(bench.path().join(format!(".researchloop/local/{deaf}/cancel")), "1000\n")
            .expect("written");
        bench.text(CANCEL, &[("RL_JOB", deaf.as_str())]);
        let end = wait_for_end(&bench, &deaf);
        assert_eq!((end.kind, end.signal), (EndKind::Cancelled, Some(9)));
    }

    #[test]
    fn a_killed_job_is_told_from_a_failed_one() {
        let bench = Bench::new();
        let id = start(&bench, "kill -KILL $$");
        let end = wait_for_end(&bench, &id);
        assert_eq!((end.kind, end.exit_code, end.signal), (EndKind::Killed, Some(137), Some(9)));
    }

    /// A record as the start of this job would write it, for a process that is no job.
    fn forge(bench: &Bench, id: &str, record: &str) {
        let folder = bench.path().join(".researchloop/local").join(id);
        std::fs::create_dir_all(&folder).expect("a folder");
        std::fs::write(folder.join("record"), record).expect("written");
    }

    #[test]
    fn a_reused_process_id_is_not_the_job() {
        let bench = Bench::new();
        let read = |path: &str| std::fs::read_to_string(path).expect("proc").trim().to_owned();
        let (boot, host) =
            (read("/proc/sys/kernel/random/boot_id"), read("/proc/sys/kernel/hostname"));
        let me = std::process::id().to_string();
        forge(&bench, &me, &format!("1 7 3 {boot} {host} x\n"));
        let id = &ids(&[&me])[0];
        assert!(
            matches!(poll(&bench, id), Seen::State(JobState::Ended(end)) if end.kind == EndKind::Killed)
        );
        // This very test would end if the start time were not compared.
        assert_eq!(bench.text(CANCEL, &[("RL_JOB", &me)]).0, 0);
        forge(&bench, &me, &format!("1 7 3 another-boot {host} x\n"));
        assert!(
            matches!(poll(&bench, id), Seen::State(JobState::Ended(end)) if end.kind == EndKind::NodeFailed)
        );
        forge(&bench, &me, &format!("1 7 3 {boot} login-2 x\n"));
        assert!(matches!(poll(&bench, id), Seen::Unclear(text) if text.contains("login-2")));
        forge(&bench, &me, "");
        assert_eq!(poll(&bench, id), Seen::Absent);
        assert_eq!(poll(&bench, &ids(&["999999999"])[0]), Seen::Absent);
        assert_eq!(bench.text(CANCEL, &[("RL_JOB", "999999999")]).0, 1);
    }

    #[test]
    fn a_cancel_reaches_every_process_of_the_name() {
        let bench = Bench::new();
        let (first, second) = (start(&bench, OBEDIENT), start(&bench, OBEDIENT));
        wait_for_log(&bench, "begun\nbegun");
        let strays = Local.strays(
            &bench.look(&Local, &asked(std::slice::from_ref(&first))),
            &asked(std::slice::from_ref(&first)),
        );
        assert_eq!(strays, [], "these are called otherwise than sprints are");
        assert_eq!(
            bench.text(CANCEL, &[("RL_JOB", first.as_str()), ("RL_NAME", "sp-a1b2c3-k7")]).0,
            0
        );
        for id in [&first, &second] {
            assert_eq!(wait_for_end(&bench, id).kind, EndKind::Cancelled, "{id}");
        }
    }

    #[test]
    fn without_the_folder_of_the_records_nothing_is_known() {
        let bench = Bench::new();
        assert!(bench.poll(&Local, &ids(&["7"])).is_err());
        assert_eq!(
            bench.text(LOOK_UP, &[("RL_NAME", "x")]),
            (0, String::new()),
            "no job was ever started here"
        );
    }

    #[test]
    fn a_start_that_says_nothing_known_is_in_doubt() {
        let of = |status, text| Local.read_submission(status, text);
        assert!(matches!(of(1, "the job script could not be started"), Submission::Refused(_)));
        assert!(matches!(of(1, "sh: something else"), Submission::Unclear(_)));
        assert!(matches!(of(1, ""), Submission::Unclear(_)));
        assert!(matches!(of(0, "12\n"), Submission::Accepted(_)));
    }

    #[test]
    fn a_folder_that_cannot_be_written_is_refused() {
        let bench = Bench::new();
        std::fs::create_dir_all(bench.path().join("sprint/job.log")).expect("a folder in the way");
        let (status, output) = bench.text(SUBMIT, &[("RL_NAME", "x")]);
        assert!(
            matches!(Local.read_submission(status, &output), Submission::Refused(text) if text.contains("job.log")),
            "{status} {output}"
        );
    }

    #[test]
    fn options_are_refused_and_unknown_words_kept() {
        let problems = Local.check_options(&[("gres", "gpu:1"), ("mem", "")].into_iter().collect());
        assert_eq!(
            problems.iter().map(|problem| problem.key.as_str()).collect::<Vec<_>>(),
            ["gres"]
        );
        let id = ids(&["7"]);
        let read = |text| {
            Local
                .read(&Reply::from_sections([("jobs", 0, text)]), &asked(&id), None)
                .map(|mut look| look.seen.remove(&id[0]))
        };
        assert_eq!(
            read("7 flying\ncomplete\n"),
            Ok(Some(Seen::State(JobState::Other("flying".to_owned()))))
        );
        assert_eq!(read("7 running T\ncomplete\n"), Ok(Some(Seen::State(JobState::Suspended))));
        assert!(matches!(read("7 ended x\ncomplete\n"), Ok(Some(Seen::State(JobState::Ended(_))))));
        assert!(read("7 running S\n").is_err(), "cut off");
        assert!(read("").is_err());
    }

    #[test]
    fn the_texts_are_plain_shell() {
        assert_plain_shell(&Local);
        let bench = Bench::new();
        assert!(bench.text(PROBE, &[]).1.contains("bash"));
    }
}
