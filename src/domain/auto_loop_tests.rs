//! Every rule that ends a loop, and what it waits for.

use super::*;
use crate::domain::action::Action;

fn limits() -> Limits {
    Limits {
        count: 3,
        max_cost_usd: None,
        max_gpu_hours: None,
        until: None,
        target: None,
        patience: None,
        parallel: 1,
        approve: false,
        tasks_only: false,
    }
}

fn situation<'a>(limits: &'a Limits, attempts: &'a [Attempt]) -> Situation<'a> {
    Situation {
        limits,
        attempts,
        forgotten: 0,
        money: Used::default(),
        gpu_seconds: Used::default(),
        study_money: None,
        study_gpu: None,
        sprint_max_usd: None,
        gpu_unknown: false,
        gpus: Some(1),
        seconds: 28_800,
        now: 1_000_000,
    }
}

fn attempt(state: AttemptState) -> Attempt {
    Attempt { id: SprintId::of("sp-000001"), state, is_judged: true, made: 0 }
}

fn completed() -> Attempt {
    attempt(AttemptState::Completed { target_value: None, unused: None, step: None })
}

fn measured(step: Step) -> Attempt {
    attempt(AttemptState::Completed { target_value: None, unused: None, step: Some(step) })
}

fn failed(infrastructure: bool, what: &str) -> Attempt {
    attempt(AttemptState::Failed {
        infrastructure,
        shared: infrastructure,
        known: 0,
        fingerprint: what.to_owned(),
        ended: 999_990,
        exhausted: false,
        reset: None,
    })
}

fn rule(situation: &Situation<'_>) -> Option<StopRule> {
    match next(situation) {
        Next::Stop(rule, why) => {
            assert!(!why.is_empty());
            Some(rule)
        }
        _ => None,
    }
}

const BEGIN: Next = Next::Begin { budget_usd: None, seconds: None };

#[test]
fn as_many_sprints_as_were_wanted() {
    let limits = limits();
    assert_eq!(next(&situation(&limits, &[])), BEGIN);
    assert_eq!(next(&situation(&limits, &[completed(), completed()])), BEGIN);
    assert_eq!(
        rule(&situation(&limits, &[completed(), completed(), completed()])),
        Some(StopRule::Count)
    );
    // One that is not over takes a place; one that failed or was cancelled does not.
    assert!(matches!(
        next(&situation(&limits, &[completed(), attempt(AttemptState::Live)])),
        Next::Wait(_)
    ));
    assert_eq!(
        next(&situation(
            &limits,
            &[attempt(AttemptState::Cancelled), failed(false, "a"), completed()]
        )),
        BEGIN
    );
}

#[test]
fn parallel_sprints_never_exceed_the_count() {
    let limits = Limits { parallel: 4, ..limits() };
    assert_eq!(next(&situation(&limits, &[completed(), attempt(AttemptState::Live)])), BEGIN);
    assert!(matches!(
        next(&situation(
            &limits,
            &[completed(), attempt(AttemptState::Live), attempt(AttemptState::Live)]
        )),
        Next::Wait(_)
    ));
}

