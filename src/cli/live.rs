//! What the screen of a running sprint shows of this moment.

use super::screen::Watch;
use super::sparkline::sparkline;
use super::text::{clean, figure, money, padded, short};
use super::ui::Ui;
use crate::domain::duration::human;
use crate::view::Sprint;

/// Most figures of a running experiment that are shown.
const MOST_SERIES: usize = 4;
/// Before this time, money an hour says little.
const SOON: u64 = 300;
/// Most lines of one file.
const MOST_LINES: usize = 8;

/// How fast a running sprint spends, and what is left of its budget.
pub fn pace(sprint: &Sprint) -> String {
    let Some(seconds) = sprint.running_seconds.flatten() else { return String::new() };
    let mut pace = String::new();
    let spent = sprint.cost_usd - sprint.cost_unknown_usd;
    if seconds >= SOON && spent > 0.0 {
        #[expect(clippy::cast_precision_loss, reason = "of seconds")]
        let hours = seconds as f64 / 3600.0;
        pace.push_str(&format!(" · {} an hour", money(spent / hours, false)));
    }
    let left = sprint.spent.as_ref().map_or(0.0, |spent| spent.reserved_usd);
    if left > 0.0 {
        pace.push_str(&format!(" · at most {} more", money(left, false)));
    }
    pace
}

/// The command that runs, the rest of the time, GPUs, and figures as they come.
pub fn lines(ui: &Ui, watch: &Watch<'_>, over: bool, width: usize) -> Vec<String> {
    let sprint = watch.sprint;
    let mut lines = Vec::new();
    if over {
        return lines;
    }
    let mut fact = |name: &str, text: String| {
        let name = ui.style().dim().apply_to(padded(name, 8));
        lines.push(format!("  {name} {}", short(&text, width.saturating_sub(11))));
    };
    if let Some(Some(now)) = &sprint.now {
        if let Some(command) = &now.command {
            let since = now.command_seconds.map(|seconds| format!("{}  ", human(seconds)));
            fact("now", format!("{}{}", since.unwrap_or_default(), clean(command)));
        }
        if let (Some(usual), Some(elapsed)) = (now.usual_seconds, sprint.running_seconds.flatten())
        {
            let usual_text = format!("earlier sprints took {}", human(usual));
            fact(
                "rest",
                match usual.checked_sub(elapsed).filter(|rest| *rest > 0) {
                    Some(rest) => format!("about {}: {usual_text}", human(rest)),
                    None => format!("not known: {usual_text}"),
                },
            );
        }
    }
    if let Some(Some(gpus)) = &sprint.gpus {
        let name = if gpus.seen.gpus.len() == 1 { "GPU" } else { "GPUs" };
        fact(name, clean(&gpus.seen.now()));
    }
    let shown = watch.live.series.iter().take(MOST_SERIES);
    let named: Vec<String> = shown.clone().map(|series| clean(&series.name)).collect();
    let widest = named.iter().map(|name| console::measure_text_width(name)).max().unwrap_or(0);
    for (series, name) in shown.zip(&named) {
        let Some(last) = series.values.last() else { continue };
        fact(
            "metric",
            format!("{}  {}  {}", padded(name, widest), sparkline(&series.values), figure(*last)),
        );
    }
    lines
}

/// The last lines of files that a run writes while it goes on, within this many lines of the screen.
pub fn tails(ui: &Ui, files: &[(&str, &Vec<String>)], room: usize, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut texts: Vec<(&str, Vec<&String>)> = files
        .iter()
        .map(|(name, text)| (*name, text.iter().filter(|line| !line.is_empty()).collect()))
        .collect();
    texts.retain(|(_, text): &(&str, Vec<&String>)| !text.is_empty());
    for (at, (name, text)) in texts.iter().enumerate() {
        // A blank line and the name go with it; what one file does not need is for the next.
        let share = room.saturating_sub(lines.len()) / (texts.len() - at);
        let count = share.saturating_sub(2).min(text.len()).min(MOST_LINES);
        if count == 0 {
            continue;
        }
        lines.push(String::new());
        lines.push(ui.style().bold().apply_to(format!("  {name}")).to_string());
        let end = text.get(text.len() - count..).unwrap_or_default();
        lines.extend(
            end.iter().map(|line| {
                ui.style().dim().apply_to(short(&format!("  {line}"), width)).to_string()
            }),
        );
    }
    lines
}
