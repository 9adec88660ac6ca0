//! Reads what a job says came out: `finding.json`, `results/metrics.json`, and the last line of
//! an evaluator. A model wrote the first two: whatever is in them is checked here.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::FORMAT_VERSION;
use super::formats::EvaluatorCommand;
use crate::domain::finding::{MAX_FIGURES, MAX_NAME, plain};
use crate::domain::{Finding, Metric, Source, Verdict};

/// A larger `finding.json` is refused.
pub const MAX_FINDING: u64 = 64 << 10;
/// A larger `metrics.json` is refused.
pub const MAX_METRICS: u64 = 256 << 10;

/// What was read, and what was wrong with parts of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Read<T> {
    /// What is sound.
    pub value: T,
    /// What was left out, and why.
    pub problems: Vec<String>,
}

/// Reads `finding.json`.
///
/// # Errors
/// What is wrong, as the rest of a sentence that begins with the file's name.
pub fn finding(bytes: &[u8]) -> Result<Read<Finding>, String> {
    let object = versioned(bytes, MAX_FINDING)?;
    let mut problems = Vec::new();
    let verdict = match object.get("verdict") {
        Some(Value::String(word)) => Verdict::parse(&word.trim().to_ascii_lowercase())
            .ok_or_else(|| format!("has the verdict {}: expected supported, refuted or inconclusive", quoted(word)))?,
        Some(other) => return Err(format!("has {} as its verdict: expected supported, refuted or inconclusive", kind(other))),
        None => return Err("has no verdict".to_owned()),
    };
    let confidence = match object.get("confidence") {
        None | Some(Value::Null) => None,
        Some(value) => match value.as_f64() {
            Some(number) if (0.0..=1.0).contains(&number) => Some(number),
            _ => {
                problems.push(format!("confidence is {}: expected a number from 0 to 1", shown(value)));
                None
            }
        },
    };
    let statement = match object.get("statement") {
        Some(Value::String(text)) if !plain(text, 1).is_empty() => text.clone(),
        Some(Value::String(_)) | None => return Err("has no statement".to_owned()),
        Some(other) => return Err(format!("has {} as its statement: expected a text", kind(other))),
    };
    let mut numbers = BTreeMap::new();
    match object.get("numbers") {
        None | Some(Value::Null) => {}
        Some(Value::Object(given)) => {
            for (name, value) in given {
                match (name_of(name), value.as_f64()) {
                    (Err(problem), _) => problems.push(format!("a number's name {problem}")),
                    (Ok(name), None) => problems.push(format!("numbers.{name} is {}: expected a number", shown(value))),
                    (Ok(_), Some(_)) if numbers.len() >= MAX_FIGURES => {
                        problems.push(format!("there are more than {MAX_FIGURES} numbers"));
                        break;
                    }
                    (Ok(name), Some(number)) => drop(numbers.insert(name, number)),
                }
            }
        }
        Some(other) => problems.push(format!("numbers is {}: expected an object", kind(other))),
    }
    Ok(Read { value: Finding { verdict, confidence, statement, numbers }.sound(), problems })
}

/// Reads `results/metrics.json`.
///
/// # Errors
/// What is wrong, as the rest of a sentence that begins with the file's name.
pub fn metrics(bytes: &[u8]) -> Result<Read<Vec<Metric>>, String> {
    let object = versioned(bytes, MAX_METRICS)?;
    let Some(Value::Array(given)) = object.get("metrics") else { return Err("has no list `metrics`".to_owned()) };
    let mut problems = Vec::new();
    let mut metrics: Vec<Metric> = Vec::new();
    for (index, item) in given.iter().enumerate() {
        let place = format!("metric {}", index + 1);
        if metrics.len() >= MAX_FIGURES {
            problems.push(format!("there are more than {MAX_FIGURES} metrics"));
            break;
        }
        match metric(item, &mut |problem| problems.push(format!("{place} {problem}"))) {
            Ok(metric) if metrics.iter().any(|known| known.name == metric.name) => problems.push(format!("{place}: {} comes twice", metric.name)),
            Ok(metric) => metrics.push(metric),
            Err(problem) => problems.push(format!("{place} {problem}")),
        }
    }
    // Somebody reads these: a file with nothing but mistakes has enough of them in a few lines.
    if problems.len() > 8 {
        let more = problems.len() - 7;
        problems.truncate(7);
        problems.push(format!("and {more} more mistakes"));
    }
    Ok(Read { value: metrics, problems })
}

