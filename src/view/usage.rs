//! The shape of what was spent.

use serde::Serialize;

use crate::store::Spent;

/// What something has cost so far, and what is put aside for what still runs.
#[derive(Debug, Clone, Serialize)]
pub struct Usage {
    /// US dollars at list prices.
    pub cost_usd: f64,
    /// Whether the cost is not exact.
    pub cost_estimated: bool,
    /// Whether some of it is not known at all, because its record is gone.
    pub cost_unknown: bool,
    /// The dollars that count in its place.
    pub cost_unknown_usd: f64,
    /// All tokens.
    pub tokens: u64,
    /// Seconds that jobs ran.
    pub wall_seconds: u64,
    /// GPUs times seconds.
    pub gpu_seconds: u64,
    /// Whether some job's number of GPUs is not known: then `gpu_seconds` is too low.
    pub gpu_unknown: bool,
    /// Dollars that sprints which are not over may still spend, where a budget bounds them.
    pub reserved_usd: f64,
    /// GPU seconds that sprints which are not over may still use.
    pub reserved_gpu_seconds: u64,
}

impl From<&Spent> for Usage {
    fn from(spent: &Spent) -> Self {
        Self {
            cost_usd: spent.cost_usd,
            cost_estimated: spent.estimated,
            cost_unknown: spent.unknown_usd.is_some(),
            cost_unknown_usd: spent.unknown_usd.unwrap_or(0.0),
            tokens: spent.tokens,
            wall_seconds: spent.wall_seconds,
            gpu_seconds: spent.gpu_seconds,
            gpu_unknown: spent.gpu_unknown,
            reserved_usd: spent.reserved_usd,
            reserved_gpu_seconds: spent.reserved_gpu_seconds,
        }
    }
}
