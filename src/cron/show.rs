//! Tells whether cron lets a project go on.

use super::line::{Schedule, find, line};
use super::{CronError, EVERY, Log, command_of, log_path, marker_of, read};
use crate::app::App;
use crate::domain::action::Action;
use crate::problem::Problem;
use crate::tick;
use crate::view::{Cron, PastTick};

/// How many lines of the log are shown.
const TAIL: usize = 5;

/// The line, the last ticks, and what went wrong.
pub fn show(app: &App) -> Result<Cron, Problem> {
    let crontab = read()?;
    let marker = marker_of(app)?;
    let installed = find(&crontab, &marker).map(|line| String::from_utf8_lossy(line).into_owned());
    let store = app.store()?;
    let (last, good) = tick::last_ticks(&store)?;
    let words = command_of(app)?;
    let mut problems: Vec<String> =
        last.as_ref().map(|mark| mark.problems.clone()).unwrap_or_default();
    if let Some(installed) = &installed {
        let wanted = line(Schedule { seconds: 300 }, &words, &marker).map_err(CronError::from)?;
        if command_in(installed) != command_in(&String::from_utf8_lossy(&wanted)) {
            problems.push(format!(
                "the line runs another program or project than this one: `{}` renews it",
                Action::InstallCron
            ));
        }
    } else if store.fact(EVERY)?.is_some_and(|every| !every.is_empty()) {
        problems.push(format!(
            "it was installed, but the line is gone from your crontab: `{}`",
            Action::InstallCron
        ));
    }
    let log = log_path(app);
    Ok(Cron {
        installed: installed.is_some(),
        line: installed,
        log_tail: Log::at(&log).tail(TAIL),
        log,
        problems,
        last_tick: last.map(past_tick),
        last_good_tick: good.map(past_tick),
        now: app.clock.now(),
    })
}

/// What a line runs, whenever it does.
fn command_in(line: &str) -> String {
    line.split_whitespace().skip(5).collect::<Vec<_>>().join(" ")
}

fn past_tick(mark: tick::Mark) -> PastTick {
    PastTick { time: mark.time, by: mark.by, problems: mark.problems }
}
