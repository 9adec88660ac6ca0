//! `researchloop cron show`

use jiff::Timestamp;

use crate::app::App;
use crate::cli::exit::{Exit, Result};
use crate::cli::render::Render;
use crate::cli::text;
use crate::cli::ui::Ui;
use crate::cron;
use crate::domain::duration;
use crate::platform::clock;
use crate::view::{Cron, PastTick};

/// Shows the line, and how its ticks went.
pub fn run(app: &App, ui: &Ui) -> Result {
    let cron = cron::show(app)?;
    ui.answer(&cron);
    if !cron.installed {
        ui.hint("`researchloop cron install` lets cron run a tick every 5 minutes");
    }
    Ok(Exit::Success)
}

impl Render for Cron {
    fn lines(&self, ui: &Ui) -> Vec<String> {
        let (last, good) = (self.last_tick.as_ref(), self.last_good_tick.as_ref());
        let mut lines = vec![match &self.line {
            Some(line) => text::clean(line),
            None => "Your crontab has no line for this project.".to_owned(),
        }];
        lines.push(match good {
            Some(tick) => format!("last good tick: {}", when(tick, self.now)),
            None => "last good tick: none yet".to_owned(),
        });
        let worse = last.filter(|last| good.is_none_or(|good| good.time != last.time));
        lines.extend(worse.map(|tick| format!("last tick:      {}", when(tick, self.now))));
        let problems = self.problems.iter();
        lines.extend(problems.map(|problem| format!("problem:        {}", text::clean(problem))));
        if !self.log_tail.is_empty() {
            lines.push(format!("log:            {}", self.log.display()));
        }
        let width = ui.width().saturating_sub(2);
        let tail = self.log_tail.iter();
        lines.extend(tail.map(|line| format!("  {}", text::short(&text::clean(line), width))));
        lines
    }
}

/// How long ago, and by whom.
fn when(tick: &PastTick, now: Timestamp) -> String {
    let seconds = clock::seconds_between(tick.time, now);
    let by = if tick.by == "cron" { "by cron" } else { "by hand" };
    format!("{} ago, {by}", duration::human(seconds))
}
