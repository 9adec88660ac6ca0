//! Reads one value as the kind that the table of keys names. A value that came from
//! the file and one that came from a variable go through the same checks.
//!
//! No message here repeats a value of a secret kind.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::keys::Kind;
use super::problem::quoted;
use crate::domain::options::check_text;
use crate::domain::suggestion::nearest;
use crate::domain::{ClusterName, StudyName};

/// A value that fits its kind.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Text(String),
    /// Several texts, or the words of a command.
    Texts(Vec<(String, Option<Range<usize>>)>),
    Integer(u64),
    /// Seconds, from hours.
    Seconds(u64),
    Number(f64),
    Boolean(bool),
    Waits(Vec<u64>),
    Pairs(Vec<Pair>),
}

/// One entry of a table of options or variables, in the order of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pair {
    pub name: String,
    pub value: String,
    pub span: Range<usize>,
}

/// What is wrong with a value.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Trouble {
    pub message: String,
    pub hint: Option<String>,
    /// A narrower place than the whole value.
    pub at: Option<Range<usize>>,
}

impl Trouble {
    fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), hint: None, at: None }
    }

    fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    fn at(mut self, span: Range<usize>) -> Self {
        self.at = Some(span);
        self
    }
}

/// The longest wait between two attempts, and the longest list of them.
const LONGEST_WAIT: u64 = 86_400;
const MOST_WAITS: usize = 20;
const MINUTE: f64 = 60.0;
const TEN_YEARS: f64 = 10.0 * 366.0 * 86_400.0;

/// Reads a value of the file.
pub(super) fn read(kind: Kind, value: &Spanned<DeValue<'_>>) -> Result<Value, Vec<Trouble>> {
    let one = |trouble: Trouble| vec![trouble];
    match (kind, value.get_ref()) {
        (Kind::Texts | Kind::Paths | Kind::Command, DeValue::Array(items)) => {
            let mut texts = Vec::new();
            let mut troubles = Vec::new();
            for item in items.iter() {
                match item.get_ref() {
                    DeValue::String(text) => match plain(text) {
                        Ok(text) => texts.push((text, Some(item.span()))),
                        Err(trouble) => troubles.push(trouble.at(item.span())),
                    },
                    other => troubles.push(wrong_type(Kind::Text, other).at(item.span())),
                }
            }
            if kind != Kind::Command {
                texts.retain(|(text, _)| !text.is_empty());
            } else if troubles.is_empty() {
                program_is_named(&texts).map_err(one)?;
            }
            if troubles.is_empty() { Ok(Value::Texts(texts)) } else { Err(troubles) }
        }
        (Kind::SecondsList, DeValue::Array(items)) => {
            let mut waits = Vec::new();
            let mut troubles = Vec::new();
            for item in items.iter() {
                match integer(Kind::Integer(0, LONGEST_WAIT), item.get_ref()) {
                    Ok(wait) => waits.push(wait),
                    Err(trouble) => troubles.push(trouble.at(item.span())),
                }
            }
            if waits.len() > MOST_WAITS {
                troubles.push(Trouble::new(format!("at most {MOST_WAITS} waits can be given")));
            }
            if troubles.is_empty() { Ok(Value::Waits(waits)) } else { Err(troubles) }
        }
        (Kind::Options | Kind::Environment, DeValue::Table(table)) => pairs(kind, table),
        (Kind::Boolean, DeValue::Boolean(value)) => Ok(Value::Boolean(*value)),
        (Kind::Integer(..), DeValue::Integer(_)) => {
            integer(kind, value.get_ref()).map(Value::Integer).map_err(one)
        }
        (Kind::Hours | Kind::Money, DeValue::Integer(_) | DeValue::Float(_)) => {
            read_text(kind, &scalar(value.get_ref()).unwrap_or_default()).map_err(one)
        }
        (Kind::Scalar, other) => {
            scalar(other).map(Value::Text).ok_or_else(|| one(wrong_type(kind, other)))
        }
        (
            Kind::Boolean
            | Kind::Integer(..)
            | Kind::Hours
            | Kind::Money
            | Kind::SecondsList
            | Kind::Options
            | Kind::Environment
            | Kind::Table(_)
            | Kind::Tables(_),
            other,
        ) => Err(one(wrong_type(kind, other))),
        (_, DeValue::String(text)) => read_text(kind, text).map_err(one),
        (_, other) => Err(one(wrong_type(kind, other))),
    }
}

