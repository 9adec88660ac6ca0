//! What a program printed, with everything that changes from run to run replaced. What that is stands in
//! `tests/recorded/masks`, which `tests/recorded/compare` reads, too.

use std::sync::LazyLock;

use regex::Regex;

static MASKS: LazyLock<Vec<(Regex, String)>> = LazyLock::new(|| {
    include_str!("../recorded/masks")
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| {
            let (pattern, with) =
                line.split_once(" =>").unwrap_or_else(|| panic!("no mask: {line}"));
            let pattern = Regex::new(pattern).unwrap_or_else(|error| panic!("{error}"));
            (pattern, with.trim_start().replace("${SPACE}", " "))
        })
        .collect()
});

/// The text with the masks applied.
pub fn steady(text: &str) -> String {
    MASKS.iter().fold(text.to_owned(), |text, (pattern, with)| {
        pattern.replace_all(&text, with.as_str()).into_owned()
    })
}