#[test]
fn money_is_shared_among_those_that_can_be_begun() {
    let limits = Limits { parallel: 2, max_cost_usd: Some(10.0), ..limits() };
    let mut now = situation(&limits, &[]);
    assert_eq!(next(&now), Next::Begin { budget_usd: Some(5.0), seconds: None });
    let one = [attempt(AttemptState::Live)];
    now.attempts = &one;
    now.money = Used { spent: 1.0, reserved: 4.0 };
    assert_eq!(next(&now), Next::Begin { budget_usd: Some(5.0), seconds: None });
    now.study_money = Some(Left { unspent: 6.0, free: 2.0 });
    assert_eq!(next(&now), Next::Begin { budget_usd: Some(2.0), seconds: None });
    now.sprint_max_usd = Some(1.5);
    assert_eq!(next(&now), Next::Begin { budget_usd: Some(1.5), seconds: None });
    now.study_money = Some(Left { unspent: 0.0, free: 0.0 });
    assert!(matches!(next(&now), Next::Wait(_)), "what is reserved may come back");
    now.attempts = &[];
    assert_eq!(rule(&now), Some(StopRule::StudyCost), "a wider limit of the loop would not help");
    now.money = Used { spent: 10.2, reserved: 0.0 };
    assert_eq!(rule(&now), Some(StopRule::StudyCost), "of both limits the study's is told first");
    now.study_money = Some(Left { unspent: 100.0, free: 0.0 });
    assert_eq!(rule(&now), Some(StopRule::MaxCost), "what others give back is no help");
    now.study_money = Some(Left { unspent: 100.0, free: 100.0 });
    assert_eq!(rule(&now), Some(StopRule::MaxCost));
    now.money = Used::default();
    now.study_money = Some(Left { unspent: 4.0, free: 0.0 });
    assert!(matches!(next(&now), Next::Wait(_)), "also what is reserved for sprints of others");
    now.study_money = None;
    now.money = Used { spent: 10.2, reserved: 0.0 };
    assert_eq!(rule(&now), Some(StopRule::MaxCost));
}

#[test]
fn gpu_hours_shorten_the_time_and_must_be_known() {
    let limits = Limits { max_gpu_hours: Some(4.0), ..limits() };
    let mut now = situation(&limits, &[]);
    now.gpus = Some(2);
    assert_eq!(next(&now), Next::Begin { budget_usd: None, seconds: Some(7200) });
    now.gpus = Some(0);
    assert_eq!(next(&now), BEGIN);
    now.gpus = None;
    assert_eq!(rule(&now), Some(StopRule::MaxGpuHours));
    now.gpus = Some(1);
    now.gpu_seconds.spent = 4.0 * 3600.0 - 59.0;
    assert_eq!(rule(&now), Some(StopRule::MaxGpuHours));
    now.study_gpu = Some(Left { unspent: 59.0, free: 59.0 });
    assert_eq!(rule(&now), Some(StopRule::StudyGpuHours));
    now.study_gpu = None;
    now.gpu_seconds.spent = 0.0;
    now.gpu_unknown = true;
    assert_eq!(rule(&now), Some(StopRule::MaxGpuHours), "what a job used is not known");
}

#[test]
fn deadline_target_and_patience() {
    let late = Limits { until: Some(1_000_000), ..limits() };
    assert_eq!(rule(&situation(&late, &[])), Some(StopRule::Deadline));
    let target = Limits {
        target: Some(Target {
            metric: "loss".to_owned(),
            higher: false,
            value: 0.1,
            unit: String::new(),
        }),
        ..limits()
    };
    let reached = |value| [aiming(value, None, None)];
    assert_eq!(rule(&situation(&target, &reached(0.1))), Some(StopRule::Target));
    assert_eq!(rule(&situation(&target, &reached(0.11))), None);
    let patient = Limits { patience: Some(2), count: 10, ..limits() };
    let [real, luck, nothing] = [Step::Improvement, Step::Doubtful, Step::Nothing].map(measured);
    let ends = |attempts: &[&Attempt]| {
        rule(&situation(&patient, &attempts.iter().map(|one| (*one).clone()).collect::<Vec<_>>()))
    };
    assert_eq!(ends(&[&real, &nothing]), None);
    assert_eq!(ends(&[&real, &nothing, &completed(), &nothing]), Some(StopRule::NoImprovement));
    assert_eq!(ends(&[&nothing, &nothing, &real]), None);
    // What may be luck is neither: it does not count, and the count does not begin anew.
    assert_eq!(ends(&[&real, &luck, &luck, &luck, &nothing, &luck]), None);
    assert_eq!(ends(&[&real, &nothing, &luck, &nothing]), Some(StopRule::NoImprovement));
    // A resume begins anew.
    let before = Attempt { is_judged: false, ..nothing.clone() };
    assert_eq!(ends(&[&before, &before, &nothing]), None);
}

fn aiming(value: f64, n: Option<u32>, spread: Option<f64>) -> Attempt {
    attempt(AttemptState::Completed {
        target_value: Some(Measured { value, n, spread }),
        unused: None,
        step: None,
    })
}

