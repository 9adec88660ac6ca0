//! Answers the laptop's questions about files, on the cluster's login node.

use std::io::{self, Write};
use std::path::Path;

use super::environment::masker_of;
use super::reread::read_journal;
use super::untold::untold;
use crate::bundle::folder::{Folder, Refused};
use crate::bundle::points::POINTS_FILE;
use crate::bundle::transfer::{ReadAnswer, ReadRequest, ReadSprint, SprintFiles};
use crate::bundle::{FORMAT_VERSION, OWN_FOLDER};
use crate::domain::Masker;
use crate::platform::clock;

/// How much of `progress.md` and `output.log` a screen needs.
const TAIL: u64 = 4096;
/// How much of `results/metrics.jsonl`.
const POINTS_TAIL: u64 = 32 << 10;

/// Answers `files-read`: the request on the input, the answer on the output.
pub fn read_files(mut input: impl io::Read, mut output: impl Write) -> io::Result<()> {
    let mut text = Vec::new();
    input.read_to_end(&mut text)?;
    let request: ReadRequest = serde_json::from_slice(&text)?;
    let mut left = request.max_bytes;
    let sprints = request.sprints.iter().map(|sprint| read_sprint(sprint, &mut left)).collect();
    serde_json::to_writer(&mut output, &ReadAnswer { v: FORMAT_VERSION, sprints })?;
    output.flush()
}

fn read_sprint(sprint: &ReadSprint, left: &mut u64) -> SprintFiles {
    let mut files = SprintFiles {
        id: sprint.id.clone(),
        offset: sprint.offset,
        prefix: sprint.prefix.clone(),
        ..SprintFiles::default()
    };
    let folder = match Folder::open(Path::new(&sprint.dir)) {
        Ok(folder) => folder,
        Err(problem) => {
            // One that is gone from a folder that is there is gone for good. It proves nothing of
            // whether a job has ever begun.
            let above = Path::new(&sprint.dir).parent();
            files.readable = matches!(problem, Refused::Missing)
                && above.is_some_and(|above| Folder::open(above).is_ok());
            files.claimed = files.readable;
            files.problems.push(format!("the sprint's directory {problem}"));
            return files;
        }
    };
    let own = match folder.folder(OWN_FOLDER) {
        Ok(own) => own,
        Err(problem) => {
            files.problems.push(format!("{OWN_FOLDER} {problem}"));
            // One that was removed does not come back, and does not prove that no job has begun.
            if matches!(problem, Refused::Missing) {
                files.readable = true;
                files.claimed = true;
                journal_is_gone(&mut files);
            }
            return files;
        }
    };
    match own.read("exit.json", 4096) {
        Ok(bytes) => files.exit = Some(String::from_utf8_lossy(&bytes).into_owned()),
        Err(Refused::Missing) => {}
        Err(problem) => files.problems.push(format!("exit.json {problem}")),
    }
    let is_over = files.exit.is_some();
    match read_journal(&own, sprint, is_over, &mut files, left) {
        Ok(()) => files.readable = true,
        Err(Refused::Missing) => {
            files.readable = true;
            if sprint.offset > 0 {
                files.problems.push("run.jsonl no longer exists".to_owned());
            }
            journal_is_gone(&mut files);
        }
        Err(problem) => files.problems.push(format!("run.jsonl {problem}")),
    }
    claim(&own, sprint, &mut files);
    let masker = if sprint.tails { masker_of(&own) } else { Masker::default() };
    let mut tail =
        |name: &str, size: u64| match folder.tail(name, size) {
            Ok(bytes) => Some(masker.tail(
                &String::from_utf8_lossy(&bytes),
                usize::try_from(size).unwrap_or(usize::MAX),
            )),
            Err(Refused::Missing) => None,
            Err(problem) => {
                files.problems.push(format!("{name} {problem}"));
                None
            }
        };
    if sprint.tails {
        files.progress = tail("progress.md", TAIL);
        files.output = tail("output.log", TAIL);
        files.points = tail(POINTS_FILE, POINTS_TAIL);
    }
    if sprint.tails || sprint.quiet {
        files.quiet_seconds = quiet_seconds(&folder, &own);
    }
    if sprint.untold {
        files.untold = untold(&own);
    }
    files
}

/// What a claim holds that was left for a job that never began.
const CANCELLED: &str = "cancelled";

/// Finds out which job has begun.
fn claim(own: &Folder, sprint: &ReadSprint, files: &mut SprintFiles) {
    let mut of = |name: &str| {
        let holder = own.link(name);
        files.claimed |= holder.as_deref() != Some(CANCELLED);
        files.claimed_by = holder.filter(|holder| holder != CANCELLED);
    };
    if sprint.attempt > 0 {
        let name = format!("claim-{}", sprint.attempt);
        if own.link(&name).is_some() || own.file(&name).is_ok() {
            of(&name);
        }
        return;
    }
    for (name, _) in own.list(1000).map(|listed| listed.entries).unwrap_or_default() {
        if name.starts_with("claim-") {
            of(&name);
        }
    }
}

