//! The lab: a real sshd, a real SLURM and a real SGE on loopback, brought up by `tests/lab/up`.

use std::collections::BTreeMap;
use std::path::PathBuf;

/// What `lab.env` says.
#[derive(Debug, Clone)]
pub struct Lab(BTreeMap<String, String>);

impl Lab {
    /// One of its values.
    ///
    /// # Panics
    /// When there is no such value: then the lab is another one than these tests expect.
    #[track_caller]
    pub fn get(&self, name: &str) -> String {
        self.0.get(name).cloned().unwrap_or_else(|| panic!("lab.env has no {name}"))
    }

    /// Values that administrative commands (`squeue`, `qstat`, ...) need on this machine.
    pub fn admin_variables(&self) -> Vec<(String, String)> {
        let names = [
            "SLURM_CONF",
            "SGE_ROOT",
            "SGE_CELL",
            "SGE_ARCH",
            "SGE_QMASTER_PORT",
            "SGE_EXECD_PORT",
        ];
        names
            .iter()
            .filter_map(|name| Some(((*name).to_owned(), self.0.get(*name)?.clone())))
            .collect()
    }
}

/// The lab.
///
/// # Panics
/// When it is not up. A test that needs it must not pass without it.
pub fn lab() -> Lab {
    let state =
        std::env::var("RL_LAB_STATE").unwrap_or_else(|_| "/tmp/researchloop-lab".to_owned());
    let file = PathBuf::from(state).join("lab.env");
    let text = std::fs::read_to_string(&file).unwrap_or_else(|error| {
        panic!("the lab is not up ({}: {error}); start it with tests/lab/up", file.display())
    });
    Lab(text
        .lines()
        .filter_map(|line| line.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect())
}
