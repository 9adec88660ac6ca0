//! What somebody can do next, as data.
//!
//! A text of ours that says what to do carries the action between two marks, also where it is
//! stored. Each door puts its own words in their place: a command, a link, the name of a tool. What
//! others wrote loses its control characters before it comes into such a text, and inside of an
//! action they are escaped: nobody else can make a mark.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;

use super::text;

const BEGIN: char = '\u{2}';
const END: char = '\u{3}';
/// What follows the first mark: no other text is taken for an action.
const TAG: &str = "{\"do\":";

/// Something that a door offers. What is `None` is for the reader to fill in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum Action {
    /// Make a project.
    Init,
    /// See the demonstration, in a folder of one's own choice.
    Demonstrate,
    /// Check the configuration.
    CheckConfig,
    /// Check the clusters.
    CheckClusters,
    /// Prepare a cluster.
    SetUpCluster {
        /// Its name.
        cluster: Option<String>,
    },
    /// Look at a study.
    ShowStudy {
        /// Its name.
        study: String,
    },
    /// Begin a study.
    BeginStudy,
    /// Have a plan made for a study.
    Plan {
        /// Its name.
        study: String,
    },
    /// Run an idea of one's own.
    RunIdea,
    /// List the sprints.
    ListSprints,
    /// Look at a sprint.
    ShowSprint {
        /// Its id.
        sprint: String,
    },
    /// Follow a sprint until it ends.
    WatchSprint {
        /// Its id.
        sprint: String,
    },
    /// Read what happened in a sprint.
    ReadLog {
        /// Its id.
        sprint: String,
        /// One step only.
        step: Option<String>,
    },
    /// Fetch the files of a sprint.
    FetchSprint {
        /// Its id.
        sprint: String,
        /// Also what is large.
        all: bool,
    },
    /// Run the idea of a sprint again.
    ResubmitSprint {
        /// Its id.
        sprint: String,
        /// What the next one gets more of.
        more: Option<Resource>,
    },
    /// Ask for a change of what a sprint has left.
    TweakSprint {
        /// Its id.
        sprint: String,
    },
    /// End a sprint.
    CancelSprint {
        /// Its id.
        sprint: String,
    },
    /// Delete a sprint.
    DeleteSprint {
        /// Its id.
        sprint: Option<String>,
    },
    /// Send a note to a sprint that runs.
    SendNote {
        /// Its id.
        sprint: String,
    },
    /// List the tasks.
    ListTasks {
        /// Also those that are over.
        all: bool,
    },
    /// See which task needs which.
    GraphTasks,
    /// Look at a task.
    ShowTask {
        /// Its id.
        task: String,
    },
    /// Take a task.
    ClaimTask {
        /// Its id.
        task: String,
    },
    /// Open a task again.
    RetryTask {
        /// Its id.
        task: String,
    },
    /// Call a task off.
    CancelTask {
        /// Its id.
        task: String,
    },
    /// Say what came out of a task.
    JudgeTask {
        /// Its id.
        task: Option<String>,
    },
    /// Set the command that verifies a task.
    SetVerify,
    /// Let a task do without another one.
    DropNeed {
        /// Its id.
        task: String,
        /// The id of the other one.
        need: Option<String>,
    },
    /// List the loops.
    ListLoops,
    /// Look at a loop.
    ShowLoop {
        /// Its id.
        id: String,
    },
    /// Stop a loop.
    StopLoop {
        /// Its id.
        id: String,
    },
    /// Let a loop go on.
    ResumeLoop {
        /// Its id.
        id: String,
        /// What of it has to change.
        with: LoopOption,
    },
    /// Change a loop.
    EditLoop {
        /// Its id.
        id: String,
        /// What of it.
        with: LoopOption,
    },
    /// Say more when a loop is started.
    StartWith {
        /// What.
        with: LoopOption,
    },
    /// See what waits for a person.
    ShowInbox,
    /// List the messages, also those that wait for nobody.
    ListMessages,
    /// Answer a message.
    Reply {
        /// Its id.
        message: Option<String>,
    },
    /// Let cron look at all clusters again and again.
    InstallCron,
    /// Look at all clusters once.
    Tick,
    /// Look at all clusters again and again.
    KeepTicking,
}

/// What a sprint can ask for more of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Resource {
    /// Dollars.
    Cost,
    /// Time.
    Time,
    /// Memory.
    Memory,
}

/// What can be said of a loop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LoopOption {
    /// How many sprints.
    Count,
    /// Dollars.
    Cost,
    /// GPUs times hours.
    GpuHours,
    /// Until when.
    Until,
    /// The target: another one.
    Target,
    /// The target: none.
    NoTarget,
}

/// Writes the action between its marks.
impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = serde_json::to_string(self).map_err(|_| fmt::Error)?;
        write!(f, "{BEGIN}{text}{END}")
    }
}

/// Serializes an action as the text that carries it.
pub fn as_text<S: Serializer>(action: &Option<Action>, serializer: S) -> Result<S::Ok, S::Error> {
    action.as_ref().map(ToString::to_string).serialize(serializer)
}

/// The text with a door's words in the place of each action. One that this version does not know is
/// left out; what only looks like a mark stays.
pub fn render(text: &str, say: impl Fn(&Action) -> String) -> String {
    let mut rendered = String::new();
    for part in parts(text) {
        match part {
            Part::Plain(plain) => rendered.push_str(plain),
            Part::Marked(inside) => {
                if let Ok(action) = serde_json::from_str::<Action>(inside) {
                    rendered.push_str(&say(&action));
                }
            }
        }
    }
    rendered
}