/// What was read of it counts; what comes in its place is read from the start.
fn journal_is_gone(files: &mut SprintFiles) {
    files.altered = files.offset > 0;
    files.offset = 0;
    files.prefix.clear();
    files.mark = None;
}

/// Seconds since the journal, a stream of a step, or a log changed. Nothing is opened for that.
fn quiet_seconds(folder: &Folder, own: &Folder) -> Option<u64> {
    let files =
        [own.changed("run.jsonl"), folder.changed("progress.md"), folder.changed("output.log")];
    let steps = own.folder("steps").ok().and_then(|steps| steps.newest(10_000));
    let newest = files.into_iter().flatten().chain(steps).max()?;
    // A file server whose clock is ahead tells of times to come.
    u64::try_from(clock::now().as_second().saturating_sub(newest).max(0)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(dir: &Path, offset: u64) -> SprintFiles {
        let sprint = ReadSprint {
            id: "sp-000001".to_owned(),
            dir: dir.display().to_string(),
            offset,
            prefix: "00".to_owned(),
            attempt: 1,
            ..ReadSprint::default()
        };
        read_sprint(&sprint, &mut 1_000_000)
    }

    #[test]
    fn a_journal_that_was_removed_is_told_and_does_not_hide_the_rest() {
        let temp = tempfile::tempdir().expect("a folder");
        for own_folder in [false, true] {
            if own_folder {
                std::fs::create_dir(temp.path().join(OWN_FOLDER)).expect("made");
            }
            let files = look(temp.path(), 10);
            assert_eq!(
                (files.readable, files.altered, files.offset, files.problems.len()),
                (true, true, 0, 1),
                "{own_folder}: {files:?}"
            );
            // Without the folder nothing proves that no job has begun.
            assert_eq!(files.claimed, !own_folder);
            // The next look starts anew, and tells it no second time.
            assert!(!look(temp.path(), 0).altered);
        }
    }

    /// How many files in a folder were opened since the last look.
    struct Opened(std::fs::File);

    impl Opened {
        fn of(folder: &Path) -> Self {
            use rustix::fs::inotify;
            let watch =
                inotify::init(inotify::CreateFlags::NONBLOCK | inotify::CreateFlags::CLOEXEC)
                    .expect("made");
            inotify::add_watch(&watch, folder, inotify::WatchFlags::OPEN).expect("watched");
            Self(watch.into())
        }

        fn count(&mut self) -> usize {
            let mut buffer = vec![std::mem::MaybeUninit::uninit(); 1 << 16];
            let mut reader = rustix::fs::inotify::Reader::new(&self.0, &mut buffer);
            let mut count = 0;
            while let Ok(event) = reader.next() {
                count += usize::from(event.file_name().is_some());
            }
            count
        }
    }

    #[test]
    fn no_stream_is_opened_to_tell_when_it_changed() {
        let temp = tempfile::tempdir().expect("a folder");
        let steps = temp.path().join(OWN_FOLDER).join("steps");
        std::fs::create_dir_all(&steps).expect("made");
        for number in 0..50 {
            std::fs::write(steps.join(format!("{number}.jsonl")), "{}\n").expect("written");
        }
        let old = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000);
        let mut opened = Opened::of(&steps);
        for (tails, quiet) in [(false, false), (true, false), (false, true)] {
            let sprint = ReadSprint {
                dir: temp.path().display().to_string(),
                attempt: 1,
                tails,
                quiet,
                ..ReadSprint::default()
            };
            let told = read_sprint(&sprint, &mut 1_000_000).quiet_seconds;
            assert_eq!(opened.count(), 0, "tails {tails}, quiet {quiet}");
            assert_eq!(told.is_some(), tails || quiet);
            assert!(told.is_none_or(|seconds| seconds < 3600));
        }
        for number in 0..50 {
            std::fs::File::options()
                .append(true)
                .open(steps.join(format!("{number}.jsonl")))
                .and_then(|file| file.set_modified(old))
                .expect("set");
        }
        assert_eq!(opened.count(), 50, "the count counts");
        let sprint = ReadSprint {
            dir: temp.path().display().to_string(),
            attempt: 1,
            quiet: true,
            ..ReadSprint::default()
        };
        assert!(
            read_sprint(&sprint, &mut 1_000_000)
                .quiet_seconds
                .is_some_and(|seconds| seconds > 1_000_000)
        );
    }
}
