//! When somebody last looked at everything, so that they are told what has ended since.

use std::io::Write as _;
use std::path::PathBuf;

use jiff::{SignedDuration, Timestamp};

use crate::app::App;
use crate::platform::private;

/// Looks so close to each other are one: whoever looks twice, or in two terminals, is told the same.
const ONE_LOOK: SignedDuration = SignedDuration::from_mins(10);
/// Nobody is told of more than this.
const LONGEST: SignedDuration = SignedDuration::from_hours(7 * 24);
/// What is told at the first look.
const FIRST: SignedDuration = SignedDuration::from_hours(24);

/// Since when somebody has not looked. `looks` says that somebody looks now: that is kept, where it can
/// be, beside the configuration. Nothing depends on it.
pub fn last_look(app: &App, looks: bool) -> Timestamp {
    let now = app.clock.now();
    let known = std::fs::read_to_string(path(app)).ok();
    let mut known = known.iter().flat_map(|text| text.split_whitespace());
    let mut time = || known.next().and_then(|word| word.parse::<Timestamp>().ok());
    // The look before the last one, and the last one.
    let (before, last) = (time(), time());
    let since = match (before, last) {
        (Some(before), Some(last)) if now.duration_since(last) < ONE_LOOK => before,
        (_, Some(last)) => last,
        _ => now - FIRST,
    };
    if looks {
        let text = format!("{since} {now}\n");
        let path = path(app);
        let _ = path.parent().map(private::make_folder);
        let file = private::options().write(true).create(true).truncate(true).open(&path);
        let _ = file.and_then(|mut file| file.write_all(text.as_bytes()));
    }
    since.max(now - LONGEST).min(now)
}

fn path(app: &App) -> PathBuf {
    app.config.root.join(".researchloop").join("last-look")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::platform::clock::Clock;

    #[test]
    fn two_looks_within_some_minutes_are_one() {
        let folder = tempfile::tempdir().expect("a folder");
        let start: Timestamp = "2026-03-01T12:00:00Z".parse().expect("a time");
        let clock = Clock::standing(start);
        let app = App { clock: clock.clone(), ..App::example(folder.path(), "", "") };
        assert_eq!(last_look(&app, true), start - FIRST);
        clock.advance(Duration::from_secs(60));
        assert_eq!(last_look(&app, true), start - FIRST, "the same as a minute ago");
        clock.advance(Duration::from_secs(3600));
        let second = start + SignedDuration::from_secs(60);
        assert_eq!(last_look(&app, false), second, "a program that reads moves nothing");
        assert_eq!(last_look(&app, true), second);
        std::fs::write(path(&app), "no times").expect("written");
        assert_eq!(last_look(&app, false), app.clock.now() - FIRST);
    }
}
