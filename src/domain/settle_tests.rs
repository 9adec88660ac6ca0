//! How a sprint is judged, case by case.

use super::settle::*;
use super::{EndKind, Ending, JobEnd, JobState, Reason, SchedulerKind, Seen};

fn end(kind: EndKind) -> Seen {
    Seen::State(JobState::Ended(JobEnd { kind, exit_code: None, signal: None, words: "WORDS".to_owned() }))
}

fn base() -> Evidence<'static> {
    Evidence {
        scheduler: SchedulerKind::Slurm,
        cancel_asked: false,
        runner_started: true,
        host: Some("n1"),
        runner: None,
        script: None,
        seen: None,
        files_read: true,
        claimed: true,
        at_work: false,
        new_lines: false,
        empty_polls: 0,
        empty_seconds: 0,
    }
}

fn stopped() -> RunnerEnd {
    RunnerEnd {
        completed: false,
        parked: false,
        reason: None,
        signal: Some("TERM".to_owned()),
        detail: String::new(),
        hint: String::new(),
        processes_left: 0,
    }
}

fn reason(finding: &Finding) -> Option<Reason> {
    match finding {
        Finding::Over(ending) => ending.reason,
        _ => None,
    }
}

#[test]
fn what_the_runner_says_of_its_own_work_counts() {
    let done = RunnerEnd { completed: true, signal: None, ..stopped() };
    for seen in [None, Some(end(EndKind::Killed)), Some(end(EndKind::OutOfMemory)), Some(Seen::Absent), Some(Seen::State(JobState::Running))] {
        for cancel_asked in [false, true] {
            let finding = judge(&Evidence { runner: Some(&done), seen: seen.as_ref(), cancel_asked, ..base() });
            assert_eq!(finding, Finding::Over(Ending::completed()), "{seen:?}");
        }
    }
    let limit = RunnerEnd { reason: Some(Reason::UsageLimit), signal: None, ..stopped() };
    assert_eq!(reason(&judge(&Evidence { runner: Some(&limit), ..base() })), Some(Reason::UsageLimit));
}

#[test]
fn of_an_end_from_outside_the_scheduler_knows_more() {
    let runner = stopped();
    for (kind, expected) in [
        (EndKind::TimeLimit, Reason::TimeLimit),
        (EndKind::OutOfMemory, Reason::OutOfMemory),
        (EndKind::NodeFailed, Reason::NodeFailed),
        (EndKind::Cancelled, Reason::CancelledOutside),
    ] {
        let seen = end(kind);
        assert_eq!(reason(&judge(&Evidence { runner: Some(&runner), seen: Some(&seen), ..base() })), Some(expected));
        let evidence = Evidence { seen: Some(&seen), empty_polls: 1, empty_seconds: 60, ..base() };
        assert_eq!(reason(&judge(&evidence)), Some(expected), "without any record");
    }
}

#[test]
fn a_job_that_was_stopped_but_is_still_known_may_go_on() {
    let runner = stopped();
    for state in [JobState::Waiting(String::new()), JobState::Ending, JobState::Running, JobState::Other("NEW".to_owned())] {
        let seen = Seen::State(state);
        assert_eq!(judge(&Evidence { runner: Some(&runner), seen: Some(&seen), ..base() }), Finding::Wait);
    }
}

#[test]
fn cancelled_is_said_only_with_proof() {
    let runner = stopped();
    let (gone, running) = (end(EndKind::Cancelled), Seen::State(JobState::Running));
    let asked = Evidence { cancel_asked: true, ..base() };
    assert_eq!(judge(&Evidence { runner: Some(&runner), seen: Some(&running), ..asked.clone() }), Finding::Wait);
    assert_eq!(judge(&Evidence { runner: Some(&runner), seen: Some(&gone), ..asked.clone() }), Finding::Over(Ending::cancelled("")));
    let left = RunnerEnd { processes_left: 2, ..stopped() };
    let Finding::Over(ending) = judge(&Evidence { runner: Some(&left), seen: Some(&gone), ..asked.clone() }) else { panic!("over") };
    assert!(ending.detail.contains("2 of its processes on n1"), "{}", ending.detail);
    let unproven = Evidence { seen: Some(&gone), empty_polls: 1, empty_seconds: 60, ..asked.clone() };
    assert_eq!(judge(&unproven), Finding::Over(Ending::cancelled("job ended; processes on n1 not verified")));
    let never_ran = Evidence { seen: Some(&gone), runner_started: false, claimed: false, ..asked };
    assert_eq!(judge(&never_ran), Finding::Over(Ending::cancelled("cancelled before it ran")));
    for unproven in [Evidence { files_read: false, ..never_ran.clone() }, Evidence { claimed: true, ..never_ran }] {
        assert_eq!(judge(&unproven), Finding::Empty);
    }
}

