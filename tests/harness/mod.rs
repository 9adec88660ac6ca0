//! What the tests share: a project in a folder of its own, the program in a clean
//! environment, its output as one text, and the lab.

mod lab;
mod output;
mod project;

use std::path::PathBuf;
use std::time::{Duration, Instant};

pub use lab::{Lab, lab};
pub use output::Output;
pub use project::Project;

/// The program.
pub fn program() -> PathBuf {
    std::env::var_os("RESEARCHLOOP_BIN").map_or_else(|| PathBuf::from(env!("CARGO_BIN_EXE_researchloop")), PathBuf::from)
}

/// The folder of the sources.
pub fn sources() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Waits until something is so.
///
/// # Panics
/// When it does not become so in time.
pub fn wait_until(what: &str, seconds: u64, mut is_so: impl FnMut() -> bool) {
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < Duration::from_secs(seconds), "{what}: not within {seconds} s");
        std::thread::sleep(Duration::from_millis(100));
    }
}
