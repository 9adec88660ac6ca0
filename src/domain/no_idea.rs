//! Texts in the place of an idea that are none: an apology, a question to whoever reads it, the text of
//! an error, what was to be replaced, nothing that can be seen.
//!
//! Hides by which words they are known, in the languages in which models answer most. Only the beginning
//! of a text counts, where such a text says what it is: what an idea says *of* apologies or errors stands
//! behind its own words.

use super::placeholder::is_placeholder;
use super::same_idea::plain_form;

/// What a text is that is no idea.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoIdea {
    /// There is no word in it.
    Nothing,
    /// Somebody regrets to have none.
    Apology,
    /// It asks the one who reads it.
    Question,
    /// A program says what went wrong.
    Error,
    /// It was to be replaced.
    Placeholder,
}

impl NoIdea {
    /// What it is, for people and for the model: `it is ...`.
    pub fn what(self) -> &'static str {
        match self {
            Self::Nothing => "empty: no letter and no figure in it can be seen",
            Self::Apology => "an apology, and says nothing to try",
            Self::Question => "a question to the one who reads it, and says nothing to try",
            Self::Error => "the text of an error, and says nothing to try",
            Self::Placeholder => "a placeholder, and says nothing to try",
        }
    }
}

impl std::fmt::Display for NoIdea {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.what())
    }
}

/// Words of one language, in small letters.
struct Language {
    /// An apology that somebody makes for himself.
    sorry: &'static [&'static str],
    /// A word of regret, which may also begin an idea.
    sadly: &'static [&'static str],
    /// That somebody has or can not.
    cannot: &'static [&'static str],
    /// What he should have had.
    wanted: &'static [&'static str],
    /// A request for an answer.
    tell: &'static [&'static str],
}