#[test]
fn a_job_that_was_seen_at_work_has_not_been_cancelled_before_it_ran() {
    // Its claim and its journal lie on a node whose files are not seen here yet.
    let base = Evidence { cancel_asked: true, runner_started: false, claimed: false, ..base() };
    let (cancelled, absent) = (end(EndKind::Cancelled), Seen::Absent);
    let killed = Seen::State(JobState::Ended(JobEnd { kind: EndKind::Killed, exit_code: Some(137), signal: None, words: String::new() }));
    for evidence in [
        Evidence { at_work: true, seen: Some(&cancelled), ..base.clone() },
        Evidence { at_work: true, seen: Some(&absent), ..base.clone() },
        Evidence { seen: Some(&killed), ..base.clone() },
    ] {
        assert_eq!(judge(&evidence), Finding::Empty);
        let later = Evidence { empty_polls: 9, empty_seconds: 300, ..evidence };
        assert_eq!(judge(&later), Finding::Over(Ending::cancelled("job ended; processes on n1 not verified")));
    }
    // Of a job that is in no queue, the accounting is waited for.
    assert_eq!(judge(&Evidence { seen: Some(&absent), ..base.clone() }), Finding::Empty);
    let later = Evidence { seen: Some(&absent), empty_polls: 2, empty_seconds: 20, ..base };
    assert_eq!(judge(&later), Finding::Over(Ending::cancelled("cancelled before it ran")));
}

#[test]
fn lost_takes_three_healthy_polls_over_two_minutes() {
    let absent = Seen::Absent;
    for (empty_polls, empty_seconds, over) in [(0, 0, false), (1, 300, false), (2, 119, false), (2, 120, true), (9, 30, false)] {
        let finding = judge(&Evidence { seen: Some(&absent), empty_polls, empty_seconds, ..base() });
        assert_eq!(reason(&finding) == Some(Reason::Lost), over, "{empty_polls} {empty_seconds}");
    }
    let unclear = Seen::Unclear("sacct timed out".to_owned());
    assert_eq!(judge(&Evidence { seen: Some(&unclear), empty_polls: 99, empty_seconds: 9999, ..base() }), Finding::Empty);
}

#[test]
fn files_that_could_not_be_read_prove_nothing() {
    let (absent, ended) = (Seen::Absent, end(EndKind::Completed));
    let script = ScriptEnd { reason: "runner_killed".to_owned(), status: 137, processes_left: 0 };
    for seen in [&absent, &ended] {
        let unread = Evidence { files_read: false, script: Some(&script), seen: Some(seen), empty_polls: 99, empty_seconds: 9999, ..base() };
        assert_eq!(judge(&unread), Finding::Empty);
        let at_work = Evidence { new_lines: true, seen: Some(seen), empty_polls: 99, empty_seconds: 9999, ..base() };
        assert_eq!(judge(&at_work), Finding::Alive);
    }
}

#[test]
fn a_recorded_failure_does_not_wait_for_ever_for_the_accounting() {
    let runner = RunnerEnd { reason: Some(Reason::StepFailed), signal: None, ..stopped() };
    let unclear = Seen::Unclear("sacct timed out".to_owned());
    let early = Evidence { runner: Some(&runner), seen: Some(&unclear), empty_polls: 9, empty_seconds: 599, ..base() };
    assert_eq!(judge(&early), Finding::Empty);
    assert_eq!(reason(&judge(&Evidence { empty_seconds: 600, ..early })), Some(Reason::StepFailed));
}

