//! Texts with `${...}` in them.
//!
//! A template is parsed when the file is read, so that a mistake is found then and not
//! hours into a run. Values are pasted once and never looked at again: a value that
//! holds `${...}` stays as it is.

use std::collections::BTreeMap;
use std::fmt;

use crate::domain::suggestion::nearest;

/// A text that may name values: `${context.KEY}`, `${state.visit}`, `${state.name}`.
/// `$${` stands for `${` itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Context(String),
    Visit,
    State,
}

/// Why a text is no template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// `${` without `}`.
    #[error("`${{` is not closed; write `$${{` for the text itself")]
    Unclosed,
    /// A name that stands for nothing.
    #[error("`${{{name}}}` stands for nothing; {hint}")]
    Unknown {
        /// The name as it was written, shortened.
        name: String,
        /// What to write.
        hint: String,
    },
}

/// The values that a template may name.
#[derive(Debug, Clone, Copy)]
pub(super) struct Values<'a> {
    pub given: &'a BTreeMap<String, String>,
    pub defaults: &'a BTreeMap<String, String>,
    pub state: &'a str,
    pub visit: u32,
}

impl<'a> Values<'a> {
    /// What the caller gave under this key, else what the file says.
    pub(super) fn context(&self, key: &str) -> Option<&'a str> {
        self.given.get(key).or_else(|| self.defaults.get(key)).map(String::as_str)
    }
}

impl Template {
    /// Reads a text.
    ///
    /// # Errors
    /// The first `${...}` that stands for nothing.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        let mut parts = Vec::new();
        let mut literal = String::new();
        let mut rest = text;
        while let Some(dollar) = rest.find('$') {
            let (before, from) = rest.split_at(dollar);
            literal.push_str(before);
            if let Some(after) = from.strip_prefix("$${") {
                literal.push_str("${");
                rest = after;
            } else if let Some(after) = from.strip_prefix("${") {
                let (name, after) = after.split_once('}').ok_or(TemplateError::Unclosed)?;
                if !literal.is_empty() {
                    parts.push(Part::Text(std::mem::take(&mut literal)));
                }
                parts.push(variable(name)?);
                rest = after;
            } else {
                literal.push('$');
                rest = from.get(1..).unwrap_or_default();
            }
        }
        literal.push_str(rest);
        if !literal.is_empty() {
            parts.push(Part::Text(literal));
        }
        Ok(Self { parts })
    }

    /// The key, when the text is one `${context.KEY}` and nothing else.
    pub(super) fn single_context_key(&self) -> Option<&str> {
        match self.parts.as_slice() {
            [Part::Context(key)] => Some(key),
            _ => None,
        }
    }

    /// The text with all values in it, or the name of the value that is missing.
    pub(super) fn render(&self, values: &Values<'_>) -> Result<String, String> {
        let mut text = String::new();
        for part in &self.parts {
            match part {
                Part::Text(literal) => text.push_str(literal),
                Part::Context(key) => {
                    text.push_str(values.context(key).ok_or_else(|| key.clone())?)
                }
                Part::Visit => text.push_str(&values.visit.to_string()),
                Part::State => text.push_str(values.state),
            }
        }
        Ok(text)
    }

    /// The text with a harmless word for each value: what its shape will be.
    pub(super) fn shape(&self) -> String {
        self.parts
            .iter()
            .map(|part| if let Part::Text(text) = part { text.as_str() } else { "1" })
            .collect()
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for part in &self.parts {
            match part {
                Part::Text(text) => f.write_str(&text.replace("${", "$${"))?,
                Part::Context(key) => write!(f, "${{context.{key}}}")?,
                Part::Visit => f.write_str("${state.visit}")?,
                Part::State => f.write_str("${state.name}")?,
            }
        }
        Ok(())
    }
}

/// Whether a word can be a key of the context: ASCII letters, digits and `_`, no digit first.
pub(super) fn is_key(word: &str) -> bool {
    word.len() <= 64
        && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && word.bytes().next().is_some_and(|byte| !byte.is_ascii_digit())
}

fn variable(name: &str) -> Result<Part, TemplateError> {
    match name.split_once('.') {
        Some(("context", key)) if is_key(key) => return Ok(Part::Context(key.to_owned())),
        Some(("state", "visit")) => return Ok(Part::Visit),
        Some(("state", "name")) => return Ok(Part::State),
        _ => {}
    }
    let short: String = name.chars().take(60).collect();
    let hint = match name.split_once('.') {
        Some(("context", _)) => "a key has letters, digits and `_`".to_owned(),
        Some(("state", word)) => match nearest(word, ["visit", "name"]) {
            Some(near) => format!("did you mean `${{state.{near}}}`?"),
            None => "a state has `${state.visit}` and `${state.name}`".to_owned(),
        },
        Some((space, word)) => match nearest(space, ["context", "state"]) {
            Some(near) => format!("did you mean `${{{near}.{}}}`?", word.chars().take(60).collect::<String>()),
            None => "known: `${context.KEY}`, `${state.visit}`, `${state.name}`".to_owned(),
        },
        None => "known: `${context.KEY}`, `${state.visit}`, `${state.name}`; write `$${` for the text itself".to_owned(),
    };
    Err(TemplateError::Unknown { name: short, hint })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn render(text: &str) -> Result<String, String> {
        let given = BTreeMap::from([
            ("idea".to_owned(), "a ${state.visit} b".to_owned()),
            ("both".to_owned(), "given".to_owned()),
        ]);
        let defaults = BTreeMap::from([
            ("both".to_owned(), "default".to_owned()),
            ("only".to_owned(), "file".to_owned()),
        ]);
        let values = Values { given: &given, defaults: &defaults, state: "fix", visit: 3 };
        Template::parse(text).map_err(|error| error.to_string())?.render(&values)
    }

    #[test]
    fn values_are_pasted_once_and_the_caller_wins() {
        assert_eq!(
            render("${state.name} ${state.visit}: ${context.idea}").as_deref(),
            Ok("fix 3: a ${state.visit} b")
        );
        assert_eq!(render("${context.both} ${context.only}").as_deref(), Ok("given file"));
        assert_eq!(
            render("$${context.idea} costs 5$ or $5 $$").as_deref(),
            Ok("${context.idea} costs 5$ or $5 $$")
        );
        assert_eq!(render("").as_deref(), Ok(""));
    }

    #[test]
    fn a_missing_value_is_named() {
        assert_eq!(render("${context.nothing}"), Err("nothing".to_owned()));
    }

    #[test]
    fn a_mistake_is_found_when_the_text_is_read() {
        for (text, expected) in [
            ("${context.idea", "not closed"),
            ("${contxt.idea}", "did you mean `${context.idea}`"),
            ("${state.visits}", "did you mean `${state.visit}`"),
            ("${HOME}", "write `$${`"),
            ("${}", "stands for nothing"),
            ("${context.a b}", "letters, digits"),
            ("${context.}", "letters, digits"),
            ("${captured.x.output}", "known:"),
        ] {
            let error = Template::parse(text).expect_err(text).to_string();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }

    #[test]
    fn it_shows_as_it_was_written() {
        for text in ["a ${context.k} ${state.visit} $${x} $5", ""] {
            assert_eq!(Template::parse(text).expect("valid").to_string(), text);
        }
    }
}
