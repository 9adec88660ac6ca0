//! Reads the times at which schedulers say that a job was submitted.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// The login node's time zone is not known, and clocks differ: so many seconds more or less are the same.
pub(super) const NOT_CERTAIN: i64 = 26 * 3600;

/// Seconds since 1970 of `1795708800`, `1795708800123` (milliseconds), `2026-11-20T15:22:04`,
/// `Fri Nov 20 15:22:04 2026` or `11/20/2026 15:22:04.123`. None for what is none of these: it is not
/// known then, which is not 1970.
pub(super) fn seconds(text: &str) -> Option<i64> {
    let text = text.trim();
    if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
        return match (text.len(), text.parse::<i64>().ok()?) {
            (9..=10, seconds) => Some(seconds),
            (12..=13, milliseconds) => Some(milliseconds / 1000),
            _ => None,
        };
    }
    let text = text.split('.').next().unwrap_or(text);
    let forms = ["%Y-%m-%dT%H:%M:%S", "%a %b %e %H:%M:%S %Y", "%m/%d/%Y %H:%M:%S"];
    let time = forms.iter().find_map(|form| DateTime::strptime(form, text).ok())?;
    Some(time.to_zoned(TimeZone::UTC).ok()?.timestamp().as_second())
}

#[cfg(test)]
mod tests {
    use super::seconds;

    #[test]
    fn times_of_both_schedulers() {
        for text in [
            "1795188124",
            "1795188124000",
            "2026-11-20T15:22:04",
            "Fri Nov 20 15:22:04 2026",
            "11/20/2026 15:22:04",
            "11/20/2026 15:22:04.123",
        ] {
            assert_eq!(seconds(text), Some(1_795_188_124), "{text}");
        }
        assert_eq!(seconds("Mon Nov  2 05:02:04 2026"), Some(1_793_595_724));
        for text in ["", "Unknown", "None", "0", "12", "yesterday", "99999999999999999999", "-/-"] {
            assert_eq!(seconds(text), None, "{text:?}");
        }
    }
}
