//! Units of figures. Hides how they are written, and which can be converted into which.
//!
//! The table is closed, and holds what is certain: shares, times, bytes. Any other unit is only itself.

use super::figure_name;

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A part of a whole.
    Share,
    /// A span.
    Time,
    /// Memory.
    Bytes,
}

/// A unit, as far as it is known.
#[derive(Debug, Clone, PartialEq)]
pub enum Unit {
    /// None was told.
    Untold,
    /// So many of the smallest sensible unit of its kind: a whole, a second, a byte.
    Known(Kind, f64),
    /// Any other, in one way of writing.
    Other(String),
}

const WORDS: &[(Kind, f64, &[&str])] = &[
    (
        Kind::Share,
        1.0,
        &[
            "fraction",
            "fractions",
            "proportion",
            "probability",
            "share",
            "0-1",
            "0..1",
            "0 to 1",
            "[0,1]",
            "[0, 1]",
            "0–1",
        ],
    ),
    (
        Kind::Share,
        0.01,
        &[
            "%",
            "percent",
            "per cent",
            "percents",
            "percentage",
            "pct",
            "pct.",
            "prozent",
            "％",
            "0-100",
            "pp",
            "p.p.",
            "ppt",
            "percentage points",
            "percentage point",
            "percent points",
            "%-points",
            "% points",
        ],
    ),
    (Kind::Share, 1e-3, &["‰", "permille", "per mille", "per mil", "promille"]),
    (Kind::Share, 1e-6, &["ppm"]),
    (Kind::Time, 1e-9, &["ns", "nsec", "nanosecond", "nanoseconds"]),
    (Kind::Time, 1e-6, &["us", "µs", "μs", "usec", "microsecond", "microseconds"]),
    (Kind::Time, 1e-3, &["ms", "msec", "msecs", "millisecond", "milliseconds"]),
    (Kind::Time, 1.0, &["s", "sec", "sec.", "secs", "second", "seconds"]),
    (Kind::Time, 60.0, &["min", "min.", "mins", "minute", "minutes"]),
    (Kind::Time, 3600.0, &["h", "hr", "hrs", "hour", "hours"]),
    (Kind::Time, 86_400.0, &["d", "day", "days"]),
    (Kind::Bytes, 1.0, &["b", "byte", "bytes"]),
    (Kind::Bytes, 1e3, &["kb", "kilobyte", "kilobytes"]),
    (Kind::Bytes, 1e6, &["mb", "megabyte", "megabytes"]),
    (Kind::Bytes, 1e9, &["gb", "gigabyte", "gigabytes"]),
    (Kind::Bytes, 1e12, &["tb", "terabyte", "terabytes"]),
    (Kind::Bytes, 1024.0, &["kib", "kibibyte", "kibibytes"]),
    (Kind::Bytes, 1_048_576.0, &["mib", "mebibyte", "mebibytes"]),
    (Kind::Bytes, 1_073_741_824.0, &["gib", "gibibyte", "gibibytes"]),
    (Kind::Bytes, 1_099_511_627_776.0, &["tib", "tebibyte", "tebibytes"]),
];

/// Words that stand in the place of a unit, and are none.
const NONE: &[&str] = &[
    "",
    "-",
    "–",
    "—",
    "none",
    "n/a",
    "na",
    "null",
    "unitless",
    "dimensionless",
    "no unit",
    "1",
    "number",
    "score",
];

/// The unit that is written so, of the figure of this name.
pub fn read(text: &str, name: &str) -> Unit {
    let text = text.trim();
    let text = [('(', ')'), ('[', ']')]
        .into_iter()
        .find_map(|(open, close)| {
            text.strip_prefix(open)?.strip_suffix(close).filter(|inner| !inner.contains([',', '-']))
        })
        .unwrap_or(text)
        .trim();
    let lower = text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
    // A model may write the name once more.
    let is_unit = WORDS.iter().any(|(.., words)| words.contains(&lower.as_str()));
    if NONE.contains(&lower.as_str()) || (!is_unit && figure_name::is_same(&lower, name)) {
        return Unit::Untold;
    }
    // `Mb` are bits.
    if matches!(text.as_bytes(), [b'K' | b'k' | b'M' | b'G' | b'T', b'b']) && !matches!(text, "kb")
    {
        return Unit::Other(text.to_owned());
    }
    // In which sense it is one, the name says: a speedup is no share.
    if lower == "ratio" && is_share(name) {
        return Unit::Known(Kind::Share, 1.0);
    }
    match WORDS.iter().find(|(.., words)| words.contains(&lower.as_str())) {
        Some((kind, factor, _)) => Unit::Known(*kind, *factor),
        None => Unit::Other(lower),
    }
}

/// Reads a number and, behind it, a unit of the table or none: `95%`, `1.5 h`, `0.95`.
pub fn amount(text: &str) -> Option<(f64, &str)> {
    let text = text.trim();
    let ends = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect::<Vec<_>>();
    let (value, rest) = ends
        .into_iter()
        .rev()
        .find_map(|at| Some((text[..at].trim_end().parse::<f64>().ok()?, text[at..].trim())))?;
    (value.is_finite() && (rest.is_empty() || matches!(read(rest, ""), Unit::Known(..))))
        .then_some((value, rest))
}

