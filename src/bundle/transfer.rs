//! What the login node's copy of this program is asked for, and what it answers.
//!
//! The laptop never opens a file of a sprint by itself: it runs its own binary on the
//! login node, once for all sprints, which reads them safely ([`super::folder`]) and within
//! bounds. Requests and answers are JSON; results follow as raw bytes.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::formats::Money;
use crate::domain::text::one_line;
use crate::domain::{Masker, action};

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
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadSprint {
    /// Its id, as it comes back.
    pub id: String,
    /// Its directory: absolute.
    pub dir: String,
    /// How many bytes of the journal were read before.
    pub offset: u64,
    /// SHA-256 of those bytes, in hexadecimal; empty for none.
    pub prefix: String,
    /// The mark that an answer has told with that hash. Without one, all those bytes are read again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mark: Option<String>,
    /// Whether the ends of `progress.md` and `output.log` are wanted.
    pub tails: bool,
    /// Whether it is asked when its files changed last. With `tails` it is told in any case.
    #[serde(default)]
    pub quiet: bool,
    /// Which submission's claim is asked for; 0 for any.
    #[serde(default)]
    pub attempt: u32,
    /// Whether a sum of the calls is wanted that have not told what they cost.
    #[serde(default)]
    pub untold: bool,
}

/// The answer to `read`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReadAnswer<S = SprintFiles> {
    /// Format version.
    pub v: u32,
    /// One for each sprint, in the order of the request.
    pub sprints: Vec<S>,
}

impl ReadAnswer {
    /// Reads an answer, sprint by sprint: one whose part is broken takes no other with it, and is read again
    /// from where it was. Returns these parts, and of each broken one a sentence. None when it is no answer.
    pub fn read(text: &[u8]) -> Option<(Vec<SprintFiles>, Vec<String>)> {
        let answer: ReadAnswer<serde_json::Value> =
            serde_json::from_slice(&action::unmarked_json(text)).ok()?;
        let (mut whole, mut broken) = (Vec::new(), Vec::new());
        for part in answer.sprints {
            let id = one_line(part["id"].as_str().unwrap_or("a sprint"), 40);
            match serde_json::from_value(part) {
                Ok(files) => whole.push(files),
                Err(error) => broken.push(one_line(
                    &format!("what was told of the files of {id} cannot be read: {error}"),
                    300,
                )),
            }
        }
        Some((whole, broken))
    }
}

fn to_base64<S: serde::Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&STANDARD.encode(bytes))
}

fn of_base64<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    let text = String::deserialize(deserializer)?;
    STANDARD.decode(text).map_err(|error| {
        serde::de::Error::custom(format!("the lines of its journal are broken ({error})"))
    })
}

/// What one sprint's files say.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SprintFiles {
    /// Its id.
    pub id: String,
    /// New lines of the journal, whole ones. In base64 on their way.
    #[serde(serialize_with = "to_base64", deserialize_with = "of_base64")]
    pub journal: Vec<u8>,
    /// Where the next read goes on.
    pub offset: u64,
    /// SHA-256 of everything before `offset`.
    pub prefix: String,
    /// What the next request brings back with it, so that not everything has to be read again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mark: Option<String>,
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
    /// Seconds since anything in the sprint's own files changed, when that was asked.
    pub quiet_seconds: Option<u64>,
    /// The end of `progress.md`.
    pub progress: Option<String>,
    /// The end of `output.log`.
    pub output: Option<String>,
    /// The end of `results/metrics.jsonl`.
    #[serde(default)]
    pub points: Option<String>,
    /// What could not be read, one sentence each.
    pub problems: Vec<String>,
}

impl ReadSprint {
    /// Sets what was read before: a text that [`SprintFiles::known`] made, or a hash alone, as older
    /// programs have stored it.
    #[must_use]
    pub fn behind(mut self, offset: u64, known: &str) -> Self {
        let (prefix, mark) =
            known.split_once(' ').map_or((known, None), |(prefix, mark)| (prefix, Some(mark)));
        (self.offset, self.prefix, self.mark) =
            (offset, prefix.to_owned(), mark.map(str::to_owned));
        self
    }
}

impl SprintFiles {
    /// Without the values of the job's environment, but for the journal, which [`super::journal::take`]
    /// is for.
    #[must_use]
    pub fn hidden(mut self, masker: &Masker) -> Self {
        for text in [&mut self.progress, &mut self.output, &mut self.points]
            .into_iter()
            .flatten()
            .chain(&mut self.problems)
        {
            *text = masker.text(text).into_owned();
        }
        self
    }