fn metric(item: &Value, problem: &mut impl FnMut(String)) -> Result<Metric, String> {
    let Value::Object(item) = item else { return Err(format!("is {}: expected an object", kind(item))) };
    let name = match item.get("name") {
        Some(Value::String(name)) => name_of(name).map_err(|problem| format!("has a name that {problem}"))?,
        Some(other) => return Err(format!("has {} as its name: expected a text", kind(other))),
        None => return Err("has no name".to_owned()),
    };
    let value = match item.get("value") {
        Some(value) => value.as_f64().ok_or_else(|| format!("({name}) has the value {}: expected a number", shown(value)))?,
        None => return Err(format!("({name}) has no value")),
    };
    let mut odd = |what: &str, value: &Value, expected: &str| problem(format!("({name}): {what} is {}: expected {expected}", shown(value)));
    let unit = match item.get("unit") {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(unit)) => unit.clone(),
        Some(other) => {
            odd("unit", other, "a text");
            String::new()
        }
    };
    let better = match item.get("better") {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(word)) if matches!(word.as_str(), "higher" | "lower" | "") => word.clone(),
        Some(other) => {
            odd("better", other, "higher or lower");
            String::new()
        }
    };
    let (n, spread) = uncertainty(item, &mut odd);
    Ok(Metric { name: name.clone(), value, unit, better, n, spread, source: Source::Agent }.sound().ok_or("has no figure")?)
}

fn uncertainty(item: &Map<String, Value>, odd: &mut impl FnMut(&str, &Value, &str)) -> (Option<u32>, Option<f64>) {
    let n = match item.get("n") {
        None | Some(Value::Null) => None,
        Some(value) => {
            let n = value.as_u64().and_then(|n| u32::try_from(n).ok()).filter(|n| *n > 0);
            if n.is_none() {
                odd("n", value, "a whole number from 1");
            }
            n
        }
    };
    let spread = match item.get("spread") {
        None | Some(Value::Null) => None,
        Some(value) => {
            let spread = value.as_f64().filter(|spread| *spread >= 0.0);
            if spread.is_none() {
                odd("spread", value, "a number from 0");
            }
            spread
        }
    };
    (n, spread)
}

/// What an evaluator measured.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Measurement {
    /// Finite.
    pub value: f64,
    /// Independent runs.
    pub n: Option<u32>,
    /// Their standard deviation.
    pub spread: Option<f64>,
}

impl Measurement {
    /// As the figure of the evaluator that measured it. None when it cannot be one.
    pub fn figure(self, evaluator: &EvaluatorCommand) -> Option<Metric> {
        let Self { value, n, spread } = self;
        let (name, better) = (evaluator.metric.clone(), evaluator.better.clone());
        Metric { name, value, unit: String::new(), better, n, spread, source: Source::Evaluator }.sound()
    }
}

/// What the evaluator's step says of itself: `acc = 0.9`, or `acc = 0.9, n = 5, spread = 0.01`.
pub fn measured(metric: &str, what: &Measurement) -> String {
    let n = what.n.map(|n| format!(", n = {n}")).unwrap_or_default();
    let spread = what.spread.map(|spread| format!(", spread = {spread}")).unwrap_or_default();
    format!("{metric} = {}{n}{spread}", what.value)
}

/// The figure in what the evaluator's step has said of itself.
pub fn measured_in(said: &str, metric: &str) -> Option<Measurement> {
    let mut parts = said.strip_prefix(metric)?.strip_prefix(" = ")?.split(", ");
    let mut found = Measurement { value: parts.next()?.parse().ok()?, n: None, spread: None };
    for part in parts {
        match part.split_once(" = ")? {
            ("n", n) => found.n = Some(n.parse().ok()?),
            ("spread", spread) => found.spread = Some(spread.parse().ok()?),
            _ => return None,
        }
    }
    Some(found)
}

