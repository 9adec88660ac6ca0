//! Grid Engine: submits with qsub, polls all jobs with one qstat and at most one qacct,
//! ends a job with qdel. Written against Son of Grid Engine 8.1.9.
//!
//! qstat knows nothing of jobs that are gone, and qacct reads the whole accounting file
//! (11 s on a large site), so it runs at most once a poll and only when a job has left
//! the queue. It takes one job id or all jobs of a user, never a list.
//!
//! Jobs are submitted with -notify: without it, qdel and the time limit are a KILL out of
//! nothing. With it the job script gets USR2 first and has the queue's `notify` time (60 s
//! unless set otherwise) to end; a job that does so is recorded with its own exit status.
//! The price: before a suspension it gets USR1, as it does at a soft time limit (s_rt). These
//! signals reach every process of the job's process group, and may come twice.

use std::collections::BTreeMap;

use super::sge_shell::{ACCOUNTING, ASK, CANCEL, DEFAULTS, LOOK_UP, LOOK_UP_ALL, PROBE, SUBMIT};
use super::sge_text::{self, Ledger, Record};
use super::shell::{Answer, SHOW_SEEN, absent, doubt};
use super::{
    ACCOUNTED, Asked, JobRequest, Look, Offer, PollError, SECTION, Scheduler, Submission, answers,
    sge_offer, sge_options, text_of,
};
use crate::domain::duration::clock;
use crate::domain::options::OptionProblem;
use crate::domain::{JobId, JobOptions, JobState, Seen, Used};
use crate::remote::{Reply, Script};

/// Grid Engine.
pub(super) struct Sge;

impl Scheduler for Sge {
    fn option_name<'k>(&self, key: &'k str) -> &'k str {
        sge_options::bare(key)
    }

    fn check_options(&self, options: &JobOptions) -> Vec<OptionProblem> {
        sge_options::problems(options)
    }

    fn directives(&self, job: &JobRequest<'_>) -> Vec<String> {
        let own = [
            format!("-N {}", job.name),
            "-S /bin/bash".to_owned(),
            "-cwd".to_owned(),
            "-j y".to_owned(),
            "-o job.log".to_owned(),
            "-notify".to_owned(),
            // No day field here: two days are 48:00:00.
            format!("-l h_rt={}", clock(job.seconds.max(1))),
        ];
        own.into_iter()
            .chain(sge_options::arguments(job.options))
            .map(|argument| format!("#$ {argument}"))
            .collect()
    }

    fn defaults(&self) -> &'static str {
        DEFAULTS
    }

    fn job_id(&self) -> &'static str {
        "${JOB_ID:-local-$$}"
    }

    fn look_up(&self) -> &'static str {
        LOOK_UP
    }

    fn submit(&self) -> &'static str {
        SUBMIT
    }

    fn read_submission(&self, status: i32, output: &str) -> Submission {
        answers::of_qsub(status, output)
    }

    fn ask(&self, script: &mut Script, jobs: &[Asked]) {
        if jobs.is_empty() {
            return;
        }
        let numbers: Vec<String> = jobs.iter().map(Asked::word).collect();
        script.set("RL_JOBS", &numbers.join(" ")).plain(ASK).section(SECTION, SHOW_SEEN);
    }

    fn ask_accounting(&self, script: &mut Script, jobs: &[Asked]) {
        if !jobs.is_empty() {
            script.section(ACCOUNTED, ACCOUNTING);
        }
    }

    fn read(&self, reply: &Reply, jobs: &[Asked], now: Option<i64>) -> Result<Look, PollError> {
        if jobs.is_empty() {
            return Ok(Look::default());
        }
        let text =
            text_of(reply).ok_or_else(|| PollError("the answer of qstat is missing".to_owned()))?;
        let answer = Answer::parse(text.lines());
        let doubt = doubt(&answer, "qstat")?;
        let seen = jobs
            .iter()
            .map(|job| (job.id.clone(), seen(&answer, job, doubt.as_deref(), now)))
            .collect();
        Ok(Look { seen, doubt })
    }

    fn used(&self, reply: &Reply, jobs: &[Asked], now: Option<i64>) -> BTreeMap<JobId, Used> {
        let Some(text) = text_of(reply) else { return BTreeMap::new() };
        let answer = Answer::parse(text.lines());
        let used = |job: &Asked| {
            let record = record(&answer, job, now)?;
            record.end()?;
            // The accounting names no GPUs: what was asked for counts.
            Some((job.id.clone(), Used { gpus: None, seconds: record.seconds()? }))
        };
        jobs.iter().filter_map(used).collect()
    }

    fn look_up_all(&self) -> &'static str {
        LOOK_UP_ALL
    }

    fn is_live(&self, letters: &str) -> bool {
        sge_text::is_live(letters)
    }

    fn cancel(&self) -> &'static str {
        CANCEL
    }

    fn by_hand(&self, job: &JobId) -> String {
        format!("`qdel {job}`")
    }

    fn probe(&self) -> &'static str {
        PROBE
    }

    fn offer(&self) -> &'static str {
        sge_offer::OFFER
    }

    fn read_offer(&self, answer: &str) -> Offer {
        sge_offer::read(answer)
    }
}

