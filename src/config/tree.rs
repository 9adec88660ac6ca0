//! Walks the tree of the file along the table of keys: what is unknown, what has the
//! wrong type and what is missing is reported; the rest comes out by name.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use super::environment::Environment;
use super::keys::{Fallback, KEYS, Key, Kind, Section};
use super::kinds::{self, Pair, Trouble, Value, did_you_mean, near};
use super::problem::{Severity, quoted};
use super::source::{Origin, Report};

/// The values of one section.
#[derive(Debug)]
pub(super) struct Values {
    pub section: Section,
    /// Where its heading stands.
    pub place: Origin,
    /// How messages call it: `cluster "hpc"`.
    pub label: String,
    found: BTreeMap<&'static str, Found>,
    /// Keys that are there but wrong, so that they are not called missing.
    wrong: BTreeSet<&'static str>,
    children: BTreeMap<&'static str, Vec<Values>>,
}

/// A value and where it came from.
#[derive(Debug)]
pub(super) struct Found {
    pub value: Value,
    pub origin: Origin,
}

impl Values {
    pub fn found(&self, name: &str) -> Option<&Found> {
        self.found.get(name)
    }

    /// Whether the key was given, rightly or wrongly.
    pub fn is_given(&self, name: &str) -> bool {
        self.found.contains_key(name) || self.wrong.contains(name)
    }

    pub fn children(&self, name: &str) -> &[Self] {
        self.children.get(name).map_or(&[], Vec::as_slice)
    }

    /// The place of a key's value, or of the heading when it was not given.
    pub fn place_of(&self, name: &str) -> &Origin {
        self.found(name).map_or(&self.place, |found| &found.origin)
    }

    /// The value, or the default.
    pub fn value(&self, name: &str) -> Option<Value> {
        if let Some(found) = self.found(name) {
            return Some(found.value.clone());
        }
        match self.section.key(name) {
            Some(Key { fallback: Fallback::Value(text), kind, .. }) => {
                kinds::read_text(*kind, text).ok()
            }
            _ => None,
        }
    }

    pub fn text(&self, name: &str) -> Option<String> {
        match self.value(name) {
            Some(Value::Text(text)) => Some(text),
            _ => None,
        }
    }

    pub fn texts(&self, name: &str) -> Vec<(String, Option<Range<usize>>)> {
        match self.value(name) {
            Some(Value::Texts(texts)) => texts,
            _ => Vec::new(),
        }
    }

    /// The words of a command that was given.
    pub fn command(&self, name: &str) -> Option<Vec<String>> {
        match &self.found(name)?.value {
            Value::Texts(words) => Some(words.iter().map(|(word, _)| word.clone()).collect()),
            _ => None,
        }
    }

    pub fn integer<N: TryFrom<u64> + Default>(&self, name: &str) -> N {
        match self.value(name) {
            Some(Value::Integer(number) | Value::Seconds(number)) => {
                N::try_from(number).unwrap_or_default()
            }
            _ => N::default(),
        }
    }

    pub fn number(&self, name: &str) -> Option<f64> {
        match self.value(name) {
            Some(Value::Number(number)) => Some(number),
            _ => None,
        }
    }

    pub fn boolean(&self, name: &str) -> bool {
        matches!(self.value(name), Some(Value::Boolean(true)))
    }

    pub fn waits(&self, name: &str) -> Vec<u64> {
        match self.value(name) {
            Some(Value::Waits(waits)) => waits,
            _ => Vec::new(),
        }
    }

    pub fn pairs(&self, name: &str) -> Vec<Pair> {
        match self.value(name) {
            Some(Value::Pairs(pairs)) => pairs,
            _ => Vec::new(),
        }
    }
}

/// The entries in the order of the file; the table itself is sorted by name.
pub(super) fn in_order<'t, 'i>(
    table: &'t DeTable<'i>,
) -> Vec<(&'t Spanned<DeString<'i>>, &'t Spanned<DeValue<'i>>)> {
    let mut entries: Vec<_> = table.iter().collect();
    entries.sort_by_key(|(name, _)| name.span().start);
    entries
}

/// Checks the whole tree and the variables.
pub(super) fn check(
    root: &DeTable<'_>,
    environment: &Environment,
    report: &mut Report<'_>,
) -> Values {
    let mut walk = Walk { report, told: BTreeSet::new() };
    let mut top = walk.section(Section::Top, root, 0..0);
    walk.variables(&mut top, environment);
    top
}