const LANGUAGES: &[Language] = &[
    Language {
        sorry: &["i'm sorry", "i am sorry", "im sorry", "sorry", "i apologize", "i apologise", "apologies", "my apologies"],
        sadly: &[
            "unfortunately",
            "regrettably",
            "i'm afraid",
            "i am afraid",
            "i regret",
            "as an ai",
            "as a language model",
            "currently",
            "at this time",
        ],
        cannot: &[
            "i have no",
            "i've no",
            "i do not have",
            "i don't have",
            "i cannot",
            "i can't",
            "i can not",
            "i could not",
            "i couldn't",
            "i am unable",
            "i'm unable",
            "i was unable",
            "i am not able",
            "i'm not able",
            "i was not able",
            "i wasn't able",
            "i am out of",
            "i'm out of",
            "i see no",
            "i found no",
            "i find no",
            "i did not find",
            "i didn't find",
            "i don't see",
            "i won't",
            "i will not",
            "i do not know",
            "i don't know",
            "no new idea",
            "no new ideas",
            "no further idea",
            "no further ideas",
            "no more ideas",
            "no other idea",
            "no other ideas",
            "no ideas left",
            "there is no new idea",
            "there is no idea left",
            "there is no other idea",
            "there are no new ideas",
            "there are no more ideas",
            "there are no further ideas",
            "there are no other ideas",
            "there are no ideas left",
            "nothing new",
            "nothing left",
            "nothing more",
            "nothing else",
        ],
        wanted: &["idea", "ideas", "suggestion", "suggestions", "proposal", "proposals"],
        tell: &[
            "please clarify",
            "please specify",
            "could you clarify",
            "could you please clarify",
            "could you specify",
            "could you please specify",
            "can you clarify",
            "can you please clarify",
            "can you specify",
            "can you please specify",
            "would you like me",
            "do you want me",
            "what would you like",
            "how can i help",
            "how may i help",
            "how can i assist",
            "shall i proceed",
            "should i proceed",
            "before i propose",
            "before i can propose",
            "before i proceed",
        ],
    },
    Language {
        sorry: &["es tut mir leid", "tut mir leid", "entschuldigung", "entschuldige", "ich entschuldige mich", "verzeihung"],
        sadly: &["leider", "bedauerlicherweise"],
        cannot: &[
            "ich habe keine",
            "ich habe leider keine",
            "habe ich keine",
            "ich kann keine",
            "ich kann nicht",
            "ich kann leider",
            "kann ich keine",
            "kann ich nicht",
            "kann ich leider",
            "kann ich dir",
            "kann ich ihnen",
            "mir fällt keine",
            "mir fällt nichts",
            "mir fällt leider",
            "fällt mir keine",
            "fällt mir nichts",
            "ich weiß nicht",
            "ich weiß keine",
            "es gibt keine",
            "gibt es keine",
            "keine neue",
            "keine neuen",
            "keine weiteren",
        ],
        wanted: &["idee", "ideen", "vorschlag", "vorschläge", "vorschlagen", "helfen"],
        tell: &[
            "können sie mir",
            "könnten sie mir",
            "kannst du mir",
            "könntest du mir",
            "bitte teilen sie mir",
            "bitte sagen sie mir",
            "bitte sag mir",
            "bitte geben sie",
        ],
    },
    Language {
        sorry: &["je suis désolé", "je suis désolée", "désolé", "désolée", "je m'excuse", "pardon", "toutes mes excuses"],
        sadly: &["malheureusement", "je regrette"],
        cannot: &["je n'ai", "je ne peux", "je ne vois", "je ne sais", "aucune idée", "aucune nouvelle", "il n'y a", "pas de nouvelle"],
        wanted: &["idée", "idées", "proposition", "proposer", "aider"],
        tell: &["pourriez-vous me", "pouvez-vous me", "peux-tu me", "pourrais-tu me", "veuillez préciser", "veuillez me", "dites-moi", "dis-moi"],
    },
    Language {
        sorry: &["lo siento", "disculpe", "disculpa", "perdón"],
        sadly: &["lamentablemente", "desafortunadamente", "desgraciadamente"],
        cannot: &["no tengo", "no puedo", "no se me ocurre", "no hay", "ninguna"],
        wanted: &["idea", "ideas", "propuesta", "proponer", "ayudar"],
        tell: &["podría decirme", "podrías decirme", "puede decirme", "puedes decirme", "por favor, dime", "por favor dime", "por favor, indique"],
    },
    Language {
        sorry: &["mi dispiace", "scusa", "scusi", "chiedo scusa"],
        sadly: &["purtroppo"],
        cannot: &["non ho", "non posso", "non riesco", "nessuna", "non ci sono"],
        wanted: &["idea", "idee", "proposta", "proporre", "aiutare", "aiutarti"],
        tell: &["potrebbe dirmi", "potresti dirmi", "può dirmi", "puoi dirmi"],
    },
    Language {
        sorry: &["desculpe", "sinto muito", "peço desculpa", "lamento"],
        sadly: &["infelizmente"],
        cannot: &["não tenho", "não posso", "não consigo", "nenhuma", "não há"],
        wanted: &["ideia", "ideias", "idéia", "proposta", "propor", "ajudar"],
        tell: &["poderia me dizer", "pode me dizer", "você poderia me", "podes dizer-me"],
    },
    Language {
        sorry: &["извините", "простите", "прошу прощения", "мне жаль"],
        sadly: &["к сожалению"],
        cannot: &["у меня нет", "я не могу", "не могу", "нет новых", "нет идей", "новых идей"],
        wanted: &["идей", "идеи", "идею", "идея", "предложить", "помочь"],
        tell: &["не могли бы вы", "подскажите", "скажите, пожалуйста", "пожалуйста, скажите", "уточните"],
    },
    Language {
        sorry: &["抱歉", "很抱歉", "非常抱歉", "对不起", "對不起"],
        sadly: &["遗憾的是", "遺憾的是"],
        cannot: &["没有", "沒有", "无法", "無法", "不能", "想不出"],
        wanted: &["想法", "主意", "点子", "建议", "创意", "建議"],
        tell: &["请告诉我", "請告訴我", "请问您", "请问你", "您能告诉我", "你能告诉我"],
    },
    Language {
        sorry: &["申し訳", "すみません", "ごめんなさい"],
        sadly: &["残念ながら"],
        cannot: &["ありません", "ございません", "できません", "思いつ"],
        wanted: &["アイデア", "アイディア", "案"],
        tell: &["教えてください", "教えて下さい", "教えていただけ", "お知らせください"],
    },
    Language {
        sorry: &["죄송", "미안"],
        sadly: &["유감스럽게도", "안타깝게도"],
        cannot: &["없습니다", "없어요", "할 수 없", "못"],
        wanted: &["아이디어", "제안"],
        tell: &["알려주세요", "알려 주세요", "알려주시", "알려 주시", "말씀해 주"],
    },
];

