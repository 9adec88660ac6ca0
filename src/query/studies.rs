//! The studies of the configuration, and what they have used.

use super::outcome::{Metrics, listed};
use crate::app::App;
use crate::config::Study;
use crate::problem::Problem;
use crate::store::{SprintFilter, Store};
use crate::study::Program;
use crate::view;

/// Most sprints that are shown of a study.
const MOST_SPRINTS: u32 = 10;

/// All studies.
pub fn studies(app: &App) -> Result<view::Studies, Problem> {
    Ok(view::Studies { studies: shown(&app.store()?, &app.config.studies)? })
}

/// One study, what it is after, and its newest sprints.
pub fn study(app: &App, name: &str) -> Result<view::OneStudy, Problem> {
    let study = app.config.study(name)?;
    let store = app.store()?;
    let filter = SprintFilter { study: Some(name), limit: MOST_SPRINTS, ..SprintFilter::default() };
    let shown = shown(&store, std::slice::from_ref(study))?.pop();
    let (rows, mut metrics) = (store.sprints(&filter)?, Metrics::new(app));
    Ok(view::OneStudy {
        study: shown,
        sprints: rows
            .iter()
            .map(|row| listed(&store, &mut metrics, row))
            .collect::<Result<_, _>>()?,
        program: view::program(&Program::load(&app.config, study, app.clock.now())),
    })
}

fn shown(store: &Store, studies: &[Study]) -> Result<Vec<view::Study>, Problem> {
    let counts = store.study_counts()?;
    // Of sprints that were deleted, too: limits are held against the same sum.
    let money = store.money_by_study()?;
    Ok(studies
        .iter()
        .map(|study| {
            let name = study.name.as_str();
            let (sprints, active) = counts
                .iter()
                .find(|(known, ..)| known == name)
                .map_or((0, 0), |(_, sprints, active)| (*sprints, *active));
            let spent = money
                .iter()
                .find(|(known, _)| known == name)
                .map(|(_, spent)| *spent)
                .unwrap_or_default();
            view::Study {
                name: study.name.to_string(),
                cluster: study.cluster.to_string(),
                description: study.description.clone(),
                sprints,
                active,
                cost_usd: spent.cost_usd,
                spent: view::Usage::from(&spent),
                max_study_cost_usd: study.max_study_cost_usd,
                max_study_gpu_hours: study.max_study_gpu_hours,
                allow_loop: study.allow_loop,
                max_sprint_duration_hours: f64::from(
                    u32::try_from(study.max_sprint_duration).unwrap_or(u32::MAX),
                ) / 3600.0,
                red_team_max_rounds: study.red_team_max_rounds,
            }
        })
        .collect())
}