/// Reads the last line of an evaluator: a number, or `{"value": ..., "n": ..., "spread": ...}`.
///
/// # Errors
/// What is wrong, as the rest of a sentence that begins with "the last line".
pub fn measurement(line: &str) -> Result<Measurement, String> {
    let line = line.trim();
    if line.is_empty() {
        return Err("is missing: the command printed nothing".to_owned());
    }
    let wrong = || format!("is {}: expected one finite number, or {{\"value\": ..., \"n\": ..., \"spread\": ...}}", quoted(line));
    if !line.starts_with('{') {
        let value = line.parse::<f64>().ok().filter(|value| value.is_finite()).ok_or_else(wrong)?;
        return Ok(Measurement { value, n: None, spread: None });
    }
    let object: Map<String, Value> = serde_json::from_str(line).map_err(|_| wrong())?;
    let value = object.get("value").and_then(Value::as_f64).ok_or_else(wrong)?;
    let mut trouble = None;
    let (n, spread) = uncertainty(&object, &mut |what, value, expected| trouble = Some(format!("has {what} {}: expected {expected}", shown(value))));
    match trouble {
        Some(trouble) => Err(trouble),
        None => Ok(Measurement { value, n, spread }),
    }
}

fn versioned(bytes: &[u8], max: u64) -> Result<Map<String, Value>, String> {
    if bytes.len() as u64 > max {
        return Err(format!("is larger than {max} bytes"));
    }
    let object: Map<String, Value> = serde_json::from_slice(bytes).map_err(|error| format!("is no JSON object: {error}"))?;
    match object.get("v") {
        Some(v) if v.as_u64() == Some(u64::from(FORMAT_VERSION)) => Ok(object),
        Some(v) => Err(format!("has format version {}: expected {FORMAT_VERSION}", shown(v))),
        None => Err("has no format version `v`".to_owned()),
    }
}