/// Reads a value from a text: of the file, of a variable, or a default.
pub(super) fn read_text(kind: Kind, text: &str) -> Result<Value, Trouble> {
    let expected = || Trouble::new(format!("expected {}, found {}", kind.expected(), quoted(text)));
    let text_value = |result: Result<String, Trouble>| result.map(Value::Text);
    match kind {
        Kind::Text | Kind::Scalar => text_value(plain(text)),
        Kind::Line | Kind::Path | Kind::Secret => text_value(line(text)),
        Kind::Word => text_value(line(text).and_then(|text| word(kind, text))),
        Kind::Host => text_value(line(text).and_then(|text| word(kind, text)).and_then(host)),
        Kind::ClusterName => ClusterName::new(text)
            .map(|name| Value::Text(name.to_string()))
            .map_err(|error| name_trouble(text, &error)),
        Kind::StudyName => StudyName::new(text)
            .map(|name| Value::Text(name.to_string()))
            .map_err(|error| name_trouble(text, &error)),
        Kind::RemoteDir | Kind::RemoteSubdir => {
            text_value(line(text).and_then(|text| remote_dir(kind, text)))
        }
        Kind::Texts | Kind::Paths => {
            let texts = plain(text)?;
            Ok(Value::Texts(if texts.is_empty() { Vec::new() } else { vec![(texts, None)] }))
        }
        Kind::Command => {
            let words = shell_words::split(&plain(text)?)
                .map_err(|_| Trouble::new("a quote is opened but not closed"))?;
            let words = words.into_iter().map(|word| (word, None)).collect::<Vec<_>>();
            if !text.is_empty() {
                program_is_named(&words)?;
            }
            Ok(Value::Texts(words))
        }
        Kind::Url => {
            let text = line(text)?;
            let fits = text
                .strip_prefix("http://")
                .or_else(|| text.strip_prefix("https://"))
                .is_some_and(is_address);
            if text.is_empty() || fits {
                Ok(Value::Text(text.trim_end_matches('/').to_owned()))
            } else {
                Err(Trouble::new(format!("expected {}", kind.expected())))
            }
        }
        Kind::Choice(words) => match words.contains(&text) || text.is_empty() {
            true => Ok(Value::Text(text.to_owned())),
            false => Err(Trouble { hint: did_you_mean(text, words.iter().copied()), ..expected() }),
        },
        Kind::Integer(min, max) => text
            .trim()
            .parse()
            .ok()
            .filter(|number| (min..=max).contains(number))
            .map(Value::Integer)
            .ok_or_else(expected),
        Kind::Hours => {
            let seconds = text.trim().parse::<f64>().unwrap_or(f64::NAN) * 3600.0;
            if !(MINUTE..=TEN_YEARS).contains(&seconds) {
                return Err(expected());
            }
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "the range was checked"
            )]
            let seconds = seconds.round() as u64;
            Ok(Value::Seconds(seconds))
        }
        Kind::Money => {
            let amount = text.trim().parse::<f64>().unwrap_or(f64::NAN);
            if amount > 0.0 && amount.is_finite() {
                Ok(Value::Number(amount))
            } else {
                Err(expected())
            }
        }
        Kind::Boolean => text.trim().parse().map(Value::Boolean).map_err(|_| expected()),
        Kind::SecondsList => {
            let waits: Option<Vec<u64>> =
                text.split(',').map(|part| part.trim().parse().ok()).collect();
            waits.map(Value::Waits).ok_or_else(expected)
        }
        Kind::Options | Kind::Environment | Kind::Table(_) | Kind::Tables(_) => {
            Err(Trouble::new(format!("expected {}", kind.expected())))
        }
    }
}

