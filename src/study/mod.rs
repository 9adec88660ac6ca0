//! What a study says of itself beside the configuration.

use crate::config::{Config, Study};
use crate::domain::Better;
use crate::domain::auto_loop::Target;

#[derive(Debug, Clone, Default)]
pub struct Program {
    pub guidance: String,
    pub metric: Option<MetricSpec>,
    pub target: Option<Target>,
    pub limits: ProgramLimits,
}
#[derive(Debug, Clone)]
pub struct MetricSpec {
    pub name: String,
    pub better: Better,
}
#[derive(Debug, Clone, Default)]
pub struct ProgramLimits {
    pub count: Option<u32>,
    pub max_cost_usd: Option<f64>,
    pub max_gpu_hours: Option<f64>,
    pub until: Option<String>,
    pub patience: Option<u32>,
}
impl Program {
    pub fn load(_config: &Config, _study: &Study) -> Self {
        Self::default()
    }
    pub fn metric_of(&self, _study: &Study) -> Option<MetricSpec> {
        self.metric.clone()
    }
}
