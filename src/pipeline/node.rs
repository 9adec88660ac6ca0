//! A YAML text as a tree with line numbers.
//!
//! The tree is general on purpose: reading straight into types would stop at the first
//! mistake, and a reader of a pipeline file wants to see all of them. It hides the YAML
//! library. Mappings keep their order.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_saphyr::{Spanned, UserMessageFormatter};

use super::problem::{Place, Problem};

/// The longest file that is read.
const MAX_BYTES: usize = 1_000_000;

/// A value and the line it stands on.
#[derive(Debug)]
pub(super) struct Node {
    pub line: u64,
    pub value: Value,
}

/// A value. A number is kept as it was written.
#[derive(Debug)]
pub(super) enum Value {
    Null,
    Bool(bool),
    Number(String),
    Text(String),
    List(Vec<Node>),
    Map(Vec<Entry>),
}

/// A key with its value.
#[derive(Debug)]
pub(super) struct Entry {
    pub key: String,
    pub line: u64,
    pub node: Node,
}

impl Node {
    /// What the value is, for people.
    pub(super) fn kind(&self) -> &'static str {
        match self.value {
            Value::Null => "nothing",
            Value::Bool(_) => "true or false",
            Value::Number(_) => "a number",
            Value::Text(_) => "text",
            Value::List(_) => "a list",
            Value::Map(_) => "a mapping",
        }
    }

    /// A single value as text. Quotes are optional in YAML, so `1` and `true` are texts, too.
    pub(super) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) | Value::Number(text) => Some(text),
            Value::Bool(true) => Some("true"),
            Value::Bool(false) => Some("false"),
            Value::Null | Value::List(_) | Value::Map(_) => None,
        }
    }

    /// A truth value, with the older words of YAML.
    pub(super) fn truth(&self) -> Option<bool> {
        match self.text()?.to_ascii_lowercase().as_str() {
            "true" | "yes" | "on" => Some(true),
            "false" | "no" | "off" => Some(false),
            _ => None,
        }
    }
}

/// Reads a text.
///
/// # Errors
/// The first mistake of syntax, with its line.
pub(super) fn read(yaml: &str) -> Result<Node, Problem> {
    if yaml.len() > MAX_BYTES {
        return Err(Problem::new(
            &Place::file(),
            format!("the file has {} bytes; at most {MAX_BYTES} are read", yaml.len()),
        ));
    }
    let options = serde_saphyr::options! {
        strict_booleans: true,
        with_snippet: false,
        reject_unsupported_tags: true,
        // A number that is too large for arithmetic is kept as it was written.
        non_finite_float_policy: serde_saphyr::options::NonFiniteFloatPolicy::PassThrough,
    };
    let Spanned { value: Raw(raw), referenced, defined } =
        serde_saphyr::from_str_with_options::<Spanned<Raw>>(yaml, options).map_err(|error| {
            let line = error.location().map(|location| location.line());
            let message = error.without_snippet().render_with_formatter(&UserMessageFormatter);
            let message = one_line(&message);
            // The line has its own field.
            let message =
                message.rsplit_once(" at line ").map_or(message.as_str(), |(message, _)| message);
            Problem::new(&Place { line, ..Place::file() }, message)
        })?;
    Ok(node(raw, Origin { line: referenced.line(), span: bytes(defined) }, yaml))
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn bytes(location: serde_saphyr::Location) -> Option<(usize, usize)> {
    let span = location.span();
    let start = usize::try_from(span.byte_offset()?).ok()?;
    Some((start, start.checked_add(usize::try_from(span.byte_len()?).ok()?)?))
}

struct Origin {
    line: u64,
    span: Option<(usize, usize)>,
}

/// What the library hands over. Values carry their place; numbers have lost their spelling.
struct Raw(RawValue);

enum RawValue {
    Null,
    Bool(bool),
    Number(String),
    Text(String),
    List(Vec<Spanned<Raw>>),
    Map(Vec<(Spanned<String>, Spanned<Raw>)>),
}

fn node(raw: RawValue, origin: Origin, source: &str) -> Node {
    let inner = |Spanned { value: Raw(raw), referenced, defined }: Spanned<Raw>| {
        node(raw, Origin { line: referenced.line(), span: bytes(defined) }, source)
    };
    let value = match raw {
        RawValue::Null => Value::Null,
        RawValue::Bool(truth) => Value::Bool(truth),
        RawValue::Text(text) => Value::Text(text),
        RawValue::Number(shown) => Value::Number(spelling(source, origin.span).unwrap_or(shown)),
        RawValue::List(items) => Value::List(items.into_iter().map(inner).collect()),
        RawValue::Map(entries) => Value::Map(
            entries
                .into_iter()
                .map(|(key, value)| Entry {
                    line: key.referenced.line(),
                    key: key.value,
                    node: inner(value),
                })
                .collect(),
        ),
    };
    Node { line: origin.line, value }
}

/// A number as the file has it: `1.10` is a version to its author, not 1.1.
fn spelling(source: &str, span: Option<(usize, usize)>) -> Option<String> {
    let (start, end) = span?;
    let text = source.get(start..end)?.trim();
    let plain = !text.is_empty()
        && text.len() <= 64
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-._".contains(&byte));
    plain.then(|| text.to_owned())
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Any).map(Raw)
    }
}

struct Any;

impl<'de> Visitor<'de> for Any {
    type Value = RawValue;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E: Error>(self) -> Result<RawValue, E> {
        Ok(RawValue::Null)
    }

    fn visit_none<E: Error>(self) -> Result<RawValue, E> {
        Ok(RawValue::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<RawValue, D::Error> {
        deserializer.deserialize_any(Self)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<RawValue, E> {
        Ok(RawValue::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<RawValue, E> {
        Ok(RawValue::Number(value.to_string()))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<RawValue, E> {
        Ok(RawValue::Number(value.to_string()))
    }

    fn visit_i128<E: Error>(self, value: i128) -> Result<RawValue, E> {
        Ok(RawValue::Number(value.to_string()))
    }

    fn visit_u128<E: Error>(self, value: u128) -> Result<RawValue, E> {
        Ok(RawValue::Number(value.to_string()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<RawValue, E> {
        Ok(RawValue::Number(value.to_string()))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<RawValue, E> {
        Ok(RawValue::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<RawValue, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(RawValue::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<RawValue, A::Error> {
        let mut map = Vec::new();
        while let Some(entry) = entries.next_entry()? {
            map.push(entry);
        }
        Ok(RawValue::Map(map))
    }
}