/// "did you mean `x`?", if there is an `x` that is like the word.
pub(super) fn did_you_mean<'a>(
    word: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Option<String> {
    near(word, known).map(|near| format!("did you mean `{near}`?"))
}

/// The known word that is most like this one.
pub(super) fn near<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // Comparing takes time and room for each pair of characters.
    const LONGEST: usize = 100;
    if word.len() > LONGEST { None } else { nearest(word, known) }
}

fn wrong_type(kind: Kind, found: &DeValue<'_>) -> Trouble {
    let name = match found {
        DeValue::String(_) => "text",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number with a fraction",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    };
    let trouble = Trouble::new(format!("expected {}, found {name}", kind.expected()));
    let takes_text = read_text(kind, "a").is_ok()
        || matches!(kind, Kind::RemoteDir | Kind::Url | Kind::Choice(_));
    match found {
        DeValue::String(text) if !takes_text && read_text(kind, text).is_ok() => {
            trouble.hint("leave out the quotes")
        }
        DeValue::Integer(_) | DeValue::Float(_) | DeValue::Boolean(_) | DeValue::Datetime(_)
            if takes_text =>
        {
            trouble.hint("put it in quotes")
        }
        _ => trouble,
    }
}

fn plain(text: &str) -> Result<String, Trouble> {
    if text.contains('\0') {
        Err(Trouble::new("the character NUL cannot be part of it"))
    } else {
        Ok(text.to_owned())
    }
}

fn line(text: &str) -> Result<String, Trouble> {
    let fits = !text.contains(char::is_control);
    if fits {
        Ok(text.to_owned())
    } else {
        Err(Trouble::new("line breaks and control characters cannot be part of it"))
    }
}

fn word(kind: Kind, text: String) -> Result<String, Trouble> {
    if text.contains(char::is_whitespace) {
        return Err(Trouble::new(format!(
            "expected {}, found a blank in {}",
            kind.expected(),
            quoted(&text)
        )));
    }
    if text.starts_with('-') {
        return Err(Trouble::new(format!(
            "expected {}, found {}, which looks like an option",
            kind.expected(),
            quoted(&text)
        )));
    }
    Ok(text)
}

fn host(text: String) -> Result<String, Trouble> {
    if let Some((user, name)) = text.rsplit_once('@') {
        // `user:password@host` must not be repeated.
        let user = user.split(':').next().unwrap_or_default();
        return Err(Trouble::new("expected a host name without a user").hint(format!(
            "write host = {} and user = {}",
            quoted(name),
            quoted(user)
        )));
    }
    let wrong = |hint: String| {
        Err(Trouble::new(format!("expected a host name, found {}", quoted(&text))).hint(hint))
    };
    match text.split_once(':') {
        Some((name, port)) if !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()) => {
            wrong(format!("write host = {} and port = {port:.10}", quoted(name)))
        }
        _ if text.contains('/') => wrong("leave out everything but the name".to_owned()),
        _ => Ok(text),
    }
}

/// Whether the rest of a URL begins with a host, perhaps with a user and a port.
fn is_address(rest: &str) -> bool {
    let authority = rest.split('/').next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    let port = host.rsplit_once(':').filter(|_| !host.ends_with(']')).map_or("", |(_, port)| port);
    !host.is_empty()
        && !host.starts_with(':')
        && port.bytes().all(|b| b.is_ascii_digit())
        && !rest.contains(char::is_whitespace)
}

fn remote_dir(kind: Kind, text: String) -> Result<String, Trouble> {
    let wrong = || Trouble::new(format!("expected {}, found {}", kind.expected(), quoted(&text)));
    let in_home = text == "~" || text.starts_with("~/");
    if text.starts_with('~') && !in_home {
        return Err(wrong().hint("only ~/ of your own home folder is understood"));
    }
    if text.contains('$') {
        return Err(wrong().hint("variables are not expanded in it: write the path itself"));
    }
    if kind == Kind::RemoteSubdir {
        if text.split('/').any(|part| part == "..") {
            return Err(Trouble::new(format!(
                "`..` cannot be part of it, found {}",
                quoted(&text)
            )));
        }
    } else if !text.is_empty() && !in_home && !text.starts_with('/') {
        return Err(wrong().hint(format!("for example {}", quoted(&format!("~/{text}")))));
    }
    let trimmed = text.trim_end_matches('/');
    Ok(if trimmed.is_empty() && !text.is_empty() { "/".to_owned() } else { trimmed.to_owned() })
}

