//! Writes down what every run of the program prints, so that two versions can be compared
//! (`tests/recorded/run`). Without `RL_RECORD` nothing happens.

use std::cell::Cell;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{Output, program};

thread_local! {
    /// How many waits of this thread are under way: what is run while waiting is run as often as it takes.
    static WAITING: Cell<u32> = const { Cell::new(0) };
}

/// While it lives, the runs of this thread are not written down.
pub struct Waiting(());

impl Waiting {
    /// From now on.
    pub fn begin() -> Self {
        WAITING.set(WAITING.get() + 1);
        Self(())
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        WAITING.set(WAITING.get() - 1);
    }
}

/// The folder of this test's records: `RL_RECORD`, then the name of the test.
fn folder() -> Option<PathBuf> {
    let root = std::env::var_os("RL_RECORD")?;
    let thread = std::thread::current();
    let folder = PathBuf::from(root).join(thread.name().unwrap_or("other").replace("::", "."));
    std::fs::create_dir_all(&folder).ok()?;
    Some(folder)
}

/// One run of the program: its arguments and what it printed. Runs of other programs are none.
pub fn run(command: &Command, output: &Output) {
    if WAITING.get() > 0 || command.get_program() != program().as_os_str() {
        return;
    }
    let Some(folder) = folder() else { return };
    let arguments: Vec<String> =
        command.get_args().map(|argument| format!("{:?}", argument.to_string_lossy())).collect();
    let place = command.get_current_dir().unwrap_or(Path::new("")).display();
    let text = format!("\u{1}$ researchloop {}\n# in {place}\n{output}", arguments.join(" "));
    // One write: two threads of one test share the file.
    let file = std::fs::File::options().create(true).append(true).open(folder.join("runs"));
    if let Ok(mut file) = file {
        let _ = file.write_all(text.as_bytes());
    }
}

/// The journals and the states of all sprints below a folder, as a test leaves them.
pub fn sprints(below: &Path) {
    let Some(folder) = folder() else { return };
    let mut found = Vec::new();
    look(below, 0, &mut found);
    found.sort();
    let mut text = Vec::new();
    for path in found {
        text.extend(
            format!("\u{1}# {}\n", path.strip_prefix(below).unwrap_or(&path).display())
                .into_bytes(),
        );
        text.extend(std::fs::read(&path).unwrap_or_default());
    }
    if text.is_empty() {
        return;
    }
    if let Ok(mut file) =
        std::fs::File::options().create(true).append(true).open(folder.join("sprints"))
    {
        let _ = file.write_all(&text);
    }
}

fn look(folder: &Path, depth: u32, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let Ok(kind) = entry.file_type() else { continue };
        let name = entry.file_name();
        if kind.is_dir() && depth < 8 {
            look(&entry.path(), depth + 1, found);
        } else if kind.is_file()
            && ["run.jsonl", "state.json", "exit.json"].iter().any(|known| name == *known)
        {
            found.push(entry.path());
        }
    }
}
