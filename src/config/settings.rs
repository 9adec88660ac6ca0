//! Every setting with its value and its source, as `config check` shows it.

use super::commands::{shown_command, without_password, without_secrets};
use super::keys::{Fallback, Key, Kind};
use super::kinds::Value;
use super::paths::Base;
use super::problem::{quoted, visible};
use super::source::{Origin, Source};
use super::tree::{Found, Values};
use crate::domain::duration::human;

/// One setting.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Setting {
    /// `db_path`, `cluster.hpc.port`, `study.mine.job_options.mem`.
    #[serde(rename = "key")]
    pub path: String,
    /// The section that it belongs to: `cluster.hpc`; empty at the top of the file.
    #[serde(skip)]
    pub section: String,
    /// The value as it holds, in one line; empty when there is none. A secret is `(set)`.
    pub value: String,
    /// `researchloop.toml:12`, the name of a variable, or `default`.
    pub source: String,
}

/// Writes down the settings of sections.
pub(super) struct Ledger<'a> {
    pub source: &'a Source,
    pub base: Base<'a>,
    pub settings: Vec<Setting>,
}

impl Ledger<'_> {
    /// Adds the settings of one section. `derived` holds what follows from other keys.
    pub fn add(&mut self, prefix: &str, values: &Values, derived: &[(&str, String)]) {
        let section = prefix.trim_end_matches('.');
        for key in values.section.keys() {
            let path = format!("{prefix}{}", key.name);
            match (values.found(key.name), key.fallback) {
                _ if matches!(key.kind, Kind::Table(_) | Kind::Tables(_)) => {}
                (Some(found), _) => self.given(section, key, &path, found),
                (None, Fallback::Derived(_)) => {
                    let value = derived
                        .iter()
                        .find(|(name, _)| *name == key.name)
                        .map(|(_, value)| value.clone());
                    self.push(section, path, value.unwrap_or_default(), "default".to_owned());
                }
                (None, _) => {
                    let value = values
                        .value(key.name)
                        .map(|value| self.shown(key.kind, &value))
                        .unwrap_or_default();
                    self.push(section, path, value, "default".to_owned());
                }
            }
        }
    }

    fn given(&mut self, section: &str, key: &Key, path: &str, found: &Found) {
        if let Value::Pairs(pairs) = &found.value {
            for pair in pairs {
                let value =
                    if key.kind.is_secret() { "(set)".to_owned() } else { one_line(&pair.value) };
                let source = self.place(&Origin::File(pair.span.clone()));
                self.push(section, format!("{path}.{}", pair.name), value, source);
            }
        } else {
            let value = match &found.value {
                _ if key.kind.is_secret() => "(set)".to_owned(),
                Value::Text(text) if key.name == "evaluator" => one_line(&shown_command(text)),
                value => self.shown(key.kind, value),
            };
            let source = self.place(&found.origin);
            self.push(section, path.to_owned(), value, source);
        }
    }

    fn place(&self, origin: &Origin) -> String {
        match origin {
            Origin::Variable(name) => (*name).to_owned(),
            Origin::File(span) => {
                let name = self.source.file.file_name().unwrap_or(self.source.file.as_os_str());
                format!("{}:{}", name.to_string_lossy(), self.source.line_of(span.start))
            }
        }
    }

    fn push(&mut self, section: &str, path: String, value: String, source: String) {
        let seen = |text: &str| text.chars().map(visible).collect();
        let (path, section) = (seen(&path), seen(section));
        self.settings.push(Setting { path, section, value, source });
    }

    fn shown(&self, kind: Kind, value: &Value) -> String {
        let local = |text: &str| {
            self.base
                .resolve(text)
                .map_or_else(|_| text.to_owned(), |path| path.display().to_string())
        };
        match (kind, value) {
            (Kind::Path, Value::Text(text)) => local(text),
            (Kind::Paths, Value::Texts(texts)) => {
                texts.iter().map(|(text, _)| local(text)).collect::<Vec<_>>().join(", ")
            }
            (Kind::Command, Value::Texts(words)) => one_line(&shell_words::join(without_secrets(
                words.iter().map(|(word, _)| word.as_str()),
            ))),
            (Kind::Url, Value::Text(text)) => without_password(text),
            (_, Value::Text(text)) => one_line(text),
            (_, Value::Texts(texts)) => one_line(
                &texts.iter().map(|(text, _)| text.as_str()).collect::<Vec<_>>().join(", "),
            ),
            (_, Value::Integer(number)) => number.to_string(),
            (_, Value::Seconds(seconds)) => human(*seconds),
            (_, Value::Number(number)) => number.to_string(),
            (_, Value::Boolean(value)) => value.to_string(),
            (_, Value::Waits(waits)) => {
                waits.iter().map(u64::to_string).collect::<Vec<_>>().join(", ")
            }
            (_, Value::Pairs(_)) => String::new(),
        }
    }
}

/// The text in one line that is safe to print; of several lines the first.
fn one_line(text: &str) -> String {
    let text = text.trim();
    match text.lines().count() {
        0 | 1 => text.chars().map(visible).collect(),
        lines => format!("{} ({lines} lines)", quoted(text.lines().next().unwrap_or_default())),
    }
}
