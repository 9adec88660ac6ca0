//! The text of `program.md`: headings, prose, and lines of `key: value`.

use super::Limits;
use crate::domain::auto_loop::{Target, parse_until};
use crate::domain::suggestion::{is_slip, nearest};
use crate::domain::{Better, figure_name, text::one_line, unit};

/// What stands in the file.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Parsed {
    pub directive: String,
    pub targets: String,
    pub constraints: String,
    pub metric: Option<(String, Better)>,
    pub evaluator: Option<String>,
    pub target: Option<Target>,
    pub limits: Limits,
}

/// The sections that have a meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Section {
    Directive,
    Targets,
    Benchmark,
    Budget,
    Constraints,
}

const SECTIONS: [(&str, Section); 5] = [
    ("directive", Section::Directive),
    ("targets", Section::Targets),
    ("benchmark", Section::Benchmark),
    ("budget", Section::Budget),
    ("constraints", Section::Constraints),
];

const BENCHMARK_KEYS: &[&str] =
    &["metric", "better", "direction", "command", "evaluator", "target"];
const BUDGET_KEYS: &[&str] =
    &["sprints", "count", "cost", "gpu_hours", "until", "deadline", "patience"];

/// A line with its number.
type Line<'a> = (usize, &'a str);
/// Line numbers and what is wrong there.
type Mistakes = Vec<(usize, String)>;

/// Reads the text. `given` is the metric of the configuration, which goes before the file's;
/// `now` is in seconds since 1970.
pub(super) fn parse(text: &str, given: Option<(&str, Better)>, now: i64) -> (Parsed, Mistakes) {
    let text = without_comments(text);
    let mut sections: Vec<(Section, Vec<Line<'_>>)> = Vec::new();
    let mut current: Option<(usize, Option<Section>)> = None;
    let mut in_code = false;
    for (index, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            in_code = !in_code;
        } else if !in_code && let Some((level, title)) = heading(line) {
            let known =
                SECTIONS.iter().find(|(name, _)| *name == title).map(|(_, section)| *section);
            // A smaller heading inside of a section is a part of it.
            if known.is_some() || current.is_none_or(|(above, _)| level <= above) {
                current = Some((level, known));
                if let Some(known) = known {
                    sections.push((known, Vec::new()));
                }
                continue;
            }
        }
        if let (Some((_, Some(_))), Some((_, lines))) = (current, sections.last_mut()) {
            lines.push((index + 1, line));
        }
    }
    let of = |wanted: Section| {
        sections
            .iter()
            .filter(|(section, _)| *section == wanted)
            .flat_map(|(_, lines)| lines.iter().copied())
            .collect::<Vec<_>>()
    };
    let mut mistakes = Mistakes::new();
    let mut parsed = Parsed {
        directive: prose(&of(Section::Directive)),
        targets: prose(&of(Section::Targets)),
        constraints: prose(&of(Section::Constraints)),
        ..Parsed::default()
    };
    benchmark(&mut parsed, &of(Section::Benchmark), &of(Section::Targets), given, &mut mistakes);
    budget(&mut parsed.limits, &of(Section::Budget), now, &mut mistakes);
    mistakes.sort_by_key(|(line, _)| *line);
    (parsed, mistakes)
}

/// The text with blanks in place of comments; lines stay where they are.
fn without_comments(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find("<!--") {
        let (before, comment) = rest.split_at(start);
        out.push_str(before);
        let end = comment.find("-->").map_or(comment.len(), |at| at + 3);
        out.extend(comment[..end].chars().filter(|c| *c == '\n'));
        rest = &comment[end..];
    }
    out.push_str(rest);
    out
}

/// The level and the title of a heading, in small letters.
fn heading(line: &str) -> Option<(usize, String)> {
    let level = line.bytes().take_while(|byte| *byte == b'#').count();
    let title = line.get(level..)?;
    if !(1..=6).contains(&level) || !title.starts_with([' ', '\t']) {
        return None;
    }
    let title =
        title.trim().trim_end_matches('#').trim().trim_end_matches(':').trim_matches(['*', '_']);
    Some((level, title.to_lowercase()))
}

