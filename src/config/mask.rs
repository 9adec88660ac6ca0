//! Finds what must not be shown when a line of the file is quoted in a message:
//! secrets, values of the job's environment, and the values of keys that we do not
//! know, for those may be secrets with a slip in the name.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::commands::without_secrets;
use super::keys::{KEYS, Kind, Section};
use super::source::Source;

/// The stretches to hide in a file that was read completely.
pub(super) fn in_tree(root: &DeTable<'_>) -> Vec<Range<usize>> {
    let mut hidden = Vec::new();
    visit(Section::Top, root, &mut hidden);
    hidden
}

fn visit(section: Section, table: &DeTable<'_>, hidden: &mut Vec<Range<usize>>) {
    for (name, value) in table {
        match (section.key(name.get_ref()).map(|key| key.kind), value.get_ref()) {
            (Some(Kind::Tables(inner) | Kind::Table(inner)), DeValue::Table(table)) => {
                visit(inner, table, hidden)
            }
            (Some(Kind::Tables(inner) | Kind::Table(inner)), DeValue::Array(items)) => {
                for item in items.iter() {
                    match item.get_ref() {
                        DeValue::Table(table) => visit(inner, table, hidden),
                        _ => hide(item, hidden),
                    }
                }
            }
            (Some(Kind::Host), DeValue::String(text)) if !text.contains('@') => {}
            (Some(Kind::Text), value_of)
                if name.get_ref() == "evaluator" && tells_secret(value_of) =>
            {
                hide(value, hidden)
            }
            (Some(Kind::Command), value_of) if tells_secret(value_of) => hide(value, hidden),
            (Some(kind), _) if is_open(kind) => {}
            _ => hide(value, hidden),
        }
    }
}

/// Whether every value of this kind may be shown. An address or a host may have a
/// password in front of an `@`.
fn is_open(kind: Kind) -> bool {
    !kind.is_secret() && !matches!(kind, Kind::Url | Kind::Host | Kind::Tables(_) | Kind::Table(_))
}

/// Whether a command holds something that looks like a secret.
fn tells_secret(command: &DeValue<'_>) -> bool {
    match command {
        DeValue::String(text) => has_secret(text),
        DeValue::Array(items) => {
            let words: Vec<&str> =
                items.iter().filter_map(|item| item.get_ref().as_str()).collect();
            has_secret(&words.join(" "))
        }
        _ => true,
    }
}

fn has_secret(text: &str) -> bool {
    let words = || text.split([' ', ',', '"', '\'', '[', ']']).filter(|word| !word.is_empty());
    without_secrets(words()).iter().map(String::as_str).ne(words())
}

fn hide(value: &Spanned<DeValue<'_>>, hidden: &mut Vec<Range<usize>>) {
    match value.get_ref() {
        DeValue::Table(table) => table.values().for_each(|value| hide(value, hidden)),
        DeValue::Array(items) => items.iter().for_each(|value| hide(value, hidden)),
        _ => hidden.push(value.span()),
    }
}

/// What the lines after a key belong to.
#[derive(Clone, Copy, PartialEq)]
enum Owner {
    /// Nothing yet.
    Nobody,
    /// Something that may be shown.
    Open,
    /// Something that may not.
    Closed,
}

/// What a line starts with when it goes on with a list or a table.
const GOES_ON: [char; 18] =
    ['"', '\'', '[', ']', '{', '}', ',', '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9'];

/// The stretches to hide in a file that has lines which are no TOML: there the tree
/// says little, so every line is judged by its looks, and hidden when in doubt.
pub(super) fn in_text(source: &Source) -> Vec<Range<usize>> {
    let mut hidden = Vec::new();
    let mut heading = Heading::Section(Section::Top);
    let mut owner = Owner::Nobody;
    for number in 1..=source.lines() {
        let (start, line) = source.line(number);
        let text = line.trim_start();
        let end = start + line.len();
        let equals = line.find('=').map(|at| start + at + 1);
        if text.is_empty() {
            continue;
        }
        if let Some(found) = Heading::read(text) {
            heading = found;
            owner = Owner::Nobody;
            hidden.extend(equals.map(|from| from..end));
        } else if let Some(from) = equals.filter(|at| is_key(&line[..at - start - 1])) {
            owner = heading.owner(line[..from - start - 1].trim());
            if owner == Owner::Closed || has_secret(&line[from - start..]) {
                hidden.push(from..end);
            } else {
                hidden.extend(secret_within(&line[from - start..]).map(|at| from + at..end));
            }
        } else if text.starts_with('#') {
            hidden.extend(secret_within(line).map(|at| start + at..end));
        } else if owner == Owner::Closed || has_secret(line) {
            hidden.push(start..end);
        } else if !(owner == Owner::Open && equals.is_none() && text.starts_with(GOES_ON)) {
            // `shared_secret "..."`, `shared_secret: ...`: the first word may be shown,
            // but what follows in the next lines may belong to it.
            let word = text
                .find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-' | '.')))
                .unwrap_or(text.len());
            owner = heading.owner(&text[..word]);
            hidden.push(start + (line.len() - text.len()) + word..end);
        }
    }
    hidden.retain(|range| !source.text[range.clone()].trim().is_empty());
    for range in &mut hidden {
        range.start +=
            source.text[range.clone()].len() - source.text[range.clone()].trim_start().len();
    }
    hidden
}

