//! What was read, as a tree. Unlike JSON it can hold what is not finite, and a key that comes twice.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

/// How deep lists and tables may lie in each other.
pub(super) const MAX_DEPTH: usize = 64;

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub enum Node {
    /// `null`, `None`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number, finite or not.
    Number(f64),
    /// Anything else that is no list and no table.
    Text(String),
    /// A list.
    List(Vec<Self>),
    /// A table, in the order of the file.
    Table(Vec<(String, Self)>),
}

/// What stands under a key.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Got<'a> {
    /// Nothing, or `null`.
    Nothing,
    /// This.
    One(&'a Node),
    /// Several things that differ: the first two.
    Twice(&'a Node, &'a Node),
}

/// A key without what people and models spell differently: `Builds On`, `builds_on`, `buildsOn`.
fn flat(key: &str) -> String {
    key.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

impl Node {
    /// What stands under one of these keys, which are written small and without marks. The first one that
    /// is there counts.
    pub fn get(&self, keys: &[&str]) -> Got<'_> {
        let Self::Table(members) = self else { return Got::Nothing };
        for wanted in keys {
            let mut found: Option<&Self> = None;
            for (_, node) in
                members.iter().filter(|(key, node)| *node != Self::Null && flat(key) == *wanted)
            {
                match found {
                    Some(known) if !known.is_same(node) => return Got::Twice(known, node),
                    _ => found = Some(node),
                }
            }
            if let Some(node) = found {
                return Got::One(node);
            }
        }
        Got::Nothing
    }

    /// The same where it does not matter that there may be two.
    pub fn one(&self, keys: &[&str]) -> Option<&Self> {
        match self.get(keys) {
            Got::One(node) => Some(node),
            Got::Nothing | Got::Twice(..) => None,
        }
    }

    /// Whether two values are the same. What is not a number is like itself.
    pub fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Number(one), Self::Number(other)) => {
                one == other || one.is_nan() && other.is_nan()
            }
            (Self::List(one), Self::List(other)) => {
                one.len() == other.len()
                    && one.iter().zip(other).all(|(one, other)| one.is_same(other))
            }
            _ => self == other,
        }
    }

    /// A list of one is what is in it.
    pub fn unlisted(&self) -> &Self {
        match self {
            Self::List(items) if items.len() == 1 => &items[0],
            other => other,
        }
    }

    /// A single value as text.
    pub fn plain(&self) -> Option<String> {
        match self.unlisted() {
            Self::Text(text) => Some(text.clone()),
            Self::Number(number) => Some(number.to_string()),
            Self::Bool(truth) => Some(truth.to_string()),
            Self::Null | Self::List(_) | Self::Table(_) => None,
        }
    }

    /// Whether it is a table, or a list with a table or a list in it.
    pub(super) fn holds_tables(&self) -> bool {
        match self {
            Self::Table(members) => !members.is_empty(),
            Self::List(items) => {
                items.iter().any(|item| matches!(item, Self::Table(_) | Self::List(_)))
            }
            _ => false,
        }
    }

    /// What it is, for people.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "true or false",
            Self::Number(_) => "a number",
            Self::Text(_) => "a text",
            Self::List(_) => "a list",
            Self::Table(_) => "an object",
        }
    }

    /// As JSON. What is not finite becomes a text.
    ///
    /// # Errors
    /// A key that comes twice with different values.
    pub fn json(&self) -> Result<Value, String> {
        Ok(match self {
            Self::Null => Value::Null,
            Self::Bool(truth) => Value::Bool(*truth),
            Self::Number(number) => whole(*number).map_or_else(|| (*number).into(), Value::from),
            Self::Text(text) => Value::String(text.clone()),
            Self::List(items) => {
                Value::Array(items.iter().map(Self::json).collect::<Result<_, _>>()?)
            }
            Self::Table(members) => {
                let mut map = serde_json::Map::new();
                for (key, node) in members {
                    let value = node.json()?;
                    if map.insert(key.clone(), value.clone()).is_some_and(|before| before != value)
                    {
                        return Err(format!("has the key {key:?} twice"));
                    }
                }
                Value::Object(map)
            }
        })
    }
}

/// A number without a fraction, as far as it is exact.
fn whole(number: f64) -> Option<i64> {
    #[expect(clippy::cast_possible_truncation, reason = "checked")]
    (number.fract() == 0.0 && number.abs() < 9e15).then_some(number as i64)
}

impl From<&Value> for Node {
    fn from(value: &Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(truth) => Self::Bool(*truth),
            Value::Number(number) => Self::Number(number.as_f64().unwrap_or(f64::NAN)),
            Value::String(text) => Self::Text(text.clone()),
            Value::Array(items) => Self::List(items.iter().map(Self::from).collect()),
            Value::Object(members) => Self::Table(
                members.iter().map(|(key, value)| (key.clone(), Self::from(value))).collect(),
            ),
        }
    }
}

/// Reads YAML.
pub(super) fn from_yaml(text: &str) -> Option<Node> {
    let options = serde_saphyr::options! { strict_booleans: true, with_snippet: false };
    serde_saphyr::from_str_with_options(text, options).ok()
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Any)
    }
}

struct Any;

impl<'de> Visitor<'de> for Any {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E: Error>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_none<E: Error>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Node, E> {
        Ok(Node::Bool(value))
    }

    #[expect(clippy::cast_precision_loss, reason = "a figure of a model is no exact count")]
    fn visit_u64<E: Error>(self, value: u64) -> Result<Node, E> {
        Ok(Node::Number(value as f64))
    }

    #[expect(clippy::cast_precision_loss, reason = "a figure of a model is no exact count")]
    fn visit_i64<E: Error>(self, value: i64) -> Result<Node, E> {
        Ok(Node::Number(value as f64))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Node, E> {
        Ok(Node::Number(value))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Node, E> {
        Ok(Node::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Node, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Node::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Node, A::Error> {
        let mut table = Vec::new();
        while let Some(entry) = entries.next_entry()? {
            table.push(entry);
        }
        Ok(Node::Table(table))
    }
}
