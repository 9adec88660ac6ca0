//! The sums of money and time in SQL, beside the same reckoning in plain Rust.

use proptest::prelude::*;

use super::{Spent, Store};
use crate::domain::Status;
use crate::platform::clock::Clock;

/// The time of all of this, in seconds since 1970.
const NOW: i64 = 1_800_000_000;

#[derive(Debug, Clone)]
struct Job {
    seconds: Option<i64>,
    gpus: Option<i64>,
    ran: Option<i64>,
    earlier: i64,
    /// Seconds before now, by the node's clock.
    started: Option<i64>,
    ended: Option<i64>,
    /// From when it counts, by our clock.
    counts: Option<i64>,
    /// Its lines: seconds after it began, and whether it is the end of a run.
    lines: Vec<(i64, bool)>,
}

#[derive(Debug, Clone)]
struct Sprint {
    status: Status,
    study: &'static str,
    seconds: i64,
    cost: f64,
    budget: Option<f64>,
    gpus: Option<i64>,
    completed: Option<i64>,
    unknown: bool,
    jobs: Vec<Job>,
}

fn job() -> impl Strategy<Value = Job> {
    let ago = || proptest::option::of(0..20_000_i64);
    (
        (proptest::option::of(60..9000_i64), proptest::option::of(0..5_i64), ago(), 0..500_i64),
        (ago(), ago(), ago(), proptest::collection::vec((0..9000_i64, any::<bool>()), 0..4)),
    )
        .prop_map(|((seconds, gpus, ran, earlier), (started, ended, counts, lines))| Job {
            seconds,
            gpus,
            ran,
            earlier,
            started,
            ended,
            counts,
            lines,
        })
}

fn sprint() -> impl Strategy<Value = Sprint> {
    let money = || (0..2000_u32).prop_map(|cents| f64::from(cents) / 100.0);
    (
        (proptest::sample::select(Status::ALL), proptest::sample::select(&["a", "b"][..])),
        (60..9000_i64, money(), proptest::option::of(money()), proptest::option::of(0..5_i64)),
        (proptest::option::of(0..20_000_i64), any::<bool>()),
        proptest::collection::vec(job(), 0..3),
    )
        .prop_map(
            |((status, study), (seconds, cost, budget, gpus), (completed, unknown), jobs)| Sprint {
                status,
                study,
                seconds,
                cost,
                budget,
                gpus,
                completed,
                unknown,
                jobs,
            },
        )
}

fn number_of(place: usize) -> i64 {
    i64::try_from(place).expect("small")
}

fn time(ago: i64) -> String {
    jiff::Timestamp::from_second(NOW - ago).expect("a time").to_string()
}

fn store(sprints: &[Sprint]) -> Store {
    let now = jiff::Timestamp::from_second(NOW).expect("a time");
    let store =
        Store::in_memory().expect("a database").with_clock(Clock::standing(now)).expect("a clock");
    let run = |sql: &str, values: &[&dyn rusqlite::ToSql]| {
        store.connection.execute(sql, values).expect("written");
    };
    for (number, sprint) in sprints.iter().enumerate() {
        let id = format!("sp-{number:06x}");
        run(
            "INSERT INTO sprints (id, study_name, cluster, scheduler, status, directory, remote_dir, created_at, request, seconds, attempt, cost_usd,
                cost_unknown, untold_usd, gpus, budget_usd, completed_at, input_tokens) VALUES (?1, ?2, 'c', 'slurm', ?3, '', '', '', '{}', ?4, ?5, ?6, ?7, 0.5, ?8, ?9, ?10, 7)",
            &[
                &id,
                &sprint.study,
                &sprint.status.as_str(),
                &sprint.seconds,
                &number_of(sprint.jobs.len()),
                &sprint.cost,
                &(if sprint.unknown { "gone" } else { "" }),
                &sprint.gpus,
                &sprint.budget,
                &sprint.completed.map(time),
            ],
        );
        let mut seq: i64 = 0;
        for (place, job) in sprint.jobs.iter().enumerate() {
            let attempt = number_of(place + 1);
            run(
                "INSERT INTO jobs (sprint_id, attempt, name, sent_at, started_at, ended_at, earlier_seconds, gpus, seconds, ran_seconds, journal_from)
                 VALUES (?1, ?2, '', '', ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
                &[
                    &id,
                    &attempt,
                    &job.started.map(time),
                    &job.ended.map(time),
                    &job.earlier,
                    &job.gpus,
                    &job.seconds,
                    &job.ran,
                    &seq,
                ],
            );
            for (after, is_end) in &job.lines {
                seq += 1;
                let kind = if *is_end { "run_ended" } else { "said" };
                let told = time(job.started.unwrap_or(0) - after);
                run(
                    "INSERT INTO journal (sprint_id, seq, incarnation, time, kind, line) VALUES (?1, ?2, 1, ?3, ?4, '')",
                    &[&id, &seq, &told, &kind],
                );
            }
            if let Some(ago) = job.counts {
                let data = format!("{{\"attempt\":{attempt},\"from\":{}}}", NOW - ago);
                run(
                    "INSERT INTO events (time, sprint_id, kind, data) VALUES ('', ?1, 'job_counts', ?2)",
                    &[&id, &data],
                );
            }
        }
    }
    store
}