/// With these a question is one to the reader when a model asks it; a person may mean the question itself.
const MAY_I: &[&str] =
    &["should i", "shall i", "may i", "do you want", "would you like", "do you prefer", "would you prefer", "soll ich", "dois-je", "debo"];

/// What a model asks for, and a person may ask of the one who is to try it.
const ASKS_FOR: &[&str] = &[
    "tell me",
    "let me know",
    "please provide",
    "please share",
    "please confirm",
    "please give me",
    "please send",
    "could you provide",
    "could you share",
    "could you please provide",
    "could you please share",
    "can you provide",
    "can you share",
    "请提供",
    "請提供",
];

/// That somebody asks what he himself is to do, or what the reader has.
const TELLS: &[&str] = &["tell me", "let me know"];
const ADDRESSES: &[&str] =
    &["i should", "should i", "do i", "i can", "can i", "i need", "you want", "you have", "you mean", "you would like", "you prefer", "your"];

/// What somebody can not do who has no idea.
const VERBS: &[&str] = &["propose", "suggest", "come up", "help", "assist", "comply", "think of", "offer"];

/// What programs say when they fail, as far as nobody begins an idea with it.
const ERRORS: &[&str] = &[
    "traceback (most recent call last)",
    "{\"type\":\"error\"",
    "{\"error\"",
    "{\"is_error\"",
    "<!doctype",
    "<html",
    "<?xml",
    "npm err!",
    "fatal:",
    "curl: (",
    "segmentation fault",
    "panic:",
    "thread 'main' panicked",
    "error[",
    "error (",
];

/// Messages that are known with their end, or with a mark behind them.
const MESSAGES: &[&str] = &[
    "api error",
    "prompt is too long",
    "credit balance is too low",
    "invalid api key",
    "request timed out",
    "connection error",
    "connection refused",
    "connection reset",
    "internal server error",
    "bad gateway",
    "service unavailable",
    "gateway timeout",
    "too many requests",
    "overloaded",
    "overloaded_error",
    "rate limit exceeded",
    "usage limit reached",
    "claude usage limit reached",
    "claude ai usage limit reached",
    "execution error",
    "permission denied",
    "out of memory",
    "killed",
    "authentication failed",
    "not logged in",
    "please run /login",
    "broken pipe",
    "no space left on device",
];

/// What a text is, when no person can have meant it as an idea.
pub fn no_idea(text: &str) -> Option<NoIdea> {
    let plain = plain(text);
    if !plain.chars().any(char::is_alphanumeric) {
        return Some(NoIdea::Nothing);
    }
    if is_placeholder(&plain_form(text)) {
        return Some(NoIdea::Placeholder);
    }
    let plain = plain.trim_start_matches(['*', '_', '#', '>', '`', ' ', '¿', '¡']);
    if is_error(plain) {
        Some(NoIdea::Error)
    } else if is_apology(plain) {
        Some(NoIdea::Apology)
    } else if asks(plain, &is_question) {
        Some(NoIdea::Question)
    } else {
        None
    }
}