#[test]
fn a_target_that_is_reached_by_luck_says_so() {
    let limits = Limits {
        target: Some(Target {
            metric: "acc".to_owned(),
            higher: true,
            value: 0.9,
            unit: String::new(),
        }),
        ..limits()
    };
    let told = |attempts: &[Attempt]| match next(&situation(&limits, attempts)) {
        Next::Stop(StopRule::Target, why) => why,
        other => panic!("{other:?}"),
    };
    let missed = aiming(0.5, None, None);
    let one = told(&[aiming(0.95, None, None)]);
    let again = Action::ResubmitSprint { sprint: "sp-000001".to_owned(), more: None };
    assert_eq!(
        one,
        format!(
            "the target acc >= 0.9 is reached: sp-000001 has 0.95; one run: it may be luck, 3 more runs would tell: `{again}` makes one"
        )
    );
    assert!(
        told(&[missed.clone(), missed.clone(), aiming(0.95, Some(1), Some(0.001))])
            .contains("; one run, of 3 sprints that were tried: it may be luck")
    );
    // 0.05 above with an error of 0.01/sqrt(5): eleven standard errors; or two of them.
    assert!(told(&[aiming(0.95, Some(5), Some(0.01))]).ends_with("0.95; 5 runs: likely real"));
    assert!(
        told(&[aiming(0.95, Some(5), Some(0.055))])
            .ends_with("; 5 runs: within noise, so it may be luck")
    );
    // The best of many must be further away.
    let many: Vec<Attempt> =
        std::iter::repeat_n(missed, 30).chain([aiming(0.95, Some(5), Some(0.03))]).collect();
    assert!(
        told(&many).contains("of 31 sprints that were tried: within noise")
            && told(&many[30..]).ends_with("likely real")
    );
    assert!(told(&[aiming(0.95, Some(5), None)]).contains("spread is not known"));
    assert!(told(&[aiming(0.95, Some(5), Some(0.0))]).contains("5 runs, all equal"));
}

#[test]
fn a_loop_that_ends_without_improvement_names_what_may_be_one() {
    let limits = Limits { patience: Some(1), count: 10, ..limits() };
    let lucky = Attempt { id: SprintId::of("sp-00000a"), ..measured(Step::Doubtful) };
    let told = next(&situation(&limits, &[lucky, measured(Step::Nothing)]));
    assert!(
        matches!(&told, Next::Stop(StopRule::NoImprovement, why) if why.contains("sp-00000a was a new best: it may be luck, 3 more runs would tell")),
        "{told:?}"
    );
    let told = next(&situation(&limits, &[measured(Step::Nothing)]));
    assert!(
        matches!(&told, Next::Stop(_, why) if why == "1 measured sprint brought no improvement beyond the noise"),
        "{told:?}"
    );
}

#[test]
fn the_same_failure_twice_and_many_different_ones() {
    let limits = Limits { count: 10, ..limits() };
    assert_eq!(rule(&situation(&limits, &[failed(false, "a"), failed(false, "b")])), None);
    assert_eq!(
        rule(&situation(&limits, &[failed(false, "a"), failed(false, "a")])),
        Some(StopRule::SameFailure)
    );
    assert_eq!(
        rule(&situation(&limits, &[failed(false, "a"), failed(true, "node"), failed(false, "a")])),
        Some(StopRule::SameFailure)
    );
    assert_eq!(
        rule(&situation(&limits, &[failed(false, "a"), completed(), failed(false, "a")])),
        None
    );
    let different: Vec<Attempt> =
        ["a", "b", "c", "d", "e"].map(|what| failed(false, what)).to_vec();
    assert_eq!(rule(&situation(&limits, &different)), Some(StopRule::Failures));
}