/// How long a job ran, and how long it may.
fn reckoned(sprint: &Sprint, place: usize) -> (i64, i64) {
    let job = &sprint.jobs[place];
    let most = job.seconds.unwrap_or(sprint.seconds);
    if let Some(ran) = job.ran {
        return (ran, most);
    }
    let Some(started) = job.started else { return (job.earlier, most) };
    let is_newest = place + 1 == sprint.jobs.len();
    // What passed there: between its first and its last line.
    let there = job.lines.last().map(|(after, _)| *after);
    let ran = if let Some((after, true)) = job.lines.last() {
        *after
    } else {
        // What passed here: since it was heard of, until its end or now.
        let end = if sprint.status.is_terminal() && is_newest {
            sprint.completed.or(job.ended)
        } else if job.ended.is_some() {
            job.ended
        } else {
            (matches!(sprint.status, Status::Running | Status::Cancelling) && is_newest)
                .then_some(0)
        };
        let here = end.map_or(0, |end| job.counts.unwrap_or(started) - end);
        there.unwrap_or(0).max(here)
    };
    (job.earlier + ran.min(most).max(0), most)
}

fn spent(sprints: &[Sprint], study: Option<&str>) -> Spent {
    let count = |value: i64| u64::try_from(value).expect("positive");
    let mut sum = Spent::default();
    for sprint in sprints.iter().filter(|one| study.is_none_or(|study| study == one.study)) {
        let is_over = sprint.status.is_terminal();
        sum.cost_usd += sprint.cost;
        sum.tokens += 7;
        if sprint.unknown {
            sum.unknown_usd = Some(sum.unknown_usd.unwrap_or(0.0) + 0.5);
        }
        let mut newest = (0, sprint.seconds);
        for (place, job) in sprint.jobs.iter().enumerate() {
            let (wall, most) = reckoned(sprint, place);
            let gpus = job.gpus.or(sprint.gpus);
            sum.wall_seconds += count(wall);
            sum.gpu_seconds += count(wall * gpus.unwrap_or(0));
            sum.gpu_unknown |= wall > 0 && gpus.is_none();
            newest = (wall, most);
        }
        if !is_over {
            sum.gpu_unknown |= sprint.gpus.is_none();
            sum.reserved_usd += (sprint.budget.unwrap_or(0.0) - sprint.cost).max(0.0);
            let left = match sprint.status {
                Status::Pending | Status::Parked => sprint.seconds,
                _ => (newest.1 - newest.0).max(0),
            };
            sum.reserved_gpu_seconds += count(sprint.gpus.unwrap_or(0) * left);
        }
    }
    sum
}

/// The same, but for what floating point makes of sums in another order.
fn close(one: &Spent, other: &Spent) -> bool {
    let near = |one: f64, other: f64| (one - other).abs() < 1e-6;
    near(one.cost_usd, other.cost_usd)
        && near(one.reserved_usd, other.reserved_usd)
        && one.unknown_usd.is_some() == other.unknown_usd.is_some()
        && near(one.unknown_usd.unwrap_or(0.0), other.unknown_usd.unwrap_or(0.0))
        && Spent { cost_usd: 0.0, reserved_usd: 0.0, unknown_usd: None, ..*one }
            == Spent { cost_usd: 0.0, reserved_usd: 0.0, unknown_usd: None, ..*other }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn the_sums_are_those_of_plain_rust(sprints in proptest::collection::vec(sprint(), 0..4)) {
        let store = store(&sprints);
        let (found, expected) = (store.money().expect("a sum"), spent(&sprints, None));
        prop_assert!(close(&found, &expected), "{:?}\n{:?}", found, expected);
        for study in ["a", "b"] {
            let found = store.money_of_study(study).expect("a sum");
            let expected = spent(&sprints, Some(study));
            prop_assert!(close(&found, &expected), "{}: {:?}\n{:?}", study, found, expected);
        }
        for (name, found) in store.money_by_study().expect("sums") {
            let expected = spent(&sprints, Some(&name));
            prop_assert!(close(&found, &expected), "{}: {:?}\n{:?}", name, found, expected);
        }
    }
}