/// What a text of a model is, when it is no idea.
pub fn no_idea_of_model(text: &str) -> Option<NoIdea> {
    no_idea(text).or_else(|| {
        let asks_more = |sentence: &str| {
            ASKS_FOR.iter().any(|words| has(sentence, words)) || (sentence.ends_with('?') && MAY_I.iter().any(|words| has(sentence, words)))
        };
        asks(&plain(text), &asks_more).then_some(NoIdea::Question)
    })
}

fn is_question(sentence: &str) -> bool {
    LANGUAGES.iter().any(|language| language.tell.iter().any(|words| has(sentence, words)))
        || (TELLS.iter().any(|words| has(sentence, words)) && ADDRESSES.iter().any(|words| has(sentence, words)))
}

/// Small letters, one spelling, single spaces.
fn plain(text: &str) -> String {
    plain_form(text).to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether these words stand in a text, and are no part of longer ones.
fn has(text: &str, words: &str) -> bool {
    text.match_indices(words).any(|(at, _)| !text[..at].ends_with(is_spaced_letter) && !text[at + words.len()..].starts_with(is_spaced_letter))
        || (!words.is_ascii() && words.chars().any(|c| c > '\u{2e80}') && text.contains(words))
}

/// What comes behind these words at the beginning of a text.
fn after<'a>(text: &'a str, words: &str) -> Option<&'a str> {
    text.strip_prefix(words).filter(|rest| !rest.starts_with(is_spaced_letter) || words.chars().any(|c| c > '\u{2e80}'))
}

fn is_spaced_letter(c: char) -> bool {
    c.is_alphanumeric() && c < '\u{2e80}'
}

/// The sentences of a text, with the mark at the end of each.
fn sentences(text: &str) -> impl Iterator<Item = &str> {
    text.split_inclusive(['.', '!', '?', ':', ';', '。']).map(str::trim).filter(|sentence| sentence.chars().any(char::is_alphanumeric))
}

fn is_error(text: &str) -> bool {
    if ERRORS.iter().any(|words| text.starts_with(words)) {
        return true;
    }
    let ends = |rest: &str| rest.trim_start().chars().next().is_none_or(|c| !c.is_alphabetic() && !matches!(c, '-' | '\'' | '/' | '"'));
    // With a number in front: 529 overloaded.
    let number = text.trim_start_matches("http ").trim_start_matches(|c: char| c.is_ascii_digit());
    let behind = if number.len() < text.len() { number.trim_start() } else { text };
    if MESSAGES
        .iter()
        .any(|words| behind.strip_prefix(words).is_some_and(|rest| ends(rest) && (rest.is_empty() || !rest.trim_start().starts_with('?'))))
    {
        return true;
    }
    // ValueError: ..., java.lang.NullPointerException: ...
    let name = text.split([':', ' ']).next().unwrap_or_default();
    let has_colon = text[name.len()..].starts_with(':');
    if has_colon && (name.ends_with("error") || name.ends_with("exception")) {
        return true;
    }
    text.ends_with(": command not found") || text.ends_with(": no such file or directory")
}

