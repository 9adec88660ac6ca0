//! What stands in our own templates to be replaced: nobody has said it.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use super::same_idea::Meaning;

/// What `init` and `study init` write as the context of a study. `NAME` is its name.
pub const CLAUDE_MD: &str = include_str!("../../templates/init/CLAUDE.md");
/// What they write to steer it.
pub const PROGRAM_MD: &str = include_str!("../../templates/init/program.md");

const TEMPLATES: &[&str] = &[
    CLAUDE_MD,
    PROGRAM_MD,
    include_str!("../../templates/skills/idea.md.j2"),
    include_str!("../../templates/skills/plan.md.j2"),
    include_str!("../../templates/plan.md"),
];

/// Words that stand for a text that nobody has written yet.
const STAND_INS: &[&str] = &[
    "fixme",
    "insert idea here",
    "insert your idea here",
    "your idea goes here",
    "n/a",
    "none",
    "none left",
    "null",
    "placeholder",
    "tbd",
    "todo",
    "undefined",
    "your idea",
    "your idea here",
    "your research idea",
    "your research idea here",
];

/// Whether a text is only there to be replaced by another one.
pub fn is_placeholder(text: &str) -> bool {
    let text = text.trim().trim_matches(['"', '\'', '`', '*', '_']).trim();
    text.to_lowercase().starts_with("lorem ipsum")
        || is_bracketed(text)
        || STAND_INS.contains(&text.trim_end_matches(['.', '!', '…']).to_lowercase().as_str())
        || is_of_template(text)
}

/// One pair of brackets around all of it.
fn is_bracketed(text: &str) -> bool {
    [("<", ">"), ("[", "]"), ("{{", "}}"), ("{", "}"), ("＜", "＞"), ("【", "】")].iter().any(
        |(open, close)| {
            text.strip_prefix(open)
                .and_then(|rest| rest.strip_suffix(close))
                .is_some_and(|inner| !inner.contains(close) && !inner.contains(open))
        },
    )
}

/// Whether each line of a text stands in one of our templates.
fn is_of_template(text: &str) -> bool {
    static KNOWN: OnceLock<BTreeSet<String>> = OnceLock::new();
    let known = KNOWN.get_or_init(|| {
        let meanings = TEMPLATES.iter().flat_map(|template| fragments(template)).map(Meaning::of);
        // Shorter ones may be anybody's words.
        meanings.filter(|meaning| meaning.parts() >= 3).map(|meaning| meaning.mark()).collect()
    });
    let mut lines = text.lines().map(Meaning::of).filter(|meaning| !meaning.is_empty()).peekable();
    (lines.peek().is_some() && lines.all(|meaning| known.contains(&meaning.mark())))
        || known.contains(&Meaning::of(text).mark())
}

/// Lines, what stands in brackets, and sentences.
fn fragments(template: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for line in template.lines().filter(|line| !line.contains("{%")) {
        let line = line.trim().trim_start_matches("<!--").trim_end_matches("-->");
        found.push(line);
        found.extend(line.split(['(', ')']));
        found.extend(line.split_inclusive(['?', '.', ':', ';']));
    }
    found
}

/// The context of a study without what is still our template: a heading whose text nobody has filled in goes
/// with it. The second value is how many headings these were.
pub fn without_template(text: &str) -> (String, usize) {
    let known: BTreeSet<&str> = CLAUDE_MD
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .collect();
    let headings: BTreeSet<&str> =
        CLAUDE_MD.lines().map(str::trim).filter(|line| line.starts_with('#')).collect();
    if !text.lines().any(|line| known.contains(line.trim())) {
        return (text.to_owned(), 0);
    }
    // Parts, each a heading with what stands below it.
    let mut parts: Vec<Vec<&str>> = vec![Vec::new()];
    for line in text.lines() {
        if line.starts_with('#') {
            parts.push(Vec::new());
        }
        if let Some(part) = parts.last_mut() {
            part.push(line);
        }
    }
    let mut kept: Vec<Vec<&str>> = Vec::new();
    let mut left_out = 0;
    for part in parts {
        let has_template = part.iter().any(|line| known.contains(line.trim()));
        let is_asked =
            part.iter().any(|line| line.trim().ends_with('?') && known.contains(line.trim()));
        let rest: Vec<&str> =
            part.iter().copied().filter(|line| !known.contains(line.trim())).collect();
        let is_filled = rest.iter().any(|line| {
            !line.trim().is_empty() && !headings.contains(line.trim()) && !line.starts_with("# ")
        });
        left_out += usize::from(is_asked && !is_filled);
        if is_filled || !has_template {
            kept.push(rest);
        }
    }
    let is_said = |line: &&str| !line.trim().is_empty() && !line.starts_with('#');
    if !kept.iter().flatten().any(is_said) {
        return (String::new(), left_out);
    }
    let text = kept.iter().map(|part| part.join("\n")).collect::<Vec<_>>().join("\n");
    (text.trim().to_owned() + "\n", left_out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_to_be_replaced_is_no_text_of_somebody() {
        for text in [
            "<one new research idea, 20 to 4000 characters, self-contained>",
            "[your idea here]",
            "{{ idea }}",
            "`<idea>`",
            "TODO",
            "tbd.",
            "What do we want to find out, and why does it matter?",
            "20 to 4000 characters, self-contained: whoever reads it knows nothing else",
            "What is to be found out, in a few sentences. Every sprint and every loop of the study gets it.",
        ] {
            assert!(is_placeholder(text), "{text}");
        }
        for text in [
            "Does warmup help?",
            "[CLS] or [SEP] pooling: which is better?",
            "an idea",
            "<b>Does</b> warmup help?",
            "What is known already of warmup, and does it hold here?",
            "",
        ] {
            assert!(!is_placeholder(text), "{text}");
        }
    }

    #[test]
    fn of_a_context_only_what_somebody_wrote_is_left() {
        let fresh = CLAUDE_MD.replace("NAME", "my-study");
        assert_eq!(without_template(&fresh), (String::new(), 5));
        let filled =
            fresh.replace("Where are the code and the data on the cluster? How is a run started, how long does it take?", "In /data, `make run`.");
        assert_ne!(filled, fresh);
        assert_eq!(
            without_template(&filled),
            ("## Code and data\n\nIn /data, `make run`.\n".to_owned(), 4)
        );
        // An answer below the question that it answers.
        let below = fresh.replace(
            "What must not be changed, used or spent?",
            "What must not be changed, used or spent?\nNothing below /data.",
        );
        assert!(
            without_template(&below).0.ends_with("## Limits\n\nNothing below /data.\n"),
            "{:?}",
            without_template(&below)
        );
        let own = "# My study\n\nBeat 0.9.\n\n## Limits\n\n- none?\n";
        assert_eq!(without_template(own), (own.to_owned(), 0));
    }
}
