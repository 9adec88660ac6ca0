//! What the front end's copy of this program is asked for, and what it answers.
//!
//! The laptop never opens a file of a sprint by itself: it runs its own binary on the
//! front end, once for all sprints, which reads them safely ([`super::folder`]) and within
//! bounds. Requests and answers are JSON; results follow as raw bytes.

use serde::{Deserialize, Serialize};

use super::formats::Money;
use crate::domain::Masker;

/// `read`: what is new in the files of sprints.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadRequest {
    /// Format version.
    pub v: u32,
    /// Bytes of journals that the whole answer may hold. What is left comes with the next.
    pub max_bytes: u64,
    /// Which sprints.
    pub sprints: Vec<ReadSprint>,
}

/// One sprint of a `read`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadSprint {
    /// Its id, as it comes back.
    pub id: String,
    /// Its directory: absolute.
    pub dir: String,
    /// How many bytes of the journal were read before.
    pub offset: u64,
    /// SHA-256 of those bytes, in hexadecimal; empty for none.
    pub prefix: String,
    /// Whether the ends of `progress.md` and `output.log` are wanted.
    pub tails: bool,
    /// Which submission's claim is asked for; 0 for any.
    #[serde(default)]
    pub attempt: u32,
    /// Whether it is wanted how long ago something in the sprint's files changed.
    #[serde(default)]
    pub quiet: bool,
    /// Whether a sum of the calls is wanted that have not told what they cost.
    #[serde(default)]
    pub untold: bool,
}

/// The answer to `read`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReadAnswer {
    /// Format version.
    pub v: u32,
    /// One for each sprint, in the order of the request.
    pub sprints: Vec<SprintFiles>,
}

/// What one sprint's files say.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SprintFiles {
    /// Its id.
    pub id: String,
    /// New lines of the journal, whole ones, in base64.
    pub journal: String,
    /// Where the next read goes on.
    pub offset: u64,
    /// SHA-256 of everything before `offset`.
    pub prefix: String,
    /// Whether what was read before is no longer what stands there. Then `journal` begins
    /// at the start of the file.
    pub altered: bool,
    /// Whether more whole lines wait.
    pub more: bool,
    /// `exit.json`, when it is there.
    pub exit: Option<String>,
    /// Whether the journal was read as far as the answer goes, or is not there.
    #[serde(default)]
    pub readable: bool,
    /// Whether a job (of the submission that was asked for) has left its claim.
    #[serde(default)]
    pub claimed: bool,
    /// The number of the job that holds the claim.
    #[serde(default)]
    pub claimed_by: Option<String>,
    /// What calls have cost that have not told it, when that was asked for and can be known.
    #[serde(default)]
    pub untold: Option<Money>,
    /// Whether the answer is one to that question. An older program does not know it.
    #[serde(default, skip_deserializing)]
    pub summed: bool,
    /// Seconds since anything in the sprint's own files changed.
    pub quiet_seconds: Option<u64>,
    /// The end of `progress.md`.
    pub progress: Option<String>,
    /// The end of `output.log`.
    pub output: Option<String>,
    /// What could not be read, one sentence each.
    pub problems: Vec<String>,
}

impl SprintFiles {
    /// Without the values of the job's environment, but for the journal, which [`super::journal::hide`]
    /// is for.
    #[must_use]
    pub fn hidden(mut self, masker: &Masker) -> Self {
        for text in [&mut self.progress, &mut self.output].into_iter().flatten().chain(&mut self.problems) {
            *text = masker.text(text).into_owned();
        }
        self
    }
}

/// `results`: files for the person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResultsRequest {
    /// Format version.
    pub v: u32,
    /// The sprint's directory: absolute.
    pub dir: String,
    /// Every regular file, not only the report's set.
    pub all: bool,
    /// A file larger than this is named and left there.
    pub max_file: u64,
    /// Bytes of files that one answer may hold.
    pub max_total: u64,
    /// Goes on behind this path (in the answer's order) at this byte of it.
    pub from: Option<(String, u64)>,
    /// More names that belong to the report's set.
    #[serde(default)]
    pub also: Vec<String>,
}

/// The head of the answer to `results`: one JSON line, then the bytes of `parts`, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResultsHead {
    /// Format version.
    pub v: u32,
    /// The pieces that follow.
    pub parts: Vec<Part>,
    /// Where the next request goes on; none when everything was sent.
    pub next: Option<(String, u64)>,
    /// All files that belong to the answer, with their sizes.
    pub files: Vec<(String, u64)>,
    /// What was left out, one sentence each.
    pub skipped: Vec<String>,
}

/// A piece of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// The file's path below the sprint's directory.
    pub path: String,
    /// Where the piece begins.
    pub offset: u64,
    /// How many bytes of it follow.
    pub len: u64,
}

/// Takes a `results` answer apart. `None` when it is not whole.
pub fn split_results(output: &[u8]) -> Option<(ResultsHead, &[u8])> {
    let end = output.iter().position(|byte| *byte == b'\n')?;
    let head: ResultsHead = serde_json::from_slice(&output[..end]).ok()?;
    let bytes = &output[end + 1..];
    let total: u64 = head.parts.iter().map(|part| part.len).sum();
    (bytes.len() as u64 == total).then_some((head, bytes))
}

/// Whether a path from the far side may become a path here: relative, and every
/// component a plain name.
pub fn is_safe_path(path: &str) -> bool {
    !path.is_empty() && path.len() <= 1000 && path.split('/').all(|part| super::folder::check_name(part).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_that_leads_out_is_not_safe() {
        for good in ["report.md", "results/a b;c.csv", "results/$(touch x)", "-rf"] {
            assert!(is_safe_path(good), "{good:?}");
        }
        for bad in ["", "/etc/passwd", "../x", "a/../../x", "a//b", "a/", "a\nb", "a\u{1b}[2Jb", "."] {
            assert!(!is_safe_path(bad), "{bad:?}");
        }
    }

    #[test]
    fn a_cut_answer_is_not_taken() {
        let head = ResultsHead { v: 1, parts: vec![Part { path: "a".to_owned(), offset: 0, len: 5 }], ..ResultsHead::default() };
        let mut output = serde_json::to_vec(&head).expect("text");
        output.extend_from_slice(b"\nhello");
        assert_eq!(split_results(&output).map(|(_, bytes)| bytes.to_vec()), Some(b"hello".to_vec()));
        assert!(split_results(&output[..output.len() - 1]).is_none());
    }
}
