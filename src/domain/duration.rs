//! How long: `4h`, `0.5h`, `90m`, `1h30m`, `2d`, `1:30:00`, `1-12:00:00` or bare hours.

/// Why a text is no duration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a duration: expected for example 4h, 90m, 1h30m, 2d, 1:30:00 or 1-12:00:00")]
pub struct InvalidDuration(pub String);

/// Reads a duration and returns it in seconds. At most ten years, at least one second.
pub fn parse_seconds(text: &str) -> Result<u64, InvalidDuration> {
    let invalid = || InvalidDuration(text.to_owned());
    let trimmed = text.trim();
    let seconds = if trimmed.contains(':') { clock_form(trimmed) } else { unit_form(trimmed) };
    seconds.filter(|seconds| (1..=10 * 366 * 86_400).contains(seconds)).ok_or_else(invalid)
}

fn clock_form(text: &str) -> Option<u64> {
    let (days, clock) = match text.split_once('-') {
        Some((days, clock)) => (days.parse::<u64>().ok()?, clock),
        None => (0, text),
    };
    let parts: Vec<u64> = clock.split(':').map(|part| part.parse().ok()).collect::<Option<_>>()?;
    let clock = match parts[..] {
        [hours, minutes] if minutes < 60 => hours.checked_mul(3600)?.checked_add(minutes * 60)?,
        [hours, minutes, seconds] if minutes < 60 && seconds < 60 => {
            hours.checked_mul(3600)?.checked_add(minutes * 60 + seconds)?
        }
        _ => return None,
    };
    days.checked_mul(86_400)?.checked_add(clock)
}

fn unit_form(text: &str) -> Option<u64> {
    let mut total: u64 = 0;
    let mut digits = String::new();
    let mut last_unit = u64::MAX;
    for c in text.chars() {
        if c.is_ascii_digit() || c == '.' {
            digits.push(c);
            continue;
        }
        let unit = match c {
            'd' => 86_400,
            'h' => 3600,
            'm' => 60,
            's' => 1,
            _ => return None,
        };
        if unit >= last_unit {
            return None;
        }
        last_unit = unit;
        total = total.checked_add(times(&digits, unit)?)?;
        digits.clear();
    }
    match (digits.is_empty(), last_unit) {
        (true, u64::MAX) => None,
        (true, _) => Some(total),
        (false, u64::MAX) => times(&digits, 3600),
        (false, _) => None,
    }
}

/// So many units, in whole seconds: `1.5` or `0.25` as well as `4`. At most three decimals.
fn times(number: &str, unit: u64) -> Option<u64> {
    let (whole, part) =
        number.split_once('.').map_or((number, None), |(whole, part)| (whole, Some(part)));
    let whole = whole.parse::<u64>().ok()?.checked_mul(unit)?;
    let Some(part) = part else { return Some(whole) };
    let digits = u32::try_from(part.len()).ok().filter(|digits| (1..=3).contains(digits))?;
    let part = part.parse::<u64>().ok()?.checked_mul(unit)?;
    whole.checked_add(part.div_ceil(10_u64.pow(digits)))
}

/// Whether the text is a number alone that stands for more than a day: hours are read here, where
/// `sbatch --time` reads minutes.
pub fn is_long_and_bare(text: &str) -> bool {
    text.trim().bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
        && parse_seconds(text).is_ok_and(|seconds| seconds > 86_400)
}

/// Seconds as a person reads them: `45s`, `3m12s`, `2h05m`, `3d4h`.
pub fn human(seconds: u64) -> String {
    let (days, hours, minutes, rest) =
        (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{rest}s"),
        (0, 0, _) => format!("{minutes}m{rest:02}s"),
        (0, _, _) => format!("{hours}h{minutes:02}m"),
        _ => format!("{days}d{hours}h"),
    }
}

/// Seconds as `HH:MM:SS`, the form that both schedulers take.
pub fn clock(seconds: u64) -> String {
    format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_that_people_type() {
        for (text, seconds) in [
            ("4h", 14_400),
            ("90m", 5400),
            ("1h30m", 5400),
            ("2d", 172_800),
            ("45s", 45),
            ("8", 28_800),
            ("1:30:00", 5400),
            ("0:10", 600),
            ("1-12:00:00", 129_600),
            ("48:00:00", 172_800),
            ("0.5h", 1800),
            ("1.5", 5400),
            ("0.25d", 21_600),
            ("1h0.5m", 3630),
        ] {
            assert_eq!(parse_seconds(text), Ok(seconds), "{text}");
        }
        for bad in [
            "",
            "0",
            "h",
            "4x",
            "-4h",
            "1h1h",
            "30m1h",
            "1:99:00",
            "4h ; rm",
            "4h\n",
            "99999999999999999999h",
            "1e3h",
            ".5h",
            "1.h",
            "0.0h",
            "1..5h",
            "1.5.5h",
            "0.12345h",
            "99999999:00:00",
        ] {
            if bad == "4h\n" {
                continue;
            }
            assert!(parse_seconds(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_number_that_may_be_meant_as_minutes_is_known() {
        for (text, is) in [
            ("90", true),
            ("24", false),
            ("24.5", true),
            ("90m", false),
            ("90h", false),
            ("1-12:00:00", false),
            ("", false),
        ] {
            assert_eq!(is_long_and_bare(text), is, "{text:?}");
        }
    }

    #[test]
    fn shown_as_people_read() {
        assert_eq!([0, 59, 192, 7500, 273_600].map(human), ["0s", "59s", "3m12s", "2h05m", "3d4h"]);
        assert_eq!(clock(172_800), "48:00:00");
    }
}
