//! What is wanted of a loop, on the command line.

use clap::Args;

use crate::auto_loop::Order;

#[derive(Debug, Args)]
pub struct OrderArgs {
    /// How many sprints are to complete; 3 unless the study's program.md says otherwise
    #[arg(short = 'n', long = "count", value_name = "COUNT")]
    count: Option<u32>,
    /// What ideas are wanted
    #[arg(short = 'm', long = "context", visible_alias = "message", value_name = "TEXT")]
    context: Option<String>,
    /// What all its sprints may cost, in US dollars; `none` for no limit
    #[arg(long, value_name = "USD")]
    max_cost: Option<String>,
    /// What all its jobs may use, GPUs times hours; `none` for no limit
    #[arg(long, value_name = "HOURS")]
    max_gpu_hours: Option<String>,
    /// Begin no sprint after this time: 12h, 2026-12-24, "2026-12-24 18:00" (UTC); a number alone is hours from now; `none` for no limit
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// Stop when a metric is reached: accuracy>=0.95, loss<=0.1; one run is enough, and is told as such; `none` for no target
    #[arg(long, value_name = "METRIC")]
    target: Option<String>,
    /// Stop after so many measured sprints without an improvement beyond the noise; a new best that may be luck does not count; `none` for never
    #[arg(long, value_name = "SPRINTS")]
    patience: Option<String>,
    /// How many sprints at once
    #[arg(long, value_name = "N")]
    parallel: Option<u32>,
    /// Ask you before an idea that a job has found is worked on
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    approve: Option<bool>,
    /// Try only tasks of the backlog, and end when none is left
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    tasks_only: Option<bool>,
}

impl OrderArgs {
    /// What is wanted of the loop.
    pub fn order(&self) -> Order {
        Order {
            count: self.count,
            guidance: self.context.clone(),
            max_cost_usd: self.max_cost.clone(),
            max_gpu_hours: self.max_gpu_hours.clone(),
            until: self.until.clone(),
            target: self.target.clone(),
            patience: self.patience.clone(),
            parallel: self.parallel,
            approve: self.approve,
            tasks_only: self.tasks_only,
        }
    }
}