#[test]
fn failures_of_the_infrastructure_are_waited_out() {
    let limits = Limits { count: 10, ..limits() };
    let one = [failed(true, "node")];
    assert!(matches!(next(&situation(&limits, &one)), Next::Wait(_)));
    assert_eq!(next(&Situation { now: 999_990 + 60, ..situation(&limits, &one) }), BEGIN);
    let two = [failed(true, "node"), failed(true, "node")];
    assert!(matches!(
        next(&Situation { now: 999_990 + 60, ..situation(&limits, &two) }),
        Next::Wait(_)
    ));
    assert_eq!(next(&Situation { now: 999_990 + 120, ..situation(&limits, &two) }), BEGIN);
    let five = [(); 5].map(|()| failed(true, "node"));
    assert_eq!(rule(&situation(&limits, &five)), Some(StopRule::Failures));
}

#[test]
fn targets_read() {
    assert_eq!(
        Target::parse("acc >= 0.9", None),
        Ok(Target { metric: "acc".to_owned(), higher: true, value: 0.9, unit: String::new() })
    );
    assert_eq!(
        Target::parse("loss<1e-3", None).map(|target| target.to_string()),
        Ok("loss <= 0.001".to_owned())
    );
    assert_eq!(
        Target::parse("0.9", Some(("acc", true))).map(|target| target.metric),
        Ok("acc".to_owned())
    );
    for bad in ["", ">=1", "acc>=", "acc>=nan", "acc", "0.9"] {
        assert!(Target::parse(bad, None).is_err(), "{bad}");
    }
}

#[test]
fn times_read() {
    assert_eq!(parse_until("2h", 1000), Ok(8200));
    assert_eq!(parse_until("1970-01-02", 0), Ok(86_400));
    assert_eq!(parse_until("1970-01-01 01:00", 0), Ok(3600));
    assert_eq!(parse_until("1970-01-01T01:00:00+01:00", 5), Ok(0));
    assert!(parse_until("soon", 0).is_err());
}

#[test]
fn a_fingerprint_has_no_numbers() {
    let one = fingerprint(
        "step_failed",
        Some("research"),
        "Reached maximum budget ($0.001) in sp-123abc after 12 s",
    );
    let two = fingerprint(
        "step_failed",
        Some("research"),
        "Reached maximum budget ($4.20) in sp-0000ff after 900 s",
    );
    assert_eq!(one, two);
    assert_ne!(one, fingerprint("step_failed", Some("report"), "Reached maximum budget"));
}

#[test]
fn a_failure_of_another_clocks_future_is_not_waited_for() {
    let limits = limits();
    let at = |ended: i64| {
        [attempt(AttemptState::Failed {
            infrastructure: true,
            shared: true,
            known: 0,
            fingerprint: "lost".to_owned(),
            ended,
            exhausted: false,
            reset: None,
        })]
    };
    // A cluster's clock is a little ahead, as clocks are; or years, as broken ones are.
    assert!(matches!(next(&situation(&limits, &at(1_000_030))), Next::Wait(_)));
    assert_eq!(next(&situation(&limits, &at(1_000_000 + 400 * 86_400))), BEGIN);
}

fn lost(made: i64, ended: i64) -> Attempt {
    Attempt {
        made,
        ..attempt(AttemptState::Failed {
            infrastructure: true,
            shared: true,
            known: ended,
            fingerprint: "lost".to_owned(),
            ended,
            exhausted: false,
            reset: None,
        })
    }
}

#[test]
fn one_incident_that_meets_many_sprints_at_once_is_one_failure() {
    let limits = limits();
    let at_once: Vec<Attempt> = (0..8).map(|n| lost(900_000 + n, 950_000 + n)).collect();
    assert_eq!(next(&situation(&limits, &at_once)), BEGIN);
    let one_by_one: Vec<Attempt> =
        (0..5).map(|n| lost(900_000 + 100 * n, 900_050 + 100 * n)).collect();
    assert_eq!(rule(&situation(&limits, &one_by_one)), Some(StopRule::Failures));
}

