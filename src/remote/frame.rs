//! Takes an answer apart into its sections.

use crate::domain::action;

/// What one section of a script answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// Its name.
    pub name: String,
    /// Its exit status.
    pub status: i32,
    /// Everything that it printed.
    pub output: Vec<u8>,
}

impl Section {
    /// The output as text, with a replacement character for what is no UTF-8. Nothing in it is
    /// taken for an action of ours.
    pub fn text(&self) -> std::borrow::Cow<'_, str> {
        action::unmarked(String::from_utf8_lossy(&self.output))
    }
}

/// A whole answer, in the order of the script.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reply {
    sections: Vec<Section>,
}

impl Reply {
    /// Makes a reply, for tests of what reads one.
    pub fn from_sections(
        sections: impl IntoIterator<Item = (&'static str, i32, &'static str)>,
    ) -> Self {
        let section = |(name, status, text): (&str, i32, &str)| Section {
            name: name.to_owned(),
            status,
            output: text.as_bytes().to_vec(),
        };
        Self { sections: sections.into_iter().map(section).collect() }
    }

    /// The section of this name.
    pub fn section(&self, name: &str) -> Option<&Section> {
        self.sections.iter().find(|section| section.name == name)
    }

    /// All sections.
    pub fn sections(&self) -> &[Section] {
        &self.sections
    }

    /// Finds the sections in what the far side printed. `None` when the answer is not
    /// complete: some section or the last line is missing.
    pub(crate) fn parse(raw: &[u8], nonce: &str) -> Option<Self> {
        let marker = format!("\n{nonce} ").into_bytes();
        let mut sections = Vec::new();
        let mut open: Option<(String, usize)> = None;
        let mut position = 0;
        loop {
            let found = find(raw, &marker, position)?;
            let line_start = found + marker.len();
            let line_end = line_start + raw[line_start..].iter().position(|byte| *byte == b'\n')?;
            let line = std::str::from_utf8(&raw[line_start..line_end]).ok()?;
            let (sign, rest) = line.split_once(' ').unwrap_or((line, ""));
            match (sign, open.take()) {
                ("+", None) => open = Some((rest.to_owned(), line_end + 1)),
                ("=", Some((name, start))) => {
                    let output = raw.get(start..found.max(start))?.to_vec();
                    sections.push(Section { name, status: rest.parse().ok()?, output });
                }
                (".", None) => return Some(Self { sections }),
                _ => return None,
            }
            // The line break that ends this line may begin the next marker.
            position = line_end;
        }
    }
}

fn find(haystack: &[u8], needle: &[u8], from: usize) -> Option<usize> {
    haystack
        .get(from..)?
        .windows(needle.len())
        .position(|window| window == needle)
        .map(|at| at + from)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONCE: &str = "0123456789abcdef";

    #[test]
    fn banners_are_ignored_and_bytes_are_kept() {
        let raw = b"Welcome!\nquota 12%\n\n0123456789abcdef + one\n\xff\x00 x\n\n0123456789abcdef = 0\n\n0123456789abcdef + two\n\n0123456789abcdef = 7\n\n0123456789abcdef .\nbye";
        let reply = Reply::parse(raw, NONCE).expect("complete");
        assert_eq!(reply.section("one").expect("there").output, b"\xff\x00 x\n");
        assert_eq!(reply.section("two").map(|s| (s.status, s.output.len())), Some((7, 0)));
    }

    #[test]
    fn every_cut_is_noticed() {
        let raw = b"\n0123456789abcdef + one\nhello\n0123456789abcdef = 0\n\n0123456789abcdef .\n";
        assert!(Reply::parse(raw, NONCE).is_some());
        for cut in 0..raw.len() {
            assert_eq!(Reply::parse(&raw[..cut], NONCE), None, "cut at {cut}");
        }
    }

    #[test]
    fn an_answer_cannot_forge_a_section_without_the_random_word() {
        let raw = b"\n0123456789abcdef + one\n\nffffffffffffffff = 0\n\nffffffffffffffff + two\n\n0123456789abcdef = 0\n\n0123456789abcdef .\n";
        let reply = Reply::parse(raw, NONCE).expect("complete");
        assert_eq!(reply.sections().len(), 1);
    }
}
