//! What somebody can do next, as data.
//!
//! A text of ours that says what to do carries the action between two marks, also where it is
//! stored. Each door puts its own words in their place: a command, a link, the name of a tool. What
//! others wrote has no control characters when it comes into such a text, and inside of an action
//! they are escaped: nobody else can make a mark.

use std::fmt;

use serde::{Deserialize, Serialize};

const BEGIN: char = '\u{2}';
const END: char = '\u{3}';

/// Something that a door offers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum Action {
    /// Look at a study.
    ShowStudy {
        /// Its name.
        study: String,
    },
    /// Look at a loop.
    ShowLoop {
        /// Its id.
        id: String,
    },
}

/// Writes the action between its marks.
impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = serde_json::to_string(self).map_err(|_| fmt::Error)?;
        write!(f, "{BEGIN}{text}{END}")
    }
}

/// The text with a door's words in the place of each action. What cannot be read is left out.
pub fn render(text: &str, say: impl Fn(&Action) -> String) -> String {
    let mut rendered = String::new();
    let mut rest = text;
    while let Some((before, marked)) = rest.split_once(BEGIN) {
        let (inside, after) = marked.split_once(END).unwrap_or((marked, ""));
        rendered.push_str(before);
        if let Ok(action) = serde_json::from_str::<Action>(inside) {
            rendered.push_str(&say(&action));
        }
        rest = after;
    }
    rendered + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_door_has_its_own_words() {
        let action = Action::ShowStudy { study: "a \u{2}\u{3} b".to_owned() };
        let text = format!("see {action}, or not");
        let said = render(&text, |action| match action {
            Action::ShowStudy { study } => format!("<{study}>"),
            Action::ShowLoop { .. } => String::new(),
        });
        assert_eq!(said, "see <a \u{2}\u{3} b>, or not");
        assert_eq!(render("plain", |_| String::new()), "plain");
        assert_eq!(render("cut \u{2}{\"do\":", |_| "x".to_owned()), "cut ");
    }
}
