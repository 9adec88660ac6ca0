//! The one reader of files that a model wrote: findings, figures, questions, ideas, plans.
//!
//! A model writes nearly what it was asked for: with a fence around it, in another encoding, with a
//! comma too many, a number as a text, a word of its own. What has one meaning is read; what could mean
//! two things is not, and the reason is one sentence. Nothing here panics, recurses without a bound, or
//! takes more than a fixed number of steps for each character.

mod decode;
mod json;
mod node;
mod number;
mod words;

#[cfg(test)]
mod tests;

pub use decode::text;
pub use node::{Got, Node};
pub use number::{Figure, figure, whole_number};
pub use words::{better, verdict};

/// The largest text that is tried as YAML.
const MAX_OTHER: usize = 64 << 10;

/// Everything in a file that could be what was asked for: usually one table. There are more where there
/// is a table a line, or an example beside the real one.
///
/// # Errors
/// Why there is nothing, as the rest of a sentence that begins with the file's name.
pub fn documents(bytes: &[u8], max: u64) -> Result<Vec<Node>, String> {
    if bytes.len() as u64 > max {
        return Err(format!("is larger than {max} bytes"));
    }
    let text = text(bytes);
    let text = text.trim_matches(|c: char| c.is_whitespace() || c == '\0' || c == '\u{feff}');
    if text.is_empty() {
        return Err("is empty".to_owned());
    }
    if json::begins(text) {
        return json::scan(text);
    }
    let mut found = Vec::new();
    for block in fenced(text) {
        found.extend(data(block)?);
    }
    if found.is_empty() {
        found = data(text)?;
    }
    if found.is_empty() { Err("holds no JSON object".to_owned()) } else { Ok(found) }
}

/// The one document in which `read` finds what was asked for.
///
/// # Errors
/// Why there is none, or that there are several that say different things.
pub fn only<T: PartialEq>(
    documents: &[Node],
    read: impl Fn(&Node) -> Result<T, String>,
) -> Result<T, String> {
    let mut found: Option<T> = None;
    let mut first = None;
    for document in documents {
        match read(document) {
            Ok(one) if found.as_ref().is_some_and(|known| *known != one) => {
                return Err("says several different things".to_owned());
            }
            Ok(one) => found = Some(one),
            Err(problem) => first = first.or(Some(problem)),
        }
    }
    found.ok_or_else(|| first.unwrap_or_else(|| "holds no JSON object".to_owned()))
}

fn data(text: &str) -> Result<Vec<Node>, String> {
    let found = json::scan(text)?;
    if !found.is_empty() || text.len() > MAX_OTHER {
        return Ok(found);
    }
    let other = json::assignments(text).or_else(|| node::from_yaml(text));
    Ok(other.filter(Node::holds_tables).into_iter().collect())
}

/// What stands between fences of three or more marks, unless it is a program. A fence that is never
/// closed ends with the text.
fn fenced(text: &str) -> Vec<&str> {
    let mut blocks = Vec::new();
    // The mark, where its block begins, and whether it is one of data.
    let mut open: Option<(char, usize, bool)> = None;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let (start, end) = (at, at + line.len());
        at = end;
        let bare = line.trim();
        let Some(mark) =
            ['`', '~'].into_iter().find(|mark| bare.starts_with(&mark.to_string().repeat(3)))
        else {
            continue;
        };
        let info = bare.trim_start_matches(mark).trim().to_ascii_lowercase();
        match open {
            Some((kind, begin, is_data)) if kind == mark && info.is_empty() => {
                if is_data {
                    blocks.push(&text[begin..start]);
                }
                open = None;
            }
            Some(_) => {}
            None => {
                open = Some((
                    mark,
                    end,
                    !matches!(info.as_str(), "bash" | "sh" | "shell" | "console" | "diff"),
                ))
            }
        }
    }
    if let Some((_, begin, true)) = open {
        blocks.push(&text[begin..]);
    }
    blocks
}
