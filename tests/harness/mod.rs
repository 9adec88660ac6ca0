//! What the tests share: a project in a folder of its own, the program in a clean
//! environment, its output as one text, and the lab.

mod lab;
mod output;
mod project;
pub mod record;
mod steady;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

pub use lab::{Lab, lab};
pub use output::Output;
pub use project::Project;
pub use steady::steady;

/// The program.
pub fn program() -> PathBuf {
    std::env::var_os("RESEARCHLOOP_BIN")
        .map_or_else(|| PathBuf::from(env!("CARGO_BIN_EXE_researchloop")), PathBuf::from)
}

/// The folder of the sources.
pub fn sources() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// How long an event is waited for: far longer than it takes on an idle machine, so that a busy one makes
/// no test fail. `least` is for what takes long by itself.
pub fn patience(least: u64) -> Duration {
    Duration::from_secs(least.max(600))
}

/// Lets an agent that waits at its `gate` in this directory go on. So a test says itself for how long the agent
/// is in the middle of something, however busy the machine is.
///
/// The agent may come later than this, and as another user: what is made here belongs to who owns `dir`.
#[track_caller]
pub fn let_go(dir: &Path) {
    use std::os::unix::fs::MetadataExt as _;
    let owner = std::fs::metadata(dir).expect("the sprint's directory");
    let state = dir.join(".test-agent");
    let go = state.join("go");
    std::fs::create_dir_all(&state).expect("made");
    std::fs::write(&go, "").expect("written");
    for made in [&state, &go] {
        std::os::unix::fs::chown(made, Some(owner.uid()), Some(owner.gid())).expect("handed over");
    }
}

/// Says something that is shown when the test fails.
#[expect(
    clippy::print_stdout,
    reason = "the test runner keeps it and shows it only of a test that failed"
)]
pub fn tell(text: &str) {
    println!("{text}");
}

/// Writes a program that anybody may run, with the folder that it lies in.
pub fn write_program(path: &Path, text: &str) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
    std::fs::write(path, text).expect("written");
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).expect("executable");
}

/// Waits until something is so.
///
/// # Panics
/// When it does not become so in time.
pub fn wait_until(what: &str, seconds: u64, mut is_so: impl FnMut() -> bool) {
    let started = Instant::now();
    let _waiting = record::Waiting::begin();
    while !is_so() {
        assert!(
            started.elapsed() < patience(seconds),
            "{what}: not within {:?}",
            patience(seconds)
        );
        std::thread::sleep(Duration::from_millis(100));
    }
}