    /// Hash and mark as one text, as they are stored.
    pub fn known(&self) -> String {
        // Whoever answers may be anybody: what is kept of it is short.
        match self.mark.as_deref().filter(|mark| mark.len() < 500) {
            Some(mark) => format!("{} {mark}", self.prefix),
            None => self.prefix.clone(),
        }
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

/// Takes a `results` answer apart. `None` when it is not whole, holds more than `max` bytes, or does not
/// go on from where it should: files come in the order of their paths, each from its beginning or from
/// where the request said, and what comes next lies behind them.
pub fn split_results<'a>(
    output: &'a [u8],
    max: u64,
    from: Option<&(String, u64)>,
) -> Option<(ResultsHead, &'a [u8])> {
    let end = output.iter().position(|byte| *byte == b'\n')?;
    let head: ResultsHead = serde_json::from_slice(&action::unmarked_json(&output[..end])).ok()?;
    let bytes = &output[end + 1..];
    let total = head.parts.iter().try_fold(0_u64, |sum, part| sum.checked_add(part.len))?;
    if bytes.len() as u64 != total || total > max {
        return None;
    }
    let mut at: (&str, u64) = from.map_or(("", 0), |(path, offset)| (path, *offset));
    for part in &head.parts {
        let goes_on = part.path == at.0 && part.offset == at.1;
        let begins = part.path.as_str() > at.0 && part.offset == 0;
        if !goes_on && !begins {
            return None;
        }
        at = (&part.path, part.offset.checked_add(part.len)?);
    }
    // The same place again would go on for ever.
    let is_ahead = |next: &(String, u64)| {
        let next = (next.0.as_str(), next.1);
        next >= at && from.is_none_or(|from| next > (from.0.as_str(), from.1))
    };
    head.next.as_ref().is_none_or(is_ahead).then_some((head, bytes))
}

/// Whether a path from the far side may become a path here: relative, and every
/// component a plain name.
pub fn is_safe_path(path: &str) -> bool {
    !path.is_empty()
        && path.len() <= 1000
        && path.split('/').all(|part| super::folder::check_name(part).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_that_leads_out_is_not_safe() {
        for good in ["report.md", "results/a b;c.csv", "results/$(touch x)", "-rf"] {
            assert!(is_safe_path(good), "{good:?}");
        }
        for bad in
            ["", "/etc/passwd", "../x", "a/../../x", "a//b", "a/", "a\nb", "a\u{1b}[2Jb", "."]
        {
            assert!(!is_safe_path(bad), "{bad:?}");
        }
    }

    fn answer(parts: &[(&str, u64, u64)], next: Option<(&str, u64)>, bytes: &[u8]) -> Vec<u8> {
        let parts = parts
            .iter()
            .map(|(path, offset, len)| Part {
                path: (*path).to_owned(),
                offset: *offset,
                len: *len,
            })
            .collect();
        let head = ResultsHead {
            v: 1,
            parts,
            next: next.map(|(path, offset)| (path.to_owned(), offset)),
            ..ResultsHead::default()
        };
        let mut output = serde_json::to_vec(&head).expect("text");
        output.push(b'\n');
        output.extend_from_slice(bytes);
        output
    }

    #[test]
    fn a_cut_answer_is_not_taken() {
        let output = answer(&[("a", 0, 5)], None, b"hello");
        assert_eq!(
            split_results(&output, 5, None).map(|(_, bytes)| bytes.to_vec()),
            Some(b"hello".to_vec())
        );
        assert!(split_results(&output[..output.len() - 1], 5, None).is_none());
        assert!(split_results(&output, 4, None).is_none(), "more than was asked for");
    }

    #[test]
    fn lengths_that_wrap_around_and_pieces_that_do_not_go_on_are_not_taken() {
        let from = ("b".to_owned(), 5);
        let is_taken = |from, parts: &[(&str, u64, u64)], next, bytes: &[u8]| {
            split_results(&answer(parts, next, bytes), 100, from).is_some()
        };
        assert!(is_taken(None, &[("a", 0, 2), ("b", 0, 3)], Some(("b", 3)), b"12345"));
        assert!(is_taken(Some(&from), &[("b", 5, 2), ("c", 0, 0)], Some(("c", 1)), b"12"));
        // The file that it should go on with is gone.
        assert!(is_taken(Some(&from), &[("c", 0, 1)], None, b"1"));
        assert!(
            !is_taken(None, &[("a", 0, u64::MAX), ("b", 0, 6)], None, b"12345"),
            "sums that wrap around"
        );
        assert!(!is_taken(None, &[("a", u64::MAX, 1)], None, b"1"));
        assert!(!is_taken(Some(&from), &[("b", u64::MAX, 1)], None, b"1"));
        assert!(!is_taken(None, &[("b", 0, 1), ("a", 0, 1)], None, b"12"), "backwards");
        assert!(!is_taken(None, &[("a", 0, 1), ("a", 0, 1)], None, b"12"), "twice");
        assert!(!is_taken(Some(&from), &[("b", 4, 1)], None, b"1"));
        for next in [("b", 5), ("b", 4), ("a", 9), ("", 0)] {
            assert!(!is_taken(Some(&from), &[], Some(next), b""), "{next:?} does not go on");
        }
        assert!(!is_taken(None, &[("b", 0, 3)], Some(("b", 2)), b"123"));
    }
}
