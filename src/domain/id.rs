//! Ids and names. Each is a type of its own, so that one cannot stand where
//! another belongs, and each is checked where it enters the program.

use std::borrow::Borrow;
use std::fmt;

use super::text::is_hidden;

/// Why a text is no id or name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a {what}: expected {expected}")]
pub struct InvalidName {
    /// What was being read.
    pub what: &'static str,
    /// What it should look like.
    pub expected: &'static str,
    /// What was given.
    pub text: String,
}

macro_rules! name_type {
    ($(#[$doc:meta])* $name:ident, $what:literal, $expected:literal, $valid:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// Checks and takes the text.
            pub fn new(text: &str) -> Result<Self, InvalidName> {
                let valid: fn(&str) -> bool = $valid;
                if valid(text) {
                    Ok(Self(text.to_owned()))
                } else {
                    Err(InvalidName { what: $what, expected: $expected, text: text.to_owned() })
                }
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// One that a test names.
            #[cfg(test)]
            pub fn of(text: &str) -> Self {
                Self::new(text).expect("an id or a name")
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl std::str::FromStr for $name {
            type Err = InvalidName;
            fn from_str(text: &str) -> Result<Self, InvalidName> {
                Self::new(text)
            }
        }
    };
}

fn is_plain_name(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 100
        && text.starts_with(|c: char| c.is_alphanumeric() || c == '_')
        && text
            .chars()
            .all(|c| (c.is_alphanumeric() && !is_hidden(c)) || matches!(c, '.' | '_' | '-' | ' '))
        && !text.ends_with(' ')
}

fn has_six_hex_after(text: &str, prefix: &str) -> bool {
    text.strip_prefix(prefix).is_some_and(|hex| {
        hex.len() == 6 && hex.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    })
}

name_type! {
    /// The id of a sprint: `sp-` and six hexadecimal digits.
    SprintId, "sprint id", "sp- and six hexadecimal digits", |text| has_six_hex_after(text, "sp-")
}
name_type! {
    /// The id of a task: `t-` and six hexadecimal digits.
    TaskId, "task id", "t- and six hexadecimal digits", |text| has_six_hex_after(text, "t-")
}
name_type! {
    /// The id of a loop: `loop-` and six hexadecimal digits.
    LoopId, "loop id", "loop- and six hexadecimal digits", |text| has_six_hex_after(text, "loop-")
}
name_type! {
    /// The id of a message: `m-` and six hexadecimal digits.
    MessageId, "message id", "m- and six hexadecimal digits", |text| has_six_hex_after(text, "m-")
}
name_type! {
    /// The name of a study in the configuration.
    StudyName, "study name", "letters, digits, dots, dashes, underscores (at most 100)", is_plain_name
}
name_type! {
    /// The name of a cluster in the configuration.
    ClusterName, "cluster name", "letters, digits, dots, dashes, underscores (at most 100)", is_plain_name
}

/// The part of a sprint directory's name that a person can read: lower case,
/// `[a-z0-9-]`, at most 60 characters; `auto` when nothing is left of the idea.
pub fn slug(idea: Option<&str>) -> String {
    let mut slug = String::new();
    for c in idea.unwrap_or_default().chars().flat_map(char::to_lowercase) {
        if c.is_ascii_alphanumeric() {
            slug.push(c);
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    slug.truncate(60);
    let slug = slug.trim_end_matches('-');
    if slug.is_empty() { "auto".to_owned() } else { slug.to_owned() }
}

/// The name of a sprint's directory: `YYYY-MM-DD--HH-MM--<id>--<slug>`, in UTC.
pub fn directory_name(id: &SprintId, created: jiff::Timestamp, idea: Option<&str>) -> String {
    format!("{}--{id}--{}", created.strftime("%Y-%m-%d--%H-%M"), slug(idea))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sprint_ids_are_nine_characters_of_a_known_form() {
        assert!(SprintId::new("sp-0a9f3c").is_ok());
        for bad in ["sp-0A9F3C", "sp-0a9f3", "sp-0a9f3cc", "0a9f3c", "sp-../..", ""] {
            assert!(SprintId::new(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_name_is_never_a_path() {
        for bad in ["", "..", ".hidden", "a/b", "a\nb", "-rf", "a ", "$(x)"] {
            assert!(StudyName::new(bad).is_err(), "{bad:?}");
        }
        assert!(StudyName::new("my-study.v2_x").is_ok());
    }

    #[test]
    fn slugs() {
        assert_eq!(
            slug(Some("Does Batch-Size  MATTER?? (yes/no)")),
            "does-batch-size-matter-yes-no"
        );
        assert_eq!(slug(Some("日本")), "auto");
        assert_eq!(slug(None), "auto");
        assert_eq!(slug(Some(&"ab ".repeat(100))).len(), 59);
        assert_eq!(slug(Some("../../etc/passwd; rm -rf $HOME")), "etc-passwd-rm-rf-home");
    }

    #[test]
    fn a_directory_name_has_four_parts() {
        let id = SprintId::new("sp-012345").expect("an id");
        let time = "2026-03-04T05:06:07Z".parse().expect("a time");
        assert_eq!(directory_name(&id, time, Some("Try X")), "2026-03-04--05-06--sp-012345--try-x");
    }
}