/// Words of names whose figures are parts of a whole: above 1 they are percentages.
const SHARES: &[&str] = &[
    "accuracy",
    "acc",
    "accuracies",
    "precision",
    "recall",
    "f1",
    "f1score",
    "fscore",
    "auc",
    "auroc",
    "auprc",
    "aucroc",
    "map",
    "iou",
    "miou",
    "dice",
    "sensitivity",
    "specificity",
    "top1",
    "top5",
    "em",
    "coverage",
    "fraction",
    "proportion",
    "probability",
    "percent",
    "percentage",
    "pct",
    "mrr",
    "ndcg",
    "winrate",
];
/// What such a rate is one of.
const RATES: &[&str] = &[
    "error",
    "success",
    "win",
    "hit",
    "pass",
    "detection",
    "positive",
    "negative",
    "failure",
    "solve",
    "solved",
    "completion",
    "acceptance",
    "recognition",
    "match",
    "accept",
    "miss",
    "positives",
    "negatives",
];
/// With one of these words it is a figure about such a share, and no share itself.
const NO_SHARE: &[&str] = &[
    "time", "seconds", "hours", "steps", "epochs", "per", "cost", "count", "num", "number",
    "tokens", "bits", "loss", "rank",
];

/// Whether the name says that the figure is a part of a whole.
pub fn is_share(name: &str) -> bool {
    // `mIoU` and `valAcc`: capitals begin words, or do not.
    let (words, plain) = (words(name), words(&name.to_lowercase()));
    let has = |list: &[&str]| words.iter().chain(&plain).any(|word| list.contains(&word.as_str()));
    let pair = |one: &[&str], other: &str| {
        words.windows(2).any(|pair| one.contains(&pair[0].as_str()) && pair[1] == other)
    };
    !has(NO_SHARE)
        && (has(SHARES)
            || pair(RATES, "rate")
            || pair(&["exact"], "match")
            || words.first().is_some_and(|word| word == "pass@"))
}

/// The words of a name: `valAcc_top1` has `val`, `acc` and `top1`.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut before = ' ';
    for c in name.chars() {
        let begins = c.is_uppercase() && before.is_lowercase();
        if !c.is_alphanumeric() || begins {
            // `pass@1` is a name of its own.
            if c == '@'
                && let Some(word) = words.last_mut()
            {
                word.push('@');
            }
            words.push(String::new());
        }
        if c.is_alphanumeric()
            && let Some(word) = words.last_mut()
        {
            word.extend(c.to_lowercase());
        }
        before = c;
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_read_as_they_are_written() {
        for (text, unit) in [
            ("%", Unit::Known(Kind::Share, 0.01)),
            (" (%) ", Unit::Known(Kind::Share, 0.01)),
            ("Percent", Unit::Known(Kind::Share, 0.01)),
            ("fraction", Unit::Known(Kind::Share, 1.0)),
            ("[0, 1]", Unit::Known(Kind::Share, 1.0)),
            ("ratio", Unit::Known(Kind::Share, 1.0)),
            ("ms", Unit::Known(Kind::Time, 1e-3)),
            ("GB", Unit::Known(Kind::Bytes, 1e9)),
            ("Gb", Unit::Other("Gb".to_owned())),
            ("m", Unit::Other("m".to_owned())),
            ("Tokens / s", Unit::Other("tokens / s".to_owned())),
            ("", Unit::Untold),
            ("N/A", Unit::Untold),
            ("accuracy", Unit::Untold),
        ] {
            assert_eq!(read(text, "accuracy"), unit, "{text}");
        }
        assert_eq!(read("ratio", "speedup"), Unit::Other("ratio".to_owned()));
        let mut all: Vec<&str> =
            WORDS.iter().flat_map(|(.., words)| words.iter().copied()).collect();
        assert!(
            all.iter().all(|word| matches!(read(word, "x"), Unit::Known(..))),
            "what is in the table is found"
        );
        let count = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), count, "each word once");
    }

    #[test]
    fn amounts_have_a_unit_of_the_table_or_none() {
        for (text, amount) in [
            ("0.95", Some((0.95, ""))),
            ("95%", Some((95.0, "%"))),
            (" 95 percent ", Some((95.0, "percent"))),
            ("1e3ms", Some((1000.0, "ms"))),
            ("-1.5 h", Some((-1.5, "h"))),
            ("95 apples", None),
            ("%", None),
            ("", None),
            ("nan", None),
            ("inf %", None),
            ("1e999", None),
            ("９５", None),
        ] {
            assert_eq!(super::amount(text), amount, "{text}");
        }
    }

    #[test]
    fn names_say_whether_it_is_a_share() {
        for name in [
            "accuracy",
            "test_acc",
            "valAcc",
            "Top-1 accuracy",
            "top1",
            "F1",
            "macro-f1",
            "error_rate",
            "false positive rate",
            "pass@1",
            "exact_match",
            "mIoU",
        ] {
            assert!(is_share(name), "{name}");
        }
        for name in [
            "loss",
            "reward",
            "speedup",
            "learning_rate",
            "perplexity",
            "time_to_accuracy",
            "accuracy_loss",
            "score",
            "bitmap",
            "error",
            "tokens per second",
        ] {
            assert!(!is_share(name), "{name}");
        }
    }
}