fn program_is_named(words: &[(String, Option<Range<usize>>)]) -> Result<(), Trouble> {
    let program = words.first().map(|(program, _)| program.as_str()).unwrap_or_default();
    // No shell reads the words: it would be looked for as a program, and told when it is not found.
    let variable = program.split_once('=').filter(|(name, _)| is_shell_name(name));
    if let Some((name, _)) = variable {
        let hint = format!(
            "no shell reads it: write \"env {name}=... PROGRAM\", or set it in [cluster.environment]"
        );
        return Err(Trouble::new(format!(
            "it begins with the variable {name}, not with a program"
        ))
        .hint(hint));
    }
    if !program.trim().is_empty() {
        Ok(())
    } else {
        Err(Trouble::new("it names no program").hint("for example \"claude\""))
    }
}

fn name_trouble(text: &str, error: &crate::domain::id::InvalidName) -> Trouble {
    Trouble::new(format!("{} is not a {}: expected {}", quoted(text), error.what, error.expected))
}

fn integer(kind: Kind, value: &DeValue<'_>) -> Result<u64, Trouble> {
    let DeValue::Integer(number) = value else { return Err(wrong_type(kind, value)) };
    match i64::from_str_radix(number.as_str(), number.radix())
        .ok()
        .and_then(|number| u64::try_from(number).ok())
    {
        Some(number) if matches!(kind, Kind::Integer(min, max) if (min..=max).contains(&number)) => {
            Ok(number)
        }
        _ => Err(Trouble::new(format!(
            "expected {}, found {:.30}",
            kind.expected(),
            number.to_string()
        ))),
    }
}

/// A text, number or truth value as text.
fn scalar(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.to_string()),
        DeValue::Integer(number) => Some(
            i64::from_str_radix(number.as_str(), number.radix())
                .map_or_else(|_| number.to_string(), |number| number.to_string()),
        ),
        DeValue::Float(number) => Some(number.as_str().to_owned()),
        DeValue::Boolean(value) => Some(value.to_string()),
        DeValue::Datetime(_) | DeValue::Array(_) | DeValue::Table(_) => None,
    }
}

fn pairs(kind: Kind, table: &DeTable<'_>) -> Result<Value, Vec<Trouble>> {
    let mut pairs = Vec::new();
    let mut troubles = Vec::new();
    for (name, value) in super::tree::in_order(table) {
        let of = quoted(name.get_ref());
        let Some(mut text) = scalar(value.get_ref()) else {
            let trouble = wrong_type(Kind::Scalar, value.get_ref());
            // A dotted name, `my.option = 1`, has no place of its own.
            troubles.push(Trouble {
                message: format!("{of}: {}", trouble.message),
                hint: None,
                at: Some(value.span()),
            });
            continue;
        };
        if kind == Kind::Options {
            // An option that is switched off is one that is not there.
            if matches!(value.get_ref(), DeValue::Boolean(false)) {
                text.clear();
            }
            if let Err(problem) = check_text(name.get_ref(), &text) {
                troubles.push(Trouble::new(format!("{of}: {}", problem.problem)).at(value.span()));
            }
        } else {
            if !is_shell_name(name.get_ref()) {
                let trouble = Trouble::new(format!(
                    "{of} is not a name for a variable: expected letters, digits and underscores"
                ));
                troubles.push(trouble.at(name.span()));
            }
            if text.contains('\0') {
                troubles.push(
                    Trouble::new(format!("{of}: the character NUL cannot be part of it"))
                        .at(value.span()),
                );
            }
        }
        pairs.push(Pair { name: name.get_ref().to_string(), value: text, span: name.span() });
    }
    if troubles.is_empty() { Ok(Value::Pairs(pairs)) } else { Err(troubles) }
}

fn is_shell_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}
