//! Takes the line of a project out of the crontab.

use super::install::set_every;
use super::line::{find, without_line};
use super::{Lock, marker_of, read, without_other_spelling, write};
use crate::app::App;
use crate::problem::Problem;
use crate::view::CronRemoved;

/// Removes the line, if there is one.
pub fn remove(app: &App) -> Result<CronRemoved, Problem> {
    let marker = marker_of(app)?;
    let lock = Lock::take();
    let before = read()?;
    let without = without_line(&without_other_spelling(app, &before)?, &marker);
    let was_there = without != before;
    if was_there {
        write(&without)?;
        if find(&read()?, &marker).is_some() {
            return Err(Problem::failed(
                "the line is still in your crontab: somebody else has changed it at the same time",
            ));
        }
    }
    drop(lock);
    set_every(app, "")?;
    Ok(CronRemoved { removed: was_there })
}
