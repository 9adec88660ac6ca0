//! Text for screens: harmless, short, aligned.

use std::sync::LazyLock;

use console::{measure_text_width, truncate_str};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::domain::duration::human;
pub use crate::domain::text::{figure, value_with_spread};
use crate::domain::{Status, text};
use crate::platform::clock;

/// Makes text from outside harmless for a terminal: no control characters, line breaks
/// become spaces, and nothing that is not seen or turns the direction of writing. A text of ours that
/// quotes it has commands in the place of its actions.
pub fn clean(text: &str) -> String {
    text::line(&super::action::say(text))
}

/// Lines of text from outside, each harmless. Escape sequences are removed whole.
pub fn clean_lines(text: &str) -> Vec<String> {
    text::lines(&super::action::say(text))
}

/// Makes a line harmless in the same way; blanks stay as they are.
pub fn clean_keeping_blanks(text: &str) -> String {
    let blanks = text.len() - text.trim_start_matches(' ').len();
    let harmless = |c: char| !text::is_harmful(c);
    format!(
        "{}{}",
        " ".repeat(blanks),
        text.trim_start_matches(' ').chars().filter(|c| harmless(*c)).collect::<String>()
    )
}

/// Shortened to a width in columns, with an ellipsis.
pub fn short(text: &str, width: usize) -> String {
    truncate_str(text, width, "…").into_owned()
}

/// A text as one word of a shell.
pub fn shell_word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+=:,@".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

/// Filled up with spaces to a width in columns.
pub fn padded(text: &str, width: usize) -> String {
    let have = measure_text_width(text);
    format!("{text}{}", " ".repeat(width.saturating_sub(have)))
}

/// Money as it is shown.
pub fn money(usd: f64, estimated: bool) -> String {
    let sign = if estimated { "≈" } else { "" };
    if usd > 0.0 && usd < 0.01 { format!("{sign}${usd:.4}") } else { format!("{sign}${usd:.2}") }
}

/// What something has cost, as it is shown. `unknown`: the dollars that count for what is not known, when
/// something is not.
pub fn cost(usd: f64, estimated: bool, unknown: Option<f64>) -> String {
    match unknown {
        None => money(usd, estimated),
        Some(unknown) if usd - unknown < 0.000_05 => "unknown".to_owned(),
        Some(unknown) => format!("≥{}", money(usd - unknown, false)),
    }
}

/// The same with more room.
pub fn whole_cost(usd: f64, estimated: bool, unknown: Option<f64>) -> String {
    let Some(counted) = unknown else { return money(usd, estimated) };
    let counts =
        if counted > 0.0 { format!(" ({} count)", money(usd, false)) } else { String::new() };
    match usd - counted {
        known if known < 0.000_05 => format!("unknown{counts}"),
        known => format!("unknown, at least {}{counts}", money(known, false)),
    }
}

/// A figure with its spread and the number of runs.
pub fn figure_of(value: f64, spread: Option<f64>, n: Option<u32>) -> String {
    let n_text = n.map(|n| format!(" (n={n})")).unwrap_or_default();
    format!("{}{n_text}", value_with_spread(value, spread, n))
}

/// A number of tokens or bytes, short.
pub fn count(number: u64) -> String {
    match number {
        0..=9_999 => number.to_string(),
        10_000..=999_999 => format!("{}k", number / 1000),
        _ => format!("{}.{}M", number / 1_000_000, number / 100_000 % 10),
    }
}

/// A size in bytes.
pub fn bytes(number: u64) -> String {
    indicatif::HumanBytes(number).to_string()
}

/// A status, with what is to be known beside it: the step that runs, a reason.
pub fn status(status: Status, beside: Option<&str>) -> String {
    beside.map_or_else(|| status.to_string(), |beside| format!("{status} ({beside})"))
}

/// The time zone of whoever reads: `TZ`, or the machine's.
static ZONE: LazyLock<TimeZone> = LazyLock::new(TimeZone::system);

/// A stored time as it is shown: to the second, in local time with its zone.
pub fn time(text: &str) -> String {
    text.parse::<Timestamp>()
        .map_or_else(|_| clean(text), |time| local(time, "%Y-%m-%d %H:%M:%S %Z"))
}

/// A time in the zone of whoever reads.
pub fn local(time: Timestamp, format: &str) -> String {
    time.to_zoned(ZONE.clone()).strftime(format).to_string()
}

/// The name of that zone.
pub fn zone(now: Timestamp) -> String {
    local(now, "%Z")
}