/// The accounting's record of this job.
fn record<'a>(answer: &Answer<'a>, job: &Asked, now: Option<i64>) -> Option<Record<'a>> {
    let is_its = |record: &Record<'_>| {
        record.number == job.id.number() && job.may_be_of(record.submitted, now)
    };
    answer.rows("a").filter_map(Record::parse).filter(is_its).last()
}

/// What queue and accounting say of one job. `doubt` is why the queue's list may not be whole.
fn seen(answer: &Answer<'_>, job: &Asked, doubt: Option<&str>, now: Option<i64>) -> Seen {
    let number = job.id.number();
    let wrong = answer
        .rows("e")
        .filter_map(|row| row.split_once('|'))
        .filter(|(id, _)| *id == number)
        .map(|(_, reason)| reason)
        .last();
    // Tasks of an array have a row each; one that is alive speaks for the job.
    let mut finished = None;
    for row in answer.rows("q") {
        let mut fields = row.splitn(3, '|');
        if fields.next() == Some(number) {
            let (letters, waits_for) =
                (fields.next().unwrap_or_default(), fields.next().unwrap_or_default());
            let state = sge_text::state(number, letters, waits_for, wrong);
            if !letters.starts_with('z') {
                return Seen::State(state);
            }
            finished = Some(state);
        }
    }
    match record(answer, job, now).map(|record| record.end()) {
        Some(Some(end)) => return Seen::State(JobState::Ended(end)),
        Some(None) => {
            return Seen::Accounted(
                "the accounting says that the job went back to the queue, which does not list it"
                    .to_owned(),
            );
        }
        None => {}
    }
    match finished {
        Some(finished) => Seen::State(finished),
        None => absent(answer, number, doubt, "qacct", |outcome| {
            sge_text::ledger(outcome.status, &outcome.said) != Ledger::Failed
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::super::shell::testing::{Bench, NOW, asked, assert_plain_shell, ids, named};
    use super::*;
    use crate::domain::EndKind;
    use crate::scheduler::QUEUE_ALONE;

    const QSTAT: &str = include_str!("../../tests/data/scheduler/qstat.xml");
    const REASONS: &str = include_str!("../../tests/data/scheduler/qstat-j.txt");
    const QACCT: &str = include_str!("../../tests/data/scheduler/qacct.txt");
    const NOTHING: &str = "<?xml version='1.0'?>\n<job_info  xmlns:xsd=\"x\">\n  <queue_info>\n  </queue_info>\n  <job_info>\n  </job_info>\n</job_info>\n";

    /// Captured answers, with the owner of the records replaced by who runs the test.
    fn bench() -> Bench {
        let bench = Bench::new();
        std::fs::write(bench.path().join("qstat.xml"), QSTAT).expect("written");
        std::fs::write(bench.path().join("reasons"), REASONS).expect("written");
        std::fs::write(bench.path().join("records"), QACCT).expect("written");
        bench.program(
            "qstat",
            "case $1 in -j) cat \"$BENCH/reasons\" ;; *) cat \"$BENCH/qstat.xml\" ;; esac",
        );
        bench.program("qacct", "sed \"s/^owner .*/owner $(id -un)/\" \"$BENCH/records\"");
        bench
    }

    fn poll(bench: &Bench, id: &str) -> Seen {
        bench.poll(&Sge, &ids(&[id])).expect("healthy").into_values().next().expect("an answer")
    }

    fn end(seen: &Seen) -> Option<(EndKind, Option<i32>)> {
        match seen {
            Seen::State(JobState::Ended(end)) => Some((end.kind, end.exit_code)),
            _ => None,
        }
    }

    #[test]
    fn the_head_of_a_job_script() {
        let options: JobOptions =
            [("-l", "gpu=1,h_vmem=8G"), ("pe", "smp 4")].into_iter().collect();
        let lines = Sge.directives(&JobRequest {
            name: "sp-a1b2c3-k7",
            seconds: 172_800,
            options: &options,
        });
        assert_eq!(
            lines,
            [
                "#$ -N sp-a1b2c3-k7",
                "#$ -S /bin/bash",
                "#$ -cwd",
                "#$ -j y",
                "#$ -o job.log",
                "#$ -notify",
                "#$ -l h_rt=48:00:00",
                "#$ -l gpu=1,h_vmem=8G",
                "#$ -pe smp 4",
            ]
        );
    }

    #[test]
    fn one_call_answers_for_all_jobs_in_the_queue() {
        let bench = bench();
        let jobs = ids(&["4", "5", "6", "11", "12", "16"]);
        let answer = bench.poll(&Sge, &jobs).expect("healthy");
        let states: Vec<_> = jobs.iter().map(|job| answer[job].clone()).collect();
        let waiting = |text: &str| JobState::Waiting(text.to_owned());
        let expected = [
            JobState::Running,
            JobState::Held("hqw".to_owned()),
            waiting("hqw: waits for job 4"),
            JobState::Suspended,
            waiting("qw"),
            JobState::Running,
        ];
        assert_eq!(states, expected.map(Seen::State));
        let calls = bench.calls();
        assert!(calls.len() == 1 && calls[0].starts_with("qstat -xml -r -u "), "{calls:?}");
    }

    #[test]
    fn an_error_state_comes_with_its_reason() {
        let bench = bench();
        let jobs = ids(&["7", "10", "13"]);
        let answer = bench.poll(&Sge, &jobs).expect("healthy");
        let never = |text: &str| Seen::State(JobState::NeverStarts(text.to_owned()));
        assert_eq!(
            answer[&jobs[0]],
            never("Eqw: can't open output file \"/nonexistent/x\": No such file or directory")
        );
        assert_eq!(answer[&jobs[1]], never("Eqw: exit_status of job start = 100"));
        assert_eq!(answer[&jobs[2]], never("Eqw: `qstat -j 13` shows why"));
        assert_eq!(bench.calls()[1..], ["qstat -j 7,10,13"]);
    }

    #[test]
    fn the_accounting_is_asked_once_for_what_left_the_queue() {
        let bench = bench();
        std::fs::write(bench.path().join("qstat.xml"), NOTHING).expect("written");
        let jobs = ids(&["1", "3", "7", "8", "10", "13", "15", "17", "37", "38", "99"]);
        let answer = bench.poll(&Sge, &jobs).expect("healthy");
        let ends: Vec<_> = jobs.iter().map(|job| end(&answer[job])).collect();
        let expected = [
            Some((EndKind::Failed, Some(3))),
            // Ended itself after USR2.
            Some((EndKind::Failed, Some(7))),
            Some((EndKind::NotStarted, None)),
            Some((EndKind::TimeLimit, Some(137))),
            Some((EndKind::Failed, Some(100))),
            Some((EndKind::NotStarted, None)),
            Some((EndKind::Completed, Some(0))),
            Some((EndKind::Killed, Some(137))),
            // Two records: rescheduled after exit 99, then exit 4.
            Some((EndKind::Failed, Some(4))),
            Some((EndKind::Killed, Some(137))),
            None,
        ];
        assert_eq!(ends, expected);
        assert_eq!(answer[&jobs[10]], Seen::Absent);
        let calls = bench.calls();
        assert!(
            calls.len() == 2 && calls[1].starts_with("qacct -o ") && calls[1].ends_with(" -j"),
            "{calls:?}"
        );
        assert_eq!(end(&poll(&bench, "8")), Some((EndKind::TimeLimit, Some(137))));
        assert_eq!(bench.calls()[1..], ["qacct -j 8"]);
    }

    #[test]
    fn the_accounting_tells_how_long_a_job_ran() {
        let bench = bench();
        std::fs::write(bench.path().join("qstat.xml"), NOTHING).expect("written");
        // The first run of 37 went back to the queue; the record of 3 is its only one.
        let longer = QACCT
            .replacen(
                "exit_status  99                  \nru_wallclock 0s",
                "exit_status  99                  \nru_wallclock 600s",
                1,
            )
            .replacen(
                "exit_status  4                   \nru_wallclock 0s",
                "exit_status  4                   \nru_wallclock 61.5",
                1,
            );
        assert_ne!(longer, QACCT);
        std::fs::write(bench.path().join("records"), longer).expect("written");
        let jobs = ids(&["3", "7", "37", "99"]);
        let used = Sge.used(&bench.look(&Sge, &asked(&jobs)), &asked(&jobs), Some(NOW));
        let seconds: Vec<_> =
            jobs.iter().map(|job| used.get(job).map(|used| (used.seconds, used.gpus))).collect();
        assert_eq!(seconds, [Some((2, None)), Some((0, None)), Some((661, None)), None]);
    }

    #[test]
    fn records_of_others_and_like_numbers_are_not_ours() {
        let bench = bench();
        std::fs::write(bench.path().join("qstat.xml"), QSTAT.replace(">4<", ">41<"))
            .expect("written");
        bench.program("qacct", "cat \"$BENCH/records\"");
        assert_eq!(poll(&bench, "4"), Seen::Absent);
        assert_eq!(poll(&bench, "3"), Seen::Absent, "a record of rl-lab");
    }

    #[test]
    fn a_queue_that_fails_or_is_cut_says_nothing() {
        let bench = bench();
        bench.program(
            "qstat",
            "echo 'error: commlib error: got select error (Connection refused)' >&2; exit 1",
        );
        assert_eq!(
            bench.poll(&Sge, &ids(&["4", "99"])).expect_err("down").0,
            "qstat: commlib error: got select error (Connection refused)"
        );
        assert_eq!(bench.calls().len(), 1, "qacct is not asked");
        for cut in [0, 1, 100, QSTAT.len() / 2, QSTAT.len() - 12] {
            std::fs::write(bench.path().join("qstat.xml"), &QSTAT[..cut]).expect("written");
            bench.program("qstat", "cat \"$BENCH/qstat.xml\"");
            let error = bench.poll(&Sge, &ids(&["4"])).expect_err("cut");
            assert!(
                error.0 == "the answer of qstat was cut off"
                    || cut == 100 && error.0.starts_with("qstat gave no list of jobs"),
                "{cut}: {}",
                error.0
            );
        }
        assert!(
            Sge.read(&Reply::from_sections([("jobs", 0, "q 4|r|\n")]), &asked(&ids(&["4"])), None)
                .is_err()
        );
        assert!(Sge.read(&Reply::default(), &asked(&ids(&["4"])), None).is_err());
    }

    #[test]
    fn a_whole_answer_with_a_complaint_of_grid_engine_is_none() {
        let bench = bench();
        std::fs::write(bench.path().join("qstat.xml"), NOTHING).expect("written");
        bench.program("qacct", "echo 'error: job id 99 not found' >&2; exit 1");
        let healthy = |said: &str| {
            std::fs::write(bench.path().join("said"), said).expect("written");
            bench.program("qstat", "cat \"$BENCH/said\" >&2; cat \"$BENCH/qstat.xml\"");
            [
                bench.poll(&Sge, &ids(&["99"])).is_ok(),
                bench.text(LOOK_UP, &[("RL_NAME", "x")]).0 == 0,
                bench.text(LOOK_UP_ALL, &[("RL_NAMES", "x")]).0 == 0,
                bench.text(PROBE, &[]).0 == 0,
            ]
        };
        for said in [
            "error: commlib error: got select error (Connection refused)",
            "error: unable to send message to qmaster using port 6444 on host \"m\": got send error",
            "error: failed receiving gdi request response for mid=1 (got syncron message receive timeout error).",
            "critical error: unrecoverable error - contact systems manager",
            "error: denied: host \"login\" is neither submit nor admin host",
        ] {
            assert_eq!(healthy(said), [false; 4], "{said}");
        }
        for said in [
            "",
            "error: XDG_RUNTIME_DIR not set in the environment.",
            "perl: warning: Setting locale failed.",
            "module: command not found",
        ] {
            assert_eq!(healthy(said), [true; 4], "{said}");
        }
        // The accounting, too.
        healthy("");
        bench.program(
            "qacct",
            "echo 'critical error: unrecoverable error - contact systems manager' >&2",
        );
        assert!(matches!(poll(&bench, "99"), Seen::Unclear(_)));
    }

    /// One record, as qacct prints it.
    fn record_of(owner: &str, name: &str, sent: &str, wall: &str) -> String {
        format!(
            "==============\nhostname     n1\nowner        {owner}\njobname      {name}\njobnumber    77\nqsub_time    {sent}\n\
             failed       37  : qmaster enforced h_rt, h_cpu, or h_vmem limit\nexit_status  137                  (Killed)\nru_wallclock {wall}\n"
        )
    }

    #[test]
    fn a_record_belongs_to_the_job_of_its_name_and_time() {
        let bench = bench();
        std::fs::write(bench.path().join("qstat.xml"), NOTHING).expect("written");
        let (job, other) = (named("77", "rl-sp-a1b2c3-1"), named("78", "rl-sp-d4e5f6-1"));
        let seen = |name: &str, sent: &str| {
            std::fs::write(bench.path().join("records"), record_of("me", name, sent, "3600s"))
                .expect("written");
            // Alone, and with another one: qacct is asked in two ways.
            [vec![job.clone()], vec![job.clone(), other.clone()]].map(|jobs| {
                bench
                    .read(&Sge, &jobs)
                    .expect("healthy")
                    .seen
                    .remove(&job.id)
                    .and_then(|seen| end(&seen))
            })
        };
        for sent in [
            "Fri Nov 20 15:21:30 2026",
            "11/20/2026 15:21:30.123",
            "1795188090123",
            "-/-",
            "some day",
        ] {
            assert_eq!(
                seen("rl-sp-a1b2c3-1", sent),
                [Some((EndKind::TimeLimit, Some(137))); 2],
                "{sent}"
            );
        }
        // The numbers have begun anew since.
        for (name, sent) in [
            ("thesis", "Fri Nov 20 15:21:30 2026"),
            ("rl-sp-a1b2c3-1", "Mon Nov 20 15:21:30 2023"),
            ("rl-sp-a1b2c3-10", ""),
        ] {
            assert_eq!(seen(name, sent), [None; 2], "{name} {sent}");
        }
        // In the queue, the number is another job's.
        std::fs::write(bench.path().join("qstat.xml"), QSTAT).expect("written");
        let look =
            bench.read(&Sge, &[named("4", "rl-sp-a1b2c3-1"), named("5", "")]).expect("healthy");
        let told: Vec<_> = look.seen.values().collect();
        assert!(
            matches!(told[..], [Seen::Unclear(why), Seen::State(JobState::Held(_))] if why.contains("\"rl-run\"")),
            "{told:?}"
        );
    }

    #[test]
    fn names_with_a_backslash_or_a_blank_are_whole() {
        let bench = bench();
        std::fs::write(bench.path().join("qstat.xml"), NOTHING).expect("written");
        bench.program("qacct", "cat \"$BENCH/records\"");
        let jobs = [named("77", "rl-sp-a1b2c3-1")];
        for name in [r"CORP\bob", r"CORP\new user", r"A\\b", "plain"] {
            std::fs::write(bench.path().join("me"), name).expect("written");
            bench.program("id", "cat \"$BENCH/me\"");
            std::fs::write(
                bench.path().join("records"),
                record_of(name, "rl-sp-a1b2c3-1", "", "3600s"),
            )
            .expect("written");
            let reply = bench.look(&Sge, &jobs);
            let seen =
                Sge.read(&reply, &jobs, Some(NOW)).expect("healthy").seen.remove(&jobs[0].id);
            assert_eq!(
                seen.and_then(|seen| end(&seen)),
                Some((EndKind::TimeLimit, Some(137))),
                "{name}"
            );
            assert_eq!(
                Sge.used(&reply, &jobs, Some(NOW)).get(&jobs[0].id).map(|used| used.seconds),
                Some(3600),
                "{name}"
            );
        }
    }

    #[test]
    fn a_time_that_cannot_be_read_is_not_none() {
        let bench = bench();
        std::fs::write(bench.path().join("qstat.xml"), NOTHING).expect("written");
        let jobs = [named("77", "rl-sp-a1b2c3-1")];
        let used = |records: &str| {
            std::fs::write(bench.path().join("records"), records).expect("written");
            Sge.used(&bench.look(&Sge, &jobs), &jobs, Some(NOW))
                .get(&jobs[0].id)
                .map(|used| used.seconds)
        };
        let of = |wall: &str| record_of("me", "rl-sp-a1b2c3-1", "", wall);
        assert_eq!(
            ["0s", "12", "3600s", "61.5"].map(|wall| used(&of(wall))),
            [Some(0), Some(12), Some(3600), Some(61)]
        );
        assert_eq!(
            ["undefined", "", "-1", "1:02:03", "NONE"].map(|wall| used(&of(wall))),
            [None; 5]
        );
        // A run before it went back to the queue, of which nobody knows how long it took.
        let again = of("undefined").replace("failed       37", "failed       25");
        assert_eq!(used(&(again + &of("60s"))), None);
    }

    #[test]
    fn what_is_no_record_is_not_an_empty_accounting() {
        let bench = bench();
        std::fs::write(bench.path().join("qstat.xml"), NOTHING).expect("written");
        bench.program("qacct", "echo 'usage: qacct [options]'");
        assert!(matches!(poll(&bench, "99"), Seen::Unclear(why) if why.contains("usage: qacct")));
        assert_eq!(bench.text(LOOK_UP, &[("RL_NAME", "rl-sp-a1b2c3-1")]).0, QUEUE_ALONE);
        bench.program("qstat", "echo 'usage: qstat [options]'");
        let look = bench.read(&Sge, &[named("77", "")]).expect("an answer");
        assert!(look.doubt.is_some_and(|why| why.contains("usage: qstat")), "no empty queue");
        assert!(matches!(look.seen.values().next(), Some(Seen::Unclear(_))));
    }

    #[test]
    fn a_run_that_went_back_to_the_queue_is_not_over() {
        let bench = bench();
        std::fs::write(bench.path().join("qstat.xml"), NOTHING).expect("written");
        let record = "==============\nowner me\njobnumber 77\nhostname n1\nfailed 25  : rescheduling\nexit_status 0\nru_wallclock 5s\n";
        std::fs::write(bench.path().join("records"), record).expect("written");
        assert!(
            matches!(poll(&bench, "77"), Seen::Accounted(why) if why.contains("back to the queue"))
        );
    }

    #[test]
    fn many_names_are_looked_up_by_two_commands_and_others_of_ours_are_listed() {
        let bench = bench();
        let named =
            QSTAT.replace("rl-run<", "rl-sp-a1b2c3-1<").replace("rl-susp<", "rl-sp-d4e5f6-2<");
        std::fs::write(bench.path().join("qstat.xml"), &named).expect("written");
        std::fs::write(bench.path().join("records"), QACCT.replace("rl-e99 ", "rl-sp-0000ff-1 "))
            .expect("written");
        let (status, text) =
            bench.text(LOOK_UP_ALL, &[("RL_NAMES", "rl-sp-a1b2c3-1,rl-sp-0000ff-1")]);
        let found: Vec<String> =
            Sge.found(&text).iter().map(|one| format!("{} {}", one.id, one.name)).collect();
        assert_eq!(
            (status, &found[..3]),
            (
                0,
                &[
                    "4 rl-sp-a1b2c3-1".to_owned(),
                    "11 rl-sp-d4e5f6-2".to_owned(),
                    "37 rl-sp-0000ff-1".to_owned()
                ][..]
            )
        );
        assert_eq!(bench.calls().len(), 2);
        let jobs = ids(&["4"]);
        let strays = Sge.strays(&bench.look(&Sge, &asked(&jobs)), &asked(&jobs));
        assert_eq!(
            strays.iter().map(|one| one.name.as_str()).collect::<Vec<_>>(),
            ["rl-sp-d4e5f6-2"]
        );
    }

    #[test]
    fn accounting_may_be_missing_or_broken() {
        let bench = bench();
        std::fs::write(bench.path().join("qstat.xml"), NOTHING).expect("written");
        bench.program("qacct", "echo 'error: job id 99 not found' >&2; exit 1");
        assert_eq!(poll(&bench, "99"), Seen::Absent);
        bench.program("qacct", "echo '/x/accounting: No such file or directory' >&2; echo 'no jobs running since startup'; exit 1");
        assert_eq!(poll(&bench, "99"), Seen::Absent);
        bench.program("qacct", "echo 'critical error: lost' >&2; exit 1");
        assert_eq!(poll(&bench, "99"), Seen::Unclear("qacct: critical error: lost".to_owned()));
        bench.program("qacct", "exit 124");
        assert_eq!(poll(&bench, "99"), Seen::Unclear("qacct did not answer in time".to_owned()));
    }

    #[test]
    fn a_job_is_looked_up_by_its_name() {
        let bench = bench();
        let look_up = |name: &str| bench.text(LOOK_UP, &[("RL_NAME", name)]);
        assert_eq!(look_up("rl-soft-limit"), (0, "18\n".to_owned()));
        assert_eq!(bench.calls().len(), 1);
        assert_eq!(look_up("rl-e99"), (0, "37\n37\n".to_owned()));
        assert!(bench.calls()[1].ends_with(" -j rl-e99"));
        assert_eq!(look_up("rl-soft"), (0, String::new()), "half of a name");
        bench.program("qacct", "echo 'error: job name x not found' >&2; exit 1");
        assert_eq!(look_up("x"), (0, String::new()));
        bench.program("qacct", "echo 'critical error: lost' >&2; exit 1");
        assert_eq!(
            look_up("x"),
            (QUEUE_ALONE, "critical error: lost\n".to_owned()),
            "the queue has answered"
        );
        std::fs::write(bench.path().join("qstat.xml"), &QSTAT[..200]).expect("written");
        assert_eq!(look_up("x").0, 1);
        bench.program("qstat", "echo down >&2; exit 1");
        assert_eq!(look_up("x"), (1, "down\n".to_owned()));
        // One witness that finds it is enough.
        bench.program("qacct", "cat \"$BENCH/records\"");
        assert_eq!(look_up("rl-e99"), (0, "37\n37\n".to_owned()));
        assert_eq!(look_up("x").0, 1);
    }

    #[test]
    fn submit_cancel_and_probe() {
        let bench = bench();
        std::fs::write(bench.path().join("qstat.xml"), NOTHING).expect("written");
        let qstat = |rest: &str| {
            format!("if [ \"$1\" = -help ]; then echo 'SGE 8.1.9'; echo usage; else {rest} fi")
        };
        bench
            .program("qsub", "echo 12")
            .program("qdel", "")
            .program("qstat", &qstat("cat \"$BENCH/qstat.xml\";"));
        assert_eq!(
            bench.text(SUBMIT, &[("RL_DIR", "/net/a b/sp")]),
            (0, "12\n\n!0\n\n".to_owned())
        );
        bench.text(CANCEL, &[("RL_JOB", "12"), ("RL_NAME", "rl-sp-a1b2c3-1")]);
        assert_eq!(
            bench.calls(),
            [
                "qsub -terse -b n -C #$ -sync n -now n -wd /net/a b/sp run_sprint.sh",
                "qstat -j 12",
                "qdel rl-sp-a1b2c3-1 12"
            ]
        );
        assert_eq!(bench.text(PROBE, &[]), (0, "SGE 8.1.9\n".to_owned()));
        assert!(
            bench.calls().iter().any(|call| call.starts_with("qstat -xml -r -u ")),
            "it asks as a poll does"
        );
        for (rest, said) in [
            ("exit 1;", "qstat ended with exit status 1\n"),
            ("echo 'usage: qstat';", "qstat gave no list of jobs, but said: usage: qstat\n"),
        ] {
            bench.program("qstat", &qstat(rest));
            assert_eq!(bench.text(PROBE, &[]), (1, said.to_owned()));
        }
    }

    #[test]
    fn the_texts_are_plain_shell() {
        assert_plain_shell(&Sge);
    }
}