fn is_apology(text: &str) -> bool {
    let trimmed = |rest: &str| rest.trim_start_matches([' ', ',', '.', ';', '!', '-', '–', ':', '、', '。', '，']).to_owned();
    let first = |text: &str| sentences(text).next().unwrap_or_default().to_owned();
    LANGUAGES.iter().any(|language| {
        let cannot = |text: &str| language.cannot.iter().any(|words| after(text, words).is_some());
        let is_spaced = |words: &&str| words.chars().all(|c| c < '\u{2e80}');
        let has_cannot = |text: &str| language.cannot.iter().any(|words| if is_spaced(words) { has(text, words) } else { text.contains(words) });
        for words in language.sorry {
            let Some(rest) = after(text, words) else { continue };
            // Its own sentence, or joined to what follows; "sorry messages in dialogues" is none.
            let joined = trimmed(rest);
            let joined = ["but ", "that ", "aber ", "dass ", "mais ", "pero ", "ma ", "mas ", "но "]
                .iter()
                .find_map(|word| joined.strip_prefix(word))
                .unwrap_or(&joined)
                .to_owned();
            if joined.is_empty() {
                return true;
            }
            if is_spaced(words) {
                if cannot(&joined) {
                    return true;
                }
                // I'm sorry for the confusion.
                let is_all = sentences(text).count() == 1;
                if is_all
                    && ["for the", "for this", "for any", "about that", "about the", "about this"].iter().any(|words| after(&joined, words).is_some())
                {
                    return true;
                }
            } else if has_cannot(&joined) {
                return true;
            }
        }
        let mut regret = text.to_owned();
        for words in language.sadly {
            if let Some(rest) = after(text, words) {
                // As an AI language model, I cannot ...
                regret =
                    trimmed(rest.split_once(',').filter(|(before, _)| before.split_whitespace().count() <= 4).map_or(rest, |(_, behind)| behind));
            }
        }
        let sentence = first(&regret);
        let is_about = |rest: &str| VERBS.iter().any(|verb| after(rest.trim_start().trim_start_matches("to "), verb).is_some());
        if language.cannot.iter().any(|words| after(&regret, words).is_some_and(is_about)) {
            return true;
        }
        let is_wanted = language.wanted.iter().any(|words| if is_spaced(words) { has(&sentence, words) } else { sentence.contains(words) });
        let has_none =
            if language.cannot.first().is_some_and(is_spaced) { cannot(&regret) } else { regret.len() < text.len() && has_cannot(&sentence) };
        is_wanted && has_none
    })
}