#[test]
fn one_cause_that_met_several_sprints_at_once_counts_once_for_every_rule() {
    let limits = Limits { parallel: 4, count: 10, ..limits() };
    let met = |made: i64, known: i64, shared: bool, what: &str| Attempt {
        id: SprintId::of(&format!("sp-{made:06}")),
        made,
        ..attempt(AttemptState::Failed {
            infrastructure: false,
            shared,
            known,
            fingerprint: what.to_owned(),
            ended: 900_000 + known,
            exhausted: false,
            reset: None,
        })
    };
    // A full disk, and an evaluator that is broken, meet what runs beside each other.
    for (shared, what) in
        [(true, "disk_full in research"), (false, "step_failed in evaluate: no such file")]
    {
        let mut attempts: Vec<Attempt> = (0..4).map(|n| met(n, 10 + n, shared, what)).collect();
        assert_eq!(next(&situation(&limits, &attempts)), BEGIN, "{what}");
        // One that was begun after that is another try.
        attempts.push(met(20, 30, shared, what));
        assert!(
            matches!(next(&situation(&limits, &attempts)), Next::Stop(StopRule::SameFailure, why) if why.starts_with("sp-000000 and sp-000020 failed")),
            "{what}"
        );
    }
    // A disk that is full meets each in another step.
    let steps: Vec<Attempt> =
        (0..6).map(|n| met(n, 10 + n, true, &format!("disk_full in step {n}"))).collect();
    assert_eq!(next(&situation(&limits, &steps)), BEGIN);
    // Different failures of the work are as many.
    let work: Vec<Attempt> =
        (0..5).map(|n| met(n, 10 + n, false, &format!("step_failed in {n}"))).collect();
    assert_eq!(rule(&situation(&limits, &work)), Some(StopRule::Failures));
}

#[test]
fn a_wait_grows_with_each_cause_and_not_with_each_sprint_that_it_met() {
    let limits = Limits { parallel: 4, count: 10, ..limits() };
    let at_once: Vec<Attempt> = (0..4).map(|n| lost(n, 999_900 + n)).collect();
    assert_eq!(
        next(&Situation { now: 999_963, ..situation(&limits, &at_once) }),
        BEGIN,
        "a minute after the last"
    );
    let twice: Vec<Attempt> =
        at_once.into_iter().chain((0..4).map(|n| lost(999_950 + n, 999_960 + n))).collect();
    assert!(
        matches!(next(&Situation { now: 1_000_024, ..situation(&limits, &twice) }), Next::Wait(_)),
        "two minutes"
    );
}

#[test]
fn a_usage_limit_is_waited_for_until_it_is_reset() {
    let limits = limits();
    let failed = |reset| {
        attempt(AttemptState::Failed {
            infrastructure: true,
            shared: true,
            known: 0,
            fingerprint: "usage_limit".to_owned(),
            ended: 999_000,
            exhausted: false,
            reset: Some(reset),
        })
    };
    let waits = [failed(1_015_000)];
    assert!(
        matches!(next(&situation(&limits, &waits)), Next::Wait(why) if why.contains("1970-01-12 17:56 UTC"))
    );
    assert_eq!(next(&situation(&limits, &[failed(1_000_000)])), BEGIN);
    // Nor is a sprint submitted that was made before.
    let both = [failed(1_015_000), attempt(AttemptState::Live)];
    assert!(matches!(objection(&situation(&limits, &both)), Some(Next::Wait(_))));
    assert_eq!(objection(&situation(&limits, &[attempt(AttemptState::Live)])), None);
}

#[test]
fn what_a_limit_has_cut_short_is_no_failure_of_the_work() {
    let limits = Limits { max_cost_usd: Some(1.0), parallel: 2, ..limits() };
    let spent = || {
        attempt(AttemptState::Failed {
            infrastructure: false,
            shared: false,
            known: 0,
            fingerprint: "budget".to_owned(),
            ended: 999_990,
            exhausted: true,
            reset: None,
        })
    };
    let attempts = [spent(), spent()];
    let mut now = situation(&limits, &attempts);
    now.money.spent = 1.0;
    assert_eq!(rule(&now), Some(StopRule::MaxCost));
}

#[test]
fn a_deleted_sprint_that_completed_counts_on() {
    let limits = limits();
    let attempts = [completed()];
    let mut now = situation(&limits, &attempts);
    now.forgotten = 2;
    assert_eq!(rule(&now), Some(StopRule::Count));
}
