//! What a study may still spend, and what one more sprint of it gets of that.

use super::error::CreateError;
use super::request::{NewSprintSpec, Request};
use crate::config::Study;
use crate::domain::action::{Action, LoopOption};
use crate::domain::allowance::{Allowance, LEAST_USD, as_f64, lesser, seconds_within};
use crate::store::{Change, Cut, Spent, SprintRow, StoreError};

/// What a study may still cost, where that is limited.
///
/// # Errors
/// That nothing is left.
pub fn left_usd(change: &Change<'_>, study: &Study) -> Result<Option<f64>, CreateError> {
    if study.max_study_cost_usd.is_none() {
        return Ok(None);
    }
    left_of(study, &change.money_of_study(study.name.as_str())?)
}

fn left_of(study: &Study, used: &Spent) -> Result<Option<f64>, CreateError> {
    let Some(max) = study.max_study_cost_usd else { return Ok(None) };
    let left = max - used.cost_usd - used.reserved_usd;
    if left >= LEAST_USD {
        return Ok(Some(left));
    }
    let what = format!(
        "${:.2} of the ${max:.2} that the study {} may cost are used, ${:.2} are reserved",
        used.cost_usd, study.name, used.reserved_usd
    );
    Err(CreateError::Limit { what, study: study.name.to_string() })
}

/// What a sprint may cost by its own and its study's word, without what others have used.
fn own_budget(study: &Study, request: &Request) -> Option<f64> {
    lesser(request.max_cost_usd, study.max_cost_usd)
}

/// What an allowance is less of than the sprint would have had without the study's and the loop's limits.
pub(super) fn cut(allowance: Allowance, study: &Study, request: &Request) -> Cut {
    let own = own_budget(study, request);
    Cut {
        money: allowance.budget_usd.is_some_and(|budget| own.is_none_or(|own| budget < own)),
        time: allowance.seconds < request.seconds.unwrap_or(study.max_sprint_duration),
    }
}

/// What the limits leave for the next job of a sprint.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum NextJob {
    /// It may use that, which is less of this than without limits.
    May(Allowance, Cut),
    /// A limit keeps it from going on. Why, for people.
    Held(String),
}

/// Bounds a sprint by what the study's limits leave. A loop has reckoned with them before: what it
/// hands over stands.
pub(super) fn allowance(
    change: &Change<'_>,
    study: &Study,
    wanted: &NewSprintSpec<'_>,
    gpus: Option<u32>,
) -> Result<Allowance, CreateError> {
    let seconds = wanted.request.seconds.unwrap_or(study.max_sprint_duration);
    let own = wanted.budget_usd.or(wanted.request.max_cost_usd);
    let mut allowance = Allowance { budget_usd: lesser(own, study.max_cost_usd), seconds };
    if wanted.loop_id.is_some()
        || (study.max_study_cost_usd.is_none() && study.max_study_gpu_hours.is_none())
    {
        return Ok(allowance);
    }
    let used = change.money_of_study(study.name.as_str())?;
    let limit = |what: String| Err(CreateError::Limit { what, study: study.name.to_string() });
    allowance.budget_usd = lesser(left_of(study, &used)?, allowance.budget_usd);
    if let Some(max) = study.max_study_gpu_hours {
        let unknown = if used.gpu_unknown {
            change.gpu_unknown_sprints(study.name.as_str())?
        } else {
            Vec::new()
        };
        if gpus.is_some() && !unknown.is_empty() {
            return Err(CreateError::UnknownGpus {
                study: study.name.to_string(),
                sprints: unknown,
            });
        }
        let (Some(gpus), false) = (gpus, used.gpu_unknown) else {
            return limit(format!(
                "the GPU-hours of the study {} are limited, but it is not known how many GPUs its jobs have",
                study.name
            ));
        };
        let left =
            max.mul_add(3600.0, -as_f64(used.gpu_seconds)) - as_f64(used.reserved_gpu_seconds);
        let Some(seconds) = seconds_within(left, gpus, allowance.seconds) else {
            return limit(format!(
                "the {max} GPU-hours that the study {} may use are used or reserved",
                study.name
            ));
        };
        allowance.seconds = seconds;
    }
    Ok(allowance)
}

/// Bounds the next job of a sprint that has had jobs before, by what the limits of its study and
/// of its loop leave by now. Otherwise says which limit keeps it from going on.
pub(super) fn allowance_for_next_job(
    change: &Change<'_>,
    study: &Study,
    row: &SprintRow,
) -> Result<NextJob, StoreError> {
    let own = change.money_of_sprint(&row.id)?;
    let of_study = change.money_of_study(study.name.as_str())?;
    let mut limits = vec![(
        format!("the study {}", study.name),
        study.max_study_cost_usd,
        study.max_study_gpu_hours,
        of_study,
    )];
    if let Some(id) = row.loop_id.as_ref()
        && let Some(one) = change.one_loop(id)?
    {
        if one.limits.until.is_some_and(|until| change.now().as_second() >= until) {
            let edit = Action::EditLoop { id: id.to_string(), with: LoopOption::Until };
            return Ok(NextJob::Held(format!(
                "{id} has reached its time limit; `{edit}` gives it more"
            )));
        }
        limits.push((
            id.to_string(),
            one.limits.max_cost_usd,
            one.limits.max_gpu_hours,
            change.money_of_loop(id)?,
        ));
    }
    // What a limit had left it may be more by now.
    let request = Request::read(&row.request);
    let budget_usd = if row.cut.money { own_budget(study, &request) } else { row.budget_usd };
    let mut allowance = Allowance { budget_usd, seconds: row.seconds };
    let mut cut = Cut { money: false, time: row.cut.time };
    for (whose, max_cost, max_gpu_hours, used) in limits {
        if let Some(max) = max_cost {
            // What is reserved for itself is what it may use; what it has spent counts as spent.
            let left = max - used.cost_usd - (used.reserved_usd - own.reserved_usd);
            if left < LEAST_USD {
                return Ok(NextJob::Held(format!(
                    "${:.2} of the ${max:.2} that {whose} may cost are used or reserved",
                    max - left
                )));
            }
            let most = own.cost_usd + left;
            if allowance.budget_usd.is_none_or(|budget| most < budget) {
                allowance.budget_usd = Some(most);
                cut.money = true;
            }
        }
        if let Some(max) = max_gpu_hours {
            let (Some(gpus), false) = (row.gpus, used.gpu_unknown) else {
                return Ok(NextJob::Held(format!(
                    "the GPU-hours of {whose} are limited, but it is not known how many GPUs its jobs have"
                )));
            };
            let reserved = used.reserved_gpu_seconds.saturating_sub(own.reserved_gpu_seconds);
            let left = max.mul_add(3600.0, -as_f64(used.gpu_seconds)) - as_f64(reserved);
            let Some(seconds) = seconds_within(left, gpus, allowance.seconds) else {
                return Ok(NextJob::Held(format!(
                    "the {max} GPU-hours that {whose} may use are used or reserved"
                )));
            };
            cut.time |= seconds < allowance.seconds;
            allowance.seconds = seconds;
        }
    }
    Ok(NextJob::May(allowance, cut))
}