/// Where a secret begins in a line that has lost its line break: `a = 1token = "..."`.
fn secret_within(text: &str) -> Option<usize> {
    let names = || KEYS.iter().filter(|key| !is_open(key.kind)).map(|key| key.name);
    text.match_indices('=').map(|(at, _)| at).find(|at| {
        let before = text[..*at].trim_end().trim_end_matches(['"', '\'']);
        names().any(|name| before.ends_with(name))
    })
}

fn is_key(text: &str) -> bool {
    !text.trim().is_empty()
        && text
            .chars()
            .all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '"' | '\'' | ' ' | '\t'))
}

#[derive(Clone, Copy)]
enum Heading {
    Section(Section),
    Options,
    Unknown,
}

impl Heading {
    fn read(text: &str) -> Option<Self> {
        let inner = text.strip_prefix('[')?.trim_start_matches('[');
        let name = &inner[..inner.find(']').unwrap_or(inner.len())];
        if !is_key(name) {
            return None;
        }
        let parts: Vec<&str> = name.split('.').map(str::trim).collect();
        Some(match parts[..] {
            ["cluster"] => Self::Section(Section::Cluster),
            ["cluster", "preset"] => Self::Section(Section::Preset),
            ["study"] => Self::Section(Section::Study),
            ["slack"] => Self::Section(Section::Slack),
            ["ntfy"] => Self::Section(Section::Ntfy),
            ["dashboard"] => Self::Section(Section::Dashboard),
            ["cluster" | "study", "job_options"] => Self::Options,
            _ => Self::Unknown,
        })
    }

    fn owner(self, key: &str) -> Owner {
        let name = key.split('.').next().unwrap_or(key).trim().trim_matches(['"', '\'']);
        let is_open = match self {
            Self::Options => true,
            Self::Unknown => false,
            Self::Section(section) => section.key(name).is_some_and(|key| is_open(key.kind)),
        };
        if is_open { Owner::Open } else { Owner::Closed }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(text: &str) -> String {
        let source = Source::new("x".as_ref(), text.to_owned());
        let mut shown = text.to_owned();
        for range in in_text(&source).into_iter().rev() {
            shown.replace_range(range, "***");
        }
        shown
    }

    #[test]
    fn broken_lines_keep_their_secrets() {
        for line in [
            "shared_secret = \"hunter2",
            "shared_secret \"hunter2\"",
            "shared_secret: hunter2",
            "shared_secret=hunter2",
            "shared_secret\"hunter2\"",
            "\"shared_secret\" = hunter2",
            "shared_secrt = hunter2",
            "[cluster.environment]\nA = hunter2",
            "[cluster.environment\nhost = hunter2",
            "[[cluster]]\nenvironment = { A = hunter2 }",
            "[[cluster]]\nenvironment.A = hunter2",
            "[[cluster]]\nenvironment = {\n  A = hunter2\n}",
            "[[cluster]]\nenvironment = {\n  \"hunter2\n}",
            "[slack] bot_token = hunter2",
            "cluster = [{ environment = { A = hunter2 } }]",
            "shared_secret = \"\"\"\nhunter2\n",
            "export A=hunter2",
            "orchestrator_url = https://me:hunter2@host",
            "claude_command = \"env API_KEY=hunter2 claude",
            "notify_command = [\"curl\", \"-H\", \"Authorization: Bearer hunter2\"",
            "notify_command = [\n  \"--token\", \"hunter2\",",
        ] {
            assert!(!masked(line).contains("hunter2"), "{line} -> {}", masked(line));
        }
    }

    #[test]
    fn what_is_not_secret_stays_readable() {
        for line in [
            "[[cluster]]\nport = 22x",
            "[cluster.job_options]\nmem = 8G",
            "context_paths = [\n  \"a\"\n  \"b\"\n]",
            "# a comment = x",
        ] {
            assert_eq!(masked(line), line);
        }
        assert_eq!(masked("hello world"), "hello ***");
    }
}