struct Walk<'w, 's> {
    report: &'w mut Report<'s>,
    /// Sections whose being unused was told.
    told: BTreeSet<Section>,
}

impl Walk<'_, '_> {
    fn section(&mut self, section: Section, table: &DeTable<'_>, place: Range<usize>) -> Values {
        let label = label(section, table);
        let mut values = Values {
            section,
            place: Origin::File(place.clone()),
            label,
            found: BTreeMap::new(),
            wrong: BTreeSet::new(),
            children: BTreeMap::new(),
        };
        if !section.is_used() && self.told.insert(section) {
            let message = format!("{} is understood but not used yet", section.heading());
            self.report.warning(&Origin::File(place), message, None);
        }
        for (name, value) in in_order(table) {
            match section.key(name.get_ref()) {
                None => self.unknown(&values, name),
                Some(Key { name, kind: Kind::Tables(inner), .. }) => {
                    let children = self.tables(*inner, value);
                    values.children.insert(name, children);
                }
                Some(Key { name, kind: Kind::Table(inner), .. }) => match value.get_ref() {
                    DeValue::Table(table) => {
                        let child = self.section(*inner, table, value.span());
                        values.children.insert(name, vec![child]);
                    }
                    _ => self.not_a_section(*inner, value),
                },
                Some(key) => self.value(key, value, &mut values),
            }
        }
        for key in section.keys().filter(|key| key.fallback == Fallback::Required) {
            if !values.is_given(key.name) && !self.report.is_incomplete() {
                let hint = Some(format!(
                    "add: {} = {}",
                    key.name,
                    if key.kind == Kind::RemoteDir { "\"~/sprints\"" } else { "\"...\"" }
                ));
                let message = format!("`{}` of {} is missing", key.name, values.label);
                self.add(section, &values.place, message, hint);
            }
        }
        values
    }

    fn value(&mut self, key: &'static Key, value: &Spanned<DeValue<'_>>, values: &mut Values) {
        let broken = self.report.is_broken(&value.span());
        match kinds::read(key.kind, value) {
            _ if broken => drop(values.wrong.insert(key.name)),
            Ok(Value::Text(text)) if text.is_empty() && key.fallback == Fallback::Required => {
                values.wrong.insert(key.name);
                let message = format!("`{}`{} is empty", key.name, of(values));
                self.add(values.section, &Origin::File(value.span()), message, None);
            }
            // An empty text is a key that is not given.
            Ok(Value::Text(text)) if text.is_empty() => {}
            Ok(Value::Texts(texts)) if texts.is_empty() => {}
            Ok(read) => drop(
                values
                    .found
                    .insert(key.name, Found { value: read, origin: Origin::File(value.span()) }),
            ),
            Err(troubles) => {
                values.wrong.insert(key.name);
                for Trouble { message, hint, at } in troubles {
                    let place = Origin::File(at.unwrap_or_else(|| value.span()));
                    self.wrong(
                        key,
                        &place,
                        format!("`{}`{}: {message}", key.name, of(values)),
                        hint,
                    );
                }
            }
        }
    }

    fn tables(&mut self, section: Section, value: &Spanned<DeValue<'_>>) -> Vec<Values> {
        match value.get_ref() {
            DeValue::Array(items) => {
                let mut all = Vec::new();
                for item in items.iter() {
                    match item.get_ref() {
                        DeValue::Table(table) => {
                            all.push(self.section(section, table, item.span()))
                        }
                        _ => self.not_a_section(section, item),
                    }
                }
                all
            }
            DeValue::Table(table) => {
                self.not_a_section(section, value);
                // `[cluster]` is one; `[cluster.hpc]` is something else.
                let is_one = table.keys().any(|name| section.key(name.get_ref()).is_some());
                if is_one { vec![self.section(section, table, value.span())] } else { Vec::new() }
            }
            _ => {
                self.not_a_section(section, value);
                Vec::new()
            }
        }
    }

    fn not_a_section(&mut self, section: Section, value: &Spanned<DeValue<'_>>) {
        if !self.report.is_broken(&value.span()) {
            let heading = section.heading();
            let hint = match value.get_ref() {
                DeValue::Table(_) => Some(format!(
                    "write {heading}, once for each, with its name as a key: name = \"...\""
                )),
                DeValue::Array(_) if self.is_heading(&value.span()) => {
                    Some(format!("write {heading}, once"))
                }
                _ => None,
            };
            self.add(
                section,
                &Origin::File(value.span()),
                format!("expected {heading} here"),
                hint,
            );
        }
    }

