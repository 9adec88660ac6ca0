//! What a person has to know of a study's context before a sprint is sent.

use crate::app::App;
use crate::bundle::context;
use crate::config::UnknownName;

/// What of a study's context nobody has written yet, a sentence each.
pub fn unfilled_context(app: &App, study: &str) -> Result<Vec<String>, UnknownName> {
    let (study, cluster) = app.study_and_cluster(study)?;
    let context = context::assemble(&app.config, cluster, study, app.clock.now());
    let unfilled = context.map(|context| context.unfilled).unwrap_or_default();
    Ok(unfilled.iter().map(|unfilled| context::unfilled_text(unfilled)).collect())
}
