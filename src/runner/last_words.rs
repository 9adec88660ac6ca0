//! Whether the agent's last message asks for something. Nobody answers it there.

use crate::domain::text::one_line;

/// How much of a message is looked at, from its end, and how much of a question is shown, in characters.
const END: usize = 1500;
const SHOWN: usize = 400;
/// An offer to do more, in lower case: the step is done all the same.
const OFFERS: &[&str] = &[
    "would you like",
    "do you want me to",
    "want me to",
    "shall i also",
    "should i also",
    "anything else",
    "let me know if",
    "happy to",
    "if you'd like",
    "if you like",
    "any other",
    "any questions",
];
/// Words of one who asks somebody, in lower case, between spaces; and of one who speaks to somebody behind it.
const ADDRESSES: &[&str] =
    &[" i ", " me ", " you ", " your ", " should ", " may ", " shall ", " please "];
const TO_A_PERSON: &[&str] = &[" you ", " your ", " please ", " tell "];

/// What a message asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The paragraph with the question, in one line.
    pub text: String,
    /// The question alone.
    pub sentence: String,
    /// Whether the work may depend on the answer. An offer to do more does not, nor does a question that
    /// the text answers itself.
    pub matters: bool,
}

/// The question near the end of a message.
pub fn question(message: &str) -> Option<Asked> {
    let mut in_code = false;
    let mut paragraphs: Vec<String> = vec![String::new()];
    for line in message.lines().map(str::trim) {
        if line.starts_with("```") || line.starts_with("~~~") {
            in_code = !in_code;
        } else if line.is_empty() {
            paragraphs.push(String::new());
        } else if !in_code
            && !line.starts_with(['>', '#', '|'])
            && let Some(last) = paragraphs.last_mut()
        {
            last.push_str(line);
            last.push(' ');
        }
    }
    let mut room = END;
    for paragraph in paragraphs.iter().rev().map(|text| text.trim()) {
        let Some(at) = paragraph.rfind(['?', '？', '؟']).filter(|at| ends(&paragraph[*at..]))
        else {
            room = room.checked_sub(paragraph.chars().count())?;
            continue;
        };
        let words = |text: &str| {
            format!(
                " {} ",
                text.to_lowercase().replace(|c: char| !c.is_alphanumeric() && c != '\'', " ")
            )
        };
        let asks = &paragraph[..at];
        // Not the answer that it gives itself.
        let clause = words(
            [". ", "! ", "? "]
                .iter()
                .filter_map(|end| asks.rfind(end))
                .max()
                .map_or(asks, |from| &asks[from + 1..]),
        );
        let behind = words(&paragraph[at..]);
        let sentence = asks.rfind(['.', '!', '?', ':']).map_or(asks, |from| &asks[from + 1..]);
        let is_offer = OFFERS.iter().any(|offer| sentence.to_lowercase().contains(offer));
        let is_to_a_person = ADDRESSES.iter().any(|word| clause.contains(word))
            || TO_A_PERSON.iter().any(|word| behind.contains(word));
        let matters = !is_offer && is_to_a_person;
        let sentence = one_line(&format!("{}?", sentence.trim_matches([' ', '*', '_'])), SHOWN);
        return Some(Asked { text: one_line(paragraph, SHOWN), sentence, matters });
    }
    None
}

/// Whether a sentence ends with this question mark: no address, no name with a mark in it.
fn ends(rest: &str) -> bool {
    rest.chars().nth(1).is_none_or(|next| {
        next.is_whitespace()
            || matches!(next, '*' | '_' | '"' | '”' | '\'' | ')' | '`' | '?' | '!' | '»')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_at_the_end_is_found_wherever_it_stands() {
        for text in [
            "Before I begin I need a decision: data set A is licensed, B is open. Which one should I use?",
            "I wrote a skeleton. Which data set should I use, A or B? I will run the experiments once you tell me.",
            "**May I delete the folder?**\n\n- yes\n- no",
            "Done with the plan.\n\nWelche Daten soll ich nehmen? You decide.",
            "Should we use the 2019 split (`split.csv?v=2`), or the new one?",
        ] {
            assert!(
                question(text).is_some_and(|asked| asked.matters),
                "{text}: {:?}",
                question(text)
            );
        }
        let asked =
            question("I wrote a skeleton. **Which data set should I use: A or B?** Tell me.")
                .expect("asked");
        assert_eq!(asked.sentence, "A or B?");
        assert!(question("データはどれを使いますか？").is_some());
    }

    #[test]
    fn an_offer_and_a_question_that_is_answered_do_not_hold_up_the_work() {
        for text in [
            "All done. Would you like me to run more seeds?",
            "Why does momentum win? Its steps are larger.",
            "All is written. Anything else I should do?",
            "What did we learn? The idea is refuted.",
            "The report covers: does it scale? is it stable? I verified both.",
        ] {
            assert!(question(text).is_some_and(|asked| !asked.matters), "{text}");
        }
        for text in [
            "All done.",
            "",
            "See https://example.org/a?b=c for it.",
            "```\nwhat should I do?\n```\nDone.",
            "> Which one should I use?\n\nI used B.",
        ] {
            assert_eq!(question(text), None, "{text}");
        }
        let far =
            format!("Which one should I take?\n\n{}", "I took B, and measured it. ".repeat(100));
        assert_eq!(question(&far), None);
    }
}
