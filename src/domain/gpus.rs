//! What the GPUs of a job do.

use serde::{Deserialize, Serialize};

use super::duration::human;

/// A GPU of a job at one time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gpu {
    /// Its number, as `nvidia-smi` counts.
    pub index: u32,
    /// What it is.
    pub name: String,
    /// How much of the time it has computed, in percent; none when that is not known.
    pub use_percent: Option<u8>,
    /// Memory in use, in MiB; none when that is not known.
    pub memory_mb: Option<u64>,
    /// Memory in all, in MiB.
    pub of_mb: Option<u64>,
}

/// What the GPUs of a job do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GpuUse {
    /// Each of them.
    pub gpus: Vec<Gpu>,
    /// How much they were used so far, in percent, over all looks at all of them.
    pub mean_use_percent: Option<u8>,
    /// For how long all of them have been idle.
    pub idle_seconds: u64,
}

impl GpuUse {
    /// What they do, in a line.
    pub fn now(&self) -> String {
        let mut text = self.which();
        let uses: Vec<u64> =
            self.gpus.iter().filter_map(|gpu| gpu.use_percent.map(u64::from)).collect();
        if let Some(mean) = uses.iter().sum::<u64>().checked_div(uses.len() as u64) {
            text.push_str(&format!(", {mean} % used"));
        }
        let used: Option<Vec<u64>> = self.gpus.iter().map(|gpu| gpu.memory_mb).collect();
        let total: Option<Vec<u64>> = self.gpus.iter().map(|gpu| gpu.of_mb).collect();
        if let (Some(used), Some(total)) = (used, total) {
            let tenths = |sizes: Vec<u64>| sizes.iter().sum::<u64>() * 10 / 1024;
            let (used, total) = (tenths(used), tenths(total));
            text.push_str(&format!(", {}.{} of {} GB", used / 10, used % 10, total / 10));
        }
        if self.idle_seconds >= 60 {
            text.push_str(&format!(", idle for {}", human(self.idle_seconds)));
        }
        text
    }

    /// What they have done, in a line.
    pub fn in_all(&self) -> String {
        match self.mean_use_percent {
            Some(mean) => format!("{}, {mean} % used on average", self.which()),
            None => self.which(),
        }
    }

    fn which(&self) -> String {
        let first = self.gpus.first().map_or("GPU", |gpu| gpu.name.as_str());
        let is_one_kind = self.gpus.iter().all(|gpu| gpu.name == first);
        match self.gpus.len() {
            0 | 1 => first.to_owned(),
            many if is_one_kind => format!("{many} × {first}"),
            many => format!("{many} GPUs"),
        }
    }
}