    fn unknown(&mut self, values: &Values, name: &Spanned<DeString<'_>>) {
        if self.report.is_broken(&name.span()) || self.report.is_misplaced(&name.span()) {
            return;
        }
        let word: &str = name.get_ref();
        let near = near(word, values.section.keys().map(|key| key.name))
            .and_then(|near| values.section.key(near));
        let elsewhere = Section::ALL.iter().find(|other| {
            **other != values.section && other.is_used() && other.key(word).is_some()
        });
        let hint = match (near, elsewhere) {
            (Some(Key { kind: Kind::Tables(section) | Kind::Table(section), .. }), _) => {
                Some(format!("did you mean {}?", section.heading()))
            }
            (Some(key), _) => Some(format!("did you mean `{}`?", key.name)),
            (None, Some(Section::Top)) => {
                Some("it belongs at the top of the file, above the first [section]".to_owned())
            }
            (None, Some(other)) => Some(format!("it belongs in {}", other.heading())),
            (None, None) => None,
        };
        let noun = if self.is_heading(&name.span()) { "section" } else { "key" };
        let place = if values.section == Section::Top {
            String::new()
        } else {
            format!(" in {}", values.label)
        };
        self.add(
            values.section,
            &Origin::File(name.span()),
            format!("unknown {noun} {}{place}", quoted(word)),
            hint,
        );
    }

    fn is_heading(&self, span: &Range<usize>) -> bool {
        self.report
            .source
            .line(self.report.source.line_of(span.start))
            .1
            .trim_start()
            .starts_with('[')
    }

    fn variables(&mut self, top: &mut Values, environment: &Environment) {
        for key in KEYS {
            let Some((name, text)) =
                key.variable.and_then(|name| Some((name, environment.get(name)?)))
            else {
                continue;
            };
            let origin = Origin::Variable(name);
            if !key.section.is_used() && self.told.insert(key.section) {
                self.report.warning(
                    &origin,
                    format!("it is set, but {} is not used yet", key.section.heading()),
                    None,
                );
            }
            match kinds::read_text(key.kind, text) {
                Ok(value) if key.section == Section::Top => {
                    drop(top.found.insert(key.name, Found { value, origin }))
                }
                Ok(value) if key.section.is_used() => {
                    // A variable does without the heading in the file.
                    let label = key.section.heading().to_owned();
                    let section = top
                        .children
                        .entry(key.section.heading().trim_matches(['[', ']']))
                        .or_default();
                    if section.is_empty() {
                        let place = Origin::Variable(name);
                        section.push(Values {
                            section: key.section,
                            place,
                            label,
                            found: BTreeMap::new(),
                            wrong: BTreeSet::new(),
                            children: BTreeMap::new(),
                        });
                    }
                    for values in section {
                        values.wrong.remove(key.name);
                        values.found.insert(
                            key.name,
                            Found { value: value.clone(), origin: Origin::Variable(name) },
                        );
                    }
                }
                Ok(_) => {}
                Err(Trouble { message, hint, .. }) => self.wrong(key, &origin, message, hint),
            }
        }
        for name in environment.unknown() {
            let hint = did_you_mean(name, super::environment::known_variables());
            self.report.variable(Severity::Warning, name, "nothing reads this variable", hint);
        }
        for name in environment.undecodable() {
            self.report.variable(Severity::Error, name, "its value is not UTF-8", None);
        }
    }

    /// Notes a wrong value. Nothing reads the address of a server yet: a wrong one stops nobody.
    fn wrong(&mut self, key: &Key, origin: &Origin, message: String, hint: Option<String>) {
        if key.name == "orchestrator_url" {
            return self.report.warning(origin, message, hint);
        }
        self.add(key.section, origin, message, hint);
    }

    /// A mistake in a section that nothing uses is no reason to stop.
    fn add(&mut self, section: Section, origin: &Origin, message: String, hint: Option<String>) {
        let severity = if section.is_used() { Severity::Error } else { Severity::Warning };
        self.report.add(severity, origin, message, hint);
    }
}

fn label(section: Section, table: &DeTable<'_>) -> String {
    match (section, table.get("name").map(Spanned::get_ref)) {
        (Section::Cluster, Some(DeValue::String(name))) => format!("cluster {}", quoted(name)),
        (Section::Study, Some(DeValue::String(name))) => format!("study {}", quoted(name)),
        _ => section.heading().to_owned(),
    }
}

fn of(values: &Values) -> String {
    if values.section == Section::Top { String::new() } else { format!(" of {}", values.label) }
}