/// The same in every text of a value.
pub fn render_in(value: &mut Value, say: &impl Fn(&Action) -> String) {
    match value {
        Value::String(text) if text.contains(BEGIN) => *text = render(text, say),
        Value::Array(values) => values.iter_mut().for_each(|value| render_in(value, say)),
        Value::Object(fields) => fields.values_mut().for_each(|value| render_in(value, say)),
        _ => {}
    }
}

/// Whether some text in this JSON may carry an action.
pub fn may_be_in_json(json: &str) -> bool {
    json.contains(r#"\u0002{\"do\":"#)
}

/// A text as one harmless line of at most so many characters, in which actions stay and do not count.
pub fn line(text: &str, most: usize) -> String {
    let (mut line, mut left) = (String::new(), most);
    for part in parts(text) {
        match part {
            _ if left == 0 => break,
            Part::Plain(plain) => {
                let plain: String = text::line(plain).chars().take(left).collect();
                left -= plain.chars().count();
                line.push_str(&plain);
            }
            Part::Marked(inside) => {
                line.extend([BEGIN].into_iter().chain(inside.chars()).chain([END]))
            }
        }
    }
    line
}

/// A text from outside, without what could begin a mark.
pub fn unmarked(text: Cow<'_, str>) -> Cow<'_, str> {
    if text.contains(BEGIN) { Cow::Owned(text.replace(BEGIN, "")) } else { text }
}

/// JSON from outside, whose texts are without what could begin a mark.
pub fn unmarked_json(json: &[u8]) -> Cow<'_, [u8]> {
    fn unmark(value: &mut Value) {
        match value {
            Value::String(text) => text.retain(|c| c != BEGIN),
            Value::Array(values) => values.iter_mut().for_each(unmark),
            Value::Object(fields) => fields.values_mut().for_each(unmark),
            _ => {}
        }
    }
    let escaped = br"\u0002";
    if !json.windows(escaped.len()).any(|bytes| bytes == escaped) {
        return Cow::Borrowed(json);
    }
    let Ok(mut value) = serde_json::from_slice::<Value>(json) else { return Cow::Borrowed(json) };
    unmark(&mut value);
    Cow::Owned(value.to_string().into_bytes())
}

enum Part<'a> {
    Plain(&'a str),
    Marked(&'a str),
}

fn parts(text: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(&format!("{BEGIN}{TAG}")) {
        let (plain, marked) = rest.split_at(at);
        let marked = &marked[BEGIN.len_utf8()..];
        let (inside, after) = marked.split_once(END).unwrap_or((marked, ""));
        parts.extend([Part::Plain(plain), Part::Marked(inside)]);
        rest = after;
    }
    parts.push(Part::Plain(rest));
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn say(action: &Action) -> String {
        match action {
            Action::ShowStudy { study } => format!("<{study}>"),
            _ => "?".to_owned(),
        }
    }

    #[test]
    fn each_door_has_its_own_words() {
        let action = Action::ShowStudy { study: "a \u{2}\u{3} b".to_owned() };
        let text = format!("see {action}, or not");
        assert_eq!(render(&text, say), "see <a \u{2}\u{3} b>, or not");
        assert_eq!(render("plain", say), "plain");
    }

    #[test]
    fn only_an_action_that_is_known_is_said() {
        assert_eq!(render("cut \u{2}{\"do\":", say), "cut ");
        assert_eq!(render("a \u{2}{\"do\":\"burn\"}\u{3} b", say), "a  b");
        assert_eq!(render("a \u{2}b\u{3} c \u{2}", say), "a \u{2}b\u{3} c \u{2}");
    }

    #[test]
    fn what_an_older_version_has_stored_is_shown_as_it_is() {
        let old = "run it again: `some command ID`\nor {\"do\":\"tick\"} not";
        assert_eq!(render(old, say), old);
    }

    #[test]
    fn a_text_from_outside_makes_no_mark() {
        let forged = format!("do {}!", Action::Tick);
        assert_eq!(render(&forged, say), "do ?!");
        let cleaned = unmarked(forged.as_str().into()).into_owned();
        for text in [cleaned, text::line(&forged), text::spaced(&forged)] {
            assert!(!render(&text, say).contains('?'), "{text:?}");
        }
        let json = serde_json::json!({ "b": [&forged], "a": 1, "c": "\\u0002" }).to_string();
        let mut read: Value =
            serde_json::from_slice(&unmarked_json(json.as_bytes())).expect("JSON");
        assert_eq!((&read["a"], &read["c"]), (&1.into(), &"\\u0002".into()));
        render_in(&mut read, &say);
        assert_eq!(read["b"][0], forged.replace(BEGIN, ""));
        assert_eq!(unmarked_json(b"{\"a\":"), b"{\"a\":".as_slice());
        let named = Action::ShowStudy { study: forged.clone() };
        assert_eq!(render(&named.to_string(), say), format!("<{forged}>"));
    }

    #[test]
    fn a_line_keeps_its_actions_and_nothing_else_that_does_harm() {
        let text = format!("a\u{1b}\n{}é{}", Action::Tick, Action::Init);
        assert_eq!(line(&text, 3), format!("a {}é", Action::Tick));
        assert_eq!(line("\u{2}x", 3), "x");
    }
}
