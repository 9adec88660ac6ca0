//! What runs, what waits, what needs somebody, and what was spent.

use jiff::Timestamp;

use super::outcome::{Metrics, listed};
use crate::app::App;
use crate::cron::EVERY;
use crate::domain::{LoopId, Status};
use crate::platform::clock;
use crate::problem::Problem;
use crate::store::{Spent, Store, conflicting_copy};
use crate::tick;
use crate::view::{self, StudyMetric, StudyStatus, TickStatus, UnsentNotices, Usage};

/// Without cron, this much is long for something that waits for a tick.
const LONG: u64 = 900;

/// Most sprints that are told of as ended.
const MOST_ENDED: u32 = 50;

/// Looks at everything at once. `ended_since`: sprints that have ended since then are told, too.
pub fn status(app: &App, ended_since: Option<Timestamp>) -> Result<view::Status, Problem> {
    let store = &app.store()?;
    let mut metrics = Metrics::new(app);
    let now = app.clock.now();
    let (mut running, mut waiting) = (Vec::new(), Vec::new());
    for row in store.live_sprints()? {
        if matches!(row.state.status(), Status::Running | Status::Cancelling) {
            running.push(view::sprint_running(store, &row)?);
        } else {
            waiting.push(view::sprint(&row));
        }
    }
    let mut loops = Vec::new();
    for row in store.loops(None, true, 100)? {
        let mut one = view::loop_found(store, &row)?;
        one.sprints.clear();
        loops.push(one);
    }
    let midnight =
        Timestamp::from_second(now.as_second() - now.as_second().rem_euclid(86_400)).unwrap_or(now);
    let today = store.spent_since(midnight)?;
    let money = store.money_by_study()?;
    let mut names: Vec<String> =
        app.config.studies.iter().map(|study| study.name.to_string()).collect();
    names.extend(
        money
            .iter()
            .map(|(name, _)| name.clone())
            .filter(|name| !app.config.studies.iter().any(|study| study.name.as_str() == name)),
    );
    let ended = match ended_since {
        Some(since) => store.sprints_ended_since(since, MOST_ENDED)?,
        None => Vec::new(),
    };
    let ended = ended.iter().map(|row| listed(store, &mut metrics, row));
    let ended = ended.collect::<Result<_, _>>()?;
    let mut studies = Vec::new();
    for name in names {
        let metric = match metrics.of(&name) {
            Some((metric, better)) => {
                let rows = store.metric_history(&name, metric)?;
                let board = view::leaderboard(metric, *better, &rows);
                // What a review doubts is no study's best.
                let best = board.places.first();
                let best = best.filter(|best| best.apart.is_none() && best.open_issues.is_none());
                best.map(|best| StudyMetric {
                    name: metric.clone(),
                    best: best.value,
                    values: board.values.clone(),
                })
            }
            None => None,
        };
        let tasks = store.task_counts(Some(&name))?;
        let today = today
            .iter()
            .find(|(study, _)| *study == name)
            .map(|(_, spent)| *spent)
            .unwrap_or_default();
        studies.push(StudyStatus {
            active: running
                .iter()
                .chain(&waiting)
                .filter(|sprint| sprint.study_name == name)
                .count() as u64,
            tasks: tasks
                .into_iter()
                .filter(|(_, count)| *count > 0)
                .map(|(state, count)| (state.as_str(), count))
                .collect(),
            spent_today_usd: today.cost_usd,
            spent_today_estimated: today.estimated,
            spent_today_unknown: today.unknown_usd.is_some(),
            spent_today_unknown_usd: today.unknown_usd.unwrap_or(0.0),
            spent: Usage::from(
                &money
                    .iter()
                    .find(|(study, _)| *study == name)
                    .map(|(_, spent)| *spent)
                    .unwrap_or_default(),
            ),
            metric,
            name,
        });
    }
    // A sprint that waits for an answer waits for no tick, and neither does a loop that waits for it.
    let asks = |sprint: &view::Sprint| sprint.waits_for.is_some();
    let asking: Vec<&LoopId> = waiting
        .iter()
        .filter(|sprint| asks(sprint))
        .filter_map(|sprint| sprint.loop_id.as_ref())
        .collect();
    let busy = !running.is_empty()
        || waiting.iter().any(|sprint| !asks(sprint))
        || loops.iter().any(|one| !asking.contains(&&one.id));
    let mut of_all = Spent::default();
    today.iter().for_each(|(_, spent)| of_all.add(spent));
    Ok(view::Status {
        needs_you: store
            .messages(false)?
            .iter()
            .filter(|row| row.waits_for_person())
            .map(view::message)
            .collect(),
        total: Usage::from(&store.money()?),
        spent_today_usd: of_all.cost_usd,
        spent_today_estimated: of_all.estimated,
        spent_today_unknown: of_all.unknown_usd.is_some(),
        spent_today_unknown_usd: of_all.unknown_usd.unwrap_or(0.0),
        tick: tick_status(store, busy, now)?,
        running,
        waiting,
        ended,
        loops,
        studies,
        notices: store.unsent_notices()?.into_iter().map(UnsentNotices::from).collect(),
        database_problems: store
            .behind()
            .map(ToString::to_string)
            .into_iter()
            .chain(conflicting_copy(&app.config.db_path))
            .collect(),
        now,
    })
}

fn tick_status(store: &Store, busy: bool, now: Timestamp) -> Result<TickStatus, Problem> {
    let (last, good) = tick::last_ticks(store)?;
    let every = store.fact(EVERY)?.and_then(|text| text.parse::<u64>().ok());
    let since_good = good.as_ref().map(|mark| clock::seconds_between(mark.time, now));
    // Cron is expected to come whether there is something to do or not.
    let is_overdue = match every {
        Some(every) => since_good.is_none_or(|seconds| seconds > 3 * every),
        None => busy && since_good.is_none_or(|seconds| seconds > LONG),
    };
    Ok(TickStatus {
        last_at: last.as_ref().map(|mark| mark.time.to_string()),
        last_by: last.as_ref().map(|mark| mark.by.clone()),
        last_problems: last.map(|mark| mark.problems).unwrap_or_default(),
        last_good_at: good.map(|mark| mark.time.to_string()),
        cron_every_seconds: every,
        is_overdue,
    })
}