/// Whether the text begins with a question to the reader. Words before it that say that one is coming are
/// left aside.
fn asks(text: &str, is_question: &dyn Fn(&str) -> bool) -> bool {
    const BEFORE: &[&str] =
        &["i need", "i would need", "i'd need", "i require", "thank", "thanks", "sure", "hello", "hi", "before i", "to propose", "of course"];
    for sentence in sentences(text) {
        if is_question(sentence) {
            return true;
        }
        if !BEFORE.iter().any(|words| after(sentence, words).is_some()) {
            return false;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_no_idea_is_known_by_its_beginning() {
        for (what, texts) in [
            (NoIdea::Nothing, &["", " \n", "\u{200b}\u{2060}\u{feff}", "…", "???", "\u{3164}\u{ad}"][..]),
            (
                NoIdea::Apology,
                &[
                    "I'm sorry, but I have no new idea: everything that could be tried in this study was tried already.",
                    "I’m sorry, but I can’t help with that.",
                    "Sorry. I cannot propose another experiment.",
                    "I apologize, but I was unable to find anything.",
                    "I apologize for the confusion.",
                    "Unfortunately, I have no further ideas for this study.",
                    "I have no new ideas.",
                    "There are no new ideas left to try in this study.",
                    "As an AI language model, I cannot come up with more experiments.",
                    "Es tut mir leid, aber ich habe keine neue Idee mehr.",
                    "Leider habe ich keine weiteren Ideen für diese Studie.",
                    "Je suis désolée, mais je n'ai plus d'idée nouvelle.",
                    "Lo siento, no tengo ninguna idea nueva.",
                    "Mi dispiace, ma non ho altre idee.",
                    "Desculpe, mas não tenho novas ideias.",
                    "Извините, но у меня нет новых идей.",
                    "抱歉，我没有新的想法了。",
                    "申し訳ありませんが、新しいアイデアはありません。",
                    "죄송합니다. 더 이상 새로운 아이디어가 없습니다.",
                ],
            ),
            (
                NoIdea::Question,
                &[
                    "Could you please tell me which data set I should use before I propose an idea?",
                    "I need more information. Can you clarify what the baseline is?",
                    "What would you like me to investigate?",
                    "Könnten Sie mir bitte sagen, welchen Datensatz ich nehmen soll?",
                    "Pourriez-vous me dire quel jeu de données utiliser ?",
                    "¿Podría decirme qué conjunto de datos debo usar?",
                    "请告诉我应该使用哪个数据集？",
                    "どのデータセットを使えばよいか教えてください。",
                    "어떤 데이터 세트를 사용해야 하는지 알려주세요.",
                ],
            ),
            (
                NoIdea::Error,
                &[
                    "API Error: 529 Overloaded. This is a server-side issue, usually temporary",
                    "API Error 500 {\"type\":\"error\"}",
                    "Traceback (most recent call last):\n  File \"x.py\", line 1",
                    "ValueError: could not convert string to float",
                    "Error: connect ECONNREFUSED",
                    "Prompt is too long",
                    "Prompt is too long: 210000 tokens > 200000 maximum",
                    "Credit balance is too low",
                    "502 Bad Gateway",
                    "bash: line 1: claude: command not found",
                    "<html><head><title>504 Gateway Time-out</title></head></html>",
                    "{\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\"}}",
                ],
            ),
            (NoIdea::Placeholder, &["<one new research idea, 20 to 4000 characters, self-contained>", "TODO", "[your idea here]"]),
        ] {
            for text in texts {
                assert_eq!(no_idea(text), Some(what), "{text}");
            }
        }
        for text in [
            "Which data set should I use for the next experiment?",
            "Soll ich mit Adam oder mit SGD anfangen?",
            "May I use the test set?",
            "Please provide the path of the data set.",
        ] {
            assert_eq!((no_idea(text), no_idea_of_model(text)), (None, Some(NoIdea::Question)), "{text}");
        }
    }

    #[test]
    fn an_idea_about_such_texts_is_an_idea() {
        for text in ["Tell me how dropout works together with batch norm", "Please provide a comparison of Adam and SGD"] {
            assert_eq!(no_idea(text), None, "{text}");
        }
        for text in [
            "Does warmup help?",
            "Does removing \"I'm sorry, but I cannot help\" from dialogue data make answers more useful?",
            "Sorry messages in dialogue data: does leaving them out change the tone of answers?",
            "Apologies in dialogue data: how often does the model begin with one, by its size?",
            "I'm sorry in dialogue data: does the phrase predict a refusal?",
            "Unfortunately worded prompts: how much do they cost?",
            "I cannot reproduce the baseline's 0.93: does another seed explain it?",
            "No new data, only longer training: does it help?",
            "No ideation step: is the result worse?",
            "There is no effect of dropout at width 64: is there one at 1024?",
            "Leider steigt der Verlust nach 10 Epochen: hilft eine kleinere Lernrate?",
            "Can you train a ResNet with half of the data and tell whether it still learns?",
            "Please test whether warmup helps.",
            "Ich habe eine Idee: weniger Daten, länger lernen.",
            "I see no drop of the loss, which would suggest a bug: does a smaller rate help?",
            "Could a smaller batch tell us which layers matter?",
            "Error analysis of the ten worst classes",
            "Generalization error: does it scale with width?",
            "API error messages in prompts: do they confuse the model?",
            "Prompt is too long for small models: does truncation help?",
            "Overloaded operators in the training code: are they slower?",
            "Killed neurons: how many ReLUs are dead after an epoch?",
            "Out-of-memory prediction from the batch size",
            "500 errors of the classifier, sorted by cause: which one is most frequent?",
            "没有预热的训练是否更差？",
            "新しい最適化手法は効果があるでしょうか",
            "我们研究标签平滑对小模型校准的影响",
            "an idea",
            "x",
        ] {
            assert_eq!(no_idea(text), None, "{text}");
            assert_eq!(no_idea_of_model(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_judged(text in "\\PC{0,200}|.{0,200}|(sorry|i can't|抱歉|error:|[ ,.:?<>{}])*") {
            let _ = no_idea_of_model(&text);
            prop_assert_eq!(no_idea(&format!("Does warmup help with {}", text)), None);
        }
    }
}