#[test]
fn where_grid_engine_cannot_tell_the_sentence_says_so() {
    let seen = end(EndKind::Killed);
    let script = ScriptEnd { reason: "runner_killed".to_owned(), status: 137, processes_left: 0 };
    for script in [None, Some(&script)] {
        let Finding::Over(ending) =
            judge(&Evidence { scheduler: SchedulerKind::Sge, script, seen: Some(&seen), empty_polls: 1, empty_seconds: 60, ..base() })
        else {
            panic!("over")
        };
        assert_eq!(ending.reason, Some(Reason::RunnerKilled));
        assert!(ending.detail.contains("qdel, kill -9, out of memory or a lost node"), "{}", ending.detail);
    }
}

#[test]
fn a_failing_step_waits_for_the_schedulers_word_on_memory() {
    let runner = RunnerEnd { reason: Some(Reason::StepFailed), signal: None, ..stopped() };
    let (running, oom, failed) = (Seen::State(JobState::Running), end(EndKind::OutOfMemory), end(EndKind::Failed));
    assert_eq!(judge(&Evidence { runner: Some(&runner), seen: Some(&running), ..base() }), Finding::Empty);
    let stuck = Evidence { runner: Some(&runner), seen: Some(&running), empty_polls: 9, empty_seconds: 600, ..base() };
    assert_eq!(reason(&judge(&stuck)), Some(Reason::StepFailed), "a job that sticks in the queue holds it up for ten minutes");
    assert_eq!(reason(&judge(&Evidence { runner: Some(&runner), seen: Some(&oom), ..base() })), Some(Reason::OutOfMemory));
    assert_eq!(reason(&judge(&Evidence { runner: Some(&runner), seen: Some(&failed), ..base() })), Some(Reason::StepFailed));
}

#[test]
fn a_parked_run_waits_for_an_answer_once_its_job_is_gone() {
    let parked = RunnerEnd { parked: true, signal: None, ..stopped() };
    let with = |seen: Option<&Seen>, cancel_asked| {
        let evidence = Evidence { runner: Some(&parked), cancel_asked, ..base() };
        judge(&Evidence { seen, ..evidence })
    };
    let ended = end(EndKind::Completed);
    for seen in [None, Some(Seen::State(JobState::Running)), Some(Seen::State(JobState::Ending))] {
        assert_eq!(with(seen.as_ref(), false), Finding::Wait, "{seen:?}");
    }
    for seen in [&ended, &Seen::Absent] {
        assert_eq!(with(Some(seen), false), Finding::Parked);
        // Somebody asked for the end while the run parked itself.
        assert_eq!(with(Some(seen), true), Finding::Over(Ending::cancelled("")));
    }
    // An accounting that does not answer is believed to have seen the end after a while.
    let unclear = Seen::Unclear("down".to_owned());
    assert_eq!(with(Some(&unclear), false), Finding::Empty);
    assert_eq!(judge(&Evidence { runner: Some(&parked), seen: Some(&unclear), empty_seconds: 600, ..base() }), Finding::Parked);
}

#[test]
fn a_job_that_ended_by_itself_was_not_killed() {
    for (kind, exit_code) in [(EndKind::Completed, Some(0)), (EndKind::Completed, None), (EndKind::Failed, Some(1))] {
        let seen = Seen::State(JobState::Ended(JobEnd { kind, exit_code, signal: None, words: String::new() }));
        let Finding::Over(ending) = judge(&Evidence { seen: Some(&seen), empty_polls: 1, empty_seconds: 60, ..base() }) else { panic!("over") };
        assert!(ending.detail.contains("ended by itself") && !ending.detail.contains("killed"), "{ending:?}");
    }
}

#[test]
fn what_only_the_job_script_has_seen_is_no_proof_that_nothing_is_left() {
    let script = ScriptEnd { reason: "runner_killed".to_owned(), status: 137, processes_left: 0 };
    let seen = end(EndKind::Cancelled);
    let finding = judge(&Evidence { cancel_asked: true, script: Some(&script), seen: Some(&seen), ..base() });
    assert_eq!(finding, Finding::Over(Ending::cancelled("job ended; processes on n1 not verified")));
    let script = ScriptEnd { processes_left: 2, ..script };
    let finding = judge(&Evidence { cancel_asked: true, script: Some(&script), seen: Some(&seen), ..base() });
    assert_eq!(finding, Finding::Over(Ending::cancelled("job ended; 2 of its processes on n1 could not be ended")));
}