/// How long ago a stored time is: `41 min ago`. The two clocks are this machine's own; a time in the
/// future is of now.
pub fn age(text: &str, now: Timestamp) -> String {
    let Ok(then) = text.parse::<Timestamp>() else { return clean(text) };
    let seconds = clock::seconds_between(then, now);
    match seconds {
        0..60 => "just now".to_owned(),
        60..3600 => format!("{} min ago", seconds / 60),
        3600..172_800 => format!("{} h ago", seconds / 3600),
        _ => format!("{} days ago", seconds / 86_400),
    }
}

/// How long something took between two stored times of one machine; empty when one is not known.
pub fn span(from: Option<&str>, to: Option<&str>) -> String {
    let time = |text: Option<&str>| text?.parse::<Timestamp>().ok();
    match (time(from), time(to)) {
        (Some(from), Some(to)) => human(clock::seconds_between(from, to)),
        _ => String::new(),
    }
}

/// A stored time with how long ago it is.
pub fn time_and_age(text: &str, now: Timestamp) -> String {
    format!("{} ({})", time(text), age(text, now))
}

/// Breaks a line at spaces. A command in backquotes stays whole where it can: it is there to be copied.
pub fn wrap(line: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in words(line, width) {
        let Some(last) = lines.last_mut() else { break };
        let room = measure_text_width(last) + 1 + measure_text_width(&word) <= width;
        if last.is_empty() {
            last.push_str(&word);
        } else if room {
            last.push(' ');
            last.push_str(&word);
        } else {
            lines.push(word);
        }
    }
    lines
}

/// The words of a line; a quoted command that fits into the width is one.
fn words(line: &str, width: usize) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut quoted: Option<Vec<&str>> = None;
    for word in line.split(' ') {
        let toggles = word.matches('`').count() % 2 == 1;
        match (&mut quoted, toggles) {
            (None, false) => words.push(word.to_owned()),
            (None, true) => quoted = Some(vec![word]),
            (Some(parts), false) => parts.push(word),
            (Some(parts), true) => {
                parts.push(word);
                let whole = parts.join(" ");
                if measure_text_width(&whole) <= width {
                    words.push(whole);
                } else {
                    words.extend(parts.iter().map(|part| (*part).to_owned()));
                }
                quoted = None;
            }
        }
    }
    words.extend(quoted.into_iter().flatten().map(str::to_owned));
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cost_that_is_not_known_is_never_shown_as_nothing() {
        for (usd, unknown, short, long) in [
            (0.0, None, "≈$0.00", "≈$0.00"),
            (0.0, Some(0.0), "unknown", "unknown"),
            (5.0, Some(5.0), "unknown", "unknown ($5.00 count)"),
            (5.0, Some(4.0), "≥$1.00", "unknown, at least $1.00 ($5.00 count)"),
            (1.0, Some(0.0), "≥$1.00", "unknown, at least $1.00"),
        ] {
            assert_eq!(
                (cost(usd, true, unknown).as_str(), whole_cost(usd, true, unknown).as_str()),
                (short, long)
            );
        }
    }

    #[test]
    fn text_from_outside_cannot_rewrite_the_screen() {
        assert_eq!(clean("a\u{1b}[2Jb\nc\u{202e}d\u{7}"), "a[2Jb cd");
        assert_eq!(
            clean_lines("10%\r50%\r100%\nnext \u{1b}[31mred\u{1b}[0m"),
            ["100%", "next red"]
        );
    }

    #[test]
    fn figures_are_short_and_keep_their_size() {
        for (number, shown) in [
            (0.1 + 0.2, "0.3"),
            (0.912_345_678, "0.912346"),
            (-2.18, "-2.18"),
            (1_234_567.8, "1234568"),
            (1e-7, "1e-7"),
            (0.000_123_456_789, "0.000123457"),
            (6.02e23, "6.02e23"),
            (100.0, "100"),
            (0.0, "0"),
        ] {
            assert_eq!(figure(number), shown);
        }
        assert_eq!(figure_of(0.5, Some(0.01), Some(3)), "0.5 ± 0.01 (n=3)");
        // One run has no spread, and one over nobody knows what is none of the runs.
        assert_eq!(
            (figure_of(0.5, Some(0.01), Some(1)), figure_of(0.5, Some(0.01), None)),
            ("0.5 (n=1)".to_owned(), "0.5".to_owned())
        );
    }

    #[test]
    fn wide_characters_count_twice() {
        assert_eq!(short("日本語の研究", 7), "日本語…");
        assert_eq!(padded("日本", 6), "日本  ");
    }
}