fn name_of(name: &str) -> Result<String, String> {
    match plain(name, usize::MAX) {
        name if name.is_empty() => Err("is empty".to_owned()),
        name if name.chars().count() > MAX_NAME => Err(format!("is longer than {MAX_NAME} characters")),
        name => Ok(name),
    }
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", plain(text, 60))
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => quoted(text),
        Value::Null | Value::Bool(_) | Value::Number(_) => plain(&value.to_string(), 40),
        other => kind(other).to_owned(),
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_samples_in_the_documentation_are_sound() {
        let finding = finding(include_bytes!("../../tests/data/formats/finding.json")).expect("sound");
        assert_eq!((finding.value.verdict, finding.value.confidence, finding.problems.len()), (Verdict::Refuted, Some(0.9), 0));
        assert_eq!(finding.value.numbers.get("ratio"), Some(&2.18));
        let metrics = metrics(include_bytes!("../../tests/data/formats/metrics.json")).expect("sound");
        assert_eq!((metrics.value.len(), metrics.problems.len()), (3, 0));
        assert_eq!((metrics.value[0].n, metrics.value[0].spread, metrics.value[0].better.as_str()), (Some(20), Some(1.009), "lower"));
    }

    #[test]
    fn a_finding_that_cannot_be_used_says_why() {
        for (text, why) in [
            (r#"{"v": 1, "verdict": "supported", "confidence": NaN"#, "is no JSON object"),
            ("[]", "is no JSON object"),
            ("", "is no JSON object"),
            (r#"{"verdict":"supported","statement":"x"}"#, "has no format version"),
            (r#"{"v":2,"verdict":"supported","statement":"x"}"#, "has format version 2: expected 1"),
            (r#"{"v":1,"verdict":"proven\u001b[2J","statement":"x"}"#, "has the verdict \"proven[2J\": expected supported"),
            (r#"{"v":1,"verdict":true,"statement":"x"}"#, "has true or false as its verdict"),
            (r#"{"v":1,"statement":"x"}"#, "has no verdict"),
            (r#"{"v":1,"verdict":"refuted","statement":" \n"}"#, "has no statement"),
            (r#"{"v":1,"verdict":"refuted","statement":"x","numbers":{"a":1e999}}"#, "is no JSON object"),
        ] {
            let error = finding(text.as_bytes()).expect_err(text);
            assert!(error.contains(why), "{text}: {error}");
        }
        assert!(finding(&vec![b' '; 70_000]).expect_err("large").contains("larger than"));
    }

    #[test]
    fn parts_of_a_finding_that_are_wrong_are_left_out() {
        let text = r#"{"v":1,"verdict":"refuted","confidence":1.5,"statement":"a\u0007b\u202ec\nd","numbers":{"good":1,"bad":"two","":3}}"#;
        let read = finding(text.as_bytes()).expect("sound");
        assert_eq!(read.value.statement, "abc d");
        assert_eq!((read.value.confidence, read.value.numbers.len()), (None, 1));
        assert_eq!(read.problems.len(), 3, "{:?}", read.problems);
        assert!(read.problems[0].contains("confidence is 1.5"), "{:?}", read.problems);
        let long = format!(r#"{{"v":1,"verdict":"refuted","statement":"{}"}}"#, "x".repeat(5000));
        assert_eq!(finding(long.as_bytes()).expect("sound").value.statement.chars().count(), 1000);
    }

    #[test]
    fn metrics_are_checked_one_by_one() {
        let text = r#"{"v":1,"metrics":[{"name":"acc","value":0.9,"better":"up","n":0,"spread":-1},{"name":7,"value":1},{"name":"x","value":"high"},
            {"name":"acc","value":2},{"name":"loss","value":1,"unit":5,"better":"lower","n":3,"spread":0.5},5,{"value":1}]}"#;
        let read = metrics(text.as_bytes()).expect("read");
        assert_eq!(read.value.iter().map(|metric| metric.name.as_str()).collect::<Vec<_>>(), ["acc", "loss"]);
        assert_eq!((read.value[0].n, read.value[0].spread, read.value[0].better.as_str()), (None, None, ""));
        assert_eq!((read.value[1].n, read.value[1].spread), (Some(3), Some(0.5)));
        let all = read.problems.join("\n");
        for part in ["metric 1 (acc): better is \"up\"", "metric 1 (acc): n is 0", "metric 2 has a number as its name", "metric 4: acc comes twice"] {
            assert!(all.contains(part), "{part}: {all}");
        }
        let many: Vec<String> = (0..100).map(|at| format!(r#"{{"name":"m{at}","value":{at}}}"#)).collect();
        let read = metrics(format!(r#"{{"v":1,"metrics":[{}]}}"#, many.join(",")).as_bytes()).expect("read");
        assert_eq!((read.value.len(), read.problems.len()), (64, 1));
        assert!(metrics(br#"{"v": 99, "metrics": []}"#).expect_err("newer").contains("version 99"));
        assert!(metrics(br#"{"v": 1}"#).expect_err("empty").contains("no list"));
    }

    #[test]
    fn an_evaluators_last_line_is_a_number_or_an_object() {
        let plain = |value| Measurement { value, n: None, spread: None };
        for what in [plain(-0.1), Measurement { n: Some(5), spread: Some(1e-9), ..plain(0.1) }, Measurement { n: Some(3), ..plain(1e300) }] {
            assert_eq!(measured_in(&measured("test, n = acc", &what), "test, n = acc"), Some(what));
        }
        for odd in ["", "acc", "acc = ", "acc = x", "acc = 1, n = 2.5", "acc = 1, m = 2", "loss = 1"] {
            assert_eq!(measured_in(odd, "acc"), None, "{odd}");
        }
        assert_eq!(measurement("0.913\r"), Ok(plain(0.913)));
        assert_eq!(measurement(" -1e-3 "), Ok(plain(-0.001)));
        assert_eq!(measurement(r#"{"value": 2, "n": 5, "spread": 0.1, "more": []}"#), Ok(Measurement { value: 2.0, n: Some(5), spread: Some(0.1) }));
        for wrong in [
            "",
            "nan",
            "inf",
            "-Infinity",
            "0.9 accuracy",
            "acc=0.9",
            "{}",
            r#"{"value":"0.9"}"#,
            r#"{"value":1e999}"#,
            r#"{"value":1,"n":0}"#,
            "{\"value\":1",
        ] {
            assert!(measurement(wrong).is_err(), "{wrong}");
        }
        assert!(measurement("all\u{1b}[2J good").expect_err("text").contains("\"all[2J good\""));
    }
}