fn prose(lines: &[Line<'_>]) -> String {
    lines.iter().map(|(_, line)| line.trim_end()).collect::<Vec<_>>().join("\n").trim().to_owned()
}

/// A line without the mark of a list.
fn item(line: &str) -> &str {
    let line = line.trim();
    ["- ", "* ", "+ "].into_iter().find_map(|mark| line.strip_prefix(mark)).unwrap_or(line).trim()
}

/// The lines of `key: value`. Others are mistakes.
fn pairs<'a>(
    lines: &[Line<'a>],
    section: &str,
    known: &[&str],
    mistakes: &mut Mistakes,
) -> Vec<(usize, String, &'a str)> {
    let mut found: Vec<(usize, String, &str)> = Vec::new();
    for (number, line) in lines {
        let line = item(line);
        if line.is_empty() || line.starts_with("```") {
            continue;
        }
        let Some((key, value)) = line.split_once(':') else {
            mistakes.push((
                *number,
                format!("{section}: {:?} is not used: expected `key: value`", one_line(line, 40)),
            ));
            continue;
        };
        let key =
            key.trim().trim_matches(['*', '_', '`']).trim().to_lowercase().replace([' ', '-'], "_");
        let value = value.trim().trim_start_matches("**").trim();
        let value =
            value.strip_prefix('`').and_then(|value| value.strip_suffix('`')).unwrap_or(value);
        if value.is_empty() {
            continue;
        }
        if !known.contains(&alias(&key)) {
            let near = nearest(&key, known.iter().copied())
                .map(|near| format!("; did you mean {near}?"))
                .unwrap_or_default();
            mistakes.push((
                *number,
                format!("{section}: {:?} is not used here{near}", one_line(&key, 40)),
            ));
        } else if found.iter().any(|(_, other, _)| other == alias(&key)) {
            mistakes.push((*number, format!("{section}: {key} comes twice; the first one counts")));
        } else {
            found.push((*number, alias(&key).to_owned(), value));
        }
    }
    found
}

/// Other words for a key.
fn alias(key: &str) -> &str {
    match key {
        "name" => "metric",
        "direction" | "goal" | "optimize" => "better",
        "evaluator" | "evaluate" | "cmd" => "command",
        "count" | "iterations" | "experiments" | "max_sprints" => "sprints",
        "max_cost" | "max_cost_usd" | "money" | "usd" => "cost",
        "gpu" | "max_gpu_hours" | "gpuhours" => "gpu_hours",
        "deadline" => "until",
        other => other,
    }
}

fn benchmark(
    parsed: &mut Parsed,
    lines: &[Line<'_>],
    targets: &[Line<'_>],
    given: Option<(&str, Better)>,
    mistakes: &mut Mistakes,
) {
    let pairs = pairs(lines, "Benchmark", BENCHMARK_KEYS, mistakes);
    let get = |key: &str| {
        pairs.iter().find(|(_, name, _)| name == key).map(|(line, _, value)| (*line, *value))
    };
    let name = get("metric").map(|(line, value)| (line, one_line(value, 100)));
    let better = get("better").and_then(|(line, value)| {
        let better = Better::parse(value);
        if better.is_none() {
            mistakes.push((
                line,
                format!(
                    "Benchmark: {:?} is not a direction: expected higher or lower",
                    one_line(value, 40)
                ),
            ));
        }
        better
    });
    // Figures of another metric than the one that is measured mean nothing.
    let other = match (&name, given) {
        (Some((line, name)), Some((given, _))) if !figure_name::is_same(name, given) => {
            mistakes.push((
                *line,
                format!("Benchmark: the metric {name} is not used: the configuration says {given}"),
            ));
            true
        }
        _ => false,
    };
    let get = |key: &str| get(key).filter(|_| !other);
    let known = given
        .map(|(name, _)| name.to_owned())
        .or_else(|| name.as_ref().map(|(_, name)| name.clone()));
    let mut target = get("target").and_then(|(line, value)| {
        let target = comparison(value, known.as_deref(), true);
        if target.is_none() {
            mistakes.push((
                line,
                format!(
                    "Benchmark: {:?} is not a target: expected for example `>= 0.95`",
                    one_line(value, 40)
                ),
            ));
        }
        target.map(|target| (line, target))
    });
    for (line, text) in targets {
        if target.is_none() {
            target = comparison(item(text), known.as_deref(), false).map(|target| (*line, target));
        }
    }
    // Other figures stand there for people. One whose name is the metric's but for a letter is none.
    let slip = |text: &str| {
        comparison(item(text), None, false)?.name.filter(|name| {
            known
                .as_deref()
                .is_some_and(|known| is_slip(&figure_name::key(name), &figure_name::key(known)))
        })
    };
    if let (None, Some(known), Some((line, name))) =
        (&target, &known, targets.iter().find_map(|(line, text)| Some((*line, slip(text)?))))
    {
        mistakes.push((
            line,
            format!(
                "Targets: {:?} is not the metric: did you mean {}?",
                one_line(&name, 40),
                one_line(known, 40)
            ),
        ));
    }
    // Without a word for it, the direction is that of the target.
    let sign = target.as_ref().and_then(|(_, target)| target.sign);
    parsed.metric = match (given, name) {
        (Some((name, better)), _) => Some((name.to_owned(), better)),
        (None, Some((line, name))) => {
            let better = better.or(sign);
            if better.is_none() {
                mistakes.push((
                    line,
                    format!("Benchmark: the metric {name} is not used: say with `better: higher` or `better: lower` which way it gets better"),
                ));
            }
            better.map(|better| (name, better))
        }
        (None, None) => None,
    };
    if let Some((line, command)) = get("command") {
        match parsed.metric {
            Some(_) => parsed.evaluator = Some(command.to_owned()),
            None => mistakes
                .push((line, "Benchmark: the command is not used without a metric".to_owned())),
        }
    }
    let Some((line, found)) = target else { return };
    let direction = parsed.metric.as_ref().map(|(_, better)| *better);
    match (
        found.name.or_else(|| parsed.metric.as_ref().map(|(name, _)| name.clone())),
        found.sign.or(direction),
    ) {
        (Some(metric), Some(sign)) => {
            if parsed.metric.as_ref().is_some_and(|(name, better)| {
                figure_name::is_same(name, &metric) && *better != sign
            }) {
                let better = if sign == Better::Higher { "lower" } else { "higher" };
                mistakes.push((
                    line,
                    format!("the target of {metric} points the wrong way: {better} is better"),
                ));
            } else {
                parsed.target = Some(Target {
                    metric,
                    higher: sign == Better::Higher,
                    value: found.value,
                    unit: found.unit,
                });
            }
        }
        _ => mistakes.push((line, "the target is not used: it names no metric".to_owned())),
    }
}

/// A comparison in a text.
struct Comparison {
    name: Option<String>,
    sign: Option<Better>,
    value: f64,
    unit: String,
}

/// Finds `accuracy >= 0.95` in a line of prose. In a value that is nothing but a target, the name
/// and the sign may be left out.
fn comparison(text: &str, metric: Option<&str>, alone: bool) -> Option<Comparison> {
    // A unit of the table may follow the number, with or without a blank.
    let amount = |text: &str, words: usize| {
        let text = text.split_whitespace().take(words).collect::<Vec<_>>().join(" ");
        let clean = text.trim_matches(['`', '*', ',', ';', ')']).trim_end_matches('.');
        unit::amount(clean).map(|(value, unit)| (value, unit.to_owned()))
    };
    let number = |text: &str| amount(text, 2).or_else(|| amount(text, 1));
    let signs = [
        (">=", Better::Higher),
        ("=>", Better::Higher),
        ("≥", Better::Higher),
        ("<=", Better::Lower),
        ("=<", Better::Lower),
        ("≤", Better::Lower),
        (">", Better::Higher),
        ("<", Better::Lower),
    ];
    // `=>` and `>=` before `>`, so that the longest sign is taken.
    let Some((sign, better)) = signs.into_iter().find(|(sign, _)| text.contains(sign)) else {
        return alone.then(|| number(text.trim())).flatten().map(|(value, unit)| Comparison {
            name: None,
            sign: None,
            value,
            unit,
        });
    };
    let (before, after) = text.split_once(sign)?;
    let (value, unit) = number(after)?;
    let before = before.trim().trim_end_matches(['`', '*', ':']).trim();
    let name = match metric {
        // A name may have blanks in it: it is looked for as it was declared.
        Some(metric) if ends_with_name(&before.to_lowercase(), &metric.to_lowercase()) => {
            Some(metric.to_owned())
        }
        _ => before
            .split_whitespace()
            .last()
            .map(|word| word.trim_matches(['`', '*']).to_owned())
            .filter(|word| !word.is_empty()),
    };
    match (name, metric) {
        (None, _) if !alone => None,
        // Another figure than the one that is measured.
        (Some(name), Some(metric)) if !figure_name::is_same(&name, metric) => None,
        (name, _) => Some(Comparison { name, sign: Some(better), value, unit }),
    }
}

/// Whether a text ends with this name, and not with a longer one that ends like it.
fn ends_with_name(text: &str, name: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '/' | '@');
    let words: Vec<&str> = text.split_whitespace().collect();
    let in_words = |count: usize| {
        words
            .len()
            .checked_sub(count)
            .and_then(|from| words.get(from..))
            .is_some_and(|words| figure_name::is_same(&words.join(" "), name))
    };
    text.strip_suffix(name).is_some_and(|before| !before.ends_with(is_part))
        || (1..=4).any(in_words)
}

fn budget(limits: &mut Limits, lines: &[Line<'_>], now: i64, mistakes: &mut Mistakes) {
    for (line, key, value) in pairs(lines, "Budget", BUDGET_KEYS, mistakes) {
        let wrong = |expected: &str| {
            format!("Budget: {key} is {:?}: expected {expected}", one_line(value, 40))
        };
        let first = value.split_whitespace().next().unwrap_or_default();
        let count = || first.parse::<u32>().ok().filter(|count| *count > 0);
        let amount = || {
            let text = first
                .trim_start_matches('$')
                .trim_end_matches('$')
                .trim_end_matches(['h', 'H'])
                .replace('_', "");
            text.parse::<f64>().ok().filter(|amount| *amount > 0.0 && amount.is_finite())
        };
        let problem = match key.as_str() {
            "sprints" => set(&mut limits.count, count()).then(|| wrong("a whole number from 1")),
            "patience" => {
                set(&mut limits.patience, count()).then(|| wrong("a whole number from 1"))
            }
            "cost" => set(&mut limits.max_cost_usd, amount())
                .then(|| wrong("an amount of US dollars above 0")),
            "gpu_hours" => {
                set(&mut limits.max_gpu_hours, amount()).then(|| wrong("a number above 0"))
            }
            _ => {
                let until = parse_until(value, now);
                let problem =
                    until.as_ref().err().map(|problem| format!("Budget: {key}: {problem}"));
                limits.until = until.ok();
                problem
            }
        };
        mistakes.extend(problem.map(|problem| (line, problem)));
    }
}

/// Sets it; true when there is nothing to set.
fn set<T>(slot: &mut Option<T>, value: Option<T>) -> bool {
    *slot = value;
    slot.is_none()
}
